//! `POST …/payments` and `POST …/guest/payments`: a shopper pays with one or several instruments.

mod details;
pub mod item;
pub mod kinds;
mod order;
pub mod outcome;
#[cfg(test)]
mod outcome_tests;
#[cfg(test)]
pub mod sample_tests;

use florin_service::fraud;
use florin_service::payments::{self, PayAnswer};
use florin_web::Surface;

use crate::call::Call;
use crate::error::Refusal;
use crate::reply::Reply;

pub use self::details::{Details, StepUp, step_up};
use self::order::PaymentsRequest;

/// The longest client reference, order number and name of an instrument or a movement, in characters.
pub const REFERENCE_MAX: usize = 100;
/// The most instruments of one payment, and the most movements of one follow-up.
pub const PARTS_MAX: usize = 20;

/// Takes the payment, and tells what came of each instrument.
pub async fn pay(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let shopper = call.shopper()?;
    let asked = call.json::<PaymentsRequest>()?.read()?;
    let is_screened = asked.order.fraud.is_some();
    match payments::pay(&surface.cx, shopper, asked.order, call.key()).await? {
        PayAnswer::Unknown(places) => Err(outcome::unknown(&asked.names, &places)),
        PayAnswer::Concluded(transaction) => {
            let details = Details::of(&surface.cx, shopper.wallet, &transaction).await?;
            let decision = if is_screened { fraud::decision(&surface.cx, transaction.receipt).await? } else { None };
            outcome::tell(&transaction, &details, asked.store.as_ref(), decision.as_ref())
        }
    }
}
