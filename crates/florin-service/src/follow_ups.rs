//! Follow-ups: what a merchant does with a payment afterwards. Completions, voids and refunds.
//!
//! Invariants: what is to be taken, freed or given back is reserved in the transaction that writes the follow-up down, so that
//! two at once cannot take it twice; a follow-up that was begun is carried to its end.

use florin_domain::TransactionId;
use florin_domain::fault::Fault;
use florin_domain::instrument::InstrumentKind;
use florin_domain::money::Money;
use florin_domain::movement::{Movement, MovementKind, Reference};
use florin_domain::payment::{Atomicity, Outcome, Rollback, Transaction, TransactionKind, TransactionState};
use florin_store::Tx;

use crate::caller::MerchantCaller;
use crate::idempotency::{self, IdempotencyKey};
use crate::openpay::is_openpay;
use crate::payments::{Beside, earlier, finished, must_be_new};
use crate::{Cx, ServiceError, acquiring, in_doubt};

/// One movement to be followed up.
#[derive(Debug, Clone)]
pub struct FollowItem {
    /// Its reference, as it was sent.
    pub reference: String,
    /// How much; all that is there if nothing.
    pub amount: Option<Money>,
}

/// A follow-up as asked for.
#[derive(Debug, Clone)]
pub struct FollowUp {
    /// The caller's own name for it.
    pub client_reference: String,
    /// The order it is about.
    pub order_number: String,
    /// What is followed up.
    pub items: Vec<FollowItem>,
}

/// What came of one item.
#[derive(Debug, Clone)]
pub struct FollowedItem {
    /// The reference that was sent.
    pub asked: String,
    /// The movement that was made; nothing if it was refused before that. One still asked has an unknown outcome.
    pub movement: Option<Movement>,
    /// Why it was refused.
    pub fault: Option<Fault>,
}

/// What came of a follow-up.
#[derive(Debug, Clone)]
pub struct FollowAnswer {
    /// Its receipt; nothing if every item was refused at once.
    pub receipt: Option<Reference>,
    /// What came of each item, in the order they were sent.
    pub items: Vec<FollowedItem>,
}

/// Takes held money. An amount is the most that is taken; the rest is freed.
///
/// # Errors
/// [`ServiceError::Refused`] `duplicate_client_reference`; [`ServiceError::KeyReused`].
pub async fn complete(
    cx: &Cx,
    caller: &MerchantCaller,
    order: FollowUp,
    key: Option<IdempotencyKey>,
) -> Result<FollowAnswer, ServiceError> {
    carry(cx, caller, (TransactionKind::Completion, order), key, Manner::default()).await
}

/// Frees held money.
///
/// # Errors
/// As [`complete`].
pub async fn void(cx: &Cx, caller: &MerchantCaller, order: FollowUp, key: Option<IdempotencyKey>) -> Result<FollowAnswer, ServiceError> {
    carry(cx, caller, (TransactionKind::Void, order), key, Manner::default()).await
}

/// Gives money back to where it came from.
///
/// # Errors
/// As [`complete`].
pub async fn refund(cx: &Cx, caller: &MerchantCaller, order: FollowUp, key: Option<IdempotencyKey>) -> Result<FollowAnswer, ServiceError> {
    carry(cx, caller, (TransactionKind::Refund, order), key, Manner::default()).await
}

/// In which manner a follow-up is written down.
#[derive(Clone, Default)]
pub(crate) struct Manner {
    /// What is written down beside it.
    pub beside: Option<Beside>,
    /// The in-store occasion that is written down beside it. On one it is all or nothing: an item that is refused at once
    /// refuses them all.
    pub occasion: Option<TransactionId>,
    /// Whether it is about payments with Openpay, which has calls of its own, or about all others.
    pub openpay: bool,
}

