//! What every operation of a surface shares.
//!
//! Invariant: the calls of two surfaces never wait for one another's keys; what they share is the house.

use std::ops::Deref;
use std::sync::Arc;

use florin_service::Cx;

use crate::{BodyLimits, InFlight};

/// The state of a surface's router; cheap to clone.
#[derive(Clone)]
pub struct Surface(Arc<Shared>);

/// See [`Surface`].
pub struct Shared {
    /// The house.
    pub cx: Cx,
    /// The idempotency keys being worked on.
    pub in_flight: InFlight,
    /// How much body a call may send.
    pub body_limits: BodyLimits,
}

impl Surface {
    /// A surface of the house `cx`.
    pub fn new(cx: Cx) -> Self {
        Self(Arc::new(Shared { cx, in_flight: InFlight::default(), body_limits: BodyLimits::default() }))
    }
}

impl Deref for Surface {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
