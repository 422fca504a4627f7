//! What went wrong, as the operator is told: `{"error":{"code":"…","message":"…","field":"…"}}`.
//!
//! The one place where an error meets a status. Nothing of the inside is told: it is logged here, once.

use axum::response::{IntoResponse, Response};
use florin_service::ServiceError;
use florin_web::Class;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::body::json;

/// Why a call is answered with an error.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
    field: Option<String>,
    retry_after_s: Option<u32>,
}

impl Problem {
    /// A problem of no particular field.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), field: None, retry_after_s: None }
    }

    /// A value that breaks a rule.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message).at(field)
    }

    /// The same problem, found in `field`.
    #[must_use]
    pub fn at(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// The same problem in this API's words: what the operation calls `inner` is the field `outer` here.
    #[must_use]
    pub fn renamed(self, inner: &str, outer: &str) -> Self {
        if self.field.as_deref() == Some(inner) { self.at(outer) } else { self }
    }

    /// A failure that no handler told of.
    pub fn of_class(class: Class) -> Self {
        let code = match class {
            Class::Unauthorised => "unauthorised",
            Class::Forbidden => "forbidden",
            Class::NotFound => "not_found",
            Class::MethodNotAllowed => "method_not_allowed",
            Class::TimedOut => "timed_out",
            Class::Conflict => "conflict",
            Class::TooLarge | Class::HeadTooLarge => "too_large",
            Class::UnsupportedMediaType => "unsupported_media_type",
            Class::Unprocessable => "invalid",
            Class::Internal => "internal",
            Class::Unavailable { .. } => "unavailable",
            Class::Invalid => "malformed",
        };
        let retry_after_s = class.retry_after().and_then(|seconds| seconds.to_str().ok()?.parse().ok());
        Self { retry_after_s, ..Self::new(class.status(), code, class.sentence()) }
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::NotFound(noun) => Self::new(StatusCode::NOT_FOUND, "not_found", format!("There is no such {noun}.")),
            ServiceError::Invalid { field, message } => Self::invalid(field, message),
            ServiceError::Refused { code, message } => Self::new(StatusCode::CONFLICT, code, message),
            ServiceError::KeyReused => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "key_reused", "This key was used for another call."),
            ServiceError::Unauthorised(message) => Self::new(StatusCode::UNAUTHORIZED, "unauthorised", message),
            ServiceError::Forbidden(message) => Self::new(StatusCode::FORBIDDEN, "forbidden", message),
            ServiceError::Unavailable { what, retry_after_s } => {
                let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", what);
                Self { retry_after_s: Some(retry_after_s), ..problem }
            }
            ServiceError::TooMany { message, retry_after_s } => {
                let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", message);
                Self { retry_after_s: Some(retry_after_s), ..problem }
            }
            ServiceError::Internal(cause) => {
                tracing::error!(cause, "internal error");
                Self::of_class(Class::Internal)
            }
        }
    }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: Told<'a>,
}

#[derive(Serialize)]
struct Told<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let error = Told { code: self.code, message: &self.message, field: self.field.as_deref() };
        let mut response = json(self.status, &ErrorBody { error });
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}
