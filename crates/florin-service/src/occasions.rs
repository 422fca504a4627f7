//! Occasions: in-store transactions, as their shopper and their merchant look back on them.
//!
//! What makes a transaction one of this family is written with it and follows it to its end. Invariant: the use that a payment
//! takes of its request, and what it means for a till session, are written in the transactions that begin and conclude it.

use std::sync::Arc;

use florin_domain::merchant::MerchantId;
use florin_domain::money::Money;
use florin_domain::occasion::Occasion;
use florin_domain::payment::{Transaction, TransactionChange, TransactionKind, TransactionState};
use florin_domain::payment_request::PaymentRequest;
use florin_domain::session::{PaymentSession, SessionFault};
use florin_domain::{PaymentRequestId, PaymentSessionId, Timestamp, TransactionId, WalletId};
use florin_store::{OccasionFilter, OccasionOwner, Page, StoreError, Tx};

use crate::caller::{MerchantCaller, ShopperCaller};
use crate::payments::Beside;
use crate::{Cx, ServiceError};

/// Which transactions to list; what is `None` is not looked at.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    /// Of this request.
    pub request: Option<PaymentRequestId>,
    /// At this till session.
    pub session: Option<PaymentSessionId>,
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// At this time or earlier.
    pub to: Option<Timestamp>,
}

/// An in-store transaction.
#[derive(Debug, Clone)]
pub struct InStoreTransaction {
    /// On which occasion.
    pub occasion: Occasion,
    /// What was moved.
    pub transaction: Transaction,
}

/// A merchant's in-store transactions, newest first, and how many there are.
///
/// # Errors
/// Only if the store fails.
pub async fn list(cx: &Cx, caller: &MerchantCaller, sought: Sought, page: Page) -> Result<(u64, Vec<InStoreTransaction>), ServiceError> {
    seek(cx, OccasionOwner::Merchant(caller.merchant.id.clone()), sought, page).await
}

/// A shopper's in-store transactions, newest first, and how many there are.
///
/// # Errors
/// Only if the store fails.
pub async fn list_for_shopper(
    cx: &Cx,
    shopper: &ShopperCaller,
    sought: Sought,
    page: Page,
) -> Result<(u64, Vec<InStoreTransaction>), ServiceError> {
    seek(cx, OccasionOwner::Wallet(shopper.home), sought, page).await
}

async fn seek(cx: &Cx, owner: OccasionOwner, sought: Sought, page: Page) -> Result<(u64, Vec<InStoreTransaction>), ServiceError> {
    let Sought { request, session, from, to } = sought;
    let filter = OccasionFilter { owner, request, session, from, to };
    let (total, found) = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.list_occasions(&filter, page)?)).await?;
    Ok((total, found.into_iter().map(|(occasion, transaction)| InStoreTransaction { occasion, transaction }).collect()))
}

/// A merchant's in-store transaction, with the request that it is about.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub async fn find(cx: &Cx, caller: &MerchantCaller, id: TransactionId) -> Result<(InStoreTransaction, PaymentRequest), ServiceError> {
    let merchant = caller.merchant.id.clone();
    cx.store
        .read(move |tx: &mut Tx<'_>| {
            let found = of_merchant(tx, &merchant, id)?;
            whole(tx, found)
        })
        .await
}

/// A shopper's in-store transaction, with the request that it is about.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub async fn find_for_shopper(
    cx: &Cx,
    shopper: &ShopperCaller,
    id: TransactionId,
) -> Result<(InStoreTransaction, PaymentRequest), ServiceError> {
    let home = shopper.home;
    cx.store
        .read(move |tx: &mut Tx<'_>| {
            let found = tx.find_occasion(id)?.filter(|occasion| occasion.wallet == home).ok_or(ServiceError::NotFound("transaction"))?;
            whole(tx, found)
        })
        .await
}

/// A merchant's occasion.
pub(crate) fn of_merchant(tx: &mut Tx<'_>, merchant: &MerchantId, id: TransactionId) -> Result<Occasion, ServiceError> {
    let found = tx.find_occasion(id)?.filter(|occasion| occasion.merchant == *merchant);
    found.ok_or(ServiceError::NotFound("transaction"))
}

fn whole(tx: &mut Tx<'_>, occasion: Occasion) -> Result<(InStoreTransaction, PaymentRequest), ServiceError> {
    let transaction = tx.find_transaction(occasion.receipt)?.ok_or_else(|| damaged("an occasion without a transaction"))?;
    let request = tx.find_payment_request(occasion.request)?.ok_or_else(|| damaged("an occasion without a request"))?;
    Ok((InStoreTransaction { occasion, transaction }, request))
}

