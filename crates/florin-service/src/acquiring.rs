//! The acquirer's side of a payment: what is asked of it, and what its answers mean.
//!
//! Makes calls and reads answers; writes nothing. Invariant: every call carries the number of the movement that it is about
//! as its key, so that asking again is the same question.

use florin_connect::{Authentication, Authorise, Authorised, ConnectError, Decline, DeclineReason, Means, Move, MoveKind, Moved};
use florin_domain::fault::Fault;
use florin_domain::movement::{Movement, MovementKind, MovementState, Reference, Service};
use florin_domain::openpay::OpenpayPlan;
use florin_domain::payment::{Outcome, Transaction};
use tokio::task::JoinSet;

use crate::instruments::Unsealed;
use crate::openpay::{self, is_openpay};
use crate::{Cx, ServiceError};

/// An authorisation that is to be asked for, with what only this call may know.
#[derive(Clone)]
pub(crate) struct Ask {
    /// The movement.
    pub movement: Movement,
    /// What is paid with, in clear.
    pub means: Unsealed,
    /// The merchant's own authentication of the cardholder.
    pub authentication: Option<Authentication>,
}

/// What the network says when it says yes.
const APPROVED: &str = "APPROVED";

/// Asks the acquirer for each of `asks`, at the same time. Those that it gives no answer to are missing from the outcomes.
pub(crate) async fn authorise(cx: &Cx, transaction: &Transaction, mut asks: Vec<Ask>) -> Vec<Outcome> {
    if asks.len() == 1
        && let Some(ask) = asks.pop()
    {
        return ask_one(cx, transaction, ask).await.into_iter().collect();
    }
    let mut calls = JoinSet::new();
    for ask in asks {
        let (cx, transaction) = (cx.clone(), Transaction { movements: Vec::new(), ..transaction.clone() });
        calls.spawn(async move { ask_one(&cx, &transaction, ask).await });
    }
    let mut outcomes = Vec::new();
    while let Some(outcome) = calls.join_next().await {
        outcomes.extend(outcome.ok().flatten());
    }
    outcomes
}

async fn ask_one(cx: &Cx, transaction: &Transaction, ask: Ask) -> Option<Outcome> {
    let answer = match order(transaction, &ask) {
        Some(order) => cx.world.acquirer.authorise(order).await.map(authorised),
        None => openpay::ask(cx, transaction, &ask).await,
    };
    read(ask.movement.reference, answer)
}

/// What became of an authorisation that was asked for earlier.
///
/// # Errors
/// [`ServiceError::Unavailable`] while the acquirer is away.
pub(crate) async fn look_up(cx: &Cx, transaction: &Transaction, ask: &Ask) -> Result<Outcome, ServiceError> {
    let found = match order(transaction, ask) {
        Some(order) => cx.world.acquirer.authorised(order).await?.map(authorised),
        None => openpay::look_up(cx, transaction, ask).await?,
    };
    Ok(found.map_or_else(|| never_sent(ask.movement.reference), |told| outcome(ask.movement.reference, told)))
}

/// What the acquirer is asked; nothing for Openpay, which is asked itself.
fn order<'a>(transaction: &'a Transaction, ask: &'a Ask) -> Option<Authorise<'a>> {
    let means = match &ask.means {
        Unsealed::Card(card) => Means::Card(card),
        Unsealed::Wallet { provider, token } => Means::Wallet { provider: *provider, token: token.expose() },
        Unsealed::Apm { provider, token } => Means::Apm { provider: *provider, token: token.expose() },
        Unsealed::Openpay { .. } => return None,
    };
    Some(Authorise {
        key: ask.movement.reference.to_string(),
        means,
        amount: ask.movement.amount,
        capture: ask.movement.kind == MovementKind::Purchase,
        merchant: transaction.merchant.as_str(),
        reference: &transaction.order_number,
        authentication: ask.authentication.clone(),
    })
}

/// Asks the acquirer to take, free or give back what `movement` is about.
pub(crate) async fn follow_up(cx: &Cx, transaction: &Transaction, movement: &Movement, original: &Movement) -> Option<Outcome> {
    let (kind, order) = step(transaction, movement, original)?;
    let acquirer = &cx.world.acquirer;
    let answer = match kind {
        _ if is_openpay(movement) => return read(movement.reference, openpay::follow_up(cx, transaction, (kind, &order), movement).await),
        MoveKind::Capture => acquirer.capture(order).await,
        MoveKind::Void => acquirer.void(order).await,
        MoveKind::Refund => acquirer.refund(order).await,
    };
    read(movement.reference, answer.map(moved))
}

