//! Headers as this surface's clients send them: what is not set arrives as `undefined`, `null` or nothing.
//!
//! Invariant: a header that is given twice is not believed, since a proxy and we might each believe another one.

use http::HeaderMap;

/// Names the merchant.
pub const API_KEY: &str = "x-api-key";
/// The trace id that is echoed.
pub const MESSAGE_ID: &str = "x-message-id";
/// Chooses the shopper's Everyday Pay wallet.
pub const EVERYDAY_WALLET: &str = "x-everyday-pay-wallet";
/// The shop that a till stands in.
pub const STORE_ID: &str = "store-id";
/// The signature of a merchant's server.
pub const JWS_SIGNATURE: &str = "x-jws-signature";

/// The header's one value, if it says anything.
pub fn single<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    value.to_str().ok().map(str::trim).filter(|value| says_something(value))
}

/// Whether a value is more than a client's word for nothing.
pub fn says_something(value: &str) -> bool {
    !matches!(value, "" | "undefined" | "null")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(API_KEY, value.parse().unwrap());
        }
        single(&headers, API_KEY).map(str::to_owned)
    }

    #[test]
    fn clients_words_for_nothing_are_nothing() {
        for nothing in [&[][..], &[""], &["undefined"], &["null"], &[" "], &["a", "a"]] {
            assert_eq!(read(nothing), None, "{nothing:?}");
        }
        assert_eq!(read(&["undefined1"]).as_deref(), Some("undefined1"));
    }
}
