//! Movements: one instrument's part of a transaction, from the intent to what became of the money.
//!
//! Pure rules. Invariants: what is captured never exceeds what was authorised; what is given back never exceeds what was
//! captured; a movement whose outcome is not known yet says so.

use std::fmt;

use crate::InstrumentToken;
use crate::Timestamp;
use crate::card::CardExpiry;
use crate::fault::Fault;
use crate::id::BadId;
use crate::instrument::{InstrumentId, InstrumentKind};
use crate::money::Money;

/// The number of a receipt or of a movement: sixteen digits, counted up without regard to whose they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference(i64);

/// The first number.
const FIRST: i64 = 1_000_000_000_000_001;
/// The last number of sixteen digits.
const LAST: i64 = 9_999_999_999_999_999;

impl Reference {
    /// The first number ever given.
    pub const FIRST: Self = Self(FIRST);

    /// A number from the books.
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// The number itself.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The number `count` places after this one.
    #[must_use]
    pub const fn plus(self, count: i64) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// Reads a reference.
    ///
    /// # Errors
    /// [`BadId`] unless it is sixteen digits.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        let is_clean = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| is_clean && (FIRST..=LAST).contains(number));
        number.map(Self).ok_or(BadId)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016}", self.0)
    }
}

/// What a movement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MovementKind {
    /// Holds money, to be taken by a completion.
    Preauth,
    /// Takes money at once.
    Purchase,
    /// Takes held money.
    Completion,
    /// Frees held money.
    Void,
    /// Gives taken money back.
    Refund,
}

impl MovementKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Preauth, Self::Purchase, Self::Completion, Self::Void, Self::Refund];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Preauth => "preauth",
            Self::Purchase => "purchase",
            Self::Completion => "completion",
            Self::Void => "void",
            Self::Refund => "refund",
        }
    }

    /// Finds a kind by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What the instrument was when it was paid with; stays true when the instrument is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidWith {
    /// Its id.
    pub instrument: InstrumentId,
    /// Its token.
    pub token: InstrumentToken,
    /// What it was.
    pub kind: InstrumentKind,
    /// The card's scheme, or the gift card's programme.
    pub network: Option<String>,
    /// The first six digits.
    pub bin: Option<String>,
    /// The last four digits.
    pub suffix: Option<String>,
    /// When it runs out.
    pub expiry: Option<CardExpiry>,
    /// By which a gift card is found.
    pub fingerprint: [u8; 32],
}

/// Where a movement stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MovementState {
    /// The intent is recorded; the outcome is not known.
    Asked,
    /// The money moved, or is held.
    Done {
        /// The acquirer's reference, by which it is completed, freed or given back.
        reference: String,
    },
    /// No money moved.
    Refused {
        /// Why.
        fault: Fault,
    },
    /// The money moved and is being put back, because another part of the payment was refused.
    Reversing {
        /// The acquirer's reference.
        reference: String,
    },
    /// The money moved and was put back.
    Reversed {
        /// The acquirer's reference.
        reference: String,
    },
}

impl MovementState {
    /// The name kept in the books.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Done { .. } => "done",
            Self::Refused { .. } => "refused",
            Self::Reversing { .. } => "reversing",
            Self::Reversed { .. } => "reversed",
        }
    }
}

/// What became of held money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// It is held.
    Open,
    /// It is being taken.
    Completing,
    /// It is being freed.
    Voiding,
    /// It was taken, or part of it; the rest was freed.
    Completed,
    /// It was freed.
    Voided,
    /// It was freed because nobody took it in time.
    Expired,
}

impl Hold {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Open, Self::Completing, Self::Voiding, Self::Completed, Self::Voided, Self::Expired];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Completing => "completing",
            Self::Voiding => "voiding",
            Self::Completed => "completed",
            Self::Voided => "voided",
            Self::Expired => "expired",
        }
    }

    /// Finds one by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hold| hold.name() == name)
    }

    /// Whether the issuer still holds the money.
    pub const fn is_held(self) -> bool {
        matches!(self, Self::Open | Self::Completing | Self::Voiding)
    }
}

/// What the network said, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its code: `00`, `05`.
    pub code: String,
    /// Its words.
    pub message: String,
}

