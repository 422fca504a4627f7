//! SQL for transactions: what was asked to be moved, from the intent to what came of it.
//!
//! Invariant: a transaction is moved only by [`Tx::save_transaction`], with its parts, its ledger entry, the gift cards it
//! moves, and what the merchant is owed.

use florin_domain::instrument::InstrumentId;
use florin_domain::merchant::MerchantId;
use florin_domain::movement::{Movement, Reference};
use florin_domain::payment::{Atomicity, Rollback, Transaction, TransactionChange, TransactionKind, TransactionState};
use florin_domain::{AgreementId, PaymentRequestId, SellerId, Timestamp, TransactionId, WalletId};

use crate::columns::{count, id, named, opt_id, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO transactions (receipt, merchant_id, seller_id, wallet_id, kind, client_reference, order_number, atomicity,
                              agreement_id, fee_bps, parts, state, put_back, created_at, version, occasion_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
const MOVE: &str = "
    UPDATE transactions SET state = $1, put_back = $2, version = version + 1 WHERE receipt = $3 AND version = $4";
const BY_RECEIPT: &str = "
    SELECT receipt, merchant_id, seller_id, wallet_id, kind, client_reference, order_number, atomicity, agreement_id, fee_bps,
           parts, state, put_back, created_at, version, occasion_id
      FROM transactions WHERE receipt = $1";
const RECEIPT_OF: &str = "SELECT receipt FROM movements WHERE reference = $1";
const IN_DOUBT: &str = "
    SELECT created_at, receipt FROM transactions
     WHERE state = 'processing' AND created_at <= $1 AND created_at >= $2 AND (created_at > $2 OR receipt > $3)
     ORDER BY created_at, receipt LIMIT $4";
/// In this order for the same reason as [`INSTRUMENT_IN_DOUBT`].
const REQUEST_IN_DOUBT: &str = "
    SELECT t.receipt FROM transactions t CROSS JOIN occasions o
     WHERE t.state = 'processing' AND o.receipt = t.receipt AND o.request_id = $1 AND o.holds_use = 1 LIMIT 1";
/// In this order: there are few transactions in doubt, and each leads straight to its movements. The empty text keeps `SQLite`
/// from making an index of all movements for the occasion.
const INSTRUMENT_IN_DOUBT: &str = "
    SELECT t.receipt FROM transactions t CROSS JOIN movements m
     WHERE t.state = 'processing' AND m.reference > t.receipt AND m.reference <= t.receipt + t.parts AND m.instrument_id || '' = $1
     LIMIT 1";
const NOTE_REFERENCE: &str = "
    INSERT INTO client_references (merchant_id, client_reference) VALUES ($1, $2)
        ON CONFLICT (merchant_id, client_reference) DO NOTHING";

/// A transaction of which not everything is known or put back, in the order in which they are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InDoubt {
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Its receipt.
    pub receipt: Reference,
}

impl Tx<'_> {
    /// Writes a new transaction and its movements, before anything is asked of the outside world.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] unless the receipt is [`Tx::next_reference`]; [`StoreError::Corrupt`] unless it has movements
    /// and they are numbered from the next number on.
    pub fn insert_transaction(&mut self, transaction: &Transaction) -> Result<(), StoreError> {
        let numbered = (1..)
            .zip(&transaction.movements)
            .all(|(number, movement)| (movement.receipt, movement.reference) == (transaction.receipt, transaction.receipt.plus(number)));
        let parts = i64::try_from(transaction.movements.len()).unwrap_or(0);
        if !numbered || parts == 0 {
            return Err(StoreError::corrupt("movements", "reference"));
        }
        self.execute_one(
            INSERT,
            &[
                Value::from(transaction.receipt.number()),
                transaction.merchant.as_str().into(),
                (&transaction.seller.to_string()).into(),
                (&transaction.wallet.to_string()).into(),
                transaction.kind.name().into(),
                (&transaction.client_reference).into(),
                (&transaction.order_number).into(),
                transaction.atomicity.name().into(),
                transaction.agreement.map(|agreement| agreement.to_string()).as_deref().into(),
                transaction.fee_bps.into(),
                parts.into(),
                transaction.state.name().into(),
                transaction.rollback.name().into(),
                transaction.created_at.micros().into(),
                transaction.version.into(),
                transaction.occasion.map(|occasion| occasion.to_string()).as_deref().into(),
            ],
        )?;
        for movement in &transaction.movements {
            self.insert_movement(movement, transaction.wallet)?;
        }
        Ok(())
    }

    /// Finds a transaction by its receipt, with its movements.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn find_transaction(&mut self, receipt: Reference) -> Result<Option<Transaction>, StoreError> {
        let found = self.query_one(BY_RECEIPT, &[receipt.number().into()], |row| Ok((transaction_of(row)?, row.int(10)?)))?;
        let Some((transaction, parts)) = found else { return Ok(None) };
        let movements = self.list_parts(receipt, parts)?;
        Ok(Some(Transaction { movements, ..transaction }))
    }

    /// Finds the transaction that a movement is part of.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn find_transaction_with(&mut self, movement: Reference) -> Result<Option<Transaction>, StoreError> {
        let receipt = self.query_one(RECEIPT_OF, &[movement.number().into()], |row| row.int(0))?;
        receipt.map_or(Ok(None), |receipt| self.find_transaction(Reference::from_number(receipt)))
    }

    /// Saves a change with all that follows from it: all of it, or none.
    ///
    /// The originals are not guarded by a version as the transaction is: they were read in this same write, beside which no
    /// other runs.
    ///
    /// # Errors
    /// [`StoreError::Stale`], and nothing was written, if the transaction moved since it was read; [`StoreError::Corrupt`] if a
    /// gift card does not have what the change takes from it, which the domain's rules never let happen.
    pub fn save_transaction(&mut self, change: TransactionChange) -> Result<Transaction, StoreError> {
        let TransactionChange { mut transaction, originals, entry, owed, gift_cards, plans } = change;
        self.execute_one(
            MOVE,
            &[
                Value::from(transaction.state.name()),
                transaction.rollback.name().into(),
                transaction.receipt.number().into(),
                transaction.version.into(),
            ],
        )?;
        transaction.version += 1;
        for movement in transaction.movements.iter().chain(&originals) {
            self.save_movement(movement)?;
        }
        self.post(&entry)?;
        self.owe(transaction.seller, owed)?;
        for step in &gift_cards {
            if !self.move_gift_card(step)? {
                return Err(StoreError::corrupt("gift_cards", "held_minor"));
            }
        }
        for (reference, plan) in &plans {
            self.note_openpay_plan(*reference, plan)?;
        }
        Ok(transaction)
    }

    /// The transactions from `before` or earlier of which not everything is known or put back, oldest first, from the one that
    /// comes after `after` on.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn list_in_doubt(&mut self, before: Timestamp, after: Option<InDoubt>, limit: i64) -> Result<Vec<InDoubt>, StoreError> {
        let (from, receipt) = after.map_or((i64::MIN, 0), |after| (after.created_at.micros(), after.receipt.number()));
        self.query(IN_DOUBT, &[before.micros().into(), from.into(), receipt.into(), limit.into()], |row| {
            Ok(InDoubt { created_at: time(row, 0)?, receipt: Reference::from_number(row.int(1)?) })
        })
    }

    /// Whether a payment of a request of which not everything is known or put back holds a use of it.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn is_request_in_doubt(&mut self, request: PaymentRequestId) -> Result<bool, StoreError> {
        Ok(self.query_one(REQUEST_IN_DOUBT, &[(&request.to_string()).into()], |row| row.int(0))?.is_some())
    }

    /// Whether an instrument is part of a transaction of which not everything is known or put back.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn has_in_doubt(&mut self, instrument: &InstrumentId) -> Result<bool, StoreError> {
        Ok(self.query_one(INSTRUMENT_IN_DOUBT, &[instrument.as_str().into()], |row| row.int(0))?.is_some())
    }

    /// Notes that a merchant has used a name for a transaction; `false` if it had used it before.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn note_client_reference(&mut self, merchant: &MerchantId, client_reference: &str) -> Result<bool, StoreError> {
        Ok(self.execute(NOTE_REFERENCE, &[merchant.as_str().into(), client_reference.into()])? == 1)
    }
}

/// Reads a transaction without its movements.
fn transaction_of(row: &Row<'_>) -> Result<Transaction, StoreError> {
    Ok(Transaction {
        receipt: Reference::from_number(row.int(0)?),
        merchant: id(row, 1, MerchantId::parse)?,
        seller: id(row, 2, SellerId::parse)?,
        wallet: id(row, 3, WalletId::parse)?,
        kind: named(row, 4, TransactionKind::from_name)?,
        client_reference: row.text(5)?.to_owned(),
        order_number: row.text(6)?.to_owned(),
        atomicity: named(row, 7, Atomicity::from_name)?,
        agreement: opt_id(row, 8, AgreementId::parse)?,
        occasion: opt_id(row, 15, TransactionId::parse)?,
        fee_bps: count(row, 9)?,
        state: named(row, 11, TransactionState::from_name)?,
        rollback: named(row, 12, Rollback::from_name)?,
        created_at: time(row, 13)?,
        version: count(row, 14)?,
        movements: Vec::<Movement>::new(),
    })
}
