//! Shoppers' tokens: what is issued, how long it is good, how it is renewed, who signs it, and what servers sign themselves.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cast::{
    Answer, Ask, Florin, REFRESH, Retailer, Shopper, Smith, TOKEN, eventually, gift_order, is_signed_by, opened, sends, story,
};

/// Asks for a token with a query and a body of one's own.
#[track_caller]
fn tries(retailer: &Retailer, query: &str, body: &Value) -> Answer {
    retailer.posts(&format!("{TOKEN}{query}"), body)
}

/// Whether the shopper's access token opens the wallet.
#[track_caller]
fn is_let_in(shopper: &Shopper) -> bool {
    let answer = sends(shopper.ask("GET", "/wow/v1/pay/instruments"));
    assert!(matches!(answer.status, 200 | 401), "{}", answer.text());
    if answer.status == 401 {
        let body = answer.json();
        let told = ["errorCode", "errorMessage", "errorDetail"].map(|field| body[field].as_str().unwrap_or_default().to_owned());
        assert_eq!(told, ["AP02", "Unauthorized", "Invalid or Expired Token"]);
    }
    answer.status == 200
}

#[track_caller]
fn renews(retailer: &Retailer, refresh: &str) -> Answer {
    retailer.posts(REFRESH, &json!({ "refreshToken": refresh }))
}

fn jwks(florin: &Florin) -> Value {
    sends(florin.http.ask("GET", "/.well-known/jwks.json")).is(200).json()
}

fn milliseconds(florin: &Florin) -> i64 {
    let now = florin.admin("GET", "/admin/clock", None).is(200).json()["now"].as_str().expect("a time").to_owned();
    let now: jiff::Timestamp = now.parse().expect("a time");
    now.as_millisecond()
}

