//! Gifting: gift cards of the house, sold in merchants' shops. Shown, quoted, ordered, delivered.
//!
//! A wallet's instrument pays for them over [`payments`](crate::payments), as one sale of the merchant's; then the cards are
//! issued, and the buyer gets a mail with the addresses of those that did not come into the wallet. Invariants: an order stands in the books with its payment, and has a job until it has ended; a quote is bought once.

mod delivery;
mod issue;
mod letter;
mod order;

use florin_domain::GiftQuoteId;
use florin_domain::gift_order::{GiftItem, GiftQuote, QuotedItem};
use florin_domain::gift_product::{GiftDesign, GiftProduct, PRODUCTS};
use florin_domain::time::Timestamp;
use florin_store::{Page, Tx};

pub use self::delivery::{Parcel, ParcelLink, open_parcel, parcel_url, parcels};
pub(crate) use self::issue::{carry_on, of_late};
pub(crate) use self::letter::mail;
pub use self::order::{GiftBuyer, GiftOrdered, OrderGifts, order};
use crate::caller::{MerchantCaller, Source};
use crate::idempotency::{self, IdempotencyKey};
use crate::{Context, Cx, ServiceError, attempts};

/// How many quotes one source may ask a merchant for in a minute.
const QUOTED_MAX: i64 = 600;

/// The products that are sold, and how many there are in all. With `since`, those that were changed then or later.
pub fn products(since: Option<Timestamp>, page: Page) -> (u64, Vec<&'static GiftProduct>) {
    let sold: Vec<_> = PRODUCTS.iter().filter(|product| product.active && since.is_none_or(|since| product.updated_at >= since)).collect();
    let size = usize::try_from(page.size).unwrap_or(usize::MAX);
    let before = usize::try_from(page.number.saturating_sub(1)).unwrap_or(usize::MAX).saturating_mul(size);
    let total = u64::try_from(sold.len()).unwrap_or(u64::MAX);
    (total, sold.into_iter().skip(before).take(size).collect())
}

/// A product, be it sold or not any more.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub fn product(id: &str) -> Result<&'static GiftProduct, ServiceError> {
    GiftProduct::find(id).ok_or(ServiceError::NotFound("gift card product"))
}

/// The address of a picture of a design.
pub fn design_url(cx: &Context, design: &GiftDesign) -> String {
    format!("{}/gifting/designs/{}.svg", cx.policy.base_url, design.id)
}

/// The picture of a design, as SVG.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub fn design_picture(design: &str) -> Result<String, ServiceError> {
    let (product, design) = GiftProduct::of_design(design).ok_or(ServiceError::NotFound("gift card design"))?;
    let (name, title, colour) = (product.name, design.title, design.colour);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 320 200\" role=\"img\" aria-label=\"{name}: {title}\">\
         <rect width=\"320\" height=\"200\" rx=\"14\" fill=\"{colour}\"/>\
         <text x=\"24\" y=\"108\" font-family=\"sans-serif\" font-size=\"26\" fill=\"#ffffff\">{title}</text>\
         <text x=\"24\" y=\"172\" font-family=\"sans-serif\" font-size=\"15\" fill=\"#ffffff\">{name}</text></svg>"
    ))
}

/// Puts a price on gift cards and keeps it for half an hour. With a key, once a key.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `orderItems`, `designId`, `amount`, `quantity` or a field of `recipientDetails`;
/// [`ServiceError::TooMany`]; [`ServiceError::KeyReused`]; [`ServiceError::Refused`] `quote_expired` when the key's quote is forgotten.
pub async fn quote(
    cx: &Cx,
    (caller, source): (&MerchantCaller, &Source),
    items: Vec<GiftItem>,
    key: Option<IdempotencyKey>,
) -> Result<GiftQuote, ServiceError> {
    // By source, because anybody may ask: no stranger uses up what the merchant's servers and others may ask for.
    let (now, subject) = (cx.clock.now(), format!("gift_quote/{}/{}", caller.merchant.id, source.name(cx)));
    let quote = priced(cx, caller.merchant.id.clone(), items, now)?;
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            if let Some(made) = idempotency::made(tx, key.as_ref())? {
                // Keys are kept for longer than quotes.
                let known = GiftQuoteId::parse(&made).ok().map(|made| tx.find_gift_quote(made)).transpose()?.flatten();
                return known.ok_or_else(expired);
            }
            attempts::count(tx, &subject, QUOTED_MAX, now)?;
            tx.insert_gift_quote(&quote)?;
            idempotency::remember(tx, key.as_ref(), &quote.id.to_string(), now)?;
            Ok(quote.clone())
        })
        .await
}

fn expired() -> ServiceError {
    let message = "The quote has expired; please ask for a new one.".to_owned();
    ServiceError::Refused { code: "quote_expired", message }
}

/// Whether cards come into no wallet: what is given away, and what a guest buys.
fn is_for_delivery(item: &QuotedItem, guest: bool) -> bool {
    guest || item.item.recipient.is_some()
}

fn priced(
    cx: &Context,
    merchant: florin_domain::merchant::MerchantId,
    items: Vec<GiftItem>,
    now: Timestamp,
) -> Result<GiftQuote, ServiceError> {
    let id = GiftQuoteId::from_random(cx.random.bytes());
    GiftQuote::of(id, merchant, items, now).map_err(|error| ServiceError::invalid(error.field, error.message))
}
