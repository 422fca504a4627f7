//! Peers: small servers on this machine that answer as a story needs.

use std::sync::Arc;

use florin_vault::Secret;
use florin_vault::ca::{self, Certified, Validity};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Good whenever the test runs.
const ALWAYS: Validity = Validity { not_before: 0, not_after: 253_370_764_800 };

/// A server that takes one connection and answers one request.
pub struct Peer {
    pub port: u16,
    heard: JoinHandle<String>,
}

impl Peer {
    /// Sends `answer` to the first request and closes.
    pub async fn answering(answer: &'static str) -> Self {
        Self::doing(async move |stream| one_exchange(stream, answer).await).await
    }

    /// As [`answering`](Self::answering), over TLS with `certificate`.
    pub async fn answering_over_tls(answer: &'static str, certificate: &Certified) -> Self {
        let acceptor = acceptor(certificate);
        Self::doing(async move |stream| match acceptor.accept(stream).await {
            Ok(stream) => one_exchange(stream, answer).await,
            Err(_) => String::new(), // The client did not like the certificate.
        })
        .await
    }

    /// Does `what` with the first connection; what it returns is what was heard.
    pub async fn doing<F>(what: impl FnOnce(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = String> + Send,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = tokio::spawn(async move { what(listener.accept().await.unwrap().0).await });
        Self { port, heard }
    }

    /// What the peer heard: a whole request with its head and body.
    pub async fn heard(self) -> String {
        self.heard.await.unwrap()
    }
}

/// A server that nobody is meant to reach.
pub struct Bystander {
    listener: std::net::TcpListener,
    pub port: u16,
}

impl Bystander {
    pub fn new() -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    /// Whether nobody has connected.
    pub fn was_left_alone(&self) -> bool {
        self.listener.accept().is_err()
    }
}

/// An authority and a certificate it gave to this machine.
pub fn local_certificate() -> (Certified, Certified) {
    let authority = ca::make_authority(ALWAYS).unwrap();
    let server = ca::issue(&authority.key_pem, &ca::LOCAL_NAMES, ALWAYS).unwrap();
    (authority, server)
}

fn acceptor(certificate: &Certified) -> TlsAcceptor {
    let chain = CertificateDer::pem_slice_iter(certificate.cert_pem.as_bytes()).collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(Secret::expose(&certificate.key_pem).as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn one_exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str) -> String {
    let request = read_request(&mut stream).await;
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    request
}

/// Reads one request to the end of its body.
pub async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut heard = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&heard).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() >= content_length(head)
        {
            return text;
        }
        match stream.read(&mut buffer).await.unwrap() {
            0 => return text,
            read => heard.extend_from_slice(&buffer[..read]),
        }
    }
}

fn content_length(head: &str) -> usize {
    let named = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned));
    named.map_or(0, |value| value.trim().parse().unwrap())
}
