//! The in-store family: what merchants ask to be paid, and till sessions, codes and transactions around it.
//!
//! Bodies are `{data, meta}` both ways. Invariants: what there is nothing to say of is left out, never null; what names nothing
//! that the caller may use is refused as 422, never as 404. Source: `docs/wire/wpay.md`, "In store".

pub mod agreements;
mod any_case;
mod beside;
pub mod envelope;
pub mod follow_ups;
mod how;
pub mod instruments;
mod kept;
mod kinds;
pub mod pages;
pub mod payments;
mod picture;
pub mod preferences;
pub mod qr;
mod refusal;
pub mod requests;
mod results;
pub mod schemas;
pub mod sessions;
pub mod terms;
mod transaction;
pub mod transactions;
