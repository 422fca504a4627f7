//! Stories of card payments over Stripe's API, against the independent localstripe server.
//!
//! localstripe knows fewer errors than Stripe, no list window, and no card without its code; what it cannot show is tested
//! beside the code or against a scripted peer.

use std::time::Duration;

use florin_connect::{
    Authentication, Authorise, Authorised, CardAcquirer, CardCheck, CardSecret, CardVerdict, Charge, ChargeOutcome, ConnectError,
    Connector, DeclineReason, Means, Move, MoveKind, Moved, StripeAcquirer, StripeSettings, WalletProvider,
};
use florin_domain::card::{CardExpiry, CardNumber};
use florin_domain::{Currency, Money};
use florin_vault::Secret;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::peer::{Bystander, Peer, read_request};
use crate::stripe_desk::{Account, settings};

const GOOD: &str = "4242424242424242";
/// Accepted, and declined when it is charged.
const DECLINED: &str = "4000000000000341";
/// Not accepted at all.
const REFUSED: &str = "4000000000000002";
const AUTHENTICATED_ONLY: &str = "4000002500003155";

fn card(number: &str) -> CardSecret {
    let cvc = Some("123".to_owned());
    CardSecret { number: CardNumber::parse(number).unwrap(), expiry: CardExpiry { year: 2031, month: 9 }, cvc }
}

fn dollars(major: i64) -> Money {
    Money::new(major * 100, Currency::Aud)
}

fn order<'a>(key: &str, card: &'a CardSecret, amount: Money, capture: bool) -> Authorise<'a> {
    let means = Means::Card(card);
    Authorise { key: key.to_owned(), means, amount, capture, merchant: "10006", reference: "order 7", authentication: None }
}

fn movement<'a>(key: &str, of: &'a str, amount: Money) -> Move<'a> {
    Move { key: key.to_owned(), of, amount, merchant: "10006", reference: "order 7" }
}

#[track_caller]
fn approved(outcome: Authorised) -> String {
    match outcome {
        Authorised::Approved { reference, network_code } if network_code == "00" => reference,
        other => panic!("not approved: {other:?}"),
    }
}

#[track_caller]
fn reason(outcome: Authorised) -> DeclineReason {
    match outcome {
        Authorised::Declined(declined) => declined.reason,
        Authorised::Approved { .. } => panic!("approved"),
    }
}

#[tokio::test]
async fn a_purchase_takes_the_money_at_once() {
    let Some(account) = Account::open("stripe-purchase").await else { return };
    assert_eq!((account.acquirer.name(), account.acquirer.simulated()), ("stripe", false));
    let reference = approved(account.acquirer.authorise(order("buy-1", &card(GOOD), dollars(42), true)).await.unwrap());

    let payment = account.says(&format!("/v1/payment_intents/{reference}")).await;
    assert_eq!((&payment["status"], &payment["amount"], &payment["currency"]), (&"succeeded".into(), &4200.into(), &"aud".into()));
    assert_eq!((&payment["metadata"]["florin_key"], &payment["metadata"]["florin_order"]), (&"buy-1".into(), &"order 7".into()));
}

#[tokio::test]
async fn a_decline_takes_nothing_and_is_found_again() {
    let Some(account) = Account::open("stripe-decline").await else { return };
    let spent = card(DECLINED);
    let asked = order("buy-2", &spent, dollars(42), true);
    assert_eq!(reason(account.acquirer.authorise(asked.clone()).await.unwrap()), DeclineReason::DoNotHonour);
    assert_eq!(reason(account.acquirer.authorised(asked).await.unwrap().expect("it arrived")), DeclineReason::DoNotHonour);
    assert_eq!(account.charges().await, [0; 0]);
}

