//! Idempotency: one effect a key, however often the request comes.
//!
//! Invariant: what came of a key is kept in the transaction of its effect. Either that is the first answer, which a repeat gets
//! byte for byte; or it is the name of what was made, of which a repeat is told as it stands.

use florin_domain::{Timestamp, time::days};
use florin_store::{IdempotencyRecord, Tx};

use crate::{Context, ServiceError, work};

/// For how many days an answer is kept.
const KEPT_DAYS: u64 = 30;
/// In place of a status, for a key that keeps no answer but the name of what it made: the answer is told from the books.
const TOLD_FROM_BOOKS: u32 = 0;

/// A key with what it belongs to.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// Whose key it is; keys of two callers never meet.
    pub scope: String,
    /// The key as it was sent.
    pub key: String,
    /// Digest of method, path and body.
    pub fingerprint: [u8; 32],
}

impl IdempotencyKey {
    /// A key for a call of this digest. The digest is kept under a key of ours: a call may hold a secret of few digits, which a
    /// plain digest would give away.
    pub fn keyed(cx: &Context, scope: String, key: String, digest: &[u8; 32]) -> Self {
        Self { scope, key, fingerprint: cx.keeper.fingerprint("idempotency", digest) }
    }
}

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The exact bytes.
    pub body: Vec<u8>,
    /// Whether this is the first answer given again.
    pub replayed: bool,
}

/// Runs `op` once a key, and keeps its answer in the same transaction. Refusals are answers too: `refuse` words them.
///
/// # Errors
/// [`ServiceError::KeyReused`] if the key came with another request; what `op` answers if the fault is not the caller's.
pub fn once(
    tx: &mut Tx<'_>,
    key: Option<&IdempotencyKey>,
    now: Timestamp,
    mut op: impl FnMut(&mut Tx<'_>) -> Result<Answer, ServiceError>,
    refuse: impl Fn(&ServiceError) -> Answer,
) -> Result<Answer, ServiceError> {
    let Some(key) = key else {
        return op(tx);
    };
    if let Some(record) = tx.find_answer(&key.scope, &key.key)? {
        return replay(record, key);
    }
    let answer = match tx.savepoint(&mut op) {
        Ok(answer) => answer,
        Err(error) if error.is_refusal() => refuse(&error),
        Err(error) => return Err(error),
    };
    let record = IdempotencyRecord { fingerprint: key.fingerprint, status: answer.status.into(), body: answer.body.clone() };
    tx.insert_answer(&key.scope, &key.key, &record, now)?;
    Ok(answer)
}

/// The name of what a key made, if it was used.
///
/// # Errors
/// [`ServiceError::KeyReused`] if the key came with another request.
pub(crate) fn made(tx: &mut Tx<'_>, key: Option<&IdempotencyKey>) -> Result<Option<String>, ServiceError> {
    let Some(key) = key else { return Ok(None) };
    let Some(record) = tx.find_answer(&key.scope, &key.key)? else { return Ok(None) };
    let name = String::from_utf8(replay(record, key)?.body);
    name.map(Some).map_err(|_| ServiceError::Internal("a key names nothing".to_owned()))
}

/// Writes down what a key made, under the name by which it is found in the books.
pub(crate) fn remember(tx: &mut Tx<'_>, key: Option<&IdempotencyKey>, name: &str, now: Timestamp) -> Result<(), ServiceError> {
    let Some(key) = key else { return Ok(()) };
    let record = IdempotencyRecord { fingerprint: key.fingerprint, status: TOLD_FROM_BOOKS, body: name.as_bytes().to_vec() };
    Ok(tx.insert_answer(&key.scope, &key.key, &record, now)?)
}

/// Does once a key what leaves nothing to tell but that it was done.
pub(crate) fn do_once(
    tx: &mut Tx<'_>,
    key: Option<&IdempotencyKey>,
    now: Timestamp,
    op: impl FnOnce(&mut Tx<'_>) -> Result<(), ServiceError>,
) -> Result<(), ServiceError> {
    if made(tx, key)?.is_some() {
        return Ok(());
    }
    op(tx)?;
    remember(tx, key, "", now)
}

/// Tells whether a key came before with another request, for a request that is refused before it could run.
///
/// # Errors
/// [`ServiceError::KeyReused`] if it did.
pub fn must_be_fresh(tx: &mut Tx<'_>, key: &IdempotencyKey) -> Result<(), ServiceError> {
    tx.find_answer(&key.scope, &key.key)?.map_or(Ok(()), |record| replay(record, key).map(drop))
}

fn replay(record: IdempotencyRecord, key: &IdempotencyKey) -> Result<Answer, ServiceError> {
    if record.fingerprint != key.fingerprint {
        return Err(ServiceError::KeyReused);
    }
    let status = u16::try_from(record.status).map_err(|_| ServiceError::Internal("a kept status is no status".to_owned()))?;
    Ok(Answer { status, body: record.body, replayed: true })
}

/// Forgets answers that nobody will ask for again, and comes back in a day.
pub(crate) fn forget(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), ServiceError> {
    tx.forget_answers(now.minus(days(KEPT_DAYS)))?;
    tx.delay_job(work::FORGET_ANSWERS, work::ALL, now.plus(days(1)), 0)?;
    Ok(())
}
