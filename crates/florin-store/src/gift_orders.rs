//! SQL for orders of gift cards, and for the cards that were issued for them.
//!
//! Invariants: an order ends once, by a guarded update; its cards, their money and what the merchant owes for them are written
//! with its end.

use florin_domain::application::Email;
use florin_domain::gift_order::{Gift, GiftIssue, GiftOrder, GiftOrderState};
use florin_domain::instrument::InstrumentId;
use florin_domain::merchant::MerchantId;
use florin_domain::movement::Reference;
use florin_domain::{GiftOrderId, GiftQuoteId, SellerId, WalletId};

use crate::columns::{count, currency, flag, hash, id, money, named, opt_id, time};
use crate::gift_quotes::{recipient_columns, recipient_of};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO gift_orders (order_id, quote_id, merchant_id, seller_id, wallet_id, guest, receipt, state, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const BY_ID: &str = "
    SELECT order_id, quote_id, merchant_id, seller_id, wallet_id, guest, receipt, state, created_at
      FROM gift_orders WHERE order_id = $1";
const OF_QUOTE: &str = "
    SELECT order_id, quote_id, merchant_id, seller_id, wallet_id, guest, receipt, state, created_at
      FROM gift_orders WHERE quote_id = $1 AND state <> 'rejected'";
const OF_RECEIPT: &str = "
    SELECT order_id, quote_id, merchant_id, seller_id, wallet_id, guest, receipt, state, created_at
      FROM gift_orders WHERE receipt = $1";
const END: &str = "UPDATE gift_orders SET state = $1 WHERE order_id = $2 AND state = 'processing'";
const REVIVE: &str = "UPDATE gift_orders SET state = $1, quote_id = $2 WHERE order_id = $3 AND state = 'rejected'";
const PROMISE_MAIL: &str = "UPDATE gift_orders SET mail_to = $1 WHERE order_id = $2 AND mail_to IS NULL";
const MAIL_TO: &str = "SELECT mail_to FROM gift_orders WHERE order_id = $1 AND mail_to IS NOT NULL";
const INSERT_GIFT: &str = "
    INSERT INTO gifts (order_id, number, design, fingerprint, programme, suffix, face_minor, price_minor, currency, instrument_id,
                       to_name, from_name, message, image_url, mobile, attempt, issued_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
const GIFTS: &str = "
    SELECT order_id, number, design, fingerprint, programme, suffix, face_minor, price_minor, currency, instrument_id, to_name,
           from_name, message, image_url, mobile, attempt, issued_at
      FROM gifts WHERE order_id = $1 ORDER BY number";
const GIFT: &str = "
    SELECT order_id, number, design, fingerprint, programme, suffix, face_minor, price_minor, currency, instrument_id, to_name,
           from_name, message, image_url, mobile, attempt, issued_at
      FROM gifts WHERE order_id = $1 AND number = $2";
const TO_DELIVER: &str = "
    SELECT order_id, number, design, fingerprint, programme, suffix, face_minor, price_minor, currency, instrument_id, to_name,
           from_name, message, image_url, mobile, attempt, issued_at
      FROM gifts WHERE instrument_id IS NULL ORDER BY issued_at DESC, order_id, number LIMIT $1";

impl Tx<'_> {
    /// Writes a new order.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id is taken, the payment is another order's, or the quote has an order that was not
    /// rejected.
    pub fn insert_gift_order(&mut self, order: &GiftOrder) -> Result<(), StoreError> {
        self.execute_one(
            INSERT,
            &[
                Value::from(&order.id.to_string()),
                (&order.quote.to_string()).into(),
                order.merchant.as_str().into(),
                (&order.seller.to_string()).into(),
                (&order.wallet.to_string()).into(),
                i64::from(order.guest).into(),
                order.receipt.number().into(),
                order.state.name().into(),
                order.created_at.micros().into(),
            ],
        )
    }

    /// Finds an order.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_gift_order(&mut self, order: GiftOrderId) -> Result<Option<GiftOrder>, StoreError> {
        self.query_one(BY_ID, &[(&order.to_string()).into()], order_of)
    }

    /// Finds the order of a quote that was not rejected.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_gift_order_of(&mut self, quote: GiftQuoteId) -> Result<Option<GiftOrder>, StoreError> {
        self.query_one(OF_QUOTE, &[(&quote.to_string()).into()], order_of)
    }

    /// Finds the order that a payment is for.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_gift_order_with(&mut self, receipt: Reference) -> Result<Option<GiftOrder>, StoreError> {
        self.query_one(OF_RECEIPT, &[receipt.number().into()], order_of)
    }

    /// Ends an order with its cards.
    ///
    /// # Errors
    /// [`StoreError::Stale`], and nothing was written, if it had ended; [`StoreError::Conflict`] if a card's number is taken.
    pub fn save_gift_issue(&mut self, issue: &GiftIssue) -> Result<(), StoreError> {
        self.end_gift_order(&issue.order)?;
        for (card, gift) in &issue.cards {
            self.insert_gift_card_unbooked(card)?;
            self.insert_gift(gift)?;
        }
        self.post(&issue.entry)?;
        self.owe(issue.order.seller, issue.owed)
    }

    /// Ends an order that was not paid for.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if it had ended.
    pub fn end_gift_order(&mut self, order: &GiftOrder) -> Result<(), StoreError> {
        self.execute_one(END, &[order.state.name().into(), (&order.id.to_string()).into()])
    }

    /// Takes a rejected order up again.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if it was not rejected; [`StoreError::Conflict`] if its quote has another order.
    pub fn revive_gift_order(&mut self, order: &GiftOrder) -> Result<(), StoreError> {
        let (id, quote) = (order.id.to_string(), order.quote.to_string());
        self.execute_one(REVIVE, &[order.state.name().into(), (&quote).into(), (&id).into()])
    }

    /// Writes down to whom the mail about an order is promised. `false`, and nothing was written, if it was promised before.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn promise_gift_mail(&mut self, order: GiftOrderId, to: &Email) -> Result<bool, StoreError> {
        Ok(self.execute(PROMISE_MAIL, &[to.as_str().into(), (&order.to_string()).into()])? > 0)
    }

    /// To whom the mail about an order was promised, if it was.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_gift_mail(&mut self, order: GiftOrderId) -> Result<Option<Email>, StoreError> {
        self.query_one(MAIL_TO, &[(&order.to_string()).into()], |row| id(row, 0, Email::parse))
    }

    fn insert_gift(&mut self, gift: &Gift) -> Result<(), StoreError> {
        let [to, from, message, image_url, mobile] = recipient_columns(gift.recipient.as_ref());
        self.execute_one(
            INSERT_GIFT,
            &[
                Value::from(&gift.order.to_string()),
                gift.number.into(),
                (&gift.design).into(),
                (&gift.fingerprint).into(),
                (&gift.programme).into(),
                (&gift.suffix).into(),
                gift.face.minor().into(),
                gift.price.minor().into(),
                gift.face.currency().code().into(),
                gift.instrument.as_ref().map(InstrumentId::as_str).into(),
                to.into(),
                from.into(),
                message.into(),
                image_url.into(),
                mobile.into(),
                gift.attempt.into(),
                gift.issued_at.micros().into(),
            ],
        )
    }

    /// The cards that were issued for an order, by their place.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_gifts(&mut self, order: GiftOrderId) -> Result<Vec<Gift>, StoreError> {
        self.query(GIFTS, &[(&order.to_string()).into()], gift_of)
    }

    /// Finds one card of an order by its place.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_gift(&mut self, order: GiftOrderId, number: u32) -> Result<Option<Gift>, StoreError> {
        self.query_one(GIFT, &[(&order.to_string()).into(), number.into()], gift_of)
    }

    /// The newest cards that are for delivery.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_gifts_to_deliver(&mut self, limit: i64) -> Result<Vec<Gift>, StoreError> {
        self.query(TO_DELIVER, &[limit.into()], gift_of)
    }
}

