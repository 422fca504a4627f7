//! A shopper's browser: carries the token that the merchant's server got, gives cards to Florin's own pages, and pays.

use serde_json::{Value, json};

use super::http::Ask;
use super::retailer::sends;
use super::{Answer, Florin, Page, Retailer};

/// A shopper at a merchant.
#[derive(Clone)]
pub struct Shopper {
    /// Whose shop it is.
    pub at: Retailer,
    /// Their stable name there.
    pub id: String,
    /// The access token.
    pub token: String,
    /// The refresh token.
    pub refresh: String,
    /// Whether nothing is kept for them.
    pub is_guest: bool,
    wallet: Option<bool>,
}

/// Something to pay with.
#[derive(Clone, Debug, PartialEq)]
pub struct Instrument {
    /// Its id.
    pub id: String,
    /// Its token.
    pub token: String,
}

/// A gift card as it lies on the counter.
#[derive(Clone, Debug)]
pub struct Slip {
    /// Its number.
    pub number: String,
    /// Its PIN.
    pub pin: String,
}

/// A payment in the making.
#[derive(Clone)]
pub struct Bill {
    /// The body to send.
    pub body: Value,
}

/// What every month and code is good for.
const EXPIRY: &str = "12/31";
const CODE: &str = "123";

impl Bill {
    /// `amount` dollars of one instrument, at once.
    pub fn of(instrument: &Instrument, amount: f64) -> Self {
        let both = json!({ "creditCard": "PURCHASE", "debitCard": "PURCHASE" });
        let kinds = json!({
            "creditCard": "PURCHASE", "giftCard": "PURCHASE", "payPal": "PURCHASE", "googlePay": both, "applePay": both,
        });
        let body = json!({ "transactionType": kinds, "clientReference": "basket", "orderNumber": "order", "payments": [] });
        Self { body }.and(instrument, amount)
    }

    /// And `amount` dollars of another one.
    pub fn and(mut self, instrument: &Instrument, amount: f64) -> Self {
        let part = json!({ "paymentInstrumentId": instrument.id, "paymentToken": instrument.token, "amount": amount });
        self.body["payments"].as_array_mut().expect("payments").push(part);
        self
    }

    /// With another field.
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.body[field] = value.into();
        self
    }

    /// With another field beside its last instrument.
    pub fn part_with(mut self, field: &str, value: impl Into<Value>) -> Self {
        let parts = self.body["payments"].as_array_mut().expect("payments");
        parts.last_mut().expect("an instrument")[field] = value.into();
        self
    }

    /// Held now and taken later, where that can be.
    pub fn held(mut self) -> Self {
        for kind in ["creditCard", "giftCard"] {
            self.body["transactionType"][kind] = json!("PREAUTH");
        }
        for kind in ["googlePay", "applePay"] {
            self.body["transactionType"][kind]["creditCard"] = json!("PREAUTH");
        }
        self
    }
}

impl Instrument {
    /// Reads the names that an answer gives it.
    #[track_caller]
    pub fn read(named: &Value) -> Self {
        let text = |field: &str| named[field].as_str().unwrap_or_else(|| panic!("no {field}: {named}")).to_owned();
        Self { id: text("paymentInstrumentId"), token: text("paymentToken") }
    }
}

impl Shopper {
    /// The shopper whom `tokens` are for.
    #[track_caller]
    pub fn new(at: &Retailer, id: &str, tokens: &Value) -> Self {
        let text = |field: &str| tokens[field].as_str().unwrap_or_else(|| panic!("no {field}: {tokens}")).to_owned();
        Self {
            at: at.clone(),
            id: id.to_owned(),
            token: text("accessToken"),
            refresh: text("refreshToken"),
            is_guest: tokens["isGuestToken"] == true,
            wallet: None,
        }
    }

    /// The same shopper with another access token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The same shopper, whose browser meets another of the merchant's servers.
    pub fn at(&self, retailer: &Retailer) -> Self {
        Self { at: retailer.clone(), ..self.clone() }
    }

