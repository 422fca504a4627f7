//! A merchant's server: has an API key, gets shoppers their tokens, and completes, voids and refunds what they paid.

use serde_json::{Value, json};

use super::http::Ask;
use super::{Answer, Florin, Http, Shopper};

/// Where shoppers' tokens are issued.
pub const TOKEN: &str = "/wow/v1/idm/servers/token";
/// Where they are renewed.
pub const REFRESH: &str = "/wow/v1/idm/servers/token/refresh";

/// A merchant with its credential.
#[derive(Clone)]
pub struct Retailer {
    http: Http,
    /// Its id.
    pub id: String,
    /// Its API key.
    pub key: String,
}

/// Sends a call and checks what every answer of this surface has: a message id, JSON or nothing at all, and errors in their one shape.
#[track_caller]
pub fn sends(ask: Ask) -> Answer {
    let answer = ask.send();
    assert_ne!(answer.header("x-message-id"), "", "{} has no message id", answer.asked);
    if answer.status == 204 {
        assert!(answer.body.is_empty() && answer.header("content-type").is_empty(), "{}: {}", answer.asked, answer.text());
        return answer;
    }
    let kind = answer.header("content-type").split(';').next().unwrap_or_default();
    assert_eq!(kind, "application/json", "{}: {}", answer.asked, answer.text());
    if answer.status >= 400 {
        let body = answer.json();
        assert_eq!(body["httpStatusCode"], answer.status, "{}: {body}", answer.asked);
        for field in ["errorCode", "errorMessage", "errorDetail"] {
            assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{} without {field}: {body}", answer.asked);
        }
    }
    answer
}

impl Answer {
    /// Expects an error of this surface.
    #[track_caller]
    pub fn fails(self, status: u16, code: &str) -> Self {
        let body = self.json();
        assert_eq!((self.status, body["errorCode"].as_str()), (status, Some(code)), "{}: {body}", self.asked);
        self
    }

    /// The first part under `list`: what became of one instrument, or of one reference.
    #[track_caller]
    pub fn part(&self, list: &str) -> Value {
        let body = self.json();
        assert!(body[list][0].is_object(), "{} tells no {list}: {body}", self.asked);
        body[list][0].clone()
    }

    /// A text of the first part under `list`.
    #[track_caller]
    pub fn told(&self, list: &str, field: &str) -> String {
        let part = self.part(list);
        part[field].as_str().unwrap_or_else(|| panic!("{} tells no {field}: {part}", self.asked)).to_owned()
    }
}

impl Retailer {
    /// The merchant called `id` with its key.
    pub fn new(http: Http, id: &str, key: &str) -> Self {
        Self { http, id: id.to_owned(), key: key.to_owned() }
    }

    /// The same merchant with another key.
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// The client its calls go out by.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Begins a call with the key.
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        self.http.ask(method, path).header("x-api-key", &self.key)
    }

    /// Posts JSON with the key.
    #[track_caller]
    pub fn posts(&self, path: &str, body: &Value) -> Answer {
        sends(self.ask("POST", path).json(body))
    }

    /// Posts JSON with the key and an idempotency key.
    #[track_caller]
    pub fn posts_keyed(&self, path: &str, body: &Value, key: &str) -> Answer {
        sends(self.ask("POST", path).header("idempotency-key", key).json(body))
    }

    /// Gets a token for a registered shopper.
    #[track_caller]
    pub fn signs_in(&self, shopper: &str) -> Shopper {
        self.issues("", shopper, false)
    }

    /// Gets a token for a guest.
    #[track_caller]
    pub fn welcomes(&self, guest: &str) -> Shopper {
        self.issues("", guest, true)
    }

    /// Gets a token with a query such as `?access_token_exp=60`.
    #[track_caller]
    pub fn issues(&self, query: &str, shopper: &str, is_guest: bool) -> Shopper {
        let body = json!({ "shopperId": shopper, "username": shopper, "isGuest": is_guest });
        let tokens = self.posts(&format!("{TOKEN}{query}"), &body).is(200).json();
        Shopper::new(self, shopper, &tokens)
    }

    /// Completes pre-authorisations, each up to an amount.
    #[track_caller]
    pub fn completes(&self, parts: &[(&str, f64)]) -> Answer {
        self.posts("/wow/v1/pay/completions", &follow_up("completions", parts))
    }

    /// Frees pre-authorisations.
    #[track_caller]
    pub fn voids(&self, references: &[&str]) -> Answer {
        let voids: Vec<_> = references.iter().map(|reference| json!({ "paymentTransactionRef": reference })).collect();
        self.posts("/wow/v1/pay/voids", &json!({ "clientReference": "void", "orderNumber": "order", "voids": voids }))
    }

    /// Gives money back.
    #[track_caller]
    pub fn refunds(&self, parts: &[(&str, f64)]) -> Answer {
        self.posts("/wow/v1/pay/refunds", &follow_up("refunds", parts))
    }
}

/// The body of a call that takes or gives back `parts`.
pub fn follow_up(list: &str, parts: &[(&str, f64)]) -> Value {
    let items: Vec<_> = parts.iter().map(|(reference, amount)| json!({ "paymentTransactionRef": reference, "amount": amount })).collect();
    json!({ "clientReference": list, "orderNumber": "order", list: items })
}

impl Florin {
    /// A seeded merchant, 0 or 1.
    pub fn retailer(&self, index: usize) -> Retailer {
        let seeded = &self.sandbox.wpay[index];
        Retailer::new(self.http.clone(), &seeded.merchant_id, &seeded.api_key)
    }

    /// A merchant that the operator takes on, with nothing allowed yet.
    #[track_caller]
    pub fn new_retailer(&self, id: &str) -> Retailer {
        let seller = self.admin("POST", "/admin/merchants", Some(&json!({ "name": id, "pricing": "buyer_pays" }))).is(201).json();
        let path = format!("/admin/merchants/{}/retail", seller["id"].as_str().expect("an id"));
        let account = self.admin("POST", &path, Some(&json!({ "merchant_id": id }))).is(201).json();
        Retailer::new(self.http.clone(), id, account["api_key"].as_str().expect("a key"))
    }

    /// Lets a merchant's servers call from this machine.
    #[track_caller]
    pub fn lets_in(&self, retailer: &Retailer) {
        for network in ["127.0.0.1", "::1"] {
            let path = format!("/admin/retail/{}/allowed-ips", retailer.id);
            self.admin("POST", &path, Some(&json!({ "network": network }))).is(201);
        }
    }

    /// Takes every network off a merchant's list.
    #[track_caller]
    pub fn locks_out(&self, retailer: &Retailer) {
        let path = format!("/admin/retail/{}/allowed-ips", retailer.id);
        let listed = self.admin("GET", &path, None).is(200).json();
        for network in listed["networks"].as_array().expect("networks") {
            let network = network.as_str().expect("a network").replace('/', "%2F").replace(':', "%3A");
            self.admin("DELETE", &format!("{path}?network={network}"), None).is(200);
        }
    }

    /// A registered shopper of the first merchant whom nobody else is.
    #[track_caller]
    pub fn shopper(&self) -> Shopper {
        self.retailer(0).signs_in(&self.fresh_name("shopper"))
    }

    /// A guest of the first merchant.
    #[track_caller]
    pub fn guest(&self) -> Shopper {
        self.retailer(0).welcomes(&self.fresh_name("guest"))
    }
}
