//! Notes of the simulated world: what its bank remembers over a restart. Empty in production.

use crate::{ServiceError, Store, Tx};

/// Reads a note.
///
/// # Errors
/// Only if the store fails.
pub async fn get(store: &Store, name: String) -> Result<Option<String>, ServiceError> {
    store.read(move |tx: &mut Tx<'_>| Ok(tx.sim_note(&name)?)).await
}

/// Writes a note over the old one.
///
/// # Errors
/// Only if the store fails.
pub async fn put(store: &Store, name: String, value: String) -> Result<(), ServiceError> {
    store.write(move |tx: &mut Tx<'_>| Ok(tx.set_sim_note(&name, &value)?)).await
}
