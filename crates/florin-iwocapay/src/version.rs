//! The version that integrations may tell of themselves in a header; callers without one are as welcome.
//!
//! A placeholder that a broken build left in it, such as `${DEPLOY_VERSION}`, is refused with an advice to update.

use http::{HeaderMap, StatusCode};

use crate::fault::{Refusal, Source};

const HEADER: &str = "iwocapay-integration-version";

/// Checks the version header, if there is one.
///
/// # Errors
/// A 400 for a version that cannot be read, or is below `minimum`.
pub fn check(headers: &HeaderMap, minimum: Option<&str>) -> Result<(), Refusal> {
    let Some(value) = headers.get(HEADER).filter(|value| !value.is_empty()) else {
        return Ok(());
    };
    let told = value.to_str().ok().and_then(numbers);
    let least = minimum.and_then(numbers).unwrap_or_default();
    match told {
        Some(told) if told >= least => Ok(()),
        Some(_) => Err(outdated("is too old for this server")),
        None => Err(outdated("is not a version")),
    }
}

fn outdated(complaint: &str) -> Refusal {
    let detail = format!("The version in {HEADER} {complaint}: please update the plugin.");
    Refusal::at(StatusCode::BAD_REQUEST, Source::Header(HEADER), detail)
}

/// The leading numbers of a version: `2.9.0-beta1` is 2, 9 and 0.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let plain = version.trim().trim_start_matches('v').split(['-', '+']).next()?;
    let mut numbers = [0; 3];
    for (index, part) in plain.split('.').enumerate() {
        let number = part.parse().ok()?;
        if let Some(slot) = numbers.get_mut(index) {
            *slot = number;
        }
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_welcome(version: &'static str, minimum: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, version.parse().unwrap());
        check(&headers, minimum).is_ok()
    }

    #[test]
    fn placeholders_and_old_versions_are_refused() {
        assert!(check(&HeaderMap::new(), Some("9.0")).is_ok(), "no version is no fault");
        for version in ["2.9.0", "2.9", "3", "v2.9.1", "2.9.0-beta1", "2.10.0", ""] {
            assert!(is_welcome(version, Some("2.9.0")), "{version}");
        }
        for version in ["$DEPLOY_VERSION", "${DEPLOY_VERSION}", "dev-master", "2.x", "2..9"] {
            assert!(!is_welcome(version, None), "{version}");
        }
        assert!(!is_welcome("2.8.9", Some("2.9.0")));
    }
}
