//! Columns: how the domain's values stand in rows, the same in every table.
//!
//! Invariant: a value that the domain would not have written is `Corrupt`, never repaired.

use florin_domain::{Currency, Money, Timestamp};

use crate::{Row, StoreError};

/// An id, or anything else that is read from text by `parse`.
pub(crate) fn id<T, E>(row: &Row<'_>, index: usize, parse: fn(&str) -> Result<T, E>) -> Result<T, StoreError> {
    parse(row.text(index)?).map_err(|_| row.corrupt(index))
}

/// Like [`id`], or nothing for NULL.
pub(crate) fn opt_id<T, E>(row: &Row<'_>, index: usize, parse: fn(&str) -> Result<T, E>) -> Result<Option<T>, StoreError> {
    row.opt_text(index)?.map(|text| parse(text).map_err(|_| row.corrupt(index))).transpose()
}

/// An instant in microseconds.
pub(crate) fn time(row: &Row<'_>, index: usize) -> Result<Timestamp, StoreError> {
    row.int(index).map(Timestamp::from_micros)
}

/// An instant, or nothing for NULL.
pub(crate) fn opt_time(row: &Row<'_>, index: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.opt_int(index)?.map(Timestamp::from_micros))
}

/// A currency by its code.
pub(crate) fn currency(row: &Row<'_>, index: usize) -> Result<Currency, StoreError> {
    Currency::from_code(row.text(index)?).ok_or_else(|| row.corrupt(index))
}

/// An amount in minor units of `currency`.
pub(crate) fn money(row: &Row<'_>, index: usize, currency: Currency) -> Result<Money, StoreError> {
    row.int(index).map(|minor| Money::new(minor, currency))
}

/// A whole number that cannot be negative or large.
pub(crate) fn count(row: &Row<'_>, index: usize) -> Result<u32, StoreError> {
    u32::try_from(row.int(index)?).map_err(|_| row.corrupt(index))
}
