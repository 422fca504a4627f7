//! Events: what happened to an order, to be told to the seller's server.

use crate::money::Money;
use crate::order::Status;
use crate::time::Timestamp;
use crate::{OrderId, SellerId};

/// An order took a new status. Written in the transaction of the change, announced later from the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The order.
    pub order: OrderId,
    /// Its seller.
    pub seller: SellerId,
    /// Which change of this order it is, from 1 for its creation, without gaps.
    pub number: i64,
    /// The status it now has.
    pub status: Status,
    /// The order's amount.
    pub amount: Money,
    /// The seller's own reference.
    pub reference: String,
    /// When it happened.
    pub at: Timestamp,
    /// Where the seller wants to hear of it, if anywhere.
    pub webhook_url: Option<String>,
}
