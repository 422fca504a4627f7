//! Verifying instruments with their issuers.

use florin_domain::fault::Fault;
use florin_domain::instrument::InstrumentKind;
use florin_domain::{InstrumentToken, Timestamp};
use florin_service::Context;
use florin_service::instruments::{self, Verified, VerifiedItem, VerifyItem};
use florin_web::Surface;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::{self, Code, Refusal};
use crate::fields::{Hidden, Text};
use crate::fraud::{self, FraudPayload, FraudResponse};
use crate::maybe::Maybe;
use crate::reply::Reply;
use crate::step_up::StepUp;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ask {
    client_reference: Text,
    payment_instruments: Vec<AskOne>,
    fraud_payload: Option<FraudPayload>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AskOne {
    payment_token: Text,
    #[serde(default)]
    step_up_token: Maybe<Hidden>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerifiedBody {
    transaction_receipt: String,
    partial_success: bool,
    fraud_response: FraudResponse,
    verify_responses: Vec<OneBody>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneBody {
    payment_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    verify_transaction_ref: Option<String>,
    #[serde(flatten)]
    fault: Option<FaultBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_service_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_service_message: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FaultBody {
    error_code: &'static str,
    error_message: &'static str,
    error_detail: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    step_up: Option<StepUp>,
}

/// `POST /wow/v1/pay/instruments/verify`
pub async fn verify(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let ask: Ask = call.json()?;
    let items: Result<Vec<_>, _> = ask.payment_instruments.into_iter().enumerate().map(|(place, one)| one.item(place)).collect();
    let payload = ask.fraud_payload.map(FraudPayload::into_payload);
    let verified = instruments::verify(&surface.cx, call.shopper()?, ask.client_reference.as_str(), items?, payload).await?;
    let now = surface.cx.clock.now();
    told(&surface.cx, &verified, now)
}

impl AskOne {
    fn item(self, place: usize) -> Result<VerifyItem, Refusal> {
        let token = InstrumentToken::parse(self.payment_token.as_str());
        let token = token.map_err(|error| Refusal::invalid(format!("paymentInstruments[{place}].paymentToken {error}.")))?;
        Ok(VerifyItem { token, step_up: self.step_up_token.0.map(|token| token.expose().to_owned()) })
    }
}

/// A refusal if no instrument is good, else what is known of each.
fn told(cx: &Context, verified: &Verified, now: Timestamp) -> Result<Reply, Refusal> {
    let good = verified.items.iter().filter(|item| item.result.is_ok()).count();
    if good == 0 {
        let items: Vec<_> = verified.items.iter().map(|item| OneBody::of(cx, item, now)).collect();
        let refusal = Refusal::new(Code::Bi52, "No payment instrument could be verified: see verifyResponses.");
        return Err(fraud::beside(refusal.with("verifyResponses", &items), verified.fraud.as_ref()));
    }
    Ok(Reply::ok(&VerifiedBody {
        transaction_receipt: verified.receipt.to_string(),
        partial_success: good < verified.items.len(),
        fraud_response: FraudResponse::of_any(verified.fraud.as_ref()),
        verify_responses: verified.items.iter().map(|item| OneBody::beside_good_ones(cx, item, now)).collect(),
    }))
}

impl OneBody {
    fn of(cx: &Context, item: &VerifiedItem, now: Timestamp) -> Self {
        let (service, fault) = match &item.result {
            Ok(service) => (Some(service), None),
            Err(fault) => (None, Some(FaultBody::of(cx, item, *fault, now))),
        };
        Self {
            payment_token: item.token.to_string(),
            verify_transaction_ref: item.result.is_ok().then(|| item.reference.to_string()),
            fault,
            external_service_code: service.map(|service| service.code.clone()),
            external_service_message: service.map(|service| service.message.clone()),
        }
    }

    /// Among good ones, the contract wants a number and the network's words of those that are not, too.
    fn beside_good_ones(cx: &Context, item: &VerifiedItem, now: Timestamp) -> Self {
        let one = Self::of(cx, item, now);
        Self {
            verify_transaction_ref: Some(item.reference.to_string()),
            external_service_code: Some(one.external_service_code.unwrap_or_default()),
            external_service_message: Some(one.external_service_message.unwrap_or_default()),
            ..one
        }
    }
}

impl FaultBody {
    fn of(cx: &Context, item: &VerifiedItem, fault: Fault, now: Timestamp) -> Self {
        let code = error::of_fault(fault);
        let wants_code = matches!(fault, Fault::StepUpRequired | Fault::StepUpIllegal | Fault::StepUpExpired);
        let card = item.instrument.as_ref().filter(|instrument| wants_code && instrument.kind == InstrumentKind::Card);
        Self {
            error_code: code.text(),
            error_message: code.message(),
            error_detail: error::detail(fault),
            step_up: card.and_then(|card| StepUp::of(cx, card, now)),
        }
    }
}
