//! The rules of Florin: what may happen to money, orders, credit and loans.
//!
//! Pure: no input or output, no clock, no randomness, no wire format. Callers pass `now` and fresh ids in,
//! and save the [`Change`](order::Change) that comes out.

pub mod agreement;
pub mod application;
pub mod bank;
pub mod card;
pub mod company;
pub mod credit;
pub mod event;
pub mod fault;
pub mod gift_card;
pub mod id;
pub mod instrument;
pub mod ledger;
pub mod loan;
pub mod merchant;
pub mod money;
pub mod movement;
pub mod order;
pub mod payment;
pub mod payout;
pub mod retry;
pub mod schedule;
pub mod seller;
pub mod settlement;
pub mod shopper;
pub mod time;

pub use id::*;
pub use money::{Currency, Money, MoneyError};
pub use time::Timestamp;
