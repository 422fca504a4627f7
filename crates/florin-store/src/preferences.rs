//! SQL for preferences: what a shopper or a merchant likes, as the operations above wrote it.

use florin_domain::Timestamp;

use crate::{StoreError, Tx};

const KEEP: &str = "
    INSERT INTO preferences (owner, body, updated_at) VALUES ($1, $2, $3)
        ON CONFLICT (owner) DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at";
const OF_OWNER: &str = "SELECT body FROM preferences WHERE owner = $1";
const REMOVE: &str = "DELETE FROM preferences WHERE owner = $1";

impl Tx<'_> {
    /// Keeps what an owner likes, instead of what was kept.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn keep_preferences(&mut self, owner: &str, body: &str, at: Timestamp) -> Result<(), StoreError> {
        self.execute_one(KEEP, &[owner.into(), body.into(), at.micros().into()])
    }

    /// What an owner likes.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn find_preferences(&mut self, owner: &str) -> Result<Option<String>, StoreError> {
        self.query_one(OF_OWNER, &[owner.into()], |row| Ok(row.text(0)?.to_owned()))
    }

    /// Forgets what an owner likes.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn remove_preferences(&mut self, owner: &str) -> Result<bool, StoreError> {
        Ok(self.execute(REMOVE, &[owner.into()])? == 1)
    }
}
