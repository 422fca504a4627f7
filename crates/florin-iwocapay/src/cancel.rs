//! `DELETE …/order/{order}/`: a seller no longer wants to be paid.

use axum::extract::State;
use axum::response::Response;
use florin_service::idempotency::Answer;
use florin_service::{Tx, orders};
use florin_web::Surface;

use crate::call::Call;
use crate::fault::Refusal;

/// Ends the order; one that is final already stays as it is, and the answer says so.
pub async fn cancel(State(surface): State<Surface>, call: Call) -> Response {
    let outcome = end(&surface, &call).await;
    call.respond(outcome)
}

async fn end(surface: &Surface, call: &Call) -> Result<Answer, Refusal> {
    call.check_version(surface)?;
    let (seller, id, now) = (call.caller.seller.id, call.order()?, surface.cx.clock.now());
    let ticket = call.ticket(surface, "cancel", id.as_bytes())?;
    let end = move |tx: &mut Tx<'_>| {
        orders::cancel(tx, seller, id, now)?;
        Ok(Answer { status: 204, body: Vec::new(), replayed: false })
    };
    ticket.once(surface, end).await
}
