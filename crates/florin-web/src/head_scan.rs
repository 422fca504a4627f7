//! The head scan: finds request heads that give their body two lengths, which is how requests are smuggled.
//!
//! hyper obeys RFC 9112 when both `Content-Length` and `Transfer-Encoding` are there: it believes the latter, forgets the former
//! and closes the connection afterwards. Florin refuses such requests, and has to look at the bytes to know of them.
//! Bodies pass through here as well, because only hyper knows where they begin; a body that looks like such a head is therefore
//! found too. The answerer refuses only a request which hyper itself found chunked, so that this is harmless.
//! Invariant: no head with both fields passes unseen, however its bytes are cut into reads.

const CONTENT_LENGTH: &[u8] = b"content-length:";
const TRANSFER_ENCODING: &[u8] = b"transfer-encoding:";
const LONGEST: usize = TRANSFER_ENCODING.len();

/// What is known of the lines since the last empty one.
#[derive(Debug, Default)]
pub(crate) struct HeadScan {
    /// The beginning of the line that the last read cut off.
    start: [u8; LONGEST],
    start_len: usize,
    has_length: bool,
    has_encoding: bool,
}

impl HeadScan {
    /// Looks at the next bytes; true when a head in them has both fields.
    pub fn look(&mut self, bytes: &[u8]) -> bool {
        let mut found = false;
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let line = &rest[..end];
            if self.start_len == 0 {
                self.judge(line);
            } else {
                self.keep(line);
                let (start, length) = (self.start, std::mem::take(&mut self.start_len));
                self.judge(&start[..length]);
            }
            found |= self.has_length && self.has_encoding;
            rest = &rest[end + 1..];
        }
        self.keep(rest);
        found
    }

    fn judge(&mut self, line: &[u8]) {
        match line.first() {
            None | Some(b'\r') => (self.has_length, self.has_encoding) = (false, false),
            Some(b'c' | b'C') => self.has_length |= starts_with(line, CONTENT_LENGTH),
            Some(b't' | b'T') => self.has_encoding |= starts_with(line, TRANSFER_ENCODING),
            Some(_) => {}
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let taken = bytes.len().min(LONGEST - self.start_len);
        self.start[self.start_len..self.start_len + taken].copy_from_slice(&bytes[..taken]);
        self.start_len += taken;
    }
}

fn starts_with(line: &[u8], name: &[u8]) -> bool {
    line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [&str; 4] = [
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\ntransfer-ENCODING:chunked\r\nHost: x\r\ncontent-length:5\r\n\r\n",
        "GET / HTTP/1.1\n\nPOST / HTTP/1.1\nTransfer-Encoding: chunked\nContent-Length: 5\n\n",
        "{\"body\": 1}POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
    ];

    #[test]
    fn both_fields_are_seen_however_the_bytes_are_cut() {
        for head in BOTH {
            for size in 1..=head.len() {
                let mut scan = HeadScan::default();
                let found = head.as_bytes().chunks(size).fold(false, |found, bytes| scan.look(bytes) | found);
                assert!(found, "in reads of {size} bytes: {head}");
            }
        }
    }

    #[test]
    fn one_field_a_head_is_no_offence_even_in_a_row() {
        let heads = "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\nPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        let near =
            "POST / HTTP/1.1\r\nX-Content-Length: 5\r\nContent-Lengths: 5\r\nTransfer-Encoding: chunked\r\nX: content-length: 5\r\n\r\n";
        for text in [heads, near] {
            for size in 1..=text.len() {
                let mut scan = HeadScan::default();
                assert!(!text.as_bytes().chunks(size).any(|bytes| scan.look(bytes)), "in reads of {size} bytes: {text}");
            }
        }
    }
}