/// The occasion of a transaction that was made on one.
pub(crate) async fn of(cx: &Cx, transaction: Transaction) -> Result<InStoreTransaction, ServiceError> {
    let id = transaction.occasion.ok_or_else(|| damaged("a transaction without an occasion"))?;
    let found = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.find_occasion(id)?)).await?;
    let occasion = found.ok_or_else(|| damaged("a transaction whose occasion is gone"))?;
    Ok(InStoreTransaction { occasion, transaction })
}

fn damaged(what: &str) -> ServiceError {
    ServiceError::Internal(what.to_owned())
}

/// An occasion that is about to be.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub id: TransactionId,
    /// What it is about.
    pub about: About,
}

/// What an occasion is about.
#[derive(Debug, Clone)]
pub(crate) enum About {
    /// The payment of a request.
    Request {
        request: PaymentRequestId,
        /// The shopper's: the one that the merchant knows them by, and the one that is paid from.
        wallets: [WalletId; 2],
        /// What they approved beforehand, if it is that.
        preapproved: Option<Preapproved>,
    },
    /// A payment that nobody asked for beforehand: its request is made with it, for it alone.
    Own(Box<PaymentRequest>),
    /// What a merchant does with a payment afterwards, and why.
    FollowUp { original: Box<Occasion>, reason: Option<String> },
}

/// What a shopper approved beforehand at a till session.
#[derive(Debug, Clone)]
pub(crate) struct Preapproved {
    pub session: PaymentSessionId,
    /// As it is sealed there. Another one in its place is another will.
    pub sealed: Vec<u8>,
}

