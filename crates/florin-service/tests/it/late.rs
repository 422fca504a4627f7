//! What is heard late: payments given up that happened, putting back that was not answered, doubts that nobody can settle.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use florin_connect::{
    Authorise, Authorised, Call, CardAcquirer, CardCheck, CardVerdict, Charge, ChargeOutcome, ConnectError, Connector, Decline,
    DeclineReason, Move, MoveKind, Moved,
};
use florin_domain::PaymentRequestId;
use florin_domain::fault::Fault;
use florin_domain::instrument::Instrument;
use florin_domain::payment::{Atomicity, Rollback, Transaction, TransactionState};
use florin_domain::payment_request::PaymentRequest;
use florin_domain::split::Wish;
use florin_domain::time::{hours, minutes};
use florin_domain::{Currency, Money};
use florin_service::caller::{MerchantCaller, ShopperCaller};
use florin_service::instore::{self, PayRequest};
use florin_service::occasions::{self, InStoreTransaction};
use florin_service::payment_requests;
use florin_service::payments::Kinds;
use florin_service::{Cx, ServiceError, Tx, clock, instruments};
use florin_sim::{MemoryNotebook, Sandbox};
use tokio::sync::Semaphore;

use crate::instore::new_request;
use crate::shop::{GOOD_CARD, OTHER_CARD, Shop, code, master, process_in};

const DECLINED: &str = "4000000000000341";
const UNKNOWN: &str = "4000000000006801";
/// An amount whose authorisation is not begun before it is let go.
const HELD_UP: i64 = 77_700;
/// An amount of which nothing is to be learned.
const DARK: i64 = 11_100;
/// An amount whose refund happens and is not answered, and whose key is forgotten at once.
const FORGOTTEN: i64 = 5_500;

fn dollars(minor: i64) -> Money {
    Money::new(minor, Currency::Aud)
}

/// An acquirer that is late, dark or forgetful about some amounts; about all others it is as in the sandbox.
struct Desk {
    sandbox: Arc<dyn CardAcquirer>,
    gate: Semaphore,
    given_back: Mutex<HashSet<String>>,
    refunds: AtomicU32,
    /// How often it does not find at first what it has done.
    blind: AtomicU32,
}

fn unavailable<T>() -> Result<T, ConnectError> {
    Err(ConnectError::Unavailable("nobody answers".to_owned()))
}

impl Desk {
    fn new(blind: u32) -> Arc<Self> {
        let sandbox = Sandbox::new(Arc::new(MemoryNotebook::default()), "https://florin.test").world.acquirer;
        let (gate, given_back) = (Semaphore::new(0), Mutex::default());
        Arc::new(Self { sandbox, gate, given_back, refunds: AtomicU32::new(0), blind: AtomicU32::new(blind) })
    }

    fn give_back(&self, key: &str) -> Result<Moved, ConnectError> {
        self.refunds.fetch_add(1, Ordering::Relaxed);
        if self.given_back.lock().unwrap().insert(key.to_owned()) {
            return unavailable();
        }
        let message = "It was refunded already.".to_owned();
        Ok(Moved::Declined(Decline { reason: DeclineReason::NotFound, network_code: "25".to_owned(), message }))
    }

    fn found(&self, key: &str) -> Option<Moved> {
        if self.blind.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            return None;
        }
        self.given_back.lock().unwrap().contains(key).then(|| Moved::Done { reference: format!("RE-{key}") })
    }
}

impl Connector for Desk {
    fn name(&self) -> &'static str {
        "desk"
    }

    fn simulated(&self) -> bool {
        true
    }
}

impl CardAcquirer for Desk {
    fn verify<'a>(&'a self, check: CardCheck<'a>) -> Call<'a, CardVerdict> {
        self.sandbox.verify(check)
    }

    fn charge<'a>(&'a self, charge: Charge<'a>) -> Call<'a, ChargeOutcome> {
        self.sandbox.charge(charge)
    }

    fn charge_status<'a>(&'a self, key: &'a str) -> Call<'a, Option<ChargeOutcome>> {
        self.sandbox.charge_status(key)
    }

    fn authorise<'a>(&'a self, order: Authorise<'a>) -> Call<'a, Authorised> {
        Box::pin(async move {
            match order.amount.minor() {
                DARK => return unavailable(),
                HELD_UP => self.gate.acquire().await.unwrap().forget(),
                _ => {}
            }
            self.sandbox.authorise(order).await
        })
    }

    fn capture<'a>(&'a self, order: Move<'a>) -> Call<'a, Moved> {
        self.sandbox.capture(order)
    }

    fn void<'a>(&'a self, order: Move<'a>) -> Call<'a, Moved> {
        self.sandbox.void(order)
    }

    fn refund<'a>(&'a self, order: Move<'a>) -> Call<'a, Moved> {
        Box::pin(
            async move { if order.amount.minor() == FORGOTTEN { self.give_back(&order.key) } else { self.sandbox.refund(order).await } },
        )
    }

