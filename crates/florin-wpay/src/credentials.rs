//! Credentials: which of them opens which operation.
//!
//! Invariants: a shopper's bearer never opens an operation for servers, and the address alone never opens one for shoppers; where
//! either will do, a bearer that is no good is never taken for none if the call could touch what is a shopper's.
//! Source: `docs/wire/wpay.md`, "Who may call what".

use axum::body::Bytes;
use florin_domain::shopper::WalletKind;
use florin_domain::time::hours;
use florin_service::ServiceError;
use florin_service::caller::{self, MerchantCaller, ShopperCaller, Signed, SignedCall, Source};
use florin_web::Surface;
use florin_web::caller::bearer_token;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode, Uri};

use crate::error::{Code, Refusal};
use crate::headers::{JWS_SIGNATURE, says_something, single};
use crate::routes::Access;

/// What a call brings, before it is known for whom it speaks.
pub struct Asked<'c> {
    /// Whom the operation asks for.
    pub access: Access,
    /// From where it came.
    pub source: Source,
    /// Which wallet it is about.
    pub wallet: WalletKind,
    /// Its method.
    pub method: &'c Method,
    /// Its address.
    pub uri: &'c Uri,
    /// Its headers.
    pub headers: &'c HeaderMap,
    /// Its body.
    pub body: &'c Bytes,
}

/// Finds the shopper that a call speaks for, if its operation asks for one.
///
/// # Errors
/// 401 for a credential that is missing or no good, 403 for one that does not open this.
pub async fn check(surface: &Surface, merchant: &MerchantCaller, asked: &Asked<'_>) -> Result<Option<ShopperCaller>, Refusal> {
    match asked.access {
        // A key is asked for before this, and nothing that comes beside it is looked at.
        Access::Open | Access::Key => Ok(None),
        Access::Server => server(surface, merchant, asked).await,
        Access::Shopper => registered(surface, merchant, asked).await.map(Some),
        Access::AnyShopper => anybody(surface, merchant, asked).await.map(Some),
        Access::Guest => guest(surface, merchant, asked).await.map(Some),
        Access::ShopperOrServer => shopper_or_server(surface, merchant, asked).await,
        Access::ServerOrShopper => server_or_shopper(surface, merchant, asked).await,
    }
}

/// The refusal of a server that calls from elsewhere; it says from where, because a proxy may have hidden that.
pub fn not_allowed(source: &Source) -> Refusal {
    let detail = match source.client {
        Some(address) => format!("The address {} is not on this merchant's allow list.", address.to_canonical()),
        None => "This address is not on this merchant's allow list.".to_owned(),
    };
    Refusal::plain(StatusCode::FORBIDDEN, detail)
}

/// The shopper behind the bearer, a guest or not; or the registered one that a signature speaks for.
async fn anybody(surface: &Surface, merchant: &MerchantCaller, asked: &Asked<'_>) -> Result<ShopperCaller, Refusal> {
    let Some(bearer) = bearer(asked.headers) else {
        // A signature speaks for a shopper only where the merchant's servers are: a page would have the bearer.
        let signed = if asked.source.is_servers { signature(surface, merchant, asked).await? } else { None };
        let Some(Signed::Verified { shopper: Some(shopper) }) = signed else { return Err(Refusal::bearer()) };
        let until = surface.cx.clock.now().plus(hours(1));
        return Ok(caller::on_behalf(merchant, shopper, asked.wallet, until));
    };
    Ok(caller::shopper(&surface.cx, merchant, bearer, asked.wallet).await?)
}

async fn registered(surface: &Surface, merchant: &MerchantCaller, asked: &Asked<'_>) -> Result<ShopperCaller, Refusal> {
    let shopper = anybody(surface, merchant, asked).await?;
    if shopper.guest {
        let detail = "A guest's token opens only the guest operations: sign the shopper in without isGuest.";
        return Err(Refusal::plain(StatusCode::FORBIDDEN, detail));
    }
    Ok(shopper)
}

