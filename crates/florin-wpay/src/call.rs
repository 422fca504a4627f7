//! A call by a known merchant: from where, for which shopper, with which body and idempotency key.
//!
//! The one place that reads requests. Invariant: there is no call whose caller was not let in by its operation's access.

use axum::body::Bytes;
use axum::extract::{FromRequestParts, RawPathParams, Request};
use florin_domain::shopper::WalletKind;
use florin_service::caller::{self, MerchantCaller, ShopperCaller, Source};
use florin_service::idempotency::IdempotencyKey;
use florin_web::idempotency::{self, Held, IdempotencyKey as SentKey};
use florin_web::{Arrival, Class, Surface, body};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde::de::DeserializeOwned;

use crate::body as json;
use crate::credentials::{self, Asked};
use crate::error::Refusal;
use crate::headers::{API_KEY, EVERYDAY_WALLET, single};
use crate::routes::Access;

/// A call that was let in.
pub struct Call {
    /// The merchant it is made at.
    pub merchant: MerchantCaller,
    /// From where.
    pub source: Source,
    /// Which of the shopper's wallets it is about.
    pub wallet: WalletKind,
    shopper: Option<ShopperCaller>,
    headers: HeaderMap,
    uri: Uri,
    body: Bytes,
    params: Vec<(String, String)>,
    key: Option<(IdempotencyKey, Held)>,
}

impl Call {
    /// Reads a request, and lets it in if `access` allows.
    ///
    /// # Errors
    /// 401 for a missing or bad credential, 403 for one that does not open this, 400, 408 and 413 for a body that cannot be
    /// read, 400 and 409 for an idempotency key that cannot be taken.
    pub async fn admit(surface: &Surface, access: Access, request: Request) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let known = caller::merchant(&surface.cx, single(&parts.headers, API_KEY)).await;
        let merchant = known.map_err(Refusal::of_key)?;
        let source = Source::of(&merchant, parts.extensions.get::<Arrival>().map(|arrival| arrival.client));
        if access == Access::Server && !source.is_servers {
            return Err(credentials::not_allowed(&source));
        }
        let body = body::read(body, &surface.body_limits).await.map_err(|error| Refusal::of_class(error.class()))?;
        let params = params(&mut parts).await?;
        let Parts { method, uri, headers, .. } = parts;
        let wallet = wallet(&headers);
        let asked = Asked { access, source, wallet, method: &method, uri: &uri, headers: &headers, body: &body };
        let shopper = credentials::check(surface, &merchant, &asked).await?;
        let key = key(surface, &merchant, shopper.as_ref(), &asked)?;
        Ok(Self { merchant, source, wallet, shopper, headers, uri, body, params, key })
    }

    /// The shopper.
    ///
    /// # Errors
    /// A 401 where none is known.
    pub fn shopper(&self) -> Result<&ShopperCaller, Refusal> {
        self.shopper.as_ref().ok_or_else(Refusal::bearer)
    }

    /// Reads the body.
    ///
    /// # Errors
    /// 415 for another content type, 400 for anything but a `T`, with the field's name.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        json::read(&self.headers, &self.body)
    }

    /// The body as it arrived.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// What the call's Idempotency-Key, if it has one, stands for. The call holds the key until it is dropped.
    pub fn key(&self) -> Option<IdempotencyKey> {
        self.key.as_ref().map(|(key, _)| key.clone())
    }

    /// A part of the path by its name in the table; empty if the table has none.
    pub fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// A header's value, if it says anything.
    pub fn header(&self, name: &str) -> Option<&str> {
        single(&self.headers, name)
    }

    /// The query as it was sent.
    pub fn query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }
}

async fn params(parts: &mut Parts) -> Result<Vec<(String, String)>, Refusal> {
    // A path that is not even UTF-8 names nothing.
    let params = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| Refusal::of_class(Class::NotFound))?;
    Ok(params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn wallet(headers: &HeaderMap) -> WalletKind {
    let everyday = single(headers, EVERYDAY_WALLET).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if everyday { WalletKind::Everyday } else { WalletKind::Merchant }
}

/// Takes the call's idempotency key. Keys of two shoppers never meet: a shopper who guesses another's key gets no answer of
/// theirs. Nor do those of the merchant's server and of a stranger with the API key, who could spoil them.
fn key(
    surface: &Surface,
    merchant: &MerchantCaller,
    shopper: Option<&ShopperCaller>,
    asked: &Asked<'_>,
) -> Result<Option<(IdempotencyKey, Held)>, Refusal> {
    if *asked.method == Method::GET {
        return Ok(None);
    }
    let sent = SentKey::from_headers(asked.headers).map_err(|error| Refusal::invalid(format!("{error}.")))?;
    let Some(sent) = sent else { return Ok(None) };
    let scope = match (shopper, asked.access) {
        (Some(shopper), _) => format!("wpay:{}:{}", merchant.merchant.id, shopper.wallet),
        (None, Access::Key) => format!("wpay:{}:key:{}", merchant.merchant.id, asked.source.name(&surface.cx)),
        (None, _) => format!("wpay:{}", merchant.merchant.id),
    };
    let busy = "A call with this Idempotency-Key is still being worked on: repeat it in a moment.";
    let held = surface.in_flight.hold(&scope, &sent).map_err(|_| Refusal::plain(StatusCode::CONFLICT, busy))?;
    let place = asked.uri.path_and_query().map_or("/", |place| place.as_str());
    let digest = idempotency::fingerprint(florin_service::digest, asked.method, place, asked.body);
    Ok(Some((IdempotencyKey::keyed(&surface.cx, scope, sent.as_str().to_owned(), &digest), held)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_true_chooses_the_everyday_wallet() {
        for (value, expected) in [
            ("true", WalletKind::Everyday),
            ("TRUE", WalletKind::Everyday),
            ("false", WalletKind::Merchant),
            ("undefined", WalletKind::Merchant),
        ] {
            let headers = HeaderMap::from_iter([(EVERYDAY_WALLET.parse().unwrap(), value.parse().unwrap())]);
            assert_eq!(wallet(&headers), expected, "{value}");
        }
        assert_eq!(wallet(&HeaderMap::new()), WalletKind::Merchant);
    }
}
