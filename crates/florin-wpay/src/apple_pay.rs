//! Apple Pay sessions: what a page needs before Apple's sheet opens.
//!
//! Simulated: Apple is not called. The session has the published form, and says in each field that it is the sandbox's, so that
//! no real device will take it for Apple's.

use florin_web::Surface;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::call::Call;
use crate::error::{Code, Refusal};
use crate::fields::Text;
use crate::reply::Reply;

/// For how many milliseconds Apple's sessions are good.
const LIFE_MS: i64 = 5 * 60 * 1_000;
/// The longest name that Apple shows, in characters.
const NAME_MAX: usize = 64;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ask {
    validation_url: Text<2_048>,
    display_name: Text<NAME_MAX>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionBody<'a> {
    epoch_timestamp: i64,
    expires_at: i64,
    merchant_session_identifier: String,
    nonce: String,
    merchant_identifier: String,
    domain_name: &'a str,
    display_name: &'a str,
    signature: &'static str,
}

/// `POST /wow/v1/pay/applepay/paymentsession`
pub async fn session(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let ask: Ask = call.json()?;
    let origin = call.header("origin").and_then(|origin| Url::parse(origin).ok());
    let domain = origin.as_ref().and_then(Url::host_str).ok_or_else(|| Refusal::invalid("The header Origin is required."))?;
    if !is_apples(ask.validation_url.as_str()) {
        return Err(Refusal::invalid("validationUrl must be an https address of apple.com."));
    }
    if !surface.cx.policy.is_sandbox() {
        return Err(Refusal::new(Code::Un68, "No Apple Pay account is connected to this server."));
    }
    let now = surface.cx.clock.now().micros() / 1_000;
    Ok(Reply::ok(&SessionBody {
        epoch_timestamp: now,
        expires_at: now + LIFE_MS,
        merchant_session_identifier: format!("SANDBOX-{}", surface.cx.random.alphanumeric(32)),
        nonce: surface.cx.random.alphanumeric(8),
        merchant_identifier: format!("SANDBOX-{}", call.merchant.merchant.id),
        domain_name: domain,
        display_name: ask.display_name.as_str(),
        signature: "SANDBOX-NOT-SIGNED-BY-APPLE",
    }))
}

/// Whether an address is Apple's, over TLS.
fn is_apples(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let host = url.host_str().unwrap_or_default();
    let is_plain = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    url.scheme() == "https" && is_plain && (host == "apple.com" || host.ends_with(".apple.com"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_apples_own_addresses_are_apples() {
        for (text, expected) in [
            ("https://apple-pay-gateway-cert.apple.com/paymentservices/startSession", true),
            ("https://apple.com/", true),
            ("http://apple.com/", false),
            ("https://apple.com.example/", false),
            ("https://evilapple.com/", false),
            ("https://apple.com@example.com/", false),
            ("https://example.com/?apple.com", false),
            ("apple.com", false),
        ] {
            assert_eq!(is_apples(text), expected, "{text}");
        }
    }
}
