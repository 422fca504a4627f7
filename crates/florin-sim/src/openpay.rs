//! The sandbox's Openpay: barcodes with published fates.
//!
//! Like the card network it remembers nothing: an answer follows from barcode, PIN, amount and key alone, and asked afterwards
//! it answers as it would have then. Every barcode of twelve digits that begins with 69 and is not named here is good; on a
//! good one the amount decides, as it does with cards.

use florin_connect::{
    Call, ConnectError, Connector, Decline, DeclineReason, MoveKind, OpenpayAnswer, OpenpayMove, OpenpayOrder, OpenpayProvider,
};
use florin_domain::Timestamp;
use florin_domain::openpay::{OpenpayAccount, OpenpayPlan};
use serde::Serialize;

use crate::cards::{self, AmountOutcome};
use crate::name;

/// What every reference of this Openpay begins with.
const REFERENCE: &str = "OPY-";
/// The PIN that no shop has.
const WRONG_PIN: &str = "0000";

/// What becomes of a barcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarcodeOutcome {
    /// Approved, unless the amount says otherwise.
    Approved,
    /// Approved; a business is billed.
    Business,
    /// Approved with the shop's PIN, which is always wanted.
    PinNeeded,
    /// Openpay says no.
    Declined,
    /// The shopper's limit is reached.
    LimitReached,
    /// The barcode is too old.
    Expired,
    /// The shopper's account is closed.
    AccountClosed,
    /// The barcode was used before.
    UsedBefore,
    /// Openpay cannot decide now.
    Unavailable,
    /// Approved, but the answer does not arrive.
    UnknownOutcome,
}

/// The published barcodes; where the network has a code for the outcome, it stands in the last two digits but one.
const BARCODES: [(&str, BarcodeOutcome); 10] = [
    ("690000000017", BarcodeOutcome::Approved),
    ("690000000116", BarcodeOutcome::Business),
    ("690000000550", BarcodeOutcome::PinNeeded),
    ("690000000051", BarcodeOutcome::Declined),
    ("690000000511", BarcodeOutcome::LimitReached),
    ("690000000541", BarcodeOutcome::Expired),
    ("690000000461", BarcodeOutcome::AccountClosed),
    ("690000000941", BarcodeOutcome::UsedBefore),
    ("690000000911", BarcodeOutcome::Unavailable),
    ("690000000681", BarcodeOutcome::UnknownOutcome),
];

impl BarcodeOutcome {
    /// The outcome of a barcode; none if Openpay never gave it out.
    pub fn of(barcode: &str) -> Option<Self> {
        let is_ours = barcode.len() == 12 && barcode.starts_with("69") && barcode.bytes().all(|byte| byte.is_ascii_digit());
        let named = BARCODES.iter().find(|(known, _)| *known == barcode).map(|(_, outcome)| *outcome);
        is_ours.then_some(named.unwrap_or(Self::Approved))
    }

    /// The published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Business => "business",
            Self::PinNeeded => "pin_needed",
            Self::Declined => "declined",
            Self::LimitReached => "limit_reached",
            Self::Expired => "expired",
            Self::AccountClosed => "account_closed",
            Self::UsedBefore => "used_before",
            Self::Unavailable => "unavailable",
            Self::UnknownOutcome => "unknown_outcome",
        }
    }

    /// The code with which a purchase is declined, with or without the shop's PIN.
    const fn refusal(self, has_pin: bool) -> Option<&'static str> {
        match self {
            Self::Approved | Self::Business | Self::UnknownOutcome => None,
            Self::PinNeeded => {
                if has_pin {
                    None
                } else {
                    Some("55")
                }
            }
            Self::Declined => Some("05"),
            Self::LimitReached => Some("51"),
            Self::Expired => Some("54"),
            Self::AccountClosed => Some("46"),
            Self::UsedBefore => Some("94"),
            Self::Unavailable => Some("91"),
        }
    }
}

/// A barcode with its published outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedBarcode {
    /// The barcode.
    pub barcode: String,
    /// [`BarcodeOutcome::name`].
    pub outcome: String,
}

/// Every published barcode.
pub fn named_barcodes() -> Vec<NamedBarcode> {
    let named =
        |(barcode, outcome): (&str, BarcodeOutcome)| NamedBarcode { barcode: barcode.to_owned(), outcome: outcome.name().to_owned() };
    BARCODES.into_iter().map(named).collect()
}

/// An Openpay that remembers nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct SimOpenpay;

impl Connector for SimOpenpay {
    fn name(&self) -> &'static str {
        "sandbox-openpay"
    }

    fn simulated(&self) -> bool {
        true
    }
}

impl OpenpayProvider for SimOpenpay {
    fn pay<'a>(&'a self, order: OpenpayOrder<'a>) -> Call<'a, OpenpayAnswer> {
        Box::pin(async move { heard(purchase(&order)?) })
    }

