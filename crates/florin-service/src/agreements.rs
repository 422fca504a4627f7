//! Agreements: made and changed by the shopper, charged and ended by the merchant.
//!
//! Invariant: a charge counts in the transaction that books it; Florin charges nothing by itself.

mod screening;

use std::fmt;
use std::sync::Arc;

use florin_domain::agreement::{Agreement, AgreementKind, Frequency};
use florin_domain::fault::Fault;
use florin_domain::fraud::{FraudDecision, FraudVerdict};
use florin_domain::instrument::{Instrument, InstrumentId, InstrumentKind, InstrumentStatus};
use florin_domain::money::Money;
use florin_domain::movement::MovementKind;
use florin_domain::payment::{Atomicity, Transaction};
use florin_domain::shopper::WalletKind;
use florin_domain::{AgreementId, Timestamp, TransactionId, WalletId};
use florin_store::Tx;

use crate::caller::{MerchantCaller, ShopperCaller, wallet_of};
use crate::fraud::FraudPayload;
use crate::idempotency::{self, IdempotencyKey};
use crate::occasions::{About, Draft};
use crate::payments::{self, Kinds, PayAnswer, PayItem, PayOrder, Payer};
use crate::{Cx, ServiceError, fraud, instore, instruments, step_up};
use screening::{Drafted, screened};

/// An agreement as the shopper gives it. Prints nothing of its step-up token.
#[derive(Clone)]
pub struct NewAgreement {
    /// The caller's own name for it.
    pub client_reference: String,
    /// What it is for.
    pub kind: AgreementKind,
    /// What is charged.
    pub instrument: InstrumentId,
    /// How often.
    pub frequency: Frequency,
    /// How much each time.
    pub amount: Money,
    /// What it is about, in the caller's words.
    pub description: Option<String>,
    /// From when; from now on if nothing.
    pub starts_at: Option<Timestamp>,
    /// Until when; for ever if nothing.
    pub ends_at: Option<Timestamp>,
    /// The order that is charged for at once, if any.
    pub immediate: Option<String>,
    /// The step-up token of a page that took the code on the card.
    pub step_up: Option<String>,
    /// What the merchant sends for the fraud screen, which is asked once: about the charge that is made at once, or else about
    /// the agreement.
    pub fraud: Option<FraudPayload>,
}

impl fmt::Debug for NewAgreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAgreement").field("instrument", &self.instrument).field("amount", &self.amount).finish_non_exhaustive()
    }
}

/// What a shopper changes of an agreement; nothing stays as it is. Prints nothing of its step-up token.
#[derive(Clone)]
pub struct AgreementChanges {
    /// What is charged.
    pub instrument: Option<InstrumentId>,
    /// Until when.
    pub ends_at: Option<Timestamp>,
    /// How often.
    pub frequency: Frequency,
    /// How much each time.
    pub amount: Option<Money>,
    /// What it is about, in the caller's words.
    pub description: Option<String>,
    /// The step-up token of a page that took the code on the card.
    pub step_up: Option<String>,
    /// The caller's own name for the change.
    pub client_reference: String,
    /// What the merchant sends for the fraud screen.
    pub fraud: Option<FraudPayload>,
}

impl fmt::Debug for AgreementChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgreementChanges").field("instrument", &self.instrument).field("amount", &self.amount).finish_non_exhaustive()
    }
}

/// A charge as the merchant asks for it.
#[derive(Debug, Clone)]
pub struct ChargeAgreement {
    /// Which agreement.
    pub agreement: AgreementId,
    /// What is to happen with each kind of instrument.
    pub kinds: Kinds,
    /// The caller's own name for it.
    pub client_reference: String,
    /// The order it is for.
    pub order_number: String,
    /// How much.
    pub amount: Money,
    /// What the merchant sends for the fraud screen.
    pub fraud: Option<FraudPayload>,
}

/// An agreement, what it charges, and the charge that was made.
#[derive(Debug, Clone)]
pub struct AgreementAnswer {
    /// The agreement as it stands.
    pub agreement: Agreement,
    /// What it charges.
    pub instrument: Instrument,
    /// The charge, if one was asked for.
    pub transaction: Option<Transaction>,
    /// What the fraud screen said, if it was asked.
    pub fraud: Option<FraudDecision>,
}

impl AgreementAnswer {
    /// Whether the fraud screen rejected the agreement itself, so that what was asked for did not happen.
    pub fn is_rejected(&self) -> bool {
        let is_reject = |decision: &FraudDecision| decision.verdict == FraudVerdict::Reject;
        self.transaction.is_none() && self.fraud.as_ref().is_some_and(is_reject)
    }
}

