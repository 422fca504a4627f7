//! Companies: the UK limited companies that buy on credit.

use std::fmt;

/// A number in the companies register: eight characters, digits with at most two leading letters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CompanyNumber(String);

/// Text that is no company number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a company number: eight characters, as on the register")]
pub struct BadCompanyNumber;

impl CompanyNumber {
    /// Reads a number; spaces around it are dropped and letters made upper case.
    ///
    /// # Errors
    /// [`BadCompanyNumber`] unless it is eight digits, or one or two letters and digits to make eight.
    pub fn parse(text: &str) -> Result<Self, BadCompanyNumber> {
        let text = text.trim().to_ascii_uppercase();
        let digits = text.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
        let letters = text.len() - digits.len();
        let clean = text.len() == 8 && letters <= 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        if clean { Ok(Self(text)) } else { Err(BadCompanyNumber) }
    }

    /// The number as it stands on the register.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CompanyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A company as the register knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    /// Its number.
    pub number: CompanyNumber,
    /// Its registered name.
    pub name: String,
    /// Its officers, by full name; the buyer says which one is at the counter.
    pub directors: Vec<String>,
}
