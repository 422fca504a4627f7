//! Payments that a fraud screen looks at: what it says is told, what it rejects moves nothing, and what it cannot read is refused
//! before anything happened.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use miniz_oxide::deflate::compress_to_vec;
use serde_json::{Value, json};

use crate::cast::{Answer, Bill, Florin, Instrument, NOBODY, Shopper, agreement, charge, eventually, for_screen, sends, story};

/// What decides at once, what is told of it, and whether it goes on.
const DECISIONS: [(&str, &str, &str, bool); 3] = [
    ("<order>fraud-accept</order>", "ACCEPT", "100", true),
    ("<order>fraud-review</order>", "REVIEW", "480", true),
    ("<order>fraud-reject</order>", "REJECT", "481", false),
];
const REJECTED: &str = DECISIONS[2].0;

const VERIFY: &str = "/wow/v1/pay/instruments/verify";
const CHECK: &str = "/wow/v1/pay/instruments/fraudcheck";
const AGREEMENTS: &str = "/wow/v1/pay/paymentagreements";
const CHARGE: &str = "/wow/v1/pay/paymentagreements/charge";
const CUSTOMER: &str = "/wow/v1/pay/instore/customer";
const MERCHANT: &str = "/wow/v1/pay/instore/merchant";

/// What all merchants are owed, in cents.
fn owed(florin: &Florin) -> i64 {
    -florin.books().balance("merchant_payable", "")
}

/// Checks what the screen is told to have said, and gives its own name for it.
#[track_caller]
fn said(of: &Value, decision: &str, code: &str) -> String {
    let said = &of["fraudResponse"];
    assert_eq!((&said["decision"], &said["reasonCode"]), (&json!(decision), &json!(code)), "{of}");
    said["clientId"].as_str().filter(|id| !id.is_empty()).unwrap_or_else(|| panic!("no clientId: {of}")).to_owned()
}

/// `body` with something for the screen.
fn with(mut body: Value, payload: Value) -> Value {
    body["fraudPayload"] = payload;
    body
}

fn bill(card: &Instrument, amount: f64, message: &str) -> Bill {
    Bill::of(card, amount).with("fraudPayload", for_screen(message))
}

fn verify(tokens: &[&str]) -> Value {
    let named: Vec<_> = tokens.iter().map(|token| json!({ "paymentToken": token })).collect();
    json!({ "clientReference": "verify", "paymentInstruments": named })
}

fn question(token: &str, payload: &Value) -> Value {
    json!({ "clientReference": "check", "paymentToken": token, "fraudPayload": payload })
}

/// A zipped message.
fn packed(message: &[u8]) -> Value {
    let mut archive = b"PK\x03\x04".to_vec();
    archive.extend([20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0]);
    archive.extend(b"a.xml");
    archive.extend(compress_to_vec(message, 9));
    archive.extend(b"PK\x01\x02");
    let mut payload = for_screen(&BASE64_STANDARD.encode(archive));
    payload["format"] = json!("ZIP_BASE_64_ENCODED");
    payload
}

story! {
    fn what_the_screen_says_is_told_of_a_payment_and_what_it_rejects_moves_nothing(florin) {
        for guest in [false, true] {
            for (message, decision, code, goes_on) in DECISIONS {
                let shopper = if guest { florin.guest() } else { florin.shopper() };
                let card = shopper.captures(&florin.card("approved"));
                let gift = shopper.takes(&florin.gift_card("628000", 30.0));
                let before = owed(florin);
                let bill = bill(&card, 20.0, message).and(&gift, 10.0);
                let answer = shopper.pays(&bill).is(if goes_on { 200 } else { 400 });
                said(&answer.json(), decision, code);
                let refusals = ["creditCards", "giftCards"].map(|list| answer.part(list)["errorCode"].clone());
                let expected = if goes_on { Value::Null } else { json!("BI52") };
                assert_eq!(refusals, [expected.clone(), expected], "{}", answer.text());
                assert_eq!(owed(florin) - before, if goes_on { 3_000 } else { 0 }, "{decision}");
                if !goes_on {
                    answer.fails(400, "BI52");
                    let again = shopper.pays(&Bill::of(&gift, 30.0)).is(200).json();
                    assert_eq!(again["fraudResponse"], json!({ "clientId": null, "reasonCode": null, "decision": null }), "nobody was asked");
                }
            }
        }
    }
}

