//! Openpay's side of a payment: what is asked of it, and what its answers mean.
//!
//! Makes calls and reads answers and the movement's part; writes nothing. Invariant: every call carries the number of the
//! movement that it is about as its key, so that asking again is the same question.

use florin_connect::{ConnectError, Move, MoveKind, OpenpayAnswer, OpenpayMove, OpenpayOrder};
use florin_domain::movement::{Movement, MovementKind, Reference};
use florin_domain::openpay::OpenpayPart;
use florin_domain::payment::Transaction;
use florin_store::Tx;

use crate::acquiring::{Ask, Told, declined};
use crate::instruments::Unsealed;
use crate::{Cx, ServiceError};

/// Asks for a purchase.
pub(crate) async fn ask(cx: &Cx, transaction: &Transaction, ask: &Ask) -> Result<Told, ConnectError> {
    let part = part(cx, ask.movement.reference).await?;
    Ok(told(cx.world.openpay.pay(order(transaction, ask, &part)?).await?))
}

/// What became of a purchase that was asked for earlier.
pub(crate) async fn look_up(cx: &Cx, transaction: &Transaction, ask: &Ask) -> Result<Option<Told>, ConnectError> {
    let part = part(cx, ask.movement.reference).await?;
    Ok(cx.world.openpay.paid(order(transaction, ask, &part)?).await?.map(told))
}

/// Takes, frees or gives back.
pub(crate) async fn follow_up(
    cx: &Cx,
    transaction: &Transaction,
    (kind, order): (MoveKind, &Move<'_>),
    movement: &Movement,
) -> Result<Told, ConnectError> {
    let part = part(cx, movement.reference).await?;
    Ok(told(cx.world.openpay.move_money(kind, step(transaction, order, &part)).await?))
}

/// What became of a completion, void or refund that was asked for earlier.
pub(crate) async fn look_up_follow_up(
    cx: &Cx,
    transaction: &Transaction,
    (kind, order): (MoveKind, &Move<'_>),
    movement: &Movement,
) -> Result<Option<Told>, ConnectError> {
    let part = part(cx, movement.reference).await?;
    Ok(cx.world.openpay.moved(kind, step(transaction, order, &part)).await?.map(told))
}

/// What the till said of a movement. Without the books nothing can be asked, which is as if nobody had answered.
async fn part(cx: &Cx, reference: Reference) -> Result<OpenpayPart, ConnectError> {
    let found = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.find_openpay_part(reference)?)).await;
    let found = found.map_err(|error| ConnectError::Unavailable(format!("the books: {error}")))?;
    found.ok_or_else(|| ConnectError::Misconfigured(format!("movement {reference} has no part of Openpay's")))
}

fn order<'a>(transaction: &'a Transaction, ask: &'a Ask, part: &'a OpenpayPart) -> Result<OpenpayOrder<'a>, ConnectError> {
    let Unsealed::Openpay { barcode, pin } = &ask.means else {
        return Err(ConnectError::Misconfigured("Openpay takes barcodes alone".to_owned()));
    };
    Ok(OpenpayOrder {
        key: ask.movement.reference.to_string(),
        barcode: barcode.expose(),
        pin: pin.as_ref().map(|pin| pin.expose().as_str()),
        amount: ask.movement.amount,
        gst: part.gst,
        capture: ask.movement.kind == MovementKind::Purchase,
        merchant: transaction.merchant.as_str(),
        store: part.store.as_deref().unwrap_or_default(),
        channel: part.channel.as_deref().unwrap_or_default(),
        reference: &transaction.order_number,
        at: transaction.created_at,
    })
}

fn step<'a>(transaction: &'a Transaction, order: &'a Move<'_>, part: &'a OpenpayPart) -> OpenpayMove<'a> {
    OpenpayMove {
        key: order.key.clone(),
        of: order.of,
        amount: order.amount,
        gst: part.gst,
        reason: part.reason.as_deref(),
        reference: &transaction.order_number,
        at: transaction.created_at,
    }
}

fn told(answer: OpenpayAnswer) -> Told {
    match answer {
        OpenpayAnswer::Done { network_code, plan } => {
            let told = Told::approved(network_code, plan.transaction.clone());
            Told { plan: Some(plan), ..told }
        }
        OpenpayAnswer::Declined(decline) => declined(decline),
    }
}
