//! What is paid in store: requests and their uses, splits, till sessions, and what merchants do with payments afterwards.

use std::sync::Mutex;
use std::time::Duration;

use florin_domain::agreement::{AgreementKind, Frequency};
use florin_domain::fault::Fault;
use florin_domain::instrument::{Instrument, InstrumentId};
use florin_domain::movement::{Hold, Movement, MovementKind};
use florin_domain::payment::{Atomicity, Rollback, TransactionKind, TransactionState};
use florin_domain::payment_request::PaymentRequest;
use florin_domain::qr::QrReference;
use florin_domain::session::SessionState;
use florin_domain::shopper::WalletKind;
use florin_domain::split::{PaymentPreferences, SecondaryOrder, SecondaryPreference, Wish};
use florin_domain::time::{days, minutes};
use florin_domain::{Currency, Money, PaymentRequestId, SchemaId, Timestamp};
use florin_service::agreements::{self, ChargeAgreement, NewAgreement};
use florin_service::caller::{self, MerchantCaller, ShopperCaller};
use florin_service::follow_ups::FollowItem;
use florin_service::gift_cards::{self, Slip};
use florin_service::idempotency::IdempotencyKey;
use florin_service::instore::{self, Challenge, ChallengeKind, ImmediatePayment, InStoreFollowUp, PayRequest};
use florin_service::occasions::{self, InStoreTransaction, Sought};
use florin_service::payment_requests::{self, NewRequest, RequestFilter};
use florin_service::payments::Kinds;
use florin_service::preferences::{self, Groups, ShopperPreferences};
use florin_service::qr_codes::{self, NewQr};
use florin_service::schemas::{self, Given, NewSchema};
use florin_service::sessions::{self, NewSession, News};
use florin_service::{Page, Secret, ServiceError, Tx, instruments, terms, three_ds, verify};

use crate::gate::{self, through};
use crate::shop::{GOOD_CARD, OTHER_CARD, Shop, code};

const DECLINED: &str = "4000000000000341";
const UNKNOWN: &str = "4000000000006801";
const FIRST_GIFT: &str = "6280003090791562689";
const SECOND_GIFT: &str = "6280005040003059923";
const PIN: &str = "1945";

fn dollars(minor: i64) -> Money {
    Money::new(minor, Currency::Aud)
}

/// A request that is good for one payment of `minor` cents.
pub fn new_request(minor: i64) -> NewRequest {
    NewRequest {
        merchant_reference: "till 4".to_owned(),
        amount: dollars(minor),
        max_uses: Some(1),
        lives: None,
        wallet: None,
        basket: None,
        pos_payload: None,
        merchant_payload: None,
        qr: None,
    }
}

fn with(primary: &Instrument) -> PayRequest {
    wishing(Wish { primary: Some(primary.id.clone()), ..Wish::default() })
}

fn wishing(wish: Wish) -> PayRequest {
    PayRequest {
        wish,
        atomicity: Atomicity::AllOrNothing,
        client_reference: None,
        kinds: Kinds::PURCHASES,
        challenges: Vec::new(),
        fraud: None,
    }
}

fn immediate(items: &[(&Instrument, i64)]) -> ImmediatePayment {
    ImmediatePayment {
        client_reference: "c-1".to_owned(),
        order_number: "o-1".to_owned(),
        items: items.iter().map(|(instrument, minor)| (instrument.id.clone(), dollars(*minor))).collect(),
        atomicity: Atomicity::AllOrNothing,
        kinds: Kinds::PURCHASES,
        pos_payload: None,
        merchant_payload: None,
        challenges: Vec::new(),
        fraud: None,
    }
}

/// A merchant, and Jo with a card that is good.
struct Till {
    shop: Shop,
    merchant: MerchantCaller,
    jo: ShopperCaller,
    card: Instrument,
}

impl Till {
    async fn open() -> Self {
        Self::of(Shop::open().await).await
    }

    async fn of(shop: Shop) -> Self {
        let merchant = shop.merchant("10006").await;
        let jo = shop.shopper(&merchant, "jo").await;
        let card = shop.card(&jo, GOOD_CARD).await.unwrap();
        Self { shop, merchant, jo, card }
    }

    async fn ask(&self, new: NewRequest) -> PaymentRequest {
        payment_requests::create(&self.shop.cx, &self.merchant, new, None).await.unwrap().request
    }

    async fn pay(&self, request: PaymentRequestId, how: PayRequest) -> Result<InStoreTransaction, ServiceError> {
        instore::pay(&self.shop.cx, &self.jo, request, how, None).await
    }

    async fn standing(&self, request: PaymentRequestId) -> PaymentRequest {
        payment_requests::find(&self.shop.cx, &self.merchant, request).await.unwrap()
    }

    /// Jo's card that behaves as its number says.
    async fn odd_card(&self, number: &str) -> Instrument {
        self.shop.card(&self.jo, number).await.unwrap()
    }

    /// A gift card in Jo's wallet with that much on it, good until the end of a year.
    async fn gift_card(&self, number: &str, minor: i64, year: i16) -> Instrument {
        let last = jiff::civil::date(year, 12, 31);
        gift_cards::issue(&self.shop.cx, number, PIN, dollars(minor), last).await.unwrap();
        let slip = Slip { number: number.to_owned(), pin: PIN.to_owned() };
        gift_cards::tokenise(&self.shop.cx, &self.jo, slip, false, true).await.unwrap().0
    }