story! {
    fn a_payment_that_fails_by_itself_is_told_with_what_the_screen_said(florin) {
        let (shopper, card) = florin.card_holder();
        let gift = shopper.takes(&florin.gift_card("628000", 5.0));
        let half = shopper.pays(&bill(&card, 10.0, "<x/>").and(&gift, 10.0)).is(200);
        assert_eq!((&half.json()["partialSuccess"], half.told("giftCards", "errorCode").as_str()), (&json!(true), "ES611"));
        said(&half.json(), "ACCEPT", "100");
        let declined = shopper.captures(&florin.card("declined"));
        let refused = shopper.pays(&bill(&declined, 10.0, "<x>fraud-review</x>")).fails(400, "BI52");
        assert_eq!(refused.told("creditCards", "errorCode"), "ES52");
        said(&refused.json(), "REVIEW", "480");
        let unknown = shopper.captures(&florin.card("unknown_outcome"));
        said(&shopper.pays(&bill(&unknown, 10.0, "<x/>")).fails(502, "ES36").json(), "ACCEPT", "100");
        let nobody = Instrument { id: "999999999".to_owned(), token: NOBODY.to_owned() };
        let not_there = shopper.pays(&bill(&nobody, 10.0, REJECTED)).fails(400, "BI52").json();
        assert!(not_there.get("fraudResponse").is_none(), "there was nothing to ask about: {not_there}");
    }
}

story! {
    fn amounts_and_countries_decide_as_published(florin) {
        let (shopper, card) = florin.card_holder();
        let abroad = "<order><shipTo><country>NZ</country></shipTo></order>";
        let at_home = "<order><shipTo><country>AU</country></shipTo></order>";
        let place = |country: &str| json!({
            "firstName": "Jo", "lastName": "Ash", "streetAddress": "1 Lane", "suburb": "S", "stateOrTerritory": "NSW", "postalCode": "2000",
            "countryCode": country,
        });
        for (bill, decision, code) in [
            (bill(&card, 4_999.99, "<x/>"), "ACCEPT", "100"),
            (bill(&card, 5_000.0, "<x/>"), "REVIEW", "480"),
            (bill(&card, 20_000.0, "<x/>"), "REJECT", "481"),
            (bill(&card, 20_000.0, "<x>FRAUD-ACCEPT</x>"), "ACCEPT", "100"),
            (bill(&card, 5.0, at_home), "ACCEPT", "100"),
            (bill(&card, 5.0, abroad), "REVIEW", "480"),
            (bill(&card, 5.0, "<x/>").with("shippingAddress", place("NZ")), "REVIEW", "480"),
            (bill(&card, 5.0, abroad).with("shippingAddress", place("AU")), "ACCEPT", "100"),
            (bill(&card, 5.0, abroad).with("shippingAddress", place("Australia")), "REVIEW", "480"),
            (bill(&card, 5.0, "<x/>").with("orderNumber", "fraud-reject-1"), "REJECT", "481"),
            (Bill::of(&card, 5.0).with("fraudPayload", packed(abroad.as_bytes())), "REVIEW", "480"),
            (Bill::of(&card, 5.0).with("fraudPayload", packed(REJECTED.as_bytes())), "REJECT", "481"),
        ] {
            said(&shopper.pays(&bill).json(), decision, code);
        }
    }
}

