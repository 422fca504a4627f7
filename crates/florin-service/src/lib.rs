//! Operations: what Florin does, one function a verb, and the work that it does by itself later.
//!
//! A synchronous verb takes a transaction and decides in memory between one reading and one saving; an asynchronous verb
//! makes a call outside between two such transactions. No HTTP, no SQL, no wire format is known here.

mod acquiring;
pub mod agreements;
pub mod apm;
mod applications;
mod attempts;
mod banking;
pub mod caller;
pub mod captures;
mod cards;
pub mod checkout;
pub mod clock;
mod context;
pub mod dialect;
mod error;
mod expiry;
pub mod follow_ups;
pub mod frames;
pub mod fraud;
pub mod gift_cards;
pub mod gifting;
pub mod history;
pub mod idempotency;
mod in_doubt;
pub mod instore;
pub mod instruments;
pub mod integrations;
mod keeper;
mod lending;
pub mod loans;
pub mod mailbox;
pub mod merchants;
pub mod notes;
pub mod occasions;
pub mod openpay;
pub mod orders;
pub mod payment_requests;
pub mod payments;
mod payouts;
pub mod preferences;
pub mod qr_codes;
mod relay;
pub mod schemas;
pub mod sellers;
pub mod sessions;
mod settlements;
pub mod shoppers;
pub mod signing;
pub mod step_up;
pub mod terms;
pub mod three_ds;
pub mod tokens;
pub mod vault;
pub mod verify;
pub mod wallets;
pub mod webhooks;
pub mod work;

pub use clock::Clock;
pub use context::{Context, Cx, Policy, Wake};
pub use dialect::Dialect;
pub use error::ServiceError;
pub use florin_connect::{Authentication, Bank, WalletProvider};
pub use florin_store::{Page, Store, StoreError, Tx};
pub use florin_vault::{AccessToken, Algorithm, ApiKey, Environment, MasterKey, Random, RefreshToken, Secret, digest};
pub use in_doubt::Tills;
pub use keeper::Keeper;
pub use signing::Signing;

/// Standard base64.
pub fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Signs bytes for the merchant that holds `secret`: standard base64 of HMAC-SHA-256 under the token's text.
///
/// Source: `docs/wire/iwocapay.md`, "Signatures".
pub fn sign(secret: &AccessToken, bytes: &[u8]) -> String {
    florin_vault::hmac_sha256_base64(secret.expose().as_bytes(), bytes)
}
