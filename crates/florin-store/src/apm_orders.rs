//! SQL for checkouts at pay-later providers.
//!
//! Invariant: a checkout is decided and used by guarded updates, so that neither happens twice.

use florin_domain::apm::{ApmOrder, ApmProvider, ApmState};
use florin_domain::instrument::InstrumentId;
use florin_domain::merchant::MerchantId;
use florin_domain::movement::Reference;
use florin_domain::{ApmOrderId, Timestamp, WalletId};

use crate::columns::{currency, id, money, named, opt_text, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO apm_orders (order_id, provider, merchant_id, wallet_id, instrument_id, order_number, amount_minor, currency,
                            return_url, state, state_at, receipt, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
const BY_ID: &str = "
    SELECT order_id, provider, merchant_id, wallet_id, instrument_id, order_number, amount_minor, currency, return_url, state,
           state_at, receipt, created_at, expires_at
      FROM apm_orders WHERE order_id = $1";
const MOVE: &str = "UPDATE apm_orders SET state = $1, state_at = $2, receipt = $3 WHERE order_id = $4 AND state = $5";
const FORGET: &str = "DELETE FROM apm_orders WHERE expires_at < $1 AND state <> 'used'";

impl Tx<'_> {
    /// Writes a new checkout.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id is taken.
    pub fn insert_apm_order(&mut self, order: &ApmOrder) -> Result<(), StoreError> {
        let (state_at, receipt) = state_columns(order.state);
        self.execute_one(
            INSERT,
            &[
                Value::from(&order.id.to_string()),
                order.provider.name().into(),
                order.merchant.as_str().into(),
                (&order.wallet.to_string()).into(),
                order.instrument.as_str().into(),
                (&order.order_number).into(),
                order.amount.minor().into(),
                order.amount.currency().code().into(),
                (&order.return_url).into(),
                order.state.name().into(),
                state_at.into(),
                receipt.into(),
                order.created_at.micros().into(),
                order.expires_at.micros().into(),
            ],
        )
    }

    /// Finds a checkout.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_apm_order(&mut self, order: ApmOrderId) -> Result<Option<ApmOrder>, StoreError> {
        self.query_one(BY_ID, &[(&order.to_string()).into()], order_of)
    }

    /// Saves where a checkout stands now, if it still stands where it `was`.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if it moved since it was read.
    pub fn save_apm_order(&mut self, order: &ApmOrder, was: ApmState) -> Result<(), StoreError> {
        let (state_at, receipt) = state_columns(order.state);
        let id = order.id.to_string();
        self.execute_one(MOVE, &[order.state.name().into(), state_at.into(), receipt.into(), (&id).into(), was.name().into()])
    }

    /// Forgets checkouts whose time was over before `before` and that were never paid with.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn forget_apm_orders(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(FORGET, &[before.micros().into()])
    }
}

fn order_of(row: &Row<'_>) -> Result<ApmOrder, StoreError> {
    Ok(ApmOrder {
        id: id(row, 0, ApmOrderId::parse)?,
        provider: named(row, 1, ApmProvider::from_name)?,
        merchant: id(row, 2, MerchantId::parse)?,
        wallet: id(row, 3, WalletId::parse)?,
        instrument: id(row, 4, InstrumentId::parse)?,
        order_number: row.text(5)?.to_owned(),
        amount: money(row, 6, currency(row, 7)?)?,
        return_url: opt_text(row, 8)?,
        state: state_of(row, 9)?,
        created_at: time(row, 12)?,
        expires_at: time(row, 13)?,
    })
}

/// When a checkout came to stand where it does, and by which payment.
fn state_columns(state: ApmState) -> (Option<i64>, Option<i64>) {
    match state {
        ApmState::Open => (None, None),
        ApmState::Approved { at } | ApmState::Refused { at } => (Some(at.micros()), None),
        ApmState::Used { at, receipt } => (Some(at.micros()), Some(receipt.number())),
    }
}

fn state_of(row: &Row<'_>, index: usize) -> Result<ApmState, StoreError> {
    let at = || time(row, index + 1);
    match row.text(index)? {
        "open" => Ok(ApmState::Open),
        "approved" => Ok(ApmState::Approved { at: at()? }),
        "refused" => Ok(ApmState::Refused { at: at()? }),
        "used" => Ok(ApmState::Used { at: at()?, receipt: Reference::from_number(row.int(index + 2)?) }),
        _ => Err(row.corrupt(index)),
    }
}
