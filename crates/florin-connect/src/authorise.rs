//! Retail card payments: what is asked of an acquirer when a shopper pays, and what it answers.
//!
//! Money is authorised first and moved afterwards: captured, released or given back. An order is made once a key.
//! Invariant: nothing here prints or serialises a card, a token or the proof of an authentication.

use std::fmt;

use florin_domain::Money;
use florin_domain::apm::ApmProvider;

use crate::{CardSecret, WalletProvider};

/// An authorisation to ask for.
#[derive(Debug, Clone)]
pub struct Authorise<'a> {
    /// The idempotency key: two orders of one key are one authorisation.
    pub key: String,
    /// What is paid with.
    pub means: Means<'a>,
    /// How much.
    pub amount: Money,
    /// Whether the money is taken at once: a purchase, not a pre-authorisation.
    pub capture: bool,
    /// Who is paid.
    pub merchant: &'a str,
    /// The merchant's order number.
    pub reference: &'a str,
    /// What the merchant found when it authenticated the cardholder, if it did.
    pub authentication: Option<Authentication>,
}

/// What is paid with, in clear for as long as one call needs it.
#[derive(Clone, Copy)]
pub enum Means<'a> {
    /// A card. Its code is there only when it has just been typed.
    Card(&'a CardSecret),
    /// An account at a wallet provider.
    Wallet {
        /// Which provider.
        provider: WalletProvider,
        /// The [`WalletAccount::token`](crate::WalletAccount::token).
        token: &'a str,
    },
    /// A checkout at a pay-later provider.
    Apm {
        /// Which provider.
        provider: ApmProvider,
        /// The [`OpenedCheckout::token`](crate::OpenedCheckout::token).
        token: &'a str,
    },
}

/// Prints what kind it is, and nothing of it.
impl fmt::Debug for Means<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Card(_) => f.write_str("Card(..)"),
            Self::Wallet { provider, .. } => write!(f, "Wallet({}, ..)", provider.name()),
            Self::Apm { provider, .. } => write!(f, "Apm({}, ..)", provider.name()),
        }
    }
}

/// A 3-D Secure authentication that was made elsewhere, as its server reported it.
#[derive(Clone, PartialEq, Eq)]
pub struct Authentication {
    /// The protocol's version: `2.2.0`.
    pub version: String,
    /// The proof (CAVV or AAV), in base64.
    pub value: String,
    /// The electronic commerce indicator: `05`.
    pub eci: String,
    /// The directory server's transaction id.
    pub transaction: String,
    /// The outcome in the protocol's letter: `Y` authenticated, `A` attempted, others not.
    pub status: char,
}

/// Prints the outcome and nothing of the proof.
impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authentication({}, ..)", self.status)
    }
}

/// How an authorisation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorised {
    /// The issuer said yes.
    Approved {
        /// The acquirer's reference of the payment, by which its money is moved later.
        reference: String,
        /// The network's code: `00`.
        network_code: String,
    },
    /// The answer was no; nothing was held or taken.
    Declined(Decline),
}

/// A movement of money that was authorised before.
#[derive(Debug, Clone)]
pub struct Move<'a> {
    /// The idempotency key: two orders of one key move the money once.
    pub key: String,
    /// The acquirer's reference of the payment, from [`Authorised::Approved`].
    pub of: &'a str,
    /// How much.
    pub amount: Money,
    /// Whose payment it is.
    pub merchant: &'a str,
    /// The merchant's order number.
    pub reference: &'a str,
}

/// Which way money that was authorised is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveKind {
    /// It is taken.
    Capture,
    /// It is released, or a capture of the same day is reversed.
    Void,
    /// It is given back after it was taken.
    Refund,
}

impl MoveKind {
    /// The name in keys, logs and books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Void => "void",
            Self::Refund => "refund",
        }
    }
}

/// How a movement ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moved {
    /// It was done.
    Done {
        /// The acquirer's reference of the movement.
        reference: String,
    },
    /// The answer was no; nothing moved.
    Declined(Decline),
}

/// A no from the issuer, the network or the acquirer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decline {
    /// Why, in Florin's words.
    pub reason: DeclineReason,
    /// The network's own code: `05`.
    pub network_code: String,
    /// The reason, fit to show to the shopper.
    pub message: String,
}

/// Why the answer was no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeclineReason {
    /// The issuer gives no reason, or one that the shopper must hear from the issuer.
    DoNotHonour,
    /// There is not enough money behind it.
    InsufficientFunds,
    /// The card has run out.
    ExpiredCard,
    /// The issuer cannot be reached; nothing was held or taken.
    IssuerUnavailable,
    /// The account is closed.
    Closed,
    /// The network does not accept this payment as it stands.
    Invalid,
    /// The network takes it for one that it has seen already.
    Duplicate,
    /// The card or wallet cannot be used for this.
    NotSupported,
    /// The issuer wants the code on the card.
    CodeRequired,
    /// A PIN is wrong, or missing where one is needed.
    PinWrong,
    /// The issuer wants the cardholder authenticated.
    AuthenticationRequired {
        /// Names the authentication that is wanted.
        session: String,
    },
    /// The cardholder was not authenticated.
    AuthenticationFailed,
    /// There is nothing to capture, void or refund.
    NotFound,
    /// Something broke on the way; nothing was held or taken.
    Technical,
}

impl DeclineReason {
    /// A stable name for logs and records.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::DoNotHonour => "do_not_honour",
            Self::InsufficientFunds => "insufficient_funds",
            Self::ExpiredCard => "expired_card",
            Self::IssuerUnavailable => "issuer_unavailable",
            Self::Closed => "closed",
            Self::Invalid => "invalid",
            Self::Duplicate => "duplicate",
            Self::NotSupported => "not_supported",
            Self::CodeRequired => "code_required",
            Self::PinWrong => "pin_wrong",
            Self::AuthenticationRequired { .. } => "authentication_required",
            Self::AuthenticationFailed => "authentication_failed",
            Self::NotFound => "not_found",
            Self::Technical => "technical",
        }
    }
}
