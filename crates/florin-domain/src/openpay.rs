//! Openpay: purchases that a shopper shows as a barcode at a till, and pays for in instalments to Openpay.
//!
//! Money moves as with a card; what is particular stands here. Invariant: a [`Barcode`] prints nothing of itself, because
//! whoever reads it can spend it.

use std::fmt;

use crate::id::BadId;
use crate::money::Money;
use crate::movement::Reference;
use crate::time::Timestamp;

/// The longest barcode.
const BARCODE_MAX: usize = 64;
/// The shortest.
const BARCODE_MIN: usize = 6;

/// What a shopper shows at the till.
#[derive(Clone, PartialEq, Eq)]
pub struct Barcode(String);

impl Barcode {
    /// Reads what a scanner sent.
    ///
    /// # Errors
    /// [`BadId`] unless it is 6 to 64 of `A–Z a–z 0–9 -`.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        let clean = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if clean && (BARCODE_MIN..=BARCODE_MAX).contains(&text.len()) { Ok(Self(text.to_owned())) } else { Err(BadId) }
    }

    /// The whole barcode.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The last four characters, which may be shown.
    pub fn suffix(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }
}

/// Prints nothing of the barcode.
impl fmt::Debug for Barcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Barcode(..)")
    }
}

/// The account that Openpay bills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenpayAccount {
    /// Its id there.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The Australian Business Number of whoever holds it.
    pub abn: String,
}

/// What Openpay says of something that it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenpayPlan {
    /// Its id of what it did, by which the money is moved later.
    pub transaction: String,
    /// Its id of the purchase that this is about.
    pub order: String,
    /// How the shopper pays: `INSTALMENTS`.
    pub method: String,
    /// When it did it.
    pub created_at: Timestamp,
    /// Whom it bills, if the shopper buys for a business.
    pub account: Option<OpenpayAccount>,
}

/// What is particular to one movement of Openpay's: what the till said, and what Openpay answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenpayPart {
    /// The movement.
    pub reference: Reference,
    /// The shop that it was asked for in.
    pub store: Option<String>,
    /// Through which channel the shop sells.
    pub channel: Option<String>,
    /// How much of the amount is goods and services tax.
    pub gst: Option<Money>,
    /// Why money is given back.
    pub reason: Option<String>,
    /// What Openpay answered, once it did something.
    pub plan: Option<OpenpayPlan>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_barcode_is_plain_and_shows_its_end_alone() {
        let barcode = Barcode::parse("690000000017").unwrap();
        assert_eq!((barcode.suffix(), format!("{barcode:?}").as_str()), ("0017", "Barcode(..)"));
        for bad in ["", "69000", "6900 0000", "é90000", &"6".repeat(65)] {
            assert_eq!(Barcode::parse(bad), Err(BadId), "{bad}");
        }
    }
}
