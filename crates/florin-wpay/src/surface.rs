//! What every operation of this surface shares.

use std::sync::Arc;

use florin_service::Cx;
use florin_web::{BodyLimits, InFlight};

/// The state of the router; cheap to clone.
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

impl std::ops::Deref for Surface {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
