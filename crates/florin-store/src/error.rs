//! What can go wrong with stored rows, one variant per thing a caller could do differently.
//!
//! Messages are for operators and logs, never for clients. Invariant: no message holds a stored value.

use std::borrow::Cow;
use std::time::Duration;

/// Why the store did not do what it was asked; nothing of the operation was saved unless a variant says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The row moved since it was read; running the whole operation again is safe.
    #[error("the row moved since it was read")]
    Stale,
    /// A stored value does not fit its column's meaning: a bug, or someone else wrote to the database.
    #[error("{table}.{column} holds what it may not")]
    Corrupt {
        /// The table read from.
        table: &'static str,
        /// The column as the statement names it.
        column: Cow<'static, str>,
    },
    /// A row with the same unique columns exists. `on` lists them as `table.column, table.column`, alike on both engines.
    #[error("a row with the same {on} exists")]
    Conflict {
        /// The columns that must be unique.
        on: String,
    },
    /// The engine is away or overloaded, or gave no answer in time. After a time-out the outcome of a write is unknown.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The disk is full: writes are refused until there is space, reads go on.
    #[error("the store's disk is full")]
    Full,
    /// The operation panicked and was rolled back.
    #[error("the operation panicked")]
    Panicked,
    /// The database's migrations are not the ones this program carries.
    #[error("the database does not fit this program: {0}")]
    Drift(String),
    /// A statement the engine refuses, or a setting it cannot work with: a bug or a configuration error.
    #[error("the store failed: {0}")]
    Internal(String),
}

impl StoreError {
    /// Names the column whose value broke an invariant, for `TryFrom` of rows.
    pub fn corrupt(table: &'static str, column: &'static str) -> Self {
        Self::Corrupt { table, column: Cow::Borrowed(column) }
    }

    /// A stable word for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::Corrupt { .. } => "corrupt",
            Self::Conflict { .. } => "conflict",
            Self::Unavailable(_) => "unavailable",
            Self::Full => "full",
            Self::Panicked => "panicked",
            Self::Drift(_) => "drift",
            Self::Internal(_) => "internal",
        }
    }

    /// How long a client should wait before it tries again; `None` where waiting does not help.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable(_) => Some(Duration::from_secs(1)),
            Self::Full => Some(Duration::from_secs(30)),
            Self::Stale | Self::Corrupt { .. } | Self::Conflict { .. } | Self::Panicked | Self::Drift(_) | Self::Internal(_) => None,
        }
    }
}

/// How much is lost with a failed statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The statement and what was written since the enclosing savepoint.
    Statement,
    /// The whole transaction; the same would happen again.
    Transaction,
    /// The whole transaction, by a collision with another one: worth running again.
    Collision,
    /// The connection, and with it the transaction.
    Connection,
}

/// An engine's refusal and how far it reaches.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) error: StoreError,
    pub(crate) reach: Reach,
}

impl Failure {
    pub(crate) fn new(reach: Reach, error: StoreError) -> Self {
        Self { error, reach }
    }
}
