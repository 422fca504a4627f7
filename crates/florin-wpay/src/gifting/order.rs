//! Orders of gift cards: paid with an instrument of a shopper's wallet.
//!
//! An order whose payment was taken up is a 200, whatever came of it: its status says so, and `subTransactions` says why.

use florin_domain::GiftQuoteId;
use florin_domain::application::Email;
use florin_domain::gift_order::{GiftOrderState, GiftTotals};
use florin_domain::instrument::InstrumentId;
use florin_domain::movement::Movement;
use florin_service::gifting::{self, GiftBuyer, GiftOrdered, OrderGifts};
use florin_service::instore::{Challenge, ChallengeKind};
use florin_service::three_ds::{self, ThreeDsResponse};
use florin_service::{Cx, ServiceError};
use florin_web::Surface;
use serde::{Deserialize, Serialize};

use super::item::{self, ItemSent};
use crate::call::Call;
use crate::error::{Code, Refusal, of_fault};
use crate::fields::Text;
use crate::fraud::FraudPayload;
use crate::instore::envelope::{Sent, instrument, tell};
use crate::maybe::Maybe;
use crate::money::Portion;
use crate::particulars::Line;
use crate::payments::REFERENCE_MAX;
use crate::reply::Reply;

/// An order as it is sent, with the names of the contract and those that public clients had before.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrderSent {
    #[serde(default)]
    payment_instrument_id: Maybe<Text<REFERENCE_MAX>>,
    #[serde(default)]
    instrument_id: Maybe<Text<REFERENCE_MAX>>,
    reference_id: Text<REFERENCE_MAX>,
    sub_total_amount: Portion,
    discount_amount: Portion,
    total_order_amount: Portion,
    #[serde(default)]
    delivery_email: Maybe<Text>,
    order_items: Option<Vec<ItemSent>>,
    #[serde(alias = "billingAddress")]
    billing_contact: Option<Contact>,
    #[serde(rename = "clientId", default)]
    _client_id: Maybe<Text>,
    #[serde(rename = "firstName", default)]
    _first_name: Maybe<Text>,
    #[serde(rename = "lastName", default)]
    _last_name: Maybe<Text>,
}

/// Whom the bill is made out to.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "held to its shape by being read")]
struct Contact {
    first_name: Line,
    last_name: Line,
    email: Line,
    mobile_number: Line,
    street_address: Line,
    extended_address: Option<Line>,
    suburb: Option<Line>,
    state_or_territory: Line,
    postal_code: Line,
    country_code: Line,
}

impl OrderSent {
    /// The name of what is paid with.
    fn paid_with(&mut self) -> Result<Text<REFERENCE_MAX>, Refusal> {
        match (self.payment_instrument_id.0.take(), self.instrument_id.0.take()) {
            (Some(named), Some(older)) if named != older => Err(Refusal::invalid("data.instrumentId is not data.paymentInstrumentId.")),
            (Some(named), _) | (None, Some(named)) => Ok(named),
            (None, None) => Err(Refusal::invalid("data.paymentInstrumentId is required.")),
        }
    }

    /// Where the buyer hears of the cards. What the bill says is only asked if nothing else is said, and need not be an address.
    fn mail_to(&mut self) -> Result<Option<Email>, Refusal> {
        match (self.delivery_email.0.take(), &self.billing_contact) {
            (Some(address), _) => {
                let address = Email::parse(address.as_str());
                address.map(Some).map_err(|error| Refusal::invalid(format!("data.deliveryEmail {error}.")))
            }
            (None, Some(contact)) => Ok(Email::parse(&contact.email.0).ok()),
            (None, None) => Ok(None),
        }
    }
}

