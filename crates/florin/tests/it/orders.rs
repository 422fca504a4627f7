//! The seller's surface: every operation on both path families, with and without a trailing slash, signed and exact.

use std::time::{Duration, Instant};

use reqwest::Url;
use serde_json::json;

use crate::cast::{Answer, CompanyFate, Florin, Order, Shop, Wish, story};

/// A path with and without its trailing slash.
fn both(path: &str) -> [String; 2] {
    [path.to_owned(), path.trim_end_matches('/').to_owned()]
}

fn is_uuid_v4(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    let lengths: Vec<_> = groups.iter().map(|group| group.len()).collect();
    let hex = text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    lengths == [8, 4, 4, 4, 12] && hex && groups[2].starts_with('4') && "89ab".contains(&groups[3][..1])
}

/// The digits that stand for the amount in the raw body.
fn raw_amount(answer: &Answer) -> String {
    let text = answer.text();
    let (_, rest) = text.split_once("\"amount\":").unwrap_or_else(|| panic!("no amount in {text}"));
    rest.trim_start().chars().take_while(|sign| sign.is_ascii_digit() || *sign == '.').collect()
}

/// A decimal without the zeros that mean nothing.
fn plain(decimal: &str) -> &str {
    if decimal.contains('.') { decimal.trim_end_matches('0').trim_end_matches('.') } else { decimal }
}

story! {
    fn an_order_is_created_with_and_without_a_slash_and_reads_the_same_on_both_paths(florin) {
        let shop = florin.shop(0);
        for path in both(&shop.create_path()) {
            let answer = shop.send(shop.ask("POST", &path).json(&json!({"data": {"amount": 4200, "reference": "#order1"}}))).is(201);
            assert_eq!(answer.header("content-type").split(';').next(), Some("application/json"));
            let order = Order::read(&answer);
            assert!(is_uuid_v4(&order.id), "{}", order.id);
            assert_eq!((order.amount, order.reference.as_str(), order.status.as_str()), (4200.0, "#order1", "CREATED"));
            assert_eq!(order.allowed_payment_terms, ["PAY_NOW", "PAY_LATER"]);
            let url = Url::parse(&order.order_url).expect("order_url is absolute");
            assert!(order.order_url.starts_with(&florin.sandbox.base_url), "{url}");
            assert!(url.path().starts_with("/pay/order/") && url.path().ends_with("/landing/"), "{url}");
            assert!(!order.order_url.contains(&order.id), "the checkout's address must not be guessed from the id");

            let mut bodies = Vec::new();
            for read in [Shop::lending_path(&order.id), shop.seller_path(&order.id)] {
                for path in both(&read) {
                    bodies.push(shop.send(shop.ask("GET", &path)).is(200).text());
                }
            }
            assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "{bodies:?}");
        }
    }
}

story! {
    fn an_order_tells_the_seller_all_that_its_plugins_read(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(12_000.0).on_credit());
        let data = shop.gets(&order.id);
        assert_eq!(data["id"], order.id.as_str());
        assert_eq!(data["amount"], 12_000.0);
        assert_eq!(data["reference"], "#order1");
        assert_eq!(data["status"], "CREATED");
        assert_eq!(data["allowed_payment_terms"], json!(["PAY_LATER"]));
        assert_eq!(data["seller_name"], shop.name.as_str());
        assert!(is_uuid_v4(data["pay_link_id"].as_str().expect("pay_link_id")));
        assert!(data["pricing"]["representative_interest"].is_number());
        assert!(data["pricing"]["promotions"].is_array());
        assert_eq!(data["redirect_url"], shop.way_back(&order).as_str());
    }
}