#[tokio::test]
async fn an_issuer_that_wants_its_cardholder_authenticated_says_for_which_payment() {
    let Some(account) = Account::open("stripe-authentication").await else { return };
    let careful = card(AUTHENTICATED_ONLY);
    let asked = order("buy-3", &careful, dollars(42), true);
    let DeclineReason::AuthenticationRequired { session } = reason(account.acquirer.authorise(asked.clone()).await.unwrap()) else {
        panic!("no authentication was asked for");
    };
    assert!(session.starts_with("pi_"), "{session}");
    let later = reason(account.acquirer.authorised(asked).await.unwrap().expect("it arrived"));
    assert_eq!(later, DeclineReason::AuthenticationRequired { session });
    assert_eq!(account.charges().await, [0; 0]);

    // localstripe takes a merchant's own authentication and makes nothing of it.
    let proof = Authentication {
        version: "2.2.0".to_owned(),
        value: "AAABBEg0VhI0VniQEjRWAAAAAAA=".to_owned(),
        eci: "05".to_owned(),
        transaction: "f25084f0-5b16-4c0a-ae5d-b24808a95e4b".to_owned(),
        status: 'Y',
    };
    let plain = card(GOOD);
    approved(
        account.acquirer.authorise(Authorise { authentication: Some(proof), ..order("buy-4", &plain, dollars(1), true) }).await.unwrap(),
    );
}

#[tokio::test]
async fn authorised_money_is_taken_once_in_whole_or_in_part() {
    let Some(account) = Account::open("stripe-capture").await else { return };
    let acquirer = &account.acquirer;
    let reference = approved(acquirer.authorise(order("hold-1", &card(GOOD), dollars(50), false)).await.unwrap());
    let payment = format!("/v1/payment_intents/{reference}");
    assert_eq!(account.says(&payment).await["status"], "requires_capture");
    assert_eq!(acquirer.moved(MoveKind::Capture, movement("take-1", &reference, dollars(30))).await, Ok(None));

    // localstripe refuses it without the code that Stripe gives, so that the refusal does not become a decline.
    let too_much = acquirer.capture(movement("take-0", &reference, dollars(51))).await;
    assert!(matches!(too_much, Err(ConnectError::Refused { .. }) | Ok(Moved::Declined(_))), "{too_much:?}");

    let taken = acquirer.capture(movement("take-1", &reference, dollars(30))).await.unwrap();
    assert_eq!(taken, Moved::Done { reference: reference.clone() });
    assert_eq!(acquirer.capture(movement("take-1", &reference, dollars(30))).await, Ok(taken.clone()), "a key takes once");
    assert_eq!(acquirer.moved(MoveKind::Capture, movement("take-1", &reference, dollars(30))).await, Ok(Some(taken)));
    let charge = &account.says("/v1/charges").await["data"][0];
    assert_eq!((&charge["captured"], &charge["amount_refunded"]), (&true.into(), &2000.into()), "what is left is released");

    let again = acquirer.capture(movement("take-2", &reference, dollars(30))).await;
    assert!(!matches!(again, Ok(Moved::Done { .. })), "{again:?}");
}

#[tokio::test]
async fn a_void_releases_what_is_held_and_gives_back_what_was_taken() {
    let Some(account) = Account::open("stripe-void").await else { return };
    let acquirer = &account.acquirer;
    let held = approved(acquirer.authorise(order("hold-2", &card(GOOD), dollars(50), false)).await.unwrap());
    let release = || movement("void-1", &held, dollars(50));
    assert_eq!(acquirer.moved(MoveKind::Void, release()).await, Ok(None));
    assert_eq!(acquirer.void(release()).await, Ok(Moved::Done { reference: held.clone() }));
    assert_eq!(acquirer.void(release()).await, Ok(Moved::Done { reference: held.clone() }), "a key releases once");
    assert_eq!(acquirer.moved(MoveKind::Void, release()).await, Ok(Some(Moved::Done { reference: held.clone() })));
    assert_eq!(account.says(&format!("/v1/payment_intents/{held}")).await["status"], "canceled");

    let taken = approved(acquirer.authorise(order("buy-5", &card(GOOD), dollars(20), true)).await.unwrap());
    let reverse = || movement("void-2", &taken, dollars(20));
    assert_eq!(acquirer.moved(MoveKind::Void, reverse()).await, Ok(None));
    let reversed = acquirer.void(reverse()).await.unwrap();
    assert_eq!(acquirer.moved(MoveKind::Void, reverse()).await, Ok(Some(reversed)));
    assert_eq!(account.says("/v1/refunds").await["data"][0]["amount"], 2000);
}

