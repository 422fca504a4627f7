//! The service by itself: operations over a real database and the simulated world, without a wire.

#![expect(clippy::unwrap_used, reason = "a case has no use for the error")]

mod agreements;
mod apm;
mod frames;
mod fraud;
mod gate;
mod gifting;
mod imports;
mod instore;
mod issuer;
mod late;
mod merchants;
mod openpay;
mod shop;
mod shoppers;
mod step_up;
mod wallets;