/// Makes an agreement, and charges it at once if that is asked for; if that charge is refused there is no agreement, and
/// none if the fraud screen rejects it.
///
/// # Errors
/// [`ServiceError::NotFound`] for an instrument that is not in the wallet; [`ServiceError::Invalid`] naming `endDate`;
/// [`ServiceError::Refused`] with a fault's name as its code when the instrument cannot be agreed on.
pub async fn create(
    cx: &Cx,
    shopper: &ShopperCaller,
    new: NewAgreement,
    key: Option<IdempotencyKey>,
) -> Result<AgreementAnswer, ServiceError> {
    create_in(Family::Digital, cx, shopper, new, key).await
}

/// Of which family of operations a charge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// It is a transaction and no more.
    Digital,
    /// It is an in-store transaction too.
    InStore,
}

/// As [`create`], with a charge of either family.
pub(crate) async fn create_in(
    family: Family,
    cx: &Cx,
    shopper: &ShopperCaller,
    new: NewAgreement,
    key: Option<IdempotencyKey>,
) -> Result<AgreementAnswer, ServiceError> {
    let now = cx.clock.now();
    let starts_at = new.starts_at.unwrap_or(now);
    if new.ends_at.is_some_and(|end| end <= now || end <= starts_at) {
        return Err(ServiceError::invalid("endDate", "must lie after the start and in the future"));
    }
    // A key that comes again names the same agreement.
    let id = key.as_ref().map(|key| cx.keeper.capability("agreement of a key", format!("{}/{}", key.scope, key.key).as_bytes()));
    let agreement = Agreement {
        id: AgreementId::from_random(id.unwrap_or_else(|| cx.random.bytes())),
        merchant: shopper.merchant.id.clone(),
        wallet: shopper.wallet,
        shopper: shopper.shopper.clone(),
        instrument: new.instrument.clone(),
        kind: new.kind,
        frequency: new.frequency,
        amount: new.amount,
        description: new.description,
        starts_at,
        ends_at: new.ends_at,
        cycle: 0,
        created_at: now,
        updated_at: now,
        used_at: None,
    };
    let screened = match (&new.fraud, &new.immediate) {
        // The charge is judged, and with it the agreement.
        (Some(payload), Some(_)) => payload.check().map(|()| Ok(None))?,
        (payload, _) => {
            let draft =
                Drafted { agreement: &agreement, client_reference: &new.client_reference, payload: payload.as_ref(), key: key.as_ref() };
            screened(cx, draft).await?
        }
    };
    let said = match screened {
        Ok(said) => said,
        Err(rejected) => return Ok(*rejected),
    };
    let (agreement, instrument) = write(cx, agreement, (new.step_up, true), key.clone(), said.clone()).await?;
    let Some(order_number) = new.immediate else {
        return Ok(AgreementAnswer { agreement, instrument, transaction: None, fraud: said });
    };
    let kinds = Kinds { card: Some(MovementKind::Purchase), paypal: Some(MovementKind::Purchase), ..Kinds::default() };
    let charge = ChargeAgreement {
        agreement: agreement.id,
        kinds,
        client_reference: new.client_reference,
        order_number,
        amount: new.amount,
        fraud: new.fraud,
    };
    let key = key.map(|key| IdempotencyKey { scope: format!("{}:charge", key.scope), ..key });
    let charged = charge_one(cx, Arc::clone(&shopper.merchant), (&agreement, &instrument), (charge, family), key).await;
    let is_refused = match &charged {
        Ok(answer) => answer.transaction.as_ref().is_some_and(|transaction| !transaction.is_open() && answer.agreement.cycle == 0),
        Err(error) => error.is_refusal(),
    };
    if is_refused {
        let id = agreement.id;
        cx.store.write(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.remove_agreement(id)?)).await?;
    }
    charged
}

