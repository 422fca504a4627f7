//! Wallet providers: what a shopper brings from one is exchanged for something that can be paid with later.
//!
//! Invariant: nothing here prints or serialises a token or whose account it is.

use std::fmt;

use florin_domain::card::CardExpiry;

use crate::{Call, Connector};

/// A provider of wallets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WalletProvider {
    /// An account at `PayPal`.
    PayPal,
    /// A card in Google Pay.
    GooglePay,
    /// A card in Apple Pay.
    ApplePay,
    /// A card in Android Pay.
    AndroidPay,
}

impl WalletProvider {
    /// Every provider.
    pub const ALL: [Self; 4] = [Self::PayPal, Self::GooglePay, Self::ApplePay, Self::AndroidPay];

    /// Its name in logs and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PayPal => "paypal",
            Self::GooglePay => "google_pay",
            Self::ApplePay => "apple_pay",
            Self::AndroidPay => "android_pay",
        }
    }
}

/// An account at a provider, ready to be paid with.
#[derive(Clone, PartialEq, Eq)]
pub struct WalletAccount {
    /// How its holder knows it: an e-mail address at `PayPal`, a masked number elsewhere.
    pub account: String,
    /// The provider's id of its holder.
    pub customer: String,
    /// The last four digits of the card behind it, if the provider tells.
    pub suffix: Option<String>,
    /// The scheme of the card behind it, in capitals.
    pub scheme: Option<String>,
    /// When the card behind it runs out.
    pub expiry: Option<CardExpiry>,
    /// What later payments are made with.
    pub token: String,
    /// Whether the card behind it is a debit card.
    pub debit: bool,
}

/// Prints nothing of the account.
impl fmt::Debug for WalletAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WalletAccount(..)")
    }
}

/// Whoever speaks to the wallet providers for Florin.
pub trait WalletProviders: Connector {
    /// Exchanges what the shopper brought from `provider` for an account; `Refused` if the provider does not know it.
    ///
    /// The same token again brings the same account.
    fn exchange<'a>(&'a self, provider: WalletProvider, token: &'a str) -> Call<'a, WalletAccount>;
}
