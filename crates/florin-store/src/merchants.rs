//! SQL for merchants and for what tells that a call is theirs: API keys and the public keys of their servers.
//!
//! Invariant: of an API key only its hash is kept; it is found by it.

use florin_domain::merchant::{DuplicateReferences, Merchant, MerchantId};
use florin_domain::{ApiKeyId, SellerId, Timestamp};
use ipnet::IpNet;

use crate::columns::{count, id, named, opt_time, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO merchants (merchant_id, seller_id, name, origins, networks, fee_bps, duplicate_references, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const SAVE: &str = "
    UPDATE merchants SET name = $1, origins = $2, fee_bps = $3, duplicate_references = $4 WHERE merchant_id = $5";
const SAVE_NETWORKS: &str = "UPDATE merchants SET networks = $1 WHERE merchant_id = $2";
const BY_ID: &str = "
    SELECT merchant_id, seller_id, name, origins, networks, fee_bps, duplicate_references, created_at
      FROM merchants WHERE merchant_id = $1";
const LIST: &str = "
    SELECT merchant_id, seller_id, name, origins, networks, fee_bps, duplicate_references, created_at
      FROM merchants ORDER BY created_at, merchant_id";
const INSERT_KEY: &str = "
    INSERT INTO api_keys (key_id, hash, merchant_id, created_at, revoked_at) VALUES ($1, $2, $3, $4, $5)";
const BY_HASH: &str = "
    SELECT m.merchant_id, m.seller_id, m.name, m.origins, m.networks, m.fee_bps, m.duplicate_references, m.created_at,
           k.key_id, k.merchant_id, k.created_at, k.revoked_at
      FROM api_keys k JOIN merchants m ON m.merchant_id = k.merchant_id WHERE k.hash = $1";
const KEYS: &str = "
    SELECT key_id, merchant_id, created_at, revoked_at FROM api_keys WHERE merchant_id = $1 ORDER BY created_at, key_id";
const REVOKE_KEY: &str = "UPDATE api_keys SET revoked_at = $1 WHERE key_id = $2 AND revoked_at IS NULL";
const INSERT_SERVER_KEY: &str = "INSERT INTO server_keys (merchant_id, kid, pem, created_at) VALUES ($1, $2, $3, $4)";
const SERVER_KEY: &str = "SELECT pem FROM server_keys WHERE merchant_id = $1 AND kid = $2";
const SERVER_KEYS: &str = "SELECT kid, pem, created_at FROM server_keys WHERE merchant_id = $1 ORDER BY created_at, kid";
const REMOVE_SERVER_KEY: &str = "DELETE FROM server_keys WHERE merchant_id = $1 AND kid = $2";

/// A merchant's API key as the books hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// Its id, which may be shown.
    pub id: ApiKeyId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl Tx<'_> {
    /// Writes a new merchant.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id is taken.
    pub fn insert_merchant(&mut self, merchant: &Merchant) -> Result<(), StoreError> {
        self.execute_one(
            INSERT,
            &[
                Value::from(merchant.id.as_str()),
                (&merchant.seller.to_string()).into(),
                (&merchant.name).into(),
                (&merchant.origins.join("\n")).into(),
                (&networks_text(&merchant.allowed)).into(),
                merchant.fee_bps.into(),
                duplicates_name(merchant.duplicate_references).into(),
                merchant.created_at.micros().into(),
            ],
        )
    }

    /// Finds a merchant.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_merchant(&mut self, merchant: &MerchantId) -> Result<Option<Merchant>, StoreError> {
        self.query_one(BY_ID, &[merchant.as_str().into()], merchant_of)
    }

    /// Every merchant, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_merchants(&mut self) -> Result<Vec<Merchant>, StoreError> {
        self.query(LIST, &[], merchant_of)
    }

    /// Saves a merchant's name, origins, fee, and what it says to references used twice. Its networks have verbs of their own.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if there is none.
    pub fn save_merchant(&mut self, merchant: &Merchant) -> Result<(), StoreError> {
        self.execute_one(
            SAVE,
            &[
                Value::from(&merchant.name),
                (&merchant.origins.join("\n")).into(),
                merchant.fee_bps.into(),
                duplicates_name(merchant.duplicate_references).into(),
                merchant.id.as_str().into(),
            ],
        )
    }

    /// Lets a merchant's servers call from a network; nothing changes if they may already.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if there is no such merchant.
    pub fn allow_network(&mut self, merchant: &MerchantId, network: &IpNet) -> Result<(), StoreError> {
        let mut allowed = self.find_merchant(merchant)?.ok_or(StoreError::Stale)?.allowed;
        if allowed.contains(network) {
            return Ok(());
        }
        allowed.push(*network);
        self.execute_one(SAVE_NETWORKS, &[(&networks_text(&allowed)).into(), merchant.as_str().into()])
    }

    /// Lets a merchant's servers call from a network no more; `false` if they might not.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if there is no such merchant.
    pub fn disallow_network(&mut self, merchant: &MerchantId, network: &IpNet) -> Result<bool, StoreError> {
        let mut allowed = self.find_merchant(merchant)?.ok_or(StoreError::Stale)?.allowed;
        let before = allowed.len();
        allowed.retain(|known| known != network);
        self.execute_one(SAVE_NETWORKS, &[(&networks_text(&allowed)).into(), merchant.as_str().into()])?;
        Ok(allowed.len() < before)
    }
}

