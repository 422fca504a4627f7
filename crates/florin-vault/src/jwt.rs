//! Shoppers' access tokens: signed JSON that this server, and others that share its keys, can check without a database.
//!
//! No JWT library: see `compact.rs` for why. The clock is the caller's.
//! Invariant: a token is accepted only if a key of the set signed exactly the fields that this house mints, with the one
//! algorithm of that key, for this issuer and audience, and before its expiry, on which there is no leeway.

use serde::{Deserialize, Serialize};

use crate::compact::{self, Parts, SECOND_MAX, TokenError};
use crate::signing_key::{Jwk, PublicKey, json};

/// RFC 9068's type, so that nothing else that a key may sign one day is taken for an access token.
const TYPE: &str = "at+jwt";
/// By how much the clock of the server that issued a token may be ahead.
const CLOCK_SKEW_MAX_S: i64 = 60;

/// What an access token says. Times are whole seconds since 1970 UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Which server issued it.
    #[serde(rename = "iss")]
    pub issuer: String,
    /// Which server it is good at.
    #[serde(rename = "aud")]
    pub audience: String,
    /// The shopper, as the merchant names them. Not empty.
    #[serde(rename = "sub")]
    pub subject: String,
    /// The merchant. Not empty.
    #[serde(rename = "mid")]
    pub merchant: String,
    /// The shopper's wallet. Not empty.
    #[serde(rename = "wid")]
    pub wallet: String,
    /// The token's own id. Not empty.
    #[serde(rename = "jti")]
    pub id: String,
    /// Whether what the shopper keeps is gone with the token.
    pub guest: bool,
    /// When it was issued.
    #[serde(rename = "iat")]
    pub issued_at_s: i64,
    /// The first second in which it is good.
    #[serde(rename = "nbf")]
    pub not_before_s: i64,
    /// The first second in which it is good no more.
    #[serde(rename = "exp")]
    pub expires_at_s: i64,
}

/// What a token must say to be accepted.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The issuer, exactly.
    pub issuer: &'a str,
    /// The audience, exactly.
    pub audience: &'a str,
    /// The present second since 1970 UTC.
    pub now_s: i64,
}

impl Claims {
    fn check(&self, expected: &Expected<'_>) -> Result<(), TokenError> {
        let instants = [self.issued_at_s, self.not_before_s, self.expires_at_s];
        let names = [&self.subject, &self.merchant, &self.wallet, &self.id];
        let is_sane = instants.iter().all(|at| (1..=SECOND_MAX).contains(at)) && !names.into_iter().any(String::is_empty);
        if !is_sane || self.expires_at_s <= self.issued_at_s || self.expires_at_s <= self.not_before_s {
            return Err(TokenError::Malformed);
        }
        if self.issuer != expected.issuer {
            return Err(TokenError::WrongIssuer);
        }
        if self.audience != expected.audience {
            return Err(TokenError::WrongAudience);
        }
        if self.not_before_s > expected.now_s || self.issued_at_s > expected.now_s.saturating_add(CLOCK_SKEW_MAX_S) {
            return Err(TokenError::NotYetValid);
        }
        if self.expires_at_s <= expected.now_s {
            return Err(TokenError::Expired { at: self.expires_at_s });
        }
        Ok(())
    }
}

/// What the header says, and all it may say: a field that chooses keys is an unknown field, which is refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    alg: String,
    kid: String,
    typ: String,
}

impl Header {
    pub(crate) fn new(algorithm: &str, kid: &str) -> Self {
        Self { alg: algorithm.to_owned(), kid: kid.to_owned(), typ: TYPE.to_owned() }
    }
}

/// The keys whose tokens are accepted: the one that mints, those that minted until lately, and the one that will next.
#[derive(Debug, Clone, Default)]
pub struct KeySet(Vec<PublicKey>);

impl KeySet {
    /// A set of `keys`. Of two with one id, the first counts.
    pub fn new(keys: Vec<PublicKey>) -> Self {
        let mut set = Self::default();
        for key in keys {
            if set.find(key.kid()).is_none() {
                set.0.push(key);
            }
        }
        set
    }

