//! Terms: what shoppers agree to.

use florin_domain::terms::Acceptance;
use florin_store::Tx;

use crate::caller::ShopperCaller;
use crate::{Cx, ServiceError};

/// The longest name of terms or of a version, in bytes.
const NAME_MAX: usize = 64;
/// How many acceptances are kept of one shopper.
const KEPT_MAX: usize = 500;

/// Keeps the shopper's word that terms are agreed to. Given again, the first one counts.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `type` or `version`; [`ServiceError::Refused`] `too_many_acceptances`.
pub async fn accept(cx: &Cx, shopper: &ShopperCaller, kind: &str, version: &str) -> Result<(), ServiceError> {
    for (field, text) in [("type", kind), ("version", version)] {
        if text.is_empty() || text.len() > NAME_MAX || text.chars().any(char::is_control) {
            return Err(ServiceError::invalid(field, "must have 1 to 64 characters"));
        }
    }
    let acceptance = Acceptance { wallet: shopper.home, kind: kind.to_owned(), version: version.to_owned(), accepted_at: cx.clock.now() };
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            if tx.list_acceptances(acceptance.wallet)?.len() >= KEPT_MAX {
                let message = "This wallet has agreed to more terms than are kept.".to_owned();
                return Err(ServiceError::Refused { code: "too_many_acceptances", message });
            }
            Ok(tx.accept_terms(&acceptance)?)
        })
        .await
}

/// What the shopper has agreed to, in the order in which it happened; of one kind or version only if that is said.
///
/// # Errors
/// Only if the store fails.
pub async fn list(
    cx: &Cx,
    shopper: &ShopperCaller,
    kind: Option<String>,
    version: Option<String>,
) -> Result<Vec<Acceptance>, ServiceError> {
    let home = shopper.home;
    let mut found = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.list_acceptances(home)?)).await?;
    found.retain(|found| {
        kind.as_ref().is_none_or(|kind| *kind == found.kind) && version.as_ref().is_none_or(|version| *version == found.version)
    });
    Ok(found)
}
