//! SQL for attempts: how often somebody tried something in a while, so that it can be too often.

use florin_domain::Timestamp;

use crate::{StoreError, Tx};

const COUNT: &str = "
    INSERT INTO attempts (subject, window_at, tries) VALUES ($1, $2, 1)
        ON CONFLICT (subject) DO UPDATE SET
           tries = CASE WHEN attempts.window_at = excluded.window_at THEN attempts.tries + 1 ELSE 1 END,
           window_at = excluded.window_at
    RETURNING tries";
const FORGET: &str = "DELETE FROM attempts WHERE window_at < $1";

impl Tx<'_> {
    /// Counts one more attempt in the window that began at `window`, and answers how many there are in it. Another window
    /// than the last one begins at one again.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn count_attempt(&mut self, subject: &str, window: Timestamp) -> Result<i64, StoreError> {
        self.query_one(COUNT, &[subject.into(), window.micros().into()], |row| row.int(0))?.ok_or(StoreError::Stale)
    }

    /// Forgets attempts in windows that began before `before`.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn forget_attempts(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(FORGET, &[before.micros().into()])
    }
}
