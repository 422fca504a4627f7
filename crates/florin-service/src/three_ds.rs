//! 3-D Secure: cardholders authenticated by their issuers, for a card that is captured and for a payment.
//!
//! The directory is asked between two transactions; where the issuer is simulated, its page is ours. Invariants: a session is
//! found by its own shopper alone; a proof is used once, for the card that it was made for, and for no more than its amount.

mod token;

use std::fmt;
use std::time::Duration;

use florin_connect::{Authentication, Enrol};
use florin_domain::card::CardNumber;
use florin_domain::fault::Fault;
use florin_domain::frames::FramesAction;
use florin_domain::instrument::InstrumentId;
use florin_domain::merchant::MerchantId;
use florin_domain::movement::{Movement, MovementState};
use florin_domain::payment::Transaction;
use florin_domain::three_ds::{ThreeDsAnswer, ThreeDsError, ThreeDsSession, ThreeDsState, ThreeDsSubject};
use florin_domain::time::minutes;
use florin_domain::{Money, ThreeDsSessionId, ThreeDsTransactionId, Timestamp, WalletId};
use florin_store::Tx;
use florin_vault::Secret;

pub(crate) use self::token::token;
use self::token::{read_token, response_token};
use crate::caller::ShopperCaller;
use crate::instruments::{self, Unsealed};
use crate::{Context, Cx, ServiceError, frames, merchants};

/// How long a cardholder can be authenticated, and the proof be used.
const GOOD_FOR: Duration = minutes(15);
/// The protocol that sessions speak.
const VERSION: &str = "2.2.0";
/// Fully authenticated.
const ECI: &str = "05";
/// Among which values a payment's session is found again.
const SESSIONS: &str = "3-D Secure sessions";
/// Among which values its name at the directory is.
const TRANSACTIONS: &str = "3-D Secure transactions";

/// The answer to a demand for authentication, as the shopper's app sends it. Prints nothing of the token.
#[derive(Clone)]
pub struct ThreeDsResponse {
    /// Whether the cardholder was not asked.
    pub frictionless: bool,
    /// The token of the enrolment, or the directory's name for the challenge.
    pub token: Secret<String>,
    /// The session.
    pub reference: Option<String>,
}

impl fmt::Debug for ThreeDsResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreeDsResponse").field("frictionless", &self.frictionless).finish_non_exhaustive()
    }
}

/// Why an answer does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreeDsRefusal {
    /// It names no session of this shopper, or one about something else.
    Invalid,
    /// The cardholder has not been authenticated yet, or the proof was used.
    NotDone,
    /// The issuer said no, or the cardholder did not want to.
    Rejected,
    /// It is too late.
    TooLate,
}

/// Where an enrolment stands.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// The session.
    pub session: ThreeDsSession,
    /// The issuer's page.
    pub page: String,
    /// What answers the demand when the cardholder need not be asked.
    pub response_token: String,
}

/// What the issuer's page needs to know.
#[derive(Debug, Clone)]
pub struct ChallengeView {
    /// The session.
    pub session: ThreeDsSession,
    /// At whose shop.
    pub merchant_name: String,
    /// The origins that may hold the page in a frame.
    pub origins: Vec<String>,
    /// Whether an answer is still taken.
    pub open: bool,
}

/// What the cardholder did on the issuer's page. Prints nothing.
pub enum Decision {
    /// Typed a code.
    Code(String),
    /// Does not want to go on.
    Cancel,
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decision(..)")
    }
}

/// What a proof is bound to.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    pub merchant: MerchantId,
    pub wallet: WalletId,
    pub subject: ThreeDsSubject,
    pub fingerprint: [u8; 32],
}

impl Bound {
    /// To a card that is being captured.
    pub(crate) fn to_card(action: &FramesAction, fingerprint: [u8; 32]) -> Self {
        Self { merchant: action.merchant.clone(), wallet: action.wallet, subject: ThreeDsSubject::Capture(action.id), fingerprint }
    }

