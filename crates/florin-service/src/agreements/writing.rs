//! Writing agreements down, new ones and changed ones, once a key.
//!
//! Invariants: the key is looked at before all that may have changed since it was used; a change is laid onto the agreement as
//! it stands in the transaction that writes it.

use florin_domain::agreement::Agreement;
use florin_domain::fault::Fault;
use florin_domain::fraud::FraudDecision;
use florin_domain::instrument::{Instrument, InstrumentId, InstrumentKind, InstrumentStatus};
use florin_domain::{AgreementId, Timestamp, WalletId};
use florin_store::Tx;

use super::{AgreementChanges, first_charge, screening};
use crate::idempotency::{self, IdempotencyKey};
use crate::{Context, Cx, ServiceError, instruments, step_up};

/// What is to be written.
#[derive(Clone)]
pub(super) enum Writing {
    /// A new agreement.
    New {
        agreement: Agreement,
        /// Whether it is charged at once.
        is_charged: bool,
        /// The step-up token of a page that took the code on the card.
        step_up: Option<String>,
    },
    /// Changes of this one, in this wallet.
    Changed { id: AgreementId, wallet: WalletId, changes: AgreementChanges },
}

/// An agreement that was written.
#[derive(Clone)]
pub(super) struct Written {
    pub agreement: Agreement,
    /// What it charges.
    pub instrument: Instrument,
    /// What the fraud screen said when it was written.
    pub said: Option<FraudDecision>,
}

impl Writing {
    fn step_up(&self) -> Option<&str> {
        match self {
            Self::New { step_up, .. } => step_up.as_deref(),
            Self::Changed { changes, .. } => changes.step_up.as_deref(),
        }
    }

    /// The agreement as it is to be, seen from how it stands.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] naming `endDate`; [`ServiceError::NotFound`].
    pub(super) fn agreement(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<Agreement, ServiceError> {
        match self {
            Self::New { agreement, .. } => must_end_later(agreement, now).map(|()| agreement.clone()),
            Self::Changed { id, wallet, changes } => changes.onto(find(tx, *id, *wallet)?, now),
        }
    }
}

impl AgreementChanges {
    fn onto(&self, standing: Agreement, now: Timestamp) -> Result<Agreement, ServiceError> {
        let changed = Agreement {
            instrument: self.instrument.clone().unwrap_or(standing.instrument),
            ends_at: self.ends_at.or(standing.ends_at),
            frequency: self.frequency,
            amount: self.amount.unwrap_or(standing.amount),
            description: self.description.clone().or(standing.description),
            updated_at: now,
            ..standing
        };
        if self.ends_at.is_some() {
            must_end_later(&changed, now)?;
        }
        Ok(changed)
    }
}

fn must_end_later(agreement: &Agreement, now: Timestamp) -> Result<(), ServiceError> {
    if agreement.can_end(now) { Ok(()) } else { Err(ServiceError::invalid("endDate", "must lie after the start and in the future")) }
}

/// An agreement in a wallet.
pub(super) fn find(tx: &mut Tx<'_>, id: AgreementId, wallet: WalletId) -> Result<Agreement, ServiceError> {
    let found = tx.find_agreement(id)?.filter(|agreement| agreement.wallet == wallet);
    found.ok_or(ServiceError::NotFound("payment agreement"))
}

/// What a key wrote before, as it stands. Nothing if the key is new, or if what it wrote was taken back because its first
/// charge was never begun.
pub(super) fn told(tx: &mut Tx<'_>, writing: &Writing, key: Option<&IdempotencyKey>) -> Result<Option<Written>, ServiceError> {
    let Some(name) = idempotency::made(tx, key)? else { return Ok(None) };
    let agreement = match writing {
        Writing::Changed { id, wallet, .. } => find(tx, *id, *wallet)?,
        Writing::New { agreement, is_charged, .. } => match tx.find_agreement(agreement.id)? {
            Some(standing) => standing,
            None if *is_charged && first_charge::begun(tx, agreement)?.is_none() => return Ok(None),
            None => agreement.clone(),
        },
    };
    let instrument = tx.find_instrument(&agreement.instrument)?.ok_or(ServiceError::NotFound("instrument"))?;
    Ok(Some(Written { agreement, instrument, said: screening::said_of(&name)? }))
}

/// Writes an agreement after a look at its instrument. A key that comes again gives what it made.
pub(super) async fn write(
    cx: &Cx,
    writing: Writing,
    key: Option<IdempotencyKey>,
    said: Option<FraudDecision>,
) -> Result<Written, ServiceError> {
    let (now, cx2) = (cx.clock.now(), cx.clone());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            if let Some(told) = told(tx, &writing, key.as_ref())? {
                return Ok(told);
            }
            let agreement = writing.agreement(tx, now)?;
            let instrument = agreed_on(tx, agreement.wallet, &agreement.instrument, now)?;
            must_be_confirmed(&cx2, tx, &instrument, writing.step_up(), now)?;
            match &writing {
                Writing::New { is_charged, .. } => {
                    tx.insert_agreement(&agreement)?;
                    if *is_charged {
                        first_charge::expect(tx, agreement.id, now)?;
                    }
                }
                Writing::Changed { .. } => tx.save_agreement(&agreement)?,
            }
            if idempotency::made(tx, key.as_ref())?.is_none() {
                idempotency::remember(tx, key.as_ref(), &screening::named(&agreement, said.as_ref())?, now)?;
            }
            Ok(Written { agreement, instrument, said: said.clone() })
        })
        .await
}

/// The instrument of an agreement, which must be a kept card or a `PayPal` account of the same wallet.
pub(super) fn agreed_on(tx: &mut Tx<'_>, wallet: WalletId, id: &InstrumentId, now: Timestamp) -> Result<Instrument, ServiceError> {
    let found = instruments::find_for(tx, wallet, Some(id), None, now)?.ok_or(ServiceError::NotFound("instrument"))?;
    match found.kind {
        _ if found.has_expired(now) => Err(refusal(Fault::Expired)),
        InstrumentKind::Card | InstrumentKind::PayPal => Ok(found),
        InstrumentKind::GiftCard
        | InstrumentKind::GooglePay
        | InstrumentKind::ApplePay
        | InstrumentKind::AndroidPay
        | InstrumentKind::ZipPay
        | InstrumentKind::Afterpay
        | InstrumentKind::Openpay => Err(refusal(Fault::NotSupported)),
    }
}

/// Refuses a card that was never verified, unless its code comes with the call.
fn must_be_confirmed(
    cx: &Context,
    tx: &mut Tx<'_>,
    instrument: &Instrument,
    token: Option<&str>,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let has_code = match token {
        Some(token) => step_up::open(cx, tx, instrument, token, now)?.map(drop).map_err(refusal).map(|()| true)?,
        None => false,
    };
    if instrument.kind == InstrumentKind::Card && instrument.status != InstrumentStatus::Verified && !has_code {
        return Err(refusal(Fault::StepUpRequired));
    }
    Ok(())
}

/// A fault as a refusal of the whole; its code is the fault's name.
fn refusal(fault: Fault) -> ServiceError {
    ServiceError::Refused { code: fault.name(), message: format!("The instrument cannot be used: {}.", fault.name().replace('_', " ")) }
}
