//! Renewals of kept cards: the page and the elements both ask the issuer before an expiry is believed.

use std::sync::Arc;

use florin_connect::CardCheck;
use florin_domain::frames::{FramesKind, FramesWish};
use florin_domain::instrument::Instrument;
use florin_domain::time::minutes;
use florin_service::ServiceError;
use florin_service::caller::ShopperCaller;
use florin_service::frames::{self, Completed, Completion, FramesStart, NewFramesAction, Piece};
use florin_service::step_up::{self, StepUpKind, Typed};

use crate::issuer::Issuer;
use crate::shop::{GOOD_CARD, Shop, code};

/// The year in which no card of this issuer runs out.
const UNKNOWN_YEAR: i32 = 2042;

/// An issuer knows its cards by their expiry.
fn knows(check: &CardCheck<'_>) -> bool {
    i32::from(check.card.expiry.year) != UNKNOWN_YEAR
}

async fn shop_with_card() -> (Shop, ShopperCaller, Instrument) {
    let shop = Shop::open_in(|world| world.acquirer = Arc::new(Issuer { knows, ..Issuer::of(&world.acquirer) })).await;
    let merchant = shop.merchant("10006").await;
    let jo = shop.shopper(&merchant, "jo").await;
    let card = shop.card(&jo, GOOD_CARD).await.unwrap();
    (shop, jo, card)
}

/// The year in which the only card of the wallet runs out.
async fn year(shop: &Shop, jo: &ShopperCaller) -> i32 {
    shop.wallet(jo).await[0].expiry.unwrap().year.into()
}

#[tokio::test]
async fn an_expiry_that_the_issuer_does_not_know_is_not_taken_from_the_page() {
    let (shop, jo, card) = shop_with_card().await;
    let url = step_up::url(&shop.cx, StepUpKind::CodeAndExpiry, &card);
    let capability = url.rsplit('/').nth(1).unwrap().to_owned();
    let give = async |expiry: &str| {
        let typed = Typed { code: "123".to_owned(), expiry: Some(expiry.to_owned()) };
        step_up::take(&shop.cx, StepUpKind::CodeAndExpiry, &capability, &card.id, typed).await
    };
    assert_eq!(code(give("11/42").await), "card_expiry");
    assert_eq!(year(&shop, &jo).await, 2039);
    give("11/41").await.unwrap();
    assert_eq!(year(&shop, &jo).await, 2041);
}

async fn begin(shop: &Shop, jo: &ShopperCaller, card: &Instrument) -> FramesStart {
    let wish = FramesWish { save: true, verify: true, authenticate: false };
    let new = NewFramesAction { kind: FramesKind::UpdateCard, instrument: Some(card.id.clone()), wish, everyday: false };
    frames::begin(&shop.cx, jo, new).await.unwrap()
}

async fn types(shop: &Shop, start: &FramesStart, expiry: &str) {
    let piece = Piece { number: None, expiry: Some(expiry.to_owned()), code: Some("123".to_owned()) };
    frames::submit(&shop.cx, start.action, piece).await.unwrap();
}

async fn complete(shop: &Shop, jo: &ShopperCaller, start: &FramesStart) -> Result<Completed, ServiceError> {
    let (kind, responses) = (FramesKind::UpdateCard, Vec::new());
    let wish = Completion { kind, action: start.action, session: Some(start.session), save: None, responses };
    frames::complete(&shop.cx, jo, wish).await
}

#[tokio::test]
async fn an_expiry_that_the_issuer_does_not_know_is_not_taken_from_an_element() {
    let (shop, jo, card) = shop_with_card().await;
    let start = begin(&shop, &jo, &card).await;
    types(&shop, &start, "11/42").await;
    let refused = complete(&shop, &jo, &start).await;
    assert!(matches!(&refused, Err(ServiceError::Invalid { message, .. }) if message.starts_with("was declined")), "{refused:?}");
    assert_eq!((code(refused), year(&shop, &jo).await), ("cardExpiry", 2039));
    types(&shop, &start, "11/41").await;
    let confirmed = complete(&shop, &jo, &start).await.unwrap();
    assert!(matches!(&confirmed, Completed::Confirmed { step_up_token: Some(_), .. }), "{confirmed:?}");
    assert_eq!((code(complete(&shop, &jo, &start).await), year(&shop, &jo).await), ("frames_ended", 2041));
}

#[tokio::test]
async fn an_update_that_is_over_asks_nobody() {
    let (shop, jo, card) = shop_with_card().await;
    let start = begin(&shop, &jo, &card).await;
    types(&shop, &start, "11/42").await;
    shop.wait(minutes(15)).await;
    assert_eq!(code(complete(&shop, &jo, &start).await), "frames_ended");
}
