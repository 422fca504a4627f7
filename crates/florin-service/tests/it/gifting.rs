//! Gift cards bought in a shop: quoted, paid for, issued, given away.

use std::sync::Arc;

use florin_connect::World;
use florin_domain::application::Email;
use florin_domain::fault::Fault;
use florin_domain::gift_order::{GiftItem, GiftOrderState, GiftQuote, GiftTotals, Recipient};
use florin_domain::gift_product::PRODUCTS;
use florin_domain::instrument::{Instrument, InstrumentId, InstrumentKind};
use florin_domain::movement::Reference;
use florin_domain::payment::{Outcome, TransactionState};
use florin_domain::time::{days, minutes};
use florin_domain::{Currency, GiftOrderId, GiftQuoteId, Money};
use florin_service::caller::{MerchantCaller, ShopperCaller, Source};
use florin_service::gift_cards::{self, Slip};
use florin_service::gifting::{self, GiftBuyer, GiftOrdered, OrderGifts};
use florin_service::idempotency::IdempotencyKey;
use florin_service::mailbox::{self, MailRecord};
use florin_service::three_ds::{self, Decision, ThreeDsResponse};
use florin_service::{Page, Secret, ServiceError, Tx, clock};
use tokio::sync::Semaphore;

use crate::issuer::Issuer;
use crate::shop::{GOOD_CARD, OTHER_CARD, Shop, code, master, process_in};

fn dollars(minor: i64) -> Money {
    Money::new(minor, Currency::Aud)
}

fn recipient() -> Recipient {
    Recipient {
        to: "Jim".to_owned(),
        from: "Jo".to_owned(),
        message: Some("Cheers".to_owned()),
        image_url: None,
        mobile: "0400 000 000".to_owned(),
    }
}

fn item(design: &str, minor: i64, quantity: u32, recipient: Option<Recipient>) -> GiftItem {
    GiftItem { design: design.to_owned(), face: dollars(minor), quantity, recipient }
}

/// Two cards of 10.30 at 5 % off to keep, one of 20.05 at 10 % off to give away: 978 + 978 + 1804.
fn cards() -> Vec<GiftItem> {
    vec![item("everyday-birthday", 1_030, 2, None), item("store-classic", 2_005, 1, Some(recipient()))]
}

/// The same, all to keep.
fn own_cards() -> Vec<GiftItem> {
    cards().into_iter().map(|item| GiftItem { recipient: None, ..item }).collect()
}

const TOTALS: GiftTotals = GiftTotals {
    sub_total: Money::new(4_065, Currency::Aud),
    discount: Money::new(305, Currency::Aud),
    total: Money::new(3_760, Currency::Aud),
};

fn order(card: &Instrument, quote: Option<GiftQuoteId>, items: Vec<GiftItem>) -> OrderGifts {
    OrderGifts {
        quote,
        items,
        totals: TOTALS,
        reference: "G-1".to_owned(),
        instrument: card.id.clone(),
        step_up: None,
        three_ds: None,
        fraud: None,
        mail_to: Some(Email::parse("jo@example.com").unwrap()),
    }
}

/// Where the merchant's servers are.
const SERVERS: Source = Source { client: None, is_servers: true };

struct Scene {
    shop: Shop,
    merchant: MerchantCaller,
    jo: ShopperCaller,
    card: Instrument,
    quote: GiftQuote,
}

/// A shopper with a card who was told a price.
async fn scene(card: &str) -> Scene {
    scene_in(Shop::open().await, card).await
}

async fn scene_in(shop: Shop, card: &str) -> Scene {
    let merchant = shop.merchant("10006").await;
    let jo = shop.shopper(&merchant, "jo").await;
    let card = shop.card(&jo, card).await.unwrap();
    let quote = gifting::quote(&shop.cx, (&merchant, &SERVERS), cards(), None).await.unwrap();
    Scene { shop, merchant, jo, card, quote }
}

