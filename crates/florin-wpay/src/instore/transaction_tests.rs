//! How transactions are told.

use florin_domain::fault::Fault;
use florin_domain::instrument::{InstrumentId, InstrumentKind};
use florin_domain::merchant::MerchantId;
use florin_domain::money::{Currency, Money};
use florin_domain::movement::Reference;
use florin_domain::occasion::Occasion;
use florin_domain::payment::Atomicity;
use florin_domain::{PaymentRequestId, Timestamp, TransactionId, WalletId};
use serde_json::{Value, json};

use super::*;
use crate::payments::sample_tests::{done, movement, payment, said, with};

fn occasion(minor: i64) -> Occasion {
    Occasion {
        id: TransactionId::from_random([7; 16]),
        receipt: Reference::FIRST,
        merchant: MerchantId::parse("10006").unwrap(),
        wallet: WalletId::from_random([2; 16]),
        request: PaymentRequestId::from_random([8; 16]),
        merchant_reference: "till 4".to_owned(),
        session: None,
        original: None,
        reason: None,
        gross: Money::new(minor, Currency::Aud),
        holds_use: true,
        created_at: Timestamp::from_micros(0),
    }
}

fn told(transaction: Transaction, view: View, beside: &Beside) -> Value {
    let minor = transaction.movements.iter().map(|movement| movement.amount.minor()).sum();
    let told = InStoreTransaction { occasion: occasion(minor), transaction };
    serde_json::to_value(TransactionBody::of(&told, view, beside)).unwrap()
}

fn refused(number: i64, fault: Fault) -> Movement {
    Movement { state: MovementState::Refused { fault }, ..movement(number, 1_000) }
}

#[test]
fn an_approved_payment_is_told_whole() {
    let card = Movement { state: done(), service: Some(said("00", "APPROVED")), ..movement(1, 4_550) };
    let expected = json!({
        "transactionId": "07070707-0707-4707-8707-070707070707",
        "paymentRequestId": "08080808-0808-4808-8808-080808080808",
        "merchantReferenceId": "till 4",
        "grossAmount": 45.5,
        "clientReference": "c-1",
        "type": "PAYMENT",
        "executionTime": "1970-01-01T00:00:00.000Z",
        "status": "APPROVED",
        "rollback": "NOT_REQUIRED",
        "subTransactions": [{
            "transactionReceipt": "1000000000000001",
            "partialSuccess": false,
            "payments": [{
                "paymentInstrumentId": "90731",
                "paymentInstrumentType": "CREDIT_CARD",
                "paymentToken": "01010101-0101-4101-8101-010101010101",
                "paymentTransactionRef": "1000000000000002",
                "amount": 45.5,
                "externalServiceCode": "00",
                "externalServiceMessage": "APPROVED",
            }],
        }],
        "instruments": [{
            "paymentInstrumentId": "90731",
            "instrumentType": "CREDIT_CARD",
            "transactions": [{
                "type": "PAYMENT",
                "executionTime": "1970-01-01T00:00:00.000Z",
                "paymentTransactionRef": "1000000000000002",
                "status": "APPROVED",
                "amount": 45.5,
            }],
        }],
        "merchantId": "10006",
    });
    let approved = || payment(TransactionState::Approved, Atomicity::AllOrNothing, vec![card.clone()]);
    assert_eq!(told(approved(), View::Shopper, &Beside::default()), expected);
    let merchants = told(approved(), View::Merchant, &Beside::default());
    assert_eq!((merchants.get("merchantId"), &merchants["walletId"]), (None, &json!("02020202-0202-4202-8202-020202020202")));
}

#[test]
fn a_card_that_waits_for_its_holder_is_told_as_clients_look_for_it() {
    let transaction = payment(TransactionState::Rejected, Atomicity::AllOrNothing, vec![refused(1, Fault::AuthenticationRequired)]);
    let sessions = [(InstrumentId::kept(90_731), "session".to_owned())].into();
    let told = told(transaction, View::Shopper, &Beside { sessions, ..Beside::default() });
    assert_eq!((&told["status"], &told["rollback"]), (&json!("REJECTED"), &json!("NOT_REQUIRED")));
    assert_eq!(told["instruments"][0]["transactions"], json!([]));
    let expected = json!([{
        "threeDS": { "sessionId": "session", "paymentInstrumentId": "90731" },
        "errorCode": "3DS_001",
        "errorMessage": "3DS TOKEN REQUIRED",
    }]);
    assert_eq!(told["subTransactions"], expected);
}

