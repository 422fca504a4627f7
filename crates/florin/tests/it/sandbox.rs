//! The sandbox as a newcomer meets it: starts by itself, says what there is, keeps its files to itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::cast::{CompanyFate, Engine, Fate, Florin, Launch, Order, Page, Wish, eventually, story};

story! {
    fn sandbox_json_tells_scripts_all_they_need(florin) {
        let raw: serde_json::Value = serde_json::from_slice(&fs::read(florin.data_dir().join("sandbox.json")).expect("the file")).expect("JSON");
        for field in ["base_url", "ca_cert", "admin_token", "sellers", "companies", "banks"] {
            assert!(!raw[field].is_null(), "{field} is missing");
        }
        let sandbox = &florin.sandbox;
        assert!(sandbox.base_url.starts_with("https://localhost:"));
        assert_eq!(sandbox.sellers.len(), 2);
        for (_, digit, name) in CompanyFate::ALL {
            let known: Vec<_> = sandbox.companies.iter().filter(|company| company.outcome == name).collect();
            assert!(!known.is_empty() && known.iter().all(|company| company.number.starts_with(&digit.to_string())), "{name}");
        }
        for (_, name) in Fate::ALL {
            assert!(sandbox.banks.iter().any(|bank| bank.outcome == name), "{name}");
        }
    }
}

story! {
    fn it_is_healthy_and_ready(florin) {
        florin.http.get("/healthz").is(200);
        florin.http.get("/readyz").is(200);
    }
}

story! {
    fn it_prints_a_curl_that_creates_an_order_when_it_is_pasted(florin) {
        let printed = florin.run.lock().expect("the process").log();
        let begin = printed.find("curl ").unwrap_or_else(|| panic!("no curl in {printed}"));
        // The command may go over several lines that end in a backslash.
        let mut command = String::new();
        for line in printed[begin..].lines() {
            command.push_str(line.trim_end_matches('\\'));
            if !line.trim_end().ends_with('\\') {
                break;
            }
            command.push(' ');
        }
        assert!(command.contains("--cacert"), "{command}");
        let output = Command::new("bash").arg("-c").arg(&command).env("NO_PROXY", "*").output().expect("bash runs");
        let out = String::from_utf8_lossy(&output.stdout);
        let body: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{}", String::from_utf8_lossy(&output.stderr)));
        let order: Order = serde_json::from_value(body["data"].clone()).unwrap_or_else(|error| panic!("{error}: {body}"));
        florin.buyer(CompanyFate::Approved).pays_later(&order);
        assert_eq!(florin.shop(0).status(&order), "SUCCESSFUL");
    }
}

story! {
    fn keys_and_books_are_closed_to_others(florin) {
        for entry in fs::read_dir(florin.data_dir()).expect("a directory").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let mode = entry.metadata().expect("a file").permissions().mode();
            let text = fs::read(entry.path()).unwrap_or_default();
            let holds_secret = name == "sandbox.json" || text.windows(11).any(|window| window == b"PRIVATE KEY");
            assert!(!holds_secret || mode.trailing_zeros() >= 6, "{name} is open to others: {mode:o}");
        }
    }
}

story! {
    fn what_was_there_is_there_after_a_restart_and_tokens_stay_good(florin) {
        let shop = florin.shop(0);
        let open = shop.creates(&Wish::of(700.0));
        let paid = shop.creates(&Wish::of(700.0));
        florin.buyer(CompanyFate::Approved).pays_later(&paid);
        florin.stops();
        florin.verify_is_clean();
        florin.comes_back();
        assert_eq!((shop.status(&open).as_str(), shop.status(&paid).as_str()), ("CREATED", "SUCCESSFUL"));
        florin.buyer(CompanyFate::Approved).pays_later(&open);
        assert_eq!(shop.status(&open), "SUCCESSFUL", "the address of before still works");
    }
}

story! {
    fn a_newcomer_sees_in_the_demo_shop_what_was_paid_and_which_webhooks_came(florin) {
        let shop = florin.shop(0);
        let home = shop.redirect_url.clone().expect("the demo shop");
        // Over HTTPS to the sandbox itself, whose authority it trusts.
        let order = shop.creates(&Wish::of(75.25).told_to(&format!("{home}webhook")));
        let tab = florin.buyer(CompanyFate::Approved).pays_now(florin, &order, Fate::Pays);
        assert_eq!(tab.way_to_shop(&home), shop.way_back(&order));
        let books = florin.books();
        eventually("the webhooks to be taken", || (books.count("events WHERE target IS NOT NULL AND delivery = 'delivered'") >= 2).then_some(()));
        let page = Page::read(florin.http.get(shop.way_back(&order).as_str()).is(200));
        page.says("75.25").says("SUCCESSFUL");
        let body = books.words("SELECT webhook_id FROM events WHERE status = 'successful'").remove(0);
        assert!(page.html.contains(&body), "the webhook itself is shown: {}", page.text);
    }
}

