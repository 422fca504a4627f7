//! Who called lately, so that each request need not ask the books, or a cipher, again.
//!
//! Invariants: only what was found good is remembered, so that nobody can fill the memory with guesses; what is remembered is
//! found by a digest, never by the credential.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use florin_domain::merchant::Merchant;
use florin_domain::seller::Seller;
use florin_store::{ApiKeyRecord, TokenRecord};
use florin_vault::Claims;

/// How long a credential that was found good is taken for good without looking again. One revoked by another process works
/// for this long at most; one revoked here ends at once.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// How many sellers' and merchants' credentials are remembered; more are in use at once only in a very large house.
const CREDENTIALS_MAX: usize = 4_096;
/// How many shoppers' tokens are remembered.
const SHOPPERS_MAX: usize = 16_384;

/// Whoever called lately.
#[derive(Default)]
pub struct KnownCallers {
    pub(super) sellers: Recent<(Seller, TokenRecord)>,
    pub(super) merchants: Recent<(Arc<Merchant>, ApiKeyRecord)>,
    pub(super) shoppers: Verified,
}

impl KnownCallers {
    /// Forgets everybody whom the books know: some credential, or what it opens, has changed.
    pub fn forget(&self) {
        self.sellers.clear();
        self.merchants.clear();
    }
}

/// What the books said of credentials within the last second.
pub(super) struct Recent<T>(Mutex<HashMap<[u8; 32], (T, Instant)>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Recent<T> {
    pub(super) fn find(&self, hash: &[u8; 32]) -> Option<T> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hash).filter(|(_, asked_at)| asked_at.elapsed() < TRUSTED_FOR).map(|(found, _)| found.clone())
    }

    pub(super) fn remember(&self, hash: [u8; 32], found: T) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CREDENTIALS_MAX {
            known.clear();
        }
        known.insert(hash, (found, Instant::now()));
    }

    fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Tokens whose signature was found right. What a token says never changes, so that only its time is left to be looked at.
#[derive(Default)]
pub(super) struct Verified(Mutex<HashMap<[u8; 32], Arc<Claims>>>);

impl Verified {
    /// What the token of this digest says, if it was verified before and is in time at `now_s`.
    pub(super) fn find(&self, digest: &[u8; 32], now_s: i64) -> Option<Arc<Claims>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that went back makes a token too young again; its signature is looked at anew then, and refused.
        known.get(digest).filter(|claims| (claims.not_before_s..claims.expires_at_s).contains(&now_s)).cloned()
    }

    pub(super) fn remember(&self, digest: [u8; 32], claims: &Arc<Claims>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= SHOPPERS_MAX {
            known.clear();
        }
        known.insert(digest, Arc::clone(claims));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Arc<Claims> {
        let text = String::from;
        Arc::new(Claims {
            issuer: text("us"),
            audience: text("us"),
            subject: text("jo"),
            merchant: text("10006"),
            wallet: text("wallet"),
            id: text("id"),
            guest: false,
            issued_at_s: 100,
            not_before_s: 100,
            expires_at_s: 200,
        })
    }

    #[test]
    fn a_verified_token_is_known_in_its_time_and_no_longer() {
        let verified = Verified::default();
        verified.remember([1; 32], &claims());
        for (now_s, known) in [(99, false), (100, true), (199, true), (200, false)] {
            assert_eq!(verified.find(&[1; 32], now_s).is_some(), known, "at {now_s}");
        }
        assert!(verified.find(&[2; 32], 150).is_none());
    }

    #[test]
    fn the_memory_has_a_bound() {
        let verified = Verified::default();
        for number in 0..=u32::try_from(SHOPPERS_MAX).unwrap() {
            let mut digest = [0; 32];
            digest[..4].copy_from_slice(&number.to_be_bytes());
            verified.remember(digest, &claims());
        }
        assert_eq!(verified.0.lock().unwrap().len(), 1, "the full memory was emptied for the last one");
    }
}
