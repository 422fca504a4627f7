//! The sandbox's test cards and test amounts: what becomes of a retail payment, published in advance.
//!
//! Every card that is not named here is good. On a card or wallet that would be approved the amount decides: in 9,990.NN the
//! cents are the network's code. All the cards can be kept, except the one that is refused at its capture.

use florin_connect::DeclineReason;
use florin_domain::Money;
use serde::Serialize;

/// What becomes of payments by a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardOutcome {
    /// Approved, unless the amount says otherwise.
    Approved,
    /// Cannot be kept, and is declined if it is paid with all the same.
    RefusedAtCapture,
    /// The issuer says no without a reason.
    Declined,
    /// There is not enough money on it.
    InsufficientFunds,
    /// The issuer says that it has run out, whatever its date.
    Expired,
    /// The account is closed.
    AccountClosed,
    /// The issuer cannot be reached.
    IssuerUnavailable,
    /// The network takes every payment for a repetition.
    Duplicate,
    /// The network does not accept the payment.
    InvalidTransaction,
    /// Something breaks in the network.
    Technical,
    /// Approved, but the answer does not arrive.
    UnknownOutcome,
    /// Approved with the code on the card, which is wanted every time.
    StepUp,
    /// Approved; the issuer authenticates its cardholder unseen.
    ThreedsFrictionless,
    /// Approved once the cardholder has been authenticated.
    ThreedsChallenge,
    /// The cardholder is never authenticated.
    ThreedsFail,
    /// Approved after two seconds.
    Slow,
}

impl CardOutcome {
    /// The outcome of the card of `number`.
    pub fn of(number: &str) -> Self {
        if number == NO_FUNDS_AT_CHECK {
            return Self::InsufficientFunds;
        }
        CARDS.iter().find(|(known, ..)| *known == number).map_or(Self::Approved, |(.., outcome)| *outcome)
    }

    /// The published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::RefusedAtCapture => "refused_at_capture",
            Self::Declined => "declined",
            Self::InsufficientFunds => "insufficient_funds",
            Self::Expired => "expired",
            Self::AccountClosed => "account_closed",
            Self::IssuerUnavailable => "issuer_unavailable",
            Self::Duplicate => "duplicate",
            Self::InvalidTransaction => "invalid_transaction",
            Self::Technical => "technical",
            Self::UnknownOutcome => "unknown_outcome",
            Self::StepUp => "step_up",
            Self::ThreedsFrictionless => "threeds_frictionless",
            Self::ThreedsChallenge => "threeds_challenge",
            Self::ThreedsFail => "threeds_fail",
            Self::Slow => "slow",
        }
    }

    /// The network's code with which payments are declined whatever comes with them; `None` if they can be approved.
    pub(crate) const fn refusal(self) -> Option<&'static str> {
        match self {
            Self::RefusedAtCapture | Self::Declined => Some("05"),
            Self::InsufficientFunds => Some("51"),
            Self::Expired => Some("54"),
            Self::AccountClosed => Some("46"),
            Self::IssuerUnavailable => Some("91"),
            Self::Duplicate => Some("94"),
            Self::InvalidTransaction => Some("12"),
            Self::Technical => Some("96"),
            Self::Approved
            | Self::UnknownOutcome
            | Self::StepUp
            | Self::ThreedsFrictionless
            | Self::ThreedsChallenge
            | Self::ThreedsFail
            | Self::Slow => None,
        }
    }
}

/// No money behind it, found out already when it is to be kept: the checkout's, and not in the table of retail cards.
pub(crate) const NO_FUNDS_AT_CHECK: &str = "4000000000009995";

