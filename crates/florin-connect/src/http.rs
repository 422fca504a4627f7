//! A small JSON client: of Florin's own admin API, as the command line uses it, and of providers whose answers are JSON.
//!
//! It trusts the address it is given and is no way to call merchants: for those there is the [`WebhookSender`](crate::WebhookSender).

use std::time::Duration;

use florin_vault::Secret;
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Url};
use serde_json::Value;

use crate::address::is_this_machine;
use crate::{ConnectError, tls};

/// How long an operator waits for one answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer read, in bytes.
const ANSWER_MAX: usize = 16 * 1024 * 1024;

/// A client of one server.
#[derive(Debug, Clone)]
pub struct Client {
    connections: reqwest::Client,
    base_url: String,
    bearer: Option<Secret<String>>,
}

/// What the server said.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body: JSON, `Null` for none, and a string for anything else.
    pub body: Value,
}

impl Answer {
    /// Whether the status is from 200 to 299.
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }
}

impl Client {
    /// A client of the server at `base_url` that trusts the authorities in `extra_root_pem` too and presents `bearer` on every call.
    ///
    /// # Errors
    /// [`ConnectError::Misconfigured`] for a bad URL or bad roots, and for plain HTTP to another machine, which would show the key to all.
    pub fn new(base_url: &str, extra_root_pem: Option<&[u8]>, bearer: Option<Secret<String>>) -> Result<Self, ConnectError> {
        Self::patient_for(TIMEOUT, base_url, extra_root_pem, bearer)
    }

    /// As [`new`](Self::new), for calls that may take `timeout`.
    pub(crate) fn patient_for(
        timeout: Duration,
        base_url: &str,
        extra_root_pem: Option<&[u8]>,
        bearer: Option<Secret<String>>,
    ) -> Result<Self, ConnectError> {
        let url = Url::parse(base_url).map_err(|error| ConnectError::Misconfigured(format!("{base_url}: {error}")))?;
        match url.scheme() {
            "https" => {}
            "http" if url.host_str().is_some_and(is_this_machine) => {}
            _ => {
                return Err(ConnectError::Misconfigured(format!("{base_url}: only https:// is spoken to other machines")));
            }
        }
        let connections = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config(extra_root_pem)?)
            .redirect(Policy::none())
            .no_proxy()
            .timeout(timeout)
            .user_agent(concat!("florin/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ConnectError::Misconfigured(error.to_string()))?;
        Ok(Self { connections, base_url: base_url.trim_end_matches('/').to_owned(), bearer })
    }

    /// `GET`s `path`, which begins with a slash and may carry a query.
    ///
    /// # Errors
    /// [`ConnectError::Unavailable`] if no whole answer arrives; every status is an answer.
    pub async fn get(&self, path: &str) -> Result<Answer, ConnectError> {
        self.call(Method::GET, path, None).await
    }

    /// `POST`s `body` to `path` as JSON.
    ///
    /// # Errors
    /// As [`get`](Self::get); whether the server acted is then unknown.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, ConnectError> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// `PATCH`es what is at `path` with `body`, as JSON.
    ///
    /// # Errors
    /// As [`post`](Self::post).
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Answer, ConnectError> {
        self.call(Method::PATCH, path, Some(body)).await
    }

    /// `DELETE`s `path`.
    ///
    /// # Errors
    /// As [`post`](Self::post).
    pub async fn delete(&self, path: &str) -> Result<Answer, ConnectError> {
        self.call(Method::DELETE, path, None).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, ConnectError> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        answer_to(request).await
    }

    /// A request to `path` that carries the bearer and no body yet.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.connections.request(method, format!("{}{path}", self.base_url));
        match &self.bearer {
            Some(bearer) => request.bearer_auth(bearer.expose()),
            None => request,
        }
    }
}

/// Sends a request and reads the whole answer.
pub(crate) async fn answer_to(request: RequestBuilder) -> Result<Answer, ConnectError> {
    let mut response = request.send().await.map_err(|error| unavailable(&error))?;
    let status = response.status().as_u16();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unavailable(&error))? {
        if bytes.len() + chunk.len() > ANSWER_MAX {
            return Err(ConnectError::Unavailable("the answer is too large".to_owned()));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body: read_body(&bytes) })
}

fn read_body(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}

/// The error with its causes: an operator wants all of them.
fn unavailable(error: &reqwest::Error) -> ConnectError {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        words = format!("{words}: {deeper}");
        cause = deeper.source();
    }
    ConnectError::Unavailable(words)
}
