//! The sandbox's underwriter: decides by the company's number, the turnover stated and the amount, and says why.

use florin_connect::{Assessment, Call, Connector, Underwriter};
use florin_domain::credit::{Outcome, Verdict};
use florin_domain::time::hours;
use florin_domain::{Currency, Money, Timestamp};

use crate::company::CompanyOutcome;

/// The limit of every approved company.
pub const LIMIT: Money = Money::pounds(30_000);
/// The name of the rules below.
pub const RULE_VERSION: &str = "sandbox-1";
/// How long a referral takes, in hours of the clock.
const REFERRAL_HOURS: u64 = 1;

/// An underwriter that remembers nothing: the application's own instant tells how long a referral has taken.
#[derive(Debug, Clone, Copy, Default)]
pub struct SimUnderwriter;

impl Connector for SimUnderwriter {
    fn name(&self) -> &'static str {
        "sandbox-underwriter"
    }

    fn simulated(&self) -> bool {
        true
    }
}

impl Underwriter for SimUnderwriter {
    fn assess(&self, assessment: Assessment) -> Call<'_, Verdict> {
        let (outcome, reason) = decide(&assessment);
        let verdict = Verdict { outcome, reasons: vec![reason], rule_version: RULE_VERSION.to_owned() };
        Box::pin(async move { Ok(verdict) })
    }
}

fn decide(assessment: &Assessment) -> (Outcome, String) {
    if let Some(reason) = objection(assessment) {
        return (Outcome::Declined, reason);
    }
    let number = &assessment.company.number;
    let approved = Outcome::Approved { limit: LIMIT };
    let ask_again_at = assessment.submitted_at.plus(hours(REFERRAL_HOURS));
    match CompanyOutcome::of(number) {
        None => (Outcome::Declined, format!("Company {number} is not on the sandbox's register.")),
        Some(CompanyOutcome::Approved) => (approved, "Company numbers beginning with 1 are approved.".to_owned()),
        Some(CompanyOutcome::ApprovedThenLate) => {
            (approved, "Company numbers beginning with 5 are approved, and miss their second instalment.".to_owned())
        }
        Some(CompanyOutcome::Declined) => (Outcome::Declined, "Company numbers beginning with 4 are declined.".to_owned()),
        Some(CompanyOutcome::ReferredThenApproved) if is_over(ask_again_at, assessment) => {
            (approved, "Company numbers beginning with 2 are approved an hour after they applied.".to_owned())
        }
        Some(CompanyOutcome::ReferredThenDeclined) if is_over(ask_again_at, assessment) => {
            (Outcome::Declined, "Company numbers beginning with 3 are declined an hour after they applied.".to_owned())
        }
        Some(CompanyOutcome::ReferredThenApproved | CompanyOutcome::ReferredThenDeclined) => {
            (Outcome::Referred { ask_again_at }, "Company numbers beginning with 2 or 3 are looked at by a person for an hour.".to_owned())
        }
    }
}

/// What rules the application out, whichever the company.
fn objection(assessment: &Assessment) -> Option<String> {
    let amount = assessment.amount;
    if !assessment.turnover.is_positive() {
        Some("The company has no turnover.".to_owned())
    } else if amount.currency() != Currency::Gbp || assessment.turnover.currency() != Currency::Gbp {
        Some("Credit is given in pounds only.".to_owned())
    } else if amount.minor() > LIMIT.minor() {
        Some(format!("The order of {amount} is above the limit of {LIMIT}."))
    } else {
        None
    }
}

fn is_over(until: Timestamp, assessment: &Assessment) -> bool {
    assessment.now >= until
}
