//! The texts by which a session is named to the shopper's app.
//!
//! Invariant: a text that we did not write names nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use florin_domain::three_ds::{ThreeDsSession, ThreeDsSubject};
use florin_domain::{ThreeDsSessionId, ThreeDsTransactionId};
use florin_vault::constant_time_equal;
use serde_json::{Value, json};

use super::amount_of;
use crate::Context;
use crate::keeper::seconds;

/// For which use the texts are signed.
const TOKENS: &str = "3-D Secure tokens";
/// Among which values the answers of enrolments are found.
const RESPONSES: &str = "3-D Secure responses";
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// The session as a token in the form that scripts of card directories read. We alone can check it, and whoever holds it can do
/// nothing that the session's own shopper could not.
pub(crate) fn token(cx: &Context, session: &ThreeDsSession) -> String {
    let (name, about) = match &session.subject {
        ThreeDsSubject::Capture(action) => ("actionId", action.to_string()),
        ThreeDsSubject::Payment { instrument, .. } => ("paymentInstrumentId", instrument.to_string()),
    };
    let cents = amount_of(session).map_or(0, florin_domain::Money::minor);
    let amount = json!({ "currency": "AUD", "amount": format!("{}.{:02}", cents / 100, cents % 100) });
    let claims = json!({
        "jti": session.id.to_string(),
        "iat": seconds(session.created_at),
        "iss": cx.policy.base_url,
        "OrgUnitId": session.merchant.as_str(),
        "ReferenceId": session.id.to_string(),
        "ObjectifyPayload": true,
        "Payload": { name: about, "orderInformation": { "amountDetails": amount } },
    });
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = URL_SAFE_NO_PAD.encode(cx.keeper.fingerprint(TOKENS, signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// The session that a text names: such a token, or the session's id itself.
pub(super) fn read_token(cx: &Context, text: &str) -> Option<ThreeDsSessionId> {
    if let Ok(id) = ThreeDsSessionId::parse(text) {
        return Some(id);
    }
    let (signed, signature) = text.rsplit_once('.')?;
    let expected = URL_SAFE_NO_PAD.encode(cx.keeper.fingerprint(TOKENS, signed.as_bytes()));
    if !constant_time_equal(expected.as_bytes(), signature.as_bytes()) {
        return None;
    }
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(signed.split_once('.')?.1).ok()?).ok()?;
    ThreeDsSessionId::parse(claims.get("jti")?.as_str()?).ok()
}

/// What answers the demand of a session whose cardholder need not be asked.
pub(super) fn response_token(cx: &Context, session: ThreeDsSessionId) -> String {
    // Any UUID looks alike; which kind writes it does not matter.
    ThreeDsTransactionId::from_random(cx.keeper.capability(RESPONSES, session.as_bytes())).to_string()
}
