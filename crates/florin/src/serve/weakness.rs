//! Keys that protect nothing: too short, from a sample, made by a person, or a sandbox's.

use std::collections::HashSet;
use std::fmt;

/// The shortest operator's key that is accepted.
const OPERATOR_KEY_MIN: usize = 32;
/// A random key of 32 characters has more different ones than this, even in hexadecimal, but for one in millions.
const DIFFERENT_MIN: usize = 8;
/// Words of samples and defaults; none is so short that it turns up in a random key.
const WORDS: [&str; 7] = ["change", "password", "example", "sample", "default", "secret", "operator"];
/// How the sandbox's own keys begin, so that they are never taken for real ones.
pub const SANDBOX_PREFIX: &str = "sandbox-";

/// Why a key protects nothing; a predicate that follows the key's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Fewer characters than are needed.
    Short,
    /// Few different characters, or the same few again and again.
    Regular,
    /// Words that stand in samples.
    Words,
    /// It opens a sandbox, whose keys are no secret.
    Sandbox,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => write!(f, "is shorter than {OPERATOR_KEY_MIN} characters"),
            Self::Regular => f.write_str("repeats itself and can be guessed"),
            Self::Words => f.write_str("looks like a sample or a default"),
            Self::Sandbox => f.write_str("belongs to a sandbox"),
        }
    }
}

/// What is weak about an operator's key.
pub fn of_operator_key(key: &str) -> Option<Weakness> {
    let lower = key.to_lowercase();
    match () {
        () if key.starts_with(SANDBOX_PREFIX) => Some(Weakness::Sandbox),
        () if key.chars().count() < OPERATOR_KEY_MIN => Some(Weakness::Short),
        () if WORDS.iter().any(|word| lower.contains(word)) => Some(Weakness::Words),
        () if is_regular(key) => Some(Weakness::Regular),
        () => None,
    }
}

/// What is weak about a master key that is well formed.
pub fn of_master_key(key: &str) -> Option<Weakness> {
    is_regular(key).then_some(Weakness::Regular)
}

fn is_regular(key: &str) -> bool {
    let different: HashSet<char> = key.chars().collect();
    let length = key.len();
    let repeats = (1..=length / 2).any(|period| key.as_bytes().iter().zip(&key.as_bytes()[period..]).all(|(one, other)| one == other));
    different.len() < DIFFERENT_MIN || repeats
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_protect_nothing_are_known() {
        assert_eq!(of_operator_key("short"), Some(Weakness::Short));
        assert_eq!(of_operator_key(&"0123456789abcdef".repeat(4)), Some(Weakness::Regular));
        assert_eq!(of_operator_key(&"01".repeat(32)), Some(Weakness::Regular));
        assert_eq!(of_operator_key("please-CHANGE-me-please-0123456789"), Some(Weakness::Words));
        assert_eq!(of_operator_key("sandbox-7f3a"), Some(Weakness::Sandbox));
        assert_eq!(of_operator_key("b1f94c07d2aa38e65f10c9be47d8236a90e15cf37b82d46a"), None);
        assert_eq!(of_master_key(&"0".repeat(64)), Some(Weakness::Regular));
    }
}
