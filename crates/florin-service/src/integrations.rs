//! What shops' plugins report of themselves: kept, so that an operator can help; nothing depends on it.

use florin_domain::{SellerId, Timestamp};
pub use florin_store::IntegrationEvent;
use florin_store::Tx;

use crate::ServiceError;

/// Keeps a plugin's reports.
///
/// # Errors
/// Only if the store fails.
pub fn record(tx: &mut Tx<'_>, seller: SellerId, events: &[IntegrationEvent], now: Timestamp) -> Result<(), ServiceError> {
    for event in events {
        tx.insert_integration_event(seller, event, now)?;
    }
    Ok(())
}