impl Scene {
    async fn buys(&self, order: OrderGifts) -> Result<GiftOrdered, ServiceError> {
        gifting::order(&self.shop.cx, GiftBuyer::of(&self.jo), order, None).await
    }

    /// The gift cards in the shopper's wallet.
    async fn kept(&self) -> Vec<Instrument> {
        let wallet = self.shop.wallet(&self.jo).await;
        wallet.into_iter().filter(|instrument| instrument.kind == InstrumentKind::GiftCard).collect()
    }

    /// Where the payment with the shopper's card stands, once it is written down.
    async fn written(&self) -> Option<TransactionState> {
        let receipt = Reference::FIRST;
        let found = self.shop.cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.find_transaction(receipt)?)).await;
        found.unwrap().map(|transaction| transaction.state)
    }

    /// Whether an order is to be looked at again.
    async fn last_look(&self, order: GiftOrderId) -> bool {
        let job =
            self.shop.cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.find_job("issue_gifts", &order.to_string())?)).await;
        job.unwrap().is_some()
    }

    /// The mails that were written, newest first.
    async fn mails(&self) -> Vec<MailRecord> {
        self.shop.cx.store.read(|tx: &mut Tx<'_>| mailbox::list(tx, 10)).await.unwrap()
    }
}

#[tokio::test]
async fn products_are_listed_in_pages_and_by_change() {
    let page = |number, size| Page { number, size };
    let (total, all) = gifting::products(None, page(1, 25));
    assert_eq!((total, all.len()), (5, 5));
    let ids: Vec<_> = (1..=4).flat_map(|number| gifting::products(None, page(number, 2)).1).map(|product| product.id).collect();
    assert_eq!(ids, all.iter().map(|product| product.id).collect::<Vec<_>>());
    let changed = gifting::products(Some(PRODUCTS[3].updated_at), page(1, 25));
    assert_eq!(changed.1.iter().map(|product| product.id).collect::<Vec<_>>(), ["store-online"]);
    assert_eq!(code(gifting::product("nothing")), "gift card product");
    let picture = gifting::design_picture("everyday-birthday").unwrap();
    assert!(picture.starts_with("<svg ") && picture.contains("Happy birthday"));
}

#[tokio::test]
async fn gift_cards_are_paid_for_issued_and_spent() {
    let scene = scene(GOOD_CARD).await;
    assert_eq!(scene.quote.totals(), TOTALS);
    let bought = scene.buys(order(&scene.card, Some(scene.quote.id), Vec::new())).await.unwrap();
    assert_eq!((bought.order.state, bought.gifts.len()), (GiftOrderState::Approved, 3));
    assert_eq!(bought.transaction.movements[0].amount, TOTALS.total);
    assert_eq!(scene.shop.owed(&scene.merchant).await, 0, "the price is handed on to the house, and no fee is taken");

    let kept = scene.kept().await;
    assert_eq!(kept.len(), 2);
    let spent = scene.shop.pay(&scene.jo, &kept[0], 1_030, None).await;
    assert_eq!(spent.state, TransactionState::Approved);
    let empty = scene.shop.pay(&scene.jo, &kept[0], 1, None).await;
    assert_eq!(empty.movements[0].fault(), Some(Fault::GiftCardBalance));
    scene.shop.books_balance().await;
}

