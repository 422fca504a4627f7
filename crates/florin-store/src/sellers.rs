//! SQL for sellers and their credentials.
//!
//! Invariant: of a token only its hash and its sealed text are kept; a token is found by its hash.

use florin_domain::seller::{Pricing, Seller};
use florin_domain::{SellerId, Timestamp, TokenId};

use crate::columns::{count, id, opt_time, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "INSERT INTO sellers (seller_id, name, fee_bps, payout_hold_days, created_at) VALUES ($1, $2, $3, $4, $5)";
const BY_ID: &str = "SELECT seller_id, name, fee_bps, payout_hold_days, created_at FROM sellers WHERE seller_id = $1";
const LIST: &str = "SELECT seller_id, name, fee_bps, payout_hold_days, created_at FROM sellers ORDER BY created_at, seller_id";
const INSERT_TOKEN: &str = "
    INSERT INTO tokens (token_id, hash, seller_id, sealed, redirect_url, created_at, expires_at, revoked_at)
    VALUES ($1, $2, $3, $4, $5, $6, NULL, NULL)";
const BY_HASH: &str = "
    SELECT s.seller_id, s.name, s.fee_bps, s.payout_hold_days, s.created_at,
           t.token_id, t.seller_id, t.redirect_url, t.created_at, t.expires_at, t.revoked_at, t.sealed
      FROM tokens t JOIN sellers s ON s.seller_id = t.seller_id
     WHERE t.hash = $1";
const TOKEN_BY_ID: &str = "
    SELECT token_id, seller_id, redirect_url, created_at, expires_at, revoked_at, sealed FROM tokens WHERE token_id = $1";
const TOKENS: &str = "
    SELECT token_id, seller_id, redirect_url, created_at, expires_at, revoked_at, sealed
      FROM tokens WHERE ($1 = '' OR seller_id = $1) ORDER BY created_at, token_id";
const REVOKE: &str = "UPDATE tokens SET revoked_at = $1 WHERE token_id = $2 AND revoked_at IS NULL";
const EXPIRE: &str = "
    UPDATE tokens SET expires_at = CASE WHEN expires_at IS NULL OR expires_at > $1 THEN $1 ELSE expires_at END WHERE token_id = $2";

/// A seller's credential as the books hold it.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// Its id, which may be shown.
    pub id: TokenId,
    /// Whose it is.
    pub seller: SellerId,
    /// Where buyers go if an order does not say.
    pub redirect_url: Option<String>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it stops working, if that is settled.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The token as the vault sealed it.
    pub sealed: Vec<u8>,
}

impl TokenRecord {
    /// Whether the token opens anything at `now`.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

impl Tx<'_> {
    /// Writes a new seller.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id is taken.
    pub fn insert_seller(&mut self, seller: &Seller) -> Result<(), StoreError> {
        let fee_bps = match seller.pricing {
            Pricing::BuyerPays => None,
            Pricing::SellerPays { fee_bps } => Some(fee_bps),
        };
        self.execute_one(
            INSERT,
            &[
                Value::from(&seller.id.to_string()),
                (&seller.name).into(),
                fee_bps.into(),
                seller.payout_hold_days.into(),
                seller.created_at.micros().into(),
            ],
        )
    }

    /// Finds a seller.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_seller(&mut self, seller: SellerId) -> Result<Option<Seller>, StoreError> {
        self.query_one(BY_ID, &[(&seller.to_string()).into()], seller_of)
    }

    /// Every seller, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_sellers(&mut self) -> Result<Vec<Seller>, StoreError> {
        self.query(LIST, &[], seller_of)
    }

    /// Writes a new token.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the token exists.
    pub fn insert_token(&mut self, token: &TokenRecord, hash: &[u8; 32]) -> Result<(), StoreError> {
        self.execute_one(
            INSERT_TOKEN,
            &[
                Value::from(&token.id.to_string()),
                hash.into(),
                (&token.seller.to_string()).into(),
                (&token.sealed).into(),
                (&token.redirect_url).into(),
                token.created_at.micros().into(),
            ],
        )
    }

    /// Finds a token and its seller by the token's hash.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_token_by_hash(&mut self, hash: &[u8; 32]) -> Result<Option<(Seller, TokenRecord)>, StoreError> {
        self.query_one(BY_HASH, &[hash.into()], |row| Ok((seller_of(row)?, token_of(row, 5)?)))
    }

    /// Finds a token by its id.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_token(&mut self, token: TokenId) -> Result<Option<TokenRecord>, StoreError> {
        self.query_one(TOKEN_BY_ID, &[(&token.to_string()).into()], |row| token_of(row, 0))
    }

    /// The tokens of one seller, or of all, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_tokens(&mut self, seller: Option<SellerId>) -> Result<Vec<TokenRecord>, StoreError> {
        let seller = seller.map(|seller| seller.to_string()).unwrap_or_default();
        self.query(TOKENS, &[(&seller).into()], |row| token_of(row, 0))
    }

    /// Ends a token now.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if it is revoked already, or there is none.
    pub fn revoke_token(&mut self, token: TokenId, now: Timestamp) -> Result<(), StoreError> {
        self.execute_one(REVOKE, &[now.micros().into(), (&token.to_string()).into()])
    }

    /// Ends a token at `end`, or when it ends already if that is sooner.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if there is none.
    pub fn expire_token(&mut self, token: TokenId, end: Timestamp) -> Result<(), StoreError> {
        self.execute_one(EXPIRE, &[end.micros().into(), (&token.to_string()).into()])
    }
}

fn seller_of(row: &Row<'_>) -> Result<Seller, StoreError> {
    let fee_bps = row.opt_int(2)?.map(u32::try_from).transpose().map_err(|_| row.corrupt(2))?;
    Ok(Seller {
        id: id(row, 0, SellerId::parse)?,
        name: row.text(1)?.to_owned(),
        pricing: fee_bps.map_or(Pricing::BuyerPays, |fee_bps| Pricing::SellerPays { fee_bps }),
        payout_hold_days: count(row, 3)?,
        created_at: time(row, 4)?,
    })
}

fn token_of(row: &Row<'_>, from: usize) -> Result<TokenRecord, StoreError> {
    Ok(TokenRecord {
        id: id(row, from, TokenId::parse)?,
        seller: id(row, from + 1, SellerId::parse)?,
        redirect_url: row.opt_text(from + 2)?.map(str::to_owned),
        created_at: time(row, from + 3)?,
        expires_at: opt_time(row, from + 4)?,
        revoked_at: opt_time(row, from + 5)?,
        sealed: row.blob(from + 6)?.to_vec(),
    })
}
