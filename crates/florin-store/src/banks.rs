//! SQL for bank payments.
//!
//! Invariant: a payment in a final state is never moved again, so money that came is booked once.

use florin_domain::bank::{BankPayment, BankPaymentChange, BankPaymentState};
use florin_domain::{BankPaymentId, OrderId, Timestamp};

use crate::columns::{currency, id, money, opt_time, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO bank_payments (payment_id, order_id, bank, amount_minor, currency, created_at, state)
    VALUES ($1, $2, $3, $4, $5, $6, 'starting')";
const MOVE: &str = "
    UPDATE bank_payments SET state = $1, state_at = $2, state_detail = $3
     WHERE payment_id = $4 AND state NOT IN ('executed', 'failed', 'returned')";
const BY_ID: &str = "
    SELECT payment_id, order_id, bank, amount_minor, currency, created_at, state, state_at, state_detail
      FROM bank_payments WHERE payment_id = $1";
const LAST_OF_ORDER: &str = "
    SELECT payment_id, order_id, bank, amount_minor, currency, created_at, state, state_at, state_detail
      FROM bank_payments WHERE order_id = $1 ORDER BY created_at DESC, payment_id DESC LIMIT 1";

const OPEN_OF_ORDER: &str = "
    SELECT payment_id FROM bank_payments
     WHERE order_id = $1 AND state IN ('starting', 'awaiting_authorisation', 'processing') ORDER BY created_at, payment_id";

impl Tx<'_> {
    /// The payments of an order that may still bring money, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_open_bank_payments(&mut self, order: OrderId) -> Result<Vec<BankPaymentId>, StoreError> {
        self.query(OPEN_OF_ORDER, &[(&order.to_string()).into()], |row| id(row, 0, BankPaymentId::parse))
    }

    /// Writes a payment that is about to start.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id is taken.
    pub fn insert_bank_payment(&mut self, payment: &BankPayment) -> Result<(), StoreError> {
        self.execute_one(
            INSERT,
            &[
                Value::from(&payment.id.to_string()),
                (&payment.order.to_string()).into(),
                (&payment.bank).into(),
                payment.amount.minor().into(),
                payment.amount.currency().code().into(),
                payment.created_at.micros().into(),
            ],
        )
    }

    /// Saves a move of a payment with its ledger entry.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if the payment is final already.
    pub fn save_bank_payment(&mut self, change: BankPaymentChange) -> Result<BankPayment, StoreError> {
        let BankPaymentChange { payment, entry } = change;
        let (at, detail) = match &payment.state {
            BankPaymentState::Starting | BankPaymentState::Processing => (None, None),
            BankPaymentState::AwaitingAuthorisation { authorise_url } => (None, Some(authorise_url)),
            BankPaymentState::Executed { at, reference }
            | BankPaymentState::Returning { at, reference }
            | BankPaymentState::Returned { at, reference } => (Some(*at), Some(reference)),
            BankPaymentState::Failed { at, reason } => (Some(*at), Some(reason)),
        };
        let payment_id = payment.id.to_string();
        let values = [payment.state.name().into(), at.map(Timestamp::micros).into(), detail.into(), Value::from(&payment_id)];
        self.execute_one(MOVE, &values)?;
        self.post(&entry)?;
        Ok(payment)
    }

    /// Finds a payment.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_bank_payment(&mut self, payment: BankPaymentId) -> Result<Option<BankPayment>, StoreError> {
        self.query_one(BY_ID, &[(&payment.to_string()).into()], payment_of)
    }

    /// The last attempt to pay an order by bank.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_last_bank_payment(&mut self, order: OrderId) -> Result<Option<BankPayment>, StoreError> {
        self.query_one(LAST_OF_ORDER, &[(&order.to_string()).into()], payment_of)
    }
}

fn payment_of(row: &Row<'_>) -> Result<BankPayment, StoreError> {
    let at = opt_time(row, 7)?.ok_or_else(|| row.corrupt(7));
    let detail = || row.text(8).map(str::to_owned);
    let state = match row.text(6)? {
        "starting" => BankPaymentState::Starting,
        "awaiting_authorisation" => BankPaymentState::AwaitingAuthorisation { authorise_url: detail()? },
        "processing" => BankPaymentState::Processing,
        "executed" => BankPaymentState::Executed { at: at?, reference: detail()? },
        "failed" => BankPaymentState::Failed { at: at?, reason: detail()? },
        "returning" => BankPaymentState::Returning { at: at?, reference: detail()? },
        "returned" => BankPaymentState::Returned { at: at?, reference: detail()? },
        _ => return Err(row.corrupt(6)),
    };
    Ok(BankPayment {
        id: id(row, 0, BankPaymentId::parse)?,
        order: id(row, 1, OrderId::parse)?,
        bank: row.text(2)?.to_owned(),
        amount: money(row, 3, currency(row, 4)?)?,
        created_at: time(row, 5)?,
        state,
    })
}
