//! What the fraud screen says of an agreement that is made or changed without a charge: it is judged by what it will charge.
//!
//! A charge is a payment and judged as one. Invariant: a key that comes again is told what it was told, and nobody is asked.

use florin_domain::agreement::Agreement;
use florin_domain::fraud::{FraudDecision, FraudVerdict};
use florin_domain::instrument::Instrument;
use florin_store::Tx;

use super::{AgreementAnswer, agreed_on};
use crate::fraud::{self, FraudCase, FraudPayload};
use crate::idempotency::{self, IdempotencyKey};
use crate::{Cx, ServiceError};

/// An agreement that is about to be written.
pub(super) struct Drafted<'a> {
    pub agreement: &'a Agreement,
    /// The caller's own name for what is done.
    pub client_reference: &'a str,
    /// What the merchant sends for the screen; without it none is asked.
    pub payload: Option<&'a FraudPayload>,
    pub key: Option<&'a IdempotencyKey>,
}

/// What was found before anybody is asked.
enum Found {
    /// The key was used before, and this was said.
    Told(Option<FraudDecision>),
    /// What is to be charged.
    New(Box<Instrument>),
}

/// What the screen says; or, as an answer, that it rejects the agreement, which is not to be written then.
pub(super) async fn screened(cx: &Cx, draft: Drafted<'_>) -> Result<Result<Option<FraudDecision>, Box<AgreementAnswer>>, ServiceError> {
    let Some(payload) = draft.payload else { return Ok(Ok(None)) };
    payload.check()?;
    let (agreement, key, now) = (draft.agreement.clone(), draft.key.cloned(), cx.clock.now());
    let found = cx.store.read(move |tx: &mut Tx<'_>| match idempotency::made(tx, key.as_ref())? {
        Some(name) => Ok::<_, ServiceError>(Found::Told(said_of(&name)?)),
        None => agreed_on(tx, agreement.wallet, &agreement.instrument, now).map(|instrument| Found::New(Box::new(instrument))),
    });
    let instrument = match found.await? {
        Found::Told(decision) => return Ok(Ok(decision)),
        Found::New(instrument) => *instrument,
    };
    let agreement = draft.agreement;
    let case = FraudCase {
        merchant: agreement.merchant.clone(),
        wallet: agreement.wallet,
        reference: draft.client_reference.to_owned(),
        amount: agreement.amount,
        bins: instrument.bin.clone().into_iter().collect(),
    };
    let decision = fraud::screen(cx, case, payload).await?;
    if decision.verdict == FraudVerdict::Reject {
        let answer = AgreementAnswer { agreement: agreement.clone(), instrument, transaction: None, fraud: Some(decision) };
        return Ok(Err(Box::new(answer)));
    }
    Ok(Ok(Some(decision)))
}

/// The name under which a key remembers an agreement, with what was said of it.
pub(super) fn named(agreement: &Agreement, said: Option<&FraudDecision>) -> Result<String, ServiceError> {
    match said {
        Some(decision) => Ok(format!("{} {}", agreement.id, fraud::kept(decision)?)),
        None => Ok(agreement.id.to_string()),
    }
}

fn said_of(name: &str) -> Result<Option<FraudDecision>, ServiceError> {
    name.split_once(' ').map(|(_, kept)| fraud::of_kept(kept)).transpose()
}
