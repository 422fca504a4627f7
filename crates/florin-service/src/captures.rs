//! Card captures: a page of ours takes a shopper's card, so that no merchant ever sees the number.
//!
//! The issuer is asked between two transactions. Invariants: a capture makes one instrument, and whoever sends its form again is
//! shown the same one; the code on the card goes to the issuer and nowhere else.

use std::time::Duration;

use florin_connect::{CardCheck, CardSecret, CardVerdict};
use florin_domain::card::{CardExpiry, CardNumber, check_cvc};
use florin_domain::instrument::{Instrument, InstrumentKind};
use florin_domain::time::minutes;
use florin_domain::{CaptureId, CardId, Timestamp, WalletId};
use florin_store::{CaptureRecord, Tx};

use crate::caller::ShopperCaller;
pub use crate::cards::GiveCard;
use crate::instruments::{Entrant, Home, admit};
use crate::{Context, Cx, ServiceError, attempts, merchants};

/// How long the page takes a card.
const OPEN_FOR: Duration = minutes(30);
/// How many captures a shopper may begin in a minute.
const BEGUN_MAX: i64 = 10;
/// How many cards may be tried for one wallet in a minute, so that nothing tells thieves which numbers are good.
const TRIED_MAX: i64 = 10;
/// The longest name that a caller may give to what it asks for, in bytes.
const CLIENT_REFERENCE_MAX: usize = 128;
/// Among which values a card's number is found again.
const NUMBERS: &str = "card numbers";

/// A capture that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureStart {
    /// The page to show to the shopper.
    pub url: String,
    /// The capture.
    pub id: CaptureId,
}

/// What the page needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureView {
    /// At whose shop.
    pub merchant_name: String,
    /// The origins that may hold the page in a frame and hear its result.
    pub origins: Vec<String>,
    /// Whether a card may still be given.
    pub open: bool,
}

/// Begins a capture.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `clientReference`; [`ServiceError::TooMany`] beyond ten a minute and shopper.
pub async fn begin(cx: &Cx, caller: &ShopperCaller, client_reference: &str) -> Result<CaptureStart, ServiceError> {
    check_client_reference(client_reference)?;
    let (id, now, subject) = (CaptureId::from_random(cx.random.bytes()), cx.clock.now(), caller.subject("capture"));
    let last = now.plus(OPEN_FOR);
    let capture = CaptureRecord {
        id,
        merchant: caller.merchant.id.clone(),
        wallet: caller.wallet,
        gone_at: caller.gone_at(),
        client_reference: client_reference.to_owned(),
        created_at: now,
        // What a guest gave after the end of the token would be gone before it was there.
        expires_at: caller.gone_at().map_or(last, |end| end.min(last)),
        instrument: None,
    };
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            attempts::count(tx, &subject, BEGUN_MAX, now)?;
            Ok::<_, ServiceError>(tx.insert_capture(&capture)?)
        })
        .await?;
    Ok(CaptureStart { url: format!("{}/container-ws/getCaptureFrame/{id}", cx.policy.base_url), id })
}

/// What the page shows.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub async fn view(cx: &Cx, capture: CaptureId) -> Result<CaptureView, ServiceError> {
    let now = cx.clock.now();
    cx.store
        .read(move |tx: &mut Tx<'_>| {
            let capture = find(tx, capture)?;
            let merchant = merchants::find(tx, &capture.merchant)?;
            let open = capture.instrument.is_none() && now < capture.expires_at;
            Ok(CaptureView { merchant_name: merchant.name, origins: merchant.origins, open })
        })
        .await
}

