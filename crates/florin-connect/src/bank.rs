//! Payments from the buyer's bank: started here, authorised on the bank's own page, then watched until they end.

use florin_domain::{BankPaymentId, Money, Timestamp};

use crate::{Call, Connector};

/// A bank that buyers can pay from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bank {
    /// What the checkout form sends.
    pub id: String,
    /// What the buyer reads.
    pub name: String,
    /// What a payment from it will come to, where that is fixed in advance: in the sandbox.
    pub outcome: Option<String>,
}

/// A payment to set up at a bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartPayment {
    /// The idempotency key: two starts of one id are one payment.
    pub id: BankPaymentId,
    /// The [`Bank::id`] chosen.
    pub bank: String,
    /// How much is to be paid.
    pub amount: Money,
    /// What stands on the payee's statement; at most 18 characters, as Faster Payments carries no more.
    pub reference: String,
    /// Who is paid, as the buyer reads it on the bank's page.
    pub payee: String,
    /// Where the bank sends the buyer afterwards, whatever the outcome.
    pub return_url: String,
    /// The present.
    pub now: Timestamp,
}

/// A payment that waits for the buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The bank's page on which the buyer authorises it.
    pub authorise_url: String,
}

/// How far a payment has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BankStatus {
    /// The buyer has not decided yet.
    AwaitingAuthorisation,
    /// Authorised; the money is on its way.
    Processing,
    /// The money has arrived. Final.
    Executed {
        /// The bank's reference, for reconciliation.
        reference: String,
    },
    /// No money will arrive. Final.
    Rejected {
        /// Why, fit to show to the buyer.
        reason: String,
    },
}

/// Open banking, or whoever speaks it for Florin.
pub trait BankPayments: Connector {
    /// The banks on offer, in the order to show them.
    fn banks(&self) -> Vec<Bank>;

    /// Sets a payment up. The same id again brings the same answer; with other terms it is `Refused`.
    fn start(&self, payment: StartPayment) -> Call<'_, Started>;

    /// How far the payment has come at `now`; `Refused` with code `unknown_payment` if it was never started.
    fn status<'a>(&'a self, id: &'a BankPaymentId, now: Timestamp) -> Call<'a, BankStatus>;

    /// Withdraws a payment that the buyer has not authorised, and tells how it stands then: `Rejected` if it was withdrawn,
    /// anything else if the buyer was quicker. After `Rejected` no money can come.
    fn withdraw<'a>(&'a self, id: &'a BankPaymentId, now: Timestamp) -> Call<'a, BankStatus>;

    /// Sends the money of an executed payment back and returns the refund's reference.
    ///
    /// A payment is refunded once, so its id is the idempotency key; a second refund of another amount is `Refused`.
    fn refund<'a>(&'a self, id: &'a BankPaymentId, amount: Money) -> Call<'a, String>;
}
