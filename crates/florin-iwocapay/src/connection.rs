//! `GET …/seller/{seller}/connection_check/`: does this token belong to this seller here?

use axum::extract::State;
use axum::response::Response;
use florin_service::idempotency::Answer;
use florin_web::Surface;

use crate::call::Call;
use crate::order;

/// Says yes; a wrong token or seller never comes this far.
pub async fn check(State(surface): State<Surface>, call: Call) -> Response {
    let outcome = call.check_version(&surface).map(|()| Answer { status: 200, body: connected(&surface, &call), replayed: false });
    call.respond(outcome)
}

fn connected(surface: &Surface, call: &Call) -> Vec<u8> {
    order::data(|data| {
        data.plain("seller_id", call.caller.seller.id).text("seller_name", &call.caller.seller.name);
        data.plain("environment", surface.cx.policy.environment.name());
    })
}
