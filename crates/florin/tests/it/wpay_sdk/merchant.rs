//! The merchant's half of the JavaScript client, in store.

use serde_json::json;

use super::customer::TRANSACTION;
use super::{Reads, Row, Scene};
use crate::cast::{enveloped, text};

const QR: &[&str] = &["qrId", "referenceId", "referenceType", "content", "image"];
const REQUEST: &[&str] = &["paymentRequestId", "merchantReferenceId", "grossAmount"];
const SESSION: &[&str] = &["paymentSessionId", "merchantId", "location", "merchantInfo", "expiryTime"];

fn at(rest: &str) -> String {
    format!("/wow/v1/pay/instore/merchant{rest}")
}

impl Scene<'_> {
    pub(super) fn merchant_rows(&self) -> Vec<Row> {
        let mut rows = self.payment_rows().to_vec();
        rows.extend(self.till_rows());
        rows.extend(self.shown_rows());
        rows
    }

    fn payment_rows(&self) -> [Row; 9] {
        let of = |id: &str, verb: &str| at(&format!("/transactions/{id}/{verb}"));
        let named = enveloped(json!({ "orderNumber": "o", "clientReference": "c" }));
        let (charged, ended) = (self.agreement(), self.agreement());
        let charge =
            json!({ "paymentToken": charged, "amount": 2.99, "clientReference": "c", "orderNumber": "o", "transactionType": "PURCHASE" });
        let agreement = |token: &str| at(&format!("/payments/agreements/{token}"));
        let told = Reads::Data(TRANSACTION);
        [
            Row::get("m.payments.listPayments", at("/payments?type=ALL&page=1&pageSize=25"), Reads::Data(&["payments"])),
            Row::post(
                "m.payments.createPaymentRequest",
                at("/payments"),
                enveloped(json!({ "merchantReferenceId": "r", "grossAmount": 100 })),
                Reads::Data(&["paymentRequestId"]),
            ),
            Row::get("m.payments.getPaymentRequestDetailsBy", at(&format!("/payments/{}", self.request())), Reads::Data(REQUEST)),
            // The client forgets to fill the id in.
            Row::delete("m.payments.deletePaymentRequest", at("/payments/paymentRequestId"), Reads::Throws),
            Row::post(
                "m.payments.refundTransaction",
                of(&self.paid("PURCHASE"), "refund"),
                enveloped(json!({ "reason": "r" })),
                told.clone(),
            ),
            Row::post("m.payments.completeTransaction", of(&self.paid("PREAUTH"), "completion"), named.clone(), told.clone()),
            Row::post("m.payments.voidTransaction", of(&self.paid("PREAUTH"), "void"), named, told.clone()),
            Row::put("m.paymentAgreements.charge", agreement(&charged), enveloped(charge), told),
            Row::delete("m.paymentAgreements.delete", agreement(&ended), Reads::Nothing),
        ]
    }

    fn till_rows(&self) -> [Row; 7] {
        let at_session = |id: &str| at(&format!("/payment/session/{id}"));
        let ((known, _), (linked, _), (ended, _)) = (self.session(), self.session(), self.session());
        let code = json!({ "referenceId": self.request(), "referenceType": "PAYMENT_REQUEST", "timeToLive": 60 });
        let link = json!({ "merchantInfo": {}, "paymentRequestId": self.request() });
        [
            Row::post(
                "m.paymentSession.create",
                at("/payment/session"),
                enveloped(json!({ "location": "l", "merchantInfo": {} })),
                Reads::Data(&["paymentSessionId", "paymentSession"]),
            ),
            Row::get("m.paymentSession.getById", at_session(&known), Reads::Data(SESSION)),
            Row::post("m.paymentSession.update", at_session(&linked), enveloped(link), Reads::Data(SESSION)),
            Row::delete("m.paymentSession.delete", at_session(&ended), Reads::Nothing),
            Row::post("m.qr.createPaymentRequestQRCode", at("/qr"), enveloped(code), Reads::Data(QR)),
            Row::get("m.qr.getPaymentRequestQRCodeContent", at(&format!("/qr/{}", self.code())), Reads::Data(QR)),
            Row::delete("m.qr.cancelPaymentQRCode", at(&format!("/qr/{}", self.code())), Reads::Nothing),
        ]
    }

    fn shown_rows(&self) -> [Row; 7] {
        let registered = self.till.in_store("POST", "/schema", json!({ "schema": {}, "type": "pos" })).data();
        let schema = at(&format!("/schema/{}", text(&registered, "schemaId")));
        let list = "/transactions?page=1&pageSize=10&endTime=2021-02-17T06%3A31%3A46.358Z&startTime=2021-02-17T06%3A31%3A46.358Z";
        [
            Row::get("m.preferences.get", at("/preferences"), Reads::Data(&[])),
            Row::post("m.preferences.set", at("/preferences"), enveloped(json!({ "group": { "k": "v" } })), Reads::Nothing),
            Row::get("m.schemas.list", at("/schema"), Reads::Data(&["schemas"])),
            Row::get("m.schemas.getById", schema, Reads::Data(&["schema", "type"])),
            Row::post(
                "m.schemas.create",
                at("/schema"),
                enveloped(json!({ "schema": {}, "type": "pos" })),
                Reads::Data(&["schemaId", "type", "created"]),
            ),
            Row::get("m.transactions.list", at(list), Reads::Data(&["transactions"])),
            Row::get("m.transactions.getById", at(&format!("/transactions/{}", self.paid("PURCHASE"))), Reads::Data(TRANSACTION)),
        ]
    }
}
