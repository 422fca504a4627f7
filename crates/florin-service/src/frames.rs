//! Frames: a card typed into elements of ours in a merchant's page, piece by piece, and completed by the shopper's app.
//!
//! The issuer is asked between two transactions, and so is whoever authenticates cardholders. Invariants: the number is sealed
//! until the action is complete, and forgotten then; the code on the card is in this process's memory alone; an action makes one
//! instrument, and whoever completes it again is told of the same one.

mod card;
mod codes;

use std::fmt;
use std::time::Duration;

use florin_domain::card::{CardExpiry, CardNumber, check_cvc};
use florin_domain::frames::{FramesAction, FramesError, FramesKind, FramesState, FramesWish};
use florin_domain::instrument::{Instrument, InstrumentId, InstrumentKind};
use florin_domain::shopper::WalletKind;
use florin_domain::time::minutes;
use florin_domain::{FramesActionId, FramesSessionId, Timestamp};
use florin_store::Tx;
use florin_vault::{Aad, Secret};

pub(crate) use self::card::number_of;
pub use self::codes::Codes;
use crate::caller::{ShopperCaller, wallet_of};
use crate::step_up::{self, TypedExpiry};
use crate::three_ds::{ThreeDsRefusal, ThreeDsResponse};
use crate::{Cx, ServiceError, attempts, captures, instruments, merchants};

/// How long an action can be completed.
const OPEN_FOR: Duration = minutes(15);
/// How many a shopper may begin in a minute.
const BEGUN_MAX: i64 = 10;
/// How many pieces are taken for one action in a minute.
const PIECES_MAX: i64 = 60;

/// An action as asked for.
#[derive(Debug, Clone)]
pub struct NewFramesAction {
    /// What it is for.
    pub kind: FramesKind,
    /// The card that is kept, where it is about one.
    pub instrument: Option<InstrumentId>,
    /// What is wanted of it.
    pub wish: FramesWish,
    /// Whether it is about the shopper's Everyday Pay wallet.
    pub everyday: bool,
}

/// An action that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FramesStart {
    /// Where its elements are; they are told by what is added to it.
    pub url: String,
    /// The action.
    pub action: FramesActionId,
    /// What completes it.
    pub session: FramesSessionId,
}

/// What an element needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FramesView {
    /// What the action is for.
    pub kind: FramesKind,
    /// The origins that may hold the element and speak with it.
    pub origins: Vec<String>,
    /// Whether anything may still be typed.
    pub open: bool,
}

/// What was typed into an element. Prints nothing.
#[derive(Default)]
pub struct Piece {
    /// The number.
    pub number: Option<String>,
    /// Month and year.
    pub expiry: Option<String>,
    /// The code on the card.
    pub code: Option<String>,
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Piece(..)")
    }
}

/// A wish to complete an action.
#[derive(Debug, Clone)]
pub struct Completion {
    /// Of which kind.
    pub kind: FramesKind,
    /// Which.
    pub action: FramesActionId,
    /// What its beginner was given.
    pub session: Option<FramesSessionId>,
    /// Whether the card stays, if that is said again.
    pub save: Option<bool>,
    /// Answers about the cardholder's authentication.
    pub responses: Vec<ThreeDsResponse>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub enum Completed {
    /// A card that the wallet did not hold.
    Captured(Box<Instrument>),
    /// A card that the wallet holds, and a token that carries its code to one payment.
    Confirmed {
        /// The card.
        instrument: InstrumentId,
        /// The token; nothing when it was given before.
        step_up_token: Option<String>,
    },
    /// The cardholder has to be authenticated in the session of this token.
    AuthenticationRequired(String),
    /// The cardholder was not authenticated.
    NotAuthenticated(ThreeDsRefusal),
}

/// Begins an action.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `paymentInstrumentId` where a card is needed; [`ServiceError::NotFound`] for one that is not
/// in the wallet; [`ServiceError::TooMany`] beyond ten a minute and shopper.
pub async fn begin(cx: &Cx, caller: &ShopperCaller, new: NewFramesAction) -> Result<FramesStart, ServiceError> {
    let (now, subject) = (cx.clock.now(), caller.subject("capture"));
    let last = now.plus(OPEN_FOR);
    let is_everyday = new.everyday && !caller.guest;
    let wallet = if is_everyday { wallet_of(&caller.merchant.id, &caller.shopper, WalletKind::Everyday) } else { caller.wallet };
    let instrument = match new.kind {
        FramesKind::CaptureCard => None,
        FramesKind::StepUp | FramesKind::UpdateCard => {
            Some(new.instrument.ok_or_else(|| ServiceError::invalid("paymentInstrumentId", "is required"))?)
        }
    };
    let action = FramesAction {
        id: FramesActionId::from_random(cx.random.bytes()),
        session: FramesSessionId::from_random(cx.random.bytes()),
        kind: new.kind,
        merchant: caller.merchant.id.clone(),
        wallet,
        guest: caller.guest,
        gone_at: caller.until,
        instrument,
        wish: new.wish,
        sealed: None,
        expiry: None,
        state: FramesState::Init,
        created_at: now,
        expires_at: if caller.guest { last.min(caller.until) } else { last },
    };
    let start = FramesStart { url: format!("{}/container-ws/elements", cx.policy.base_url), action: action.id, session: action.session };
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            attempts::count(tx, &subject, BEGUN_MAX, now)?;
            if let Some(instrument) = &action.instrument {
                let found = instruments::find_for(tx, wallet, Some(instrument), None, now)?;
                found.filter(|found| found.kind == InstrumentKind::Card).ok_or(ServiceError::NotFound("payment instrument"))?;
            }
            Ok::<_, ServiceError>(tx.insert_frames_action(&action)?)
        })
        .await?;
    Ok(start)
}

