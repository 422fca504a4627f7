//! SQL for the keys that sign shoppers' tokens. The private halves are sealed before they come here.

use florin_domain::Timestamp;

use crate::columns::{opt_time, time};
use crate::{StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO signing_keys (kid, algorithm, public, sealed, created_at, retires_at) VALUES ($1, $2, $3, $4, $5, $6)";
const LIST: &str = "
    SELECT kid, algorithm, public, sealed, created_at, retires_at FROM signing_keys ORDER BY created_at DESC, kid";
const RETIRE: &str = "UPDATE signing_keys SET retires_at = $1 WHERE kid <> $2 AND retires_at IS NULL";
const FORGET: &str = "DELETE FROM signing_keys WHERE retires_at < $1";

/// A signing key as the books hold it.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKeyRecord {
    /// Its name in tokens.
    pub kid: String,
    /// The algorithm it signs with.
    pub algorithm: String,
    /// The public half.
    pub public: Vec<u8>,
    /// The private half as the vault sealed it.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its signatures count no more, if that is settled.
    pub retires_at: Option<Timestamp>,
}

impl Tx<'_> {
    /// Writes a new signing key.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the name is taken.
    pub fn insert_signing_key(&mut self, key: &SigningKeyRecord) -> Result<(), StoreError> {
        self.execute_one(
            INSERT,
            &[
                Value::from(&key.kid),
                (&key.algorithm).into(),
                (&key.public).into(),
                (&key.sealed).into(),
                key.created_at.micros().into(),
                key.retires_at.map(Timestamp::micros).into(),
            ],
        )
    }

    /// Every signing key, newest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_signing_keys(&mut self) -> Result<Vec<SigningKeyRecord>, StoreError> {
        self.query(LIST, &[], |row| {
            Ok(SigningKeyRecord {
                kid: row.text(0)?.to_owned(),
                algorithm: row.text(1)?.to_owned(),
                public: row.blob(2)?.to_vec(),
                sealed: row.blob(3)?.to_vec(),
                created_at: time(row, 4)?,
                retires_at: opt_time(row, 5)?,
            })
        })
    }

    /// Settles that every key but one ends at `at`; those whose end is settled keep it.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn retire_signing_keys(&mut self, except_kid: &str, at: Timestamp) -> Result<u64, StoreError> {
        self.execute(RETIRE, &[at.micros().into(), except_kid.into()])
    }

    /// Forgets keys that ended before `before`.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn forget_signing_keys(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(FORGET, &[before.micros().into()])
    }
}
