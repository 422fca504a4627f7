//! Verifying instruments: their issuers are asked whether they are good, and nothing is taken.
//!
//! Invariant: nobody is asked inside a transaction; the code on a card is opened for one call and kept by nobody.

use std::fmt;

use florin_connect::{CardCheck, CardVerdict, ConnectError};
use florin_domain::fault::Fault;
use florin_domain::fraud::{FraudDecision, FraudVerdict};
use florin_domain::instrument::{Instrument, InstrumentKind, InstrumentStatus};
use florin_domain::money::{Currency, Money};
use florin_domain::movement::{Reference, Service};
use florin_domain::{InstrumentToken, Timestamp};
use florin_store::Tx;
use tokio::task::JoinSet;

use super::{Unsealed, find_for, is_kept, unseal};
use crate::caller::ShopperCaller;
use crate::captures::check_client_reference;
use crate::fraud::{self, FraudCase, FraudPayload};
use crate::{Cx, ServiceError, step_up};

/// How many instruments are verified by one call.
const ITEMS_MAX: usize = 20;
/// The first number of a verification. Payments are numbered far below, so that none is ever taken for the other.
const FIRST_NUMBER: i64 = 9_000_000_000_000_001;
/// What the network says when an instrument is good.
const ACCEPTED: (&str, &str) = ("00", "ACCEPTED");

/// An instrument to be verified.
#[derive(Clone)]
pub struct VerifyItem {
    /// Which.
    pub token: InstrumentToken,
    /// Carries the code on the card.
    pub step_up: Option<String>,
}

impl fmt::Debug for VerifyItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyItem").field("token", &self.token).finish_non_exhaustive()
    }
}

/// What the issuers said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The number of the whole.
    pub receipt: Reference,
    /// One for each instrument asked about, in that order.
    pub items: Vec<VerifiedItem>,
    /// What the fraud screen said, if it was asked.
    pub fraud: Option<FraudDecision>,
}

/// What an issuer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedItem {
    /// About which instrument.
    pub token: InstrumentToken,
    /// The instrument, if the wallet has it.
    pub instrument: Option<Instrument>,
    /// The number of this part.
    pub reference: Reference,
    /// The network's words, or why not.
    pub result: Result<Service, Fault>,
}

/// Asks the issuers whether instruments are good. A kept one that is, is verified from now on. The fraud screen, if there is
/// something for it, is asked once about all of them; what it rejects, no issuer is asked about.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `clientReference` or `paymentInstruments`; as [`FraudPayload::check`].
pub async fn verify(
    cx: &Cx,
    caller: &ShopperCaller,
    client_reference: &str,
    items: Vec<VerifyItem>,
    payload: Option<FraudPayload>,
) -> Result<Verified, ServiceError> {
    check_client_reference(client_reference)?;
    if items.is_empty() || items.len() > ITEMS_MAX {
        return Err(ServiceError::invalid("paymentInstruments", "must be 1 to 20"));
    }
    let fraud = match payload {
        Some(payload) => Some(screen(cx, caller, (client_reference, &items), &payload).await?),
        None => None,
    };
    let is_rejected = fraud.as_ref().is_some_and(|decision| decision.verdict == FraudVerdict::Reject);
    let (caller2, now, cx2) = (caller.clone(), cx.clock.now(), cx.clone());
    let begun = cx.store.write(move |tx: &mut Tx<'_>| begin(&cx2, tx, &caller2, (&items, is_rejected), now));
    let (receipt, asked) = begun.await?;
    let items = ask_all(cx, asked).await;
    let good: Vec<_> = items.iter().filter(|(item, _)| item.result.is_ok()).map(|(item, has_code)| (item.token, *has_code)).collect();
    let wallet = caller.wallet;
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            for (token, has_code) in &good {
                if let Some(instrument) = find_for(tx, wallet, None, Some(*token), now)? {
                    confirm(tx, instrument, *has_code, now)?;
                }
            }
            Ok::<_, ServiceError>(())
        })
        .await?;
    Ok(Verified { receipt, items: items.into_iter().map(|(item, _)| item).collect(), fraud })
}

/// What the fraud screen says of instruments that nothing is paid with as yet.
async fn screen(
    cx: &Cx,
    caller: &ShopperCaller,
    (reference, items): (&str, &[VerifyItem]),
    payload: &FraudPayload,
) -> Result<FraudDecision, ServiceError> {
    let (wallet, now) = (caller.wallet, cx.clock.now());
    let tokens: Vec<_> = items.iter().map(|item| item.token).collect();
    let found = cx.store.read(move |tx: &mut Tx<'_>| {
        tokens.iter().map(|token| find_for(tx, wallet, None, Some(*token), now)).collect::<Result<Vec<_>, ServiceError>>()
    });
    let bins = found.await?.into_iter().flatten().filter_map(|instrument| instrument.bin).collect();
    let (merchant, reference) = (caller.merchant.id.clone(), reference.to_owned());
    fraud::screen(cx, FraudCase { merchant, wallet, reference, amount: Money::zero(Currency::Aud), bins }, payload).await
}

/// An instrument with what its issuer is to be asked, or with the answer that is known already.
#[derive(Clone)]
struct Asked {
    item: VerifiedItem,
    means: Option<Unsealed>,
    has_code: bool,
}