/// Writes an agreement after a look at its instrument, which must be a kept card or a `PayPal` account of the same wallet. A
/// key that comes again gives what it made.
async fn write(
    cx: &Cx,
    agreement: Agreement,
    (token, is_new): (Option<String>, bool),
    key: Option<IdempotencyKey>,
    said: Option<FraudDecision>,
) -> Result<(Agreement, Instrument), ServiceError> {
    let (now, cx2) = (cx.clock.now(), cx.clone());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let instrument = agreed_on(tx, agreement.wallet, &agreement.instrument, now)?;
            if idempotency::made(tx, key.as_ref())?.is_some() {
                return Ok((tx.find_agreement(agreement.id)?.unwrap_or_else(|| agreement.clone()), instrument));
            }
            let has_code = match &token {
                Some(token) => step_up::open(&cx2, tx, &instrument, token, now)?.map(drop).map_err(refusal).map(|()| true)?,
                None => false,
            };
            if instrument.kind == InstrumentKind::Card && instrument.status != InstrumentStatus::Verified && !has_code {
                return Err(refusal(Fault::StepUpRequired));
            }
            if is_new {
                tx.insert_agreement(&agreement)?;
            } else {
                // A charge may have been counted since the agreement was read.
                let standing = tx.find_agreement(agreement.id)?.ok_or(ServiceError::NotFound("payment agreement"))?;
                tx.save_agreement(&Agreement { cycle: standing.cycle, used_at: standing.used_at, ..agreement.clone() })?;
            }
            idempotency::remember(tx, key.as_ref(), &screening::named(&agreement, said.as_ref())?, now)?;
            Ok((agreement.clone(), instrument))
        })
        .await
}

/// Refuses to charge an agreement that is gone, has ended, or has not begun.
pub(crate) fn must_be_open(tx: &mut Tx<'_>, agreement: AgreementId, now: Timestamp) -> Result<(), ServiceError> {
    if tx.find_agreement(agreement)?.is_some_and(|agreement| agreement.is_open(now)) {
        return Ok(());
    }
    let message = "The payment agreement has ended, or has not begun.".to_owned();
    Err(ServiceError::Refused { code: "agreement_ended", message })
}

fn agreed_on(tx: &mut Tx<'_>, wallet: WalletId, id: &InstrumentId, now: Timestamp) -> Result<Instrument, ServiceError> {
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

/// A fault as a refusal of the whole; its code is the fault's name.
fn refusal(fault: Fault) -> ServiceError {
    ServiceError::Refused { code: fault.name(), message: format!("The instrument cannot be used: {}.", fault.name().replace('_', " ")) }
}

/// Changes an agreement; with a key, once a key.
///
/// # Errors
/// As [`create`]; [`ServiceError::NotFound`] for an agreement that is not in the wallet.
pub async fn update(
    cx: &Cx,
    shopper: &ShopperCaller,
    id: AgreementId,
    changes: AgreementChanges,
    key: Option<IdempotencyKey>,
) -> Result<AgreementAnswer, ServiceError> {
    let (now, wallet) = (cx.clock.now(), shopper.wallet);
    let found = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.find_agreement(id)?)).await?;
    let found = found.filter(|agreement| agreement.wallet == wallet).ok_or(ServiceError::NotFound("payment agreement"))?;
    if changes.ends_at.is_some_and(|end| end <= now || end <= found.starts_at) {
        return Err(ServiceError::invalid("endDate", "must lie after the start and in the future"));
    }
    let agreement = Agreement {
        instrument: changes.instrument.unwrap_or(found.instrument),
        ends_at: changes.ends_at.or(found.ends_at),
        frequency: changes.frequency,
        amount: changes.amount.unwrap_or(found.amount),
        description: changes.description.or(found.description),
        updated_at: now,
        ..found
    };
    let draft =
        Drafted { agreement: &agreement, client_reference: &changes.client_reference, payload: changes.fraud.as_ref(), key: key.as_ref() };
    let said = match screened(cx, draft).await? {
        Ok(said) => said,
        Err(rejected) => return Ok(*rejected),
    };
    let (agreement, instrument) = write(cx, agreement, (changes.step_up, false), key, said.clone()).await?;
    Ok(AgreementAnswer { agreement, instrument, transaction: None, fraud: said })
}

/// An agreement in the shopper's wallet, with what it charges.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub async fn find(cx: &Cx, shopper: &ShopperCaller, id: AgreementId) -> Result<AgreementAnswer, ServiceError> {
    let wallet = shopper.wallet;
    cx.store
        .read(move |tx: &mut Tx<'_>| {
            let agreement = tx.find_agreement(id)?.filter(|agreement| agreement.wallet == wallet);
            let agreement = agreement.ok_or(ServiceError::NotFound("payment agreement"))?;
            let instrument = tx.find_instrument(&agreement.instrument)?.ok_or(ServiceError::NotFound("instrument"))?;
            Ok(AgreementAnswer { agreement, instrument, transaction: None, fraud: None })
        })
        .await
}

