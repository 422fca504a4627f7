//! `…/instore/customer/elements/…`: a card typed into elements of ours, begun and completed by the shopper's app.
//!
//! Not in the contract: what the public client for frames sends and reads. Ids and wallet are the credential's, whatever other
//! headers say.

use florin_domain::frames::{FramesKind, FramesWish};
use florin_domain::instrument::{Instrument, InstrumentId};
use florin_domain::{FramesActionId, FramesSessionId};
use florin_service::ServiceError;
use florin_service::frames::{self, Completed, Completion, NewFramesAction};
use florin_service::three_ds::ThreeDsRefusal;
use florin_web::Surface;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::call::Call;
use crate::error::{Code, Refusal};
use crate::fields::Text;
use crate::maybe::Maybe;
use crate::reply::Reply;
use crate::three_ds::ChallengeResponse;
use crate::words;

/// What is in every body here.
#[derive(Debug, Deserialize, Serialize)]
pub struct Enveloped<T> {
    /// What the call is about.
    pub data: T,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Begin {
    #[serde(default = "yes")]
    verify: bool,
    #[serde(default = "yes")]
    save: bool,
    #[serde(default)]
    use_everyday_pay: bool,
    #[serde(default, rename = "threeDS")]
    three_ds: Option<WantsThreeDs>,
    #[serde(default)]
    payment_instrument_id: Maybe<Text>,
}

const fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
struct WantsThreeDs {
    #[serde(default, rename = "requires3DS")]
    is_required: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StartBody {
    #[serde(rename = "URL")]
    url: String,
    session_id: String,
    action_id: String,
}

/// `POST …/elements/capture-card/init`
pub async fn begin_capture(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    begin(surface, call, FramesKind::CaptureCard).await
}

/// `POST …/elements/step-up/init`
pub async fn begin_step_up(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    begin(surface, call, FramesKind::StepUp).await
}

/// `POST …/elements/update-card/init`
pub async fn begin_update(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    begin(surface, call, FramesKind::UpdateCard).await
}

async fn begin(surface: Surface, call: Call, kind: FramesKind) -> Result<Reply, Refusal> {
    let ask = call.json::<Enveloped<Begin>>()?.data;
    let instrument = match (kind, ask.payment_instrument_id.0) {
        (FramesKind::CaptureCard, _) | (_, None) => None,
        (_, Some(id)) => {
            let unknown = |_| refusal(ServiceError::NotFound("payment instrument"));
            Some(InstrumentId::parse(id.as_str()).map_err(unknown)?)
        }
    };
    let authenticate = ask.three_ds.is_some_and(|wanted| wanted.is_required);
    let wish = FramesWish { save: ask.save, verify: ask.verify, authenticate };
    let new = NewFramesAction { kind, instrument, wish, everyday: ask.use_everyday_pay };
    let start = frames::begin(&surface.cx, call.shopper()?, new).await.map_err(refusal)?;
    let data = StartBody { url: start.url, session_id: start.session.to_string(), action_id: start.action.to_string() };
    Ok(Reply::ok(&Enveloped { data }))
}

#[derive(Debug, Deserialize)]
struct Complete {
    #[serde(default)]
    data: Option<CompleteData>,
    #[serde(default)]
    meta: Option<CompleteMeta>,
}

#[derive(Debug, Deserialize)]
struct CompleteData {
    #[serde(default)]
    save: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CompleteMeta {
    #[serde(default)]
    challenge_responses: Option<Vec<ChallengeResponse>>,
}

/// `POST …/elements/capture-card/{actionId}/complete`
pub async fn complete_capture(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    complete(surface, call, FramesKind::CaptureCard).await
}

/// `POST …/elements/step-up/{actionId}/complete`
pub async fn complete_step_up(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    complete(surface, call, FramesKind::StepUp).await
}

/// `POST …/elements/update-card/{actionId}/complete`
pub async fn complete_update(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    complete(surface, call, FramesKind::UpdateCard).await
}

async fn complete(surface: Surface, call: Call, kind: FramesKind) -> Result<Reply, Refusal> {
    let body: Complete = call.json()?;
    let unknown = |_| refusal(ServiceError::NotFound("action"));
    let wish = Completion {
        kind,
        action: FramesActionId::parse(call.param("actionId")).map_err(unknown)?,
        session: call.header("x-session-id").and_then(|text| FramesSessionId::parse(text).ok()),
        save: body.data.and_then(|data| data.save),
        responses: body
            .meta
            .and_then(|meta| meta.challenge_responses)
            .unwrap_or_default()
            .iter()
            .filter_map(ChallengeResponse::three_ds)
            .collect(),
    };
    let completed = frames::complete(&surface.cx, call.shopper()?, wish).await.map_err(refusal)?;
    Ok(tell(&completed, kind, surface.cx.clock.now().micros() / 1_000))
}

/// What came of an action. Also a demand for authentication is a 200: the client takes every other status for a failure.
fn tell(completed: &Completed, kind: FramesKind, now_ms: i64) -> Reply {
    match completed {
        Completed::Captured(instrument) => {
            let data = CapturedBody {
                payment_instrument: InstrumentBody::of(instrument),
                status: StatusBody::accepted(now_ms),
                fraud_response: FraudBody::default(),
            };
            Reply::ok(&Enveloped { data })
        }
        Completed::Confirmed { instrument, step_up_token } => {
            let fraud_response = (kind == FramesKind::CaptureCard).then(FraudBody::default);
            let data = ConfirmedBody {
                item_id: instrument.as_str(),
                step_up_token: step_up_token.as_deref(),
                status: StatusBody::accepted(now_ms),
                fraud_response,
            };
            Reply::ok(&Enveloped { data })
        }
        Completed::AuthenticationRequired(token) => Reply::ok(&Enveloped { data: ThreeDsBody::new(Some(token), Code::ThreeDs001) }),
        Completed::NotAuthenticated(why) => Reply::ok(&Enveloped { data: ThreeDsBody::of(*why) }),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CapturedBody<'t> {
    payment_instrument: InstrumentBody<'t>,
    status: StatusBody,
    fraud_response: FraudBody,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InstrumentBody<'t> {
    item_id: &'t str,
    bin: &'t str,
    created: i64,
    expiry_month: String,
    expiry_year: String,
    nickname: &'static str,
    payment_token: String,
    scheme: &'t str,
    status: &'static str,
    suffix: &'t str,
}

impl<'t> InstrumentBody<'t> {
    fn of(instrument: &'t Instrument) -> Self {
        Self {
            item_id: instrument.id.as_str(),
            bin: instrument.bin.as_deref().unwrap_or_default(),
            created: instrument.created_at.micros() / 1_000,
            expiry_month: words::expiry_month(instrument.expiry),
            expiry_year: words::expiry_year(instrument.expiry),
            nickname: "",
            payment_token: instrument.token.to_string(),
            scheme: instrument.network.as_deref().unwrap_or_default(),
            status: words::status(instrument.status),
            suffix: instrument.suffix.as_deref().unwrap_or_default(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfirmedBody<'t> {
    item_id: &'t str,
    #[serde(skip_serializing_if = "Option::is_none")]
    step_up_token: Option<&'t str>,
    status: StatusBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    fraud_response: Option<FraudBody>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusBody {
    #[serde(rename = "auditID")]
    audit_id: String,
    error: Option<&'static str>,
    es_response: ServiceBody,
    response_code: &'static str,
    response_text: &'static str,
    txn_time: i64,
}

#[derive(Serialize)]
struct ServiceBody {
    code: &'static str,
    text: &'static str,
}

impl StatusBody {
    fn accepted(now_ms: i64) -> Self {
        Self {
            // Names this answer and nothing else, in a log of the client's.
            audit_id: Uuid::from_u64_pair(u64::try_from(now_ms).unwrap_or_default(), 0).to_string(),
            error: None,
            es_response: ServiceBody { code: "00", text: "ACCEPTED" },
            response_code: "00",
            response_text: "ACCEPTED",
            txn_time: now_ms,
        }
    }
}

/// No fraud screen is asked about a card; each member is null.
#[derive(Default, Serialize)]
struct FraudBody {
    #[serde(rename = "fraudClientId")]
    client_id: Option<&'static str>,
    #[serde(rename = "fraudDecision")]
    decision: Option<&'static str>,
    #[serde(rename = "fraudReasonCd")]
    reason: Option<&'static str>,
}

/// What is told of an authentication where a card should be.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ThreeDsBody<'t> {
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'t str>,
    message: &'static str,
    error_code: &'static str,
}

impl<'t> ThreeDsBody<'t> {
    const fn new(token: Option<&'t str>, code: Code) -> Self {
        Self { token, message: code.message(), error_code: code.text() }
    }

    fn of(why: ThreeDsRefusal) -> Self {
        let (code, message) = match why {
            ThreeDsRefusal::Invalid => (Code::ThreeDs002, "3DS Validation Failed"),
            ThreeDsRefusal::NotDone => (Code::ThreeDs003, "3DS Validation Failed"),
            ThreeDsRefusal::Rejected => (Code::ThreeDs006, "3DS Validation Rejected"),
            ThreeDsRefusal::TooLate => (Code::ThreeDs007, "3DS Validation Timeout"),
        };
        Self { message, ..Self::new(None, code) }
    }
}

/// A refusal in the manner of this family: what the caller named is not there, or is in no state for it, is a 422.
pub fn refusal(error: ServiceError) -> Refusal {
    let is_business = match &error {
        ServiceError::NotFound(_) => true,
        ServiceError::Refused { code, .. } => *code != "changed_meanwhile",
        _ => false,
    };
    let refusal = Refusal::from(error);
    if is_business { refusal.at(StatusCode::UNPROCESSABLE_ENTITY) } else { refusal }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(completed: &Completed) -> serde_json::Value {
        let reply = tell(completed, FramesKind::CaptureCard, 7);
        assert_eq!(reply.status, StatusCode::OK);
        serde_json::from_slice(&reply.body).unwrap()
    }

    #[test]
    fn a_demand_for_authentication_is_a_200_with_a_token() {
        let body = told(&Completed::AuthenticationRequired("t".to_owned()));
        let expected = serde_json::json!({ "data": { "token": "t", "message": "3DS TOKEN REQUIRED", "errorCode": "3DS_001" } });
        assert_eq!(body, expected);
        for (why, message, code) in [
            (ThreeDsRefusal::Rejected, "3DS Validation Rejected", "3DS_006"),
            (ThreeDsRefusal::NotDone, "3DS Validation Failed", "3DS_003"),
            (ThreeDsRefusal::Invalid, "3DS Validation Failed", "3DS_002"),
            (ThreeDsRefusal::TooLate, "3DS Validation Timeout", "3DS_007"),
        ] {
            let body = told(&Completed::NotAuthenticated(why));
            assert_eq!(body["data"], serde_json::json!({ "message": message, "errorCode": code }), "{why:?}");
        }
    }

    #[test]
    fn a_body_says_what_it_must_and_no_more() {
        let begin: Enveloped<Begin> = serde_json::from_str(r#"{"data":{}}"#).unwrap();
        assert!(begin.data.save && begin.data.verify && !begin.data.use_everyday_pay && begin.data.three_ds.is_none());
        let text = r#"{"data":{"save":false,"threeDS":{"requires3DS":true,"env":"staging"},"paymentInstrumentId":"","scheme":"VISA"}}"#;
        let begin: Enveloped<Begin> = serde_json::from_str(text).unwrap();
        assert!(!begin.data.save && begin.data.three_ds.unwrap().is_required && begin.data.payment_instrument_id.0.is_none());
        for body in ["{}", r#"{"data":{},"meta":{}}"#, r#"{"data":{"save":true},"meta":{"challengeResponses":[]}}"#] {
            assert!(serde_json::from_str::<Complete>(body).is_ok(), "{body}");
        }
    }
}
