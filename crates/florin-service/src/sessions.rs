//! Payment sessions: opened by merchants, taken up by shoppers, and what is paid at them.
//!
//! Invariant: what a shopper approved beforehand is paid once, when it is known what is to be paid; the job that does it is
//! written in the transaction that makes both known, so that no crash comes between.

mod preapproval;

use std::sync::Arc;
use std::time::Duration;

use florin_domain::merchant::MerchantId;
use florin_domain::qr::{Qr, QrReference};
use florin_domain::session::PaymentSession;
use florin_domain::{PaymentRequestId, PaymentSessionId, QrId, Timestamp};
use florin_store::Tx;

use self::preapproval::Preapproval;
use crate::caller::{MerchantCaller, ShopperCaller};
use crate::idempotency::{self, IdempotencyKey};
use crate::instore::{self, PayRequest};
use crate::occasions::Preapproved;
use crate::qr_codes::{self, Drawn, NewQr};
use crate::schemas::{self, Given};
use crate::{Cx, ServiceError, payment_requests, work};

/// The longest location and the longest reason, in bytes.
const TEXT_MAX: usize = 256;

/// A session as the merchant opens it.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Where it is.
    pub location: String,
    /// What the merchant says of it.
    pub merchant_info: Given,
    /// How long it is open; for ever if nothing.
    pub lives: Option<Duration>,
    /// What is to be paid, if that is known.
    pub request: Option<PaymentRequestId>,
    /// The code that is wanted with it.
    pub qr: Option<NewQr>,
}

/// What a merchant says anew of a session.
#[derive(Debug, Clone, Default)]
pub struct News {
    /// What there is to say.
    pub merchant_info: Given,
    /// What is to be paid, if that is known now.
    pub request: Option<PaymentRequestId>,
}

/// A session, and the code that was made with it.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The session.
    pub session: PaymentSession,
    /// The code.
    pub qr: Option<Qr>,
}

/// Opens a session; with a key, once a key.
///
/// # Errors
/// [`ServiceError::Invalid`] naming the field; [`ServiceError::NotFound`] for a request or a schema;
/// [`ServiceError::Refused`] for a request that cannot be paid; [`ServiceError::KeyReused`].
pub async fn create(cx: &Cx, caller: &MerchantCaller, new: NewSession, key: Option<IdempotencyKey>) -> Result<Opened, ServiceError> {
    if new.location.is_empty() || new.location.len() > TEXT_MAX {
        return Err(ServiceError::invalid("location", "must have 1 to 256 characters"));
    }
    let (now, cx2, merchant) = (cx.clock.now(), cx.clone(), caller.merchant.id.clone());
    let (id, qr_id) = (PaymentSessionId::from_random(cx.random.bytes()), QrId::from_random(cx.random.bytes()));
    let expires_at = payment_requests::end(now, new.lives, "timeToLivePaymentSession")?;
    let qr_expires_at = payment_requests::end(now, new.qr.and_then(|qr| qr.lives), "timeToLiveQR")?;
    let merchant_info = schemas::held_to(cx, &merchant, "merchantInfo", &new.merchant_info).await?;
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            if let Some(opened) = opened_before(tx, key.as_ref())? {
                return Ok(opened);
            }
            if let Some(request) = new.request {
                payment_requests::of_merchant(tx, &merchant, request)?.must_be_usable(now)?;
            }
            let session = PaymentSession {
                id,
                merchant: merchant.clone(),
                location: new.location.clone(),
                merchant_info: merchant_info.clone(),
                customer_info: None,
                wallet: None,
                request: new.request,
                preapproval: None,
                payment: None,
                paid_at: None,
                created_at: now,
                expires_at,
                closed_at: None,
                closed_reason: None,
            };
            tx.insert_session(&session)?;
            let drawn = Drawn { id: qr_id, merchant: merchant.clone(), reference: QrReference::Session(id), expires_at: qr_expires_at };
            let qr = new.qr.map(|_| qr_codes::draw(&cx2, tx, drawn, now)).transpose()?;
            qr_codes::remember(tx, key.as_ref(), (&id.to_string(), qr.as_ref()), now)?;
            Ok(Opened { session, qr })
        })
        .await
}