story! {
    fn amounts_go_in_and_come_out_exact(florin) {
        let shop = florin.shop(0);
        for (sent, kept) in [
            ("120", "120"), ("120.0", "120"), ("119.99", "119.99"), ("0.01", "0.01"), ("0.1", "0.1"), ("199.90", "199.9"), ("4.35", "4.35"),
            ("1.1e2", "110"), ("29999.99", "29999.99"), ("9999999.99", "9999999.99"), ("999999999.99", "999999999.99"),
        ] {
            let body = format!(r#"{{"data":{{"amount":{sent},"reference":"000000123"}}}}"#);
            let answer = shop.send(shop.ask("POST", &shop.create_path()).body("application/json", body)).is(201);
            assert_eq!(plain(&raw_amount(&answer)), kept, "{sent}");
            let order = Order::read(&answer);
            assert_eq!(order.reference, "000000123", "leading zeros are part of a reference");
            let read = shop.send(shop.ask("GET", &shop.seller_path(&order.id))).is(200);
            assert_eq!(plain(&raw_amount(&read)), kept, "{sent}");
        }
    }
}

story! {
    fn a_form_creates_the_order_that_json_would(florin) {
        let shop = florin.shop(0);
        for fields in [
            vec![("amount", "119.99"), ("reference", "#order1"), ("redirect_url", "https://shop.example/done")],
            vec![("data[amount]", "119.99"), ("data[reference]", "#order1"), ("data[redirect_url]", "https://shop.example/done")],
        ] {
            let order = Order::read(&shop.send(shop.ask("POST", &shop.create_path()).form(&fields)).is(201));
            let data = shop.gets(&order.id);
            assert_eq!((&data["amount"], &data["reference"]), (&json!(119.99), &json!("#order1")));
            assert_eq!(data["redirect_url"], format!("https://shop.example/done?orderId={}", order.id));
        }
        let fields = [("amount", "200"), ("reference", "r"), ("allowed_payment_terms", "PAY_LATER")];
        let order = Order::read(&shop.send(shop.ask("POST", &shop.create_path()).form(&fields)).is(201));
        assert_eq!(order.allowed_payment_terms, ["PAY_LATER"]);
    }
}

story! {
    fn what_plugins_send_is_taken_and_what_is_unknown_is_ignored(florin) {
        let shop = florin.shop(0);
        let wish = Wish::of(119.99)
            .with("source", "iwocaPay_magento_extension")
            .with("meta_data", json!({"magento_plugin_settings": {"a": {"b": null, "c": "x"}}}))
            .with("allowed_payment_terms", json!(["PAY_LATER", "PAY_NOW"]))
            .with("something_new", json!({"deep": [1, 2]}));
        assert_eq!(shop.creates(&wish).allowed_payment_terms, ["PAY_LATER", "PAY_NOW"], "in the seller's order");
        shop.creates(&Wish::of(119.99).with("meta_data", json!([])));
        for nothing in ["source", "redirect_url", "webhook_url", "meta_data", "allowed_payment_terms"] {
            shop.creates(&Wish::of(119.99).with(nothing, json!(null)));
        }
        let plugin = shop.ask("POST", &shop.create_path()).header("iwocapay-integration-version", "2.9.0").header("cache-control", "nocache");
        shop.send(plugin.json(&json!({"data": {"amount": 120, "reference": "000000123"}}))).is(201);
        let first = shop.creates(&Wish::of(10.0));
        assert_ne!(first.id, shop.creates(&Wish::of(10.0)).id, "a reference may repeat");
    }
}

story! {
    fn a_connection_is_good_only_for_the_seller_it_belongs_to(florin) {
        let (shop, other) = (florin.shop(0), florin.shop(1));
        for path in both(&shop.connection_path()) {
            let asked = format!("{path}?integration_name=magento&integration_version=2.9.0");
            let ask = shop.ask("GET", &asked).header("accept", "application/json").header("iwocapay-integration-version", "2.9.0");
            shop.send(ask).is(200);
            let stranger = other.send(other.ask("GET", &asked));
            assert!(matches!(stranger.status, 403 | 404), "{}", stranger.status);
        }
        for bad in ["x", "%20", "not-a-uuid", "00000000-0000-4000-8000-000000000000"] {
            let status = shop.send(shop.ask("GET", &format!("/api/iwocapay/ecommerce/seller/{bad}/connection_check/"))).status;
            assert!(matches!(status, 403 | 404), "{bad}: {status}");
        }
        let one = shop.send(shop.ask("GET", "/api/iwocapay/ecommerce/seller/x/connection_check/"));
        assert_eq!(one.status, 404, "a seller id of one character");
    }
}

story! {
    fn integrations_report_in_both_shapes_and_at_once(florin) {
        let shop = florin.shop(0);
        let event = json!({"event_type": "SELLER_HEARTBEAT", "integration_name": "magento", "integration_version": "2.9.0", "meta_data": {}});
        let mut odd = event.clone();
        odd["event_type"] = json!("SOMETHING_NOBODY_KNOWS");
        odd["meta_data"] = json!([]);
        let hundred = vec![event.clone(); 100];
        for body in [json!({"events": [event, odd]}), json!({"events": hundred}), json!({"data": event})] {
            for path in both(&shop.events_path()) {
                let begun = Instant::now();
                let status = shop.send(shop.ask("POST", &path).header("accept", "application/json").json(&body)).status;
                assert!((200..300).contains(&status), "{status}");
                assert!(begun.elapsed() < Duration::from_secs(2), "the plugin hangs up after two seconds");
            }
        }
        let many = json!({"events": vec![event; 101]});
        shop.send(shop.ask("POST", &shop.events_path()).json(&many)).is(400);
        assert_eq!(florin.books().count("integration_events"), 2 * (2 + 100 + 1), "all of them are kept");
    }
}

story! {
    fn the_example_schedule_is_public_and_gives_the_published_figures(florin) {
        for (principal, rate, months, first) in [
            ("1000", "0.025", 3, 350.14), ("1000", "0.025", 1, 1025.00), ("1000", "0.02", 12, 94.56), ("12000", "0.02", 12, 1134.72),
            ("150", "0.025", 3, 52.52), ("199.99", "0.025", 3, 70.02), ("30000", "0.02", 12, 2836.79), ("5", "0.025", 3, 1.75), ("1000", "0", 3, 333.33),
        ] {
            let query = format!(
                "30_day_rate={rate}&initial_principal={principal}&loan_duration_months={months}&product=iwocapay&promotions=equal_repayments"
            );
            for path in ["/api/lending/edge/example_repayment_schedule/", "/api/lending/edge/example_repayment_schedule"] {
                let rows = florin.http.get(&format!("{path}?{query}")).is(200).json()["data"].clone();
                assert_eq!(rows[0]["total"].as_f64(), Some(first), "{query}");
                assert_eq!(rows.as_array().map(Vec::len), Some(months), "{query}");
            }
        }
        let plain = florin.http.get("/api/lending/edge/example_repayment_schedule/?30_day_rate=0.025&initial_principal=1000&loan_duration_months=3&product=iwocapay");
        let totals: Vec<_> = plain.is(200).json()["data"].as_array().expect("rows").iter().map(|row| row["total"].as_f64()).collect();
        assert_eq!(totals, [Some(358.33), Some(350.0), Some(341.67)], "equal shares of the principal without the promotion");
        for bad in ["initial_principal=x", "initial_principal=-1", "30_day_rate=nan&initial_principal=10", "initial_principal=1e400", ""] {
            let answer = florin.http.get(&format!("/api/lending/edge/example_repayment_schedule/?{bad}&loan_duration_months=3"));
            assert_eq!(answer.status, 400, "{bad}: {}", answer.text());
        }
    }
}

story! {
    fn redirect_urls_get_the_order_and_keep_what_they_have(florin) {
        let shop = florin.shop(0);
        for (given, expected) in [
            ("https://shop.example/done", "https://shop.example/done?orderId=ID"),
            ("https://shop.example/", "https://shop.example/?orderId=ID"),
            ("https://shop.example/done?basket=7&x=%20y", "https://shop.example/done?basket=7&x=%20y&orderId=ID"),
            ("https://shop.example/done#thanks", "https://shop.example/done?orderId=ID#thanks"),
            ("https://shop.example/done?basket=7#thanks", "https://shop.example/done?basket=7&orderId=ID#thanks"),
        ] {
            let order = shop.creates(&Wish::of(50.0).with("redirect_url", given));
            assert_eq!(shop.gets(&order.id)["redirect_url"], expected.replace("ID", &order.id));
        }
    }
}

story! {
    fn sellers_never_see_each_others_orders(florin) {
        let (shop, other) = (florin.shop(0), florin.shop(1));
        let order = shop.creates(&Wish::of(200.0));
        for path in [Shop::lending_path(&order.id), other.seller_path(&order.id)] {
            for method in ["GET", "DELETE"] {
                let answer = other.send(other.ask(method, &path)).is(404);
                assert!(!answer.text().contains("#order1"), "{}", answer.text());
            }
        }
        // Another seller's path with one's own token: no, and no word whether the order exists.
        for method in ["GET", "DELETE"] {
            other.send(other.ask(method, &shop.seller_path(&order.id))).is(403);
        }
        for (method, path) in [("POST", shop.create_path()), ("POST", shop.events_path())] {
            other.send(other.ask(method, &path).json(&json!({"data": {"amount": 5, "reference": "r"}}))).is(403);
        }
        // One's own order under another seller's path is not there either.
        let own = other.creates(&Wish::of(10.0));
        let crossed = shop.send(shop.ask("GET", &shop.seller_path(&own.id)));
        assert_eq!(crossed.status, 404, "{}", crossed.text());
        assert_eq!(shop.status(&order), "CREATED", "nothing that a stranger did had an effect");
    }
}

story! {
    fn an_order_reads_the_same_however_often_it_is_read(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(321.0));
        florin.buyer(CompanyFate::Approved).pays_later(&order);
        let read = |_| shop.send(shop.ask("GET", &shop.seller_path(&order.id))).is(200).text();
        let bodies: Vec<_> = (0..5).map(read).collect();
        assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "{bodies:?}");
        assert!(bodies[0].contains("SUCCESSFUL"));
    }
}

