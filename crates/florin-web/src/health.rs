//! Health: is the process alive, and is it ready for work.
//!
//! `/healthz` asks nobody; `/readyz` asks what it was given. Neither says why in its answer: the log does.

use std::future::Future;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;

use crate::problem::{Class, plain_text};

/// `GET /healthz` and `GET /readyz`; `ready` says what is missing, if anything.
pub fn routes<F, R>(ready: F) -> Router
where
    F: Fn() -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<(), String>> + Send,
{
    let readyz = move || {
        let state = ready();
        async move { readiness(state.await) }
    };
    Router::new().route("/healthz", get(async || alive())).route("/readyz", get(readyz))
}

fn alive() -> Response {
    plain_text(StatusCode::OK, "ok", None)
}

fn readiness(state: Result<(), String>) -> Response {
    match state {
        Ok(()) => plain_text(StatusCode::OK, "ready", None),
        Err(missing) => {
            tracing::warn!(%missing, "not ready");
            Class::Unavailable { retry_after: Duration::from_secs(1) }.plain()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use tower::ServiceExt;

    use super::*;

    async fn status(ready: bool, path: &str) -> StatusCode {
        let routes = routes(move || async move { if ready { Ok(()) } else { Err("the store is away".to_owned()) } });
        routes.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap().status()
    }

    #[tokio::test]
    async fn a_process_that_is_not_ready_is_still_alive() {
        assert_eq!((status(true, "/healthz").await, status(true, "/readyz").await), (StatusCode::OK, StatusCode::OK));
        assert_eq!((status(false, "/healthz").await, status(false, "/readyz").await), (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE));
    }
}
