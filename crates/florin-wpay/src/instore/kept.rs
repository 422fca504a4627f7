//! Data of a merchant's own: taken as they are sent if they have their shape, and told again to the letter.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use florin_domain::payment_request::PaymentRequest;
use florin_domain::schema::Payload;
use florin_service::schemas::Given;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::fields::Text;
use crate::maybe::Maybe;
use crate::particulars::Number;

/// JSON that was found to be a `T` and kept as text.
#[derive(Debug)]
pub struct Kept<T>(String, PhantomData<T>);

impl<T> Kept<T> {
    /// The text.
    pub fn into_json(self) -> String {
        self.0
    }
}

impl<'de, T: for<'t> Deserialize<'t>> Deserialize<'de> for Kept<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let mut inside = serde_json::Deserializer::from_str(json.get());
        // Where it is wrong is told, and nothing of what stands there.
        serde_path_to_error::deserialize::<_, T>(&mut inside).map_err(|error| match place(&error).as_str() {
            "" => D::Error::custom("has not the shape of the contract"),
            place => D::Error::custom(format_args!("has not the shape of the contract at {place}")),
        })?;
        Ok(Self(String::from(Box::<str>::from(json)), PhantomData))
    }
}

/// Where JSON is not what it should be; a field that is missing is named as if it stood there.
fn place(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let (path, told) = (error.path().to_string(), error.inner().to_string());
    let missing = told.strip_prefix("missing field `").and_then(|rest| rest.split_once('`')).map(|(field, _)| field);
    let parts = [Some(path.as_str()).filter(|path| *path != "."), missing];
    parts.into_iter().flatten().collect::<Vec<_>>().join(".")
}

/// Any object.
pub type Object = BTreeMap<String, Box<RawValue>>;

/// What is bought.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "held to its shape by being read")]
pub struct Basket {
    items: Option<Vec<BasketItem>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "held to its shape by being read")]
struct BasketItem {
    label: String,
    description: Option<String>,
    quantity: Option<Number>,
    unit_price: Option<Number>,
    unit_measure: Option<String>,
    total_price: Option<Number>,
    tags: Option<BTreeMap<String, String>>,
}

/// Data that may follow a registered schema.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PayloadSent {
    #[serde(default)]
    schema_id: Maybe<Text>,
    payload: Option<Kept<Object>>,
}

impl From<PayloadSent> for Given {
    fn from(sent: PayloadSent) -> Self {
        Self { schema: sent.schema_id.0.map(Text::into_string), json: sent.payload.map(Kept::into_json) }
    }
}

/// Such data as they are told.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PayloadBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Box<RawValue>>,
}

impl PayloadBody {
    /// Tells a payload.
    pub fn of(payload: &Payload) -> Self {
        Self { schema_id: payload.schema.map(|schema| schema.to_string()), payload: payload.json.as_deref().and_then(raw) }
    }
}

/// Something of a request, with what was asked to be paid.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Detailed<T> {
    #[serde(flatten)]
    summary: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    basket: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pos_payload: Option<PayloadBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_payload: Option<PayloadBody>,
}

impl<T> Detailed<T> {
    /// Tells `summary` with the details of its request. What the merchant added is for the merchant.
    pub fn of(summary: T, request: &PaymentRequest, is_merchants: bool) -> Self {
        Self {
            summary,
            basket: request.basket.as_deref().and_then(raw),
            pos_payload: request.pos_payload.as_ref().filter(|_| is_merchants).map(PayloadBody::of),
            merchant_payload: request.merchant_payload.as_ref().filter(|_| is_merchants).map(PayloadBody::of),
        }
    }
}

/// Kept text as JSON. It was JSON when it was taken; if it is none now, there is nothing to tell.
pub fn raw(json: &str) -> Option<Box<RawValue>> {
    let raw = RawValue::from_string(json.to_owned());
    raw.inspect_err(|error| tracing::error!(%error, "kept JSON cannot be read")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_are_told_to_the_letter() {
        let sent: PayloadSent = serde_json::from_str(r#"{"schemaId":"s","payload": {"b":1.10, "a":[null]} ,"x":1}"#).unwrap();
        let given = Given::from(sent);
        assert_eq!((given.schema.as_deref(), given.json.as_deref()), (Some("s"), Some(r#"{"b":1.10, "a":[null]}"#)));
        let told = PayloadBody::of(&Payload { schema: None, json: given.json });
        assert_eq!(serde_json::to_string(&told).unwrap(), r#"{"payload":{"b":1.10, "a":[null]}}"#);
        let nothing = Given::from(serde_json::from_str::<PayloadSent>(r#"{"schemaId":null,"payload":null}"#).unwrap());
        assert_eq!((nothing.schema, nothing.json), (None, None));
        for bad in [r#"{"payload":[]}"#, r#"{"payload":"{}"}"#, r#"{"schemaId":1}"#] {
            assert!(serde_json::from_str::<PayloadSent>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_basket_has_its_shape() {
        let read = |json: &str| serde_json::from_str::<Kept<Basket>>(json).map_err(|error| error.to_string());
        let whole = r#"{"items":[{"label":"Milk","quantity":2,"unitPrice":1.5,"tags":{"a":"b"},"more":[]}],"till":4}"#;
        assert_eq!(read(whole).unwrap().into_json(), whole);
        let error = read(r#"{"items":[{"label":"Milk"},{"label":"Salt","quantity":"4003"}]}"#).unwrap_err();
        assert!(error.contains("items[1].quantity") && !error.contains("4003"), "{error}");
        assert!(read(r#"{"items":[{}]}"#).unwrap_err().contains("items[0].label"));
        assert!(read("[]").is_err());
    }
}
