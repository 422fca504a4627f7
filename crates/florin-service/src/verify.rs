//! Verification: recomputes everything that must be true of the books, from the rows alone.
//!
//! Read-only. What it finds, it reports; it mends nothing.

use std::collections::HashMap;

use florin_domain::OrderId;
use florin_store::{CHAIN_START, Store, Tx, Violation};

use crate::ServiceError;

/// How many rows are read at once.
const PAGE: i64 = 1_000;
/// Length of an id as text.
const ID_LENGTH: usize = 36;

/// What was looked at and what was found.
#[derive(Debug, Clone)]
pub struct Report {
    /// What breaks a rule; empty for clean books.
    pub violations: Vec<Violation>,
    /// How many rules were checked.
    pub rules: usize,
    /// How many rows of each kind there are.
    pub counts: Vec<(&'static str, i64)>,
}

impl Report {
    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }
}

/// Checks a whole database, beside a running server or on a stopped one's files.
///
/// # Errors
/// Only if the store fails.
pub async fn check(store: &Store) -> Result<Report, ServiceError> {
    let damage = store.integrity_check().await?;
    let mut report = store.snapshot(|tx: &mut Tx<'_>| recompute(tx)).await?;
    let damaged = |detail| Violation { rule: "the database's files are sound", subject: "database".to_owned(), detail };
    report.violations.extend(damage.into_iter().map(damaged));
    Ok(report)
}

fn recompute(tx: &mut Tx<'_>) -> Result<Report, ServiceError> {
    let mut violations = tx.list_violations()?;
    follow_chain(tx, &mut violations)?;
    follow_keys(tx, &mut violations)?;
    // The chain, the keys and the files are three rules more than those the store knows.
    Ok(Report { violations, rules: Tx::count_rules() + 3, counts: tx.list_counts()? })
}

/// Recomputes the hash of every entry from the first one on.
fn follow_chain(tx: &mut Tx<'_>, violations: &mut Vec<Violation>) -> Result<(), ServiceError> {
    let rule = "the chain of ledger entries is whole";
    let (mut last, mut hash) = (0, CHAIN_START);
    loop {
        let entries = tx.list_entries(last, PAGE)?;
        if entries.is_empty() {
            return Ok(());
        }
        for entry in entries {
            if entry.seq != last + 1 {
                let detail = format!("entry {} follows entry {last}", entry.seq);
                violations.push(Violation { rule, subject: entry.seq.to_string(), detail });
            }
            if tx.digest(&entry.sealed_bytes(&hash)) != entry.hash {
                violations.push(Violation { rule, subject: entry.seq.to_string(), detail: "the hash does not fit".to_owned() });
            }
            (last, hash) = (entry.seq, entry.hash);
        }
    }
}

/// Every key that created an order names one that exists, and no two name the same.
fn follow_keys(tx: &mut Tx<'_>, violations: &mut Vec<Violation>) -> Result<(), ServiceError> {
    let rule = "an idempotency key has one effect, and no two keys share it";
    let (mut after, mut named) = ((String::new(), String::new()), HashMap::new());
    loop {
        let answers = tx.list_created_answers((&after.0, &after.1), PAGE)?;
        let Some((scope, key, _)) = answers.last() else {
            return Ok(());
        };
        after = (scope.clone(), key.clone());
        for (scope, key, body) in answers {
            let key = format!("{scope}/{key}");
            let order = first_id(&body);
            let exists = order.map(|order| tx.find_order(order)).transpose()?.flatten().is_some();
            let other = order.and_then(|order| named.insert(order, key.clone()));
            if !exists {
                violations.push(Violation { rule, subject: key, detail: "its order is not in the books".to_owned() });
            } else if let Some(other) = other {
                violations.push(Violation { rule, subject: key, detail: format!("names the order of key {other}") });
            }
        }
    }
}

/// The first thing in an answer that reads as an id, whatever the dialect around it.
fn first_id(body: &[u8]) -> Option<OrderId> {
    let text = std::str::from_utf8(body).ok()?;
    (0..text.len()).filter_map(|start| text.get(start..start + ID_LENGTH)).find_map(|part| OrderId::parse(part).ok())
}
