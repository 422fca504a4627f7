//! A stage: one sound call of every operation of the retail surface, with whatever must be there before it can be made.

mod apm;
mod elements;
mod gifting;
mod instore;
mod openpay;

pub use self::apm::{Checkout, pay_later_order, tokenized};
pub use self::gifting::{gift, gift_for_jim, gift_order};
pub use self::instore::{enveloped, immediate, in_store_agreement};
pub use self::openpay::{shown, till_follow_up};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::http::Ask;
use super::{Answer, Bill, Florin, Instrument, REFRESH, Retailer, Shopper, TOKEN, follow_up, sends};

/// Who makes the calls, and for whom.
pub struct Stage<'f> {
    /// The server.
    pub florin: &'f Florin,
    /// The merchant.
    pub retailer: Retailer,
    /// A shopper of the merchant.
    pub shopper: Shopper,
    /// A guest of the merchant.
    pub guest: Shopper,
}

/// A call that lacks nothing but its credentials.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its method.
    pub method: &'static str,
    /// Its path, parameters filled in.
    pub path: String,
    /// Its body.
    pub body: Option<Value>,
    /// The session that completes what it is about, as a header.
    pub session: Option<String>,
}

/// Where the merchant's pages are.
pub const ORIGIN: &str = "https://shop.example";

impl Call {
    /// A look at something.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), body: None, session: None }
    }

    /// An end of something.
    pub fn delete(path: impl Into<String>) -> Self {
        Self { method: "DELETE", path: path.into(), body: None, session: None }
    }

    /// A body that is posted.
    pub fn post(path: impl Into<String>, body: Value) -> Self {
        Self { method: "POST", path: path.into(), body: Some(body), session: None }
    }

    /// A body that is put.
    pub fn put(path: impl Into<String>, body: Value) -> Self {
        Self { method: "PUT", ..Self::post(path, body) }
    }

    /// Sends it after `credentials` were added, as from a page of the merchant's.
    #[track_caller]
    pub fn send(&self, florin: &Florin, credentials: impl FnOnce(Ask) -> Ask) -> Answer {
        let ask = credentials(florin.http.ask(self.method, &self.path)).header("origin", ORIGIN);
        let ask = self.session.iter().fold(ask, |ask, session| ask.header("x-session-id", session));
        sends(match &self.body {
            Some(body) => ask.json(body),
            None => ask,
        })
    }
}

impl<'f> Stage<'f> {
    /// The first merchant with a shopper and a guest whom nobody else is.
    pub fn new(florin: &'f Florin) -> Self {
        Self { florin, retailer: florin.retailer(0), shopper: florin.shopper(), guest: florin.guest() }
    }

    /// A merchant with a shopper and a guest that were there before.
    pub fn of(florin: &'f Florin, shopper: &Shopper, guest: &Shopper) -> Self {
        Self { florin, retailer: shopper.at.clone(), shopper: shopper.clone(), guest: guest.clone() }
    }

    /// A call that succeeds when it is made with the merchant's key, and the shopper's or guest's token where one is asked for.
    #[track_caller]
    pub fn sound(&self, method: &str, path: &str) -> Call {
        let found = self.of_servers(method, path).or_else(|| self.of_wallets(method, path)).or_else(|| self.of_guests(path));
        let found = found.or_else(|| self.of_payments(path)).or_else(|| self.of_agreements(method, path));
        let found = found.or_else(|| self.of_instore(method, path)).or_else(|| self.of_gifting(method, path));
        let found = found.or_else(|| self.of_elements(method, path));
        let found = found.or_else(|| self.of_apm(method, path)).or_else(|| self.of_openpay(method, path));
        found.unwrap_or_else(|| panic!("nobody knows how to call {method} {path}"))
    }

    /// A good card in the shopper's wallet.
    #[track_caller]
    pub fn card(&self) -> Instrument {
        self.shopper.captures(&self.florin.card("approved"))
    }

    fn of_servers(&self, method: &str, path: &str) -> Option<Call> {
        let of_shopper = || json!({ "uid": "u-1", "shopperId": self.shopper.id });
        Some(match (method, path) {
            ("GET", "/wow/v1/pay/" | "/wow/v1/pay" | "/.well-known/jwks.json" | "/wow/v1/pay/merchants/profile") => Call::get(path),
            ("POST", TOKEN) => Call::post(path, json!({ "shopperId": self.florin.fresh_name("new") })),
            ("POST", REFRESH) => Call::post(path, json!({ "refreshToken": self.retailer.signs_in(&self.shopper.id).refresh })),
            ("POST", "/wow/v1/pay/instruments/import") => {
                let giver = self.florin.shopper();
                let number = self.florin.card("approved");
                let reference = giver.bought(&giver.captures(&number), 12.5);
                let card = json!({
                    "transactionRef": reference, "transactionTimestamp": "2026-01-01T00:00:00.000Z", "orderNumber": "order",
                    "bin": &number[..6], "cardSuffix": &number[12..], "amount": 12.5,
                });
                Call::post(path, json!({ "uid": "u-1", "shopperId": self.shopper.id, "creditCards": [card] }))
            }
            ("POST", "/wow/v1/pay/instruments" | "/wow/v1/pay/wallet/delete") => Call::post(path, of_shopper()),
            _ => return None,
        })
    }

