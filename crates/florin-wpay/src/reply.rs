//! What an operation answers when it was done.

use http::StatusCode;
use serde::Serialize;

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// JSON.
    Json,
    /// A picture.
    Png,
    /// There is none.
    Nothing,
}

/// A successful answer.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Vec<u8>,
    /// What the body is.
    pub media: Media,
    /// For how many seconds anybody may keep it; nobody if nothing.
    pub keep_s: Option<u32>,
}

impl Reply {
    /// A 200 with `value`.
    pub fn ok(value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self { status: StatusCode::OK, body, media: Media::Json, keep_s: None },
            Err(error) => {
                // Only a map whose keys are no strings could fail, and there is none.
                tracing::error!(%error, "an answer could not be written");
                Self { status: StatusCode::INTERNAL_SERVER_ERROR, body: b"{}".to_vec(), media: Media::Json, keep_s: None }
            }
        }
    }

    /// A 200 with `{}`: some clients break on an answer without a body.
    pub fn empty() -> Self {
        Self { status: StatusCode::OK, body: b"{}".to_vec(), media: Media::Json, keep_s: None }
    }

    /// A 204, which has no body at all.
    pub const fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, body: Vec::new(), media: Media::Nothing, keep_s: None }
    }

    /// A 200 with a picture.
    pub const fn png(picture: Vec<u8>) -> Self {
        Self { status: StatusCode::OK, body: picture, media: Media::Png, keep_s: None }
    }
}
