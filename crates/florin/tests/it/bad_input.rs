//! Bad input: a clear error that names the field, never a 500, and nothing done.

use serde_json::{Value, json};

use crate::cast::{Answer, Florin, Shop, Wish, story};

/// Expects an error in the surface's own shape.
#[track_caller]
fn is_told(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert!(!answer.detail().is_empty(), "{what}");
    assert!(answer.header("content-type").starts_with("application/json"), "{what}");
}

/// Expects an error that names `field`.
#[track_caller]
fn names_the_field(answer: &Answer, field: &str, what: &str) {
    is_told(answer, 400, what);
    let source = answer.json()["errors"][0]["source"].to_string();
    assert!(source.contains(field), "{what} is about {field}: {}", answer.text());
}

fn creates_raw(shop: &Shop, body: &str) -> Answer {
    shop.send(shop.ask("POST", &shop.create_path()).body("application/json", body.as_bytes().to_vec()))
}

fn orders_in(florin: &Florin) -> i64 {
    florin.books().count("orders")
}

story! {
    fn a_bad_field_is_named(florin) {
        let shop = florin.shop(0);
        for (field, value) in [
            ("amount", json!(0)), ("amount", json!(-1)), ("amount", json!(0.001)), ("amount", json!(12.345)), ("amount", json!("12")),
            ("amount", json!(null)), ("amount", json!(true)), ("amount", json!([1])), ("amount", json!({"a": 1})), ("amount", json!(-0.0)),
            ("reference", json!(null)), ("reference", json!(7)), ("reference", json!(["a"])), ("reference", json!({})),
            ("allowed_payment_terms", json!([])), ("allowed_payment_terms", json!("PAY_NOW")), ("allowed_payment_terms", json!(["PAY_LATE"])),
            ("allowed_payment_terms", json!(["pay_now"])), ("allowed_payment_terms", json!([1])), ("allowed_payment_terms", json!({})),
            ("redirect_url", json!("not a url")), ("redirect_url", json!("/relative")), ("redirect_url", json!(5)),
            ("redirect_url", json!("javascript:alert(1)")), ("redirect_url", json!("ftp://shop.example/")),
            ("webhook_url", json!("nowhere")), ("webhook_url", json!(["https://a.example"])), ("webhook_url", json!("file:///etc/passwd")),
            ("source", json!(5)), ("meta_data", json!("text")), ("meta_data", json!(3)),
        ] {
            let answer = shop.tries(&Wish::of(200.0).with(field, value.clone()));
            names_the_field(&answer, field, &format!("{field}: {value}"));
        }
        for field in ["amount", "reference"] {
            let mut wish = Wish::of(200.0);
            wish.data.as_object_mut().expect("an object").remove(field);
            names_the_field(&shop.tries(&wish), field, &format!("without {field}"));
        }
        assert_eq!(orders_in(florin), 0);
    }
}