/// What an element shows.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub async fn view(cx: &Cx, action: FramesActionId) -> Result<FramesView, ServiceError> {
    let now = cx.clock.now();
    cx.store
        .read(move |tx: &mut Tx<'_>| {
            let action = find(tx, action)?;
            let merchant = merchants::find(tx, &action.merchant)?;
            Ok(FramesView { kind: action.kind, origins: merchant.origins, open: action.is_open(now) })
        })
        .await
}

/// Takes what was typed into an element. What the action has no use for is not taken.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `cardNo`, `cardExpiry` or `cardCVV`; [`ServiceError::NotFound`]; [`ServiceError::Refused`]
/// `frames_ended`; [`ServiceError::TooMany`]; [`ServiceError::Unavailable`] while too many codes are kept.
pub async fn submit(cx: &Cx, action: FramesActionId, piece: Piece) -> Result<(), ServiceError> {
    let now = cx.clock.now();
    let number = piece.number.map(|text| read_number(&text)).transpose()?;
    let expiry = piece.expiry.map(|text| CardExpiry::parse(&text, now)).transpose();
    let expiry = expiry.map_err(|error| ServiceError::invalid("cardExpiry", &error))?;
    if let Some(code) = &piece.code {
        check_cvc(code).map_err(|error| ServiceError::invalid("cardCVV", &error))?;
    }
    let cx2 = cx.clone();
    let until = cx
        .store
        .write(move |tx: &mut Tx<'_>| {
            let found = find(tx, action)?;
            attempts::count(tx, &format!("frames/{action}"), PIECES_MAX, now)?;
            let number = number.as_ref().filter(|_| found.kind == FramesKind::CaptureCard);
            let expiry = expiry.filter(|_| found.kind != FramesKind::StepUp);
            let sealed = number.map(|number| card::seal(&cx2, tx, &found, number)).transpose()?;
            let until = found.expires_at;
            tx.save_frames_action(&found.submit(sealed, expiry, now).map_err(ended)?)?;
            Ok::<_, ServiceError>(until)
        })
        .await?;
    let is_kept = piece.code.is_none_or(|code| cx.codes.keep(action, Secret::new(code), (until, now)));
    let what = || "Too many cards are being typed at the moment.".to_owned();
    if is_kept { Ok(()) } else { Err(ServiceError::Unavailable { what: what(), retry_after_s: 60 }) }
}

fn read_number(text: &str) -> Result<CardNumber, ServiceError> {
    let number = CardNumber::parse(text).map_err(|error| ServiceError::invalid("cardNo", &error))?;
    let is_accepted = captures::network(&number).is_some();
    if is_accepted { Ok(number) } else { Err(ServiceError::invalid("cardNo", "is of a scheme that is not accepted here")) }
}

