//! Doubt: payments whose outcome is not in the books yet, because a process stopped or an acquirer gave no answer.
//!
//! Invariants: a payment is in the books before anything is asked outside; what happened to it is asked, never assumed; what
//! this process is itself asking at the moment is left alone.

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use florin_domain::Timestamp;
use florin_domain::instrument::{InstrumentId, InstrumentKind};
use florin_domain::movement::{Hold, Movement, MovementState, Reference};
use florin_domain::payment::{Outcome, Transaction, TransactionChange, TransactionKind, TransactionState};
use florin_domain::time::minutes;
use florin_store::{InDoubt, StoreError, Tx};

use crate::acquiring::{self, Ask, Attempt};
use crate::{Cx, ServiceError, gifting, instruments, occasions, work};

/// How long another process may take to hear from the acquirer before its payments are looked after here.
const PATIENCE: Duration = minutes(1);
/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How many are looked after at once.
const BATCH: i64 = 256;

/// What this process is paying at the moment, and what it knows of other processes.
#[derive(Debug, Default)]
pub struct Tills {
    open: Mutex<HashSet<Reference>>,
    /// Since when no other process works on these books, in microseconds; 0 if others do. What is open from before was left
    /// behind.
    alone_since: AtomicI64,
    looked_at: AtomicI64,
    /// Up to which payment those in doubt were looked after last. Each has its turn, so that those which nobody can settle
    /// keep none from it.
    turn: Mutex<Option<InDoubt>>,
}

/// A payment that this process is at work on, until this is dropped.
pub(crate) struct AtWork<'a> {
    tills: &'a Tills,
    receipt: Reference,
}

impl Tills {
    /// Takes a payment in hand; nothing if that is so already.
    pub(crate) fn open(&self, receipt: Reference) -> Option<AtWork<'_>> {
        let is_new = self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(receipt);
        is_new.then_some(AtWork { tills: self, receipt })
    }

    /// Says that no other process works on these books from now on.
    pub(crate) fn set_alone(&self, since: Timestamp) {
        self.alone_since.store(since.micros(), Ordering::Relaxed);
    }

    /// What was begun by then, and is open, was left behind.
    fn left_by(&self, now: Timestamp) -> Timestamp {
        match self.alone_since.load(Ordering::Relaxed) {
            0 => now.minus(PATIENCE),
            since => now.minus(LOOK_EVERY).max(Timestamp::from_micros(since)),
        }
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.tills.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.receipt);
    }
}

/// The payments that were left behind, if it is time to look.
pub(crate) async fn left_behind(cx: &Cx) -> Result<Vec<Reference>, ServiceError> {
    let now = cx.clock.now();
    let last = cx.tills.looked_at.load(Ordering::Relaxed);
    if now.minus(LOOK_EVERY).micros() < last && now.micros() >= last {
        return Ok(Vec::new());
    }
    cx.tills.looked_at.store(now.micros(), Ordering::Relaxed);
    let before = cx.tills.left_by(now);
    let turn = *cx.tills.turn.lock().unwrap_or_else(PoisonError::into_inner);
    let found = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.list_in_doubt(before, turn, BATCH)?)).await?;
    let is_full = i64::try_from(found.len()).is_ok_and(|count| count >= BATCH);
    // After the last one it is the first one's turn again.
    let next = found.last().copied().filter(|_| is_full);
    *cx.tills.turn.lock().unwrap_or_else(PoisonError::into_inner) = next;
    Ok(found.into_iter().map(|found| found.receipt).collect())
}

/// Whether nobody is at work on a payment that is still open.
pub(crate) fn is_left_behind(cx: &Cx, transaction: &Transaction) -> bool {
    let is_ours = cx.tills.open.lock().unwrap_or_else(PoisonError::into_inner).contains(&transaction.receipt);
    !is_ours && transaction.created_at <= cx.tills.left_by(cx.clock.now())
}

/// Looks after every payment that was left behind.
pub(crate) async fn sweep(cx: &Cx) -> Result<(), ServiceError> {
    for receipt in left_behind(cx).await? {
        attempt(cx, receipt).await;
    }
    Ok(())
}

/// Settles a payment if that can be done now. If not, the others need not wait for it.
pub(crate) async fn attempt(cx: &Cx, receipt: Reference) {
    if let Err(error) = settle(cx, receipt).await {
        tracing::warn!(%receipt, %error, "a payment stays in doubt");
    }
}

