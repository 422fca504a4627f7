//! Captures, voids and refunds of an intent.
//!
//! An intent is captured or cancelled once, so its own state tells of those; a refund is found by the key in its metadata.

use serde_json::Value;

use super::form::Form;
use super::intent::{self, Listed};
use super::{KEY, StripeAcquirer, decline};
use crate::{ConnectError, Decline, DeclineReason, Move, MoveKind, Moved};

impl StripeAcquirer {
    pub(super) async fn take(&self, order: Move<'_>) -> Result<Moved, ConnectError> {
        if !intent::is_id(order.of) {
            return Ok(Moved::Declined(decline::not_found()));
        }
        let form = Form::default().with("amount_to_capture", &order.amount.minor().to_string());
        match self.post(&format!("/v1/payment_intents/{}/capture", order.of), form, &named(MoveKind::Capture, &order)).await? {
            Ok(intent) => match intent::status(&intent) {
                "succeeded" => Ok(done(order.of)),
                other => Err(intent::under_way(other)),
            },
            Err(declined) => Ok(Moved::Declined(declined)),
        }
    }

    /// Cancels what is only authorised, and gives back what was captured: Stripe cancels nothing that has succeeded.
    pub(super) async fn release(&self, order: Move<'_>) -> Result<Moved, ConnectError> {
        let payment = match self.payment(&order).await? {
            Ok(payment) => payment,
            Err(declined) => return Ok(Moved::Declined(declined)),
        };
        if intent::status(&payment) == "succeeded" {
            return self.give_back(order, MoveKind::Void).await;
        }
        match self.post(&format!("/v1/payment_intents/{}/cancel", order.of), Form::default(), &named(MoveKind::Void, &order)).await? {
            Ok(_) => Ok(done(order.of)),
            Err(declined) => Ok(Moved::Declined(declined)),
        }
    }

    pub(super) async fn give_back(&self, order: Move<'_>, kind: MoveKind) -> Result<Moved, ConnectError> {
        let form = Form::default()
            .with("payment_intent", order.of)
            .with("amount", &order.amount.minor().to_string())
            .about(KEY, &order.key)
            .about("florin_merchant", order.merchant)
            .about("florin_order", order.reference);
        match self.post("/v1/refunds", form, &named(kind, &order)).await? {
            Ok(refund) => refunded(&refund),
            Err(declined) => Ok(Moved::Declined(declined)),
        }
    }

    pub(super) async fn look_up(&self, kind: MoveKind, order: Move<'_>) -> Result<Option<Moved>, ConnectError> {
        let Ok(payment) = self.payment(&order).await? else { return Ok(None) };
        match (kind, intent::status(&payment)) {
            (_, status @ "processing") => Err(intent::under_way(status)),
            (MoveKind::Capture, "succeeded") if captured_is(&payment, order.amount.minor()) => Ok(Some(done(order.of))),
            (MoveKind::Void, "canceled") => Ok(Some(done(order.of))),
            (MoveKind::Void | MoveKind::Refund, "succeeded") => self.refund_of(&order).await,
            _ => Ok(None),
        }
    }

    async fn refund_of(&self, order: &Move<'_>) -> Result<Option<Moved>, ConnectError> {
        let list = format!("/v1/refunds?payment_intent={}&", order.of);
        match self.listed(&list, |refund| intent::carries(refund, &order.key)).await? {
            Listed::Found(refund) => refunded(&refund).map(Some),
            Listed::Nowhere => Ok(None),
            Listed::BeyondReach => Err(ConnectError::Unavailable("the payment has too many refunds to read".to_owned())),
        }
    }

    async fn payment(&self, order: &Move<'_>) -> Result<Result<Value, Decline>, ConnectError> {
        if !intent::is_id(order.of) {
            return Ok(Err(decline::not_found()));
        }
        self.get(&format!("/v1/payment_intents/{}", order.of)).await
    }
}

/// The key under which a movement is posted. Verbs are kept apart, as Stripe takes one key for one kind of request.
fn named(kind: MoveKind, order: &Move<'_>) -> String {
    format!("{}-{}", kind.name(), order.key)
}

fn done(reference: &str) -> Moved {
    Moved::Done { reference: reference.to_owned() }
}

/// Whether what was captured is `minor` units. An API that does not tell captures an intent once all the same.
fn captured_is(payment: &Value, minor: i64) -> bool {
    payment["amount_received"].as_i64().is_none_or(|received| received == minor)
}

fn refunded(refund: &Value) -> Result<Moved, ConnectError> {
    let id = super::id_of(refund)?;
    if matches!(intent::status(refund), "failed" | "canceled") {
        let message = "The refund could not be paid out.".to_owned();
        return Ok(Moved::Declined(Decline { reason: DeclineReason::Technical, network_code: "96".to_owned(), message }));
    }
    Ok(Moved::Done { reference: id })
}
