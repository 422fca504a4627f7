//! SQL for numbers that are given out once, counted up by name.

use crate::{StoreError, Tx};

const TAKE: &str = "
    INSERT INTO numbers (name, last) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET last = numbers.last + 1 RETURNING last";

impl Tx<'_> {
    /// The next number of its name: `first`, then one more each time.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn take_number(&mut self, name: &'static str, first: i64) -> Result<i64, StoreError> {
        self.query_one(TAKE, &[name.into(), first.into()], |row| row.int(0))?.ok_or(StoreError::Stale)
    }
}
