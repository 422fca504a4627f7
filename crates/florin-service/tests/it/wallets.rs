//! What shoppers keep: cards, gift cards, accounts at providers; and what becomes of it.

use std::time::Duration;

use florin_domain::fault::Fault;
use florin_domain::instrument::{Instrument, InstrumentKind, InstrumentStatus};
use florin_domain::payment::TransactionState;
use florin_domain::shopper::WalletKind;
use florin_domain::time::{days, hours, minutes};
use florin_domain::{Currency, Money, Timestamp};
use florin_service::caller::ShopperCaller;
use florin_service::captures::{self, GiveCard};
use florin_service::gift_cards::{self, Slip};
use florin_service::instruments::{self, VerifyItem};
use florin_service::step_up::{self, StepUpKind, Typed};
use florin_service::wallets::{self, AddAccount, Replaces};
use florin_service::{ServiceError, Tx, WalletProvider};

use crate::shop::{GOOD_CARD, OTHER_CARD, Shop, code, typed};

const GIFT_NUMBER: &str = "6280003090791562689";
const GIFT_PIN: &str = "1945";
/// A number of the same programme that no card has.
const NO_GIFT_NUMBER: &str = "6280009999999999";

#[tokio::test]
async fn a_card_is_kept_once_and_found_by_its_shopper_alone() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let (jo, jim) = (shop.shopper(&merchant, "jo").await, shop.shopper(&merchant, "jim").await);
    let card = shop.card(&jo, GOOD_CARD).await.unwrap();
    assert_eq!((card.kind, card.status, card.primary, card.code_checked), (InstrumentKind::Card, InstrumentStatus::Verified, true, true));
    assert_eq!((card.network.as_deref(), card.bin.as_deref(), card.suffix.as_deref()), (Some("VISA"), Some("424242"), Some("4242")));
    assert!(!card.sealed.windows(6).any(|window| window == b"424242"), "the number is sealed");

    let again = shop.card(&jo, GOOD_CARD).await.unwrap();
    assert_eq!((again.id.clone(), again.token), (card.id.clone(), card.token));
    let other = shop.card(&jo, OTHER_CARD).await.unwrap();
    assert!(!other.primary);
    assert_eq!(shop.wallet(&jo).await.len(), 2);
    assert!(shop.wallet(&jim).await.is_empty());
    assert_eq!(code(instruments::remove(&shop.cx, &jim, &card.id, None).await), "instrument");
    instruments::remove(&shop.cx, &jo, &card.id, None).await.unwrap();
    assert_eq!(code(instruments::remove(&shop.cx, &jo, &card.id, None).await), "instrument");
    assert_eq!(shop.wallet(&jo).await.len(), 1);

    instruments::delete_wallet(&shop.cx, &merchant, &jo.shopper, WalletKind::Everyday).await.unwrap();
    assert_eq!(shop.wallet(&jo).await.len(), 1, "the other wallet is another wallet");
    instruments::delete_wallet(&shop.cx, &merchant, &jo.shopper, WalletKind::Merchant).await.unwrap();
    assert!(shop.wallet(&jo).await.is_empty());
}

#[tokio::test]
async fn a_capture_makes_one_card_however_often_its_form_is_sent() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let jo = shop.shopper(&merchant, "jo").await;
    let capture = captures::begin(&shop.cx, &jo, "twice").await.unwrap();
    assert_eq!(capture.url, format!("https://florin.test/container-ws/getCaptureFrame/{}", capture.id));
    assert!(captures::view(&shop.cx, capture.id).await.unwrap().open);

    let refused = GiveCard { card_number: "4000000000000002".to_owned(), ..typed(GOOD_CARD) };
    assert_eq!(code(captures::finish(&shop.cx, capture.id, refused).await), "card_number");
    let (one, two) =
        tokio::join!(captures::finish(&shop.cx, capture.id, typed(GOOD_CARD)), captures::finish(&shop.cx, capture.id, typed(OTHER_CARD)));
    assert_eq!(one.unwrap().id, two.unwrap().id);
    assert_eq!(shop.wallet(&jo).await.len(), 1);
    assert!(!captures::view(&shop.cx, capture.id).await.unwrap().open);

    let late = captures::begin(&shop.cx, &jo, "late").await.unwrap();
    shop.wait(Duration::from_secs(1_801)).await;
    assert_eq!(code(captures::finish(&shop.cx, late.id, typed(GOOD_CARD)).await), "capture_ended");
}

