//! Credentials that stand for themselves: merchants' API keys and shoppers' refresh tokens.
//!
//! Random text, found again by its hash. So much randomness needs no slow hash and no salt.
//! Invariant: only the hash is ever stored, and nothing here prints the text.

use crate::random::Random;
use crate::secret::Secret;
use crate::token::Environment;

/// 256 random bits and a little, at just under 6 a character.
const API_KEY_BODY: usize = 43;
const API_KEY_MIN: usize = 16;
const API_KEY_MAX: usize = 128;
/// 190 random bits. The published clients were shown refresh tokens of this shape.
const REFRESH_TOKEN_LENGTH: usize = 32;

/// A text that cannot be the credential it was presented as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// Not the shape of an access token.
    #[error("an access token is 40 hexadecimal digits")]
    Access,
    /// Not the shape of an API key.
    #[error("an API key is 16 to 128 visible ASCII characters")]
    ApiKey,
    /// Not the shape of a refresh token.
    #[error("a refresh token is 32 letters and digits")]
    Refresh,
}

/// Gives a credential, a `Secret<String>` in a struct, its hash, its text, and a print-out that shows neither.
macro_rules! credential {
    ($name:ident) => {
        impl $name {
            /// SHA-256 of the text: what is stored, and what the credential is found by.
            pub fn hash(&self) -> [u8; 32] {
                $crate::digest::digest(self.expose().as_bytes())
            }

            /// The text itself. Whoever calls this answers for where it goes.
            pub fn expose(&self) -> &str {
                self.0.expose()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}
pub(crate) use credential;

/// A merchant's API key in clear: it says which merchant's server is calling.
#[derive(Clone)]
pub struct ApiKey(Secret<String>);

credential!(ApiKey);

impl ApiKey {
    /// A new key for `environment`, with 256 random bits. Its beginning tells people, and programs that look for leaked keys,
    /// what it is and where it is good.
    pub fn mint(environment: Environment, random: &Random) -> Self {
        let body = Secret::new(random.alphanumeric(API_KEY_BODY));
        Self(Secret::new(prefix(environment) + body.expose()))
    }

    /// Reads a key and tells its environment: `None` when Florin did not mint it, which is no error, since an operator may
    /// import keys that merchants already hold.
    ///
    /// # Errors
    /// [`BadToken::ApiKey`] unless `text` is 16 to 128 visible ASCII characters.
    pub fn parse(text: &str) -> Result<(Self, Option<Environment>), BadToken> {
        let is_key = (API_KEY_MIN..=API_KEY_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_key {
            return Err(BadToken::ApiKey);
        }
        let environment = [Environment::Sandbox, Environment::Production]
            .into_iter()
            .find(|environment| text.strip_prefix(&prefix(*environment)).is_some_and(|body| is_alphanumeric(body, API_KEY_BODY)));
        Ok((Self(Secret::new(text.to_owned())), environment))
    }
}

/// A shopper's refresh token in clear: good once, for the next pair of tokens.
#[derive(Clone)]
pub struct RefreshToken(Secret<String>);

credential!(RefreshToken);

impl RefreshToken {
    /// A new token, with 190 random bits.
    pub fn mint(random: &Random) -> Self {
        Self(Secret::new(random.alphanumeric(REFRESH_TOKEN_LENGTH)))
    }

    /// Reads a token.
    ///
    /// # Errors
    /// [`BadToken::Refresh`] unless `text` is exactly 32 letters and digits.
    pub fn parse(text: &str) -> Result<Self, BadToken> {
        if !is_alphanumeric(text, REFRESH_TOKEN_LENGTH) {
            return Err(BadToken::Refresh);
        }
        Ok(Self(Secret::new(text.to_owned())))
    }
}

fn prefix(environment: Environment) -> String {
    format!("fk_{}_", environment.name())
}

fn is_alphanumeric(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::digest;

    #[test]
    fn a_minted_api_key_tells_its_environment() {
        let random = Random::seeded(1);
        for (environment, beginning) in [(Environment::Sandbox, "fk_sandbox_"), (Environment::Production, "fk_production_")] {
            let key = ApiKey::mint(environment, &random);
            assert_eq!((key.expose().starts_with(beginning), key.expose().len()), (true, beginning.len() + 43));
            let (parsed, told) = ApiKey::parse(key.expose()).unwrap();
            assert_eq!((told, parsed.hash()), (Some(environment), digest(key.expose().as_bytes())));
        }
    }

    #[test]
    fn an_api_key_from_elsewhere_is_a_key_of_no_known_environment() {
        let minted = ApiKey::mint(Environment::Sandbox, &Random::seeded(1));
        let longer = format!("{}0", minted.expose());
        for text in ["0123456789abcdef", "fk_sandbox_too-short", "fk_staging_0123456789", &"~".repeat(128), &longer] {
            let (key, environment) = ApiKey::parse(text).unwrap();
            assert_eq!((key.expose(), environment), (text, None));
        }
    }

    #[test]
    fn anything_else_is_no_api_key() {
        for text in ["", "0123456789abcde", &"0".repeat(129), "0123456789 abcdef", "0123456789abcdef\n", &"é".repeat(16)] {
            assert_eq!(ApiKey::parse(text).unwrap_err(), BadToken::ApiKey, "{text}");
        }
    }

    #[test]
    fn a_refresh_token_is_32_letters_and_digits_and_never_the_same() {
        let random = Random::seeded(1);
        let (one, two) = (RefreshToken::mint(&random), RefreshToken::mint(&random));
        assert_eq!(RefreshToken::parse(one.expose()).unwrap().hash(), one.hash());
        assert_ne!(one.hash(), two.hash());
        for text in ["", &"a".repeat(31), &"a".repeat(33), &"-".repeat(32), &"é".repeat(16)] {
            assert_eq!(RefreshToken::parse(text).unwrap_err(), BadToken::Refresh, "{text}");
        }
    }

    #[test]
    fn a_credential_prints_nothing_of_itself() {
        let random = Random::seeded(1);
        let (key, token) = (ApiKey::mint(Environment::Production, &random), RefreshToken::mint(&random));
        assert_eq!(format!("{key:?} {token:?}"), "ApiKey(…) RefreshToken(…)");
    }
}
