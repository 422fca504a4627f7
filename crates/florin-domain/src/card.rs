//! Cards: numbers and expiry dates, checked by their form.
//!
//! Invariant: a [`CardNumber`] prints nothing of itself; only the vault and an acquirer may see it whole.

use std::fmt;

use crate::{CardId, Timestamp};

/// A card number of 12 to 19 digits with a right check digit.
#[derive(Clone, PartialEq, Eq)]
pub struct CardNumber(String);

/// What is wrong with a card's details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// Not a card number: wrong length, or the check digit says that a digit is mistyped.
    #[error("is not a valid card number")]
    BadNumber,
    /// Not a month and year.
    #[error("is not a month and year such as 09/29")]
    BadExpiry,
    /// The card has run out.
    #[error("is in the past")]
    Expired,
    /// Not three or four digits.
    #[error("is not three or four digits")]
    BadCvc,
}

impl CardNumber {
    /// Reads a number; spaces and hyphens are dropped.
    ///
    /// # Errors
    /// [`CardError::BadNumber`] unless it is 12 to 19 digits that pass the Luhn check.
    pub fn parse(text: &str) -> Result<Self, CardError> {
        let digits: String = text.chars().filter(|character| !matches!(character, ' ' | '-')).take(20).collect();
        let clean = (12..=19).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if clean && passes_luhn(&digits) { Ok(Self(digits)) } else { Err(CardError::BadNumber) }
    }

    /// The scheme by its first digits.
    pub fn brand(&self) -> &'static str {
        let prefix = |length: usize| self.0[..length].parse::<u32>().unwrap_or(0);
        match (prefix(1), prefix(2), prefix(4)) {
            (4, _, _) => "visa",
            (_, 51..=55, _) | (_, _, 2221..=2720) => "mastercard",
            (_, 34 | 37, _) => "amex",
            (_, 35, _) => "jcb",
            (_, 36 | 38 | 39, _) | (_, _, 3000..=3059) => "diners",
            _ => "card",
        }
    }

    /// The last four digits, which may be shown.
    pub fn last4(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }

    /// The whole number.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardNumber(..)")
    }
}

/// The digit that makes `digits`, with it at the end, pass the Luhn check.
pub fn check_digit(digits: &str) -> char {
    ('0'..='9').find(|last| passes_luhn(&format!("{digits}{last}"))).unwrap_or('0')
}

fn passes_luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, byte)| {
            let digit = u32::from(byte - b'0');
            let doubled = if index % 2 == 1 { digit * 2 } else { digit };
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The month in which a card runs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CardExpiry {
    /// Four digits.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
}

impl CardExpiry {
    /// Reads `09/29`, `9/2029`, `09 / 29` or `0929`.
    ///
    /// # Errors
    /// [`CardError::BadExpiry`] for anything else; [`CardError::Expired`] if the month has passed at `now`.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, CardError> {
        let compact: String = text.chars().filter(|character| !character.is_whitespace()).take(8).collect();
        let (month, year) = compact.split_once(['/', '-']).or_else(|| compact.split_at_checked(2)).ok_or(CardError::BadExpiry)?;
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u16>().ok()).flatten();
        let (month, digits) = (number(month).ok_or(CardError::BadExpiry)?, year.len());
        let year = match (number(year), digits) {
            (Some(year), 2) => 2000 + year,
            (Some(year), 4) => year,
            _ => return Err(CardError::BadExpiry),
        };
        let month = u8::try_from(month).ok().filter(|month| (1..=12).contains(month)).ok_or(CardError::BadExpiry)?;
        let expiry = Self { year, month };
        if expiry.has_passed(now) { Err(CardError::Expired) } else { Ok(expiry) }
    }

    /// Whether the whole month lies before `now`.
    pub fn has_passed(self, now: Timestamp) -> bool {
        let today = now.london_date();
        (i32::from(self.year), i32::from(self.month)) < (i32::from(today.year()), i32::from(today.month()))
    }
}

/// A card kept for repayments, without its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its id.
    pub id: CardId,
    /// Its scheme.
    pub brand: String,
    /// Its last four digits.
    pub last4: String,
    /// When it runs out.
    pub expiry: CardExpiry,
    /// The number as the vault sealed it.
    pub sealed: Vec<u8>,
    /// When it was kept.
    pub created_at: Timestamp,
}

/// Checks a card verification code.
///
/// # Errors
/// [`CardError::BadCvc`] unless it is three or four digits.
pub fn check_cvc(text: &str) -> Result<(), CardError> {
    let clean = (3..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if clean { Ok(()) } else { Err(CardError::BadCvc) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_255_800_000_000); // November 2026.

    #[test]
    fn numbers_are_read_with_or_without_spaces_and_checked() {
        let card = CardNumber::parse("4242 4242-4242 4242").unwrap();
        assert_eq!((card.expose(), card.brand(), card.last4()), ("4242424242424242", "visa", "4242"));
        for bad in ["4242424242424241", "", "4242", "42424242424242424242", "abcd efgh ijkl", "４２４２"] {
            assert_eq!(CardNumber::parse(bad), Err(CardError::BadNumber), "{bad}");
        }
        assert_eq!(format!("{card:?}"), "CardNumber(..)");
    }

    #[test]
    fn expiries_are_read_in_the_forms_people_type() {
        let expected = CardExpiry { year: 2029, month: 9 };
        for text in ["09/29", "9/29", "09/2029", "09 / 29", "0929", "09-29"] {
            assert_eq!(CardExpiry::parse(text, NOW), Ok(expected), "{text}");
        }
        for bad in ["", "13/29", "0/29", "ab/cd", "09/299", "é/29", "+9/29"] {
            assert_eq!(CardExpiry::parse(bad, NOW), Err(CardError::BadExpiry), "{bad}");
        }
        assert_eq!(CardExpiry::parse("10/26", NOW), Err(CardError::Expired));
        assert!(CardExpiry::parse("11/26", NOW).is_ok(), "a card is good to the end of its month");
    }

    proptest! {
        #[test]
        fn no_text_makes_a_card_form_panic(text in "\\PC{0,24}") {
            let _ = (CardNumber::parse(&text), CardExpiry::parse(&text, NOW), check_cvc(&text));
        }
    }
}
