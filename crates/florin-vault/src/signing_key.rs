//! The keys of shoppers' access tokens: the private one that mints, the public one that verifies and is published.
//!
//! Random numbers for keys arrive as a value; where and for how long a key is kept is the caller's to decide.
//! Invariant: a key has one algorithm for life, and its private part leaves as a [`Secret`] only.

use std::fmt;

use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::pkcs8::Document;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, Signature};
use serde::Serialize;

use crate::compact::{self, KeyError, Scheme, TokenError, Verifier};
use crate::jwt::{Claims, Header};
use crate::random::Random;
use crate::secret::Secret;

const KID_LENGTH: usize = 16;
/// What stands before the 32 bytes of a private number of P-256 (RFC 5915): a sequence, the version, an octet string. The public
/// key may be left out, since it follows from the number.
const EC_PRIVATE_KEY: [u8; 7] = [0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20];

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519 (RFC 8037): the usual one.
    EdDsa,
    /// ECDSA over P-256 with SHA-256, for verifiers that know no Ed25519.
    Es256,
}

impl Algorithm {
    /// The algorithm's name in headers, key sets and configuration.
    pub const fn name(self) -> &'static str {
        self.scheme().name()
    }

    /// The algorithm that has this name, in exactly this spelling.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::EdDsa, Self::Es256].into_iter().find(|algorithm| algorithm.name() == name)
    }

    const fn scheme(self) -> Scheme {
        match self {
            Self::EdDsa => Scheme::EdDsa,
            Self::Es256 => Scheme::Es256,
        }
    }

    /// The length of a public key: the point itself for Ed25519, an uncompressed one with its leading 4 for P-256.
    const fn public_len(self) -> usize {
        match self {
            Self::EdDsa => 32,
            Self::Es256 => 65,
        }
    }
}

/// A private key that mints tokens. It is parsed once, so that minting costs little more than the signature.
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
    /// The header, which is the same for every token, encoded and with the dot after it.
    header: String,
}

enum Pair {
    EdDsa(Ed25519KeyPair),
    Es256(EcdsaKeyPair),
}

impl Pair {
    fn from_seed(algorithm: Algorithm, seed: &Secret<[u8; 32]>) -> Result<Self, KeyRejected> {
        match algorithm {
            Algorithm::EdDsa => Ed25519KeyPair::from_seed_unchecked(seed.expose()).map(Self::EdDsa),
            Algorithm::Es256 => {
                let der = Secret::new([&EC_PRIVATE_KEY[..], seed.expose()].concat());
                EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der.expose()).map(Self::Es256)
            }
        }
    }

    fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, KeyRejected> {
        match algorithm {
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8).map(Self::EdDsa),
            Algorithm::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map(Self::Es256),
        }
    }

    fn to_pkcs8(&self) -> Document {
        let written = match self {
            Self::EdDsa(pair) => pair.to_pkcs8v1(),
            Self::Es256(pair) => pair.to_pkcs8v1(),
        };
        written.expect("a key that was parsed can be written")
    }

    fn public(&self) -> &[u8] {
        match self {
            Self::EdDsa(pair) => pair.public_key().as_ref(),
            Self::Es256(pair) => pair.public_key().as_ref(),
        }
    }
}

impl SigningKey {
    /// A fresh key with a fresh id.
    pub fn generate(algorithm: Algorithm, random: &Random) -> Self {
        loop {
            let kid = random.alphanumeric(KID_LENGTH);
            // One number in four thousand million lies beyond the order of P-256; the next is as good.
            if let Ok(pair) = Pair::from_seed(algorithm, &Secret::new(random.bytes()))
                && let Ok(key) = Self::new(&kid, algorithm, pair)
            {
                return key;
            }
        }
    }

