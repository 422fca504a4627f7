//! A till: a merchant's server asks for money in store, shoppers scan and pay, and both look back at it.

use serde_json::{Value, json};

use super::http::Ask;
use super::retailer::sends;
use super::{Answer, Florin, Instrument, Retailer, Shopper, enveloped};

/// Where shoppers' calls of this family begin.
const CUSTOMER: &str = "/wow/v1/pay/instore/customer";
/// Where merchants' calls begin.
const MERCHANT: &str = "/wow/v1/pay/instore/merchant";

/// Sends a call of this family and checks what every good answer of it has: an envelope without a null, or no body at all.
#[track_caller]
pub fn sends_in_store(ask: Ask, data: Value) -> Answer {
    let answer = sends(if data.is_null() { ask } else { ask.json(&enveloped(data)) });
    if answer.status == 200 {
        let body = answer.json();
        assert!(body["data"].is_object() && body["meta"].is_object(), "{} has no envelope: {body}", answer.asked);
        assert!(!has_null(&body), "{} tells a null: {body}", answer.asked);
    }
    answer
}

/// Whether there is a null anywhere.
pub fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(parts) => parts.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// A text of an answer's.
#[track_caller]
pub fn text(of: &Value, field: &str) -> String {
    of[field].as_str().unwrap_or_else(|| panic!("no {field}: {of}")).to_owned()
}

/// A transaction as one of the two sides is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told(pub Value);

/// What happened on one instrument.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Which instrument.
    pub instrument: String,
    /// What happened.
    pub kind: String,
    /// What came of it.
    pub status: String,
    /// How many dollars.
    pub amount: f64,
    /// The payment that it is, or is about.
    pub payment: String,
    /// The refund that it is.
    pub refund: Option<String>,
}

impl Told {
    /// Its id.
    #[track_caller]
    pub fn id(&self) -> String {
        text(&self.0, "transactionId")
    }

    /// What it does, what came of it, and for how many dollars.
    #[track_caller]
    pub fn outcome(&self) -> (&str, &str, f64) {
        let word = |field: &str| self.0[field].as_str().unwrap_or_else(|| panic!("no {field}: {}", self.0));
        (word("type"), word("status"), self.0["grossAmount"].as_f64().expect("an amount"))
    }

    /// What happened, instrument by instrument.
    #[track_caller]
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        for allocation in self.0["instruments"].as_array().expect("instruments") {
            for part in allocation["transactions"].as_array().expect("transactions") {
                parts.push(Part {
                    instrument: text(allocation, "paymentInstrumentId"),
                    kind: text(part, "type"),
                    status: text(part, "status"),
                    amount: part["amount"].as_f64().expect("an amount"),
                    payment: text(part, "paymentTransactionRef"),
                    refund: part["refundTransactionRef"].as_str().map(str::to_owned),
                });
            }
        }
        parts
    }

    /// How many dollars each instrument paid, or got back.
    #[track_caller]
    pub fn amounts(&self) -> Vec<(String, f64)> {
        self.parts().into_iter().map(|part| (part.instrument, part.amount)).collect()
    }

    /// The reference of what happened on `instrument`.
    #[track_caller]
    pub fn reference(&self, instrument: &Instrument) -> String {
        let parts = self.parts();
        let found = parts.iter().find(|part| part.instrument == instrument.id);
        found.unwrap_or_else(|| panic!("nothing happened on {instrument:?}: {}", self.0)).payment.clone()
    }
}

impl Answer {
    /// What a good answer of this family is about.
    #[track_caller]
    pub fn data(self) -> Value {
        self.is(200).json()["data"].clone()
    }

    /// The transaction that a good answer tells.
    #[track_caller]
    pub fn told_transaction(self) -> Told {
        Told(self.data())
    }
}

impl Retailer {
    /// Calls an operation of this family as its merchant.
    #[track_caller]
    pub fn in_store(&self, method: &str, rest: &str, data: Value) -> Answer {
        sends_in_store(self.ask(method, &format!("{MERCHANT}{rest}")), data)
    }

    /// Gets something as its merchant.
    #[track_caller]
    pub fn looks_at(&self, rest: &str) -> Answer {
        self.in_store("GET", rest, Value::Null)
    }

    /// Asks for an amount, with whatever else is said.
    #[track_caller]
    pub fn asks(&self, dollars: f64, more: &Value) -> Answer {
        let mut data = json!({ "merchantReferenceId": "till 4", "grossAmount": dollars });
        for (field, value) in more.as_object().into_iter().flatten() {
            data[field] = value.clone();
        }
        self.in_store("POST", "/payments", data)
    }

    /// The id of a new request for an amount.
    #[track_caller]
    pub fn asked(&self, dollars: f64, more: &Value) -> String {
        text(&self.asks(dollars, more).data(), "paymentRequestId")
    }

    /// How often a request can still be paid; nothing if there is no limit.
    #[track_caller]
    pub fn uses_left(&self, request: &str) -> Option<u64> {
        self.looks_at(&format!("/payments/{request}")).data()["usesRemaining"].as_u64()
    }

