//! `florin operations`: what the server answers, as Markdown; the README holds what it prints.
//!
//! Invariant: every row comes from the tables that the routers are built from.

use std::fmt::Write as _;

use crate::screen;

/// A part of the retail surface.
struct Family {
    title: &'static str,
    /// Where all of it is.
    base: &'static str,
    /// How the paths of it begin; of two families that know a path it belongs to the one that knows more of it.
    beginnings: &'static [&'static str],
}

const FAMILIES: [Family; 10] = [
    Family { title: "Tokens, keys, health", base: "", beginnings: &["/"] },
    Family { title: "Wallets", base: "/wow/v1/pay", beginnings: &["/wow/v1/pay/"] },
    Family { title: "Guests", base: "/wow/v1/pay/guest", beginnings: &["/wow/v1/pay/guest/"] },
    Family {
        title: "Payments and agreements",
        base: "/wow/v1/pay",
        beginnings: &[
            "/wow/v1/pay/payments",
            "/wow/v1/pay/completions",
            "/wow/v1/pay/voids",
            "/wow/v1/pay/refunds",
            "/wow/v1/pay/paymentagreements",
        ],
    },
    Family { title: "In store, for shoppers", base: "/wow/v1/pay/instore/customer", beginnings: &["/wow/v1/pay/instore/customer/"] },
    Family { title: "In store, for merchants", base: "/wow/v1/pay/instore/merchant", beginnings: &["/wow/v1/pay/instore/merchant/"] },
    Family {
        title: "Card elements and 3-D Secure",
        base: "/wow/v1/pay/instore/customer",
        beginnings: &["/wow/v1/pay/instore/customer/elements/", "/wow/v1/pay/instore/customer/3ds/"],
    },
    Family { title: "Pay-later checkouts", base: "/v1/apm", beginnings: &["/v1/apm/"] },
    Family { title: "Openpay", base: "/wow/v1/pay/openpay", beginnings: &["/wow/v1/pay/openpay/"] },
    Family { title: "Gift cards for sale", base: "", beginnings: &["/v1/gifting/", "/wow/v1/pay/gifting/"] },
];

/// Prints every operation.
pub fn run() {
    screen::show(markdown().trim_end());
}

fn markdown() -> String {
    let retail = florin_wpay::operations();
    let published = retail.iter().filter(|operation| operation.number > 0).count();
    let mut text = orders();
    let beside = retail.len() - published;
    let _ =
        write!(text, "\n**Wpay SDK APIs**: {published} operations by their numbers in the contract, and {beside} that stand beside it.\n");
    for family in &FAMILIES {
        let mut rows: Vec<_> = retail.iter().filter(|operation| family.has(operation.path)).collect();
        rows.sort_by_key(|operation| operation.number == 0);
        let count = rows.len();
        let rows: Vec<_> = rows.into_iter().map(|operation| family.row(operation)).collect();
        let _ = write!(text, "\n<details><summary>{}{}: {count}</summary>\n", family.title, below(family.base));
        let _ = write!(text, "\n{}\n</details>\n", table(&["", "operation", "call", "for"], &rows));
    }
    text
}

/// The operations about orders, which are one family on two bases.
fn orders() -> String {
    let row = |operation: &florin_iwocapay::Operation| {
        let caller = match operation.access {
            florin_iwocapay::Access::Open => "anybody",
            florin_iwocapay::Access::Seller => "seller",
        };
        format!("| {} | `{} {}/` | {caller} |", operation.name, operation.method, operation.path)
    };
    let rows: Vec<_> = florin_iwocapay::operations().iter().map(row).collect();
    let bases = florin_iwocapay::FAMILIES.map(|base| format!("`{base}`")).join(" and ");
    format!("**iwocaPay ecommerce API**, below {bases}.\n\n{}", table(&["operation", "call", "for"], &rows))
}

fn below(base: &str) -> String {
    if base.is_empty() { String::new() } else { format!(", below <code>{base}</code>") }
}

fn table(heading: &[&str], rows: &[String]) -> String {
    format!("| {} |\n|{}\n{}\n", heading.join(" | "), "---|".repeat(heading.len()), rows.join("\n"))
}

impl Family {
    /// How much of a path this family knows.
    fn knows(&self, path: &str) -> usize {
        let is_below = |known: &&&str| path.strip_prefix(**known).is_some_and(|rest| !(rest.is_empty() && known.ends_with('/')));
        self.beginnings.iter().filter(is_below).map(|known| known.len()).max().unwrap_or(0)
    }

    fn has(&self, path: &str) -> bool {
        let most = FAMILIES.iter().map(|family| family.knows(path)).max();
        most == Some(self.knows(path))
    }

    fn row(&self, operation: &florin_wpay::Operation) -> String {
        let number = if operation.number > 0 { operation.number.to_string() } else { String::new() };
        let path = operation.path.strip_prefix(self.base).unwrap_or(operation.path);
        let caller = match operation.access {
            florin_wpay::Access::Open => "anybody",
            florin_wpay::Access::Shopper => "shopper",
            florin_wpay::Access::Guest => "guest",
            florin_wpay::Access::AnyShopper => "shopper, guest",
            florin_wpay::Access::Server => "server",
            florin_wpay::Access::ShopperOrServer | florin_wpay::Access::ServerOrShopper => "shopper, guest, server",
            florin_wpay::Access::Key => "whoever has the API key",
        };
        format!("| {number} | {} | `{} {path}` | {caller} |", operation.name, operation.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_stands_in_one_family() {
        for operation in florin_wpay::operations() {
            let families: Vec<_> = FAMILIES.iter().filter(|family| family.has(operation.path)).map(|family| family.title).collect();
            assert_eq!(families.len(), 1, "{}: {families:?}", operation.path);
        }
    }

    #[test]
    fn a_family_is_a_table() {
        let text = markdown();
        assert!(text.contains("| 6 | pay a payment request | `PUT /payments/{paymentRequestId}` | shopper, guest |"), "{text}");
        assert!(text.contains("| create an order | `POST /ecommerce/seller/{seller}/order/` | seller |"), "{text}");
        assert_eq!(text.matches("<details>").count(), FAMILIES.len());
    }
}