    /// The key that [`to_secret_bytes`](Self::to_secret_bytes) wrote.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] unless the bytes are a PKCS#8 key for `algorithm`; [`KeyError::BadId`].
    pub fn from_secret_bytes(kid: &str, algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, KeyError> {
        Self::new(kid, algorithm, Pair::from_pkcs8(algorithm, pkcs8).map_err(|_| KeyError::Unreadable)?)
    }

    fn new(kid: &str, algorithm: Algorithm, pair: Pair) -> Result<Self, KeyError> {
        let public = PublicKey::from_bytes(kid, algorithm, pair.public())?;
        let header = compact::encode(json(&Header::new(algorithm.name(), kid)).as_bytes()) + ".";
        Ok(Self { pair, public, header })
    }

    /// The key as PKCS#8, to be sealed and stored beside its id and algorithm.
    pub fn to_secret_bytes(&self) -> Secret<Vec<u8>> {
        Secret::new(self.pair.to_pkcs8().as_ref().to_vec())
    }

    /// The key's id, which is in the header of each of its tokens.
    pub fn kid(&self) -> &str {
        &self.public.kid
    }

    /// How it signs.
    pub const fn algorithm(&self) -> Algorithm {
        self.public.algorithm
    }

    /// What verifies its tokens.
    pub fn public(&self) -> PublicKey {
        self.public.clone()
    }

    /// A token that says `claims`. Those beyond about 2.8 KiB make a token that is too long to be accepted.
    pub fn mint(&self, claims: &Claims) -> String {
        let payload = json(claims);
        // Four characters for every three bytes, and 87 for the dot and the signature.
        let mut token = String::with_capacity(self.header.len() + payload.len().div_ceil(3) * 4 + 87);
        token.push_str(&self.header);
        compact::encode_into(&mut token, payload.as_bytes());
        let signature = self.sign(token.as_bytes());
        token.push('.');
        compact::encode_into(&mut token, signature.as_ref());
        token
    }

    /// The signature of any message at all.
    pub(crate) fn sign(&self, message: &[u8]) -> Signature {
        match &self.pair {
            Pair::EdDsa(pair) => pair.sign(message),
            Pair::Es256(pair) => pair.sign(&SystemRandom::new(), message).expect("a parsed key signs whatever it is given"),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, {}, …)", self.kid(), self.algorithm().name())
    }
}

/// What verifies the tokens of one [`SigningKey`].
#[derive(Clone)]
pub struct PublicKey {
    kid: String,
    algorithm: Algorithm,
    bytes: Vec<u8>,
    verifier: Verifier,
}

/// A public key as RFC 7517 writes it.
#[derive(Serialize)]
pub(crate) struct Jwk<'a> {
    kty: &'static str,
    crv: &'static str,
    x: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(rename = "use")]
    purpose: &'static str,
    alg: &'static str,
    kid: &'a str,
}

impl PublicKey {
    /// The key that [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] unless the bytes are a public key for `algorithm`; [`KeyError::BadId`].
    pub fn from_bytes(kid: &str, algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() != algorithm.public_len() {
            return Err(KeyError::Unreadable);
        }
        let verifier = Verifier::parse(algorithm.scheme(), bytes)?;
        Ok(Self { kid: compact::key_id(kid)?, algorithm, bytes: bytes.to_vec(), verifier })
    }

    /// The key without its id and algorithm, which are to be stored beside it: 32 bytes for `EdDSA`, 65 for ES256.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// The key's id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The only algorithm it verifies.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn verify(&self, header_algorithm: &str, message: &[u8], signature: &[u8]) -> Result<(), TokenError> {
        self.verifier.verify(header_algorithm, message, signature)
    }

    /// The key as a JSON object (RFC 7517, RFC 8037).
    pub fn jwk(&self) -> String {
        json(&self.published())
    }

    pub(crate) fn published(&self) -> Jwk<'_> {
        let (kty, crv, x, y) = match self.algorithm {
            Algorithm::EdDsa => ("OKP", "Ed25519", &self.bytes[..], None),
            Algorithm::Es256 => ("EC", "P-256", &self.bytes[1..33], Some(&self.bytes[33..])),
        };
        let (x, y) = (compact::encode(x), y.map(compact::encode));
        Jwk { kty, crv, x, y, purpose: "sig", alg: self.algorithm.name(), kid: &self.kid }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.kid, self.algorithm.name())
    }
}