story! {
    fn an_agreement_is_screened_when_it_is_made_and_when_it_is_changed(florin) {
        let (shopper, card) = florin.card_holder();
        let held = || shopper.lists()["paymentAgreements"].as_array().expect("agreements").clone();
        for (message, decision, code, goes_on) in DECISIONS {
            let before = held().len();
            let answer = shopper.posts(AGREEMENTS, &with(agreement(&card), for_screen(message))).is(if goes_on { 200 } else { 400 }).json();
            said(&answer, decision, code);
            assert_eq!(answer["paymentToken"] == "", !goes_on, "{answer}");
            assert_eq!((held().len() - before, answer["errorCode"].as_str()), (usize::from(goes_on), (!goes_on).then_some("BI52")));
        }
        let made = shopper.posts(AGREEMENTS, &agreement(&card)).is(200).json();
        assert_eq!(made["fraudResponse"], json!({ "clientId": null, "reasonCode": null, "decision": null }));
        let token = made["paymentToken"].as_str().expect("a token");
        let amounts = || held().iter().filter(|one| one["paymentToken"] == token).map(|one| one["chargeAmount"].clone()).collect::<Vec<_>>();
        for (place, (message, decision, code, goes_on)) in (1..).zip(DECISIONS) {
            let terms = json!({ "clientReference": "change", "paymentAgreement": { "chargeFrequency": "WEEKLY", "chargeAmount": 10 + place } });
            let answer = shopper.posts(&format!("{AGREEMENTS}/{token}"), &with(terms, for_screen(message))).is(if goes_on { 200 } else { 400 });
            said(&answer.json(), decision, code);
            assert_eq!(answer.json()["paymentToken"], token);
        }
        assert_eq!(amounts(), [json!(12)], "what was rejected changed nothing");
        let dear = json!({ "clientReference": "change", "paymentAgreement": { "chargeFrequency": "WEEKLY", "chargeAmount": 5_000 } });
        said(&shopper.posts(&format!("{AGREEMENTS}/{token}"), &with(dear, for_screen("<x/>"))).is(200).json(), "REVIEW", "480");
        assert_eq!(owed(florin), 0);
    }
}

story! {
    fn a_charge_of_an_agreement_is_screened_as_a_payment(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let made = shopper.posts(AGREEMENTS, &agreement(&card)).is(200).json();
        let token = made["paymentToken"].as_str().expect("a token");
        for (message, decision, code, goes_on) in DECISIONS {
            let before = owed(florin);
            let answer = retailer.posts(CHARGE, &with(charge(token, 2.99), for_screen(message))).is(if goes_on { 200 } else { 400 }).json();
            said(&answer, decision, code);
            assert_eq!((owed(florin) - before, &answer["paymentToken"]), (if goes_on { 299 } else { 0 }, &json!(token)));
            assert_eq!(answer["errorCode"].as_str(), (!goes_on).then_some("BI52"));
            let mut at_once = with(agreement(&card), for_screen(message));
            (at_once["paymentAgreement"]["immediateCharge"], at_once["orderNumber"]) = (json!(true), json!("order"));
            let (before, held) = (owed(florin), shopper.lists()["paymentAgreements"].as_array().map(Vec::len));
            let answer = shopper.posts(AGREEMENTS, &at_once).is(if goes_on { 200 } else { 400 }).json();
            said(&answer, decision, code);
            let now_held = shopper.lists()["paymentAgreements"].as_array().map(Vec::len);
            assert_eq!((owed(florin) - before, now_held), (if goes_on { 299 } else { 0 }, held.map(|held| held + usize::from(goes_on))));
        }
    }
}

