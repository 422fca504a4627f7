//! The operations as a whole: nothing of the published contract is missing, and the README lists what the program answers.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::cast::{Contract, Florin, Published};
use crate::{contract, contract_gifting, contract_instore, contract_providers, wpay_access};

/// What puts what the program prints into the README.
const RENEW: &str = "florin operations | sed -i -e '/^<!-- operations -->$/,/^<!-- .operations -->$/{//!d}' \
                     -e '/^<!-- operations -->$/r /dev/stdin' README.md";

/// Between these the README holds what the program prints.
const MARKERS: (&str, &str) = ("<!-- operations -->\n", "<!-- /operations -->");

/// What every hearing of the contract hears.
fn heard() -> impl Iterator<Item = &'static Published> {
    [contract::OPERATIONS, contract_instore::OPERATIONS, contract_gifting::OPERATIONS, contract_providers::OPERATIONS].into_iter().flatten()
}

#[test]
fn every_operation_of_the_contract_is_answered_guarded_and_heard() {
    let Some(published) = Contract::read().map(|contract| contract.operations()) else { return };
    let mut missing = Vec::new();
    for (method, path) in &published {
        let mut routed = florin_wpay::operations().iter();
        let row = routed.find(|row| row.number > 0 && row.method.as_str() == method && row.path == path);
        let number = row.map_or(0, |row| row.number);
        let is_heard = heard().any(|heard| *heard == (number, method.as_str(), path.as_str()));
        for (what, is_there) in [
            ("a handler", row.is_some()),
            ("a row in the table of who may call what", wpay_access::lists(method, path)),
            ("a contract test", is_heard),
        ] {
            if !is_there {
                missing.push(format!("[{number}] {method} {path} has not {what}"));
            }
        }
    }
    assert!(missing.is_empty(), "{} things are missing:\n  {}", missing.len(), missing.join("\n  "));
    let numbered: BTreeSet<_> = florin_wpay::operations().iter().map(|row| row.number).filter(|number| *number > 0).collect();
    assert_eq!(numbered.len(), published.len(), "each number is an operation of the contract");
    assert_eq!(heard().count(), published.len(), "each operation is heard once");
}

#[test]
fn the_readme_lists_what_the_program_answers() {
    let output = Florin::program(&["operations"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let readme = fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).expect("a README");
    let listed = readme.split_once(MARKERS.0).and_then(|(_, rest)| rest.split_once(MARKERS.1)).expect("the two markers").0;
    let (listed, printed) = (listed.trim(), String::from_utf8_lossy(&output.stdout));
    assert_eq!(listed, printed.trim(), "renew it by\n  {RENEW}");
}
