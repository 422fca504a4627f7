//! Fraud: what comes with a fraud payload is judged before anybody is asked for money.
//!
//! The screen is asked outside any transaction; what it said of a payment is kept with it, in the transaction that writes it
//! down. Invariants: a payment without a payload costs nothing here; a payload that nobody can read is refused before anything
//! happened; a screen that cannot be asked never stops a payment, and that is told in the decision.

mod archive;
mod kept;
mod payload;

use std::time::Duration;

use florin_connect::FraudAsk;
use florin_domain::fraud::{FraudDecision, FraudRule, FraudVerdict};
use florin_domain::instrument::InstrumentId;
use florin_domain::merchant::MerchantId;
use florin_domain::money::{Currency, Money};
use florin_domain::movement::Reference;
use florin_domain::time::hours;
use florin_domain::{FraudDecisionId, InstrumentToken, WalletId};
use florin_store::Tx;

pub(crate) use self::kept::{kept, of_kept};
pub use self::payload::{FraudFormat, FraudPayload, MESSAGE_MAX};
use crate::caller::ShopperCaller;
use crate::{Cx, ServiceError, attempts, instruments};

/// The span in which a wallet's payments are counted.
const WINDOW: Duration = hours(1);
/// What is told when no screen answered.
const NO_ANSWER_CODE: &str = "150";

/// A question about an instrument, apart from any payment.
#[derive(Debug, Clone)]
pub struct FraudCheck {
    /// The caller's own name for it.
    pub client_reference: String,
    /// The instrument, by its id.
    pub instrument: Option<InstrumentId>,
    /// The instrument, by its token.
    pub token: Option<InstrumentToken>,
    /// What the merchant sends.
    pub payload: FraudPayload,
}

/// Asks the screen about an instrument of the caller's wallet. What it says is told and not kept, because nothing is paid.
///
/// # Errors
/// [`ServiceError::NotFound`] for an instrument that is not there; as [`FraudPayload::check`].
pub async fn check(cx: &Cx, caller: &ShopperCaller, check: FraudCheck) -> Result<FraudDecision, ServiceError> {
    let (wallet, now, id, token) = (caller.wallet, cx.clock.now(), check.instrument, check.token);
    let found = cx.store.read(move |tx: &mut Tx<'_>| instruments::find_for(tx, wallet, id.as_ref(), token, now)).await?;
    let instrument = found.ok_or(ServiceError::NotFound("instrument"))?;
    let case = FraudCase {
        merchant: caller.merchant.id.clone(),
        wallet,
        reference: check.client_reference,
        amount: Money::zero(Currency::Aud),
        bins: instrument.bin.into_iter().collect(),
    };
    screen(cx, case, &check.payload).await
}

/// What was decided about a payment; nothing if it came without a payload.
///
/// # Errors
/// Only if the store fails.
pub async fn decision(cx: &Cx, receipt: Reference) -> Result<Option<FraudDecision>, ServiceError> {
    cx.store.read(move |tx: &mut Tx<'_>| Ok(tx.find_fraud_decision(receipt)?)).await
}

/// A payment that is to be judged.
#[derive(Debug, Clone)]
pub(crate) struct FraudCase {
    pub merchant: MerchantId,
    pub wallet: WalletId,
    /// What the merchant calls it.
    pub reference: String,
    pub amount: Money,
    /// The first digits of the cards that pay it.
    pub bins: Vec<String>,
}

/// Asks the screen.
pub(crate) async fn screen(cx: &Cx, case: FraudCase, payload: &FraudPayload) -> Result<FraudDecision, ServiceError> {
    let message = payload.read()?;
    let (id, now, subject) = (FraudDecisionId::from_random(cx.random.bytes()), cx.clock.now(), format!("fraud/{}", case.wallet));
    let recent = cx.store.write(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(attempts::tally(tx, &subject, WINDOW, now)?)).await?;
    let ask = FraudAsk {
        key: id.to_string(),
        merchant: case.merchant.as_str(),
        reference: &case.reference,
        amount: case.amount,
        recent: u32::try_from(recent).unwrap_or(u32::MAX),
        shipping_country: payload.shipping_country.as_deref(),
        bins: case.bins.iter().map(String::as_str).collect(),
        message: &message,
    };
    let decision = FraudDecision {
        id,
        client_id: id.to_string(),
        verdict: FraudVerdict::Review,
        reason_code: NO_ANSWER_CODE.to_owned(),
        rules: vec![FraudRule::NoAnswer.name().to_owned()],
        decided_at: now,
    };
    Ok(match cx.world.fraud.screen(ask).await {
        Ok(answer) => FraudDecision {
            client_id: answer.client_id,
            verdict: answer.verdict,
            reason_code: answer.reason_code,
            rules: answer.rules,
            ..decision
        },
        Err(error) => {
            tracing::warn!(screen = cx.world.fraud.name(), %error, "no fraud screen answered: the payment is marked for review");
            decision
        }
    })
}
