//! Plain HTTP where HTTPS is spoken: refused in words, and never redirected.
//!
//! A redirect would look like success, while the caller's token has already crossed the network in clear.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::line::{Line, Phase};
use crate::request_id::RequestId;

/// The first byte of every TLS connection: a handshake record.
const TLS_HANDSHAKE: u8 = 0x16;

/// What a client that speaks plain HTTP is told.
pub(crate) const EXPLANATION: &str = "This server speaks HTTPS only: use https:// in the address. \
    Any credential in this request has crossed the network in clear; replace it. There is no redirect, because it would hide that.\n";

/// Whether the client's first byte begins something other than TLS; an error when it left without one.
pub(crate) async fn is_spoken(tcp: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    match tcp.peek(&mut first).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(first[0] != TLS_HANDSHAKE),
    }
}

/// Explains, closes, and reads on until the client has closed too or the line ends: else the explanation is lost in a reset.
pub(crate) async fn refuse(mut tcp: TcpStream, line: &Line) -> io::Result<()> {
    let request_id = line.next_request_id();
    tracing::info!(status = 403, %request_id, "plain HTTP refused");
    tcp.write_all(answer("403 Forbidden", request_id, EXPLANATION).as_bytes()).await?;
    tcp.shutdown().await?;
    line.enter(Phase::Lingering);
    let mut ignored = [0; 1024];
    while tcp.read(&mut ignored).await? > 0 {}
    Ok(())
}

/// A whole last answer, for where no HTTP library is at hand.
pub(crate) fn answer(status: &str, request_id: RequestId, text: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         x-request-id: {request_id}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    )
}
