//! Dialects: how a surface words what Florin announces. The surface's crate brings one; nothing here knows its format.

use florin_domain::WebhookId;
use florin_domain::event::Event;

/// How announcements read on the wire.
pub trait Dialect: Send + Sync {
    /// The exact bytes of an announcement; every attempt sends these.
    fn announcement(&self, webhook: WebhookId, event: &Event) -> Vec<u8>;

    /// The name of the header that carries the signature.
    fn signature_header(&self) -> &'static str;
}
