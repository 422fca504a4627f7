//! Preferences: how shoppers like to pay, and how merchants like things to be done.
//!
//! Kept in words of our own. Invariant: what is kept can be acted on; what cannot is refused when it comes.

use std::collections::BTreeMap;

use florin_domain::instrument::InstrumentId;
use florin_domain::split::{PaymentPreferences, SecondaryOrder, SecondaryPreference};
use florin_domain::{WalletId, merchant::MerchantId};
use florin_store::Tx;
use serde::{Deserialize, Serialize};

use crate::caller::{MerchantCaller, ShopperCaller};
use crate::{Cx, ServiceError, instore, qr_codes};

/// The largest preferences that are kept, in bytes.
const KEPT_MAX: usize = 16 * 1024;
/// How many instruments preferences may list.
const LISTED_MAX: usize = 100;

/// Words by group and by key.
pub type Groups = BTreeMap<String, BTreeMap<String, String>>;

/// What a shopper likes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShopperPreferences {
    /// How to pay.
    pub payments: Option<PaymentPreferences>,
    /// Whatever the merchant's app keeps.
    pub general: Option<Groups>,
}

/// As it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payments: Option<KeptPayments>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    general: Option<Groups>,
}

/// How to pay, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct KeptPayments {
    primary: Option<String>,
    secondary: Option<KeptSecondary>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct KeptSecondary {
    enabled: bool,
    order: Option<KeptOrder>,
    include: Vec<String>,
    exclude: Vec<String>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeptOrder {
    BalanceAscending,
    BalanceDescending,
    ExpiryAscending,
    ExpiryDescending,
    OldestFirst,
    NewestFirst,
    AsListed,
}

/// What a shopper likes.
///
/// # Errors
/// Only if the store fails.
pub async fn of_shopper(cx: &Cx, shopper: &ShopperCaller) -> Result<ShopperPreferences, ServiceError> {
    let home = shopper.home;
    cx.store.read(move |tx: &mut Tx<'_>| of_wallet(tx, home)).await
}

/// Keeps what a shopper likes, instead of what was kept.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `preferences`.
pub async fn keep_shopper(cx: &Cx, shopper: &ShopperCaller, preferences: ShopperPreferences) -> Result<(), ServiceError> {
    if let Some(payments) = &preferences.payments {
        must_be_short(payments)?;
    }
    let kept = Kept { payments: preferences.payments.as_ref().map(KeptPayments::of), general: preferences.general };
    keep(cx, wallet_owner(shopper.home), &kept).await
}

/// What a merchant likes.
///
/// # Errors
/// Only if the store fails.
pub async fn of_merchant(cx: &Cx, caller: &MerchantCaller) -> Result<Groups, ServiceError> {
    let merchant = caller.merchant.id.clone();
    cx.store.read(move |tx: &mut Tx<'_>| groups_of(tx, &merchant)).await
}

/// Keeps what a merchant likes, instead of what was kept.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `preferences`.
pub async fn keep_merchant(cx: &Cx, caller: &MerchantCaller, groups: Groups) -> Result<(), ServiceError> {
    qr_codes::must_be_usable(&groups)?;
    instore::exclusions_must_be_usable(&groups)?;
    keep(cx, merchant_owner(&caller.merchant.id), &groups).await
}

async fn keep(cx: &Cx, owner: String, kept: &impl Serialize) -> Result<(), ServiceError> {
    let body = serde_json::to_string(kept).map_err(|error| ServiceError::Internal(error.to_string()))?;
    if body.len() > KEPT_MAX {
        return Err(ServiceError::invalid("preferences", "must have 16384 bytes at the most"));
    }
    let now = cx.clock.now();
    cx.store.write(move |tx: &mut Tx<'_>| Ok(tx.keep_preferences(&owner, &body, now)?)).await
}

/// What the shopper of a wallet likes.
pub(crate) fn of_wallet(tx: &mut Tx<'_>, home: WalletId) -> Result<ShopperPreferences, ServiceError> {
    let Some(body) = tx.find_preferences(&wallet_owner(home))? else { return Ok(ShopperPreferences::default()) };
    let kept: Kept = serde_json::from_str(&body).map_err(|_| damaged())?;
    let payments = kept.payments.map(KeptPayments::into_preferences).transpose()?;
    Ok(ShopperPreferences { payments, general: kept.general })
}

/// What a merchant likes.
pub(crate) fn groups_of(tx: &mut Tx<'_>, merchant: &MerchantId) -> Result<Groups, ServiceError> {
    let body = tx.find_preferences(&merchant_owner(merchant))?;
    body.map_or(Ok(Groups::new()), |body| serde_json::from_str(&body).map_err(|_| damaged()))
}

/// Under which name a shopper's preferences are kept.
pub(crate) fn wallet_owner(wallet: WalletId) -> String {
    format!("wallet/{wallet}")
}

fn merchant_owner(merchant: &MerchantId) -> String {
    format!("merchant/{merchant}")
}

/// Refuses preferences that list more than anybody has.
pub(crate) fn must_be_short(preferences: &PaymentPreferences) -> Result<(), ServiceError> {
    let listed = preferences.secondary.as_ref().map_or(0, |secondary| secondary.include.len() + secondary.exclude.len());
    if listed > LISTED_MAX { Err(ServiceError::invalid("preferences", "must list 100 instruments at the most")) } else { Ok(()) }
}

fn damaged() -> ServiceError {
    ServiceError::Internal("kept preferences cannot be read".to_owned())
}

impl KeptPayments {
    pub(crate) fn of(preferences: &PaymentPreferences) -> Self {
        let names = |ids: &[InstrumentId]| ids.iter().map(ToString::to_string).collect();
        let secondary = preferences.secondary.as_ref().map(|secondary| KeptSecondary {
            enabled: secondary.enabled,
            order: secondary.order.map(KeptOrder::of),
            include: names(&secondary.include),
            exclude: names(&secondary.exclude),
        });
        Self { primary: preferences.primary.as_ref().map(ToString::to_string), secondary }
    }

    pub(crate) fn into_preferences(self) -> Result<PaymentPreferences, ServiceError> {
        let id = |text: String| InstrumentId::parse(&text).map_err(|_| damaged());
        let ids = |texts: Vec<String>| texts.into_iter().map(id).collect::<Result<Vec<_>, _>>();
        let secondary = self.secondary.map(|secondary| {
            let KeptSecondary { enabled, order, include, exclude } = secondary;
            let order = order.map(KeptOrder::into_order);
            Ok::<_, ServiceError>(SecondaryPreference { enabled, order, include: ids(include)?, exclude: ids(exclude)? })
        });
        Ok(PaymentPreferences { primary: self.primary.map(id).transpose()?, secondary: secondary.transpose()? })
    }
}

impl KeptOrder {
    const fn of(order: SecondaryOrder) -> Self {
        match order {
            SecondaryOrder::BalanceAscending => Self::BalanceAscending,
            SecondaryOrder::BalanceDescending => Self::BalanceDescending,
            SecondaryOrder::ExpiryAscending => Self::ExpiryAscending,
            SecondaryOrder::ExpiryDescending => Self::ExpiryDescending,
            SecondaryOrder::OldestFirst => Self::OldestFirst,
            SecondaryOrder::NewestFirst => Self::NewestFirst,
            SecondaryOrder::AsListed => Self::AsListed,
        }
    }

    const fn into_order(self) -> SecondaryOrder {
        match self {
            Self::BalanceAscending => SecondaryOrder::BalanceAscending,
            Self::BalanceDescending => SecondaryOrder::BalanceDescending,
            Self::ExpiryAscending => SecondaryOrder::ExpiryAscending,
            Self::ExpiryDescending => SecondaryOrder::ExpiryDescending,
            Self::OldestFirst => SecondaryOrder::OldestFirst,
            Self::NewestFirst => SecondaryOrder::NewestFirst,
            Self::AsListed => SecondaryOrder::AsListed,
        }
    }
}