/// API keys.
impl Tx<'_> {
    /// Writes a new API key.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the key exists.
    pub fn insert_api_key(&mut self, key: &ApiKeyRecord, hash: &[u8; 32]) -> Result<(), StoreError> {
        self.execute_one(
            INSERT_KEY,
            &[
                Value::from(&key.id.to_string()),
                hash.into(),
                key.merchant.as_str().into(),
                key.created_at.micros().into(),
                key.revoked_at.map(Timestamp::micros).into(),
            ],
        )
    }

    /// Finds an API key and its merchant by the key's hash; a revoked one too.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_api_key(&mut self, hash: &[u8; 32]) -> Result<Option<(Merchant, ApiKeyRecord)>, StoreError> {
        self.query_one(BY_HASH, &[hash.into()], |row| Ok((merchant_of(row)?, key_of(row, 8)?)))
    }

    /// A merchant's API keys, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_api_keys(&mut self, merchant: &MerchantId) -> Result<Vec<ApiKeyRecord>, StoreError> {
        self.query(KEYS, &[merchant.as_str().into()], |row| key_of(row, 0))
    }

    /// Ends an API key; `false` if it is revoked already, or there is none.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn revoke_api_key(&mut self, key: ApiKeyId, at: Timestamp) -> Result<bool, StoreError> {
        Ok(self.execute(REVOKE_KEY, &[at.micros().into(), (&key.to_string()).into()])? == 1)
    }
}

/// The public keys by which the calls of a merchant's servers are verified.
impl Tx<'_> {
    /// Writes a new public key of a merchant.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the merchant has one of that name.
    pub fn insert_server_key(&mut self, merchant: &MerchantId, kid: &str, pem: &str, at: Timestamp) -> Result<(), StoreError> {
        self.execute_one(INSERT_SERVER_KEY, &[merchant.as_str().into(), kid.into(), pem.into(), at.micros().into()])
    }

    /// Finds a public key of a merchant, in PEM.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn find_server_key(&mut self, merchant: &MerchantId, kid: &str) -> Result<Option<String>, StoreError> {
        self.query_one(SERVER_KEY, &[merchant.as_str().into(), kid.into()], |row| row.text(0).map(str::to_owned))
    }

    /// A merchant's public keys with their names and when they came, oldest first.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn list_server_keys(&mut self, merchant: &MerchantId) -> Result<Vec<(String, String, Timestamp)>, StoreError> {
        self.query(SERVER_KEYS, &[merchant.as_str().into()], |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned(), time(row, 2)?)))
    }

    /// Removes a public key; `false` if there is none of that name.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn remove_server_key(&mut self, merchant: &MerchantId, kid: &str) -> Result<bool, StoreError> {
        Ok(self.execute(REMOVE_SERVER_KEY, &[merchant.as_str().into(), kid.into()])? == 1)
    }
}

fn merchant_of(row: &Row<'_>) -> Result<Merchant, StoreError> {
    let networks = row.text(4)?.lines().map(|network| network.parse().map_err(|_| row.corrupt(4)));
    Ok(Merchant {
        id: id(row, 0, MerchantId::parse)?,
        seller: id(row, 1, SellerId::parse)?,
        name: row.text(2)?.to_owned(),
        origins: row.text(3)?.lines().map(str::to_owned).collect(),
        allowed: networks.collect::<Result<_, _>>()?,
        fee_bps: count(row, 5)?,
        duplicate_references: named(row, 6, duplicates_named)?,
        created_at: time(row, 7)?,
    })
}

fn key_of(row: &Row<'_>, from: usize) -> Result<ApiKeyRecord, StoreError> {
    Ok(ApiKeyRecord {
        id: id(row, from, ApiKeyId::parse)?,
        merchant: id(row, from + 1, MerchantId::parse)?,
        created_at: time(row, from + 2)?,
        revoked_at: opt_time(row, from + 3)?,
    })
}

/// One network a line, as addresses are counted in handfuls and always read together.
fn networks_text(networks: &[IpNet]) -> String {
    networks.iter().map(IpNet::to_string).collect::<Vec<_>>().join("\n")
}

const fn duplicates_name(duplicates: DuplicateReferences) -> &'static str {
    match duplicates {
        DuplicateReferences::Accept => "accept",
        DuplicateReferences::Reject => "reject",
    }
}

fn duplicates_named(name: &str) -> Option<DuplicateReferences> {
    [DuplicateReferences::Accept, DuplicateReferences::Reject].into_iter().find(|known| duplicates_name(*known) == name)
}
