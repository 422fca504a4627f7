//! What must be found nowhere: card numbers, codes, PINs, keys and tokens, planted and looked for in logs, errors and books.

use std::fs;

use serde_json::{Value, json};

use crate::cast::{Answer, Bill, Database, Florin, Instrument, Shopper, Slip, google, hex, sends, story};

const NUMBER: &str = "375987065321486";
const CODE: &str = "9317";
const PIN: &str = "580271463926";
const NONCE: &str = "fake-nonce-that-nobody-keeps";
const PHONE: &str = "{\"secret\":\"a phone's own token\"}";

/// What was planted, by what it is.
struct Planted(Vec<(&'static str, String)>);

impl Planted {
    /// Fails if one of them stands in `text`, as it is or in hexadecimal as databases show bytes.
    #[track_caller]
    fn is_absent_from(&self, place: &str, text: &[u8]) {
        for (what, secret) in &self.0 {
            for form in [secret.as_str(), &hex(secret.as_bytes())] {
                assert!(!tells(text, form), "{what} stands in {place}");
            }
        }
    }
}

/// Whether `secret` stands in `text` by itself: four digits within a longer number are no code.
fn tells(text: &[u8], secret: &str) -> bool {
    let is_part = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let found = |at: usize| !is_part(at.checked_sub(1).and_then(|before| text.get(before))) && !is_part(text.get(at + secret.len()));
    text.windows(secret.len()).enumerate().any(|(at, window)| window == secret.as_bytes() && found(at))
}

/// Everything in the books, as bytes: the pages of a file with its log, or every row of a server's tables.
fn books(florin: &Florin) -> Vec<(String, Vec<u8>)> {
    if let Database::File(directory) = &florin.database {
        let files = fs::read_dir(directory).expect("a directory").flatten();
        let books = files.filter(|file| file.file_name().to_string_lossy().starts_with("florin.db"));
        return books.map(|file| (file.file_name().to_string_lossy().into_owned(), fs::read(file.path()).expect("a file"))).collect();
    }
    let books = florin.books();
    let tables = books.words("SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = 'public'");
    assert!(tables.len() > 30, "{tables:?}");
    let rows = |table: &String| books.words(&format!("SELECT CAST(row_to_json(t) AS TEXT) FROM {table} t")).join("\n").into_bytes();
    tables.iter().map(|table| (table.clone(), rows(table))).collect()
}

/// A day in the life of a shopper, with everything secret once.
fn lives(florin: &Florin, shopper: &Shopper, slip: &Slip) -> (Instrument, String) {
    let card = shopper.captures_with(NUMBER, "12/31", CODE);
    let gift = shopper.takes(slip);
    shopper.pays(&Bill::of(&gift, 1.0).part_with("passcode", slip.pin.as_str())).is(200);
    shopper.brings_paypal(NONCE);
    let mut phone = google();
    phone["tokenData"] = json!(PHONE);
    shopper.posts("/wow/v1/pay/googlepay/tokenize", &phone).is(200);
    let url = shopper.entry(&card)["stepUp"]["url"].as_str().expect("a URL").to_owned();
    let page = shopper.fills(&url, &[("card_cvc", CODE)]);
    let step_up = crate::cast::result(&page)["stepUpToken"].as_str().expect("a token").to_owned();
    let spare = crate::cast::result(&shopper.fills(&url, &[("card_cvc", CODE)]))["stepUpToken"].as_str().expect("a token").to_owned();
    shopper.pays(&Bill::of(&card, 12.0).part_with("stepUpToken", step_up.as_str())).is(200);
    let guest = florin.guest();
    guest.pays(&Bill::of(&guest.captures_with(NUMBER, "12/31", CODE), 3.0)).is(200);
    (card, spare)
}

/// Calls that go wrong in every place where something secret is sent.
fn goes_wrong(florin: &Florin, shopper: &Shopper, (card, slip, step_up): (&Instrument, &Slip, &str)) -> Vec<Answer> {
    let posts = |path: &str, body: Value| shopper.posts(path, &body);
    let keep = "/wow/v1/pay/giftcards/tokenize";
    let raw = |body: String| sends(shopper.ask("POST", keep).body("application/json", body));
    let sound = json!({ "cardNumber": slip.number, "pinCode": slip.pin, "primary": false, "save": true });
    let wrong = |field: &str, value: Value| {
        let mut body = sound.clone();
        body[field] = value;
        posts(keep, body)
    };
    let mut answers = vec![
        wrong("pinCode", json!(["x", slip.pin])),
        wrong("pinCode", json!(slip.pin.parse::<i64>().expect("digits"))),
        wrong("cardNumber", json!({ "number": slip.number })),
        wrong("save", json!(slip.pin)),
        wrong("primary", json!(slip.number)),
        wrong("cardNumber", json!(NUMBER)),
        raw(sound.to_string().replace("true", &slip.pin)),
        raw(format!("{sound}{}", slip.pin)),
        raw(sound.to_string().trim_end_matches('}').to_owned()),
        posts("/wow/v1/pay/giftcards/balance", json!({ "giftCards": { "pinCode": slip.pin } })),
        posts("/wow/v1/pay/paypal/tokenize", json!({ "nonce": { "of": NONCE }, "primary": true })),
        posts("/wow/v1/pay/paypal/tokenize", json!({ "nonce": format!("{NONCE} refuse"), "primary": NONCE })),
        posts("/wow/v1/pay/googlepay/tokenize", json!({ "tokenData": [PHONE], "instrumentType": "G", "comment": "" })),
        posts("/wow/v1/pay/payments", Bill::of(card, 1.0).part_with("stepUpToken", json!({ "t": step_up })).body),
        posts("/wow/v1/pay/payments", Bill::of(card, 1.0).part_with("passcode", json!([slip.pin])).body),
        posts("/wow/v1/pay/payments", Bill::of(card, 1.0).with("transactionType", json!({ "creditCard": NUMBER })).body),
        posts(
            "/wow/v1/pay/payments",
            Bill::of(&Instrument { id: NUMBER.to_owned(), token: String::new() }, 1.0)
                .part_with("paymentInstrumentId", json!({ "n": NUMBER }))
                .body,
        ),
        sends(florin.http.ask("GET", "/wow/v1/pay/instruments").header("x-api-key", &format!("{}x", shopper.at.key))),
        sends(shopper.with_token(&format!("{}x", shopper.token)).ask("GET", "/wow/v1/pay/instruments")),
        shopper.at.posts(crate::cast::REFRESH, &json!({ "refreshToken": [shopper.refresh] })),
        shopper.at.posts(crate::cast::REFRESH, &json!({ "refreshToken": format!("{}x", shopper.refresh) })),
    ];
    for fields in [
        [("card_number", NUMBER), ("card_expiry", "01/20"), ("card_cvc", CODE)],
        [("card_number", NUMBER), ("card_expiry", NUMBER), ("card_cvc", "1")],
    ] {
        let page = shopper.fills(&shopper.capture_url(), &fields);
        answers.push(page.answer);
    }
    answers
}

story! {
    fn what_is_secret_is_found_nowhere(florin) {
        // A key of its own: a sandbox shows the one that it begins with.
        let retailer = florin.retailer(0);
        let made = florin.admin("POST", &format!("/admin/retail/{}/keys", retailer.id), Some(&json!({}))).is(201).json();
        let shopper = retailer.with_key(made["api_key"].as_str().expect("a key")).signs_in("jo");
        let slip = Slip { number: "6280004471829305561".to_owned(), pin: PIN.to_owned() };
        let body = json!({ "number": slip.number, "pin": slip.pin, "balance": 50, "expires_on": "2039-12-31" });
        let issued = florin.admin("POST", "/admin/gift-cards", Some(&body)).is(201);
        let (card, step_up) = lives(florin, &shopper, &slip);
        let spent = shopper.refresh.clone();
        let renewed = shopper.at.posts(crate::cast::REFRESH, &json!({ "refreshToken": spent })).is(200).json();
        let text = |field: &str| renewed[field].as_str().expect("a token").to_owned();
        let planted = Planted(vec![
            ("the card's number", NUMBER.to_owned()),
            ("the card's number with spaces", "3759 870653 21486".to_owned()),
            ("the code on the card", CODE.to_owned()),
            ("the gift card's number", slip.number.clone()),
            ("the gift card's PIN", PIN.to_owned()),
            ("the nonce", NONCE.to_owned()),
            ("the phone's token", "a phone's own token".to_owned()),
            ("an API key", shopper.at.key.clone()),
            ("an access token", shopper.token.clone()),
            ("an access token", text("accessToken")),
            ("a refresh token", spent),
            ("a refresh token", text("refreshToken")),
            ("a step-up token", step_up.clone()),
            ("the operator's key", florin.sandbox.admin_token.clone()),
        ]);
        planted.is_absent_from("what the operator is told", &issued.body);
        for answer in goes_wrong(florin, &shopper, (&card, &slip, &step_up)) {
            assert!(answer.status >= 400, "{} went right: {}", answer.asked, answer.text());
            planted.is_absent_from(&format!("the answer of {}", answer.asked), &answer.body);
        }
        planted.is_absent_from("the list", shopper.lists().to_string().as_bytes());
        planted.is_absent_from("the history", shopper.history(&json!({})).to_string().as_bytes());
        planted.is_absent_from("the log", florin.run.lock().expect("the process").log().as_bytes());
        for (place, bytes) in books(florin) {
            planted.is_absent_from(&place, &bytes);
        }
    }
}

#[test]
fn what_is_looked_for_would_be_found() {
    let planted = Planted(vec![("the code", CODE.to_owned())]);
    for text in ["cvc=9317", "{\"a\":\"9317\"}", "39333137"] {
        let found = std::panic::catch_unwind(|| planted.is_absent_from("a text", text.as_bytes()));
        assert!(found.is_err(), "{text}");
    }
    planted.is_absent_from("a longer number", b"1931700");
}
