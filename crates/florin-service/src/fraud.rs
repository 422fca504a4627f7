//! Fraud: a payment that comes with a fraud payload is judged before anybody is asked for money.
//!
//! The screen is asked outside any transaction; what it said is kept with the payment, in the transaction that writes it down.
//! Invariants: a payment without a payload costs nothing here; a screen that cannot be asked never stops a payment, and says
//! so in the decision.

mod archive;

use std::borrow::Cow;
use std::fmt;
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

use crate::caller::ShopperCaller;
use crate::{Cx, ServiceError, attempts, instruments};

/// The span in which a wallet's payments are counted.
const WINDOW: Duration = hours(1);
/// The longest payload, in bytes.
const MESSAGE_MAX: usize = 65_536;
/// The provider whose versions are known.
const KNOWN_PROVIDER: &str = "cybersource";
/// How its versions begin.
const KNOWN_VERSIONS: &str = "CyberSourceTransaction_";
/// What is told when no screen answered.
const NO_ANSWER_CODE: &str = "150";

/// How a payload is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FraudFormat {
    /// As it is.
    Xml,
    /// Zipped, and then in base64.
    ZippedBase64,
}

/// What a merchant sends for the fraud screen. Prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct FraudPayload {
    /// The screen that it was written for.
    pub provider: String,
    /// The version of that screen's format.
    pub version: String,
    /// How it is written.
    pub format: FraudFormat,
    /// What it says.
    pub message: String,
    /// The country that the goods are sent to, in two letters, if the call says so beside the payload.
    pub shipping_country: Option<String>,
}

impl fmt::Debug for FraudPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FraudPayload").field("provider", &self.provider).field("version", &self.version).finish_non_exhaustive()
    }
}

impl FraudPayload {
    /// Whether a screen can be asked about it.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] naming `fraudPayload.version` for a version that the provider never had, or
    /// `fraudPayload.message`.
    pub fn check(&self) -> Result<(), ServiceError> {
        if self.provider.eq_ignore_ascii_case(KNOWN_PROVIDER) && !self.version.starts_with(KNOWN_VERSIONS) {
            return Err(ServiceError::invalid("fraudPayload.version", "is none of this provider's: CyberSourceTransaction_1.101"));
        }
        if self.message.len() > MESSAGE_MAX {
            return Err(ServiceError::invalid("fraudPayload.message", "must be 65,536 bytes at the most"));
        }
        Ok(())
    }

    /// What the payload says, as far as it can be read.
    fn readable(&self) -> Cow<'_, str> {
        match self.format {
            FraudFormat::Xml => Cow::Borrowed(&self.message),
            FraudFormat::ZippedBase64 => archive::unpacked(&self.message).map_or(Cow::Borrowed(""), Cow::Owned),
        }
    }
}

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
    payload.check()?;
    let (id, now, subject) = (FraudDecisionId::from_random(cx.random.bytes()), cx.clock.now(), format!("fraud/{}", case.wallet));
    let recent = cx.store.write(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(attempts::tally(tx, &subject, WINDOW, now)?)).await?;
    let message = payload.readable();
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
