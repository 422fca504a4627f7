//! The bodies of payments with Openpay and of what follows them, read into what the house is asked to do.

use florin_domain::Timestamp;
use florin_service::ServiceError;
use florin_service::openpay::{OpenpayFollowItem, OpenpayFollowUp, OpenpayItem, OpenpayOrder};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::fields::{Hidden, Text};
use crate::follow_ups::order::counted;
use crate::maybe::Maybe;
use crate::money::{Amount, Portion};
use crate::particulars::{Line, WellFormed};
use crate::payments::REFERENCE_MAX;
use crate::payments::kinds::HoldOrTake;

/// A payment as it is sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentsRequest {
    transaction_type: TransactionType,
    client_reference: Text<REFERENCE_MAX>,
    order_number: Text<REFERENCE_MAX>,
    channel: Text<REFERENCE_MAX>,
    payments: Vec<Shown>,
    store_data: Till,
    #[serde(rename = "customerRef")]
    _customer_ref: Option<WellFormed<Line>>,
    #[serde(rename = "customerPurchaseOrder")]
    _customer_purchase_order: Option<WellFormed<Line>>,
    #[serde(rename = "tradingAccountId")]
    _trading_account_id: Option<WellFormed<Line>>,
    #[serde(rename = "merchantTransactedAt", default)]
    _merchant_transacted_at: Maybe<LocalInstant>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransactionType {
    open_pay: HoldOrTake,
}

/// A barcode that was shown.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    payment_token: Hidden,
    amount: Amount,
    gst_amount: Option<Portion>,
}

/// The shop, and how it proves that it is the shop.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Till {
    store_id: Text<REFERENCE_MAX>,
    #[serde(default)]
    pin: Maybe<Hidden>,
}

/// The shop, where nothing has to be proved.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Store {
    store_id: Text<REFERENCE_MAX>,
}

/// When the till says that it was, with or without saying where. Nothing follows from it: our own clock counts.
#[derive(Debug)]
struct LocalInstant;

impl<'de> Deserialize<'de> for LocalInstant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let read = Timestamp::parse(&text).or_else(|| Timestamp::parse(&format!("{text}Z")));
        read.map(|_| Self).ok_or_else(|| D::Error::custom("must be a time such as 2026-11-21T10:00:00.000Z"))
    }
}

/// Completions as they are sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CompletionsRequest {
    client_reference: Text<REFERENCE_MAX>,
    #[serde(default)]
    order_number: Maybe<Text<REFERENCE_MAX>>,
    completions: Vec<Part>,
    #[serde(rename = "merchantTransactedAt", default)]
    _merchant_transacted_at: Maybe<LocalInstant>,
}

/// Voids as they are sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VoidsRequest {
    client_reference: Text<REFERENCE_MAX>,
    #[serde(default)]
    order_number: Maybe<Text<REFERENCE_MAX>>,
    voids: Vec<Whole>,
}

/// Refunds as they are sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundsRequest {
    client_reference: Text<REFERENCE_MAX>,
    #[serde(default)]
    order_number: Maybe<Text<REFERENCE_MAX>>,
    refunds: Vec<Part>,
    store_data: Option<Store>,
    #[serde(rename = "merchantTransactedAt", default)]
    _merchant_transacted_at: Maybe<LocalInstant>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    payment_transaction_ref: Text<REFERENCE_MAX>,
    amount: Amount,
    gst_amount: Option<Portion>,
    /// Why money is given back. A completion has none.
    #[serde(default)]
    reason: Maybe<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    payment_transaction_ref: Text<REFERENCE_MAX>,
}

