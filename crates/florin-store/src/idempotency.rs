//! SQL for idempotency records: the first answer to a key, kept in the transaction of its effect.

use florin_domain::Timestamp;

use crate::columns::{count, hash};
use crate::{StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO idempotency (scope, idem_key, fingerprint, status, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
const FIND: &str = "SELECT fingerprint, status, body FROM idempotency WHERE scope = $1 AND idem_key = $2";
const FORGET: &str = "DELETE FROM idempotency WHERE created_at < $1";

/// The first answer to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// Digest of the request that the key came with.
    pub fingerprint: [u8; 32],
    /// The HTTP status of the answer; 0 if the name of what was made is kept, and no answer.
    pub status: u32,
    /// The bytes of the answer.
    pub body: Vec<u8>,
}

impl Tx<'_> {
    /// Keeps the first answer to a key.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the key has one.
    pub fn insert_answer(&mut self, scope: &str, key: &str, record: &IdempotencyRecord, now: Timestamp) -> Result<(), StoreError> {
        self.execute_one(
            INSERT,
            &[
                Value::from(scope),
                key.into(),
                (&record.fingerprint).into(),
                record.status.into(),
                (&record.body).into(),
                now.micros().into(),
            ],
        )
    }

    /// Finds the first answer to a key.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_answer(&mut self, scope: &str, key: &str) -> Result<Option<IdempotencyRecord>, StoreError> {
        self.query_one(FIND, &[scope.into(), key.into()], |row| {
            Ok(IdempotencyRecord { fingerprint: hash(row, 0)?, status: count(row, 1)?, body: row.blob(2)?.to_vec() })
        })
    }

    /// Forgets answers given before `limit`.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn forget_answers(&mut self, limit: Timestamp) -> Result<u64, StoreError> {
        self.execute(FORGET, &[limit.micros().into()])
    }
}