/// The published cards: number, scheme, outcome. Where the network has a code for the outcome, it is the number's 13th and 14th digit.
const CARDS: [(&str, &str, CardOutcome); 23] = [
    ("4242424242424242", "VISA", CardOutcome::Approved),
    ("5555555555554444", "MASTERCARD", CardOutcome::Approved),
    ("378282246310005", "AMEX", CardOutcome::Approved),
    ("3530111333300000", "JCB", CardOutcome::Approved),
    ("30569309025904", "DINERS", CardOutcome::Approved),
    ("4000000000000002", "VISA", CardOutcome::RefusedAtCapture),
    ("4000000000000341", "VISA", CardOutcome::Declined),
    ("4000000000000507", "VISA", CardOutcome::Declined),
    ("4000000000005100", "VISA", CardOutcome::InsufficientFunds),
    ("5200000000005105", "MASTERCARD", CardOutcome::InsufficientFunds),
    ("4000000000005407", "VISA", CardOutcome::Expired),
    ("4000000000004608", "VISA", CardOutcome::AccountClosed),
    ("4000000000009102", "VISA", CardOutcome::IssuerUnavailable),
    ("4000000000009409", "VISA", CardOutcome::Duplicate),
    ("4000000000001208", "VISA", CardOutcome::InvalidTransaction),
    ("4000000000009607", "VISA", CardOutcome::Technical),
    ("4000000000006801", "VISA", CardOutcome::UnknownOutcome),
    ("4000000000008203", "VISA", CardOutcome::StepUp),
    ("4000000000003006", "VISA", CardOutcome::ThreedsFrictionless),
    ("4000000000003105", "VISA", CardOutcome::ThreedsChallenge),
    ("5200000000003100", "MASTERCARD", CardOutcome::ThreedsChallenge),
    ("4000000000003204", "VISA", CardOutcome::ThreedsFail),
    ("4000000000002008", "VISA", CardOutcome::Slow),
];

/// A test card with its published outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedCard {
    /// Its number; any expiry in the future and any code but 000 go with it.
    pub number: String,
    /// Its scheme, in capitals.
    pub scheme: String,
    /// [`CardOutcome::name`].
    pub outcome: String,
}

/// Every test card, at least one an outcome.
pub fn named_cards() -> Vec<NamedCard> {
    let named = |(number, scheme, outcome): (&str, &str, CardOutcome)| NamedCard {
        number: number.to_owned(),
        scheme: scheme.to_owned(),
        outcome: outcome.name().to_owned(),
    };
    CARDS.into_iter().map(named).collect()
}

/// 9,990.00 in minor units: the amounts from here decide how an authorisation ends.
const AUTHORISED_FROM: i64 = 999_000;
/// 9,991.00 in minor units: the amounts from here decide how a capture, a void or a refund ends.
const MOVED_FROM: i64 = 999_100;
/// The code of an answer that does not arrive.
const NO_ANSWER: &str = "68";
/// The codes of authorisations.
const AUTHORISATION_CODES: [&str; 7] = ["05", "51", "54", "91", NO_ANSWER, "94", "12"];
/// The codes of movements.
const MOVEMENT_CODES: [&str; 2] = ["05", NO_ANSWER];

/// What an amount decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AmountOutcome {
    /// Nothing: it is one like any other.
    Ordinary,
    /// It is declined with this code of the network.
    Declined(&'static str),
    /// It happens, but the answer does not arrive.
    Unknown,
}

/// What the amount of an authorisation decides.
pub(crate) fn of_authorisation(amount: Money) -> AmountOutcome {
    decided(amount, AUTHORISED_FROM, &AUTHORISATION_CODES)
}

/// What the amount of a capture, a void or a refund decides.
pub(crate) fn of_movement(amount: Money) -> AmountOutcome {
    decided(amount, MOVED_FROM, &MOVEMENT_CODES)
}

fn decided(amount: Money, from: i64, codes: &[&'static str]) -> AmountOutcome {
    let cents = amount.minor().saturating_sub(from);
    match codes.iter().find(|code| code.parse() == Ok(cents)) {
        None => AmountOutcome::Ordinary,
        Some(&NO_ANSWER) => AmountOutcome::Unknown,
        Some(code) => AmountOutcome::Declined(code),
    }
}

/// What a code of the network means, and how it is said to the shopper.
pub(crate) fn meaning(network_code: &str) -> (DeclineReason, &'static str) {
    match network_code {
        "51" => (DeclineReason::InsufficientFunds, "There is not enough money on the card."),
        "54" => (DeclineReason::ExpiredCard, "The card has expired."),
        "46" => (DeclineReason::Closed, "The account is closed."),
        "91" => (DeclineReason::IssuerUnavailable, "The card's issuer cannot be reached."),
        "94" => (DeclineReason::Duplicate, "The payment was made already."),
        "12" => (DeclineReason::Invalid, "The transaction is not valid."),
        "25" => (DeclineReason::NotFound, "There is no such payment."),
        "82" => (DeclineReason::CodeRequired, "The code on the card is needed."),
        "83" => (DeclineReason::AuthenticationFailed, "The cardholder was not authenticated."),
        "96" => (DeclineReason::Technical, "The network failed."),
        "N7" => (DeclineReason::DoNotHonour, "The code on the card is wrong."),
        _ => (DeclineReason::DoNotHonour, "The card was declined by its issuer."),
    }
}
