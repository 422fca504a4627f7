//! Cards typed into elements, and cardholders authenticated, for a card and for a payment.

use florin_connect::Authentication;
use florin_domain::frames::{FramesKind, FramesWish};
use florin_domain::instrument::{Instrument, InstrumentId};
use florin_domain::movement::MovementState;
use florin_domain::payment::{Atomicity, Transaction, TransactionState};
use florin_domain::three_ds::ThreeDsState;
use florin_domain::time::minutes;
use florin_domain::{Currency, Money};
use florin_service::caller::ShopperCaller;
use florin_service::captures;
use florin_service::frames::{self, Completed, Completion, FramesStart, NewFramesAction, Piece};
use florin_service::payments::{self, Kinds, PayAnswer, PayItem, PayOrder};
use florin_service::three_ds::{self, Decision, Enrolled, ThreeDsRefusal, ThreeDsResponse};
use florin_service::{Secret, ServiceError};

use crate::shop::{GOOD_CARD, Shop, code, process, typed};

const CHALLENGED: &str = "4000000000003105";
const UNSEEN: &str = "4000000000003006";
const NEVER: &str = "4000000000003204";
/// The issuer does not want it.
const DECLINED: &str = "4000000000000002";
/// Payments with it are approved, but the answer does not arrive.
const SILENT: &str = "4000000000006801";

async fn begin(shop: &Shop, shopper: &ShopperCaller, kind: FramesKind, (card, authenticate): (Option<&Instrument>, bool)) -> FramesStart {
    let wish = FramesWish { save: true, verify: true, authenticate };
    let new = NewFramesAction { kind, instrument: card.map(|card| card.id.clone()), wish, everyday: false };
    frames::begin(&shop.cx, shopper, new).await.unwrap()
}

fn piece(number: Option<&str>, expiry: Option<&str>, code: Option<&str>) -> Piece {
    Piece { number: number.map(str::to_owned), expiry: expiry.map(str::to_owned), code: code.map(str::to_owned) }
}

async fn types(shop: &Shop, start: &FramesStart, number: &str) {
    for piece in [piece(Some(number), None, None), piece(None, Some("12/39"), None), piece(None, None, Some("123"))] {
        frames::submit(&shop.cx, start.action, piece).await.unwrap();
    }
}

fn completion(kind: FramesKind, start: &FramesStart, response: Option<ThreeDsResponse>) -> Completion {
    let responses = response.into_iter().collect();
    Completion { kind, action: start.action, session: Some(start.session), save: None, responses }
}

async fn complete(shop: &Shop, shopper: &ShopperCaller, start: &FramesStart) -> Result<Completed, ServiceError> {
    frames::complete(&shop.cx, shopper, completion(FramesKind::CaptureCard, start, None)).await
}

async fn answer(shop: &Shop, shopper: &ShopperCaller, start: &FramesStart, response: ThreeDsResponse) -> Completed {
    frames::complete(&shop.cx, shopper, completion(FramesKind::CaptureCard, start, Some(response))).await.unwrap()
}

fn demanded(completed: Completed) -> String {
    let Completed::AuthenticationRequired(token) = completed else { panic!("{completed:?}") };
    token
}

fn captured(completed: Completed) -> Instrument {
    let Completed::Captured(instrument) = completed else { panic!("{completed:?}") };
    *instrument
}

fn challenged(enrolled: &Enrolled) -> ThreeDsResponse {
    ThreeDsResponse { frictionless: false, token: Secret::new(enrolled.session.transaction.to_string()), reference: None }
}

async fn confirms(shop: &Shop, enrolled: &Enrolled, code: &str) -> ThreeDsState {
    let decision = Decision::Code(code.to_owned());
    three_ds::decide(&shop.cx, enrolled.session.transaction, decision).await.unwrap().session.state
}

