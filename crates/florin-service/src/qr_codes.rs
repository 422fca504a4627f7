//! QR codes: made by merchants, scanned by shoppers, and what they lead to.
//!
//! The picture is not made here. Invariant: a code leads on only as long as it and what it leads to are good.

use std::time::Duration;

use florin_domain::merchant::MerchantId;
use florin_domain::money::Money;
use florin_domain::payment_request::PaymentRequest;
use florin_domain::qr::{Qr, QrReference};
use florin_domain::{QrId, Timestamp};
use florin_store::Tx;

use crate::caller::{MerchantCaller, ShopperCaller};
use crate::idempotency::{self, IdempotencyKey};
use crate::preferences::{self, Groups};
use crate::{Context, Cx, ServiceError, payment_requests, sessions};

/// The group of a merchant's preferences that codes are made by.
pub const GROUP: &str = "qr";
/// The key in that group of the text that a code holds: `https://shop.example/pay/{qrId}`. `{qrId}`, `{referenceId}` and
/// `{referenceType}` stand for what they say.
pub const CONTENT: &str = "content";
/// The longest text that a code may hold, in bytes, so that it can be scanned from a screen.
const CONTENT_MAX: usize = 300;

/// A code that is wanted with something else.
#[derive(Debug, Clone, Copy)]
pub struct NewQr {
    /// How long it is good; for ever if nothing.
    pub lives: Option<Duration>,
}

/// Makes a code for a request or a session; with a key, once a key.
///
/// # Errors
/// [`ServiceError::NotFound`] for what is not the merchant's; [`ServiceError::Refused`] for what cannot be paid any more;
/// [`ServiceError::Invalid`] naming `timeToLive`; [`ServiceError::KeyReused`].
pub async fn create(
    cx: &Cx,
    caller: &MerchantCaller,
    reference: QrReference,
    new: NewQr,
    key: Option<IdempotencyKey>,
) -> Result<Qr, ServiceError> {
    let id = QrId::from_random(cx.random.bytes());
    let (merchant, now, cx2) = (caller.merchant.id.clone(), cx.clock.now(), cx.clone());
    let expires_at = payment_requests::end(now, new.lives, "timeToLive")?;
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            if let Some((_, drawn)) = made_with(tx, key.as_ref())? {
                return drawn.ok_or_else(|| ServiceError::Internal("a key names no QR code".to_owned()));
            }
            match reference {
                QrReference::Request(request) => payment_requests::of_merchant(tx, &merchant, request)?.must_be_usable(now)?,
                QrReference::Session(session) => sessions::of_merchant(tx, &merchant, session)?.must_not_have_ended(now)?,
            }
            let qr = draw(&cx2, tx, Drawn { id, merchant: merchant.clone(), reference, expires_at }, now)?;
            remember(tx, key.as_ref(), ("", Some(&qr)), now)?;
            Ok(qr)
        })
        .await
}

/// A code that is about to be written.
pub(crate) struct Drawn {
    pub id: QrId,
    pub merchant: MerchantId,
    pub reference: QrReference,
    pub expires_at: Option<Timestamp>,
}

/// Writes a code.
pub(crate) fn draw(cx: &Context, tx: &mut Tx<'_>, drawn: Drawn, now: Timestamp) -> Result<Qr, ServiceError> {
    let Drawn { id, merchant, reference, expires_at } = drawn;
    let groups = preferences::groups_of(tx, &merchant)?;
    let template = groups.get(GROUP).and_then(|group| group.get(CONTENT));
    let content = match template {
        Some(template) => content(template, id, reference),
        None => format!("{}/qr/{id}", cx.policy.base_url),
    };
    let qr = Qr { id, merchant, reference, content, created_at: now, expires_at, cancelled_at: None };
    tx.insert_qr(&qr)?;
    Ok(qr)
}

/// Writes down what a key made: something of that name, and the code that may have come with it.
pub(crate) fn remember(
    tx: &mut Tx<'_>,
    key: Option<&IdempotencyKey>,
    (name, qr): (&str, Option<&Qr>),
    now: Timestamp,
) -> Result<(), ServiceError> {
    let drawn = qr.map(|qr| qr.id.to_string()).unwrap_or_default();
    idempotency::remember(tx, key, &format!("{name} {drawn}"), now)
}

/// The name of what a key made, if it was used, and the code that came with it.
pub(crate) fn made_with(tx: &mut Tx<'_>, key: Option<&IdempotencyKey>) -> Result<Option<(String, Option<Qr>)>, ServiceError> {
    let Some(made) = idempotency::made(tx, key)? else { return Ok(None) };
    let (name, drawn) = made.split_once(' ').ok_or_else(|| ServiceError::Internal("a key names nothing".to_owned()))?;
    let qr = QrId::parse(drawn).ok().map(|drawn| tx.find_qr(drawn)).transpose()?.flatten();
    Ok(Some((name.to_owned(), qr)))
}

