//! Capturing a card whose pieces were typed into elements.
//!
//! Invariant: nobody is asked inside a transaction, and what was found out before it is looked at again in it.

use florin_connect::{CardCheck, CardSecret, CardVerdict};
use florin_domain::card::CardNumber;
use florin_domain::fault::Fault;
use florin_domain::frames::{FramesAction, FramesError, FramesWish};
use florin_domain::instrument::InstrumentKind;
use florin_domain::three_ds::ThreeDsSubject;
use florin_domain::{CardId, FramesActionId, Timestamp};
use florin_store::Tx;

use super::{Completed, Completion, code_of, ended, find, missing, place, typed_anew};
use crate::instruments::Home;
use crate::three_ds::{self, Bound, ThreeDsResponse};
use crate::{Context, Cx, ServiceError, captures, merchants, step_up};

/// Seals the number of an action.
pub(super) fn seal(cx: &Context, tx: &mut Tx<'_>, action: &FramesAction, number: &CardNumber) -> Result<Vec<u8>, ServiceError> {
    let seller = merchants::find(tx, &action.merchant)?.seller.to_string();
    cx.keeper.seal(tx, place(&action.id.to_string(), &seller), number.expose().as_bytes())
}

/// The number that was typed, if one was.
pub(crate) fn number_of(cx: &Context, tx: &mut Tx<'_>, action: FramesActionId) -> Result<Option<CardNumber>, ServiceError> {
    let action = find(tx, action)?;
    let Some(sealed) = &action.sealed else { return Ok(None) };
    let seller = merchants::find(tx, &action.merchant)?.seller.to_string();
    let opened = cx.keeper.open(tx, place(&action.id.to_string(), &seller), sealed)?;
    let number = std::str::from_utf8(opened.expose()).ok().and_then(|digits| CardNumber::parse(digits).ok());
    number.map(Some).ok_or_else(|| ServiceError::Internal("a sealed card is not a card".to_owned()))
}

/// Keeps the card that was typed, once its issuer has confirmed it and, where that is wanted, its cardholder.
pub(super) async fn capture(cx: &Cx, action: FramesAction, wish: Completion) -> Result<Completed, ServiceError> {
    let (id, now, cx2) = (action.id, cx.clock.now(), cx.clone());
    if !action.is_open(now) {
        return Err(ended(FramesError::Over));
    }
    let number = cx.store.read(move |tx: &mut Tx<'_>| number_of(&cx2, tx, id)).await?.ok_or_else(|| missing("cardNo"))?;
    let expiry = action.expiry.ok_or_else(|| missing("cardExpiry"))?;
    let code = code_of(cx, id, now)?;
    let card = CardSecret { number, expiry, cvc: Some(code.expose().clone()) };
    let wallet = action.wallet;
    cx.store.write(move |tx: &mut Tx<'_>| captures::count_try(tx, wallet, now)).await?;
    let is_wanted = action.wish.authenticate || cx.world.directory.is_wanted(&card.number).await?;
    let bound = Bound::to_card(&action, captures::fingerprint(cx, &card.number));
    let response = match (is_wanted, wish.responses.into_iter().next()) {
        (false, _) => None,
        (true, None) => return require(cx, bound, now).await,
        (true, Some(response)) => Some(response),
    };
    if let Some(refusal) = refusal(cx, &bound, response.as_ref(), now).await? {
        return Ok(Completed::NotAuthenticated(refusal));
    }
    let key = CardId::from_random(cx.random.bytes()).to_string();
    if let CardVerdict::Declined { code, message } = cx.world.acquirer.verify(CardCheck { key, card: &card }).await? {
        let fault = if code == "insufficient_funds" { Fault::InsufficientFunds } else { Fault::Declined };
        return Err(ServiceError::Refused { code: fault.name(), message });
    }
    let wish = FramesWish { save: wish.save.unwrap_or(action.wish.save), ..action.wish };
    let kept = Kept { action: FramesAction { wish, ..action }, card, bound, response, now };
    let completed = keep(cx, kept).await?;
    cx.codes.forget(id);
    Ok(completed)
}

/// What is about to be kept.
struct Kept {
    action: FramesAction,
    card: CardSecret,
    bound: Bound,
    response: Option<ThreeDsResponse>,
    now: Timestamp,
}

async fn keep(cx: &Cx, kept: Kept) -> Result<Completed, ServiceError> {
    let cx2 = cx.clone();
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let Kept { action, card, bound, response, now } = &kept;
            if let Some(response) = response
                && let Err(refusal) = three_ds::redeem(&cx2, tx, bound, response, *now)?
            {
                return Ok(Completed::NotAuthenticated(refusal));
            }
            // The number may have been typed anew since it was read.
            let current = find(tx, action.id)?;
            if current.sealed != action.sealed {
                return Err(typed_anew());
            }
            let merchant = merchants::find(tx, &action.merchant)?;
            let gone_at = (action.guest || !action.wish.save).then_some(action.gone_at);
            let home = Home { wallet: action.wallet, merchant: merchant.id, seller: merchant.seller, guest: action.guest, gone_at };
            let known = tx.find_instrument_by_fingerprint(action.wallet, InstrumentKind::Card, &bound.fingerprint)?;
            let is_known = known.is_some_and(|known| known.is_there(*now));
            let instrument = captures::keep(&cx2, tx, &home, card, *now)?;
            tx.save_frames_action(&current.complete(instrument.id.clone(), *now).map_err(ended)?)?;
            let code = card.cvc.as_deref().unwrap_or_default();
            Ok(if is_known {
                let step_up_token = Some(step_up::token(&cx2, &instrument.id, code));
                Completed::Confirmed { instrument: instrument.id, step_up_token }
            } else {
                Completed::Captured(Box::new(instrument))
            })
        })
        .await
}

/// Begins the authentication of the cardholder, or goes on with the one that has begun.
async fn require(cx: &Cx, bound: Bound, now: Timestamp) -> Result<Completed, ServiceError> {
    let cx2 = cx.clone();
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let ThreeDsSubject::Capture(id) = bound.subject else {
                return Err(ServiceError::Internal("a capture is not a payment".to_owned()));
            };
            let session = match tx.latest_three_ds_session(id)?.filter(|found| three_ds::may_go_on(found, &bound, now)) {
                Some(session) => session,
                None => three_ds::begin(&cx2, tx, &bound, now)?,
            };
            let required = find(tx, id)?.require_authentication(now).map_err(ended)?;
            tx.save_frames_action(&required)?;
            Ok(Completed::AuthenticationRequired(three_ds::token(&cx2, &session)))
        })
        .await
}

/// Why the cardholder is not authenticated, before the issuer is asked for nothing.
async fn refusal(
    cx: &Cx,
    bound: &Bound,
    response: Option<&ThreeDsResponse>,
    now: Timestamp,
) -> Result<Option<three_ds::ThreeDsRefusal>, ServiceError> {
    let Some(response) = response.cloned() else { return Ok(None) };
    let (cx2, bound) = (cx.clone(), bound.clone());
    cx.store.read(move |tx: &mut Tx<'_>| Ok(three_ds::check(&cx2, tx, &bound, &response, now)?.err())).await
}
