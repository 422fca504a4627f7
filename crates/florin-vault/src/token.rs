//! Access tokens: what a merchant's server proves itself with, and what its answers are signed with.
//!
//! Forty hexadecimal digits, because published clients check that shape: 32 random ones, then 8 of a checksum over the
//! environment and the body, so that any server can say to which environment a token belongs.
//! Invariant: the checksum is a help for people, never a proof; only the stored hash proves a token.

use crate::credential::{BadToken, credential};
use crate::digest::{constant_time_equal, digest};
use crate::hex;
use crate::random::Random;
use crate::secret::Secret;

const LENGTH: usize = 40;
const BODY: usize = 32;

/// Where a credential is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Environment {
    /// Simulated money.
    Sandbox,
    /// Real money.
    Production,
}

impl Environment {
    /// The environment's name in configuration, messages and checksums.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Production => "production",
        }
    }
}

/// An access token in clear. Its text is also the key that its answers and webhooks are signed with.
#[derive(Clone)]
pub struct AccessToken(Secret<String>);

credential!(AccessToken);

impl AccessToken {
    /// A new token for `environment`, with 128 random bits.
    pub fn mint(environment: Environment, random: &Random) -> Self {
        let body = hex::encode(&random.bytes::<16>());
        let checksum = checksum(environment, &body);
        Self(Secret::new(body + &checksum))
    }

    /// Reads a token and tells its environment: `None` when it was not minted by Florin, which is no error, since
    /// an operator may import tokens that merchants already hold. The text is kept as presented, its case too, because
    /// signatures are made with exactly these bytes.
    ///
    /// # Errors
    /// [`BadToken::Access`] unless `text` is exactly 40 hexadecimal digits.
    pub fn parse(text: &str) -> Result<(Self, Option<Environment>), BadToken> {
        if text.len() != LENGTH || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(BadToken::Access);
        }
        let (body, check) = text.split_at(BODY);
        let environment = [Environment::Sandbox, Environment::Production]
            .into_iter()
            .find(|environment| constant_time_equal(checksum(*environment, body).as_bytes(), check.as_bytes()));
        Ok((Self(Secret::new(text.to_owned())), environment))
    }
}

fn checksum(environment: Environment, body: &str) -> String {
    let sum = digest(format!("{}:{body}", environment.name()).as_bytes());
    hex::encode(&sum[..(LENGTH - BODY) / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_token_tells_its_environment() {
        let random = Random::seeded(1);
        for environment in [Environment::Sandbox, Environment::Production] {
            let token = AccessToken::mint(environment, &random);
            let (parsed, told) = AccessToken::parse(token.expose()).unwrap();
            assert_eq!((told, parsed.hash()), (Some(environment), token.hash()));
        }
    }

    #[test]
    fn forty_digits_from_elsewhere_are_a_token_of_no_known_environment() {
        let (_, environment) = AccessToken::parse(&"0123456789".repeat(4)).unwrap();
        assert_eq!(environment, None);
    }

    #[test]
    fn a_token_is_kept_as_it_was_presented() {
        let (token, _) = AccessToken::parse(&"AbcdefABCD".repeat(4)).unwrap();
        assert_eq!(token.expose(), "AbcdefABCD".repeat(4));
    }

    #[test]
    fn anything_else_is_no_token() {
        for text in ["", "00", &"0".repeat(39), &"0".repeat(41), &"g".repeat(40), &"é".repeat(20)] {
            assert_eq!(AccessToken::parse(text).unwrap_err(), BadToken::Access, "{text}");
        }
    }

    #[test]
    fn a_token_prints_nothing_of_itself() {
        let token = AccessToken::mint(Environment::Sandbox, &Random::seeded(1));
        assert_eq!(format!("{token:?}"), "AccessToken(…)");
    }
}
