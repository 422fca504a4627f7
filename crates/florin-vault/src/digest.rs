//! Digests, message authentication, and comparison that does not leak where two values differ.
//!
//! Only SHA-256: what is stored or signed today must be readable for as long as the ledger is.

use aws_lc_rs::{digest as sha, hmac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

/// SHA-256 of `bytes`.
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(sha::digest(&sha::SHA256, bytes).as_ref());
    out
}

/// The first half of a digest: enough to name a thing by, where nobody gains from two things with one name.
pub(crate) fn first_half(sum: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&sum[..16]);
    half
}

/// HMAC-SHA-256 of `message` under `key`, in padded standard base64, as signature headers carry it.
pub fn hmac_sha256_base64(key: &[u8], message: &[u8]) -> String {
    STANDARD.encode(hmac_sha256(key, message))
}

/// HMAC-SHA-256 of `message` under `key`.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    hmac_sha256_of_parts(key, &[message])
}

/// HMAC-SHA-256 of the `parts` one after the other, without a copy of them that would have to be wiped.
pub(crate) fn hmac_sha256_of_parts(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.sign().as_ref());
    out
}

/// Whether `left` and `right` are the same bytes, in a time that depends on their lengths only.
pub fn constant_time_equal(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    #[test]
    fn the_digest_is_sha_256() {
        // FIPS 180-4, the one-block example.
        assert_eq!(hex::encode(&digest(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn the_signature_is_hmac_sha_256_in_padded_base64() {
        // RFC 4231, test case 2.
        let expected = hex::decode("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843").unwrap();
        let signature = hmac_sha256_base64(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(signature, STANDARD.encode(expected));
        assert!(signature.ends_with('='));
    }

    #[test]
    fn equality_sees_every_byte_and_the_length() {
        assert!(constant_time_equal(b"same", b"same"));
        assert!(!constant_time_equal(b"same", b"sama"));
        assert!(!constant_time_equal(b"same", b"same!"));
    }
}