#[tokio::test]
async fn a_payment_is_given_back_in_parts_each_once() {
    let Some(account) = Account::open("stripe-refund").await else { return };
    let acquirer = &account.acquirer;
    let payment = approved(acquirer.authorise(order("buy-6", &card(GOOD), dollars(90), true)).await.unwrap());
    let first = acquirer.refund(movement("back-1", &payment, dollars(20))).await.unwrap();
    let second = acquirer.refund(movement("back-2", &payment, dollars(30))).await.unwrap();
    assert!(matches!((&first, &second), (Moved::Done { reference: a }, Moved::Done { reference: b }) if a.starts_with("re_") && a != b));
    assert_eq!(acquirer.refund(movement("back-1", &payment, dollars(20))).await, Ok(first.clone()));

    assert_eq!(acquirer.moved(MoveKind::Refund, movement("back-1", &payment, dollars(20))).await, Ok(Some(first)));
    assert_eq!(acquirer.moved(MoveKind::Refund, movement("back-2", &payment, dollars(30))).await, Ok(Some(second)));
    assert_eq!(acquirer.moved(MoveKind::Refund, movement("back-3", &payment, dollars(40))).await, Ok(None));
    let refunds = account.says("/v1/refunds").await;
    assert_eq!(refunds["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_that_is_repeated_charges_once() {
    let Some(account) = Account::open("stripe-repeat").await else { return };
    let good = card(GOOD);
    let first = account.acquirer.authorise(order("buy-7", &good, dollars(42), true)).await.unwrap();
    assert_eq!(account.acquirer.authorise(order("buy-7", &good, dollars(42), true)).await, Ok(first));
    assert_eq!(account.charges().await, [4200]);
    let other = account.acquirer.authorise(order("buy-7", &good, dollars(43), true)).await;
    assert!(matches!(&other, Err(ConnectError::Refused { code, .. }) if code == "idempotency_error"), "{other:?}");
}

#[tokio::test]
async fn an_answer_that_is_lost_is_found_by_its_key() {
    let Some(account) = Account::open("stripe-lost").await else { return };
    let (acquirer, good) = (&account.acquirer, card(GOOD));
    assert_eq!(acquirer.authorised(order("buy-8", &good, dollars(42), true)).await, Ok(None), "it never arrived");

    account.door.loses_the_next_answer();
    let lost = acquirer.authorise(order("buy-8", &good, dollars(42), true)).await;
    assert!(matches!(lost, Err(ConnectError::Unavailable(_))), "{lost:?}");
    let payment = approved(acquirer.authorised(order("buy-8", &good, dollars(42), true)).await.unwrap().expect("it arrived"));
    assert_eq!(account.charges().await, [4200]);

    account.door.loses_the_next_answer();
    let lost = acquirer.refund(movement("back-8", &payment, dollars(12))).await;
    assert!(matches!(lost, Err(ConnectError::Unavailable(_))), "{lost:?}");
    let found = acquirer.moved(MoveKind::Refund, movement("back-8", &payment, dollars(12))).await.unwrap();
    assert!(matches!(found, Some(Moved::Done { .. })), "{found:?}");
}

#[tokio::test]
async fn a_payment_among_hundreds_is_found() {
    let Some(account) = Account::open("stripe-many").await else { return };
    let token = Means::Wallet { provider: WalletProvider::GooglePay, token: "pm_card_visa" };
    let good = card(GOOD);
    for number in 0..120 {
        let key = format!("many-{number}");
        approved(account.acquirer.authorise(Authorise { means: token, ..order(&key, &good, dollars(1), true) }).await.unwrap());
    }
    for number in [0, 99, 100, 119] {
        let found = account.acquirer.authorised(order(&format!("many-{number}"), &good, dollars(1), true)).await.unwrap();
        assert!(found.is_some(), "{number}");
    }
    assert_eq!(account.acquirer.authorised(order("many-120", &good, dollars(1), true)).await, Ok(None));
}

#[tokio::test]
async fn a_card_is_checked_and_charged_as_for_instalments() {
    let Some(account) = Account::open("stripe-instalments").await else { return };
    let (acquirer, good, bad, spent) = (&account.acquirer, card(GOOD), card(REFUSED), card(DECLINED));
    assert_eq!(acquirer.verify(CardCheck { key: "check-1".to_owned(), card: &good }).await, Ok(CardVerdict::Verified));
    let refused = acquirer.verify(CardCheck { key: "check-2".to_owned(), card: &bad }).await.unwrap();
    assert!(matches!(refused, CardVerdict::Declined { code, .. } if code == "do_not_honour"));

    let charge = |key: &str, card| Charge {
        key: key.to_owned(),
        card,
        amount: Money::pounds(10),
        customer: "10000001".to_owned(),
        instalment: 1,
        description: "Instalment".to_owned(),
    };
    assert_eq!(acquirer.charge_status("loan-1").await, Ok(None));
    let paid = acquirer.charge(charge("loan-1", &good)).await.unwrap();
    assert!(matches!(&paid, ChargeOutcome::Captured { reference } if reference.starts_with("pi_")));
    assert_eq!(acquirer.charge_status("loan-1").await, Ok(Some(paid)));
    let declined = acquirer.charge(charge("loan-2", &spent)).await.unwrap();
    assert!(matches!(&declined, ChargeOutcome::Declined { code, .. } if code == "do_not_honour"));
    assert_eq!(acquirer.charge_status("loan-2").await, Ok(Some(declined)));
}

#[tokio::test]
async fn a_wallet_is_paid_with_where_stripe_knows_its_token() {
    let Some(account) = Account::open("stripe-wallet").await else { return };
    let good = card(GOOD);
    let paying = |key: &str, token| {
        let means = Means::Wallet { provider: WalletProvider::GooglePay, token };
        account.acquirer.authorise(Authorise { means, ..order(key, &good, dollars(5), true) })
    };
    approved(paying("wallet-1", "pm_card_visa").await.unwrap());
    assert_eq!(reason(paying("wallet-2", "a-token-of-another-provider").await.unwrap()), DeclineReason::NotSupported);
}

#[tokio::test]
async fn a_wrong_key_is_for_the_operator_and_a_server_that_is_away_for_later() {
    let Some(account) = Account::open("stripe-wrong-key").await else { return };
    let wrong = StripeSettings { secret_key: Secret::new("guess".to_owned()), ..settings(account.door.port) };
    let good = card(GOOD);
    let asked = || order("buy-9", &good, dollars(1), true);
    let outcome = StripeAcquirer::new(wrong).unwrap().authorise(asked()).await;
    assert!(matches!(&outcome, Err(ConnectError::Misconfigured(words)) if !words.contains("guess")), "{outcome:?}");

    let away = StripeAcquirer::new(settings(1)).unwrap();
    assert!(matches!(away.authorise(asked()).await, Err(ConnectError::Unavailable(_))));
    assert!(matches!(away.authorised(asked()).await, Err(ConnectError::Unavailable(_))));
    assert!(matches!(away.moved(MoveKind::Refund, movement("k", "pi_1", dollars(1))).await, Err(ConnectError::Unavailable(_))));

    let silent = Bystander::new();
    let hasty = StripeAcquirer::new(StripeSettings { timeout: Duration::from_millis(200), ..settings(silent.port) }).unwrap();
    assert!(matches!(hasty.authorise(asked()).await, Err(ConnectError::Unavailable(_))), "a server that falls silent");
}

#[tokio::test]
async fn a_server_that_breaks_leaves_the_outcome_open_and_hears_the_card_in_its_body_only() {
    let peer = Peer::answering("HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\n{}").await;
    let acquirer = StripeAcquirer::new(settings(peer.port)).unwrap();
    let good = card(GOOD);
    let outcome = acquirer.authorise(order("buy-10", &good, dollars(1), true)).await;
    assert!(matches!(&outcome, Err(ConnectError::Unavailable(words)) if !words.contains(GOOD)), "{outcome:?}");
    let request = peer.heard().await;
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.contains("authorization: bearer sk_test_florin") && head.contains("idempotency-key: buy-10-card-and-code"), "{head}");
    assert!(head.contains("content-type: application/x-www-form-urlencoded") && !head.contains(GOOD), "{head}");
    assert_eq!(body, "type=card&card%5Bnumber%5D=4242424242424242&card%5Bexp_month%5D=9&card%5Bexp_year%5D=2031&card%5Bcvc%5D=123");
}

/// An account with so many payments that its list does not end, which only the search gets to the bottom of.
#[tokio::test]
async fn a_payment_beyond_the_list_is_searched_for() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = read_request(&mut stream).await;
            let body = if request.contains("/search?") && request.contains("old-1") {
                r#"{"data":[{"id":"pi_old","status":"requires_capture","metadata":{"florin_key":"old-1"}}],"has_more":false}"#
            } else if request.contains("/search?") {
                r#"{"data":[],"has_more":false}"#
            } else {
                r#"{"data":[{"id":"pi_new","status":"succeeded","metadata":{}}],"has_more":true}"#
            };
            let answer = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let acquirer = StripeAcquirer::new(settings(port)).unwrap();
    let good = card(GOOD);
    let found = acquirer.authorised(order("old-1", &good, dollars(1), false)).await.unwrap();
    assert_eq!(approved(found.expect("the search knows it")), "pi_old");
    assert_eq!(acquirer.authorised(order("old-2", &good, dollars(1), false)).await, Ok(None));
}

