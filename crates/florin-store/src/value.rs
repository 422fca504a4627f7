//! Values bound to statements and the rows that come back: whole numbers, text, bytes and NULL, nothing else.
//!
//! No floats, no booleans, no database types: what both engines keep alike. Invariant: a value that is not of the asked
//! kind is [`StoreError::Corrupt`], never converted.

use std::borrow::Cow;
use std::fmt;

use crate::StoreError;
use crate::engine::Cells;

/// A value to bind. Its `Debug` shows the kind and size only, because logs must not hold what is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// A whole number: amounts in minor units, times in microseconds, versions.
    Int(i64),
    /// Text without NUL characters, which `PostgreSQL` cannot keep.
    Text(&'a str),
    /// Bytes; the empty string of bytes differs from NULL.
    Blob(&'a [u8]),
    /// Nothing.
    Null,
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(_) => f.write_str("Int"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Blob(bytes) => write!(f, "Blob({} bytes)", bytes.len()),
            Self::Null => f.write_str("Null"),
        }
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<i32> for Value<'_> {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Blob(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Blob(bytes)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(text: &'a Option<String>) -> Self {
        text.as_ref().into()
    }
}

impl<'a> From<&'a Option<Vec<u8>>> for Value<'a> {
    fn from(bytes: &'a Option<Vec<u8>>) -> Self {
        bytes.as_ref().into()
    }
}

/// One row of an answer; columns are counted from 0.
///
/// Every getter answers [`StoreError::Corrupt`] with the statement's table and the column's name when the value is of
/// another kind, or NULL where the plain getter was used.
pub struct Row<'r> {
    cells: Cells<'r>,
    sql: &'static str,
}

impl<'r> Row<'r> {
    pub(crate) fn new(cells: Cells<'r>, sql: &'static str) -> Self {
        Self { cells, sql }
    }

    /// A whole number.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] unless the value is one.
    pub fn int(&self, index: usize) -> Result<i64, StoreError> {
        self.opt_int(index)?.ok_or_else(|| self.corrupt(index))
    }

    /// Text, borrowed from the row.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] unless the value is text.
    pub fn text(&self, index: usize) -> Result<&str, StoreError> {
        self.opt_text(index)?.ok_or_else(|| self.corrupt(index))
    }

    /// Bytes, borrowed from the row.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] unless the value is bytes.
    pub fn blob(&self, index: usize) -> Result<&[u8], StoreError> {
        self.opt_blob(index)?.ok_or_else(|| self.corrupt(index))
    }

    /// A whole number, or NULL.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for any other kind.
    pub fn opt_int(&self, index: usize) -> Result<Option<i64>, StoreError> {
        match self.cells.value(index) {
            Some(Value::Int(number)) => Ok(Some(number)),
            Some(Value::Null) => Ok(None),
            Some(Value::Text(_) | Value::Blob(_)) | None => Err(self.corrupt(index)),
        }
    }

    /// Text, or NULL.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for any other kind.
    pub fn opt_text(&self, index: usize) -> Result<Option<&str>, StoreError> {
        match self.cells.value(index) {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            Some(Value::Int(_) | Value::Blob(_)) | None => Err(self.corrupt(index)),
        }
    }

    /// Bytes, or NULL.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for any other kind.
    pub fn opt_blob(&self, index: usize) -> Result<Option<&[u8]>, StoreError> {
        match self.cells.value(index) {
            Some(Value::Blob(bytes)) => Ok(Some(bytes)),
            Some(Value::Null) => Ok(None),
            Some(Value::Int(_) | Value::Text(_)) | None => Err(self.corrupt(index)),
        }
    }

    /// The error for a value in column `index` that the caller's own check refuses.
    pub fn corrupt(&self, index: usize) -> StoreError {
        let column = self.cells.name(index).unwrap_or_else(|| format!("column {index}"));
        StoreError::Corrupt { table: table_of(self.sql), column: Cow::Owned(column) }
    }
}

/// The table a statement is mainly about, for error messages.
fn table_of(sql: &'static str) -> &'static str {
    let mut words = sql.split_ascii_whitespace();
    while let Some(word) = words.next() {
        if ["FROM", "INTO", "UPDATE"].iter().any(|before| word.eq_ignore_ascii_case(before)) {
            let table = words.next().unwrap_or("").trim_end_matches([',', ';', ')']);
            return if table.is_empty() || table.starts_with('(') { "query" } else { table };
        }
    }
    "query"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_a_statement_is_found() {
        assert_eq!(table_of("SELECT a FROM orders WHERE b = $1"), "orders");
        assert_eq!(table_of("insert into ledger (a) values ($1)"), "ledger");
        assert_eq!(table_of("UPDATE jobs SET a = $1"), "jobs");
        assert_eq!(table_of("SELECT 1"), "query");
        assert_eq!(table_of("SELECT a FROM (SELECT 1)"), "query");
    }

    #[test]
    fn what_is_bound_does_not_print() {
        assert_eq!(format!("{:?}", [Value::from("secret"), Value::from(7), Value::from(None::<i64>)]), "[Text(6 bytes), Int, Null]");
    }
}
