//! SQL for agreements: standing permissions to charge an instrument.

use florin_domain::agreement::{Agreement, AgreementKind, Frequency};
use florin_domain::instrument::InstrumentId;
use florin_domain::merchant::MerchantId;
use florin_domain::shopper::ShopperId;
use florin_domain::{AgreementId, Timestamp, WalletId};

use crate::columns::{count, currency, id, money, named, opt_text, opt_time, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO agreements (agreement_id, merchant_id, wallet_id, shopper, instrument_id, kind, frequency, amount_minor,
                            currency, starts_at, ends_at, cycle, created_at, updated_at, used_at, description)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
const SAVE: &str = "
    UPDATE agreements SET instrument_id = $1, kind = $2, frequency = $3, amount_minor = $4, currency = $5, starts_at = $6,
                          ends_at = $7, cycle = $8, updated_at = $9, used_at = $10, description = $11
     WHERE agreement_id = $12";
const BY_ID: &str = "
    SELECT agreement_id, merchant_id, wallet_id, shopper, instrument_id, kind, frequency, amount_minor, currency, starts_at,
           ends_at, cycle, created_at, updated_at, used_at, description
      FROM agreements WHERE agreement_id = $1";
const OF_WALLET: &str = "
    SELECT agreement_id, merchant_id, wallet_id, shopper, instrument_id, kind, frequency, amount_minor, currency, starts_at,
           ends_at, cycle, created_at, updated_at, used_at, description
      FROM agreements WHERE wallet_id = $1 ORDER BY created_at, agreement_id";
const REMOVE: &str = "DELETE FROM agreements WHERE agreement_id = $1";
const REMOVE_OF_WALLET: &str = "DELETE FROM agreements WHERE wallet_id = $1";

impl Tx<'_> {
    /// Writes a new agreement.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id is taken.
    pub fn insert_agreement(&mut self, agreement: &Agreement) -> Result<(), StoreError> {
        self.execute_one(
            INSERT,
            &[
                Value::from(&agreement.id.to_string()),
                agreement.merchant.as_str().into(),
                (&agreement.wallet.to_string()).into(),
                agreement.shopper.as_str().into(),
                agreement.instrument.as_str().into(),
                agreement.kind.name().into(),
                agreement.frequency.name().into(),
                agreement.amount.minor().into(),
                agreement.amount.currency().code().into(),
                agreement.starts_at.micros().into(),
                agreement.ends_at.map(Timestamp::micros).into(),
                agreement.cycle.into(),
                agreement.created_at.micros().into(),
                agreement.updated_at.micros().into(),
                agreement.used_at.map(Timestamp::micros).into(),
                agreement.description.as_deref().into(),
            ],
        )
    }

    /// Finds an agreement.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_agreement(&mut self, agreement: AgreementId) -> Result<Option<Agreement>, StoreError> {
        self.query_one(BY_ID, &[(&agreement.to_string()).into()], agreement_of)
    }

    /// The agreements on a wallet, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_agreements(&mut self, wallet: WalletId) -> Result<Vec<Agreement>, StoreError> {
        self.query(OF_WALLET, &[(&wallet.to_string()).into()], agreement_of)
    }

    /// Saves all of an agreement that can change: not whose it is, nor when it was made.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if it is gone.
    pub fn save_agreement(&mut self, agreement: &Agreement) -> Result<(), StoreError> {
        self.execute_one(
            SAVE,
            &[
                Value::from(agreement.instrument.as_str()),
                agreement.kind.name().into(),
                agreement.frequency.name().into(),
                agreement.amount.minor().into(),
                agreement.amount.currency().code().into(),
                agreement.starts_at.micros().into(),
                agreement.ends_at.map(Timestamp::micros).into(),
                agreement.cycle.into(),
                agreement.updated_at.micros().into(),
                agreement.used_at.map(Timestamp::micros).into(),
                agreement.description.as_deref().into(),
                (&agreement.id.to_string()).into(),
            ],
        )
    }

    /// Removes an agreement; `false` if there is none.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn remove_agreement(&mut self, agreement: AgreementId) -> Result<bool, StoreError> {
        Ok(self.execute(REMOVE, &[(&agreement.to_string()).into()])? == 1)
    }

    /// Removes the agreements on a wallet.
    pub(crate) fn remove_agreements(&mut self, wallet: WalletId) -> Result<u64, StoreError> {
        self.execute(REMOVE_OF_WALLET, &[(&wallet.to_string()).into()])
    }
}

fn agreement_of(row: &Row<'_>) -> Result<Agreement, StoreError> {
    Ok(Agreement {
        id: id(row, 0, AgreementId::parse)?,
        merchant: id(row, 1, MerchantId::parse)?,
        wallet: id(row, 2, WalletId::parse)?,
        shopper: id(row, 3, ShopperId::parse)?,
        instrument: id(row, 4, InstrumentId::parse)?,
        kind: named(row, 5, AgreementKind::from_name)?,
        frequency: named(row, 6, Frequency::from_name)?,
        amount: money(row, 7, currency(row, 8)?)?,
        starts_at: time(row, 9)?,
        ends_at: opt_time(row, 10)?,
        cycle: count(row, 11)?,
        created_at: time(row, 12)?,
        updated_at: time(row, 13)?,
        used_at: opt_time(row, 14)?,
        description: opt_text(row, 15)?,
    })
}
