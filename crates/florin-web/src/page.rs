//! Pages for people: the headers that keep a browser from doing what the page did not ask for.
//!
//! Invariant: no page runs a script, is shown inside another site, or is kept in a cache.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

const FIXED: [(HeaderName, HeaderValue); 6] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// A page's `Content-Security-Policy`. Forms may be sent here, and to where `form_targets` (URLs) lead: browsers hold a form's
/// redirects to the same rule, so a page whose form sends its reader back to a shop names the shop. What is no http(s) URL is left out.
pub fn content_security_policy(form_targets: &[&str]) -> HeaderValue {
    let mut policy = String::from(POLICY);
    for origin in form_targets.iter().filter_map(|target| origin(target)) {
        policy.push(' ');
        policy.push_str(origin);
    }
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static(POLICY))
}

/// Adds the headers that every page carries, with `policy` as its `Content-Security-Policy`.
pub fn protect(headers: &mut HeaderMap, policy: HeaderValue) {
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    for (name, value) in FIXED {
        headers.insert(name, value);
    }
}

/// `https://shop.example:8443` of `https://shop.example:8443/done?x=1`, if all of it may stand in a policy.
fn origin(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#', '\\']).next()?;
    let known = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    (known && !host.is_empty() && host.bytes().all(plain)).then(|| &url[..scheme.len() + 3 + host.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_may_lead_back_to_the_shop_it_names() {
        let policy = content_security_policy(&["https://shop.example:8443/done?x=1#y"]);
        assert!(policy.to_str().unwrap().ends_with("form-action 'self' https://shop.example:8443"));
    }

    #[test]
    fn a_target_cannot_write_into_the_policy() {
        let hostile = [
            "https://a;script-src *",
            "https://a, b",
            "javascript:alert(1)",
            "https://*",
            "https://user@host/",
            "https://'self'",
            "//x",
            "",
        ];
        assert_eq!(content_security_policy(&hostile), POLICY);
    }

    #[test]
    fn a_protected_page_is_not_cached_framed_or_sniffed() {
        let mut headers = HeaderMap::new();
        protect(&mut headers, content_security_policy(&[]));
        assert_eq!(
            (&headers[CACHE_CONTROL], &headers[X_CONTENT_TYPE_OPTIONS]),
            (&HeaderValue::from_static("no-store"), &HeaderValue::from_static("nosniff"))
        );
        assert!(headers[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("frame-ancestors 'none'"));
    }
}
