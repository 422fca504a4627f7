//! Quotes: what gift cards would cost, kept for a while.
//!
//! The contract's body is bare and the public clients' has an envelope; either is read at either path. The contract has room
//! for one kind of cards in the answer: the first is told there, and all of them beside it where there are several.

use florin_domain::gift_order::{GiftItem, GiftQuote};
use florin_service::gifting;
use florin_web::Surface;
use serde::{Deserialize, Serialize};

use super::item::{self, ItemBody, ItemSent};
use crate::call::Call;
use crate::error::Refusal;
use crate::instore::envelope::tell;
use crate::money::Amount;
use crate::reply::Reply;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    data: Option<Items>,
    order_items: Option<Vec<ItemSent>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Items {
    order_items: Vec<ItemSent>,
}

impl Sent {
    fn read(self) -> Result<Vec<GiftItem>, Refusal> {
        let items = match (self.data, self.order_items) {
            (Some(data), None) => data.order_items,
            (None, Some(items)) => items,
            (None, None) => return Err(Refusal::invalid("orderItems is required.")),
            (Some(_), Some(_)) => return Err(Refusal::invalid("orderItems is given both in data and beside it.")),
        };
        item::read(items)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QuoteBody<'q> {
    quote_id: String,
    sub_total_amount: Amount,
    discount_amount: Amount,
    total_order_amount: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_items: Option<ItemBody<'q>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    quoted_items: Vec<ItemBody<'q>>,
}

impl<'q> QuoteBody<'q> {
    fn of(quote: &'q GiftQuote, by_older_names: bool) -> Self {
        let totals = quote.totals();
        let told = |quoted| ItemBody::of(quoted, by_older_names);
        Self {
            quote_id: quote.id.to_string(),
            sub_total_amount: Amount(totals.sub_total),
            discount_amount: Amount(totals.discount),
            total_order_amount: Amount(totals.total),
            order_items: quote.items.first().map(told),
            quoted_items: if quote.items.len() > 1 { quote.items.iter().map(told).collect() } else { Vec::new() },
        }
    }
}

/// `POST /v1/gifting/order/review`
pub async fn review(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    make(surface, call, false).await
}

/// `POST /wow/v1/pay/gifting/products/quote`
pub async fn make_for_clients(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    make(surface, call, true).await
}

async fn make(surface: Surface, call: Call, by_older_names: bool) -> Result<Reply, Refusal> {
    let items = call.json::<Sent>()?.read()?;
    let quote = gifting::quote(&surface.cx, (&call.merchant, &call.source), items, call.key()).await?;
    Ok(tell(&QuoteBody::of(&quote, by_older_names)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_with_and_without_its_envelope() {
        let items = r#"[{"designId":"d","amount":10,"quantity":2,"isGifting":false}]"#;
        let count = |json: &str| serde_json::from_str::<Sent>(json).ok().and_then(|sent| sent.read().ok()).map(|items| items.len());
        for json in [
            format!(r#"{{"orderItems":{items}}}"#),
            format!(r#"{{"data":{{"orderItems":{items}}},"meta":{{}}}}"#),
            format!(r#"{{"data":{{"orderItems":{items}}}}}"#),
        ] {
            assert_eq!(count(&json), Some(1), "{json}");
        }
        for json in ["{}", r#"{"data":{}}"#, r#"{"data":{"orderItems":[]},"orderItems":[]}"#, r#"{"orderItems":{}}"#] {
            assert_eq!(count(json), None, "{json}");
        }
    }
}
