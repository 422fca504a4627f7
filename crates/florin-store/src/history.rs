//! SQL for histories: the movements of one wallet, as its shopper looks for them. Read-only.

use florin_domain::instrument::InstrumentId;
use florin_domain::movement::{Movement, MovementKind};
use florin_domain::{Timestamp, WalletId};

use crate::columns::{named, time};
use crate::movements::movement_of;
use crate::{Row, StoreError, Tx};

const OF_WALLET: &str = "
    SELECT m.reference, m.receipt, m.kind, m.original, m.instrument_id, m.token, m.instrument_kind, m.network, m.bin, m.suffix,
           m.expiry_year, m.expiry_month, m.fingerprint, m.amount_minor, m.currency, m.state, m.state_detail, m.service_code,
           m.service_message, m.hold, m.captured_minor, m.refunded_minor, m.expires_at,
           t.client_reference, t.order_number, t.created_at
      FROM movements m JOIN transactions t ON t.receipt = m.receipt
     WHERE m.wallet_id = $1 ORDER BY m.reference DESC";
/// Where the transaction's columns begin.
const TRANSACTION: usize = 23;

/// Which movements of a wallet to list; what is `None` is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Of this wallet.
    pub wallet: WalletId,
    /// Of these kinds.
    pub kinds: Vec<MovementKind>,
    /// Of these instruments.
    pub instruments: Option<Vec<InstrumentId>>,
    /// Of transactions that their caller named so.
    pub client_reference: Option<String>,
    /// The movement of this number, or all those of this receipt.
    pub reference: Option<String>,
    /// Of this order.
    pub order_number: Option<String>,
    /// Asked for at this time or later.
    pub from: Option<Timestamp>,
    /// Asked for at this time or earlier.
    pub to: Option<Timestamp>,
    /// How many at the most, newest first.
    pub max: usize,
}

/// A movement, and what its transaction says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryItem {
    /// The movement.
    pub movement: Movement,
    /// The caller's own name for the transaction.
    pub client_reference: String,
    /// The order it is about.
    pub order_number: String,
    /// When it was asked for.
    pub created_at: Timestamp,
}

impl Tx<'_> {
    /// How many movements of a wallet fit the filter, and the newest of them.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_history(&mut self, filter: &HistoryFilter) -> Result<(u64, Vec<HistoryItem>), StoreError> {
        let (mut total, mut items) = (0, Vec::new());
        // What is looked for differs from call to call and a wallet's history is short, so it is sifted here: one statement.
        self.query(OF_WALLET, &[(&filter.wallet.to_string()).into()], |row| {
            if filter.fits(row)? {
                total += 1;
                if items.len() < filter.max {
                    items.push(item_of(row)?);
                }
            }
            Ok(())
        })?;
        Ok((total, items))
    }
}

impl HistoryFilter {
    fn fits(&self, row: &Row<'_>) -> Result<bool, StoreError> {
        let (kind, instrument) = (named(row, 2, MovementKind::from_name)?, row.text(4)?);
        let created_at = time(row, TRANSACTION + 2)?;
        let is_named = |wanted: &Option<String>, index| wanted.as_deref().is_none_or(|wanted| row.text(index) == Ok(wanted));
        let numbers = [row.int(0)?, row.int(1)?];
        // What was refused, put back, or is not known yet has moved nothing that a history could tell of.
        Ok(row.text(15)? == "done"
            && self.kinds.contains(&kind)
            && self.instruments.as_ref().is_none_or(|wanted| wanted.iter().any(|id| id.as_str() == instrument))
            && self.reference.as_deref().is_none_or(|wanted| numbers.iter().any(|number| number.to_string() == wanted))
            && is_named(&self.client_reference, TRANSACTION)
            && is_named(&self.order_number, TRANSACTION + 1)
            && self.from.is_none_or(|from| created_at >= from)
            && self.to.is_none_or(|to| created_at <= to))
    }
}

fn item_of(row: &Row<'_>) -> Result<HistoryItem, StoreError> {
    Ok(HistoryItem {
        movement: movement_of(row)?,
        client_reference: row.text(TRANSACTION)?.to_owned(),
        order_number: row.text(TRANSACTION + 1)?.to_owned(),
        created_at: time(row, TRANSACTION + 2)?,
    })
}
