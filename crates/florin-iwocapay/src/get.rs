//! `GET …/order/{order}/`: a seller looks at its order. Changes nothing, however often it is called.

use axum::extract::State;
use axum::response::Response;
use florin_service::idempotency::Answer;
use florin_service::{Tx, orders};
use florin_web::Surface;

use crate::call::Call;
use crate::fault::Refusal;
use crate::order;

/// Shows the order.
pub async fn get(State(surface): State<Surface>, call: Call) -> Response {
    let outcome = show(&surface, &call).await;
    call.respond(outcome)
}

async fn show(surface: &Surface, call: &Call) -> Result<Answer, Refusal> {
    call.check_version(surface)?;
    let (seller, id) = (call.caller.seller.id, call.order()?);
    let order = surface.cx.store.read(move |tx: &mut Tx<'_>| orders::find(tx, seller, id)).await?;
    Ok(Answer { status: 200, body: order::shown(&order, &call.caller.seller), replayed: false })
}
