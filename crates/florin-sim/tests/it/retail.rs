//! Stories of retail payments: every published card and amount meets its fate, and a key has one.

use std::sync::Arc;
use std::time::Duration;

use florin_connect::{
    Authentication, Authorise, Authorised, CardAcquirer, CardCheck, CardSecret, CardVerdict, ConnectError, DeclineReason, Means, Move,
    MoveKind, Moved, WalletProvider,
};
use florin_domain::card::{CardExpiry, CardNumber};
use florin_domain::{Currency, Money};
use florin_sim::{MemoryNotebook, SimAcquirer, named_cards};
use proptest::prelude::*;

fn network() -> SimAcquirer {
    SimAcquirer::new(Arc::new(MemoryNotebook::default()))
}

fn card(number: &str, cvc: Option<&str>) -> CardSecret {
    let expiry = CardExpiry { year: 2031, month: 9 };
    CardSecret { number: CardNumber::parse(number).unwrap(), expiry, cvc: cvc.map(str::to_owned) }
}

fn numbered(outcome: &str) -> CardSecret {
    let cards = named_cards();
    card(&cards.iter().find(|card| card.outcome == outcome).expect(outcome).number, None)
}

fn cents(minor: i64) -> Money {
    Money::new(minor, Currency::Aud)
}

