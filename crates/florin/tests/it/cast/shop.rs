//! A seller's server: creates orders, asks after them, cancels them, and checks the signature of every answer.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::Ask;
use super::{Answer, Http};

/// A seller with its credential.
#[derive(Clone)]
pub struct Shop {
    http: Http,
    /// Its name, as buyers see it.
    pub name: String,
    /// Its id.
    pub uuid: String,
    /// Its access token.
    pub token: String,
    /// Where its buyers go by default.
    pub redirect_url: Option<String>,
}

/// What a shop wishes for when it creates an order.
#[derive(Clone)]
pub struct Wish {
    /// The object under `data`.
    pub data: Value,
    /// The idempotency key, if the shop uses one.
    pub key: Option<String>,
}

/// An order as the create call answered it.
#[derive(Clone, Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "these are the published names")]
pub struct Order {
    /// Its id.
    pub id: String,
    /// Its amount in pounds.
    pub amount: f64,
    /// The shop's reference.
    pub reference: String,
    /// Where the buyer pays.
    pub order_url: String,
    /// Where it stands.
    pub status: String,
    /// The ways to pay.
    pub allowed_payment_terms: Vec<String>,
}

/// The signature over `body` that a holder of `token` expects, worked out without any code of Florin's.
pub fn signature(token: &str, body: &[u8]) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, token.as_bytes());
    BASE64_STANDARD.encode(aws_lc_rs::hmac::sign(&key, body))
}

impl Wish {
    /// An order over `pounds`.
    pub fn of(pounds: f64) -> Self {
        Self { data: json!({ "amount": pounds, "reference": "#order1" }), key: None }
    }

    /// With another field.
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.data[field] = value.into();
        self
    }

    /// That can only be paid on credit.
    pub fn on_credit(self) -> Self {
        self.with("allowed_payment_terms", json!(["PAY_LATER"]))
    }

    /// That can only be paid by bank.
    pub fn by_bank(self) -> Self {
        self.with("allowed_payment_terms", json!(["PAY_NOW"]))
    }

    /// With news of it to `url`.
    pub fn told_to(self, url: &str) -> Self {
        self.with("webhook_url", url)
    }

    /// With an idempotency key.
    pub fn keyed(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }
}

impl Order {
    /// Reads the answer to a create call.
    #[track_caller]
    pub fn read(answer: &Answer) -> Self {
        let body = answer.json();
        serde_json::from_value(body["data"].clone()).unwrap_or_else(|error| panic!("no order ({error}): {body}"))
    }
}

impl Shop {
    /// The seller called `name` with its credential.
    pub fn new(http: Http, name: &str, uuid: &str, token: &str, redirect_url: Option<String>) -> Self {
        Self { http, name: name.to_owned(), uuid: uuid.to_owned(), token: token.to_owned(), redirect_url }
    }

    /// The same seller with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// Where orders are created.
    pub fn create_path(&self) -> String {
        format!("/api/lending/edge/ecommerce/seller/{}/order/", self.uuid)
    }

    /// Where the order stands on the lending path.
    pub fn lending_path(order: &str) -> String {
        format!("/api/lending/edge/ecommerce/order/{order}/")
    }

    /// Where the order stands on the seller's path.
    pub fn seller_path(&self, order: &str) -> String {
        format!("/api/iwocapay/ecommerce/seller/{}/order/{order}/", self.uuid)
    }

    /// Where integrations report.
    pub fn events_path(&self) -> String {
        format!("/api/iwocapay/seller/integrations/{}/events/", self.uuid)
    }

    /// Where credentials are checked.
    pub fn connection_path(&self) -> String {
        format!("/api/iwocapay/ecommerce/seller/{}/connection_check/", self.uuid)
    }

    /// Begins a call with the token.
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        self.http.ask(method, path).bearer(&self.token)
    }

    /// Sends a call made with the token and checks the answer's signature and request id.
    #[track_caller]
    pub fn send(&self, ask: Ask) -> Answer {
        let answer = ask.send();
        assert_ne!(answer.header("x-request-id"), "", "{} has no request id", answer.asked);
        let signed = answer.header("x-iwocapay-hmac-sha256");
        // Whose token it is cannot be told to a stranger, nor while the database is away: then there is no key to sign with.
        let is_nobodys = answer.status == 401 || (answer.status == 503 && signed.is_empty());
        if !is_nobodys && !answer.body.is_empty() {
            assert_eq!(signed, signature(&self.token, &answer.body), "signature of {}: {}", answer.asked, answer.text());
        }
        answer
    }

    /// Asks for an order, whatever comes of it.
    #[track_caller]
    pub fn tries(&self, wish: &Wish) -> Answer {
        let body = json!({ "data": wish.data });
        let ask = self.ask("POST", &self.create_path()).json(&body);
        self.send(match &wish.key {
            Some(key) => ask.header("idempotency-key", key),
            None => ask,
        })
    }

    /// Creates an order.
    #[track_caller]
    pub fn creates(&self, wish: &Wish) -> Order {
        Order::read(&self.tries(wish).is(201))
    }

    /// Reads an order on the seller's path.
    #[track_caller]
    pub fn gets(&self, order: &str) -> Value {
        self.send(self.ask("GET", &self.seller_path(order))).is(200).json()["data"].clone()
    }

    /// Reads an order's status.
    #[track_caller]
    pub fn status(&self, order: &Order) -> String {
        self.gets(&order.id)["status"].as_str().expect("a status").to_owned()
    }

    /// Cancels an order on the lending path, whatever comes of it.
    #[track_caller]
    pub fn cancels(&self, order: &str) -> Answer {
        self.send(self.ask("DELETE", &Self::lending_path(order)))
    }

    /// Where the buyer of `order` comes back to: the shop's page with the order's id.
    pub fn way_back(&self, order: &Order) -> Url {
        let home = self.redirect_url.as_deref().expect("the shop has a page to return to");
        let mut url = Url::parse(home).expect("a URL");
        url.query_pairs_mut().append_pair("orderId", &order.id);
        url
    }
}