/// Asks for every part of a follow-up that is still to be asked for, at the same time.
pub(crate) async fn follow_up_all(cx: &Cx, transaction: &Transaction, originals: &[Movement]) -> Vec<Outcome> {
    let asked = transaction.movements.iter().filter(|movement| movement.state == MovementState::Asked);
    let pairs = asked.filter_map(|movement| Some((movement, originals.iter().find(|found| Some(found.reference) == movement.original)?)));
    let pairs: Vec<_> = pairs.collect();
    if let [(movement, original)] = pairs.as_slice() {
        return follow_up(cx, transaction, movement, original).await.into_iter().collect();
    }
    let mut calls = JoinSet::new();
    for (movement, original) in pairs {
        let (cx, transaction) = (cx.clone(), Transaction { movements: Vec::new(), ..transaction.clone() });
        let (movement, original) = (movement.clone(), original.clone());
        calls.spawn(async move { follow_up(&cx, &transaction, &movement, &original).await });
    }
    calls.join_all().await.into_iter().flatten().collect()
}

/// What became of a completion, void or refund that was asked for earlier.
///
/// # Errors
/// [`ServiceError::Unavailable`] while the acquirer is away.
pub(crate) async fn look_up_follow_up(
    cx: &Cx,
    transaction: &Transaction,
    movement: &Movement,
    original: &Movement,
) -> Result<Outcome, ServiceError> {
    let Some((kind, order)) = step(transaction, movement, original) else {
        return Ok(never_sent(movement.reference));
    };
    let found = if is_openpay(movement) {
        openpay::look_up_follow_up(cx, transaction, (kind, &order), movement).await?
    } else {
        cx.world.acquirer.moved(kind, order).await?.map(moved)
    };
    Ok(found.map_or_else(|| never_sent(movement.reference), |told| outcome(movement.reference, told)))
}

fn step<'a>(transaction: &'a Transaction, movement: &Movement, original: &'a Movement) -> Option<(MoveKind, Move<'a>)> {
    let kind = match movement.kind {
        MovementKind::Completion => MoveKind::Capture,
        MovementKind::Void => MoveKind::Void,
        MovementKind::Refund => MoveKind::Refund,
        MovementKind::Preauth | MovementKind::Purchase => return None,
    };
    let order = Move {
        key: movement.reference.to_string(),
        of: original.done_reference()?,
        amount: movement.amount,
        merchant: transaction.merchant.as_str(),
        reference: &transaction.order_number,
    };
    Some((kind, order))
}

/// Whether the acquirer may have been asked before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// It is asked for the first time.
    First,
    /// It may have been, and its answer lost.
    Again,
}

/// Puts a charged instrument back: frees what is held, gives back what was taken. The key is the movement's with a word added,
/// so that putting back twice is putting back once. An acquirer forgets its keys in time, so that one who may have done it
/// already is asked for that first.
pub(crate) async fn put_back(cx: &Cx, transaction: &Transaction, movement: &Movement, attempt: Attempt) -> Option<Outcome> {
    let MovementState::Reversing { reference } = &movement.state else { return None };
    let kind = if movement.kind == MovementKind::Preauth { MoveKind::Void } else { MoveKind::Refund };
    let order = Move {
        key: format!("{}-back", movement.reference),
        of: reference,
        amount: movement.amount,
        merchant: transaction.merchant.as_str(),
        reference: &transaction.order_number,
    };
    if attempt == Attempt::Again
        && let Some(earlier) = was_put_back(cx, transaction, (kind, &order), movement).await?
    {
        return Some(earlier);
    }
    let answer = match kind {
        _ if is_openpay(movement) => openpay::follow_up(cx, transaction, (kind, &order), movement).await,
        MoveKind::Void => cx.world.acquirer.void(order.clone()).await.map(moved),
        MoveKind::Refund | MoveKind::Capture => cx.world.acquirer.refund(order.clone()).await.map(moved),
    };
    let told = to_stay(read(movement.reference, answer))?;
    if told.result != Err(Fault::OriginalNotFound) {
        return Some(told);
    }
    // There is nothing left to be put back of what was put back by a call whose answer was lost.
    was_put_back(cx, transaction, (kind, &order), movement).await.map(|earlier| earlier.unwrap_or(told))
}

