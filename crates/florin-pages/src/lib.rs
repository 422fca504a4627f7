//! Pages for people: the hosted checkout, card capture, bought gift cards, QR codes, and the sandbox's bank, mailbox, shop and start page.
//!
//! Knows no business rule: a page reads a form, calls one verb of the service and shows where that leads.
//! Invariants: no page loads anything from elsewhere, or runs a script except those of card capture, because a merchant's page that
//! holds one in a frame can hear its result in no other way; all state is the server's, so no page needs a cookie; every address
//! works with and without its last slash, and neither leads to the other.

mod answer;
mod asset;
pub(crate) mod capture;
pub(crate) mod checkout;
mod desk;
mod detour;
mod field;
mod form;
mod frame;
mod gift;
mod news;
mod place;
mod progress;
mod qr;
mod sandbox;
mod visit;
mod wording;

pub use capture::{capture, simulated_issuer};
pub use checkout::checkout;
pub use desk::{BankDesk, BankSlip, DeskCall};
pub use detour::fallback;
pub use gift::gifts;
pub use qr::qr_codes;
pub use sandbox::{sandbox, simulated_bank};

#[cfg(test)]
mod capture_tests;
#[cfg(test)]
mod page_tests;
