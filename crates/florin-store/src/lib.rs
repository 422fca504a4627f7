//! All SQL of Florin: one text for two engines, `SQLite` for one machine and `PostgreSQL` for several.
//!
//! Callers hand a synchronous closure over [`Tx`] to [`Store::write`]: everything it saves is saved, or nothing. The
//! crate knows rows, not rules: what may be saved is decided in `florin-domain` and `florin-service`.
//! Invariant: an answer `Ok` is sent only after the engine has promised durability for the rows behind it.

mod applications;
mod banks;
mod cards;
mod columns;
mod credit;
mod engine;
mod error;
mod events;
mod idempotency;
mod integrations;
mod jobs;
mod ledger;
mod loans;
mod mails;
mod migrate;
mod operation;
mod orders;
mod payouts;
mod postgres;
mod reader;
mod rules;
mod sellers;
mod server;
mod settings;
mod sqlite;
mod store;
mod tx;
mod value;
mod writer;

pub use error::StoreError;
pub use events::{Announcement, AnnouncementFilter, Attempt, Delivery, Settled};
pub use idempotency::IdempotencyRecord;
pub use integrations::IntegrationEvent;
pub use jobs::Job;
pub use ledger::{Booked, CHAIN_START};
pub use mails::MailRecord;
pub use rules::Violation;
pub use sellers::TokenRecord;
pub use store::{Database, Digest, Store};
pub use tx::Tx;
pub use value::{Row, Value};
