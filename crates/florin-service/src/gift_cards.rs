//! Gift cards: taken into a wallet with number and PIN, asked for their balance, issued.
//!
//! Invariants: a wrong number and a wrong PIN are told alike, and no card's PIN can be tried out: whoever tries and in
//! whatever way, a year is too short for the 10,000 of four digits.

use std::fmt;

use florin_domain::gift_card::{GiftCard, GiftCardNumber, Programme};
use florin_domain::instrument::{Instrument, InstrumentId, InstrumentKind};
use florin_domain::money::{Currency, Money};
use florin_domain::{CardId, Timestamp, WalletId};
use florin_store::Tx;
use florin_vault::{Secret, constant_time_equal};
use jiff::civil::Date;

use crate::caller::ShopperCaller;
use crate::instruments::{Entrant, Home, admit, find_for};
use crate::{Context, Cx, ServiceError, attempts};

/// How many wrong PINs a card takes in a minute.
const MISSES_MAX: i64 = 5;
/// How many it takes in a day; then nothing opens it until the next.
const MISSES_A_DAY_MAX: i64 = 20;
/// How often a shopper may ask for balances in a minute.
const ASKED_MAX: i64 = 5;
/// How many cards of a wallet are asked about by one call.
const CARDS_MAX: usize = 50;
/// Among which values a gift card's number is found again.
const NUMBERS: &str = "gift card numbers";
/// Among which values a PIN is known again.
const PINS: &str = "gift card PINs";

/// A gift card as the shopper typed it. Prints nothing.
#[derive(Clone)]
pub struct Slip {
    /// Its number.
    pub number: String,
    /// Its PIN.
    pub pin: String,
}

impl fmt::Debug for Slip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slip(..)")
    }
}

/// What is on a gift card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// What can be spent.
    pub amount: Money,
    /// The last day on which it can be.
    pub expires_on: Date,
    /// Whether that day has passed.
    pub expired: bool,
}

impl Balance {
    fn of(card: &GiftCard, now: Timestamp) -> Self {
        Self { amount: card.available(), expires_on: card.expires_on, expired: card.has_expired(now) }
    }
}

/// Takes a gift card into the caller's wallet. Unless it is saved, it is gone with the caller's token, like a guest's.
///
/// # Errors
/// [`ServiceError::Refused`] `gift_card_details` when number or PIN is wrong; [`ServiceError::TooMany`] after five wrong PINs a
/// minute or twenty a day.
pub async fn tokenise(
    cx: &Cx,
    caller: &ShopperCaller,
    slip: Slip,
    primary: bool,
    save: bool,
) -> Result<(Instrument, Balance), ServiceError> {
    let (home, now, cx2) = (Home::of(caller), cx.clock.now(), cx.clone());
    let home = if save { home } else { Home { gone_at: Some(caller.until), ..home } };
    let taken = cx.store.write(move |tx: &mut Tx<'_>| {
        let (number, card) = match open(&cx2, tx, &slip, now)? {
            Ok(opened) => opened,
            Err(refused) => return Ok::<_, ServiceError>(Err(refused)),
        };
        let entrant = Entrant { primary, ..entrant(&card, &number) };
        let instrument = admit(&cx2, tx, &home, &entrant, now)?;
        Ok(Ok((instrument, Balance::of(&card, now))))
    });
    taken.await?
}

/// What is on a gift card that is in no wallet.
///
/// # Errors
/// As [`tokenise`]; [`ServiceError::TooMany`] also beyond five questions a minute and shopper.
pub async fn balance_of(cx: &Cx, caller: &ShopperCaller, slip: Slip) -> Result<Balance, ServiceError> {
    let (subject, now, cx2) = (caller.subject("balance"), cx.clock.now(), cx.clone());
    let asked = cx.store.write(move |tx: &mut Tx<'_>| {
        attempts::count(tx, &subject, ASKED_MAX, now)?;
        Ok::<_, ServiceError>(open(&cx2, tx, &slip, now)?.map(|(_, card)| Balance::of(&card, now)))
    });
    asked.await?
}

/// What is on gift cards of the caller's wallet.
///
/// # Errors
/// [`ServiceError::NotFound`] if one of them is not there; [`ServiceError::TooMany`] beyond five questions a minute and shopper.
pub async fn balances(cx: &Cx, caller: &ShopperCaller, instruments: &[InstrumentId]) -> Result<Vec<(InstrumentId, Balance)>, ServiceError> {
    if instruments.is_empty() || instruments.len() > CARDS_MAX {
        return Err(ServiceError::invalid("giftCardInstruments", "must be 1 to 50"));
    }
    let (subject, wallet, now, ids) = (caller.subject("balance"), caller.wallet, cx.clock.now(), instruments.to_vec());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            attempts::count(tx, &subject, ASKED_MAX, now)?;
            let mut balances = Vec::with_capacity(ids.len());
            for id in &ids {
                let found = find_for(tx, wallet, Some(id), None, now)?.filter(|found| found.kind == InstrumentKind::GiftCard);
                let found = found.ok_or(ServiceError::NotFound("gift card"))?;
                let card = tx.find_gift_card(&found.fingerprint)?.ok_or(ServiceError::NotFound("gift card"))?;
                balances.push((id.clone(), Balance::of(&card, now)));
            }
            Ok(balances)
        })
        .await
}

