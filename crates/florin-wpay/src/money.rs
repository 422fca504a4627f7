//! Amounts as this API writes them: JSON numbers of Australian dollars, and in one family text.
//!
//! Invariant: an amount is read from its digits and written to them, never through a float; where a number is wanted, text is
//! no amount.

use florin_domain::{Currency, Money};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

/// The largest amount of one movement: 99,999,999.99.
pub const AMOUNT_MAX: Money = Money::new(9_999_999_999, Currency::Aud);

/// An amount that a request asks for: more than nothing, and no more than [`AMOUNT_MAX`]. In an answer, any amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub Money);

impl Amount {
    /// The amount as the books know it.
    pub const fn money(self) -> Money {
        self.0
    }

    fn positive(money: Money) -> Result<Self, String> {
        if money.is_positive() { Ok(Self(money)) } else { Err("must be more than 0".to_owned()) }
    }

    /// The digits, without a needless zero: `45.5`, `100`, `2.99`.
    fn digits(self) -> String {
        let mut digits = self.0.to_decimal();
        if digits.ends_with(".0") {
            digits.truncate(digits.len() - ".0".len());
        }
        digits
    }
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self(money)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        number(json.get()).and_then(Self::positive).map_err(D::Error::custom)
    }
}

/// An amount that a request asks for, written as text: `"50.00"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmountText(pub Amount);

impl<'de> Deserialize<'de> for AmountText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return Err(D::Error::custom("must be an amount such as 50.00"));
        }
        dollars(&text).and_then(Amount::positive).map(Self).map_err(D::Error::custom)
    }
}

/// A part of an amount, which may be nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portion(pub Money);

impl<'de> Deserialize<'de> for Portion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let money = number(json.get()).map_err(D::Error::custom)?;
        if money.minor() < 0 { Err(D::Error::custom("must not be less than 0")) } else { Ok(Self(money)) }
    }
}

/// Reads a JSON number.
fn number(json: &str) -> Result<Money, String> {
    let is_number = json.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    if is_number { dollars(json) } else { Err("must be a JSON number".to_owned()) }
}

fn dollars(digits: &str) -> Result<Money, String> {
    let money = Money::from_decimal(digits, Currency::Aud).map_err(|error| error.to_string())?;
    if money.minor() > AMOUNT_MAX.minor() { Err("must not be more than 99999999.99".to_owned()) } else { Ok(money) }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.digits()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> Result<i64, String> {
        serde_json::from_str::<Amount>(json).map(|amount| amount.money().minor()).map_err(|error| error.to_string())
    }

    fn written(minor: i64) -> String {
        serde_json::to_string(&Amount::from(Money::new(minor, Currency::Aud))).unwrap()
    }

    #[test]
    fn amounts_are_read_from_their_digits() {
        for (json, minor) in
            [("45.5", 4_550), ("100", 10_000), ("2.99", 299), ("0.01", 1), ("1.10", 110), ("12e1", 12_000), ("99999999.99", 9_999_999_999)]
        {
            assert_eq!(read(json), Ok(minor), "{json}");
        }
    }

    #[test]
    fn whatever_is_no_amount_is_refused_with_the_reason() {
        let table = [
            ("1.234", "more than two decimals"),
            ("0.001", "more than two decimals"),
            ("0", "more than 0"),
            ("-5", "more than 0"),
            ("100000000", "99999999.99"),
            ("1e400", "too large"),
            ("\"45.5\"", "a JSON number"),
            ("true", "a JSON number"),
            ("null", "a JSON number"),
            ("[1]", "a JSON number"),
            ("{}", "a JSON number"),
        ];
        for (json, reason) in table {
            let error = read(json).unwrap_err();
            assert!(error.contains(reason), "{json}: {error}");
        }
    }

    #[test]
    fn text_is_an_amount_where_the_contract_has_it_so() {
        let read = |json: &str| serde_json::from_str::<AmountText>(json).map(|text| text.0.money().minor());
        for (json, minor) in [("\"50.00\"", 5_000), ("\"45.5\"", 4_550), ("\"100\"", 10_000)] {
            assert_eq!(read(json).unwrap(), minor, "{json}");
        }
        for bad in ["50", "\"\"", "\"0.00\"", "\"-5\"", "\"1e2\"", "\"1.234\"", "\" 5\"", "\"$5\"", "\"1.2.3\"", "\"100000000\""] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_portion_may_be_nothing() {
        let read = |json: &str| serde_json::from_str::<Portion>(json).map(|portion| portion.0.minor());
        assert_eq!((read("0").unwrap(), read("4.55").unwrap()), (0, 455));
        for bad in ["-0.01", "\"0\"", "null", "0.001"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn amounts_are_written_without_needless_zeros() {
        for (minor, json) in
            [(4_550, "45.5"), (10_000, "100"), (299, "2.99"), (5, "0.05"), (0, "0"), (-1_299, "-12.99"), (100_010, "1000.1")]
        {
            assert_eq!(written(minor), json);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(minor in 1..=AMOUNT_MAX.minor()) {
            prop_assert_eq!(read(&written(minor)), Ok(minor));
        }
    }
}
