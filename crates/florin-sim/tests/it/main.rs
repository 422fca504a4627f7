//! Stories of the sandbox's world, told through the connectors that the product uses.

#![expect(clippy::unwrap_used, reason = "a story whose ground gives way has nothing more to tell")]

mod banks;
mod cards;
mod companies;
mod credit;
mod providers;
mod retail;
mod wallets;
mod whole;

use florin_domain::Timestamp;
use florin_domain::time::hours;

/// An instant to begin at.
const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);

/// `count` hours after [`NOON`].
fn later(count: u64) -> Timestamp {
    NOON.plus(hours(count))
}
