//! A listener with a few routes, and a client that sends exactly the bytes it is told to.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::{get, post};
use florin_vault::ca::{self, LOCAL_NAMES, Validity};
use florin_web::{Arrival, BodyLimits, Drained, Limits, Listener, Settings, Transport, body, tls};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

/// Nothing here takes this long; it only keeps a broken case from hanging.
const FAR_TOO_LONG: Duration = Duration::from_secs(20);

/// Times so short that a case can await them.
pub fn impatient() -> Limits {
    let short = Duration::from_millis(80);
    Limits { handshake: short, head: short, idle: short, linger: short, ..Limits::default() }
}

/// Settings with `limits`.
pub fn with(limits: Limits) -> Settings {
    Settings { limits, seed: 42, ..Settings::default() }
}

/// What the routes share with a case.
#[derive(Clone)]
pub struct Doings {
    /// Requests that reached a handler.
    pub handled: Arc<AtomicUsize>,
    /// `/gate` waits here for a permit, and then says how many requests had reached a handler.
    pub gate: Arc<Semaphore>,
}

/// A running listener.
pub struct House {
    pub address: SocketAddr,
    pub doings: Doings,
    tls: Arc<ClientConfig>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<Drained>,
}

impl House {
    pub async fn start(settings: Settings) -> Self {
        let validity = Validity { not_before: 0, not_after: 4_102_444_800 };
        let authority = ca::make_authority(validity).unwrap();
        let own = ca::issue(&authority.key_pem, &LOCAL_NAMES, validity).unwrap();
        let config = tls::server_config(own.cert_pem.as_bytes(), own.key_pem.expose().as_bytes()).unwrap();
        Self::start_with(Transport::Tls(config), settings, client_of(&authority.cert_pem)).await
    }

    pub async fn start_behind_proxy(settings: Settings) -> Self {
        let nobody = ca::make_authority(Validity { not_before: 0, not_after: 1 }).unwrap();
        Self::start_with(Transport::PlainBehindProxy, settings, client_of(&nobody.cert_pem)).await
    }

    async fn start_with(transport: Transport, settings: Settings, tls: Arc<ClientConfig>) -> Self {
        let listener = Listener::bind(&["127.0.0.1:0".parse().unwrap()], transport, settings).await.unwrap();
        let address = listener.addresses()[0];
        let doings = Doings { handled: Arc::default(), gate: Arc::new(Semaphore::new(0)) };
        let (stop, stopped) = oneshot::channel::<()>();
        let routes = routes(&doings);
        let served = tokio::spawn(async move {
            let shutdown = async move { drop(stopped.await) };
            listener.serve(routes, shutdown).await
        });
        Self { address, doings, tls, stop: Some(stop), served }
    }

    /// Tells the listener to stop, without waiting until it has.
    pub fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits until the listener has stopped.
    pub async fn drained(self) -> Drained {
        soon(self.served).await.unwrap()
    }

    pub fn handled(&self) -> usize {
        self.doings.handled.load(Ordering::SeqCst)
    }

    /// A bare TCP connection.
    pub async fn tcp(&self) -> Peer<TcpStream> {
        Peer::new(soon(TcpStream::connect(self.address)).await.unwrap())
    }

    /// A connection that speaks HTTP/1.1 over TLS.
    pub async fn client(&self) -> Peer<tokio_rustls::client::TlsStream<TcpStream>> {
        Peer::new(self.tls(b"http/1.1").await)
    }

    pub async fn tls(&self, protocol: &[u8]) -> tokio_rustls::client::TlsStream<TcpStream> {
        let mut config = ClientConfig::clone(&self.tls);
        config.alpn_protocols = vec![protocol.to_vec()];
        let tcp = soon(TcpStream::connect(self.address)).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        soon(TlsConnector::from(Arc::new(config)).connect(name, tcp)).await.unwrap()
    }
}

fn client_of(authority_pem: &str) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority_pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_root_certificates(roots).with_no_client_auth())
}

fn routes(doings: &Doings) -> Router {
    let Doings { handled, gate } = doings.clone();
    let waits = move || async move {
        gate.acquire().await.map(|_| format!("through after {}", handled.load(Ordering::SeqCst))).unwrap_or_default()
    };
    let handled = doings.handled.clone();
    let counts = move |request: axum::extract::Request, next: axum::middleware::Next| {
        handled.fetch_add(1, Ordering::SeqCst);
        next.run(request)
    };
    Router::new()
        .route("/hello", get(async || "hello"))
        .route("/panic", get(async || -> &'static str { panic!("the inside of the house") }))
        .route("/gate", get(waits))
        .route("/who", get(async |axum::Extension(arrival): axum::Extension<Arrival>| format!("{} {}", arrival.client, arrival.request_id)))
        .route("/length", post(length))
        .layer(axum::middleware::from_fn(counts))
}

async fn length(body: Body) -> Response {
    match body::read(body, &BodyLimits { time: Duration::from_millis(300), ..BodyLimits::default() }).await {
        Ok(bytes) => Response::new(Body::from(bytes.len().to_string())),
        Err(error) => error.class().plain(),
    }
}

/// `future`, or a failed case.
pub async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(FAR_TOO_LONG, future).await.expect("it takes far too long")
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub fields: HashMap<String, String>,
    pub body: String,
}

impl Answer {
    pub fn request_id(&self) -> &str {
        let id = self.fields.get("x-request-id").expect("every answer has a request id");
        assert_eq!(id.len(), 16, "{self:?}");
        id
    }
}

/// The client's end of a connection.
pub struct Peer<S> {
    stream: S,
    read: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    fn new(stream: S) -> Self {
        Self { stream, read: Vec::new() }
    }

    pub fn stream(&self) -> &S {
        &self.stream
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).await.unwrap();
    }

    /// Sends what the other side may no longer want to hear.
    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        soon(self.stream.write_all(bytes.as_ref())).await?;
        soon(self.stream.flush()).await
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        self.answer().await
    }

    /// The next answer, by its Content-Length.
    pub async fn answer(&mut self) -> Answer {
        let head_len = self.read_until(|read| read.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)).await;
        let head = String::from_utf8(self.read.drain(..head_len).collect()).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let fields: HashMap<_, _> =
            lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        let length = fields.get("content-length").map_or(0, |length| length.parse().unwrap());
        self.read_until(|read| (read.len() >= length).then_some(length)).await;
        let body = String::from_utf8(self.read.drain(..length).collect()).unwrap();
        Answer { status, fields, body }
    }

    async fn read_until(&mut self, done: impl Fn(&[u8]) -> Option<usize>) -> usize {
        loop {
            if let Some(length) = done(&self.read) {
                return length;
            }
            let count = soon(self.stream.read_buf(&mut self.read)).await.unwrap();
            assert!(count > 0, "the connection closed after {:?}", String::from_utf8_lossy(&self.read));
        }
    }

    /// Waits until the other side has closed, and gives what it sent before.
    pub async fn closed(mut self) -> Vec<u8> {
        while soon(self.stream.read_buf(&mut self.read)).await.is_ok_and(|count| count > 0) {}
        self.read
    }
}
