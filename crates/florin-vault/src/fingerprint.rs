//! Fingerprints: keyed digests by which a value is found again that is never stored in clear.
//!
//! Card numbers are few enough to try them all, so an ordinary digest would give them away; this one needs the key.
//! Invariant: a fingerprint says nothing without the key, and nothing across two contexts.

use std::fmt;

use crate::digest::{first_half, hmac_sha256_of_parts};
use crate::sealing::place;
use crate::secret::Secret;

/// The key of fingerprints. Changing it loses every value that was to be found by them.
#[derive(Clone)]
pub struct FingerprintKey(Secret<[u8; 32]>);

impl FingerprintKey {
    /// A key from its 32 bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    /// The fingerprint of `value` in `context`: who keeps what, such as a merchant's cards.
    pub fn fingerprint(&self, context: &str, value: &[u8]) -> [u8; 32] {
        self.sum("fingerprint", context, value)
    }

    /// 16 bytes that follow from `value` and that nobody without the key can guess: an identifier that need not be stored to
    /// be found again. It has nothing in common with the [`fingerprint`](Self::fingerprint).
    pub fn short(&self, context: &str, value: &[u8]) -> [u8; 16] {
        first_half(self.sum("identifier", context, value))
    }

    fn sum(&self, use_for: &str, context: &str, value: &[u8]) -> [u8; 32] {
        hmac_sha256_of_parts(self.0.expose(), &[&place(&[use_for, context]), value])
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &[u8] = b"4111111111111111";

    #[test]
    fn a_value_is_found_again_only_under_its_key_and_in_its_context() {
        let key = FingerprintKey::new([1; 32]);
        assert_eq!(key.fingerprint("cards", CARD), key.clone().fingerprint("cards", CARD));
        let others = [
            FingerprintKey::new([2; 32]).fingerprint("cards", CARD),
            key.fingerprint("gift cards", CARD),
            key.fingerprint("cards", b"4111111111111112"),
            key.fingerprint("cards4", &CARD[1..]),
            key.fingerprint("card", b"s4111111111111111"),
        ];
        assert!(!others.contains(&key.fingerprint("cards", CARD)));
    }

    #[test]
    fn an_identifier_is_not_the_beginning_of_the_fingerprint() {
        let key = FingerprintKey::new([1; 32]);
        assert_eq!(key.short("cards", CARD), key.short("cards", CARD));
        assert_ne!(key.short("cards", CARD), key.fingerprint("cards", CARD)[..16]);
        assert_ne!(key.short("cards", CARD), key.short("wallets", CARD));
    }

    #[test]
    fn the_key_prints_nothing_of_itself() {
        assert_eq!(format!("{:?}", FingerprintKey::new([1; 32])), "FingerprintKey(…)");
    }
}