fn content(template: &str, id: QrId, reference: QrReference) -> String {
    let (kind, referred) = match reference {
        QrReference::Request(request) => ("PAYMENT_REQUEST", request.to_string()),
        QrReference::Session(session) => ("PAYMENT_SESSION", session.to_string()),
    };
    template.replace("{qrId}", &id.to_string()).replace("{referenceId}", &referred).replace("{referenceType}", kind)
}

/// Refuses a merchant's template that no useful code could be made of.
pub(crate) fn must_be_usable(groups: &Groups) -> Result<(), ServiceError> {
    let Some(template) = groups.get(GROUP).and_then(|group| group.get(CONTENT)) else { return Ok(()) };
    let leads_on = template.contains("{qrId}") || template.contains("{referenceId}");
    if !leads_on || template.len() > CONTENT_MAX || template.chars().any(char::is_control) {
        let message = "of a QR code's content must hold {qrId} or {referenceId}, and have 300 characters at the most";
        return Err(ServiceError::invalid("preferences", message));
    }
    Ok(())
}

/// A merchant's code.
///
/// # Errors
/// [`ServiceError::NotFound`]; [`ServiceError::Refused`] `qr_expired` if it is not good any more.
pub async fn find(cx: &Cx, caller: &MerchantCaller, id: QrId) -> Result<Qr, ServiceError> {
    let (merchant, now) = (caller.merchant.id.clone(), cx.clock.now());
    cx.store.read(move |tx: &mut Tx<'_>| good(tx, &merchant, id, now)).await
}

/// Takes a code back; with a key, once a key. What it leads to is left as it is.
///
/// # Errors
/// As [`find`]; [`ServiceError::KeyReused`].
pub async fn cancel(cx: &Cx, caller: &MerchantCaller, id: QrId, key: Option<IdempotencyKey>) -> Result<(), ServiceError> {
    let (merchant, now) = (caller.merchant.id.clone(), cx.clock.now());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            idempotency::do_once(tx, key.as_ref(), now, |tx| {
                let cancelled = good(tx, &merchant, id, now)?.cancel(now).ok_or_else(expired)?;
                Ok(tx.save_qr(&cancelled)?)
            })
        })
        .await
}

/// The request that a code leads the shopper to.
///
/// # Errors
/// [`ServiceError::NotFound`] for a code of a session too; [`ServiceError::Refused`] `qr_expired`, or as the request stands.
pub async fn request_behind(cx: &Cx, shopper: &ShopperCaller, id: QrId) -> Result<PaymentRequest, ServiceError> {
    let (shopper, now) = (shopper.clone(), cx.clock.now());
    cx.store
        .read(move |tx: &mut Tx<'_>| match good(tx, &shopper.merchant.id, id, now)?.reference {
            QrReference::Request(request) => payment_requests::of_shopper(tx, &shopper, request, now),
            QrReference::Session(_) => Err(ServiceError::NotFound("QR code of a payment request")),
        })
        .await
}

/// What a code tells whoever looks at it without the merchant's app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The name of the merchant whose code it is.
    pub merchant_name: String,
    /// What is to be paid, if anybody may pay it. It is not told of a session, or of what one shopper alone is asked for.
    pub amount: Option<Money>,
}

/// What a code tells whoever looks at it, as long as it leads on.
///
/// # Errors
/// [`ServiceError::NotFound`]; [`ServiceError::Refused`] if it leads nowhere any more.
pub async fn notice(cx: &Cx, id: QrId) -> Result<Notice, ServiceError> {
    let now = cx.clock.now();
    cx.store
        .read(move |tx: &mut Tx<'_>| {
            let qr = tx.find_qr(id)?.ok_or(ServiceError::NotFound("QR code"))?;
            let qr = if qr.is_good(now) { qr } else { return Err(expired()) };
            let amount = match qr.reference {
                QrReference::Request(request) => {
                    let request = payment_requests::of_merchant(tx, &qr.merchant, request)?;
                    request.must_be_usable(now)?;
                    request.wallet.is_none().then_some(request.amount)
                }
                QrReference::Session(session) => {
                    let session = sessions::of_merchant(tx, &qr.merchant, session)?;
                    session.must_not_have_ended(now)?;
                    if session.payment.is_some() {
                        return Err(expired());
                    }
                    None
                }
            };
            let merchant = tx.find_merchant(&qr.merchant)?.ok_or(ServiceError::NotFound("merchant"))?;
            Ok(Notice { merchant_name: merchant.name, amount })
        })
        .await
}

/// A merchant's code that is still good.
pub(crate) fn good(tx: &mut Tx<'_>, merchant: &MerchantId, id: QrId, now: Timestamp) -> Result<Qr, ServiceError> {
    let found = tx.find_qr(id)?.filter(|qr| qr.merchant == *merchant).ok_or(ServiceError::NotFound("QR code"))?;
    if found.is_good(now) { Ok(found) } else { Err(expired()) }
}

fn expired() -> ServiceError {
    ServiceError::Refused { code: "qr_expired", message: "The QR code has expired or was taken back.".to_owned() }
}
