//! Openpay: a barcode that was scanned at a till is paid with, and followed up, like a card.
//!
//! The money takes the road of [`payments`] and [`follow_ups`]; here stands what is particular. Invariants: what the till said is
//! written down with the movement, before Openpay is asked; what Openpay answered is written with the outcome; a barcode is
//! sealed, and forgotten within the hour.

mod call;

use std::sync::Arc;
use std::time::Duration;

use florin_domain::instrument::{Instrument, InstrumentId, InstrumentKind};
use florin_domain::money::{Currency, Money};
use florin_domain::movement::{Movement, MovementKind, Reference};
use florin_domain::openpay::{Barcode, OpenpayPart};
use florin_domain::payment::{Atomicity, Transaction, TransactionKind};
use florin_domain::time::minutes;
use florin_domain::{InstrumentToken, Timestamp};
use florin_store::Tx;
use florin_vault::Secret;

pub(crate) use self::call::{ask, follow_up, look_up, look_up_follow_up};
use crate::caller::{MerchantCaller, ShopperCaller};
use crate::follow_ups::{self, FollowAnswer, FollowItem, FollowUp, Manner};
use crate::idempotency::IdempotencyKey;
use crate::instruments::{Entrant, Home, admit_once, barcode_and_pin};
use crate::payments::{self, Kinds, PayAnswer, PayItem, PayOrder, Payer, earlier, finished};
use crate::{Context, Cx, ServiceError};

/// How long a barcode stays in the books for whoever asks what became of it.
const KEPT_FOR: Duration = minutes(15);
/// The most barcodes of one payment.
const ITEMS_MAX: usize = 20;
/// The longest PIN of a shop.
const PIN_MAX: usize = 12;
/// Among which values a barcode is found again.
const BARCODES: &str = "openpay barcodes";

/// A barcode that is paid with.
#[derive(Clone)]
pub struct OpenpayItem {
    /// What was scanned.
    pub barcode: String,
    /// How much.
    pub amount: Money,
    /// How much of it is goods and services tax.
    pub gst: Option<Money>,
}

/// Prints nothing of the barcode.
impl std::fmt::Debug for OpenpayItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenpayItem").field("amount", &self.amount).finish_non_exhaustive()
    }
}

/// A payment at a till.
#[derive(Debug, Clone)]
pub struct OpenpayOrder {
    /// The caller's own name for it.
    pub client_reference: String,
    /// The order it is for.
    pub order_number: String,
    /// Whether the money is held or taken.
    pub kind: MovementKind,
    /// Through which channel the shop sells.
    pub channel: String,
    /// The shop.
    pub store: String,
    /// The shop's PIN.
    pub pin: Option<Secret<String>>,
    /// The barcodes.
    pub items: Vec<OpenpayItem>,
}

/// What came of a payment: its movements stand in the order of the barcodes.
#[derive(Debug, Clone)]
pub struct OpenpayPaid {
    /// The transaction. One that is still open has an outcome that is not known yet.
    pub transaction: Transaction,
    /// What is particular to each movement, in their order.
    pub parts: Vec<OpenpayPart>,
}

/// One movement to be followed up.
#[derive(Debug, Clone)]
pub struct OpenpayFollowItem {
    /// Its reference, as it was sent.
    pub reference: String,
    /// How much; all that is there if nothing.
    pub amount: Option<Money>,
    /// How much of it is tax.
    pub gst: Option<Money>,
    /// Why money is given back.
    pub reason: Option<String>,
}

/// A completion, void or refund at a till.
#[derive(Debug, Clone)]
pub struct OpenpayFollowUp {
    /// The caller's own name for it.
    pub client_reference: String,
    /// The order it is about; the payment's if nothing.
    pub order_number: Option<String>,
    /// The shop.
    pub store: Option<String>,
    /// What is followed up.
    pub items: Vec<OpenpayFollowItem>,
}

