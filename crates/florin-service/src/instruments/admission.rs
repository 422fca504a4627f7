//! How an instrument comes into a wallet: new, or as the one that is there already.
//!
//! Invariants: a wallet holds a number once, and one account at the most of the kinds that are single; one instrument of it is
//! paid with first, and only one that is kept.

use florin_domain::card::CardExpiry;
use florin_domain::instrument::{Instrument, InstrumentId, InstrumentKind, InstrumentStatus};
use florin_domain::merchant::MerchantId;
use florin_domain::{InstrumentToken, SellerId, Timestamp, WalletId};
use florin_store::Tx;

use super::is_kept;
use crate::caller::ShopperCaller;
use crate::keeper::instrument_place;
use crate::{Context, ServiceError, in_doubt};

/// The first number of a kept instrument.
const FIRST_NUMBER: i64 = 100_001;
/// How many instruments a wallet may hold.
const HELD_MAX: usize = 100;

/// Where an instrument comes to.
#[derive(Clone)]
pub(crate) struct Home {
    /// The wallet.
    pub wallet: WalletId,
    /// At which merchant.
    pub merchant: MerchantId,
    /// Whose data key seals it.
    pub seller: SellerId,
    /// Whether the wallet is a guest's.
    pub guest: bool,
    /// When it is forgotten again, if it is.
    pub gone_at: Option<Timestamp>,
}

impl Home {
    /// The wallet of the caller; what comes into a guest's is gone with the token.
    pub(crate) fn of(caller: &ShopperCaller) -> Self {
        let merchant = &caller.merchant;
        let (merchant, seller) = (merchant.id.clone(), merchant.seller);
        Self { wallet: caller.wallet, merchant, seller, guest: caller.guest, gone_at: caller.gone_at() }
    }
}

/// What comes.
#[derive(Clone)]
pub(crate) struct Entrant<'a> {
    pub kind: InstrumentKind,
    pub network: Option<String>,
    pub bin: Option<String>,
    pub suffix: Option<String>,
    pub expiry: Option<CardExpiry>,
    pub code_checked: bool,
    pub account: Option<String>,
    pub customer: Option<String>,
    pub fingerprint: [u8; 32],
    /// The number or the provider's token, in clear.
    pub secret: &'a [u8],
    /// Whether it is to be paid with first.
    pub primary: bool,
    /// The instrument that it is to renew, whatever its number was.
    pub renews: Option<InstrumentId>,
}

/// Takes an instrument that its issuer has confirmed into a wallet.
///
/// # Errors
/// [`ServiceError::Unavailable`] while the outcome of a payment is not known with one that would make way for it;
/// [`ServiceError::Refused`] `wallet_full`.
pub(crate) fn admit(cx: &Context, tx: &mut Tx<'_>, home: &Home, entrant: &Entrant<'_>, now: Timestamp) -> Result<Instrument, ServiceError> {
    admit_up_to(cx, tx, home, entrant, (HELD_MAX, now))
}

/// Takes an instrument that was paid for into a wallet, be it full or not: what is bought must not be lost.
///
/// # Errors
/// [`ServiceError::Unavailable`] as [`admit`].
pub(crate) fn admit_bought(
    cx: &Context,
    tx: &mut Tx<'_>,
    home: &Home,
    entrant: &Entrant<'_>,
    now: Timestamp,
) -> Result<Instrument, ServiceError> {
    admit_up_to(cx, tx, home, entrant, (usize::MAX, now))
}

fn admit_up_to(
    cx: &Context,
    tx: &mut Tx<'_>,
    home: &Home,
    entrant: &Entrant<'_>,
    (held_max, now): (usize, Timestamp),
) -> Result<Instrument, ServiceError> {
    let mut held = tx.list_instruments(home.wallet)?;
    let place = held.iter().position(|old| is_same(old, entrant));
    let old = place.map(|place| held.swap_remove(place));
    let old = match old {
        // One that is to be forgotten, or is, makes way for one that stays.
        Some(old) if !old.is_there(now) || (old.gone_at.is_some() && home.gone_at.is_none()) => {
            in_doubt::must_be_settled(tx, &old.id)?;
            tx.remove_instrument(&old.id)?;
            None
        }
        old => old,
    };
    let is_to_stay = home.gone_at.is_none() || old.as_ref().is_some_and(is_kept);
    let has_first = held.iter().any(|other| other.primary && is_kept(other));
    let primary = is_to_stay && (entrant.primary || !has_first || old.as_ref().is_some_and(|old| old.primary));
    if primary && entrant.primary && has_first {
        tx.clear_primary(home.wallet, now)?;
    }
    let instrument = match old {
        Some(old) => renewed(cx, tx, home, entrant, Instrument { primary, updated_at: now, ..old })?,
        None if held.iter().filter(|other| !other.kind.is_for_once()).count() >= held_max => {
            let message = "This wallet is full: something has to be removed from it first.".to_owned();
            return Err(ServiceError::Refused { code: "wallet_full", message });
        }
        None => fresh(cx, tx, home, entrant, (primary, now))?,
    };
    Ok(instrument)
}