story! {
    fn instruments_are_screened_together_when_they_are_verified(florin) {
        let (shopper, card) = florin.card_holder();
        let gift = shopper.takes(&florin.gift_card("628000", 5.0));
        let both = verify(&[&card.token, &gift.token]);
        for (message, decision, code, goes_on) in DECISIONS {
            let answer = shopper.posts(VERIFY, &with(both.clone(), for_screen(message))).is(if goes_on { 200 } else { 400 }).json();
            said(&answer, decision, code);
            let codes: Vec<_> = answer["verifyResponses"].as_array().expect("responses").iter().map(|one| one["errorCode"].as_str()).collect();
            assert_eq!(codes, if goes_on { [None; 2] } else { [Some("BI52"); 2] });
        }
        let stranger = shopper.posts(VERIFY, &with(verify(&[NOBODY, &card.token]), for_screen(REJECTED))).fails(400, "BI52").json();
        let codes: Vec<_> = stranger["verifyResponses"].as_array().expect("responses").iter().map(|one| one["errorCode"].clone()).collect();
        assert_eq!(codes, ["BI24", "BI52"]);
        let plain = shopper.posts(VERIFY, &both).is(200).json();
        assert_eq!(plain["fraudResponse"], json!({ "clientId": null, "reasonCode": null, "decision": null }));
    }
}

story! {
    fn the_screen_can_be_asked_about_an_instrument_alone(florin) {
        let (shopper, card) = florin.card_holder();
        let asks = |token: &str, message: &str| shopper.posts(CHECK, &question(token, &for_screen(message)));
        for (message, decision, code, _) in DECISIONS {
            let answer = asks(&card.token, message).is(200).json();
            said(&answer, decision, code);
            assert_eq!(answer.as_object().map(serde_json::Map::len), Some(1), "{answer}");
        }
        said(&asks(&card.token, "<shipTo><country>NZ</country></shipTo>").is(200).json(), "REVIEW", "480");
        for nobody in [NOBODY, "90731", "x"] {
            asks(nobody, "<x/>").fails(400, "BI24");
        }
        florin.shopper().posts(CHECK, &question(&card.token, &for_screen("<x/>"))).fails(400, "BI24");
        florin.guest().posts(CHECK, &question(&card.token, &for_screen("<x/>"))).fails(403, "AP99");
        for field in ["clientReference", "paymentToken", "fraudPayload"] {
            let mut body = question(&card.token, &for_screen("<x/>"));
            body[field].take();
            let refused = shopper.posts(CHECK, &body).fails(400, "AP99");
            assert!(refused.text().contains(field), "{}", refused.text());
        }
        assert_eq!(florin.books().count("fraud_decisions"), 0, "nothing was paid");
    }
}

/// Payloads that nobody can read, each with its status and code.
fn unreadable() -> Vec<(Value, u16, &'static str)> {
    let sound = || for_screen("<x/>");
    let other = |field: &str, value: Value| {
        let mut payload = sound();
        payload[field] = value;
        payload
    };
    let zipped = |message: &str| {
        let mut payload = for_screen(message);
        payload["format"] = json!("ZIP_BASE_64_ENCODED");
        payload
    };
    let mut lacking = Vec::new();
    for field in ["provider", "version", "format", "responseFormat", "message"] {
        let mut payload = sound();
        payload.as_object_mut().expect("an object").remove(field);
        lacking.extend([(payload, 400, "AP99"), (other(field, json!(7)), 400, "AP99")]);
    }
    lacking.extend([
        (other("provider", json!("another")), 400, "BI34"),
        (other("version", json!("CyberSourceTransaction_next")), 400, "BI34"),
        (other("version", json!("1.101")), 400, "BI34"),
        (other("format", json!("JSON")), 400, "AP99"),
        (other("responseFormat", json!("xml")), 400, "AP99"),
        (json!("<x/>"), 400, "AP99"),
        (for_screen("fraud-accept"), 400, "BI08"),
        (for_screen(""), 400, "BI08"),
        (zipped("<x/>"), 400, "BI08"),
        (zipped(&BASE64_STANDARD.encode(b"PK\x03\x04 and no more")), 400, "BI08"),
        (packed(b"no XML"), 400, "BI08"),
        (packed(&vec![b'<'; 40_000_000]), 400, "BI08"),
        (for_screen(&format!("<{}", "x".repeat(65_536))), 400, "AP99"),
        (for_screen(&format!("<{}", "x".repeat(1_000_000))), 400, "AP99"),
        (for_screen(&format!("<{}", "x".repeat(1_048_576))), 413, "AP99"),
    ]);
    lacking
}