/// Finds out what became of a payment, and puts back what has to be. Leaves alone what this process is at work on.
pub(crate) async fn settle(cx: &Cx, receipt: Reference) -> Result<(), ServiceError> {
    let Some(_at_work) = cx.tills.open(receipt) else {
        return Ok(());
    };
    let found = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.find_transaction(receipt)?)).await?;
    let Some(transaction) = found.filter(Transaction::is_open) else {
        return Ok(());
    };
    let (mut outcomes, mut unknown) = (Vec::new(), None);
    for movement in transaction.movements.iter().filter(|movement| movement.state == MovementState::Asked) {
        match find_out(cx, &transaction, movement).await {
            Ok(outcome) => outcomes.push(outcome),
            Err(error) => unknown = Some(error),
        }
    }
    let transaction = if outcomes.is_empty() { transaction } else { record(cx, transaction, outcomes).await? };
    put_back(cx, transaction, Attempt::Again).await?;
    unknown.map_or(Ok(()), Err)
}

/// What a transaction is by now, for whoever wrote it down and is about to ask. If that took so long that somebody may have
/// settled it meanwhile, the books are looked at again.
pub(crate) async fn still(cx: &Cx, transaction: Transaction) -> Result<Transaction, ServiceError> {
    if cx.clock.now().since(transaction.created_at) < LOOK_EVERY / 2 {
        return Ok(transaction);
    }
    let receipt = transaction.receipt;
    let found = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.find_transaction(receipt)?)).await?;
    Ok(found.unwrap_or(transaction))
}

/// Settles whatever is in doubt about an instrument, so that it can be taken out of its wallet.
///
/// # Errors
/// [`ServiceError::Unavailable`] while something stays in doubt.
pub(crate) async fn settle_instrument(cx: &Cx, instrument: &InstrumentId) -> Result<(), ServiceError> {
    let (first, then) = (instrument.clone(), instrument.clone());
    if cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.has_in_doubt(&first)?)).await? {
        sweep(cx).await?;
        cx.store.read(move |tx: &mut Tx<'_>| must_be_settled(tx, &then)).await?;
    }
    Ok(())
}

/// Refuses to let an instrument go that the acquirer may still have to be asked about: nobody could say afterwards what was
/// paid with.
pub(crate) fn must_be_settled(tx: &mut Tx<'_>, instrument: &InstrumentId) -> Result<(), ServiceError> {
    if tx.has_in_doubt(instrument)? {
        let what = "A payment with this instrument is still under way.".to_owned();
        return Err(ServiceError::Unavailable { what, retry_after_s: 30 });
    }
    Ok(())
}

async fn find_out(cx: &Cx, transaction: &Transaction, movement: &Movement) -> Result<Outcome, ServiceError> {
    let (cx2, movement2, kind) = (cx.clone(), movement.clone(), transaction.kind);
    match kind {
        TransactionKind::Payment => {
            let means = cx.store.read(move |tx: &mut Tx<'_>| {
                let instrument = tx.find_instrument(&movement2.paid_with.instrument)?.ok_or(ServiceError::NotFound("instrument"))?;
                instruments::unseal(&cx2, tx, &instrument)
            });
            let ask = Ask { movement: movement.clone(), means: means.await?, authentication: None };
            acquiring::look_up(cx, transaction, &ask).await
        }
        TransactionKind::Completion | TransactionKind::Void | TransactionKind::Refund => {
            let original = cx.store.read(move |tx: &mut Tx<'_>| original_of(tx, &movement2)).await?;
            acquiring::look_up_follow_up(cx, transaction, movement, &original).await
        }
    }
}

/// The movement that `movement` completes, frees or gives back.
pub(crate) fn original_of(tx: &mut Tx<'_>, movement: &Movement) -> Result<Movement, ServiceError> {
    let original = movement.original.map(|original| tx.find_movement(original)).transpose()?.flatten();
    original.ok_or_else(|| ServiceError::Internal("a follow-up without its payment".to_owned()))
}

/// The movements that a transaction completes, frees or gives back, each once.
fn originals_of(tx: &mut Tx<'_>, transaction: &Transaction) -> Result<Vec<Movement>, ServiceError> {
    let mut originals: Vec<Movement> = Vec::new();
    for movement in transaction.movements.iter().filter(|movement| movement.original.is_some()) {
        if !originals.iter().any(|known| Some(known.reference) == movement.original) {
            originals.push(original_of(tx, movement)?);
        }
    }
    Ok(originals)
}

