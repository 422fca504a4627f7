//! The calls that the public clients make, as they make them: headers, spellings and habits, and what they do with the answers.

mod customer;
mod digital_pay;
mod habits;
mod merchant;

use reqwest::Url;
use serde_json::{Value, json};

use crate::cast::{Answer, Ask, Bill, Florin, Instrument, Retailer, Shopper, has_null, story, text};

const NOTHING: Value = Value::Null;
/// How many calls the public JavaScript client knows.
const CALLS: usize = 76;

/// Which of the two halves of the client makes a call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Customer,
    Guest,
    Merchant,
}

/// What the client does with an answer.
#[derive(Clone, Debug)]
enum Reads {
    /// Takes `data` out of the envelope, in which these are.
    Data(&'static [&'static str]),
    /// The same, and takes what it asked to have sealed out of `meta`.
    DataAndMeta(&'static [&'static str]),
    /// Nothing: a 204 has no body.
    Nothing,
    /// Takes the body as it is, in which these are.
    Body(&'static [&'static str]),
    /// Throws its error for a proper request about the wrong thing.
    Throws,
}

/// A call of the client.
#[derive(Clone, Debug)]
struct Row {
    /// What the client calls it.
    name: &'static str,
    side: Side,
    method: &'static str,
    path: String,
    body: Value,
    reads: Reads,
}

impl Row {
    fn get(name: &'static str, path: impl Into<String>, reads: Reads) -> Self {
        let path = path.into();
        let side = match name {
            _ if name.starts_with("m.") => Side::Merchant,
            _ if path.contains("/guest/") => Side::Guest,
            _ => Side::Customer,
        };
        Self { name, side, method: "GET", path, body: NOTHING, reads }
    }

    fn delete(name: &'static str, path: impl Into<String>, reads: Reads) -> Self {
        Self { method: "DELETE", ..Self::get(name, path, reads) }
    }

    fn post(name: &'static str, path: impl Into<String>, body: Value, reads: Reads) -> Self {
        Self { method: "POST", body, ..Self::get(name, path, reads) }
    }

    fn put(name: &'static str, path: impl Into<String>, body: Value, reads: Reads) -> Self {
        Self { method: "PUT", ..Self::post(name, path, body, reads) }
    }
}

/// Who calls, and what there is for them to call about.
struct Scene<'f> {
    florin: &'f Florin,
    till: Retailer,
    shopper: Shopper,
    guest: Shopper,
    card: Instrument,
}

impl<'f> Scene<'f> {
    fn of(florin: &'f Florin) -> Self {
        let (shopper, card) = florin.card_holder();
        Self { florin, till: florin.retailer(0), shopper, guest: florin.guest(), card }
    }

    /// A request for ten dollars.
    fn request(&self) -> String {
        self.till.asked(10.0, &NOTHING)
    }

    /// A payment of ten dollars, held if `kind` says so.
    fn paid(&self, kind: &str) -> String {
        let how = json!({ "primaryInstrumentId": self.card.id, "transactionType": { "creditCard": kind } });
        self.shopper.settles(&self.request(), how).told_transaction().id()
    }

    /// A session that nobody has taken up, and its code.
    fn session(&self) -> (String, String) {
        let data = json!({ "location": "lane 4", "merchantInfo": { "payload": {} }, "generateQR": true });
        let opened = self.till.in_store("POST", "/payment/session", data).data();
        (text(&opened, "paymentSessionId"), text(&opened["qr"], "qrId"))
    }

    /// A code of a request.
    fn code(&self) -> String {
        text(&self.till.asks(10.0, &json!({ "generateQR": true })).data()["qr"], "qrId")
    }

    /// An agreement to be charged every month.
    fn agreement(&self) -> String {
        let made = self.shopper.posts("/wow/v1/pay/paymentagreements", &crate::cast::agreement(&self.card)).is(200).json();
        text(&made, "paymentToken")
    }

    /// A payment in the other family, and the reference of it.
    fn bought(&self, is_held: bool) -> String {
        let bill = Bill::of(&self.card, 12.5);
        self.shopper.pays(&if is_held { bill.held() } else { bill }).is(200).told("creditCards", "paymentTransactionRef")
    }

    /// A step-up token for the shopper's card.
    fn code_typed(&self) -> String {
        self.shopper.steps_up(&text(&self.shopper.entry(&self.card)["stepUp"], "url"))
    }

    /// Adds what the client adds to every call: the customer's half has a bearer, the merchant's half an id and none.
    fn dressed(&self, side: Side, ask: Ask) -> Ask {
        let ask = ask.header("x-api-key", &self.till.key).header("x-everyday-pay-wallet", "false");
        match side {
            Side::Customer => ask.header("authorization", &format!("Bearer {}", self.shopper.token)),
            Side::Guest => ask.header("authorization", &format!("Bearer {}", self.guest.token)),
            Side::Merchant => ask.header("x-merchant-id", "10006"),
        }
    }

