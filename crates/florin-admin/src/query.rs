//! Queries and names in paths of the operator's API. Unknown names in a query are refused, as in bodies.

use axum::extract::{FromRequestParts, Path, Query};
use florin_web::Class;
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// A query that was read into `T`.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = Query::try_from_uri(&parts.uri);
        let Query(asked) = query.map_err(|rejection| Problem::new(StatusCode::BAD_REQUEST, "malformed", rejection.body_text()))?;
        Ok(Self(asked))
    }
}

/// The one name that a path gives; a path that is not even text names nothing.
pub struct Named(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        name.map(|Path(name)| Self(name)).map_err(|_| Problem::of_class(Class::NotFound))
    }
}

/// Reads an identifier or another value that a path, a query or a body gives as text.
///
/// # Errors
/// A 422 that names `field`.
pub fn id<T, E: std::fmt::Display>(field: &'static str, text: &str, parse: fn(&str) -> Result<T, E>) -> Result<T, Problem> {
    parse(text).map_err(|error| Problem::invalid(field, error.to_string()))
}
