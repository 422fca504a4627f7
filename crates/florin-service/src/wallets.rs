//! Accounts at wallet providers, brought into a shopper's wallet.
//!
//! Invariant: the provider is asked before anything is written; its token is sealed and shown to nobody.

use std::fmt;

use florin_connect::{WalletAccount, WalletProvider};
use florin_domain::instrument::{Instrument, InstrumentId, InstrumentKind};
use florin_domain::{InstrumentToken, Timestamp, WalletId};
use florin_store::Tx;

use crate::caller::ShopperCaller;
use crate::instruments::{Entrant, Home, admit, find_for};
use crate::{Context, Cx, ServiceError};

/// Among which values an account is found again.
const ACCOUNTS: &str = "wallet accounts";
/// The longest token that is taken to a provider, in bytes.
const TOKEN_MAX: usize = 16_384;

/// An account to be brought in.
#[derive(Clone)]
pub struct AddAccount {
    /// At which provider.
    pub provider: WalletProvider,
    /// What the shopper brought from there.
    pub token: String,
    /// Whether it is to be paid with first.
    pub primary: bool,
    /// The instrument whose account is renewed by it.
    pub replaces: Option<Replaces>,
}

/// Prints nothing of the token.
impl fmt::Debug for AddAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddAccount").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// Names the instrument that is renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaces {
    /// By its id.
    Instrument(InstrumentId),
    /// By its token.
    Token(InstrumentToken),
}

/// Brings an account into the caller's wallet; a guest's is gone with the token. Of the kinds that are single, the one that is
/// there is renewed, under its old id and token.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `token`; [`ServiceError::Refused`] `refused_outside` when the provider does not know it;
/// [`ServiceError::NotFound`] if the instrument to be renewed is not there.
pub async fn add(cx: &Cx, caller: &ShopperCaller, ask: AddAccount) -> Result<Instrument, ServiceError> {
    if ask.token.is_empty() || ask.token.len() > TOKEN_MAX {
        return Err(ServiceError::invalid("token", "must be 1 to 16,384 bytes"));
    }
    let (wallet, kind, now, cx2) = (caller.wallet, kind_of(ask.provider), cx.clock.now(), cx.clone());
    let (home, replaces) = (Home::of(caller), ask.replaces.clone());
    // Looked at first, so that no token is spent at its provider for nothing.
    cx.store.read(move |tx: &mut Tx<'_>| renewed(tx, wallet, kind, replaces.as_ref(), now)).await?;
    let account = cx.world.wallets.exchange(ask.provider, &ask.token).await?;
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let renews = renewed(tx, wallet, kind, ask.replaces.as_ref(), now)?;
            let entrant = Entrant { primary: ask.primary, renews, ..entrant(&cx2, ask.provider, &account) };
            admit(&cx2, tx, &home, &entrant, now)
        })
        .await
}

/// The instrument that is to be renewed, if one is named.
fn renewed(
    tx: &mut Tx<'_>,
    wallet: WalletId,
    kind: InstrumentKind,
    replaces: Option<&Replaces>,
    now: Timestamp,
) -> Result<Option<InstrumentId>, ServiceError> {
    let found = match replaces {
        None => return Ok(None),
        Some(Replaces::Instrument(id)) => find_for(tx, wallet, Some(id), None, now)?,
        Some(Replaces::Token(token)) => find_for(tx, wallet, None, Some(*token), now)?,
    };
    let found = found.filter(|found| found.kind == kind).ok_or(ServiceError::NotFound("instrument"))?;
    Ok(Some(found.id))
}

/// An account as it comes into a wallet.
pub(crate) fn entrant<'a>(cx: &Context, provider: WalletProvider, account: &'a WalletAccount) -> Entrant<'a> {
    let name = format!("{}/{}/{}", provider.name(), account.customer, account.account);
    Entrant {
        kind: kind_of(provider),
        network: account.scheme.clone(),
        bin: None,
        suffix: account.suffix.clone(),
        expiry: account.expiry,
        code_checked: false,
        account: Some(account.account.clone()),
        customer: Some(account.customer.clone()),
        fingerprint: cx.keeper.fingerprint(ACCOUNTS, name.as_bytes()),
        secret: account.token.as_bytes(),
        primary: false,
        renews: None,
    }
}

const fn kind_of(provider: WalletProvider) -> InstrumentKind {
    match provider {
        WalletProvider::PayPal => InstrumentKind::PayPal,
        WalletProvider::GooglePay => InstrumentKind::GooglePay,
        WalletProvider::ApplePay => InstrumentKind::ApplePay,
        WalletProvider::AndroidPay => InstrumentKind::AndroidPay,
    }
}