/// Writes outcomes into the books, with all that follows from them.
pub(crate) async fn record(cx: &Cx, transaction: Transaction, outcomes: Vec<Outcome>) -> Result<Transaction, ServiceError> {
    let now = cx.clock.now();
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            // Of a transaction that nobody has touched since it was written, none of its movements can have been followed up:
            // what is in memory is what stands in the books, unless its version says otherwise.
            if transaction.version == 1 {
                let originals = originals_of(tx, &transaction)?;
                match save(tx, transaction.clone().conclude(outcomes.clone(), originals, now)) {
                    Err(StoreError::Stale) => {}
                    saved => return Ok(saved?),
                }
            }
            let standing = tx.find_transaction(transaction.receipt)?.ok_or(ServiceError::NotFound("transaction"))?;
            let (was_over, originals) = (!standing.is_open(), originals_of(tx, &standing)?);
            let saved = save(tx, standing.conclude(outcomes.clone(), originals, now))?;
            if was_over && saved.state == TransactionState::Approved {
                gifting::of_late(tx, &saved, now)?;
            }
            Ok(saved)
        })
        .await
}

/// Saves a change of a transaction, with the jobs that end its holds and the count of its agreement.
pub(crate) fn save(tx: &mut Tx<'_>, change: TransactionChange) -> Result<Transaction, StoreError> {
    let change = occasions::held_to_room(tx, change)?;
    let was_charged = change.transaction.state == TransactionState::Approved && !change.entry.legs().is_empty();
    let charged_at = change.entry.at();
    let closed: Vec<_> = change
        .originals
        .iter()
        .filter(|original| original.hold.is_some_and(|hold| !hold.is_held()))
        .map(|original| original.reference)
        .collect();
    let transaction = tx.save_transaction(change)?;
    occasions::follow(tx, &transaction, charged_at)?;
    for movement in transaction.movements.iter().filter(|movement| movement.is_open()) {
        if let Some(expires_at) = movement.expires_at {
            tx.put_job(work::EXPIRE_HOLD, &movement.reference.to_string(), expires_at, None)?;
        }
    }
    for reference in closed {
        tx.remove_job(work::EXPIRE_HOLD, &reference.to_string())?;
    }
    if let (true, Some(agreement)) = (was_charged, transaction.agreement)
        && let Some(agreement) = tx.find_agreement(agreement)?
    {
        tx.save_agreement(&agreement.charged(charged_at))?;
    }
    Ok(transaction)
}

/// Puts back what a refused payment has charged. What the acquirer does not answer to is tried again later.
pub(crate) async fn put_back(cx: &Cx, transaction: Transaction, attempt: Attempt) -> Result<Transaction, ServiceError> {
    let mut outcomes = Vec::new();
    for movement in &transaction.movements {
        if !matches!(movement.state, MovementState::Reversing { .. }) {
            continue;
        }
        if movement.paid_with.kind == InstrumentKind::GiftCard {
            outcomes.push(Outcome { movement: movement.reference, service: None, result: Ok(String::new()), plan: None });
        } else {
            outcomes.extend(acquiring::put_back(cx, &transaction, movement, attempt).await);
        }
    }
    if outcomes.is_empty() {
        return Ok(transaction);
    }
    let now = cx.clock.now();
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let standing = tx.find_transaction(transaction.receipt)?.ok_or(ServiceError::NotFound("transaction"))?;
            Ok(save(tx, standing.put_back(outcomes.clone(), now))?)
        })
        .await
}

/// Frees a hold that nobody took in time. The issuer frees it by itself, so nobody is asked.
pub(crate) async fn expire_hold(cx: &Cx, subject: &str) -> Result<(), ServiceError> {
    let reference = Reference::parse(subject).map_err(|_| ServiceError::Internal("a hold's job without a hold".to_owned()))?;
    let now = cx.clock.now();
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let found = tx.find_transaction_with(reference)?;
            let is_between =
                |movement: &Movement| movement.reference == reference && movement.hold.is_some_and(Hold::is_held) && !movement.is_open();
            if found.as_ref().is_some_and(|found| found.movements.iter().any(is_between)) {
                // It is being taken or freed at this moment; if that is refused, the hold is open again.
                return Ok(tx.delay_job(work::EXPIRE_HOLD, &reference.to_string(), now.plus(PATIENCE), 0)?);
            }
            if let Some(change) = found.and_then(|transaction| transaction.expire(reference, now)) {
                tx.save_transaction(change).map(drop)?;
            }
            Ok(tx.remove_job(work::EXPIRE_HOLD, &reference.to_string())?)
        })
        .await
}