#[tokio::test]
async fn a_gift_is_opened_by_its_address_and_brought_into_another_wallet() {
    let scene = scene(GOOD_CARD).await;
    let bought = scene.buys(order(&scene.card, Some(scene.quote.id), cards())).await.unwrap();
    let cx = &scene.shop.cx;
    let parcels = gifting::parcels(cx).await.unwrap();
    assert_eq!(parcels.len(), 1);
    let gift = &parcels[0].gift;
    assert_eq!((gift.number, gift.recipient.as_ref()), (3, Some(&recipient())));
    let parts: Vec<_> = parcels[0].url.strip_prefix("https://florin.test/gift/").unwrap().split('/').collect();
    assert_eq!((parts[0], parts[1], parts[3]), (bought.order.id.to_string().as_str(), "3", ""));

    let parcel = gifting::open_parcel(cx, bought.order.id, 3, parts[2]).await.unwrap();
    assert_eq!((parcel.product.name, parcel.design.id), ("Store Gift Card", "store-classic"));
    assert_eq!((parcel.face, parcel.balance, parcel.merchant_name.as_str()), (dollars(2_005), dollars(2_005), "10006"));
    assert!(!format!("{parcel:?}").contains(parcel.number.expose().as_str()));
    for (order, number, given) in [
        (bought.order.id, 3, "0b0b0b0b0b0b4b0b8b0b0b0b0b0b0b0b"),
        (bought.order.id, 2, parts[2]),
        (GiftOrderId::from_random([1; 16]), 3, parts[2]),
    ] {
        assert_eq!(code(gifting::open_parcel(cx, order, number, given).await), "gift card");
    }
    let jim = scene.shop.shopper(&scene.merchant, "jim").await;
    let slip = Slip { number: parcel.number.expose().clone(), pin: parcel.pin.expose().clone() };
    let (instrument, balance) = gift_cards::tokenise(cx, &jim, slip, false, true).await.unwrap();
    assert_eq!((balance.amount, balance.expires_on), (dollars(2_005), parcel.expires_on));
    assert_eq!(scene.shop.pay(&jim, &instrument, 2_000, None).await.state, TransactionState::Approved);
    let emptied = gifting::open_parcel(cx, bought.order.id, 3, parts[2]).await.unwrap();
    assert_eq!((emptied.face, emptied.balance), (dollars(2_005), dollars(5)));
    scene.shop.books_balance().await;
}

#[tokio::test]
async fn a_quote_is_bought_once_however_often_it_is_ordered() {
    let scene = scene(GOOD_CARD).await;
    let ask = || scene.buys(order(&scene.card, Some(scene.quote.id), Vec::new()));
    let (one, two, three) = tokio::join!(ask(), ask(), ask());
    let ids = [one, two, three].map(|bought| bought.unwrap().order.id);
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let later = ask().await.unwrap();
    assert_eq!((later.order.id, later.gifts.len(), scene.kept().await.len()), (ids[0], 3, 2));

    let jim = scene.shop.shopper(&scene.merchant, "jim").await;
    let card = scene.shop.card(&jim, GOOD_CARD).await.unwrap();
    let by_jim = gifting::order(&scene.shop.cx, GiftBuyer::of(&jim), order(&card, Some(scene.quote.id), Vec::new()), None).await;
    assert_eq!(code(by_jim), "quote_ordered");
    scene.shop.books_balance().await;
}

#[tokio::test]
async fn without_a_quote_an_order_is_made_once_a_key() {
    let scene = scene(GOOD_CARD).await;
    let key = || Some(IdempotencyKey { scope: "wpay:10006".to_owned(), key: "k".to_owned(), fingerprint: [1; 32] });
    let ask = || gifting::order(&scene.shop.cx, GiftBuyer::of(&scene.jo), order(&scene.card, None, cards()), key());
    let (first, again) = (ask().await.unwrap(), ask().await.unwrap());
    assert_eq!((again.order, scene.kept().await.len()), (first.order.clone(), 2));
    let another = scene.buys(order(&scene.card, None, cards())).await.unwrap();
    assert_ne!(another.order.id, first.order.id);
    let quoted = async || {
        let key = IdempotencyKey { scope: "wpay:10006".to_owned(), key: "q".to_owned(), fingerprint: [2; 32] };
        gifting::quote(&scene.shop.cx, (&scene.merchant, &SERVERS), cards(), Some(key)).await.unwrap()
    };
    assert_eq!(quoted().await, quoted().await, "and so is a quote");
    scene.shop.books_balance().await;
}

