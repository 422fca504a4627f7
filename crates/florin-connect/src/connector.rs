//! What all connectors share: how a call is made and how it fails.
//!
//! Calls are boxed futures so that a [`World`](crate::World) can hold connectors as trait objects.

use std::pin::Pin;

/// A call to the outside world under way.
pub type Call<'a, T> = Pin<Box<dyn Future<Output = Result<T, ConnectError>> + Send + 'a>>;

/// Anything that speaks for Florin outside the process.
pub trait Connector: Send + Sync {
    /// What operators know it by, in lower case with hyphens: `sandbox-bank`.
    fn name(&self) -> &'static str;

    /// Whether nothing real is behind it; production refuses such connectors unless told otherwise.
    fn simulated(&self) -> bool;
}

/// Why a call brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The other side could not be reached or did not answer in time. Whether it acted is UNKNOWN: ask again with the same key.
    #[error("is unavailable: {0}")]
    Unavailable(String),
    /// A final no of the other side; asking again brings the same answer.
    #[error("was refused: {message} ({code})")]
    Refused {
        /// The other side's own code, for support.
        code: String,
        /// Its reason, in words.
        message: String,
    },
    /// The call could not be made with the settings given; an operator must act.
    #[error("is misconfigured: {0}")]
    Misconfigured(String),
}

impl ConnectError {
    /// A refusal with its code and reason.
    pub fn refused(code: &str, message: impl Into<String>) -> Self {
        Self::Refused { code: code.to_owned(), message: message.into() }
    }

    /// A stable name for logs and records.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "unavailable",
            Self::Refused { .. } => "refused",
            Self::Misconfigured(_) => "misconfigured",
        }
    }
}
