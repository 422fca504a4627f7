//! First charges: what becomes of an agreement that is charged as it is made, until that charge is known.
//!
//! Such an agreement is written with a job beside it, which stands until the outcome is in the books. Invariants: an agreement
//! whose first charge was rejected, or never begun, does not stay, whatever happened to the process that made it; nobody else
//! charges it before.

use std::time::Duration;

use florin_domain::agreement::Agreement;
use florin_domain::fault::Fault;
use florin_domain::payment::{Transaction, TransactionState};
use florin_domain::time::{hours, minutes};
use florin_domain::{AgreementId, Timestamp};
use florin_store::Tx;

use crate::idempotency::IdempotencyKey;
use crate::{Cx, ServiceError, payments, work};

/// How long a first charge may take until it has begun, and how often is looked what became of it.
const PATIENCE: Duration = minutes(1);
/// How long after its beginning a charge is looked at once more that was given up as never sent.
const LAST_LOOK: Duration = hours(1);

/// How an agreement stands to its first charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FirstCharge {
    /// There was none, or it is over: the agreement stands.
    Over,
    /// It was not begun.
    Awaited,
    /// What became of it is not known.
    Open,
    /// It was given up as never sent: there is no agreement unless it turns up late.
    GivenUp { begun_at: Timestamp },
    /// There is no agreement.
    Rejected,
}

/// The key of an agreement's first charge: whoever comes to make it, it is one. Its scope is that of the calls that make
/// agreements, with a word added, so that no key that is sent is the same.
pub(super) fn key(agreement: &Agreement) -> IdempotencyKey {
    let scope = format!("wpay:{}:{}:charge", agreement.merchant, agreement.wallet);
    IdempotencyKey { scope, key: agreement.id.to_string(), fingerprint: [0; 32] }
}

/// The first charge of an agreement, if it was begun with the agreement.
pub(super) fn begun(tx: &mut Tx<'_>, agreement: &Agreement) -> Result<Option<Transaction>, ServiceError> {
    payments::earlier(tx, Some(&key(agreement)))
}

/// Writes the job beside a new agreement.
pub(super) fn expect(tx: &mut Tx<'_>, agreement: AgreementId, now: Timestamp) -> Result<(), ServiceError> {
    Ok(tx.put_job(work::FIRST_CHARGE, &agreement.to_string(), now.plus(PATIENCE), None)?)
}

/// How an agreement stands to its first charge.
pub(super) fn of(tx: &mut Tx<'_>, agreement: &Agreement) -> Result<FirstCharge, ServiceError> {
    if tx.find_job(work::FIRST_CHARGE, &agreement.id.to_string())?.is_none() {
        return Ok(FirstCharge::Over);
    }
    Ok(match begun(tx, agreement)? {
        None => FirstCharge::Awaited,
        Some(charge) if charge.is_open() => FirstCharge::Open,
        Some(charge) if charge.state != TransactionState::Rejected => FirstCharge::Over,
        Some(charge) if charge.movements.iter().any(|movement| movement.fault() == Some(Fault::NotSent)) => {
            FirstCharge::GivenUp { begun_at: charge.created_at }
        }
        Some(_) => FirstCharge::Rejected,
    })
}

/// Takes an agreement back whose first charge was rejected, or will not be begun. One whose charge is open is left to the job.
pub(super) fn conclude(tx: &mut Tx<'_>, agreement: AgreementId, now: Timestamp) -> Result<(), ServiceError> {
    let subject = agreement.to_string();
    let standing = tx.find_agreement(agreement)?.map(|agreement| of(tx, &agreement)).transpose()?;
    match standing.unwrap_or(FirstCharge::Over) {
        FirstCharge::Open => return Ok(tx.delay_job(work::FIRST_CHARGE, &subject, now.plus(PATIENCE), 0)?),
        // What was refused within the time that a charge may take was refused for good.
        FirstCharge::GivenUp { begun_at } if (PATIENCE..LAST_LOOK).contains(&now.since(begun_at)) => {
            return Ok(tx.delay_job(work::FIRST_CHARGE, &subject, begun_at.plus(LAST_LOOK), 0)?);
        }
        // A charge that comes too late finds no agreement.
        FirstCharge::Awaited | FirstCharge::GivenUp { .. } | FirstCharge::Rejected => tx.remove_agreement(agreement).map(drop)?,
        FirstCharge::Over => {}
    }
    Ok(tx.remove_job(work::FIRST_CHARGE, &subject)?)
}

/// Looks what became of a first charge.
pub(crate) async fn look(cx: &Cx, subject: &str) -> Result<(), ServiceError> {
    let id = AgreementId::parse(subject).map_err(|_| ServiceError::Internal("an agreement's job without an agreement".to_owned()))?;
    let now = cx.clock.now();
    cx.store.write(move |tx: &mut Tx<'_>| conclude(tx, id, now)).await
}
