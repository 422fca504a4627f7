//! Waiting: for a condition, never for a time.

use std::time::{Duration, Instant};

/// How long anything may take before a story says that it does not happen.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks `look` until it has something; fails the story, naming `what`, when patience ends.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(15));
    }
}