/// Follows up, in a task of its own, so that a caller who hangs up changes nothing.
pub(crate) async fn carry(
    cx: &Cx,
    caller: &MerchantCaller,
    asked: (TransactionKind, FollowUp),
    key: Option<IdempotencyKey>,
    manner: Manner,
) -> Result<FollowAnswer, ServiceError> {
    let (cx, caller, (kind, order)) = (cx.clone(), caller.clone(), asked);
    let carried = tokio::spawn(async move {
        let begun = match begin(&cx, caller, (kind, order.clone()), key, manner).await {
            Ok(begun) => begun,
            Err(Stop::Refused(items)) => Begun::Nothing(items),
            Err(Stop::Failed(error)) => return Err(error),
        };
        match begun {
            Begun::Again(transaction) => {
                let transaction = finished(&cx, transaction).await?;
                cx.store.read(move |tx: &mut Tx<'_>| told(tx, &order, &transaction)).await
            }
            Begun::Nothing(items) => Ok(FollowAnswer { receipt: None, items }),
            Begun::New(transaction, originals, mut items) => {
                let transaction = conclude(&cx, transaction, originals).await?;
                for item in &mut items {
                    let now = item.movement.as_ref().and_then(|movement| by_reference(&transaction, movement.reference));
                    item.fault = item.fault.or_else(|| now.as_ref().and_then(Movement::fault));
                    item.movement = now;
                }
                Ok(FollowAnswer { receipt: Some(transaction.receipt), items })
            }
        }
    });
    carried.await.map_err(|error| ServiceError::Internal(format!("a follow-up broke: {error}")))?
}

fn by_reference(transaction: &Transaction, reference: Reference) -> Option<Movement> {
    transaction.movements.iter().find(|movement| movement.reference == reference).cloned()
}

/// The answer to a key that came again, from the books: items that made no movement then make none now.
fn told(tx: &mut Tx<'_>, order: &FollowUp, transaction: &Transaction) -> Result<FollowAnswer, ServiceError> {
    let mut left: Vec<_> = transaction.movements.iter().collect();
    let mut items = Vec::with_capacity(order.items.len());
    for item in &order.items {
        let named = Reference::parse(&item.reference).ok().map(|reference| tx.find_movement(reference)).transpose()?.flatten();
        let asked = named.map(|named| followed(&named, transaction.kind));
        let place = left.iter().position(|movement| {
            movement.original == asked && item.amount.is_none_or(|amount| movement.kind == MovementKind::Void || amount == movement.amount)
        });
        let movement = place.map(|place| left.remove(place).clone());
        let fault = movement.as_ref().map_or(Some(Fault::OriginalNotFound), Movement::fault);
        items.push(FollowedItem { asked: item.reference.clone(), movement, fault });
    }
    Ok(FollowAnswer { receipt: Some(transaction.receipt), items })
}

/// Which movement is followed up when `named` is named: what a completion took is given back to what it completed.
fn followed(named: &Movement, kind: TransactionKind) -> Reference {
    match (named.kind, named.original) {
        (MovementKind::Completion, Some(original)) if kind == TransactionKind::Refund => original,
        _ => named.reference,
    }
}

/// What the first transaction left.
enum Begun {
    /// The key was used before: this is what it did.
    Again(Transaction),
    /// Every item was refused; nothing was written.
    Nothing(Vec<FollowedItem>),
    /// A new follow-up, the movements that it is about, and what is known of each item.
    New(Transaction, Vec<Movement>, Vec<FollowedItem>),
}

/// Why the first transaction was taken back.
enum Stop {
    /// An item was refused, and with it what was reserved for the others.
    Refused(Vec<FollowedItem>),
    /// It failed.
    Failed(ServiceError),
}

impl<E: Into<ServiceError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Writes the follow-up down and reserves what it is about.
async fn begin(
    cx: &Cx,
    caller: MerchantCaller,
    (kind, order): (TransactionKind, FollowUp),
    key: Option<IdempotencyKey>,
    manner: Manner,
) -> Result<Begun, Stop> {
    let now = cx.clock.now();
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            if let Some(transaction) = earlier(tx, key.as_ref())? {
                return Ok(Begun::Again(transaction));
            }
            let receipt = tx.next_reference()?;
            let mut parts = Parts::of(&caller, (kind, manner.openpay), receipt);
            let mut items = Vec::with_capacity(order.items.len());
            for item in &order.items {
                let reserved = parts.reserve(tx, item, now)?;
                let (movement, fault) = reserved.map_or_else(|fault| (None, Some(fault)), |movement| (Some(movement), None));
                items.push(FollowedItem { asked: item.reference.clone(), movement, fault });
            }
            if manner.occasion.is_some() && items.iter().any(|item| item.fault.is_some()) {
                return Err(Stop::Refused(items));
            }
            let (Some(head), movements, originals) = (parts.head, parts.movements, parts.originals) else {
                return Ok(Begun::Nothing(items));
            };
            must_be_new(tx, &caller.merchant, &order.client_reference)?;
            let transaction = Transaction {
                receipt,
                kind,
                client_reference: order.client_reference.clone(),
                order_number: order.order_number.clone(),
                atomicity: Atomicity::KeepSuccesses,
                agreement: None,
                occasion: manner.occasion,
                state: TransactionState::Processing,
                rollback: Rollback::NotRequired,
                created_at: now,
                version: 1,
                movements,
                ..head
            };
            idempotency::remember(tx, key.as_ref(), &receipt.to_string(), now)?;
            tx.insert_transaction(&transaction)?;
            if let Some(beside) = &manner.beside {
                beside(tx, &transaction)?;
            }
            // Gift cards are ours: their part is done at once.
            let ours = transaction.movements.iter().filter(|movement| movement.paid_with.kind == InstrumentKind::GiftCard);
            let known: Vec<_> = ours
                .map(|movement| Outcome {
                    movement: movement.reference,
                    service: None,
                    result: Ok(format!("GIFT-{}", movement.reference)),
                    plan: None,
                })
                .collect();
            let transaction =
                if known.is_empty() { transaction } else { in_doubt::save(tx, transaction.conclude(known, originals.clone(), now))? };
            Ok(Begun::New(transaction, originals, items))
        })
        .await
}

