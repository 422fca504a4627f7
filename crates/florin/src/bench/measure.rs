//! What is measured: one kind of work each, and what it is compared with.

use std::collections::BTreeSet;

use clap::ValueEnum;
use serde::Serialize;

/// A kind of work, in the order in which their turns are taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// A seller's server creates orders
    Create,
    /// A seller's server gets the orders that were created
    Get,
    /// A merchant's server mints tokens for many shoppers
    Mint,
    /// Shoppers list their wallets, of three cards each
    List,
    /// Shoppers pay by card
    Purchase,
    /// A merchant's server refunds those purchases in full
    Refund,
    /// Buyers walk through the checkout until they have paid, with Pay Later
    Walk,
}

impl Measure {
    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Get => "get",
            Self::Mint => "mint",
            Self::List => "list",
            Self::Purchase => "purchase",
            Self::Refund => "refund",
            Self::Walk => "walk to paid",
        }
    }

    /// The work of the reference server that it is compared with; the nearest there is.
    pub const fn counterpart(self) -> Option<Self> {
        match self {
            Self::Create | Self::Purchase => Some(Self::Create),
            Self::Get => Some(Self::Get),
            Self::Mint => Some(Self::Mint),
            Self::List | Self::Refund | Self::Walk => None,
        }
    }

    /// The share of the reference server's rate that it should reach.
    pub const fn goal(self) -> Option<f64> {
        match self {
            Self::Mint => Some(0.8),
            Self::Purchase => Some(0.35),
            Self::Create | Self::Get | Self::List | Self::Refund | Self::Walk => None,
        }
    }

    /// What has to be measured before, because this works on what that made.
    const fn basis(self) -> Option<Self> {
        match self {
            Self::Get => Some(Self::Create),
            Self::Refund => Some(Self::Purchase),
            Self::Create | Self::Mint | Self::List | Self::Purchase | Self::Walk => None,
        }
    }

    /// Whether it is done in every round; what is compared with nothing and takes a buyer's time is done in the last one only.
    pub const fn is_repeated(self) -> bool {
        !matches!(self, Self::Walk)
    }

    /// Whether it is a merchant's and its shoppers', and not a seller's and its buyers'.
    pub const fn is_retail(self) -> bool {
        matches!(self, Self::Mint | Self::List | Self::Purchase | Self::Refund)
    }

    /// Whether it takes shoppers with cards.
    pub const fn takes_shoppers(self) -> bool {
        matches!(self, Self::List | Self::Purchase | Self::Refund)
    }

    /// Those `wanted`, or all if none are named, with what they work on.
    pub fn chosen(wanted: &[Self]) -> BTreeSet<Self> {
        let wanted = if wanted.is_empty() { Self::value_variants() } else { wanted };
        wanted.iter().flat_map(|measure| [Some(*measure), measure.basis()]).flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_worked_on_is_measured_first() {
        let names = |wanted: &[Measure]| -> Vec<&str> { Measure::chosen(wanted).into_iter().map(Measure::name).collect() };
        assert_eq!(names(&[Measure::Refund, Measure::Get]), ["create", "get", "purchase", "refund"]);
        assert_eq!(names(&[Measure::Mint]), ["mint"]);
        assert_eq!(names(&[]).len(), Measure::value_variants().len());
    }
}
