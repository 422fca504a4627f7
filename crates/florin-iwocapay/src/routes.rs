//! The operations of the surface: two families, each operation on both, with and without the trailing slash, never a redirect.
//!
//! Invariant: nothing is routed without its row in the one table.
//! Only these two families are claimed: what else a server answers under `/api` is not for this surface to say.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, any, on};
use florin_service::{Cx, ServiceError, caller};
use florin_web::caller::bearer_token;
use florin_web::{Class, Surface};
use http::{HeaderMap, Method, StatusCode};

use crate::fault::Refusal;
use crate::{answer, cancel, connection, create, events, get, schedule};

/// The lending family, which the documents name, and the family that newer plugins use.
pub const FAMILIES: [&str; 2] = ["/api/lending/edge", "/api/iwocapay"];

/// Whom an operation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nobody in particular.
    Open,
    /// The seller, by the access token.
    Seller,
}

/// One operation.
pub struct Operation {
    /// What it does.
    pub name: &'static str,
    /// Its method.
    pub method: Method,
    /// Its path after that of a family, with `{parameters}`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    methods: fn() -> MethodRouter<Surface>,
}

macro_rules! operations {
    ($($name:literal $access:ident $method:ident $path:literal $handler:path;)*) => {
        static OPERATIONS: &[Operation] = &[$(Operation {
            name: $name,
            method: Method::$method,
            path: $path,
            access: Access::$access,
            methods: || on(MethodFilter::$method, $handler),
        }),*];
    };
}

operations! {
    "create an order" Seller POST "/ecommerce/seller/{seller}/order" create::create;
    "show an order" Seller GET "/ecommerce/seller/{seller}/order/{order}" get::get;
    "cancel an order" Seller DELETE "/ecommerce/seller/{seller}/order/{order}" cancel::cancel;
    "show an order" Seller GET "/ecommerce/order/{order}" get::get;
    "cancel an order" Seller DELETE "/ecommerce/order/{order}" cancel::cancel;
    "check the connection" Seller GET "/ecommerce/seller/{seller}/connection_check" connection::check;
    "report integration events" Seller POST "/seller/integrations/{seller}/events" events::record;
    "work out an example of a repayment schedule" Open GET "/example_repayment_schedule" schedule::example;
}

/// Every operation there is.
pub fn operations() -> &'static [Operation] {
    OPERATIONS
}

/// The surface's routes.
pub fn router(cx: Cx) -> Router {
    let mut router = Router::new();
    for family in FAMILIES {
        for Operation { path, methods, .. } in OPERATIONS {
            router = router.route(&format!("{family}{path}"), methods()).route(&format!("{family}{path}/"), methods());
        }
        router = router.route(&format!("{family}/"), any(nothing_here)).route(&format!("{family}/{{*rest}}"), any(nothing_here));
    }
    router.method_not_allowed_fallback(wrong_verb).with_state(Surface::new(cx))
}

/// Whether `path` belongs to this surface, so that failures there are told in its dialect.
pub fn claims(path: &str) -> bool {
    FAMILIES.iter().any(|family| path.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Tells a failure that no handler of this surface made.
pub fn fallback(_path: &str, class: Class) -> Response {
    let mut response = answer::plain(Err(Refusal::of(class.status(), class.sentence())));
    if let Some(seconds) = class.retry_after() {
        response.headers_mut().insert(http::header::RETRY_AFTER, seconds);
    }
    response
}

async fn nothing_here(State(surface): State<Surface>, headers: HeaderMap) -> Response {
    refuse(&surface, &headers, ServiceError::NotFound("page").into()).await
}

/// The `Allow` header is added by the router, which knows the methods.
async fn wrong_verb(State(surface): State<Surface>, headers: HeaderMap) -> Response {
    refuse(&surface, &headers, Refusal::of(StatusCode::METHOD_NOT_ALLOWED, Class::MethodNotAllowed.sentence())).await
}

/// A refusal that anybody may get; a known seller's is signed like every other answer to it.
async fn refuse(surface: &Surface, headers: &HeaderMap, refusal: Refusal) -> Response {
    match caller::seller(&surface.cx, bearer_token(headers)).await {
        Ok(caller) => answer::signed(&caller, Err(refusal)),
        Err(_) => answer::plain(Err(refusal)),
    }
}
