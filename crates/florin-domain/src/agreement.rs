//! Agreements: a shopper's standing permission to a merchant to charge an instrument.
//!
//! Florin never charges by itself; the merchant does, within the agreement's time.

use crate::instrument::InstrumentId;
use crate::merchant::MerchantId;
use crate::money::Money;
use crate::shopper::ShopperId;
use crate::{AgreementId, Timestamp, WalletId};

/// What the agreement is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgreementKind {
    /// The same again and again.
    Recurring,
    /// Whenever something is bought.
    Adhoc,
    /// One purchase in parts.
    Instalment,
}

/// How often charges are expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frequency {
    /// Every week.
    Weekly,
    /// Every second week.
    Fortnightly,
    /// Every month.
    Monthly,
    /// Every year.
    Annually,
}

impl AgreementKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Recurring, Self::Adhoc, Self::Instalment];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recurring => "recurring",
            Self::Adhoc => "adhoc",
            Self::Instalment => "instalment",
        }
    }

    /// Finds a kind by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Frequency {
    /// Every frequency.
    pub const ALL: [Self; 4] = [Self::Weekly, Self::Fortnightly, Self::Monthly, Self::Annually];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Weekly => "weekly",
            Self::Fortnightly => "fortnightly",
            Self::Monthly => "monthly",
            Self::Annually => "annually",
        }
    }

    /// Finds a frequency by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|frequency| frequency.name() == name)
    }
}

/// A standing permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Its id: the token that it is charged by.
    pub id: AgreementId,
    /// Who may charge.
    pub merchant: MerchantId,
    /// Whose wallet holds the instrument.
    pub wallet: WalletId,
    /// The shopper who agreed.
    pub shopper: ShopperId,
    /// What is charged.
    pub instrument: InstrumentId,
    /// What it is for.
    pub kind: AgreementKind,
    /// How often.
    pub frequency: Frequency,
    /// How much each time, as agreed.
    pub amount: Money,
    /// What it is about, in words of whoever made it.
    pub description: Option<String>,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when; for ever if nothing.
    pub ends_at: Option<Timestamp>,
    /// How often it was charged.
    pub cycle: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was last charged.
    pub used_at: Option<Timestamp>,
}

impl Agreement {
    /// Whether its last day has passed.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }

    /// Whether it may be charged at `now`.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.starts_at <= now && !self.has_ended(now)
    }

    /// Whether its end, if it has one, lies after its start and in the future: one that is made or changed at `now` must.
    pub fn can_end(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| end > now && end > self.starts_at)
    }

    /// The agreement after one more charge.
    #[must_use]
    pub fn charged(self, now: Timestamp) -> Self {
        Self { cycle: self.cycle.saturating_add(1), used_at: Some(now), ..self }
    }
}