fn order_of(row: &Row<'_>) -> Result<GiftOrder, StoreError> {
    Ok(GiftOrder {
        id: id(row, 0, GiftOrderId::parse)?,
        quote: id(row, 1, GiftQuoteId::parse)?,
        merchant: id(row, 2, MerchantId::parse)?,
        seller: id(row, 3, SellerId::parse)?,
        wallet: id(row, 4, WalletId::parse)?,
        guest: flag(row, 5)?,
        receipt: Reference::from_number(row.int(6)?),
        state: named(row, 7, GiftOrderState::from_name)?,
        created_at: time(row, 8)?,
    })
}

fn gift_of(row: &Row<'_>) -> Result<Gift, StoreError> {
    let currency = currency(row, 8)?;
    Ok(Gift {
        order: id(row, 0, GiftOrderId::parse)?,
        number: count(row, 1)?,
        design: row.text(2)?.to_owned(),
        fingerprint: hash(row, 3)?,
        programme: row.text(4)?.to_owned(),
        suffix: row.text(5)?.to_owned(),
        face: money(row, 6, currency)?,
        price: money(row, 7, currency)?,
        instrument: opt_id(row, 9, InstrumentId::parse)?,
        recipient: recipient_of(row, 10)?,
        attempt: count(row, 15)?,
        issued_at: time(row, 16)?,
    })
}
