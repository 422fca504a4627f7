//! Items: gift cards of one kind, as they are asked for and as they are priced.

use florin_domain::gift_order::{GiftItem, QuotedItem, Recipient};
use serde::{Deserialize, Serialize};

use crate::error::Refusal;
use crate::fields::Text;
use crate::maybe::Maybe;
use crate::money::Amount;

/// Gift cards of one kind, as they are asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemSent {
    design_id: Text,
    amount: Amount,
    quantity: u32,
    is_gifting: bool,
    recipient_details: Option<RecipientSent>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecipientSent {
    to_name: String,
    from_name: String,
    #[serde(default)]
    message: Maybe<String>,
    #[serde(default)]
    image_url: Maybe<String>,
    mobile_number: String,
}

impl ItemSent {
    /// The same in the house's words. Of cards that are no gifts nobody else is to hear, whoever is named beside them.
    ///
    /// # Errors
    /// A 400 for a gift to nobody.
    fn read(self) -> Result<GiftItem, Refusal> {
        let recipient = match (self.is_gifting, self.recipient_details) {
            (true, None) => return Err(Refusal::invalid("recipientDetails is required where isGifting is true.")),
            (true, Some(named)) => Some(named.read()),
            (false, _) => None,
        };
        Ok(GiftItem { design: self.design_id.into_string(), face: self.amount.money(), quantity: self.quantity, recipient })
    }
}

impl RecipientSent {
    fn read(self) -> Recipient {
        let Self { to_name, from_name, message, image_url, mobile_number } = self;
        Recipient { to: to_name, from: from_name, message: message.0, image_url: image_url.0, mobile: mobile_number }
    }
}

/// All items of a body.
///
/// # Errors
/// A 400 for a gift to nobody.
pub fn read(items: Vec<ItemSent>) -> Result<Vec<GiftItem>, Refusal> {
    items.into_iter().map(ItemSent::read).collect()
}

/// Gift cards of one kind, with their price.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemBody<'q> {
    design_id: &'q str,
    amount: Amount,
    unit_price: Amount,
    total_price: Amount,
    #[serde(flatten)]
    older_names: Option<OlderNames>,
    quantity: u32,
    is_gifting: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    mobile_number: Option<&'q str>,
}

/// The prices by the names that the public client for browsers knows them by.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OlderNames {
    unit_sale_price: Amount,
    total_sale_price: Amount,
}

impl<'q> ItemBody<'q> {
    /// Tells an item; `by_older_names` too, where an older client asks.
    pub fn of(quoted: &'q QuotedItem, by_older_names: bool) -> Self {
        let (unit_price, total_price) = (Amount(quoted.unit_price), Amount(quoted.total_price()));
        Self {
            design_id: &quoted.item.design,
            amount: Amount(quoted.item.face),
            unit_price,
            total_price,
            older_names: by_older_names.then_some(OlderNames { unit_sale_price: unit_price, total_sale_price: total_price }),
            quantity: quoted.item.quantity,
            is_gifting: quoted.item.recipient.is_some(),
            mobile_number: quoted.item.recipient.as_ref().map(|recipient| recipient.mobile.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(json: &str) -> Option<GiftItem> {
        serde_json::from_str::<ItemSent>(json).ok()?.read().ok()
    }

    #[test]
    fn a_gift_is_for_somebody_and_a_card_of_ones_own_for_nobody() {
        let jim = r#"{"toName":"Jim","fromName":"Jo","message":"","mobileNumber":"0400 000 000"}"#;
        let gift = |is_gifting, recipient| {
            item(&format!(r#"{{"designId":"d","amount":10.3,"quantity":1,"isGifting":{is_gifting},"recipientDetails":{recipient}}}"#))
        };
        let given = gift(true, jim).unwrap();
        assert_eq!((given.face.minor(), given.quantity), (1_030, 1));
        assert_eq!(given.recipient.map(|recipient| (recipient.to, recipient.message)), Some(("Jim".to_owned(), None)));
        assert_eq!(gift(false, jim).unwrap().recipient, None);
        assert!(gift(false, "null").is_some() && gift(true, "null").is_none());
    }

    #[test]
    fn what_is_out_of_shape_is_refused() {
        for bad in [
            r#"{"amount":1,"quantity":1,"isGifting":false}"#,
            r#"{"designId":"d","amount":"1","quantity":1,"isGifting":false}"#,
            r#"{"designId":"d","amount":1,"quantity":-1,"isGifting":false}"#,
            r#"{"designId":"d","amount":1,"quantity":1.5,"isGifting":false}"#,
            r#"{"designId":"d","amount":1,"quantity":1,"isGifting":"false"}"#,
            r#"{"designId":"d","amount":1,"quantity":1,"isGifting":false,"recipientDetails":{"toName":"Jim"}}"#,
        ] {
            assert!(item(bad).is_none(), "{bad}");
        }
    }
}
