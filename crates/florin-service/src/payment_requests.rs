//! Payment requests: made and taken back by merchants, looked at by shoppers.
//!
//! Invariant: a key makes one request, and one code with it, however often it comes.

use std::time::Duration;

use florin_domain::merchant::MerchantId;
use florin_domain::money::{Currency, Money};
use florin_domain::payment_request::PaymentRequest;
use florin_domain::qr::{Qr, QrReference};
use florin_domain::time::days;
use florin_domain::{PaymentRequestId, QrId, Timestamp, WalletId};
use florin_store::Tx;

pub use florin_store::RequestFilter;

use crate::caller::{MerchantCaller, ShopperCaller};
use crate::idempotency::{self, IdempotencyKey};
use crate::qr_codes::{self, Drawn, NewQr};
use crate::schemas::{self, Given};
use crate::{Context, Cx, Page, ServiceError};

/// The longest name that a merchant may give to a request, in bytes.
const REFERENCE_MAX: usize = 128;
/// The longest that anything of this family can live.
const LIFE_MAX: Duration = days(3_650);
/// The longest key, in bytes.
const KEY_MAX: usize = 255;

/// A request as the merchant makes it.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// The merchant's own name for it.
    pub merchant_reference: String,
    /// How much each payment of it is.
    pub amount: Money,
    /// How often it may be paid; without a limit if nothing.
    pub max_uses: Option<u32>,
    /// How long it can be paid; for ever if nothing.
    pub lives: Option<Duration>,
    /// The only wallet that may pay it.
    pub wallet: Option<WalletId>,
    /// What is bought, as JSON.
    pub basket: Option<String>,
    /// What the till adds.
    pub pos_payload: Option<Given>,
    /// What the merchant adds.
    pub merchant_payload: Option<Given>,
    /// The code that is wanted with it.
    pub qr: Option<NewQr>,
}

/// A request, and the code that was made with it.
#[derive(Debug, Clone)]
pub struct Requested {
    /// The request.
    pub request: PaymentRequest,
    /// The code.
    pub qr: Option<Qr>,
}

/// A key of the merchant's own, by which the same request is known when it comes again, for a body of this digest. It never
/// meets the keys of other operations.
pub fn key(cx: &Context, caller: &MerchantCaller, key: String, digest: &[u8; 32]) -> IdempotencyKey {
    IdempotencyKey::keyed(cx, format!("payment request:{}", caller.merchant.id), key, digest)
}

/// Makes a request; with a [`key`], once a key.
///
/// # Errors
/// [`ServiceError::Invalid`] naming the field; [`ServiceError::NotFound`] for a schema; [`ServiceError::KeyReused`].
pub async fn create(cx: &Cx, caller: &MerchantCaller, new: NewRequest, key: Option<IdempotencyKey>) -> Result<Requested, ServiceError> {
    must_be_named(&new.merchant_reference)?;
    if !new.amount.is_positive() || new.amount.currency() != Currency::Aud {
        return Err(ServiceError::invalid("grossAmount", "must be more than 0"));
    }
    if key.as_ref().is_some_and(|key| key.key.is_empty() || key.key.len() > KEY_MAX) {
        return Err(ServiceError::invalid("idempotencyKey", "must have 1 to 255 characters"));
    }
    schemas::must_be_json("basket", new.basket.as_deref())?;
    let (now, cx2, merchant) = (cx.clock.now(), cx.clone(), caller.merchant.id.clone());
    let (id, qr_id) = (PaymentRequestId::from_random(cx.random.bytes()), QrId::from_random(cx.random.bytes()));
    let expires_at = end(now, new.lives, "timeToLivePayment")?;
    let qr_expires_at = end(now, new.qr.and_then(|qr| qr.lives), "timeToLiveQR")?;
    let pos_payload = schemas::held_to_if_any(cx, &merchant, "posPayload", new.pos_payload.as_ref()).await?;
    let merchant_payload = schemas::held_to_if_any(cx, &merchant, "merchantPayload", new.merchant_payload.as_ref()).await?;
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            if let Some(earlier) = earlier(tx, key.as_ref())? {
                return Ok(earlier);
            }
            let request = PaymentRequest {
                id,
                merchant: merchant.clone(),
                merchant_reference: new.merchant_reference.clone(),
                amount: new.amount,
                max_uses: new.max_uses,
                uses: 0,
                expires_at,
                wallet: new.wallet,
                basket: new.basket.clone(),
                pos_payload: pos_payload.clone(),
                merchant_payload: merchant_payload.clone(),
                created_at: now,
                closed_at: None,
            };
            tx.insert_payment_request(&request)?;
            let drawn = Drawn { id: qr_id, merchant: merchant.clone(), reference: QrReference::Request(id), expires_at: qr_expires_at };
            let qr = new.qr.map(|_| qr_codes::draw(&cx2, tx, drawn, now)).transpose()?;
            qr_codes::remember(tx, key.as_ref(), (&id.to_string(), qr.as_ref()), now)?;
            Ok(Requested { request, qr })
        })
        .await
}