fn begin(
    cx: &Cx,
    tx: &mut Tx<'_>,
    caller: &ShopperCaller,
    (items, is_rejected): (&[VerifyItem], bool),
    now: Timestamp,
) -> Result<(Reference, Vec<Asked>), ServiceError> {
    let mut number = || tx.take_number("verifications", FIRST_NUMBER).map(Reference::from_number);
    let receipt = number()?;
    let references = items.iter().map(|_| number()).collect::<Result<Vec<_>, _>>()?;
    let mut asked = Vec::with_capacity(items.len());
    for (item, reference) in items.iter().zip(references) {
        let instrument = find_for(tx, caller.wallet, None, Some(item.token), now)?;
        let (known, means, has_code) = match &instrument {
            None => (Err(Fault::UnknownInstrument), None, false),
            Some(_) if is_rejected => (Err(Fault::FraudRejected), None, false),
            Some(instrument) => question(cx, tx, (instrument, item.step_up.as_deref()), now)?,
        };
        asked.push(Asked { item: VerifiedItem { token: item.token, instrument, reference, result: known }, means, has_code });
    }
    Ok((receipt, asked))
}

/// What is known without asking, what is to be asked, and whether the code on the card goes with it.
type Question = (Result<Service, Fault>, Option<Unsealed>, bool);

fn question(cx: &Cx, tx: &mut Tx<'_>, (instrument, token): (&Instrument, Option<&str>), now: Timestamp) -> Result<Question, ServiceError> {
    let refused = |fault| Ok((Err(fault), None, false));
    match instrument.kind {
        _ if instrument.has_expired(now) => refused(Fault::Expired),
        InstrumentKind::Card => {
            let code = match token.map(|token| step_up::open(cx, tx, instrument, token, now)).transpose()? {
                Some(Err(fault)) => return refused(fault),
                Some(Ok(code)) => Some(code),
                None if instrument.status == InstrumentStatus::Unverified => return refused(Fault::StepUpRequired),
                None => None,
            };
            let has_code = code.is_some();
            Ok((Err(Fault::Technical), Some(unseal(cx, tx, instrument)?.with_code(code)), has_code))
        }
        InstrumentKind::GiftCard => {
            let card = tx.find_gift_card(&instrument.fingerprint)?;
            match card {
                Some(card) if !card.has_expired(now) => Ok((Ok(accepted()), None, false)),
                Some(_) => refused(Fault::Expired),
                None => refused(Fault::GiftCardDetails),
            }
        }
        // Their providers confirmed them when they were brought in, and know no other question.
        InstrumentKind::PayPal | InstrumentKind::GooglePay | InstrumentKind::ApplePay | InstrumentKind::AndroidPay => {
            Ok((Ok(accepted()), None, false))
        }
        InstrumentKind::ZipPay | InstrumentKind::Afterpay | InstrumentKind::Openpay => refused(Fault::NotSupported),
    }
}

/// Asks all issuers at the same time, and answers in the order of the questions.
async fn ask_all(cx: &Cx, asked: Vec<Asked>) -> Vec<(VerifiedItem, bool)> {
    let mut items = Vec::with_capacity(asked.len());
    let mut calls = JoinSet::new();
    for (place, asked) in asked.into_iter().enumerate() {
        if let Some(means) = asked.means {
            let (cx, key) = (cx.clone(), asked.item.reference.to_string());
            calls.spawn(async move { (place, ask(&cx, key, means).await) });
        }
        items.push((asked.item, asked.has_code));
    }
    while let Some(answer) = calls.join_next().await {
        if let Ok((place, result)) = answer {
            items[place].0.result = result;
        }
    }
    items
}

async fn ask(cx: &Cx, key: String, means: Unsealed) -> Result<Service, Fault> {
    let Unsealed::Card(card) = means else {
        return Ok(accepted());
    };
    match cx.world.acquirer.verify(CardCheck { key, card: &card }).await {
        Ok(CardVerdict::Verified) => Ok(accepted()),
        Ok(CardVerdict::Declined { code, .. }) => {
            tracing::info!(code, "an issuer did not confirm a card");
            Err(if code == "51" { Fault::InsufficientFunds } else { Fault::Declined })
        }
        Err(ConnectError::Unavailable(what)) => {
            tracing::warn!(what, "the acquirer gave no answer about a card");
            Err(Fault::TimedOut)
        }
        Err(ConnectError::Refused { code, .. }) => {
            tracing::info!(code, "the acquirer refused to check a card");
            Err(Fault::Technical)
        }
        Err(ConnectError::Misconfigured(what)) => {
            tracing::error!(what, "the acquirer cannot be asked");
            Err(Fault::Technical)
        }
    }
}

fn confirm(tx: &mut Tx<'_>, instrument: Instrument, has_code: bool, now: Timestamp) -> Result<(), ServiceError> {
    let status = if is_kept(&instrument) { InstrumentStatus::Verified } else { instrument.status };
    let code_checked = instrument.code_checked || has_code;
    if status == instrument.status && code_checked == instrument.code_checked {
        return Ok(());
    }
    Ok(tx.save_instrument(&Instrument { status, code_checked, updated_at: now, ..instrument })?)
}

fn accepted() -> Service {
    Service { code: ACCEPTED.0.to_owned(), message: ACCEPTED.1.to_owned() }
}
