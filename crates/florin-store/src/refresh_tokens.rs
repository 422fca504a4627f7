//! SQL for refresh tokens: what renews a shopper's sign-in, each good once.
//!
//! Invariants: only hashes are kept; a token is spent once; a revoked family stays revoked for as long as any token of it
//! could still be good.

use std::time::Duration;

use florin_domain::merchant::MerchantId;
use florin_domain::time::days;
use florin_domain::{ApiKeyId, FamilyId, Timestamp};

use crate::columns::{flag, hash, id, time};
use crate::{StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO refresh_tokens (hash, family_id, merchant_id, key_id, shopper, guest, expires_at, access_s, refresh_s)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const BY_HASH: &str = "
    SELECT t.hash, t.family_id, t.merchant_id, t.key_id, t.shopper, t.guest, t.expires_at, t.access_s, t.refresh_s,
           t.spent_at, r.revoked_at
      FROM refresh_tokens t LEFT JOIN revoked_families r ON r.family_id = t.family_id WHERE t.hash = $1";
const SPEND: &str = "UPDATE refresh_tokens SET spent_at = $1 WHERE hash = $2 AND spent_at IS NULL";
const REVOKE: &str = "
    INSERT INTO revoked_families (family_id, revoked_at) VALUES ($1, $2) ON CONFLICT (family_id) DO NOTHING";
const FORGET: &str = "DELETE FROM refresh_tokens WHERE hash >= $1 AND hash <= $2 AND expires_at < $3";
const FORGET_FAMILIES: &str = "DELETE FROM revoked_families WHERE revoked_at < $1";

/// Where the search for spent tokens goes on, in the table of numbers.
const SWEPT: &str = "refresh_tokens_swept";
/// No refresh token lives longer than a year, so that after this a revoked family has no good one left.
const FAMILY_KEPT: Duration = days(400);

/// A refresh token as the books hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshRecord {
    /// The token's hash.
    pub hash: [u8; 32],
    /// The sign-in that it comes from.
    pub family: FamilyId,
    /// At which merchant.
    pub merchant: MerchantId,
    /// The API key it was asked for with, which alone may use it.
    pub key: ApiKeyId,
    /// The shopper.
    pub shopper: String,
    /// Whether the shopper is a guest.
    pub guest: bool,
    /// When it ends.
    pub expires_at: Timestamp,
    /// For how many seconds the access tokens it brings are good.
    pub access_s: i64,
    /// For how many seconds the refresh tokens it brings are good.
    pub refresh_s: i64,
}

impl Tx<'_> {
    /// Writes a new refresh token.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it exists.
    pub fn insert_refresh_token(&mut self, token: &RefreshRecord) -> Result<(), StoreError> {
        self.execute_one(
            INSERT,
            &[
                Value::from(&token.hash),
                (&token.family.to_string()).into(),
                token.merchant.as_str().into(),
                (&token.key.to_string()).into(),
                (&token.shopper).into(),
                i64::from(token.guest).into(),
                token.expires_at.micros().into(),
                token.access_s.into(),
                token.refresh_s.into(),
            ],
        )
    }

    /// Finds a refresh token by its hash, and whether it was spent and whether its family was revoked.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_refresh_token(&mut self, token: &[u8; 32]) -> Result<Option<(RefreshRecord, bool, bool)>, StoreError> {
        self.query_one(BY_HASH, &[token.into()], |row| {
            let record = RefreshRecord {
                hash: hash(row, 0)?,
                family: id(row, 1, FamilyId::parse)?,
                merchant: id(row, 2, MerchantId::parse)?,
                key: id(row, 3, ApiKeyId::parse)?,
                shopper: row.text(4)?.to_owned(),
                guest: flag(row, 5)?,
                expires_at: time(row, 6)?,
                access_s: row.int(7)?,
                refresh_s: row.int(8)?,
            };
            Ok((record, row.opt_int(9)?.is_some(), row.opt_int(10)?.is_some()))
        })
    }

    /// Spends a refresh token; `false` if it was spent before, or there is none.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn spend_refresh_token(&mut self, token: &[u8; 32], at: Timestamp) -> Result<bool, StoreError> {
        Ok(self.execute(SPEND, &[at.micros().into(), token.into()])? == 1)
    }

    /// Ends every token of a family.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn revoke_family(&mut self, family: FamilyId, at: Timestamp) -> Result<(), StoreError> {
        self.execute(REVOKE, &[(&family.to_string()).into(), at.micros().into()]).map(drop)
    }

    /// Forgets tokens that ended before `before`, and families revoked long before that. A call looks at one part in 256 of
    /// the tokens and the next call at the next, because to look at all of them would hold up every write.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn forget_refresh_tokens(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        let first = self.take_number(SWEPT, 0)?.to_be_bytes()[7];
        let (mut from, mut to) = ([0; 32], [u8::MAX; 32]);
        (from[0], to[0]) = (first, first);
        self.execute(FORGET_FAMILIES, &[before.minus(FAMILY_KEPT).micros().into()])?;
        self.execute(FORGET, &[(&from).into(), (&to).into(), before.micros().into()])
    }
}
