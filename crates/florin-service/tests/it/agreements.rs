//! Agreements, what happens to them at the same time, and what becomes of them when the first charge goes wrong.

use std::sync::Arc;
use std::time::Duration;

use florin_connect::World;
use florin_domain::agreement::{Agreement, AgreementKind, Frequency};
use florin_domain::card::CardExpiry;
use florin_domain::instrument::Instrument;
use florin_domain::payment::TransactionState;
use florin_domain::time::{days, hours, minutes};
use florin_domain::{AgreementId, Currency, Money};
use florin_service::agreements::{self, AgreementAnswer, AgreementChanges, ChargeAgreement, NewAgreement};
use florin_service::caller::{MerchantCaller, ShopperCaller};
use florin_service::idempotency::IdempotencyKey;
use florin_service::payments::Kinds;
use florin_service::{ServiceError, Tx, verify};

use crate::gate::{self, Gate, through};
use crate::issuer::Issuer;
use crate::shop::{GOOD_CARD, OTHER_CARD, Shop, code};

const UNKNOWN: &str = "4000000000006801";

/// A merchant, and Jo with a card that is good.
struct Kiosk {
    shop: Shop,
    merchant: MerchantCaller,
    jo: ShopperCaller,
    card: Instrument,
}

impl Kiosk {
    async fn of(shop: Shop) -> Self {
        let merchant = shop.merchant("10006").await;
        let jo = shop.shopper(&merchant, "jo").await;
        let card = shop.card(&jo, GOOD_CARD).await.unwrap();
        Self { shop, merchant, jo, card }
    }

    async fn behind_a_gate() -> (Self, Arc<Gate>) {
        let (shop, gate) = gate::shop().await;
        (Self::of(shop).await, gate)
    }

    async fn make(&self, new: NewAgreement, key: Option<IdempotencyKey>) -> Result<AgreementAnswer, ServiceError> {
        agreements::create(&self.shop.cx, &self.jo, new, key).await
    }

    async fn change(
        &self,
        id: AgreementId,
        changes: AgreementChanges,
        key: Option<IdempotencyKey>,
    ) -> Result<AgreementAnswer, ServiceError> {
        agreements::update(&self.shop.cx, &self.jo, id, changes, key).await
    }

    async fn charge(&self, agreement: AgreementId) -> Result<AgreementAnswer, ServiceError> {
        let charge = ChargeAgreement {
            agreement,
            kinds: Kinds::PURCHASES,
            client_reference: "next".to_owned(),
            order_number: "o-2".to_owned(),
            amount: dollars(700),
            fraud: None,
        };
        agreements::charge(&self.shop.cx, &self.merchant, charge, None).await
    }

