//! The sandbox bank's counter: what its page shows, and where its customer's answer goes.
//!
//! Invariant: pages know no simulator; the program puts the one it has behind this trait.

use std::future::Future;
use std::pin::Pin;

use florin_domain::{BankPaymentId, Money, Timestamp};
use florin_service::ServiceError;

/// An answer that comes later.
pub type DeskCall<'a, T> = Pin<Box<dyn Future<Output = Result<T, ServiceError>> + Send + 'a>>;

/// What a bank's page shows its customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankSlip {
    /// The bank's name.
    pub bank: String,
    /// Who is paid.
    pub payee: String,
    /// How much.
    pub amount: Money,
    /// What stands on the payee's statement.
    pub reference: String,
    /// Whether the customer authorised it, once that is known.
    pub decided: Option<bool>,
    /// Where the customer goes afterwards.
    pub return_url: String,
}

/// The bank behind the sandbox's bank page.
pub trait BankDesk: Send + Sync {
    /// What the page of `payment` shows; nothing if the bank has no such payment.
    fn page<'a>(&'a self, payment: &'a BankPaymentId) -> DeskCall<'a, Option<BankSlip>>;

    /// Takes the customer's yes or no. Comes back with where to go; nothing if the bank has no such payment.
    /// Safe to repeat: the first answer stands.
    fn decide<'a>(&'a self, payment: &'a BankPaymentId, yes: bool, now: Timestamp) -> DeskCall<'a, Option<String>>;
}
