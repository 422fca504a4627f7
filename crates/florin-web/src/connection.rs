//! One connection, from its first byte to its last.
//!
//! Invariant: a connection ends by itself, by its line, or with the process; it never outlives its place on the roster.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tower::Service;

use crate::answer::{Talk, answer};
use crate::line::{Line, Phase, supervised};
use crate::listener::House;
use crate::plain_http;
use crate::roster::Place;
use crate::wire::Wire;

/// Serves one accepted connection until it ends.
pub(crate) async fn serve<S>(tcp: TcpStream, peer: SocketAddr, place: Place, house: Arc<House>, service: S)
where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let line = place.line.clone();
    let talk = Arc::new(Talk { service, house, line: line.clone(), peer });
    supervised(&line, begin(tcp, talk)).await;
}

async fn begin<S>(tcp: TcpStream, talk: Arc<Talk<S>>)
where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    if let Err(error) = tcp.set_nodelay(true) {
        tracing::debug!(%error, "connection lost at its start");
        return;
    }
    let Some(acceptor) = &talk.house.acceptor else {
        return Box::pin(http1(tcp, talk)).await;
    };
    match plain_http::is_spoken(&tcp).await {
        Ok(false) => {}
        Ok(true) => {
            let _ = Box::pin(plain_http::refuse(tcp, &talk.line)).await;
            return;
        }
        Err(_) => return,
    }
    match acceptor.accept(tcp).await {
        Ok(tls) => Box::pin(http1(tls, talk)).await,
        Err(error) => tracing::debug!(%error, "TLS handshake failed"),
    }
}

async fn http1<S>(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, talk: Arc<Talk<S>>)
where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible> + Clone + 'static,
{
    let wire = TokioIo::new(Wire::new(stream, talk.line.clone()));
    let (line, http1) = (talk.line.clone(), talk.house.http1.clone());
    finish(http1.serve_connection(wire, service_fn(move |request| answer(talk.clone(), request))), &line).await;
}

/// Drives a connection to its end, and passes the line's wish to leave on to it.
async fn finish<C: GracefulConnection<Error = hyper::Error>>(connection: C, line: &Line) {
    line.enter(Phase::Head);
    let mut connection = pin!(connection);
    let mut told = false;
    let end = poll_fn(|cx| {
        if !told && line.is_leaving() {
            told = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    });
    if let Err(error) = end.await {
        tracing::debug!(%error, "connection ended early");
    }
}
