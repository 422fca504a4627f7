//! Step-up: a shopper types the code of a kept card again, and gets a token that carries it to one payment.
//!
//! Invariants: the code is stored nowhere; the token opens once, for its instrument, within minutes; no card gets an expiry that
//! its issuer does not know; the page is found only by whoever was given its address, today or yesterday.

use std::fmt;
use std::time::Duration;

use florin_connect::{CardCheck, CardSecret, CardVerdict};
use florin_domain::card::{CardExpiry, check_cvc};
use florin_domain::fault::Fault;
use florin_domain::instrument::{Instrument, InstrumentId, InstrumentKind};
use florin_domain::time::minutes;
use florin_domain::{CaptureId, CardId, Timestamp};
use florin_store::Tx;
use florin_vault::{Secret, TicketError, constant_time_equal};

use crate::instruments::{Unsealed, unseal};
use crate::{Context, Cx, ServiceError, attempts, merchants};

/// How long a step-up token is good.
const GOOD_FOR: Duration = minutes(15);
/// How many codes are taken for one card in a minute.
const TYPED_MAX: i64 = 10;
/// The microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepUpKind {
    /// The code on the card.
    Code,
    /// The code, and the month in which the renewed card runs out.
    CodeAndExpiry,
}

impl StepUpKind {
    /// The part of the page's address.
    const fn path(self) -> &'static str {
        match self {
            Self::Code => "cvv",
            Self::CodeAndExpiry => "cvvExpiry",
        }
    }
}

/// What the page needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepUpView {
    /// At whose shop.
    pub merchant_name: String,
    /// The origins that may hold the page in a frame and hear its result.
    pub origins: Vec<String>,
    /// The card's scheme in capitals.
    pub network: Option<String>,
    /// The last four digits of its number.
    pub suffix: Option<String>,
}

/// What the shopper typed. Prints nothing.
pub struct Typed {
    /// The code on the card.
    pub code: String,
    /// Month and year, where they are asked for.
    pub expiry: Option<String>,
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typed(..)")
    }
}

/// The page on which the shopper is asked for the code of `instrument`. Good today and tomorrow.
pub fn url(cx: &Context, kind: StepUpKind, instrument: &Instrument) -> String {
    let capability = capability(cx, kind, &instrument.id, day(cx.clock.now()));
    format!("{}/container-ws/{}/{capability}/{}", cx.policy.base_url, kind.path(), instrument.id)
}

/// What the page shows.
///
/// # Errors
/// [`ServiceError::NotFound`] unless the address is one that [`url`] gave.
pub async fn view(cx: &Cx, kind: StepUpKind, capability: &str, instrument: &InstrumentId) -> Result<StepUpView, ServiceError> {
    must_be_known(cx, kind, capability, instrument)?;
    let (id, now) = (instrument.clone(), cx.clock.now());
    cx.store
        .read(move |tx: &mut Tx<'_>| {
            let card = find_card(tx, &id, now)?;
            let merchant = merchants::find(tx, &card.merchant)?;
            Ok(StepUpView { merchant_name: merchant.name, origins: merchant.origins, network: card.network, suffix: card.suffix })
        })
        .await
}

/// Takes the code, and the new expiry where it is asked for, and gives the step-up token.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `card_cvc`, or `card_expiry` also when the issuer does not know the card by it;
/// [`ServiceError::NotFound`] as [`view`]; [`ServiceError::TooMany`] after ten codes in a minute.
pub async fn take(cx: &Cx, kind: StepUpKind, capability: &str, instrument: &InstrumentId, typed: Typed) -> Result<String, ServiceError> {
    const FIELD: &str = "card_expiry";
    must_be_known(cx, kind, capability, instrument)?;
    check_cvc(&typed.code).map_err(|error| ServiceError::invalid("card_cvc", &error))?;
    let expiry = match kind {
        StepUpKind::Code => None,
        StepUpKind::CodeAndExpiry => {
            let text = typed.expiry.as_deref().unwrap_or_default();
            let expiry = CardExpiry::parse(text, cx.clock.now()).map_err(|error| ServiceError::invalid(FIELD, &error))?;
            Some(TypedExpiry { expiry, field: FIELD })
        }
    };
    accept(cx, instrument, &typed.code, expiry).await
}

/// A new expiry of a kept card, as it was typed.
#[derive(Clone, Copy)]
pub(crate) struct TypedExpiry {
    pub expiry: CardExpiry,
    /// What the caller calls the field, for a refusal.
    pub field: &'static str,
}

/// Takes the code of a kept card, and the new expiry that was typed beside it, and gives the step-up token. Codes are counted,
/// so that a card's is not tried out.
pub(crate) async fn accept(cx: &Cx, id: &InstrumentId, code: &str, expiry: Option<TypedExpiry>) -> Result<String, ServiceError> {
    let (counted, now) = (id.clone(), cx.clock.now());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            find_card(tx, &counted, now)?;
            attempts::count(tx, &format!("step_up/{counted}"), TYPED_MAX, now)
        })
        .await?;
    if let Some(expiry) = expiry {
        renew(cx, id.clone(), expiry, code).await?;
    }
    Ok(token(cx, id, code))
}