story! {
    fn what_the_screen_cannot_read_is_refused_and_changes_nothing(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let gift = shopper.takes(&florin.gift_card("628000", 30.0));
        let made = shopper.posts(AGREEMENTS, &agreement(&card)).is(200).json();
        let token = made["paymentToken"].as_str().expect("a token");
        let held = shopper.lists()["paymentAgreements"].clone();
        let mut at_once = agreement(&card);
        (at_once["paymentAgreement"]["immediateCharge"], at_once["orderNumber"]) = (json!(true), json!("order"));
        let change = json!({ "clientReference": "change", "paymentAgreement": { "chargeFrequency": "WEEKLY", "chargeAmount": 9 } });
        for (payload, status, code) in unreadable() {
            let answers: [Answer; 7] = [
                shopper.pays(&Bill::of(&card, 10.0).and(&gift, 10.0).with("fraudPayload", payload.clone())),
                shopper.posts(VERIFY, &with(verify(&[&card.token]), payload.clone())),
                shopper.posts(AGREEMENTS, &with(agreement(&card), payload.clone())),
                shopper.posts(AGREEMENTS, &with(at_once.clone(), payload.clone())),
                shopper.posts(&format!("{AGREEMENTS}/{token}"), &with(change.clone(), payload.clone())),
                retailer.posts(CHARGE, &with(charge(token, 2.99), payload.clone())),
                shopper.posts(CHECK, &question(&card.token, &payload)),
            ];
            for answer in answers {
                let answer = answer.fails(status, code);
                assert!(answer.text().len() < 1_000, "nothing of a message is told again: {}", answer.text().len());
            }
        }
        assert_eq!((owed(florin), shopper.has_left(&[&gift]), shopper.lists()["paymentAgreements"].clone()), (0, vec![30.0], held));
        assert_eq!((florin.books().count("transactions"), florin.books().count("fraud_decisions")), (0, 0));
        shopper.pays(&bill(&card, 10.0, "<x/>")).is(200);
    }
}

story! {
    fn a_key_that_comes_again_is_told_what_the_screen_said_the_first_time(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let twice = |call: &dyn Fn() -> Answer, decision: &str, code: &str| {
            let (first, again) = (call(), call());
            assert_eq!((first.status, said(&first.json(), decision, code)), (again.status, said(&again.json(), decision, code)));
            assert_eq!(first.json(), again.json());
        };
        for (message, decision, code, _) in DECISIONS {
            twice(&|| shopper.pays_keyed(&bill(&card, 10.0, message), decision), decision, code);
        }
        assert_eq!((owed(florin), florin.books().count("fraud_decisions")), (2_000, 3));
        let keyed = |path: &str, body: &Value, key: &str| sends(shopper.ask("POST", path).header("idempotency-key", key).json(body));
        for (message, decision, code, _) in &DECISIONS[..2] {
            let body = with(agreement(&card), for_screen(message));
            twice(&|| keyed(AGREEMENTS, &body, &format!("agree-{decision}")), decision, code);
        }
        assert_eq!(shopper.lists()["paymentAgreements"].as_array().map(Vec::len), Some(2));
        let token = shopper.lists()["paymentAgreements"][0]["paymentToken"].as_str().expect("a token").to_owned();
        let mut at_once = agreement(&card);
        (at_once["paymentAgreement"]["immediateCharge"], at_once["orderNumber"]) = (json!(true), json!("order"));
        for (message, decision, code, _) in DECISIONS {
            let body = with(at_once.clone(), for_screen(message));
            twice(&|| keyed(AGREEMENTS, &body, &format!("at-once-{decision}")), decision, code);
        }
        assert_eq!(shopper.lists()["paymentAgreements"].as_array().map(Vec::len), Some(4));
        for (message, decision, code, _) in &DECISIONS[..2] {
            let change = json!({ "clientReference": "change", "paymentAgreement": { "chargeFrequency": "WEEKLY", "chargeAmount": 2.99 } });
            let body = with(change, for_screen(message));
            twice(&|| keyed(&format!("{AGREEMENTS}/{token}"), &body, &format!("change-{decision}")), decision, code);
        }
        for (message, decision, code, _) in DECISIONS {
            let body = with(charge(&token, 2.99), for_screen(message));
            twice(&|| retailer.posts_keyed(CHARGE, &body, &format!("charge-{decision}")), decision, code);
        }
        assert_eq!((owed(florin), florin.books().count("fraud_decisions")), (3_196, 9));
    }
}

