//! `/admin/clock`: what time it is here, and, in the sandbox, moving it forward.

use axum::extract::State;
use axum::response::Response;
use florin_domain::Timestamp;
use florin_service::{Cx, clock};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::body::{Sent, json};
use crate::problem::Problem;

/// How far to move.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advance {
    by: String,
}

#[derive(Serialize)]
struct ClockBody {
    now: String,
    environment: &'static str,
}

#[derive(Serialize)]
struct AdvancedBody {
    now: String,
    jobs_run: u32,
    webhooks_sent: u32,
}

/// `GET /admin/clock`
pub async fn show(State(cx): State<Cx>) -> Response {
    let now: Timestamp = cx.clock.now();
    json(StatusCode::OK, &ClockBody { now: now.to_string(), environment: cx.policy.environment.name() })
}

/// `POST /admin/clock/advance`: answers when everything that fell due has been done.
pub async fn advance(State(cx): State<Cx>, Sent(advance): Sent<Advance>) -> Result<Response, Problem> {
    let by = clock::parse_span(&advance.by);
    let by = by.ok_or_else(|| Problem::invalid("by", "must be a span of time, such as 35d, 90m, 1h30m or 45s"))?;
    let advanced = clock::advance(&cx, by).await?;
    let body = AdvancedBody { now: advanced.now.to_string(), jobs_run: advanced.jobs_run, webhooks_sent: advanced.webhooks_sent };
    Ok(json(StatusCode::OK, &body))
}
