//! SQL for quotes of gift cards.

use florin_domain::gift_order::{GiftItem, GiftQuote, QuotedItem, Recipient};
use florin_domain::merchant::MerchantId;
use florin_domain::{GiftQuoteId, Timestamp};

use crate::columns::{count, currency, id, money, opt_text, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "INSERT INTO gift_quotes (quote_id, merchant_id, created_at, expires_at) VALUES ($1, $2, $3, $4)";
const INSERT_ITEM: &str = "
    INSERT INTO gift_quote_items (quote_id, number, design, product, face_minor, unit_price_minor, currency, quantity, to_name,
                                  from_name, message, image_url, mobile)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
const BY_ID: &str = "SELECT quote_id, merchant_id, created_at, expires_at FROM gift_quotes WHERE quote_id = $1";
const ITEMS: &str = "
    SELECT design, product, face_minor, unit_price_minor, currency, quantity, to_name, from_name, message, image_url, mobile
      FROM gift_quote_items WHERE quote_id = $1 ORDER BY number";
const FORGET_ITEMS: &str = "
    DELETE FROM gift_quote_items WHERE quote_id IN (
        SELECT q.quote_id FROM gift_quotes q
         WHERE q.expires_at < $1 AND NOT EXISTS (SELECT 1 FROM gift_orders o WHERE o.quote_id = q.quote_id))";
const FORGET: &str = "
    DELETE FROM gift_quotes WHERE expires_at < $1
       AND NOT EXISTS (SELECT 1 FROM gift_orders o WHERE o.quote_id = gift_quotes.quote_id)";

impl Tx<'_> {
    /// Writes a new quote.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id is taken.
    pub fn insert_gift_quote(&mut self, quote: &GiftQuote) -> Result<(), StoreError> {
        let id = quote.id.to_string();
        let (created_at, expires_at) = (quote.created_at.micros(), quote.expires_at.micros());
        self.execute_one(INSERT, &[(&id).into(), quote.merchant.as_str().into(), created_at.into(), expires_at.into()])?;
        for (number, quoted) in (1_i64..).zip(&quote.items) {
            let [to, from, message, image_url, mobile] = recipient_columns(quoted.item.recipient.as_ref());
            self.execute_one(
                INSERT_ITEM,
                &[
                    Value::from(&id),
                    number.into(),
                    (&quoted.item.design).into(),
                    (&quoted.product).into(),
                    quoted.item.face.minor().into(),
                    quoted.unit_price.minor().into(),
                    quoted.unit_price.currency().code().into(),
                    quoted.item.quantity.into(),
                    to.into(),
                    from.into(),
                    message.into(),
                    image_url.into(),
                    mobile.into(),
                ],
            )?;
        }
        Ok(())
    }

    /// Finds a quote with its items.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn find_gift_quote(&mut self, quote: GiftQuoteId) -> Result<Option<GiftQuote>, StoreError> {
        let key = quote.to_string();
        let found = self.query_one(BY_ID, &[(&key).into()], |row| {
            Ok(GiftQuote {
                id: id(row, 0, GiftQuoteId::parse)?,
                merchant: id(row, 1, MerchantId::parse)?,
                items: Vec::new(),
                created_at: time(row, 2)?,
                expires_at: time(row, 3)?,
            })
        })?;
        let Some(quote) = found else { return Ok(None) };
        let items = self.query(ITEMS, &[(&key).into()], item_of)?;
        Ok(Some(GiftQuote { items, ..quote }))
    }

    /// Forgets quotes whose time was over before `before` and that were never ordered. A rejected order needs its quote, too: to be
    /// told, and to be taken up again should its payment turn up late.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn forget_gift_quotes(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(FORGET_ITEMS, &[before.micros().into()])?;
        self.execute(FORGET, &[before.micros().into()])
    }
}

fn item_of(row: &Row<'_>) -> Result<QuotedItem, StoreError> {
    let currency = currency(row, 4)?;
    Ok(QuotedItem {
        item: GiftItem {
            design: row.text(0)?.to_owned(),
            face: money(row, 2, currency)?,
            quantity: count(row, 5)?,
            recipient: recipient_of(row, 6)?,
        },
        product: row.text(1)?.to_owned(),
        unit_price: money(row, 3, currency)?,
    })
}

/// Name, giver, message, picture and telephone.
pub(crate) fn recipient_columns(recipient: Option<&Recipient>) -> [Option<&str>; 5] {
    let Some(recipient) = recipient else { return [None; 5] };
    [Some(&recipient.to), Some(&recipient.from), recipient.message.as_deref(), recipient.image_url.as_deref(), Some(&recipient.mobile)]
}

/// Reads what [`recipient_columns`] wrote, from the column `index` on.
pub(crate) fn recipient_of(row: &Row<'_>, index: usize) -> Result<Option<Recipient>, StoreError> {
    let Some(to) = opt_text(row, index)? else { return Ok(None) };
    let text = |offset: usize| row.text(index + offset).map(str::to_owned);
    let (message, image_url) = (opt_text(row, index + 2)?, opt_text(row, index + 3)?);
    Ok(Some(Recipient { to, from: text(1)?, message, image_url, mobile: text(4)? }))
}