/// Takes over a renewed card's expiry, if its issuer knows the card by it and by the code: whoever may type it must not be able
/// to break the card.
async fn renew(cx: &Cx, id: InstrumentId, TypedExpiry { expiry, field }: TypedExpiry, code: &str) -> Result<(), ServiceError> {
    let (cx2, id2, now) = (cx.clone(), id.clone(), cx.clock.now());
    let opened = cx.store.read(move |tx: &mut Tx<'_>| {
        let card = find_card(tx, &id2, now)?;
        Ok::<_, ServiceError>((card.expiry, unseal(&cx2, tx, &card)?))
    });
    let (known, Unsealed::Card(card)) = opened.await? else {
        return Err(ServiceError::NotFound("card"));
    };
    if known == Some(expiry) {
        return Ok(());
    }
    let card = CardSecret { expiry, cvc: Some(code.to_owned()), ..card };
    let key = CardId::from_random(cx.random.bytes()).to_string();
    if let CardVerdict::Declined { message, .. } = cx.world.acquirer.verify(CardCheck { key, card: &card }).await? {
        return Err(ServiceError::invalid(field, &format!("was declined: {message}")));
    }
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let card = find_card(tx, &id, now)?;
            Ok(tx.save_instrument(&Instrument { expiry: Some(expiry), updated_at: now, ..card })?)
        })
        .await
}

/// A token that carries `code` to one payment with `instrument`.
pub(crate) fn token(cx: &Context, instrument: &InstrumentId, code: &str) -> String {
    cx.keeper.seal_ticket(&purpose(instrument), code.as_bytes(), cx.clock.now().plus(GOOD_FOR))
}

/// A step-up token without a code, for an account at a wallet provider that its device has just confirmed.
pub fn confirmed(cx: &Context, instrument: &Instrument) -> String {
    token(cx, &instrument.id, "")
}

/// Opens a step-up token for a payment with `instrument`, which spends it. The code is empty where there was none to type.
///
/// # Errors
/// Only if the store fails; a token that is not good is a fault of the payment's.
pub(crate) fn open(
    cx: &Context,
    tx: &mut Tx<'_>,
    instrument: &Instrument,
    token: &str,
    now: Timestamp,
) -> Result<Result<Secret<String>, Fault>, ServiceError> {
    let opened = match cx.keeper.open_ticket(&purpose(&instrument.id), token, now) {
        Ok(opened) => opened,
        Err(TicketError::Illegal) => return Ok(Err(Fault::StepUpIllegal)),
        Err(TicketError::Expired) => return Ok(Err(Fault::StepUpExpired)),
    };
    let until = Timestamp::from_micros(opened.expires_at_s.saturating_mul(1_000_000));
    if !tx.spend_proof(&opened.id, until)? {
        return Ok(Err(Fault::StepUpIllegal));
    }
    let code =
        std::str::from_utf8(opened.plain.expose()).map_err(|_| ServiceError::Internal("a step-up token holds no text".to_owned()))?;
    Ok(Ok(Secret::new(code.to_owned())))
}

/// What a token is sealed for: a payment with this instrument.
fn purpose(instrument: &InstrumentId) -> String {
    format!("step up {instrument}")
}

fn find_card(tx: &mut Tx<'_>, id: &InstrumentId, now: Timestamp) -> Result<Instrument, ServiceError> {
    let found = tx.find_instrument(id)?.filter(|found| found.kind == InstrumentKind::Card && found.is_there(now));
    found.ok_or(ServiceError::NotFound("card"))
}

fn must_be_known(cx: &Context, kind: StepUpKind, presented: &str, instrument: &InstrumentId) -> Result<(), ServiceError> {
    let (presented, today) = (presented.to_ascii_lowercase(), day(cx.clock.now()));
    let is_known = [today, today - 1].iter().any(|day| {
        let expected = capability(cx, kind, instrument, *day);
        constant_time_equal(expected.as_bytes(), presented.as_bytes())
    });
    if is_known { Ok(()) } else { Err(ServiceError::NotFound("card")) }
}

/// The unguessable part of a page's address.
fn capability(cx: &Context, kind: StepUpKind, instrument: &InstrumentId, day: i64) -> String {
    let value = format!("{}/{instrument}/{day}", kind.path());
    // Any UUID looks alike; which kind writes it does not matter.
    CaptureId::from_random(cx.keeper.capability("step up", value.as_bytes())).to_string()
}

const fn day(at: Timestamp) -> i64 {
    at.micros().div_euclid(DAY)
}
