//! A client as a seller's server or a buyer's browser has it: trusts the sandbox's authority, follows no redirect.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Method, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::runtime::Runtime;

/// Drives the clients of every story; the stories themselves are plain threads.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime starts"));

/// A client of one server.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    base: Url,
}

/// What came back.
#[derive(Clone)]
pub struct Answer {
    /// What was asked, for messages.
    pub asked: String,
    /// Where it came from.
    pub url: Url,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The exact bytes of the body.
    pub body: Vec<u8>,
}

/// A request in the making.
pub struct Ask {
    said: String,
    request: reqwest::RequestBuilder,
}

/// TLS that trusts nobody but the authority in `ca_pem`.
pub fn tls_that_trusts(ca_pem: &[u8]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca_pem).expect("the authority is a PEM certificate"))
        .expect("a certificate that can be trusted");
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

impl Http {
    /// A client of the server at `base` that trusts the authority in `ca_pem` only.
    pub fn new(base: &str, ca_pem: &[u8]) -> Self {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls_that_trusts(ca_pem))
            .redirect(Policy::none())
            .no_proxy()
            .timeout(Duration::from_mins(1))
            .build()
            .expect("a client can be built");
        Self { client, base: Url::parse(base).expect("the base is a URL") }
    }

    /// The server's address.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Begins a request for a path or a whole URL.
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        let url = self.base.join(path).expect("a path or a URL");
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        Ask { said: format!("{method} {path}"), request: self.client.request(method, url) }
    }

    /// `GET`s and expects an answer of any status.
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).send()
    }
}

impl Ask {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Presents a token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Sends these bytes as `content_type`.
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.request = self.request.header("content-type", content_type).body(body.into());
        self
    }

    /// Sends JSON.
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Sends a form.
    pub fn form<K: AsRef<str>, V: AsRef<str>>(self, fields: &[(K, V)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.body("application/x-www-form-urlencoded", body)
    }

    /// Sends and expects an answer of any status.
    #[track_caller]
    pub fn send(self) -> Answer {
        self.try_send().unwrap_or_else(|error| panic!("no answer: {error}"))
    }

    /// Sends; a connection that breaks is no failure of the story.
    pub fn try_send(self) -> Result<Answer, String> {
        let said = self.said;
        let asked = said.clone();
        RUNTIME.block_on(async move {
            let response = self.request.send().await.map_err(|error| format!("{said}: {error:?}"))?;
            let (url, status, headers) = (response.url().clone(), response.status().as_u16(), response.headers().clone());
            let body = response.bytes().await.map_err(|error| format!("{said}: {error:?}"))?.to_vec();
            Ok(Answer { asked, url, status, headers, body })
        })
    }
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{} gave no JSON ({error}): {}", self.asked, self.text()))
    }

    /// A header's text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// Expects a status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} answered: {}", self.asked, self.text());
        self
    }

    /// What the first error says.
    #[track_caller]
    pub fn detail(&self) -> String {
        let body = self.json();
        let detail = body["errors"][0]["detail"].as_str();
        detail.unwrap_or_else(|| panic!("{} gave an error without a detail: {body}", self.asked)).to_owned()
    }
}
