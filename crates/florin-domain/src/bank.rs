//! Bank payments: money that a buyer's bank sends for an order.
//!
//! Invariant: money that arrives is booked once: to the order if it still waits, else owed back to the payer.

use crate::ledger::{Account, Entry, Transfers};
use crate::money::Money;
use crate::time::Timestamp;
use crate::{BankPaymentId, OrderId};

/// The longest reference that a bank carries.
const REFERENCE_MAX: usize = 18;

/// The seller's reference as a bank carries it: letters, digits and a few signs, 18 at the most.
pub fn bank_reference(reference: &str) -> String {
    let clean: String =
        reference.chars().filter(|sign| sign.is_ascii_alphanumeric() || " -./".contains(*sign)).take(REFERENCE_MAX).collect();
    if clean.trim().is_empty() { "ORDER".to_owned() } else { clean.trim().to_owned() }
}

/// One attempt to pay an order from a bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankPayment {
    /// Its id, which is also its idempotency key at the bank.
    pub id: BankPaymentId,
    /// The order.
    pub order: OrderId,
    /// The bank that the buyer chose.
    pub bank: String,
    /// What is to be paid.
    pub amount: Money,
    /// When the buyer chose.
    pub created_at: Timestamp,
    /// Where it stands.
    pub state: BankPaymentState,
}

/// Where a bank payment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BankPaymentState {
    /// Decided here, not yet known to have reached the bank.
    Starting,
    /// The buyer is at the bank's page.
    AwaitingAuthorisation {
        /// The page.
        authorise_url: String,
    },
    /// Authorised; the bank has not sent the money yet.
    Processing,
    /// The money came and paid the order. Final.
    Executed {
        /// When.
        at: Timestamp,
        /// The bank's reference.
        reference: String,
    },
    /// No money came and none will. Final.
    Failed {
        /// When that was known.
        at: Timestamp,
        /// Why, for the buyer.
        reason: String,
    },
    /// The money came for an order that had ended; it is on its way back.
    Returning {
        /// When it came.
        at: Timestamp,
        /// The bank's reference.
        reference: String,
    },
    /// The money went back to the payer. Final.
    Returned {
        /// When it went back.
        at: Timestamp,
        /// The bank's reference of the return.
        reference: String,
    },
}

impl BankPaymentState {
    /// The name kept in the books.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::AwaitingAuthorisation { .. } => "awaiting_authorisation",
            Self::Processing => "processing",
            Self::Executed { .. } => "executed",
            Self::Failed { .. } => "failed",
            Self::Returning { .. } => "returning",
            Self::Returned { .. } => "returned",
        }
    }

    /// Whether the bank may still send money.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Starting | Self::AwaitingAuthorisation { .. } | Self::Processing)
    }
}

/// A bank payment moved with the ledger entry that belongs to the move.
#[must_use = "a change does nothing until a store transaction saves it"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankPaymentChange {
    /// The payment after the move.
    pub payment: BankPayment,
    /// The entry, without legs when no money moved or the order's own change books it.
    pub entry: Entry,
}

impl BankPayment {
    /// Moves without money: the books are not touched.
    pub fn moves(self, state: BankPaymentState, now: Timestamp) -> BankPaymentChange {
        let entry = Transfers::new("bank_payment_moved", &self.id, now).done();
        BankPaymentChange { payment: Self { state, ..self }, entry }
    }

    /// Money came for an order that had ended: it is owed back.
    pub fn comes_too_late(self, reference: String, now: Timestamp) -> BankPaymentChange {
        let entry = Transfers::new("bank_payment_unclaimed", &self.id, now)
            .debit_credit(self.amount, (Account::BankClearing, ""), (Account::Returns, ""))
            .done();
        BankPaymentChange { payment: Self { state: BankPaymentState::Returning { at: now, reference }, ..self }, entry }
    }

    /// The money went back.
    pub fn goes_back(self, reference: String, now: Timestamp) -> BankPaymentChange {
        let entry = Transfers::new("bank_payment_returned", &self.id, now)
            .debit_credit(self.amount, (Account::Returns, ""), (Account::BankClearing, ""))
            .done();
        BankPaymentChange { payment: Self { state: BankPaymentState::Returned { at: now, reference }, ..self }, entry }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bank_gets_a_reference_that_it_can_carry() {
        assert_eq!(bank_reference("#order1"), "order1");
        assert_eq!(bank_reference("000000123"), "000000123");
        assert_eq!(bank_reference("a reference that is far too long"), "a reference that i");
        assert_eq!(bank_reference("€€€"), "ORDER");
    }
}