/// Whether `old` is what comes again.
fn is_same(old: &Instrument, entrant: &Entrant<'_>) -> bool {
    match &entrant.renews {
        Some(id) => old.id == *id,
        None => old.kind == entrant.kind && (entrant.kind.is_single() || old.fingerprint == entrant.fingerprint),
    }
}

fn renewed(cx: &Context, tx: &mut Tx<'_>, home: &Home, entrant: &Entrant<'_>, old: Instrument) -> Result<Instrument, ServiceError> {
    let entrant = entrant.clone();
    let instrument = Instrument {
        status: if old.status == InstrumentStatus::Transient { InstrumentStatus::Transient } else { InstrumentStatus::Verified },
        network: entrant.network,
        bin: entrant.bin,
        suffix: entrant.suffix,
        expiry: entrant.expiry,
        code_checked: entrant.code_checked || old.code_checked,
        account: entrant.account,
        customer: entrant.customer,
        fingerprint: entrant.fingerprint,
        sealed: seal(cx, tx, home, (&old.id, entrant.secret))?,
        ..old
    };
    tx.save_instrument(&instrument)?;
    Ok(instrument)
}

fn fresh(
    cx: &Context,
    tx: &mut Tx<'_>,
    home: &Home,
    entrant: &Entrant<'_>,
    (primary, now): (bool, Timestamp),
) -> Result<Instrument, ServiceError> {
    let id = match home.gone_at {
        None => InstrumentId::kept(tx.take_number("instruments", FIRST_NUMBER)?),
        Some(_) => InstrumentId::transient(InstrumentToken::from_random(cx.random.bytes())),
    };
    let status = if home.guest { InstrumentStatus::Transient } else { InstrumentStatus::Verified };
    put(cx, tx, home, entrant, Seat { id, status, primary, now })
}

/// Takes what is good for one payment into a wallet, beside all that is kept there. It is forgotten with `home.gone_at`.
pub(crate) fn admit_once(
    cx: &Context,
    tx: &mut Tx<'_>,
    home: &Home,
    entrant: &Entrant<'_>,
    (id, now): (InstrumentId, Timestamp),
) -> Result<Instrument, ServiceError> {
    let status = if home.guest { InstrumentStatus::Transient } else { InstrumentStatus::Unverified };
    put(cx, tx, home, entrant, Seat { id, status, primary: false, now })
}

/// What is decided of an instrument that comes.
struct Seat {
    id: InstrumentId,
    status: InstrumentStatus,
    primary: bool,
    now: Timestamp,
}

fn put(cx: &Context, tx: &mut Tx<'_>, home: &Home, entrant: &Entrant<'_>, seat: Seat) -> Result<Instrument, ServiceError> {
    let Seat { id, status, primary, now } = seat;
    let entrant = entrant.clone();
    let instrument = Instrument {
        token: InstrumentToken::from_random(cx.random.bytes()),
        wallet: home.wallet,
        merchant: home.merchant.clone(),
        kind: entrant.kind,
        status,
        primary,
        network: entrant.network,
        bin: entrant.bin,
        suffix: entrant.suffix,
        expiry: entrant.expiry,
        code_checked: entrant.code_checked,
        account: entrant.account,
        customer: entrant.customer,
        fingerprint: entrant.fingerprint,
        sealed: seal(cx, tx, home, (&id, entrant.secret))?,
        created_at: now,
        updated_at: now,
        used_at: None,
        gone_at: home.gone_at,
        id,
    };
    tx.insert_instrument(&instrument)?;
    Ok(instrument)
}

fn seal(cx: &Context, tx: &mut Tx<'_>, home: &Home, (id, secret): (&InstrumentId, &[u8])) -> Result<Vec<u8>, ServiceError> {
    cx.keeper.seal(tx, instrument_place(id.as_str(), &home.seller.to_string()), secret)
}
