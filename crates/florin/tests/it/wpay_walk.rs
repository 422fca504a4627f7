//! The first card payment of a newcomer, and what an operator and a second server do to those that are under way.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::cast::{Answer, Bill, Books, Database, Desk, Engine, Florin, Instrument, OPERATOR_KEY, Retailer, Server, Shopper, TOKEN};
use crate::cast::{Page, eventually, follow_up, free_port, result, sends, story};

/// Pastes lines into a shell.
#[track_caller]
fn pasted(lines: &str) -> Value {
    let output = Command::new("bash").arg("-c").arg(lines).env("NO_PROXY", "*").output().expect("bash runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}\n{lines}"))
}

story! {
    fn the_sandbox_prints_a_token_call_and_a_payment_that_work_when_they_are_pasted(florin) {
        let printed = florin.run.lock().expect("the process").log();
        let part = |from: &str, to: &str| {
            let begin = printed.find(from).unwrap_or_else(|| panic!("no {from} in {printed}"));
            let rest = &printed[begin..];
            let rest = &rest[rest.find("\n\n").expect("a line between")..];
            rest[..rest[2..].find(to).expect("an end") + 2].to_owned()
        };
        let tokens = pasted(&part("\n5. ", "\n\n"));
        let shopper = florin.retailer(0).signs_in("shopper-1").with_token(tokens["accessToken"].as_str().expect("a token"));
        assert_eq!(shopper.lists()["creditCards"], json!([]));
        let paid = pasted(&part("\n6. ", "\n\n"));
        assert_eq!((&paid["partialSuccess"], &paid["creditCards"][0]["errorCode"]), (&json!(false), &json!(null)), "{paid}");
        let reference = paid["creditCards"][0]["paymentTransactionRef"].as_str().expect("a reference");
        florin.retailer(0).refunds(&[(reference, 45.5)]).is(200);
        assert_eq!(shopper.history(&json!({}))["total"], 2);
    }
}

story! {
    fn sandbox_json_names_merchants_cards_and_gift_cards_that_are_there(florin) {
        assert_eq!(florin.sandbox.wpay.len(), 2);
        for (index, seeded) in florin.sandbox.wpay.iter().enumerate() {
            assert_eq!(seeded.base_url, florin.sandbox.base_url);
            let shopper = florin.retailer(index).signs_in("s");
            for card in &florin.sandbox.gift_cards {
                let body = json!({ "cardNumber": card.number, "pinCode": card.pin, "primary": false, "save": true });
                let kept = shopper.posts("/wow/v1/pay/giftcards/tokenize", &body).is(200).json();
                assert_eq!(kept["balance"].as_f64(), Some(card.balance), "{}", card.number);
            }
            florin.time_passes("61s");
        }
    }
}

/// The master keys in a data directory's files.
fn master_keys(directory: &Path) -> Vec<String> {
    ["master.key", "next-master.key"].iter().filter_map(|name| fs::read_to_string(directory.join(name)).ok()).collect()
}

/// Changes the master key, whatever comes of it.
fn rekeys(florin: &Florin) -> std::process::Output {
    let words = ["vault", "rekey", "--data-dir", &florin.data_dir().display().to_string()];
    match &florin.launch.database {
        Some(url) => Florin::program(&[&words[..], &["--database", url]].concat()),
        None => Florin::program(&words),
    }
}

story! {
    fn the_master_key_is_changed_while_shoppers_pay(florin) {
        let shopper = florin.shopper();
        let card = shopper.captures(&florin.card("approved"));
        let url = shopper.entry(&card)["stepUp"]["url"].as_str().expect("a URL").to_owned();
        let gift = florin.gift_card("628000", 30.0);
        let before = master_keys(florin.data_dir());
        // A running server that knows only the old key is not talked over.
        let told = rekeys(florin);
        assert!(!told.status.success() && String::from_utf8_lossy(&told.stderr).contains("start it again"), "{}", String::from_utf8_lossy(&told.stderr));
        florin.stops();
        florin.comes_back();
        assert_eq!(master_keys(florin.data_dir()).len(), 2);
        let (is_over, paid) = (AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        shopper.bought(&card, 1.0);
                        paid.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let at_least = |more: usize| {
                let goal = paid.load(Ordering::Relaxed) + more;
                eventually("some payments", || (paid.load(Ordering::Relaxed) >= goal).then_some(()));
            };
            at_least(5);
            let done = rekeys(florin);
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            at_least(5);
            is_over.store(true, Ordering::Relaxed);
        });
        let after = master_keys(florin.data_dir());
        assert!(after.len() == 1 && !before.contains(&after[0]), "the new key is the only one");
        florin.stops();
        florin.comes_back();
        shopper.bought(&card, 1.0);
        assert_eq!(shopper.captures(&florin.card("approved")), card, "a number is found again under the new key");
        shopper.pays(&Bill::of(&card, 1.0).part_with("stepUpToken", shopper.steps_up(&url))).is(200);
        shopper.pays(&Bill::of(&shopper.takes(&gift), 30.0)).is(200);
    }
}

/// Two servers behind one public address, on one database.
struct Pair {
    one: Server,
    two: Server,
    retailer: Retailer,
}

const PUBLIC: &str = "https://pay.example";