    /// To a payment.
    fn to_payment(merchant: MerchantId, wallet: WalletId, movement: &Movement) -> Self {
        let (instrument, amount) = (movement.paid_with.instrument.clone(), movement.amount);
        let subject = ThreeDsSubject::Payment { movement: movement.reference, instrument, amount };
        Self { merchant, wallet, subject, fingerprint: movement.paid_with.fingerprint }
    }

    /// Whether `session` was made for this. A payment is another movement each time it is tried.
    fn covers(&self, session: &ThreeDsSession) -> bool {
        let is_same = match (&self.subject, &session.subject) {
            (ThreeDsSubject::Capture(wanted), ThreeDsSubject::Capture(had)) => wanted == had,
            (ThreeDsSubject::Payment { instrument, amount, .. }, ThreeDsSubject::Payment { instrument: had, amount: up_to, .. }) => {
                instrument == had && amount.currency() == up_to.currency() && amount.minor() <= up_to.minor()
            }
            (ThreeDsSubject::Capture(_), ThreeDsSubject::Payment { .. }) | (ThreeDsSubject::Payment { .. }, ThreeDsSubject::Capture(_)) => {
                false
            }
        };
        is_same && self.merchant == session.merchant && self.wallet == session.wallet && self.fingerprint == session.fingerprint
    }
}

/// Begins a session.
pub(crate) fn begin(cx: &Context, tx: &mut Tx<'_>, bound: &Bound, now: Timestamp) -> Result<ThreeDsSession, ServiceError> {
    let (id, transaction) = match &bound.subject {
        ThreeDsSubject::Capture(_) => (cx.random.bytes(), cx.random.bytes()),
        // They follow from the payment, so that whoever asks again is told the same.
        ThreeDsSubject::Payment { movement, .. } => {
            let movement = movement.to_string();
            (cx.keeper.capability(SESSIONS, movement.as_bytes()), cx.keeper.capability(TRANSACTIONS, movement.as_bytes()))
        }
    };
    let session = ThreeDsSession {
        id: ThreeDsSessionId::from_random(id),
        transaction: ThreeDsTransactionId::from_random(transaction),
        merchant: bound.merchant.clone(),
        wallet: bound.wallet,
        subject: bound.subject.clone(),
        fingerprint: bound.fingerprint,
        state: ThreeDsState::Begun,
        created_at: now,
        expires_at: now.plus(GOOD_FOR),
    };
    if let Some(found) = tx.find_three_ds_session(session.id)? {
        return Ok(found);
    }
    tx.insert_three_ds_session(&session)?;
    Ok(session)
}

/// Whether something may still come of a session that is bound to the same.
pub(crate) fn may_go_on(session: &ThreeDsSession, bound: &Bound, now: Timestamp) -> bool {
    let is_open = match session.state {
        ThreeDsState::Begun | ThreeDsState::Challenged { .. } | ThreeDsState::Authenticated { .. } => true,
        ThreeDsState::Failed | ThreeDsState::Used => false,
    };
    is_open && now < session.expires_at && bound.covers(session)
}

/// The sessions that a refused payment waits for: each card with the token of its session. Asked again, they are the same.
///
/// # Errors
/// Only if the store fails.
pub async fn demands(cx: &Cx, transaction: &Transaction) -> Result<Vec<(InstrumentId, String)>, ServiceError> {
    let is_demanded = |movement: &&Movement| movement.state == MovementState::Refused { fault: Fault::AuthenticationRequired };
    let bounds: Vec<_> = transaction
        .movements
        .iter()
        .filter(is_demanded)
        .map(|movement| Bound::to_payment(transaction.merchant.clone(), transaction.wallet, movement))
        .collect();
    if bounds.is_empty() {
        return Ok(Vec::new());
    }
    let (cx2, now) = (cx.clone(), cx.clock.now());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let demand = |bound: &Bound| {
                let session = begin(&cx2, tx, bound, now)?;
                let ThreeDsSubject::Payment { instrument, .. } = &session.subject else {
                    return Err(ServiceError::Internal("a payment is not a capture".to_owned()));
                };
                Ok((instrument.clone(), token(&cx2, &session)))
            };
            bounds.iter().map(demand).collect()
        })
        .await
}

