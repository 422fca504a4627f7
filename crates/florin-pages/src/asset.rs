//! The files that pages point to: one stylesheet, the mark, and the script of card capture, compiled in.
//!
//! Invariant: a file's name carries a hash of its content, so a browser may keep it for ever and never shows an old one.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::Uri;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};

use crate::detour;

const STYLE: &[u8] = include_bytes!("../assets/florin.css");
const MARK: &[u8] = include_bytes!("../assets/mark.svg");
const SCRIPT: &[u8] = include_bytes!("../assets/capture.js");
const ELEMENTS: &[u8] = include_bytes!("../assets/elements.js");

const STYLE_NAME: [u8; 35] = named(*b"/assets/florin-################.css", STYLE);
const MARK_NAME: [u8; 33] = named(*b"/assets/mark-################.svg", MARK);
const SCRIPT_NAME: [u8; 35] = named(*b"/assets/capture-################.js", SCRIPT);
const ELEMENTS_NAME: [u8; 36] = named(*b"/assets/elements-################.js", ELEMENTS);

/// Where the stylesheet is served.
pub(crate) const STYLE_PATH: &str = as_text(&STYLE_NAME);
/// Where the mark is served.
pub(crate) const MARK_PATH: &str = as_text(&MARK_NAME);
/// Where the script is served that card capture runs.
pub(crate) const SCRIPT_PATH: &str = as_text(&SCRIPT_NAME);

/// Where the script is served that elements run.
pub(crate) const ELEMENTS_PATH: &str = as_text(&ELEMENTS_NAME);

/// The route of the files.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{file}", get(serve))
}

async fn serve(uri: Uri) -> Response {
    let path = uri.path();
    let (content, kind, current) = if is_version(path, "/assets/florin-", ".css") {
        (STYLE, "text/css; charset=utf-8", path == STYLE_PATH)
    } else if is_version(path, "/assets/capture-", ".js") {
        (SCRIPT, "text/javascript; charset=utf-8", path == SCRIPT_PATH)
    } else if is_version(path, "/assets/elements-", ".js") {
        (ELEMENTS, "text/javascript; charset=utf-8", path == ELEMENTS_PATH)
    } else if path == MARK_PATH {
        (MARK, "image/svg+xml", true)
    } else {
        return detour::not_found();
    };
    // A page made by another version still finds its files, but nobody keeps these.
    let keep = if current { "public, max-age=31536000, immutable" } else { "no-store" };
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, keep), (X_CONTENT_TYPE_OPTIONS, "nosniff")], content).into_response()
}

/// Whether `path` is a file's of this version or of another.
fn is_version(path: &str, before: &str, after: &str) -> bool {
    let hash = path.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// `pattern` with its run of `#` replaced by a hash of `content`.
const fn named<const N: usize>(mut pattern: [u8; N], content: &[u8]) -> [u8; N] {
    let mut hash = fnv1a(content);
    let mut index = 0;
    while index < N {
        if pattern[index] == b'#' {
            pattern[index] = b"0123456789abcdef"[(hash >> 60) as usize];
            hash <<= 4;
        }
        index += 1;
    }
    pattern
}

/// FNV-1a: enough to tell versions of a file apart, and computable while compiling. It protects nothing.
const fn fnv1a(content: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut index = 0;
    while index < content.len() {
        hash = (hash ^ content[index] as u64).wrapping_mul(0x0100_0000_01b3);
        index += 1;
    }
    hash
}

const fn as_text(name: &'static [u8]) -> &'static str {
    match str::from_utf8(name) {
        Ok(text) => text,
        Err(_) => panic!("a file name is ASCII"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_changes_with_its_content() {
        assert_ne!(named(*b"################", b"a"), named(*b"################", b"b"));
        assert!(!STYLE_PATH.contains('#') && !MARK_PATH.contains('#'));
    }

    #[tokio::test]
    async fn only_the_current_files_are_kept_by_browsers() {
        for (current, old) in [(STYLE_PATH, "/assets/florin-0000000000000000.css"), (SCRIPT_PATH, "/assets/capture-0000000000000000.js")] {
            let current = serve(Uri::from_static(current)).await;
            assert_eq!(current.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
            let old = serve(Uri::from_static(old)).await;
            assert_eq!((old.status().as_u16(), old.headers()[CACHE_CONTROL].to_str().unwrap()), (200, "no-store"));
            assert_eq!(old.headers()[CONTENT_TYPE], current.headers()[CONTENT_TYPE]);
        }
        assert_eq!(serve(Uri::from_static("/assets/other.js")).await.status(), 404);
    }
}
