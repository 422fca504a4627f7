//! The codes of cards that are being typed: in this process's memory for some minutes, and nowhere else.
//!
//! Invariants: nothing here prints or is written anywhere; there is an end to how many are kept and for how long.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use florin_domain::{FramesActionId, Timestamp};
use florin_vault::Secret;

/// How many are kept at once.
const KEPT_MAX: usize = 10_000;

/// The codes of cards that are being typed.
#[derive(Default)]
pub struct Codes(Mutex<HashMap<FramesActionId, (Secret<String>, Timestamp)>>);

impl Codes {
    /// Keeps a code until `until`; `false` if there are too many.
    pub(super) fn keep(&self, action: FramesActionId, code: Secret<String>, (until, now): (Timestamp, Timestamp)) -> bool {
        let mut kept = self.kept();
        kept.retain(|_, (_, until)| now < *until);
        if kept.len() >= KEPT_MAX && !kept.contains_key(&action) {
            return false;
        }
        kept.insert(action, (code, until));
        true
    }

    /// The code of an action, if it was typed here.
    pub(super) fn find(&self, action: FramesActionId, now: Timestamp) -> Option<Secret<String>> {
        self.kept().get(&action).filter(|(_, until)| now < *until).map(|(code, _)| code.clone())
    }

    /// Forgets the code of an action.
    pub(super) fn forget(&self, action: FramesActionId) {
        self.kept().remove(&action);
    }

    /// Forgets what is too old.
    pub(crate) fn sweep(&self, now: Timestamp) {
        self.kept().retain(|_, (_, until)| now < *until);
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<FramesActionId, (Secret<String>, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Codes(..)")
    }
}

#[cfg(test)]
mod tests {
    use florin_domain::time::minutes;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_255_800_000_000);

    fn action(number: usize) -> FramesActionId {
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
        FramesActionId::from_random(bytes)
    }

    #[test]
    fn a_code_is_kept_for_its_time_and_no_longer() {
        let (codes, until) = (Codes::default(), NOW.plus(minutes(15)));
        assert!(codes.keep(action(1), Secret::new("123".to_owned()), (until, NOW)));
        assert_eq!(codes.find(action(1), NOW).map(|code| code.expose().clone()).as_deref(), Some("123"));
        assert!(codes.find(action(2), NOW).is_none() && codes.find(action(1), until).is_none());
        codes.sweep(until);
        assert!(codes.find(action(1), NOW).is_none());
    }

    #[test]
    fn there_is_an_end_to_how_many_are_kept() {
        let (codes, until) = (Codes::default(), NOW.plus(minutes(15)));
        let keep = |number, now: Timestamp| codes.keep(action(number), Secret::new("123".to_owned()), (until, now));
        assert!((0..KEPT_MAX).all(|number| keep(number, NOW)));
        assert!(!keep(KEPT_MAX, NOW) && keep(7, NOW), "another is one too many, the same again is not");
        assert!(codes.keep(action(KEPT_MAX), Secret::new("1".to_owned()), (until.plus(minutes(15)), until)), "old ones make way");
    }
}