    fn of_wallets(&self, method: &str, path: &str) -> Option<Call> {
        let renewed = |list: &str, made: &str, field: &str| {
            self.shopper.posts(made, &self.of_wallets("POST", made).expect("a call").body.expect("a body")).is(200);
            let kept = self.shopper.lists()[list][field].as_str().map(str::to_owned);
            path.replace("{paymentInstrumentId}", kept.as_deref().unwrap_or("")).replace("{paymentToken}", kept.as_deref().unwrap_or(""))
        };
        Some(match (method, path) {
            ("POST", "/wow/v1/pay/cards/initcapture") => Call::post(path, json!({ "clientReference": "capture" })),
            ("POST", "/wow/v1/pay/paypal/tokenize") => {
                Call::post(path, json!({ "nonce": format!("fake-{}", self.florin.fresh()), "primary": false }))
            }
            ("POST", "/wow/v1/pay/paypal/createtransactionriskcontext") => Call::post(path, risk_context()),
            ("POST", "/wow/v1/pay/giftcards/tokenize") => Call::post(path, self.gift_card(true)),
            ("POST", "/wow/v1/pay/giftcards/balance") => {
                let kept = self.shopper.takes(&self.florin.gift_card("628000", 50.0));
                Call::post(path, json!({ "giftCardInstruments": [{ "paymentInstrumentId": kept.id }] }))
            }
            ("POST", "/wow/v1/pay/androidpay/tokenize") => Call::post(path, android()),
            ("POST", "/wow/v1/pay/androidpay/tokenize/{paymentInstrumentId}") => {
                let made = self.shopper.posts("/wow/v1/pay/androidpay/tokenize", &android()).is(200).json();
                Call::post(path.replace("{paymentInstrumentId}", made["paymentInstrumentId"].as_str()?), android())
            }
            ("POST", "/wow/v1/pay/googlepay/tokenize") => Call::post(path, google()),
            ("POST", "/wow/v1/pay/googlepay/tokenize/{paymentToken}") => {
                Call::post(renewed("googlePay", "/wow/v1/pay/googlepay/tokenize", "paymentToken"), google())
            }
            ("POST", "/wow/v1/pay/applepay/paymentsession") => {
                let url = "https://apple-pay-gateway.apple.com/paymentservices/startSession";
                Call::post(path, json!({ "validationUrl": url, "displayName": "Shop" }))
            }
            ("POST", "/wow/v1/pay/applepay/tokenize") => Call::post(path, apple(true)),
            ("POST", "/wow/v1/pay/applepay/tokenize/{paymentInstrumentId}") => {
                Call::post(renewed("applePay", "/wow/v1/pay/applepay/tokenize", "paymentInstrumentId"), apple(true))
            }
            ("POST", "/wow/v1/pay/instruments/verify") => {
                Call::post(path, json!({ "clientReference": "verify", "paymentInstruments": [{ "paymentToken": self.card().token }] }))
            }
            ("POST", "/wow/v1/pay/instruments/fraudcheck") => {
                let body = json!({ "clientReference": "check", "paymentToken": self.card().token, "fraudPayload": for_screen("<order/>") });
                Call::post(path, body)
            }
            ("GET", "/wow/v1/pay/instruments") => Call::get(path),
            ("DELETE", "/wow/v1/pay/instruments/{paymentInstrumentId}") => {
                Call::delete(path.replace("{paymentInstrumentId}", &self.card().id))
            }
            ("POST", "/wow/v1/pay/transactions") => Call::post(path, json!({ "transactionTypes": ["PURCHASE", "REFUND"] })),
            _ => return None,
        })
    }

    fn of_guests(&self, path: &str) -> Option<Call> {
        let body = match path.strip_prefix("/wow/v1/pay/guest/")? {
            "cards/initcapture" => json!({ "clientReference": "capture" }),
            "paypal/tokenize" => json!({ "nonce": format!("fake-{}", self.florin.fresh()) }),
            "giftcards/tokenize" => self.gift_card(false),
            "googlepay/tokenize" => google(),
            "applepay/tokenize" => apple(false),
            "payments" => Bill::of(&self.guest.captures(&self.florin.card("approved")), 12.5).body,
            _ => return None,
        };
        Some(Call::post(path, body))
    }

