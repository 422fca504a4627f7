//! The sandbox's outside world: register, underwriter, card network, wallets, banks, mail and payouts, all made up.
//!
//! Every connector of `florin-connect`, with nothing real behind it. What happens is published in advance and follows from the
//! numbers a developer chooses: nothing is random, nothing reads a clock, nothing touches a network.
//! Invariant: the same calls at the same instants bring the same answers, also after a restart.

pub mod acquirer;
pub mod apm;
pub mod bank;
pub mod cards;
pub mod company;
pub mod directory;
pub mod fraud;
pub mod mailer;
mod name;
pub mod notebook;
pub mod openpay;
mod payment;
pub mod payouts;
pub mod register;
mod retail;
pub mod underwriter;
pub mod wallets;
pub mod world;

pub use acquirer::SimAcquirer;
pub use apm::SimApm;
pub use bank::{BankOutcome, BankPage, SimBank};
pub use cards::{CardOutcome, NamedCard, named_cards};
pub use company::CompanyOutcome;
pub use directory::{ISSUER_CODE, SimDirectory};
pub use fraud::{NamedMarker, SimFraudScreen, named_markers};
pub use mailer::SimMailer;
pub use notebook::{MemoryNotebook, Notebook};
pub use openpay::{BarcodeOutcome, NamedBarcode, SimOpenpay, named_barcodes};
pub use payouts::SimPayouts;
pub use register::SimRegister;
pub use underwriter::SimUnderwriter;
pub use wallets::SimWallets;
pub use world::{NamedBank, NamedCompany, OutcomeNames, Sandbox, outcome_names};
