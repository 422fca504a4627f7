//! Sound calls of Openpay, and what a till does with a barcode.

use serde_json::{Value, json};

use super::super::{Answer, Florin, Retailer, Shopper};
use super::{Call, Stage};

const PAYMENTS: &str = "/wow/v1/pay/openpay/payments";

/// A payment with barcodes, which is held or taken at once as `kind` says.
pub fn shown(kind: &str, barcodes: &[(&str, f64)]) -> Value {
    let parts = barcodes.iter().map(|(barcode, amount)| json!({ "paymentToken": barcode, "amount": amount, "gstAmount": 0.5 }));
    json!({
        "transactionType": { "openPay": kind }, "clientReference": "till", "orderNumber": "order", "channel": "POS",
        "storeData": { "storeId": "1010" }, "payments": parts.collect::<Vec<_>>(),
    })
}

/// What a till does afterwards with `parts`. Voids have no amounts.
pub fn till_follow_up(list: &str, parts: &[(&str, f64)]) -> Value {
    let part = |(reference, amount): &(&str, f64)| match list {
        "voids" => json!({ "paymentTransactionRef": reference }),
        _ => json!({ "paymentTransactionRef": reference, "amount": amount, "gstAmount": 0.25, "reason": "broken" }),
    };
    json!({ "clientReference": list, list: parts.iter().map(part).collect::<Vec<_>>() })
}

impl Florin {
    /// A barcode with that published outcome.
    pub fn barcode(&self, outcome: &str) -> String {
        let found = self.sandbox.barcodes.iter().find(|barcode| barcode.outcome == outcome);
        found.unwrap_or_else(|| panic!("no barcode that is {outcome}")).barcode.clone()
    }

    /// A good barcode that nobody showed before.
    pub fn fresh_barcode(&self) -> String {
        format!("69{:010}", 7_000_000_000 + u64::from(self.fresh()))
    }
}

impl Shopper {
    /// Shows barcodes at a till.
    #[track_caller]
    pub fn shows(&self, kind: &str, barcodes: &[(&str, f64)]) -> Answer {
        self.posts(PAYMENTS, &shown(kind, barcodes))
    }

    /// Shows one barcode and gets the reference of what was held or taken.
    #[track_caller]
    pub fn showed(&self, kind: &str, barcode: &str, amount: f64) -> String {
        self.shows(kind, &[(barcode, amount)]).is(200).told("paymentResponses", "paymentTransactionRef")
    }
}

impl Retailer {
    /// Does something with what was shown at a till: `list` is one of `completions`, `voids` and `refunds`.
    #[track_caller]
    pub fn at_till(&self, list: &str, parts: &[(&str, f64)]) -> Answer {
        self.posts(&format!("/wow/v1/pay/openpay/{list}"), &till_follow_up(list, parts))
    }
}

impl Stage<'_> {
    pub(super) fn of_openpay(&self, method: &str, path: &str) -> Option<Call> {
        let list = path.strip_prefix("/wow/v1/pay/openpay/").filter(|_| method == "POST")?;
        let barcode = self.florin.fresh_barcode();
        let body = match list {
            "payments" => shown("PURCHASE", &[(&barcode, 12.5)]),
            "completions" | "voids" => till_follow_up(list, &[(&self.shopper.showed("PREAUTH", &barcode, 12.5), 10.0)]),
            "refunds" => till_follow_up(list, &[(&self.shopper.showed("PURCHASE", &barcode, 12.5), 10.0)]),
            _ => return None,
        };
        Some(Call::post(path, body))
    }
}