    /// The same shopper's Everyday Pay wallet.
    pub fn everyday(&self) -> Self {
        Self { wallet: Some(true), ..self.clone() }
    }

    /// The same shopper, who says that it is the shop's own wallet, which nobody needs to.
    pub fn in_the_shops_wallet(&self) -> Self {
        Self { wallet: Some(false), ..self.clone() }
    }

    /// Gets a new token, as after a long while.
    #[track_caller]
    pub fn comes_again(&mut self) {
        let again = if self.is_guest { self.at.welcomes(&self.id) } else { self.at.signs_in(&self.id) };
        *self = Self { wallet: self.wallet, ..again };
    }

    /// Begins a call with key and token.
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        let ask = self.at.ask(method, path).bearer(&self.token);
        match self.wallet {
            Some(is_everyday) => ask.header("x-everyday-pay-wallet", &is_everyday.to_string()),
            None => ask,
        }
    }

    /// Posts JSON.
    #[track_caller]
    pub fn posts(&self, path: &str, body: &Value) -> Answer {
        sends(self.ask("POST", path).json(body))
    }

    /// A path of the family that this shopper belongs to.
    pub fn path(&self, rest: &str) -> String {
        if self.is_guest { format!("/wow/v1/pay/guest/{rest}") } else { format!("/wow/v1/pay/{rest}") }
    }

    /// Asks for a page on which to give a card.
    #[track_caller]
    pub fn begins_capture(&self) -> Answer {
        self.posts(&self.path("cards/initcapture"), &json!({ "clientReference": "capture" }))
    }

    /// The address of a page on which to give a card.
    #[track_caller]
    pub fn capture_url(&self) -> String {
        self.begins_capture().is(200).json()["cardCaptureURL"].as_str().expect("a URL").to_owned()
    }

    /// Opens the page at `url`, fills the form in as `answers` say, and sends it.
    #[track_caller]
    pub fn fills(&self, url: &str, answers: &[(&str, &str)]) -> Page {
        let page = Page::read(self.at.http().get(url).is(200));
        let form = page.form_with("card_cvc").unwrap_or_else(|| panic!("no form on {url}: {}", page.text));
        assert!(form.is_post, "what is typed never stands in an address");
        Page::read(self.at.http().ask("POST", form.action.as_str()).form(&form.filled(answers)).send())
    }

    /// Gives a card.
    #[track_caller]
    pub fn captures(&self, number: &str) -> Instrument {
        let code = if number.starts_with("37") { "1234" } else { CODE };
        self.captures_with(number, EXPIRY, code)
    }

    /// Gives a card with all that is printed on it.
    #[track_caller]
    pub fn captures_with(&self, number: &str, expiry: &str, code: &str) -> Instrument {
        let page = self.fills(&self.capture_url(), &[("card_number", number), ("card_expiry", expiry), ("card_cvc", code)]);
        let result = result(&page);
        assert_eq!(result["status"], "captured", "{}: {result}", page.text);
        let text = |field: &str| result["instrument"][field].as_str().unwrap_or_else(|| panic!("no {field}: {result}")).to_owned();
        Instrument { id: text("id"), token: text("token") }
    }

    /// Types the code of a kept card on the page that `url` is, and gets the token that carries it.
    #[track_caller]
    pub fn steps_up(&self, url: &str) -> String {
        let result = result(&self.fills(url, &[("card_cvc", CODE)]));
        result["stepUpToken"].as_str().unwrap_or_else(|| panic!("no step-up token: {result}")).to_owned()
    }

    /// Takes a gift card into the wallet, or to hand if a guest.
    #[track_caller]
    pub fn takes(&self, slip: &Slip) -> Instrument {
        let mut body = json!({ "cardNumber": slip.number, "pinCode": slip.pin });
        if !self.is_guest {
            body["primary"] = json!(false);
            body["save"] = json!(true);
        }
        let card = self.posts(&self.path("giftcards/tokenize"), &body).is(200).json()["giftCard"].clone();
        self.named(card["paymentInstrumentId"].as_str().expect("an id"))
    }

    /// Brings a `PayPal` account.
    #[track_caller]
    pub fn brings_paypal(&self, nonce: &str) -> Instrument {
        let body = if self.is_guest { json!({ "nonce": nonce }) } else { json!({ "nonce": nonce, "primary": false }) };
        let account = self.posts(&self.path("paypal/tokenize"), &body).is(200).json()["payPal"].clone();
        self.named(account["paymentInstrumentId"].as_str().expect("an id"))
    }

    /// The instrument of that id. A guest is told no other name of it.
    #[track_caller]
    fn named(&self, id: &str) -> Instrument {
        if self.is_guest {
            return Instrument { id: id.to_owned(), token: String::new() };
        }
        let listed = self.lists();
        let lists = ["creditCards", "giftCards", "payPal"];
        let all = lists.iter().filter_map(|list| listed[list].as_array()).flatten();
        let found = all.into_iter().find(|entry| entry["paymentInstrumentId"] == id);
        Instrument::read(found.unwrap_or_else(|| panic!("{id} is not listed: {listed}")))
    }

    /// Lists the wallet.
    #[track_caller]
    pub fn lists(&self) -> Value {
        sends(self.ask("GET", "/wow/v1/pay/instruments")).is(200).json()
    }

    /// The entry of a card in the wallet.
    #[track_caller]
    pub fn entry(&self, card: &Instrument) -> Value {
        let listed = self.lists();
        let cards = listed["creditCards"].as_array().expect("cards");
        cards.iter().find(|entry| entry["paymentInstrumentId"] == card.id.as_str()).expect("the card is listed").clone()
    }

    /// Pays.
    #[track_caller]
    pub fn pays(&self, bill: &Bill) -> Answer {
        self.posts(&self.path("payments"), &bill.body)
    }

    /// Pays with an idempotency key.
    #[track_caller]
    pub fn pays_keyed(&self, bill: &Bill, key: &str) -> Answer {
        sends(self.ask("POST", &self.path("payments")).header("idempotency-key", key).json(&bill.body))
    }

    /// Pays `amount` dollars with a card and gets the reference of that.
    #[track_caller]
    pub fn bought(&self, card: &Instrument, amount: f64) -> String {
        self.pays(&Bill::of(card, amount)).is(200).told("creditCards", "paymentTransactionRef")
    }

    /// Has `amount` dollars of a card held and gets the reference of that.
    #[track_caller]
    pub fn reserved(&self, card: &Instrument, amount: f64) -> String {
        self.pays(&Bill::of(card, amount).held()).is(200).told("creditCards", "paymentTransactionRef")
    }

    /// Looks back, newest first.
    #[track_caller]
    pub fn history(&self, filter: &Value) -> Value {
        let mut body = json!({ "transactionTypes": ["PREAUTH", "PURCHASE", "COMPLETION", "VOID", "REFUND"] });
        for (field, value) in filter.as_object().expect("an object") {
            body[field] = value.clone();
        }
        self.posts("/wow/v1/pay/transactions", &body).is(200).json()
    }
}

/// What the page tells the merchant's page.
#[track_caller]
pub fn result(page: &Page) -> Value {
    let text = page.attribute("data-result").unwrap_or_else(|| panic!("no result on {}: {}", page.url, page.text));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("a result that is no JSON ({error}): {text}"))
}

impl Florin {
    /// The number of a card with that published outcome.
    pub fn card(&self, outcome: &str) -> String {
        let card = self.sandbox.cards.iter().find(|card| card.outcome == outcome);
        card.unwrap_or_else(|| panic!("no card that is {outcome}")).number.clone()
    }

    /// A gift card that nobody else has, with that many dollars on it.
    #[track_caller]
    pub fn gift_card(&self, prefix: &str, dollars: f64) -> Slip {
        let number = format!("{prefix}{:013}", 7_000_000_000 + u64::from(self.fresh()));
        let body = json!({ "number": number, "pin": "1945", "balance": dollars, "expires_on": "2039-12-31" });
        self.admin("POST", "/admin/gift-cards", Some(&body)).is(201);
        Slip { number, pin: "1945".to_owned() }
    }
}