/// A body of the in-store family with something for the screen.
fn enveloped(data: &Value, payload: &Value) -> Value {
    json!({ "data": data, "meta": { "challengeResponses": [], "fraud": payload } })
}

/// What the screen is told to have said beside a transaction in store.
#[track_caller]
fn told(answer: &Value, (decision, code, goes_on): (&str, &str, bool)) {
    let (data, part) = (&answer["data"], &answer["data"]["subTransactions"][0]);
    said(part, decision, code);
    let expected = if goes_on { (json!("APPROVED"), Value::Null) } else { (json!("REJECTED"), json!("BI52")) };
    assert_eq!((data["status"].clone(), part["errorCode"].clone()), expected, "{answer}");
    assert_eq!(part["paymentResponses"].is_array(), !goes_on, "{answer}");
}

story! {
    fn a_payment_in_store_that_the_screen_rejects_is_a_transaction_that_moved_nothing(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let gift = shopper.takes(&florin.gift_card("628000", 30.0));
        let puts = |path: &str, body: &Value| sends(shopper.ask("PUT", path).json(body));
        for (message, decision, code, goes_on) in DECISIONS {
            let before = owed(florin);
            let now = json!({
                "clientReference": "basket", "orderNumber": "order", "payments": [{ "paymentInstrumentId": card.id, "amount": 12.5 }],
            });
            let answer = shopper.posts(&format!("{CUSTOMER}/payments"), &enveloped(&now, &for_screen(message))).is(200).json();
            told(&answer, (decision, code, goes_on));
            let request = retailer.asked(12.5, &json!({}));
            let how = json!({ "primaryInstrumentId": card.id, "secondaryInstruments": [{ "instrumentId": gift.id, "amount": 2.5 }] });
            let answer = puts(&format!("{CUSTOMER}/payments/{request}"), &enveloped(&how, &for_screen(message))).is(200).json();
            told(&answer, (decision, code, goes_on));
            assert_eq!(owed(florin) - before, if goes_on { 2_500 } else { 0 });
            assert_eq!(retailer.uses_left(&request), Some(u64::from(!goes_on)), "what was rejected can be paid in another way");
            let transaction = answer["data"]["transactionId"].as_str().expect("an id").to_owned();
            for seen in [shopper.sees(&transaction), retailer.sees(&transaction)] {
                said(&seen.0["subTransactions"][0], decision, code);
            }
        }
        assert_eq!(shopper.has_left(&[&gift]), [25.0], "what was rejected gave it back nothing and took nothing");
    }
}

story! {
    fn what_is_approved_beforehand_is_screened_when_it_is_paid(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        for (message, decision, code, goes_on) in DECISIONS {
            let before = owed(florin);
            let opened = retailer.in_store("POST", "/payment/session", json!({ "location": "lane 4", "merchantInfo": { "payload": {} } }));
            let session = opened.data()["paymentSessionId"].as_str().expect("an id").to_owned();
            let path = format!("{CUSTOMER}/payment/session/{session}");
            shopper.posts(&path, &json!({ "data": { "customerInfo": { "payload": {} } }, "meta": {} })).is(204);
            let how = json!({ "primaryInstrumentId": card.id });
            let bad = enveloped(&how, &for_screen("no XML"));
            sends(shopper.ask("PUT", &path).json(&bad)).fails(422, "BI08");
            sends(shopper.ask("PUT", &path).json(&enveloped(&how, &for_screen(message)))).is(204);
            let request = retailer.asked(12.5, &json!({}));
            let link = json!({ "merchantInfo": { "payload": {} }, "paymentRequestId": request });
            retailer.in_store("POST", &format!("/payment/session/{session}"), link).is(200);
            let paid = eventually("the payment to be told", || {
                let found = retailer.transactions(&format!("?paymentRequestId={request}"));
                found.into_iter().find(|told| told.0["status"] != "PROCESSING")
            });
            told(&json!({ "data": retailer.sees(&paid.id()).0 }), (decision, code, goes_on));
            assert_eq!(owed(florin) - before, if goes_on { 1_250 } else { 0 });
        }
    }
}

