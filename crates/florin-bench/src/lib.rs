//! The load generator behind `florin bench`: connections that ask, wait for the answer and ask again.
//!
//! It measures servers from outside, over HTTPS, and knows of Florin only what any client knows. Its client is as small as it can
//! be, so that it does not measure itself; it is no way to call a server for any other purpose.
//! Invariant: only answers that are right are counted; a wrong one is a failure and is shown.

mod ask;
mod client;
mod form;
mod histogram;
mod load;
mod order;
mod page;
mod payment;
mod process;
mod reply;
mod request;
mod shop;
mod walk;

pub use ask::{Ask, Questions};
pub use client::{BenchError, Connection, Target, Trust};
pub use histogram::Histogram;
pub use load::{Load, Measured, Operation, run};
pub use order::{Create, OrderIds, get_orders};
pub use payment::{Purchase, Purchases, Refund};
pub use process::{Usage, rss_kib};
pub use reply::Reply;
pub use shop::{Shop, Shopper};
pub use walk::{Numbers, Walk};
