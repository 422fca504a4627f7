//! SQL for card captures: visits to the page that takes a card. Nothing of a card stands here.
//!
//! Invariant: a capture ends in one instrument at the most.

use florin_domain::instrument::InstrumentId;
use florin_domain::merchant::MerchantId;
use florin_domain::{CaptureId, Timestamp, WalletId};

use crate::columns::{id, opt_id, opt_time, time};
use crate::{StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO captures (capture_id, merchant_id, wallet_id, gone_at, client_reference, created_at, expires_at, instrument_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const BY_ID: &str = "
    SELECT capture_id, merchant_id, wallet_id, gone_at, client_reference, created_at, expires_at, instrument_id
      FROM captures WHERE capture_id = $1";
const FINISH: &str = "UPDATE captures SET instrument_id = $1 WHERE capture_id = $2 AND instrument_id IS NULL";
const FORGET: &str = "DELETE FROM captures WHERE expires_at < $1";

/// A visit to the page that takes a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureRecord {
    /// Its id, part of the page's address.
    pub id: CaptureId,
    /// At which merchant.
    pub merchant: MerchantId,
    /// The wallet that the card goes into.
    pub wallet: WalletId,
    /// A guest's: when the card is forgotten.
    pub gone_at: Option<Timestamp>,
    /// The caller's own name for it.
    pub client_reference: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Until when the page takes a card.
    pub expires_at: Timestamp,
    /// The card that came of it.
    pub instrument: Option<InstrumentId>,
}

const REMOVE_OPEN: &str = "DELETE FROM captures WHERE wallet_id = $1 AND instrument_id IS NULL";

impl Tx<'_> {
    /// Removes a wallet's captures that nothing has come of yet, so that nothing can come of them any more.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn remove_open_captures(&mut self, wallet: WalletId) -> Result<u64, StoreError> {
        // Without an index: captures live for minutes, and wallets are seldom removed.
        self.execute(REMOVE_OPEN, &[(&wallet.to_string()).into()])
    }

    /// Writes a new capture.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id is taken.
    pub fn insert_capture(&mut self, capture: &CaptureRecord) -> Result<(), StoreError> {
        self.execute_one(
            INSERT,
            &[
                Value::from(&capture.id.to_string()),
                capture.merchant.as_str().into(),
                (&capture.wallet.to_string()).into(),
                capture.gone_at.map(Timestamp::micros).into(),
                (&capture.client_reference).into(),
                capture.created_at.micros().into(),
                capture.expires_at.micros().into(),
                capture.instrument.as_ref().map(InstrumentId::as_str).into(),
            ],
        )
    }

    /// Finds a capture.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_capture(&mut self, capture: CaptureId) -> Result<Option<CaptureRecord>, StoreError> {
        self.query_one(BY_ID, &[(&capture.to_string()).into()], |row| {
            Ok(CaptureRecord {
                id: id(row, 0, CaptureId::parse)?,
                merchant: id(row, 1, MerchantId::parse)?,
                wallet: id(row, 2, WalletId::parse)?,
                gone_at: opt_time(row, 3)?,
                client_reference: row.text(4)?.to_owned(),
                created_at: time(row, 5)?,
                expires_at: time(row, 6)?,
                instrument: opt_id(row, 7, InstrumentId::parse)?,
            })
        })
    }

    /// Ends a capture with its card; `false` if it has one already, or there is no such capture.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn finish_capture(&mut self, capture: CaptureId, instrument: &InstrumentId) -> Result<bool, StoreError> {
        Ok(self.execute(FINISH, &[instrument.as_str().into(), (&capture.to_string()).into()])? == 1)
    }

    /// Forgets captures that ended before `before`.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn forget_captures(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(FORGET, &[before.micros().into()])
    }
}
