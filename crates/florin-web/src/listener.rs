//! The listener: accepts connections, bounds them, and lets them finish when the process must stop.
//!
//! Our own loop, because slow clients, floods and shutdown need answers that no ready-made one gives.
//! Invariant: there are never more connections than the cap, and none is left when [`Listener::serve`] returns.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep};
use tokio_rustls::TlsAcceptor;
use tower::Service;

use crate::connection;
use crate::line::Patience;
use crate::problem::{Fallback, plain_fallback};
use crate::proxy::TrustedProxies;
use crate::roster::Roster;

/// How bytes reach the listener.
#[derive(Debug, Clone)]
pub enum Transport {
    /// HTTPS, ended in this process.
    Tls(Arc<ServerConfig>),
    /// Plain HTTP from the trusted proxies and from nobody else; they speak HTTPS to the world.
    PlainBehindProxy,
}

/// What clients may take of the listener. Times are kept to within an eighth of the shortest, or a second.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at a time. More wait to be accepted, and idle ones make room for them.
    pub connections: usize,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// From connecting to the end of the TLS handshake.
    pub handshake: Duration,
    /// From a head's first byte (or from connecting) to its last.
    pub head: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// After a last answer, for a client that is still sending.
    pub linger: Duration,
    /// For requests in flight when the listener stops.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            head_bytes: 32 * 1024,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(10),
            idle: Duration::from_mins(1),
            linger: Duration::from_secs(2),
            drain: Duration::from_secs(20),
        }
    }
}

impl Limits {
    fn tick(&self) -> Duration {
        let shortest = self.handshake.min(self.head).min(self.idle).min(self.linger);
        (shortest / 8).clamp(Duration::from_millis(5), Duration::from_secs(1))
    }

    fn patience(&self) -> Patience {
        let tick = self.tick().as_micros();
        let ticks = |time: Duration| u32::try_from(time.as_micros().div_ceil(tick)).unwrap_or(u32::MAX);
        Patience { handshake: ticks(self.handshake), head: ticks(self.head), idle: ticks(self.idle), linger: ticks(self.linger) }
    }
}

/// All that a listener can be told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What clients may take.
    pub limits: Limits,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: TrustedProxies,
    /// Renders the failures that no handler renders: a panic, a smuggled request, too many fields.
    pub fallback: Fallback,
    /// Makes request ids differ between processes; any random number.
    pub seed: u64,
    /// Whether browsers are told to come by HTTPS only from now on. Not for a name that other programs of the same machine use
    /// too, such as `localhost`.
    pub strict_transport: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { limits: Limits::default(), proxies: TrustedProxies::default(), fallback: plain_fallback, seed: 0, strict_transport: false }
    }
}

/// How a listener came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that did not finish in time and were cut.
    pub cut: usize,
}

/// What a cut connection needs to end; one whose handler blocks its thread never does.
const CUT_TIME: Duration = Duration::from_secs(1);

/// What every connection of a listener shares.
pub(crate) struct House {
    pub acceptor: Option<TlsAcceptor>,
    pub is_behind_proxy: bool,
    pub proxies: TrustedProxies,
    pub fallback: Fallback,
    pub strict_transport: bool,
    pub http1: http1::Builder,
}

impl House {
    fn new(transport: Transport, settings: &Settings) -> Self {
        let head_bytes = settings.limits.head_bytes;
        let mut http1 = http1::Builder::new();
        // The line keeps the time, for less; the buffer also bounds what one slow reader can hold of ours.
        http1.header_read_timeout(None).max_header_size(head_bytes).max_buf_size(head_bytes.max(64 * 1024));
        let acceptor = match transport {
            Transport::Tls(config) => Some(TlsAcceptor::from(config)),
            Transport::PlainBehindProxy => None,
        };
        Self {
            strict_transport: settings.strict_transport,
            is_behind_proxy: acceptor.is_none(),
            acceptor,
            proxies: settings.proxies.clone(),
            fallback: settings.fallback,
            http1,
        }
    }
}

/// Bound sockets, not yet served.
pub struct Listener {
    sockets: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
    house: Arc<House>,
    roster: Arc<Roster>,
    limits: Limits,
}