story! {
    fn a_token_call_answers_seven_fields_of_their_exact_types(florin) {
        let retailer = florin.retailer(0);
        for is_guest in [false, true] {
            let before = milliseconds(florin);
            let body = json!({ "shopperId": "1100000000093126352", "username": "jo", "isGuest": is_guest, "uid": "u", "unheardOf": [1] });
            let tokens = tries(&retailer, "?access_token_exp=3600&refresh_token_exp=2592000", &body).is(200).json();
            let names: BTreeSet<_> = tokens.as_object().expect("an object").keys().map(String::as_str).collect();
            let expected = BTreeSet::from([
                "accessToken", "accessTokenExpiresIn", "refreshToken", "refreshTokenExpiresIn", "tokensIssuedAt", "isGuestToken", "idmStatusOK",
            ]);
            assert_eq!(names, expected);
            assert_eq!((tokens["accessTokenExpiresIn"].as_i64(), tokens["refreshTokenExpiresIn"].as_i64()), (Some(3_599), Some(2_591_999)));
            let issued_at = tokens["tokensIssuedAt"].as_i64().expect("whole milliseconds");
            assert!((before - 1_000..=milliseconds(florin)).contains(&issued_at), "{issued_at}");
            assert_eq!((&tokens["isGuestToken"], tokens["idmStatusOK"].is_boolean()), (&json!(is_guest), true));
            let refresh = tokens["refreshToken"].as_str().expect("a token");
            assert!(refresh.len() == 32 && refresh.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{refresh}");
            opened(tokens["accessToken"].as_str().expect("a token"));
        }
    }
}

story! {
    fn an_access_token_is_good_for_an_hour_and_a_refresh_token_for_thirty_days_unless_said(florin) {
        let retailer = florin.retailer(0);
        let tokens = tries(&retailer, "", &json!({ "shopperId": "s" })).is(200).json();
        assert_eq!((&tokens["accessTokenExpiresIn"], &tokens["refreshTokenExpiresIn"]), (&json!(3_599), &json!(2_591_999)));
        assert_eq!(tokens["isGuestToken"], false);
        let shopper = Shopper::new(&retailer, "s", &tokens);
        florin.time_passes("58m");
        assert!(is_let_in(&shopper));
        florin.time_passes("3m");
        assert!(!is_let_in(&shopper));
        florin.time_passes("29d");
        renews(&retailer, &shopper.refresh).is(200);
        let shopper = retailer.signs_in("s");
        florin.time_passes("31d");
        renews(&retailer, &shopper.refresh).fails(401, "AP02");
    }
}

story! {
    fn the_life_of_a_token_is_as_asked_within_bounds(florin) {
        let retailer = florin.retailer(0);
        let body = json!({ "shopperId": "s" });
        for (access, refresh) in [(60, 60), (86_400, 86_400), (60, 31_536_000), (1_800, 7_200)] {
            let tokens = tries(&retailer, &format!("?access_token_exp={access}&refresh_token_exp={refresh}"), &body).is(200).json();
            assert_eq!((&tokens["accessTokenExpiresIn"], &tokens["refreshTokenExpiresIn"]), (&json!(access - 1), &json!(refresh - 1)));
            let (_, claims) = opened(tokens["accessToken"].as_str().expect("a token"));
            assert_eq!(claims["exp"].as_i64().expect("seconds") - claims["iat"].as_i64().expect("seconds"), access);
        }
        for (query, field) in [
            ("access_token_exp=59", "access_token_exp"),
            ("access_token_exp=86401", "access_token_exp"),
            ("access_token_exp=0", "access_token_exp"),
            ("access_token_exp=-60", "access_token_exp"),
            ("access_token_exp=1h", "access_token_exp"),
            ("access_token_exp=3600.5", "access_token_exp"),
            ("access_token_exp=3600&access_token_exp=60", "access_token_exp"),
            ("access_token_exp=99999999999999999999", "access_token_exp"),
            ("refresh_token_exp=59", "refresh_token_exp"),
            ("refresh_token_exp=31536001", "refresh_token_exp"),
            ("access_token_exp=3600&refresh_token_exp=3599", "refresh_token_exp"),
        ] {
            let refused = tries(&retailer, &format!("?{query}"), &body).fails(400, "AP99");
            assert!(refused.json()["errorDetail"].as_str().expect("a detail").contains(field), "{query}: {}", refused.text());
        }
    }
}

story! {
    fn a_shopper_is_named_by_an_id_that_never_changes(florin) {
        let retailer = florin.retailer(0);
        let refused = tries(&retailer, "", &json!({ "shopperId": "jo@example.com" })).fails(400, "AP99");
        let detail = refused.json()["errorDetail"].as_str().expect("a detail").to_owned();
        assert!(detail.contains("shopperId") && detail.contains("e-mail"), "{detail}");
        assert!(!detail.contains("jo@"), "an address is nothing to repeat: {detail}");
        for bad in [json!(""), json!(" s"), json!(7), json!(null), json!("s".repeat(129)), json!("a\nb"), json!(["s"])] {
            tries(&retailer, "", &json!({ "shopperId": bad })).fails(400, "AP99");
        }
        for body in [json!({}), json!({ "username": "jo" }), json!([]), json!("s"), json!({ "shopperId": "s", "isGuest": "yes" })] {
            tries(&retailer, "", &body).fails(400, "AP99");
        }
        let (one, again) = (retailer.signs_in("jo@home"), retailer.signs_in("jo@home"));
        let wallet = |shopper: &Shopper| opened(&shopper.token).1["wid"].clone();
        assert_eq!(wallet(&one), wallet(&again), "one shopper, one wallet");
        assert_ne!(wallet(&one), wallet(&retailer.signs_in("jo@work")));
        assert_ne!(wallet(&one), wallet(&florin.retailer(1).signs_in("jo@home")), "a shopper of another merchant is another one");
    }
}

story! {
    fn an_access_token_says_who_it_is_for_and_anybody_can_check_who_signed_it(florin) {
        let shopper = florin.shopper();
        let (header, claims) = opened(&shopper.token);
        let keys = jwks(florin);
        assert_eq!((&header["alg"], header.as_object().expect("an object").len()), (&json!("EdDSA"), 3));
        assert!(is_signed_by(&shopper.token, &keys));
        let names: BTreeSet<_> = claims.as_object().expect("claims").keys().map(String::as_str).collect();
        assert_eq!(names, BTreeSet::from(["iss", "aud", "sub", "mid", "wid", "jti", "guest", "iat", "nbf", "exp"]));
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!(florin.sandbox.base_url), &json!(shopper.id)));
        assert_eq!((&claims["mid"], &claims["guest"]), (&json!(shopper.at.id), &json!(false)));
        assert_ne!(claims["jti"], opened(&shopper.at.signs_in(&shopper.id).token).1["jti"]);
        assert_eq!(opened(&florin.guest().token).1["guest"], true);
        for key in keys["keys"].as_array().expect("keys") {
            assert!(key["d"].is_null() && key["k"].is_null(), "a private part is published");
        }
    }
}