/// One instrument's part of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Its number.
    pub reference: Reference,
    /// The receipt of the transaction it is part of.
    pub receipt: Reference,
    /// What it does.
    pub kind: MovementKind,
    /// The movement that it completes, frees or gives back.
    pub original: Option<Reference>,
    /// What is paid with.
    pub paid_with: PaidWith,
    /// How much; for a void, what is freed.
    pub amount: Money,
    /// Where it stands.
    pub state: MovementState,
    /// What the network said.
    pub service: Option<Service>,
    /// Of a pre-authorisation: what became of the held money.
    pub hold: Option<Hold>,
    /// What was taken so far.
    pub captured: Money,
    /// What was given back, or is being given back.
    pub refunded: Money,
    /// Of a pre-authorisation: when the hold ends by itself.
    pub expires_at: Option<Timestamp>,
}

impl Movement {
    /// The movement of this number, counted from 1, in the transaction of `receipt`: written down before anything is known of it.
    pub fn asked((receipt, number): (Reference, i64), kind: MovementKind, amount: Money, paid_with: PaidWith) -> Self {
        let zero = Money::zero(amount.currency());
        Self {
            reference: receipt.plus(number),
            receipt,
            kind,
            original: None,
            paid_with,
            amount,
            state: MovementState::Asked,
            service: None,
            hold: None,
            captured: zero,
            refunded: zero,
            expires_at: None,
        }
    }

    /// The acquirer's reference of a movement that is done.
    pub fn done_reference(&self) -> Option<&str> {
        match &self.state {
            MovementState::Done { reference } => Some(reference),
            MovementState::Asked | MovementState::Refused { .. } | MovementState::Reversing { .. } | MovementState::Reversed { .. } => None,
        }
    }

    /// Why it was refused.
    pub fn fault(&self) -> Option<Fault> {
        match self.state {
            MovementState::Refused { fault } => Some(fault),
            MovementState::Reversing { .. } | MovementState::Reversed { .. } => Some(Fault::PutBack),
            MovementState::Asked | MovementState::Done { .. } => None,
        }
    }

    /// Whether held money of it can be taken or freed.
    pub fn is_open(&self) -> bool {
        self.done_reference().is_some() && self.hold == Some(Hold::Open)
    }

    /// What can still be given back.
    pub fn refundable(&self) -> Money {
        let left = self.captured.minus(self.refunded).ok().filter(|_| self.done_reference().is_some());
        left.unwrap_or(Money::zero(self.amount.currency()))
    }

    /// Begins to take `amount` of the held money; the rest is freed with it.
    ///
    /// # Errors
    /// [`Fault::OriginalNotFound`] unless the hold is open at `now`; [`Fault::AboveAuthorisation`] for too much.
    pub fn begin_completion(self, amount: Money, now: Timestamp) -> Result<Self, Fault> {
        if amount.minor() > self.amount.minor() || !amount.is_positive() {
            return if self.is_open() { Err(Fault::AboveAuthorisation) } else { Err(Fault::OriginalNotFound) };
        }
        self.begin(Hold::Completing, now)
    }

    /// Begins to free the held money.
    ///
    /// # Errors
    /// [`Fault::OriginalNotFound`] unless the hold is open at `now`.
    pub fn begin_void(self, now: Timestamp) -> Result<Self, Fault> {
        self.begin(Hold::Voiding, now)
    }

    fn begin(self, hold: Hold, now: Timestamp) -> Result<Self, Fault> {
        let in_time = self.expires_at.is_none_or(|end| now < end);
        if self.is_open() && in_time { Ok(Self { hold: Some(hold), ..self }) } else { Err(Fault::OriginalNotFound) }
    }

    /// Begins to give `amount` back, or all that is left.
    ///
    /// # Errors
    /// [`Fault::OriginalNotFound`] if nothing was taken; [`Fault::AboveRefundable`] for more than is left.
    pub fn begin_refund(self, amount: Option<Money>) -> Result<(Self, Money), Fault> {
        if self.done_reference().is_none() || !self.captured.is_positive() {
            return Err(Fault::OriginalNotFound);
        }
        let left = self.refundable();
        let amount = amount.unwrap_or(left);
        if !amount.is_positive() || amount.minor() > left.minor() {
            return Err(Fault::AboveRefundable);
        }
        let refunded = self.refunded.plus(amount).map_err(|_| Fault::AboveRefundable)?;
        Ok((Self { refunded, ..self }, amount))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_sixteen_digits() {
        assert_eq!(Reference::FIRST.to_string(), "1000000000000001");
        assert_eq!(Reference::parse("1000000000000001"), Ok(Reference::FIRST));
        for bad in ["", "1", "0000000000000001", "10000000000000011", "100000000000000x", "+100000000000001"] {
            assert_eq!(Reference::parse(bad), Err(BadId), "{bad}");
        }
    }
}
