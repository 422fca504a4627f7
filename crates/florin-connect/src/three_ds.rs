//! The directory of card issuers: it knows who authenticates a cardholder, and how.
//!
//! Invariant: nothing here prints a card or a proof.

use std::fmt;

use florin_domain::Money;
use florin_domain::card::CardNumber;
use florin_domain::three_ds::ThreeDsEnrolment;

use crate::{Call, Connector};

/// A cardholder to be authenticated.
#[derive(Clone)]
pub struct Enrol<'a> {
    /// The idempotency key, by which the directory knows the authentication again.
    pub transaction: String,
    /// The card.
    pub card: &'a CardNumber,
    /// What is to be paid; nothing when a card is to be kept.
    pub amount: Option<Money>,
    /// At which merchant.
    pub merchant: &'a str,
}

/// Prints nothing of the card.
impl fmt::Debug for Enrol<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enrol").field("transaction", &self.transaction).finish_non_exhaustive()
    }
}

/// Whoever asks card issuers who a cardholder is.
pub trait CardDirectory: Connector {
    /// Whether the issuer wants its cardholder authenticated before the card is kept, though nobody asked for that.
    fn is_wanted<'a>(&'a self, card: &'a CardNumber) -> Call<'a, bool>;

    /// Asks the issuer, once a key.
    fn enrol<'a>(&'a self, ask: Enrol<'a>) -> Call<'a, ThreeDsEnrolment>;

    /// Judges an answer to the challenge of `transaction`, where the issuer's page is one of this server: its proof if the
    /// answer is right, nothing if it is wrong.
    fn judge<'a>(&'a self, transaction: &'a str, answer: &'a str) -> Call<'a, Option<String>>;
}
