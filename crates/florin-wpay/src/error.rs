//! Refusals: what went wrong, as `{"httpStatusCode","errorCode","errorMessage","errorDetail"}` and perhaps arrays beside them.
//!
//! The one place where an error meets a status. Nothing of the inside is told: it is logged here, once.

use std::borrow::Cow;

use florin_domain::fault::Fault;
use florin_service::ServiceError;
use florin_web::Class;
use http::StatusCode;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

pub use crate::catalogue::{Code, detail, of_fault};

/// Why a call is answered with an error.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    code: Code,
    message: Cow<'static, str>,
    detail: Cow<'static, str>,
    beside: Vec<(&'static str, Box<RawValue>)>,
    retry_after_s: Option<u32>,
}

impl Refusal {
    /// A refusal with the code's own status and message.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: code.status(),
            code,
            message: Cow::Borrowed(code.message()),
            detail: detail.into(),
            beside: Vec::new(),
            retry_after_s: None,
        }
    }

    /// A refusal without a code of its own, told by its status.
    pub fn plain(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        let message = Cow::Borrowed(status.canonical_reason().unwrap_or("Error"));
        Self { status, message, ..Self::new(Code::Ap99, detail) }
    }

    /// The refusal of a call that is badly formed; `detail` names the field.
    pub fn invalid(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::plain(StatusCode::BAD_REQUEST, detail)
    }

    /// The refusal that tells `fault`.
    pub fn of_fault(fault: Fault) -> Self {
        Self::new(of_fault(fault), detail(fault))
    }

    /// The refusal of a failure that every surface has.
    pub fn of_class(class: Class) -> Self {
        let refusal = Self::plain(class.status(), class.sentence());
        match class {
            Class::Internal => Self::new(Code::Un99, class.sentence()),
            Class::Unavailable { retry_after } => refusal.retry_after(u32::try_from(retry_after.as_secs()).unwrap_or(u32::MAX)),
            _ => refusal,
        }
    }

    /// The refusal of a caller whose API key is not good.
    pub fn of_key(error: ServiceError) -> Self {
        match error {
            ServiceError::Unauthorised(detail) => Self::new(Code::Ap01, detail),
            other => other.into(),
        }
    }

    /// The refusal of a bearer that is missing or no good; why is not told.
    pub fn bearer() -> Self {
        Self::new(Code::Ap02, "Invalid or Expired Token")
    }

    /// With another status than the code's own.
    #[must_use]
    pub fn at(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// With `value` beside the four fields, under `name`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &impl Serialize) -> Self {
        match serde_json::value::to_raw_value(value) {
            Ok(json) => self.beside.push((name, json)),
            Err(error) => tracing::error!(%error, name, "a part of an answer could not be written"),
        }
        self
    }

    fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after_s: Some(seconds.max(1)), ..self }
    }

    /// The status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The code.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// How many seconds to wait before trying again, when that helps.
    pub const fn retry_after_s(&self) -> Option<u32> {
        self.retry_after_s
    }
}

impl Serialize for Refusal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(Some(4 + self.beside.len()))?;
        body.serialize_entry("httpStatusCode", &self.status.as_u16())?;
        body.serialize_entry("errorCode", self.code.text())?;
        body.serialize_entry("errorMessage", &self.message)?;
        body.serialize_entry("errorDetail", &self.detail)?;
        for (name, json) in &self.beside {
            body.serialize_entry(name, json)?;
        }
        body.end()
    }
}

impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::NotFound(noun) => Self::new(Code::Bi24, format!("There is no such {noun}.")),
            ServiceError::Invalid { field, message } => Self::invalid(format!("{field} {message}.")),
            ServiceError::Refused { code, message } => refused(code, message),
            ServiceError::KeyReused => {
                let detail = "This Idempotency-Key was used for another call: take a fresh key for each new call.";
                Self::plain(StatusCode::UNPROCESSABLE_ENTITY, detail)
            }
            ServiceError::Unauthorised(_) => Self::bearer(),
            ServiceError::Forbidden(detail) => Self::plain(StatusCode::FORBIDDEN, detail),
            ServiceError::TooMany { message, retry_after_s } => {
                Self::plain(StatusCode::TOO_MANY_REQUESTS, message).retry_after(retry_after_s)
            }
            ServiceError::Unavailable { what, retry_after_s } => {
                Self::plain(StatusCode::SERVICE_UNAVAILABLE, format!("{what} Please try again later.")).retry_after(retry_after_s)
            }
            ServiceError::Internal(cause) => {
                tracing::error!(cause, "internal error");
                Self::new(Code::Un99, "Something went wrong on our side.")
            }
        }
    }
}

/// What an operation refused for the name `code`.
fn refused(code: &str, message: String) -> Refusal {
    if let Some(fault) = Fault::from_name(code) {
        return Refusal::of_fault(fault);
    }
    match code {
        "duplicate_client_reference" => Refusal::new(Code::Es94, message),
        "fraud_version" => Refusal::new(Code::Bi34, message),
        // Worth repeating as it is, unlike every other refusal.
        "changed_meanwhile" => Refusal::plain(StatusCode::SERVICE_UNAVAILABLE, message).retry_after(1),
        _ => Refusal::new(Code::Bi08, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(refusal: &Refusal) -> String {
        serde_json::to_string(refusal).unwrap()
    }

    #[test]
    fn the_four_fields_come_first_and_always() {
        let body = told(&Refusal::bearer());
        let expected =
            r#"{"httpStatusCode":401,"errorCode":"AP02","errorMessage":"Unauthorized","errorDetail":"Invalid or Expired Token"}"#;
        assert_eq!(body, expected);
        let body = told(&Refusal::new(Code::Bi52, "No.").with("unknown", &["x"]));
        assert!(body.ends_with(r#""errorDetail":"No.","unknown":["x"]}"#), "{body}");
    }

    #[test]
    fn errors_have_the_status_and_code_of_the_catalogue() {
        let invalid = ServiceError::Invalid { field: "amount", message: "must be more than 0".to_owned() };
        let table = [
            (ServiceError::NotFound("payment instrument"), 400, "BI24", None),
            (invalid, 400, "AP99", None),
            (ServiceError::Refused { code: "duplicate_client_reference", message: String::new() }, 400, "ES94", None),
            (ServiceError::Refused { code: "gift_card_details", message: String::new() }, 400, "ES120", None),
            (ServiceError::Refused { code: "fraud_version", message: String::new() }, 400, "BI34", None),
            (ServiceError::Refused { code: "fraud_message", message: String::new() }, 400, "BI08", None),
            (ServiceError::Refused { code: "changed_meanwhile", message: String::new() }, 503, "AP99", Some(1)),
            (ServiceError::KeyReused, 422, "AP99", None),
            (ServiceError::Unauthorised("inside".to_owned()), 401, "AP02", None),
            (ServiceError::Forbidden(String::new()), 403, "AP99", None),
            (ServiceError::TooMany { message: String::new(), retry_after_s: 0 }, 429, "AP99", Some(1)),
            (ServiceError::Unavailable { what: String::new(), retry_after_s: 30 }, 503, "AP99", Some(30)),
            (ServiceError::Internal("inside".to_owned()), 500, "UN99", None),
        ];
        for (error, status, code, retry_after_s) in table {
            let refusal = Refusal::from(error);
            assert_eq!((refusal.status().as_u16(), refusal.code().text(), refusal.retry_after_s()), (status, code, retry_after_s));
            assert!(!told(&refusal).contains("inside"));
        }
    }
}
