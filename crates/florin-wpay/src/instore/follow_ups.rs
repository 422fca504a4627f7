//! What a merchant's server does with a transaction afterwards: refunds, completions, voids.

use florin_domain::payment::TransactionState;
use florin_service::follow_ups::FollowItem;
use florin_service::instore::{self, FollowedUp, InStoreFollowUp};
use florin_service::occasions::InStoreTransaction;
use florin_web::Surface;
use http::StatusCode;
use serde::Deserialize;

use super::beside::Beside;
use super::envelope::{Sent, tell};
use super::refusal::{Outcome, Unfit};
use super::transaction::{TransactionBody, View};
use super::transactions::id;
use crate::call::Call;
use crate::error::Refusal;
use crate::fields::Text;
use crate::follow_ups::{COMPLETION, REFUND, VOID, Verb, refuse};
use crate::maybe::Maybe;
use crate::money::Amount;
use crate::payments::{PARTS_MAX, REFERENCE_MAX};
use crate::reply::Reply;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundSent {
    reason: Text,
    #[serde(default)]
    client_reference: Maybe<Text<REFERENCE_MAX>>,
    #[serde(default)]
    order_number: Maybe<Text<REFERENCE_MAX>>,
    sub_transactions: Option<Vec<RefundPart>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundPart {
    sub_transaction_ref: Text<REFERENCE_MAX>,
    amount: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CompletionSent {
    client_reference: Text<REFERENCE_MAX>,
    #[serde(default)]
    order_number: Maybe<Text<REFERENCE_MAX>>,
    completions: Option<Vec<CompletionPart>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CompletionPart {
    payment_transaction_ref: Text<REFERENCE_MAX>,
    amount: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VoidSent {
    client_reference: Text<REFERENCE_MAX>,
    #[serde(default)]
    order_number: Maybe<Text<REFERENCE_MAX>>,
    voids: Option<Vec<VoidPart>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VoidPart {
    payment_transaction_ref: Text<REFERENCE_MAX>,
}

impl From<RefundPart> for FollowItem {
    fn from(part: RefundPart) -> Self {
        Self { reference: part.sub_transaction_ref.into_string(), amount: Some(part.amount.money()) }
    }
}

impl From<CompletionPart> for FollowItem {
    fn from(part: CompletionPart) -> Self {
        Self { reference: part.payment_transaction_ref.into_string(), amount: Some(part.amount.money()) }
    }
}

impl From<VoidPart> for FollowItem {
    fn from(part: VoidPart) -> Self {
        Self { reference: part.payment_transaction_ref.into_string(), amount: None }
    }
}

/// The parts that are named; nothing means all that there is. An empty list is a mistake, and is not taken for all.
fn items<I: Into<FollowItem>>(field: &'static str, parts: Option<Vec<I>>) -> Result<Option<Vec<FollowItem>>, Refusal> {
    let Some(parts) = parts else { return Ok(None) };
    if parts.is_empty() || parts.len() > PARTS_MAX {
        return Err(Refusal::invalid(format!("data.{field} must hold 1 to {PARTS_MAX} of them, or be left out.")));
    }
    Ok(Some(parts.into_iter().map(Into::into).collect()))
}

/// `POST …/merchant/transactions/{transactionId}/refund`
pub async fn refund(surface: Surface, call: Call) -> Outcome {
    let sent = call.json::<Sent<RefundSent>>()?.data;
    let order = InStoreFollowUp {
        reason: Some(sent.reason.into_string()),
        client_reference: sent.client_reference.0.map(Text::into_string),
        order_number: sent.order_number.0.map(Text::into_string),
        items: items("subTransactions", sent.sub_transactions)?,
    };
    let answer = instore::refund(&surface.cx, &call.merchant, id(&call)?, order, call.key()).await?;
    told_refund(&answer)
}

/// `POST …/merchant/transactions/{transactionId}/completion`
pub async fn complete(surface: Surface, call: Call) -> Outcome {
    let sent = call.json::<Sent<CompletionSent>>()?.data;
    let order = follow_up((sent.client_reference, sent.order_number), items("completions", sent.completions)?);
    let answer = instore::complete(&surface.cx, &call.merchant, id(&call)?, order, call.key()).await?;
    told(&COMPLETION, &answer)
}

/// `POST …/merchant/transactions/{transactionId}/void`
pub async fn void(surface: Surface, call: Call) -> Outcome {
    let sent = call.json::<Sent<VoidSent>>()?.data;
    let order = follow_up((sent.client_reference, sent.order_number), items("voids", sent.voids)?);
    let answer = instore::void(&surface.cx, &call.merchant, id(&call)?, order, call.key()).await?;
    told(&VOID, &answer)
}

type Names = (Text<REFERENCE_MAX>, Maybe<Text<REFERENCE_MAX>>);

fn follow_up((client_reference, order_number): Names, items: Option<Vec<FollowItem>>) -> InStoreFollowUp {
    let client_reference = Some(client_reference.into_string());
    InStoreFollowUp { reason: None, client_reference, order_number: order_number.0.map(Text::into_string), items }
}

/// Tells what came of a completion or a void. What the network refused is an error with the parts beside it, as the contract has
/// it.
fn told(verb: &'static Verb, answer: &FollowedUp) -> Outcome {
    match &answer.made {
        Some(made) if made.transaction.state != TransactionState::Rejected => Ok(tell_made(made)),
        Some(_) | None => Err(Unfit::from(refuse(verb, &answer.items))),
    }
}

/// Tells what came of a refund. What the network refused is a 200 like every other movement of money; the contract knows no 400
/// here, so that parts that cannot be given back are told as what cannot be used.
fn told_refund(answer: &FollowedUp) -> Outcome {
    match &answer.made {
        Some(made) => Ok(tell_made(made)),
        None => Err(Unfit::from(refuse(&REFUND, &answer.items).at(StatusCode::UNPROCESSABLE_ENTITY))),
    }
}

fn tell_made(made: &InStoreTransaction) -> Reply {
    tell(&TransactionBody::of(made, View::Merchant, &Beside::default()))
}

#[cfg(test)]
mod tests {
    use florin_domain::fault::Fault;
    use florin_service::follow_ups::FollowedItem;

    use super::*;

    #[test]
    fn parts_are_named_or_left_out() {
        let refund = |more: &str| serde_json::from_str::<RefundSent>(&format!(r#"{{"reason":"r"{more}}}"#));
        let named = |more: &str| items("subTransactions", refund(more).unwrap().sub_transactions);
        assert!(named("").unwrap().is_none() && named(r#","subTransactions":null"#).unwrap().is_none());
        let one = named(r#","subTransactions":[{"subTransactionRef":"1000000000000002","amount":12.99}]"#).unwrap().unwrap();
        assert_eq!((one[0].reference.as_str(), one[0].amount.map(florin_domain::Money::minor)), ("1000000000000002", Some(1_299)));
        assert!(named(r#","subTransactions":[]"#).is_err(), "not all of it by mistake");
        for bad in [r#","subTransactions":[{"subTransactionRef":"1"}]"#, r#","subTransactions":[{"subTransactionRef":"1","amount":-1}]"#] {
            assert!(refund(bad).is_err(), "{bad}");
        }
        let void: VoidSent =
            serde_json::from_str(r#"{"clientReference":"c","voids":[{"paymentTransactionRef":"1000000000000002"}]}"#).unwrap();
        assert_eq!(items("voids", void.voids).unwrap().unwrap()[0].amount, None);
    }

    #[test]
    fn parts_that_were_refused_before_anything_moved_say_why() {
        let answer = || {
            let item = FollowedItem { asked: "1".to_owned(), movement: None, fault: Some(Fault::OriginalNotFound) };
            FollowedUp { made: None, items: vec![item] }
        };
        let outcomes = [
            (told_refund(&answer()), 422, "refundResponses"),
            (told(&COMPLETION, &answer()), 400, "completionResponses"),
            (told(&VOID, &answer()), 400, "voidResponses"),
        ];
        for (outcome, status, array) in outcomes {
            let refusal = Refusal::from(outcome.unwrap_err());
            let body = serde_json::to_value(&refusal).unwrap();
            assert_eq!(refusal.status().as_u16(), status);
            assert_eq!((body["errorCode"].as_str(), body[array][0]["errorCode"].as_str()), (Some("BI52"), Some("BI55")));
        }
    }
}