impl Pair {
    fn start(desk: &Desk, url: &str) -> Self {
        let start = || {
            let port = free_port();
            let mut plan = desk.plan(port);
            plan.config.remove("data_dir");
            plan.config.insert("base_url".into(), PUBLIC.into());
            desk.starts_at(&plan, &format!("https://localhost:{port}"), &["--database", url])
        };
        let (one, two) = (start(), start());
        let seller = one.makes("/admin/merchants", &json!({ "name": "Real", "pricing": "buyer_pays" }));
        let path = format!("/admin/merchants/{}/retail", seller["id"].as_str().expect("an id"));
        let account = one.makes(&path, &json!({ "merchant_id": "real" }));
        for network in ["127.0.0.1", "::1"] {
            one.makes("/admin/retail/real/allowed-ips", &json!({ "network": network }));
        }
        let retailer = Retailer::new(one.http.clone(), "real", account["api_key"].as_str().expect("a key"));
        let pair = Self { one, two, retailer };
        for server in [&pair.one, &pair.two] {
            let probe = || sends(pair.at(server).ask("POST", TOKEN).json(&json!({ "shopperId": "probe" })));
            eventually("the merchant to be let in", || (probe().status == 200).then_some(()));
        }
        pair
    }

    fn at(&self, server: &Server) -> Retailer {
        Retailer::new(server.http.clone(), &self.retailer.id, &self.retailer.key)
    }
}

/// Gives a card on the page that a capture began, at whichever server `shopper` meets.
fn gives(shopper: &Shopper, url: &str) -> Instrument {
    let path = url.strip_prefix(PUBLIC).expect("pages are at the public address");
    let page: Page = shopper.fills(path, &[("card_number", "4242424242424242"), ("card_expiry", "12/31"), ("card_cvc", "123")]);
    let told = result(&page);
    let text = |field: &str| told["instrument"][field].as_str().unwrap_or_else(|| panic!("no {field}: {told}")).to_owned();
    Instrument { id: text("id"), token: text("token") }
}

#[test]
fn two_servers_on_one_database_are_one_to_shoppers_and_merchants() {
    let desk = Desk::new();
    let url = florin_testkit::Postgres::shared().fresh_database();
    let pair = Pair::start(&desk, &url);
    let here = pair.retailer.signs_in("jo");
    let there = here.at(&pair.at(&pair.two));
    let card = gives(&there, &here.capture_url());
    assert_eq!(here.lists(), there.lists());
    let bill = Bill::of(&card, 50.0);
    let first = here.pays_keyed(&bill, "k").is(200).json();
    assert_eq!(there.pays_keyed(&bill, "k").is(200).json(), first, "a key is known to both");
    let bought = first["creditCards"][0]["paymentTransactionRef"].as_str().expect("a reference").to_owned();
    let body = follow_up("refunds", &[(&bought, 50.0)]);
    let refunds: Vec<Answer> = std::thread::scope(|scope| {
        let places = [pair.at(&pair.one), pair.at(&pair.two)].into_iter().cycle().take(20);
        let body = &body;
        let calls: Vec<_> = places.map(|retailer| scope.spawn(move || retailer.posts("/wow/v1/pay/refunds", body))).collect();
        calls.into_iter().map(|call| call.join().expect("a call")).collect()
    });
    assert_eq!(refunds.iter().filter(|answer| answer.status == 200).count(), 1);
    // A key that one of them makes is the other's at once.
    let rotate = pair.two.http.ask("POST", "/admin/signing-keys/rotate").bearer(OPERATOR_KEY).json(&json!({}));
    rotate.send().is(201);
    let met_here = pair.at(&pair.two).signs_in("jo").at(&pair.retailer);
    eventually("the new key to be known to the other", || {
        (sends(met_here.ask("GET", "/wow/v1/pay/instruments")).status == 200).then_some(())
    });
    assert_eq!(here.lists(), there.lists(), "tokens of before stay good");
    // A refresh token is good once, wherever it is brought.
    let renewed = pair.at(&pair.two).posts(crate::cast::REFRESH, &json!({ "refreshToken": here.refresh }));
    renewed.is(200);
    pair.retailer.posts(crate::cast::REFRESH, &json!({ "refreshToken": here.refresh })).fails(401, "AP02");
    let books = Books::open(&Database::Server(url.clone()));
    assert_eq!(books.count("transactions"), 2);
    let report = Florin::program(&["verify", "--database", &url]);
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stdout));
}

/// What one server began and left when it died is settled by the other, which asks what happened.
#[test]
fn a_server_that_dies_among_payments_leaves_them_to_the_other() {
    let florin = Florin::start(Engine::Postgres);
    let shopper = florin.shopper();
    let slow = shopper.captures(&florin.card("slow"));
    let books = florin.books();
    std::thread::scope(|scope| {
        scope.spawn(|| shopper.ask("POST", "/wow/v1/pay/payments").json(&Bill::of(&slow, 20.0).body).try_send().map(drop));
        eventually("the payment to be in doubt", || (books.count("transactions WHERE state = 'processing'") == 1).then_some(()));
        florin.dies();
    });
    florin.comes_back();
    // On a shared database nobody knows that it died: it is given a minute.
    assert_eq!(books.count("transactions WHERE state = 'processing'"), 1);
    eventually("the payment to be settled", || {
        florin.time_passes("31s");
        (books.count("transactions WHERE state = 'approved'") == 1).then_some(())
    });
    assert_eq!(shopper.history(&json!({}))["total"], 1);
    florin.books_are_right();
}
