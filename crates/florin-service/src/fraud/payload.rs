//! Payloads: what merchants send for the fraud screen, and whether one here can read it.
//!
//! Invariant: a payload that nobody can read is refused, never judged as if it said nothing; and nothing of it is printed.

use std::borrow::Cow;
use std::fmt;

use super::archive;
use crate::ServiceError;

/// The longest message, in bytes.
pub const MESSAGE_MAX: usize = 65_536;
/// The provider whose payloads are known.
const KNOWN_PROVIDER: &str = "cybersource";
/// How its versions begin; numbers follow.
const KNOWN_VERSIONS: &str = "CyberSourceTransaction_";

/// How a payload is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FraudFormat {
    /// As it is.
    Xml,
    /// Zipped, and then in base64.
    ZippedBase64,
}

/// What a merchant sends for the fraud screen. Prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct FraudPayload {
    /// The screen that it was written for.
    pub provider: String,
    /// The version of that screen's format.
    pub version: String,
    /// How it is written.
    pub format: FraudFormat,
    /// What it says.
    pub message: String,
    /// The country that the goods are sent to, in two letters, if the call says so beside the payload.
    pub shipping_country: Option<String>,
}

impl fmt::Debug for FraudPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FraudPayload").field("provider", &self.provider).field("version", &self.version).finish_non_exhaustive()
    }
}

impl FraudPayload {
    /// Whether a screen can be asked about it.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] `fraud_version` for a provider, or a version of it, whose payloads nobody here can read, and
    /// `fraud_message` for a message that is no XML, or not packed as it should be; [`ServiceError::Invalid`] naming
    /// `fraudPayload.message` for one that is too long.
    pub fn check(&self) -> Result<(), ServiceError> {
        self.read().map(drop)
    }

    /// What the payload says.
    pub(super) fn read(&self) -> Result<Cow<'_, str>, ServiceError> {
        if !self.provider.eq_ignore_ascii_case(KNOWN_PROVIDER) {
            return Err(refused("fraud_version", "No fraud screen here reads payloads of this provider: cybersource is known."));
        }
        if !is_known_version(&self.version) {
            return Err(refused("fraud_version", "The version is none of this provider's: CyberSourceTransaction_1.101 is one."));
        }
        if self.message.len() > MESSAGE_MAX {
            return Err(ServiceError::invalid("fraudPayload.message", "must be 65,536 bytes at the most"));
        }
        let text = match self.format {
            FraudFormat::Xml => Some(Cow::Borrowed(self.message.as_str())),
            FraudFormat::ZippedBase64 => archive::unpacked(&self.message).map(Cow::Owned),
        };
        text.filter(|text| is_xml(text)).ok_or_else(|| refused("fraud_message", self.format.complaint()))
    }
}

impl FraudFormat {
    /// What is wrong with a message that cannot be read.
    const fn complaint(self) -> &'static str {
        match self {
            Self::Xml => "The message of the fraud payload is no XML.",
            Self::ZippedBase64 => {
                "The message of the fraud payload cannot be read: it must be a ZIP archive in base64, with XML of 256 KiB at the most as \
                 its first file."
            }
        }
    }
}

fn refused(code: &'static str, message: &str) -> ServiceError {
    ServiceError::Refused { code, message: message.to_owned() }
}

fn is_known_version(version: &str) -> bool {
    let numbers = version.strip_prefix(KNOWN_VERSIONS);
    numbers.is_some_and(|numbers| !numbers.is_empty() && numbers.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// Whether a text looks like XML. A screen makes more of it than that; here it is only told from what is something else.
fn is_xml(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('<')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_name_with_numbers() {
        for (version, expected) in [
            ("CyberSourceTransaction_1.101", true),
            ("CyberSourceTransaction_1.200", true),
            ("CyberSourceTransaction_", false),
            ("CyberSourceTransaction_1.101x", false),
            ("1.101", false),
            ("", false),
        ] {
            assert_eq!(is_known_version(version), expected, "{version}");
        }
    }

    #[test]
    fn xml_begins_with_an_element_or_its_declaration() {
        for (text, expected) in
            [("<x/>", true), ("\u{feff} \n<?xml version=\"1.0\"?><x/>", true), ("", false), ("{}", false), ("x<", false)]
        {
            assert_eq!(is_xml(text), expected, "{text}");
        }
    }
}
