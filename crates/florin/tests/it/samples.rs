//! The four published samples: run by their own programs, they create an order when only host, token and seller are changed.

use std::path::PathBuf;
use std::process::Command;

use crate::cast::{Florin, Order, story};

fn samples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/samples")
}

/// Python with its `requests`: the one that `./test` made where the machine's own has none.
fn python() -> String {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/python/bin/python3");
    if own.exists() { own.display().to_string() } else { "python3".to_owned() }
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

    let body: serde_json::Value =
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{sample} printed no JSON ({error}): {out}{err}"));
    let order: Order = serde_json::from_value(body["data"].clone()).unwrap_or_else(|error| panic!("{sample}: {error}: {body}"));
    assert_eq!((order.reference.as_str(), order.status.as_str()), ("#order1", "CREATED"));
    assert_eq!(shop.gets(&order.id)["amount"], 4200.0);
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
