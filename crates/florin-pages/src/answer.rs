//! Answers: a rendered page, or the way to the next one.
//!
//! Invariant: every answer carries the headers that keep a browser from running, framing or keeping it.

use askama::Template;
use axum::body::Body;
use axum::response::Response;
use florin_web::{Class, page};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, StatusCode};

/// `template`, rendered, with `status`.
pub(crate) fn show(status: StatusCode, template: &impl Template) -> Response {
    let Ok(html) = template.render() else {
        tracing::error!("a page could not be rendered");
        return Class::Internal.plain();
    };
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    protected(response)
}

/// Sends the browser on to `location` with a GET.
pub(crate) fn see_other(location: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(location) else {
        tracing::error!("a redirect's target does not fit into a header");
        return Class::Internal.plain();
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, location);
    protected(response)
}

fn protected(mut response: Response) -> Response {
    page::protect(response.headers_mut());
    response
}
