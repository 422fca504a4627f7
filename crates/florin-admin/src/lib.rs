//! The operator's API: merchants, tokens, webhooks, the sandbox's clock, and a look at orders and loans.
//!
//! Bare JSON objects under `/admin/`, behind the operator's key. No rule lives here: each handler reads, calls one operation, and
//! writes. Invariant: nothing is answered, not even what paths exist, before the key is found good.

mod body;
mod clock;
mod loans;
mod merchants;
mod money;
mod orders;
mod problem;
mod query;
mod routes;
mod tokens;
mod webhooks;

pub use routes::{claims, fallback, router};
