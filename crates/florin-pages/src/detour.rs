//! Detours: why a handler does not show its page, and what the browser gets instead.
//!
//! Invariant: what went wrong inside is logged here, once, and never shown.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use florin_service::ServiceError;
use florin_web::Class;
use http::StatusCode;
use http::header::RETRY_AFTER;

use crate::answer::{see_other, show};
use crate::frame::Frame;
use crate::news::{News, Tone};

/// Something else than the page that was asked for.
#[derive(Debug)]
pub(crate) enum Detour {
    /// On to another page.
    Onward(String),
    /// No order has this link.
    UnknownOrder,
    /// Nothing is here.
    Nothing,
    /// The request cannot be read.
    Unreadable(Class),
    /// The service says no; `again` is the page from which to try once more.
    Failed { error: ServiceError, again: String },
}

impl IntoResponse for Detour {
    fn into_response(self) -> Response {
        match self {
            Self::Onward(path) => see_other(&path),
            Self::UnknownOrder => unknown_order(),
            Self::Nothing => not_found(),
            Self::Unreadable(class) => of_class(class, None),
            Self::Failed { error, again } => failed(&error, &again),
        }
    }
}

/// The page for a failure that no handler answered: an unknown address, a wrong verb, a body that is too large.
pub fn fallback(_path: &str, class: Class) -> Response {
    of_class(class, None)
}

/// The page for an address where nothing is.
pub(crate) fn not_found() -> Response {
    let told = "There is no page at this address. It may have been copied without its end.";
    show(StatusCode::NOT_FOUND, &News::new(Frame::plain("Page not found", false), Tone::Bad, told))
}

/// The page for a verb that the address does not have.
pub(crate) fn wrong_verb() -> Response {
    of_class(Class::MethodNotAllowed, None)
}

fn unknown_order() -> Response {
    let told = "This link leads to no order. It may have been copied without its end, or it was never ours.";
    let news = News::new(Frame::plain("We do not know this order", false), Tone::Bad, told)
        .advising("Go back to the shop and choose to pay again: you get a new link. Nothing was taken from you here.");
    show(StatusCode::NOT_FOUND, &news)
}

fn failed(error: &ServiceError, again: &str) -> Response {
    match error {
        ServiceError::NotFound("order") => unknown_order(),
        ServiceError::NotFound(_) => not_found(),
        ServiceError::Invalid { message, .. } => sentence(StatusCode::UNPROCESSABLE_ENTITY, message, again),
        ServiceError::Refused { message, .. } => sentence(StatusCode::CONFLICT, message, again),
        ServiceError::KeyReused => of_class(Class::Unprocessable, Some(again)),
        ServiceError::Unauthorised(_) => of_class(Class::Unauthorised, None),
        ServiceError::Forbidden(_) => of_class(Class::Forbidden, None),
        ServiceError::Unavailable { what, retry_after_s } => {
            let class = Class::Unavailable { retry_after: Duration::from_secs(u64::from(*retry_after_s)) };
            respond(class, &class_news(class, what.as_str()).with_link("Try again", again))
        }
        ServiceError::TooMany { message, .. } => sentence(StatusCode::TOO_MANY_REQUESTS, message, again),
        ServiceError::Internal(cause) => {
            tracing::error!(cause, "a page failed");
            of_class(Class::Internal, Some(again))
        }
    }
}

/// A refusal that the service put into words.
fn sentence(status: StatusCode, message: &str, again: &str) -> Response {
    let news = News::new(Frame::plain("That is not possible now", false), Tone::Bad, crate::field::sentence(message))
        .with_link("Go on with the order", again);
    show(status, &news)
}

fn of_class(class: Class, again: Option<&str>) -> Response {
    let told = match class {
        Class::NotFound => return not_found(),
        Class::Unavailable { .. } => "We cannot reach something we need.",
        Class::Internal => "It has been recorded and we look into it.",
        Class::TooLarge => "What was sent is far larger than any of our forms.",
        Class::UnsupportedMediaType => "What was sent is not a form. Our pages take application/x-www-form-urlencoded.",
        other => other.sentence(),
    };
    let news = class_news(class, told);
    respond(class, &if let Some(path) = again { news.with_link("Try again", path) } else { news })
}

fn class_news(class: Class, told: &str) -> News {
    let (title, tone) = match class {
        Class::Unavailable { .. } => ("Please try again in a moment", Tone::Waiting),
        Class::Internal => ("Something went wrong on our side", Tone::Bad),
        _ => ("We could not read that", Tone::Bad),
    };
    let news = News::new(Frame::plain(title, false), tone, told);
    match class {
        Class::Unavailable { .. } | Class::Internal => {
            news.advising("Try again in a moment. Your order is safe: what you entered before is kept, and nothing is taken twice.")
        }
        _ => news,
    }
}

fn respond(class: Class, news: &News) -> Response {
    let mut response = show(class.status(), news);
    if let Some(seconds) = class.retry_after() {
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn told(error: ServiceError) -> (u16, String, bool) {
        let response = Detour::Failed { error, again: "/pay/order/x/card/".to_owned() }.into_response();
        let (status, waits) = (response.status().as_u16(), response.headers().contains_key(RETRY_AFTER));
        let html = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(html.to_vec()).unwrap(), waits)
    }

    #[tokio::test]
    async fn a_fault_of_ours_is_told_without_its_cause() {
        let (status, page, _) = told(ServiceError::Internal("SELECT secret FROM books".to_owned())).await;
        assert_eq!(status, 500);
        assert!(page.contains("Something went wrong on our side") && page.contains("/pay/order/x/card/"));
        assert!(!page.contains("SELECT"));
    }

    #[tokio::test]
    async fn what_is_away_is_named_and_can_be_tried_again() {
        let error = ServiceError::Unavailable { what: "The register is away.".to_owned(), retry_after_s: 7 };
        let (status, page, waits) = told(error).await;
        assert_eq!((status, waits), (503, true));
        assert!(page.contains("The register is away.") && page.contains("Try again"));
    }

    #[tokio::test]
    async fn an_unknown_order_has_its_own_page() {
        let (status, page, _) = told(ServiceError::NotFound("order")).await;
        assert_eq!(status, 404);
        assert!(page.contains("We do not know this order") && page.contains("What you can do."));
    }
}
