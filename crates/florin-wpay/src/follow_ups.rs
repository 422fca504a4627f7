//! `POST …/completions`, `…/voids` and `…/refunds`: what a merchant's server does with a payment afterwards.

pub mod order;
mod outcome;

use florin_service::follow_ups;
use florin_web::Surface;

use self::order::{CompletionsRequest, RefundsRequest, VoidsRequest};
pub use self::outcome::{COMPLETION, OPENPAY_VOID, REFUND, VOID, Verb, refuse, tell_with_plans};
use crate::call::Call;
use crate::error::Refusal;
use crate::reply::Reply;

/// Takes held money.
pub async fn complete(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let order = call.json::<CompletionsRequest>()?.read()?;
    let answer = follow_ups::complete(&surface.cx, &call.merchant, order.clone(), call.key()).await?;
    outcome::tell(&COMPLETION, &order, &answer)
}

/// Frees held money.
pub async fn void(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let order = call.json::<VoidsRequest>()?.read()?;
    let answer = follow_ups::void(&surface.cx, &call.merchant, order.clone(), call.key()).await?;
    outcome::tell(&VOID, &order, &answer)
}

/// Gives money back.
pub async fn refund(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let order = call.json::<RefundsRequest>()?.read()?;
    let answer = follow_ups::refund(&surface.cx, &call.merchant, order.clone(), call.key()).await?;
    outcome::tell(&REFUND, &order, &answer)
}