fn read(sent: Sent<OrderSent>) -> Result<OrderGifts, Refusal> {
    let Sent { mut data, mut meta } = sent;
    let (named, mail_to) = (data.paid_with()?, data.mail_to()?);
    let paid_with = instrument(named.as_str())?;
    let (mut step_up, mut three_ds) = (None, None);
    for challenge in meta.challenges()?.into_iter().filter(|challenge| challenge.instrument == paid_with) {
        match challenge.kind {
            ChallengeKind::StepUp => step_up = Some(challenge.token.expose().clone()),
            ChallengeKind::ThreeDs => three_ds = Some(proof(challenge, false)),
            ChallengeKind::ThreeDsFrictionless => three_ds = Some(proof(challenge, true)),
            // No gift card pays for gift cards, and no screen asks what a device says of itself.
            ChallengeKind::Passcode | ChallengeKind::DeviceData => {}
        }
    }
    Ok(OrderGifts {
        quote: GiftQuoteId::parse(data.reference_id.as_str()).ok(),
        items: item::read(data.order_items.unwrap_or_default())?,
        totals: GiftTotals { sub_total: data.sub_total_amount.0, discount: data.discount_amount.0, total: data.total_order_amount.0 },
        reference: data.reference_id.into_string(),
        instrument: paid_with,
        step_up,
        three_ds,
        fraud: meta.fraud.map(FraudPayload::into_payload),
        mail_to,
    })
}

