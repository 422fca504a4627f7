//! The audience of a page: the origins that may hold it in a frame and hear what came of it.
//!
//! Invariant: only plain `http` and `https` origins get into a header or to the script; nothing registered can widen either.

use http::header::{CONTENT_SECURITY_POLICY, X_FRAME_OPTIONS};
use http::{HeaderMap, HeaderValue};
use url::Url;

/// What such a page may load, beside who may frame it: its own script and nothing else than other pages.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'";

/// What an element may do beside that: call us.
const CALLS: &str = "connect-src 'self'";

/// Origins in the form that browsers compare: `https://shop.example:8443`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Audience(Vec<String>);

impl Audience {
    /// The audience of a merchant with these `registered` origins. What is no origin is left out.
    pub(crate) fn of(registered: &[String]) -> Self {
        Self(registered.iter().filter_map(|text| origin(text)).collect())
    }

    /// The origins with spaces between them.
    pub(crate) fn to_text(&self) -> String {
        self.0.join(" ")
    }

    /// Opens a page with these headers to the audience.
    pub(crate) fn admit(&self, headers: &mut HeaderMap) {
        self.admit_with(POLICY, headers);
    }

    /// Opens a page whose script calls us.
    pub(crate) fn admit_calling(&self, headers: &mut HeaderMap) {
        self.admit_with(&format!("{POLICY}; {CALLS}"), headers);
    }

    fn admit_with(&self, policy: &str, headers: &mut HeaderMap) {
        let ancestors = if self.0.is_empty() { "'none'".to_owned() } else { self.to_text() };
        let Ok(policy) = HeaderValue::try_from(format!("{policy}; frame-ancestors {ancestors}")) else {
            tracing::error!("an audience does not fit into a header");
            return;
        };
        headers.insert(CONTENT_SECURITY_POLICY, policy);
        if !self.0.is_empty() {
            // It knows no origins but the page's own, and a browser that heeds it would shut the audience out.
            headers.remove(X_FRAME_OPTIONS);
        }
    }
}

/// `text` as an origin; nothing if it says more or less than that, or has letters that mean something in a policy.
fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let origin = url.origin().ascii_serialization();
    let (_, host) = origin.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
    let is_plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'_'));
    let says_no_more = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    (is_plain && says_no_more).then_some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audience(origins: &[&str]) -> Audience {
        Audience::of(&origins.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn origins_are_written_as_browsers_compare_them() {
        let known = audience(&["https://Shop.Example:443/", "http://127.0.0.1:3000", "https://bücher.example"]);
        assert_eq!(known.to_text(), "https://shop.example http://127.0.0.1:3000 https://xn--bcher-kva.example");
    }

    #[test]
    fn nothing_registered_widens_a_policy() {
        for bad in [
            "*",
            "https://*.example",
            "https://*",
            "https://a;script-src *",
            "https://a;b",
            "https://a,b",
            "https://a'b",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc",
            "null",
            "",
            "https://shop.example/path",
            "https://user@shop.example",
            "https://[::1]",
        ] {
            assert_eq!(audience(&[bad]), Audience::default(), "{bad}");
        }
    }

    #[test]
    fn a_page_is_open_to_its_audience_alone() {
        let mut headers = HeaderMap::new();
        florin_web::page::protect(&mut headers);
        audience(&["https://shop.example", "https://pay.shop.example"]).admit(&mut headers);
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.ends_with("; frame-ancestors https://shop.example https://pay.shop.example"), "{policy}");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !headers.contains_key(X_FRAME_OPTIONS));
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("connect-src"), "{policy}");
    }

    #[test]
    fn without_an_audience_nobody_frames_it() {
        let mut headers = HeaderMap::new();
        florin_web::page::protect(&mut headers);
        Audience::default().admit(&mut headers);
        assert!(headers[CONTENT_SECURITY_POLICY].to_str().unwrap().ends_with("frame-ancestors 'none'"));
        assert_eq!(headers[X_FRAME_OPTIONS], "DENY");
    }
}
