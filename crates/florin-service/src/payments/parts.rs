//! Parts of a payment: what each instrument is to pay, and what is known of that before anybody outside is asked.
//!
//! Invariant: a gift card moves here, in the transaction that writes the payment down; everything else is left to the acquirer.

use florin_domain::fault::Fault;
use florin_domain::gift_card::Programme;
use florin_domain::instrument::{Instrument, InstrumentKind, InstrumentStatus};
use florin_domain::movement::{Movement, MovementKind, PaidWith, Reference};
use florin_domain::payment::{GiftCardMove, Outcome};
use florin_store::Tx;
use florin_vault::Secret;

use super::{Found, Kinds, PayItem, Payer};
use crate::instruments::Unsealed;
use crate::{Cx, ServiceError, apm, gift_cards, step_up};

/// A part of a payment as it is written down before anything is known of it.
pub(super) fn part(place: (Reference, i64), item: &PayItem, found: &Found, kinds: Kinds) -> Movement {
    let instrument = &found.instrument;
    let paid_with = PaidWith {
        instrument: instrument.id.clone(),
        token: instrument.token,
        kind: instrument.kind,
        network: instrument.network.clone(),
        bin: instrument.bin.clone(),
        suffix: instrument.suffix.clone(),
        expiry: instrument.expiry,
        fingerprint: instrument.fingerprint,
    };
    // A kind without a word was refused when the instrument was found.
    Movement::asked(place, kinds.of(instrument.kind).unwrap_or(MovementKind::Purchase), item.amount, paid_with)
}

/// What is known of a part before anybody is asked.
pub(super) enum Decided {
    Known(Outcome),
    Ask(Unsealed),
}

impl Decided {
    pub(super) fn refused(movement: &Movement, fault: Fault) -> Self {
        Self::Known(Outcome { movement: movement.reference, service: None, result: Err(fault), plan: None })
    }
}

pub(super) fn decide(
    cx: &Cx,
    tx: &mut Tx<'_>,
    payer: &Payer,
    asked: (&PayItem, &Found),
    movement: &Movement,
) -> Result<Decided, ServiceError> {
    let (item, found) = asked;
    let result = match &found.means {
        None => on_gift_card(cx, tx, payer, (item, &found.instrument), movement)?,
        Some(means) => match usable(cx, tx, payer, (item, found), movement)? {
            Ok(code) => return Ok(Decided::Ask(means.clone().with_code(code))),
            Err(fault) => Err(fault),
        },
    };
    Ok(Decided::Known(Outcome { movement: movement.reference, service: None, result, plan: None }))
}

/// Whether the acquirer may be asked for it, and with which code.
fn usable(
    cx: &Cx,
    tx: &mut Tx<'_>,
    payer: &Payer,
    asked: (&PayItem, &Found),
    movement: &Movement,
) -> Result<Result<Option<Secret<String>>, Fault>, ServiceError> {
    let (item, instrument, now) = (asked.0, &asked.1.instrument, cx.clock.now());
    if instrument.kind == InstrumentKind::PayPal && movement.kind == MovementKind::Preauth {
        return Ok(Err(Fault::NotSupported));
    }
    if instrument.has_expired(now) {
        return Ok(Err(Fault::Expired));
    }
    if matches!(instrument.kind, InstrumentKind::ZipPay | InstrumentKind::Afterpay) {
        return Ok(apm::spend(cx, tx, &instrument.id, movement)?.map(|()| None));
    }
    let is_card = matches!(asked.1.means, Some(Unsealed::Card(_)));
    if is_card && payer.conditions.authenticate && item.three_ds.is_none() && item.authentication.is_none() {
        return Ok(Err(Fault::AuthenticationRequired));
    }
    if let Some(token) = &item.step_up {
        return Ok(step_up::open(cx, tx, instrument, token, now)?.map(Some));
    }
    // Without the shopper there is nobody to ask for a code, and the agreement has settled that.
    let needs_code =
        instrument.kind == InstrumentKind::Card && instrument.status == InstrumentStatus::Unverified && payer.agreement.is_none();
    Ok(if needs_code { Err(Fault::StepUpRequired) } else { Ok(None) })
}

/// Takes a gift card's part: it is ours, so the answer is known at once.
fn on_gift_card(
    cx: &Cx,
    tx: &mut Tx<'_>,
    payer: &Payer,
    (item, instrument): (&PayItem, &Instrument),
    movement: &Movement,
) -> Result<Result<String, Fault>, ServiceError> {
    let Some(card) = tx.find_gift_card(&instrument.fingerprint)? else {
        return Ok(Err(Fault::GiftCardDetails));
    };
    if card.has_expired(cx.clock.now()) {
        return Ok(Err(Fault::Expired));
    }
    if payer.conditions.excluded.contains(&card.programme) {
        return Ok(Err(Fault::GoodsExcluded));
    }
    if let Some(pin) = &item.passcode
        && !gift_cards::try_pin(cx, tx, (&card, payer.wallet), pin)?
    {
        return Ok(Err(Fault::PasscodeWrong));
    }
    let minor = item.amount.minor();
    let (balance, held) = match movement.kind {
        MovementKind::Preauth if Programme::named(&card.programme).is_some_and(|programme| programme.allows_preauth) => (0, minor),
        MovementKind::Purchase => (-minor, 0),
        MovementKind::Preauth | MovementKind::Completion | MovementKind::Void | MovementKind::Refund => {
            return Ok(Err(Fault::NotSupported));
        }
    };
    let moved = tx.move_gift_card(&GiftCardMove { fingerprint: card.fingerprint, balance, held })?;
    Ok(if moved { Ok(format!("GIFT-{}", movement.reference)) } else { Err(Fault::GiftCardBalance) })
}