/// What came of putting an instrument back earlier, if it was asked for; nothing at all if that is not to be learned now.
async fn was_put_back(
    cx: &Cx,
    transaction: &Transaction,
    (kind, order): (MoveKind, &Move<'_>),
    movement: &Movement,
) -> Option<Option<Outcome>> {
    let found = if is_openpay(movement) {
        openpay::look_up_follow_up(cx, transaction, (kind, order), movement).await
    } else {
        cx.world.acquirer.moved(kind, order.clone()).await.map(|found| found.map(moved))
    };
    match found {
        Ok(found) => Some(found.map(|told| outcome(movement.reference, told))),
        Err(error) => {
            tracing::warn!(movement = %movement.reference, %error, "it is not to be learned whether an instrument was put back");
            None
        }
    }
}

/// An answer to putting back that is no trouble of the moment: a shopper stays charged only for a no that would be a no again.
fn to_stay(outcome: Option<Outcome>) -> Option<Outcome> {
    outcome.filter(|outcome| !matches!(outcome.result, Err(Fault::Technical | Fault::IssuerUnavailable)))
}

/// An answer in the books' words.
#[derive(Debug)]
pub(crate) struct Told {
    pub service: Option<Service>,
    pub result: Result<String, Fault>,
    /// What Openpay says beside that.
    pub plan: Option<OpenpayPlan>,
}

impl Told {
    /// A yes in a network's words, and its reference.
    pub(crate) fn approved(code: String, reference: String) -> Self {
        Self { service: Some(Service { code, message: APPROVED.to_owned() }), result: Ok(reference), plan: None }
    }
}

fn authorised(answer: Authorised) -> Told {
    match answer {
        Authorised::Approved { reference, network_code } => Told::approved(network_code, reference),
        Authorised::Declined(decline) => declined(decline),
    }
}

fn moved(answer: Moved) -> Told {
    match answer {
        Moved::Done { reference } => Told::approved("00".to_owned(), reference),
        Moved::Declined(decline) => declined(decline),
    }
}

pub(crate) fn declined(decline: Decline) -> Told {
    let fault = match decline.reason {
        DeclineReason::DoNotHonour => Fault::Declined,
        DeclineReason::InsufficientFunds => Fault::InsufficientFunds,
        DeclineReason::ExpiredCard => Fault::Expired,
        DeclineReason::IssuerUnavailable => Fault::IssuerUnavailable,
        DeclineReason::Closed => Fault::Closed,
        DeclineReason::Invalid => Fault::Invalid,
        DeclineReason::Duplicate => Fault::Duplicate,
        DeclineReason::NotSupported => Fault::NotSupported,
        DeclineReason::CodeRequired => Fault::StepUpRequired,
        DeclineReason::PinWrong => Fault::PasscodeWrong,
        DeclineReason::AuthenticationRequired { .. } => Fault::AuthenticationRequired,
        DeclineReason::AuthenticationFailed => Fault::AuthenticationFailed,
        DeclineReason::NotFound => Fault::OriginalNotFound,
        DeclineReason::Technical => Fault::Technical,
    };
    Told { service: Some(Service { code: decline.network_code, message: decline.message }), result: Err(fault), plan: None }
}

fn outcome(movement: Reference, told: Told) -> Outcome {
    Outcome { movement, service: told.service, result: told.result, plan: told.plan }
}

fn never_sent(movement: Reference) -> Outcome {
    Outcome { movement, service: None, result: Err(Fault::NotSent), plan: None }
}

/// Reads an answer; nothing if it is not known what happened.
fn read(movement: Reference, answer: Result<Told, ConnectError>) -> Option<Outcome> {
    match answer {
        Ok(told) => Some(outcome(movement, told)),
        Err(ConnectError::Unavailable(what)) => {
            tracing::warn!(%movement, %what, "the acquirer gave no answer: it will be asked what happened");
            None
        }
        Err(ConnectError::Refused { code, message }) => {
            tracing::info!(%movement, code, "the acquirer refused");
            Some(outcome(movement, Told { service: Some(Service { code, message }), result: Err(Fault::Technical), plan: None }))
        }
        Err(ConnectError::Misconfigured(what)) => {
            tracing::error!(%movement, what, "the acquirer cannot be asked");
            Some(outcome(movement, Told { service: None, result: Err(Fault::Technical), plan: None }))
        }
    }
}
