//! Production: starts only when it is safe, and keeps the two environments apart.

use serde_json::json;

use crate::cast::{Buyer, Desk, Engine, Florin, OPERATOR_KEY, Order, Receiver, Shop, Wish, eventually, free_port};

#[test]
fn it_starts_when_every_simulation_is_named_and_refuses_each_that_is_not() {
    let desk = Desk::new();
    for connector in ["register", "underwriter", "cards", "wallets", "bank", "payouts", "mail"] {
        let mut plan = desk.plan(free_port());
        plan.config["allow_simulated"].as_array_mut().expect("names").retain(|name| name.as_str() != Some(connector));
        desk.is_refused(&plan, connector);
    }
    let plan = desk.plan(free_port());
    let server = desk.starts(&plan, &[]);
    server.http.get("/healthz").is(200);
    server.takes_on().creates(&Wish::of(500.0));
}

#[test]
fn it_refuses_default_secrets() {
    let desk = Desk::new();
    for (key, words) in [
        ("changemechangemechangemechangeme12", "sample"),
        ("short", "32"),
        ("", ""),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "repeats"),
        ("sandbox-0123456789abcdef0123456789abcdef", "sandbox"),
    ] {
        let mut plan = desk.plan(free_port());
        key.clone_into(&mut plan.operator_key);
        desk.is_refused(&plan, words);
    }
    for key in ["", "0000000000000000000000000000000000000000000000000000000000000000", "xyz", "0123"] {
        let mut plan = desk.plan(free_port());
        key.clone_into(&mut plan.master_key);
        desk.is_refused(&plan, "master");
    }
    let mut same = desk.plan(free_port());
    same.master_key = OPERATOR_KEY.to_owned();
    desk.is_refused(&same, "same");
}

#[test]
fn it_refuses_to_start_without_tls() {
    let desk = Desk::new();
    let mut none = desk.plan(free_port());
    none.config.remove("tls");
    desk.is_refused(&none, "tls");
    let mut proxy = desk.plan(free_port());
    proxy.config.remove("tls");
    proxy.config.insert("plain_behind_proxy".into(), true.into());
    desk.is_refused(&proxy, "trusted_proxies");
    let mut http = desk.plan(free_port());
    http.config.insert("base_url".into(), "http://localhost:1".into());
    desk.is_refused(&http, "https");
    let mut missing = desk.plan(free_port());
    missing.config["tls"].as_table_mut().expect("tls").insert("certificate".into(), "/nowhere/cert.pem".into());
    desk.is_refused(&missing, "/nowhere/cert.pem");
}

#[test]
fn it_refuses_words_it_does_not_know() {
    let desk = Desk::new();
    let mut plan = desk.plan(free_port());
    plan.config.insert("alow_simulated".into(), true.into());
    desk.is_refused(&plan, "alow_simulated");
}

#[test]
fn it_refuses_shop_plugins_older_than_the_operator_says() {
    let desk = Desk::new();
    let mut plan = desk.plan(free_port());
    plan.config.insert("minimum_integration_version".into(), "2.6.0".into());
    let server = desk.starts(&plan, &[]);
    let shop = server.takes_on();
    let status = |version: &str| {
        let ask = shop.ask("POST", &shop.create_path()).header("iwocapay-integration-version", version);
        shop.send(ask.json(&json!({"data": {"amount": 5, "reference": "r"}}))).status
    };
    assert_eq!((status("2.5.9"), status("2.6.0"), status("2.10.0"), status("10.0.0")), (400, 201, 201, 201));
    shop.creates(&Wish::of(5.0));
}

#[test]
fn it_serves_plain_http_only_behind_a_named_proxy() {
    let desk = Desk::new();
    let port = free_port();
    let mut plan = desk.plan(port);
    plan.config.remove("tls");
    plan.config.insert("plain_behind_proxy".into(), true.into());
    plan.config.insert("trusted_proxies".into(), vec!["127.0.0.1/32".to_owned()].into());
    let server = desk.starts_at(&plan, &format!("http://127.0.0.1:{port}"), &[]);
    let shop = server.takes_on();
    let order = shop.creates(&Wish::of(500.0));
    assert!(
        order.order_url.starts_with(&format!("https://localhost:{port}/pay/order/")),
        "buyers use the public address: {}",
        order.order_url
    );
}

