//! SQL for what card sales earned: each seller's balance, and the settlements that pay it out.
//!
//! Invariant: what a settlement pays is taken off the balance in the same transaction, by a guarded update.

use florin_domain::ledger::Entry;
use florin_domain::settlement::Settlement;
use florin_domain::{Money, SellerId, SettlementId};

use crate::columns::{currency, id, money, opt_time, time};
use crate::{StoreError, Tx, Value};

const OWE: &str = "
    INSERT INTO balances (seller_id, currency, unsettled_minor) VALUES ($1, $2, $3)
        ON CONFLICT (seller_id, currency) DO UPDATE SET unsettled_minor = balances.unsettled_minor + excluded.unsettled_minor";
const UNSETTLED: &str = "
    SELECT seller_id, currency, unsettled_minor FROM balances WHERE unsettled_minor > 0 ORDER BY seller_id, currency";
const TAKE: &str = "
    UPDATE balances SET unsettled_minor = unsettled_minor - $1
     WHERE seller_id = $2 AND currency = $3 AND unsettled_minor >= $1";
const INSERT: &str = "
    INSERT INTO settlements (settlement_id, seller_id, amount_minor, currency, created_at) VALUES ($1, $2, $3, $4, $5)";
const SENT: &str = "
    UPDATE settlements SET sent_at = $1, bank_reference = $2 WHERE settlement_id = $3 AND sent_at IS NULL";
const BY_ID: &str = "
    SELECT settlement_id, seller_id, amount_minor, currency, created_at, sent_at, bank_reference
      FROM settlements WHERE settlement_id = $1";

impl Tx<'_> {
    /// Adds to what a seller is owed for card sales; less than nothing takes away.
    pub(crate) fn owe(&mut self, seller: SellerId, amount: Money) -> Result<(), StoreError> {
        if amount.minor() == 0 {
            return Ok(());
        }
        self.execute_one(OWE, &[(&seller.to_string()).into(), amount.currency().code().into(), amount.minor().into()])
    }

    /// What sellers are owed for card sales and is in no settlement yet; only those who are owed something.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_unsettled(&mut self) -> Result<Vec<(SellerId, Money)>, StoreError> {
        self.query(UNSETTLED, &[], |row| Ok((id(row, 0, SellerId::parse)?, money(row, 2, currency(row, 1)?)?)))
    }

    /// Writes a settlement that is to be sent, and takes its amount off what the seller is owed.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if the seller is owed less; [`StoreError::Conflict`] if the id is taken.
    pub fn insert_settlement(&mut self, settlement: &Settlement) -> Result<(), StoreError> {
        let (seller, amount) = (settlement.seller.to_string(), settlement.amount);
        self.execute_one(TAKE, &[amount.minor().into(), (&seller).into(), amount.currency().code().into()])?;
        self.execute_one(
            INSERT,
            &[
                Value::from(&settlement.id.to_string()),
                (&seller).into(),
                amount.minor().into(),
                amount.currency().code().into(),
                settlement.created_at.micros().into(),
            ],
        )
    }

    /// Finds a settlement.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_settlement(&mut self, settlement: SettlementId) -> Result<Option<Settlement>, StoreError> {
        self.query_one(BY_ID, &[(&settlement.to_string()).into()], |row| {
            let sent = opt_time(row, 5)?.map(|at| Ok::<_, StoreError>((at, row.text(6)?.to_owned()))).transpose()?;
            Ok(Settlement {
                id: id(row, 0, SettlementId::parse)?,
                seller: id(row, 1, SellerId::parse)?,
                amount: money(row, 2, currency(row, 3)?)?,
                created_at: time(row, 4)?,
                sent,
            })
        })
    }

    /// Saves that a settlement was sent, with its ledger entry.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if it was sent before.
    pub fn save_settlement(&mut self, settlement: &Settlement, entry: &Entry) -> Result<(), StoreError> {
        if let Some((at, reference)) = &settlement.sent {
            self.execute_one(SENT, &[at.micros().into(), reference.into(), (&settlement.id.to_string()).into()])?;
        }
        self.post(entry)
    }
}
