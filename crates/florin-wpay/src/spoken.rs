//! Words of the wire, read into what they stand for.

use florin_domain::agreement::{AgreementKind, Frequency};
use florin_domain::movement::MovementKind;
use serde::de::{Deserialize, Deserializer, Error};

use crate::words;

/// What a word stands for. Words are capitals in the contract, and understood in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<T>(pub T);

/// Something that has words on the wire.
pub trait Spoken: Sized {
    /// What may be said, for a client that said something else.
    const WORDS: &'static str;

    /// What `word` stands for.
    fn of(word: &str) -> Option<Self>;
}

impl<'de, T: Spoken> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        T::of(&word.to_ascii_uppercase()).map(Self).ok_or_else(|| D::Error::custom(format_args!("must be one of {}", T::WORDS)))
    }
}

impl Spoken for MovementKind {
    const WORDS: &'static str = "PREAUTH, PURCHASE, COMPLETION, VOID, REFUND";

    fn of(word: &str) -> Option<Self> {
        words::movement_of(word)
    }
}

impl Spoken for AgreementKind {
    const WORDS: &'static str = "RECURRING, ADHOC, INSTALLMENT";

    fn of(word: &str) -> Option<Self> {
        words::agreement_of(word)
    }
}

impl Spoken for Frequency {
    const WORDS: &'static str = "WEEKLY, FORTNIGHTLY, MONTHLY, ANNUALLY";

    fn of(word: &str) -> Option<Self> {
        words::frequency_of(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_are_offered_are_understood() {
        fn all<T: Spoken>() -> bool {
            T::WORDS.split(", ").all(|word| T::of(word).is_some())
        }
        assert!(all::<MovementKind>() && all::<AgreementKind>() && all::<Frequency>());
        assert_eq!(serde_json::from_str::<Word<MovementKind>>("\"VOID\"").unwrap(), Word(MovementKind::Void));
        assert_eq!(serde_json::from_str::<Word<MovementKind>>("\"void\"").unwrap(), Word(MovementKind::Void));
        for json in ["\"avoid\"", "\"\"", "null", "1"] {
            assert!(serde_json::from_str::<Word<MovementKind>>(json).is_err(), "{json}");
        }
    }
}