impl PaymentsRequest {
    /// Reads the body.
    pub fn read(self) -> OpenpayOrder {
        OpenpayOrder {
            client_reference: self.client_reference.into_string(),
            order_number: self.order_number.into_string(),
            kind: self.transaction_type.open_pay.into(),
            channel: self.channel.into_string(),
            store: self.store_data.store_id.into_string(),
            pin: self.store_data.pin.0.map(Hidden::into_secret),
            items: self.payments.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Shown> for OpenpayItem {
    fn from(shown: Shown) -> Self {
        Self {
            barcode: shown.payment_token.expose().to_owned(),
            amount: shown.amount.money(),
            gst: shown.gst_amount.map(|Portion(gst)| gst),
        }
    }
}

impl CompletionsRequest {
    /// Reads the body; `store` is what a header says of the shop.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for too few or too many.
    pub fn read(self, store: Option<String>) -> Result<OpenpayFollowUp, ServiceError> {
        let items = counted("completions", self.completions)?;
        let items = items.into_iter().map(|item: OpenpayFollowItem| OpenpayFollowItem { reason: None, ..item }).collect();
        Ok(follow_up(self.client_reference, self.order_number, store, items))
    }
}

impl VoidsRequest {
    /// Reads the body; `store` is what a header says of the shop.
    ///
    /// # Errors
    /// As [`CompletionsRequest::read`].
    pub fn read(self, store: Option<String>) -> Result<OpenpayFollowUp, ServiceError> {
        Ok(follow_up(self.client_reference, self.order_number, store, counted("voids", self.voids)?))
    }
}

impl RefundsRequest {
    /// Reads the body; `store` is what a header says of the shop, for a body that says nothing of it.
    ///
    /// # Errors
    /// As [`CompletionsRequest::read`].
    pub fn read(self, store: Option<String>) -> Result<OpenpayFollowUp, ServiceError> {
        let store = self.store_data.map(|data| data.store_id.into_string()).or(store);
        Ok(follow_up(self.client_reference, self.order_number, store, counted("refunds", self.refunds)?))
    }
}

impl From<Part> for OpenpayFollowItem {
    fn from(part: Part) -> Self {
        Self {
            reference: part.payment_transaction_ref.into_string(),
            amount: Some(part.amount.money()),
            gst: part.gst_amount.map(|Portion(gst)| gst),
            reason: part.reason.0.map(Text::into_string),
        }
    }
}

impl From<Whole> for OpenpayFollowItem {
    fn from(whole: Whole) -> Self {
        Self { reference: whole.payment_transaction_ref.into_string(), amount: None, gst: None, reason: None }
    }
}

fn follow_up(
    client_reference: Text<REFERENCE_MAX>,
    order_number: Maybe<Text<REFERENCE_MAX>>,
    store: Option<String>,
    items: Vec<OpenpayFollowItem>,
) -> OpenpayFollowUp {
    OpenpayFollowUp { client_reference: client_reference.into_string(), order_number: order_number.0.map(Text::into_string), store, items }
}

#[cfg(test)]
mod tests {
    use florin_domain::movement::MovementKind;
    use serde_json::{Value, json};

    use super::*;

    fn payment() -> Value {
        json!({
            "transactionType": { "openPay": "PREAUTH" }, "clientReference": "c", "orderNumber": "o", "channel": "POS",
            "storeData": { "storeId": "1010", "pin": "1945" }, "merchantTransactedAt": "2026-11-21T10:00:00.000",
            "payments": [{ "paymentToken": "690000000017", "amount": 12.5, "gstAmount": 0 }],
        })
    }

    fn read<T: for<'de> Deserialize<'de>>(body: &Value) -> Option<T> {
        serde_json::from_str(&body.to_string()).ok()
    }

    #[test]
    fn a_payment_is_read_and_shows_no_secret() {
        let request: PaymentsRequest = read(&payment()).unwrap();
        let order = request.read();
        assert_eq!((order.kind, order.store.as_str(), order.channel.as_str()), (MovementKind::Preauth, "1010", "POS"));
        let item = &order.items[0];
        assert_eq!((item.barcode.as_str(), item.amount.minor(), item.gst.unwrap().minor()), ("690000000017", 1_250, 0));
        let shown = format!("{:?} {order:?}", read::<PaymentsRequest>(&payment()).unwrap());
        assert!(!shown.contains("1945") && !shown.contains("690000000017"), "{shown}");
    }

    #[test]
    fn a_payment_that_lacks_something_is_refused() {
        for (pointer, wrong) in [
            ("/transactionType", json!({})),
            ("/transactionType/openPay", json!("REFUND")),
            ("/storeData", json!({ "pin": "1" })),
            ("/payments/0/gstAmount", json!(-1)),
            ("/payments/0/amount", json!(0)),
            ("/merchantTransactedAt", json!("yesterday")),
            ("/channel", json!("")),
        ] {
            let mut body = payment();
            *body.pointer_mut(pointer).unwrap() = wrong;
            assert!(read::<PaymentsRequest>(&body).is_none(), "{pointer}");
        }
    }

    #[test]
    fn the_shop_stands_in_the_body_or_in_a_header() {
        let part = json!({ "paymentTransactionRef": "1000000000000002", "amount": 10, "gstAmount": 0.91, "reason": "late" });
        let refund = json!({ "clientReference": "c", "refunds": [part], "storeData": { "storeId": "1010" } });
        let order = read::<RefundsRequest>(&refund).unwrap().read(Some("2020".to_owned())).unwrap();
        assert_eq!((order.store.as_deref(), order.order_number, order.items[0].reason.as_deref()), (Some("1010"), None, Some("late")));
        let completion = json!({ "clientReference": "c", "orderNumber": "o", "completions": [part] });
        let order = read::<CompletionsRequest>(&completion).unwrap().read(Some("2020".to_owned())).unwrap();
        assert_eq!((order.store.as_deref(), order.order_number.as_deref(), &order.items[0].reason), (Some("2020"), Some("o"), &None));
        let void = json!({ "clientReference": "c", "voids": [part] });
        let order = read::<VoidsRequest>(&void).unwrap().read(None).unwrap();
        assert_eq!((order.store, order.items[0].amount, order.items[0].gst), (None, None, None));
        assert!(read::<VoidsRequest>(&json!({ "clientReference": "c", "voids": [] })).unwrap().read(None).is_err());
    }
}