/// What came of a follow-up.
#[derive(Debug, Clone)]
pub struct OpenpayFollowed {
    /// As with every other instrument.
    pub answer: FollowAnswer,
    /// What is particular to each movement that was made.
    pub parts: Vec<OpenpayPart>,
}

/// Pays with barcodes, in full or not at all. With a key, once a key.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `payments`, `paymentToken`, `amount`, `gstAmount` or `pin`; as [`payments::pay`].
pub async fn pay(cx: &Cx, shopper: &ShopperCaller, order: OpenpayOrder, key: Option<IdempotencyKey>) -> Result<OpenpayPaid, ServiceError> {
    let barcodes = check(&order)?;
    let key2 = key.clone();
    let before = cx.store.read(move |tx: &mut Tx<'_>| earlier(tx, key2.as_ref())).await?;
    let transaction = match before {
        Some(transaction) => finished(cx, transaction).await?,
        None => first(cx, shopper, (order, barcodes), key).await?,
    };
    let parts = parts_of(cx, &transaction).await?;
    Ok(OpenpayPaid { transaction, parts })
}

async fn first(
    cx: &Cx,
    shopper: &ShopperCaller,
    (order, barcodes): (OpenpayOrder, Vec<Barcode>),
    key: Option<IdempotencyKey>,
) -> Result<Transaction, ServiceError> {
    let shown = show(cx, shopper, barcodes, order.pin.clone()).await?;
    let items = shown.iter().zip(&order.items).map(|(instrument, item)| PayItem {
        instrument: Some(instrument.id.clone()),
        token: Some(instrument.token),
        amount: item.amount,
        step_up: None,
        passcode: None,
        authentication: None,
        three_ds: None,
    });
    let pay = PayOrder {
        client_reference: order.client_reference.clone(),
        order_number: order.order_number.clone(),
        kinds: Kinds { openpay: Some(order.kind), ..Kinds::default() },
        items: items.collect(),
        atomicity: Atomicity::AllOrNothing,
        fraud: None,
    };
    let beside: payments::Beside = Arc::new(move |tx, transaction| {
        for (movement, item) in transaction.movements.iter().zip(&order.items) {
            let (store, channel) = (Some(order.store.clone()), Some(order.channel.clone()));
            let part = OpenpayPart { reference: movement.reference, store, channel, gst: item.gst, reason: None, plan: None };
            tx.insert_openpay_part(&part)?;
        }
        Ok(())
    });
    let payer = Payer { beside: Some(beside), ..Payer::of(shopper) };
    match payments::carry(cx, payer, pay, key).await? {
        PayAnswer::Concluded(transaction) => Ok(transaction),
        PayAnswer::Unknown(_) => Err(ServiceError::Internal("a barcode was forgotten while it was paid with".to_owned())),
    }
}

fn check(order: &OpenpayOrder) -> Result<Vec<Barcode>, ServiceError> {
    if order.items.is_empty() || order.items.len() > ITEMS_MAX {
        return Err(ServiceError::invalid("payments", "must hold 1 to 20 payments"));
    }
    let is_pin = |pin: &Secret<String>| {
        let pin = pin.expose();
        (1..=PIN_MAX).contains(&pin.len()) && pin.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if order.pin.as_ref().is_some_and(|pin| !is_pin(pin)) {
        return Err(ServiceError::invalid("pin", "must be 1 to 12 letters and digits"));
    }
    let mut barcodes: Vec<Barcode> = Vec::with_capacity(order.items.len());
    for item in &order.items {
        let barcode = Barcode::parse(&item.barcode).map_err(|_| ServiceError::invalid("paymentToken", "is no barcode of Openpay's"))?;
        if barcodes.contains(&barcode) {
            return Err(ServiceError::invalid("paymentToken", "must not come twice"));
        }
        check_gst(Some(item.amount), item.gst)?;
        barcodes.push(barcode);
    }
    Ok(barcodes)
}

fn check_gst(amount: Option<Money>, gst: Option<Money>) -> Result<(), ServiceError> {
    if amount.is_some_and(|amount| !amount.is_positive() || amount.currency() != Currency::Aud) {
        return Err(ServiceError::invalid("amount", "must be more than 0 Australian dollars"));
    }
    let is_part = |gst: Money| gst.minor() >= 0 && amount.is_none_or(|amount| gst.minor() <= amount.minor());
    if gst.is_some_and(|gst| !is_part(gst)) {
        return Err(ServiceError::invalid("gstAmount", "must lie between 0 and the amount"));
    }
    Ok(())
}

/// Takes barcodes into the shopper's wallet for this payment.
async fn show(
    cx: &Cx,
    shopper: &ShopperCaller,
    barcodes: Vec<Barcode>,
    pin: Option<Secret<String>>,
) -> Result<Vec<Instrument>, ServiceError> {
    let (now, cx2) = (cx.clock.now(), cx.clone());
    let home = Home { gone_at: Some(now.plus(KEPT_FOR)), ..Home::of(shopper) };
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let shown = barcodes.iter().map(|barcode| seat(&cx2, tx, &home, (barcode, pin.as_ref()), now));
            shown.collect::<Result<Vec<_>, ServiceError>>()
        })
        .await
}

