//! Request ids: the handle by which a caller's complaint is found in the log.
//!
//! Invariant: no id is given twice in the life of a process. They are names, not secrets.

use std::fmt;

use http::{HeaderName, HeaderValue};

/// The header that carries the id, on every answer.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Requests that one connection can make before ids could meet those of the next connection.
const PER_CONNECTION_BITS: u32 = 24;

/// A request's id: sixteen hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId([u8; 16]);

impl RequestId {
    /// The id of the `request`th request on the `connection`th connection of a process that drew `seed`.
    pub(crate) fn numbered(seed: u64, connection: u64, request: u32) -> Self {
        let count = connection.wrapping_shl(PER_CONNECTION_BITS).wrapping_add(u64::from(request));
        // The finisher of SplitMix64: a bijection, so different counts stay different.
        let mut mixed = seed.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(hex_digits(mixed ^ (mixed >> 31)))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(crate) fn header_value(self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).unwrap_or_else(|_| HeaderValue::from_static("0"))
    }
}

/// Every byte's two digits, so that an id costs eight look-ups.
const PAIRS: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
};

fn hex_digits(number: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(number.to_be_bytes()) {
        pair.copy_from_slice(&PAIRS[usize::from(byte)]);
    }
    digits
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({self})")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_requests_share_an_id() {
        let ids: HashSet<_> =
            (0..100).flat_map(|connection| (0..100).map(move |request| RequestId::numbered(7, connection, request))).collect();
        assert_eq!(ids.len(), 10_000);
    }

    #[test]
    fn an_id_is_sixteen_digits_and_fits_a_header() {
        let id = RequestId::numbered(1, 2, 3);
        assert_eq!(id.as_str().len(), 16);
        assert_eq!(id.header_value(), id.as_str());
    }
}
