//! What the fraud screen says of an agreement that is made or changed without a charge: it is judged by what it will charge.
//!
//! A charge is a payment and judged as one. Invariant: what was said is kept with the key, so that it is told again and nobody is
//! asked.

use florin_domain::agreement::Agreement;
use florin_domain::fraud::{FraudDecision, FraudVerdict};
use florin_store::Tx;

use super::AgreementAnswer;
use super::writing::agreed_on;
use crate::fraud::{self, FraudCase, FraudPayload};
use crate::{Cx, ServiceError};

/// An agreement that is about to be written.
pub(super) struct Drafted<'a> {
    pub agreement: &'a Agreement,
    /// The caller's own name for what is done.
    pub client_reference: &'a str,
    /// What the merchant sends for the screen; without it none is asked.
    pub payload: Option<&'a FraudPayload>,
}

/// What the screen says; or, as an answer, that it rejects the agreement, which is not to be written then.
pub(super) async fn screened(cx: &Cx, draft: Drafted<'_>) -> Result<Result<Option<FraudDecision>, Box<AgreementAnswer>>, ServiceError> {
    let Some(payload) = draft.payload else { return Ok(Ok(None)) };
    payload.check()?;
    let (wallet, id, now) = (draft.agreement.wallet, draft.agreement.instrument.clone(), cx.clock.now());
    let instrument = cx.store.read(move |tx: &mut Tx<'_>| agreed_on(tx, wallet, &id, now)).await?;
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

/// What was said of an agreement, from the name that a key remembers.
pub(super) fn said_of(name: &str) -> Result<Option<FraudDecision>, ServiceError> {
    name.split_once(' ').map(|(_, kept)| fraud::of_kept(kept)).transpose()
}