/// `value` as JSON: claims, a header, or a published key.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("texts, numbers and truth values are always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compact::decode;

    const BOTH: [Algorithm; 2] = [Algorithm::EdDsa, Algorithm::Es256];

    #[test]
    fn an_ed25519_signature_is_the_standards() {
        // RFC 8037, appendix A.4.
        let seed = decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let key = SigningKey::new("rfc8037", Algorithm::EdDsa, Pair::EdDsa(pair)).unwrap();
        assert_eq!(compact::encode(&key.public().to_bytes()), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        let signature = key.sign(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
        let expected = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert_eq!(compact::encode(signature.as_ref()), expected);
    }

    #[test]
    fn a_p_256_key_follows_from_its_number_as_the_standard_says() {
        // RFC 7515, appendix A.3.
        let number = decode("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI").unwrap();
        let der = [&EC_PRIVATE_KEY[..], &number].concat();
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
        let public = SigningKey::new("rfc7515", Algorithm::Es256, Pair::Es256(pair)).unwrap().public();
        let x_and_y = r#""x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;
        assert_eq!(public.jwk(), format!(r#"{{"kty":"EC","crv":"P-256",{x_and_y},"use":"sig","alg":"ES256","kid":"rfc7515"}}"#));
    }

    #[test]
    fn a_key_survives_its_storage() {
        for algorithm in BOTH {
            let key = SigningKey::generate(algorithm, &Random::seeded(1));
            let read = SigningKey::from_secret_bytes(key.kid(), algorithm, key.to_secret_bytes().expose()).unwrap();
            assert_eq!((read.kid(), read.algorithm(), &read.header), (key.kid(), algorithm, &key.header));
            let public = PublicKey::from_bytes(key.kid(), algorithm, &key.public().to_bytes()).unwrap();
            assert_eq!(public.verify(algorithm.name(), b"message", key.sign(b"message").as_ref()), Ok(()));
        }
    }

    #[test]
    fn one_seed_makes_one_key_and_the_next_is_another() {
        for algorithm in BOTH {
            let (random, again) = (Random::seeded(1), Random::seeded(1));
            let [one, two] = [(); 2].map(|()| SigningKey::generate(algorithm, &random).public().jwk());
            assert_eq!(one, SigningKey::generate(algorithm, &again).public().jwk());
            assert_ne!(one, two);
        }
    }

    #[test]
    fn bytes_of_another_algorithm_are_no_key() {
        let [eddsa, es256] = BOTH.map(|algorithm| SigningKey::generate(algorithm, &Random::seeded(1)));
        for (key, other) in [(&eddsa, Algorithm::Es256), (&es256, Algorithm::EdDsa)] {
            let (private, public) = (key.to_secret_bytes(), key.public().to_bytes());
            assert_eq!(SigningKey::from_secret_bytes("kid", other, private.expose()).err(), Some(KeyError::Unreadable));
            assert_eq!(PublicKey::from_bytes("kid", other, &public).err(), Some(KeyError::Unreadable));
            assert_eq!(PublicKey::from_bytes("kid", key.algorithm(), &public[1..]).err(), Some(KeyError::Unreadable));
            assert_eq!(PublicKey::from_bytes("no id", key.algorithm(), &public).err(), Some(KeyError::BadId));
            assert_eq!(SigningKey::from_secret_bytes("", key.algorithm(), private.expose()).err(), Some(KeyError::BadId));
        }
        let off_the_curve = [&[4][..], &[1; 64]].concat();
        assert_eq!(PublicKey::from_bytes("kid", Algorithm::Es256, &off_the_curve).err(), Some(KeyError::Unreadable));
    }

    #[test]
    fn an_algorithm_has_exactly_one_spelling() {
        assert_eq!(["EdDSA", "ES256"].map(Algorithm::from_name), BOTH.map(Some));
        assert_eq!(["eddsa", "Ed25519", "RS256", "none", ""].map(Algorithm::from_name), [None; 5]);
    }

    #[test]
    fn a_key_prints_its_name_alone() {
        let key = SigningKey::from_secret_bytes(
            "spring",
            Algorithm::EdDsa,
            SigningKey::generate(Algorithm::EdDsa, &Random::seeded(1)).to_secret_bytes().expose(),
        );
        let key = key.unwrap();
        assert_eq!(format!("{key:?} {:?}", key.public()), "SigningKey(spring, EdDSA, …) PublicKey(spring, EdDSA)");
    }
}