#[test]
fn settings_that_would_show_cards_to_the_network_are_refused() {
    for base_url in ["http://api.stripe.com", "ftp://localhost", "api.stripe.com"] {
        let outcome = StripeAcquirer::new(StripeSettings { base_url: base_url.to_owned(), ..settings(1) });
        assert!(matches!(outcome, Err(ConnectError::Misconfigured(_))), "{base_url}");
    }
    for secret_key in ["", "sk_test\n", "sk test"] {
        let outcome = StripeAcquirer::new(StripeSettings { secret_key: Secret::new(secret_key.to_owned()), ..settings(1) });
        assert!(matches!(outcome, Err(ConnectError::Misconfigured(_))), "{secret_key:?}");
    }
    let printed = format!("{:?} {:?}", settings(1), StripeAcquirer::new(settings(1)).unwrap());
    assert!(!printed.contains("sk_test"), "{printed}");
}

#[test]
fn orders_print_nothing_of_what_is_paid_with() {
    let good = card(GOOD);
    let proof = Authentication {
        version: "2.2.0".to_owned(),
        value: "the proof".to_owned(),
        eci: "05".to_owned(),
        transaction: "t".to_owned(),
        status: 'Y',
    };
    let by_card = Authorise { authentication: Some(proof), ..order("k", &good, dollars(1), true) };
    let by_wallet = Authorise {
        means: Means::Wallet { provider: WalletProvider::PayPal, token: "a secret token" },
        ..order("k", &good, dollars(1), true)
    };
    let printed = format!("{by_card:?} {by_wallet:?}");
    assert!(!printed.contains("4242") && !printed.contains("the proof") && !printed.contains("a secret token"), "{printed}");
    assert!(printed.contains("Card(..)") && printed.contains("Wallet(paypal, ..)"), "{printed}");
}
