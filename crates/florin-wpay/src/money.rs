//! Amounts as this API writes them: JSON numbers of Australian dollars.
//!
//! Invariant: an amount is read from its digits and written to them, never through a float; text is no amount.

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

    /// Reads a JSON number.
    fn read(json: &str) -> Result<Self, String> {
        if !json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Err("must be a JSON number".to_owned());
        }
        let money = Money::from_decimal(json, Currency::Aud).map_err(|error| error.to_string())?;
        match money.minor() {
            ..=0 => Err("must be more than 0".to_owned()),
            minor if minor > AMOUNT_MAX.minor() => Err("must not be more than 99999999.99".to_owned()),
            _ => Ok(Self(money)),
        }
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
        Self::read(json.get()).map_err(D::Error::custom)
    }
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
