//! Amounts in answers: exact JSON numbers in pounds, written from their digits.

use florin_domain::Money;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// An amount as it is written.
#[derive(Debug, Clone, Copy)]
pub struct Decimal(pub Money);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Decimal digits are always valid JSON, so this fails only if the serializer does.
        RawValue::from_string(self.0.to_decimal()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}