/// What a key opened before, if it was used: a session, and the code that may have come with it.
fn opened_before(tx: &mut Tx<'_>, key: Option<&IdempotencyKey>) -> Result<Option<Opened>, ServiceError> {
    let Some((named, qr)) = qr_codes::made_with(tx, key)? else { return Ok(None) };
    let session = PaymentSessionId::parse(&named).ok().map(|session| tx.find_session(session)).transpose()?.flatten();
    let session = session.ok_or_else(|| ServiceError::Internal("a key names no payment session".to_owned()))?;
    Ok(Some(Opened { session, qr }))
}

/// A merchant's session that has not ended.
///
/// # Errors
/// [`ServiceError::NotFound`]; [`ServiceError::Refused`] `session_expired`.
pub async fn find(cx: &Cx, caller: &MerchantCaller, id: PaymentSessionId) -> Result<PaymentSession, ServiceError> {
    let (merchant, now) = (caller.merchant.id.clone(), cx.clock.now());
    cx.store
        .read(move |tx: &mut Tx<'_>| {
            let session = of_merchant(tx, &merchant, id)?;
            session.must_not_have_ended(now)?;
            Ok(session)
        })
        .await
}

/// A session that the shopper has taken up, or may.
///
/// # Errors
/// As [`find`]; another shopper's does not exist.
pub async fn find_for_shopper(cx: &Cx, shopper: &ShopperCaller, id: PaymentSessionId) -> Result<PaymentSession, ServiceError> {
    let (shopper, now) = (shopper.clone(), cx.clock.now());
    cx.store.read(move |tx: &mut Tx<'_>| of_shopper(tx, &shopper, id, now)).await
}

/// The programmes whose gift cards do not pay for what is bought at a session that the shopper has taken up, or may.
///
/// # Errors
/// As [`find_for_shopper`].
pub async fn excluded_programmes(cx: &Cx, shopper: &ShopperCaller, id: PaymentSessionId) -> Result<Vec<String>, ServiceError> {
    let (shopper, now) = (shopper.clone(), cx.clock.now());
    cx.store
        .read(move |tx: &mut Tx<'_>| {
            let session = of_shopper(tx, &shopper, id, now)?;
            let request = session.request.map(|request| tx.find_payment_request(request)).transpose()?.flatten();
            instore::excluded(tx, &session.merchant, request.and_then(|request| request.basket).as_deref())
        })
        .await
}

/// The session that a code leads the shopper to.
///
/// # Errors
/// As [`find_for_shopper`]; [`ServiceError::NotFound`] for a code of a request too; [`ServiceError::Refused`] `qr_expired`.
pub async fn find_by_qr(cx: &Cx, shopper: &ShopperCaller, qr: QrId) -> Result<PaymentSession, ServiceError> {
    let (shopper, now) = (shopper.clone(), cx.clock.now());
    cx.store
        .read(move |tx: &mut Tx<'_>| match qr_codes::good(tx, &shopper.merchant.id, qr, now)?.reference {
            QrReference::Session(session) => of_shopper(tx, &shopper, session, now),
            QrReference::Request(_) => Err(ServiceError::NotFound("QR code of a payment session")),
        })
        .await
}

/// The shopper takes a session up; with a key, once a key.
///
/// # Errors
/// [`ServiceError::NotFound`]; [`ServiceError::Refused`] with a [`SessionFault`](florin_domain::session::SessionFault)'s name;
/// [`ServiceError::Invalid`] naming `customerInfo`; [`ServiceError::KeyReused`].
pub async fn associate(
    cx: &Cx,
    shopper: &ShopperCaller,
    id: PaymentSessionId,
    info: Given,
    key: Option<IdempotencyKey>,
) -> Result<(), ServiceError> {
    let (shopper, now) = (shopper.clone(), cx.clock.now());
    let info = schemas::held_to(cx, &shopper.merchant.id, "customerInfo", &info).await?;
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            idempotency::do_once(tx, key.as_ref(), now, |tx| {
                let session = of_merchant(tx, &shopper.merchant.id, id)?.associate(shopper.home, info.clone(), now)?;
                Ok(tx.save_session(&session)?)
            })
        })
        .await
}

