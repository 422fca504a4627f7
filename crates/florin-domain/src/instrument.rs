//! Instruments: what a shopper pays with. Cards, gift cards, and accounts at wallet providers.
//!
//! Invariant: what is secret of an instrument is sealed before it stands here; the rest may be shown masked.

use std::fmt;

use crate::apm::ApmProvider;
use crate::card::CardExpiry;
use crate::id::BadId;
use crate::merchant::MerchantId;
use crate::{ApmOrderId, InstrumentToken, Timestamp, WalletId};

/// An instrument's id: a number for one that is kept, a UUID for a guest's, a prefixed UUID for a pay-later checkout.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InstrumentId(String);

impl InstrumentId {
    /// The id of the `number`-th kept instrument.
    pub fn kept(number: i64) -> Self {
        Self(number.to_string())
    }

    /// The id of a checkout at a pay-later provider: `ZIP-` or `AFTERPAY-` and the checkout's own id.
    pub fn ordered(provider: ApmProvider, order: ApmOrderId) -> Self {
        Self(format!("{}-{order}", provider.prefix()))
    }

    /// The id of a guest's instrument.
    pub fn transient(token: InstrumentToken) -> Self {
        Self(token.to_string())
    }

    /// Reads an id.
    ///
    /// # Errors
    /// [`BadId`] unless it is digits, a UUID, or a UUID behind a pay-later provider's prefix.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        let is_number = (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number {
            return Ok(Self(text.to_owned()));
        }
        for provider in ApmProvider::ALL {
            if let Some(order) = text.strip_prefix(provider.prefix()).and_then(|rest| rest.strip_prefix('-')) {
                return ApmOrderId::parse(order).map(|order| Self::ordered(provider, order));
            }
        }
        InstrumentToken::parse(text).map(Self::transient)
    }

    /// The checkout at a pay-later provider that this id is of, if it is.
    pub fn order(&self) -> Option<ApmOrderId> {
        let of = |provider: ApmProvider| self.0.strip_prefix(provider.prefix())?.strip_prefix('-');
        ApmProvider::ALL.into_iter().find_map(of).and_then(|order| ApmOrderId::parse(order).ok())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstrumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What sort of thing an instrument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InstrumentKind {
    /// A credit or debit card.
    Card,
    /// A gift card of ours.
    GiftCard,
    /// An account at `PayPal`.
    PayPal,
    /// A card in Google Pay.
    GooglePay,
    /// A card in Apple Pay.
    ApplePay,
    /// A card in Android Pay.
    AndroidPay,
    /// A checkout that the shopper approved at Zip.
    ZipPay,
    /// A checkout that the shopper approved at Afterpay.
    Afterpay,
    /// A barcode of Openpay's, shown at a till.
    Openpay,
}

impl InstrumentKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Card,
        Self::GiftCard,
        Self::PayPal,
        Self::GooglePay,
        Self::ApplePay,
        Self::AndroidPay,
        Self::ZipPay,
        Self::Afterpay,
        Self::Openpay,
    ];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::GiftCard => "gift_card",
            Self::PayPal => "paypal",
            Self::GooglePay => "google_pay",
            Self::ApplePay => "apple_pay",
            Self::AndroidPay => "android_pay",
            Self::ZipPay => "zip_pay",
            Self::Afterpay => "afterpay",
            Self::Openpay => "openpay",
        }
    }

    /// Finds a kind by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether one of this kind is good for a single payment, and is in no list of a wallet.
    pub const fn is_for_once(self) -> bool {
        matches!(self, Self::ZipPay | Self::Afterpay | Self::Openpay)
    }

    /// Whether a wallet holds one of this kind at the most, which a new one replaces.
    pub const fn is_single(self) -> bool {
        matches!(self, Self::GooglePay | Self::ApplePay | Self::AndroidPay)
    }
}

/// How far an instrument is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstrumentStatus {
    /// A guest's: never listed, and gone with the guest's token.
    Transient,
    /// Kept, and not yet confirmed by its issuer.
    Unverified,
    /// Confirmed by its issuer.
    Verified,
}

impl InstrumentStatus {
    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Unverified => "unverified",
            Self::Verified => "verified",
        }
    }

    /// Finds a status by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Transient, Self::Unverified, Self::Verified].into_iter().find(|status| status.name() == name)
    }
}

/// Something in a wallet that can be paid with.
#[derive(Clone, PartialEq, Eq)]
pub struct Instrument {
    /// Its id.
    pub id: InstrumentId,
    /// The name by which it is paid with.
    pub token: InstrumentToken,
    /// Whose it is.
    pub wallet: WalletId,
    /// Where it was captured.
    pub merchant: MerchantId,
    /// What it is.
    pub kind: InstrumentKind,
    /// How far it is trusted.
    pub status: InstrumentStatus,
    /// Whether it is the one that the shopper pays with first.
    pub primary: bool,
    /// The card's scheme in capitals (`VISA`), or the gift card's programme.
    pub network: Option<String>,
    /// The first six digits of a card's number.
    pub bin: Option<String>,
    /// The last four digits of its number.
    pub suffix: Option<String>,
    /// When it runs out.
    pub expiry: Option<CardExpiry>,
    /// Whether its issuer has seen the code on the card.
    pub code_checked: bool,
    /// The account's name at its provider.
    pub account: Option<String>,
    /// The customer's name at the provider.
    pub customer: Option<String>,
    /// Keyed digest of the number: the same card is found again by it.
    pub fingerprint: [u8; 32],
    /// The number, or the provider's token, as the vault sealed it.
    pub sealed: Vec<u8>,
    /// When it was captured.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was last paid with.
    pub used_at: Option<Timestamp>,
    /// When a guest's instrument is forgotten.
    pub gone_at: Option<Timestamp>,
}

impl Instrument {
    /// Whether the month in which it runs out has passed.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expiry.is_some_and(|expiry| expiry.has_passed(now))
    }

    /// Whether it is still there for a payment at `now`.
    pub fn is_there(&self, now: Timestamp) -> bool {
        self.gone_at.is_none_or(|end| now < end)
    }
}

/// Prints what may be shown.
impl fmt::Debug for Instrument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instrument").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbers_or_uuids() {
        assert_eq!(InstrumentId::parse("90731").unwrap().as_str(), "90731");
        let token = InstrumentToken::from_random([7; 16]);
        assert_eq!(InstrumentId::parse(&token.to_string()), Ok(InstrumentId::transient(token)));
        let order = ApmOrderId::from_random([8; 16]);
        for (provider, prefix) in [(ApmProvider::ZipPay, "ZIP"), (ApmProvider::Afterpay, "AFTERPAY")] {
            let text = format!("{prefix}-{order}");
            assert_eq!(InstrumentId::parse(&text), Ok(InstrumentId::ordered(provider, order)), "{text}");
            assert_eq!(InstrumentId::ordered(provider, order).order(), Some(order));
        }
        for bad in ["", "9073x", "-1", "1234567890123456789", "ZIP-", "ZIP-1", "zip-0b0b0b0b-0b0b-4b0b-8b0b-0b0b0b0b0b0b"] {
            assert_eq!(InstrumentId::parse(bad), Err(BadId), "{bad}");
        }
    }
}