    /// The claims of `token`, if a key of the set signed it and it says what is `expected`.
    ///
    /// # Errors
    /// Every [`TokenError`]. What the token says is looked at only when its signature was found right.
    pub fn verify(&self, token: &str, expected: &Expected<'_>) -> Result<Claims, TokenError> {
        let parts = Parts::split(token)?;
        let signature = parts.signature()?;
        let header: Header = compact::object(parts.header)?;
        if header.typ != TYPE {
            return Err(TokenError::WrongType);
        }
        let key = self.find(&header.kid).ok_or(TokenError::UnknownKey)?;
        let signed = &token[..parts.header.len() + 1 + parts.payload.len()];
        key.verify(&header.alg, signed.as_bytes(), &signature)?;
        let claims: Claims = compact::object(parts.payload)?;
        claims.check(expected)?;
        Ok(claims)
    }

    /// The set as RFC 7517 publishes it.
    pub fn jwks_json(&self) -> String {
        #[derive(Serialize)]
        struct Jwks<'a> {
            keys: Vec<Jwk<'a>>,
        }
        let keys = self.0.iter().map(PublicKey::published).collect();
        json(&Jwks { keys })
    }

    fn find(&self, kid: &str) -> Option<&PublicKey> {
        self.0.iter().find(|key| key.kid() == kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use crate::signing_key::{Algorithm, SigningKey};

    const NOW: i64 = 1_800_000_000;
    const HERE: Expected<'_> = Expected { issuer: "https://florin.test", audience: "https://florin.test/wow", now_s: NOW };

    fn claims() -> Claims {
        Claims {
            issuer: HERE.issuer.to_owned(),
            audience: HERE.audience.to_owned(),
            subject: "shopper-1".to_owned(),
            merchant: "m-1".to_owned(),
            wallet: "w-1".to_owned(),
            id: "t-1".to_owned(),
            guest: false,
            issued_at_s: NOW,
            not_before_s: NOW,
            expires_at_s: NOW + 3_600,
        }
    }

    fn key(algorithm: Algorithm, seed: u64) -> SigningKey {
        SigningKey::generate(algorithm, &Random::seeded(seed))
    }

    #[test]
    fn a_minted_token_says_what_it_was_given() {
        for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
            let key = key(algorithm, 1);
            let token = key.mint(&claims());
            assert_eq!(KeySet::new(vec![key.public()]).verify(&token, &HERE), Ok(claims()));
            let header = String::from_utf8(compact::decode(token.split('.').next().unwrap()).unwrap()).unwrap();
            assert_eq!(header, format!(r#"{{"alg":"{}","kid":"{}","typ":"at+jwt"}}"#, algorithm.name(), key.kid()));
        }
    }

    #[test]
    fn a_token_made_elsewhere_by_the_standard_is_read() {
        // Made with Python's cryptography 48.
        let x_and_y = "433cc66373076cc3779f719a2dd5aacdab7b0cea7d5df5b15514a6f387779701ba66cc464da371430c0aa368201d0f32ca9d86e305f97a3add5088b2e21eb174";
        let point = [&[4][..], &crate::hex::decode(x_and_y).unwrap()].concat();
        let token = concat!(
            "eyJhbGciOiJFUzI1NiIsImtpZCI6ImZvcmVpZ24iLCJ0eXAiOiJhdCtqd3QifQ.",
            "eyJpc3MiOiJodHRwczovL2Zsb3Jpbi50ZXN0IiwiYXVkIjoiaHR0cHM6Ly9mbG9yaW4udGVzdC93b3ciLCJzdWIiOiJzaG9wcGVyLTEiLCJtaWQiOiJtLTEi",
            "LCJ3aWQiOiJ3LTEiLCJqdGkiOiJ0LTEiLCJndWVzdCI6ZmFsc2UsImlhdCI6MTgwMDAwMDAwMCwibmJmIjoxODAwMDAwMDAwLCJleHAiOjE4MDAwMDM2MDB9.",
            "BslWVotlenXBZI3iUq46cf2yKfIwFAn3qq8Zoz8RAzoeR2K4HAHiHdC6s_D5a1P2VcvXXsZyzRtRIWjQpcf7KQ",
        );
        let keys = KeySet::new(vec![PublicKey::from_bytes("foreign", Algorithm::Es256, &point).unwrap()]);
        assert_eq!(keys.verify(token, &HERE), Ok(claims()));
    }

    #[test]
    fn a_token_is_good_from_its_first_second_and_not_in_its_last() {
        let key = key(Algorithm::EdDsa, 1);
        let keys = KeySet::new(vec![key.public()]);
        let token = key.mint(&Claims { not_before_s: NOW + 10, ..claims() });
        let at = |now_s| keys.verify(&token, &Expected { now_s, ..HERE }).err();
        assert_eq!((at(NOW + 9), at(NOW + 10)), (Some(TokenError::NotYetValid), None));
        assert_eq!((at(NOW + 3_599), at(NOW + 3_600)), (None, Some(TokenError::Expired { at: NOW + 3_600 })));
        assert_eq!(at(i64::MAX), Some(TokenError::Expired { at: NOW + 3_600 }));
        assert_eq!(at(i64::MIN), Some(TokenError::NotYetValid));
    }

    #[test]
    fn old_tokens_outlive_their_key_only_while_it_is_in_the_set() {
        let (old, new) = (key(Algorithm::EdDsa, 1), key(Algorithm::Es256, 2));
        let token = old.mint(&claims());
        let overlapping = KeySet::new(vec![new.public(), old.public()]);
        assert_eq!(overlapping.verify(&token, &HERE), Ok(claims()));
        assert_eq!(overlapping.verify(&new.mint(&claims()), &HERE), Ok(claims()));
        assert_eq!(KeySet::new(vec![new.public()]).verify(&token, &HERE), Err(TokenError::UnknownKey));
        assert_eq!(KeySet::default().verify(&token, &HERE), Err(TokenError::UnknownKey));
    }

    #[test]
    fn of_two_keys_with_one_id_the_first_counts() {
        let (one, two) = (key(Algorithm::EdDsa, 1), key(Algorithm::EdDsa, 2));
        let impostor = SigningKey::from_secret_bytes(one.kid(), Algorithm::EdDsa, two.to_secret_bytes().expose()).unwrap();
        let keys = KeySet::new(vec![one.public(), impostor.public()]);
        assert_eq!(keys.verify(&one.mint(&claims()), &HERE), Ok(claims()));
        assert_eq!(keys.verify(&impostor.mint(&claims()), &HERE), Err(TokenError::BadSignature));
        assert_eq!(keys.jwks_json().matches("kid").count(), 1);
    }

    #[test]
    fn the_published_set_holds_no_private_part() {
        let (one, two) = (key(Algorithm::EdDsa, 1), key(Algorithm::Es256, 2));
        let jwks = KeySet::new(vec![one.public(), two.public()]).jwks_json();
        assert_eq!(jwks, format!(r#"{{"keys":[{},{}]}}"#, one.public().jwk(), two.public().jwk()));
        let set: serde_json::Value = serde_json::from_str(&jwks).unwrap();
        for (at, names) in [(0, "alg crv kid kty use x"), (1, "alg crv kid kty use x y")] {
            let mut found: Vec<_> = set["keys"][at].as_object().unwrap().keys().map(String::as_str).collect();
            found.sort_unstable();
            assert_eq!(found.join(" "), names);
        }
    }

    #[test]
    fn claims_that_no_token_should_have_are_not_accepted_even_from_here() {
        let key = key(Algorithm::EdDsa, 1);
        let keys = KeySet::new(vec![key.public()]);
        let empty = String::new;
        for odd in [
            Claims { subject: empty(), ..claims() },
            Claims { merchant: empty(), ..claims() },
            Claims { wallet: empty(), ..claims() },
            Claims { id: empty(), ..claims() },
            Claims { subject: "s".repeat(4_000), ..claims() },
            Claims { expires_at_s: i64::MAX, ..claims() },
        ] {
            assert_eq!(keys.verify(&key.mint(&odd), &HERE), Err(TokenError::Malformed), "{odd:?}");
        }
    }

    #[test]
    fn any_text_may_stand_in_a_claim() {
        let key = key(Algorithm::EdDsa, 1);
        let odd = Claims { subject: "\"quoted\" \u{0} ü \u{1f980} \\".to_owned(), ..claims() };
        assert_eq!(KeySet::new(vec![key.public()]).verify(&key.mint(&odd), &HERE), Ok(odd));
    }
}
