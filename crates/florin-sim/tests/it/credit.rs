//! Stories of the underwriter: every published outcome, and what overrides it.

use florin_connect::{Assessment, CompanyRegister, Underwriter};
use florin_domain::company::{Company, CompanyNumber};
use florin_domain::credit::{Outcome, Verdict};
use florin_domain::{Currency, Money, OrderId, Timestamp};
use florin_sim::{SimRegister, SimUnderwriter};

use crate::{NOON, later};

const APPROVED: Outcome = Outcome::Approved { limit: Money::pounds(30_000) };

async fn application(number: &str) -> Assessment {
    let number = CompanyNumber::parse(number).unwrap();
    let company = SimRegister.find(&number).await.unwrap().unwrap();
    Assessment {
        application: OrderId::from_random([1; 16]),
        director: company.directors[0].clone(),
        company,
        turnover: Money::pounds(500_000),
        amount: Money::pounds(4_200),
        submitted_at: NOON,
        now: NOON,
    }
}

async fn assess(assessment: Assessment) -> Verdict {
    let verdict = SimUnderwriter.assess(assessment.clone()).await.unwrap();
    assert_eq!(SimUnderwriter.assess(assessment).await.unwrap(), verdict, "the same question has the same answer");
    assert_eq!(verdict.rule_version, "sandbox-1");
    assert!(!verdict.reasons.is_empty());
    assert!(
        verdict.reasons.iter().all(|reason| reason.ends_with('.') && reason.contains(' ')),
        "reasons are sentences: {:?}",
        verdict.reasons
    );
    verdict
}

async fn outcome(number: &str, now: Timestamp) -> Outcome {
    assess(Assessment { now, ..application(number).await }).await.outcome
}

#[tokio::test]
async fn every_range_has_its_outcome_at_both_ends() {
    let referred = Outcome::Referred { ask_again_at: later(1) };
    for (range, at_once, an_hour_later) in [
        ('1', &APPROVED, &APPROVED),
        ('2', &referred, &APPROVED),
        ('3', &referred, &Outcome::Declined),
        ('4', &Outcome::Declined, &Outcome::Declined),
        ('5', &APPROVED, &APPROVED),
    ] {
        for rest in ["0000000", "0000001", "5551234", "9999999"] {
            let number = format!("{range}{rest}");
            assert_eq!(outcome(&number, NOON).await, *at_once, "{number} at once");
            assert_eq!(outcome(&number, later(1)).await, *an_hour_later, "{number} after an hour");
        }
    }
}

#[tokio::test]
async fn a_referral_lasts_to_the_microsecond() {
    let nearly = Timestamp::from_micros(later(1).micros() - 1);
    assert_eq!(outcome("20000001", nearly).await, Outcome::Referred { ask_again_at: later(1) });
    assert_eq!(outcome("20000001", later(1)).await, APPROVED);
}

#[tokio::test]
async fn no_turnover_declines_whoever_applies() {
    for number in ["10000001", "20000001", "30000001", "50000001"] {
        let application = Assessment { turnover: Money::pounds(0), ..application(number).await };
        assert_eq!(assess(application).await.outcome, Outcome::Declined, "{number}");
    }
}

#[tokio::test]
async fn an_order_above_the_limit_is_declined_and_one_at_it_is_not() {
    let at_limit = Assessment { amount: Money::pounds(30_000), ..application("10000001").await };
    assert_eq!(assess(at_limit.clone()).await.outcome, APPROVED);
    let verdict = assess(Assessment { amount: Money::pence(3_000_001), ..at_limit }).await;
    assert_eq!(verdict.outcome, Outcome::Declined);
    assert_eq!(verdict.reasons, ["The order of £30,000.01 is above the limit of £30,000.00."]);
}

#[tokio::test]
async fn a_company_off_the_register_and_another_currency_are_declined() {
    let known = application("10000001").await;
    let stranger = Company { number: CompanyNumber::parse("SC123456").unwrap(), ..known.company.clone() };
    assert_eq!(assess(Assessment { company: stranger, ..known.clone() }).await.outcome, Outcome::Declined);
    assert_eq!(assess(Assessment { amount: Money::new(420_000, Currency::Aud), ..known }).await.outcome, Outcome::Declined);
}
