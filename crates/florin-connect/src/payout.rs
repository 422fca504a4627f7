//! Payouts: money that Florin sends to its sellers.

use florin_domain::{Money, PayoutId, SellerId};

use crate::{Call, Connector};

/// An order to pay a seller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutOrder {
    /// The idempotency key: two orders of one id are one payout.
    pub id: PayoutId,
    /// Who is paid.
    pub seller: SellerId,
    /// How much.
    pub amount: Money,
    /// What stands on the seller's statement.
    pub reference: String,
}

/// Whoever sends money to sellers.
pub trait Payouts: Connector {
    /// Sends a payout, once an id, and returns the bank's reference.
    fn send(&self, payout: PayoutOrder) -> Call<'_, String>;
}
