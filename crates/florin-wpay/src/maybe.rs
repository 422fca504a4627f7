//! Fields that may be left out.
//!
//! Clients that have no value for one leave it out, write null, or write an empty string: all three are nothing here.

use serde::de::{Deserialize, Deserializer, IntoDeserializer};

/// What a string stands for, or nothing. Give the field `#[serde(default)]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maybe<T>(pub Option<T>);

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty());
        text.map(|text| T::deserialize(text.into_deserializer())).transpose().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Text;

    #[test]
    fn a_field_without_a_value_is_nothing() {
        let read = |json: &str| serde_json::from_str::<Maybe<Text<3>>>(json);
        for json in ["null", "\"\""] {
            assert_eq!(read(json).unwrap(), Maybe(None), "{json}");
        }
        assert_eq!(read("\"abc\"").unwrap().0.unwrap().as_str(), "abc");
        for json in ["7", "\" \"", "\"abcd\""] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
