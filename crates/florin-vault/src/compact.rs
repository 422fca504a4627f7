//! The compact form of signed JSON (RFC 7515): three parts of base64url between dots, read as strictly as it can be.
//!
//! Own code and no library: the libraries read unknown header fields, lists of audiences and numbers with fractions, and leave
//! it to every caller to refuse them. Here whatever was not foreseen is refused, and one signed thing has one text.
//! Invariant: nothing in a token chooses the key or the algorithm that it is verified with, and no error repeats a token.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaParameters, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;

/// Longer texts are refused unread. Headers of HTTP requests are limited to little more.
pub(crate) const LENGTH_MAX: usize = 4_096;
/// The last second, and millisecond, of the year 9999: what lies beyond is no instant but an attempt at an overflow.
pub(crate) const SECOND_MAX: i64 = 253_402_300_799;
pub(crate) const MILLISECOND_MAX: i64 = SECOND_MAX * 1_000 + 999;
const KID_MAX: usize = 64;

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not the compact form, not the expected fields, or a field that is no value of its kind.
    #[error("the token is malformed")]
    Malformed,
    /// Signed with a key that is not, or no more, in the set.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// Its header names another algorithm than its key has.
    #[error("the token names an algorithm that its key does not have")]
    WrongAlgorithm,
    /// Altered, or signed with another key.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// Issued by another server.
    #[error("the token was issued elsewhere")]
    WrongIssuer,
    /// Meant for another server.
    #[error("the token is meant for another audience")]
    WrongAudience,
    /// Signed as something else than what it is presented as.
    #[error("the token is of another type")]
    WrongType,
    /// Its time is over.
    #[error("the token has expired")]
    Expired {
        /// The first second, since 1970 UTC, in which it was good no more.
        at: i64,
    },
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
}

/// Why a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No key of the kind that was asked for.
    #[error("the key cannot be read")]
    Unreadable,
    /// A key of a kind, or written in a way, that no algorithm here takes.
    #[error("the key must be RSA of at most 8192 bits, P-256 or Ed25519")]
    Unsupported,
    /// An RSA key that could be factored.
    #[error("an RSA key needs at least 2048 bits")]
    TooShort,
    /// A private key, where only the public one belongs.
    #[error("this is a private key: keep it, and give the public one")]
    Private,
    /// A key id that is not 1 to 64 characters of base64url.
    #[error("a key id is 1 to 64 letters, digits, hyphens and underscores")]
    BadId,
}

/// The algorithms by which anything here is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    EdDsa,
    Es256,
    Rs256,
}

impl Scheme {
    /// As RFC 7518 and RFC 8037 write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    fn verification(self) -> &'static dyn VerificationAlgorithm {
        static RS256: &RsaParameters = &RSA_PKCS1_2048_8192_SHA256;
        match self {
            Self::EdDsa => &ED25519,
            Self::Es256 => &ECDSA_P256_SHA256_FIXED,
            Self::Rs256 => RS256,
        }
    }
}

/// A public key and the one algorithm it is good for.
#[derive(Clone)]
pub(crate) struct Verifier {
    pub(crate) scheme: Scheme,
    pub(crate) key: ParsedPublicKey,
}

impl Verifier {
    pub(crate) fn parse(scheme: Scheme, bytes: &[u8]) -> Result<Self, KeyError> {
        let key = ParsedPublicKey::new(scheme.verification(), bytes).map_err(|_| KeyError::Unreadable)?;
        Ok(Self { scheme, key })
    }

    /// Whether `signature` is this key's over `message`, made by the algorithm that `header_algorithm` must name.
    pub(crate) fn verify(&self, header_algorithm: &str, message: &[u8], signature: &[u8]) -> Result<(), TokenError> {
        if header_algorithm != self.scheme.name() {
            return Err(TokenError::WrongAlgorithm);
        }
        self.key.verify_sig(message, signature).map_err(|_| TokenError::BadSignature)
    }
}

/// The three parts of a compact form, still encoded. Any of them may be empty.
pub(crate) struct Parts<'a> {
    pub(crate) header: &'a str,
    pub(crate) payload: &'a str,
    pub(crate) signature: &'a str,
}

impl<'a> Parts<'a> {
    pub(crate) fn split(text: &'a str) -> Result<Self, TokenError> {
        if text.len() > LENGTH_MAX {
            return Err(TokenError::Malformed);
        }
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(TokenError::Malformed);
        };
        Ok(Self { header, payload, signature })
    }

    /// The signature's bytes. Empty ones are none.
    pub(crate) fn signature(&self) -> Result<Vec<u8>, TokenError> {
        decode(self.signature).filter(|bytes| !bytes.is_empty()).ok_or(TokenError::Malformed)
    }
}

/// The JSON object that `part` encodes. Its type decides which fields there are; it must deny unknown ones.
pub(crate) fn object<T: DeserializeOwned>(part: &str) -> Result<T, TokenError> {
    let bytes = decode(part).ok_or(TokenError::Malformed)?;
    // A struct would also be read from a list of its fields' values. And nothing that is ours begins or ends with white space.
    if !(bytes.starts_with(b"{") && bytes.ends_with(b"}")) {
        return Err(TokenError::Malformed);
    }
    serde_json::from_slice(&bytes).map_err(|_| TokenError::Malformed)
}

/// Base64url without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Appends base64url without padding to `out`.
pub(crate) fn encode_into(out: &mut String, bytes: &[u8]) {
    URL_SAFE_NO_PAD.encode_string(bytes, out);
}

/// The bytes of base64url without padding; nothing for a text that [`encode`] would not have written.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// `kid`, if it can name a key.
pub(crate) fn key_id(kid: &str) -> Result<String, KeyError> {
    let fits = (1..=KID_MAX).contains(&kid.len());
    let is_id = fits && kid.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    is_id.then(|| kid.to_owned()).ok_or(KeyError::BadId)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn one_value_has_one_text(text in "[A-Za-z0-9_-]{0,12}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }

    #[test]
    fn base64_of_another_kind_is_none() {
        assert_eq!(decode("-_8"), Some(vec![0xfb, 0xff]));
        for text in ["+/8", "-_8=", "-_9", "-_8\n", " -_8", "-", "é"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_key_id_is_short_and_plain() {
        assert_eq!(key_id("aZ0-_"), Ok("aZ0-_".to_owned()));
        for kid in ["", "../key", "a b", "é", "' OR 1=1", &"a".repeat(65)] {
            assert_eq!(key_id(kid), Err(KeyError::BadId), "{kid}");
        }
    }

    #[test]
    fn every_signature_algorithm_is_named_as_its_standard_names_it() {
        assert_eq!([Scheme::EdDsa, Scheme::Es256, Scheme::Rs256].map(Scheme::name), ["EdDSA", "ES256", "RS256"]);
    }
}
