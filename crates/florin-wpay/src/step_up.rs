//! What a shopper has to do before an instrument can be paid with, or can be asked to do.
//!
//! Invariant: every address is absolute, since the public clients break on any other.

use florin_domain::Timestamp;
use florin_domain::instrument::{Instrument, InstrumentKind, InstrumentStatus};
use florin_service::Context;
use florin_service::step_up::{self, StepUpKind};
use serde::Serialize;

/// A step-up on the wire.
#[derive(Debug, Serialize)]
pub struct StepUp {
    #[serde(rename = "type")]
    kind: &'static str,
    mandatory: bool,
    url: String,
}

impl StepUp {
    /// What `instrument` asks for, if anything.
    pub fn of(cx: &Context, instrument: &Instrument, now: Timestamp) -> Option<Self> {
        match instrument.kind {
            InstrumentKind::Card => Some(Self::code(cx, instrument)),
            InstrumentKind::GooglePay if instrument.has_expired(now) => Some(Self::renewal(cx, "googlepay", &instrument.token.to_string())),
            InstrumentKind::ApplePay => Some(Self::renewal(cx, "applepay", instrument.id.as_str())),
            InstrumentKind::GiftCard
            | InstrumentKind::PayPal
            | InstrumentKind::GooglePay
            | InstrumentKind::AndroidPay
            | InstrumentKind::ZipPay
            | InstrumentKind::Afterpay
            | InstrumentKind::Openpay => None,
        }
    }

    /// The code on a card.
    fn code(cx: &Context, instrument: &Instrument) -> Self {
        Self { kind: "CAPTURE_CVV", mandatory: needs_code(instrument), url: step_up::url(cx, StepUpKind::Code, instrument) }
    }

    /// A new token from the shopper's device.
    fn renewal(cx: &Context, provider: &str, name: &str) -> Self {
        let url = format!("{}/wow/v1/pay/{provider}/tokenize/{name}", cx.policy.base_url);
        Self { kind: "REFRESH_TOKEN", mandatory: true, url }
    }
}

/// Whether a card can be paid with only by its code: until its issuer has confirmed it.
pub fn needs_code(instrument: &Instrument) -> bool {
    instrument.kind == InstrumentKind::Card && instrument.status != InstrumentStatus::Verified
}

/// Where a shopper renews a card's code and expiry.
pub fn update_url(cx: &Context, instrument: &Instrument) -> String {
    step_up::url(cx, StepUpKind::CodeAndExpiry, instrument)
}
