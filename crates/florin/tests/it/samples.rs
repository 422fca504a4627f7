//! The four published samples: run by their own programs, they create an order when only host, token and seller are changed.

use std::path::PathBuf;
use std::process::Command;

use crate::cast::{Florin, story};

fn samples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/samples")
}

/// Python with its `requests`: the one that `./test` made where the machine's own has none.
fn python() -> String {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/python/bin/python3");
    if own.exists() { own.display().to_string() } else { "python3".to_owned() }
}

/// The order's id, however the sample's language prints what it was answered.
fn first_uuid(text: &str) -> Option<&str> {
    let is_uuid = |word: &&str| word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    text.split(|sign: char| !sign.is_ascii_hexdigit() && sign != '-').find(is_uuid)
}

#[track_caller]
fn creates_an_order(florin: &Florin, program: &str, sample: &str) {
    let shop = florin.shop(0);
    let ca = &florin.sandbox.ca_cert;
    let output = Command::new(program)
        .arg(samples().join(sample))
        .env("FLORIN_BASE", florin.sandbox.base_url.trim_end_matches('/'))
        .env("SUPPLIER_ACCESS_TOKEN", &shop.token)
        .env("SUPPLIER_UUID", &shop.uuid)
        .env("FLORIN_CA", ca)
        .env("NODE_EXTRA_CA_CERTS", ca)
        .env("REQUESTS_CA_BUNDLE", ca)
        .env("NO_PROXY", "*")
        .output()
        .unwrap_or_else(|error| panic!("{program} cannot be run: {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{sample}: {out}{err}");

    let id = first_uuid(&out).unwrap_or_else(|| panic!("{sample} printed no order: {out}{err}"));
    let order = shop.gets(id);
    assert_eq!((&order["amount"], &order["reference"], &order["status"]), (&4200.0.into(), &"#order1".into(), &"CREATED".into()));
    assert_eq!(florin.books().count("orders"), 1, "one call, one order");
}

story! {
    fn the_curl_sample_creates_an_order(florin) {
        creates_an_order(florin, "bash", "curl.sh");
    }
}

story! {
    fn the_fetch_sample_creates_an_order(florin) {
        creates_an_order(florin, "node", "fetch.mjs");
    }
}

story! {
    fn the_requests_sample_creates_an_order(florin) {
        creates_an_order(florin, &python(), "requests.py");
    }
}

story! {
    fn the_php_sample_creates_an_order(florin) {
        creates_an_order(florin, "php", "order.php");
    }
}