    async fn left_on(&self, card: &Instrument) -> i64 {
        let fingerprint = card.fingerprint;
        let found = self.shop.cx.store.read(move |tx: &mut Tx<'_>| tx.find_gift_card(&fingerprint)).await.unwrap();
        found.unwrap().available().minor()
    }

    async fn found(&self, sought: Sought) -> Vec<InStoreTransaction> {
        let (total, found) = occasions::list(&self.shop.cx, &self.merchant, sought.clone(), Page::FIRST).await.unwrap();
        assert_eq!(total, u64::try_from(found.len()).unwrap());
        let seen = occasions::list_for_shopper(&self.shop.cx, &self.jo, sought, Page::FIRST).await.unwrap().1;
        let receipts = |list: &[InStoreTransaction]| list.iter().map(|item| item.occasion.receipt).collect::<Vec<_>>();
        assert_eq!(receipts(&seen), receipts(&found), "both sides see the same");
        found
    }

    async fn books_balance(&self) {
        let report = verify::check(&self.shop.cx.store).await.unwrap();
        assert!(report.is_clean(), "{:?}", report.violations);
    }
}

fn states(made: &InStoreTransaction) -> (TransactionState, Rollback) {
    (made.transaction.state, made.transaction.rollback)
}

#[tokio::test]
async fn a_request_is_paid_once_and_both_sides_see_it() {
    let till = Till::open().await;
    let asked = till.ask(NewRequest { basket: Some(r#"{"items":[]}"#.to_owned()), ..new_request(1_250) }).await;
    let seen = payment_requests::find_for_shopper(&till.shop.cx, &till.jo, asked.id).await.unwrap();
    assert_eq!(seen, asked);
    let made = till.pay(asked.id, with(&till.card)).await.unwrap();
    assert_eq!(states(&made), (TransactionState::Approved, Rollback::NotRequired));
    assert_eq!((made.occasion.gross, made.occasion.request, made.occasion.wallet), (dollars(1_250), asked.id, till.jo.wallet));
    assert_eq!(made.transaction.client_reference, made.occasion.id.to_string(), "it is named by its own id if nobody names it");
    assert_eq!(till.standing(asked.id).await.uses_left(till.shop.cx.clock.now()), Some(0));

    assert_eq!(code(till.pay(asked.id, with(&till.card)).await), "request_used");
    assert_eq!(code(payment_requests::find_for_shopper(&till.shop.cx, &till.jo, asked.id).await), "request_used");
    assert_eq!(code(payment_requests::close(&till.shop.cx, &till.merchant, asked.id, None).await), "request_used");
    let (found, of) = occasions::find(&till.shop.cx, &till.merchant, made.occasion.id).await.unwrap();
    assert_eq!((found.occasion, of.basket), (made.occasion.clone(), asked.basket.clone()));
    occasions::find_for_shopper(&till.shop.cx, &till.jo, made.occasion.id).await.unwrap();
    assert_eq!(till.found(Sought { request: Some(asked.id), ..Sought::default() }).await.len(), 1);

    let other = till.shop.merchant("petculture").await;
    let jim = till.shop.shopper(&till.merchant, "jim").await;
    assert_eq!(code(payment_requests::find(&till.shop.cx, &other, asked.id).await), "payment request");
    assert_eq!(code(occasions::find(&till.shop.cx, &other, made.occasion.id).await.map(drop)), "transaction");
    assert_eq!(code(occasions::find_for_shopper(&till.shop.cx, &jim, made.occasion.id).await.map(drop)), "transaction");
    assert_eq!(code(instore::refund(&till.shop.cx, &other, made.occasion.id, InStoreFollowUp::default(), None).await), "transaction");
    till.books_balance().await;
}

#[tokio::test]
async fn of_twenty_payers_of_one_use_one_pays() {
    let till = Till::open().await;
    let asked = till.ask(new_request(900)).await;
    let mut payers = Vec::new();
    for number in 0..20 {
        let shopper = till.shop.shopper(&till.merchant, &format!("payer-{number}")).await;
        let card = till.shop.card(&shopper, GOOD_CARD).await.unwrap();
        let cx = till.shop.cx.clone();
        payers.push(tokio::spawn(async move { instore::pay(&cx, &shopper, asked.id, with(&card), None).await }));
    }
    let (mut paid, mut refused) = (0, 0);
    for payer in payers {
        match payer.await.unwrap() {
            Ok(made) => {
                assert_eq!(made.transaction.state, TransactionState::Approved);
                paid += 1;
            }
            Err(ServiceError::Refused { code: "request_used", .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((paid, refused, till.standing(asked.id).await.uses), (1, 19, 1));
    till.books_balance().await;
}

#[tokio::test]
async fn a_rejected_payment_does_not_use_its_request_up() {
    let till = Till::open().await;
    let declined = till.odd_card(DECLINED).await;
    let asked = till.ask(new_request(1_000)).await;
    let made = till.pay(asked.id, with(&declined)).await.unwrap();
    assert_eq!(states(&made), (TransactionState::Rejected, Rollback::NotRequired));
    assert!(!till.found(Sought::default()).await[0].occasion.holds_use);
    assert_eq!(till.standing(asked.id).await.uses, 0);
    till.books_balance().await;
    assert_eq!(till.pay(asked.id, with(&till.card)).await.unwrap().transaction.state, TransactionState::Approved);
    assert_eq!(till.standing(asked.id).await.uses, 1);
    assert_eq!(till.found(Sought { request: Some(asked.id), ..Sought::default() }).await.len(), 2);
    till.books_balance().await;
}

#[tokio::test]
async fn what_is_in_doubt_keeps_its_use_until_it_is_known() {
    let till = Till::open().await;
    let unknown = till.odd_card(UNKNOWN).await;
    let empty = till.gift_card(FIRST_GIFT, 10, 2039).await;
    let (approved, rejected) = (till.ask(new_request(1_000)).await, till.ask(new_request(1_000)).await);
    let made = till.pay(approved.id, with(&unknown)).await.unwrap();
    assert_eq!(made.transaction.state, TransactionState::Processing);
    let split = Wish { secondary: Some(vec![(empty.id.clone(), dollars(400))]), primary: Some(unknown.id.clone()), preferences: None };
    let doubtful = till.pay(rejected.id, wishing(split)).await.unwrap();
    assert_eq!(doubtful.transaction.state, TransactionState::Processing);
    for request in [approved.id, rejected.id] {
        assert_eq!(code(till.pay(request, with(&till.card)).await), "request_used");
    }
    till.books_balance().await;
    // The clock moves to the end of the first span; what is left behind there is looked after when it moves on.
    till.shop.wait(minutes(2)).await;
    till.shop.wait(minutes(1)).await;
    assert_eq!((till.standing(approved.id).await.uses, till.standing(rejected.id).await.uses), (1, 0));
    let found = occasions::find(&till.shop.cx, &till.merchant, doubtful.occasion.id).await.unwrap().0;
    assert_eq!(states(&found), (TransactionState::Rejected, Rollback::Successful));
    till.books_balance().await;
}

#[tokio::test]
async fn a_split_that_fails_in_part_is_put_back_to_the_cent() {
    let till = Till::open().await;
    let (first, second) = (till.gift_card(FIRST_GIFT, 3_333, 2039).await, till.gift_card(SECOND_GIFT, 2_222, 2038).await);
    let declined = till.odd_card(DECLINED).await;
    let gifts = vec![(first.id.clone(), dollars(3_333)), (second.id.clone(), dollars(2_222))];
    let wish = |primary: &Instrument| Wish { primary: Some(primary.id.clone()), secondary: Some(gifts.clone()), preferences: None };
    let asked = till.ask(new_request(10_001)).await;
    let made = till.pay(asked.id, wishing(wish(&declined))).await.unwrap();
    assert_eq!(states(&made), (TransactionState::Rejected, Rollback::Successful));
    assert_eq!((till.left_on(&first).await, till.left_on(&second).await), (3_333, 2_222));
    till.books_balance().await;

    let kept = PayRequest { atomicity: Atomicity::KeepSuccesses, ..wishing(wish(&declined)) };
    let asked_again = till.ask(new_request(10_001)).await;
    let made = till.pay(asked_again.id, kept).await.unwrap();
    assert_eq!(states(&made), (TransactionState::PartlyApproved, Rollback::NotRequired));
    assert_eq!((till.standing(asked_again.id).await.uses, till.left_on(&first).await), (1, 0));
    let back = instore::refund(&till.shop.cx, &till.merchant, made.occasion.id, InStoreFollowUp::default(), None).await.unwrap();
    assert_eq!(back.made.unwrap().occasion.gross, dollars(5_555), "all that was taken, and no more");
    assert_eq!((till.left_on(&first).await, till.left_on(&second).await), (3_333, 2_222));

    let skipped = PayRequest { atomicity: Atomicity::SkipRollback, ..wishing(wish(&declined)) };
    let made = till.pay(asked.id, skipped).await.unwrap();
    assert_eq!(states(&made), (TransactionState::Rejected, Rollback::Required));
    assert_eq!((till.standing(asked.id).await.uses, till.left_on(&second).await), (0, 0));

    let whole = till.ask(new_request(2_222)).await;
    let too_much = Wish { secondary: Some(gifts.clone()), ..Wish::default() };
    assert_eq!(code(till.pay(whole.id, wishing(too_much)).await), "split_too_much");
    assert_eq!(code(till.pay(whole.id, wishing(Wish { secondary: Some(Vec::new()), ..Wish::default() })).await), "split_no_primary");
    till.books_balance().await;
}

#[tokio::test]
async fn who_names_nothing_pays_as_they_like() {
    let till = Till::open().await;
    let (first, second) = (till.gift_card(FIRST_GIFT, 300, 2039).await, till.gift_card(SECOND_GIFT, 500, 2038).await);
    let paid_with = async |how| {
        let asked = till.ask(new_request(1_000)).await;
        let made = till.pay(asked.id, how).await.unwrap();
        assert_eq!(made.transaction.state, TransactionState::Approved);
        let movements = made.transaction.movements.iter();
        let paid: Vec<_> = movements.map(|movement| (movement.paid_with.instrument.clone(), movement.amount.minor())).collect();
        instore::refund(&till.shop.cx, &till.merchant, made.occasion.id, InStoreFollowUp::default(), None).await.unwrap();
        paid
    };
    let nothing = || wishing(Wish::default());
    assert_eq!(paid_with(nothing()).await, [(till.card.id.clone(), 1_000)], "the wallet's own primary instrument");

    let secondary = SecondaryPreference { enabled: true, order: None, include: Vec::new(), exclude: Vec::new() };
    let likes = PaymentPreferences { primary: None, secondary: Some(secondary.clone()) };
    let keep = async |payments: Option<PaymentPreferences>| {
        let general = Some(Groups::from([("app".to_owned(), [("theme".to_owned(), "dark".to_owned())].into())]));
        let likes = ShopperPreferences { payments, general };
        preferences::keep_shopper(&till.shop.cx, &till.jo, likes.clone()).await.unwrap();
        assert_eq!(preferences::of_shopper(&till.shop.cx, &till.jo).await.unwrap(), likes);
    };
    keep(Some(likes.clone())).await;
    let soonest_first = [(second.id.clone(), 500), (first.id.clone(), 300), (till.card.id.clone(), 200)];
    assert_eq!(paid_with(nothing()).await, soonest_first);
    assert_eq!(paid_with(with(&till.card)).await, [(till.card.id.clone(), 1_000)]);
    let none = Wish { secondary: Some(Vec::new()), ..Wish::default() };
    assert_eq!(code(till.pay(till.ask(new_request(5)).await.id, wishing(none)).await), "split_no_primary", "likes name no primary");
    let only = SecondaryPreference { order: Some(SecondaryOrder::AsListed), include: vec![first.id.clone()], ..secondary };
    let instead = PaymentPreferences { primary: Some(till.card.id.clone()), secondary: Some(only) };
    let wished = Wish { preferences: Some(instead), ..Wish::default() };
    assert_eq!(paid_with(wishing(wished)).await, [(first.id.clone(), 300), (till.card.id.clone(), 700)]);
    keep(None).await;

    let unknown = Wish { primary: Some(InstrumentId::kept(1)), ..Wish::default() };
    assert_eq!(code(till.pay(till.ask(new_request(5)).await.id, wishing(unknown)).await), "payment instrument");
    till.books_balance().await;
}

#[tokio::test]
async fn a_key_makes_one_request_and_one_code() {
    let till = Till::open().await;
    let new = || NewRequest { qr: Some(NewQr { lives: Some(minutes(5)) }), ..new_request(700) };
    let key = |caller, number: u8| Some(payment_requests::key(&till.shop.cx, caller, "k".to_owned(), &[number; 32]));
    let create = async |number| payment_requests::create(&till.shop.cx, &till.merchant, new(), key(&till.merchant, number)).await;
    let first = create(1).await.unwrap();
    let (again, other) = (create(1).await.unwrap(), create(2).await);
    assert_eq!((again.request, again.qr), (first.request.clone(), first.qr.clone()));
    assert!(matches!(other, Err(ServiceError::KeyReused)));
    let elsewhere = till.shop.merchant("petculture").await;
    let theirs = payment_requests::create(&till.shop.cx, &elsewhere, new(), key(&elsewhere, 2)).await.unwrap();
    assert_ne!(theirs.request.id, first.request.id);
    let (total, listed) = payment_requests::list(&till.shop.cx, &till.merchant, RequestFilter::Active, Page::FIRST).await.unwrap();
    assert_eq!((total, listed), (1, vec![first.request]));
}

#[tokio::test]
async fn a_code_leads_to_its_request_as_long_as_both_are_good() {
    let till = Till::open().await;
    let asked = till.ask(NewRequest { max_uses: None, lives: Some(minutes(30)), ..new_request(700) }).await;
    let make = async |lives| qr_codes::create(&till.shop.cx, &till.merchant, QrReference::Request(asked.id), NewQr { lives }, None).await;
    let behind = async |id| qr_codes::request_behind(&till.shop.cx, &till.jo, id).await;
    let qr = make(None).await.unwrap();
    assert_eq!(qr.content, format!("https://florin.test/qr/{}", qr.id));
    assert_eq!(behind(qr.id).await.unwrap().id, asked.id);
    assert_eq!(code(sessions::find_by_qr(&till.shop.cx, &till.jo, qr.id).await), "QR code of a payment session");

    let like = |template: &str| Groups::from([("qr".to_owned(), [("content".to_owned(), template.to_owned())].into())]);
    let keep = async |template| preferences::keep_merchant(&till.shop.cx, &till.merchant, like(template)).await;
    assert_eq!(code(keep("https://shop.example/").await), "preferences");
    keep("shop:{referenceType}/{referenceId}?{qrId}").await.unwrap();
    let short = make(Some(minutes(5))).await.unwrap();
    assert_eq!(short.content, format!("shop:PAYMENT_REQUEST/{}?{}", asked.id, short.id));
    qr_codes::cancel(&till.shop.cx, &till.merchant, qr.id, None).await.unwrap();
    assert_eq!(code(behind(qr.id).await), "qr_expired");
    assert_eq!(code(qr_codes::find(&till.shop.cx, &till.merchant, qr.id).await), "qr_expired");
    assert_eq!(code(qr_codes::cancel(&till.shop.cx, &till.merchant, qr.id, None).await), "qr_expired");
    assert_eq!(behind(short.id).await.unwrap().id, asked.id);
    till.shop.wait(minutes(6)).await;
    assert_eq!(code(behind(short.id).await), "qr_expired");
    let long = make(None).await.unwrap();
    till.shop.wait(minutes(30)).await;
    assert_eq!(code(behind(long.id).await), "request_expired");
    assert_eq!(code(make(None).await), "request_expired");
}

#[tokio::test]
async fn a_request_for_one_wallet_is_paid_from_either_wallet_of_its_shopper() {
    let till = Till::open().await;
    let jim = till.shop.shopper(&till.merchant, "jim").await;
    let card = till.shop.card(&jim, GOOD_CARD).await.unwrap();
    let asked = till.ask(NewRequest { wallet: Some(till.jo.wallet), max_uses: Some(2), ..new_request(700) }).await;
    assert_eq!(code(instore::pay(&till.shop.cx, &jim, asked.id, with(&card), None).await), "request_for_another_wallet");
    till.pay(asked.id, with(&till.card)).await.unwrap();
    let tokens = till.shop.sign_in(&till.merchant, "jo", false).await;
    let elsewhere = caller::shopper(&till.shop.cx, &till.merchant, &tokens.access, WalletKind::Everyday).await.unwrap();
    assert_eq!((elsewhere.home, elsewhere.wallet == till.jo.wallet), (till.jo.wallet, false));
    let other = till.shop.card(&elsewhere, GOOD_CARD).await.unwrap();
    let made = instore::pay(&till.shop.cx, &elsewhere, asked.id, with(&other), None).await.unwrap();
    assert_eq!((made.occasion.wallet, made.transaction.wallet), (till.jo.wallet, elsewhere.wallet));
    assert_eq!(till.found(Sought::default()).await.len(), 2, "one shopper, one history");
    till.books_balance().await;
}

#[tokio::test]
async fn a_payment_without_a_request_has_one_of_its_own() {
    let till = Till::open().await;
    let gift = till.gift_card(FIRST_GIFT, 500, 2039).await;
    let pay = async |payment| instore::pay_now(&till.shop.cx, &till.jo, payment, None).await;
    let made = pay(immediate(&[(&gift, 500), (&till.card, 700)])).await.unwrap();
    assert_eq!((states(&made).0, made.occasion.gross), (TransactionState::Approved, dollars(1_200)));
    let own = till.standing(made.occasion.request).await;
    assert_eq!((own.uses_left(till.shop.cx.clock.now()), own.merchant_reference.as_str(), own.amount), (Some(0), "c-1", dollars(1_200)));
    assert_eq!(code(till.pay(own.id, with(&till.card)).await), "request_closed");

    let declined = till.odd_card(DECLINED).await;
    let made = pay(immediate(&[(&declined, 700)])).await.unwrap();
    assert_eq!(states(&made).0, TransactionState::Rejected);
    assert_eq!(code(till.pay(made.occasion.request, with(&till.card)).await), "request_closed", "nobody else pays it");
    assert_eq!(code(pay(immediate(&[])).await), "payments");
    assert_eq!(code(pay(immediate(&[(&till.card, 1), (&till.card, 1)])).await), "split_twice");
    assert_eq!(code(pay(immediate(&[(&till.card, 0)])).await), "split_not_positive");
    let wrong =
        Challenge { instrument: gift.id.clone(), kind: ChallengeKind::Passcode, token: Secret::new("0000".to_owned()), reference: None };
    let made = pay(ImmediatePayment { challenges: vec![wrong], ..immediate(&[(&gift, 1)]) }).await.unwrap();
    assert_eq!(made.transaction.movements[0].fault(), Some(Fault::PasscodeWrong));
    till.books_balance().await;
}

#[tokio::test]
async fn a_transaction_is_followed_up_whole_or_in_parts() {
    let till = Till::open().await;
    let preauth = Kinds { card: Some(MovementKind::Preauth), gift_card: Some(MovementKind::Preauth), ..Kinds::PURCHASES };
    let gift = till.gift_card(FIRST_GIFT, 600, 2039).await;
    let hold = async || {
        let payment = ImmediatePayment { kinds: preauth, ..immediate(&[(&gift, 300), (&till.card, 700)]) };
        instore::pay_now(&till.shop.cx, &till.jo, payment, None).await.unwrap()
    };
    let (cx, merchant) = (&till.shop.cx, &till.merchant);
    let whole = InStoreFollowUp::default;
    let of = |made: &InStoreTransaction, place: usize, minor: Option<i64>| {
        let reference = made.transaction.movements[place].reference.to_string();
        InStoreFollowUp { items: Some(vec![FollowItem { reference, amount: minor.map(dollars) }]), ..whole() }
    };
    let kept = hold().await;
    assert_eq!(code(instore::refund(cx, merchant, kept.occasion.id, whole(), None).await), "nothing_left");
    let too_much = instore::complete(cx, merchant, kept.occasion.id, of(&kept, 1, Some(701)), None).await.unwrap();
    assert_eq!((too_much.made.is_none(), too_much.items[0].fault), (true, Some(Fault::AboveAuthorisation)));
    let taken = instore::complete(cx, merchant, kept.occasion.id, of(&kept, 1, Some(600)), None).await.unwrap().made.unwrap();
    assert_eq!((taken.transaction.kind, taken.occasion.gross), (TransactionKind::Completion, dollars(600)));
    assert_eq!((taken.occasion.original, taken.occasion.request), (Some(kept.occasion.id), kept.occasion.request));
    let freed = instore::void(cx, merchant, kept.occasion.id, whole(), None).await.unwrap().made.unwrap();
    assert_eq!((freed.transaction.kind, freed.occasion.gross), (TransactionKind::Void, dollars(300)), "what was left of it");
    assert_eq!(code(instore::void(cx, merchant, kept.occasion.id, whole(), None).await), "nothing_left");
    till.books_balance().await;

    let reason = InStoreFollowUp { reason: Some("broken".to_owned()), ..of(&kept, 1, Some(150)) };
    let back = instore::refund(cx, merchant, kept.occasion.id, reason, None).await.unwrap().made.unwrap();
    assert_eq!((back.occasion.reason.as_deref(), back.transaction.order_number.as_str()), (Some("broken"), "o-1"));
    assert_eq!(code(instore::refund(cx, merchant, back.occasion.id, whole(), None).await), "not_to_be_followed", "no refund of a refund");
    assert_eq!(code(instore::complete(cx, merchant, taken.occasion.id, whole(), None).await), "not_to_be_followed");
    let by_completion = instore::refund(cx, merchant, taken.occasion.id, of(&taken, 0, Some(50)), None).await.unwrap().made.unwrap();
    assert_eq!(by_completion.occasion.original, Some(taken.occasion.id));
    let rest = instore::refund(cx, merchant, kept.occasion.id, whole(), None).await.unwrap().made.unwrap();
    assert_eq!(rest.occasion.gross, dollars(400));
    assert_eq!(code(instore::refund(cx, merchant, kept.occasion.id, whole(), None).await), "nothing_left");

    let other = hold().await;
    let strange = instore::complete(cx, merchant, kept.occasion.id, of(&other, 0, None), None).await.unwrap();
    assert_eq!((strange.made.is_none(), strange.items[0].fault), (true, Some(Fault::OriginalNotFound)));
    let mixed = InStoreFollowUp {
        items: Some([of(&other, 0, Some(100)), of(&other, 1, Some(701))].into_iter().filter_map(|order| order.items).flatten().collect()),
        ..whole()
    };
    let refused = instore::complete(cx, merchant, other.occasion.id, mixed, None).await.unwrap();
    assert_eq!((refused.made.is_none(), refused.items[1].fault), (true, Some(Fault::AboveAuthorisation)));
    let (still, _) = occasions::find(cx, merchant, other.occasion.id).await.unwrap();
    assert!(still.transaction.movements.iter().all(|movement| movement.hold == Some(Hold::Open)), "all of it or nothing");
    assert_eq!(till.found(Sought::default()).await.len(), 7);
    till.books_balance().await;
}

#[tokio::test]
async fn charges_of_agreements_are_transactions_in_store_too() {
    let till = Till::open().await;
    let (cx, merchant) = (&till.shop.cx, &till.merchant);
    let new = |instrument: &Instrument| NewAgreement {
        client_reference: "weekly".to_owned(),
        kind: AgreementKind::Recurring,
        instrument: instrument.id.clone(),
        frequency: Frequency::Weekly,
        amount: dollars(700),
        description: Some("a paper a day".to_owned()),
        starts_at: None,
        ends_at: None,
        immediate: Some("o-7".to_owned()),
        step_up: None,
        fraud: None,
    };
    let (made, first) = instore::create_agreement(cx, &till.jo, new(&till.card), None).await.unwrap();
    let first = first.unwrap();
    assert_eq!((first.occasion.gross, first.occasion.merchant_reference.as_str()), (dollars(700), "weekly"));
    let standing = agreements::find(cx, &till.jo, made.agreement.id).await.unwrap().agreement;
    assert_eq!((standing.cycle, standing.description.as_deref()), (1, Some("a paper a day")));
    let jim = till.shop.shopper(merchant, "jim").await;
    assert_eq!(code(agreements::find(cx, &jim, made.agreement.id).await), "payment agreement");
    let charge = ChargeAgreement {
        agreement: made.agreement.id,
        kinds: Kinds::PURCHASES,
        client_reference: "second".to_owned(),
        order_number: "o-8".to_owned(),
        amount: dollars(650),
        fraud: None,
    };
    let second = instore::charge_agreement(cx, merchant, charge, None).await.unwrap();
    assert_eq!((second.occasion.gross, second.occasion.wallet), (dollars(650), till.jo.home));
    let back = instore::refund(cx, merchant, second.occasion.id, InStoreFollowUp::default(), None).await.unwrap();
    assert!(back.made.is_some());
    assert_eq!(till.found(Sought::default()).await.len(), 3);
    let declined = till.odd_card(DECLINED).await;
    let (refused, charge) = instore::create_agreement(cx, &till.jo, new(&declined), None).await.unwrap();
    assert_eq!(states(&charge.unwrap()).0, TransactionState::Rejected);
    assert_eq!(code(agreements::find(cx, &till.jo, refused.agreement.id).await), "payment agreement", "there is none then");
    till.books_balance().await;
}

#[tokio::test]
async fn a_deleted_wallet_forgets_what_its_shopper_liked() {
    let till = Till::open().await;
    let cx = &till.shop.cx;
    let likes = ShopperPreferences { payments: Some(PaymentPreferences::default()), general: None };
    preferences::keep_shopper(cx, &till.jo, likes).await.unwrap();
    terms::accept(cx, &till.jo, "EVERYDAY_PAY", "1.0.0").await.unwrap();
    instruments::delete_wallet(cx, &till.merchant, &till.jo.shopper, WalletKind::Merchant).await.unwrap();
    assert_eq!(preferences::of_shopper(cx, &till.jo).await.unwrap(), ShopperPreferences::default());
    assert_eq!(terms::list(cx, &till.jo, None, None).await.unwrap(), []);
}

fn linking(request: PaymentRequestId) -> News {
    News { merchant_info: Given::default(), request: Some(request) }
}

fn new_session(request: Option<PaymentRequestId>) -> NewSession {
    let merchant_info = Given { schema: None, json: Some(r#"{"lane":4}"#.to_owned()) };
    NewSession { location: "lane 4".to_owned(), merchant_info, lives: Some(minutes(30)), request, qr: Some(NewQr { lives: None }) }
}

#[tokio::test]
async fn a_session_is_taken_up_linked_and_paid_once() {
    let till = Till::open().await;
    let (cx, merchant) = (&till.shop.cx, &till.merchant);
    let jim = till.shop.shopper(merchant, "jim").await;
    let opened = sessions::create(cx, merchant, new_session(None), None).await.unwrap();
    let id = opened.session.id;
    let seen = sessions::find_by_qr(cx, &till.jo, opened.qr.unwrap().id).await.unwrap();
    assert_eq!((seen.id, seen.state()), (id, SessionState::Created));
    sessions::associate(cx, &till.jo, id, Given::default(), None).await.unwrap();
    assert_eq!(code(sessions::associate(cx, &jim, id, Given::default(), None).await), "session_taken");
    assert_eq!(code(sessions::find_for_shopper(cx, &jim, id).await), "payment session");
    assert_eq!(code(sessions::preapprove(cx, &jim, id, with(&till.card), None).await), "session_of_another_wallet");
    assert_eq!(code(sessions::close_for_shopper(cx, &jim, id, None).await), "payment session");

    let mut links = Vec::new();
    for _ in 0..8 {
        let (cx, merchant, request) = (cx.clone(), merchant.clone(), till.ask(new_request(900)).await.id);
        links.push(tokio::spawn(async move { sessions::update(&cx, &merchant, id, linking(request), None).await }));
    }
    let (mut linked, mut refused) = (Vec::new(), 0);
    for link in links {
        match link.await.unwrap() {
            Ok(session) => linked.extend(session.request),
            Err(ServiceError::Refused { code: "session_linked", .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((linked.len(), refused), (1, 7));
    let made = till.pay(linked[0], with(&till.card)).await.unwrap();
    assert_eq!(made.occasion.session, Some(id));
    let paid = sessions::find(cx, merchant, id).await.unwrap();
    assert_eq!((paid.state(), paid.payment), (SessionState::Paid, Some(made.occasion.id)));
    assert_eq!(code(sessions::close(cx, merchant, id, None, None).await), "session_paid");
    assert_eq!(till.found(Sought { session: Some(id), ..Sought::default() }).await.len(), 1);
    till.books_balance().await;
}

#[tokio::test]
async fn what_was_approved_beforehand_is_paid_when_the_session_is_linked() {
    let till = Till::open().await;
    let (cx, merchant) = (&till.shop.cx, &till.merchant);
    let gift = till.gift_card(FIRST_GIFT, 500, 2039).await;
    let session = sessions::create(cx, merchant, new_session(None), None).await.unwrap().session.id;
    sessions::associate(cx, &till.jo, session, Given::default(), None).await.unwrap();
    let pin = Challenge { instrument: gift.id.clone(), kind: ChallengeKind::Passcode, token: Secret::new(PIN.to_owned()), reference: None };
    let wish = Wish { primary: Some(till.card.id.clone()), secondary: Some(vec![(gift.id.clone(), dollars(500))]), preferences: None };
    let how = PayRequest { challenges: vec![pin], client_reference: Some("beforehand".to_owned()), ..wishing(wish) };
    sessions::preapprove(cx, &till.jo, session, how, None).await.unwrap();
    assert_eq!(sessions::find(cx, merchant, session).await.unwrap().state(), SessionState::Preapproved);
    assert_eq!(till.found(Sought::default()).await.len(), 0, "nothing is paid before it is known what");
    let asked = till.ask(new_request(1_100)).await;
    let linked = sessions::update(cx, merchant, session, linking(asked.id), None).await.unwrap();
    assert_eq!((linked.state(), linked.preapproval), (SessionState::Paid, None));
    let found = till.found(Sought { session: Some(session), ..Sought::default() }).await;
    assert_eq!((found.len(), states(&found[0]).0), (1, TransactionState::Approved));
    assert_eq!((found[0].transaction.client_reference.as_str(), till.left_on(&gift).await), ("beforehand", 0));
    till.shop.wait(minutes(5)).await;
    assert_eq!(till.standing(asked.id).await.uses, 1, "the worker finds nothing to do");
    till.books_balance().await;
}

#[tokio::test]
async fn a_refused_preapproval_leaves_the_session_to_be_paid_otherwise() {
    let till = Till::open().await;
    let (cx, merchant) = (&till.shop.cx, &till.merchant);
    let declined = till.odd_card(DECLINED).await;
    let asked = till.ask(NewRequest { max_uses: None, ..new_request(1_100) }).await;
    let session = sessions::create(cx, merchant, new_session(Some(asked.id)), None).await.unwrap().session.id;
    sessions::preapprove(cx, &till.jo, session, with(&declined), None).await.unwrap();
    let standing = sessions::find(cx, merchant, session).await.unwrap();
    assert_eq!((standing.state(), standing.wallet, standing.preapproval), (SessionState::Linked, Some(till.jo.wallet), None));
    let too_much = Wish { secondary: Some(vec![(till.card.id.clone(), dollars(9_999))]), ..Wish::default() };
    sessions::preapprove(cx, &till.jo, session, wishing(too_much), None).await.unwrap();
    assert_eq!(sessions::find(cx, merchant, session).await.unwrap().preapproval, None, "what cannot be done is not tried for ever");
    sessions::preapprove(cx, &till.jo, session, with(&till.card), None).await.unwrap();
    assert_eq!(sessions::find(cx, merchant, session).await.unwrap().state(), SessionState::Paid);
    let found = till.found(Sought { session: Some(session), ..Sought::default() }).await;
    assert_eq!(found.iter().map(|made| states(made).0).collect::<Vec<_>>(), [TransactionState::Approved, TransactionState::Rejected]);
    assert_eq!(till.standing(asked.id).await.uses, 1);
    till.books_balance().await;
}

#[tokio::test]
async fn only_what_a_shopper_approved_last_is_paid() {
    let (shop, gate) = gate::shop().await;
    let till = Till::of(shop).await;
    let (cx, merchant) = (&till.shop.cx, &till.merchant);
    let other = till.odd_card(OTHER_CARD).await;
    let asked = till.ask(new_request(1_100)).await;
    let session = sessions::create(cx, merchant, new_session(Some(asked.id)), None).await.unwrap().session.id;
    let approve = async |card: &Instrument, door| {
        let how = PayRequest { fraud: Some(through(door)), ..with(card) };
        sessions::preapprove(cx, &till.jo, session, how, None).await.unwrap();
    };
    let first = async {
        approve(&till.card, "first").await;
        assert_eq!(till.found(Sought::default()).await.len(), 0, "it was withdrawn while it was judged");
        gate.second.open();
    };
    let second = async {
        gate.first.reached().await;
        approve(&other, "second").await;
    };
    let open = async {
        gate.second.reached().await;
        gate.first.open();
    };
    tokio::join!(first, second, open);
    let found = till.found(Sought { session: Some(session), ..Sought::default() }).await;
    assert_eq!((found.len(), &found[0].transaction.movements[0].paid_with.instrument), (1, &other.id));
    assert_eq!(sessions::find(cx, merchant, session).await.unwrap().state(), SessionState::Paid);
    till.shop.wait(minutes(5)).await;
    assert_eq!(till.standing(asked.id).await.uses, 1);
    till.books_balance().await;
}

#[tokio::test]
async fn a_session_ends_by_time_or_by_either_side() {
    let till = Till::open().await;
    let (cx, merchant) = (&till.shop.cx, &till.merchant);
    let open = async || sessions::create(cx, merchant, new_session(None), None).await.unwrap().session.id;
    let (by_merchant, by_jo, by_time) = (open().await, open().await, open().await);
    sessions::preapprove(cx, &till.jo, by_merchant, with(&till.card), None).await.unwrap();
    sessions::close(cx, merchant, by_merchant, Some("closed early".to_owned()), None).await.unwrap();
    sessions::close_for_shopper(cx, &till.jo, by_jo, None).await.unwrap();
    let asked = till.ask(new_request(700)).await;
    for session in [by_merchant, by_jo] {
        assert_eq!(code(sessions::find(cx, merchant, session).await), "session_expired");
        assert_eq!(code(sessions::associate(cx, &till.jo, session, Given::default(), None).await), "session_expired");
        assert_eq!(code(sessions::update(cx, merchant, session, linking(asked.id), None).await), "session_expired");
    }
    sessions::preapprove(cx, &till.jo, by_time, with(&till.card), None).await.unwrap();
    till.shop.wait(minutes(31)).await;
    assert_eq!(code(sessions::update(cx, merchant, by_time, linking(asked.id), None).await), "session_expired");
    assert_eq!(till.standing(asked.id).await.uses, 0);
    assert_eq!(
        code(sessions::create(cx, merchant, new_session(Some(PaymentRequestId::from_random([1; 16]))), None).await),
        "payment request"
    );
    till.books_balance().await;
}

#[tokio::test]
async fn data_are_held_to_the_schema_that_was_registered_for_them() {
    let till = Till::open().await;
    let (cx, merchant) = (&till.shop.cx, &till.merchant);
    let form = r#"{"type":"object","required":["lane"],"properties":{"lane":{"type":"integer"}}}"#;
    let new = |json: &str| NewSchema { kind: "pos".to_owned(), description: None, json: json.to_owned() };
    assert_eq!(code(schemas::register(cx, merchant, new(r#"{"type":"none"}"#), None).await), "schema");
    let schema = schemas::register(cx, merchant, new(form), None).await.unwrap();
    assert_eq!(schemas::list(cx, merchant).await.unwrap(), vec![schema.clone()]);
    assert_eq!(schemas::find(cx, merchant, schema.id).await.unwrap(), schema);
    let elsewhere = till.shop.merchant("petculture").await;
    assert_eq!(code(schemas::find(cx, &elsewhere, schema.id).await), "schema");

    let sent = |schema: &str, json: &str| Some(Given { schema: Some(schema.to_owned()), json: Some(json.to_owned()) });
    let ask = async |pos_payload| payment_requests::create(cx, merchant, NewRequest { pos_payload, ..new_request(5) }, None).await;
    let id = schema.id.to_string();
    let kept = ask(sent(&id, r#"{"lane":4}"#)).await.unwrap().request.pos_payload.unwrap();
    assert_eq!((kept.schema, kept.json.as_deref()), (Some(schema.id), Some(r#"{"lane":4}"#)));
    for (given, refused) in [
        (sent(&id, r#"{"lane":"x"}"#), "payload_unfit"),
        (sent(&id, "{"), "posPayload"),
        (sent("nothing", "{}"), "schema"),
        (sent(&SchemaId::from_random([1; 16]).to_string(), "{}"), "schema"),
    ] {
        assert_eq!(code(ask(given).await), refused);
    }
    let wants_3ds = sent("0a221353-b26c-4848-9a77-4a8bcbacf228", r#"{"requires3DS":true}"#);
    let asked = ask(wants_3ds).await.unwrap().request;
    assert!(schemas::requires_authentication(asked.pos_payload.as_ref()));
    assert!(!schemas::requires_authentication(Some(&kept)));
    let info = NewSession { merchant_info: sent(&id, "{}").unwrap(), ..new_session(None) };
    assert_eq!(code(sessions::create(cx, merchant, info, None).await), "payload_unfit");
}

#[tokio::test]
async fn nobody_waits_for_data_that_are_held_to_a_schema() {
    let till = Till::open().await;
    let (cx, merchant) = (&till.shop.cx, &till.merchant);
    let new = NewSchema { kind: "pos".to_owned(), description: None, json: r#"{"required":["lane"]}"#.to_owned() };
    let id = schemas::register(cx, merchant, new, None).await.unwrap().id.to_string();
    let session = sessions::create(cx, merchant, new_session(None), None).await.unwrap().session.id;
    let unfit = || Given { schema: Some(id.clone()), json: Some("{}".to_owned()) };

    // While somebody else writes, data are held to their schema all the same: that is no part of a transaction.
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (end, may_end) = std::sync::mpsc::channel::<()>();
    let once = Mutex::new(Some((begun, may_end)));
    let writing = cx.store.write(move |_: &mut Tx<'_>| {
        if let Some((begun, may_end)) = once.lock().unwrap().take() {
            begun.send(()).unwrap();
            may_end.recv().unwrap();
        }
        Ok::<_, ServiceError>(())
    });
    let held = async {
        has_begun.await.unwrap();
        let request = NewRequest { pos_payload: Some(unfit()), ..new_request(5) };
        let info = NewSession { merchant_info: unfit(), ..new_session(None) };
        let codes = async {
            [
                code(payment_requests::create(cx, merchant, request, None).await),
                code(sessions::create(cx, merchant, info, None).await),
                code(sessions::associate(cx, &till.jo, session, unfit(), None).await),
                code(sessions::update(cx, merchant, session, News { merchant_info: unfit(), request: None }, None).await),
            ]
        };
        let codes = tokio::time::timeout(Duration::from_secs(20), codes).await;
        end.send(()).unwrap();
        codes
    };
    let (written, codes) = tokio::join!(writing, held);
    written.unwrap();
    assert_eq!(codes.expect("nobody waits for the writer"), ["payload_unfit"; 4]);
}

#[tokio::test]
async fn terms_are_agreed_to_once_and_listed_by_what_is_asked() {
    let till = Till::open().await;
    let cx = &till.shop.cx;
    for (kind, version) in [("EVERYDAY_PAY", "1.0.0"), ("OTHER", "1.0.0"), ("EVERYDAY_PAY", "1.0.0"), ("EVERYDAY_PAY", "2.0.0")] {
        terms::accept(cx, &till.jo, kind, version).await.unwrap();
        till.shop.wait(Duration::from_secs(1)).await;
    }
    assert_eq!(code(terms::accept(cx, &till.jo, "", "1").await), "type");
    let listed = async |kind: Option<&str>, version: Option<&str>| {
        let found = terms::list(cx, &till.jo, kind.map(str::to_owned), version.map(str::to_owned)).await.unwrap();
        found.into_iter().map(|found| format!("{} {}", found.kind, found.version)).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, None).await, ["EVERYDAY_PAY 1.0.0", "OTHER 1.0.0", "EVERYDAY_PAY 2.0.0"]);
    assert_eq!(listed(Some("EVERYDAY_PAY"), Some("2.0.0")).await, ["EVERYDAY_PAY 2.0.0"]);
    assert_eq!(listed(Some("other"), None).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_before_anything_is_written() {
    let till = Till::open().await;
    let ask = async |new| payment_requests::create(&till.shop.cx, &till.merchant, new, None).await;
    assert_eq!(code(ask(new_request(0)).await), "grossAmount");
    assert_eq!(code(ask(NewRequest { merchant_reference: String::new(), ..new_request(1) }).await), "merchantReferenceId");
    assert_eq!(code(ask(NewRequest { basket: Some("{".to_owned()), ..new_request(1) }).await), "basket");
    assert_eq!(code(ask(NewRequest { lives: Some(Duration::MAX), ..new_request(1) }).await), "timeToLivePayment");
    assert_eq!(code(ask(NewRequest { lives: Some(days(3_651)), ..new_request(1) }).await), "timeToLivePayment");
    let nobody = PaymentRequestId::from_random([1; 16]);
    assert_eq!(code(till.pay(nobody, with(&till.card)).await), "payment request");
    let closed = till.ask(new_request(5)).await;
    payment_requests::close(&till.shop.cx, &till.merchant, closed.id, None).await.unwrap();
    assert_eq!(code(till.pay(closed.id, with(&till.card)).await), "request_closed");
    let standing = till.standing(closed.id).await;
    assert_eq!((standing.uses_left(Timestamp::from_micros(0)), standing.ends_at()), (Some(0), standing.closed_at));
    assert_eq!(till.found(Sought::default()).await.len(), 0);
    till.books_balance().await;
}

/// A key of that name for a call of that number.
fn keyed(till: &Till, name: &str, call: u8) -> IdempotencyKey {
    let scope = format!("wpay:{}", till.merchant.merchant.id);
    IdempotencyKey::keyed(&till.shop.cx, scope, name.to_owned(), &[call; 32])
}

#[tokio::test]
async fn a_key_pays_a_request_once_and_tells_it_again_though_it_is_used_up() {
    let till = Till::open().await;
    let asked = till.ask(new_request(900)).await;
    let pay = async |call| instore::pay(&till.shop.cx, &till.jo, asked.id, with(&till.card), Some(keyed(&till, "pay", call))).await;
    let first = pay(1).await.unwrap();
    assert_eq!(pay(1).await.unwrap().occasion, first.occasion);
    assert!(matches!(pay(2).await, Err(ServiceError::KeyReused)));
    assert_eq!(code(till.pay(asked.id, with(&till.card)).await), "request_used", "without the key it is another payment");
    let now =
        async |call| instore::pay_now(&till.shop.cx, &till.jo, immediate(&[(&till.card, 700)]), Some(keyed(&till, "now", call))).await;
    let first = now(3).await.unwrap();
    assert_eq!(now(3).await.unwrap().occasion, first.occasion);
    assert_eq!(till.found(Sought::default()).await.len(), 2);
    till.books_balance().await;
}

#[tokio::test]
async fn a_key_follows_up_once_and_tells_it_again_though_nothing_is_left() {
    let till = Till::open().await;
    let (cx, merchant) = (&till.shop.cx, &till.merchant);
    let preauth = Kinds { card: Some(MovementKind::Preauth), ..Kinds::PURCHASES };
    let hold = async || {
        let payment = ImmediatePayment { kinds: preauth, ..immediate(&[(&till.card, 700)]) };
        instore::pay_now(cx, &till.jo, payment, None).await.unwrap()
    };
    let (kept, freed) = (hold().await, hold().await);
    let whole = InStoreFollowUp::default;
    let complete = async || instore::complete(cx, merchant, kept.occasion.id, whole(), Some(keyed(&till, "complete", 1))).await.unwrap();
    let void = async || instore::void(cx, merchant, freed.occasion.id, whole(), Some(keyed(&till, "void", 2))).await.unwrap();
    let refund = async || instore::refund(cx, merchant, kept.occasion.id, whole(), Some(keyed(&till, "refund", 3))).await.unwrap();
    for (first, again) in [(complete().await, complete().await), (void().await, void().await), (refund().await, refund().await)] {
        assert_eq!(again.made.unwrap().occasion, first.made.unwrap().occasion);
        assert_eq!((again.items.len(), again.items[0].fault), (1, None));
    }
    let reused = instore::void(cx, merchant, freed.occasion.id, whole(), Some(keyed(&till, "refund", 4))).await;
    assert!(matches!(reused, Err(ServiceError::KeyReused)));
    assert_eq!(till.found(Sought::default()).await.len(), 5);
    till.books_balance().await;
}

#[tokio::test]
async fn a_key_does_once_what_moves_no_money() {
    let till = Till::open().await;
    let (cx, merchant) = (&till.shop.cx, &till.merchant);
    let open = async || sessions::create(cx, merchant, new_session(None), Some(keyed(&till, "open", 1))).await.unwrap();
    let (opened, again) = (open().await, open().await);
    assert_eq!((&again.session, &again.qr), (&opened.session, &opened.qr));
    let id = opened.session.id;
    for _ in 0..2 {
        sessions::associate(cx, &till.jo, id, Given::default(), Some(keyed(&till, "take up", 2))).await.unwrap();
    }
    assert_eq!(code(sessions::associate(cx, &till.jo, id, Given::default(), None).await), "session_taken");
    let asked = till.ask(new_request(900)).await;
    let drawn =
        async || qr_codes::create(cx, merchant, QrReference::Request(asked.id), NewQr { lives: None }, Some(keyed(&till, "draw", 3))).await;
    let qr = drawn().await.unwrap();
    assert_eq!(drawn().await.unwrap(), qr);
    for _ in 0..2 {
        qr_codes::cancel(cx, merchant, qr.id, Some(keyed(&till, "cancel", 4))).await.unwrap();
        sessions::preapprove(cx, &till.jo, id, with(&till.card), Some(keyed(&till, "approve", 5))).await.unwrap();
    }
    let link = async || sessions::update(cx, merchant, id, linking(asked.id), Some(keyed(&till, "link", 6))).await.unwrap();
    assert_eq!((link().await.state(), link().await.state()), (SessionState::Paid, SessionState::Paid), "paid, and once");
    let new = || NewSchema { kind: "pos".to_owned(), description: None, json: "{}".to_owned() };
    let registered = async || schemas::register(cx, merchant, new(), Some(keyed(&till, "register", 7))).await.unwrap();
    assert_eq!(registered().await, registered().await);
    assert_eq!(schemas::list(cx, merchant).await.unwrap().len(), 1);
    let (other, closed) =
        (sessions::create(cx, merchant, new_session(None), None).await.unwrap().session.id, till.ask(new_request(1)).await.id);
    for _ in 0..2 {
        sessions::close(cx, merchant, other, None, Some(keyed(&till, "end", 8))).await.unwrap();
        payment_requests::close(cx, merchant, closed, Some(keyed(&till, "close", 9))).await.unwrap();
        instruments::remove(cx, &till.jo, &till.card.id, Some(keyed(&till, "remove", 10))).await.unwrap();
    }
    assert_eq!(till.found(Sought::default()).await.len(), 1);
    till.books_balance().await;
}

#[tokio::test]
async fn a_merchant_who_wants_its_cardholders_authenticated_takes_no_card_without() {
    let till = Till::open().await;
    let cx = &till.shop.cx;
    let wanted = || {
        let json = Some(r#"{"requires3DS":true}"#.to_owned());
        Some(Given { schema: Some("0a221353-b26c-4848-9a77-4a8bcbacf228".to_owned()), json })
    };
    let asked = till.ask(NewRequest { merchant_payload: wanted(), ..new_request(900) }).await;
    let gift = till.gift_card(FIRST_GIFT, 500, 2039).await;
    let wish = Wish { primary: Some(till.card.id.clone()), secondary: Some(vec![(gift.id.clone(), dollars(400))]), preferences: None };
    let proven = async |refused: &InStoreTransaction| {
        let demands = three_ds::demands(cx, &refused.transaction).await.unwrap();
        let [(instrument, token)] = &demands[..] else { panic!("{demands:?}") };
        assert_eq!(*instrument, till.card.id);
        let enrolled = three_ds::enrol(cx, &till.jo, token).await.unwrap();
        let (kind, answer) = (ChallengeKind::ThreeDsFrictionless, Secret::new(enrolled.response_token));
        Challenge { instrument: instrument.clone(), kind, token: answer, reference: Some(token.clone()) }
    };
    let refused = till.pay(asked.id, wishing(wish.clone())).await.unwrap();
    assert_eq!(states(&refused), (TransactionState::Rejected, Rollback::Successful));
    let faults: Vec<_> = refused.transaction.movements.iter().map(Movement::fault).collect();
    assert_eq!(faults, [Some(Fault::PutBack), Some(Fault::AuthenticationRequired)], "a gift card has no holder to ask");
    assert_eq!((till.standing(asked.id).await.uses, till.left_on(&gift).await), (0, 500));
    let made = till.pay(asked.id, PayRequest { challenges: vec![proven(&refused).await], ..wishing(wish) }).await.unwrap();
    assert_eq!((states(&made).0, till.standing(asked.id).await.uses), (TransactionState::Approved, 1));

    let at_once = |challenges| ImmediatePayment { merchant_payload: wanted(), challenges, ..immediate(&[(&till.card, 700)]) };
    let refused = instore::pay_now(cx, &till.jo, at_once(Vec::new()), None).await.unwrap();
    assert_eq!(refused.transaction.movements[0].fault(), Some(Fault::AuthenticationRequired));
    let device = Challenge { kind: ChallengeKind::DeviceData, ..proven(&refused).await };
    let made = instore::pay_now(cx, &till.jo, at_once(vec![device]), None).await.unwrap();
    assert_eq!(made.transaction.movements[0].fault(), Some(Fault::AuthenticationRequired), "another answer does not do");
    let made = instore::pay_now(cx, &till.jo, at_once(vec![proven(&made).await]), None).await.unwrap();
    assert_eq!(states(&made).0, TransactionState::Approved);
    till.books_balance().await;
}

#[tokio::test]
async fn goods_that_a_merchant_keeps_from_gift_cards_are_not_bought_with_them() {
    let till = Till::open().await;
    let (cx, merchant) = (&till.shop.cx, &till.merchant);
    let rule =
        |programme: &str, rule: &str| Groups::from([("giftCardExclusions".to_owned(), [(programme.to_owned(), rule.to_owned())].into())]);
    assert_eq!(code(preferences::keep_merchant(cx, merchant, rule("Everyday Gift Card", "tobacco")).await), "preferences");
    preferences::keep_merchant(cx, merchant, rule("Everyday Gift Card", "category=tobacco, age=18+")).await.unwrap();
    let (everyday, store) = (till.gift_card(FIRST_GIFT, 900, 2039).await, till.gift_card("6003000000000000015", 900, 2039).await);
    let basket = |tags: &str| Some(format!(r#"{{"items":[{{"label":"Milk"}},{{"label":"x","tags":{tags}}}]}}"#));
    let smokes = till.ask(NewRequest { basket: basket(r#"{"category":"Tobacco"}"#), ..new_request(500) }).await;
    let milk = till.ask(NewRequest { basket: basket(r#"{"category":"dairy","age":"18"}"#), ..new_request(500) }).await;
    for (request, expected) in [(smokes.id, &["Everyday Gift Card"][..]), (milk.id, &[])] {
        let session = sessions::create(cx, merchant, new_session(Some(request)), None).await.unwrap().session.id;
        assert_eq!(sessions::excluded_programmes(cx, &till.jo, session).await.unwrap(), expected);
    }
    let open = sessions::create(cx, merchant, new_session(None), None).await.unwrap().session.id;
    assert_eq!(sessions::excluded_programmes(cx, &till.jo, open).await.unwrap(), Vec::<String>::new());

    let by = |card: &Instrument| wishing(Wish { secondary: Some(vec![(card.id.clone(), dollars(500))]), ..Wish::default() });
    let made = till.pay(smokes.id, by(&everyday)).await.unwrap();
    assert_eq!((made.transaction.movements[0].fault(), till.left_on(&everyday).await), (Some(Fault::GoodsExcluded), 900));
    let secondary = SecondaryPreference { enabled: true, order: None, include: Vec::new(), exclude: Vec::new() };
    let likes = PaymentPreferences { primary: None, secondary: Some(secondary) };
    let made = till.pay(smokes.id, wishing(Wish { preferences: Some(likes), ..Wish::default() })).await.unwrap();
    assert_eq!(made.transaction.movements.iter().map(|part| &part.paid_with.instrument).collect::<Vec<_>>(), [&store.id]);
    assert_eq!(till.pay(milk.id, by(&everyday)).await.unwrap().transaction.state, TransactionState::Approved);
    till.books_balance().await;
}
