//! The fraud check's part of bodies. No fraud service is connected: what is sent is checked by its form and goes no further.

use serde::{Deserialize, Serialize};

use crate::fields::Text;

/// What a caller sends for the fraud check.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "held to its shape by being read")]
pub struct FraudPayload {
    provider: Text,
    version: Text,
    format: Format,
    response_format: Format,
    message: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Format {
    #[serde(rename = "ZIP_BASE_64_ENCODED")]
    Zip,
    Xml,
}

/// What came of it: nothing was asked, so each member is null; one public client needs the object all the same.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FraudResponse {
    client_id: Option<&'static str>,
    reason_code: Option<&'static str>,
    decision: Option<&'static str>,
}
