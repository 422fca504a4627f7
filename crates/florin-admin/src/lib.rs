//! The operator's API: merchants, their credentials, gift cards, webhooks, the sandbox's clock, and a look at orders and loans.
//!
//! Bare JSON objects under `/admin/`, behind the operator's key. No rule lives here: each handler reads, calls one operation, and
//! writes. Invariant: nothing is answered, not even what paths exist, before the key is found good.

mod allowed_ips;
mod api_keys;
mod body;
mod clock;
mod gift_cards;
mod loans;
mod merchants;
mod money;
mod orders;
mod percentage;
mod problem;
mod query;
mod retail;
mod routes;
mod server_keys;
mod signing_keys;
mod tokens;
mod webhooks;

pub use routes::{claims, fallback, router};
