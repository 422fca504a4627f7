//! The answers to completions, voids and refunds: one shape, with each verb's own names for its fields.

use florin_domain::Money;
use florin_domain::fault::Fault;
use florin_domain::movement::{Movement, MovementState};
use florin_domain::openpay::OpenpayPart;
use florin_service::follow_ups::{FollowAnswer, FollowUp, FollowedItem};
use florin_service::openpay::{OpenpayFollowUp, OpenpayFollowed};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::error::{Code, Refusal};
use crate::money::Amount;
use crate::openpay::plan;
use crate::payments::item::{Extended, External, Reason};
use crate::payments::outcome::unknown_outcome;
use crate::reply::Reply;

/// The words of one verb.
#[derive(Debug)]
pub struct Verb {
    /// The array of the answer.
    array: &'static str,
    /// The field that names what the verb made.
    reference: &'static str,
    /// Whether its answer tells amounts.
    has_amount: bool,
    /// What a network says when it finds nothing to do it to.
    not_found: &'static str,
}

/// Taking held money.
pub const COMPLETION: Verb = Verb {
    array: "completionResponses",
    reference: "completionTransactionRef",
    has_amount: true,
    not_found: "INVALID COMPLETION AUTH NOT FOUND",
};
/// Freeing held money.
pub const VOID: Verb =
    Verb { array: "voidResponses", reference: "voidTransactionRef", has_amount: false, not_found: "INVALID VOID AUTH NOT FOUND" };
/// Freeing held money of Openpay's, which tells how much.
pub const OPENPAY_VOID: Verb = Verb { has_amount: true, ..VOID };
/// Giving money back. Amounts are positive here.
pub const REFUND: Verb =
    Verb { array: "refundResponses", reference: "refundTransactionRef", has_amount: true, not_found: "INVALID REFUND AUTH NOT FOUND" };

/// What came of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    Refused,
    Unknown,
}

fn fate(item: &FollowedItem) -> Fate {
    match item.movement.as_ref().map(|movement| &movement.state) {
        Some(MovementState::Done { .. }) => Fate::Done,
        Some(MovementState::Asked) => Fate::Unknown,
        Some(MovementState::Refused { .. } | MovementState::Reversing { .. } | MovementState::Reversed { .. }) | None => Fate::Refused,
    }
}

/// A field whose name depends on the verb.
#[derive(Debug)]
struct Named<T>(&'static str, T);

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut field = serializer.serialize_map(Some(1))?;
        field.serialize_entry(self.0, &self.1)?;
        field.end()
    }
}

/// One item of the answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'t> {
    payment_transaction_ref: &'t str,
    #[serde(flatten)]
    made: Option<Named<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Amount>,
    /// With Openpay only of what failed, as its contract has it.
    #[serde(flatten)]
    reason: Option<Reason>,
    /// With Openpay only.
    #[serde(skip_serializing_if = "Option::is_none")]
    extended_transaction_data: Option<Vec<Extended<'t>>>,
    #[serde(flatten)]
    external: External<'t>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FollowUpBody<'t> {
    transaction_receipt: String,
    /// The contract has no such word for Openpay, so that it is told there only where there is no other way to say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    partial_success: Option<bool>,
    #[serde(flatten)]
    lines: Named<Vec<Line<'t>>>,
}

impl<'t> Line<'t> {
    /// A line beside others that were done. The contract wants a reference and an amount even where nothing was made.
    fn of_success(verb: &'static Verb, item: &'t FollowedItem, asked: Option<Money>) -> Self {
        let movement = item.movement.as_ref();
        let made = movement.map(|movement| movement.reference.to_string()).unwrap_or_default();
        let amount = movement.map(|movement| movement.amount).or(asked).filter(|_| verb.has_amount);
        Self { made: Some(Named(verb.reference, made)), amount: amount.map(Amount::from), ..Self::new(verb, item) }
    }

    /// The same line with what Openpay answered.
    fn with_plan(self, item: &FollowedItem, parts: &'t [OpenpayPart]) -> Self {
        let made = item.movement.as_ref().map(|movement| movement.reference);
        let plan = parts.iter().find(|part| Some(part.reference) == made).and_then(|part| part.plan.as_ref());
        let reason = self.reason.filter(|_| fate(item) != Fate::Done);
        Self { reason, extended_transaction_data: Some(plan.map(plan::told).unwrap_or_default()), ..self }
    }

