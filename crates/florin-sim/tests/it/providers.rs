//! Stories of pay-later providers, Openpay and the fraud screen: every published name meets its fate, and a key has one.

use florin_connect::{
    ApmProviders, ConnectError, FraudAsk, FraudScreen, MoveKind, OpenCheckout, OpenpayAnswer, OpenpayMove, OpenpayOrder, OpenpayProvider,
};
use florin_domain::apm::ApmProvider;
use florin_domain::fraud::FraudVerdict;
use florin_domain::{Currency, Money, Timestamp};
use florin_sim::{SimApm, SimFraudScreen, SimOpenpay, named_barcodes, named_markers, outcome_names};

const NOW: Timestamp = Timestamp::from_micros(1_795_255_800_000_000);

fn cents(minor: i64) -> Money {
    Money::new(minor, Currency::Aud)
}

fn purchase<'a>(barcode: &'a str, pin: Option<&'a str>, minor: i64) -> OpenpayOrder<'a> {
    OpenpayOrder {
        key: "key-1".to_owned(),
        barcode,
        pin,
        amount: cents(minor),
        gst: None,
        capture: true,
        merchant: "10006",
        store: "4952110",
        channel: "POS",
        reference: "order 7",
        at: NOW,
    }
}

/// What is told and what is found out later, in short: the transaction, a reason with the network's code, or `unknown`.
async fn fate(order: OpenpayOrder<'_>) -> (String, String) {
    let told = match SimOpenpay.pay(order.clone()).await {
        Ok(answer) => in_short(answer),
        Err(ConnectError::Unavailable(_)) => "unknown".to_owned(),
        Err(error) => panic!("{error}"),
    };
    (told, in_short(SimOpenpay.paid(order).await.unwrap().expect("it arrived")))
}

fn in_short(answer: OpenpayAnswer) -> String {
    match answer {
        OpenpayAnswer::Done { network_code, plan } => {
            assert_eq!((network_code.as_str(), plan.created_at), ("00", NOW));
            plan.transaction
        }
        OpenpayAnswer::Declined(declined) => format!("{} {}", declined.reason.name(), declined.network_code),
    }
}

#[tokio::test]
async fn every_barcode_meets_its_fate() {
    let expected = [
        ("approved", "OPY-key-1"),
        ("business", "OPY-key-1"),
        ("pin_needed", "pin_wrong 55"),
        ("declined", "do_not_honour 05"),
        ("limit_reached", "insufficient_funds 51"),
        ("expired", "expired_card 54"),
        ("account_closed", "closed 46"),
        ("used_before", "duplicate 94"),
        ("unavailable", "issuer_unavailable 91"),
        ("unknown_outcome", "unknown"),
    ];
    let barcodes = named_barcodes();
    assert_eq!(barcodes.iter().map(|named| named.outcome.as_str()).collect::<Vec<_>>(), expected.map(|(outcome, _)| outcome));
    for (named, (outcome, told)) in barcodes.iter().zip(expected) {
        let found = if told == "unknown" { "OPY-key-1" } else { told };
        assert_eq!(fate(purchase(&named.barcode, None, 1_000)).await, (told.to_owned(), found.to_owned()), "{outcome}");
    }
    assert_eq!(outcome_names().barcodes, barcodes);
}

#[tokio::test]
async fn pins_amounts_and_strangers_decide_too() {
    let table = [
        (purchase("690000000550", Some("1234"), 1_000), "OPY-key-1"),
        (purchase("690000000017", Some("0000"), 1_000), "pin_wrong 55"),
        (purchase("690000000033", None, 1_000), "OPY-key-1"),
        (purchase("690000000017", None, 999_051), "insufficient_funds 51"),
        (purchase("690000000017", None, 999_068), "unknown"),
        (purchase("700000000017", None, 1_000), "invalid 12"),
        (purchase("69000000001x", None, 1_000), "invalid 12"),
    ];
    for (order, told) in table {
        let barcode = order.barcode;
        assert_eq!(fate(order).await.0, told, "{barcode}");
    }
    let nothing = SimOpenpay.pay(purchase("690000000017", None, 0)).await;
    assert!(matches!(nothing, Err(ConnectError::Refused { .. })), "{nothing:?}");
}

