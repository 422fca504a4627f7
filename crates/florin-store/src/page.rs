//! Pages: which part of a long list is wanted.

use crate::StoreError;

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Which one, from 1.
    pub number: u32,
    /// How many items it has at the most.
    pub size: u32,
}

impl Page {
    /// All of a list, as far as one answer may go.
    pub const FIRST: Self = Self { number: 1, size: 500 };

    /// How many items there are at the most.
    pub(crate) fn limit(self) -> i64 {
        self.size.into()
    }

    /// How many items stand before it.
    pub(crate) fn offset(self) -> i64 {
        i64::from(self.number.saturating_sub(1)).saturating_mul(self.size.into())
    }
}

/// A count as the engines answer it.
pub(crate) fn total(found: Option<i64>) -> Result<u64, StoreError> {
    u64::try_from(found.unwrap_or(0)).map_err(|_| StoreError::corrupt("query", "count"))
}
