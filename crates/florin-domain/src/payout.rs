//! Payouts: what a seller is owed, on its way to the seller's bank.

use crate::ledger::{Account, Entry, Transfers};
use crate::money::Money;
use crate::time::Timestamp;
use crate::{OrderId, PayoutId, SellerId};

/// Money owed to a seller for one paid order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout {
    /// Its id, which is also its idempotency key at the bank.
    pub id: PayoutId,
    /// The seller.
    pub seller: SellerId,
    /// The order that it pays out.
    pub order: OrderId,
    /// How much.
    pub amount: Money,
    /// When it may leave: at once, or after the seller's hold.
    pub due_at: Timestamp,
    /// Where it stands.
    pub state: PayoutState,
}

/// Where a payout stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayoutState {
    /// Not sent yet.
    Scheduled,
    /// Sent. Final.
    Sent {
        /// When.
        at: Timestamp,
        /// The bank's reference.
        reference: String,
    },
}

impl PayoutState {
    /// The name kept in the books.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Sent { .. } => "sent",
        }
    }
}

impl Payout {
    /// The bank took the payout: the seller is owed nothing more for this order. Nothing if it was sent before.
    pub fn send(self, reference: String, now: Timestamp) -> Option<(Self, Entry)> {
        let PayoutState::Scheduled = self.state else {
            return None;
        };
        let owner = self.seller.to_string();
        let entry = Transfers::new("payout_sent", &self.id, now)
            .debit_credit(self.amount, (Account::MerchantPayable, &owner), (Account::PayoutClearing, ""))
            .debit_credit(self.amount, (Account::PayoutClearing, ""), (Account::BankClearing, ""))
            .done();
        Some((Self { state: PayoutState::Sent { at: now, reference }, ..self }, entry))
    }
}

/// A month's fees of a seller are billed: taken out of what the seller is owed.
pub fn bill_fees(seller: SellerId, total: Money, month_end: Timestamp, now: Timestamp) -> Entry {
    let owner = seller.to_string();
    Transfers::new("fees_billed", &format!("{seller}/{}", month_end.micros()), now)
        .debit_credit(total, (Account::MerchantPayable, &owner), (Account::FeesReceivable, &owner))
        .done()
}
