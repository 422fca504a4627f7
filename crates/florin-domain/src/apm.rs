//! Checkouts at pay-later providers (the contract's alternative payment methods): opened there, approved there by the
//! shopper, paid with here once.
//!
//! Pure rules. Invariant: a checkout is approved or refused once, and an approved one pays once, for no more than it was
//! opened for.

use crate::fault::Fault;
use crate::instrument::{InstrumentId, InstrumentKind};
use crate::merchant::MerchantId;
use crate::money::Money;
use crate::movement::Reference;
use crate::{ApmOrderId, Timestamp, WalletId};

/// A provider at which a shopper pays later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApmProvider {
    /// Zip.
    ZipPay,
    /// Afterpay.
    Afterpay,
}

impl ApmProvider {
    /// Every provider.
    pub const ALL: [Self; 2] = [Self::ZipPay, Self::Afterpay];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ZipPay => "zip_pay",
            Self::Afterpay => "afterpay",
        }
    }

    /// Finds a provider by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == name)
    }

    /// What the ids of its checkouts begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::ZipPay => "ZIP",
            Self::Afterpay => "AFTERPAY",
        }
    }

    /// The provider's own spelling, for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::ZipPay => "Zip",
            Self::Afterpay => "Afterpay",
        }
    }

    /// What a checkout there is paid with as.
    pub const fn kind(self) -> InstrumentKind {
        match self {
            Self::ZipPay => InstrumentKind::ZipPay,
            Self::Afterpay => InstrumentKind::Afterpay,
        }
    }
}

/// Where a checkout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApmState {
    /// The shopper has not decided.
    Open,
    /// The shopper approved it.
    Approved {
        /// When.
        at: Timestamp,
    },
    /// The shopper refused it.
    Refused {
        /// When.
        at: Timestamp,
    },
    /// It was paid with.
    Used {
        /// When.
        at: Timestamp,
        /// By which payment.
        receipt: Reference,
    },
}

impl ApmState {
    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved { .. } => "approved",
            Self::Refused { .. } => "refused",
            Self::Used { .. } => "used",
        }
    }
}

/// A checkout at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApmOrder {
    /// Its id, which is also its idempotency key at the provider.
    pub id: ApmOrderId,
    /// At which provider.
    pub provider: ApmProvider,
    /// For which merchant.
    pub merchant: MerchantId,
    /// From which wallet.
    pub wallet: WalletId,
    /// What it is paid with as.
    pub instrument: InstrumentId,
    /// The merchant's order.
    pub order_number: String,
    /// How much it is for.
    pub amount: Money,
    /// Where the shopper goes afterwards.
    pub return_url: Option<String>,
    /// Where it stands.
    pub state: ApmState,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Until when it can be decided and paid with.
    pub expires_at: Timestamp,
}

/// Why a decision was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApmError {
    /// It was decided the other way.
    #[error("this checkout was decided already")]
    Decided,
    /// Its time is over.
    #[error("the time for this checkout is over")]
    Over,
}

impl ApmOrder {
    /// The shopper approves or refuses it. To decide the same again changes nothing.
    ///
    /// # Errors
    /// [`ApmError::Decided`] if it was decided the other way; [`ApmError::Over`] when its time is over.
    pub fn decide(self, approves: bool, now: Timestamp) -> Result<Self, ApmError> {
        match (self.state, approves) {
            (ApmState::Approved { .. } | ApmState::Used { .. }, true) | (ApmState::Refused { .. }, false) => Ok(self),
            (ApmState::Open, _) if now >= self.expires_at => Err(ApmError::Over),
            (ApmState::Open, true) => Ok(Self { state: ApmState::Approved { at: now }, ..self }),
            (ApmState::Open, false) => Ok(Self { state: ApmState::Refused { at: now }, ..self }),
            (ApmState::Approved { .. } | ApmState::Used { .. }, false) | (ApmState::Refused { .. }, true) => Err(ApmError::Decided),
        }
    }

