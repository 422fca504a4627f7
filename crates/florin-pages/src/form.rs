//! Posted forms: read whole, within limits, as text.
//!
//! Invariant: whatever bytes a browser or a script sends, a form comes out or a clear refusal; values hold no control characters,
//! which no field needs and some databases cannot keep.

use std::time::Duration;

use axum::body::Body;
use florin_web::body::{BodyLimits, read};
use florin_web::{BodyError, Class};
use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// Far more than any step's fields need.
const LIMITS: BodyLimits = BodyLimits { bytes: 64 * 1024, time: Duration::from_secs(10) };
/// More fields than any step has; further ones are not read.
const FIELDS_MAX: usize = 32;

/// A form's fields, in the order they came. Prints nothing: a card number may be among them.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the form in `body`.
    ///
    /// # Errors
    /// A class to answer with: too large, too slow, cut off, or not a form.
    pub(crate) async fn receive(headers: &HeaderMap, body: Body) -> Result<Self, Class> {
        if !is_form(headers) {
            return Err(Class::UnsupportedMediaType);
        }
        let bytes = read(body, &LIMITS).await.map_err(BodyError::class)?;
        Ok(Self::parse(&bytes))
    }

    /// Reads `name=value&…`; bytes that are no text become replacement characters.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(bytes).take(FIELDS_MAX);
        Self(pairs.map(|(name, value)| (name.into_owned(), clean(&value))).collect())
    }

    /// The first value of the field `name`; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.as_str())
    }

    /// Whether the form has a field `name`, be it empty.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(field, _)| field == name)
    }
}

/// A missing content type is forgiven: some scripts name none.
fn is_form(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE) else { return true };
    let essence = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn clean(value: &str) -> String {
    value.trim().chars().map(|character| if character.is_control() { '\u{FFFD}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_give_a_form() {
        let form = Form::parse(b"email=a%40b.co&code=%ff%00&code=2&&=&lonely");
        assert_eq!((form.text("email"), form.text("code")), ("a@b.co", "\u{FFFD}\u{FFFD}"));
        assert!(form.has("lonely") && !form.has("other") && form.text("other").is_empty());
    }

    #[tokio::test]
    async fn what_is_no_form_or_too_large_is_refused() {
        let json = HeaderMap::from_iter([(CONTENT_TYPE, http::HeaderValue::from_static("application/json"))]);
        assert_eq!(Form::receive(&json, Body::from("{}")).await.err(), Some(Class::UnsupportedMediaType));
        let huge = Body::from("a=".to_owned() + &"x".repeat(70_000));
        assert_eq!(Form::receive(&HeaderMap::new(), huge).await.err(), Some(Class::TooLarge));
    }
}
