//! Stories of the card network: published cards, the late companies, and keys that charge once.

use std::sync::Arc;

use florin_connect::{CardAcquirer, CardCheck, CardSecret, CardVerdict, Charge, ChargeOutcome, ConnectError};
use florin_domain::Money;
use florin_domain::card::{CardExpiry, CardNumber};
use florin_sim::{MemoryNotebook, SimAcquirer};

fn card(number: &str) -> CardSecret {
    CardSecret { number: CardNumber::parse(number).unwrap(), expiry: CardExpiry { year: 2029, month: 9 }, cvc: None }
}

fn charge<'a>(key: &str, card: &'a CardSecret, customer: &str, instalment: u32) -> Charge<'a> {
    Charge {
        key: key.to_owned(),
        card,
        amount: Money::pence(35_014),
        customer: customer.to_owned(),
        instalment,
        description: "Instalment of order #1".to_owned(),
    }
}

fn network() -> SimAcquirer {
    SimAcquirer::new(Arc::new(MemoryNotebook::default()))
}

async fn verdict(number: &str) -> Option<String> {
    let card = card(number);
    match network().verify(CardCheck { key: "check".to_owned(), card: &card }).await.unwrap() {
        CardVerdict::Verified => None,
        CardVerdict::Declined { code, .. } => Some(code),
    }
}

async fn refusal(number: &str, customer: &str, instalment: u32) -> Option<String> {
    match network().charge(charge("key", &card(number), customer, instalment)).await.unwrap() {
        ChargeOutcome::Captured { .. } => None,
        ChargeOutcome::Declined { code, .. } => Some(code),
    }
}

#[tokio::test]
async fn every_card_meets_its_published_fate() {
    for (number, at_check, at_charge) in [
        ("4242424242424242", None, None),
        ("4000000000000002", Some("card_declined"), Some("card_declined")),
        ("4000000000009995", Some("insufficient_funds"), Some("insufficient_funds")),
        ("4000000000000341", None, Some("card_declined")),
        ("5555555555554444", None, None),
        ("378282246310005", None, None),
    ] {
        assert_eq!(verdict(number).await.as_deref(), at_check, "{number} when it is to be kept");
        assert_eq!(refusal(number, "10000001", 1).await.as_deref(), at_charge, "{number} when it is charged");
    }
}

#[tokio::test]
async fn a_late_company_never_pays_its_second_instalment_and_pays_all_others() {
    for customer in ["50000001", "59999999"] {
        for (instalment, paid) in [(1, true), (2, false), (3, true), (12, true)] {
            assert_eq!(refusal("4242424242424242", customer, instalment).await.is_none(), paid, "{customer} {instalment}");
        }
    }
    assert_eq!(refusal("4242424242424242", "10000001", 2).await, None, "other companies pay it");
}

#[tokio::test]
async fn a_key_charges_once_and_is_remembered_over_a_restart() {
    let notebook = MemoryNotebook::default();
    let (good, spent) = (card("4242424242424242"), card("4000000000000341"));
    let before = SimAcquirer::new(Arc::new(notebook.clone()));
    assert_eq!(before.charge_status("loan-1").await, Ok(None), "a charge that never arrived is unknown");
    let paid = before.charge(charge("loan-1", &good, "10000001", 1)).await.unwrap();
    let declined = before.charge(charge("loan-2", &spent, "10000001", 1)).await.unwrap();

    let after = SimAcquirer::new(Arc::new(notebook));
    assert_eq!(after.charge_status("loan-1").await, Ok(Some(paid.clone())));
    assert_eq!(after.charge_status("loan-2").await, Ok(Some(declined.clone())));
    assert_eq!(after.charge(charge("loan-1", &spent, "10000001", 1)).await, Ok(paid), "the first outcome stands");
    assert_eq!(
        after.charge(charge("loan-2", &good, "10000001", 1)).await,
        Ok(declined),
        "a decline stands too: a new attempt needs a new key"
    );

    let other_amount = Charge { amount: Money::pence(1), ..charge("loan-1", &good, "10000001", 1) };
    assert!(matches!(after.charge(other_amount).await, Err(ConnectError::Refused { code, .. }) if code == "key_reused"));
}

#[tokio::test]
async fn a_charge_of_nothing_is_refused_and_not_remembered() {
    let network = network();
    let good = card("4242424242424242");
    for minor in [0, -1] {
        let nothing = Charge { amount: Money::pence(minor), ..charge("loan-3", &good, "10000001", 1) };
        assert!(matches!(network.charge(nothing).await, Err(ConnectError::Refused { .. })));
    }
    assert_eq!(network.charge_status("loan-3").await, Ok(None));
}

#[test]
fn a_card_prints_nothing_of_itself() {
    let secret = CardSecret { cvc: Some("123".to_owned()), ..card("4242424242424242") };
    let printed = format!("{:?}", charge("key", &secret, "10000001", 1));
    assert!(!printed.contains("4242") && !printed.contains("123\"") && printed.contains("CardSecret(..)"), "{printed}");
}