/// The signature is over the bytes as they travel, errors included; the key is the text of the token.
#[test]
fn the_signature_is_the_published_one() {
    let token = "0123456789abcdef0123456789abcdef01234567";
    let signed = crate::cast::signature(token, br#"{"data":{"status":"SUCCESSFUL"}}"#);
    assert_eq!(signed, "RbuQj4uKJvY1ruDAMzdI2HurLo1c0cphK3slr8SKvp8=");
}

story! {
    fn errors_are_signed_too(florin) {
        let shop = florin.shop(0);
        let answer = shop.tries(&Wish::of(-1.0)).is(400);
        assert_ne!(answer.header("x-iwocapay-hmac-sha256"), "");
        let unknown = shop.send(shop.ask("GET", &Shop::lending_path("00000000-0000-4000-8000-000000000000"))).is(404);
        assert_ne!(unknown.header("x-iwocapay-hmac-sha256"), "");
    }
}

/// A server that a story does not share.
#[test]
fn every_answer_has_a_request_id_of_its_own() {
    let florin = Florin::start(crate::cast::Engine::Sqlite);
    let id = |path: &str| florin.http.get(path).header("x-request-id").to_owned();
    let ids = [id("/healthz"), id("/readyz"), id("/nowhere"), id("/pay/order/none/landing/"), id("/healthz")];
    for (index, one) in ids.iter().enumerate() {
        assert_ne!(one, "");
        assert!(!ids[index + 1..].contains(one), "{ids:?}");
    }
}

story! {
    fn a_known_sellers_refusals_are_signed_wherever_they_come_from(florin) {
        let shop = florin.shop(0);
        for (verb, path, status) in [("PUT", shop.create_path(), 405), ("GET", "/api/iwocapay/nothing/here/".to_owned(), 404)] {
            let answer = shop.ask(verb, &path).send().is(status);
            assert_eq!(answer.header("x-iwocapay-hmac-sha256"), crate::cast::signature(&shop.token, &answer.body), "{verb} {path}");
            let stranger = florin.http.ask(verb, &path).send().is(status);
            assert_eq!(stranger.header("x-iwocapay-hmac-sha256"), "");
        }
    }
}
