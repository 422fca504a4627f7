//! What a browser asks before, and needs beside, an answer to a page of another origin.
//!
//! No page is let in by this and none kept out: the credentials in the headers decide. Cookies are neither set nor read, so no
//! answer allows credentials.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE, VARY,
};
use http::{HeaderMap, HeaderValue};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, DELETE, OPTIONS");
/// What the public clients send, and what they may.
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, x-api-key, x-jws-signature, x-message-id, x-everyday-pay-wallet, x-wallet-id, x-merchant-id, x-guest, \
     x-session-id, x-channel, store-id, content-type, idempotency-key",
);
const EXPOSED: HeaderValue = HeaderValue::from_static("x-message-id, x-request-id, retry-after");
/// Two hours: browsers keep it no longer.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");
const BY_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");

/// Lets a page of `origin` read the answer.
pub fn let_read(headers: &mut HeaderMap, origin: Option<&HeaderValue>) {
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    headers.append(VARY, BY_ORIGIN);
}

/// Says what a page may send.
pub fn let_send(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
}
