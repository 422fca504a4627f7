//! Sound calls of the in-store family, with the request, session, code, payment, agreement or schema that each is about.

use serde_json::{Value, json};

use super::super::{Instrument, text};
use super::{Call, Stage};

/// Where shoppers' operations are.
const CUSTOMER: &str = "/wow/v1/pay/instore/customer";
/// Where those of merchants' servers are.
const MERCHANT: &str = "/wow/v1/pay/instore/merchant";

/// How much everything costs here, in dollars.
const PRICE: f64 = 12.5;

impl Stage<'_> {
    pub(super) fn of_instore(&self, method: &str, path: &str) -> Option<Call> {
        let of_customer = path.strip_prefix(CUSTOMER).and_then(|rest| {
            let found = self.of_transactions(method, rest, path).or_else(|| self.of_things(method, rest, path));
            found.or_else(|| self.of_customer_sessions(method, rest, path)).or_else(|| self.of_customer_agreements(method, rest, path))
        });
        let of_merchant = path.strip_prefix(MERCHANT).and_then(|rest| {
            let found = self.of_tills(method, rest, path).or_else(|| self.of_merchant_sessions(method, rest, path));
            found.or_else(|| self.of_afterwards(method, rest, path)).or_else(|| self.of_setting_up(method, rest, path))
        });
        of_customer.or(of_merchant)
    }

    /// A payment request that any shopper can pay, with more about it: its id, and its code if one is wanted.
    #[track_caller]
    pub fn requested(&self, more: &Value) -> Value {
        self.retailer.asks(PRICE, &with(json!({ "basket": basket() }), more)).data()
    }

    /// The id of a payment request.
    #[track_caller]
    pub fn request(&self) -> String {
        text(&self.requested(&json!({})), "paymentRequestId")
    }

    /// A payment session that nobody has taken up, with more about it: its id, and its code if one is wanted.
    #[track_caller]
    pub fn opened(&self, more: &Value) -> Value {
        let session = json!({ "location": "lane 4", "merchantInfo": { "payload": { "till": 4 } } });
        self.retailer.in_store("POST", "/payment/session", with(session, more)).data()
    }

    /// The id of a payment session that nobody has taken up.
    #[track_caller]
    pub fn session(&self) -> String {
        text(&self.opened(&json!({})), "paymentSessionId")
    }

    /// The shopper takes a session up; a guest does it by approving beforehand.
    #[track_caller]
    pub fn takes_up(&self, session: &str) {
        let (verb, data) = if self.shopper.is_guest { ("PUT", json!({})) } else { ("POST", customer_info()) };
        self.shopper.in_store(verb, &format!("/payment/session/{session}"), data).is(204);
    }

    /// The id of the shopper's wallet, which a merchant learns from a session.
    #[track_caller]
    pub fn wallet(&self) -> String {
        let session = self.session();
        self.takes_up(&session);
        text(&self.retailer.looks_at(&format!("/payment/session/{session}")).data(), "walletId")
    }

    /// An in-store transaction of the shopper's, at once or held.
    #[track_caller]
    pub fn paid(&self, is_held: bool) -> Value {
        let how = if is_held { json!({ "transactionType": { "creditCard": "PREAUTH" } }) } else { json!({}) };
        let told = self.shopper.in_store("POST", "/payments", with(immediate(&self.card()), &how)).data();
        assert_eq!(told["status"], "APPROVED", "{told}");
        told
    }

    /// The token of an agreement that the shopper made in store.
    #[track_caller]
    pub fn agreed(&self) -> String {
        text(&self.shopper.in_store("POST", "/payments/agreements", in_store_agreement(&self.card())).data(), "paymentToken")
    }

    /// The id of a schema that the merchant registered.
    #[track_caller]
    pub fn registered(&self, schema: &Value) -> String {
        let data = json!({ "schema": schema, "type": "pos", "description": "a till" });
        text(&self.retailer.in_store("POST", "/schema", data).data(), "schemaId")
    }

    fn of_transactions(&self, method: &str, rest: &str, path: &str) -> Option<Call> {
        let reserved = || self.requested(&json!({ "specificWalletId": self.wallet(), "generateQR": true }));
        Some(match (method, rest) {
            ("GET", "/transactions") => {
                self.paid(false);
                Call::get(path)
            }
            ("GET", "/transactions/{transactionId}") => {
                Call::get(path.replace("{transactionId}", self.paid(false)["transactionId"].as_str()?))
            }
            ("GET", "/qr/{qrId}") => Call::get(path.replace("{qrId}", reserved()["qr"]["qrId"].as_str()?)),
            ("POST", "/payments") => Call::post(path, enveloped(immediate(&self.card()))),
            ("GET", "/payments/{paymentRequestId}") => {
                Call::get(path.replace("{paymentRequestId}", reserved()["paymentRequestId"].as_str()?))
            }
            ("PUT", "/payments/{paymentRequestId}") => {
                let body = json!({ "primaryInstrumentId": self.card().id, "clientReference": "basket" });
                Call::put(path.replace("{paymentRequestId}", &self.request()), enveloped(body))
            }
            _ => return None,
        })
    }

    fn of_things(&self, method: &str, rest: &str, path: &str) -> Option<Call> {
        let of_card = || path.replace("{paymentInstrumentId}", &self.card().id);
        Some(match (method, rest) {
            ("GET", "/instruments") => {
                self.card();
                self.shopper.takes(&self.florin.gift_card("628000", 50.0));
                self.shopper.everyday().captures(&self.florin.card("approved"));
                Call::get(path)
            }
            ("POST", "/instruments") => Call::post(path, enveloped(json!({ "clientReference": "capture" }))),
            ("GET", "/instruments/{paymentInstrumentId}") => Call::get(of_card()),
            ("DELETE", "/instruments/{paymentInstrumentId}") => Call::delete(of_card()),
            ("GET", "/preferences") => {
                self.shopper.in_store("POST", "/preferences", self.preferences()).is(204);
                Call::get(path)
            }
            ("POST", "/preferences") => Call::post(path, enveloped(self.preferences())),
            ("GET", "/termsandconditions/acceptance") => {
                self.shopper.in_store("POST", rest, terms()).is(204);
                Call::get(path)
            }
            ("POST", "/termsandconditions/acceptance") => Call::post(path, enveloped(terms())),
            _ => return None,
        })
    }

    fn preferences(&self) -> Value {
        let secondary = json!({ "enableSecondaryInstruments": true, "order": "FIFO", "include": ["1"], "exclude": ["2"] });
        json!({
            "payments": { "primaryInstrumentId": self.card().id, "secondaryInstruments": secondary },
            "general": { "app": { "theme": "dark" } },
        })
    }

    fn of_customer_sessions(&self, method: &str, rest: &str, path: &str) -> Option<Call> {
        let named = |session: &str| path.replace("{paymentSessionId}", session);
        let taken = || {
            let session = self.session();
            self.takes_up(&session);
            named(&session)
        };
        Some(match (method, rest) {
            ("GET", "/payment/session/qr/{qrId}") => {
                let opened = self.opened(&json!({ "generateQR": true }));
                self.takes_up(opened["paymentSessionId"].as_str()?);
                Call::get(path.replace("{qrId}", opened["qr"]["qrId"].as_str()?))
            }
            ("PUT", "/payment/session/{paymentSessionId}") => {
                Call::put(taken(), enveloped(json!({ "primaryInstrumentId": self.card().id })))
            }
            ("DELETE", "/payment/session/{paymentSessionId}") => Call::delete(taken()),
            ("GET", "/payment/session/{paymentSessionId}") => Call::get(taken()),
            ("POST", "/payment/session/{paymentSessionId}") => Call::post(named(&self.session()), enveloped(customer_info())),
            _ => return None,
        })
    }

    fn of_customer_agreements(&self, method: &str, rest: &str, path: &str) -> Option<Call> {
        Some(match (method, rest) {
            ("GET", "/payments/agreements") => {
                self.agreed();
                Call::get(path)
            }
            ("POST", "/payments/agreements") => Call::post(path, enveloped(in_store_agreement(&self.card()))),
            ("GET", "/payments/agreements/{paymentToken}") => Call::get(path.replace("{paymentToken}", &self.agreed())),
            ("POST", "/payments/agreements/{paymentToken}") => {
                let body =
                    json!({ "clientReference": "change", "paymentAgreement": { "chargeFrequency": "WEEKLY", "chargeAmount": 3.99 } });
                Call::post(path.replace("{paymentToken}", &self.agreed()), enveloped(body))
            }
            _ => return None,
        })
    }

    /// Requests and their codes.
    fn of_tills(&self, method: &str, rest: &str, path: &str) -> Option<Call> {
        let code = || {
            let made = self.requested(&json!({ "generateQR": true }));
            path.replace("{qrId}", made["qr"]["qrId"].as_str().expect("a code"))
        };
        let of_request = || path.replace("{paymentRequestId}", &self.request());
        Some(match (method, rest) {
            ("POST", "/qr") => {
                let body = json!({ "referenceId": self.request(), "referenceType": "PAYMENT_REQUEST", "timeToLive": 600 });
                Call::post(path, enveloped(body))
            }
            ("GET", "/qr/{qrId}") => Call::get(code()),
            ("DELETE", "/qr/{qrId}") => Call::delete(code()),
            ("GET", "/payments") => {
                self.request();
                Call::get(path)
            }
            ("POST", "/payments") => Call::post(path, enveloped(self.whole_request())),
            ("GET", "/payments/{paymentRequestId}") => Call::get(of_request()),
            ("DELETE", "/payments/{paymentRequestId}") => Call::delete(of_request()),
            _ => return None,
        })
    }

    /// A request with all that can be said of one.
    fn whole_request(&self) -> Value {
        json!({
            "merchantReferenceId": "till 4", "grossAmount": PRICE, "generateQR": true, "maxUses": 3, "timeToLivePayment": 600,
            "timeToLiveQR": 300, "idempotencyKey": self.florin.fresh_name("key"), "basket": basket(),
            "posPayload": { "payload": { "till": 4 } }, "merchantPayload": { "payload": { "requires3DS": false } },
        })
    }

    fn of_merchant_sessions(&self, method: &str, rest: &str, path: &str) -> Option<Call> {
        let of_session = || path.replace("{paymentSessionId}", &self.session());
        let info = json!({ "payload": { "till": 4 } });
        Some(match (method, rest) {
            ("POST", "/payment/session") => {
                let body = json!({
                    "location": "lane 4", "merchantInfo": info, "generateQR": true, "timeToLivePaymentSession": 600, "timeToLiveQR": 300,
                });
                Call::post(path, enveloped(body))
            }
            ("GET", "/payment/session/{paymentSessionId}") => Call::get(of_session()),
            ("POST", "/payment/session/{paymentSessionId}") => {
                Call::post(of_session(), enveloped(json!({ "merchantInfo": info, "paymentRequestId": self.request() })))
            }
            ("DELETE", "/payment/session/{paymentSessionId}") => Call::delete(format!("{}?reason=closing", of_session())),
            _ => return None,
        })
    }

    /// Transactions, and what is done with them.
    fn of_afterwards(&self, method: &str, rest: &str, path: &str) -> Option<Call> {
        let of = |paid: &Value| path.replace("{transactionId}", paid["transactionId"].as_str().expect("an id"));
        let part = |paid: &Value| paid["instruments"][0]["transactions"][0]["paymentTransactionRef"].clone();
        Some(match (method, rest) {
            ("GET", "/transactions") => {
                self.paid(false);
                Call::get(path)
            }
            ("GET", "/transactions/{transactionId}") => Call::get(of(&self.paid(false))),
            ("POST", "/transactions/{transactionId}/refund") => {
                let paid = self.paid(false);
                let parts = json!([{ "subTransactionRef": part(&paid), "amount": 5.0 }]);
                Call::post(of(&paid), enveloped(json!({ "reason": "broken", "clientReference": "refund", "subTransactions": parts })))
            }
            ("POST", "/transactions/{transactionId}/completion") => {
                let paid = self.paid(true);
                let parts = json!([{ "paymentTransactionRef": part(&paid), "amount": 10.0 }]);
                Call::post(of(&paid), enveloped(json!({ "clientReference": "complete", "completions": parts })))
            }
            ("POST", "/transactions/{transactionId}/void") => {
                let paid = self.paid(true);
                let parts = json!([{ "paymentTransactionRef": part(&paid) }]);
                Call::post(of(&paid), enveloped(json!({ "clientReference": "void", "voids": parts })))
            }
            ("PUT", "/payments/agreements/{paymentToken}") => {
                let token = self.agreed();
                let body = json!({
                    "paymentToken": token, "amount": 2.99, "clientReference": "charge", "orderNumber": "order",
                    "transactionType": { "creditCard": "PURCHASE" },
                });
                Call::put(path.replace("{paymentToken}", &token), enveloped(body))
            }
            ("DELETE", "/payments/agreements/{paymentToken}") => Call::delete(path.replace("{paymentToken}", &self.agreed())),
            _ => return None,
        })
    }

    fn of_setting_up(&self, method: &str, rest: &str, path: &str) -> Option<Call> {
        let schema = json!({ "type": "object", "properties": { "till": { "type": "integer" } } });
        Some(match (method, rest) {
            ("GET", "/preferences") => Call::get(path),
            ("POST", "/preferences") => Call::post(path, enveloped(json!({ "qr": { "content": "https://shop.example/pay/{qrId}" } }))),
            ("GET", "/schema") => {
                self.registered(&schema);
                Call::get(path)
            }
            ("POST", "/schema") => Call::post(path, enveloped(json!({ "schema": schema, "type": "pos", "description": "a till" }))),
            ("GET", "/schema/{schemaId}") => Call::get(path.replace("{schemaId}", &self.registered(&schema))),
            _ => return None,
        })
    }
}

