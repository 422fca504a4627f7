//! Habits of the other public clients: for phones, for frames in pages, and generated ones.

use std::slice::from_ref;

use serde_json::{Value, json};

use super::{NOTHING, story, text};
use crate::cast::{Answer, Bill, Instrument, TOKEN, sends};

/// The wallet that the client for frames names, whoever's it is.
const FRAMES_WALLET: &str = "4fa9e893-2fb9-4516-bfc5-6fa8cd903528";
const LIST: &str = "/wow/v1/pay/instore/customer/instruments";
const REQUESTS: &str = "/wow/v1/pay/instore/merchant/payments";
/// What the generated client puts where a signature belongs.
const NO_SIGNATURE: &str = "xJWSSignature_example";

/// The cards that a list tells.
fn cards(answer: Answer) -> Vec<String> {
    let told = answer.is(200).json();
    let told = told.get("data").cloned().unwrap_or(told);
    told["creditCards"].as_array().expect("cards").iter().map(|card| text(card, "paymentInstrumentId")).collect()
}

story! {
    fn clients_that_name_their_charset_are_understood(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let mut request = String::new();
        for kind in ["application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"] {
            let body = json!({ "shopperId": shopper.id, "username": shopper.id }).to_string();
            let tokens = sends(till.ask("POST", TOKEN).body(kind, body)).is(200);
            assert_eq!(tokens.header("content-type").split(';').next(), Some("application/json"), "one client takes nothing else");
            let asked = json!({ "data": { "merchantReferenceId": "r", "grossAmount": 1.5 }, "meta": {} }).to_string();
            request = text(&sends(till.ask("POST", REQUESTS).body(kind, asked)).is(200).json()["data"], "paymentRequestId");
            sends(shopper.ask("POST", "/wow/v1/pay/payments").body(kind, Bill::of(&card, 1.0).body.to_string())).is(200);
        }
        let path = format!("/wow/v1/pay/instore/customer/payments/{request}");
        let how = json!({ "data": { "primaryInstrumentId": card.id }, "meta": {} }).to_string();
        sends(shopper.ask("PUT", &path).body("text/plain", how.clone())).is(415);
        sends(shopper.ask("PUT", &path).body("application/json; charset=utf-8", how)).is(200);
    }
}

story! {
    fn what_a_client_has_not_set_is_not_there_though_it_says_undefined(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        shopper.everyday().captures("5555555555554444");
        for unset in ["undefined", "null", ""] {
            let dressed = |method: &str, path: &str| {
                let ask = florin.http.ask(method, path).header("x-api-key", &till.key);
                ["x-everyday-pay-wallet", "x-wallet-id", "x-merchant-id", "x-session-id", "x-message-id", "x-jws-signature", "x-guest"]
                    .into_iter()
                    .fold(ask, |ask, name| ask.header(name, unset))
            };
            let seen = sends(dressed("GET", LIST).bearer(&shopper.token));
            assert_ne!(seen.header("x-message-id"), unset);
            assert_eq!(cards(seen), from_ref(&card.id), "the shop's own wallet");
            sends(dressed("GET", LIST).header("authorization", unset)).fails(401, "AP02");
            sends(dressed("GET", LIST).bearer(unset)).fails(401, "AP02");
            let request = json!({ "data": { "merchantReferenceId": "r", "grossAmount": 1.5, "specificWalletId": "" }, "meta": {} });
            sends(dressed("POST", REQUESTS).header("authorization", unset).json(&request)).is(200);
            sends(florin.http.ask("GET", LIST).header("x-api-key", unset).bearer(&shopper.token)).fails(401, "AP01");
            let path = format!("{REQUESTS}?page={unset}&page-size={unset}&type={unset}&startTime={unset}");
            assert!(sends(dressed("GET", &path)).is(200).json()["meta"]["recordCount"].is_number());
        }
    }
}