async fn guest(surface: &Surface, merchant: &MerchantCaller, asked: &Asked<'_>) -> Result<ShopperCaller, Refusal> {
    let bearer = bearer(asked.headers).ok_or_else(Refusal::bearer)?;
    let shopper = caller::shopper(&surface.cx, merchant, bearer, asked.wallet).await?;
    if !shopper.guest {
        let detail = "This operation is for guests, and the token is a registered shopper's: call the operation without /guest.";
        return Err(Refusal::plain(StatusCode::FORBIDDEN, detail));
    }
    Ok(shopper)
}

/// The merchant's server: nobody's in particular.
async fn server(surface: &Surface, merchant: &MerchantCaller, asked: &Asked<'_>) -> Result<Option<ShopperCaller>, Refusal> {
    if asked.source.is_servers { signature(surface, merchant, asked).await.map(|_| None) } else { Err(not_allowed(&asked.source)) }
}

/// The shopper behind the bearer or, where none is shown, the merchant's server.
async fn shopper_or_server(surface: &Surface, merchant: &MerchantCaller, asked: &Asked<'_>) -> Result<Option<ShopperCaller>, Refusal> {
    // A server that hands on what a browser sent speaks for that browser's shopper, whoever that may be, or for nobody.
    if !shows_anything(asked.headers) {
        return server(surface, merchant, asked).await;
    }
    let bearer = bearer(asked.headers).ok_or_else(Refusal::bearer)?;
    Ok(Some(caller::shopper(&surface.cx, merchant, bearer, asked.wallet).await?))
}

/// The shopper behind the bearer; where that is no good, the merchant's server all the same, which gets nothing of a shopper's.
async fn server_or_shopper(surface: &Surface, merchant: &MerchantCaller, asked: &Asked<'_>) -> Result<Option<ShopperCaller>, Refusal> {
    let Some(bearer) = bearer(asked.headers) else { return server(surface, merchant, asked).await };
    match caller::shopper(&surface.cx, merchant, bearer, asked.wallet).await {
        Ok(shopper) => Ok(Some(shopper)),
        Err(ServiceError::Unauthorised(_)) if asked.source.is_servers => server(surface, merchant, asked).await,
        // From elsewhere a client learns that it has to renew what it has.
        Err(error) => Err(error.into()),
    }
}

/// Looks at the call's signature, if it has one and the merchant has registered keys.
async fn signature(surface: &Surface, merchant: &MerchantCaller, asked: &Asked<'_>) -> Result<Option<Signed>, Refusal> {
    let Some(signature) = single(asked.headers, JWS_SIGNATURE) else { return Ok(None) };
    let place = asked.uri.path_and_query().map_or("/", |place| place.as_str());
    let url = format!("{}{place}", surface.cx.policy.base_url);
    let call = SignedCall { signature, method: asked.method.as_str(), url: &url, body: asked.body };
    let signed = caller::signed(&surface.cx, merchant, call).await.map_err(|error| match error {
        ServiceError::Unauthorised(detail) => Refusal::new(Code::Ap02, detail),
        other => other.into(),
    })?;
    Ok(Some(signed))
}

/// Whether the call shows any authorisation, be it none that can be read: two headers, another scheme.
fn shows_anything(headers: &HeaderMap) -> bool {
    headers.get_all(AUTHORIZATION).iter().any(|value| {
        let shown = value.to_str().map_or("?", str::trim);
        let (scheme, token) = shown.split_once(' ').unwrap_or((shown, ""));
        let token = if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { shown };
        says_something(token)
    })
}

/// The bearer, unless it is a client's word for nothing.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    bearer_token(headers).filter(|token| says_something(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(values: &[&str]) -> bool {
        shows_anything(&values.iter().map(|value| (AUTHORIZATION, value.parse().unwrap())).collect())
    }

    #[test]
    fn only_a_clients_word_for_nothing_shows_nothing() {
        for values in [&[][..], &[""], &["Bearer"], &["bearer "], &["Bearer undefined"], &["BEARER  null"], &["undefined"]] {
            assert!(!shown(values), "{values:?}");
        }
        for values in [&["Bearer x"][..], &["x"], &["Basic x"], &["Basic undefined"], &["", "Bearer x"], &["Bearer x", "Bearer y"]] {
            assert!(shown(values), "{values:?}");
        }
    }
}
