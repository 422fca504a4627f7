//! SQL for what sellers are owed and owe: payouts of paid orders, and fees until they are billed.
//!
//! Invariant: an order is paid out once, and its fee is billed once.

use florin_domain::ledger::Entry;
use florin_domain::payout::{Payout, PayoutState};
use florin_domain::{Currency, Money, OrderId, PayoutId, SellerId, Timestamp};

use crate::columns::{currency, id, money, opt_time, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO payouts (payout_id, order_id, seller_id, amount_minor, currency, due_at, state)
    VALUES ($1, $2, $3, $4, $5, $6, 'scheduled')";
const SENT: &str = "
    UPDATE payouts SET state = 'sent', state_at = $1, state_detail = $2 WHERE payout_id = $3 AND state = 'scheduled'";
const BY_ID: &str = "
    SELECT payout_id, order_id, seller_id, amount_minor, currency, due_at, state, state_at, state_detail
      FROM payouts WHERE payout_id = $1";
const BY_ORDER: &str = "
    SELECT payout_id, order_id, seller_id, amount_minor, currency, due_at, state, state_at, state_detail
      FROM payouts WHERE order_id = $1";
const INSERT_FEE: &str = "
    INSERT INTO fees (order_id, seller_id, amount_minor, currency, month_end) VALUES ($1, $2, $3, $4, $5)";
const FEES_DUE: &str = "
    SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM fees
     WHERE seller_id = $1 AND month_end = $2 AND billed_at IS NULL";
const BILL: &str = "UPDATE fees SET billed_at = $1 WHERE seller_id = $2 AND month_end = $3 AND billed_at IS NULL";

impl Tx<'_> {
    /// Writes a payout that is to be sent.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the order has one.
    pub fn insert_payout(&mut self, payout: &Payout) -> Result<(), StoreError> {
        self.execute_one(
            INSERT,
            &[
                Value::from(&payout.id.to_string()),
                (&payout.order.to_string()).into(),
                (&payout.seller.to_string()).into(),
                payout.amount.minor().into(),
                payout.amount.currency().code().into(),
                payout.due_at.micros().into(),
            ],
        )
    }

    /// Saves that a payout was sent, with its ledger entry.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if it was sent before.
    pub fn save_payout(&mut self, payout: &Payout, entry: &Entry) -> Result<(), StoreError> {
        if let PayoutState::Sent { at, reference } = &payout.state {
            self.execute_one(SENT, &[at.micros().into(), reference.into(), (&payout.id.to_string()).into()])?;
        }
        self.post(entry)
    }

    /// Finds a payout.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_payout(&mut self, payout: PayoutId) -> Result<Option<Payout>, StoreError> {
        self.query_one(BY_ID, &[(&payout.to_string()).into()], payout_of)
    }

    /// Finds the payout of an order.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_payout_by_order(&mut self, order: OrderId) -> Result<Option<Payout>, StoreError> {
        self.query_one(BY_ORDER, &[(&order.to_string()).into()], payout_of)
    }

    /// Writes the fee on an order, to be billed at `month_end`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the order has one.
    pub fn insert_fee(&mut self, order: OrderId, seller: SellerId, amount: Money, month_end: Timestamp) -> Result<(), StoreError> {
        self.execute_one(
            INSERT_FEE,
            &[
                Value::from(&order.to_string()),
                (&seller.to_string()).into(),
                amount.minor().into(),
                amount.currency().code().into(),
                month_end.micros().into(),
            ],
        )
    }

    /// The sum of a seller's fees of one month that are not billed yet, in pence.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn fees_to_bill(&mut self, seller: SellerId, month_end: Timestamp) -> Result<Money, StoreError> {
        let seller = seller.to_string();
        let values = [Value::from(&seller), month_end.micros().into()];
        let minor = self.query_one(FEES_DUE, &values, |row| row.int(0))?.unwrap_or(0);
        Ok(Money::new(minor, Currency::Gbp))
    }

    /// Marks a month's fees billed and books the bill.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn save_fee_bill(&mut self, seller: SellerId, month_end: Timestamp, entry: &Entry) -> Result<(), StoreError> {
        let (at, month_end) = (entry.at().micros(), month_end.micros());
        self.execute(BILL, &[at.into(), (&seller.to_string()).into(), month_end.into()])?;
        self.post(entry)
    }
}

fn payout_of(row: &Row<'_>) -> Result<Payout, StoreError> {
    let state = match row.text(6)? {
        "scheduled" => PayoutState::Scheduled,
        "sent" => PayoutState::Sent { at: opt_time(row, 7)?.ok_or_else(|| row.corrupt(7))?, reference: row.text(8)?.to_owned() },
        _ => return Err(row.corrupt(6)),
    };
    Ok(Payout {
        id: id(row, 0, PayoutId::parse)?,
        order: id(row, 1, OrderId::parse)?,
        seller: id(row, 2, SellerId::parse)?,
        amount: money(row, 3, currency(row, 4)?)?,
        due_at: time(row, 5)?,
        state,
    })
}
