//! The simulated bank's two ends: its counter, which the pages show, and its notebook, which lies with the books.
//!
//! Invariant: the pages know no simulator and the simulator no database; they meet here.

use std::sync::Arc;

use florin_connect::{Call, ConnectError};
use florin_domain::{BankPaymentId, Timestamp};
use florin_pages::{BankDesk, BankSlip, DeskCall};
use florin_service::{ServiceError, notes};
use florin_sim::{Notebook, SimBank};
use florin_store::Store;

/// The bank's counter.
pub struct Counter {
    bank: Arc<SimBank>,
}

impl Counter {
    /// The counter of `bank`.
    pub const fn new(bank: Arc<SimBank>) -> Self {
        Self { bank }
    }
}

impl BankDesk for Counter {
    fn page<'a>(&'a self, payment: &'a BankPaymentId) -> DeskCall<'a, Option<BankSlip>> {
        Box::pin(async move {
            let page = self.bank.page(payment).await?;
            Ok(page.map(|page| BankSlip {
                bank: page.bank,
                payee: page.payee,
                amount: page.amount,
                reference: page.reference,
                decided: page.decided,
                return_url: page.return_url,
            }))
        })
    }

    fn decide<'a>(&'a self, payment: &'a BankPaymentId, yes: bool, now: Timestamp) -> DeskCall<'a, Option<String>> {
        Box::pin(async move { Ok(self.bank.decide(payment, yes, now).await?) })
    }
}

/// The notebook among the books.
pub struct BooksNotebook {
    store: Store,
}

impl BooksNotebook {
    /// A notebook in `store`.
    pub const fn new(store: Store) -> Self {
        Self { store }
    }
}

impl Notebook for BooksNotebook {
    fn get(&self, key: String) -> Call<'_, Option<String>> {
        Box::pin(async move { notes::get(&self.store, key).await.map_err(away) })
    }

    fn put(&self, key: String, value: String) -> Call<'_, ()> {
        Box::pin(async move { notes::put(&self.store, key, value).await.map_err(away) })
    }
}

/// A bank that cannot look into its notebook does not answer.
#[expect(clippy::needless_pass_by_value, reason = "it stands where a conversion of an owned error is asked for")]
fn away(error: ServiceError) -> ConnectError {
    ConnectError::Unavailable(error.to_string())
}