    /// Pays `amount` with it. Where the provider keeps the shopper's decision to itself (`told` is false), an undecided one is
    /// for the provider to refuse.
    ///
    /// # Errors
    /// [`Fault::NotApproved`], [`Fault::Declined`] if the shopper refused, [`Fault::Duplicate`] if it was paid with,
    /// [`Fault::Expired`], [`Fault::AboveAuthorisation`] for more than it was opened for.
    pub fn pay(self, amount: Money, receipt: Reference, (told, now): (bool, Timestamp)) -> Result<Self, Fault> {
        match self.state {
            ApmState::Used { .. } => return Err(Fault::Duplicate),
            ApmState::Refused { .. } => return Err(Fault::Declined),
            ApmState::Open | ApmState::Approved { .. } if now >= self.expires_at => return Err(Fault::Expired),
            ApmState::Open if told => return Err(Fault::NotApproved),
            ApmState::Open | ApmState::Approved { .. } => {}
        }
        if amount.currency() != self.amount.currency() || amount.minor() > self.amount.minor() {
            return Err(Fault::AboveAuthorisation);
        }
        Ok(Self { state: ApmState::Used { at: now, receipt }, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use crate::time::minutes;

    const NOW: Timestamp = Timestamp::from_micros(1_795_255_800_000_000);

    fn dollars(minor: i64) -> Money {
        Money::new(minor, Currency::Aud)
    }

    fn order(state: ApmState) -> ApmOrder {
        let id = ApmOrderId::from_random([1; 16]);
        ApmOrder {
            id,
            provider: ApmProvider::ZipPay,
            merchant: MerchantId::parse("10006").unwrap(),
            wallet: WalletId::from_random([2; 16]),
            instrument: InstrumentId::ordered(ApmProvider::ZipPay, id),
            order_number: "o".to_owned(),
            amount: dollars(5_000),
            return_url: None,
            state,
            created_at: NOW,
            expires_at: NOW.plus(minutes(30)),
        }
    }

    #[test]
    fn every_decision_in_every_state() {
        let (open, approved, refused) = (ApmState::Open, ApmState::Approved { at: NOW }, ApmState::Refused { at: NOW });
        let used = ApmState::Used { at: NOW, receipt: Reference::FIRST };
        let table = [
            (open, true, Ok(approved)),
            (open, false, Ok(refused)),
            (approved, true, Ok(approved)),
            (approved, false, Err(ApmError::Decided)),
            (refused, true, Err(ApmError::Decided)),
            (refused, false, Ok(refused)),
            (used, true, Ok(used)),
            (used, false, Err(ApmError::Decided)),
        ];
        for (before, approves, after) in table {
            assert_eq!(order(before).decide(approves, NOW).map(|order| order.state), after, "{before:?} {approves}");
        }
        assert_eq!(order(open).decide(true, NOW.plus(minutes(30))), Err(ApmError::Over));
    }

    #[test]
    fn it_pays_once_when_approved_and_no_more_than_it_is_for() {
        let (approved, used) = (ApmState::Approved { at: NOW }, ApmState::Used { at: NOW, receipt: Reference::FIRST });
        let later = NOW.plus(minutes(30));
        let table = [
            (approved, 5_000, (true, NOW), Ok(used)),
            (approved, 4_999, (true, NOW), Ok(used)),
            (approved, 5_001, (true, NOW), Err(Fault::AboveAuthorisation)),
            (approved, 5_000, (true, later), Err(Fault::Expired)),
            (ApmState::Open, 5_000, (true, NOW), Err(Fault::NotApproved)),
            (ApmState::Open, 5_000, (false, NOW), Ok(used)),
            (ApmState::Refused { at: NOW }, 5_000, (true, NOW), Err(Fault::Declined)),
            (used, 5_000, (true, NOW), Err(Fault::Duplicate)),
            (used, 5_000, (true, later), Err(Fault::Duplicate)),
        ];
        for (before, minor, told_and_now, after) in table {
            let paid = order(before).pay(dollars(minor), Reference::FIRST, told_and_now);
            assert_eq!(paid.map(|order| order.state), after, "{before:?} {minor} {told_and_now:?}");
        }
    }
}