    fn of_payments(&self, path: &str) -> Option<Call> {
        let body = match path {
            "/wow/v1/pay/payments" => Bill::of(&self.card(), 12.5).body,
            "/wow/v1/pay/completions" => follow_up("completions", &[(&self.shopper.reserved(&self.card(), 12.5), 10.0)]),
            "/wow/v1/pay/voids" => {
                let reference = self.shopper.reserved(&self.card(), 12.5);
                json!({ "clientReference": "void", "orderNumber": "order", "voids": [{ "paymentTransactionRef": reference }] })
            }
            "/wow/v1/pay/refunds" => follow_up("refunds", &[(&self.shopper.bought(&self.card(), 12.5), 10.0)]),
            _ => return None,
        };
        Some(Call::post(path, body))
    }

    fn of_agreements(&self, method: &str, path: &str) -> Option<Call> {
        let made = || {
            let answer = self.shopper.posts("/wow/v1/pay/paymentagreements", &agreement(&self.card())).is(200).json();
            answer["paymentToken"].as_str().expect("a token").to_owned()
        };
        Some(match (method, path) {
            ("POST", "/wow/v1/pay/paymentagreements") => Call::post(path, agreement(&self.card())),
            ("POST", "/wow/v1/pay/paymentagreements/charge") => Call::post(path, charge(&made(), 2.99)),
            ("POST", "/wow/v1/pay/paymentagreements/{paymentToken}") => {
                let body =
                    json!({ "clientReference": "change", "paymentAgreement": { "chargeFrequency": "WEEKLY", "chargeAmount": 3.99 } });
                Call::post(path.replace("{paymentToken}", &made()), body)
            }
            ("DELETE", "/wow/v1/pay/paymentagreements/{paymentToken}") => Call::delete(path.replace("{paymentToken}", &made())),
            _ => return None,
        })
    }

    fn gift_card(&self, is_kept: bool) -> Value {
        let slip = self.florin.gift_card("628000", 50.0);
        let mut body = json!({ "cardNumber": slip.number, "pinCode": slip.pin });
        if is_kept {
            body["primary"] = json!(false);
            body["save"] = json!(true);
        }
        body
    }
}

/// An agreement to be charged every month.
pub fn agreement(card: &Instrument) -> Value {
    let terms = json!({
        "type": "RECURRING", "paymentInstrumentId": card.id, "chargeFrequency": "MONTHLY", "chargeAmount": 2.99,
        "startDate": null, "endDate": null, "immediateCharge": false, "stepUpToken": null,
    });
    json!({ "clientReference": "agree", "customerRef": null, "orderNumber": null, "billingAddress": null, "paymentAgreement": terms })
}

/// What a merchant sends for the fraud screen.
pub fn for_screen(message: &str) -> Value {
    json!({
        "provider": "cybersource", "version": "CyberSourceTransaction_1.101", "format": "XML", "responseFormat": "XML",
        "message": message,
    })
}

/// A charge of an agreement.
pub fn charge(token: &str, amount: f64) -> Value {
    json!({
        "transactionType": { "creditCard": "PURCHASE", "payPal": "PURCHASE" }, "clientReference": "charge", "orderNumber": "order",
        "paymentToken": token, "amount": amount,
    })
}

/// What a wallet on a phone gives out: nothing that can be read, and nothing that looks like a card's number.
fn opaque(what: &str) -> String {
    BASE64_STANDARD.encode(format!("a sealed {what} that only the network opens"))
}

/// A card in Google Pay.
pub fn google() -> Value {
    json!({ "instrumentType": "GOOGLE_PAY", "comment": "my phone", "tokenData": opaque("Google token") })
}

fn android() -> Value {
    json!({
        "encryptedMessage": opaque("Android token"), "ephemeralPublicKey": opaque("key"), "tag": opaque("tag"),
        "publicKeyHash": opaque("hash"), "instrumentType": "ANDROID_PAY", "primary": false, "comment": "my phone",
    })
}

/// A card in Apple Pay.
pub fn apple(is_kept: bool) -> Value {
    let mut body = json!({
        "data": opaque("Apple token"), "ephemeralPublicKey": opaque("key"), "publicKeyHash": opaque("hash"), "transactionId": "c0ffee",
        "signature": opaque("signature"), "version": "EC_v1", "instrumentType": "APPLE_PAY", "comment": "my phone",
        "applicationData": null,
    });
    if is_kept {
        body["primary"] = json!(false);
    }
    body
}

fn risk_context() -> Value {
    json!({
        "senderAccountId": "1", "senderFirstName": "Jo", "senderLastName": "Ash", "senderEmail": "jo@example.com",
        "senderPhone": "0400000000", "senderCountryCode": "AU", "senderCreateDate": "2020-01-01T00:00:00.000Z",
        "highriskTxnFlag": false, "vertical": "RETAIL",
    })
}
