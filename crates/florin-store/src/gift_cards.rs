//! SQL for gift cards and the money on them. Numbers and PINs stand here as keyed digests alone.
//!
//! Invariant: money moves by one guarded update, so that no card is ever spent or held beyond what is on it.

use florin_domain::gift_card::GiftCard;
use florin_domain::ledger::Entry;
use florin_domain::payment::GiftCardMove;

use crate::columns::{currency, hash, money};
use crate::{StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO gift_cards (fingerprint, programme, suffix, pin_hash, balance_minor, held_minor, currency, expires_on)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const BY_FINGERPRINT: &str = "
    SELECT fingerprint, programme, suffix, pin_hash, balance_minor, held_minor, currency, expires_on
      FROM gift_cards WHERE fingerprint = $1";
const MOVE: &str = "
    UPDATE gift_cards SET balance_minor = balance_minor + $1, held_minor = held_minor + $2
     WHERE fingerprint = $3 AND held_minor + $2 >= 0 AND held_minor + $2 <= balance_minor + $1";

impl Tx<'_> {
    /// Writes a new gift card and books the money on it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if there is one of this number.
    pub fn insert_gift_card(&mut self, card: &GiftCard, entry: &Entry) -> Result<(), StoreError> {
        self.insert_gift_card_unbooked(card)?;
        self.post(entry)
    }

    /// Writes a new gift card, whose money is booked with that of others.
    pub(crate) fn insert_gift_card_unbooked(&mut self, card: &GiftCard) -> Result<(), StoreError> {
        self.execute_one(
            INSERT,
            &[
                Value::from(&card.fingerprint),
                (&card.programme).into(),
                (&card.suffix).into(),
                (&card.pin_hash).into(),
                card.balance.minor().into(),
                card.held.minor().into(),
                card.balance.currency().code().into(),
                (&card.expires_on.to_string()).into(),
            ],
        )
    }

    /// Finds a gift card by the digest of its number.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_gift_card(&mut self, fingerprint: &[u8; 32]) -> Result<Option<GiftCard>, StoreError> {
        self.query_one(BY_FINGERPRINT, &[fingerprint.into()], |row| {
            let currency = currency(row, 6)?;
            Ok(GiftCard {
                fingerprint: hash(row, 0)?,
                programme: row.text(1)?.to_owned(),
                suffix: row.text(2)?.to_owned(),
                pin_hash: hash(row, 3)?,
                balance: money(row, 4, currency)?,
                held: money(row, 5, currency)?,
                expires_on: row.text(7)?.parse().map_err(|_| row.corrupt(7))?,
            })
        })
    }

    /// Moves what is on a gift card and what is held of it; `false`, and nothing moved, if that is more than there is, or
    /// there is no such card.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn move_gift_card(&mut self, step: &GiftCardMove) -> Result<bool, StoreError> {
        Ok(self.execute(MOVE, &[step.balance.into(), step.held.into(), (&step.fingerprint).into()])? == 1)
    }
}
