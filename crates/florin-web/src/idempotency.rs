//! Idempotency keys: a caller's name for one attempt, so that repeating it does the work once.
//!
//! This file reads the key, tells two bodies apart and refuses two at once; the stored answer lives in the store, in the
//! transaction that the key guards.
//! Invariant: at most one request per scope and key is in flight in this process.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, HeaderName, Method};

/// The header that carries the key.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header that marks an answer as a repeated one.
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

const LONGEST: usize = 255;

/// A key that cannot be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Idempotency-Key must be given once, as 1 to 255 visible ASCII characters")]
pub struct BadKey;

/// A caller's key: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The request's key, if it has one.
    ///
    /// # Errors
    /// [`BadKey`] when it is empty, too long, holds other characters, or is given twice.
    pub fn from_headers(headers: &HeaderMap) -> Result<Option<Self>, BadKey> {
        let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let bytes = value.as_bytes();
        let visible = bytes.iter().all(u8::is_ascii_graphic);
        if values.next().is_some() || bytes.is_empty() || bytes.len() > LONGEST || !visible {
            return Err(BadKey);
        }
        Ok(Some(Self(String::from_utf8_lossy(bytes).into_owned())))
    }

    /// The key as the caller wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a key was used for: one digest over method, path and body. A key that comes back with another fingerprint is misused.
pub fn fingerprint(digest: fn(&[u8]) -> [u8; 32], method: &Method, path: &str, body: &[u8]) -> [u8; 32] {
    let mut text = Vec::with_capacity(method.as_str().len() + path.len() + body.len() + 2);
    // Neither a method nor a path can hold a line end, so the parts cannot run into each other.
    for part in [method.as_str().as_bytes(), b"\n", path.as_bytes(), b"\n", body] {
        text.extend_from_slice(part);
    }
    digest(&text)
}

type Attempt = (String, IdempotencyKey);

/// The keys that this process is working on. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct InFlight(Arc<Mutex<HashSet<Attempt>>>);

/// Another request with the same key is being worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a request with this Idempotency-Key is still in flight")]
pub struct StillInFlight;

/// Holds a key until it is dropped.
#[derive(Debug)]
#[must_use = "the key is free again as soon as this is dropped"]
pub struct Held {
    attempt: Option<Attempt>,
    keys: InFlight,
}

impl InFlight {
    /// Takes `key` in `scope` (whose key it is, for instance a seller's id).
    ///
    /// # Errors
    /// [`StillInFlight`] while another request holds it.
    pub fn hold(&self, scope: &str, key: &IdempotencyKey) -> Result<Held, StillInFlight> {
        let attempt = (scope.to_owned(), key.clone());
        if !self.keys().insert(attempt.clone()) {
            return Err(StillInFlight);
        }
        Ok(Held { attempt: Some(attempt), keys: self.clone() })
    }

    fn keys(&self) -> MutexGuard<'_, HashSet<Attempt>> {
        // The set is whole between any two statements, so a panic elsewhere does it no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(attempt) = self.attempt.take() {
            self.keys.keys().remove(&attempt);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&[u8]]) -> Result<Option<IdempotencyKey>, BadKey> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, http::HeaderValue::from_bytes(value).unwrap());
        }
        IdempotencyKey::from_headers(&headers)
    }

    fn key(text: &str) -> IdempotencyKey {
        read(&[text.as_bytes()]).unwrap().unwrap()
    }

    #[test]
    fn a_key_is_optional_and_kept_as_written() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(key("\"order-1\"").as_str(), "\"order-1\"");
        assert_eq!(key(&"k".repeat(255)).as_str().len(), 255);
    }

    #[test]
    fn anything_but_visible_ascii_given_once_is_refused() {
        for values in [&[&b""[..]][..], &[b"a b"], &["clé".as_bytes()], &[&[b'k'; 256]], &[b"a", b"a"]] {
            assert_eq!(read(values), Err(BadKey), "{values:?}");
        }
    }

    #[test]
    fn a_key_is_held_by_one_request_of_a_scope_at_a_time() {
        let keys = InFlight::default();
        let held = keys.hold("acme", &key("1")).unwrap();
        assert_eq!(keys.hold("acme", &key("1")).unwrap_err(), StillInFlight);
        drop((keys.hold("acme", &key("2")).unwrap(), keys.hold("apex", &key("1")).unwrap()));
        drop(held);
        drop(keys.hold("acme", &key("1")).unwrap());
    }

    #[test]
    fn the_fingerprint_sees_method_path_and_body() {
        let of = |method: &Method, path: &str, body: &[u8]| fingerprint(florin_vault::digest, method, path, body);
        let first = of(&Method::POST, "/order", b"{}");
        assert_eq!(first, of(&Method::POST, "/order", b"{}"));
        for other in [of(&Method::PUT, "/order", b"{}"), of(&Method::POST, "/order/", b"{}"), of(&Method::POST, "/order", b"{ }")] {
            assert_ne!(first, other);
        }
    }
}
