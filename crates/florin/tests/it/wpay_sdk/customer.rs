//! The customer's half of the JavaScript client, in store.

use serde_json::{Value, json};

use super::{Reads, Row, Scene};
use crate::cast::{Smith, enveloped, in_store_agreement, text};

/// What every transaction has that the client turns into something else.
pub const TRANSACTION: &[&str] =
    &["transactionId", "paymentRequestId", "grossAmount", "executionTime", "status", "type", "instruments", "subTransactions"];
const REQUEST: &[&str] = &["paymentRequestId", "merchantReferenceId", "grossAmount", "merchantId"];
const SESSION: &[&str] = &["paymentSessionId", "merchantId", "location", "merchantInfo", "expiryTime"];
const AGREEMENT: &[&str] = &["paymentToken", "type", "chargeFrequency", "chargeAmount", "chargeCycle", "expired", "updateURL", "status"];

fn at(rest: &str) -> String {
    format!("/wow/v1/pay/instore/customer{rest}")
}

/// A body of which the client answers no challenge.
fn unchallenged(data: Value) -> Value {
    let mut body = enveloped(data);
    body["meta"]["challengeResponses"] = json!([]);
    body
}

impl Scene<'_> {
    pub(super) fn customer_rows(&self) -> Vec<Row> {
        let mut rows = vec![Row::get("c.admin.checkHealth", "/wow/v1/pay/", Reads::Data(&["healthCheck"]))];
        rows.extend(self.instrument_rows());
        rows.extend(self.request_rows());
        rows.extend(self.session_rows());
        rows.extend(self.choice_rows());
        rows.extend(self.agreement_rows());
        rows
    }

    fn instrument_rows(&self) -> [Row; 4] {
        let key: String = Smith::rsa().pem().lines().filter(|line| !line.contains("PUBLIC KEY")).collect();
        // This is the only value that the client encodes.
        let key = key.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let by_token = at(&format!("/instruments/{}?publicKey={key}", self.card.token));
        let detail =
            Reads::DataAndMeta(&["paymentInstrumentId", "paymentToken", "status", "lastUpdated", "createdOn", "paymentInstrumentDetail"]);
        let spare = self.shopper.captures("5555555555554444").id;
        [
            Row::get("c.instruments.list", at("/instruments"), Reads::Data(&["creditCards", "giftCards"])),
            Row::get("c.instruments.getByToken", by_token, detail),
            Row::delete("c.instruments.delete", at(&format!("/instruments/{spare}")), Reads::Nothing),
            Row::post(
                "c.instruments.initiateAddition",
                at("/instruments"),
                enveloped(json!({ "clientReference": "ref1" })),
                Reads::Data(&["cardCaptureURL", "transactionRef"]),
            ),
        ]
    }

    fn request_rows(&self) -> [Row; 7] {
        let gift = self.shopper.takes(&self.florin.gift_card("628000", 50.0));
        let full = json!({
            "data": {
                "primaryInstrumentId": self.card.id,
                "secondaryInstruments": [{ "instrumentId": gift.id, "amount": 4 }],
                "skipRollback": true, "allowPartialSuccess": true, "clientReference": "cref",
                "preferences": { "primaryInstrumentId": self.card.id },
                "transactionType": { "creditCard": "PREAUTH" },
            },
            "meta": {
                "challengeResponses": [{ "instrumentId": self.card.id, "type": "STEP_UP", "token": self.code_typed() }],
                "fraud": {
                    "provider": "cybersource", "version": "CyberSourceTransaction_1.101", "format": "XML", "responseFormat": "XML",
                    "message": "<x/>",
                },
            },
        });
        let now =
            json!({ "clientReference": "c", "orderNumber": "o", "payments": [{ "paymentInstrumentId": self.card.id, "amount": 50 }] });
        let transactions = Reads::Data(&["transactions"]);
        let (of_request, time) = (self.request(), "2021-02-17T06%3A31%3A46.358Z");
        let list = format!("/transactions?paymentRequestId={of_request}&page=2&pageSize=50&endTime={time}&startTime={time}");
        let pay = |name, body| Row::put(name, at(&format!("/payments/{}", self.request())), body, Reads::Data(TRANSACTION));
        [
            Row::get("c.paymentRequests.getById", at(&format!("/payments/{of_request}")), Reads::Data(REQUEST)),
            Row::get("c.paymentRequests.getByQRCodeId", at(&format!("/qr/{}", self.code())), Reads::Data(REQUEST)),
            pay("c.paymentRequests.makePayment", full),
            pay("c.paymentRequests.makePayment(min)", unchallenged(json!({}))),
            Row::post("c.paymentRequests.makeImmediatePayment", at("/payments"), unchallenged(now), Reads::Data(TRANSACTION)),
            Row::get("c.transactions.list", at(&list), transactions),
            Row::get("c.transactions.getById", at(&format!("/transactions/{}", self.paid("PURCHASE"))), Reads::Data(TRANSACTION)),
        ]
    }

    fn session_rows(&self) -> [Row; 5] {
        let at_session = |id: &str| at(&format!("/payment/session/{id}"));
        let ((known, qr), (taken, _), (approved, _), (ended, _)) = (self.session(), self.session(), self.session(), self.session());
        let registered = self.till.in_store("POST", "/schema", json!({ "schema": {}, "type": "customer" })).data();
        let info = json!({ "customerInfo": { "schemaId": text(&registered, "schemaId"), "payload": {} } });
        let how = json!({ "primaryInstrumentId": self.card.id, "secondaryInstruments": [], "skipRollback": true });
        [
            Row::get("c.paymentSessions.getById", at_session(&known), Reads::Data(SESSION)),
            Row::get("c.paymentSessions.getByQRCodeId", at_session(&format!("qr/{qr}")), Reads::Data(SESSION)),
            Row::post("c.paymentSessions.update", at_session(&taken), enveloped(info), Reads::Nothing),
            Row::put("c.paymentSessions.preApprove", at_session(&approved), unchallenged(how), Reads::Nothing),
            Row::delete("c.paymentSessions.delete", at_session(&ended), Reads::Nothing),
        ]
    }

    fn choice_rows(&self) -> [Row; 4] {
        let likes = json!({ "payments": { "primaryInstrumentId": self.card.id } });
        let terms = at("/termsandconditions/acceptance");
        [
            Row::get("c.preferences.get", at("/preferences"), Reads::Data(&[])),
            Row::post("c.preferences.set", at("/preferences"), enveloped(likes), Reads::Nothing),
            Row::get(
                "c.termsAndConditions.get",
                format!("{terms}?type=EVERYDAY_PAY&version=1.0.0"),
                Reads::Data(&["termsAndConditionsAcceptances"]),
            ),
            Row::post(
                "c.termsAndConditions.accept",
                terms,
                enveloped(json!({ "type": "EVERYDAY_PAY", "version": "1.0.0" })),
                Reads::Nothing,
            ),
        ]
    }

    fn agreement_rows(&self) -> [Row; 4] {
        let one = |token: &str| at(&format!("/payments/agreements/{token}"));
        let new = in_store_agreement(&self.card);
        [
            Row::get("c.paymentAgreements.list", at("/payments/agreements"), Reads::Data(&["paymentAgreements"])),
            Row::get("c.paymentAgreements.getById", one(&self.agreement()), Reads::Data(AGREEMENT)),
            Row::post("c.paymentAgreements.create", at("/payments/agreements"), unchallenged(new), Reads::Data(AGREEMENT)),
            Row::post(
                "c.paymentAgreements.update",
                one(&self.agreement()),
                unchallenged(json!({ "clientReference": "x" })),
                Reads::Data(AGREEMENT),
            ),
        ]
    }
}