    async fn standing(&self, id: AgreementId) -> Option<Agreement> {
        self.shop.cx.store.read(move |tx: &mut Tx<'_>| tx.find_agreement(id)).await.unwrap()
    }

    fn key(&self, name: &str) -> IdempotencyKey {
        let scope = format!("wpay:{}:{}", self.merchant.merchant.id, self.jo.wallet);
        IdempotencyKey::keyed(&self.shop.cx, scope, name.to_owned(), &[1; 32])
    }

    async fn books_balance(&self) {
        let report = verify::check(&self.shop.cx.store).await.unwrap();
        assert!(report.is_clean(), "{:?}", report.violations);
    }
}

fn dollars(minor: i64) -> Money {
    Money::new(minor, Currency::Aud)
}

fn on(instrument: &Instrument) -> NewAgreement {
    NewAgreement {
        client_reference: "weekly".to_owned(),
        kind: AgreementKind::Recurring,
        instrument: instrument.id.clone(),
        frequency: Frequency::Weekly,
        amount: dollars(700),
        description: None,
        starts_at: None,
        ends_at: None,
        immediate: None,
        step_up: None,
        fraud: None,
    }
}

fn at_once(instrument: &Instrument) -> NewAgreement {
    NewAgreement { immediate: Some("o-1".to_owned()), ..on(instrument) }
}

fn no_changes() -> AgreementChanges {
    AgreementChanges {
        instrument: None,
        ends_at: None,
        frequency: Frequency::Weekly,
        amount: None,
        description: None,
        step_up: None,
        client_reference: "a change".to_owned(),
        fraud: None,
    }
}

#[tokio::test]
async fn a_slow_change_takes_nothing_back_that_was_changed_meanwhile() {
    let (kiosk, gate) = Kiosk::behind_a_gate().await;
    let other = kiosk.shop.card(&kiosk.jo, OTHER_CARD).await.unwrap();
    let id = kiosk.make(on(&kiosk.card), None).await.unwrap().agreement.id;
    let ends_at = kiosk.shop.cx.clock.now().plus(hours(1));
    let slow = AgreementChanges { amount: Some(dollars(650)), fraud: Some(through("first")), ..no_changes() };
    let quick = AgreementChanges { instrument: Some(other.id.clone()), ends_at: Some(ends_at), ..no_changes() };
    let (changed, ()) = tokio::join!(kiosk.change(id, slow, None), async {
        gate.first.reached().await;
        kiosk.change(id, quick, None).await.unwrap();
        gate.first.open();
    });
    let changed = changed.unwrap();
    assert_eq!((changed.agreement.ends_at, &changed.agreement.instrument), (Some(ends_at), &other.id), "as it was acknowledged");
    assert_eq!((changed.agreement.amount, changed.instrument.id), (dollars(650), other.id));
    kiosk.shop.wait(hours(2)).await;
    assert_eq!(code(kiosk.charge(id).await), "agreement_ended");

    let soon = kiosk.shop.cx.clock.now().plus(hours(1));
    let late = AgreementChanges { ends_at: Some(soon), fraud: Some(through("first")), ..no_changes() };
    let (changed, ()) = tokio::join!(kiosk.change(id, late, None), async {
        gate.first.reached().await;
        kiosk.shop.wait(hours(2)).await;
        gate.first.open();
    });
    assert_eq!(code(changed), "endDate", "it lies in the past by the time that it is written");
    kiosk.books_balance().await;
}

#[tokio::test]
async fn an_agreement_whose_first_charge_turns_out_rejected_is_taken_back() {
    let forgetful = |world: &mut World| world.acquirer = Arc::new(Issuer { remembers: false, ..Issuer::of(&world.acquirer) });
    let kiosk = Kiosk::of(Shop::open_in(forgetful).await).await;
    let unknown = kiosk.shop.card(&kiosk.jo, UNKNOWN).await.unwrap();
    let made = kiosk.make(at_once(&unknown), None).await.unwrap();
    assert_eq!(made.transaction.unwrap().state, TransactionState::Processing);
    let id = made.agreement.id;
    assert!(kiosk.standing(id).await.is_some(), "nobody knows yet");
    assert!(matches!(kiosk.charge(id).await, Err(ServiceError::Unavailable { .. })), "nobody else charges it before");
    kiosk.shop.wait(minutes(2)).await;
    kiosk.shop.wait(minutes(2)).await;
    assert_eq!(code(kiosk.charge(id).await), "agreement_ended", "it was given up; should it turn up late, there is its agreement");
    assert!(kiosk.standing(id).await.is_some());
    kiosk.shop.wait(hours(1)).await;
    assert_eq!(kiosk.standing(id).await, None);
    assert_eq!(code(kiosk.charge(id).await), "payment agreement");
    kiosk.books_balance().await;
}

#[tokio::test]
async fn an_agreement_whose_first_charge_turns_out_approved_stays() {
    let kiosk = Kiosk::of(Shop::open().await).await;
    let unknown = kiosk.shop.card(&kiosk.jo, UNKNOWN).await.unwrap();
    let made = kiosk.make(at_once(&unknown), None).await.unwrap();
    assert_eq!(made.transaction.unwrap().state, TransactionState::Processing);
    kiosk.shop.wait(minutes(2)).await;
    kiosk.shop.wait(minutes(2)).await;
    assert_eq!(kiosk.standing(made.agreement.id).await.unwrap().cycle, 1);
    let change = AgreementChanges { instrument: Some(kiosk.card.id.clone()), ..no_changes() };
    kiosk.change(made.agreement.id, change, None).await.unwrap();
    assert_eq!(kiosk.charge(made.agreement.id).await.unwrap().agreement.cycle, 2);
    kiosk.books_balance().await;
}

#[tokio::test]
async fn an_agreement_whose_first_charge_was_never_begun_is_taken_back() {
    let (kiosk, gate) = Kiosk::behind_a_gate().await;
    let new = || NewAgreement { fraud: Some(through("first")), ..at_once(&kiosk.card) };
    // The call is cut off between the agreement and its charge.
    let cut_off = async |name| {
        tokio::select! {
            made = kiosk.make(new(), Some(kiosk.key(name))) => panic!("{made:?}"),
            () = gate.first.reached() => {}
        }
        let held = kiosk.shop.cx.store.read({
            let wallet = kiosk.jo.wallet;
            move |tx: &mut Tx<'_>| tx.list_agreements(wallet)
        });
        held.await.unwrap().pop().unwrap().id
    };
    let again = async |name| {
        gate.first.open();
        tokio::join!(kiosk.make(new(), Some(kiosk.key(name))), gate.first.reached()).0.unwrap()
    };
    let id = cut_off("late").await;
    assert!(matches!(kiosk.charge(id).await, Err(ServiceError::Unavailable { .. })));
    kiosk.shop.wait(minutes(2)).await;
    assert_eq!(kiosk.standing(id).await, None);
    let made = again("late").await;
    assert_eq!((made.agreement.id, made.agreement.cycle), (id, 1), "whoever sends it again gets what they asked for");

    let id = cut_off("soon").await;
    let made = again("soon").await;
    assert_eq!((made.agreement.id, made.agreement.cycle), (id, 1));
    let told = kiosk.make(new(), Some(kiosk.key("soon"))).await.unwrap();
    assert_eq!((told.transaction, told.agreement.cycle), (made.transaction, 1), "it is charged once");
    kiosk.shop.wait(hours(1)).await;
    assert!(kiosk.standing(id).await.is_some());
    kiosk.books_balance().await;
}

#[tokio::test]
async fn a_key_tells_an_agreement_again_whatever_has_changed_since() {
    let kiosk = Kiosk::of(Shop::open().await).await;
    let ends_at = Some(kiosk.shop.cx.clock.now().plus(hours(1)));
    let tell = async || kiosk.make(NewAgreement { ends_at, ..at_once(&kiosk.card) }, Some(kiosk.key("make"))).await.unwrap();
    let made = tell().await;
    let change = async || {
        let changes = AgreementChanges { ends_at, amount: Some(dollars(650)), ..no_changes() };
        kiosk.change(made.agreement.id, changes, Some(kiosk.key("change"))).await.unwrap()
    };
    let changed = change().await;
    kiosk.shop.wait(hours(2)).await;
    let mut old = kiosk.card.clone();
    old.expiry = Some(CardExpiry { year: 2020, month: 1 });
    kiosk.shop.cx.store.write(move |tx: &mut Tx<'_>| tx.save_instrument(&old)).await.unwrap();
    assert_eq!(change().await.agreement, changed.agreement);
    let again = tell().await;
    assert_eq!((&again.agreement, again.transaction), (&changed.agreement, made.transaction));
    agreements::remove(&kiosk.shop.cx, &kiosk.merchant, made.agreement.id, None).await.unwrap();
    assert_eq!(tell().await.agreement.id, made.agreement.id);
    assert_eq!(kiosk.standing(made.agreement.id).await, None, "it is told, and not made again");
    kiosk.books_balance().await;
}

#[tokio::test]
async fn the_charge_that_an_agreement_is_made_with_does_not_wait_for_its_start() {
    let kiosk = Kiosk::of(Shop::open().await).await;
    for ahead in [Duration::from_secs(2), days(10)] {
        let starts_at = Some(kiosk.shop.cx.clock.now().plus(ahead));
        let made = kiosk.make(NewAgreement { starts_at, ..at_once(&kiosk.card) }, None).await.unwrap();
        assert_eq!((made.transaction.unwrap().state, made.agreement.cycle), (TransactionState::Approved, 1));
        assert_eq!(code(kiosk.charge(made.agreement.id).await), "agreement_ended", "the next one does");
        kiosk.shop.wait(ahead).await;
        assert_eq!(kiosk.charge(made.agreement.id).await.unwrap().agreement.cycle, 2);
    }
    kiosk.books_balance().await;
}
