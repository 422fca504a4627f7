//! The Wpay SDK APIs on the wire: routes, fields, statuses, error bodies, and who may call what.
//!
//! Knows every word of this one vendor and no rule of trade: each handler reads, calls one operation, and writes. It never
//! names the store or another surface. Invariant: every answer, whoever made it, carries an `X-Message-Id` and what a browser
//! needs to read it. Source: `docs/wire/wpay.md`.

mod agreements;
mod answer;
mod apm;
mod apple_pay;
mod body;
mod call;
mod captures;
mod catalogue;
mod cors;
mod credentials;
mod error;
mod fields;
mod follow_ups;
mod frames;
mod fraud;
mod gift_cards;
mod gifting;
mod guests;
mod headers;
mod health;
mod hex;
mod history;
mod idm;
mod import;
mod instore;
mod instruments;
mod maybe;
mod money;
mod openpay;
mod particulars;
mod payments;
mod paypal;
mod profile;
mod reply;
mod routes;
mod spoken;
mod step_up;
mod three_ds;
mod verify;
mod wallet_list;
mod wallets;
mod words;

pub use routes::{Access, Operation, claims, fallback, operations, router};
