//! A shopper's instruments: listed, looked at, added and removed.

use florin_domain::instrument::{Instrument, InstrumentId, InstrumentKind};
use florin_domain::shopper::WalletKind;
use florin_domain::{InstrumentToken, Timestamp, WalletId};
use florin_service::{Context, Cx, ServiceError, Tx, caller, instruments, sessions};
use serde::Serialize;

use super::envelope::{Sent, tell};
use super::pages::Query;
use super::refusal::{Outcome, Unfit};
use super::sessions::named as session_named;
use crate::call::Call;
use crate::captures::{self, Ask};
use crate::reply::Reply;
use crate::step_up::StepUp;
use crate::surface::Surface;
use crate::wallet_list::{CardBody, GiftCardBody, is_allowed, kept_status, text};
use crate::words;

/// The cards of both wallets. The other wallet is told only if there is anything in it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListBody<'w> {
    #[serde(flatten)]
    own: CardsBody<'w>,
    #[serde(skip_serializing_if = "Option::is_none")]
    everyday_pay: Option<CardsBody<'w>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CardsBody<'w> {
    credit_cards: Vec<CardBody<'w>>,
    gift_cards: Vec<GiftCardBody<'w>>,
}

impl<'w> CardsBody<'w> {
    fn of(cx: &Context, held: &'w [Instrument], now: Timestamp, at_till: bool) -> Self {
        let of_kind = |kind| held.iter().filter(move |instrument| instrument.kind == kind);
        // At a till a gift card is only allowed while it can be spent.
        let allowed = |card: &Instrument| is_allowed(card) && !(at_till && card.has_expired(now));
        Self {
            credit_cards: of_kind(InstrumentKind::Card).map(|card| CardBody::in_store(cx, card, now)).collect(),
            gift_cards: of_kind(InstrumentKind::GiftCard).map(|card| GiftCardBody::in_store(card, allowed(card))).collect(),
        }
    }
}

/// One instrument by itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InstrumentBody<'w> {
    payment_instrument_id: &'w str,
    payment_token: String,
    payment_instrument_type: &'static str,
    status: &'static str,
    created_on: String,
    last_updated: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<String>,
    primary: bool,
    allowed: bool,
    payment_instrument_detail: DetailBody<'w>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DetailBody<'w> {
    card_suffix: &'w str,
    program_name: &'w str,
    #[serde(skip_serializing_if = "Option::is_none")]
    step_up: Option<Asks>,
}

/// What the shopper can be asked for.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Asks {
    /// Something that is done on a page.
    Page(StepUp),
    /// A gift card's PIN, which nobody needs but whoever wants to have it checked.
    Passcode {
        #[serde(rename = "type")]
        kind: &'static str,
        mandatory: bool,
    },
}

impl Asks {
    fn of(cx: &Context, instrument: &Instrument, now: Timestamp) -> Option<Self> {
        match instrument.kind {
            InstrumentKind::GiftCard => Some(Self::Passcode { kind: "REQUIRE_PASSCODE", mandatory: false }),
            InstrumentKind::Card
            | InstrumentKind::PayPal
            | InstrumentKind::GooglePay
            | InstrumentKind::ApplePay
            | InstrumentKind::AndroidPay
            | InstrumentKind::ZipPay
            | InstrumentKind::Afterpay
            | InstrumentKind::Openpay => StepUp::of(cx, instrument, now).map(Self::Page),
        }
    }
}

impl<'w> InstrumentBody<'w> {
    fn of(cx: &Context, instrument: &'w Instrument, now: Timestamp) -> Self {
        Self {
            payment_instrument_id: instrument.id.as_str(),
            payment_token: instrument.token.to_string(),
            payment_instrument_type: words::instrument(instrument.kind),
            status: kept_status(instrument.status),
            created_on: instrument.created_at.to_millis_text(),
            last_updated: instrument.updated_at.to_millis_text(),
            last_used: instrument.used_at.map(Timestamp::to_millis_text),
            primary: instrument.primary,
            allowed: is_allowed(instrument),
            payment_instrument_detail: DetailBody {
                card_suffix: text(instrument.suffix.as_ref()),
                program_name: text(instrument.network.as_ref()),
                step_up: Asks::of(cx, instrument, now),
            },
        }
    }
}

/// `GET …/customer/instruments`
pub async fn list(surface: Surface, call: Call) -> Outcome {
    let (cx, shopper) = (&surface.cx, call.shopper()?);
    let query = Query::of(call.query());
    let session = query.get("paymentSessionId")?.map(session_named).transpose()?;
    if let Some(session) = session {
        sessions::find_for_shopper(cx, shopper, session).await?;
    }
    let everyday = caller::wallet_of(&shopper.merchant.id, &shopper.shopper, WalletKind::Everyday);
    let (wallet, now) = (shopper.wallet, cx.clock.now());
    let both = cx.store.read(move |tx: &mut Tx<'_>| {
        let own = instruments::list(tx, wallet, now)?.instruments;
        Ok::<_, ServiceError>((own, instruments::list(tx, everyday, now)?.instruments))
    });
    let (own, everyday) = both.await?;
    let cards = |held| CardsBody::of(cx, held, now, session.is_some());
    Ok(tell(&ListBody { own: cards(&own), everyday_pay: (!everyday.is_empty()).then(|| cards(&everyday)) }))
}

/// `POST …/customer/instruments`
pub async fn begin(surface: Surface, call: Call) -> Outcome {
    let ask = call.json::<Sent<Ask>>()?.data;
    Ok(tell(&captures::start(&surface.cx, call.shopper()?, &ask).await?))
}

/// `GET …/customer/instruments/{paymentInstrumentId}`. A `publicKey` is taken for what it is, a wish: what it would be for, the
/// whole number under that key, never leaves the vault, and so there is no `cipherText`.
pub async fn show(surface: Surface, call: Call) -> Outcome {
    let found = find(&surface.cx, call.shopper()?.wallet, call.param("paymentInstrumentId")).await?;
    Ok(tell(&InstrumentBody::of(&surface.cx, &found, surface.cx.clock.now())))
}

/// `DELETE …/customer/instruments/{paymentInstrumentId}`
pub async fn remove(surface: Surface, call: Call) -> Outcome {
    let shopper = call.shopper()?;
    let found = find(&surface.cx, shopper.wallet, call.param("paymentInstrumentId")).await?;
    instruments::remove(&surface.cx, shopper, &found.id).await?;
    Ok(Reply::nothing())
}

/// What the wallet holds under this id or token: the contract says the one, and the public SDK sends the other.
async fn find(cx: &Cx, wallet: WalletId, name: &str) -> Result<Instrument, Unfit> {
    let unknown = || Unfit::unknown("payment instrument");
    let id = InstrumentId::parse(name).map_err(|_| unknown())?;
    let (token, now) = (InstrumentToken::parse(name).ok(), cx.clock.now());
    let find = move |tx: &mut Tx<'_>| match instruments::find_for(tx, wallet, None, token, now)? {
        Some(found) => Ok(Some(found)),
        None => instruments::find_for(tx, wallet, Some(&id), None, now),
    };
    cx.store.read(find).await?.ok_or_else(unknown)
}
