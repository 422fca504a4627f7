//! A payment as one of the sandbox's banks remembers it, and what becomes of it.
//!
//! Invariant: a payment's fate follows from its bank, the buyer's decision and the hour alone.

use florin_connect::{BankStatus, ConnectError, StartPayment};
use florin_domain::time::hours;
use florin_domain::{BankPaymentId, Currency, Money, Timestamp};
use serde::{Deserialize, Serialize};

use crate::bank::{BankOutcome, BankPage, bank};

/// How long a pending payment takes after it was authorised, in hours of the clock.
const PENDING_HOURS: u64 = 1;

/// A payment as its bank remembers it.
#[derive(Serialize, Deserialize)]
pub(crate) struct PaymentNote {
    bank: String,
    amount_minor: i64,
    currency: String,
    reference: String,
    payee: String,
    pub(crate) return_url: String,
    pub(crate) decision: Option<DecisionNote>,
    pub(crate) refunded: bool,
}

/// The buyer's decision.
#[derive(Serialize, Deserialize)]
pub(crate) struct DecisionNote {
    pub(crate) authorised: bool,
    pub(crate) at_micros: i64,
}

impl From<StartPayment> for PaymentNote {
    fn from(payment: StartPayment) -> Self {
        Self {
            bank: payment.bank,
            amount_minor: payment.amount.minor(),
            currency: payment.amount.currency().code().to_owned(),
            reference: payment.reference,
            payee: payment.payee,
            return_url: payment.return_url,
            decision: None,
            refunded: false,
        }
    }
}

impl PaymentNote {
    /// Whether a second start asks for this very payment. The pages around it may have moved since.
    pub(crate) fn asks_the_same_as(&self, other: &Self) -> bool {
        let terms = |note: &Self| (note.bank.clone(), note.amount_minor, note.currency.clone(), note.reference.clone());
        terms(self) == terms(other)
    }

    pub(crate) fn amount(&self) -> Result<Money, ConnectError> {
        let currency = Currency::from_code(&self.currency).ok_or_else(|| unreadable("currency"))?;
        Ok(Money::new(self.amount_minor, currency))
    }

    fn outcome(&self) -> Result<(&'static str, BankOutcome), ConnectError> {
        bank(&self.bank).map(|(_, name, outcome)| (name, outcome)).ok_or_else(|| unreadable("bank"))
    }

    /// What the bank's page shows.
    pub(crate) fn page(self) -> Result<BankPage, ConnectError> {
        Ok(BankPage {
            bank: self.outcome()?.0.to_owned(),
            amount: self.amount()?,
            decided: self.decision.map(|decision| decision.authorised),
            payee: self.payee,
            reference: self.reference,
            return_url: self.return_url,
        })
    }

    /// How far the payment has come at `now`.
    pub(crate) fn status(&self, id: &BankPaymentId, now: Timestamp) -> Result<BankStatus, ConnectError> {
        let (name, outcome) = self.outcome()?;
        let Some(decision) = &self.decision else {
            return Ok(BankStatus::AwaitingAuthorisation);
        };
        if !decision.authorised {
            return Ok(BankStatus::Rejected { reason: "The payment was not authorised.".to_owned() });
        }
        let arrives_at = Timestamp::from_micros(decision.at_micros).plus(hours(PENDING_HOURS));
        Ok(match outcome {
            BankOutcome::Pending if now < arrives_at => BankStatus::Processing,
            BankOutcome::Pays | BankOutcome::Pending => BankStatus::Executed { reference: reference("FP", id) },
            BankOutcome::Refuses | BankOutcome::Unavailable => BankStatus::Rejected { reason: format!("{name} refused the payment.") },
        })
    }
}

fn unreadable(what: &str) -> ConnectError {
    ConnectError::Misconfigured(format!("the sandbox's notebook holds a payment of an unknown {what}"))
}

/// A bank's reference, made from the payment's id: `FP` and 16 digits fit a statement line.
pub(crate) fn reference(kind: &str, id: &BankPaymentId) -> String {
    let digits = id.to_string().replace('-', "").to_uppercase();
    format!("{kind}{}", &digits[..16])
}