#[tokio::test]
async fn what_is_not_as_quoted_is_not_bought() {
    let scene = scene(GOOD_CARD).await;
    let quote = Some(scene.quote.id);
    let good = |quote, items| order(&scene.card, quote, items);
    let totals =
        |sub_total, discount, total| GiftTotals { sub_total: dollars(sub_total), discount: dollars(discount), total: dollars(total) };
    let table = [
        (OrderGifts { totals: totals(4_066, 305, 3_760), ..good(quote, vec![]) }, "subTotalAmount"),
        (OrderGifts { totals: totals(4_065, 306, 3_760), ..good(quote, vec![]) }, "discountAmount"),
        (OrderGifts { totals: totals(4_065, 305, 3_759), ..good(quote, vec![]) }, "totalOrderAmount"),
        (good(quote, vec![item("everyday-birthday", 1_030, 2, None)]), "quote_mismatch"),
        (good(Some(GiftQuoteId::from_random([1; 16])), vec![]), "quote_not_found"),
        (good(None, vec![]), "quote_not_found"),
        (good(None, vec![item("everyday-plastic", 1_030, 2, None)]), "designId"),
        (OrderGifts { instrument: InstrumentId::kept(99_999_999), ..good(quote, vec![]) }, "payment instrument"),
    ];
    for (order, expected) in table {
        assert_eq!(code(scene.buys(order).await), expected);
    }
    let elsewhere = scene.shop.merchant("petculture").await;
    let jo = scene.shop.shopper(&elsewhere, "jo").await;
    assert_eq!(code(gifting::order(&scene.shop.cx, GiftBuyer::of(&jo), good(quote, vec![]), None).await), "quote_not_found");
    let nowhere = |items| OrderGifts { mail_to: None, ..good(None, items) };
    assert_eq!(code(scene.buys(OrderGifts { mail_to: None, ..good(quote, vec![]) }).await), "deliveryEmail", "whose would Jim's be?");
    assert_eq!(code(scene.buys(nowhere(cards())).await), "deliveryEmail");
    let guest = scene.shop.guest(&scene.merchant).await;
    let bought = gifting::order(&scene.shop.cx, GiftBuyer::of(&guest), nowhere(own_cards()), None).await;
    assert_eq!(code(bought), "deliveryEmail", "a guest keeps nothing");
    scene.shop.wait(minutes(31)).await;
    assert_eq!(code(scene.buys(good(quote, vec![])).await), "quote_expired");
    assert!(scene.kept().await.is_empty() && scene.mails().await.is_empty());
    scene.shop.books_balance().await;
}

#[tokio::test]
async fn a_refused_payment_rejects_the_order_and_can_be_tried_again() {
    let scene = scene("4000000000000341").await;
    let quote = Some(scene.quote.id);
    let rejected = scene.buys(order(&scene.card, quote, Vec::new())).await.unwrap();
    assert_eq!((rejected.order.state, rejected.transaction.movements[0].fault()), (GiftOrderState::Rejected, Some(Fault::Declined)));
    let challenged = scene.shop.card(&scene.jo, "4000000000003105").await.unwrap();
    let asked = scene.buys(order(&challenged, quote, Vec::new())).await.unwrap();
    assert_eq!(asked.transaction.movements[0].fault(), Some(Fault::AuthenticationRequired));
    let cx = &scene.shop.cx;
    let (_, token) = three_ds::demands(cx, &asked.transaction).await.unwrap().remove(0);
    let session = three_ds::enrol(cx, &scene.jo, &token).await.unwrap().session.transaction;
    three_ds::decide(cx, session, Decision::Code("123456".to_owned())).await.unwrap();
    let proof = ThreeDsResponse { frictionless: false, token: Secret::new(session.to_string()), reference: None };
    let answered = OrderGifts { three_ds: Some(proof), ..order(&challenged, quote, Vec::new()) };
    let bought = scene.buys(answered).await.unwrap();
    assert_eq!(bought.order.state, GiftOrderState::Approved);
    let names = [&rejected, &asked, &bought].map(|ordered| ordered.transaction.client_reference.clone());
    assert!(names[0] != names[1] && names[1] != names[2], "each attempt has a name of its own: {names:?}");
    let gift_card = scene.kept().await.remove(0);
    let other = gifting::quote(&scene.shop.cx, (&scene.merchant, &SERVERS), cards(), None).await.unwrap();
    let with_gift_card = scene.buys(order(&gift_card, Some(other.id), Vec::new())).await;
    assert_eq!(code(with_gift_card), "not_supported", "no gift card buys gift cards");
    scene.shop.books_balance().await;
}