    fn authorised<'a>(&'a self, order: Authorise<'a>) -> Call<'a, Option<Authorised>> {
        Box::pin(async move {
            match order.amount.minor() {
                DARK => unavailable(),
                HELD_UP => Ok(None),
                _ => self.sandbox.authorised(order).await,
            }
        })
    }

    fn moved<'a>(&'a self, kind: MoveKind, order: Move<'a>) -> Call<'a, Option<Moved>> {
        Box::pin(async move {
            if order.amount.minor() == FORGOTTEN { Ok(self.found(&order.key)) } else { self.sandbox.moved(kind, order).await }
        })
    }
}

/// A shop at such a desk, and Jo with a card that is good.
struct Till {
    shop: Shop,
    desk: Arc<Desk>,
    merchant: MerchantCaller,
    jo: ShopperCaller,
    card: Instrument,
}

impl Till {
    async fn open(blind: u32) -> Self {
        let desk = Desk::new(blind);
        let shop = Shop::open_in(|world| world.acquirer = desk.clone()).await;
        let merchant = shop.merchant("10006").await;
        let jo = shop.shopper(&merchant, "jo").await;
        let card = shop.card(&jo, GOOD_CARD).await.unwrap();
        Self { shop, desk, merchant, jo, card }
    }

    /// Another process over the same books, at the same desk.
    async fn other_process(&self) -> Cx {
        process_in(&self.shop.database, &master(), None, |world| world.acquirer = self.desk.clone()).await.unwrap()
    }

    async fn ask(&self, minor: i64) -> PaymentRequest {
        payment_requests::create(&self.shop.cx, &self.merchant, new_request(minor), None).await.unwrap().request
    }

    async fn standing(&self, request: PaymentRequestId) -> PaymentRequest {
        payment_requests::find(&self.shop.cx, &self.merchant, request).await.unwrap()
    }

    async fn found(&self, made: &InStoreTransaction) -> Transaction {
        occasions::find(&self.shop.cx, &self.merchant, made.occasion.id).await.unwrap().0.transaction
    }
}

fn with(primary: &Instrument) -> PayRequest {
    wishing(Wish { primary: Some(primary.id.clone()), ..Wish::default() }, Atomicity::AllOrNothing)
}

fn wishing(wish: Wish, atomicity: Atomicity) -> PayRequest {
    PayRequest { wish, atomicity, client_reference: None, kinds: Kinds::PURCHASES, challenges: Vec::new(), fraud: None }
}

/// Time passes for a process, and what was left behind is looked after.
async fn later(cx: &Cx) {
    for _ in 0..2 {
        clock::advance(cx, minutes(2)).await.unwrap();
    }
}

fn states(transaction: &Transaction) -> (TransactionState, Rollback) {
    (transaction.state, transaction.rollback)
}

#[tokio::test]
async fn a_payment_that_turns_up_when_another_has_the_only_use_is_put_back() {
    // Who skips the rollback wants what was charged to stay, and the payment is rejected whether there is room or not.
    for atomicity in [Atomicity::AllOrNothing, Atomicity::KeepSuccesses] {
        let till = Till::open(0).await;
        let other = till.other_process().await;
        let request = till.ask(HELD_UP + 1_000).await.id;
        let second = till.shop.card(&till.jo, OTHER_CARD).await.unwrap();
        let split =
            Wish { primary: Some(till.card.id.clone()), secondary: Some(vec![(second.id.clone(), dollars(HELD_UP))]), preferences: None };
        let declined = till.shop.card(&till.jo, DECLINED).await.unwrap();
        // With one card alone if the other one's part would stand.
        let wish = if atomicity == Atomicity::AllOrNothing { split } else { Wish { primary: Some(declined.id), ..split } };
        let (cx, jo, how) = (till.shop.cx.clone(), till.jo.clone(), wishing(wish, atomicity));
        let held_up = tokio::spawn(async move { instore::pay(&cx, &jo, request, how, None).await });
        while till.standing(request).await.uses == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        later(&other).await;
        assert_eq!(till.standing(request).await.uses, 0, "it was given up");
        let paid = instore::pay(&other, &till.jo, request, with(&till.card), None).await.unwrap();
        assert_eq!(paid.transaction.state, TransactionState::Approved);
        till.desk.gate.add_permits(1);
        let late = held_up.await.unwrap().unwrap();
        assert_eq!(states(&late.transaction), (TransactionState::Rejected, Rollback::Successful), "{atomicity:?}");
        assert!(late.transaction.movements.iter().all(|part| part.done_reference().is_none()));
        assert!(late.transaction.movements.iter().any(|part| part.fault() == Some(Fault::PutBack)));
        assert_eq!(till.standing(request).await.uses, 1);
        till.shop.books_balance().await;
    }
}