    /// A line where nothing is known to have been done. What may have been is named, so that it can be looked up.
    fn of_refusal(verb: &'static Verb, item: &'t FollowedItem) -> Self {
        let movement = item.movement.as_ref().filter(|_| fate(item) == Fate::Unknown);
        let made = movement.map(|movement| Named(verb.reference, movement.reference.to_string()));
        Self { made, ..Self::new(verb, item) }
    }

    fn new(verb: &'static Verb, item: &'t FollowedItem) -> Self {
        let movement = item.movement.as_ref();
        let refused_at_once = || Reason::of_fault(item.fault.unwrap_or(Fault::OriginalNotFound));
        Self {
            payment_transaction_ref: &item.asked,
            made: None,
            amount: None,
            reason: Some(movement.map_or_else(refused_at_once, Reason::of)),
            extended_transaction_data: None,
            external: movement.and_then(External::of).unwrap_or_else(|| unsaid(verb, item)),
        }
    }
}

/// Stands in for a network that was not asked or gave no answer: the contract wants its words.
fn unsaid(verb: &Verb, item: &FollowedItem) -> External<'static> {
    let fault = item.movement.as_ref().map_or(item.fault, Movement::fault);
    if fault == Some(Fault::OriginalNotFound) { External::new("0T", verb.not_found) } else { External::new("", "") }
}

/// Tells what came of a follow-up.
pub fn tell(verb: &'static Verb, order: &FollowUp, answer: &FollowAnswer) -> Result<Reply, Refusal> {
    conclude(verb, order.items.iter().map(|item| item.amount), answer, None)
}

/// Tells what came of a follow-up with Openpay.
pub fn tell_with_plans(verb: &'static Verb, order: &OpenpayFollowUp, answer: &OpenpayFollowed) -> Result<Reply, Refusal> {
    conclude(verb, order.items.iter().map(|item| item.amount), &answer.answer, Some(&answer.parts))
}

fn conclude(
    verb: &'static Verb,
    asked: impl Iterator<Item = Option<Money>>,
    answer: &FollowAnswer,
    parts: Option<&[OpenpayPart]>,
) -> Result<Reply, Refusal> {
    let done = answer.items.iter().filter(|item| fate(item) == Fate::Done).count();
    let Some(receipt) = answer.receipt.filter(|_| done > 0) else { return Err(refuse(verb, &answer.items)) };
    let lines = answer.items.iter().zip(asked).map(|(item, asked)| {
        let line = Line::of_success(verb, item, asked);
        match parts {
            Some(parts) => line.with_plan(item, parts),
            None => line,
        }
    });
    let lines = Named(verb.array, lines.collect());
    let is_partial = done < answer.items.len();
    let partial_success = (is_partial || parts.is_none()).then_some(is_partial);
    Ok(Reply::ok(&FollowUpBody { transaction_receipt: receipt.to_string(), partial_success, lines }))
}

/// Tells a follow-up of which nothing is known to have been done.
pub fn refuse(verb: &'static Verb, items: &[FollowedItem]) -> Refusal {
    let lines: Vec<_> = items.iter().map(|item| Line::of_refusal(verb, item)).collect();
    let is_unknown = items.iter().any(|item| fate(item) == Fate::Unknown);
    let refusal = if is_unknown { unknown_outcome() } else { Refusal::new(Code::Bi52, NOTHING_DONE) };
    refusal.with(verb.array, &lines)
}

const NOTHING_DONE: &str = "Nothing was done; each item says why.";

#[cfg(test)]
mod tests {
    use florin_domain::Currency;
    use florin_domain::movement::{MovementKind, Reference, Service};
    use florin_service::follow_ups::FollowItem;
    use serde_json::{Value, json};

    use super::*;
    use crate::payments::sample_tests::{done, movement};

    fn asked(amounts: &[i64]) -> FollowUp {
        let item = |minor: &i64| FollowItem { reference: "1000000000000002".to_owned(), amount: Some(Money::new(*minor, Currency::Aud)) };
        FollowUp { client_reference: "c".to_owned(), order_number: "o".to_owned(), items: amounts.iter().map(item).collect() }
    }

