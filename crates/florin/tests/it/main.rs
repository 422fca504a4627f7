//! Florin's stories: what sellers, buyers and operators live through, told to the real binary over HTTPS.
//!
//! One integration binary. Every story has a server and a data directory of its own, runs on each database, and ends with
//! `florin verify`: whatever happened, the books are right. Names are claims; nothing here looks inside the process.

mod cast;

mod bad_input;
mod browser;
mod cancel;
mod checkout;
mod contract;
mod contract_gifting;
mod contract_instore;
mod contract_providers;
mod crash;
mod double;
mod faults;
mod idempotency;
mod money;
mod operations;
mod orders;
mod pay_later;
mod pay_now;
mod production;
mod samples;
mod sandbox;
mod shared;
mod sockets;
mod tidy;
mod tokens;
mod webhooks;
mod wpay_access;
mod wpay_crash;
mod wpay_double;
mod wpay_elements;
mod wpay_forged;
mod wpay_fraud;
mod wpay_gifting;
mod wpay_instore;
mod wpay_instore_crash;
mod wpay_instore_crowd;
mod wpay_instore_sessions;
mod wpay_instore_split;
mod wpay_payments;
mod wpay_providers;
mod wpay_sdk;
mod wpay_secrets;
mod wpay_tokens;
mod wpay_walk;
mod wpay_wallet;