/// Refuses a name for a request that is no name.
pub(crate) fn must_be_named(reference: &str) -> Result<(), ServiceError> {
    if reference.is_empty() || reference.len() > REFERENCE_MAX || reference.chars().any(char::is_control) {
        return Err(ServiceError::invalid("merchantReferenceId", "must have 1 to 128 characters"));
    }
    Ok(())
}

/// When something ends that begins now; `field` is what its life was called.
pub(crate) fn end(now: Timestamp, lives: Option<Duration>, field: &'static str) -> Result<Option<Timestamp>, ServiceError> {
    if lives.is_some_and(|life| life > LIFE_MAX) {
        return Err(ServiceError::invalid(field, "must be ten years at the most"));
    }
    Ok(lives.map(|life| now.plus(life)))
}

/// What a key made before, if it was used: a request, and the code that may have come with it.
fn earlier(tx: &mut Tx<'_>, key: Option<&IdempotencyKey>) -> Result<Option<Requested>, ServiceError> {
    let Some((named, qr)) = qr_codes::made_with(tx, key)? else { return Ok(None) };
    let request = PaymentRequestId::parse(&named).ok().map(|request| tx.find_payment_request(request)).transpose()?.flatten();
    let request = request.ok_or_else(|| ServiceError::Internal("a key names no payment request".to_owned()))?;
    Ok(Some(Requested { request, qr }))
}

/// A merchant's request, however it stands.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub async fn find(cx: &Cx, caller: &MerchantCaller, id: PaymentRequestId) -> Result<PaymentRequest, ServiceError> {
    let merchant = caller.merchant.id.clone();
    cx.store.read(move |tx: &mut Tx<'_>| of_merchant(tx, &merchant, id)).await
}

/// A request that the shopper can pay.
///
/// # Errors
/// [`ServiceError::NotFound`]; [`ServiceError::Refused`] with a [`RequestFault`](florin_domain::payment_request::RequestFault)'s
/// name.
pub async fn find_for_shopper(cx: &Cx, shopper: &ShopperCaller, id: PaymentRequestId) -> Result<PaymentRequest, ServiceError> {
    let (shopper, now) = (shopper.clone(), cx.clock.now());
    cx.store.read(move |tx: &mut Tx<'_>| of_shopper(tx, &shopper, id, now)).await
}

/// A merchant's requests, newest first, and how many there are.
///
/// # Errors
/// Only if the store fails.
pub async fn list(cx: &Cx, caller: &MerchantCaller, filter: RequestFilter, page: Page) -> Result<(u64, Vec<PaymentRequest>), ServiceError> {
    let (merchant, now) = (caller.merchant.id.clone(), cx.clock.now());
    cx.store.read(move |tx: &mut Tx<'_>| Ok(tx.list_payment_requests(&merchant, filter, page, now)?)).await
}

/// Takes a request back; with a key, once a key. Payments that were made of it stand, and so does one whose outcome is open.
///
/// # Errors
/// [`ServiceError::NotFound`]; [`ServiceError::Refused`] as it stands; [`ServiceError::KeyReused`].
pub async fn close(cx: &Cx, caller: &MerchantCaller, id: PaymentRequestId, key: Option<IdempotencyKey>) -> Result<(), ServiceError> {
    let (merchant, now) = (caller.merchant.id.clone(), cx.clock.now());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            idempotency::do_once(tx, key.as_ref(), now, |tx| {
                let request = of_merchant(tx, &merchant, id)?;
                let is_in_doubt = tx.is_request_in_doubt(id)?;
                let closed = request.close(is_in_doubt, now)?;
                Ok(tx.save_payment_request(&closed)?)
            })
        })
        .await
}

/// A merchant's request.
pub(crate) fn of_merchant(tx: &mut Tx<'_>, merchant: &MerchantId, id: PaymentRequestId) -> Result<PaymentRequest, ServiceError> {
    let found = tx.find_payment_request(id)?.filter(|request| request.merchant == *merchant);
    found.ok_or(ServiceError::NotFound("payment request"))
}

/// A request that the shopper can pay at `now`.
pub(crate) fn of_shopper(
    tx: &mut Tx<'_>,
    shopper: &ShopperCaller,
    id: PaymentRequestId,
    now: Timestamp,
) -> Result<PaymentRequest, ServiceError> {
    let request = of_merchant(tx, &shopper.merchant.id, id)?;
    request.must_be_usable_by(&[shopper.home, shopper.wallet], now)?;
    Ok(request)
}
