//! The store's contract, kept by both engines, and what each engine promises beside it.
//!
//! Every case has a database of its own. `PostgreSQL` is a throw-away cluster, or the server in `FLORIN_TEST_POSTGRES`.

#![expect(clippy::unwrap_used, reason = "a case has no use for the error")]

mod bed;
mod contract;
mod cut;
mod frames;
mod gifts;
mod instore;
mod keys;
mod migrations;
mod nouns;
mod postgres;
mod providers;
mod sales_rules;
mod shoppers;
mod speed;
mod sqlite;
mod transactions;
