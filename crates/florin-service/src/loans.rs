//! Loans, as an operator looks at them.

use florin_domain::OrderId;
use florin_domain::loan::Loan;
use florin_store::Tx;

use crate::ServiceError;

/// The loan that paid an order, with its instalments, if the order was paid with credit.
///
/// # Errors
/// Only if the store fails.
pub fn find_by_order(tx: &mut Tx<'_>, order: OrderId) -> Result<Option<Loan>, ServiceError> {
    Ok(tx.find_loan_by_order(order)?)
}