/// The shopper says beforehand how to pay; if it is known already what is to be paid, that is done at once. With a key, once a
/// key.
///
/// # Errors
/// [`ServiceError::NotFound`]; [`ServiceError::Refused`] with a [`SessionFault`](florin_domain::session::SessionFault)'s name;
/// [`ServiceError::Invalid`] naming the field; [`ServiceError::KeyReused`].
pub async fn preapprove(
    cx: &Cx,
    shopper: &ShopperCaller,
    id: PaymentSessionId,
    how: PayRequest,
    key: Option<IdempotencyKey>,
) -> Result<(), ServiceError> {
    instore::must_be_payable(&how)?;
    let (cx2, now, home, merchant) = (cx.clone(), cx.clock.now(), shopper.home, Arc::clone(&shopper.merchant));
    let plain = Preapproval::of(shopper, how).write()?;
    let saved = cx.store.write(move |tx: &mut Tx<'_>| {
        idempotency::do_once(tx, key.as_ref(), now, |tx| {
            let sealed = preapproval::seal(&cx2, tx, &merchant, id, &plain)?;
            let session = of_merchant(tx, &merchant.id, id)?.preapprove(home, sealed, now)?;
            tx.save_session(&session)?;
            pay_later(tx, &session, now)
        })
    });
    saved.await?;
    pay_now(cx, id).await;
    Ok(())
}

/// The merchant says anew what there is to say, and what is to be paid. What the shopper approved beforehand is paid then. With a
/// key, once a key.
///
/// # Errors
/// [`ServiceError::NotFound`]; [`ServiceError::Refused`] with the name of a
/// [`SessionFault`](florin_domain::session::SessionFault) or of a
/// [`RequestFault`](florin_domain::payment_request::RequestFault); [`ServiceError::Invalid`] naming `merchantInfo`;
/// [`ServiceError::KeyReused`].
pub async fn update(
    cx: &Cx,
    caller: &MerchantCaller,
    id: PaymentSessionId,
    news: News,
    key: Option<IdempotencyKey>,
) -> Result<PaymentSession, ServiceError> {
    let (merchant, now) = (caller.merchant.id.clone(), cx.clock.now());
    let info = schemas::held_to(cx, &merchant, "merchantInfo", &news.merchant_info).await?;
    let saved = cx.store.write(move |tx: &mut Tx<'_>| {
        if idempotency::made(tx, key.as_ref())?.is_some() {
            return of_merchant(tx, &merchant, id);
        }
        let session = of_merchant(tx, &merchant, id)?.update(info.clone(), news.request, now)?;
        if let Some(request) = news.request {
            let request = payment_requests::of_merchant(tx, &merchant, request)?;
            match session.wallet {
                Some(wallet) => request.must_be_usable_by(&[wallet], now)?,
                None => request.must_be_usable(now)?,
            }
        }
        tx.save_session(&session)?;
        pay_later(tx, &session, now)?;
        idempotency::remember(tx, key.as_ref(), "", now)?;
        Ok(session)
    });
    let session = saved.await?;
    pay_now(cx, id).await;
    let standing = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.find_session(id)?)).await?;
    Ok(standing.unwrap_or(session))
}

/// The merchant ends a session; with a key, once a key.
///
/// # Errors
/// [`ServiceError::NotFound`]; [`ServiceError::Refused`] with a [`SessionFault`](florin_domain::session::SessionFault)'s name;
/// [`ServiceError::Invalid`] naming `reason`; [`ServiceError::KeyReused`].
pub async fn close(
    cx: &Cx,
    caller: &MerchantCaller,
    id: PaymentSessionId,
    reason: Option<String>,
    key: Option<IdempotencyKey>,
) -> Result<(), ServiceError> {
    if reason.as_ref().is_some_and(|reason| reason.len() > TEXT_MAX) {
        return Err(ServiceError::invalid("reason", "must have 256 characters at the most"));
    }
    let (merchant, now) = (caller.merchant.id.clone(), cx.clock.now());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            idempotency::do_once(tx, key.as_ref(), now, |tx| {
                let session = of_merchant(tx, &merchant, id)?.close(reason.clone(), now)?;
                end(tx, &session)
            })
        })
        .await
}

/// The shopper ends a session that they have taken up, or may; with a key, once a key.
///
/// # Errors
/// As [`close`]; another shopper's does not exist.
pub async fn close_for_shopper(
    cx: &Cx,
    shopper: &ShopperCaller,
    id: PaymentSessionId,
    key: Option<IdempotencyKey>,
) -> Result<(), ServiceError> {
    let (shopper, now) = (shopper.clone(), cx.clock.now());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            idempotency::do_once(tx, key.as_ref(), now, |tx| {
                let session = of_shopper(tx, &shopper, id, now)?.close(None, now)?;
                end(tx, &session)
            })
        })
        .await
}

