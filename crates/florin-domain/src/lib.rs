//! The rules of Florin: what may happen to money, orders, credit and loans.
//!
//! Pure: no input or output, no clock, no randomness, no wire format. Callers pass `now` and fresh ids in,
//! and save the [`Change`](order::Change) that comes out.

pub mod agreement;
pub mod apm;
pub mod application;
pub mod bank;
pub mod card;
pub mod company;
pub mod credit;
pub mod event;
pub mod fault;
pub mod frames;
pub mod fraud;
pub mod gift_card;
pub mod gift_order;
pub mod gift_product;
pub mod id;
pub mod instrument;
pub mod ledger;
pub mod loan;
pub mod merchant;
pub mod money;
pub mod movement;
pub mod occasion;
pub mod openpay;
pub mod order;
pub mod payment;
pub mod payment_request;
pub mod payout;
pub mod qr;
pub mod retry;
pub mod schedule;
pub mod schema;
pub mod seller;
pub mod session;
pub mod settlement;
pub mod shopper;
pub mod split;
pub mod terms;
pub mod three_ds;
pub mod time;

pub use id::*;
pub use money::{Currency, Money, MoneyError};
pub use time::Timestamp;
