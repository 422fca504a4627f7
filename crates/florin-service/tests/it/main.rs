//! The service by itself: operations over a real database and the simulated world, without a wire.

mod imports;
mod merchants;
mod shop;
mod shoppers;
mod wallets;