/// Issues a gift card, be it empty or past its last day; one that is there already is left as it is.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `number`, `pin` or `balance`.
pub async fn issue(cx: &Cx, number: &str, pin: &str, balance: Money, expires_on: Date) -> Result<(), ServiceError> {
    let number = GiftCardNumber::parse(number).map_err(|error| ServiceError::invalid("number", &error))?;
    let programme = Programme::of_number(number.expose()).ok_or_else(|| ServiceError::invalid("number", "belongs to no programme"))?;
    if !(4..=12).contains(&pin.len()) || !pin.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ServiceError::invalid("pin", "must be 4 to 12 digits"));
    }
    if balance.minor() < 0 || balance.currency() != Currency::Aud {
        return Err(ServiceError::invalid("balance", "must be 0 Australian dollars or more"));
    }
    let (now, card) = (cx.clock.now(), made(cx, (programme, &number), pin, (balance, expires_on)));
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            if tx.find_gift_card(&card.fingerprint)?.is_none() {
                tx.insert_gift_card(&card, &card.issued(now))?;
            }
            Ok(())
        })
        .await
}

/// A new card, not yet in the books.
pub(crate) fn made(
    cx: &Context,
    (programme, number): (Programme, &GiftCardNumber),
    pin: &str,
    (balance, expires_on): (Money, Date),
) -> GiftCard {
    let fingerprint = fingerprint(cx, number);
    GiftCard {
        fingerprint,
        programme: programme.name.to_owned(),
        suffix: number.suffix().to_owned(),
        pin_hash: pin_hash(cx, &fingerprint, pin),
        balance,
        held: Money::zero(Currency::Aud),
        expires_on,
    }
}

/// A gift card as it comes into a wallet.
pub(crate) fn entrant<'a>(card: &GiftCard, number: &'a GiftCardNumber) -> Entrant<'a> {
    Entrant {
        kind: InstrumentKind::GiftCard,
        network: Some(card.programme.clone()),
        bin: number.expose().get(..6).map(str::to_owned),
        suffix: Some(card.suffix.clone()),
        expiry: None,
        code_checked: true,
        account: None,
        customer: None,
        fingerprint: card.fingerprint,
        secret: number.expose().as_bytes(),
        primary: false,
        renews: None,
    }
}

/// Tries a card's PIN in a payment. Misses are counted with those of other ways to try it, and after too many nothing opens
/// it for a while.
pub(crate) fn try_pin(
    cx: &Context,
    tx: &mut Tx<'_>,
    (card, wallet): (&GiftCard, WalletId),
    pin: &Secret<String>,
) -> Result<bool, ServiceError> {
    let missed = !opens(cx, card, pin);
    // Whoever pays with a kept card has opened it before: their day's count is their own, and no stranger uses it up.
    let counted = misses(cx, tx, &card.fingerprint, (missed, cx.clock.now()), Some(wallet))?;
    Ok(!missed && counted.is_ok())
}

/// Counts a miss of a card's PIN, or asks whether there were too many before. The refusal comes as a value, because the misses
/// have to be kept.
fn misses(
    cx: &Context,
    tx: &mut Tx<'_>,
    fingerprint: &[u8; 32],
    tried: (bool, Timestamp),
    kept_in: Option<WalletId>,
) -> Result<Result<(), ServiceError>, ServiceError> {
    let card = CardId::from_random(cx.keeper.capability(PINS, fingerprint));
    let day = kept_in.map_or_else(|| format!("pin_day/{card}"), |wallet| format!("pin_day/{card}/{wallet}"));
    for (subject, limit) in [(format!("pin/{card}"), (MISSES_MAX, attempts::MINUTE)), (day, (MISSES_A_DAY_MAX, attempts::DAY))] {
        // What the minute's count refuses tells nobody anything, so that the day's does not take it for a try.
        if let Err(refused) = attempts::misses(tx, &subject, limit, tried)? {
            return Ok(Err(refused));
        }
    }
    Ok(Ok(()))
}

/// Whether `pin` is the card's.
fn opens(cx: &Context, card: &GiftCard, pin: &Secret<String>) -> bool {
    constant_time_equal(&pin_hash(cx, &card.fingerprint, pin.expose()), &card.pin_hash)
}

/// A gift card that was opened with its PIN, or why it was not.
type Opened = Result<(GiftCardNumber, GiftCard), ServiceError>;

/// Opens a gift card. A refusal comes as a value, because the miss has to be kept.
fn open(cx: &Context, tx: &mut Tx<'_>, slip: &Slip, now: Timestamp) -> Result<Opened, ServiceError> {
    let Ok(number) = GiftCardNumber::parse(&slip.number) else {
        return Ok(Err(wrong()));
    };
    let fingerprint = fingerprint(cx, &number);
    let found = tx.find_gift_card(&fingerprint)?;
    let card = found.filter(|card| opens(cx, card, &Secret::new(slip.pin.clone())));
    // Misses of numbers that do not exist count too, so that their count tells nobody which ones do.
    if let Err(refused) = misses(cx, tx, &fingerprint, (card.is_none(), now), None)? {
        return Ok(Err(refused));
    }
    Ok(card.map(|card| (number, card)).ok_or_else(wrong))
}

fn wrong() -> ServiceError {
    ServiceError::Refused { code: "gift_card_details", message: "The gift card's number or PIN is wrong.".to_owned() }
}

fn fingerprint(cx: &Context, number: &GiftCardNumber) -> [u8; 32] {
    cx.keeper.fingerprint(NUMBERS, number.expose().as_bytes())
}

/// A keyed digest of a PIN, bound to its card.
fn pin_hash(cx: &Context, fingerprint: &[u8; 32], pin: &str) -> [u8; 32] {
    cx.keeper.fingerprint(PINS, &[&fingerprint[..], pin.as_bytes()].concat())
}
