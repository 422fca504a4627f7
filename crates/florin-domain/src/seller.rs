//! Sellers: the merchants whose orders Florin takes and whom it pays.

use std::time::Duration;

use crate::SellerId;
use crate::loan::Term;
use crate::money::Money;
use crate::schedule::Rate;
use crate::time::{Timestamp, days};

/// The longest a payout may be held back, in days.
pub const PAYOUT_HOLD_MAX_DAYS: u32 = 14;

/// A merchant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seller {
    /// Its id, part of its addresses.
    pub id: SellerId,
    /// The name buyers see.
    pub name: String,
    /// Who pays for credit.
    pub pricing: Pricing,
    /// Days between a paid order and its payout, 0 to 14.
    pub payout_hold_days: u32,
    /// When the seller was taken on.
    pub created_at: Timestamp,
}

/// Who pays for a buyer's credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pricing {
    /// The buyer pays interest; the seller pays nothing.
    BuyerPays,
    /// The buyer pays no interest; the seller pays a share of the amount, billed at the end of the month.
    SellerPays {
        /// The share, in hundredths of a percent: 350 is 3.5 %.
        fee_bps: u32,
    },
}

impl Seller {
    /// The rate per 30 days that a buyer of this seller pays over `term`.
    pub fn rate(&self, term: Term) -> Rate {
        match self.pricing {
            Pricing::BuyerPays => term.rate(),
            Pricing::SellerPays { .. } => Rate::ZERO,
        }
    }

    /// The fee on a Pay Later order of `amount`, rounded half up to the minor unit; nothing when the buyer pays.
    pub fn fee(&self, amount: Money) -> Money {
        let fee_bps = match self.pricing {
            Pricing::BuyerPays => 0,
            Pricing::SellerPays { fee_bps } => fee_bps,
        };
        let exact = i128::from(amount.minor()) * i128::from(fee_bps);
        let rounded = (exact + 5_000).div_euclid(10_000);
        Money::new(i64::try_from(rounded).unwrap_or(i64::MAX), amount.currency())
    }

    /// How long a payout waits after the order is paid.
    pub fn payout_hold(&self) -> Duration {
        days(u64::from(self.payout_hold_days.min(PAYOUT_HOLD_MAX_DAYS)))
    }
}
