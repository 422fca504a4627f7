//! `POST …/openpay/payments`, `…/completions`, `…/voids` and `…/refunds`: barcodes that shoppers show at a till.
//!
//! Tells what came of them as payments and their follow-ups are told, with what Openpay says beside it. Source:
//! `docs/wire/wpay.md`, "Openpay".

mod order;
mod outcome;
pub mod plan;

use florin_service::openpay;
use florin_web::Surface;

use self::order::{CompletionsRequest, PaymentsRequest, RefundsRequest, VoidsRequest};
use crate::call::Call;
use crate::error::Refusal;
use crate::follow_ups::{COMPLETION, OPENPAY_VOID, REFUND, tell_with_plans};
use crate::headers::STORE_ID;
use crate::payments::REFERENCE_MAX;
use crate::reply::Reply;

/// Pays with barcodes.
pub async fn pay(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let order = call.json::<PaymentsRequest>()?.read();
    let barcodes: Vec<_> = order.items.iter().map(|item| item.barcode.clone()).collect();
    let paid = openpay::pay(&surface.cx, call.shopper()?, order, call.key()).await?;
    outcome::tell(&barcodes, &paid)
}

/// Takes held money.
pub async fn complete(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let order = call.json::<CompletionsRequest>()?.read(store(&call)?)?;
    let answer = openpay::complete(&surface.cx, &call.merchant, order.clone(), call.key()).await?;
    tell_with_plans(&COMPLETION, &order, &answer)
}

/// Frees held money.
pub async fn void(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let order = call.json::<VoidsRequest>()?.read(store(&call)?)?;
    let answer = openpay::void(&surface.cx, &call.merchant, order.clone(), call.key()).await?;
    tell_with_plans(&OPENPAY_VOID, &order, &answer)
}

/// Gives money back.
pub async fn refund(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let order = call.json::<RefundsRequest>()?.read(store(&call)?)?;
    let answer = openpay::refund(&surface.cx, &call.merchant, order.clone(), call.key()).await?;
    tell_with_plans(&REFUND, &order, &answer)
}

/// The shop that a header names, for bodies that name none.
fn store(call: &Call) -> Result<Option<String>, Refusal> {
    match call.header(STORE_ID) {
        Some(store) if store.len() > REFERENCE_MAX => {
            Err(Refusal::invalid(format!("The header {STORE_ID} is longer than {REFERENCE_MAX} characters.")))
        }
        store => Ok(store.map(str::to_owned)),
    }
}