#[tokio::test]
async fn nobody_begins_more_than_ten_captures_a_minute() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let (jo, jim) = (shop.shopper(&merchant, "jo").await, shop.shopper(&merchant, "jim").await);
    let mut refused = 0;
    for _ in 0..21 {
        refused += u32::from(captures::begin(&shop.cx, &jo, "again").await.is_err());
    }
    assert!(refused >= 1, "twenty at the most, if a minute ended meanwhile");
    assert!(captures::begin(&shop.cx, &jim, "first").await.is_ok());
    shop.wait(Duration::from_secs(61)).await;
    assert!(captures::begin(&shop.cx, &jo, "later").await.is_ok());
}

#[tokio::test]
async fn what_a_guest_brings_is_gone_with_the_token() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let guest = shop.guest(&merchant).await;
    let card = shop.card(&guest, GOOD_CARD).await.unwrap();
    assert_eq!((card.status, card.gone_at, card.primary), (InstrumentStatus::Transient, Some(guest.until), false));
    assert!(card.id.as_str().contains('-'));
    assert!(shop.wallet(&guest).await.is_empty(), "never listed");
    assert!(found(&shop, &guest, &card).await.is_some());
    let next = shop.guest(&merchant).await;
    assert!(found(&shop, &next, &card).await.is_none(), "the same person's next visit is another guest's");
    shop.wait(hours(1)).await;
    assert!(found(&shop, &guest, &card).await.is_none());
    shop.wait(hours(8)).await;
    let id = card.id.clone();
    let row = shop.cx.store.read(move |tx: &mut Tx<'_>| tx.find_instrument(&id).map_err(ServiceError::from)).await.unwrap();
    assert!(row.is_none(), "not even the sealed number is left");
}

async fn found(shop: &Shop, shopper: &ShopperCaller, instrument: &Instrument) -> Option<Instrument> {
    let (wallet, id, token, now) = (shopper.wallet, instrument.id.clone(), instrument.token, shop.cx.clock.now());
    shop.cx.store.read(move |tx: &mut Tx<'_>| instruments::find_for(tx, wallet, Some(&id), Some(token), now)).await.unwrap()
}

#[tokio::test]
async fn a_step_up_token_is_good_once_for_its_card_and_for_minutes() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let jo = shop.shopper(&merchant, "jo").await;
    let (card, other) = (shop.card(&jo, GOOD_CARD).await.unwrap(), shop.card(&jo, OTHER_CARD).await.unwrap());
    let url = step_up::url(&shop.cx, StepUpKind::CodeAndExpiry, &card);
    let mut parts = url.strip_prefix("https://florin.test/container-ws/cvvExpiry/").unwrap().split('/');
    let capability = parts.next().unwrap().to_owned();
    assert_eq!(parts.next(), Some(card.id.as_str()));

    let kind = StepUpKind::CodeAndExpiry;
    assert_eq!(step_up::view(&shop.cx, kind, &capability, &card.id).await.unwrap().suffix.as_deref(), Some("4242"));
    assert_eq!(code(step_up::view(&shop.cx, kind, &capability, &other.id).await), "card");
    assert_eq!(code(step_up::view(&shop.cx, StepUpKind::Code, &capability, &card.id).await), "card");
    let give = |code: &str, expiry: &str| Typed { code: code.to_owned(), expiry: Some(expiry.to_owned()) };
    assert_eq!(code(step_up::take(&shop.cx, kind, &capability, &card.id, give("12", "12/39")).await), "card_cvc");
    assert_eq!(code(step_up::take(&shop.cx, kind, &capability, &card.id, give("123", "12/19")).await), "card_expiry");
    let token = step_up::take(&shop.cx, kind, &capability, &card.id, give("123", "11/38")).await.unwrap();
    let renewed = shop.wallet(&jo).await.into_iter().find(|found| found.id == card.id).unwrap();
    assert_eq!(renewed.expiry.map(|expiry| (expiry.year, expiry.month)), Some((2038, 11)));

    let verify = async |instrument: &Instrument, token: &str| {
        let item = VerifyItem { token: instrument.token, step_up: Some(token.to_owned()) };
        let verified = instruments::verify(&shop.cx, &jo, "a check", vec![item], None).await.unwrap();
        verified.items[0].result.clone().map(|service| service.message)
    };
    assert_eq!(verify(&other, &token).await, Err(Fault::StepUpIllegal));
    assert_eq!(verify(&card, &token).await, Ok("ACCEPTED".to_owned()));
    assert_eq!(verify(&card, &token).await, Err(Fault::StepUpIllegal));
    let token = step_up::take(&shop.cx, kind, &capability, &card.id, give("123", "11/38")).await.unwrap();
    shop.wait(Duration::from_secs(901)).await;
    assert_eq!(verify(&card, &token).await, Err(Fault::StepUpExpired));
    shop.wait(days(2)).await;
    assert_eq!(code(step_up::view(&shop.cx, kind, &capability, &card.id).await), "card");
}

