//! Operations: what Florin does, one function a verb, and the work that it does by itself later.
//!
//! A synchronous verb takes a transaction and decides in memory between one reading and one saving; an asynchronous verb
//! makes a call outside between two such transactions. No HTTP, no SQL, no wire format is known here.

mod applications;
mod banking;
pub mod caller;
mod cards;
pub mod checkout;
pub mod clock;
mod context;
pub mod dialect;
mod error;
pub mod idempotency;
pub mod integrations;
mod lending;
pub mod loans;
pub mod mailbox;
pub mod notes;
pub mod orders;
mod payouts;
mod relay;
pub mod sellers;
pub mod tokens;
pub mod verify;
pub mod webhooks;
pub mod work;

pub use clock::Clock;
pub use context::{Context, Cx, Keeper, Policy, Wake};
pub use dialect::Dialect;
pub use error::ServiceError;
pub use florin_connect::Bank;
pub use florin_store::{Store, StoreError, Tx};
pub use florin_vault::{AccessToken, Environment, Random, Secret, digest};

/// Signs bytes for the merchant that holds `secret`: standard base64 of HMAC-SHA-256 under the token's text.
///
/// Source: `docs/wire/iwocapay.md`, "Signatures".
pub fn sign(secret: &AccessToken, bytes: &[u8]) -> String {
    florin_vault::hmac_sha256_base64(secret.expose().as_bytes(), bytes)
}
