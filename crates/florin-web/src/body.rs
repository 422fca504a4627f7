//! Request bodies: read whole, within a limit of bytes and of time.
//!
//! Invariant: no more than the limit is ever held in memory, whatever length the client announced.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body as _;

use crate::problem::Class;

/// How much body, and for how long, one request may send.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// Bytes at most.
    pub bytes: usize,
    /// From the first look at the body to its last byte.
    pub time: Duration,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { bytes: 1024 * 1024, time: Duration::from_secs(10) }
    }
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// More bytes than the limit, announced or sent.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// Bytes at most.
        limit: usize,
    },
    /// Not all of it came in time.
    #[error("the body did not arrive in time")]
    TimedOut,
    /// The connection ended, or the framing is broken.
    #[error("the body could not be read to its end")]
    Broken,
}

impl BodyError {
    /// The error's class.
    pub const fn class(self) -> Class {
        match self {
            Self::TooLarge { .. } => Class::TooLarge,
            Self::TimedOut => Class::TimedOut,
            Self::Broken => Class::Invalid,
        }
    }
}

/// Reads `body` to its end.
///
/// # Errors
/// [`BodyError::TooLarge`], at once when the announced length already exceeds the limit; [`BodyError::TimedOut`];
/// [`BodyError::Broken`].
pub async fn read(body: Body, limits: &BodyLimits) -> Result<Bytes, BodyError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > limits.bytes as u64 {
        return Err(BodyError::TooLarge { limit: limits.bytes });
    }
    // The timer is set only if the body is not here yet: most come in one packet with their head.
    tokio::time::timeout(limits.time, collect(body, limits.bytes)).await.unwrap_or(Err(BodyError::TimedOut))
}

async fn collect(mut body: Body, limit: usize) -> Result<Bytes, BodyError> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        if first.len() + rest.len() + data.len() > limit {
            return Err(BodyError::TooLarge { limit });
        }
        if first.is_empty() {
            first = data;
        } else {
            rest.extend_from_slice(&data);
        }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body_util::combinators::UnsyncBoxBody;
    use hyper::body::Frame;

    use super::*;

    /// A body of `pieces` that then ends, or goes silent.
    struct Pieces {
        pieces: std::vec::IntoIter<&'static str>,
        silent: bool,
    }

    impl hyper::body::Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            match self.pieces.next() {
                Some(piece) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(piece.as_bytes()))))),
                None if self.silent => Poll::Pending,
                None => Poll::Ready(None),
            }
        }
    }

    fn body(pieces: Vec<&'static str>, silent: bool) -> Body {
        Body::new(UnsyncBoxBody::new(Pieces { pieces: pieces.into_iter(), silent }))
    }

    const SMALL: BodyLimits = BodyLimits { bytes: 6, time: Duration::from_millis(20) };

    #[tokio::test]
    async fn pieces_are_joined_up_to_the_limit() {
        assert_eq!(read(body(vec!["ab", "", "cd", "ef"], false), &SMALL).await.unwrap(), "abcdef");
        assert_eq!(read(Body::empty(), &SMALL).await.unwrap(), "");
    }

    #[tokio::test]
    async fn one_byte_over_the_limit_is_too_large_announced_or_not() {
        let too_large = Err(BodyError::TooLarge { limit: 6 });
        assert_eq!(read(body(vec!["abcdef", "g"], true), &SMALL).await, too_large);
        assert_eq!(read(Body::from("abcdefg"), &SMALL).await, too_large);
    }

    #[tokio::test]
    async fn a_body_that_goes_silent_times_out() {
        assert_eq!(read(body(vec!["ab"], true), &SMALL).await, Err(BodyError::TimedOut));
    }
}
