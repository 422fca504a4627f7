//! Calls that a merchant's server signed with a key of its own.
//!
//! Invariant: a signature opens the one call that it was made for, once, within minutes.

use std::time::Duration;

use florin_domain::Timestamp;
use florin_domain::shopper::ShopperId;
use florin_domain::time::minutes;
use florin_store::Tx;
use florin_vault::{DetachedHeader, MerchantKey, detached_kid, digest};

use super::unauthorised;
use crate::caller::MerchantCaller;
use crate::{Context, ServiceError};

/// How far the clock of a merchant's server may be off, either way.
const WINDOW: Duration = minutes(5);

/// A call with a detached signature.
#[derive(Debug, Clone, Copy)]
pub struct SignedCall<'a> {
    /// The signature, as sent.
    pub signature: &'a str,
    /// The request's method.
    pub method: &'a str,
    /// The request's address as the caller sees it: `https://host/path?query`.
    pub url: &'a str,
    /// The request's body.
    pub body: &'a [u8],
}

/// What became of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signed {
    /// The merchant has registered no key, so that no signature means anything.
    NoKeys,
    /// The signature is right.
    Verified {
        /// In whose name the server acts, if it says so.
        shopper: Option<ShopperId>,
    },
}

/// Checks the signature of a call, and that it comes for the first time.
///
/// # Errors
/// [`ServiceError::Unauthorised`] with what is wrong with it.
pub async fn signed(cx: &Context, caller: &MerchantCaller, call: SignedCall<'_>) -> Result<Signed, ServiceError> {
    let merchant = caller.merchant.id.clone();
    let keys = cx.store.read(move |tx: &mut Tx<'_>| tx.list_server_keys(&merchant).map_err(ServiceError::from)).await?;
    if keys.is_empty() {
        return Ok(Signed::NoKeys);
    }
    let kid = detached_kid(call.signature).ok_or_else(|| unauthorised("the signature is malformed"))?;
    let pem = keys.into_iter().find(|(known, ..)| *known == kid).map(|(_, pem, _)| pem);
    let pem = pem.ok_or_else(|| unauthorised("the signature's key is not registered"))?;
    let key = MerchantKey::parse_pem(&pem).map_err(|error| ServiceError::Internal(format!("a registered key: {error}")))?;
    let header = key.verify_detached(call.signature, call.body).map_err(|error| unauthorised(&told(&error.to_string())))?;
    let now = cx.clock.now();
    let shopper = about(&header, &call, now)?;
    // Bound to the merchant, because two merchants may have registered one key.
    let proof = digest(&[caller.merchant.id.as_str().as_bytes(), b"\n", &header.digest].concat());
    let until = signed_at(&header).plus(WINDOW);
    let is_first = cx.store.write(move |tx: &mut Tx<'_>| tx.spend_proof(&proof, until).map_err(ServiceError::from)).await?;
    if is_first { Ok(Signed::Verified { shopper }) } else { Err(unauthorised("the signature was used before")) }
}

/// Whether the signature was made for this call, lately; and in whose name.
fn about(header: &DetachedHeader, call: &SignedCall<'_>, now: Timestamp) -> Result<Option<ShopperId>, ServiceError> {
    if !header.verb.eq_ignore_ascii_case(call.method) {
        return Err(unauthorised("the signature was made for another method"));
    }
    // Whoever stands behind a proxy knows the path better than the host.
    if header.url != call.url && header.url != path_of(call.url) {
        return Err(unauthorised("the signature was made for another address"));
    }
    let signed_at = signed_at(header);
    if now.since(signed_at).max(signed_at.since(now)) > WINDOW {
        return Err(unauthorised("the signature's time is more than five minutes off"));
    }
    let shopper = header.userid.as_deref().map(ShopperId::parse).transpose();
    shopper.map_err(|error| unauthorised(&format!("the signature's userid {error}")))
}

fn signed_at(header: &DetachedHeader) -> Timestamp {
    Timestamp::from_micros(header.timestamp_ms.saturating_mul(1_000))
}

/// What follows the host in an address.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |start| &rest[start..])
}

/// The vault speaks of tokens; to the caller it is a signature.
fn told(error: &str) -> String {
    error.replace("the token's signature", "the signature").replace("the token", "the signature")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn header() -> DetachedHeader {
        DetachedHeader {
            kid: "spring".to_owned(),
            verb: "POST".to_owned(),
            url: "https://pay.example/v1/refunds?a=b".to_owned(),
            timestamp_ms: 1_800_000_000_000,
            userid: Some("jo".to_owned()),
            digest: [0; 32],
        }
    }

    fn call() -> SignedCall<'static> {
        SignedCall { signature: "", method: "POST", url: "https://pay.example/v1/refunds?a=b", body: b"" }
    }

    #[test]
    fn a_signature_is_good_for_its_call_and_its_time() {
        assert_eq!(about(&header(), &call(), NOW).unwrap().unwrap().as_str(), "jo");
        assert!(about(&DetachedHeader { url: "/v1/refunds?a=b".to_owned(), verb: "post".to_owned(), ..header() }, &call(), NOW).is_ok());
        let others = [
            (DetachedHeader { verb: "GET".to_owned(), ..header() }, NOW),
            (DetachedHeader { url: "/v1/refunds".to_owned(), ..header() }, NOW),
            (DetachedHeader { url: "https://pay.example/v1/voids?a=b".to_owned(), ..header() }, NOW),
            (DetachedHeader { userid: Some("jo@example.com".to_owned()), ..header() }, NOW),
            (header(), NOW.plus(minutes(5)).plus(Duration::from_secs(1))),
            (header(), NOW.minus(minutes(5)).minus(Duration::from_secs(1))),
        ];
        for (header, now) in others {
            assert!(matches!(about(&header, &call(), now), Err(ServiceError::Unauthorised(_))), "{header:?}");
        }
        assert!(about(&header(), &call(), NOW.plus(minutes(5))).is_ok());
    }
}