#[tokio::test]
async fn a_refund_that_was_not_answered_is_asked_about_and_ends() {
    let till = Till::open(0).await;
    let (a, b) = (till.shop.card(&till.jo, OTHER_CARD).await.unwrap(), till.shop.card(&till.jo, DECLINED).await.unwrap());
    let request = till.ask(1_000_000).await.id;
    // The refund of this amount happens, and its answer is lost each time.
    let wish = Wish { primary: Some(b.id), secondary: Some(vec![(a.id.clone(), dollars(999_168))]), preferences: None };
    let made = instore::pay(&till.shop.cx, &till.jo, request, wishing(wish, Atomicity::AllOrNothing), None).await.unwrap();
    assert_eq!(states(&made.transaction), (TransactionState::Processing, Rollback::Required));
    later(&till.shop.cx).await;
    assert_eq!(states(&till.found(&made).await), (TransactionState::Rejected, Rollback::Successful));
    assert_eq!(till.standing(request).await.uses, 0);
    instruments::remove(&till.shop.cx, &till.jo, &a.id, None).await.unwrap();
    till.shop.books_balance().await;
}

#[tokio::test]
async fn what_was_refunded_already_is_put_back_whatever_the_acquirer_says_the_second_time() {
    // Asked first it has forgotten the key, or does not find the refund yet either.
    for (blind, posted) in [(0, 1), (1, 2)] {
        let till = Till::open(blind).await;
        let (a, b) = (till.shop.card(&till.jo, OTHER_CARD).await.unwrap(), till.shop.card(&till.jo, DECLINED).await.unwrap());
        let wish = Wish { primary: Some(b.id), secondary: Some(vec![(a.id, dollars(FORGOTTEN))]), preferences: None };
        let request = till.ask(FORGOTTEN + 700).await.id;
        let made = instore::pay(&till.shop.cx, &till.jo, request, wishing(wish, Atomicity::AllOrNothing), None).await.unwrap();
        assert!(made.transaction.is_turning_back());
        later(&till.shop.cx).await;
        assert_eq!(states(&till.found(&made).await), (TransactionState::Rejected, Rollback::Successful), "{blind}");
        assert_eq!(till.desk.refunds.load(Ordering::Relaxed), posted, "{blind}");
        assert_eq!(till.shop.owed(&till.merchant).await, 0);
        till.shop.books_balance().await;
    }
}

#[tokio::test]
async fn doubts_that_nobody_can_settle_keep_none_from_its_turn() {
    let till = Till::open(0).await;
    for _ in 0..256 {
        till.shop.pay(&till.jo, &till.card, DARK, None).await;
    }
    let unknown = till.shop.card(&till.jo, UNKNOWN).await.unwrap();
    let paid = till.shop.pay(&till.jo, &unknown, 1_000, None).await;
    assert_eq!(paid.state, TransactionState::Processing);
    later(&till.shop.cx).await;
    later(&till.shop.cx).await;
    let receipt = paid.receipt;
    let found = till.shop.cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.find_transaction(receipt)?)).await.unwrap();
    assert_eq!(found.unwrap().state, TransactionState::Approved);
}

#[tokio::test]
async fn what_is_in_doubt_keeps_its_own_instrument_from_being_forgotten_and_no_other() {
    let till = Till::open(0).await;
    let (jim, jack) = (till.shop.guest(&till.merchant).await, till.shop.guest(&till.merchant).await);
    let (doubtful, idle) = (till.shop.card(&jim, GOOD_CARD).await.unwrap(), till.shop.card(&jack, GOOD_CARD).await.unwrap());
    till.shop.pay(&jim, &doubtful, DARK, None).await;
    for _ in 0..8 {
        till.shop.wait(hours(6)).await;
    }
    let is_kept = async |card: &Instrument| {
        let id = card.id.clone();
        let found = till.shop.cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.find_instrument(&id)?)).await;
        found.unwrap().is_some()
    };
    assert_eq!((is_kept(&doubtful).await, is_kept(&idle).await), (true, false));
}

#[tokio::test]
async fn a_request_is_taken_back_while_a_payment_of_it_is_in_doubt() {
    let till = Till::open(0).await;
    let unknown = till.shop.card(&till.jo, UNKNOWN).await.unwrap();
    let close = async |request| payment_requests::close(&till.shop.cx, &till.merchant, request, None).await;
    let (paid, refused) = (till.ask(1_000).await.id, till.ask(HELD_UP).await.id);
    instore::pay(&till.shop.cx, &till.jo, paid, with(&unknown), None).await.unwrap();
    let (cx, jo, how) = (till.other_process().await, till.jo.clone(), with(&till.card));
    let held_up = tokio::spawn(async move { instore::pay(&cx, &jo, refused, how, None).await });
    while till.standing(refused).await.uses == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for request in [paid, refused] {
        close(request).await.unwrap();
        assert_eq!(code(close(request).await), "request_closed");
    }
    later(&till.shop.cx).await;
    assert_eq!((till.standing(paid).await.uses, till.standing(refused).await.uses), (1, 0));
    let again = instore::pay(&till.shop.cx, &till.jo, refused, with(&till.card), None).await;
    assert_eq!(code(again), "request_closed", "it does not come back");
    held_up.abort();
    let used = till.ask(1_000).await.id;
    instore::pay(&till.shop.cx, &till.jo, used, with(&till.card), None).await.unwrap();
    assert_eq!(code(close(used).await), "request_used");
    till.shop.books_balance().await;
}
