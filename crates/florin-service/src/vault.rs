//! The master key: changed while servers go on working.
//!
//! Only the data keys are wrapped anew; what they sealed stays as it is. Invariant: at every moment each data key is wrapped by
//! the old master key or by the new one, so that a server that knows both can open everything.

use std::sync::Arc;

use florin_store::{Store, Tx};
use florin_vault::{MasterKey, Random, Vault};

use crate::ServiceError;

/// How many data keys are wrapped anew in one transaction, so that no other write waits long.
const PAGE: usize = 100;
/// How often the keys are gone through: a server that still writes under the old key may add one meanwhile.
const ROUNDS_MAX: usize = 10;

/// Wraps every data key anew under `new`, and answers how many were. May be broken off and repeated, and run by two at once.
///
/// # Errors
/// [`ServiceError::Internal`] if a data key is under neither key, or if keys under the old one keep appearing.
pub async fn rekey(store: &Store, old: &MasterKey, new: &MasterKey) -> Result<u32, ServiceError> {
    // Never a seeded stream: two keys wrapped with one nonce would tell of each other.
    let vaults = Arc::new((Vault::new(old, Random::system()), Vault::new(new, Random::system())));
    let mut count = 0;
    for _ in 0..ROUNDS_MAX {
        let keys = store.read(|tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.list_data_keys()?)).await?;
        let left: Vec<_> = keys.into_iter().filter(|(_, wrapped)| !vaults.1.wrapped_with(wrapped)).collect();
        if left.is_empty() {
            return Ok(count);
        }
        for page in left.chunks(PAGE) {
            let (page, vaults) = (page.to_vec(), Arc::clone(&vaults));
            count += store.write(move |tx: &mut Tx<'_>| rewrap(tx, &page, &vaults)).await?;
        }
    }
    Err(ServiceError::Internal("data keys under the old master key keep appearing: give every server the new one first".to_owned()))
}

fn rewrap(tx: &mut Tx<'_>, page: &[(String, Vec<u8>)], vaults: &(Vault, Vault)) -> Result<u32, ServiceError> {
    let (old, new) = vaults;
    let mut count = 0;
    for (owner, wrapped) in page {
        let again = new.rewrap(owner, wrapped, old).map_err(|error| ServiceError::Internal(format!("the data key of {owner}: {error}")))?;
        // If it was replaced meanwhile, somebody else is at the same work, and the next round will see.
        if tx.replace_data_key(owner, wrapped, &again)? {
            count += 1;
        }
    }
    Ok(count)
}
