//! Stories of the sandbox as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use florin_connect::{Mail, Mailer, PayoutOrder, Payouts};
use florin_domain::{MailId, Money, PayoutId, SellerId};
use florin_sim::{MemoryNotebook, Sandbox, SimMailer, SimPayouts, named_cards, outcome_names};

#[test]
fn every_outcome_is_published_with_companies_and_banks_that_have_it() {
    let names = outcome_names();
    let mut companies: BTreeMap<&str, u32> = BTreeMap::new();
    for company in &names.companies {
        *companies.entry(&company.outcome).or_default() += 1;
    }
    let expected = ["approved", "approved_then_late", "declined", "referred_then_approved", "referred_then_declined"];
    assert!(companies.keys().copied().eq(expected) && companies.values().all(|count| *count >= 2), "{companies:?}");

    let banks: BTreeMap<&str, &str> = names.banks.iter().map(|bank| (bank.outcome.as_str(), bank.id.as_str())).collect();
    assert!(banks.keys().copied().eq(["pays", "pending", "refuses", "unavailable"]), "{banks:?}");
    assert_eq!(names.cards, named_cards());
}

#[test]
fn everything_in_the_sandbox_owns_up_to_being_simulated() {
    let world = Sandbox::new(Arc::new(MemoryNotebook::default()), "https://localhost:8443").world;
    let names = [
        "sandbox-register",
        "sandbox-underwriter",
        "sandbox-cards",
        "sandbox-directory",
        "sandbox-wallets",
        "sandbox-pay-later",
        "sandbox-openpay",
        "sandbox-fraud",
        "sandbox-bank",
        "sandbox-mailbox",
        "sandbox-payouts",
    ];
    assert_eq!(world.simulated(), names);
}

#[tokio::test]
async fn every_mail_is_taken() {
    let mail = Mail {
        id: MailId::from_random([3; 16]),
        to: "buyer@example.com".to_owned(),
        subject: "Your code".to_owned(),
        text: "123456".to_owned(),
        html: None,
    };
    assert_eq!(SimMailer.send(&mail).await, Ok(()));
}

#[tokio::test]
async fn every_payout_is_sent_under_a_reference_of_its_own() {
    let order = |byte| PayoutOrder {
        id: PayoutId::from_random([byte; 16]),
        seller: SellerId::from_random([9; 16]),
        amount: Money::pounds(4_200),
        reference: "Florin payout".to_owned(),
    };
    let first = SimPayouts.send(order(1)).await.unwrap();
    assert_eq!(SimPayouts.send(order(1)).await.unwrap(), first, "sent once, however often it is asked for");
    assert_ne!(SimPayouts.send(order(2)).await.unwrap(), first);
}
