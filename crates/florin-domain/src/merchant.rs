//! Merchants: sellers that take cards and wallets, and what they allow.
//!
//! A merchant is a [seller](crate::seller) with a retail account; its money is the seller's.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::id::BadId;
use crate::money::Money;
use crate::{SellerId, Timestamp};

/// The short name a merchant is known by on the wire: `10006`, `petculture`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MerchantId(String);

/// The longest id.
const ID_MAX: usize = 20;
/// The highest fee, in hundredths of a percent.
pub const FEE_BPS_MAX: u32 = 1_000;

impl MerchantId {
    /// Reads an id.
    ///
    /// # Errors
    /// [`BadId`] unless it is 1 to 20 of `A–Z a–z 0–9 - _`.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        let clean = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if clean && (1..=ID_MAX).contains(&text.len()) { Ok(Self(text.to_owned())) } else { Err(BadId) }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MerchantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What to do with a payment whose client reference was used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateReferences {
    /// Take it: references are the merchant's own business.
    Accept,
    /// Refuse it.
    Reject,
}

/// A merchant's retail account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merchant {
    /// Its id on the wire.
    pub id: MerchantId,
    /// Whose it is.
    pub seller: SellerId,
    /// The name shoppers see.
    pub name: String,
    /// The origins of its pages, which may hold the card page in a frame and hear its result: `https://shop.example`.
    pub origins: Vec<String>,
    /// Where its servers call from.
    pub allowed: Vec<IpNet>,
    /// What it pays us for each sale, in hundredths of a percent.
    pub fee_bps: u32,
    /// Whether a client reference may be used twice.
    pub duplicate_references: DuplicateReferences,
    /// When the account was opened.
    pub created_at: Timestamp,
}

impl Merchant {
    /// Whether its servers may call from `address`. An IPv4 address in IPv6 clothes is the IPv4 address.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed.iter().any(|network| network.contains(&address))
    }

    /// The fee on a sale, rounded half up to the minor unit.
    pub fn fee(&self, amount: Money) -> Money {
        fee(self.fee_bps, amount)
    }
}

/// The fee of `fee_bps` hundredths of a percent on a sale, rounded half up to the minor unit.
pub fn fee(fee_bps: u32, amount: Money) -> Money {
    let exact = i128::from(amount.minor()) * i128::from(fee_bps);
    let rounded = (exact + 5_000).div_euclid(10_000);
    Money::new(i64::try_from(rounded).unwrap_or(i64::MAX), amount.currency())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_allowed_by_its_network_in_either_family() {
        let networks = ["203.0.113.0/24", "2001:db8::/32"].map(|text| text.parse().unwrap());
        let merchant = Merchant {
            id: MerchantId::parse("10006").unwrap(),
            seller: SellerId::from_random([1; 16]),
            name: "Shop".to_owned(),
            origins: Vec::new(),
            allowed: networks.to_vec(),
            fee_bps: 0,
            duplicate_references: DuplicateReferences::Accept,
            created_at: Timestamp::from_micros(0),
        };
        for (address, expected) in
            [("203.0.113.9", true), ("::ffff:203.0.113.9", true), ("203.0.114.1", false), ("2001:db8::1", true), ("::1", false)]
        {
            assert_eq!(merchant.allows(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn ids_are_short_and_plain() {
        assert!(MerchantId::parse("petculture").is_ok());
        for bad in ["", "a b", "123456789012345678901", "é", "a/b"] {
            assert_eq!(MerchantId::parse(bad), Err(BadId), "{bad}");
        }
    }
}