/// A body of this family around `data`.
pub fn enveloped(data: Value) -> Value {
    let mut body = json!({ "meta": {} });
    body["data"] = data;
    body
}

/// A payment without a request.
pub fn immediate(card: &Instrument) -> Value {
    json!({ "clientReference": "basket", "orderNumber": "order", "payments": [{ "paymentInstrumentId": card.id, "amount": PRICE }] })
}

/// An agreement in store, to be charged every month.
pub fn in_store_agreement(card: &Instrument) -> Value {
    let place = json!({
        "firstName": "Jo", "lastName": "Ash", "streetAddress": "1 Lane", "suburb": "Sydney", "stateOrTerritory": "NSW",
        "postalCode": "2000", "countryCode": "AU",
    });
    let terms = json!({
        "type": "RECURRING", "paymentInstrumentId": card.id, "chargeFrequency": "MONTHLY", "chargeAmount": 2.99,
        "startDate": "2026-01-01T00:00:00.000Z", "endDate": "2039-01-01T00:00:00.000Z",
    });
    json!({ "clientReference": "agree", "orderNumber": "order", "billingAddress": place, "paymentAgreement": terms })
}

/// The same with more fields.
fn with(mut data: Value, more: &Value) -> Value {
    for (field, value) in more.as_object().expect("an object") {
        data[field] = value.clone();
    }
    data
}

fn basket() -> Value {
    json!({ "items": [{ "label": "Milk", "quantity": 2, "unitPrice": 6.25, "totalPrice": PRICE, "tags": { "aisle": "4" } }] })
}

fn customer_info() -> Value {
    json!({ "customerInfo": { "payload": { "loyalty": "gold" } } })
}

fn terms() -> Value {
    json!({ "type": "EVERYDAY_PAY", "version": "1.0.0" })
}
