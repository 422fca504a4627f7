//! A call's body: JSON or a form, in UTF-8, not nested beyond reason.

use axum::body::Bytes;
use http::{HeaderMap, StatusCode, header};

use crate::fault::{Refusal, Source};
use crate::fields::{Fields, Given};
use crate::form;
use crate::scan::is_too_deep;

/// A body with what its sender says it is.
#[derive(Debug)]
pub struct Body {
    bytes: Bytes,
    encoding: Encoding,
}

/// The two ways to write fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `{"data":{…}}`
    Json,
    /// `amount=…&reference=…`
    Form,
}

impl Encoding {
    /// What the headers say; a call that says nothing sends JSON, as every published client does.
    ///
    /// # Errors
    /// A 415 for anything that is neither JSON nor a form.
    pub fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let Some(value) = headers.get(header::CONTENT_TYPE) else {
            return Ok(Self::Json);
        };
        let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/json") {
            return Ok(Self::Json);
        }
        if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Ok(Self::Form);
        }
        let detail = "Send the body as application/json or application/x-www-form-urlencoded.";
        Err(Refusal::at(StatusCode::UNSUPPORTED_MEDIA_TYPE, Source::Header("Content-Type"), detail))
    }
}

impl Body {
    /// A body as it arrived.
    pub fn new(bytes: Bytes, encoding: Encoding) -> Self {
        Self { bytes, encoding }
    }

    /// The bytes as they arrived.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The outermost fields; of a form, all of them.
    ///
    /// # Errors
    /// A 400 for text that is no JSON object.
    pub fn outer(&self) -> Result<Fields<'_>, Refusal> {
        let text = std::str::from_utf8(&self.bytes).map_err(|_| malformed("The body is not UTF-8."))?;
        match self.encoding {
            Encoding::Form => form::read(text),
            Encoding::Json if is_too_deep(text) => Err(malformed("The body is nested too deeply.")),
            Encoding::Json => Fields::from_json("", text).map_err(|error| not_an_object(&error)),
        }
    }

    /// The fields of the envelope `{"data":{…}}`; of a form, all of them.
    ///
    /// # Errors
    /// A 400 for anything else.
    pub fn data(&self) -> Result<Fields<'_>, Refusal> {
        let outer = self.outer()?;
        if self.encoding == Encoding::Form {
            return Ok(outer);
        }
        match outer.find("data") {
            Some(Given::Json(json)) if json.starts_with('{') => Fields::from_json("/data", json).map_err(|error| not_an_object(&error)),
            Some(_) => Err(Refusal::invalid(vec![outer.fault("data", "must be an object")])),
            None => Err(Refusal::invalid(vec![outer.fault("data", "is required")])),
        }
    }
}

fn malformed(detail: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::of(StatusCode::BAD_REQUEST, detail)
}

fn not_an_object(error: &serde_json::Error) -> Refusal {
    match error.classify() {
        serde_json::error::Category::Data => malformed("The body must be a JSON object."),
        _ => malformed(format!("The body is not valid JSON: {error}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoding(value: &'static str) -> Option<Encoding> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())]);
        Encoding::of(&headers).ok()
    }

    #[test]
    fn only_json_and_forms_are_read() {
        assert_eq!(encoding("application/json"), Some(Encoding::Json));
        assert_eq!(encoding("Application/JSON; charset=utf-8"), Some(Encoding::Json));
        assert_eq!(encoding("application/x-www-form-urlencoded;charset=UTF-8"), Some(Encoding::Form));
        for other in ["text/plain", "multipart/form-data; boundary=x", "application/xml", ""] {
            assert_eq!(encoding(other), None, "{other}");
        }
        assert!(matches!(Encoding::of(&HeaderMap::new()), Ok(Encoding::Json)));
    }

    #[test]
    fn bodies_without_an_envelope_are_refused() {
        let deep = format!("{{\"data\":{{\"x\":{}{}}}}}", "[".repeat(100_000), "]".repeat(100_000));
        let bodies: [&[u8]; 12] = [
            b"",
            b"{",
            b"[]",
            b"1",
            b"\"data\"",
            b"null",
            b"{}",
            b"{\"data\":[]}",
            b"{\"data\":NaN}",
            b"{\"data\":{}} x",
            b"{\"data\":{\"a\":\"\xff\"}}",
            deep.as_bytes(),
        ];
        for bytes in bytes_of(&bodies) {
            assert!(Body::new(bytes.clone(), Encoding::Json).data().is_err(), "{bytes:?}");
        }
    }

    fn bytes_of(bodies: &[&[u8]]) -> Vec<Bytes> {
        bodies.iter().map(|body| Bytes::copy_from_slice(body)).collect()
    }
}
