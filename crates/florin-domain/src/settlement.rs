//! Settlements: a merchant's card sales of a day, less refunds and fees, on their way to its bank.

use crate::ledger::{Account, Entry, Transfers};
use crate::money::Money;
use crate::{SellerId, SettlementId, Timestamp};

/// Money owed to a merchant for its sales.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Its id, which is also its idempotency key at the bank.
    pub id: SettlementId,
    /// Whom it pays.
    pub seller: SellerId,
    /// How much.
    pub amount: Money,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was sent, with the bank's reference.
    pub sent: Option<(Timestamp, String)>,
}

impl Settlement {
    /// The bank took the settlement: the merchant is owed nothing more for these sales. Nothing if it was sent before.
    pub fn send(self, reference: String, now: Timestamp) -> Option<(Self, Entry)> {
        if self.sent.is_some() {
            return None;
        }
        let owner = self.seller.to_string();
        let entry = Transfers::new("settlement_sent", &self.id, now)
            .debit_credit(self.amount, (Account::MerchantPayable, &owner), (Account::PayoutClearing, ""))
            .debit_credit(self.amount, (Account::PayoutClearing, ""), (Account::BankClearing, ""))
            .done();
        Some((Self { sent: Some((now, reference)), ..self }, entry))
    }
}