impl Listener {
    /// Binds `addresses`. Port 0 picks one, the same for all that ask for it, so that `localhost` is one port in both families.
    ///
    /// # Errors
    /// The system's, when an address cannot be bound; `InvalidInput` when there is none.
    pub async fn bind(addresses: &[SocketAddr], transport: Transport, settings: Settings) -> io::Result<Self> {
        let mut sockets = Vec::new();
        let mut bound: Vec<SocketAddr> = Vec::new();
        for address in addresses {
            let mut address = *address;
            if let (0, Some(first)) = (address.port(), bound.first()) {
                address.set_port(first.port());
            }
            let socket = TcpListener::bind(address).await?;
            bound.push(socket.local_addr()?);
            sockets.push(socket);
        }
        if sockets.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a listener needs an address"));
        }
        let roster = Arc::new(Roster::new(settings.limits.patience(), settings.seed));
        Ok(Self { sockets, addresses: bound, house: Arc::new(House::new(transport, &settings)), roster, limits: settings.limits })
    }

    /// Where the listener is bound, in the order that was asked for.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves until `shutdown` resolves; then accepts no more, lets requests in flight finish, and returns.
    pub async fn serve<S>(self, service: S, shutdown: impl Future<Output = ()>) -> Drained
    where
        S: Service<Request<Incoming>, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
        S::Future: Send,
    {
        let roster = self.roster.clone();
        let limits = self.limits;
        let mut ticks = interval(limits.tick());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        {
            let mut shutdown = pin!(shutdown);
            let mut accepting = pin!(self.accept_all(service));
            loop {
                tokio::select! {
                    () = &mut shutdown => break,
                    () = &mut accepting => break,
                    _ = ticks.tick() => roster.tick(),
                }
            }
            // The sockets close here, so that a successor can bind while we finish.
        }
        drain(&roster, limits.drain, &mut ticks).await
    }

    async fn accept_all<S>(self, service: S)
    where
        S: Service<Request<Incoming>, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
        S::Future: Send,
    {
        let room = Arc::new(Semaphore::new(self.limits.connections));
        let mut turn = 0;
        let mut crowded = false;
        loop {
            let (tcp, peer) = match accept(&self.sockets, &mut turn).await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, as a rule: they come back when connections end, so wait a moment instead of spinning.
                    tracing::warn!(%error, "cannot accept");
                    self.roster.shed_one();
                    sleep(Duration::from_millis(20)).await;
                    continue;
                }
            };
            let free = room.clone().try_acquire_owned().ok();
            if free.is_none() && !crowded {
                tracing::warn!(connections = self.limits.connections, "at the connection cap");
            }
            crowded = free.is_none();
            let permit = match free {
                Some(permit) => permit,
                None => self.make_room(&room).await,
            };
            let place = self.roster.enrol();
            let (house, service) = (self.house.clone(), service.clone());
            tokio::spawn(async move {
                connection::serve(tcp, peer, place, house, service).await;
                drop(permit);
            });
        }
    }

    /// Has idle connections leave until one more fits.
    async fn make_room(&self, room: &Arc<Semaphore>) -> OwnedSemaphorePermit {
        loop {
            self.roster.shed_one();
            tokio::select! {
                permit = room.clone().acquire_owned() => return permit.expect("nobody closes the semaphore"),
                () = sleep(self.limits.tick()) => {}
            }
        }
    }
}

/// The next connection on any of the sockets, each in its turn.
async fn accept(sockets: &[TcpListener], turn: &mut usize) -> io::Result<(TcpStream, SocketAddr)> {
    poll_fn(|cx| {
        for _ in sockets {
            *turn = (*turn + 1) % sockets.len();
            if let Poll::Ready(accepted) = sockets[*turn].poll_accept(cx) {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    })
    .await
}

async fn drain(roster: &Roster, patience: Duration, ticks: &mut Interval) -> Drained {
    let mut deadline = pin!(sleep(patience));
    let mut cut = None;
    roster.ask_all_to_leave();
    while roster.len() > 0 {
        tokio::select! {
            () = roster.departure() => {}
            _ = ticks.tick() => roster.tick(),
            () = &mut deadline => {
                if cut.is_some() {
                    break;
                }
                cut = Some(roster.len());
                roster.cut_all();
                deadline.as_mut().reset(Instant::now() + CUT_TIME);
            }
        }
    }
    Drained { cut: cut.unwrap_or(0) }
}
