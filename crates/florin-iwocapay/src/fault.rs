//! What went wrong, in this dialect: `{"errors":[{"detail":"…","source":{"pointer":"/data/amount"}}]}`.
//!
//! The one place where an error meets a status. Nothing of the inside is told: it is logged here, once.

use std::borrow::Cow;

use florin_service::ServiceError;
use florin_service::idempotency::Answer;
use http::StatusCode;

use crate::json::{Object, object, write_array, write_object};

/// The words the published client looks for before it stops cancelling. Source: `docs/wire/iwocapay.md`, "Cancel order".
const TERMINAL: &str = "Can't cancel order of terminal state";

/// Where in a call a fault lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nowhere in particular.
    Call,
    /// In the body, at this JSON pointer.
    Pointer(String),
    /// In the query, under this name.
    Parameter(&'static str),
    /// In this header.
    Header(&'static str),
}

/// One thing that is wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, as a sentence for the developer at the other end.
    pub detail: Cow<'static, str>,
    /// Where.
    pub source: Source,
}

/// Why a call is answered with an error.
#[derive(Debug)]
pub enum Refusal {
    /// The caller's mistakes, found before anything was done.
    Faults(StatusCode, Vec<Fault>),
    /// An operation said no.
    Service(ServiceError),
}

impl Refusal {
    /// A single fault of no particular place.
    pub fn of(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::at(status, Source::Call, detail)
    }

    /// A single fault with its place.
    pub fn at(status: StatusCode, source: Source, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Faults(status, vec![Fault { detail: detail.into(), source }])
    }

    /// The refusal of a call whose body or query has `faults`.
    pub fn invalid(faults: Vec<Fault>) -> Self {
        Self::Faults(StatusCode::BAD_REQUEST, faults)
    }
}

impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl Refusal {
    /// How many seconds to wait before trying again, when that helps.
    pub fn retry_after_s(&self) -> Option<u32> {
        match self {
            Self::Service(ServiceError::Unavailable { retry_after_s, .. }) => Some(*retry_after_s),
            Self::Service(_) | Self::Faults(..) => None,
        }
    }

    /// The status and the bytes of the answer.
    pub fn answer(&self) -> Answer {
        match self {
            Self::Faults(status, faults) => answer(*status, faults),
            Self::Service(error) => refused(error),
        }
    }
}

/// The answer to an operation's refusal.
pub fn refused(error: &ServiceError) -> Answer {
    let (status, fault) = told(error);
    answer(status, &[fault])
}

fn told(error: &ServiceError) -> (StatusCode, Fault) {
    let plain = |status, detail: String| (status, Fault { detail: detail.into(), source: Source::Call });
    match error {
        ServiceError::NotFound(noun) => plain(StatusCode::NOT_FOUND, format!("There is no such {noun}.")),
        ServiceError::Invalid { field, message } => {
            let source = Source::Pointer(format!("/data/{field}"));
            (StatusCode::BAD_REQUEST, Fault { detail: format!("{field} {message}").into(), source })
        }
        ServiceError::Refused { code: "terminal_state", .. } => plain(StatusCode::BAD_REQUEST, TERMINAL.to_owned()),
        // Worth repeating as it is, unlike every other refusal.
        ServiceError::Refused { code: "changed_meanwhile", message } => plain(StatusCode::CONFLICT, message.clone()),
        ServiceError::Refused { message, .. } => plain(StatusCode::BAD_REQUEST, message.clone()),
        ServiceError::KeyReused => {
            let detail = "This Idempotency-Key was used for another call: take a fresh key for each new call.";
            (StatusCode::UNPROCESSABLE_ENTITY, Fault { detail: detail.into(), source: Source::Header("Idempotency-Key") })
        }
        ServiceError::Unauthorised(message) => plain(StatusCode::UNAUTHORIZED, message.clone()),
        ServiceError::Forbidden(message) => plain(StatusCode::FORBIDDEN, message.clone()),
        ServiceError::Unavailable { what, .. } => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{what} Please try again later.")),
        ServiceError::TooMany { message, .. } => plain(StatusCode::TOO_MANY_REQUESTS, message.clone()),
        ServiceError::Internal(cause) => {
            tracing::error!(cause, "internal error");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side.".to_owned())
        }
    }
}

fn answer(status: StatusCode, faults: &[Fault]) -> Answer {
    let body = object(|body| {
        body.field("errors", |bytes| {
            write_array(bytes, faults, |bytes, fault| write_object(bytes, |object| write_fault(object, fault)));
        });
    });
    Answer { status: status.as_u16(), body, replayed: false }
}

fn write_fault(object: &mut Object<'_>, fault: &Fault) {
    object.text("detail", &fault.detail);
    let (name, value) = match &fault.source {
        Source::Call => return,
        Source::Pointer(pointer) => ("pointer", pointer.as_str()),
        Source::Parameter(parameter) => ("parameter", *parameter),
        Source::Header(header) => ("header", *header),
    };
    object.object("source", |source| {
        source.text(name, value);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_published_shape_and_status() {
        let invalid = ServiceError::Invalid { field: "amount", message: "must be more than 0".to_owned() };
        let terminal = ServiceError::Refused { code: "terminal_state", message: "inside".to_owned() };
        let table = [
            (invalid, 400, r#"{"detail":"amount must be more than 0","source":{"pointer":"/data/amount"}}"#),
            (terminal, 400, r#"{"detail":"Can't cancel order of terminal state"}"#),
            (ServiceError::NotFound("order"), 404, r#"{"detail":"There is no such order."}"#),
            (ServiceError::Unauthorised("No.".to_owned()), 401, r#"{"detail":"No."}"#),
            (ServiceError::Forbidden("No.".to_owned()), 403, r#"{"detail":"No."}"#),
            (ServiceError::Internal("secret".to_owned()), 500, r#"{"detail":"Something went wrong on our side."}"#),
        ];
        for (error, status, expected) in table {
            let answer = refused(&error);
            assert_eq!(answer.status, status, "{error}");
            assert_eq!(String::from_utf8(answer.body).unwrap(), format!("{{\"errors\":[{expected}]}}"));
        }
    }

    #[test]
    fn an_absent_store_says_when_to_come_back() {
        let refusal = Refusal::from(ServiceError::Unavailable { what: "The store is away.".to_owned(), retry_after_s: 7 });
        assert_eq!((refusal.retry_after_s(), refusal.answer().status), (Some(7), 503));
    }
}
