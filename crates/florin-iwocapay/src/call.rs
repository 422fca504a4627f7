//! A call by a known seller: who calls, about which order, with which body and idempotency key.
//!
//! The one place that reads requests, so that every failure is told in this dialect, and signed once the caller is known.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::response::Response;
use florin_domain::{OrderId, SellerId};
use florin_service::caller::{self, SellerCaller};
use florin_service::idempotency::Answer;
use florin_service::{ServiceError, Tx, sellers};
use florin_web::caller::bearer_token;
use florin_web::{Surface, body};
use http::request::Parts;
use http::{HeaderMap, Method};

use crate::answer;
use crate::body::{Body, Encoding};
use crate::fault::Refusal;
use crate::once::Ticket;
use crate::version;

/// An authenticated call.
pub struct Call {
    /// Who calls.
    pub caller: SellerCaller,
    order: Option<OrderId>,
    method: Method,
    headers: HeaderMap,
}

impl FromRequestParts<Surface> for Call {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, surface: &Surface) -> Result<Self, Response> {
        let headers = std::mem::take(&mut parts.headers);
        let known = caller::seller(&surface.cx, bearer_token(&headers)).await;
        let caller = known.map_err(|error| answer::plain(Err(error.into())))?;
        match place(surface, &caller, parts).await {
            Ok(order) => Ok(Self { caller, order, method: parts.method.clone(), headers }),
            Err(refusal) => Err(answer::signed(&caller, Err(refusal))),
        }
    }
}

/// Reads the path: a seller named there must be the caller; the order, if one is named, need not exist.
async fn place(surface: &Surface, caller: &SellerCaller, parts: &mut Parts) -> Result<Option<OrderId>, Refusal> {
    // A path that is not even UTF-8 names nothing.
    let params = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| ServiceError::NotFound("page"))?;
    let mut order = None;
    for (name, value) in &params {
        match name {
            "seller" => must_be_caller(surface, caller, value).await?,
            _ => order = Some(OrderId::parse(value).map_err(|_| ServiceError::NotFound("order"))?),
        }
    }
    Ok(order)
}

async fn must_be_caller(surface: &Surface, caller: &SellerCaller, text: &str) -> Result<(), Refusal> {
    let seller = SellerId::parse(text).map_err(|_| ServiceError::NotFound("seller"))?;
    if seller == caller.seller.id {
        return Ok(());
    }
    surface.cx.store.read(move |tx: &mut Tx<'_>| sellers::find(tx, seller)).await?;
    Err(ServiceError::Forbidden("This access token belongs to another seller.".to_owned()).into())
}

impl Call {
    /// The order that the path names.
    ///
    /// # Errors
    /// A 404 where it names none.
    pub fn order(&self) -> Result<OrderId, Refusal> {
        self.order.ok_or_else(|| ServiceError::NotFound("order").into())
    }

    /// Checks the version that the caller's plugin tells of itself.
    ///
    /// # Errors
    /// See [`version::check`].
    pub fn check_version(&self, surface: &Surface) -> Result<(), Refusal> {
        version::check(&self.headers, surface.cx.policy.minimum_integration_version.as_deref())
    }

    /// Reads the call's body.
    ///
    /// # Errors
    /// 415 for a content type that is not read here, 413 for too much, 408 for too slow, 400 for a broken connection.
    pub async fn read(&self, surface: &Surface, body: axum::body::Body) -> Result<Body, Refusal> {
        let encoding = Encoding::of(&self.headers)?;
        let bytes = body::read(body, &surface.body_limits).await;
        let bytes = bytes.map_err(|error| Refusal::of(error.class().status(), error.class().sentence()))?;
        Ok(Body::new(bytes, encoding))
    }

    /// What the call's Idempotency-Key, if any, allows: to do `operation` on `subject` once.
    ///
    /// # Errors
    /// 400 for a malformed key, 409 while the same key is being worked on.
    pub fn ticket(&self, surface: &Surface, operation: &'static str, subject: &[u8]) -> Result<Ticket, Refusal> {
        let fingerprint = |digest| florin_web::idempotency::fingerprint(digest, &self.method, operation, subject);
        Ticket::take(surface, self.caller.seller.id, &self.headers, fingerprint)
    }

    /// The signed answer.
    pub fn respond(&self, outcome: Result<Answer, Refusal>) -> Response {
        answer::signed(&self.caller, outcome)
    }
}
