//! Shoppers pay: a request that a merchant made, or at once without one.
//!
//! A payment that was taken up is a 200, whatever came of it: its status says so.

use florin_domain::instrument::InstrumentId;
use florin_domain::money::Money;
use florin_service::instore::{self, ImmediatePayment};
use florin_service::occasions::InStoreTransaction;
use florin_service::{Cx, ServiceError};
use florin_web::Surface;
use serde::Deserialize;

use super::beside::Beside;
use super::envelope::{Sent, instrument, tell};
use super::how::{self, HowSent, atomicity};
use super::kept::PayloadSent;
use super::kinds::KindsSent;
use super::refusal::Outcome;
use super::requests;
use super::transaction::{TransactionBody, View};
use crate::call::Call;
use crate::fields::Text;
use crate::money::Amount;
use crate::particulars::Destination;
use crate::payments::REFERENCE_MAX;
use crate::reply::Reply;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ImmediateSent {
    client_reference: Text<REFERENCE_MAX>,
    order_number: Text<REFERENCE_MAX>,
    payments: Vec<Part>,
    skip_rollback: Option<bool>,
    allow_partial_success: Option<bool>,
    pos_payload: Option<PayloadSent>,
    merchant_payload: Option<PayloadSent>,
    transaction_type: Option<KindsSent>,
    shipping_address: Option<Destination>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    payment_instrument_id: Text<REFERENCE_MAX>,
    amount: Amount,
}

impl Part {
    fn read(self) -> Result<(InstrumentId, Money), ServiceError> {
        Ok((instrument(self.payment_instrument_id.as_str())?, self.amount.money()))
    }
}

fn read(sent: Sent<ImmediateSent>) -> Result<ImmediatePayment, ServiceError> {
    let Sent { data, mut meta } = sent;
    Ok(ImmediatePayment {
        client_reference: data.client_reference.into_string(),
        order_number: data.order_number.into_string(),
        items: data.payments.into_iter().map(Part::read).collect::<Result<_, _>>()?,
        atomicity: atomicity(data.allow_partial_success, data.skip_rollback),
        kinds: data.transaction_type.unwrap_or_default().kinds(),
        pos_payload: data.pos_payload.map(Into::into),
        merchant_payload: data.merchant_payload.map(Into::into),
        challenges: meta.challenges()?,
        fraud: meta.fraud.map(|payload| payload.with_goods(data.shipping_address)),
    })
}

/// `POST …/customer/payments`
pub async fn pay_now(surface: Surface, call: Call) -> Outcome {
    let payment = read(call.json::<Sent<ImmediateSent>>()?)?;
    let paid = instore::pay_now(&surface.cx, call.shopper()?, payment, call.key()).await?;
    Ok(told(&surface.cx, &paid).await)
}

/// `PUT …/customer/payments/{paymentRequestId}`
pub async fn pay(surface: Surface, call: Call) -> Outcome {
    let how = how::read(call.json::<Sent<HowSent>>()?)?;
    let paid = instore::pay(&surface.cx, call.shopper()?, requests::id(&call)?, how, call.key()).await?;
    Ok(told(&surface.cx, &paid).await)
}

async fn told(cx: &Cx, paid: &InStoreTransaction) -> Reply {
    let beside = Beside::of(cx, &paid.transaction).await;
    tell(&TransactionBody::of(paid, View::Shopper, &beside))
}

#[cfg(test)]
mod tests {
    use florin_domain::movement::MovementKind;
    use florin_domain::payment::Atomicity;

    use super::*;

    fn payment(payments: &str, more: &str) -> Option<ImmediatePayment> {
        let json = format!(r#"{{"data":{{"clientReference":"c","orderNumber":"o","payments":[{payments}]{more}}},"meta":{{}}}}"#);
        read(serde_json::from_str(&json).ok()?).ok()
    }

    #[test]
    fn a_payment_is_read() {
        let more = r#","allowPartialSuccess":true,"posPayload":{"payload":{"lane":4}},"merchantPayload":{"schemaId":"s"},
            "transactionType":{"creditCard":"PREAUTH"},"shippingAddress":{"firstName":"A","lastName":"B","streetAddress":"1","suburb":"S",
            "stateOrTerritory":"NSW","postalCode":"2000","countryCode":"AU"}"#;
        let read = payment(r#"{"paymentInstrumentId":"90731","amount":45.5}"#, more).unwrap();
        assert_eq!((read.client_reference.as_str(), read.order_number.as_str(), read.atomicity), ("c", "o", Atomicity::KeepSuccesses));
        assert_eq!((read.items[0].0.as_str(), read.items[0].1.minor(), read.kinds.card), ("90731", 4_550, Some(MovementKind::Preauth)));
        assert_eq!(read.pos_payload.unwrap().json.as_deref(), Some(r#"{"lane":4}"#));
        assert_eq!(read.merchant_payload.unwrap().schema.as_deref(), Some("s"));
    }

    #[test]
    fn what_is_out_of_shape_is_refused() {
        let part = r#"{"paymentInstrumentId":"1","amount":1}"#;
        assert!(payment(part, "").is_some());
        for bad in [r#"{"paymentInstrumentId":"1"}"#, r#"{"amount":1}"#, r#"{"paymentInstrumentId":"x","amount":1}"#] {
            assert!(payment(bad, "").is_none(), "{bad}");
        }
        for more in [r#","shippingAddress":{}"#, r#","posPayload":[]"#, r#","skipRollback":1"#, r#","transactionType":"PURCHASE""#] {
            assert!(payment(part, more).is_none(), "{more}");
        }
    }
}