    fn paid<'a>(&'a self, order: OpenpayOrder<'a>) -> Call<'a, Option<OpenpayAnswer>> {
        Box::pin(async move { purchase(&order).map(|(answer, _)| Some(answer)) })
    }

    fn move_money<'a>(&'a self, kind: MoveKind, order: OpenpayMove<'a>) -> Call<'a, OpenpayAnswer> {
        Box::pin(async move { heard(movement(kind, &order)?) })
    }

    fn moved<'a>(&'a self, kind: MoveKind, order: OpenpayMove<'a>) -> Call<'a, Option<OpenpayAnswer>> {
        Box::pin(async move { movement(kind, &order).map(|(answer, _)| Some(answer)) })
    }
}

/// An answer, and whether it arrives.
type Fate = (OpenpayAnswer, bool);

fn heard((answer, arrives): Fate) -> Result<OpenpayAnswer, ConnectError> {
    if arrives { Ok(answer) } else { Err(ConnectError::Unavailable("the sandbox lost its answer, as published".to_owned())) }
}

fn purchase(order: &OpenpayOrder<'_>) -> Result<Fate, ConnectError> {
    if !order.amount.is_positive() {
        return Err(ConnectError::refused("bad_amount", "a purchase is for more than nothing"));
    }
    let Some(outcome) = BarcodeOutcome::of(order.barcode) else {
        return Ok((declined("12", "Openpay does not know this barcode."), true));
    };
    let is_wrong = order.pin == Some(WRONG_PIN);
    if let Some(code) = if is_wrong { Some("55") } else { outcome.refusal(order.pin.is_some()) } {
        return Ok((declined(code, ""), true));
    }
    let arrives = outcome != BarcodeOutcome::UnknownOutcome;
    let account = (outcome == BarcodeOutcome::Business).then(|| business(order.barcode));
    let done = done(&order.key, order.barcode, account, order.at);
    Ok(match cards::of_authorisation(order.amount) {
        AmountOutcome::Ordinary => (done, arrives),
        AmountOutcome::Declined(code) => (declined(code, ""), true),
        AmountOutcome::Unknown => (done, false),
    })
}

fn movement(kind: MoveKind, order: &OpenpayMove<'_>) -> Result<Fate, ConnectError> {
    if !order.amount.is_positive() {
        return Err(ConnectError::refused("bad_amount", "a movement is of more than nothing"));
    }
    if !order.of.starts_with(REFERENCE) {
        return Ok((declined("25", ""), true));
    }
    let done = done(&format!("{}-{}", kind.name(), order.key), order.of, None, order.at);
    Ok(match cards::of_movement(order.amount) {
        AmountOutcome::Ordinary => (done, true),
        AmountOutcome::Declined(code) => (declined(code, ""), true),
        AmountOutcome::Unknown => (done, false),
    })
}

fn done(key: &str, of: &str, account: Option<OpenpayAccount>, at: Timestamp) -> OpenpayAnswer {
    let plan = OpenpayPlan {
        transaction: format!("{REFERENCE}{key}"),
        order: format!("OPO-{:010}", name::mix(of) % 10_000_000_000),
        method: "INSTALMENTS".to_owned(),
        created_at: at,
        account,
    };
    OpenpayAnswer::Done { network_code: "00".to_owned(), plan }
}

fn business(barcode: &str) -> OpenpayAccount {
    let mixed = name::mix(barcode);
    OpenpayAccount {
        id: format!("BA{:08}", mixed % 100_000_000),
        name: name::company(&format!("{:04}", mixed % 10_000)).replace(" Ltd", " Pty Ltd"),
        abn: format!("{:011}", 51_000_000_000 + mixed % 1_000_000_000),
    }
}

/// A no, in Openpay's words; `words` take the place of those that its code has.
fn declined(network_code: &str, words: &str) -> OpenpayAnswer {
    let (reason, usual) = match network_code {
        "05" => (DeclineReason::DoNotHonour, "Openpay declined the purchase."),
        "51" => (DeclineReason::InsufficientFunds, "The shopper's limit at Openpay is reached."),
        "54" => (DeclineReason::ExpiredCard, "The barcode has expired."),
        "55" => (DeclineReason::PinWrong, "The shop's PIN is wrong or missing."),
        "91" => (DeclineReason::IssuerUnavailable, "Openpay cannot decide now."),
        "94" => (DeclineReason::Duplicate, "The barcode was used before."),
        other => cards::meaning(other),
    };
    let message = if words.is_empty() { usual } else { words };
    OpenpayAnswer::Declined(Decline { reason, network_code: network_code.to_owned(), message: message.to_owned() })
}
