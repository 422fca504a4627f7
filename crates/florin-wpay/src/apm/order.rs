//! The body of a checkout at a pay-later provider, read into what the house is asked to do.

use florin_domain::apm::ApmProvider;
use florin_service::apm::NewApmOrder;
use serde::Deserialize;

use crate::fields::Text;
use crate::instore::envelope::Sent;
use crate::maybe::Maybe;
use crate::money::AmountText;
use crate::particulars::{Line, Number, Place, WellFormed};
use crate::payments::REFERENCE_MAX;

/// The longest address to return to.
const ADDRESS_MAX: usize = 2_000;

/// A checkout as it is asked for.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct OrderRequest(Sent<Basket, Meta>);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Basket {
    payment_instrument_type: Provider,
    order_number: Text<REFERENCE_MAX>,
    amount: AmountText,
    #[serde(rename = "currency", default)]
    _currency: Maybe<Dollars>,
    #[serde(rename = "billingAddress")]
    _billing_address: WellFormed<Place>,
    #[serde(rename = "isDeliveryOrder")]
    _is_delivery_order: bool,
    #[serde(rename = "useBillingForShipping")]
    _use_billing_for_shipping: bool,
    #[serde(rename = "shippingAddress")]
    _shipping_address: Option<WellFormed<Place>>,
    #[serde(rename = "basketData")]
    _basket_data: Option<Vec<WellFormed<Thing>>>,
    /// A checkout is good for one payment, whatever is said here.
    #[serde(rename = "save")]
    _save: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Meta {
    /// Where the shopper goes once they have decided.
    #[serde(rename = "serviceProviderURL", default)]
    service_provider_url: Maybe<Text<ADDRESS_MAX>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Provider {
    ZipPay,
    Afterpay,
}

/// The one currency there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Dollars {
    Aud,
}

/// One thing that is bought, or a fee, or a discount.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "held to its shape by being read")]
struct Thing {
    item_type: Option<ThingKind>,
    item_id: Option<Line>,
    description: Option<String>,
    quantity: Option<Number>,
    price: Option<Number>,
    #[serde(rename = "imageURL")]
    image_url: Option<String>,
    #[serde(rename = "itemURL")]
    item_url: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum ThingKind {
    Sku,
    Tax,
    Shipping,
    Discount,
}

impl OrderRequest {
    /// Reads the body.
    pub fn read(self) -> NewApmOrder {
        let Sent { data, meta } = self.0;
        NewApmOrder {
            provider: match data.payment_instrument_type {
                Provider::ZipPay => ApmProvider::ZipPay,
                Provider::Afterpay => ApmProvider::Afterpay,
            },
            order_number: data.order_number.into_string(),
            amount: data.amount.0.money(),
            return_url: meta.service_provider_url.0.map(Text::into_string),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn body() -> Value {
        let place = json!({
            "firstName": "Jo", "lastName": "Ash", "streetAddress": "1 Main St", "suburb": "Bondi", "stateOrTerritory": "NSW",
            "postalCode": "2026", "countryCode": "AU",
        });
        let thing = json!({ "itemType": "SKU", "itemId": "7", "quantity": 1, "price": 50.0, "imageURL": "https://shop.example/7.png" });
        json!({
            "data": {
                "paymentInstrumentType": "ZIPPAY", "orderNumber": "A-1", "amount": "50.00", "currency": "AUD", "billingAddress": place,
                "isDeliveryOrder": true, "useBillingForShipping": true, "basketData": [thing], "save": false,
            },
            "meta": { "serviceProviderURL": "https://shop.example/back" },
        })
    }

    fn read(body: &Value) -> Option<NewApmOrder> {
        serde_json::from_str::<OrderRequest>(&body.to_string()).ok().map(OrderRequest::read)
    }

    #[test]
    fn an_order_is_read() {
        let order = read(&body()).unwrap();
        assert_eq!((order.provider, order.order_number.as_str(), order.amount.minor()), (ApmProvider::ZipPay, "A-1", 5_000));
        assert_eq!(order.return_url.as_deref(), Some("https://shop.example/back"));
        let mut bare = body();
        (bare["data"]["paymentInstrumentType"], bare["meta"]) = (json!("AFTERPAY"), json!({}));
        bare["data"].as_object_mut().unwrap().retain(|field, _| !["currency", "basketData", "save"].contains(&field.as_str()));
        let order = read(&bare).unwrap();
        assert_eq!((order.provider, order.return_url), (ApmProvider::Afterpay, None));
    }

    #[test]
    fn what_makes_no_order_is_refused() {
        for (field, wrong) in [
            ("paymentInstrumentType", json!("PAYPAL")),
            ("amount", json!(50)),
            ("amount", json!("fifty")),
            ("currency", json!("NZD")),
            ("billingAddress", json!({})),
            ("isDeliveryOrder", json!("true")),
            ("basketData", json!([{ "itemType": "GIFT" }])),
        ] {
            let mut body = body();
            body["data"][field] = wrong.clone();
            assert!(read(&body).is_none(), "{field}: {wrong}");
        }
    }
}