    /// The picture of a code.
    #[track_caller]
    pub fn picture(&self, qr: &str) -> Vec<u8> {
        let answer = self.ask("GET", &format!("{MERCHANT}/qr/{qr}")).header("accept", "image/png").send().is(200);
        assert_eq!(answer.header("content-type"), "image/png");
        answer.body
    }

    /// The transactions that a query finds, newest first.
    #[track_caller]
    pub fn transactions(&self, query: &str) -> Vec<Told> {
        listed(self.looks_at(&format!("/transactions{query}")))
    }

    /// A transaction as the merchant sees it.
    #[track_caller]
    pub fn sees(&self, transaction: &str) -> Told {
        self.looks_at(&format!("/transactions/{transaction}")).told_transaction()
    }

    /// Gives back what is named of a transaction, or all of it.
    #[track_caller]
    pub fn gives_back(&self, transaction: &str, parts: &[(&str, f64)]) -> Answer {
        let named = |(reference, dollars): &(&str, f64)| json!({ "subTransactionRef": reference, "amount": dollars });
        let mut data = json!({ "reason": "broken" });
        if !parts.is_empty() {
            data["subTransactions"] = parts.iter().map(named).collect();
        }
        self.in_store("POST", &format!("/transactions/{transaction}/refund"), data)
    }

    /// Completes or voids a transaction with whatever else is said.
    #[track_caller]
    pub fn follows_up(&self, verb: &str, transaction: &str, mut data: Value) -> Answer {
        data["clientReference"] = json!(verb);
        self.in_store("POST", &format!("/transactions/{transaction}/{verb}"), data)
    }
}

impl Shopper {
    /// Calls an operation of this family as its shopper.
    #[track_caller]
    pub fn in_store(&self, method: &str, rest: &str, data: Value) -> Answer {
        sends_in_store(self.ask(method, &format!("{CUSTOMER}{rest}")), data)
    }

    /// Gets something as its shopper.
    #[track_caller]
    pub fn looks_at(&self, rest: &str) -> Answer {
        self.in_store("GET", rest, Value::Null)
    }

    /// Pays a request in some way.
    #[track_caller]
    pub fn settles(&self, request: &str, how: Value) -> Answer {
        self.in_store("PUT", &format!("/payments/{request}"), how)
    }

    /// Pays a request with one instrument.
    #[track_caller]
    pub fn settles_with(&self, request: &str, instrument: &Instrument) -> Answer {
        self.settles(request, json!({ "primaryInstrumentId": instrument.id }))
    }

    /// The transactions that a query finds, newest first.
    #[track_caller]
    pub fn transactions(&self, query: &str) -> Vec<Told> {
        listed(self.looks_at(&format!("/transactions{query}")))
    }

    /// A transaction as the shopper sees it.
    #[track_caller]
    pub fn sees(&self, transaction: &str) -> Told {
        self.looks_at(&format!("/transactions/{transaction}")).told_transaction()
    }

    /// What kept gift cards have left to spend, in dollars.
    #[track_caller]
    pub fn has_left(&self, cards: &[&Instrument]) -> Vec<f64> {
        let named: Vec<_> = cards.iter().map(|card| json!({ "paymentInstrumentId": card.id })).collect();
        let told = self.posts("/wow/v1/pay/giftcards/balance", &json!({ "giftCardInstruments": named })).is(200).json();
        let balances = told["giftCardBalances"].as_array().expect("balances");
        balances.iter().map(|told| told["balance"].as_f64().expect("a balance")).collect()
    }
}

#[track_caller]
fn listed(answer: Answer) -> Vec<Told> {
    let body = answer.is(200).json();
    let found = body["data"]["transactions"].as_array().expect("transactions");
    assert_eq!(body["meta"]["recordCount"], found.len(), "{body}");
    found.iter().cloned().map(Told).collect()
}

impl Florin {
    /// A shopper of the first merchant with a good card.
    #[track_caller]
    pub fn card_holder(&self) -> (Shopper, Instrument) {
        let shopper = self.shopper();
        let card = shopper.captures(&self.card("approved"));
        (shopper, card)
    }
}

/// Reads the one code on a picture, as a camera would.
#[track_caller]
pub fn scanned(picture: &[u8]) -> String {
    let mut reader = png::Decoder::new(std::io::Cursor::new(picture)).read_info().expect("a PNG picture");
    let mut bytes = vec![0; reader.output_buffer_size().expect("a picture of a bearable size")];
    let frame = reader.next_frame(&mut bytes).expect("a whole picture");
    let (width, height) = (frame.width as usize, frame.height as usize);
    assert_eq!(frame.bit_depth, png::BitDepth::One, "black and white");
    let grey = |x: usize, y: usize| if bytes[y * frame.line_size + x / 8] & (0x80 >> (x % 8)) == 0 { 0 } else { 255 };
    let mut seen = rqrr::PreparedImage::prepare_from_greyscale(width, height, grey);
    let codes = seen.detect_grids();
    assert_eq!(codes.len(), 1, "one code on the picture");
    codes[0].decode().expect("a code that can be read").1
}
