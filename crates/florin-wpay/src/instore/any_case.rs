//! Words that may come in either case.

use serde::de::{Deserialize, Deserializer, IntoDeserializer};

/// What a word stands for, in whichever case it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnyCase<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for AnyCase<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?.to_ascii_uppercase();
        T::deserialize(word.into_deserializer()).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payments::kinds::HoldOrTake;

    #[test]
    fn a_word_is_known_in_any_case_and_another_is_not() {
        let read = |json: &str| serde_json::from_str::<AnyCase<HoldOrTake>>(json);
        for json in ["\"PREAUTH\"", "\"preauth\"", "\"PreAuth\""] {
            assert!(matches!(read(json), Ok(AnyCase(HoldOrTake::Preauth))), "{json}");
        }
        for json in ["\"refund\"", "\"\"", "null", "1"] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