/// Ends an agreement; with a key, once a key. The instrument stays in its wallet.
///
/// # Errors
/// [`ServiceError::NotFound`] unless it is this merchant's; [`ServiceError::KeyReused`].
pub async fn remove(cx: &Cx, caller: &MerchantCaller, id: AgreementId, key: Option<IdempotencyKey>) -> Result<(), ServiceError> {
    let (merchant, now) = (caller.merchant.id.clone(), cx.clock.now());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            idempotency::do_once(tx, key.as_ref(), now, |tx| {
                let found = tx.find_agreement(id)?.filter(|agreement| agreement.merchant == merchant);
                let found = found.ok_or(ServiceError::NotFound("payment agreement"))?;
                tx.remove_agreement(found.id)?;
                Ok(())
            })
        })
        .await
}

/// Charges an agreement, once a key.
///
/// # Errors
/// [`ServiceError::NotFound`] unless it is this merchant's; [`ServiceError::Refused`] `agreement_ended`, and as
/// [`pay`](payments::pay).
pub async fn charge(
    cx: &Cx,
    caller: &MerchantCaller,
    charge: ChargeAgreement,
    key: Option<IdempotencyKey>,
) -> Result<AgreementAnswer, ServiceError> {
    charge_in(Family::Digital, cx, caller, charge, key).await
}

/// As [`charge`], with a charge of either family.
pub(crate) async fn charge_in(
    family: Family,
    cx: &Cx,
    caller: &MerchantCaller,
    charge: ChargeAgreement,
    key: Option<IdempotencyKey>,
) -> Result<AgreementAnswer, ServiceError> {
    let (now, id, merchant) = (cx.clock.now(), charge.agreement, caller.merchant.id.clone());
    let key2 = key.clone();
    let found = cx.store.read(move |tx: &mut Tx<'_>| {
        let agreement = tx.find_agreement(id)?.filter(|agreement| agreement.merchant == merchant);
        let agreement = agreement.ok_or(ServiceError::NotFound("payment agreement"))?;
        // A charge that happened is told again though the agreement has ended since.
        if idempotency::made(tx, key2.as_ref())?.is_none() {
            must_be_open(tx, id, now)?;
        }
        let instrument = tx.find_instrument(&agreement.instrument)?.ok_or(ServiceError::NotFound("instrument"))?;
        Ok::<_, ServiceError>((agreement, instrument))
    });
    let (agreement, instrument) = found.await?;
    charge_one(cx, Arc::clone(&caller.merchant), (&agreement, &instrument), (charge, family), key).await
}

async fn charge_one(
    cx: &Cx,
    merchant: Arc<florin_domain::merchant::Merchant>,
    agreed: (&Agreement, &Instrument),
    (charge, family): (ChargeAgreement, Family),
    key: Option<IdempotencyKey>,
) -> Result<AgreementAnswer, ServiceError> {
    let (agreement, instrument) = agreed;
    let is_screened = charge.fraud.is_some();
    let draft = (family == Family::InStore).then(|| {
        let home = wallet_of(&merchant.id, &agreement.shopper, WalletKind::Merchant);
        let request = instore::own_request(cx, &merchant, home, (&charge.client_reference, charge.amount));
        Draft { id: TransactionId::from_random(cx.random.bytes()), about: About::Own(Box::new(request)) }
    });
    let item = PayItem {
        instrument: Some(instrument.id.clone()),
        token: None,
        amount: charge.amount,
        step_up: None,
        passcode: None,
        authentication: None,
        three_ds: None,
    };
    let order = PayOrder {
        client_reference: charge.client_reference,
        order_number: charge.order_number,
        kinds: charge.kinds,
        items: vec![item],
        atomicity: Atomicity::KeepSuccesses,
        fraud: charge.fraud,
    };
    let payer = Payer {
        merchant,
        wallet: agreement.wallet,
        agreement: Some(agreement.id),
        conditions: payments::Conditions::default(),
        occasion: draft.as_ref().map(|draft| draft.id),
        beside: draft.map(Draft::beside),
    };
    let transaction = match payments::carry(cx, payer, order, key).await? {
        PayAnswer::Concluded(transaction) => transaction,
        PayAnswer::Unknown(_) => return Err(ServiceError::NotFound("instrument")),
    };
    let id = agreement.id;
    let standing = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.find_agreement(id)?)).await?;
    let agreement = standing.unwrap_or_else(|| agreement.clone());
    let fraud = if is_screened { fraud::decision(cx, transaction.receipt).await? } else { None };
    Ok(AgreementAnswer { agreement, instrument: instrument.clone(), transaction: Some(transaction), fraud })
}
