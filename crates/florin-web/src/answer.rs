//! Answering: what happens to every request between hyper and its handler.
//!
//! One function, without layers, because every request pays for it.
//! Invariant: whatever the handler does, panics included, the client gets an answer with a request id, and the log one line.

use std::any::Any;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::response::Response;
use http::header::{CONNECTION, STRICT_TRANSPORT_SECURITY, TRANSFER_ENCODING};
use http::{HeaderValue, Request, StatusCode};
use hyper::body::{Body as _, Incoming};
use tower::Service;

use crate::line::{Busy, Line};
use crate::listener::House;
use crate::log::Visit;
use crate::plain_http;
use crate::problem::{Class, plain_text};
use crate::proxy::TrustedProxies;
use crate::request_id::{RequestId, X_REQUEST_ID};

/// A body of so many bytes has come with its head, or is read before the answer goes out.
const AT_HAND: u64 = 8 * 1024;

/// Where a request came from and what it is called: an extension of every request that reaches a handler.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// The id that its answer will carry.
    pub request_id: RequestId,
    /// Who asked, as far as it can be believed: the peer, or whom a trusted proxy named.
    pub client: IpAddr,
    /// Who is at the other end of the connection.
    pub peer: SocketAddr,
}

/// One connection's talk with one service.
pub(crate) struct Talk<S> {
    pub service: S,
    pub house: Arc<House>,
    pub line: Arc<Line>,
    pub peer: SocketAddr,
}

/// Answers one request.
pub(crate) async fn answer<S>(talk: Arc<Talk<S>>, mut request: Request<Incoming>) -> Result<Response, Infallible>
where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible> + Clone,
{
    let _busy = Busy::new(&talk.line);
    let visit = Visit::new(&request);
    let arrival = talk.arrival(&request);
    let sends_body = !request.body().is_end_stream();
    let may_leave_body = request.body().size_hint().exact().is_none_or(|bytes| bytes > AT_HAND);
    let mut response = if let Some(refusal) = talk.refusal(&request) {
        refusal
    } else {
        request.extensions_mut().insert(arrival);
        let mut service = talk.service.clone();
        let Ok(()) = poll_fn(|cx| service.poll_ready(cx)).await;
        // Written out here, and not as functions of futures, because each of those would move the request once more.
        match guarded(|| service.call(request)) {
            Ok(call) => {
                let mut call = pin!(call);
                let caught = poll_fn(|cx| match guarded(|| call.as_mut().poll(cx)) {
                    Ok(poll) => poll.map(|Ok(response)| Ok(response)),
                    Err(panic) => Poll::Ready(Err(panic)),
                });
                caught.await.unwrap_or_else(|panic| talk.apology(&visit, arrival, &panic))
            }
            Err(panic) => talk.apology(&visit, arrival, &panic),
        }
    };
    // A refused body may still be on its way when the connection closes.
    let refused = sends_body && !response.status().is_success();
    talk.line.set_lingers(refused);
    if refused && may_leave_body {
        // hyper will close a connection whose body it has not read to its end; a client that is not told sends its next
        // request into the closing connection.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response.headers_mut().insert(X_REQUEST_ID, arrival.request_id.header_value());
    if talk.house.strict_transport {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    visit.answered(response.status(), arrival.request_id, arrival.client);
    Ok(response)
}

impl<S> Talk<S> {
    fn arrival(&self, request: &Request<Incoming>) -> Arrival {
        let proxies = &self.house.proxies;
        let client = if proxies.is_empty() { self.peer.ip() } else { proxies.client(self.peer.ip(), request.headers()) };
        Arrival { request_id: self.line.next_request_id(), client, peer: self.peer }
    }

    /// The answer to a request that must not reach a handler.
    fn refusal(&self, request: &Request<Incoming>) -> Option<Response> {
        let headers = request.headers();
        // Only a body of unknown length can have an encoding, and most requests need not look for one.
        if request.body().size_hint().exact().is_none()
            && let Some(encoding) = headers.get(TRANSFER_ENCODING)
        {
            // Exactly one `chunked` and no length besides: anything else, another server on the way may read differently.
            let alone = headers.get_all(TRANSFER_ENCODING).iter().count() == 1;
            if !alone || !encoding.as_bytes().eq_ignore_ascii_case(b"chunked") || self.line.has_two_lengths() {
                let mut response = (self.house.fallback)(request.uri().path(), Class::Invalid);
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                return Some(response);
            }
        }
        if self.house.is_behind_proxy && (!self.house.proxies.trusts(self.peer.ip()) || TrustedProxies::says_plain_http(headers)) {
            return Some(plain_text(StatusCode::FORBIDDEN, plain_http::EXPLANATION.trim_end(), None));
        }
        None
    }

    /// The answer in place of the one that a panic prevented.
    fn apology(&self, visit: &Visit, arrival: Arrival, panic: &str) -> Response {
        tracing::error!(request_id = %arrival.request_id, panic, "a handler panicked");
        (self.house.fallback)(visit.path(), Class::Internal)
    }
}

/// What `work` gives, or what it said when it panicked. Unwind-safe: whatever panicked is dropped and never looked at again.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| said(panic.as_ref()))
}

fn said(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned());
    words.unwrap_or_else(|| "no words".to_owned())
}