story! {
    fn the_wallet_that_the_client_for_frames_names_is_nobodys(florin) {
        let (one, other) = (florin.card_holder(), florin.card_holder());
        let elements = "/wow/v1/pay/instore/customer/elements/capture-card/init";
        for (shopper, card) in [&one, &other] {
            let seen = |path: &str| cards(sends(shopper.ask("GET", path).header("x-wallet-id", FRAMES_WALLET)));
            assert_eq!((seen(LIST), seen("/wow/v1/pay/instruments")), (vec![card.id.clone()], vec![card.id.clone()]));
            let begins = json!({ "data": { "verify": true, "save": true, "useEverydayPay": false, "threeDS": { "requires3DS": false } } });
            let begun = sends(
                shopper
                    .ask("POST", elements)
                    .header("x-wallet-id", FRAMES_WALLET)
                    .header("x-everyday-pay-wallet", "undefined")
                    .json(&begins),
            );
            for field in ["URL", "sessionId", "actionId"] {
                assert!(!text(&begun.clone().is(200).json()["data"], field).is_empty());
            }
        }
        // Whoever names another's wallet, by the id that its merchant knows, gets no nearer to it.
        let till = florin.retailer(0);
        let paid = one.0.settles_with(&till.asked(1.0, &NOTHING), &one.1).told_transaction();
        let wallet = text(&till.sees(&paid.id()).0, "walletId");
        assert_eq!(cards(sends(other.0.ask("GET", LIST).header("x-wallet-id", &wallet))), from_ref(&other.1.id));
        let how = json!({ "data": { "primaryInstrumentId": one.1.id }, "meta": {} });
        let path = format!("/wow/v1/pay/instore/customer/payments/{}", till.asked(1.0, &NOTHING));
        sends(other.0.ask("PUT", &path).header("x-wallet-id", &wallet).json(&how)).is(422);
        let enrol = json!({ "data": { "sessionId": "nobody's", "options": {} } });
        let refused = sends(
            other.0.ask("POST", "/wow/v1/pay/instore/customer/3ds/session/enrolment").header("x-wallet-id", FRAMES_WALLET).json(&enrol),
        );
        assert!(matches!(refused.status, 400 | 422), "{}", refused.text());
    }
}

/// Pays a request with whatever stands where a signature belongs.
fn pays(shopper: &crate::cast::Shopper, card: &Instrument, request: &str, signature: &str) -> Answer {
    let path = format!("/wow/v1/pay/instore/customer/payments/{request}");
    let how = json!({ "data": { "primaryInstrumentId": card.id }, "meta": { "challengeResponses": [] } });
    sends(shopper.ask("PUT", &path).header("x-jws-signature", signature).json(&how))
}

story! {
    fn the_generated_client_that_signs_with_nothing_is_known_by_its_bearer(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        for signature in [NO_SIGNATURE, "..", "undefined", "eyJhbGciOiJub25lIn0..", &"x".repeat(3_000)] {
            pays(&shopper, &card, &till.asked(1.0, &NOTHING), signature).is(200);
            let list = "/wow/v1/pay/instore/customer/transactions?page=1&page-size=25";
            let listed = sends(shopper.ask("GET", list).header("x-jws-signature", signature)).is(200).json();
            assert_eq!(listed["meta"]["recordCount"], listed["meta"]["totalRecords"]);
            // A merchant that registered no key signs nothing, whatever its client sends.
            sends(till.ask("GET", &format!("{REQUESTS}?page-size=1&type=ALL")).header("x-jws-signature", signature)).is(200);
            sends(florin.http.ask("GET", LIST).header("x-api-key", &till.key).header("x-jws-signature", signature)).fails(401, "AP02");
        }
        assert_eq!(-florin.books().balance("merchant_payable", ""), 500);
    }
}

story! {
    fn pages_may_call_what_the_clients_call_from_them(florin) {
        let asked = "authorization,content-type,x-api-key,x-everyday-pay-wallet,x-session-id,x-wallet-id";
        for (method, path) in [
            ("PUT", "/wow/v1/pay/instore/customer/payments/pr1"),
            ("DELETE", "/wow/v1/pay/instore/customer/payment/session/ps1"),
            ("GET", LIST),
            ("POST", "/wow/v1/pay/instore/customer/3ds/session/enrolment"),
            ("POST", "/wow/v1/pay/instore/merchant/transactions/t1/refund"),
        ] {
            let ask = florin.http.ask("OPTIONS", path).header("origin", "https://shop.example");
            let answer = ask.header("access-control-request-method", method).header("access-control-request-headers", asked).send().is(204);
            assert_eq!(answer.header("access-control-allow-origin"), "https://shop.example");
            assert!(answer.header("access-control-allow-methods").split(", ").any(|allowed| allowed == method), "{method}");
            let allowed = answer.header("access-control-allow-headers").to_ascii_lowercase();
            for name in asked.split(',') {
                assert!(allowed.split(", ").any(|allowed| allowed == name), "{name}: {allowed}");
            }
        }
        // What went wrong can be read there, too.
        let ask = florin.http.ask("GET", LIST).header("origin", "https://shop.example").header("x-message-id", "trace-1");
        let refused = sends(ask).fails(401, "AP01");
        assert_eq!((refused.header("access-control-allow-origin"), refused.header("x-message-id")), ("https://shop.example", "trace-1"));
        assert!(refused.header("access-control-expose-headers").to_ascii_lowercase().contains("x-message-id"));
        assert_eq!(refused.json().get("data"), None::<&Value>);
    }
}
