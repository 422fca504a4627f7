//! Answering: from a request to one operation and back, with what every answer carries.
//!
//! The only place that makes responses, so that none leaves without its message id and its word to browsers.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use florin_service::Random;
use florin_web::Surface;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use uuid::Builder;

use crate::call::Call;
use crate::cors;
use crate::error::{Code, Refusal};
use crate::headers::{self, MESSAGE_ID};
use crate::reply::{Media, Reply};
use crate::routes::{Handler, Operation};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PNG: HeaderValue = HeaderValue::from_static("image/png");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const MESSAGE_ID_MAX: usize = 128;

/// What an answer takes over from its request.
pub struct Head {
    message_id: HeaderValue,
    origin: Option<HeaderValue>,
}

/// Answers a request to `operation`.
pub async fn give(surface: Surface, operation: &'static Operation, request: Request) -> Response {
    let head = Head::of(request.headers(), &surface.cx.random);
    let outcome = match operation.handler() {
        Handler::Open(answer) => answer(surface).await,
        Handler::Known(answer) => match Call::admit(&surface, operation.access, request).await {
            Ok(call) => answer(surface, call).await,
            Err(refusal) => Err(refusal),
        },
    };
    head.respond(outcome)
}

/// The answer to a browser that asks whether it may call.
pub fn preflight(head: &Head) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    cors::let_send(response.headers_mut());
    head.dress(response)
}

/// The answer to a call of which nothing is known: its origin cannot be named, so every origin is.
pub fn to_nobody(refusal: Refusal) -> Response {
    // No context reaches this; the id is a name and no secret.
    let head = Head { message_id: fresh_id(&Random::system()), origin: Some(HeaderValue::from_static("*")) };
    head.respond(Err(refusal))
}

impl Head {
    /// Reads the head of a request. A message id that is not a few visible characters is replaced.
    pub fn of(headers: &HeaderMap, random: &Random) -> Self {
        let sent = headers::single(headers, MESSAGE_ID);
        let sane = sent.filter(|id| id.len() <= MESSAGE_ID_MAX && id.bytes().all(|byte| byte.is_ascii_graphic()));
        let message_id = sane.and_then(|id| HeaderValue::from_str(id).ok()).unwrap_or_else(|| fresh_id(random));
        Self { message_id, origin: headers.get(ORIGIN).cloned() }
    }

    /// The answer that tells `outcome`.
    pub fn respond(&self, outcome: Result<Reply, Refusal>) -> Response {
        let response = match outcome {
            Ok(reply) => {
                let mut response = written(reply.status, reply.body, reply.media);
                if let Some(seconds) = reply.keep_s {
                    let keep = HeaderValue::try_from(format!("public, max-age={seconds}")).unwrap_or(NO_STORE);
                    response.headers_mut().insert(CACHE_CONTROL, keep);
                }
                response
            }
            Err(refusal) => refuse(&refusal),
        };
        self.dress(response)
    }

    fn dress(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.insert(HeaderName::from_static(MESSAGE_ID), self.message_id.clone());
        cors::let_read(headers, self.origin.as_ref());
        response
    }
}

fn refuse(refusal: &Refusal) -> Response {
    let mut response = written(refusal.status(), Reply::ok(refusal).body, Media::Json);
    let headers = response.headers_mut();
    if refusal.code() == Code::Ap02 {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = refusal.retry_after_s() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn written(status: StatusCode, body: Vec<u8>, media: Media) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    match media {
        Media::Json => drop(response.headers_mut().insert(CONTENT_TYPE, JSON)),
        Media::Png => drop(response.headers_mut().insert(CONTENT_TYPE, PNG)),
        Media::Nothing => {}
    }
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response
}

fn fresh_id(random: &Random) -> HeaderValue {
    let id = Builder::from_random_bytes(random.bytes()).into_uuid().to_string();
    HeaderValue::try_from(id).unwrap_or_else(|_| HeaderValue::from_static("0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn message_id(sent: &str) -> String {
        let head = Head::of(&headers(&[(MESSAGE_ID, sent)]), &Random::seeded(1));
        head.message_id.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_message_id_comes_back_and_a_strange_one_is_replaced() {
        assert_eq!(message_id("4b9f-1"), "4b9f-1");
        for strange in ["undefined", "null", "a b", &"x".repeat(129)] {
            assert_eq!(message_id(strange).len(), 36, "{strange}");
        }
    }

    #[test]
    fn every_answer_may_be_read_by_the_page_that_asked() {
        let head = Head::of(&headers(&[("origin", "https://shop.example")]), &Random::seeded(1));
        for response in [head.respond(Ok(Reply::empty())), head.respond(Err(Refusal::bearer())), preflight(&head)] {
            assert_eq!(response.headers()["access-control-allow-origin"], "https://shop.example");
            assert_eq!(response.headers()["vary"], "Origin");
            assert_eq!(response.headers()[MESSAGE_ID].len(), 36);
            assert!(!response.headers().contains_key("access-control-allow-credentials"));
        }
        assert_eq!(preflight(&head).status(), 204);
        assert_eq!(to_nobody(Refusal::bearer()).headers()["access-control-allow-origin"], "*");
    }

    #[test]
    fn an_empty_answer_is_still_json() {
        let head = Head::of(&HeaderMap::new(), &Random::seeded(1));
        let response = head.respond(Ok(Reply::empty()));
        assert_eq!((response.status().as_u16(), &response.headers()[CONTENT_TYPE]), (200, &JSON));
        assert!(!response.headers().contains_key("access-control-allow-origin"));
    }
}
