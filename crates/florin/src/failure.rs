//! Why a command ended without doing what it was asked.
//!
//! Invariant: it is one sentence that an operator can act on, and it never holds a secret.

use std::process::ExitCode;

/// The exit code of a command that failed.
const FAILED: u8 = 1;

/// A sentence for the operator and the exit code to end with.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub struct Failure {
    sentence: String,
    exit: u8,
}

impl Failure {
    /// A failure that ends with exit code 1.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), exit: FAILED }
    }

    /// A failure of `what`, because of `cause`.
    pub fn because(what: impl std::fmt::Display, cause: impl std::fmt::Display) -> Self {
        Self::new(format!("{what}: {cause}"))
    }

    /// The same failure with an exit code of its own.
    #[must_use]
    pub fn with_exit(self, exit: u8) -> Self {
        Self { exit, ..self }
    }

    /// The code to end the process with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit)
    }
}
