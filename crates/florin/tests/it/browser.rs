//! The checkout in a real browser: Debian's Chromium walks it as a buyer does. Screenshots go to `target/screenshots`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::cast::{Engine, Fate, Florin, Wish};

/// A home directory in which the browser trusts the sandbox's authority, as a newcomer's browser would after importing it.
fn home_that_trusts(florin: &Florin) -> PathBuf {
    let home = florin.data_dir().join("../browser-home");
    let database = home.join(".pki/nssdb");
    fs::create_dir_all(&database).expect("a directory");
    let name = format!("sql:{}", database.display());
    let ca = florin.sandbox.ca_cert.display().to_string();
    for args in [vec!["-N", "-d", &name, "--empty-password"], vec!["-A", "-d", &name, "-n", "florin", "-t", "C,,", "-i", &ca]] {
        let output = Command::new("certutil").args(&args).output().expect("certutil runs");
        assert!(output.status.success(), "certutil {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    home
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace")
}

fn screenshots() -> PathBuf {
    let screenshots = root().join("target/screenshots");
    fs::create_dir_all(&screenshots).expect("a directory");
    screenshots
}

/// Runs one of the browser's walks, which must succeed, and gives what it said.
fn walk(florin: &Florin, script: &str, told: &[(&str, String)]) -> String {
    let output = Command::new("node")
        .arg(root().join("tests/browser").join(script))
        .env("HOME", home_that_trusts(florin))
        .env("FLORIN_SANDBOX", florin.data_dir().join("sandbox.json"))
        .env("FLORIN_SCREENSHOTS", screenshots())
        .envs(told.iter().map(|(name, value)| (name, value)))
        .output()
        .expect("node runs");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script} failed:\n{said}");
    said
}

#[test]
fn a_shopper_types_a_card_in_a_frame_of_the_shop_and_only_that_shop_hears_of_it() {
    let florin = Florin::start(Engine::Sqlite);
    walk(&florin, "capture.mjs", &[]);
    florin.books_are_right();
}

#[test]
fn a_shopper_types_a_card_into_elements_and_answers_the_issuer_before_it_is_kept_and_before_it_pays() {
    let florin = Florin::start(Engine::Sqlite);
    walk(&florin, "frames.mjs", &[]);
    florin.books_are_right();
}

#[test]
fn a_person_pays_in_a_real_browser_on_a_phone_on_a_desk_and_with_the_keyboard_alone() {
    let florin = Florin::start(Engine::Sqlite);
    let shop = florin.shop(0);
    let screenshots = screenshots();
    let walks = ["later-phone", "later-desk", "later-keyboard", "now-phone", "now-desk", "declined-phone", "refused-desk"];
    let orders: Vec<_> = walks.iter().map(|walk| shop.creates(&Wish::of(1234.5).with("reference", *walk))).collect();
    let plan: Vec<_> = walks
        .iter()
        .zip(&orders)
        .enumerate()
        .map(|(index, (walk, order))| {
            serde_json::json!({
                "walk": walk,
                "order_url": order.order_url,
                "email": format!("{walk}@example.co.uk"),
                "company": format!("{}{:07}", if walk.starts_with("declined") { 4 } else { 1 }, 7_000_000 + index),
                "bank": florin.bank(if walk.starts_with("refused") { Fate::Refuses } else { Fate::Pays }),
                "way_back": shop.way_back(order).as_str(),
                "seller": shop.name,
            })
        })
        .collect();
    let at = |path: &str| florin.http.base().join(path).expect("a path").to_string();
    let pages = serde_json::json!({
        "mailbox": at("/sandbox/mailbox"),
        "about": at("/sandbox/"),
        "shop": at("/sandbox/shop/"),
        "unknown": at("/pay/order/unknown/landing/"),
        "paid": orders[0].order_url,
        "declined": orders[5].order_url,
    });
    let said =
        walk(&florin, "walk.mjs", &[("FLORIN_PLAN", serde_json::Value::from(plan).to_string()), ("FLORIN_PAGES", pages.to_string())]);
    for (walk, order) in walks.iter().zip(&orders) {
        let expected = if walk.starts_with("declined") || walk.starts_with("refused") { "UNSUCCESSFUL" } else { "SUCCESSFUL" };
        assert_eq!(shop.status(order), expected, "{walk}: {said}");
        assert!(screenshots.join(format!("{walk}-1.png")).exists(), "{walk} has pictures");
    }
    florin.books_are_right();
}
