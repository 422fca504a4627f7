//! The gifting family: gift cards of the house, listed, quoted and ordered in merchants' shops.
//!
//! Each operation answers at the contract's path and at the one that the public clients call. Bodies are `{data, meta}`; errors
//! are bare. Source: `docs/wire/wpay.md`, "Gifting".

pub mod catalogue;
mod item;
pub mod order;
pub mod quote;
