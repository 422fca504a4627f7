//! The webhook sender: one attempt to tell a merchant's server something.
//!
//! It neither signs nor retries: bytes and headers come ready, and the caller decides what an answer means.
//! Invariants: no redirect is followed, no proxy is used, and no address is connected to that the policy keeps closed.

use std::error::Error;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use url::Host;

use crate::address::{AddressPolicy, GuardedResolver};
use crate::{ConnectError, tls};

/// How much of an answer's body is kept, in bytes; the rest is not read.
pub const ANSWER_KEPT: usize = 2048;
/// Idle connections kept to one host: a merchant's events come in bursts of few.
const IDLE_PER_HOST: usize = 2;
/// How long an idle connection is kept.
const IDLE_FOR: Duration = Duration::from_secs(30);

/// One attempt to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookCall {
    /// Where to.
    pub url: String,
    /// The exact bytes to send.
    pub body: Vec<u8>,
    /// Headers with their values, content type and signature among them.
    pub headers: Vec<(String, String)>,
    /// How long the attempt may take, from looking the name up to the answer's headers.
    pub timeout: Duration,
}

/// What an attempt brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookAnswer {
    /// Whether there was an answer.
    pub outcome: WebhookOutcome,
    /// How long the attempt took, in milliseconds.
    pub duration_ms: u64,
    /// The first [`ANSWER_KEPT`] bytes of the answer's body, or what had arrived of them in time.
    pub body: Vec<u8>,
}

/// Whether an attempt was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookOutcome {
    /// The other side answered.
    Answered {
        /// With this HTTP status.
        status: u16,
    },
    /// There was no answer.
    Failed {
        /// Why, fit to show to the merchant.
        reason: String,
    },
}

impl WebhookAnswer {
    /// Whether the merchant accepted the message: any status from 200 to 299.
    pub fn accepted(&self) -> bool {
        matches!(self.outcome, WebhookOutcome::Answered { status: 200..=299 })
    }
}

/// Sends webhooks; cheap to clone, and to be kept, as it keeps connections.
#[derive(Debug, Clone)]
pub struct WebhookSender {
    client: Client,
    policy: AddressPolicy,
}

impl WebhookSender {
    /// A sender under `policy` that trusts the public authorities and, if given, those in `extra_root_pem`.
    ///
    /// # Errors
    /// [`ConnectError::Misconfigured`] if the extra roots cannot be read.
    pub fn new(policy: AddressPolicy, extra_root_pem: Option<&[u8]>) -> Result<Self, ConnectError> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls::client_config(extra_root_pem)?)
            .dns_resolver(GuardedResolver(policy))
            .redirect(Policy::none()) // A redirect would lead a signed message to an address nobody has checked or named.
            .no_proxy() // A proxy would connect in our place, past the guard.
            .referer(false)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .pool_idle_timeout(IDLE_FOR)
            .user_agent(concat!("Florin/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ConnectError::Misconfigured(error.to_string()))?;
        Ok(Self { client, policy })
    }

    /// Makes one attempt. Never fails: what went wrong is the answer's outcome.
    pub async fn send(&self, call: WebhookCall) -> WebhookAnswer {
        let started = Instant::now();
        let (outcome, body) = match self.attempt(call).await {
            Ok(response) => {
                let status = response.status().as_u16();
                (WebhookOutcome::Answered { status }, first_bytes(response).await)
            }
            Err(reason) => (WebhookOutcome::Failed { reason }, Vec::new()),
        };
        WebhookAnswer { outcome, duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX), body }
    }

    async fn attempt(&self, call: WebhookCall) -> Result<Response, String> {
        let url = self.checked(&call.url)?;
        let mut request = self.client.post(url).timeout(call.timeout).body(call.body);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let response = request.send().await.map_err(|error| explain(&error, call.timeout))?;
        // The resolver has decided already; this holds even if the client should find another way to an address.
        if let Some(peer) = response.remote_addr() {
            self.policy.check(peer.ip()).map_err(|refusal| refusal.to_string())?;
        }
        Ok(response)
    }

    /// Reads the URL and checks what stands in it: addresses written as numbers never meet the resolver.
    fn checked(&self, text: &str) -> Result<Url, String> {
        let url = Url::parse(text).map_err(|error| format!("not a usable URL: {error}"))?;
        match (url.scheme(), self.policy) {
            ("https", _) | ("http", AddressPolicy::AllowPrivate) => {}
            _ => return Err("only https:// addresses are called".to_owned()),
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) | None => None,
        };
        literal.map_or(Ok(()), |address| self.policy.check(address)).map_err(|refusal| refusal.to_string())?;
        Ok(url)
    }
}

/// The beginning of a body. The status has been heard already, so a body that breaks off or comes late is kept as far as it came.
async fn first_bytes(mut response: Response) -> Vec<u8> {
    let mut kept = Vec::new();
    while kept.len() < ANSWER_KEPT {
        let Ok(Some(chunk)) = response.chunk().await else { break };
        let room = ANSWER_KEPT - kept.len();
        kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
    kept
}

/// The first cause of an error in words; the URL is left out, as its query may hold a secret.
fn explain(error: &reqwest::Error, timeout: Duration) -> String {
    if error.is_timeout() {
        return format!("no answer within {} ms", timeout.as_millis());
    }
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    // Without a deeper cause the error is the client's own, which would print the URL.
    let words = if error.source().is_none() { "the request could not be made".to_owned() } else { cause.to_string() };
    if error.is_connect() { format!("could not connect: {words}") } else { words }
}