#[test]
fn a_refund_is_negative_but_in_the_results_of_its_parts() {
    let part = Movement {
        kind: MovementKind::Refund,
        original: Some(Reference::FIRST.plus(1)),
        state: done(),
        service: Some(said("00", "APPROVED")),
        ..movement(6, 1_299)
    };
    let transaction = payment(TransactionState::Approved, Atomicity::KeepSuccesses, vec![part]);
    let transaction = Transaction { kind: TransactionKind::Refund, ..transaction };
    let mut occasion = occasion(1_299);
    occasion.reason = Some("broken".to_owned());
    let told = InStoreTransaction { occasion, transaction };
    let told = serde_json::to_value(TransactionBody::of(&told, View::Merchant, &Beside::default())).unwrap();
    assert_eq!((&told["type"], &told["grossAmount"], &told["refundReason"]), (&json!("REFUND"), &json!(-12.99), &json!("broken")));
    assert_eq!(told.get("rollback"), None);
    let expected = json!({
        "type": "REFUND",
        "executionTime": "1970-01-01T00:00:00.000Z",
        "paymentTransactionRef": "1000000000000002",
        "refundTransactionRef": "1000000000000007",
        "status": "APPROVED",
        "amount": -12.99,
    });
    assert_eq!(told["instruments"][0]["transactions"], json!([expected]));
    let refunds = json!([{
        "paymentTransactionRef": "1000000000000002",
        "refundTransactionRef": "1000000000000007",
        "amount": 12.99,
        "externalServiceCode": "00",
        "externalServiceMessage": "APPROVED",
    }]);
    assert_eq!(told["subTransactions"][0]["refunds"], refunds);
}

#[test]
fn what_was_put_back_and_what_was_refused_say_why() {
    let put_back =
        with(InstrumentKind::GiftCard, Movement { state: MovementState::Reversed { reference: "r".to_owned() }, ..movement(1, 1_000) });
    let mut transaction = payment(TransactionState::Rejected, Atomicity::AllOrNothing, vec![put_back, refused(2, Fault::Declined)]);
    transaction.rollback = Rollback::Successful;
    let told = told(transaction, View::Shopper, &Beside::default());
    assert_eq!((&told["status"], &told["rollback"]), (&json!("REJECTED"), &json!("SUCCESSFUL")));
    let results = &told["subTransactions"][0];
    assert_eq!((&results["httpStatusCode"], &results["errorCode"], results.get("payments")), (&json!(400), &json!("BI52"), None));
    let codes: Vec<_> = results["paymentResponses"].as_array().unwrap().iter().map(|item| item["errorCode"].clone()).collect();
    assert_eq!(codes, ["BI52", "ES52"]);
    assert_eq!(told["instruments"][0]["instrumentType"], json!("GIFT_CARD"));
    assert_eq!(told["instruments"][1]["transactions"][0]["status"], json!("REJECTED"));
}

#[test]
fn a_partial_success_and_an_open_payment_tell_both_lists() {
    let parts = || vec![Movement { state: done(), ..movement(1, 1_000) }, refused(2, Fault::Declined)];
    let partial = told(payment(TransactionState::PartlyApproved, Atomicity::KeepSuccesses, parts()), View::Shopper, &Beside::default());
    let results = &partial["subTransactions"][0];
    assert_eq!((&partial["status"], &results["partialSuccess"]), (&json!("PARTIAL_SUCCESS"), &json!(true)));
    assert_eq!((results["payments"].as_array().unwrap().len(), &results["paymentResponses"][0]["errorCode"]), (1, &json!("ES52")));
    let kept = told(payment(TransactionState::Rejected, Atomicity::SkipRollback, parts()), View::Shopper, &Beside::default());
    assert_eq!(kept["subTransactions"][0]["payments"][0]["paymentTransactionRef"], json!("1000000000000002"), "stays charged");
    let open =
        told(payment(TransactionState::Processing, Atomicity::AllOrNothing, vec![movement(1, 1_000)]), View::Shopper, &Beside::default());
    assert_eq!((&open["status"], &open["instruments"][0]["transactions"][0]["status"]), (&json!("PROCESSING"), &json!("PROCESSING")));
    assert_eq!(open["subTransactions"][0]["paymentResponses"][0]["errorCode"], json!("ES36"));
}

#[test]
fn held_money_is_a_preauth_at_both_levels() {
    let hold = Movement { kind: MovementKind::Preauth, state: done(), ..movement(1, 1_000) };
    let told = told(payment(TransactionState::Approved, Atomicity::AllOrNothing, vec![hold]), View::Shopper, &Beside::default());
    assert_eq!((&told["type"], &told["instruments"][0]["transactions"][0]["type"]), (&json!("PREAUTH"), &json!("PREAUTH")));
}

#[test]
fn nothing_is_ever_null() {
    fn has_null(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Array(items) => items.iter().any(has_null),
            Value::Object(fields) => fields.values().any(has_null),
            _ => false,
        }
    }
    let states = [TransactionState::Processing, TransactionState::Approved, TransactionState::PartlyApproved, TransactionState::Rejected];
    for state in states {
        for kind in TransactionKind::ALL {
            let parts = vec![Movement { state: done(), ..movement(1, 1) }, refused(2, Fault::Declined), movement(3, 1)];
            let transaction = Transaction { kind, ..payment(state, Atomicity::KeepSuccesses, parts) };
            assert!(!has_null(&told(transaction, View::Merchant, &Beside::default())), "{state:?} {kind:?}");
        }
    }
}
