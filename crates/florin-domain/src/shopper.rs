//! Shoppers: whoever buys at a merchant, and the wallets that keep what they pay with.

use std::fmt;

/// A shopper's stable name in the merchant's own system.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ShopperId(String);

/// The longest name of a shopper, in bytes.
pub const SHOPPER_ID_MAX: usize = 128;

/// A text that cannot name a shopper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadShopperId {
    /// Empty or too long, or with characters that cannot be seen.
    #[error("must be 1 to 128 visible characters without spaces at either end")]
    Form,
    /// An e-mail address changes hands, and must not lead to a wallet.
    #[error("looks like an e-mail address; use an id that never changes and says nothing about the person")]
    Email,
}

impl ShopperId {
    /// Reads a shopper's name.
    ///
    /// # Errors
    /// [`BadShopperId`] with the reason.
    pub fn parse(text: &str) -> Result<Self, BadShopperId> {
        let clean = !text.is_empty() && text.len() <= SHOPPER_ID_MAX && text.trim() == text && !text.chars().any(char::is_control);
        if !clean {
            return Err(BadShopperId::Form);
        }
        let looks_like_email = text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
        if looks_like_email { Err(BadShopperId::Email) } else { Ok(Self(text.to_owned())) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShopperId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which of a shopper's two wallets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WalletKind {
    /// The one that this merchant's shop keeps for them.
    Merchant,
    /// The shopper's Everyday Pay wallet.
    Everyday,
}

impl WalletKind {
    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Merchant => "merchant",
            Self::Everyday => "everyday",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shopper_is_not_named_by_an_email_address() {
        assert_eq!(ShopperId::parse("jo@example.com"), Err(BadShopperId::Email));
        assert!(ShopperId::parse("jo@home").is_ok());
        assert!(ShopperId::parse("1100000000093126352").is_ok());
        for bad in ["", " a", "a\n", &"x".repeat(129)] {
            assert_eq!(ShopperId::parse(bad), Err(BadShopperId::Form), "{bad:?}");
        }
    }
}
