//! Terms: what a shopper has agreed to.

use crate::{Timestamp, WalletId};

/// A shopper's word that terms are agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// Whose word.
    pub wallet: WalletId,
    /// Which terms: `EVERYDAY_PAY`.
    pub kind: String,
    /// In which version: `1.0.0`.
    pub version: String,
    /// When it was given first.
    pub accepted_at: Timestamp,
}
