//! The paths of the surface: two families, each operation on both, with and without the trailing slash, never a redirect.
//!
//! Only these two families are claimed: what else a server answers under `/api` is not for this surface to say.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{MethodRouter, any, get, post};
use florin_service::{Cx, ServiceError, caller};
use florin_web::Class;
use florin_web::caller::bearer_token;
use http::{HeaderMap, StatusCode};

use crate::fault::Refusal;
use crate::surface::Surface;
use crate::{answer, cancel, connection, create, events, get as show, schedule};

/// The lending family, which the documents name, and the family that newer plugins use.
const FAMILIES: [&str; 2] = ["/api/lending/edge", "/api/iwocapay"];

/// The surface's routes.
pub fn router(cx: Cx) -> Router {
    let mut router = Router::new();
    for family in FAMILIES {
        for (path, methods) in operations() {
            router = router.route(&format!("{family}/{path}"), methods.clone()).route(&format!("{family}/{path}/"), methods);
        }
        router = router.route(&format!("{family}/"), any(nothing_here)).route(&format!("{family}/{{*rest}}"), any(nothing_here));
    }
    router.method_not_allowed_fallback(wrong_verb).with_state(Surface::new(cx))
}

fn operations() -> [(&'static str, MethodRouter<Surface>); 6] {
    let order = get(show::get).delete(cancel::cancel);
    [
        ("ecommerce/seller/{seller}/order", post(create::create)),
        ("ecommerce/seller/{seller}/order/{order}", order.clone()),
        ("ecommerce/order/{order}", order),
        ("ecommerce/seller/{seller}/connection_check", get(connection::check)),
        ("seller/integrations/{seller}/events", post(events::record)),
        ("example_repayment_schedule", get(schedule::example)),
    ]
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