#[tokio::test]
async fn a_card_typed_in_pieces_comes_into_the_wallet_once() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let (shopper, stranger) = (shop.shopper(&merchant, "anna").await, shop.shopper(&merchant, "bert").await);
    let start = begin(&shop, &shopper, FramesKind::CaptureCard, (None, false)).await;
    assert_eq!(code(complete(&shop, &shopper, &start).await), "cardNo");
    types(&shop, &start, GOOD_CARD).await;
    assert_eq!(code(complete(&shop, &stranger, &start).await), "action", "it is nobody else's");
    let wish = Completion { session: None, ..completion(FramesKind::CaptureCard, &start, None) };
    assert_eq!(code(frames::complete(&shop.cx, &shopper, wish).await), "action", "without its session it is nobody's");
    let card = captured(complete(&shop, &shopper, &start).await.unwrap());
    assert_eq!(captured(complete(&shop, &shopper, &start).await.unwrap()).id, card.id, "again it is the same");
    assert_eq!(shop.wallet(&shopper).await.len(), 1);
    assert_eq!(code(frames::submit(&shop.cx, start.action, piece(None, None, Some("123"))).await), "frames_ended");

    let again = begin(&shop, &shopper, FramesKind::CaptureCard, (None, false)).await;
    types(&shop, &again, GOOD_CARD).await;
    let Completed::Confirmed { instrument, step_up_token } = complete(&shop, &shopper, &again).await.unwrap() else { panic!() };
    assert!(instrument == card.id && step_up_token.is_some(), "a card that is there is confirmed");
}

#[tokio::test]
async fn a_code_is_known_to_the_process_that_took_it_and_for_a_quarter_of_an_hour() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let shopper = shop.shopper(&merchant, "anna").await;
    let start = begin(&shop, &shopper, FramesKind::CaptureCard, (None, false)).await;
    types(&shop, &start, GOOD_CARD).await;
    let other = process(&shop.database, &crate::shop::master(), None).await.unwrap();
    let elsewhere = frames::complete(&other, &shopper, completion(FramesKind::CaptureCard, &start, None)).await;
    assert_eq!(code(elsewhere), "cardCVV");
    shop.wait(minutes(15)).await;
    assert_eq!(code(complete(&shop, &shopper, &start).await), "frames_ended");
}

#[tokio::test]
async fn a_challenge_is_met_before_the_card_is_kept() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let (shopper, stranger) = (shop.shopper(&merchant, "anna").await, shop.shopper(&merchant, "bert").await);
    let start = begin(&shop, &shopper, FramesKind::CaptureCard, (None, false)).await;
    types(&shop, &start, CHALLENGED).await;
    let token = demanded(complete(&shop, &shopper, &start).await.unwrap());
    assert_eq!(demanded(complete(&shop, &shopper, &start).await.unwrap()), token, "it goes on with the session it has");
    assert_eq!(code(three_ds::enrol(&shop.cx, &stranger, &token).await), "3DS session");
    assert_eq!(code(three_ds::enrol(&shop.cx, &shopper, &format!("{token}x")).await), "3DS session");
    let enrolled = three_ds::enrol(&shop.cx, &shopper, &token).await.unwrap();
    let early = answer(&shop, &shopper, &start, challenged(&enrolled)).await;
    assert!(matches!(early, Completed::NotAuthenticated(ThreeDsRefusal::NotDone)), "{early:?}");
    assert_eq!(confirms(&shop, &enrolled, "000000").await, ThreeDsState::Challenged { tries: 1 });
    assert_eq!(confirms(&shop, &enrolled, "123456").await.name(), "authenticated");
    let card = captured(answer(&shop, &shopper, &start, challenged(&enrolled)).await);
    assert_eq!(card.suffix.as_deref(), Some("3105"));
}

