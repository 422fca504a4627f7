//! Bodies of the operator's API: JSON in, JSON out.
//!
//! Unknown fields are refused, unlike on merchants' APIs: here they are an operator's typing errors.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::response::Response;
use florin_web::{BodyLimits, body};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// A body that was read into `T`.
pub struct Sent<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let message = "Send the body as application/json.";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message));
        }
        let bytes = body::read(request.into_body(), &BodyLimits::default()).await;
        let bytes = bytes.map_err(|error| Problem::of_class(error.class()))?;
        parse(&bytes).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Reads a whole body.
///
/// # Errors
/// A 400 that names the field, if it is in one.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let told = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let problem = Problem::new(StatusCode::BAD_REQUEST, "malformed", error.inner().to_string());
        let path = error.path().to_string();
        if path == "." { problem } else { problem.at(path) }
    })?;
    deserializer.end().map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "malformed", error.to_string()))?;
    Ok(told)
}

/// An answer with `value` as its body.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let (status, bytes) = match serde_json::to_vec(value) {
        Ok(bytes) => (status, bytes),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            (StatusCode::INTERNAL_SERVER_ERROR, Vec::new())
        }
    };
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        name: String,
        count: Option<u32>,
    }

    #[test]
    fn a_body_is_read_whole_or_refused_by_its_field() {
        let order: Order = parse(br#"{"name":"x","count":3}"#).unwrap();
        assert_eq!((order.name.as_str(), order.count), ("x", Some(3)));
        for (body, said) in [
            (r#"{"name":"x","cuont":3}"#, "cuont"),
            (r#"{"name":7}"#, "name"),
            (r#"{"name":"x","count":-1}"#, "count"),
            ("{}", "name"),
            (r#"{"name":"x"} x"#, "trailing"),
            ("", "EOF"),
        ] {
            let problem = parse::<Order>(body.as_bytes()).unwrap_err();
            assert!(format!("{problem:?}").contains(said), "{body}: {problem:?}");
            assert_eq!(problem.into_response().status(), 400, "{body}");
        }
    }
}