story! {
    fn agreements_in_store_are_screened_too(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let place = json!({
            "firstName": "Jo", "lastName": "Ash", "streetAddress": "1 Lane", "suburb": "S", "stateOrTerritory": "NSW", "postalCode": "2000",
            "countryCode": "AU",
        });
        let terms = json!({ "type": "RECURRING", "paymentInstrumentId": card.id, "chargeFrequency": "MONTHLY", "chargeAmount": 2.99 });
        let path = format!("{CUSTOMER}/payments/agreements");
        let held = || shopper.looks_at("/payments/agreements").data()["paymentAgreements"].as_array().map(Vec::len);
        let makes = |at_once: bool, message: &str| {
            let mut data = json!({ "clientReference": "agree", "orderNumber": "order", "billingAddress": place, "paymentAgreement": terms });
            data["paymentAgreement"]["immediateCharge"] = json!(at_once);
            shopper.posts(&path, &enveloped(&data, &for_screen(message)))
        };
        for at_once in [false, true] {
            let before = held();
            said(&makes(at_once, REJECTED).fails(422, "BI52").json(), "REJECT", "481");
            assert_eq!((held(), owed(florin)), (before, 0));
        }
        makes(false, "no XML").fails(422, "BI08");
        let made = makes(true, "<x>fraud-review</x>").is(200).json();
        said(&made["data"]["transaction"]["subTransactions"][0], "REVIEW", "480");
        let token = made["data"]["paymentToken"].as_str().expect("a token").to_owned();
        let changes = |message: &str| {
            let data = json!({ "clientReference": "change", "paymentAgreement": { "chargeAmount": 7 } });
            shopper.posts(&format!("{path}/{token}"), &enveloped(&data, &for_screen(message)))
        };
        said(&changes(REJECTED).fails(422, "BI52").json(), "REJECT", "481");
        assert_eq!(shopper.looks_at(&format!("/payments/agreements/{token}")).data()["chargeAmount"], 2.99);
        assert_eq!(changes("<x/>").is(200).json()["data"]["chargeAmount"], 7);
        for (message, decision, code, goes_on) in DECISIONS {
            let data = json!({
                "paymentToken": token, "amount": 2.99, "clientReference": "charge", "orderNumber": "order", "transactionType": "PURCHASE",
            });
            let charge = retailer.ask("PUT", &format!("{MERCHANT}/payments/agreements/{token}")).json(&enveloped(&data, &for_screen(message)));
            told(&sends(charge).is(200).json(), (decision, code, goes_on));
        }
        assert_eq!(owed(florin), 3 * 299);
    }
}

story! {
    fn a_busy_wallet_is_looked_at(florin) {
        let (shopper, card) = florin.card_holder();
        let decides = |shopper: &Shopper| shopper.pays(&bill(&card, 1.0, "<x/>")).json()["fraudResponse"]["decision"].clone();
        // The hour may turn in the midst of this, once.
        let told: Vec<_> = (0..41).map(|_| decides(&shopper)).collect();
        assert!(told.iter().any(|decision| decision == "REVIEW"), "{told:?}");
        florin.time_passes("2h");
        assert_eq!(decides(&florin.retailer(0).signs_in(&shopper.id)), "ACCEPT");
    }
}