#[test]
fn the_two_environments_never_mix() {
    let sandbox = Florin::start(Engine::Sqlite);
    let desk = Desk::new();
    let server = desk.starts(&desk.plan(free_port()), &[]);
    let shop = server.takes_on();

    let stray = shop.with_token(&sandbox.shop(0).token);
    let told = server.http.ask("GET", &stray.connection_path()).bearer(&stray.token).send().is(401);
    assert!(told.detail().to_lowercase().contains("sandbox"), "{}", told.detail());
    let other_way = sandbox.http.ask("GET", &sandbox.shop(0).connection_path()).bearer(&shop.token).send().is(401);
    assert!(other_way.detail().to_lowercase().contains("production"), "{}", other_way.detail());

    for path in ["/sandbox/mailbox", "/sandbox/"] {
        assert_eq!(server.http.get(path).status, 404, "{path} is the sandbox's");
    }
    let moved = server.http.ask("POST", "/admin/clock/advance").bearer(OPERATOR_KEY).json(&json!({"by": "1d"})).send();
    assert!((400..500).contains(&moved.status), "production's clock is nobody's: {}", moved.status);
}

#[test]
fn production_shows_no_codes_and_refuses_private_webhook_addresses() {
    let desk = Desk::new();
    let server = desk.starts(&desk.plan(free_port()), &[]);
    let shop = server.takes_on();
    let order = shop.creates(&Wish::of(500.0));
    let mut tab = Buyer::new(server.http.clone(), "a@b.example", "10000001").opens(&order);
    tab.chooses_credit();
    tab.goes_on_until(|tab| tab.is_asked_for("code"));
    assert_eq!(tab.page.attribute("data-sandbox-code"), None);
    assert!(!tab.page.html.contains("Sandbox"), "nothing here is for play");
    let seconds =
        tab.page.answer.header("strict-transport-security").trim_start_matches("max-age=").split(';').next().map(str::parse::<u64>);
    assert!(matches!(seconds, Some(Ok(15_552_000..))), "half a year at least: {seconds:?}");

    let news = Receiver::new();
    let loopback = news.url().replace("http://", "https://");
    for url in [
        loopback.as_str(),
        "https://169.254.169.254/latest",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://localhost/x",
        "https://[::ffff:127.0.0.1]/",
    ] {
        let answer = shop.tries(&Wish::of(75.0).told_to(url));
        if answer.status == 201 {
            shop.cancels(&Order::read(&answer).id).is(204);
        } else {
            assert_eq!(answer.status, 400, "{url}: {}", answer.text());
        }
    }
    let plain = shop.tries(&Wish::of(75.0).told_to(&news.url()));
    if plain.status == 201 {
        shop.cancels(&Order::read(&plain).id).is(204);
    }
    let list = || server.http.ask("GET", "/admin/webhooks?limit=50").bearer(OPERATOR_KEY).send().is(200).json();
    eventually("every webhook to be tried", || {
        let webhooks = list()["webhooks"].as_array().cloned().unwrap_or_default();
        webhooks.iter().all(|webhook| webhook["attempts"].as_u64().unwrap_or(0) > 0 || webhook["state"] == "given_up").then_some(())
    });
    assert!(news.heard().is_empty(), "nothing on this machine was called");
}

#[test]
fn two_production_servers_share_one_database() {
    let desk = Desk::new();
    let url = florin_testkit::Postgres::shared().fresh_database();
    let mut first = desk.plan(free_port());
    first.config.remove("data_dir");
    let one = desk.starts(&first, &["--database", &url]);
    let shop = one.takes_on();
    let mut second = desk.plan(free_port());
    second.config.remove("data_dir");
    let two = desk.starts(&second, &["--database", &url]);
    let there = Shop::new(two.http.clone(), &shop.name, &shop.uuid, &shop.token, shop.redirect_url.clone());
    let order = shop.creates(&Wish::of(500.0).keyed("k"));
    assert_eq!(there.creates(&Wish::of(500.0).keyed("k")).id, order.id, "a key is known to both");
    there.cancels(&order.id).is(204);
    assert_eq!(shop.status(&order), "UNSUCCESSFUL");
    let report = Florin::program(&["verify", "--database", &url]);
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stdout));
}
