//! Once: an operation and the record of its Idempotency-Key, in one transaction.
//!
//! The key is our extension of this dialect. A repeated call gets the first answer, byte for byte, refusals included.

use florin_domain::SellerId;
use florin_service::idempotency::{self, Answer, IdempotencyKey};
use florin_service::{ServiceError, Tx};
use florin_web::Surface;
use florin_web::idempotency::{Held, IdempotencyKey as SentKey};
use http::{HeaderMap, StatusCode};

use crate::fault::{Refusal, Source, refused};

/// The right to work on one key until this is dropped; or on no key at all.
pub struct Ticket {
    key: Option<IdempotencyKey>,
    held: Option<Held>,
}

impl Ticket {
    /// Takes the key of `headers` for `seller`, for a call with this fingerprint.
    ///
    /// # Errors
    /// 400 for a malformed key, 409 while the same key is being worked on.
    pub fn take(
        surface: &Surface,
        seller: SellerId,
        headers: &HeaderMap,
        fingerprint: impl FnOnce(fn(&[u8]) -> [u8; 32]) -> [u8; 32],
    ) -> Result<Self, Refusal> {
        let place = || Source::Header("Idempotency-Key");
        let sent = SentKey::from_headers(headers);
        let sent = sent.map_err(|error| Refusal::at(StatusCode::BAD_REQUEST, place(), format!("{error}.")))?;
        let Some(sent) = sent else {
            return Ok(Self { key: None, held: None });
        };
        let scope = format!("iwocapay:{seller}");
        let detail = "A call with this Idempotency-Key is still being worked on: repeat it in a moment.";
        let held = surface.in_flight.hold(&scope, &sent).map_err(|_| Refusal::at(StatusCode::CONFLICT, place(), detail))?;
        let key = IdempotencyKey { scope, key: sent.as_str().to_owned(), fingerprint: fingerprint(florin_service::digest) };
        Ok(Self { key: Some(key), held: Some(held) })
    }

    /// Passes on what was read from the call. What could not be read is refused for its faults, unless its key was used for
    /// another call: then it is refused for that.
    ///
    /// # Errors
    /// Those faults, or 422.
    pub async fn accept<T>(&self, surface: &Surface, read: Result<T, Refusal>) -> Result<T, Refusal> {
        if let (Err(_), Some(key)) = (&read, self.key.clone()) {
            surface.cx.store.read(move |tx: &mut Tx<'_>| idempotency::must_be_fresh(tx, &key)).await?;
        }
        read
    }

    /// Runs `op` unless its key was used before; then the first answer comes again.
    ///
    /// # Errors
    /// What `op` refused with, 422 for a key that was used for another call, 503 while the store is away.
    pub async fn once<Op>(self, surface: &Surface, mut op: Op) -> Result<Answer, Refusal>
    where
        Op: FnMut(&mut Tx<'_>) -> Result<Answer, ServiceError> + Send + 'static,
    {
        let Self { key, held } = self;
        let now = surface.cx.clock.now();
        let answer = surface.cx.store.write(move |tx: &mut Tx<'_>| idempotency::once(tx, key.as_ref(), now, &mut op, refused)).await;
        drop(held);
        Ok(answer?)
    }
}
