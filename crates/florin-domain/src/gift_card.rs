//! Gift cards: prepaid money that Florin itself keeps, found by number and opened by PIN.
//!
//! Invariant: what is held and what is spent never exceeds what is on the card.

use std::fmt;

use jiff::civil::Date;

use crate::Timestamp;
use crate::ledger::{Account, Entry, Transfers};
use crate::money::Money;

/// A family of gift cards, known by the first digits of their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Programme {
    /// The first six digits.
    pub prefix: &'static str,
    /// The name shoppers see.
    pub name: &'static str,
    /// Whether money on it can be held before it is taken.
    pub allows_preauth: bool,
}

/// The programmes there are.
pub const PROGRAMMES: [Programme; 2] = [
    Programme { prefix: "628000", name: "Everyday Gift Card", allows_preauth: true },
    Programme { prefix: "600300", name: "Store Gift Card", allows_preauth: false },
];

impl Programme {
    /// The programme that a number belongs to.
    pub fn of_number(number: &str) -> Option<Self> {
        PROGRAMMES.into_iter().find(|programme| number.starts_with(programme.prefix))
    }

    /// The programme of this name.
    pub fn named(name: &str) -> Option<Self> {
        PROGRAMMES.into_iter().find(|programme| programme.name == name)
    }
}

/// A gift card's number as typed: 16 to 19 digits of a known programme.
#[derive(Clone, PartialEq, Eq)]
pub struct GiftCardNumber(String);

/// A text that is no gift card's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a gift card number")]
pub struct BadGiftCardNumber;

impl GiftCardNumber {
    /// Reads a number; spaces and hyphens are dropped.
    ///
    /// # Errors
    /// [`BadGiftCardNumber`] unless it is 16 to 19 digits of a known programme.
    pub fn parse(text: &str) -> Result<Self, BadGiftCardNumber> {
        let digits: String = text.chars().filter(|character| !matches!(character, ' ' | '-')).take(20).collect();
        let clean = (16..=19).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if clean && Programme::of_number(&digits).is_some() { Ok(Self(digits)) } else { Err(BadGiftCardNumber) }
    }

    /// The whole number.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The last four digits, which may be shown.
    pub fn suffix(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }
}

/// Prints nothing of the number.
impl fmt::Debug for GiftCardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GiftCardNumber(..)")
    }
}

/// A gift card as the books hold it.
#[derive(Clone, PartialEq, Eq)]
pub struct GiftCard {
    /// Keyed digest of its number, by which it is found.
    pub fingerprint: [u8; 32],
    /// Its programme's name.
    pub programme: String,
    /// The last four digits.
    pub suffix: String,
    /// Keyed digest of its PIN.
    pub pin_hash: [u8; 32],
    /// What is on it, held money included.
    pub balance: Money,
    /// What is held for payments to come.
    pub held: Money,
    /// The last day on which it can be used.
    pub expires_on: Date,
}

impl GiftCard {
    /// What can be spent.
    pub fn available(&self) -> Money {
        self.balance.minus(self.held).unwrap_or(Money::zero(self.balance.currency()))
    }

    /// Whether its last day has passed.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_on < now.sydney_date()
    }

    /// The entry that puts the money on a new card into the books; the card is named by its programme and last digits.
    pub fn issued(&self, now: Timestamp) -> Entry {
        let owner = self.programme.as_str();
        Transfers::new("gift_card_issued", &format!("{owner} {}", self.suffix), now)
            .debit_credit(self.balance, (Account::GiftCardFunding, owner), (Account::GiftCardLiability, owner))
            .done()
    }
}

/// Prints what may be shown.
impl fmt::Debug for GiftCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GiftCard").field("programme", &self.programme).field("suffix", &self.suffix).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_belongs_to_a_programme_by_its_first_digits() {
        let number = GiftCardNumber::parse("6280 0030 9079 1562 689").unwrap();
        assert_eq!(
            (number.suffix(), Programme::of_number(number.expose()).map(|programme| programme.allows_preauth)),
            ("2689", Some(true))
        );
        for bad in ["", "6280003090", "4242424242424242", "62800030907915626890", "628000309079156268x"] {
            assert_eq!(GiftCardNumber::parse(bad), Err(BadGiftCardNumber), "{bad}");
        }
        assert_eq!(format!("{number:?}"), "GiftCardNumber(..)");
    }
}