story! {
    fn keys_rotate_and_tokens_of_before_stay_good_for_their_time(florin) {
        let before = florin.shopper();
        let rotated = florin.operator(&["keys", "rotate"]);
        let after = florin.shopper();
        let kid = |shopper: &Shopper| opened(&shopper.token).0["kid"].as_str().expect("a kid").to_owned();
        assert_ne!(kid(&before), kid(&after));
        assert!(rotated.contains(&kid(&after)), "{rotated}");
        florin.operator(&["keys", "rotate", "--algorithm", "ES256"]);
        let curved = florin.shopper();
        assert_eq!(opened(&curved.token).0["alg"], "ES256");
        let keys = jwks(florin);
        assert!([&before, &after, &curved].iter().all(|shopper| is_signed_by(&shopper.token, &keys) && is_let_in(shopper)));
        assert!(!florin.operator_tries(&["keys", "rotate", "--algorithm", "RS256"]).status.success(), "RSA keys are never made");
        florin.time_passes("25h");
        let kids = || {
            let keys = jwks(florin);
            keys["keys"].as_array().expect("keys").iter().map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect::<Vec<_>>()
        };
        eventually("the old keys to be forgotten", || (kids() == [kid(&curved)]).then_some(()));
        assert!(is_let_in(&florin.shopper()));
        florin.stops();
        florin.comes_back();
        assert_eq!(kids(), [kid(&curved)], "a restart makes no new key");
    }
}

story! {
    fn a_refresh_token_is_good_once_and_a_second_use_ends_the_whole_family(florin) {
        let retailer = florin.retailer(0);
        for path in [REFRESH, TOKEN] {
            let renews = |refresh: &str| retailer.posts(path, &json!({ "refreshToken": refresh }));
            let first = retailer.signs_in("s");
            let second = Shopper::new(&retailer, "s", &renews(&first.refresh).is(200).json());
            assert!(is_let_in(&first) && is_let_in(&second), "an access token lives its own life");
            assert_ne!(first.refresh, second.refresh);
            let third = Shopper::new(&retailer, "s", &renews(&second.refresh).is(200).json());
            renews(&first.refresh).fails(401, "AP02");
            renews(&third.refresh).fails(401, "AP02");
            let elsewhere = retailer.signs_in("s");
            renews(&elsewhere.refresh).is(200);
        }
    }
}

story! {
    fn a_refresh_token_renews_what_it_was_issued_with_for_the_key_that_got_it(florin) {
        let retailer = florin.retailer(0);
        let guest = retailer.issues("?access_token_exp=600&refresh_token_exp=7200", "g", true);
        let again = renews(&retailer, &guest.refresh).is(200).json();
        assert_eq!((&again["isGuestToken"], &again["accessTokenExpiresIn"]), (&json!(true), &json!(599)));
        assert_eq!(again["refreshTokenExpiresIn"], 7_199);
        let shopper = retailer.signs_in("s");
        let made = florin.admin("POST", &format!("/admin/retail/{}/keys", retailer.id), Some(&json!({}))).is(201).json();
        let second = retailer.with_key(made["api_key"].as_str().expect("a key"));
        renews(&second, &shopper.refresh).fails(401, "AP02");
        renews(&florin.retailer(1), &shopper.refresh).fails(401, "AP02");
        renews(&retailer, &shopper.refresh).is(200);
        for bad in ["", "x", "0123456789abcdefghijklmnopqrstuv", &shopper.token] {
            let answer = renews(&retailer, bad);
            assert!(matches!(answer.status, 400 | 401), "{bad}: {}", answer.text());
        }
        let key = made["id"].as_str().expect("an id");
        assert!(is_let_in(&second.signs_in("s")));
        florin.admin("DELETE", &format!("/admin/keys/{key}"), None).is(200);
        eventually("the key to open nothing", || (tries(&second, "", &json!({ "shopperId": "s" })).status == 401).then_some(()));
    }
}

/// Sends a refresh token from many places at once.
#[track_caller]
fn renewed_at_once(retailer: &Retailer, refresh: &str) -> usize {
    let start = std::sync::Barrier::new(8);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let call = || {
            start.wait();
            renews(retailer, refresh).status
        };
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(call)).collect();
        calls.into_iter().map(|call| call.join().expect("a call")).collect()
    });
    assert!(statuses.iter().all(|status| matches!(status, 200 | 401)), "{statuses:?}");
    statuses.iter().filter(|status| **status == 200).count()
}