#[tokio::test]
async fn an_order_whose_payment_is_in_doubt_is_finished_later() {
    let scene = scene("4000000000006801").await;
    let waiting = scene.buys(order(&scene.card, Some(scene.quote.id), Vec::new())).await.unwrap();
    assert_eq!((waiting.order.state, waiting.gifts.len()), (GiftOrderState::Processing, 0));
    scene.shop.books_balance().await;
    scene.shop.wait(minutes(5)).await;
    scene.shop.wait(minutes(5)).await;
    assert_eq!(scene.kept().await.len(), 2, "finished without anybody asking");
    let done = scene.buys(order(&scene.card, Some(scene.quote.id), Vec::new())).await.unwrap();
    assert_eq!((done.order.id, done.order.state, done.gifts.len()), (waiting.order.id, GiftOrderState::Approved, 3));
    assert_eq!(scene.kept().await.len(), 2);
    assert_eq!(scene.mails().await.len(), 1, "and the buyer is told where the others are");
    scene.shop.books_balance().await;
}

/// What the acquirer is found to have done with a payment.
async fn turns_out(scene: &Scene, receipt: Reference, result: Result<&'static str, Fault>) {
    let now = scene.shop.cx.clock.now();
    let concluded = scene.shop.cx.store.write(move |tx: &mut Tx<'_>| {
        let transaction = tx.find_transaction(receipt)?.unwrap();
        let movement = transaction.movements[0].reference;
        let outcome = Outcome { movement, service: None, result: result.map(str::to_owned), plan: None };
        Ok::<_, ServiceError>(tx.save_transaction(transaction.conclude(vec![outcome], Vec::new(), now))?)
    });
    concluded.await.unwrap();
}

#[tokio::test]
async fn a_payment_that_turns_up_late_is_answered_with_its_cards() {
    let scene = scene("4000000000006801").await;
    let ask = || scene.buys(order(&scene.card, Some(scene.quote.id), Vec::new()));
    let first = ask().await.unwrap();
    turns_out(&scene, first.transaction.receipt, Err(Fault::NotSent)).await;
    scene.shop.wait(minutes(5)).await;
    assert!(scene.kept().await.is_empty());
    // Taken for never sent, so that the quote may be bought with another card.
    let card = scene.shop.card(&scene.jo, GOOD_CARD).await.unwrap();
    let second = scene.buys(order(&card, Some(scene.quote.id), Vec::new())).await.unwrap();
    assert_eq!((second.order.state, scene.kept().await.len()), (GiftOrderState::Approved, 2));
    scene.shop.books_balance().await;

    turns_out(&scene, first.transaction.receipt, Ok("A1")).await;
    scene.shop.books_balance().await;
    scene.shop.wait(minutes(65)).await;
    assert_eq!((scene.kept().await.len(), scene.mails().await.len()), (4, 2), "it was paid for twice");
    scene.shop.books_balance().await;
}

/// Sends an order to a process that is gone before the answer is there, and gives the door that the answer comes through.
async fn left_unanswered(key: &IdempotencyKey) -> (Scene, Arc<Semaphore>) {
    let door = Arc::new(Semaphore::new(0));
    let issuers = Arc::clone(&door);
    let shop = Shop::open_in(|world| world.acquirer = Arc::new(Issuer { door: issuers, ..Issuer::of(&world.acquirer) })).await;
    let scene = scene_in(shop, GOOD_CARD).await;
    let (cx, buyer) = (Arc::clone(&scene.shop.cx), GiftBuyer::of(&scene.jo));
    let (wish, key) = (order(&scene.card, Some(scene.quote.id), Vec::new()), key.clone());
    let caller = tokio::spawn(async move { gifting::order(&cx, buyer, wish, Some(key)).await });
    while scene.written().await.is_none() {
        tokio::task::yield_now().await;
    }
    caller.abort();
    (scene, door)
}