fn proof(challenge: Challenge, frictionless: bool) -> ThreeDsResponse {
    ThreeDsResponse { frictionless, token: challenge.token, reference: challenge.reference }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderBody {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    quote_no: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sub_transactions: Vec<RefusedBody>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RefusedBody {
    error_code: &'static str,
    error_message: &'static str,
    #[serde(rename = "threeDS", skip_serializing_if = "Option::is_none")]
    three_ds: Option<ThreeDsBody>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ThreeDsBody {
    payment_instrument_id: String,
    session_id: String,
}

impl RefusedBody {
    /// Why `movement` was refused, if it was; `demands` are the sessions that cardholders are to be authenticated in.
    fn of(movement: &Movement, demands: &[(InstrumentId, String)]) -> Option<Self> {
        let code = of_fault(movement.fault()?);
        let instrument = &movement.paid_with.instrument;
        let three_ds = demands
            .iter()
            .find(|(demanded, _)| demanded == instrument)
            .map(|(_, session)| ThreeDsBody { payment_instrument_id: instrument.to_string(), session_id: session.clone() });
        Some(Self { error_code: code.text(), error_message: code.message(), three_ds })
    }
}

/// `POST /v1/gifting/order/submit` and `POST /wow/v1/pay/gifting/products/order`
pub async fn submit(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let order = read(call.json()?)?;
    let buyer = match call.shopper() {
        Ok(shopper) => GiftBuyer::of(shopper),
        // Only the merchant's server comes this far without one.
        Err(_) => GiftBuyer::of_instrument(&surface.cx, &call.merchant, &order.instrument).await?,
    };
    let ordered = gifting::order(&surface.cx, buyer, order, call.key()).await.map_err(refused)?;
    Ok(told(&surface.cx, &ordered).await)
}

/// A quote that is not there is a missing record, like any other.
fn refused(error: ServiceError) -> Refusal {
    match error {
        ServiceError::Refused { code: "quote_not_found", message } => Refusal::new(Code::Bi24, message),
        other => other.into(),
    }
}

async fn told(cx: &Cx, ordered: &GiftOrdered) -> Reply {
    let (status, is_over) = match ordered.order.state {
        GiftOrderState::Processing => ("PROCESSING", false),
        GiftOrderState::Approved => ("APPROVED", false),
        GiftOrderState::Rejected => ("REJECTED", true),
    };
    // The order stands by now, so that a store that fails takes nothing from the answer but this.
    let demands = three_ds::demands(cx, &ordered.transaction).await;
    let demands = demands.inspect_err(|error| tracing::warn!(order = %ordered.order.id, %error, "an order is told without its demands"));
    let demands = demands.unwrap_or_default();
    tell(&OrderBody {
        status,
        order_id: (!is_over).then(|| ordered.order.id.to_string()),
        quote_no: ordered.quote.id.to_string(),
        sub_transactions: ordered.transaction.movements.iter().filter_map(|movement| RefusedBody::of(movement, &demands)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOTALS: &str = r#""subTotalAmount":10,"discountAmount":0,"totalOrderAmount":10"#;

    fn order(data: &str, meta: &str) -> Result<OrderGifts, Refusal> {
        read(serde_json::from_str(&format!(r#"{{"data":{{{TOTALS},"referenceId":"r",{data}}},"meta":{meta}}}"#)).unwrap())
    }

    #[test]
    fn an_instrument_has_either_name() {
        for data in [
            r#""paymentInstrumentId":"90731""#,
            r#""instrumentId":"90731""#,
            r#""paymentInstrumentId":"90731","instrumentId":"90731""#,
            r#""paymentInstrumentId":null,"instrumentId":"90731""#,
        ] {
            assert_eq!(order(data, "{}").unwrap().instrument.as_str(), "90731", "{data}");
        }
        for data in [r#""clientId":"c""#, r#""paymentInstrumentId":"90731","instrumentId":"90732""#, r#""instrumentId":"x""#] {
            assert!(order(data, "{}").is_err(), "{data}");
        }
    }

    #[test]
    fn the_cards_are_mailed_to_the_first_address_that_is_one() {
        let contact = |email: &str| {
            format!(
                r#""firstName":"J","lastName":"D","email":"{email}","mobileNumber":"0400000000","streetAddress":"1",
                "stateOrTerritory":"NSW","postalCode":"2000","countryCode":"AU""#
            )
        };
        let mailed = |more: String| {
            let order = order(&format!(r#""instrumentId":"1"{more}"#), "{}");
            order.map(|order| order.mail_to.map(|address| address.as_str().to_owned())).map_err(|refusal| refusal.status().as_u16())
        };
        let (jo, bill) = (Ok(Some("jo@example.com".to_owned())), contact("jo@example.com"));
        assert_eq!(mailed(r#","deliveryEmail":"Jo@example.com""#.to_owned()), jo);
        assert_eq!(mailed(format!(r#","billingContact":{{{bill}}}"#)), jo);
        assert_eq!(mailed(format!(r#","billingAddress":{{{bill}}}"#)), jo);
        assert_eq!(mailed(format!(r#","billingContact":{{{}}}"#, contact("none"))), Ok(None));
        assert_eq!(mailed(String::new()), Ok(None));
        assert_eq!(mailed(r#","deliveryEmail":"none""#.to_owned()), Err(400));
    }

    #[test]
    fn only_answers_about_the_instrument_that_pays_are_taken() {
        let answers = |id: &str| {
            format!(
                r#"{{"challengeResponses":[{{"instrumentId":"{id}","type":"STEP_UP","token":"s"}},
                {{"instrumentId":"{id}","type":"3DS-frictionless","token":"t","reference":"f"}},
                {{"instrumentId":"{id}","type":"DEVICE_DATA","token":"d"}}]}}"#
            )
        };
        let (own, other) = (order(r#""instrumentId":"1""#, &answers("1")).unwrap(), order(r#""instrumentId":"1""#, &answers("2")).unwrap());
        let proof = own.three_ds.unwrap();
        assert_eq!((own.step_up.as_deref(), proof.frictionless, proof.reference.as_deref()), (Some("s"), true, Some("f")));
        assert!(other.step_up.is_none() && other.three_ds.is_none());
    }

    #[test]
    fn a_reference_that_can_be_a_quotes_name_is_one() {
        let quote = "0b0b0b0b-0b0b-4b0b-8b0b-0b0b0b0b0b0b";
        let json = format!(r#"{{"data":{{{TOTALS},"referenceId":"{quote}","instrumentId":"1"}},"meta":{{}}}}"#);
        assert!(read(serde_json::from_str(&json).unwrap()).unwrap().quote.is_some());
        assert_eq!(order(r#""instrumentId":"1""#, "{}").unwrap().quote, None);
    }
}
