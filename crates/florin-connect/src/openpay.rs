//! Openpay: what is asked of it for a barcode that was shown at a till, and what it answers.
//!
//! A connector of its own and not a means of the card acquirer's, because it is asked what no card network is asked (the
//! shop, its PIN, the tax, the reason of a refund) and answers with the purchase's particulars.
//! Invariant: an order is made once a key; nothing here prints a barcode or a PIN.

use std::fmt;

use florin_domain::openpay::OpenpayPlan;
use florin_domain::{Money, Timestamp};

use crate::{Call, Connector, Decline, MoveKind};

/// A purchase to ask for.
#[derive(Clone)]
pub struct OpenpayOrder<'a> {
    /// The idempotency key: two orders of one key are one purchase.
    pub key: String,
    /// What the shopper showed.
    pub barcode: &'a str,
    /// The shop's PIN, if it was typed.
    pub pin: Option<&'a str>,
    /// How much.
    pub amount: Money,
    /// How much of it is tax.
    pub gst: Option<Money>,
    /// Whether the money is taken at once.
    pub capture: bool,
    /// Who is paid.
    pub merchant: &'a str,
    /// The shop.
    pub store: &'a str,
    /// Through which channel it sells.
    pub channel: &'a str,
    /// The merchant's order number.
    pub reference: &'a str,
    /// When it was asked for.
    pub at: Timestamp,
}

/// Prints neither barcode nor PIN.
impl fmt::Debug for OpenpayOrder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenpayOrder").field("key", &self.key).field("amount", &self.amount).finish_non_exhaustive()
    }
}

/// Money of a purchase that is to be moved.
#[derive(Debug, Clone)]
pub struct OpenpayMove<'a> {
    /// The idempotency key: two orders of one key move the money once.
    pub key: String,
    /// The purchase, by the [`OpenpayPlan::transaction`] of the answer to it.
    pub of: &'a str,
    /// How much.
    pub amount: Money,
    /// How much of it is tax.
    pub gst: Option<Money>,
    /// Why it is given back.
    pub reason: Option<&'a str>,
    /// The merchant's order number.
    pub reference: &'a str,
    /// When it was asked for.
    pub at: Timestamp,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenpayAnswer {
    /// It was done.
    Done {
        /// The network's code: `00`.
        network_code: String,
        /// The particulars.
        plan: OpenpayPlan,
    },
    /// The answer was no; nothing was held, taken or moved.
    Declined(Decline),
}

/// Openpay, or whoever stands for it.
pub trait OpenpayProvider: Connector {
    /// Asks for a purchase.
    fn pay<'a>(&'a self, order: OpenpayOrder<'a>) -> Call<'a, OpenpayAnswer>;

    /// What became of a purchase that was asked for earlier; nothing if it never arrived.
    fn paid<'a>(&'a self, order: OpenpayOrder<'a>) -> Call<'a, Option<OpenpayAnswer>>;

    /// Takes, frees or gives back what was authorised.
    fn move_money<'a>(&'a self, kind: MoveKind, order: OpenpayMove<'a>) -> Call<'a, OpenpayAnswer>;

    /// What became of such a movement; nothing if it never arrived.
    fn moved<'a>(&'a self, kind: MoveKind, order: OpenpayMove<'a>) -> Call<'a, Option<OpenpayAnswer>>;
}
