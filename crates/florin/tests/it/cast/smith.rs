//! Signed JSON, made and read with a cipher library and nothing of Florin's: as a merchant's server does, or a forger.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// A key that signs.
pub enum Smith {
    /// Ed25519.
    Edwards(Ed25519KeyPair),
    /// ECDSA over P-256.
    Curve(EcdsaKeyPair),
    /// RSA of 2048 bits.
    Rsa(RsaKeyPair),
}

/// Unpadded base64 for URLs.
pub fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Two digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).expect("less than 16");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The bytes behind unpadded base64 for URLs.
#[track_caller]
pub fn decoded(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).unwrap_or_else(|error| panic!("no base64url ({error}): {text}"))
}

impl Smith {
    /// A key that anybody can have, told apart by `seed`.
    pub fn edwards(seed: u8) -> Self {
        Self::Edwards(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a seed makes a key"))
    }

    /// A key of the other kind.
    pub fn curve() -> Self {
        Self::Curve(EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key can be made"))
    }

    /// A key as the public samples use it.
    pub fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key can be made"))
    }

    /// The algorithm's name.
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Edwards(_) => "EdDSA",
            Self::Curve(_) => "ES256",
            Self::Rsa(_) => "RS256",
        }
    }

    /// A signature.
    pub fn signs(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Edwards(key) => key.sign(message).as_ref().to_vec(),
            Self::Curve(key) => key.sign(&random, message).expect("a signature").as_ref().to_vec(),
            Self::Rsa(key) => {
                let mut sum = vec![0; key.public_modulus_len()];
                key.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut sum).expect("a signature");
                sum
            }
        }
    }

    /// The public part as the operator is given it.
    pub fn pem(&self) -> String {
        let der: PublicKeyX509Der<'_> = match self {
            Self::Edwards(key) => key.public_key().as_der(),
            Self::Curve(key) => key.public_key().as_der(),
            Self::Rsa(key) => key.public_key().as_der(),
        }
        .expect("a public key can be written");
        pem(der.as_ref())
    }

    /// The public part as a JWK.
    pub fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Edwards(key) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig", "alg": "EdDSA", "x": encoded(key.public_key()) })
            }
            Self::Curve(key) => {
                let point = key.public_key().as_ref();
                json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": encoded(&point[1..33]), "y": encoded(&point[33..]) })
            }
            Self::Rsa(_) => panic!("nobody publishes one here"),
        }
    }

    /// A token of these parts, whatever they say.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
        format!("{message}.{}", encoded(self.signs(message.as_bytes())))
    }

    /// A detached signature over `body`, whatever `header` says.
    pub fn detached(&self, header: &Value, body: &[u8]) -> String {
        let head = encoded(header.to_string());
        let sum = self.signs(format!("{head}.{}", encoded(body)).as_bytes());
        format!("{head}..{}", encoded(sum))
    }
}

/// A public key as a PEM block.
pub fn pem(der: &[u8]) -> String {
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64_STANDARD.encode(der))
}

/// The header and the claims of a token, whoever signed it.
#[track_caller]
pub fn opened(token: &str) -> (Value, Value) {
    let parts: Vec<_> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "a token has three parts: {token}");
    let read = |part: &str| serde_json::from_slice(&decoded(part)).expect("JSON");
    (read(parts[0]), read(parts[1]))
}

/// Whether a key of the published set signed the token.
#[track_caller]
pub fn is_signed_by(token: &str, jwks: &Value) -> bool {
    let (header, _) = opened(token);
    let keys = jwks["keys"].as_array().expect("keys");
    let Some(key) = keys.iter().find(|key| key["kid"] == header["kid"]) else { return false };
    assert_eq!(key["alg"], header["alg"], "a key has one algorithm");
    let text = |field: &str| decoded(key[field].as_str().expect("a coordinate"));
    let (message, sum) = token.rsplit_once('.').expect("parts");
    let sum = decoded(sum);
    if key["kty"] == "OKP" {
        return UnparsedPublicKey::new(&signature::ED25519, text("x")).verify(message.as_bytes(), &sum).is_ok();
    }
    let point = [vec![4], text("x"), text("y")].concat();
    UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(message.as_bytes(), &sum).is_ok()
}
