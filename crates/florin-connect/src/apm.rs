//! Checkouts at pay-later providers: opened here, decided there by the shopper, paid through the card acquirer.
//!
//! Invariant: nothing here prints a checkout's token.

use std::fmt;

use florin_domain::Money;
use florin_domain::apm::ApmProvider;

use crate::{Call, Connector};

/// A checkout to be opened.
#[derive(Debug, Clone)]
pub struct OpenCheckout<'a> {
    /// The idempotency key: two orders of one key are one checkout.
    pub key: String,
    /// At which provider.
    pub provider: ApmProvider,
    /// How much it is for.
    pub amount: Money,
    /// Who is paid.
    pub merchant: &'a str,
    /// The merchant's order number.
    pub reference: &'a str,
    /// Where the shopper goes afterwards.
    pub return_url: Option<&'a str>,
}

/// A checkout that the provider opened.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenedCheckout {
    /// What it is paid with, once the shopper has approved it.
    pub token: String,
    /// The page on which the shopper decides.
    pub page: String,
}

/// Prints the page and nothing of the token.
impl fmt::Debug for OpenedCheckout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedCheckout").field("page", &self.page).finish_non_exhaustive()
    }
}

/// Whoever speaks to pay-later providers for Florin.
pub trait ApmProviders: Connector {
    /// Opens a checkout; `Refused` if the provider does not want it.
    fn open<'a>(&'a self, order: OpenCheckout<'a>) -> Call<'a, OpenedCheckout>;

    /// Whether the shopper's decision is made on a page of this server, so that it is known here before anything is paid.
    /// Where it is not, the acquirer refuses what the shopper has not approved.
    fn decided_here(&self) -> bool;
}
