//! The request log: one line a request, at a level that its status decides.
//!
//! Invariant: no query, header or body is ever written, and no path segment that could be a key to something.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Instant;

use http::uri::PathAndQuery;
use http::{Method, Request, StatusCode};

use crate::request_id::RequestId;

/// Hosted pages are found by an unguessable segment of their path; nothing shorter than this is one.
const SECRET_LEN: usize = 20;
const UUID_LEN: usize = 36;
/// Where ids are keys: whoever has one may type a card there.
const KEYED: [&str; 2] = ["/container-ws/", "/wow/v1/pay/instore/customer/elements/"];

/// What the log will say of a request, kept while it is answered.
#[derive(Debug)]
pub(crate) struct Visit {
    method: Method,
    target: Option<PathAndQuery>,
    started: Instant,
}

impl Visit {
    pub fn new<B>(request: &Request<B>) -> Self {
        Self { method: request.method().clone(), target: request.uri().path_and_query().cloned(), started: Instant::now() }
    }

    pub fn path(&self) -> &str {
        self.target.as_ref().map_or("", PathAndQuery::path)
    }

    /// Writes the line.
    pub fn answered(&self, status: StatusCode, request_id: RequestId, client: IpAddr) {
        let (method, status) = (&self.method, status.as_u16());
        match status {
            500.. => {
                tracing::error!(%method, path = %shown(self.path()), status, micros = self.micros(), %request_id, %client, "request");
            }
            400.. => {
                tracing::info!(%method, path = %shown(self.path()), status, micros = self.micros(), %request_id, %client, "request");
            }
            _ => {
                tracing::debug!(%method, path = %shown(self.path()), status, micros = self.micros(), %request_id, %client, "request");
            }
        }
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// The path with what could be a key left out; ids stay, because complaints name them.
fn shown(path: &str) -> Cow<'_, str> {
    let is_keyed = KEYED.iter().any(|place| path.starts_with(place));
    let is_secret = |segment: &str| is_secret(segment) || (is_keyed && segment.len() == UUID_LEN);
    if path.split('/').all(|segment| !is_secret(segment)) {
        return Cow::Borrowed(path);
    }
    let segments: Vec<&str> = path.split('/').map(|segment| if is_secret(segment) { "…" } else { segment }).collect();
    Cow::Owned(segments.join("/"))
}

fn is_secret(segment: &str) -> bool {
    let id = segment.len() == UUID_LEN && segment.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    // Words of a route have no digits.
    segment.len() >= SECRET_LEN && !id && segment.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase() || byte == b'%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_the_path_is_not_written_and_an_id_is() {
        assert_eq!(shown("/pay/k3yk3yk3yk3yk3yk3yk3y/bank/"), "/pay/…/bank/");
        let id = "/order/67e55044-10b1-426f-9247-bb680e5fe0c8/";
        assert_eq!(shown(id), id);
        assert_eq!(shown("/container-ws/cvv/67e55044-10b1-426f-9247-bb680e5fe0c8/90731"), "/container-ws/cvv/…/90731");
        let elements = "/wow/v1/pay/instore/customer/elements/capture-card";
        let complete = format!("{elements}/67e55044-10b1-426f-9247-bb680e5fe0c8/complete");
        assert_eq!(shown(&complete), format!("{elements}/…/complete"), "the action's frames are found by the same id");
        assert_eq!(shown("/api/lending/ecommerce/example_repayment_schedule/"), "/api/lending/ecommerce/example_repayment_schedule/");
    }
}
