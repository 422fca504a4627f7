//! Error classes: the few ways in which a request can fail, as every surface sees them.
//!
//! A surface chooses its own statuses and bodies; what stands here is for answers that no surface makes.
//! Invariant: no answer made here says anything of the inside.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

/// A way in which a request can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Malformed: cannot be understood.
    Invalid,
    /// No credential, or none that is good.
    Unauthorised,
    /// A good credential, but not for this.
    Forbidden,
    /// No such thing, or none that this caller may know of.
    NotFound,
    /// The thing exists, the verb does not.
    MethodNotAllowed,
    /// The client was too slow to send its body.
    TimedOut,
    /// Well understood, but not in the present state.
    Conflict,
    /// The body exceeds its limit.
    TooLarge,
    /// The body is in a format that is not read here.
    UnsupportedMediaType,
    /// Well formed, but its values break a rule.
    Unprocessable,
    /// The request's head exceeds its limit, in bytes or in fields.
    HeadTooLarge,
    /// A defect of ours.
    Internal,
    /// Something we need is away for the moment; nothing was done.
    Unavailable {
        /// When to ask again, in whole seconds on the wire.
        retry_after: Duration,
    },
}

/// Renders an answer for a failure that no handler rendered, on the path that was asked for.
pub type Fallback = fn(path: &str, class: Class) -> Response;

impl Class {
    /// The usual status of the class.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Unauthorised => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// One plain sentence for people, without a line end.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Invalid => "The request is malformed.",
            Self::Unauthorised => "The request needs a valid credential.",
            Self::Forbidden => "This credential does not allow that.",
            Self::NotFound => "There is nothing here.",
            Self::MethodNotAllowed => "This method does not exist here.",
            Self::TimedOut => "The request's body did not arrive in time.",
            Self::Conflict => "That is not possible in the present state.",
            Self::TooLarge => "The request's body is too large.",
            Self::UnsupportedMediaType => "The request's content type is not read here.",
            Self::Unprocessable => "The request's values cannot be accepted.",
            Self::HeadTooLarge => "The request's header fields are too many or too large.",
            Self::Internal => "Something went wrong on our side. It has been recorded.",
            Self::Unavailable { .. } => "The service is unavailable for the moment. Nothing was done; please try again.",
        }
    }

    /// The `Retry-After` value of the class, in whole seconds and never 0.
    pub fn retry_after(self) -> Option<HeaderValue> {
        match self {
            Self::Unavailable { retry_after } => Some(HeaderValue::from(retry_after.as_secs().max(1))),
            _ => None,
        }
    }

    /// A plain-text answer of this class.
    pub fn plain(self) -> Response {
        plain_text(self.status(), self.sentence(), self.retry_after())
    }
}

/// The [`Fallback`] of a house without a format of its own.
pub fn plain_fallback(_path: &str, class: Class) -> Response {
    class.plain()
}

pub(crate) fn plain_text(status: StatusCode, sentence: &str, retry_after: Option<HeaderValue>) -> Response {
    let mut response = Response::new(Body::from(format!("{sentence}\n")));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = retry_after {
        headers.insert(RETRY_AFTER, seconds);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unavailable_answer_says_when_to_ask_again() {
        let response = Class::Unavailable { retry_after: Duration::from_millis(200) }.plain();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
    }

    #[test]
    fn other_answers_name_no_time() {
        let response = Class::Invalid.plain();
        assert_eq!(response.status(), 400);
        assert!(response.headers().get(RETRY_AFTER).is_none());
    }
}