#[tokio::test]
async fn a_late_yes_issues_the_cards_that_another_process_had_given_up() {
    let key = IdempotencyKey { scope: "wpay:10006".to_owned(), key: "k".to_owned(), fingerprint: [1; 32] };
    let (scene, door) = left_unanswered(&key).await;
    // Another process, whose network has never heard of the payment.
    let forgetful = |world: &mut World| world.acquirer = Arc::new(Issuer { remembers: false, ..Issuer::of(&world.acquirer) });
    let other = process_in(&scene.shop.database, &master(), None, forgetful).await.unwrap();
    clock::advance(&other, minutes(5)).await.unwrap();
    let again = async || {
        let wish = order(&scene.card, Some(scene.quote.id), Vec::new());
        gifting::order(&other, GiftBuyer::of(&scene.jo), wish, Some(key.clone())).await.unwrap()
    };
    let rejected = again().await;
    assert_eq!((rejected.order.state, rejected.transaction.movements[0].fault()), (GiftOrderState::Rejected, Some(Fault::NotSent)));
    assert!(scene.last_look(rejected.order.id).await, "sending the order again takes no look away");
    clock::advance(&other, days(2)).await.unwrap();
    assert!(!scene.last_look(rejected.order.id).await);
    assert_eq!(again().await.order, rejected.order, "it is told as before, however long its key is kept");

    door.add_permits(1);
    while scene.written().await != Some(TransactionState::Approved) {
        tokio::task::yield_now().await;
    }
    clock::advance(&other, minutes(1)).await.unwrap();
    assert_eq!((scene.kept().await.len(), scene.mails().await.len()), (2, 1), "without anybody asking");
    let bought = again().await;
    assert_eq!((bought.order.id, bought.order.state, bought.gifts.len()), (rejected.order.id, GiftOrderState::Approved, 3));
    scene.shop.books_balance().await;
}

#[tokio::test]
async fn a_full_wallet_takes_what_was_paid_for() {
    let scene = scene(GOOD_CARD).await;
    for _ in 0..2 {
        let many = vec![item("celebration-stars", 2_000, 50, None)];
        let all = dollars(100_000);
        let totals = GiftTotals { sub_total: all, discount: dollars(0), total: all };
        let bought = scene.buys(OrderGifts { totals, mail_to: None, ..order(&scene.card, None, many) }).await.unwrap();
        assert!(bought.gifts.iter().all(|gift| gift.instrument.is_some()));
    }
    assert_eq!(scene.shop.wallet(&scene.jo).await.len(), 101);
    assert_eq!(code(scene.shop.card(&scene.jo, OTHER_CARD).await), "wallet_full", "what was not bought has to wait");
    scene.shop.books_balance().await;
}

/// Turns an order into one of cards to give away: there were some without an address before one was asked for.
async fn given_away(scene: &Scene, bought: &GiftOrdered) -> GiftQuoteId {
    let quote = gifting::quote(&scene.shop.cx, (&scene.merchant, &SERVERS), cards(), None).await.unwrap().id;
    let order = bought.order.clone();
    let written = scene.shop.cx.store.write(move |tx: &mut Tx<'_>| {
        let rejected = order.clone().reject().unwrap();
        tx.end_gift_order(&rejected)?;
        Ok::<_, ServiceError>(tx.revive_gift_order(&rejected.revive(quote).unwrap())?)
    });
    written.await.unwrap();
    quote
}

