//! The wire: a connection's bytes on their way to and from hyper.
//!
//! Here stands what hyper leaves open: heads with two lengths are noticed, answers that hyper makes by itself get a request id and
//! a sentence, and a connection that closes on a client still sending reads on for a moment, so that its last answer arrives.
//! Invariant: the bytes of a request and of a handler's answer pass unchanged.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::head_scan::HeadScan;
use crate::line::{Line, Phase};
use crate::plain_http;

/// hyper's own answers are a status line and three short fields.
const OWN_ANSWER_MAX: usize = 160;
/// What a client may still send after its last answer, before it is cut off.
const LINGER_MAX: usize = 16 * 1024 * 1024;

/// A stream with a [`Line`] beside it.
#[derive(Debug)]
pub(crate) struct Wire<S> {
    stream: S,
    line: Arc<Line>,
    /// Looks for a head that tells two lengths.
    scan: HeadScan,
    /// What is sent in place of hyper's own last answer, and how much of it has been.
    last_words: Option<(String, usize)>,
    /// Whether the last write left nothing behind, so that the next one begins an answer or a piece of its body.
    whole: bool,
    closed: bool,
    ignored: usize,
}

impl<S> Wire<S> {
    pub fn new(stream: S, line: Arc<Line>) -> Self {
        Self { stream, line, scan: HeadScan::default(), last_words: None, whole: true, closed: false, ignored: 0 }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let fresh = &buf.filled()[before..];
        if !fresh.is_empty() {
            this.line.received();
            if this.scan.look(fresh) {
                this.line.saw_two_lengths();
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let [only] = bufs
            && this.whole
            && only.len() < OWN_ANSWER_MAX
            && let Some(text) = last_words(only, &this.line)
        {
            this.last_words = Some((text, 0));
            this.line.set_lingers(true);
            return Poll::Ready(Ok(only.len()));
        }
        let written = ready!(Pin::new(&mut this.stream).poll_write_vectored(cx, bufs))?;
        this.whole = written == bufs.iter().map(|buf| buf.len()).sum::<usize>();
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_last_words(cx))?;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_last_words(cx))?;
        if !this.closed {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            this.closed = true;
            if this.line.lingers() {
                this.line.enter(Phase::Lingering);
            }
        }
        if this.line.lingers() {
            ready!(this.poll_ignore_rest(cx));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    fn poll_last_words(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((text, sent)) = &mut self.last_words {
            let rest = &text.as_bytes()[*sent..];
            if rest.is_empty() {
                self.last_words = None;
                break;
            }
            match ready!(Pin::new(&mut self.stream).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => *sent += written,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads and forgets until the client has closed its side too.
    fn poll_ignore_rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut space = [0; 4096];
        while self.ignored < LINGER_MAX {
            let mut buf = ReadBuf::new(&mut space);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => self.ignored += buf.filled().len(),
                _ => break,
            }
        }
        Poll::Ready(())
    }
}

/// What to send in place of `written`, if that is an answer which hyper made by itself: a refused head, and without a request id.
fn last_words(written: &[u8], line: &Line) -> Option<String> {
    let status_line = written.strip_prefix(b"HTTP/1.")?.get(2..)?;
    let (status, sentence) = match status_line.get(..3)? {
        b"400" => ("400 Bad Request", "The request is malformed.\n"),
        b"414" => ("414 URI Too Long", "The request's address is too long.\n"),
        b"431" => ("431 Request Header Fields Too Large", "The request's header fields are too many or too large.\n"),
        _ => return None,
    };
    let text = std::str::from_utf8(written).ok()?;
    if !text.ends_with("\r\n\r\n") || text.contains("x-request-id") {
        return None;
    }
    let request_id = line.next_request_id();
    tracing::info!(status = &status[..3], %request_id, "request head refused");
    Some(plain_http::answer(status, request_id, sentence))
}