story! {
    fn a_refresh_token_sent_many_times_at_once_is_good_at_most_once(florin) {
        let retailer = florin.retailer(0);
        for _ in 0..5 {
            assert_eq!(renewed_at_once(&retailer, &retailer.signs_in("s").refresh), 1);
        }
    }
}

/// The header of a server's signature.
fn signed_header(florin: &Florin, smith: &Smith, verb: &str, path: &str) -> Value {
    let url = format!("{}{path}", florin.sandbox.base_url);
    json!({ "alg": smith.algorithm(), "kid": "server-1", "verb": verb, "url": url, "timestamp": milliseconds(florin) })
}

/// Gives the operator a public key of the merchant's servers.
#[track_caller]
fn registers(florin: &Florin, retailer: &Retailer, smith: &Smith) {
    let path = format!("/admin/retail/{}/server-keys", retailer.id);
    florin.admin("POST", &path, Some(&json!({ "kid": "server-1", "public_key": smith.pem() }))).is(201);
}

story! {
    fn a_merchants_server_signs_its_calls_instead_of_bringing_a_bearer(florin) {
        const LIST: &str = "/wow/v1/pay/instruments";
        for smith in [Smith::rsa(), Smith::edwards(1), Smith::curve()] {
            let retailer = florin.new_retailer(&format!("signs-{}", smith.algorithm()));
            florin.lets_in(&retailer);
            eventually("the merchant to be let in", || (tries(&retailer, "", &json!({ "shopperId": "s" })).status == 200).then_some(()));
            let shopper = retailer.signs_in("s");
            let card = shopper.captures(&florin.card("approved"));
            let header = signed_header(florin, &smith, "GET", LIST);
            let header = || {
                let mut header = header.clone();
                header["userid"] = json!(shopper.id);
                // Two calls in one millisecond would be one call and its replay.
                header["timestamp"] = json!(milliseconds(florin) + i64::from(florin.fresh()));
                header
            };
            let lists = |signature: &str| sends(retailer.ask("GET", LIST).header("x-jws-signature", signature));
            lists(&smith.detached(&header(), b"")).fails(401, "AP02");
            registers(florin, &retailer, &smith);
            let signature = smith.detached(&header(), b"");
            assert_eq!(lists(&signature).is(200).json()["creditCards"][0]["paymentInstrumentId"], card.id.as_str());
            lists(&signature).fails(401, "AP02");
            for (field, value) in [
                ("verb", json!("POST")),
                ("url", json!(format!("{}/wow/v1/pay/merchants/profile", florin.sandbox.base_url))),
                ("url", json!("https://evil.example/wow/v1/pay/instruments")),
                ("kid", json!("server-2")),
                ("timestamp", json!(milliseconds(florin) - 301_000)),
                ("timestamp", json!(milliseconds(florin) + 330_000)),
                ("timestamp", json!(milliseconds(florin).to_string())),
                ("alg", json!("none")),
                ("alg", json!("HS256")),
                ("jwk", Smith::edwards(9).jwk("server-1")),
                ("userid", json!(null)),
            ] {
                let mut changed = header();
                changed[field] = value.clone();
                lists(&smith.detached(&changed, b"")).fails(401, "AP02");
            }
            lists(&Smith::edwards(9).detached(&header(), b"")).fails(401, "AP02");
            lists(&smith.detached(&header(), b"{}")).fails(401, "AP02");
            lists(&smith.detached(&header(), b"")).is(200);
        }
    }
}

story! {
    fn a_signature_covers_the_whole_body_and_no_signature_replaces_the_address(florin) {
        const REFUNDS: &str = "/wow/v1/pay/refunds";
        let (smith, retailer) = (Smith::edwards(1), florin.retailer(0));
        registers(florin, &retailer, &smith);
        let shopper = florin.shopper();
        let bought = shopper.bought(&shopper.captures(&florin.card("approved")), 20.0);
        let body = crate::cast::follow_up("refunds", &[(&bought, 5.0)]);
        let other = crate::cast::follow_up("refunds", &[(&bought, 6.0)]);
        let calls = |body: &Value, signature: &str| sends(retailer.ask("POST", REFUNDS).header("x-jws-signature", signature).json(body));
        let signature = smith.detached(&signed_header(florin, &smith, "POST", REFUNDS), body.to_string().as_bytes());
        calls(&other, &signature).fails(401, "AP02");
        calls(&body, &signature).is(200);
        calls(&body, &signature).fails(401, "AP02");
        calls(&body, "garbage").fails(401, "AP02");
        // Clients that always send some text have a bearer that counts.
        let list = shopper.ask("GET", "/wow/v1/pay/instruments").header("x-jws-signature", "garbage");
        sends(list).is(200);
        let closed = florin.new_retailer("closed");
        registers(florin, &closed, &smith);
        let signature = smith.detached(&signed_header(florin, &smith, "POST", REFUNDS), body.to_string().as_bytes());
        sends(closed.ask("POST", REFUNDS).header("x-jws-signature", &signature).json(&body)).fails(403, "AP99");
        let mut header = signed_header(florin, &smith, "GET", "/wow/v1/pay/instruments");
        header["userid"] = json!("s");
        let away = closed.ask("GET", "/wow/v1/pay/instruments").header("x-jws-signature", &smith.detached(&header, b""));
        sends(away).fails(401, "AP02");
    }
}

