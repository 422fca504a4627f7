//! Callers: the credential that a request carries, before anybody has looked whether it is good.

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// The token of the request's one `Authorization: Bearer` header. Nothing for any other scheme, for an empty token, and for
/// two such headers, since a proxy and we might each believe another one.
pub fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_scheme_is_read_in_any_case() {
        assert_eq!(bearer_token(&with(&["Bearer abc"])), Some("abc"));
        assert_eq!(bearer_token(&with(&["bearer  abc "])), Some("abc"));
    }

    #[test]
    fn anything_but_one_bearer_token_is_none() {
        for values in [&[][..], &["Basic abc"], &["Bearer"], &["Bearer "], &["Bearer abc", "Bearer abd"]] {
            assert_eq!(bearer_token(&with(values)), None, "{values:?}");
        }
    }
}
