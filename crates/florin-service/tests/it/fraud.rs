//! Payments that come with something for a fraud screen.

use std::sync::Arc;

use florin_connect::{Call, ConnectError, Connector, FraudAnswer, FraudAsk, FraudScreen};
use florin_domain::fault::Fault;
use florin_domain::fraud::FraudVerdict;
use florin_domain::payment::TransactionState;
use florin_domain::time::hours;
use florin_service::fraud::{self, FraudCheck, FraudFormat, FraudPayload};

use crate::shop::{GOOD_CARD, Shop, code};

fn payload(message: &str) -> FraudPayload {
    FraudPayload {
        provider: "cybersource".to_owned(),
        version: "CyberSourceTransaction_1.101".to_owned(),
        format: FraudFormat::Xml,
        message: message.to_owned(),
        shipping_country: None,
    }
}

#[tokio::test]
async fn a_screen_decides_before_anybody_is_asked_for_money() {
    use FraudVerdict::{Accept, Reject, Review};
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let jo = shop.shopper(&merchant, "jo").await;
    let card = shop.card(&jo, GOOD_CARD).await.unwrap();
    let abroad = "<shipTo><country>NZ</country></shipTo>";
    let table = [
        ("<x/>", 1_000, Accept, vec![]),
        ("<x>FRAUD-REVIEW</x>", 1_000, Review, vec!["marker"]),
        ("<x>fraud-reject</x>", 1_000, Reject, vec!["marker"]),
        ("<x/>", 500_000, Review, vec!["amount"]),
        ("<x>fraud-accept</x>", 2_000_000, Accept, vec!["marker"]),
        ("<x/>", 2_000_000, Reject, vec!["amount"]),
        (abroad, 1_000, Review, vec!["country"]),
    ];
    for (message, minor, verdict, rules) in table {
        let before = shop.owed(&merchant).await;
        let paid = shop.pay(&jo, &card, minor, Some(payload(message))).await;
        let decision = fraud::decision(&shop.cx, paid.receipt).await.unwrap().unwrap();
        assert_eq!((decision.verdict, decision.rules), (verdict, rules.into_iter().map(str::to_owned).collect()), "{message} {minor}");
        let is_paid = shop.owed(&merchant).await > before;
        let expected =
            if verdict == Reject { (TransactionState::Rejected, Some(Fault::FraudRejected)) } else { (TransactionState::Approved, None) };
        assert_eq!((paid.state, paid.movements[0].fault(), is_paid), (expected.0, expected.1, verdict != Reject), "{message} {minor}");
        assert_eq!(decision.reason_code, verdict.reason_code());
    }
    let plain = shop.pay(&jo, &card, 2_000_000, None).await;
    assert_eq!((plain.state, fraud::decision(&shop.cx, plain.receipt).await.unwrap()), (TransactionState::Approved, None));
    shop.books_balance().await;
}

#[tokio::test]
async fn a_busy_wallet_is_looked_at_and_an_hour_later_it_is_not() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let jo = shop.shopper(&merchant, "jo").await;
    let card = shop.card(&jo, GOOD_CARD).await.unwrap();
    let ask = || FraudCheck { client_reference: "c".to_owned(), instrument: None, token: Some(card.token), payload: payload("<x/>") };
    let mut verdicts = Vec::new();
    for _ in 0..60 {
        verdicts.push(fraud::check(&shop.cx, &jo, ask()).await.unwrap().verdict);
    }
    let count = |wanted| verdicts.iter().filter(|verdict| **verdict == wanted).count();
    // The hour may turn in the midst of this.
    assert!(count(FraudVerdict::Review) >= 20 || count(FraudVerdict::Accept) > 19, "{verdicts:?}");
    shop.wait(hours(1)).await;
    assert_eq!(fraud::check(&shop.cx, &jo, ask()).await.unwrap().verdict, FraudVerdict::Accept);
}

#[tokio::test]
async fn what_cannot_be_screened_is_refused() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let (jo, jim) = (shop.shopper(&merchant, "jo").await, shop.shopper(&merchant, "jim").await);
    let card = shop.card(&jo, GOOD_CARD).await.unwrap();
    let ask = |payload| FraudCheck { client_reference: "c".to_owned(), instrument: Some(card.id.clone()), token: None, payload };
    let versions = FraudPayload { version: "1.101".to_owned(), ..payload("<x/>") };
    let other = FraudPayload { provider: "another".to_owned(), ..payload("<x/>") };
    let packed = FraudPayload { format: FraudFormat::ZippedBase64, ..payload("<x/>") };
    let table = [
        (versions, "fraud_version"),
        (other, "fraud_version"),
        (packed, "fraud_message"),
        (payload("x"), "fraud_message"),
        (payload(&format!("<{}", "x".repeat(65_536))), "fraudPayload.message"),
    ];
    for (payload, expected) in table {
        assert_eq!(code(fraud::check(&shop.cx, &jo, ask(payload)).await), expected);
    }
    assert_eq!(code(fraud::check(&shop.cx, &jim, ask(payload("<x/>"))).await), "instrument");
}

/// A screen that is away.
struct Away;

impl Connector for Away {
    fn name(&self) -> &'static str {
        "away"
    }

    fn simulated(&self) -> bool {
        true
    }
}

impl FraudScreen for Away {
    fn screen<'a>(&'a self, _ask: FraudAsk<'a>) -> Call<'a, FraudAnswer> {
        Box::pin(async { Err(ConnectError::Unavailable("away".to_owned())) })
    }
}

#[tokio::test]
async fn a_screen_that_is_away_stops_no_payment_and_is_told() {
    let shop = Shop::open_in(|world| world.fraud = Arc::new(Away)).await;
    let merchant = shop.merchant("10006").await;
    let jo = shop.shopper(&merchant, "jo").await;
    let card = shop.card(&jo, GOOD_CARD).await.unwrap();
    let paid = shop.pay(&jo, &card, 1_000, Some(payload("<x/>"))).await;
    let decision = fraud::decision(&shop.cx, paid.receipt).await.unwrap().unwrap();
    assert_eq!(
        (paid.state, decision.verdict, decision.rules),
        (TransactionState::Approved, FraudVerdict::Review, vec!["no_answer".to_owned()])
    );
}