    fn made(number: i64, kind: MovementKind, state: MovementState) -> FollowedItem {
        let service =
            matches!(state, MovementState::Done { .. }).then(|| Service { code: "00".to_owned(), message: "APPROVED".to_owned() });
        let made = Movement { kind, state, service, ..movement(number, 1_299) };
        FollowedItem { asked: "1000000000000002".to_owned(), fault: made.fault(), movement: Some(made) }
    }

    fn refused(fault: Fault) -> FollowedItem {
        FollowedItem { asked: "1000000000000002".to_owned(), movement: None, fault: Some(fault) }
    }

    fn told(verb: &'static Verb, amounts: &[i64], items: Vec<FollowedItem>) -> (u16, Value) {
        let receipt = items.iter().any(|item| item.movement.is_some()).then_some(Reference::FIRST.plus(6));
        let (status, body) = match tell(verb, &asked(amounts), &FollowAnswer { receipt, items }) {
            Ok(reply) => (reply.status, reply.body),
            Err(refusal) => (refusal.status(), serde_json::to_vec(&refusal).unwrap()),
        };
        (status.as_u16(), serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn a_refund_is_told_with_a_positive_amount() {
        let expected = json!({
            "transactionReceipt": "1000000000000007",
            "partialSuccess": false,
            "refundResponses": [{
                "paymentTransactionRef": "1000000000000002",
                "refundTransactionRef": "1000000000000008",
                "amount": 12.99,
                "errorCode": null,
                "errorMessage": null,
                "errorDetail": null,
                "externalServiceCode": "00",
                "externalServiceMessage": "APPROVED",
            }],
        });
        assert_eq!(told(&REFUND, &[1_299], vec![made(7, MovementKind::Refund, done())]), (200, expected));
    }

    #[test]
    fn a_void_has_no_amount() {
        let (status, body) = told(&VOID, &[1], vec![made(7, MovementKind::Void, done())]);
        let line = &body["voidResponses"][0];
        assert_eq!((status, &line["voidTransactionRef"], line.get("amount")), (200, &json!("1000000000000008"), None));
    }

    #[test]
    fn what_failed_beside_a_success_has_every_field_too() {
        let items = vec![made(7, MovementKind::Completion, done()), refused(Fault::AboveAuthorisation)];
        let (status, body) = told(&COMPLETION, &[1_299, 50_000], items);
        let expected = json!({
            "paymentTransactionRef": "1000000000000002",
            "completionTransactionRef": "",
            "amount": 500,
            "errorCode": "ES122",
            "errorMessage": "Completion exceeds the pre-authorisation",
            "errorDetail": "The amount is more than was authorised.",
            "externalServiceCode": "",
            "externalServiceMessage": "",
        });
        assert_eq!((status, &body["partialSuccess"], &body["completionResponses"][1]), (200, &json!(true), &expected));
    }

    #[test]
    fn when_all_failed_each_says_why() {
        let (status, body) = told(&COMPLETION, &[1], vec![refused(Fault::OriginalNotFound)]);
        let expected = json!({
            "httpStatusCode": 400,
            "errorCode": "BI52",
            "errorMessage": "Payment failed",
            "errorDetail": "Nothing was done; each item says why.",
            "completionResponses": [{
                "paymentTransactionRef": "1000000000000002",
                "errorCode": "BI55",
                "errorMessage": "Original transaction not found",
                "errorDetail": "There is no such transaction, or it is in no state for this.",
                "externalServiceCode": "0T",
                "externalServiceMessage": "INVALID COMPLETION AUTH NOT FOUND",
            }],
        });
        assert_eq!((status, body), (400, expected));
    }

    #[test]
    fn an_unknown_outcome_is_neither_success_nor_failure() {
        let (status, body) = told(&REFUND, &[1], vec![made(7, MovementKind::Refund, MovementState::Asked)]);
        let line = &body["refundResponses"][0];
        assert_eq!((status, &body["errorCode"], &line["errorCode"]), (502, &json!("ES36"), &json!("ES36")));
        assert_eq!((&line["refundTransactionRef"], &line["externalServiceCode"]), (&json!("1000000000000008"), &json!("")));
    }
}
