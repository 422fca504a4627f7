//! What an operation answers when it was done.

use http::StatusCode;
use serde::Serialize;

/// A successful answer, as bytes of JSON.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Vec<u8>,
    /// For how many seconds anybody may keep it; nobody if nothing.
    pub keep_s: Option<u32>,
}

impl Reply {
    /// A 200 with `value`.
    pub fn ok(value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self { status: StatusCode::OK, body, keep_s: None },
            Err(error) => {
                // Only a map whose keys are no strings could fail, and there is none.
                tracing::error!(%error, "an answer could not be written");
                Self { status: StatusCode::INTERNAL_SERVER_ERROR, body: b"{}".to_vec(), keep_s: None }
            }
        }
    }

    /// A 200 with `{}`: some clients break on an answer without a body.
    pub fn empty() -> Self {
        Self { status: StatusCode::OK, body: b"{}".to_vec(), keep_s: None }
    }
}