/// The shopper gives a card: the issuer is asked, the number sealed, the instrument kept.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `card_number`, `card_expiry` or `card_cvc`; [`ServiceError::NotFound`];
/// [`ServiceError::Refused`] `capture_ended` when its time is over; [`ServiceError::TooMany`] after ten cards in a minute.
pub async fn finish(cx: &Cx, capture: CaptureId, card: GiveCard) -> Result<Instrument, ServiceError> {
    let now = cx.clock.now();
    if let Some(instrument) = cx.store.read(move |tx: &mut Tx<'_>| finished(tx, capture, now)).await? {
        return Ok(instrument);
    }
    let secret = read_card(card, now)?;
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let wallet = find(tx, capture)?.wallet;
            count_try(tx, wallet, now)
        })
        .await?;
    let key = CardId::from_random(cx.random.bytes()).to_string();
    if let CardVerdict::Declined { message, .. } = cx.world.acquirer.verify(CardCheck { key, card: &secret }).await? {
        return Err(ServiceError::invalid("card_number", &format!("was declined: {message}")));
    }
    let cx2 = cx.clone();
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            // Somebody may have sent the form twice at once.
            if let Some(instrument) = finished(tx, capture, now)? {
                return Ok(instrument);
            }
            let home = home(tx, capture)?;
            let instrument = keep(&cx2, tx, &home, &secret, now)?;
            if !tx.finish_capture(capture, &instrument.id)? {
                return Err(ServiceError::Internal("a capture was finished twice".to_owned()));
            }
            Ok(instrument)
        })
        .await
}

/// What came of a capture; nothing while it is open.
fn finished(tx: &mut Tx<'_>, capture: CaptureId, now: Timestamp) -> Result<Option<Instrument>, ServiceError> {
    let capture = find(tx, capture)?;
    let ended = |message: &str| Err(ServiceError::Refused { code: "capture_ended", message: message.to_owned() });
    match capture.instrument {
        Some(instrument) => match tx.find_instrument(&instrument)?.filter(|found| found.is_there(now)) {
            Some(found) => Ok(Some(found)),
            None => ended("The card of this page was removed again; please start again."),
        },
        None if now >= capture.expires_at => ended("The time for this page is over; please start again."),
        None => Ok(None),
    }
}

fn find(tx: &mut Tx<'_>, capture: CaptureId) -> Result<CaptureRecord, ServiceError> {
    tx.find_capture(capture)?.ok_or(ServiceError::NotFound("capture"))
}

/// The card as typed.
fn read_card(card: GiveCard, now: Timestamp) -> Result<CardSecret, ServiceError> {
    let number = CardNumber::parse(&card.card_number).map_err(|error| ServiceError::invalid("card_number", &error))?;
    if network(&number).is_none() {
        return Err(ServiceError::invalid("card_number", "is of a scheme that is not accepted here"));
    }
    let expiry = CardExpiry::parse(&card.card_expiry, now).map_err(|error| ServiceError::invalid("card_expiry", &error))?;
    check_cvc(&card.card_cvc).map_err(|error| ServiceError::invalid("card_cvc", &error))?;
    Ok(CardSecret { number, expiry, cvc: Some(card.card_cvc) })
}

/// Where the card of a capture comes to.
fn home(tx: &mut Tx<'_>, capture: CaptureId) -> Result<Home, ServiceError> {
    let capture = find(tx, capture)?;
    let merchant = merchants::find(tx, &capture.merchant)?;
    let gone_at = capture.gone_at;
    Ok(Home { wallet: capture.wallet, merchant: merchant.id, seller: merchant.seller, guest: gone_at.is_some(), gone_at })
}

/// Counts one more card that the issuer is asked about, on a page or in elements. By wallet, because a shopper may open many.
///
/// # Errors
/// [`ServiceError::TooMany`] after ten in a minute.
pub(crate) fn count_try(tx: &mut Tx<'_>, wallet: WalletId, now: Timestamp) -> Result<(), ServiceError> {
    attempts::count(tx, &format!("card/{wallet}"), TRIED_MAX, now)
}

/// By which a card's number is found again.
pub(crate) fn fingerprint(cx: &Context, number: &CardNumber) -> [u8; 32] {
    cx.keeper.fingerprint(NUMBERS, number.expose().as_bytes())
}

