//! Instruments in shoppers' wallets: listed, found for a payment, verified, imported, removed.
//!
//! Invariants: another wallet's instrument does not exist; a guest's is never listed; what is secret leaves sealed.

mod admission;
mod takeover;
mod unsealed;
mod verification;

use std::collections::HashMap;

use florin_domain::agreement::Agreement;
use florin_domain::instrument::{Instrument, InstrumentId, InstrumentStatus};
use florin_domain::shopper::{ShopperId, WalletKind};
use florin_domain::{InstrumentToken, Timestamp, WalletId};
use florin_store::Tx;

pub(crate) use self::admission::{Entrant, Home, admit, admit_bought, admit_once};
pub use self::takeover::{ImportCard, ImportOrder, ImportPayPal, ImportResult, Imported, ImportedCard, import};
pub(crate) use self::unsealed::{Unsealed, barcode_and_pin, unseal};
pub use self::verification::{Verified, VerifiedItem, VerifyItem, verify};
use crate::caller::{MerchantCaller, ShopperCaller, wallet_of};
use crate::idempotency::{self, IdempotencyKey};
use crate::{Cx, ServiceError, in_doubt, preferences};

/// What a wallet holds.
#[derive(Debug, Clone)]
pub struct Wallet {
    /// What can be paid with, oldest first.
    pub instruments: Vec<Instrument>,
    /// The standing permissions, each with its instrument if that is still there.
    pub agreements: Vec<(Agreement, Option<Instrument>)>,
}

/// What a wallet holds, without what is not kept: guests' instruments, and gift cards for one payment.
///
/// # Errors
/// Only if the store fails.
pub fn list(tx: &mut Tx<'_>, wallet: WalletId, now: Timestamp) -> Result<Wallet, ServiceError> {
    let mut instruments = tx.list_instruments(wallet)?;
    instruments.retain(|instrument| is_kept(instrument) && instrument.is_there(now));
    let by_id: HashMap<_, _> = instruments.iter().map(|instrument| (instrument.id.clone(), instrument.clone())).collect();
    let agreements = tx.list_agreements(wallet)?.into_iter();
    let agreements =
        agreements.map(|agreement| (by_id.get(&agreement.instrument).cloned(), agreement)).map(|(found, agreement)| (agreement, found));
    Ok(Wallet { agreements: agreements.collect(), instruments })
}

/// Whether an instrument stays in its wallet.
fn is_kept(instrument: &Instrument) -> bool {
    !instrument.kind.is_for_once() && instrument.gone_at.is_none() && instrument.status != InstrumentStatus::Transient
}

/// Finds what the caller names, by id, by token, or by both, which must agree. A guest's wallet is the token's own, so that
/// what is not kept is found in it and nowhere else.
///
/// # Errors
/// Only if the store fails.
pub fn find_for(
    tx: &mut Tx<'_>,
    wallet: WalletId,
    id: Option<&InstrumentId>,
    token: Option<InstrumentToken>,
    now: Timestamp,
) -> Result<Option<Instrument>, ServiceError> {
    let found = match (id, token) {
        (Some(id), _) => tx.find_instrument(id)?,
        (None, Some(token)) => tx.find_instrument_by_token(token)?,
        (None, None) => None,
    };
    let is_meant = |found: &Instrument| found.wallet == wallet && token.is_none_or(|token| found.token == token) && found.is_there(now);
    Ok(found.filter(is_meant))
}

/// Takes an instrument out of the caller's wallet; with a key, once a key.
///
/// # Errors
/// [`ServiceError::NotFound`]; [`ServiceError::Unavailable`] while the outcome of a payment with it is not known;
/// [`ServiceError::KeyReused`].
pub async fn remove(cx: &Cx, caller: &ShopperCaller, instrument: &InstrumentId, key: Option<IdempotencyKey>) -> Result<(), ServiceError> {
    let (wallet, id, now) = (caller.wallet, instrument.clone(), cx.clock.now());
    let find = move |tx: &mut Tx<'_>| find_for(tx, wallet, Some(&id), None, now)?.ok_or(ServiceError::NotFound("instrument"));
    let (find2, key2) = (find.clone(), key.clone());
    let is_done = cx.store.read(move |tx: &mut Tx<'_>| {
        let is_done = idempotency::made(tx, key2.as_ref())?.is_some();
        if is_done { Ok(true) } else { find2(tx).map(|_| false) }
    });
    if is_done.await? {
        return Ok(());
    }
    // The acquirer is asked outside, before the row goes.
    in_doubt::settle_instrument(cx, instrument).await?;
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            idempotency::do_once(tx, key.as_ref(), now, |tx| {
                let found = find(tx)?;
                in_doubt::must_be_settled(tx, &found.id)?;
                tx.remove_instrument(&found.id)?;
                Ok(())
            })
        })
        .await
}

/// Deletes all that a wallet holds.
///
/// # Errors
/// [`ServiceError::Unavailable`] while the outcome of a payment from it is not known.
pub async fn delete_wallet(cx: &Cx, caller: &MerchantCaller, shopper: &ShopperId, kind: WalletKind) -> Result<(), ServiceError> {
    let wallet = wallet_of(&caller.merchant.id, shopper, kind);
    let held = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.list_instruments(wallet)?)).await?;
    for instrument in held {
        in_doubt::settle_instrument(cx, &instrument.id).await?;
    }
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            for instrument in tx.list_instruments(wallet)? {
                in_doubt::must_be_settled(tx, &instrument.id)?;
            }
            tx.remove_wallet(wallet)?;
            tx.remove_open_captures(wallet)?;
            tx.remove_preferences(&preferences::wallet_owner(wallet))?;
            tx.remove_acceptances(wallet)?;
            Ok(())
        })
        .await
}