#[tokio::test]
async fn verifications_are_numbered_and_unknown_instruments_named() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let (jo, jim) = (shop.shopper(&merchant, "jo").await, shop.shopper(&merchant, "jim").await);
    let (card, strange) = (shop.card(&jo, GOOD_CARD).await.unwrap(), shop.card(&jim, GOOD_CARD).await.unwrap());
    let items = [&card, &strange].map(|instrument| VerifyItem { token: instrument.token, step_up: None });
    let verified = instruments::verify(&shop.cx, &jo, "two", items.to_vec(), None).await.unwrap();
    let numbers: Vec<_> = verified.items.iter().map(|item| item.reference.number() - verified.receipt.number()).collect();
    assert_eq!(numbers, [1, 2]);
    assert!(verified.items[0].result.is_ok());
    assert_eq!(verified.items[1].result, Err(Fault::UnknownInstrument));
}

fn slip(pin: &str) -> Slip {
    Slip { number: GIFT_NUMBER.to_owned(), pin: pin.to_owned() }
}

async fn issue(shop: &Shop) {
    for _ in 0..2 {
        gift_cards::issue(&shop.cx, GIFT_NUMBER, GIFT_PIN, Money::new(10_000, Currency::Aud), jiff::civil::date(2039, 12, 31))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_gift_card_opens_with_its_pin_and_not_by_trying() {
    let shop = Shop::open().await;
    issue(&shop).await;
    let merchant = shop.merchant("10006").await;
    let jo = shop.shopper(&merchant, "jo").await;
    start_of_a_minute(&shop).await;
    let (card, balance) = gift_cards::tokenise(&shop.cx, &jo, slip(GIFT_PIN), false, true).await.unwrap();
    assert_eq!((balance.amount.minor(), balance.expired), (10_000, false));
    assert_eq!(card.network.as_deref(), Some("Everyday Gift Card"));
    let once = gift_cards::tokenise(&shop.cx, &jo, slip(GIFT_PIN), false, false).await.unwrap().0;
    assert_eq!(once.id, card.id, "what is kept stays kept");
    assert_eq!(gift_cards::balances(&shop.cx, &jo, std::slice::from_ref(&card.id)).await.unwrap()[0].1, balance);

    let unknown = Slip { number: "6280005040003059923".to_owned(), pin: "0000".to_owned() };
    assert_eq!(code(gift_cards::tokenise(&shop.cx, &jo, unknown, false, true).await), "gift_card_details");
    for _ in 0..5 {
        assert_eq!(code(gift_cards::tokenise(&shop.cx, &jo, slip("0000"), false, true).await), "gift_card_details");
    }
    assert_eq!(code(gift_cards::tokenise(&shop.cx, &jo, slip("0000"), false, true).await), "too many");
    assert_eq!(code(gift_cards::tokenise(&shop.cx, &jo, slip(GIFT_PIN), false, true).await), "too many");
    shop.wait(Duration::from_secs(61)).await;
    for _ in 0..8 {
        assert!(gift_cards::tokenise(&shop.cx, &jo, slip(GIFT_PIN), false, true).await.is_ok(), "the right PIN is never too much");
    }
    let mut refused = 0;
    for _ in 0..11 {
        refused += u32::from(gift_cards::balance_of(&shop.cx, &jo, slip(GIFT_PIN)).await.is_err());
    }
    assert!(refused >= 1);
}

/// Waits until a minute begins, so that what is counted by the minute is counted in one.
async fn start_of_a_minute(shop: &Shop) {
    const MINUTE: i64 = 60_000_000;
    let now: Timestamp = shop.cx.clock.now();
    let left = MINUTE - now.micros().rem_euclid(MINUTE);
    shop.wait(Duration::from_micros(left.unsigned_abs())).await;
}

#[tokio::test]
async fn a_gift_card_that_is_not_saved_is_there_for_the_visit() {
    let shop = Shop::open().await;
    issue(&shop).await;
    let merchant = shop.merchant("10006").await;
    let jo = shop.shopper(&merchant, "jo").await;
    let (once, _) = gift_cards::tokenise(&shop.cx, &jo, slip(GIFT_PIN), true, false).await.unwrap();
    assert!(found(&shop, &jo, &once).await.is_some());
    assert!(shop.wallet(&jo).await.is_empty());
    let (kept, _) = gift_cards::tokenise(&shop.cx, &jo, slip(GIFT_PIN), false, true).await.unwrap();
    assert!(kept.primary && !kept.id.as_str().contains('-'));
    assert!(found(&shop, &jo, &once).await.is_none(), "the card is in the wallet once");
}

#[tokio::test]
async fn accounts_at_providers_come_and_are_renewed() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let jo = shop.shopper(&merchant, "jo").await;
    let add = async |provider, token: &str, primary, replaces| {
        wallets::add(&shop.cx, &jo, AddAccount { provider, token: token.to_owned(), primary, replaces }).await
    };
    let paypal = add(WalletProvider::PayPal, "fake-paypal-billing-agreement-nonce", false, None).await.unwrap();
    assert!(paypal.primary && paypal.account.is_some() && paypal.customer.is_some());
    let google = add(WalletProvider::GooglePay, r#"{"a":1}"#, true, None).await.unwrap();
    let other = add(WalletProvider::GooglePay, r#"{"a":2}"#, false, None).await.unwrap();
    assert_eq!((other.id.clone(), other.token), (google.id.clone(), google.token), "a wallet has one of these");
    assert_ne!(other.fingerprint, google.fingerprint);
    assert!(other.primary, "what is paid with first stays so");
    assert!(!shop.wallet(&jo).await[0].primary);

    assert_eq!(code(add(WalletProvider::PayPal, "refuse", false, None).await), "refused_outside");
    assert_eq!(code(add(WalletProvider::ApplePay, "{}", false, Some(Replaces::Token(google.token))).await), "instrument");
    let apple = add(WalletProvider::ApplePay, "{}", false, None).await.unwrap();
    let renewed = add(WalletProvider::ApplePay, r#"{"b":1}"#, false, Some(Replaces::Instrument(apple.id.clone()))).await.unwrap();
    assert_eq!(renewed.id, apple.id);
    assert_eq!(shop.wallet(&jo).await.len(), 3);
}

#[tokio::test]
async fn twenty_wrong_pins_close_a_card_for_the_rest_of_the_day() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let jo = shop.shopper(&merchant, "jo").await;
    let expires_on = "2039-12-31".parse().unwrap();
    gift_cards::issue(&shop.cx, GIFT_NUMBER, GIFT_PIN, Money::new(5_000, Currency::Aud), expires_on).await.unwrap();
    let tries = async |number: &str, pin: &str| {
        let slip = Slip { number: number.to_owned(), pin: pin.to_owned() };
        gift_cards::tokenise(&shop.cx, &jo, slip, false, true).await
    };
    let ann = shop.shopper(&merchant, "ann").await;
    let slip = Slip { number: GIFT_NUMBER.to_owned(), pin: GIFT_PIN.to_owned() };
    let (kept, _) = gift_cards::tokenise(&shop.cx, &ann, slip, false, true).await.unwrap();
    shop.wait_for_next(days(1)).await;
    for _ in 0..4 {
        for number in [GIFT_NUMBER, NO_GIFT_NUMBER] {
            for _ in 0..5 {
                assert_eq!(code(tries(number, "0000").await), "gift_card_details");
            }
            // What the minute's count refuses is no try.
            assert_eq!(code(tries(number, "0000").await), "too many");
        }
        shop.wait_for_next(minutes(1)).await;
    }
    let told = |refused: Result<_, ServiceError>| match refused.map(|_| ()) {
        Err(ServiceError::TooMany { retry_after_s, .. }) => retry_after_s,
        other => panic!("{other:?}"),
    };
    assert!(told(tries(GIFT_NUMBER, GIFT_PIN).await) > 80_000);
    assert!(told(tries(NO_GIFT_NUMBER, GIFT_PIN).await) > 80_000, "nobody learns which numbers there are");
    let paid = shop.pay_with(&ann, (&kept, Some(GIFT_PIN)), 1_000, None).await;
    assert_eq!(paid.state, TransactionState::Approved, "no stranger closes a card to who keeps it");
    // Longer than counts of a minute are kept.
    shop.wait(hours(20)).await;
    assert!(told(tries(GIFT_NUMBER, GIFT_PIN).await) > 3_600);
    shop.wait_for_next(days(1)).await;
    let (card, balance) = tries(GIFT_NUMBER, GIFT_PIN).await.unwrap();
    assert_eq!((card.kind, balance.amount.minor()), (InstrumentKind::GiftCard, 4_000));
}