fn seat(
    cx: &Context,
    tx: &mut Tx<'_>,
    home: &Home,
    (barcode, pin): (&Barcode, Option<&Secret<String>>),
    now: Timestamp,
) -> Result<Instrument, ServiceError> {
    let secret = Secret::new(barcode_and_pin(barcode.expose(), pin.map(|pin| pin.expose().as_str())));
    let entrant = Entrant {
        kind: InstrumentKind::Openpay,
        network: Some("Openpay".to_owned()),
        bin: None,
        suffix: Some(barcode.suffix().to_owned()),
        expiry: None,
        code_checked: false,
        account: None,
        customer: None,
        fingerprint: cx.keeper.fingerprint(BARCODES, barcode.expose().as_bytes()),
        secret: secret.expose().as_bytes(),
        primary: false,
        renews: None,
    };
    let id = InstrumentId::transient(InstrumentToken::from_random(cx.random.bytes()));
    admit_once(cx, tx, home, &entrant, (id, now))
}

/// Takes held money of Openpay's. An amount is the most that is taken; the rest is freed.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `gstAmount` or `reason`; as [`follow_ups::complete`].
pub async fn complete(
    cx: &Cx,
    caller: &MerchantCaller,
    order: OpenpayFollowUp,
    key: Option<IdempotencyKey>,
) -> Result<OpenpayFollowed, ServiceError> {
    carry(cx, caller, (TransactionKind::Completion, order), key).await
}

/// Frees held money of Openpay's.
///
/// # Errors
/// As [`complete`].
pub async fn void(
    cx: &Cx,
    caller: &MerchantCaller,
    order: OpenpayFollowUp,
    key: Option<IdempotencyKey>,
) -> Result<OpenpayFollowed, ServiceError> {
    carry(cx, caller, (TransactionKind::Void, order), key).await
}

/// Gives money back over Openpay.
///
/// # Errors
/// As [`complete`].
pub async fn refund(
    cx: &Cx,
    caller: &MerchantCaller,
    order: OpenpayFollowUp,
    key: Option<IdempotencyKey>,
) -> Result<OpenpayFollowed, ServiceError> {
    carry(cx, caller, (TransactionKind::Refund, order), key).await
}

/// The longest reason, in characters.
const REASON_MAX: usize = 200;

