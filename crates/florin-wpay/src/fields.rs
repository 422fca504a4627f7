//! Kinds of fields that many bodies have.
//!
//! Invariant: text that came through here can be stored by any database, and a secret prints nothing.

use std::fmt;

use florin_domain::Timestamp;
use florin_service::Secret;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// The longest text, in characters, where nothing else is said.
pub const TEXT_MAX: usize = 255;
/// The longest description, in characters.
pub const DESCRIPTION_MAX: usize = 512;
/// The longest token of a wallet provider, in characters.
pub const TOKEN_MAX: usize = 16_384;

/// Text that says something, of at most `MAX` characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<const MAX: usize = TEXT_MAX>(String);

impl<const MAX: usize> Text<MAX> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, taken out.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        words(String::deserialize(deserializer)?, MAX).map(Self)
    }
}

/// Text that must not be seen: a PIN, a provider's token.
#[derive(Clone)]
pub struct Hidden(Secret<String>);

impl Hidden {
    /// The text, taken out under its cover.
    pub fn into_secret(self) -> Secret<String> {
        self.0
    }

    /// The text itself. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        words(String::deserialize(deserializer)?, TOKEN_MAX).map(|text| Self(Secret::new(text)))
    }
}

/// Prints nothing.
impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(..)")
    }
}

fn words<E: Error>(text: String, max: usize) -> Result<String, E> {
    if text.trim().is_empty() {
        return Err(E::custom("must not be empty"));
    }
    if text.contains('\0') {
        return Err(E::custom("holds the character U+0000"));
    }
    // Bytes first: counting characters is only worth it near the limit.
    if text.len() > max && text.chars().count() > max {
        return Err(E::custom(format!("is longer than {max} characters")));
    }
    Ok(text)
}

/// An instant, in any of the forms that clients write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instant(pub Timestamp);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InstantVisitor;

        impl Visitor<'_> for InstantVisitor {
            type Value = Instant;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time such as 2026-11-21T10:00:00.000Z")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Instant, E> {
                let wrong = || E::custom("must be a time such as 2026-11-21T10:00:00.000Z");
                Timestamp::parse(text).map(Instant).ok_or_else(wrong)
            }
        }

        deserializer.deserialize_str(InstantVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'t, T: Deserialize<'t>>(json: &'t str) -> Result<T, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn text_says_something_and_fits() {
        assert_eq!(read::<Text>(r#""order 1""#).unwrap().as_str(), "order 1");
        assert!(read::<Text<3>>(r#""äöü""#).is_ok());
        for bad in [r#""""#, r#""  ""#, r#""a\u0000b""#, r#""abcd""#, "1", "null"] {
            assert!(read::<Text<3>>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_time_is_read_in_each_form_and_nothing_else_is() {
        let expected = read::<Instant>(r#""2021-02-17T06:31:46.358Z""#).unwrap();
        assert_eq!(read::<Instant>(r#""2021-02-17T17:31:46.358+1100""#), Ok(expected));
        assert!(read::<Instant>(r#""soon""#).unwrap_err().starts_with("must be a time"));
        assert!(read::<Instant>("7").is_err());
    }

    #[test]
    fn what_is_hidden_prints_nothing() {
        let pin = read::<Hidden>(r#""1945""#).unwrap();
        assert_eq!((format!("{pin:?}").as_str(), pin.expose()), ("Hidden(..)", "1945"));
    }
}