#[tokio::test]
async fn an_order_without_an_address_is_mailed_once_when_it_is_sent_with_one() {
    let scene = scene("4000000000006801").await;
    let bought = scene.buys(OrderGifts { mail_to: None, ..order(&scene.card, None, own_cards()) }).await.unwrap();
    let quote = given_away(&scene, &bought).await;
    scene.shop.wait(minutes(10)).await;
    let ask = |mail_to: Option<&str>| {
        scene.buys(OrderGifts { mail_to: mail_to.map(|to| Email::parse(to).unwrap()), ..order(&scene.card, Some(quote), Vec::new()) })
    };
    assert_eq!((ask(None).await.unwrap().order.state, scene.mails().await.len()), (GiftOrderState::Approved, 0));
    let jim = scene.shop.shopper(&scene.merchant, "jim").await;
    let by_jim = gifting::order(&scene.shop.cx, GiftBuyer::of(&jim), order(&scene.card, Some(quote), Vec::new()), None).await;
    assert_eq!((code(by_jim), scene.mails().await.len()), ("quote_ordered", 0), "nobody else is told");
    for to in ["jo@example.com", "jo@example.com", "other@example.com"] {
        ask(Some(to)).await.unwrap();
        scene.shop.wait(days(31)).await;
    }
    let mails = scene.mails().await;
    assert_eq!((mails.len(), mails[0].recipient.as_str()), (1, "jo@example.com"));
    scene.shop.books_balance().await;
}

#[tokio::test]
async fn a_key_outlives_its_quote() {
    let scene = scene(GOOD_CARD).await;
    let quote = async || {
        let key = IdempotencyKey { scope: "wpay:10006".to_owned(), key: "q".to_owned(), fingerprint: [1; 32] };
        gifting::quote(&scene.shop.cx, (&scene.merchant, &SERVERS), cards(), Some(key)).await
    };
    quote().await.unwrap();
    scene.shop.wait(days(2)).await;
    assert_eq!(code(quote().await), "quote_expired");
}

#[tokio::test]
async fn a_guests_gift_cards_are_for_delivery() {
    let scene = scene(GOOD_CARD).await;
    let guest = scene.shop.guest(&scene.merchant).await;
    let card = scene.shop.card(&guest, GOOD_CARD).await.unwrap();
    let buyer = GiftBuyer::of_instrument(&scene.shop.cx, &scene.merchant, &card.id).await.unwrap();
    let bought = gifting::order(&scene.shop.cx, buyer, order(&card, Some(scene.quote.id), Vec::new()), None).await.unwrap();
    assert!(bought.order.guest && bought.gifts.iter().all(|gift| gift.instrument.is_none()));
    let parcels = gifting::parcels(&scene.shop.cx).await.unwrap();
    assert_eq!(parcels.len(), 3);
    let mail = scene.mails().await.remove(0);
    assert_eq!((mail.recipient.as_str(), mail.subject.as_str()), ("jo@example.com", "Your gift cards from 10006"));
    assert!(parcels.iter().all(|parcel| mail.body.contains(&parcel.url)) && mail.body.contains("$20.05, for Jim:"), "{}", mail.body);
    let elsewhere = scene.shop.merchant("petculture").await;
    assert_eq!(code(GiftBuyer::of_instrument(&scene.shop.cx, &elsewhere, &card.id).await), "payment instrument");
    scene.shop.books_balance().await;
}

#[tokio::test]
async fn a_stranger_uses_up_nobody_elses_quotes() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let at = |address: &str| Source { client: Some(address.parse().unwrap()), is_servers: false };
    let quotes = async |source: Source| gifting::quote(&shop.cx, (&merchant, &source), cards(), None).await;
    shop.wait_for_next(minutes(1)).await;
    for _ in 0..600 {
        quotes(at("203.0.113.9")).await.unwrap();
    }
    for same in ["203.0.113.9", "::ffff:203.0.113.9"] {
        assert_eq!(code(quotes(at(same)).await), "too many", "{same}");
    }
    assert!(quotes(SERVERS).await.is_ok() && quotes(at("203.0.113.10")).await.is_ok());
    shop.wait_for_next(minutes(1)).await;
    assert!(quotes(at("203.0.113.9")).await.is_ok());
    let names = ["2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"].map(|address| at(address).name(&shop.cx));
    assert!(names[0] == names[1] && names[1] != names[2], "whoever has one address has its network: {names:?}");
}
