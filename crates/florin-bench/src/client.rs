//! One HTTPS connection that is kept: request bytes out, one whole answer in.
//!
//! Requests are written by the caller and sent as they are. Nothing here follows a redirect, retries or decompresses.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::reply::{Head, Reply};

/// The largest answer that is read, in bytes.
const ANSWER_MAX: usize = 4 * 1024 * 1024;
/// How much is read at once, in bytes: most answers fit.
const READ_BYTES: usize = 4 * 1024;

/// Why a measurement could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The server's address or certificate cannot be used.
    #[error("{0}")]
    Target(String),
    /// The connection broke.
    #[error("the connection to the server broke: {0}")]
    Broken(#[from] std::io::Error),
    /// The server answered something else than it should.
    #[error("{what}: {answer}")]
    Wrong {
        /// What was asked.
        what: &'static str,
        /// The beginning of the answer.
        answer: String,
    },
}

/// Whose certificates are believed.
pub enum Trust {
    /// Those signed by the authorities in this PEM text.
    Authority(Vec<u8>),
    /// Everybody's: for a server on this machine that was started a moment ago and signs for itself.
    Anyone,
}

/// A server to measure; cheap to clone.
#[derive(Clone)]
pub struct Target {
    addresses: Arc<[SocketAddr]>,
    host: Arc<str>,
    name: ServerName<'static>,
    tls: TlsConnector,
}

impl Target {
    /// The server at `base_url`: `https://`, a host and a port.
    ///
    /// # Errors
    /// [`BenchError::Target`] when the URL is another one, the name leads nowhere, or `trust` cannot be read.
    pub async fn new(base_url: &str, trust: Trust) -> Result<Self, BenchError> {
        let refused = |why: &str| BenchError::Target(format!("{base_url}: {why}"));
        let host = base_url.strip_prefix("https://").ok_or_else(|| refused("only https:// is measured"))?.trim_end_matches('/');
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, port.parse().map_err(|_| refused("the port is no number"))?),
            _ => (host, 443),
        };
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let addresses: Vec<_> = lookup_host((name, port)).await.map_err(|error| refused(&error.to_string()))?.collect();
        Ok(Self {
            addresses: addresses.into(),
            host: host.into(),
            name: ServerName::try_from(name.to_owned()).map_err(|_| refused("the host has no usable name"))?,
            tls: TlsConnector::from(Arc::new(client_config(trust)?)),
        })
    }

    /// The value of the `Host` header.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// [`BenchError::Broken`] when no address accepts it or the certificate is not believed.
    pub async fn connect(&self) -> Result<Connection, BenchError> {
        let socket = TcpStream::connect(&self.addresses[..]).await?;
        socket.set_nodelay(true)?;
        let stream = self.tls.connect(self.name.clone(), socket).await?;
        Ok(Connection { stream, buffer: vec![0; READ_BYTES], filled: 0, taken: 0 })
    }
}

/// An open connection with the bytes that have arrived on it.
pub struct Connection {
    stream: TlsStream<TcpStream>,
    buffer: Vec<u8>,
    filled: usize,
    /// How many bytes of the buffer the last answer took.
    taken: usize,
}

impl Connection {
    /// Sends `request` and waits for its whole answer.
    ///
    /// # Errors
    /// [`BenchError::Broken`] when the connection ends before the answer does.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Reply<'_>, BenchError> {
        self.buffer.copy_within(self.taken..self.filled, 0);
        self.filled -= self.taken;
        self.taken = 0;
        self.stream.write_all(request).await?;
        self.stream.flush().await?;
        let head = loop {
            if let Some(head) = Head::read(&self.buffer[..self.filled])? {
                break head;
            }
            self.fill().await?;
        };
        let end = head.length + head.body_length;
        while self.filled < end {
            self.fill().await?;
        }
        self.taken = end;
        Ok(Reply { status: head.status, head: &self.buffer[..head.length], body: &self.buffer[head.length..end] })
    }

    async fn fill(&mut self) -> Result<(), BenchError> {
        if self.buffer.len() - self.filled < READ_BYTES / 2 {
            let doubled = self.buffer.len() * 2;
            if doubled > ANSWER_MAX {
                return Err(BenchError::Target("an answer is too large".to_owned()));
            }
            self.buffer.resize(doubled, 0);
        }
        match self.stream.read(&mut self.buffer[self.filled..]).await? {
            0 => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
            read => {
                self.filled += read;
                Ok(())
            }
        }
    }
}

fn client_config(trust: Trust) -> Result<ClientConfig, BenchError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let refused = |error: &dyn std::fmt::Display| BenchError::Target(format!("the authority's certificate: {error}"));
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(&error))?;
    let builder = match trust {
        Trust::Authority(pem) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                roots.add(certificate.map_err(|error| refused(&error))?).map_err(|error| refused(&error))?;
            }
            builder.with_root_certificates(roots)
        }
        Trust::Anyone => builder.dangerous().with_custom_certificate_verifier(Arc::new(Believer(provider))),
    };
    Ok(builder.with_no_client_auth())
}

/// Believes every certificate; its holder must still prove that it has the key.
#[derive(Debug)]
struct Believer(Arc<CryptoProvider>);

impl ServerCertVerifier for Believer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
