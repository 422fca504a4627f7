//! The bodies of completions, voids and refunds, read into what the house is asked to do.

use florin_service::ServiceError;
use florin_service::follow_ups::{FollowItem, FollowUp};
use serde::Deserialize;

use crate::fields::Text;
use crate::money::Amount;
use crate::particulars::{StoreData, WellFormed};
use crate::payments::{PARTS_MAX, REFERENCE_MAX};

/// Completions as they are sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CompletionsRequest {
    client_reference: Text<REFERENCE_MAX>,
    order_number: Text<REFERENCE_MAX>,
    completions: Vec<Part>,
}

/// Voids as they are sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VoidsRequest {
    client_reference: Text<REFERENCE_MAX>,
    order_number: Text<REFERENCE_MAX>,
    voids: Vec<Whole>,
}

/// Refunds as they are sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundsRequest {
    client_reference: Text<REFERENCE_MAX>,
    order_number: Text<REFERENCE_MAX>,
    refunds: Vec<Part>,
    #[serde(rename = "storeData")]
    _store_data: Option<WellFormed<StoreData>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    payment_transaction_ref: Text<REFERENCE_MAX>,
    amount: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    payment_transaction_ref: Text<REFERENCE_MAX>,
}

impl CompletionsRequest {
    /// Reads the body.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for too few or too many.
    pub fn read(self) -> Result<FollowUp, ServiceError> {
        follow_up("completions", (self.client_reference, self.order_number), self.completions)
    }
}

impl VoidsRequest {
    /// Reads the body.
    ///
    /// # Errors
    /// As [`CompletionsRequest::read`].
    pub fn read(self) -> Result<FollowUp, ServiceError> {
        follow_up("voids", (self.client_reference, self.order_number), self.voids)
    }
}

impl RefundsRequest {
    /// Reads the body.
    ///
    /// # Errors
    /// As [`CompletionsRequest::read`].
    pub fn read(self) -> Result<FollowUp, ServiceError> {
        follow_up("refunds", (self.client_reference, self.order_number), self.refunds)
    }
}

impl From<Part> for FollowItem {
    fn from(part: Part) -> Self {
        Self { reference: part.payment_transaction_ref.into_string(), amount: Some(part.amount.money()) }
    }
}

impl From<Whole> for FollowItem {
    fn from(whole: Whole) -> Self {
        Self { reference: whole.payment_transaction_ref.into_string(), amount: None }
    }
}

fn follow_up<I: Into<FollowItem>>(
    field: &'static str,
    (client_reference, order_number): (Text<REFERENCE_MAX>, Text<REFERENCE_MAX>),
    items: Vec<I>,
) -> Result<FollowUp, ServiceError> {
    let items = counted(field, items)?;
    Ok(FollowUp { client_reference: client_reference.into_string(), order_number: order_number.into_string(), items })
}

/// The items that `field` holds.
///
/// # Errors
/// [`ServiceError::Invalid`] for too few or too many.
pub fn counted<I: Into<T>, T>(field: &'static str, items: Vec<I>) -> Result<Vec<T>, ServiceError> {
    if items.is_empty() || items.len() > PARTS_MAX {
        return Err(ServiceError::invalid(field, &format!("must hold 1 to {PARTS_MAX} of them")));
    }
    Ok(items.into_iter().map(Into::into).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(field: &str, items: &str) -> String {
        format!(r#"{{"clientReference":"c","orderNumber":"o","{field}":[{items}],"other":1}}"#)
    }

    #[test]
    fn parts_have_amounts_and_voids_have_none() {
        let part = r#"{"paymentTransactionRef":"1000000000000002","amount":12.99}"#;
        let completions: CompletionsRequest = serde_json::from_str(&body("completions", part)).unwrap();
        let order = completions.read().unwrap();
        assert_eq!((order.client_reference.as_str(), order.order_number.as_str()), ("c", "o"));
        assert_eq!(order.items[0].amount.map(florin_domain::Money::minor), Some(1_299));
        let voids: VoidsRequest = serde_json::from_str(&body("voids", part)).unwrap();
        assert_eq!(voids.read().unwrap().items[0].amount, None, "a void is of the whole");
        let refunds = body("refunds", part).replace("\"other\":1", r#""storeData":{"stan":null,"terminalId":"12345678"}"#);
        assert!(serde_json::from_str::<RefundsRequest>(&refunds).unwrap().read().is_ok());
    }

    #[test]
    fn a_list_holds_at_least_one_and_no_crowd() {
        let refunds = |items: &str| serde_json::from_str::<RefundsRequest>(&body("refunds", items)).map(RefundsRequest::read);
        let part = r#"{"paymentTransactionRef":"1000000000000002","amount":1}"#;
        assert!(refunds("").unwrap().is_err());
        assert!(refunds(&vec![part; 20].join(",")).unwrap().is_ok());
        assert!(refunds(&vec![part; 21].join(",")).unwrap().is_err());
        assert!(refunds(r#"{"paymentTransactionRef":"1000000000000002"}"#).is_err(), "a refund says how much");
        assert!(refunds(r#"{"paymentTransactionRef":"1000000000000002","amount":-1}"#).is_err());
        assert!(refunds(r#"{"paymentTransactionRef":7,"amount":1}"#).is_err());
    }
}