/// The parts of a follow-up while they are gathered.
struct Parts<'a> {
    caller: &'a MerchantCaller,
    kind: TransactionKind,
    openpay: bool,
    receipt: Reference,
    /// The first payment that is followed up: the follow-up is booked for the same wallet at the same terms.
    head: Option<Transaction>,
    movements: Vec<Movement>,
    originals: Vec<Movement>,
}

impl<'a> Parts<'a> {
    fn of(caller: &'a MerchantCaller, (kind, openpay): (TransactionKind, bool), receipt: Reference) -> Self {
        Self { caller, kind, openpay, receipt, head: None, movements: Vec::new(), originals: Vec::new() }
    }

    /// Reserves what an item is about, and adds its movement.
    fn reserve(
        &mut self,
        tx: &mut Tx<'_>,
        item: &FollowItem,
        now: florin_domain::Timestamp,
    ) -> Result<Result<Movement, Fault>, ServiceError> {
        let Some((head, original)) = self.find(tx, &item.reference)? else {
            return Ok(Err(Fault::OriginalNotFound));
        };
        let reserved = match self.kind {
            TransactionKind::Completion => {
                let amount = item.amount.unwrap_or(original.amount);
                original.begin_completion(amount, now).map(|original| (original, amount, MovementKind::Completion))
            }
            TransactionKind::Void => original
                .begin_void(now)
                .map(|original| (original.amount, original))
                .map(|(amount, original)| (original, amount, MovementKind::Void)),
            TransactionKind::Refund => {
                original.begin_refund(item.amount).map(|(original, amount)| (original, amount, MovementKind::Refund))
            }
            TransactionKind::Payment => Err(Fault::OriginalNotFound),
        };
        let (original, amount, kind) = match reserved {
            Ok(reserved) => reserved,
            Err(fault) => return Ok(Err(fault)),
        };
        tx.save_movement(&original)?;
        let number = i64::try_from(self.movements.len()).unwrap_or(i64::MAX).saturating_add(1);
        let movement = Movement::asked((self.receipt, number), kind, amount, original.paid_with.clone());
        let movement = Movement { original: Some(original.reference), ..movement };
        self.head.get_or_insert(head);
        self.movements.push(movement.clone());
        self.originals.retain(|known| known.reference != original.reference);
        self.originals.push(original);
        Ok(Ok(movement))
    }

    /// The payment of this merchant, and its movement, that a reference names. A completion's reference names what it completed.
    fn find(&self, tx: &mut Tx<'_>, reference: &str) -> Result<Option<(Transaction, Movement)>, ServiceError> {
        let Ok(reference) = Reference::parse(reference) else { return Ok(None) };
        let found = tx.find_movement(reference)?.filter(|movement| is_openpay(movement) == self.openpay);
        let Some(movement) = found else { return Ok(None) };
        let reference = followed(&movement, self.kind);
        let found = tx.find_transaction_with(reference)?.filter(|transaction| transaction.merchant == self.caller.merchant.id);
        // What may still be put back as a whole is not followed up in part.
        let found = found.filter(|transaction| !transaction.is_open());
        // All of one follow-up is about one shopper's wallet, so that it stands in one history.
        let found = found.filter(|found| self.head.as_ref().is_none_or(|head| head.wallet == found.wallet));
        Ok(found.and_then(|transaction| by_reference(&transaction, reference).map(|movement| (transaction, movement))))
    }
}

/// Asks the acquirer for what is to be asked, and takes the answers into the books.
async fn conclude(cx: &Cx, transaction: Transaction, originals: Vec<Movement>) -> Result<Transaction, ServiceError> {
    let Some(_at_work) = cx.tills.open(transaction.receipt) else {
        return Ok(transaction);
    };
    let transaction = in_doubt::still(cx, transaction).await?;
    let outcomes = acquiring::follow_up_all(cx, &transaction, &originals).await;
    if outcomes.is_empty() { Ok(transaction) } else { in_doubt::record(cx, transaction, outcomes).await }
}