impl Draft {
    /// What writes the occasion down beside its transaction.
    pub(crate) fn beside(self) -> Beside {
        Arc::new(move |tx: &mut Tx<'_>, transaction: &Transaction| begin(tx, &self, transaction))
    }
}

/// Writes an occasion down with the transaction that it is of, and takes what it takes. The transaction has its receipt and its
/// movements.
fn begin(tx: &mut Tx<'_>, draft: &Draft, transaction: &Transaction) -> Result<(), ServiceError> {
    let now = transaction.created_at;
    let occasion = match &draft.about {
        About::Request { request, wallets, preapproved } => {
            let found = tx.find_payment_request(*request)?.filter(|found| found.merchant == transaction.merchant);
            let request = found.ok_or(ServiceError::NotFound("payment request"))?.take_use(wallets, now)?;
            tx.save_payment_request(&request)?;
            let session = match preapproved {
                Some(preapproved) => Some(approved(tx, preapproved, now)?),
                None => session_of(tx, &request, wallets[0], now)?,
            };
            let id = session.as_ref().map(|session| session.id);
            if let Some(session) = session {
                tx.save_session(&session.begin_payment(draft.id, wallets[0]))?;
            }
            of_payment(draft, transaction, &request, (wallets[0], id))
        }
        About::Own(request) => {
            let request = request.as_ref().clone().taken()?;
            tx.insert_payment_request(&request)?;
            of_payment(draft, transaction, &request, (request.wallet.unwrap_or(transaction.wallet), None))
        }
        About::FollowUp { original, reason } => {
            let minor = transaction.movements.iter().map(|movement| movement.amount.minor()).fold(0, i64::saturating_add);
            Occasion {
                id: draft.id,
                receipt: transaction.receipt,
                original: Some(original.id),
                reason: reason.clone(),
                gross: Money::new(minor, original.gross.currency()),
                holds_use: false,
                created_at: now,
                ..original.as_ref().clone()
            }
        }
    };
    Ok(tx.insert_occasion(&occasion)?)
}

fn of_payment(
    draft: &Draft,
    transaction: &Transaction,
    request: &PaymentRequest,
    (wallet, session): (WalletId, Option<PaymentSessionId>),
) -> Occasion {
    Occasion {
        id: draft.id,
        receipt: transaction.receipt,
        merchant: request.merchant.clone(),
        wallet,
        request: request.id,
        merchant_reference: request.merchant_reference.clone(),
        session,
        original: None,
        reason: None,
        gross: request.amount,
        holds_use: true,
        created_at: transaction.created_at,
    }
}

/// The till session at which the payment was approved beforehand, if that is what stands there now.
fn approved(tx: &mut Tx<'_>, preapproved: &Preapproved, now: Timestamp) -> Result<PaymentSession, ServiceError> {
    let session = tx.find_session(preapproved.session)?.ok_or(SessionFault::NotApproved)?;
    session.must_stand_approved(&preapproved.sealed, now)?;
    Ok(session)
}

/// The till session at which `wallet` pays a request: its own, or one that nobody has taken up if the request is for one payment
/// only, so that there is no doubt whose session it is.
fn session_of(tx: &mut Tx<'_>, request: &PaymentRequest, wallet: WalletId, now: Timestamp) -> Result<Option<PaymentSession>, ServiceError> {
    let open: Vec<_> = tx.list_sessions_of(request.id)?.into_iter().filter(|session| session.must_not_have_ended(now).is_ok()).collect();
    let is_single = request.max_uses == Some(1);
    let own = open.iter().position(|session| session.wallet == Some(wallet));
    let place = own.or_else(|| open.iter().position(|session| is_single && session.wallet.is_none()));
    Ok(place.and_then(|place| open.into_iter().nth(place)))
}

/// A payment that was thought rejected and happened all the same has its use again. If others have them all by now, or its till
/// session was paid otherwise, it came too late: what it has charged is put back, so that nothing is paid for twice.
pub(crate) fn held_to_room(tx: &mut Tx<'_>, change: TransactionChange) -> Result<TransactionChange, StoreError> {
    let transaction = &change.transaction;
    let has_standing = transaction.state != TransactionState::Rejected && !transaction.is_turning_back();
    // What nobody has touched since it was written has not been rejected yet.
    let Some(id) = payment_of(transaction).filter(|_| has_standing && transaction.version > 1) else {
        return Ok(change);
    };
    let occasion = tx.find_occasion(id)?.ok_or_else(lost_occasion)?;
    let is_too_late = !occasion.holds_use && (request_of(tx, &occasion)?.taken().is_err() || is_paid_otherwise(tx, &occasion)?);
    Ok(if is_too_late { change.turned_back() } else { change })
}

/// Whether another payment is made at the till session of an occasion.
fn is_paid_otherwise(tx: &mut Tx<'_>, occasion: &Occasion) -> Result<bool, StoreError> {
    let session = occasion.session.map(|session| tx.find_session(session)).transpose()?.flatten();
    Ok(session.and_then(|session| session.payment).is_some_and(|payment| payment != occasion.id))
}

/// The occasion of a transaction that is a payment.
fn payment_of(transaction: &Transaction) -> Option<TransactionId> {
    transaction.occasion.filter(|_| transaction.kind == TransactionKind::Payment)
}

fn lost_occasion() -> StoreError {
    StoreError::Corrupt { table: "transactions", column: "occasion_id".into() }
}

fn request_of(tx: &mut Tx<'_>, occasion: &Occasion) -> Result<PaymentRequest, StoreError> {
    let found = tx.find_payment_request(occasion.request)?;
    found.ok_or_else(|| StoreError::Corrupt { table: "occasions", column: "request_id".into() })
}

/// Follows a transaction that was saved: a rejected payment gives its use back, and frees its till session; one that was thought
/// rejected and happened all the same takes them again, unless it is being put back.
pub(crate) fn follow(tx: &mut Tx<'_>, transaction: &Transaction, now: Timestamp) -> Result<(), StoreError> {
    let Some(id) = payment_of(transaction) else {
        return Ok(());
    };
    let occasion = tx.find_occasion(id)?.ok_or_else(lost_occasion)?;
    let is_rejected = transaction.state == TransactionState::Rejected;
    let holds_use = if transaction.is_turning_back() { occasion.holds_use } else { !is_rejected };
    if occasion.holds_use != holds_use {
        let request = request_of(tx, &occasion)?;
        let request = if holds_use { request.taken().map_err(|_| lost_use())? } else { request.give_back() };
        tx.save_payment_request(&request)?;
        tx.hold_use(id, holds_use)?;
    }
    if transaction.is_open() {
        return Ok(());
    }
    let session = occasion.session.map(|session| tx.find_session(session)).transpose()?.flatten();
    session.map_or(Ok(()), |session| tx.save_session(&session.end_payment(id, !is_rejected, now)))
}

/// Whether there is a use was looked at before, in the same write.
fn lost_use() -> StoreError {
    StoreError::Corrupt { table: "payment_requests", column: "uses".into() }
}
