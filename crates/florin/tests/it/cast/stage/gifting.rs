//! Sound calls of gift card orders.

use serde_json::{Value, json};

use super::{Call, Stage};
use crate::cast::Instrument;

impl Stage<'_> {
    pub(super) fn of_gifting(&self, method: &str, path: &str) -> Option<Call> {
        Some(match (method, path) {
            ("GET", "/v1/gifting/listProducts" | "/wow/v1/pay/gifting/products") => Call::get(path),
            ("GET", "/v1/gifting/product/{id}" | "/wow/v1/pay/gifting/products/{id}") => Call::get(path.replace("{id}", "everyday")),
            ("POST", "/v1/gifting/order/review") => Call::post(path, json!({ "orderItems": [gift("everyday-birthday", 20.0, 2)] })),
            ("POST", "/wow/v1/pay/gifting/products/quote") => {
                Call::post(path, json!({ "data": { "orderItems": [gift("everyday-birthday", 20.0, 2)] }, "meta": {} }))
            }
            ("POST", "/v1/gifting/order/submit") => Call::post(path, gift_order(&self.card(), "order")),
            ("POST", "/wow/v1/pay/gifting/products/order") => {
                let mut body = gift_order(&self.card(), "order");
                let data = body["data"].as_object_mut().expect("an object");
                let instrument = data.remove("paymentInstrumentId").expect("an instrument");
                data.remove("clientId");
                data.insert("instrumentId".to_owned(), instrument);
                data.insert("deliveryEmail".to_owned(), json!("jo@example.com"));
                Call::post(path, body)
            }
            _ => return None,
        })
    }
}

/// Gift cards of one design, to keep.
pub fn gift(design: &str, amount: f64, quantity: u32) -> Value {
    json!({ "designId": design, "amount": amount, "quantity": quantity, "isGifting": false })
}

/// A gift card for somebody else.
pub fn gift_for_jim(design: &str, amount: f64) -> Value {
    let mut item = gift(design, amount, 1);
    item["isGifting"] = json!(true);
    item["recipientDetails"] = json!({ "toName": "Jim", "fromName": "Jo", "message": "Happy birthday", "mobileNumber": "0400 000 000" });
    item
}

/// An order of two cards of twenty dollars at five percent off, under the caller's own name for it or a quote's.
pub fn gift_order(paid_with: &Instrument, reference: &str) -> Value {
    let contact = json!({
        "firstName": "Jo", "lastName": "Ash", "email": "jo@example.com", "mobileNumber": "0400000000", "streetAddress": "1 High St",
        "stateOrTerritory": "NSW", "postalCode": "2000", "countryCode": "AU",
    });
    let data = json!({
        "paymentInstrumentId": paid_with.id, "clientId": "florist", "referenceId": reference, "subTotalAmount": 40, "discountAmount": 2,
        "totalOrderAmount": 38, "billingContact": contact, "orderItems": [gift("everyday-birthday", 20.0, 2)],
    });
    json!({ "data": data, "meta": {} })
}
