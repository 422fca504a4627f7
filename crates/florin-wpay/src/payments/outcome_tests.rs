//! The answers to payments, against the shapes of the contract.

use florin_domain::fault::Fault;
use florin_domain::fraud::{FraudDecision, FraudVerdict};
use florin_domain::instrument::{InstrumentId, InstrumentKind};
use florin_domain::movement::{Movement, MovementState};
use florin_domain::payment::{Atomicity, Transaction, TransactionState};
use florin_domain::{FraudDecisionId, Timestamp};
use serde_json::{Value, json};

use super::details::{Account, Details, StepUp};
use super::order::Name;
use super::outcome::{tell, unknown};
use super::sample_tests::{done, movement, payment, said, with};
use crate::error::Refusal;
use crate::particulars::StoreData;

const ARRAYS: [&str; 7] = ["creditCards", "giftCards", "payPal", "androidPay", "googlePay", "applePay", "unknown"];

fn told(transaction: &Transaction, details: &Details, store: Option<&StoreData>) -> (u16, Value) {
    let (status, body) = match tell(transaction, details, store, None) {
        Ok(reply) => (reply.status, reply.body),
        Err(refusal) => (refusal.status(), serde_json::to_vec(&refusal).unwrap()),
    };
    (status.as_u16(), serde_json::from_slice(&body).unwrap())
}

fn plainly(state: TransactionState, atomicity: Atomicity, movements: Vec<Movement>) -> (u16, Value) {
    told(&payment(state, atomicity, movements), &Details::default(), None)
}

fn paid(number: i64) -> Movement {
    Movement { state: done(), service: Some(said("00", "APPROVED")), ..movement(number, 4_550) }
}

fn refused(number: i64, fault: Fault) -> Movement {
    Movement { state: MovementState::Refused { fault }, service: Some(said("05", "DO NOT HONOUR")), ..movement(number, 4_550) }
}

fn of_refusal(refusal: &Refusal) -> Value {
    serde_json::to_value(refusal).unwrap()
}

