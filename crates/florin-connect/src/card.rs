//! The card acquirer: checks a card before it is kept, collects instalments from it, and takes retail payments.
//!
//! The orders and answers of retail payments stand in [`authorise`](crate::authorise). `Unavailable` means that the outcome is UNKNOWN.
//! Invariant: nothing here prints or serialises a card's details.

use std::fmt;

use florin_domain::Money;
use florin_domain::card::{CardExpiry, CardNumber};

use crate::{Authorise, Authorised, Call, Connector, Move, MoveKind, Moved};

/// A card's details in clear, for as long as one call needs them.
#[derive(Clone, PartialEq, Eq)]
pub struct CardSecret {
    /// The whole number.
    pub number: CardNumber,
    /// The month in which it runs out.
    pub expiry: CardExpiry,
    /// The code on the card: present when the buyer has just typed it, never at a later charge, because it is never stored.
    pub cvc: Option<String>,
}

/// Prints nothing of the card.
impl fmt::Debug for CardSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardSecret(..)")
    }
}

/// A zero-amount check, made when a card is to be kept.
#[derive(Debug, Clone)]
pub struct CardCheck<'a> {
    /// Makes a repeated check the same check.
    pub key: String,
    /// The card, with its code.
    pub card: &'a CardSecret,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardVerdict {
    /// The issuer accepts the card for later collections.
    Verified,
    /// The issuer does not.
    Declined {
        /// The network's code.
        code: String,
        /// The reason, fit to show to the buyer.
        message: String,
    },
}

/// A collection from a kept card.
#[derive(Debug, Clone)]
pub struct Charge<'a> {
    /// The idempotency key: two charges of one key take the money once.
    pub key: String,
    /// The card, without its code.
    pub card: &'a CardSecret,
    /// How much to take.
    pub amount: Money,
    /// Whose debt it is: the company's number.
    pub customer: String,
    /// Which instalment of the loan, counted from 1.
    pub instalment: u32,
    /// What the cardholder reads on the statement.
    pub description: String,
}

/// How a charge ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChargeOutcome {
    /// The money was taken.
    Captured {
        /// The acquirer's reference, for reconciliation.
        reference: String,
    },
    /// The issuer said no; nothing was taken.
    Declined {
        /// The network's code.
        code: String,
        /// The reason, fit to show to the buyer.
        message: String,
    },
}

/// Whoever connects Florin to the card networks.
pub trait CardAcquirer: Connector {
    /// Checks a card without taking money.
    fn verify<'a>(&'a self, check: CardCheck<'a>) -> Call<'a, CardVerdict>;

    /// Takes money from a card, once a key.
    fn charge<'a>(&'a self, charge: Charge<'a>) -> Call<'a, ChargeOutcome>;

    /// What became of the charge of `key`; `None` if it never arrived, so that it may be sent again.
    fn charge_status<'a>(&'a self, key: &'a str) -> Call<'a, Option<ChargeOutcome>>;

    /// Asks for money, once a key.
    fn authorise<'a>(&'a self, order: Authorise<'a>) -> Call<'a, Authorised>;

    /// Takes authorised money: all of it or less. What is left is released.
    fn capture<'a>(&'a self, order: Move<'a>) -> Call<'a, Moved>;

    /// Releases an authorisation, or reverses a capture of the same day.
    fn void<'a>(&'a self, order: Move<'a>) -> Call<'a, Moved>;

    /// Gives captured money back: all of it or a part.
    fn refund<'a>(&'a self, order: Move<'a>) -> Call<'a, Moved>;

    /// What became of the authorisation of this key; `None` if it never arrived, so that it may be sent again.
    ///
    /// It takes the whole order, because a network that knows no keys is asked by an order's facts. Nothing is taken.
    fn authorised<'a>(&'a self, order: Authorise<'a>) -> Call<'a, Option<Authorised>>;

    /// What became of the movement of this key, in the manner of [`authorised`](Self::authorised). Nothing moves.
    fn moved<'a>(&'a self, kind: MoveKind, order: Move<'a>) -> Call<'a, Option<Moved>>;
}
