//! SQL for cards kept for repayments. The number is sealed before it comes here; nothing here can open it.

use florin_domain::card::{Card, CardExpiry};
use florin_domain::{CardId, Timestamp};

use crate::columns::{count, id, time};
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
        self.execute_one(
            INSERT,
            &[
                Value::from(&card.id.to_string()),
                (&card.brand).into(),
                (&card.last4).into(),
                i64::from(card.expiry.year).into(),
                i64::from(card.expiry.month).into(),
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
            let year = u16::try_from(count(row, 3)?).map_err(|_| row.corrupt(3))?;
            let month = u8::try_from(count(row, 4)?).map_err(|_| row.corrupt(4))?;
            Ok(Card {
                id: id(row, 0, CardId::parse)?,
                brand: row.text(1)?.to_owned(),
                last4: row.text(2)?.to_owned(),
                expiry: CardExpiry { year, month },
                sealed: row.blob(5)?.to_vec(),
                created_at: time(row, 6)?,
            })
        })
    }
}
