//! The iwocaPay ecommerce API on the wire: routes, fields, statuses, error bodies, signatures.
//!
//! Knows every word of this one vendor and no rule of trade: each handler reads, calls one operation, and writes. It never
//! names the store or another surface. Invariant: what is signed is what is sent, byte for byte. Source: `docs/wire/iwocapay.md`.

mod answer;
mod body;
mod call;
mod cancel;
mod connection;
mod create;
mod events;
mod fault;
mod fields;
mod form;
mod get;
mod json;
mod once;
mod order;
mod routes;
mod scan;
mod schedule;
mod version;
mod webhook;

pub use routes::{Access, FAMILIES, Operation, claims, fallback, operations, router};
pub use webhook::Announcements;

/// The header that carries the signature of an answer or a webhook.
pub const SIGNATURE_HEADER: &str = "x-iwocapay-hmac-sha256";
