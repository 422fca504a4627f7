//! Agreements: made and changed by the shopper, charged and ended by the merchant.
//!
//! Invariant: a charge counts in the transaction that books it; Florin charges nothing by itself.

mod first_charge;
mod screening;
mod writing;

use std::fmt;
use std::sync::Arc;

use florin_domain::agreement::{Agreement, AgreementKind, Frequency};
use florin_domain::fraud::{FraudDecision, FraudVerdict};
use florin_domain::instrument::{Instrument, InstrumentId};
use florin_domain::money::Money;
use florin_domain::movement::MovementKind;
use florin_domain::payment::{Atomicity, Transaction};
use florin_domain::shopper::WalletKind;
use florin_domain::{AgreementId, Timestamp, TransactionId};
use florin_store::Tx;

use crate::caller::{MerchantCaller, ShopperCaller, wallet_of};
use crate::fraud::FraudPayload;
use crate::idempotency::{self, IdempotencyKey};
use crate::occasions::{About, Draft};
use crate::payments::{self, Kinds, PayAnswer, PayItem, PayOrder, Payer};
use crate::{Cx, ServiceError, fraud, instore};
use first_charge::FirstCharge;
use screening::{Drafted, screened};
use writing::{Writing, Written};

pub(crate) use first_charge::look as look_at_first_charge;

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
        starts_at: new.starts_at.unwrap_or(now),
        ends_at: new.ends_at,
        cycle: 0,
        created_at: now,
        updated_at: now,
        used_at: None,
    };
    // A charge is judged, and with it the agreement.
    if let (Some(payload), Some(_)) = (&new.fraud, &new.immediate) {
        payload.check()?;
    }
    let screened = new.fraud.as_ref().filter(|_| new.immediate.is_none());
    let writing = Writing::New { agreement, is_charged: new.immediate.is_some(), step_up: new.step_up };
    let Written { agreement, instrument, said } = match written(cx, writing, (&new.client_reference, screened), key).await? {
        Ok(written) => written,
        Err(rejected) => return Ok(*rejected),
    };
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
    let (id, key) = (agreement.id, first_charge::key(&agreement));
    let charged = charge_one(cx, Arc::clone(&shopper.merchant), (&agreement, &instrument), (charge, family), Some(key)).await;
    // Of a charge that is in trouble nobody knows here whether it was begun; the job beside the agreement finds out.
    if charged.as_ref().map_or_else(ServiceError::is_refusal, |_| true) {
        let now = cx.clock.now();
        cx.store.write(move |tx: &mut Tx<'_>| first_charge::conclude(tx, id, now)).await?;
    }
    charged
}

/// Writes an agreement that the fraud screen accepts, if it is asked; what was written with the key before is told again. If
/// the screen rejects it, that is the answer.
async fn written(
    cx: &Cx,
    writing: Writing,
    (client_reference, payload): (&str, Option<&FraudPayload>),
    key: Option<IdempotencyKey>,
) -> Result<Result<Written, Box<AgreementAnswer>>, ServiceError> {
    let (now, key2, writing2) = (cx.clock.now(), key.clone(), writing.clone());
    let found = cx.store.read(move |tx: &mut Tx<'_>| match writing::told(tx, &writing2, key2.as_ref())? {
        Some(told) => Ok::<_, ServiceError>(Found::Told(Box::new(told))),
        None => writing2.agreement(tx, now).map(|agreement| Found::New(Box::new(agreement))),
    });
    let agreement = match found.await? {
        Found::Told(told) => return Ok(Ok(*told)),
        Found::New(agreement) => *agreement,
    };
    let said = match screened(cx, Drafted { agreement: &agreement, client_reference, payload }).await? {
        Ok(said) => said,
        Err(rejected) => return Ok(Err(rejected)),
    };
    writing::write(cx, writing, key, said).await.map(Ok)
}

/// What was found before anything is written.
enum Found {
    /// The key wrote this before.
    Told(Box<Written>),
    /// What is to be written, as far as it is known before it is.
    New(Box<Agreement>),
}

/// Refuses to charge an agreement that is gone, has ended, or has not begun. The charge that it is made with is part of making
/// it, and needs no waiting for its start.
pub(crate) fn must_be_open(tx: &mut Tx<'_>, agreement: AgreementId, now: Timestamp) -> Result<(), ServiceError> {
    let agreement = tx.find_agreement(agreement)?.ok_or_else(ended)?;
    let is_first = first_charge::of(tx, &agreement)? == FirstCharge::Awaited;
    let is_open = if is_first { !agreement.has_ended(now) } else { agreement.is_open(now) };
    if is_open { Ok(()) } else { Err(ended()) }
}

fn ended() -> ServiceError {
    ServiceError::Refused { code: "agreement_ended", message: "The payment agreement has ended, or has not begun.".to_owned() }
}

/// Refuses a charge while it is not known whether there is an agreement.
fn must_stand(tx: &mut Tx<'_>, agreement: &Agreement) -> Result<(), ServiceError> {
    match first_charge::of(tx, agreement)? {
        FirstCharge::Over => Ok(()),
        FirstCharge::GivenUp { .. } | FirstCharge::Rejected => Err(ended()),
        FirstCharge::Awaited | FirstCharge::Open => {
            let what = "The first charge of this payment agreement is still under way.".to_owned();
            Err(ServiceError::Unavailable { what, retry_after_s: 30 })
        }
    }
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
    let (client_reference, payload) = (changes.client_reference.clone(), changes.fraud.clone());
    let writing = Writing::Changed { id, wallet: shopper.wallet, changes };
    match written(cx, writing, (&client_reference, payload.as_ref()), key).await? {
        Ok(Written { agreement, instrument, said }) => Ok(AgreementAnswer { agreement, instrument, transaction: None, fraud: said }),
        Err(rejected) => Ok(*rejected),
    }
}

/// An agreement in the shopper's wallet, with what it charges.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub async fn find(cx: &Cx, shopper: &ShopperCaller, id: AgreementId) -> Result<AgreementAnswer, ServiceError> {
    let wallet = shopper.wallet;
    cx.store
        .read(move |tx: &mut Tx<'_>| {
            let agreement = writing::find(tx, id, wallet)?;
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
/// [`ServiceError::NotFound`] unless it is this merchant's; [`ServiceError::Refused`] `agreement_ended`;
/// [`ServiceError::Unavailable`] until its first charge is known, and as [`pay`](payments::pay).
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
            must_stand(tx, &agreement)?;
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