async fn carry(
    cx: &Cx,
    caller: &MerchantCaller,
    (kind, order): (TransactionKind, OpenpayFollowUp),
    key: Option<IdempotencyKey>,
) -> Result<OpenpayFollowed, ServiceError> {
    for item in &order.items {
        check_gst(item.amount, item.gst)?;
        if item.reason.as_ref().is_some_and(|reason| reason.chars().count() > REASON_MAX || reason.chars().any(char::is_control)) {
            return Err(ServiceError::invalid("reason", "must be 200 characters at the most"));
        }
    }
    let order_number = match &order.order_number {
        Some(number) => number.clone(),
        None => order_number_of(cx, caller, &order).await?,
    };
    let follow = FollowUp {
        client_reference: order.client_reference.clone(),
        order_number,
        items: order.items.iter().map(|item| FollowItem { reference: item.reference.clone(), amount: item.amount }).collect(),
    };
    let beside: payments::Beside = Arc::new(move |tx, transaction| write_parts(tx, transaction, &order));
    let manner = Manner { beside: Some(beside), openpay: true, ..Manner::default() };
    let answer = follow_ups::carry(cx, caller, (kind, follow), key, manner).await?;
    let made: Vec<_> = answer.items.iter().filter_map(|item| item.movement.as_ref()).map(|movement| movement.reference).collect();
    let parts = match (made.iter().min().copied(), made.iter().max().copied()) {
        (Some(first), Some(last)) => list_parts(cx, first, last).await?,
        _ => Vec::new(),
    };
    Ok(OpenpayFollowed { answer, parts })
}

/// The order of the first payment that is followed up.
async fn order_number_of(cx: &Cx, caller: &MerchantCaller, order: &OpenpayFollowUp) -> Result<String, ServiceError> {
    let reference = order.items.first().and_then(|item| Reference::parse(&item.reference).ok());
    let Some(reference) = reference else { return Ok(String::new()) };
    let merchant = caller.merchant.id.clone();
    let found = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.find_transaction_with(reference)?)).await?;
    Ok(found.filter(|found| found.merchant == merchant).map(|found| found.order_number).unwrap_or_default())
}

/// Writes down what the till said of each movement. An item that was refused at once has none, so that each movement is of the
/// next item that asks for the same.
fn write_parts(tx: &mut Tx<'_>, transaction: &Transaction, order: &OpenpayFollowUp) -> Result<(), ServiceError> {
    let mut left: Vec<_> = order.items.iter().collect();
    for movement in &transaction.movements {
        let place = left.iter().position(|item| is_of(tx, item, movement).unwrap_or(false));
        let item = place.map(|place| left.remove(place));
        let part = OpenpayPart {
            reference: movement.reference,
            store: order.store.clone(),
            channel: None,
            gst: item.and_then(|item| item.gst),
            reason: item.and_then(|item| item.reason.clone()),
            plan: None,
        };
        tx.insert_openpay_part(&part)?;
    }
    Ok(())
}

/// Whether an item asked for a movement. A refund may name the completion instead of what it completed.
fn is_of(tx: &mut Tx<'_>, item: &OpenpayFollowItem, movement: &Movement) -> Result<bool, ServiceError> {
    let Ok(asked) = Reference::parse(&item.reference) else { return Ok(false) };
    let is_amount = movement.kind == MovementKind::Void || item.amount.is_none_or(|amount| amount == movement.amount);
    if !is_amount || Some(asked) == movement.original {
        return Ok(is_amount);
    }
    Ok(tx.find_movement(asked)?.is_some_and(|found| found.original.is_some() && found.original == movement.original))
}

async fn parts_of(cx: &Cx, transaction: &Transaction) -> Result<Vec<OpenpayPart>, ServiceError> {
    let count = i64::try_from(transaction.movements.len()).unwrap_or(i64::MAX);
    list_parts(cx, transaction.receipt.plus(1), transaction.receipt.plus(count)).await
}

async fn list_parts(cx: &Cx, first: Reference, last: Reference) -> Result<Vec<OpenpayPart>, ServiceError> {
    cx.store.read(move |tx: &mut Tx<'_>| Ok(tx.list_openpay_parts(first, last)?)).await
}

/// Whether an instrument is Openpay's.
pub(crate) fn is_openpay(movement: &Movement) -> bool {
    movement.paid_with.kind == InstrumentKind::Openpay
}