story! {
    fn a_number_that_is_none_is_refused(florin) {
        let shop = florin.shop(0);
        for amount in ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e-400", "0x10", "01", "+1", "1.", ".5", "1e", "1,5", "9".repeat(400).as_str()] {
            let answer = creates_raw(&shop, &format!(r#"{{"data":{{"amount":{amount},"reference":"r"}}}}"#));
            is_told(&answer, 400, amount);
        }
        for amount in ["1e400", "1000000000.01", "1e30"] {
            let answer = creates_raw(&shop, &format!(r#"{{"data":{{"amount":{amount},"reference":"r"}}}}"#));
            names_the_field(&answer, "amount", amount);
        }
        assert_eq!(orders_in(florin), 0);
    }
}

story! {
    fn a_body_that_is_not_the_envelope_is_refused(florin) {
        let shop = florin.shop(0);
        for body in [
            "", " ", "{", "}", "null", "[]", "5", "\"text\"", "{\"data\":null}", "{\"data\":[]}", "{\"data\":5}", "{}", "{\"amount\":5,\"reference\":\"r\"}",
            "{\"data\":{\"amount\":5,\"reference\":\"r\"}", "{\"data\":{\"amount\":5,\"reference\":\"r\"}}x", "{'data':{}}", "{\"data\":{\"amount\":5,\"reference\":\"\\ud800\"}}",
        ] {
            is_told(&creates_raw(&shop, body), 400, body);
        }
        let latin = shop.ask("POST", &shop.create_path()).body("application/json", b"{\"data\":{\"amount\":5,\"reference\":\"\xff\xfe\"}}".to_vec());
        is_told(&shop.send(latin), 400, "bytes that are not UTF-8");
        assert_eq!(orders_in(florin), 0);
    }
}

story! {
    fn a_nest_of_a_hundred_thousand_is_refused_wherever_it_hides(florin) {
        let shop = florin.shop(0);
        let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let arrays = deep("[", "]");
        let objects = deep("{\"a\":", "}");
        for (what, body) in [
            ("the whole body", arrays.clone()),
            ("objects", objects.clone()),
            ("meta_data", format!(r#"{{"data":{{"amount":5,"reference":"r","meta_data":{{"x":{arrays}}}}}}}"#)),
            ("an unknown field", format!(r#"{{"data":{{"amount":5,"reference":"r","new":{objects}}}}}"#)),
            ("a field of the envelope", format!(r#"{{"new":{arrays},"data":{{"amount":5,"reference":"r"}}}}"#)),
        ] {
            is_told(&creates_raw(&shop, &body), 400, what);
        }
        let events = format!(r#"{{"events":[{{"event_type":"x","meta_data":{arrays}}}]}}"#);
        is_told(&shop.send(shop.ask("POST", &shop.events_path()).body("application/json", events)), 400, "an event's meta_data");
        assert_eq!(orders_in(florin), 0);
        florin.http.get("/healthz").is(200);
    }
}

story! {
    fn a_body_of_more_than_a_mebibyte_is_too_large(florin) {
        let shop = florin.shop(0);
        let body = |size: usize| {
            let empty = r#"{"data":{"amount":5,"reference":"r","new":""}}"#;
            format!(r#"{{"data":{{"amount":5,"reference":"r","new":"{}"}}}}"#, "x".repeat(size - empty.len()))
        };
        creates_raw(&shop, &body(1024 * 1024)).is(201);
        is_told(&creates_raw(&shop, &body(1024 * 1024 + 1)), 413, "one byte too many");
        // The server may hang up on a sender who does not stop; what it must not do is take it.
        let huge = shop.ask("POST", &shop.create_path()).body("application/json", body(20 * 1024 * 1024)).try_send();
        assert!(huge.as_ref().map_or(true, |answer| answer.status == 413), "{:?}", huge.map(|answer| answer.status));
        assert_eq!(orders_in(florin), 1);
    }
}

story! {
    fn other_content_types_are_told_so(florin) {
        let shop = florin.shop(0);
        let body = r#"{"data":{"amount":5,"reference":"r"}}"#;
        for kind in ["text/plain", "text/xml", "application/xml", "multipart/form-data; boundary=x", "application/octet-stream", "nonsense", "application/jsonx"] {
            let answer = shop.send(shop.ask("POST", &shop.create_path()).body(kind, body));
            is_told(&answer, 415, kind);
        }
        for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"] {
            shop.send(shop.ask("POST", &shop.create_path()).body(kind, body)).is(201);
        }
    }
}

story! {
    fn the_wrong_verb_is_told_the_right_ones(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(200.0));
        let of_order = ["GET", "DELETE"].as_slice();
        for (path, right) in [
            (shop.create_path(), ["POST"].as_slice()),
            (Shop::lending_path(&order.id), of_order),
            (shop.seller_path(&order.id), of_order),
            (shop.events_path(), ["POST"].as_slice()),
            (shop.connection_path(), ["GET"].as_slice()),
            ("/api/lending/edge/example_repayment_schedule/".to_owned(), ["GET"].as_slice()),
        ] {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"].iter().filter(|method| !right.contains(method)) {
                for path in [path.as_str(), path.trim_end_matches('/')] {
                    let answer = shop.ask(method, path).json(&json!({"data": {}})).send();
                    is_told(&answer, 405, &format!("{method} {path}"));
                    let allow = answer.header("allow").to_owned();
                    assert!(right.iter().all(|verb| allow.contains(verb)), "{method} {path} allows {allow}");
                    assert!(!allow.split(", ").any(|verb| verb == *method), "{method} {path} allows {allow}");
                }
            }
        }
        assert_eq!(shop.status(&order), "CREATED");
    }
}

story! {
    fn an_id_that_is_none_is_not_found(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(200.0));
        let braces = format!("%7B{}%7D", order.id);
        for id in ["x", "1", "%20", "%00", "..%2f..%2fetc", "00000000-0000-4000-8000-000000000000", "zzzzzzzz-zzzz-4zzz-8zzz-zzzzzzzzzzzz", &braces, &order.id.replace('-', "")] {
            for method in ["GET", "DELETE"] {
                is_told(&shop.ask(method, &Shop::lending_path(id)).send(), 404, id);
                is_told(&shop.ask(method, &shop.seller_path(id)).send(), 404, id);
            }
        }
        for seller in ["x", "00000000-0000-4000-8000-000000000000", "%F0%9F%92%B7"] {
            let answer = shop.ask("POST", &format!("/api/lending/edge/ecommerce/seller/{seller}/order/")).json(&json!({"data": {"amount": 5, "reference": "r"}})).send();
            assert!(matches!(answer.status, 403 | 404), "{seller}: {}", answer.status);
        }
        for path in ["/", "/api/", "/api/lending/edge/", "/api/iwocapay/nothing", "/favicon.ico", "/%2e%2e/x", "/api//lending//edge/"] {
            let status = shop.ask("GET", path).send().status;
            assert!(status < 500 && !(300..400).contains(&status), "{path}: {status}");
        }
    }
}

story! {
    fn a_caller_without_a_good_token_is_told_how_to_present_one(florin) {
        let shop = florin.shop(0);
        let path = Shop::lending_path("00000000-0000-4000-8000-000000000000");
        let well_formed = "0123456789abcdef0123456789abcdef01234567";
        let mixed = shop.token.to_uppercase();
        for header in [
            None, Some(String::new()), Some("Bearer".into()), Some("Bearer ".into()), Some("Bearer x".into()), Some(shop.token.clone()),
            Some(format!("Basic {}", shop.token)), Some(format!("Bearer {well_formed}")), Some(format!("Bearer {}x", shop.token)),
            Some(format!("Bearer {}", &shop.token[..39])), Some(format!("Bearer {}", florin.sandbox.admin_token)), Some("Bearer \u{a0}".into()),
        ] {
            let ask = florin.http.ask("GET", &path);
            let answer = match &header {
                Some(text) => ask.header("authorization", text),
                None => ask,
            }
            .send();
            is_told(&answer, 401, &format!("{header:?}"));
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{header:?}");
        }
        // The scheme's name is read in any case.
        florin.http.ask("GET", &path).header("authorization", &format!("bearer {}", shop.token)).send().is(404);
        let upper = florin.http.ask("GET", &path).bearer(&mixed).send();
        assert!(matches!(upper.status, 401 | 404), "{}", upper.status);
    }
}

story! {
    fn a_version_that_was_never_filled_in_asks_for_an_update(florin) {
        let shop = florin.shop(0);
        for version in ["$DEPLOY_VERSION", "${DEPLOY_VERSION}"] {
            let answer = shop.ask("POST", &shop.create_path()).header("iwocapay-integration-version", version).json(&json!({"data": {"amount": 5, "reference": "r"}})).send();
            is_told(&answer, 400, version);
            assert!(answer.detail().to_lowercase().contains("update"), "{}", answer.detail());
        }
    }
}

story! {
    fn the_checkout_answers_nonsense_with_a_page(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(500.0));
        let base = order.order_url.trim_end_matches("landing/").to_owned();
        for (method, url) in [
            ("GET", "/pay/order/unknown/landing/".to_owned()), ("GET", "/pay/order/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/landing/".to_owned()),
            ("GET", "/pay/order/%00/landing/".to_owned()), ("GET", format!("{base}no-such-step/")), ("GET", "/pay/nothing/".to_owned()),
        ] {
            let answer = florin.http.ask(method, &url).send();
            assert_eq!(answer.status, 404, "{url}: {}", answer.text());
            assert!(answer.header("content-type").starts_with("text/html"), "{url}");
        }
        let landing = order.order_url.clone();
        for body in ["", "pay=", "pay=PAY_SOMEHOW", "pay=%FF%FE", "email=x", "%%%", "pay=PAY_LATER&pay=PAY_NOW", "a=b&c=d", &"x=y&".repeat(50_000)] {
            for url in [landing.clone(), landing.trim_end_matches('/').to_owned()] {
                let answer = florin.http.ask("POST", &url).body("application/x-www-form-urlencoded", body).send();
                assert!(answer.status < 500, "{body:.40}: {}", answer.status);
            }
        }
        let big = florin.http.ask("POST", &landing).body("application/x-www-form-urlencoded", "x".repeat(1024 * 1024 + 1)).send();
        assert_eq!(big.status, 413);
        assert_eq!(shop.status(&order), "CREATED");
    }
}

story! {
    fn a_caller_may_say_anything_in_a_reference(florin) {
        let shop = florin.shop(0);
        for reference in ["<script>alert(1)</script>", "'; DROP TABLE orders; --", "\u{202e}evil", "€ 12 & \"more\"", "日本語", "a\u{0301}", "{{7*7}}", "%s%n"] {
            let order = shop.creates(&Wish::of(500.0).with("reference", reference));
            assert_eq!(shop.gets(&order.id)["reference"], reference);
            let page = florin.http.get(&order.order_url).is(200).text();
            assert!(!page.contains("<script>alert"), "a reference is text on the page");
        }
        let long = "x".repeat(100_000);
        let answer = shop.tries(&Wish::of(500.0).with("reference", long));
        assert!(matches!(answer.status, 201 | 400), "{}", answer.status);
        let with_nul = shop.tries(&Wish::of(500.0).with("reference", "a\u{0}b"));
        assert!(matches!(with_nul.status, 201 | 400), "{}: {}", with_nul.status, with_nul.text());
        let meta = shop.tries(&Wish::of(500.0).with("meta_data", json!({"a\u{0}": "\u{0}"})));
        assert!(matches!(meta.status, 201 | 400), "{}: {}", meta.status, meta.text());
    }
}

story! {
    fn the_operators_api_is_closed_to_everybody_else(florin) {
        let shop = florin.shop(0);
        let body = json!({"by": "1h"});
        for token in [None, Some(shop.token.as_str()), Some("x"), Some("")] {
            let ask = florin.http.ask("POST", "/admin/clock/advance").json(&body);
            let answer = match token {
                Some(token) => ask.bearer(token),
                None => ask,
            }
            .send();
            assert!(matches!(answer.status, 401 | 403), "{token:?}: {}", answer.status);
        }
        for bad in [json!({"by": ""}), json!({"by": "soon"}), json!({"by": "-1d"}), json!({"by": 5}), json!({}), json!(null), json!({"by": "99999999999999999999d"})] {
            let answer = florin.admin("POST", "/admin/clock/advance", Some(&bad));
            assert!((400..500).contains(&answer.status), "{bad}: {} {}", answer.status, answer.text());
        }
        let wide = |value: &Value| value.to_string();
        assert!(!wide(&florin.time_passes("1m")).is_empty());
    }
}
