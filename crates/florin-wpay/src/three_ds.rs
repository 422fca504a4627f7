//! `…/instore/customer/3ds/session/enrolment`: the card of a session is looked up at its directory; and answers to challenges.
//!
//! Not in the contract: what the public client for frames sends and reads.

use florin_domain::three_ds::ThreeDsState;
use florin_service::three_ds::{self, Enrolled, ThreeDsResponse};
use florin_web::Surface;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::call::Call;
use crate::error::{Code, Refusal};
use crate::fields::{Hidden, Text};
use crate::frames::{Enveloped, refusal};
use crate::maybe::Maybe;
use crate::reply::Reply;

/// The longest token of a session, in characters.
const TOKEN_MAX: usize = 4_096;

/// The answer to a challenge, of whatever type.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChallengeResponse {
    /// About which instrument, where there can be several.
    #[serde(default)]
    instrument_id: Maybe<Text>,
    #[serde(rename = "type")]
    kind: Text,
    #[serde(default)]
    token: Maybe<Hidden>,
    #[serde(default)]
    reference: Maybe<Text<TOKEN_MAX>>,
}

impl ChallengeResponse {
    /// The answer to a demand for authentication, if it is one.
    pub fn three_ds(&self) -> Option<ThreeDsResponse> {
        let frictionless = match self.kind.as_str() {
            "3DS" => false,
            "3DS-frictionless" => true,
            _ => return None,
        };
        let token = self.token.0.clone()?.into_secret();
        Some(ThreeDsResponse { frictionless, token, reference: self.reference.0.clone().map(Text::into_string) })
    }

    /// Whether it is about the instrument of this name.
    pub fn is_about(&self, name: &str) -> bool {
        !name.is_empty() && self.instrument_id.0.as_ref().is_some_and(|id| id.as_str().eq_ignore_ascii_case(name))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ask {
    #[serde(default)]
    session_id: Maybe<Text<TOKEN_MAX>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EnrolledBody {
    enrollment_response: EnrolmentBody,
    challenge_response_token: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EnrolmentBody {
    status: &'static str,
    consumer_authentication_information: AuthenticationBody,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthenticationBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    acs_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pareq: Option<String>,
    authentication_transaction_id: String,
}

/// `POST …/3ds/session/enrolment`
pub async fn enrol(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let ask = call.json::<Enveloped<Ask>>()?.data;
    // The body names the session; clients that have none there put it into the header.
    let named = ask.session_id.0.as_ref().map(Text::as_str).or_else(|| call.header("x-session-id"));
    let named = named.ok_or_else(|| Refusal::invalid("data.sessionId is required."))?;
    let enrolled = three_ds::enrol(&surface.cx, call.shopper()?, named).await;
    let enrolled = enrolled.map_err(|error| match error {
        florin_service::ServiceError::NotFound(_) => Refusal::new(Code::ThreeDs002, "There is no such 3DS session."),
        florin_service::ServiceError::Refused { code: "three_ds_over", message } => Refusal::new(Code::ThreeDs007, message),
        other => refusal(other),
    })?;
    Ok(Reply::ok(&Enveloped { data: tell(enrolled) }))
}

fn tell(enrolled: Enrolled) -> EnrolledBody {
    let Enrolled { session, page, response_token } = enrolled;
    let status = match session.state {
        ThreeDsState::Authenticated { frictionless: true, .. } => "AUTHENTICATION_SUCCESSFUL",
        ThreeDsState::Begun | ThreeDsState::Challenged { .. } | ThreeDsState::Authenticated { .. } => "PENDING_AUTHENTICATION",
        ThreeDsState::Failed | ThreeDsState::Used => "AUTHENTICATION_FAILED",
    };
    let is_pending = status == "PENDING_AUTHENTICATION";
    let transaction = session.transaction.to_string();
    let request =
        json!({ "messageType": "CReq", "messageVersion": "2.2.0", "threeDSServerTransID": transaction, "acsTransID": transaction });
    EnrolledBody {
        enrollment_response: EnrolmentBody {
            status,
            consumer_authentication_information: AuthenticationBody {
                acs_url: is_pending.then_some(page),
                pareq: is_pending.then(|| florin_service::base64(request.to_string().as_bytes())),
                authentication_transaction_id: transaction,
            },
        },
        challenge_response_token: response_token,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<ThreeDsResponse> {
        serde_json::from_str::<ChallengeResponse>(json).unwrap().three_ds()
    }

    #[test]
    fn only_answers_about_authentication_are_taken() {
        assert!(read(r#"{"type":"3DS-frictionless","token":"t","reference":"r"}"#).unwrap().frictionless);
        assert!(!read(r#"{"instrumentId":"1","type":"3DS","token":"t"}"#).unwrap().frictionless);
        assert!(read(r#"{"type":"STEP_UP","token":"t"}"#).is_none());
        assert!(read(r#"{"type":"3DS"}"#).is_none());
    }
}