/// Completes an action.
///
/// # Errors
/// [`ServiceError::NotFound`] unless it is the caller's, of this kind, and of this session; [`ServiceError::Invalid`] naming
/// the piece that was not submitted, or not to this process, or `cardExpiry` when the issuer does not know a kept card by it;
/// [`ServiceError::Refused`] `frames_ended` after its time, or `declined` when the issuer does not want the card;
/// [`ServiceError::TooMany`].
pub async fn complete(cx: &Cx, caller: &ShopperCaller, wish: Completion) -> Result<Completed, ServiceError> {
    let (caller2, wish2, now) = (caller.clone(), wish.clone(), cx.clock.now());
    let found = cx.store.read(move |tx: &mut Tx<'_>| {
        let found = find(tx, wish2.action)?;
        let is_meant = caller2.owns(found.wallet) && found.kind == wish2.kind && Some(found.session) == wish2.session;
        let instrument = match &found.state {
            FramesState::Complete { instrument } => tx.find_instrument(instrument)?.filter(|card| card.is_there(now)),
            FramesState::Init | FramesState::Submitted | FramesState::AuthenticationRequired => None,
        };
        if is_meant { Ok((found, instrument)) } else { Err(ServiceError::NotFound("action")) }
    });
    let (found, instrument) = found.await?;
    match (&found.state, instrument, found.kind) {
        (FramesState::Complete { .. }, Some(card), FramesKind::CaptureCard) => Ok(Completed::Captured(Box::new(card))),
        (FramesState::Complete { .. }, ..) => Err(ended(FramesError::Complete)),
        (_, _, FramesKind::CaptureCard) => card::capture(cx, found, wish).await,
        (_, _, FramesKind::StepUp | FramesKind::UpdateCard) => confirm(cx, found).await,
    }
}

/// Takes the code of a card that is kept, and its new expiry if that is what the action is for.
async fn confirm(cx: &Cx, action: FramesAction) -> Result<Completed, ServiceError> {
    let (id, now) = (action.id, cx.clock.now());
    if !action.is_open(now) {
        return Err(ended(FramesError::Over));
    }
    let instrument = action.instrument.ok_or_else(|| ServiceError::Internal("an action about no card".to_owned()))?;
    let code = code_of(cx, id, now)?;
    let expiry = match action.kind {
        FramesKind::UpdateCard => Some(TypedExpiry { expiry: action.expiry.ok_or_else(|| missing("cardExpiry"))?, field: "cardExpiry" }),
        FramesKind::CaptureCard | FramesKind::StepUp => None,
    };
    let step_up_token = Some(step_up::accept(cx, &instrument, code.expose(), expiry).await?);
    let (kept, asked) = (instrument.clone(), action.expiry);
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let current = find(tx, id)?;
            if current.expiry != asked {
                return Err(typed_anew());
            }
            Ok(tx.save_frames_action(&current.complete(kept.clone(), now).map_err(ended)?)?)
        })
        .await?;
    cx.codes.forget(id);
    Ok(Completed::Confirmed { instrument, step_up_token })
}

fn code_of(cx: &Cx, action: FramesActionId, now: Timestamp) -> Result<Secret<String>, ServiceError> {
    cx.codes.find(action, now).ok_or_else(|| missing("cardCVV"))
}

fn missing(field: &'static str) -> ServiceError {
    ServiceError::invalid(field, "has not been submitted")
}

fn find(tx: &mut Tx<'_>, action: FramesActionId) -> Result<FramesAction, ServiceError> {
    tx.find_frames_action(action)?.ok_or(ServiceError::NotFound("action"))
}

/// What was found out before the last transaction was about something else.
fn typed_anew() -> ServiceError {
    ServiceError::Refused { code: "changed_meanwhile", message: "The card was typed anew.".to_owned() }
}

fn ended(error: FramesError) -> ServiceError {
    let message = match error {
        FramesError::Complete => "This action is complete; begin another one.",
        FramesError::Over => "The time for this action is over; begin another one.",
    };
    ServiceError::Refused { code: "frames_ended", message: message.to_owned() }
}

/// Where the number of a card is sealed while it is being captured.
fn place<'a>(action: &'a str, seller: &'a str) -> Aad<'a> {
    Aad { table: "frames_actions", row: action, column: "sealed", owner: seller }
}
