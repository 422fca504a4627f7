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
mod crash;
mod double;
mod faults;
mod idempotency;
mod money;
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
mod wpay_forged;
mod wpay_payments;
mod wpay_secrets;
mod wpay_tokens;
mod wpay_walk;
mod wpay_wallet;
