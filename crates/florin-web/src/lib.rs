//! The HTTP kit: listener, TLS, limits, callers, idempotency, error classes, request log.
//!
//! Knows no vendor's format and no business rule: surfaces render their own bodies from a [`Class`].
//! Invariant: every answer that leaves carries an `X-Request-Id`, also those that no handler made.

pub mod body;
pub mod caller;
pub mod health;
pub mod idempotency;
pub mod listener;
pub mod page;
pub mod problem;
pub mod proxy;
pub mod request_id;
pub mod surface;
pub mod tls;

mod answer;
mod connection;
mod head_scan;
mod line;
mod log;
mod plain_http;
mod roster;
mod wire;

pub use answer::Arrival;
pub use body::{BodyError, BodyLimits};
pub use idempotency::{IdempotencyKey, InFlight};
pub use listener::{Drained, Limits, Listener, Settings, Transport};
pub use problem::{Class, Fallback};
pub use proxy::TrustedProxies;
pub use request_id::RequestId;
pub use surface::Surface;
