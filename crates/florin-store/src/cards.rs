//! SQL for cards kept for repayments. The number is sealed before it comes here; nothing here can open it.

use florin_domain::card::Card;
use florin_domain::{CardId, Timestamp};

use crate::columns::{expiry_columns, id, opt_expiry, time};
use crate::{StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO cards (card_id, brand, last4, expiry_year, expiry_month, sealed, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
const BY_ID: &str = "SELECT card_id, brand, last4, expiry_year, expiry_month, sealed, created_at FROM cards WHERE card_id = $1";

impl Tx<'_> {
    /// Writes a new card.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id is taken.
    pub fn insert_card(&mut self, card: &Card) -> Result<(), StoreError> {
        let (year, month) = expiry_columns(Some(card.expiry));
        self.execute_one(
            INSERT,
            &[
                Value::from(&card.id.to_string()),
                (&card.brand).into(),
                (&card.last4).into(),
                year.into(),
                month.into(),
                (&card.sealed).into(),
                Timestamp::micros(card.created_at).into(),
            ],
        )
    }

    /// Finds a card.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_card(&mut self, card: CardId) -> Result<Option<Card>, StoreError> {
        self.query_one(BY_ID, &[(&card.to_string()).into()], |row| {
            Ok(Card {
                id: id(row, 0, CardId::parse)?,
                brand: row.text(1)?.to_owned(),
                last4: row.text(2)?.to_owned(),
                expiry: opt_expiry(row, 3)?.ok_or_else(|| row.corrupt(3))?,
                sealed: row.blob(5)?.to_vec(),
                created_at: time(row, 6)?,
            })
        })
    }
}