fn order(means: Means<'_>, amount: Money) -> Authorise<'_> {
    Authorise { key: "key-1".to_owned(), means, amount, capture: true, merchant: "10006", reference: "order 7", authentication: None }
}

fn authenticated(status: char) -> Authentication {
    let [version, value, eci, transaction] = ["2.2.0", "AAABBEg0VhI0VniQEjRWAAAAAAA=", "05", "t-1"].map(str::to_owned);
    Authentication { version, value, eci, transaction, status }
}

/// What is told and what is found out later, in short: `approved`, a reason with the network's code, or `unknown`.
async fn fate(order: Authorise<'_>) -> (String, String) {
    let network = network();
    let told = match network.authorise(order.clone()).await {
        Ok(outcome) => in_short(outcome),
        Err(ConnectError::Unavailable(_)) => "unknown".to_owned(),
        Err(error) => panic!("{error}"),
    };
    (told, in_short(network.authorised(order).await.unwrap().expect("it arrived")))
}

fn in_short(outcome: Authorised) -> String {
    match outcome {
        Authorised::Approved { reference, network_code } => {
            assert_eq!((reference.as_str(), network_code.as_str()), ("SBX-key-1", "00"));
            "approved".to_owned()
        }
        Authorised::Declined(declined) => {
            assert!(declined.message.ends_with('.'), "{declined:?}");
            format!("{} {}", declined.reason.name(), declined.network_code)
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_published_card_meets_its_fate() {
    for named in named_cards() {
        let expected = match named.outcome.as_str() {
            "approved" | "threeds_frictionless" | "slow" | "unknown_outcome" => "approved",
            "declined" | "refused_at_capture" => "do_not_honour 05",
            "insufficient_funds" => "insufficient_funds 51",
            "expired" => "expired_card 54",
            "account_closed" => "closed 46",
            "issuer_unavailable" => "issuer_unavailable 91",
            "duplicate" => "duplicate 94",
            "invalid_transaction" => "invalid 12",
            "technical" => "technical 96",
            "step_up" => "code_required 82",
            "threeds_challenge" => "authentication_required 1A",
            "threeds_fail" => "authentication_failed 83",
            other => panic!("{other} is not tested"),
        };
        let kept = card(&named.number, None);
        let (told, found) = fate(order(Means::Card(&kept), cents(4200))).await;
        assert_eq!(told, if named.outcome == "unknown_outcome" { "unknown" } else { expected }, "{}", named.outcome);
        assert_eq!(found, expected, "{}, asked later", named.outcome);

        let verdict = network().verify(CardCheck { key: "check".to_owned(), card: &kept }).await.unwrap();
        assert_eq!(verdict == CardVerdict::Verified, named.outcome != "refused_at_capture", "{} when it is kept", named.outcome);
    }
}

#[test]
fn every_outcome_has_a_card_and_every_scheme_a_good_one() {
    let cards = named_cards();
    for outcome in [
        "approved",
        "declined",
        "insufficient_funds",
        "expired",
        "issuer_unavailable",
        "unknown_outcome",
        "step_up",
        "threeds_frictionless",
        "threeds_challenge",
        "threeds_fail",
        "slow",
    ] {
        assert!(cards.iter().any(|card| card.outcome == outcome), "{outcome}");
    }
    for scheme in ["VISA", "MASTERCARD", "AMEX", "JCB", "DINERS"] {
        assert!(cards.iter().any(|card| card.scheme == scheme && card.outcome == "approved"), "{scheme}");
    }
    for (at, named) in cards.iter().enumerate() {
        assert!(CardNumber::parse(&named.number).is_ok(), "{}", named.number);
        assert!(cards[at + 1..].iter().all(|other| other.number != named.number), "{} stands there once", named.number);
    }
}

#[tokio::test]
async fn the_code_on_the_card_is_looked_at() {
    let number = numbered("step_up").number;
    let typed = card(number.expose(), Some("123"));
    assert_eq!(fate(order(Means::Card(&typed), cents(4200))).await.0, "approved", "with the code");
    for (number, wrong) in [("4242424242424242", "000"), ("378282246310005", "0000"), (number.expose(), "000")] {
        let mistyped = card(number, Some(wrong));
        assert_eq!(fate(order(Means::Card(&mistyped), cents(4200))).await.0, "do_not_honour N7", "{number} {wrong}");
    }
}

#[tokio::test]
async fn a_challenge_is_met_by_an_authentication_of_the_merchants() {
    let careful = numbered("threeds_challenge");
    let asked = |status| Authorise { authentication: Some(authenticated(status)), ..order(Means::Card(&careful), cents(4200)) };
    for status in ['Y', 'A'] {
        assert_eq!(fate(asked(status)).await.0, "approved", "{status}");
    }
    for status in ['N', 'R', 'U', 'C'] {
        assert_eq!(fate(asked(status)).await.0, "authentication_required 1A", "{status}");
    }
    let hopeless = numbered("threeds_fail");
    let proven = Authorise { authentication: Some(authenticated('Y')), ..order(Means::Card(&hopeless), cents(4200)) };
    assert_eq!(fate(proven).await.0, "authentication_failed 83");

    let session = |key: &str| {
        let (key, careful, network) = (key.to_owned(), careful.clone(), network());
        async move {
            match network.authorise(Authorise { key, ..order(Means::Card(&careful), cents(4200)) }).await.unwrap() {
                Authorised::Declined(declined) => declined.reason,
                Authorised::Approved { .. } => panic!("no challenge"),
            }
        }
    };
    let DeclineReason::AuthenticationRequired { session: first } = session("a").await else { panic!("no session") };
    assert!(first.len() == 36 && first.split('-').map(str::len).eq([8, 4, 4, 4, 12]), "{first}");
    assert_eq!(session("a").await, DeclineReason::AuthenticationRequired { session: first.clone() });
    assert_ne!(session("b").await, DeclineReason::AuthenticationRequired { session: first });
}

#[tokio::test(start_paused = true)]
async fn the_slow_card_answers_after_two_seconds() {
    let (slow, network) = (numbered("slow"), network());
    let answer = network.authorise(order(Means::Card(&slow), cents(4200)));
    tokio::pin!(answer);
    assert!(tokio::time::timeout(Duration::from_millis(1900), &mut answer).await.is_err(), "it was quick");
    assert_eq!(in_short(answer.await.unwrap()), "approved");
}

#[tokio::test]
async fn an_amount_decides_on_any_card_or_wallet_that_is_good() {
    let good = card("4242424242424242", Some("123"));
    let wallet = Means::Wallet { provider: WalletProvider::PayPal, token: "paypal-1" };
    for (amount, told, found) in [
        (999_005, "do_not_honour 05", "do_not_honour 05"),
        (999_051, "insufficient_funds 51", "insufficient_funds 51"),
        (999_054, "expired_card 54", "expired_card 54"),
        (999_091, "issuer_unavailable 91", "issuer_unavailable 91"),
        (999_094, "duplicate 94", "duplicate 94"),
        (999_012, "invalid 12", "invalid 12"),
        (999_068, "unknown", "approved"),
        (999_000, "approved", "approved"),
        (999_007, "approved", "approved"),
        (999_105, "approved", "approved"),
        (99_905, "approved", "approved"),
    ] {
        for means in [Means::Card(&good), wallet] {
            assert_eq!(fate(order(means, cents(amount))).await, (told.to_owned(), found.to_owned()), "{amount} {means:?}");
        }
    }
    let declined = Means::Wallet { provider: WalletProvider::GooglePay, token: "google_pay-decline-1" };
    assert_eq!(fate(order(declined, cents(4200))).await.0, "do_not_honour 05");
}

#[tokio::test]
async fn money_that_was_authorised_moves_and_two_amounts_do_otherwise() {
    let network = network();
    let movement = |of, amount| Move { key: "key-2".to_owned(), of, amount: cents(amount), merchant: "10006", reference: "order 7" };
    for (kind, name) in [(MoveKind::Capture, "capture"), (MoveKind::Void, "void"), (MoveKind::Refund, "refund")] {
        let done = Moved::Done { reference: format!("SBX-{name}-key-2") };
        let make = |of, amount| match kind {
            MoveKind::Capture => network.capture(movement(of, amount)),
            MoveKind::Void => network.void(movement(of, amount)),
            MoveKind::Refund => network.refund(movement(of, amount)),
        };
        assert_eq!(make("SBX-key-1", 4200).await, Ok(done.clone()));
        assert_eq!(make("SBX-key-1", 4200).await, Ok(done.clone()), "a {name} that is repeated");
        assert_eq!(network.moved(kind, movement("SBX-key-1", 4200)).await, Ok(Some(done.clone())));

        let declined = make("SBX-key-1", 999_105).await.unwrap();
        assert!(matches!(&declined, Moved::Declined(no) if no.reason == DeclineReason::DoNotHonour), "{declined:?}");
        assert_eq!(network.moved(kind, movement("SBX-key-1", 999_105)).await, Ok(Some(declined)));

        assert!(matches!(make("SBX-key-1", 999_168).await, Err(ConnectError::Unavailable(_))));
        assert_eq!(network.moved(kind, movement("SBX-key-1", 999_168)).await, Ok(Some(done)), "it happened");

        let strange = make("pi_1", 4200).await.unwrap();
        assert!(matches!(&strange, Moved::Declined(no) if no.reason == DeclineReason::NotFound), "{strange:?}");
    }
}

#[tokio::test]
async fn nothing_is_neither_authorised_nor_moved() {
    let good = card("4242424242424242", None);
    for minor in [0, -1, i64::MIN] {
        assert!(matches!(network().authorise(order(Means::Card(&good), cents(minor))).await, Err(ConnectError::Refused { .. })));
        let movement = Move { key: "k".to_owned(), of: "SBX-1", amount: cents(minor), merchant: "m", reference: "r" };
        assert!(matches!(network().refund(movement).await, Err(ConnectError::Refused { .. })));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_repeated_key_has_the_same_outcome_also_after_a_restart(
        at in 0..named_cards().len(), key in "[a-z0-9-]{1,40}", minor in prop_oneof![1..2_000_000_i64, 999_000..999_200_i64],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let paid_with = card(&named_cards()[at].number, None);
        let asked = || Authorise { key: key.clone(), ..order(Means::Card(&paid_with), cents(minor)) };
        runtime.block_on(async {
            let first = network().authorise(asked()).await;
            let found = network().authorised(asked()).await;
            prop_assert_eq!(&network().authorise(asked()).await, &first);
            match first {
                Ok(outcome) => prop_assert_eq!(found, Ok(Some(outcome))),
                Err(_) => prop_assert!(matches!(found, Ok(Some(Authorised::Approved { .. }))), "an answer was lost of what did not happen"),
            }
            Ok(())
        })?;
    }
}
