//! SQL for instruments: what shoppers pay with. What is secret of them is sealed before it comes here.
//!
//! Invariant: what changes with a payment stands in no index, so that paying rewrites one row and nothing else.

use florin_domain::instrument::{Instrument, InstrumentId, InstrumentKind, InstrumentStatus};
use florin_domain::merchant::MerchantId;
use florin_domain::{InstrumentToken, Timestamp, WalletId};

use crate::columns::{expiry_columns, flag, hash, id, named, opt_expiry, opt_text, opt_time, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO instruments (instrument_id, token, wallet_id, merchant_id, kind, status, is_primary, network, bin, suffix,
                             expiry_year, expiry_month, code_checked, account, customer, fingerprint, sealed, created_at,
                             updated_at, used_at, gone_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)";
const SAVE: &str = "
    UPDATE instruments SET status = $1, is_primary = $2, network = $3, bin = $4, suffix = $5, expiry_year = $6,
                           expiry_month = $7, code_checked = $8, account = $9, customer = $10, fingerprint = $11,
                           sealed = $12, updated_at = $13, used_at = $14, gone_at = $15
     WHERE instrument_id = $16";
const BY_ID: &str = "
    SELECT instrument_id, token, wallet_id, merchant_id, kind, status, is_primary, network, bin, suffix, expiry_year,
           expiry_month, code_checked, account, customer, fingerprint, sealed, created_at, updated_at, used_at, gone_at
      FROM instruments WHERE instrument_id = $1";
const BY_TOKEN: &str = "
    SELECT instrument_id, token, wallet_id, merchant_id, kind, status, is_primary, network, bin, suffix, expiry_year,
           expiry_month, code_checked, account, customer, fingerprint, sealed, created_at, updated_at, used_at, gone_at
      FROM instruments WHERE token = $1";
const BY_FINGERPRINT: &str = "
    SELECT instrument_id, token, wallet_id, merchant_id, kind, status, is_primary, network, bin, suffix, expiry_year,
           expiry_month, code_checked, account, customer, fingerprint, sealed, created_at, updated_at, used_at, gone_at
      FROM instruments WHERE wallet_id = $1 AND kind = $2 AND fingerprint = $3 ORDER BY created_at, token LIMIT 1";
const OF_WALLET: &str = "
    SELECT instrument_id, token, wallet_id, merchant_id, kind, status, is_primary, network, bin, suffix, expiry_year,
           expiry_month, code_checked, account, customer, fingerprint, sealed, created_at, updated_at, used_at, gone_at
      FROM instruments WHERE wallet_id = $1 ORDER BY created_at, token";
const USE: &str = "UPDATE instruments SET used_at = $1 WHERE instrument_id = $2";
const USE_VERIFIED: &str = "
    UPDATE instruments SET used_at = $1, status = CASE WHEN status = 'unverified' THEN 'verified' ELSE status END
     WHERE instrument_id = $2";
const CLEAR_PRIMARY: &str = "UPDATE instruments SET is_primary = 0, updated_at = $1 WHERE wallet_id = $2 AND is_primary = 1";
const REMOVE: &str = "DELETE FROM instruments WHERE instrument_id = $1";
const REMOVE_OF_WALLET: &str = "DELETE FROM instruments WHERE wallet_id = $1";
/// Whoever asks what became of a payment in doubt names what was paid with, so that it has to be there as long. Those are listed
/// first, because they are few.
const FORGET_TRANSIENTS: &str = "
    DELETE FROM instruments WHERE gone_at IS NOT NULL AND gone_at <= $1
       AND instrument_id NOT IN (SELECT m.instrument_id FROM transactions t CROSS JOIN movements m
                                  WHERE t.state = 'processing' AND m.reference > t.receipt AND m.reference <= t.receipt + t.parts)";

impl Tx<'_> {
    /// Writes a new instrument.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id or the token is taken.
    pub fn insert_instrument(&mut self, instrument: &Instrument) -> Result<(), StoreError> {
        let (year, month) = expiry_columns(instrument.expiry);
        self.execute_one(
            INSERT,
            &[
                Value::from(instrument.id.as_str()),
                (&instrument.token.to_string()).into(),
                (&instrument.wallet.to_string()).into(),
                instrument.merchant.as_str().into(),
                instrument.kind.name().into(),
                instrument.status.name().into(),
                i64::from(instrument.primary).into(),
                (&instrument.network).into(),
                (&instrument.bin).into(),
                (&instrument.suffix).into(),
                year.into(),
                month.into(),
                i64::from(instrument.code_checked).into(),
                (&instrument.account).into(),
                (&instrument.customer).into(),
                (&instrument.fingerprint).into(),
                (&instrument.sealed).into(),
                instrument.created_at.micros().into(),
                instrument.updated_at.micros().into(),
                instrument.used_at.map(Timestamp::micros).into(),
                instrument.gone_at.map(Timestamp::micros).into(),
            ],
        )
    }

    /// Finds an instrument by its id.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_instrument(&mut self, instrument: &InstrumentId) -> Result<Option<Instrument>, StoreError> {
        self.query_one(BY_ID, &[instrument.as_str().into()], instrument_of)
    }

    /// Finds an instrument by the token that it is paid with.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_instrument_by_token(&mut self, token: InstrumentToken) -> Result<Option<Instrument>, StoreError> {
        self.query_one(BY_TOKEN, &[(&token.to_string()).into()], instrument_of)
    }

    /// Finds the oldest instrument of a kind in a wallet that has the same number.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_instrument_by_fingerprint(
        &mut self,
        wallet: WalletId,
        kind: InstrumentKind,
        fingerprint: &[u8; 32],
    ) -> Result<Option<Instrument>, StoreError> {
        let wallet = wallet.to_string();
        self.query_one(BY_FINGERPRINT, &[(&wallet).into(), kind.name().into(), fingerprint.into()], instrument_of)
    }

    /// Everything in a wallet, oldest first; guests' instruments and those to be forgotten too.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_instruments(&mut self, wallet: WalletId) -> Result<Vec<Instrument>, StoreError> {
        self.query(OF_WALLET, &[(&wallet.to_string()).into()], instrument_of)
    }

    /// Saves all of an instrument that can change: not its token, wallet, merchant, kind, nor when it was captured.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if it is gone.
    pub fn save_instrument(&mut self, instrument: &Instrument) -> Result<(), StoreError> {
        let (year, month) = expiry_columns(instrument.expiry);
        self.execute_one(
            SAVE,
            &[
                Value::from(instrument.status.name()),
                i64::from(instrument.primary).into(),
                (&instrument.network).into(),
                (&instrument.bin).into(),
                (&instrument.suffix).into(),
                year.into(),
                month.into(),
                i64::from(instrument.code_checked).into(),
                (&instrument.account).into(),
                (&instrument.customer).into(),
                (&instrument.fingerprint).into(),
                (&instrument.sealed).into(),
                instrument.updated_at.micros().into(),
                instrument.used_at.map(Timestamp::micros).into(),
                instrument.gone_at.map(Timestamp::micros).into(),
                instrument.id.as_str().into(),
            ],
        )
    }

    /// Notes that an instrument was paid with, and with `verified` that its issuer confirmed it: that makes a kept one
    /// verified and leaves a guest's a guest's. `false` if it is gone.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn use_instrument(&mut self, instrument: &InstrumentId, at: Timestamp, verified: bool) -> Result<bool, StoreError> {
        let sql = if verified { USE_VERIFIED } else { USE };
        self.execute(sql, &[at.micros().into(), instrument.as_str().into()]).map(|changed| changed == 1)
    }

    /// Leaves a wallet without an instrument that is paid with first.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn clear_primary(&mut self, wallet: WalletId, at: Timestamp) -> Result<(), StoreError> {
        self.execute(CLEAR_PRIMARY, &[at.micros().into(), (&wallet.to_string()).into()]).map(drop)
    }

    /// Removes an instrument; `false` if there is none.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn remove_instrument(&mut self, instrument: &InstrumentId) -> Result<bool, StoreError> {
        Ok(self.execute(REMOVE, &[instrument.as_str().into()])? == 1)
    }

    /// Removes everything in a wallet, its agreements too; answers how many things that were.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn remove_wallet(&mut self, wallet: WalletId) -> Result<u64, StoreError> {
        let instruments = self.execute(REMOVE_OF_WALLET, &[(&wallet.to_string()).into()])?;
        Ok(instruments + self.remove_agreements(wallet)?)
    }

    /// Forgets guests' instruments whose time has come.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn forget_transients(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        self.execute(FORGET_TRANSIENTS, &[now.micros().into()])
    }
}

fn instrument_of(row: &Row<'_>) -> Result<Instrument, StoreError> {
    Ok(Instrument {
        id: id(row, 0, InstrumentId::parse)?,
        token: id(row, 1, InstrumentToken::parse)?,
        wallet: id(row, 2, WalletId::parse)?,
        merchant: id(row, 3, MerchantId::parse)?,
        kind: named(row, 4, InstrumentKind::from_name)?,
        status: named(row, 5, InstrumentStatus::from_name)?,
        primary: flag(row, 6)?,
        network: opt_text(row, 7)?,
        bin: opt_text(row, 8)?,
        suffix: opt_text(row, 9)?,
        expiry: opt_expiry(row, 10)?,
        code_checked: flag(row, 12)?,
        account: opt_text(row, 13)?,
        customer: opt_text(row, 14)?,
        fingerprint: hash(row, 15)?,
        sealed: row.blob(16)?.to_vec(),
        created_at: time(row, 17)?,
        updated_at: time(row, 18)?,
        used_at: opt_time(row, 19)?,
        gone_at: opt_time(row, 20)?,
    })
}