story! {
    fn where_server_and_shopper_may_call_a_wrong_signature_needs_a_good_bearer(florin) {
        const PROFILE: &str = "/wow/v1/pay/merchants/profile";
        const ORDER: &str = "/v1/gifting/order/submit";
        let (smith, retailer, shopper) = (Smith::edwards(1), florin.retailer(0), florin.shopper());
        let card = shopper.captures(&florin.card("approved"));
        let late = retailer.issues("?access_token_exp=60&refresh_token_exp=60", "late", false);
        florin.time_passes("2m");
        registers(florin, &retailer, &smith);
        let shown = |ask: Ask, signature: &str| sends(ask.header("x-jws-signature", signature));
        let order = gift_order(&card, "signed");
        let signed = |verb: &str, path: &str, body: &str| smith.detached(&signed_header(florin, &smith, verb, path), body.as_bytes());

        shown(retailer.ask("GET", PROFILE), "garbage").fails(401, "AP02");
        shown(late.ask("GET", PROFILE), "garbage").fails(401, "AP02");
        shown(shopper.ask("GET", PROFILE), "garbage").is(200);
        shown(retailer.ask("GET", PROFILE), &signed("GET", PROFILE, "")).is(200);
        shown(retailer.ask("POST", ORDER).json(&order), "garbage").fails(401, "AP02");
        shown(retailer.ask("POST", ORDER).json(&order), &signed("POST", ORDER, "{}")).fails(401, "AP02");
        shown(shopper.ask("POST", ORDER).json(&order), "garbage").is(200);
        shown(retailer.ask("POST", ORDER).json(&order), &signed("POST", ORDER, &order.to_string())).is(200);
    }
}

story! {
    fn a_trace_id_comes_back_and_a_browser_may_call_from_the_shops_page(florin) {
        let shopper = florin.shopper();
        let list = || shopper.ask("GET", "/wow/v1/pay/instruments").header("origin", crate::cast::ORIGIN);
        let traced = sends(list().header("x-message-id", "trace-1"));
        assert_eq!(traced.header("x-message-id"), "trace-1");
        assert_eq!(sends(list()).header("x-message-id").len(), 36);
        assert_eq!(traced.header("access-control-allow-origin"), crate::cast::ORIGIN);
        assert!(traced.header("access-control-expose-headers").to_lowercase().contains("x-message-id"));
        for path in ["/wow/v1/pay/payments", "/wow/v1/pay/instruments/90731", TOKEN] {
            let asked = florin.http.ask("OPTIONS", path).header("origin", crate::cast::ORIGIN);
            let asked = asked.header("access-control-request-method", "POST").header("access-control-request-headers", "x-api-key");
            let allowed = asked.send();
            assert!(matches!(allowed.status, 200 | 204), "{path}: {}", allowed.status);
            let headers = allowed.header("access-control-allow-headers").to_lowercase();
            for name in ["authorization", "x-api-key", "x-everyday-pay-wallet", "x-wallet-id", "x-session-id", "content-type", "x-message-id"] {
                assert!(headers.contains(name), "{path} lets no page send {name}: {headers}");
            }
            assert_eq!(allowed.header("access-control-allow-credentials"), "");
        }
        sends(shopper.ask("GET", "/wow/v1/pay/nothing/here")).fails(404, "AP99");
        sends(shopper.ask("PATCH", "/wow/v1/pay/payments")).fails(405, "AP99");
        sends(shopper.ask("POST", "/wow/v1/pay/payments").body("text/plain", "{}")).fails(415, "AP99");
    }
}
