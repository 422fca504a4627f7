//! Columns: how the domain's values stand in rows, the same in every table.
//!
//! Invariant: a value that the domain would not have written is `Corrupt`, never repaired.

use florin_domain::card::CardExpiry;
use florin_domain::schema::Payload;
use florin_domain::{Currency, Money, SchemaId, Timestamp};

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

/// One of the words that the books have for something.
pub(crate) fn named<T>(row: &Row<'_>, index: usize, from_name: fn(&str) -> Option<T>) -> Result<T, StoreError> {
    from_name(row.text(index)?).ok_or_else(|| row.corrupt(index))
}

/// Like [`named`], or nothing for NULL.
pub(crate) fn opt_named<T>(row: &Row<'_>, index: usize, from_name: fn(&str) -> Option<T>) -> Result<Option<T>, StoreError> {
    row.opt_text(index)?.map(|name| from_name(name).ok_or_else(|| row.corrupt(index))).transpose()
}

/// A digest.
pub(crate) fn hash(row: &Row<'_>, index: usize) -> Result<[u8; 32], StoreError> {
    row.blob(index)?.try_into().map_err(|_| row.corrupt(index))
}

/// A yes or no, kept as 1 or 0.
pub(crate) fn flag(row: &Row<'_>, index: usize) -> Result<bool, StoreError> {
    match row.int(index)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(row.corrupt(index)),
    }
}

/// The text, or nothing for NULL.
pub(crate) fn opt_text(row: &Row<'_>, index: usize) -> Result<Option<String>, StoreError> {
    Ok(row.opt_text(index)?.map(str::to_owned))
}

/// A card's last month: the year, and in the next column the month.
pub(crate) fn opt_expiry(row: &Row<'_>, index: usize) -> Result<Option<CardExpiry>, StoreError> {
    let Some(year) = row.opt_int(index)? else { return Ok(None) };
    let year = u16::try_from(year).map_err(|_| row.corrupt(index))?;
    let month = u8::try_from(row.int(index + 1)?).map_err(|_| row.corrupt(index + 1))?;
    Ok(Some(CardExpiry { year, month }))
}

/// How a card's last month is written: year and month.
pub(crate) fn expiry_columns(expiry: Option<CardExpiry>) -> (Option<i64>, Option<i64>) {
    (expiry.map(|expiry| expiry.year.into()), expiry.map(|expiry| expiry.month.into()))
}

/// A merchant's own data: the schema they follow, and in the next column the data; nothing if both are NULL.
pub(crate) fn opt_payload(row: &Row<'_>, index: usize) -> Result<Option<Payload>, StoreError> {
    let payload = Payload { schema: opt_id(row, index, SchemaId::parse)?, json: opt_text(row, index + 1)? };
    Ok((payload.schema.is_some() || payload.json.is_some()).then_some(payload))
}

/// How such data are written: the schema's id and the data.
pub(crate) fn payload_columns(payload: Option<&Payload>) -> (Option<String>, Option<&str>) {
    let schema = payload.and_then(|payload| payload.schema).map(|schema| schema.to_string());
    (schema, payload.and_then(|payload| payload.json.as_deref()))
}
