//! The fraud check's part of bodies: what is sent for the screen, and what it said.

use florin_domain::fraud::{FraudDecision, FraudVerdict};
use florin_service::fraud::{self, FraudFormat};
use serde::{Deserialize, Serialize};

use crate::fields::Text;

/// What a caller sends for the fraud check.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FraudPayload {
    provider: Text,
    version: Text,
    format: Format,
    #[serde(rename = "responseFormat")]
    _response_format: Format,
    message: String,
}

impl FraudPayload {
    /// The same in the house's words.
    pub fn into_payload(self) -> fraud::FraudPayload {
        fraud::FraudPayload {
            provider: self.provider.into_string(),
            version: self.version.into_string(),
            format: match self.format {
                Format::Zip => FraudFormat::ZippedBase64,
                Format::Xml => FraudFormat::Xml,
            },
            message: self.message,
            shipping_country: None,
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
}