story! {
    fn a_refusal_reaches_curl_even_if_its_body_was_not_read(florin) {
        let seller = &florin.sandbox.sellers[0];
        let stranger = "Authorization: Bearer 0123456789012345678901234567890123456789".to_owned();
        let known = format!("Authorization: Bearer {}", seller.access_token);
        let calls = [("401", &stranger, "application/json"), ("415", &known, "text/plain")];
        for (expected, authorization, content_type) in calls.into_iter().cycle().take(20) {
            let output = Command::new("curl")
                .args(["--silent", "--show-error", "--noproxy", "*", "--write-out", "%{http_code}", "--output", "/dev/null", "--cacert"])
                .arg(&florin.sandbox.ca_cert)
                .args(["--header", authorization, "--header", &format!("Content-Type: {content_type}")])
                .args(["--data", r#"{"data":{"amount":1,"reference":"a"}}"#])
                .arg(format!("{}/api/lending/edge/ecommerce/seller/{}/order/", florin.sandbox.base_url, seller.seller_uuid))
                .output()
                .expect("curl runs");
            assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn fresh_begins_again() {
    let florin = Florin::start(Engine::Sqlite);
    let order = florin.shop(0).creates(&Wish::of(700.0));
    florin.stops();
    let again = Launch { prelude: Some("set -- \"$@\" --fresh".to_owned()), ..florin.launch.clone() }.start();
    let seller = &again.sandbox.sellers[0];
    let gone = again.http.ask("GET", &crate::cast::Shop::lending_path(&order.id)).bearer(&seller.access_token).send();
    assert_eq!(gone.status, 404);
}

#[test]
fn a_second_sandbox_on_the_same_files_is_refused() {
    let florin = Florin::start(Engine::Sqlite);
    let dir = florin.data_dir().display().to_string();
    let second = Florin::program(&["sandbox", "--data-dir", &dir, "--port", "0"]);
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.len() > 10 && !said.contains("panicked"), "{said}");
    florin.shop(0).creates(&Wish::of(700.0));
    florin.books_are_right();
}

#[test]
fn it_stops_when_asked_and_lets_calls_in_flight_finish() {
    let florin = Florin::start(Engine::Sqlite);
    let shop = florin.shop(0);
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut created = Vec::new();
                    while let Ok(answer) =
                        shop.ask("POST", &shop.create_path()).json(&serde_json::json!({"data": {"amount": 5, "reference": "r"}})).try_send()
                    {
                        assert!(matches!(answer.status, 201 | 503), "{}", answer.status);
                        if answer.status == 201 {
                            created.push(Order::read(&answer).id);
                        }
                    }
                    created
                })
            })
            .collect();
        let books = florin.books();
        eventually("some orders", || (books.count("orders") > 20).then_some(()));
        let begun = Instant::now();
        florin.stops();
        assert!(begun.elapsed() < Duration::from_secs(25), "stopped after {:?}", begun.elapsed());
        let created: Vec<String> = callers.into_iter().flat_map(|caller| caller.join().expect("a caller")).collect();
        for id in &created {
            assert_eq!(books.count(&format!("orders WHERE order_id = '{id}'")), 1, "acknowledged is kept");
        }
    });
    florin.verify_is_clean();
}

#[test]
fn verify_finds_books_that_were_tampered_with() {
    let florin = Florin::start(Engine::Sqlite);
    let order = florin.shop(0).creates(&Wish::of(700.0));
    florin.buyer(CompanyFate::Approved).pays_later(&order);
    florin.stops();
    florin.verify_is_clean();
    let file = fs::read_dir(florin.data_dir())
        .expect("a directory")
        .flatten()
        .map(|entry| entry.path())
        .find(|path| fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3\0")))
        .expect("a database");
    for (what, tampering) in [
        ("an amount of an order", "UPDATE orders SET amount_minor = amount_minor + 1"),
        ("a leg of an entry", "UPDATE legs SET amount_minor = amount_minor + 1 WHERE seq = 2 AND number = 1"),
        ("both legs, so that they balance", "UPDATE legs SET amount_minor = amount_minor * 2"),
        ("an entry of the chain", "DELETE FROM journal WHERE seq = 2"),
        ("an event", "DELETE FROM events WHERE number = 2"),
        ("a payout", "DELETE FROM payouts"),
        ("a limit", "UPDATE credit_lines SET drawn_minor = drawn_minor + 100"),
        ("a status", "UPDATE orders SET state = 'created'"),
        ("a loan's instalment", "UPDATE instalments SET principal_minor = principal_minor - 1 WHERE number = 1"),
    ] {
        let kept = fs::read(&file).expect("the books");
        let connection = rusqlite::Connection::open(&file).expect("the books open");
        connection.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA foreign_keys = OFF").expect("a plain file");
        connection.execute_batch(tampering).expect("tampering works");
        drop(connection);
        let report = florin.verify();
        assert!(!report.status.success(), "verify did not see {what}: {}", String::from_utf8_lossy(&report.stdout));
        fs::write(&file, kept).expect("the books are put back");
    }
    florin.verify_is_clean();
}