#[tokio::test]
async fn a_number_typed_anew_needs_its_own_authentication() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let shopper = shop.shopper(&merchant, "anna").await;
    let start = begin(&shop, &shopper, FramesKind::CaptureCard, (None, true)).await;
    types(&shop, &start, UNSEEN).await;
    let token = demanded(complete(&shop, &shopper, &start).await.unwrap());
    let enrolled = three_ds::enrol(&shop.cx, &shopper, &token).await.unwrap();
    assert!(matches!(enrolled.session.state, ThreeDsState::Authenticated { frictionless: true, .. }));
    let unseen = ThreeDsResponse { frictionless: true, token: Secret::new(enrolled.response_token.clone()), reference: Some(token) };
    types(&shop, &start, CHALLENGED).await;
    let refused = answer(&shop, &shopper, &start, unseen.clone()).await;
    assert!(matches!(refused, Completed::NotAuthenticated(ThreeDsRefusal::Invalid)), "{refused:?}");
    types(&shop, &start, UNSEEN).await;
    captured(answer(&shop, &shopper, &start, unseen).await);
}

#[tokio::test]
async fn who_is_not_authenticated_keeps_no_card() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let shopper = shop.shopper(&merchant, "anna").await;
    for (number, expected) in [(NEVER, "failed"), (CHALLENGED, "challenged")] {
        let start = begin(&shop, &shopper, FramesKind::CaptureCard, (None, true)).await;
        types(&shop, &start, number).await;
        let token = demanded(complete(&shop, &shopper, &start).await.unwrap());
        let enrolled = three_ds::enrol(&shop.cx, &shopper, &token).await.unwrap();
        assert_eq!(enrolled.session.state.name(), expected);
        if expected == "challenged" {
            three_ds::decide(&shop.cx, enrolled.session.transaction, Decision::Cancel).await.unwrap();
            assert_eq!(confirms(&shop, &enrolled, "123456").await, ThreeDsState::Failed, "it is over");
        }
        let refused = answer(&shop, &shopper, &start, challenged(&enrolled)).await;
        assert!(matches!(refused, Completed::NotAuthenticated(ThreeDsRefusal::Rejected)), "{refused:?}");
    }
    assert!(shop.wallet(&shopper).await.is_empty());
}

#[tokio::test]
async fn a_kept_card_gets_a_new_expiry_and_a_token_with_its_code() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let (shopper, stranger) = (shop.shopper(&merchant, "anna").await, shop.shopper(&merchant, "bert").await);
    let card = shop.card(&shopper, GOOD_CARD).await.unwrap();
    let wish = FramesWish { save: true, verify: true, authenticate: false };
    let new = |instrument| NewFramesAction { kind: FramesKind::StepUp, instrument, wish, everyday: false };
    assert_eq!(code(frames::begin(&shop.cx, &stranger, new(Some(card.id.clone()))).await), "payment instrument");
    assert_eq!(code(frames::begin(&shop.cx, &shopper, new(None)).await), "paymentInstrumentId");
    let start = begin(&shop, &shopper, FramesKind::UpdateCard, (Some(&card), false)).await;
    frames::submit(&shop.cx, start.action, piece(None, Some("11/41"), Some("123"))).await.unwrap();
    let completed = frames::complete(&shop.cx, &shopper, completion(FramesKind::UpdateCard, &start, None)).await.unwrap();
    let Completed::Confirmed { instrument, step_up_token } = completed else { panic!("{completed:?}") };
    assert_eq!((instrument, shop.wallet(&shopper).await[0].expiry.unwrap().year), (card.id.clone(), 2041));
    let item = PayItem { step_up: step_up_token, ..item(&card.id, 100) };
    assert_eq!(pay(&shop, &shopper, item).await.state, TransactionState::Approved);
}

fn item(card: &InstrumentId, minor: i64) -> PayItem {
    let (amount, authentication): (_, Option<Authentication>) = (Money::new(minor, Currency::Aud), None);
    PayItem { instrument: Some(card.clone()), token: None, amount, step_up: None, passcode: None, authentication, three_ds: None }
}

async fn pay(shop: &Shop, shopper: &ShopperCaller, item: PayItem) -> Transaction {
    let order = PayOrder {
        client_reference: "c".to_owned(),
        order_number: "o".to_owned(),
        kinds: Kinds::PURCHASES,
        items: vec![item],
        atomicity: Atomicity::KeepSuccesses,
        fraud: None,
    };
    match payments::pay(&shop.cx, shopper, order, None).await.unwrap() {
        PayAnswer::Concluded(transaction) => transaction,
        PayAnswer::Unknown(_) => panic!("the card is unknown"),
    }
}

