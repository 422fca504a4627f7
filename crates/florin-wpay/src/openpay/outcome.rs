//! The answer to a payment with Openpay: what came of each barcode.
//!
//! Such a payment is made in full or not at all, because the contract has no word for anything between.

use florin_domain::movement::Movement;
use florin_service::openpay::OpenpayPaid;
use serde::Serialize;

use super::plan;
use crate::error::Refusal;
use crate::payments::item::{Extended, External, Reason, refused};
use crate::payments::outcome::refusal;
use crate::reply::Reply;

const LINES: &str = "paymentResponses";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PaidBody<'t> {
    transaction_receipt: String,
    payment_responses: Vec<PaidLine<'t>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PaidLine<'t> {
    payment_token: &'t str,
    payment_transaction_ref: String,
    extended_transaction_data: Vec<Extended<'t>>,
    #[serde(flatten)]
    external: External<'t>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RefusedLine<'t> {
    payment_token: &'t str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_transaction_ref: Option<String>,
    #[serde(flatten)]
    reason: Reason,
    #[serde(flatten)]
    external: External<'t>,
}

/// Tells what came of a payment with `barcodes`.
pub fn tell(barcodes: &[String], paid: &OpenpayPaid) -> Result<Reply, Refusal> {
    let transaction = &paid.transaction;
    let shown = barcodes.iter().map(String::as_str).zip(&transaction.movements);
    if let Some(refusal) = refusal(transaction) {
        let lines = shown.map(|(payment_token, movement)| {
            let (payment_transaction_ref, reason) = refused(movement, transaction.is_open());
            RefusedLine { payment_token, payment_transaction_ref, reason, external: said(movement) }
        });
        return Err(refusal.with(LINES, &lines.collect::<Vec<_>>()));
    }
    let lines = shown.map(|(payment_token, movement)| {
        let part = paid.parts.iter().find(|part| part.reference == movement.reference);
        PaidLine {
            payment_token,
            payment_transaction_ref: movement.reference.to_string(),
            extended_transaction_data: part.and_then(|part| part.plan.as_ref()).map(plan::told).unwrap_or_default(),
            external: said(movement),
        }
    });
    Ok(Reply::ok(&PaidBody { transaction_receipt: transaction.receipt.to_string(), payment_responses: lines.collect() }))
}

/// The contract wants Openpay's words even where it was not asked or did not answer.
fn said(movement: &Movement) -> External<'_> {
    External::of(movement).unwrap_or(External::new("", ""))
}

#[cfg(test)]
mod tests {
    use florin_domain::Timestamp;
    use florin_domain::fault::Fault;
    use florin_domain::instrument::InstrumentKind;
    use florin_domain::movement::MovementState;
    use florin_domain::openpay::{OpenpayAccount, OpenpayPart, OpenpayPlan};
    use florin_domain::payment::{Atomicity, TransactionState};
    use serde_json::{Value, json};

    use super::*;
    use crate::payments::sample_tests::{done, movement, payment, said as words, with};

    fn paid(state: TransactionState, movements: Vec<Movement>) -> OpenpayPaid {
        let account = OpenpayAccount { id: "BA1".to_owned(), name: "Acme Pty Ltd".to_owned(), abn: "51000000001".to_owned() };
        let plan = OpenpayPlan {
            transaction: "OPY-1".to_owned(),
            order: "OPO-1".to_owned(),
            method: "INSTALMENTS".to_owned(),
            created_at: Timestamp::from_micros(0),
            account: Some(account),
        };
        let part = |movement: &Movement| OpenpayPart {
            reference: movement.reference,
            store: None,
            channel: None,
            gst: None,
            reason: None,
            plan: movement.done_reference().map(|_| plan.clone()),
        };
        let parts = movements.iter().map(part).collect();
        OpenpayPaid { transaction: payment(state, Atomicity::AllOrNothing, movements), parts }
    }

    fn ended(number: i64, state: MovementState, service: Option<(&str, &str)>) -> Movement {
        let service = service.map(|(code, message)| words(code, message));
        with(InstrumentKind::Openpay, Movement { state, service, ..movement(number, 1_250) })
    }

    fn told(paid: &OpenpayPaid) -> (u16, Value) {
        let barcodes = ["690000000017".to_owned(), "690000000051".to_owned()];
        let (status, body) = match tell(&barcodes, paid) {
            Ok(reply) => (reply.status, reply.body),
            Err(refusal) => (refusal.status(), serde_json::to_vec(&refusal).unwrap()),
        };
        (status.as_u16(), serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn a_payment_is_told_with_openpays_particulars() {
        let (status, body) = told(&paid(TransactionState::Approved, vec![ended(1, done(), Some(("00", "APPROVED")))]));
        let facts = [
            ("openPayTransactionId", "OPY-1"),
            ("openPayOrderId", "OPO-1"),
            ("openPayPaymentMethod", "INSTALMENTS"),
            ("openPayCreatedAt", "1970-01-01T00:00:00.000Z"),
            ("openPayBillingAccountId", "BA1"),
            ("openPayBillingAccountName", "Acme Pty Ltd"),
            ("openPayBillingAccountABN", "51000000001"),
        ];
        let facts: Vec<_> = facts.iter().map(|(field, value)| json!({ "field": field, "value": value })).collect();
        let expected = json!({
            "transactionReceipt": "1000000000000001",
            "paymentResponses": [{
                "paymentToken": "690000000017", "paymentTransactionRef": "1000000000000002", "extendedTransactionData": facts,
                "externalServiceCode": "00", "externalServiceMessage": "APPROVED",
            }],
        });
        assert_eq!((status, body), (200, expected));
    }

    #[test]
    fn a_refused_barcode_says_why_and_the_other_that_it_was_put_back() {
        let refused = ended(2, MovementState::Refused { fault: Fault::Declined }, Some(("05", "Openpay declined the purchase.")));
        let back = ended(1, MovementState::Reversed { reference: "OPY-1".to_owned() }, Some(("00", "APPROVED")));
        let (status, body) = told(&paid(TransactionState::Rejected, vec![back, refused]));
        let lines = &body["paymentResponses"];
        assert_eq!((status, &body["errorCode"]), (400, &json!("BI52")));
        assert_eq!((&lines[0]["errorCode"], &lines[1]["errorCode"]), (&json!("BI52"), &json!("ES52")));
        assert_eq!((&lines[1]["paymentToken"], &lines[1]["externalServiceCode"]), (&json!("690000000051"), &json!("05")));
        assert!(lines[0].get("paymentTransactionRef").is_none() && lines[1].get("paymentTransactionRef").is_none());
    }

    #[test]
    fn an_unknown_outcome_can_be_looked_up() {
        let (status, body) = told(&paid(TransactionState::Processing, vec![ended(1, MovementState::Asked, None)]));
        let line = &body["paymentResponses"][0];
        assert_eq!((status, &line["errorCode"], &line["externalServiceCode"]), (502, &json!("ES36"), &json!("")));
        assert_eq!(line["paymentTransactionRef"], "1000000000000002");
    }
}
