//! Follow-ups in store: a whole transaction or parts of it completed, freed or given back; and agreements of this family.

use florin_domain::TransactionId;
use florin_domain::fault::Fault;
use florin_domain::movement::{Movement, MovementKind, Reference};
use florin_domain::occasion::Occasion;
use florin_domain::payment::{Transaction, TransactionKind};
use florin_store::Tx;

use crate::agreements::{self, AgreementAnswer, ChargeAgreement, Family, NewAgreement};
use crate::caller::{MerchantCaller, ShopperCaller};
use crate::follow_ups::{self, FollowItem, FollowUp, FollowedItem, Manner};
use crate::idempotency::IdempotencyKey;
use crate::occasions::{self, About, Draft, InStoreTransaction};
use crate::{Cx, ServiceError, payments};

/// A follow-up of an in-store transaction as asked for.
#[derive(Debug, Clone, Default)]
pub struct InStoreFollowUp {
    /// Why; told with a refund.
    pub reason: Option<String>,
    /// The caller's own name for it; the new transaction's id if nothing.
    pub client_reference: Option<String>,
    /// The order it is about; the original's if nothing.
    pub order_number: Option<String>,
    /// What is followed up; all that there is if nothing.
    pub items: Option<Vec<FollowItem>>,
}

/// What came of a follow-up.
#[derive(Debug, Clone)]
pub struct FollowedUp {
    /// The transaction that was made; nothing if an item was refused, and with it all of it, before anything moved.
    pub made: Option<InStoreTransaction>,
    /// What came of each item.
    pub items: Vec<FollowedItem>,
}

/// Takes the held money of a transaction; with a key, once a key.
///
/// # Errors
/// [`ServiceError::NotFound`]; [`ServiceError::Refused`] `not_to_be_followed` for a transaction of another kind, or
/// `nothing_left`; and as [`complete`](follow_ups::complete).
pub async fn complete(
    cx: &Cx,
    caller: &MerchantCaller,
    id: TransactionId,
    order: InStoreFollowUp,
    key: Option<IdempotencyKey>,
) -> Result<FollowedUp, ServiceError> {
    follow(cx, caller, (TransactionKind::Completion, id), order, key).await
}

/// Frees the held money of a transaction.
///
/// # Errors
/// As [`complete`].
pub async fn void(
    cx: &Cx,
    caller: &MerchantCaller,
    id: TransactionId,
    order: InStoreFollowUp,
    key: Option<IdempotencyKey>,
) -> Result<FollowedUp, ServiceError> {
    follow(cx, caller, (TransactionKind::Void, id), order, key).await
}

/// Gives the money of a transaction back.
///
/// # Errors
/// As [`complete`].
pub async fn refund(
    cx: &Cx,
    caller: &MerchantCaller,
    id: TransactionId,
    order: InStoreFollowUp,
    key: Option<IdempotencyKey>,
) -> Result<FollowedUp, ServiceError> {
    follow(cx, caller, (TransactionKind::Refund, id), order, key).await
}

async fn follow(
    cx: &Cx,
    caller: &MerchantCaller,
    (kind, id): (TransactionKind, TransactionId),
    order: InStoreFollowUp,
    key: Option<IdempotencyKey>,
) -> Result<FollowedUp, ServiceError> {
    let (merchant, asked, key2) = (caller.merchant.id.clone(), order.items, key.clone());
    let found = cx.store.read(move |tx: &mut Tx<'_>| {
        let original = occasions::of_merchant(tx, &merchant, id)?;
        let transaction = tx.find_transaction(original.receipt)?.ok_or(ServiceError::NotFound("transaction"))?;
        must_fit(kind, transaction.kind)?;
        // What a key did is told again, however little is left of the transaction since.
        let items = match (&asked, payments::earlier(tx, key2.as_ref())?) {
            (Some(items), None) => named(tx, &transaction, items)?,
            (None, None) => Ok(all(tx, kind, &transaction)?),
            (Some(items), Some(_)) => Ok(items.clone()),
            (None, Some(made)) => Ok(followed_by(&made)),
        };
        Ok::<_, ServiceError>((original, transaction.order_number, items))
    });
    let (original, order_number, items) = found.await?;
    let items = match items {
        Ok(items) => items,
        Err(refused) => return Ok(FollowedUp { made: None, items: refused }),
    };
    let draft = draft(cx, original, order.reason);
    let follow_up = FollowUp {
        client_reference: order.client_reference.unwrap_or_else(|| draft.id.to_string()),
        order_number: order.order_number.unwrap_or(order_number),
        items,
    };
    let manner = Manner { occasion: Some(draft.id), beside: Some(draft.beside()), openpay: false };
    let answer = follow_ups::carry(cx, caller, (kind, follow_up), key, manner).await?;
    let made = match answer.receipt {
        Some(receipt) => Some(of_receipt(cx, receipt).await?),
        None => None,
    };
    Ok(FollowedUp { made, items: answer.items })
}