#[tokio::test]
async fn a_payment_is_made_with_a_proof_that_is_good_once_and_for_no_more() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let shopper = shop.shopper(&merchant, "anna").await;
    let card = shop.card(&shopper, CHALLENGED).await.unwrap();
    let refused = pay(&shop, &shopper, item(&card.id, 4_550)).await;
    let demands = three_ds::demands(&shop.cx, &refused).await.unwrap();
    assert_eq!(three_ds::demands(&shop.cx, &refused).await.unwrap(), demands, "whoever asks again is told the same");
    let [(instrument, token)] = &demands[..] else { panic!("{demands:?}") };
    assert_eq!(*instrument, card.id);
    let enrolled = three_ds::enrol(&shop.cx, &shopper, token).await.unwrap();
    assert_eq!(confirms(&shop, &enrolled, "123456").await.name(), "authenticated");
    let with = |minor| PayItem { three_ds: Some(challenged(&enrolled)), ..item(&card.id, minor) };
    for (minor, expected) in [(4_551, TransactionState::Rejected), (4_550, TransactionState::Approved), (4_550, TransactionState::Rejected)]
    {
        let paid = pay(&shop, &shopper, with(minor)).await;
        assert_eq!(paid.state, expected, "{minor}");
        assert!(!matches!(paid.movements[0].state, MovementState::Asked));
    }
}

#[tokio::test]
async fn a_card_for_once_makes_way_for_one_that_stays_when_its_payments_are_known() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let shopper = shop.shopper(&merchant, "anna").await;
    let wish = FramesWish { save: false, verify: true, authenticate: false };
    let new = NewFramesAction { kind: FramesKind::CaptureCard, instrument: None, wish, everyday: false };
    let start = frames::begin(&shop.cx, &shopper, new).await.unwrap();
    types(&shop, &start, SILENT).await;
    let card = captured(complete(&shop, &shopper, &start).await.unwrap());
    assert!(card.gone_at.is_some() && pay(&shop, &shopper, item(&card.id, 100)).await.is_open());
    let early = shop.card(&shopper, SILENT).await;
    assert!(matches!(early, Err(ServiceError::Unavailable { .. })), "{early:?}");
    // What is left behind at the end of the first span is looked after when the clock moves on.
    shop.wait(minutes(2)).await;
    shop.wait(minutes(1)).await;
    let kept = shop.card(&shopper, SILENT).await.unwrap();
    assert!(kept.id != card.id && kept.gone_at.is_none());
}

#[tokio::test]
async fn ten_cards_a_minute_are_tried_for_a_wallet_in_whatever_way() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let (shopper, other) = (shop.shopper(&merchant, "anna").await, shop.shopper(&merchant, "bert").await);
    let (mut pages, mut starts) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let start = begin(&shop, &shopper, FramesKind::CaptureCard, (None, false)).await;
        types(&shop, &start, DECLINED).await;
        starts.push(start);
        pages.push(captures::begin(&shop.cx, &shopper, "a card").await.unwrap().id);
    }
    shop.wait_for_next(minutes(1)).await;
    for turn in 0..4 {
        for start in &starts[..2] {
            assert_eq!(code(complete(&shop, &shopper, start).await), "declined", "{turn}");
        }
    }
    for page in &pages[..2] {
        assert_eq!(code(captures::finish(&shop.cx, *page, typed(DECLINED)).await), "card_number");
    }
    assert_eq!(code(complete(&shop, &shopper, &starts[2]).await), "too many", "another action is no other wallet");
    assert_eq!(code(captures::finish(&shop.cx, pages[2], typed(GOOD_CARD)).await), "too many");
    let start = begin(&shop, &other, FramesKind::CaptureCard, (None, false)).await;
    types(&shop, &start, GOOD_CARD).await;
    captured(complete(&shop, &other, &start).await.unwrap());
    shop.wait_for_next(minutes(1)).await;
    assert_eq!(code(complete(&shop, &shopper, &starts[2]).await), "declined");
}