    #[track_caller]
    fn sends(&self, row: &Row) -> Answer {
        let ask = self.dressed(row.side, self.florin.http.ask(row.method, &row.path));
        if row.body.is_null() { ask.send() } else { ask.json(&row.body).send() }
    }
}

/// What the client's reading rules have against an answer.
fn faults(row: &Row, answer: &Answer) -> Vec<String> {
    let expected = match row.reads {
        Reads::Nothing => 204,
        Reads::Throws => 422,
        Reads::Data(_) | Reads::DataAndMeta(_) | Reads::Body(_) => 200,
    };
    if answer.status != expected {
        return vec![format!("{} instead of {expected}: {}", answer.status, answer.text())];
    }
    if expected == 204 {
        return if answer.body.is_empty() { Vec::new() } else { vec!["a body beside a 204".to_owned()] };
    }
    let mut found = Vec::new();
    let kind = answer.header("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind != "application/json" {
        found.push(format!("unrecognised content type: {kind}"));
    }
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else { return vec![format!("no JSON: {}", answer.text())] };
    let is_bare = matches!(row.reads, Reads::Body(_) | Reads::Throws);
    if !is_bare && has_null(&body) && row.path.contains("/instore/") {
        found.push(format!("a null: {body}"));
    }
    match row.reads {
        Reads::Data(fields) => lacks(&body["data"], fields, &mut found),
        Reads::DataAndMeta(fields) => {
            lacks(&body["data"], fields, &mut found);
            lacks(&body["meta"], &["cipherText"], &mut found);
        }
        Reads::Body(fields) => lacks(&body, fields, &mut found),
        Reads::Throws => lacks(&body, &["httpStatusCode", "errorCode", "errorMessage", "errorDetail"], &mut found),
        Reads::Nothing => {}
    }
    if body["data"]["status"] == "REJECTED" {
        found.push(format!("rejected: {body}"));
    }
    is_readable(&body, &mut found);
    found
}

fn lacks(of: &Value, fields: &[&str], found: &mut Vec<String>) {
    if !of.is_object() {
        found.push(format!("no object where {fields:?} should be"));
    }
    found.extend(fields.iter().filter(|field| of.get(**field).is_none()).map(|field| format!("no {field} in {of}")));
}

/// Values of which the client makes something else than text, by the names under which they stand.
const URLS: [&str; 3] = ["updateURL", "cardCaptureURL", "url"];
const TIMES: [&str; 9] =
    ["executionTime", "expiryTime", "createdOn", "lastUpdated", "lastUsed", "startDate", "endDate", "created", "transactionTimestamp"];
const WORDS: [&str; 8] = [
    "status",
    "rollback",
    "referenceType",
    "chargeFrequency",
    "instrumentType",
    "transactionType",
    "paymentInstrumentType",
    "serviceStatus",
];

/// Looks at every value that the client turns into a URL, a time or a word of an enumeration.
fn is_readable(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(parts) => parts.iter().for_each(|part| is_readable(part, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                is_readable(value, found);
                let Some(told) = value.as_str() else { continue };
                let name = name.as_str();
                let is_good = match name {
                    _ if URLS.contains(&name) => Url::parse(told).is_ok_and(|url| url.scheme() == "https"),
                    _ if TIMES.contains(&name) => is_time(told),
                    _ if WORDS.contains(&name) => told == told.to_ascii_uppercase(),
                    _ => true,
                };
                if !is_good {
                    found.push(format!("{name} is {told}"));
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether all clients can read a time: in UTC, to the millisecond, with a `Z`.
fn is_time(told: &str) -> bool {
    told.len() == "2026-11-21T10:00:00.000Z".len()
        && told.strip_suffix('Z').is_some_and(|told| told.parse::<jiff::civil::DateTime>().is_ok())
}

#[test]
fn the_reading_rules_see() {
    let mut found = Vec::new();
    let odd = json!({ "data": [{ "updateURL": "/relative", "executionTime": "2026-11-21T10:00:00+1100", "status": "approved" }] });
    is_readable(&odd, &mut found);
    assert_eq!(found.len(), 3, "{found:?}");
    let fine = json!({ "url": "https://florin.example/x", "endDate": "9999-12-31T23:59:59.000Z", "status": "APPROVED", "lastUsed": null });
    is_readable(&fine, &mut found);
    assert_eq!(found.len(), 3, "{found:?}");
}

story! {
    fn the_public_javascript_client_can_make_every_call_that_it_knows(florin) {
        let scene = Scene::of(florin);
        let mut rows = scene.customer_rows();
        rows.extend(scene.merchant_rows());
        rows.extend(scene.digital_pay_rows());
        let mut names: Vec<_> = rows.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!((rows.len(), names.len()), (CALLS, CALLS));
        let mut told = Vec::new();
        for row in &rows {
            let answer = scene.sends(row);
            told.extend(faults(row, &answer).into_iter().map(|fault| format!("{}: {} {}: {fault}", row.name, row.method, row.path)));
        }
        assert!(told.is_empty(), "{} faults:\n  {}", told.len(), told.join("\n  "));
    }
}
