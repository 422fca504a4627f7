//! The fraud check's part of bodies, what is sent for the screen and what it said; and the operation that asks for it alone.
//!
//! Invariant: nothing of a message is printed.

use std::fmt;

use florin_domain::InstrumentToken;
use florin_domain::fraud::{FraudDecision, FraudVerdict};
use florin_service::ServiceError;
use florin_service::fraud::{self, FraudCheck, FraudFormat, MESSAGE_MAX};
use florin_web::Surface;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::Refusal;
use crate::fields::Text;
use crate::particulars::Destination;
use crate::payments::REFERENCE_MAX;
use crate::reply::Reply;

/// What a caller sends for the fraud check. The answer is JSON, whichever format is wished for it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FraudPayload {
    provider: Text,
    version: Text,
    format: Format,
    #[serde(rename = "responseFormat")]
    _response_format: Format,
    message: Message,
}

impl FraudPayload {
    /// The same in the house's words.
    pub fn into_payload(self) -> fraud::FraudPayload {
        self.with_goods(None)
    }

    /// The same about goods that are sent to `destination`.
    pub fn with_goods(self, destination: Option<Destination>) -> fraud::FraudPayload {
        fraud::FraudPayload {
            provider: self.provider.into_string(),
            version: self.version.into_string(),
            format: match self.format {
                Format::Zip => FraudFormat::ZippedBase64,
                Format::Xml => FraudFormat::Xml,
            },
            message: self.message.0,
            shipping_country: destination.and_then(Destination::country),
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Format {
    #[serde(rename = "ZIP_BASE_64_ENCODED")]
    Zip,
    Xml,
}

/// What is to be screened, of at most [`MESSAGE_MAX`] bytes.
struct Message(String);

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() > MESSAGE_MAX {
            return Err(D::Error::custom(format_args!("is longer than {MESSAGE_MAX} bytes")));
        }
        Ok(Self(text))
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message(..)")
    }
}

/// What came of it. Where nothing was asked each member is null; one public client needs the object all the same.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FraudResponse {
    client_id: Option<String>,
    reason_code: Option<String>,
    decision: Option<&'static str>,
}

impl FraudResponse {
    /// Tells what the screen said.
    pub fn of(decision: &FraudDecision) -> Self {
        Self {
            client_id: Some(decision.client_id.clone()),
            reason_code: Some(decision.reason_code.clone()),
            decision: Some(match decision.verdict {
                FraudVerdict::Accept => "ACCEPT",
                FraudVerdict::Review => "REVIEW",
                FraudVerdict::Reject => "REJECT",
            }),
        }
    }

    /// The same where the screen may not have been asked.
    pub fn of_any(decision: Option<&FraudDecision>) -> Self {
        decision.map(Self::of).unwrap_or_default()
    }
}

/// Adds to a refusal what the screen said, if it was asked.
pub fn beside(refusal: Refusal, decision: Option<&FraudDecision>) -> Refusal {
    match decision {
        Some(decision) => refusal.with("fraudResponse", &FraudResponse::of(decision)),
        None => refusal,
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CheckSent {
    client_reference: Text<REFERENCE_MAX>,
    payment_token: Text<REFERENCE_MAX>,
    fraud_payload: FraudPayload,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckBody {
    fraud_response: FraudResponse,
}

/// `POST /wow/v1/pay/instruments/fraudcheck`: a question and no payment, so that a rejection is an answer like any other.
pub async fn check(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let sent = call.json::<CheckSent>()?;
    let token = InstrumentToken::parse(sent.payment_token.as_str()).map_err(|_| ServiceError::NotFound("payment instrument"))?;
    let check = FraudCheck {
        client_reference: sent.client_reference.into_string(),
        instrument: None,
        token: Some(token),
        payload: sent.fraud_payload.into_payload(),
    };
    let decision = fraud::check(&surface.cx, call.shopper()?, check).await?;
    Ok(Reply::ok(&CheckBody { fraud_response: FraudResponse::of(&decision) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(format: &str, message: &str) -> Result<FraudPayload, String> {
        let json = serde_json::json!({
            "provider": "cybersource", "version": "CyberSourceTransaction_1.101", "format": format, "responseFormat": "XML", "message": message,
        });
        serde_json::from_value(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_payload_is_read_and_its_message_prints_nothing() {
        let read = payload("ZIP_BASE_64_ENCODED", "UEsD").unwrap();
        assert!(!format!("{read:?}").contains("UEsD"));
        let read = read.into_payload();
        assert_eq!((read.format, read.message.as_str(), read.shipping_country), (FraudFormat::ZippedBase64, "UEsD", None));
        assert_eq!(payload("XML", "<x/>").unwrap().into_payload().format, FraudFormat::Xml);
    }

    #[test]
    fn other_formats_and_endless_messages_are_refused() {
        assert!(payload("JSON", "{}").is_err());
        assert!(payload("XML", &"x".repeat(MESSAGE_MAX)).is_ok());
        assert_eq!(payload("XML", &"x".repeat(MESSAGE_MAX + 1)).unwrap_err(), "is longer than 65536 bytes");
    }
}