fn draft(cx: &Cx, original: Occasion, reason: Option<String>) -> Draft {
    let about = About::FollowUp { original: Box::new(original), reason };
    Draft { id: TransactionId::from_random(cx.random.bytes()), about }
}

async fn of_receipt(cx: &Cx, receipt: Reference) -> Result<InStoreTransaction, ServiceError> {
    let found = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.find_transaction(receipt)?)).await?;
    occasions::of(cx, found.ok_or(ServiceError::NotFound("transaction"))?).await
}

/// A refund is of a payment or of its completion; held money is a payment's.
fn must_fit(kind: TransactionKind, original: TransactionKind) -> Result<(), ServiceError> {
    let fits = match kind {
        TransactionKind::Refund => matches!(original, TransactionKind::Payment | TransactionKind::Completion),
        TransactionKind::Completion | TransactionKind::Void => original == TransactionKind::Payment,
        TransactionKind::Payment => false,
    };
    if fits {
        return Ok(());
    }
    let message = format!("The transaction is a {}; there is no {} of one.", original.name(), kind.name());
    Err(ServiceError::Refused { code: "not_to_be_followed", message })
}

/// The items that were named, if each is of the transaction.
fn named(
    tx: &mut Tx<'_>,
    transaction: &Transaction,
    items: &[FollowItem],
) -> Result<Result<Vec<FollowItem>, Vec<FollowedItem>>, ServiceError> {
    if items.is_empty() {
        return Err(ServiceError::invalid("subTransactions", "must not be empty"));
    }
    let is_of_it = |reference: Reference| {
        transaction.movements.iter().any(|movement| movement.reference == reference || movement.original == Some(reference))
    };
    let mut refused = Vec::new();
    for item in items {
        let reference = Reference::parse(&item.reference).ok();
        let movement = reference.map(|reference| tx.find_movement(reference)).transpose()?.flatten();
        let is_known = movement.is_some_and(|movement| is_of_it(movement.reference) || movement.original.is_some_and(is_of_it));
        let fault = (!is_known).then_some(Fault::OriginalNotFound);
        refused.push(FollowedItem { asked: item.reference.clone(), movement: None, fault });
    }
    let is_whole = refused.iter().all(|item| item.fault.is_none());
    Ok(if is_whole { Ok(items.to_vec()) } else { Err(refused) })
}

/// What a follow-up of all that there was is about.
fn followed_by(made: &Transaction) -> Vec<FollowItem> {
    let of = |movement: &Movement| movement.original.unwrap_or(movement.reference).to_string();
    made.movements.iter().map(|movement| FollowItem { reference: of(movement), amount: None }).collect()
}

/// All of a transaction that can be followed up, each with all that there is.
fn all(tx: &mut Tx<'_>, kind: TransactionKind, transaction: &Transaction) -> Result<Vec<FollowItem>, ServiceError> {
    let mut items = Vec::new();
    for movement in &transaction.movements {
        let is_left = match kind {
            TransactionKind::Refund => refundable(tx, movement)?,
            TransactionKind::Completion | TransactionKind::Void => movement.is_open(),
            TransactionKind::Payment => false,
        };
        if is_left {
            items.push(FollowItem { reference: movement.reference.to_string(), amount: None });
        }
    }
    if items.is_empty() {
        let message = format!("Nothing is left of this transaction for a {}.", kind.name());
        return Err(ServiceError::Refused { code: "nothing_left", message });
    }
    Ok(items)
}

/// Whether money of a movement can be given back; a completion's stands with what it completed.
fn refundable(tx: &mut Tx<'_>, movement: &Movement) -> Result<bool, ServiceError> {
    let original = movement.original.filter(|_| movement.kind == MovementKind::Completion);
    let original = original.map(|original| tx.find_movement(original)).transpose()?.flatten();
    Ok(original.as_ref().unwrap_or(movement).refundable().is_positive())
}

/// Makes an agreement; the charge that may come with it is an in-store transaction. With a key, once a key.
///
/// # Errors
/// As [`create`](agreements::create).
pub async fn create_agreement(
    cx: &Cx,
    shopper: &ShopperCaller,
    new: NewAgreement,
    key: Option<IdempotencyKey>,
) -> Result<(AgreementAnswer, Option<InStoreTransaction>), ServiceError> {
    let answer = agreements::create_in(Family::InStore, cx, shopper, new, key).await?;
    let made = match answer.transaction.clone() {
        Some(transaction) => Some(occasions::of(cx, transaction).await?),
        None => None,
    };
    Ok((answer, made))
}

/// Charges an agreement in an in-store transaction; with a key, once a key.
///
/// # Errors
/// As [`charge`](agreements::charge).
pub async fn charge_agreement(
    cx: &Cx,
    caller: &MerchantCaller,
    charge: ChargeAgreement,
    key: Option<IdempotencyKey>,
) -> Result<InStoreTransaction, ServiceError> {
    let answer = agreements::charge_in(Family::InStore, cx, caller, charge, key).await?;
    let transaction = answer.transaction.ok_or_else(|| ServiceError::Internal("a charge without a transaction".to_owned()))?;
    occasions::of(cx, transaction).await
}