fn end(tx: &mut Tx<'_>, session: &PaymentSession) -> Result<(), ServiceError> {
    tx.save_session(session)?;
    tx.remove_job(work::PAY_PREAPPROVED, &session.id.to_string())?;
    Ok(())
}

/// A merchant's session.
pub(crate) fn of_merchant(tx: &mut Tx<'_>, merchant: &MerchantId, id: PaymentSessionId) -> Result<PaymentSession, ServiceError> {
    let found = tx.find_session(id)?.filter(|session| session.merchant == *merchant);
    found.ok_or(ServiceError::NotFound("payment session"))
}

/// A session that the shopper has taken up, or may.
fn of_shopper(tx: &mut Tx<'_>, shopper: &ShopperCaller, id: PaymentSessionId, now: Timestamp) -> Result<PaymentSession, ServiceError> {
    let session = of_merchant(tx, &shopper.merchant.id, id)?;
    if !session.is_visible_to(shopper.home) {
        return Err(ServiceError::NotFound("payment session"));
    }
    session.must_not_have_ended(now)?;
    Ok(session)
}

/// Writes the job that pays, once it is known how and what.
fn pay_later(tx: &mut Tx<'_>, session: &PaymentSession, now: Timestamp) -> Result<(), ServiceError> {
    if session.request.is_some() && session.preapproval.is_some() {
        tx.put_job(work::PAY_PREAPPROVED, &session.id.to_string(), now, None)?;
    }
    Ok(())
}

/// Pays at once what is to be paid; what cannot be done now is done by the worker.
async fn pay_now(cx: &Cx, id: PaymentSessionId) {
    if let Err(error) = work::perform_now(cx, work::PAY_PREAPPROVED, &id.to_string()).await {
        tracing::warn!(session = %id, %error, "a payment approved beforehand has to wait");
    }
}

/// Pays what a shopper approved beforehand. A payment that is refused leaves the session to be paid otherwise.
pub(crate) async fn pay_preapproved(cx: &Cx, subject: &str) -> Result<(), ServiceError> {
    let id = PaymentSessionId::parse(subject).map_err(|_| ServiceError::Internal("a session's job without a session".to_owned()))?;
    let (cx2, now) = (cx.clone(), cx.clock.now());
    let found = cx.store.read(move |tx: &mut Tx<'_>| {
        let Some(session) = tx.find_session(id)?.filter(|session| session.must_not_have_ended(now).is_ok()) else { return Ok(None) };
        let (Some(request), Some(sealed)) = (session.request, &session.preapproval) else { return Ok(None) };
        let approved = preapproval::open(&cx2, tx, &session, sealed)?;
        Ok::<_, ServiceError>(Some((request, approved, sealed.clone())))
    });
    let mut acted_on = None;
    if let Some((request, (shopper, how), sealed)) = found.await? {
        // The payment takes the preapproval with it in the transaction that writes it down: there is no second one, and none if the
        // shopper has approved something else until then.
        let preapproved = Preapproved { session: id, sealed: sealed.clone() };
        match instore::pay_at(cx, &shopper, (request, Some(preapproved)), how, None).await {
            Ok(_) => {}
            Err(error) if error.is_refusal() => tracing::info!(session = %id, %error, "a payment approved beforehand was refused"),
            Err(error) => return Err(error),
        }
        acted_on = Some(sealed);
    }
    let now = cx.clock.now();
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let Some(session) = tx.find_session(id)?.filter(|session| session.preapproval.is_some()) else {
                return Ok(tx.remove_job(work::PAY_PREAPPROVED, &id.to_string())?);
            };
            if session.preapproval != acted_on && session.must_not_have_ended(now).is_ok() {
                // The shopper has said something else meanwhile.
                return Ok(tx.delay_job(work::PAY_PREAPPROVED, &id.to_string(), now, 0)?);
            }
            tx.save_session(&session.forget_preapproval())?;
            Ok(tx.remove_job(work::PAY_PREAPPROVED, &id.to_string())?)
        })
        .await
}
