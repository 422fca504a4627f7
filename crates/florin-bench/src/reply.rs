//! Answers in HTTP/1.1: just as much of the format as a server under test uses.
//!
//! Invariant: an answer whose end cannot be known is an error, never a guess.

use std::io::{Error, ErrorKind};

use crate::BenchError;

/// How much of a wrong answer is shown, in bytes.
const SHOWN: usize = 300;

/// A whole answer, still in its connection's buffer.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'c> {
    /// The HTTP status.
    pub status: u16,
    /// Status line and headers, up to and with the empty line.
    pub head: &'c [u8],
    /// The body.
    pub body: &'c [u8],
}

impl<'c> Reply<'c> {
    /// The value of the header `name`, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&'c str> {
        header_lines(self.head)
            .find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))
            .and_then(|(_, value)| str::from_utf8(value).ok())
    }

    /// The body as text; empty if it is none.
    pub fn text(&self) -> &'c str {
        str::from_utf8(self.body).unwrap_or_default()
    }

    /// The text between `before` and the next `"` after it, wherever that stands first in the body.
    pub fn quoted_after(&self, before: &str) -> Option<&'c str> {
        let (_, rest) = self.text().split_once(before)?;
        rest.split_once('"').map(|(value, _)| value)
    }

    /// The answer itself if its status is `expected`.
    ///
    /// # Errors
    /// [`BenchError::Wrong`] otherwise, with the beginning of the answer.
    pub fn expect(self, expected: u16, what: &'static str) -> Result<Self, BenchError> {
        if self.status == expected { Ok(self) } else { Err(self.wrong(what)) }
    }

    /// The error that this answer is to the question `what`.
    pub fn wrong(&self, what: &'static str) -> BenchError {
        let body = String::from_utf8_lossy(&self.body[..self.body.len().min(SHOWN)]).into_owned();
        BenchError::Wrong { what, answer: format!("status {} {body}", self.status) }
    }
}

/// What the head of an answer says about its extent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Length of the head in bytes.
    pub(crate) length: usize,
    pub(crate) body_length: usize,
}

impl Head {
    /// Reads a head at the beginning of `bytes`; `None` if it has not arrived whole.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<Self>, BenchError> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let head = &bytes[..end + 4];
        let status =
            head.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(number).ok_or_else(|| malformed("no status"))?;
        let status = u16::try_from(status).map_err(|_| malformed("no status"))?;
        let length = header_lines(head).find(|(name, _)| name.eq_ignore_ascii_case(b"content-length"));
        let body_length = match length {
            Some((_, digits)) => number(digits).ok_or_else(|| malformed("a content length that is no number"))?,
            None if matches!(status, 204 | 304) => 0,
            None => return Err(malformed("no content length")),
        };
        Ok(Some(Self { status, length: end + 4, body_length }))
    }
}

fn header_lines(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    head.split(|byte| *byte == b'\n').skip(1).filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some((&line[..colon], line[colon + 1..].trim_ascii()))
    })
}

fn number(digits: &[u8]) -> Option<usize> {
    str::from_utf8(digits).ok()?.parse().ok()
}

fn malformed(what: &str) -> BenchError {
    Error::new(ErrorKind::InvalidData, format!("the answer has {what}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 201 Created\r\nContent-Length: 11\r\nlocation: /a\r\n\r\n{\"id\":\"x1\"}";

    #[test]
    fn a_head_tells_where_its_answer_ends() {
        let head = Head::read(ANSWER).unwrap().unwrap();
        assert_eq!((head.status, head.body_length), (201, 11));
        let reply = Reply { status: 201, head: &ANSWER[..head.length], body: &ANSWER[head.length..] };
        assert_eq!((reply.header("location"), reply.quoted_after("\"id\":\"")), (Some("/a"), Some("x1")));
    }

    #[test]
    fn half_a_head_is_waited_for_and_an_endless_answer_refused() {
        assert_eq!(Head::read(&ANSWER[..30]).unwrap(), None);
        assert!(Head::read(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(Head::read(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap().is_some());
        assert!(Head::read(b"SSH-2.0\r\n\r\n").is_err());
    }
}
