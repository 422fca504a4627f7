//! QR codes: what a shopper scans to come to a payment request or to a payment session.

use crate::merchant::MerchantId;
use crate::{PaymentRequestId, PaymentSessionId, QrId, Timestamp};

/// What a code leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QrReference {
    /// Something to pay.
    Request(PaymentRequestId),
    /// A meeting at a till.
    Session(PaymentSessionId),
}

/// A code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qr {
    /// Its id.
    pub id: QrId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// What it leads to.
    pub reference: QrReference,
    /// The text in the picture.
    pub content: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good; for ever if nothing.
    pub expires_at: Option<Timestamp>,
    /// When the merchant took it back.
    pub cancelled_at: Option<Timestamp>,
}

impl Qr {
    /// Whether it still leads anywhere at `now`.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.cancelled_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Takes the code back. Nothing if it is not good any more.
    pub fn cancel(self, now: Timestamp) -> Option<Self> {
        self.is_good(now).then_some(Self { cancelled_at: Some(now), ..self })
    }
}
