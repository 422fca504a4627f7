//! The process's environment: read here and nowhere else, but for what the command line reads for its options.
//!
//! Invariant: a secret is wrapped before anybody sees it.

use florin_vault::Secret;

/// The operator's key in production.
pub const OPERATOR_KEY: &str = "FLORIN_OPERATOR_KEY";
/// The master key in production.
pub const MASTER_KEY: &str = "FLORIN_MASTER_KEY";
/// The master key of before, while one takes the other's place.
pub const PREVIOUS_MASTER_KEY: &str = "FLORIN_PREVIOUS_MASTER_KEY";
/// The key of the account that takes card payments.
pub const STRIPE_KEY: &str = "FLORIN_STRIPE_KEY";

/// The secret in `variable`; `None` if it is not set, or empty.
pub fn secret(variable: &str) -> Option<Secret<String>> {
    text(variable).map(Secret::new)
}

/// What is to be logged.
pub fn log_levels() -> Option<String> {
    text("FLORIN_LOG")
}

#[expect(clippy::disallowed_methods, reason = "this is the binary, and the one place in it that reads the environment")]
fn text(variable: &str) -> Option<String> {
    let value = std::env::var(variable).ok()?;
    let trimmed = value.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}