/// Asks the directory about the card of a session; once a session.
///
/// # Errors
/// [`ServiceError::NotFound`] unless `named` is a session of the caller's; [`ServiceError::Refused`] `three_ds_over` after its time.
pub async fn enrol(cx: &Cx, caller: &ShopperCaller, named: &str) -> Result<Enrolled, ServiceError> {
    let id = read_token(cx, named).ok_or(ServiceError::NotFound("3DS session"))?;
    let (cx2, caller2, now) = (cx.clone(), caller.clone(), cx.clock.now());
    let (session, card) = cx
        .store
        .read(move |tx: &mut Tx<'_>| {
            let found = tx.find_three_ds_session(id)?.filter(|found| found.merchant == caller2.merchant.id && caller2.owns(found.wallet));
            let session = found.ok_or(ServiceError::NotFound("3DS session"))?;
            let card = if session.state == ThreeDsState::Begun { Some(card_of(&cx2, tx, &session, now)?) } else { None };
            Ok::<_, ServiceError>((session, card))
        })
        .await?;
    let Some(card) = card else { return Ok(enrolled(cx, session)) };
    let amount = match session.subject {
        ThreeDsSubject::Capture(_) => None,
        ThreeDsSubject::Payment { amount, .. } => Some(amount),
    };
    let ask = Enrol { transaction: session.transaction.to_string(), card: &card, amount, merchant: session.merchant.as_str() };
    let said = cx.world.directory.enrol(ask).await?;
    let saved = cx.store.write(move |tx: &mut Tx<'_>| {
        let standing = tx.find_three_ds_session(id)?.ok_or(ServiceError::NotFound("3DS session"))?;
        if standing.state != ThreeDsState::Begun {
            return Ok(standing);
        }
        let session = standing.enrol(said.clone(), now).map_err(refused)?;
        tx.save_three_ds_session(&session)?;
        Ok::<_, ServiceError>(session)
    });
    Ok(enrolled(cx, saved.await?))
}

fn enrolled(cx: &Context, session: ThreeDsSession) -> Enrolled {
    let page = format!("{}/sandbox/issuer/{}/", cx.policy.base_url, session.transaction);
    Enrolled { page, response_token: response_token(cx, session.id), session }
}

fn card_of(cx: &Context, tx: &mut Tx<'_>, session: &ThreeDsSession, now: Timestamp) -> Result<CardNumber, ServiceError> {
    let gone = ServiceError::NotFound("card");
    match &session.subject {
        ThreeDsSubject::Capture(action) => frames::number_of(cx, tx, *action)?.ok_or(gone),
        ThreeDsSubject::Payment { instrument, .. } => {
            let found = instruments::find_for(tx, session.wallet, Some(instrument), None, now)?.ok_or(gone)?;
            match instruments::unseal(cx, tx, &found)? {
                Unsealed::Card(card) => Ok(card.number),
                Unsealed::Wallet { .. } | Unsealed::Apm { .. } | Unsealed::Openpay { .. } => Err(ServiceError::NotFound("card")),
            }
        }
    }
}

/// What the issuer's page shows.
///
/// # Errors
/// [`ServiceError::NotFound`] unless the issuer ever asked.
pub async fn view(cx: &Cx, transaction: ThreeDsTransactionId) -> Result<ChallengeView, ServiceError> {
    let now = cx.clock.now();
    cx.store.read(move |tx: &mut Tx<'_>| view_of(tx, transaction, now)).await
}

fn view_of(tx: &mut Tx<'_>, transaction: ThreeDsTransactionId, now: Timestamp) -> Result<ChallengeView, ServiceError> {
    let found = tx.find_three_ds_session_of(transaction)?.filter(|found| found.state != ThreeDsState::Begun);
    let session = found.ok_or(ServiceError::NotFound("page"))?;
    let merchant = merchants::find(tx, &session.merchant)?;
    let open = matches!(session.state, ThreeDsState::Challenged { .. }) && now < session.expires_at;
    Ok(ChallengeView { session, merchant_name: merchant.name, origins: merchant.origins, open })
}

/// Takes the cardholder's answer, and tells how the session stands then. One that is not open stays as it is.
///
/// # Errors
/// [`ServiceError::NotFound`] as [`view`].
pub async fn decide(cx: &Cx, transaction: ThreeDsTransactionId, decision: Decision) -> Result<ChallengeView, ServiceError> {
    let answer = match decision {
        Decision::Cancel => ThreeDsAnswer::Cancel,
        Decision::Code(code) => {
            let proof = cx.world.directory.judge(&transaction.to_string(), code.trim()).await?;
            proof.map_or(ThreeDsAnswer::Wrong, ThreeDsAnswer::Right)
        }
    };
    let now = cx.clock.now();
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let standing = view_of(tx, transaction, now)?;
            if !standing.open {
                return Ok(standing);
            }
            tx.save_three_ds_session(&standing.session.answer(answer.clone(), now).map_err(refused)?)?;
            view_of(tx, transaction, now)
        })
        .await
}