#[test]
fn a_card_that_paid_is_told_whole() {
    let store: StoreData = serde_json::from_str(r#"{"stan":"123456","rrn":"123456789012","terminalId":"12345678"}"#).unwrap();
    let transaction = payment(TransactionState::Approved, Atomicity::KeepSuccesses, vec![paid(1)]);
    let expected = json!({
        "transactionReceipt": "1000000000000001",
        "partialSuccess": false,
        "fraudResponse": {"clientId": null, "reasonCode": null, "decision": null},
        "creditCards": [{
            "paymentInstrumentId": "90731",
            "paymentToken": "01010101-0101-4101-8101-010101010101",
            "paymentTransactionRef": "1000000000000002",
            "errorCode": null,
            "errorMessage": null,
            "errorDetail": null,
            "receiptData": {"cardSuffix": "1881", "scheme": "VISA", "expiryMonth": "04", "expiryYear": "30"},
            "extendedTransactionData": [
                {"field": "bin", "value": "401200"},
                {"field": "stan", "value": "123456"},
                {"field": "rrn", "value": "123456789012"},
                {"field": "terminalId", "value": "12345678"},
                {"field": "mid", "value": "10006"},
            ],
            "externalServiceCode": "00",
            "externalServiceMessage": "APPROVED",
        }],
        "giftCards": [], "payPal": [], "androidPay": [], "googlePay": [], "applePay": [], "unknown": [],
    });
    assert_eq!(told(&transaction, &Details::default(), Some(&store)), (200, expected));
}

#[test]
fn each_kind_stands_in_its_own_array() {
    let kinds = [
        (InstrumentKind::GiftCard, "giftCards"),
        (InstrumentKind::PayPal, "payPal"),
        (InstrumentKind::AndroidPay, "androidPay"),
        (InstrumentKind::GooglePay, "googlePay"),
        (InstrumentKind::ApplePay, "applePay"),
        (InstrumentKind::ZipPay, "unknown"),
    ];
    for (kind, array) in kinds {
        let (_, body) = plainly(TransactionState::Approved, Atomicity::KeepSuccesses, vec![with(kind, paid(1))]);
        for other in ARRAYS {
            assert_eq!(body[other].as_array().unwrap().len(), usize::from(other == array), "{kind:?} in {other}");
        }
    }
}

#[test]
fn an_account_at_paypal_is_told_by_its_names() {
    let transaction = payment(TransactionState::Approved, Atomicity::KeepSuccesses, vec![with(InstrumentKind::PayPal, paid(1))]);
    let mut details = Details::default();
    let account = Account { id: "jo".to_owned(), customer: "7".to_owned() };
    details.accounts.insert(InstrumentId::kept(90_731), account);
    assert_eq!(told(&transaction, &details, None).1["payPal"][0]["receiptData"], json!({"payPalId": "jo", "customerId": "7"}));
    assert_eq!(told(&transaction, &Details::default(), None).1["payPal"][0].get("receiptData"), None, "an account that is gone");
}

#[test]
fn a_missing_code_is_told_with_the_page_that_takes_it() {
    let transaction = payment(TransactionState::Rejected, Atomicity::KeepSuccesses, vec![refused(1, Fault::StepUpRequired)]);
    let mut details = Details::default();
    let url = "https://pay.example/container-ws/cvv/a/90731".to_owned();
    details.step_ups.insert(InstrumentId::kept(90_731), StepUp { kind: "CAPTURE_CVV", mandatory: true, url });
    let (status, body) = told(&transaction, &details, None);
    let expected = json!({"type": "CAPTURE_CVV", "mandatory": true, "url": "https://pay.example/container-ws/cvv/a/90731"});
    assert_eq!((status, &body["errorCode"]), (400, &json!("BI52")), "inside the arrays a missing code is no 501");
    assert_eq!((&body["creditCards"][0]["errorCode"], &body["creditCards"][0]["stepUp"]), (&json!("BV59"), &expected));
}

#[test]
fn a_partial_success_tells_both() {
    let movements = vec![paid(1), refused(2, Fault::Declined)];
    let (status, body) = plainly(TransactionState::PartlyApproved, Atomicity::KeepSuccesses, movements);
    let failed = &body["creditCards"][1];
    assert_eq!((status, &body["partialSuccess"]), (200, &json!(true)));
    assert_eq!((&failed["errorCode"], &failed["paymentTransactionRef"]), (&json!("ES52"), &json!("1000000000000003")));
    assert_eq!((&failed["externalServiceCode"], &failed["externalServiceMessage"]), (&json!("05"), &json!("DO NOT HONOUR")));
    assert_eq!(body["creditCards"][0]["errorCode"], Value::Null);
}

#[test]
fn when_all_failed_each_says_why() {
    let (status, body) = plainly(TransactionState::Rejected, Atomicity::KeepSuccesses, vec![refused(1, Fault::InsufficientFunds)]);
    let failed = &body["creditCards"][0];
    assert_eq!((status, &body["httpStatusCode"], &body["errorCode"]), (400, &json!(400), &json!("BI52")));
    assert_eq!((&failed["errorCode"], &failed["errorMessage"]), (&json!("ES151"), &json!("Insufficient funds")));
    assert_eq!(failed.get("paymentTransactionRef"), None, "nothing that could be followed up");
    assert!(ARRAYS.iter().all(|array| body[array].is_array()));
}

#[test]
fn every_fault_has_words() {
    for fault in Fault::ALL {
        let (_, body) = plainly(TransactionState::Rejected, Atomicity::KeepSuccesses, vec![refused(1, fault)]);
        for field in ["errorCode", "errorMessage", "errorDetail"] {
            assert!(body["creditCards"][0][field].as_str().is_some_and(|text| !text.is_empty()), "{fault:?} {field}");
        }
    }
    let (_, body) = plainly(TransactionState::Rejected, Atomicity::KeepSuccesses, vec![refused(1, Fault::AuthenticationRequired)]);
    assert_eq!(body["creditCards"][0]["errorCode"], "3DS_001");
    assert_eq!(body["creditCards"][0]["errorMessage"], "3DS TOKEN REQUIRED");
}

#[test]
fn what_was_put_back_says_so() {
    let reversed = Movement { state: MovementState::Reversed { reference: "a".to_owned() }, ..paid(1) };
    let movements = vec![reversed, refused(2, Fault::Declined)];
    let (status, body) = plainly(TransactionState::Rejected, Atomicity::AllOrNothing, movements);
    let put_back = &body["creditCards"][0];
    assert_eq!((status, &put_back["errorCode"]), (400, &json!("BI52")));
    assert_eq!(put_back["errorDetail"], "Put back because another payment instrument was refused, or because the answer came too late.");
    let reversing = Movement { state: MovementState::Reversing { reference: "a".to_owned() }, ..paid(1) };
    let movements = vec![reversing, refused(2, Fault::Declined)];
    let (status, body) = plainly(TransactionState::Processing, Atomicity::AllOrNothing, movements);
    assert_eq!(status, 400, "it is refused, whenever the money is back");
    assert!(body["creditCards"][0]["errorDetail"].as_str().unwrap().starts_with("Being put back"));
}

#[test]
fn what_stays_charged_in_a_refused_payment_can_be_found() {
    let movements = vec![paid(1), refused(2, Fault::Declined)];
    let (status, body) = plainly(TransactionState::Rejected, Atomicity::SkipRollback, movements);
    let charged = &body["creditCards"][0];
    assert_eq!((status, &body["errorCode"], &charged["errorCode"]), (400, &json!("BI52"), &Value::Null));
    assert_eq!(charged["paymentTransactionRef"], "1000000000000002");
    assert!(charged["errorDetail"].as_str().unwrap().starts_with("Charged"));
}

#[test]
fn an_unknown_outcome_is_told_as_unknown() {
    for atomicity in Atomicity::ALL {
        let movements = vec![movement(1, 100), refused(2, Fault::Declined)];
        let (status, body) = plainly(TransactionState::Processing, atomicity, movements);
        let item = &body["creditCards"][0];
        assert_eq!((status, &body["errorCode"], &item["errorCode"]), (502, &json!("ES36"), &json!("ES36")), "{atomicity:?}");
        assert_eq!(item["paymentTransactionRef"], "1000000000000002", "to look it up by");
        assert_eq!(body["creditCards"][1]["errorCode"], "ES52");
    }
}

#[test]
fn what_is_charged_counts_while_the_rest_is_unknown() {
    let movements = || vec![paid(1), movement(2, 100)];
    let (status, body) = plainly(TransactionState::Processing, Atomicity::KeepSuccesses, movements());
    assert_eq!((status, &body["partialSuccess"], &body["creditCards"][1]["errorCode"]), (200, &json!(true), &json!("ES36")));
    let (status, body) = plainly(TransactionState::Processing, Atomicity::AllOrNothing, movements());
    assert_eq!((status, &body["errorCode"]), (502, &json!("ES36")));
    assert!(body["creditCards"][0]["errorDetail"].as_str().unwrap().starts_with("Charged so far"));
}

#[test]
fn names_that_name_nothing_are_told_as_they_came() {
    let name = |id: &str, token: &str| Name { id: id.to_owned(), token: token.to_owned() };
    let names = [name("1", ""), name("x", "y")];
    let body = of_refusal(&unknown(&names, &[1]));
    let expected = json!([{
        "paymentInstrumentId": "x",
        "paymentToken": "y",
        "errorCode": "BI24",
        "errorMessage": "No record found",
        "errorDetail": "This wallet has no such payment instrument.",
    }]);
    assert_eq!((&body["httpStatusCode"], &body["errorCode"], &body["unknown"]), (&json!(400), &json!("BI52"), &expected));
    assert_eq!(body["creditCards"], json!([]));
}

#[test]
fn what_the_fraud_screen_said_is_told_of_what_happened_and_of_what_did_not() {
    let decision = |verdict: FraudVerdict| FraudDecision {
        id: FraudDecisionId::from_random([1; 16]),
        client_id: "c".to_owned(),
        verdict,
        reason_code: verdict.reason_code().to_owned(),
        rules: Vec::new(),
        decided_at: Timestamp::from_micros(0),
    };
    let keep = Atomicity::KeepSuccesses;
    let whole = payment(TransactionState::Approved, keep, vec![paid(1)]);
    let accepted = tell(&whole, &Details::default(), None, Some(&decision(FraudVerdict::Review))).unwrap();
    let body: Value = serde_json::from_slice(&accepted.body).unwrap();
    assert_eq!(body["fraudResponse"], json!({ "clientId": "c", "reasonCode": "480", "decision": "REVIEW" }));
    let rejected = payment(TransactionState::Rejected, keep, vec![refused(1, Fault::FraudRejected)]);
    let refusal = tell(&rejected, &Details::default(), None, Some(&decision(FraudVerdict::Reject))).unwrap_err();
    let body = of_refusal(&refusal);
    assert_eq!(body["fraudResponse"], json!({ "clientId": "c", "reasonCode": "481", "decision": "REJECT" }));
    assert_eq!((&body["errorCode"], &body["creditCards"][0]["errorCode"]), (&json!("BI52"), &json!("BI52")));
    let (_, plain) = told(&rejected, &Details::default(), None);
    assert!(plain.get("fraudResponse").is_none(), "nobody was asked");
}
