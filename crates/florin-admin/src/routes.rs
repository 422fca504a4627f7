//! The paths of the operator's API, and the key that stands before all of them.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post};
use florin_service::{Cx, caller};
use florin_web::Class;
use florin_web::caller::bearer_token;

use crate::problem::Problem;
use crate::{allowed_ips, api_keys, clock, gift_cards, loans, merchants, orders, retail, server_keys, signing_keys, tokens, webhooks};

/// Everything under `/admin`.
pub fn router(cx: Cx) -> Router {
    let mut router = Router::new();
    let operations = [
        ("/admin/merchants", get(merchants::list).post(merchants::create)),
        ("/admin/merchants/{seller}/retail", post(retail::open)),
        ("/admin/retail", get(retail::list)),
        ("/admin/retail/{merchant}", get(retail::show).patch(retail::change)),
        ("/admin/retail/{merchant}/keys", get(api_keys::list).post(api_keys::issue)),
        ("/admin/keys/{key}", delete(api_keys::revoke)),
        ("/admin/retail/{merchant}/allowed-ips", get(allowed_ips::list).post(allowed_ips::allow).delete(allowed_ips::disallow)),
        ("/admin/retail/{merchant}/server-keys", get(server_keys::list).post(server_keys::add).delete(server_keys::remove)),
        ("/admin/signing-keys", get(signing_keys::list)),
        ("/admin/signing-keys/rotate", post(signing_keys::rotate)),
        ("/admin/gift-cards", post(gift_cards::issue)),
        ("/admin/tokens", get(tokens::list).post(tokens::issue)),
        ("/admin/tokens/{token}/revoke", post(tokens::revoke)),
        ("/admin/tokens/{token}/rotate", post(tokens::rotate)),
        ("/admin/webhooks", get(webhooks::list)),
        ("/admin/webhooks/{seq}", get(webhooks::show)),
        ("/admin/webhooks/{seq}/redeliver", post(webhooks::redeliver)),
        ("/admin/clock", get(clock::show)),
        ("/admin/clock/advance", post(clock::advance)),
        ("/admin/loans", get(loans::show)),
        ("/admin/orders/{order}", get(orders::show)),
    ];
    for (path, methods) in operations {
        router = router.route(path, methods.clone()).route(&format!("{path}/"), methods);
    }
    router
        .route("/admin", any(nothing_here))
        .route("/admin/", any(nothing_here))
        .route("/admin/{*rest}", any(nothing_here))
        .method_not_allowed_fallback(wrong_verb)
        .route_layer(from_fn_with_state(cx.clone(), must_be_operator))
        .with_state(cx)
}

async fn must_be_operator(State(cx): State<Cx>, request: Request, next: Next) -> Response {
    match caller::operator(&cx, bearer_token(request.headers())) {
        Ok(()) => next.run(request).await,
        Err(error) => Problem::from(error).into_response(),
    }
}

async fn nothing_here() -> Problem {
    Problem::of_class(Class::NotFound)
}

/// The `Allow` header is added by the router, which knows the methods.
async fn wrong_verb() -> Problem {
    Problem::of_class(Class::MethodNotAllowed)
}

/// Whether `path` belongs to this API, so that failures there are told in its dialect.
pub fn claims(path: &str) -> bool {
    path.strip_prefix("/admin").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Tells a failure that no handler of this API made.
pub fn fallback(_path: &str, class: Class) -> Response {
    Problem::of_class(class).into_response()
}