/// Finds out whether `response` is the proof of what is `bound`.
pub(crate) fn check(
    cx: &Context,
    tx: &mut Tx<'_>,
    bound: &Bound,
    response: &ThreeDsResponse,
    now: Timestamp,
) -> Result<Result<(ThreeDsSession, Authentication), ThreeDsRefusal>, ServiceError> {
    let found = match (response.frictionless, &response.reference) {
        (true, Some(reference)) => match read_token(cx, reference) {
            Some(id) if response_token(cx, id) == *response.token.expose() => tx.find_three_ds_session(id)?,
            _ => None,
        },
        (true, None) => None,
        (false, _) => match ThreeDsTransactionId::parse(response.token.expose()) {
            Ok(transaction) => tx.find_three_ds_session_of(transaction)?,
            Err(_) => None,
        },
    };
    let Some(session) = found.filter(|found| bound.covers(found)) else { return Ok(Err(ThreeDsRefusal::Invalid)) };
    Ok(session
        .use_up(now)
        .map(|(session, proof)| (authentication(&session, proof), session))
        .map(|(proof, session)| (session, proof))
        .map_err(|error| match error {
            ThreeDsError::NotHere => ThreeDsRefusal::NotDone,
            ThreeDsError::Failed => ThreeDsRefusal::Rejected,
            ThreeDsError::Over => ThreeDsRefusal::TooLate,
        }))
}

/// Uses the proof of what is `bound`.
pub(crate) fn redeem(
    cx: &Context,
    tx: &mut Tx<'_>,
    bound: &Bound,
    response: &ThreeDsResponse,
    now: Timestamp,
) -> Result<Result<Authentication, ThreeDsRefusal>, ServiceError> {
    match check(cx, tx, bound, response, now)? {
        Ok((session, authentication)) => {
            tx.save_three_ds_session(&session)?;
            Ok(Ok(authentication))
        }
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// The proof that a movement is asked for with, which uses it; nothing without a response.
pub(crate) fn redeem_for(
    cx: &Context,
    tx: &mut Tx<'_>,
    transaction: &Transaction,
    movement: &Movement,
    response: Option<&ThreeDsResponse>,
) -> Result<Result<Option<Authentication>, Fault>, ServiceError> {
    let Some(response) = response else { return Ok(Ok(None)) };
    let bound = Bound::to_payment(transaction.merchant.clone(), transaction.wallet, movement);
    let redeemed = redeem(cx, tx, &bound, response, cx.clock.now())?;
    Ok(redeemed.map(Some).map_err(|_| Fault::AuthenticationFailed))
}

fn authentication(session: &ThreeDsSession, proof: String) -> Authentication {
    let transaction = session.transaction.to_string();
    Authentication { version: VERSION.to_owned(), value: proof, eci: ECI.to_owned(), transaction, status: 'Y' }
}

fn refused(error: ThreeDsError) -> ServiceError {
    let code = if error == ThreeDsError::Over { "three_ds_over" } else { "three_ds_not_open" };
    ServiceError::Refused { code, message: format!("{error}.") }
}

/// What a session is about, in money.
pub(crate) fn amount_of(session: &ThreeDsSession) -> Option<Money> {
    match session.subject {
        ThreeDsSubject::Capture(_) => None,
        ThreeDsSubject::Payment { amount, .. } => Some(amount),
    }
}
