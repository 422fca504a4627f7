//! History: the movements of a wallet's money, for its owner to look back on.

use florin_store::Tx;
pub use florin_store::{HistoryFilter, HistoryItem};

use crate::{Cx, ServiceError};

/// The movements that pass the filter, newest first, and how many there are in all.
///
/// # Errors
/// Only if the store fails.
pub async fn list(cx: &Cx, filter: HistoryFilter) -> Result<(u64, Vec<HistoryItem>), ServiceError> {
    cx.store.read(move |tx: &mut Tx<'_>| Ok(tx.list_history(&filter)?)).await
}