#[tokio::test]
async fn money_is_moved_by_the_reference_of_its_purchase() {
    let order = |of: &'static str, minor| OpenpayMove {
        key: "key-2".to_owned(),
        of,
        amount: cents(minor),
        gst: None,
        reason: Some("broken"),
        reference: "order 7",
        at: NOW,
    };
    for (kind, told) in
        [(MoveKind::Capture, "OPY-capture-key-2"), (MoveKind::Void, "OPY-void-key-2"), (MoveKind::Refund, "OPY-refund-key-2")]
    {
        assert_eq!(in_short(SimOpenpay.move_money(kind, order("OPY-key-1", 1_000)).await.unwrap()), told);
    }
    assert_eq!(in_short(SimOpenpay.move_money(MoveKind::Refund, order("SBX-1", 1_000)).await.unwrap()), "not_found 25");
    assert_eq!(in_short(SimOpenpay.move_money(MoveKind::Refund, order("OPY-1", 999_105)).await.unwrap()), "do_not_honour 05");
    let lost = SimOpenpay.move_money(MoveKind::Refund, order("OPY-1", 999_168)).await;
    assert!(matches!(lost, Err(ConnectError::Unavailable(_))), "{lost:?}");
    let found = SimOpenpay.moved(MoveKind::Refund, order("OPY-1", 999_168)).await.unwrap();
    assert_eq!(found.map(in_short).as_deref(), Some("OPY-refund-key-2"));
}

#[tokio::test]
async fn a_checkout_is_opened_once_a_key() {
    let providers = SimApm::new("https://localhost:8443");
    let order = |reference| OpenCheckout {
        key: "key-1".to_owned(),
        provider: ApmProvider::Afterpay,
        amount: cents(5_000),
        merchant: "10006",
        reference,
        return_url: None,
    };
    let first = providers.open(order("A-1")).await.unwrap();
    assert_eq!(
        (first.page.as_str(), providers.open(order("A-1")).await.as_ref()),
        ("https://localhost:8443/sandbox/apm/key-1/", Ok(&first))
    );
    assert!(providers.open(order("A-decline")).await.unwrap().token.contains("decline"));
    assert!(matches!(providers.open(order("A-refuse")).await, Err(ConnectError::Refused { .. })));
    assert!(!format!("{first:?}").contains(&first.token));
}

#[tokio::test]
async fn every_marker_decides_and_the_rest_is_for_the_rules() {
    let ask = |message: &'static str, reference: &'static str, bins: Vec<&'static str>| FraudAsk {
        key: "key-1".to_owned(),
        merchant: "10006",
        reference,
        amount: cents(1_000),
        recent: 1,
        shipping_country: Some("AU"),
        bins,
        message,
    };
    let markers: Vec<_> = named_markers().into_iter().map(|named| (named.marker, named.verdict)).collect();
    assert_eq!(
        markers,
        [("fraud-accept", "accept"), ("fraud-review", "review"), ("fraud-reject", "reject")].map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
    let table = [
        (ask("<x>Fraud-Review</x>", "o", vec![]), FraudVerdict::Review, "480"),
        (ask("", "o-FRAUD-REJECT-1", vec![]), FraudVerdict::Reject, "481"),
        (ask("", "o", vec!["424242"]), FraudVerdict::Accept, "100"),
        (ask("", "o", vec!["353011"]), FraudVerdict::Review, "480"),
        (ask("", "o", vec!["999999"]), FraudVerdict::Accept, "100"),
        (ask("fraud-accept", "o", vec!["353011"]), FraudVerdict::Accept, "100"),
    ];
    for (ask, verdict, code) in table {
        let (first, again) = (SimFraudScreen.screen(ask.clone()).await.unwrap(), SimFraudScreen.screen(ask.clone()).await.unwrap());
        assert_eq!((first.verdict, first.reason_code.as_str(), &first), (verdict, code, &again), "{ask:?}");
    }
}
