//! A shopper's instruments: listed, looked at, added and removed.

use florin_domain::instrument::{Instrument, InstrumentId, InstrumentKind};
use florin_domain::shopper::WalletKind;
use florin_domain::{InstrumentToken, Timestamp, WalletId};
use florin_service::{Context, Cx, ServiceError, Tx, caller, instore, instruments, sessions};
use florin_web::Surface;
use serde::Serialize;

use super::envelope::{Sent, tell, tell_with};
use super::pages::Query;
use super::refusal::{Outcome, Unfit};
use super::sessions::named as session_named;
use crate::call::Call;
use crate::captures::{self, Ask};
use crate::reply::Reply;
use crate::step_up::StepUp;
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

/// Where a session is open, and what is bought there may be known.
struct Till {
    /// The programmes whose gift cards do not pay for it.
    excluded: Vec<String>,
}

impl Till {
    /// Whether a gift card can be spent there.
    fn takes(&self, card: &Instrument, now: Timestamp) -> bool {
        !card.has_expired(now) && card.network.as_ref().is_none_or(|programme| !self.excluded.contains(programme))
    }
}

impl<'w> CardsBody<'w> {
    fn of(cx: &Context, held: &'w [Instrument], now: Timestamp, till: Option<&Till>) -> Self {
        let of_kind = |kind| held.iter().filter(move |instrument| instrument.kind == kind);
        let allowed = |card: &Instrument| is_allowed(card) && till.is_none_or(|till| till.takes(card, now));
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
    let till = match session {
        Some(session) => Some(Till { excluded: sessions::excluded_programmes(cx, shopper, session).await? }),
        None => None,
    };
    let everyday = caller::wallet_of(&shopper.merchant.id, &shopper.shopper, WalletKind::Everyday);
    let (wallet, now) = (shopper.wallet, cx.clock.now());
    let both = cx.store.read(move |tx: &mut Tx<'_>| {
        let own = instruments::list(tx, wallet, now)?.instruments;
        Ok::<_, ServiceError>((own, instruments::list(tx, everyday, now)?.instruments))
    });
    let (own, everyday) = both.await?;
    let cards = |held| CardsBody::of(cx, held, now, till.as_ref());
    Ok(tell(&ListBody { own: cards(&own), everyday_pay: (!everyday.is_empty()).then(|| cards(&everyday)) }))
}

/// `POST …/customer/instruments`
pub async fn begin(surface: Surface, call: Call) -> Outcome {
    let ask = call.json::<Sent<Ask>>()?.data;
    Ok(tell(&captures::start(&surface.cx, call.shopper()?, &ask).await?))
}

/// What comes with one instrument.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EncryptedMeta {
    #[serde(skip_serializing_if = "Option::is_none")]
    cipher_text: Option<String>,
}

/// `GET …/customer/instruments/{paymentInstrumentId}`. With a `publicKey` its payment token comes under that key as well; the
/// number of a card never leaves the vault, under no key.
pub async fn show(surface: Surface, call: Call) -> Outcome {
    let query = Query::of(call.query());
    let public_key = query.get("publicKey")?;
    let found = find(&surface.cx, call.shopper()?.wallet, call.param("paymentInstrumentId")).await?;
    let cipher_text = public_key.map(|key| instore::letter(&found, key)).transpose()?;
    Ok(tell_with(&InstrumentBody::of(&surface.cx, &found, surface.cx.clock.now()), EncryptedMeta { cipher_text }))
}

/// `DELETE …/customer/instruments/{paymentInstrumentId}`
pub async fn remove(surface: Surface, call: Call) -> Outcome {
    let shopper = call.shopper()?;
    let name = call.param("paymentInstrumentId");
    let id = match find(&surface.cx, shopper.wallet, name).await {
        Ok(found) => found.id,
        // The call may be a repetition of the one that took it out.
        Err(unknown) => InstrumentId::parse(name).map_err(|_| unknown)?,
    };
    instruments::remove(&surface.cx, shopper, &id, call.key()).await?;
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
