//! All SQL of Florin: one text for two engines, `SQLite` for one machine and `PostgreSQL` for several.
//!
//! Callers hand a synchronous closure over [`Tx`] to [`Store::write`]: everything it saves is saved, or nothing. The
//! crate knows rows, not rules: what may be saved is decided in `florin-domain` and `florin-service`.
//! Invariant: an answer `Ok` is sent only after the engine has promised durability for the rows behind it.

mod agreements;
mod applications;
mod attempts;
mod banks;
mod captures;
mod cards;
mod columns;
mod credit;
mod engine;
mod error;
mod events;
mod gift_cards;
mod history;
mod idempotency;
mod instruments;
mod integrations;
mod jobs;
mod ledger;
mod loans;
mod mails;
mod merchants;
mod migrate;
mod movements;
mod numbers;
mod operation;
mod orders;
mod payouts;
mod postgres;
mod proofs;
mod reader;
mod refresh_tokens;
mod rules;
mod sellers;
mod server;
mod settings;
mod settlements;
mod signing_keys;
mod sqlite;
mod store;
mod transactions;
mod tx;
mod value;
mod writer;

pub use captures::CaptureRecord;
pub use error::StoreError;
pub use events::{Announcement, AnnouncementFilter, Attempt, Delivery, Settled};
pub use history::{HistoryFilter, HistoryItem};
pub use idempotency::IdempotencyRecord;
pub use integrations::IntegrationEvent;
pub use jobs::Job;
pub use ledger::{Booked, CHAIN_START};
pub use mails::MailRecord;
pub use merchants::ApiKeyRecord;
pub use refresh_tokens::RefreshRecord;
pub use rules::Violation;
pub use sellers::TokenRecord;
pub use signing_keys::SigningKeyRecord;
pub use store::{Database, Digest, Store};
pub use tx::Tx;
pub use value::{Row, Value};