/// Keeps a card that its issuer has confirmed.
pub(crate) fn keep(cx: &Context, tx: &mut Tx<'_>, home: &Home, card: &CardSecret, now: Timestamp) -> Result<Instrument, ServiceError> {
    let number = card.number.expose();
    let entrant = Entrant {
        kind: InstrumentKind::Card,
        network: network(&card.number).map(str::to_owned),
        bin: number.get(..6).map(str::to_owned),
        suffix: Some(card.number.last4().to_owned()),
        expiry: Some(card.expiry),
        code_checked: true,
        account: None,
        customer: None,
        fingerprint: fingerprint(cx, &card.number),
        secret: number.as_bytes(),
        primary: false,
        renews: None,
    };
    admit(cx, tx, home, &entrant, now)
}

/// The schemes that are accepted, by the first digits of their numbers: from, to, name.
const NETWORKS: [(u32, u32, &str); 10] = [
    (4_000, 4_999, "VISA"),
    (5_100, 5_599, "MASTERCARD"),
    (2_221, 2_720, "MASTERCARD"),
    (3_400, 3_499, "AMEX"),
    (3_700, 3_799, "AMEX"),
    (3_528, 3_589, "JCB"),
    (3_000, 3_059, "DINERS"),
    (3_600, 3_699, "DINERS"),
    (3_800, 3_899, "DINERS"),
    (3_900, 3_999, "DINERS"),
];

/// The scheme of a card; nothing for one that is not accepted.
pub(crate) fn network(number: &CardNumber) -> Option<&'static str> {
    let first: u32 = number.expose().get(..4)?.parse().ok()?;
    NETWORKS.iter().find(|(from, to, _)| (*from..=*to).contains(&first)).map(|(.., name)| *name)
}

/// Checks a caller's own name for what it asks for.
pub(crate) fn check_client_reference(text: &str) -> Result<(), ServiceError> {
    let is_clean = !text.trim().is_empty() && text.len() <= CLIENT_REFERENCE_MAX && !text.chars().any(char::is_control);
    if is_clean { Ok(()) } else { Err(ServiceError::invalid("clientReference", "must be 1 to 128 characters")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_255_800_000_000); // November 2026.

    fn typed(number: &str, expiry: &str, cvc: &str) -> GiveCard {
        GiveCard { card_number: number.to_owned(), card_expiry: expiry.to_owned(), card_cvc: cvc.to_owned() }
    }

    #[test]
    fn a_card_is_known_by_its_first_digits() {
        let table = [
            ("4242424242424242", Some("VISA")),
            ("5555555555554444", Some("MASTERCARD")),
            ("2223003122003222", Some("MASTERCARD")),
            ("378282246310005", Some("AMEX")),
            ("3530111333300000", Some("JCB")),
            ("30569309025904", Some("DINERS")),
            ("36227206271667", Some("DINERS")),
            ("6011111111111117", None),
            ("6280003090791562689", None),
        ];
        for (number, expected) in table {
            let card = CardNumber::parse(number).ok();
            assert_eq!(card.as_ref().and_then(network), expected, "{number}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_card_names_its_field() {
        assert!(read_card(typed("4242 4242 4242 4242", "12/29", "123"), NOW).is_ok());
        let table = [
            (typed("4242424242424241", "12/29", "123"), "card_number"),
            (typed("6011111111111117", "12/29", "123"), "card_number"),
            (typed("4242424242424242", "10/26", "123"), "card_expiry"),
            (typed("4242424242424242", "12/29", "12"), "card_cvc"),
        ];
        for (card, expected) in table {
            let refused = read_card(card, NOW).err();
            assert!(matches!(&refused, Some(ServiceError::Invalid { field, .. }) if *field == expected), "{expected}: {refused:?}");
        }
    }

    #[test]
    fn a_client_reference_is_short_and_visible() {
        assert!(check_client_reference("0fd9-1").is_ok());
        for bad in ["", " ", "a\n", &"x".repeat(129)] {
            assert!(check_client_reference(bad).is_err(), "{bad:?}");
        }
    }
}
