//! The two engines behind one face, and every difference between them that the rest of the crate can see.
//!
//! No statement of a noun belongs here. Invariant: nothing above this file asks which engine it talks to.

use crate::error::Failure;
use crate::migrate::Migration;
use crate::value::{Row, Value};
use crate::{StoreError, postgres, sqlite};

/// Receives the rows of an answer one by one; `false` ends the reading.
pub(crate) type EachRow<'f> = &'f mut dyn FnMut(&Row<'_>) -> bool;

/// One connection with its prepared statements.
pub(crate) enum Session<'c> {
    Sqlite(sqlite::Session<'c>),
    Postgres(Box<postgres::Session>),
}

/// What a marker proves about a commit whose answer was lost; only `PostgreSQL` can lose one.
#[derive(Debug, Clone)]
pub(crate) struct Marker {
    pub(crate) writer: String,
    pub(crate) batch: i64,
}

impl Session<'_> {
    pub(crate) fn execute(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, Failure> {
        match self {
            Self::Sqlite(session) => session.execute(sql, params),
            Self::Postgres(session) => session.execute(sql, params),
        }
    }

    pub(crate) fn query(&mut self, sql: &'static str, params: &[Value<'_>], each: EachRow<'_>) -> Result<(), Failure> {
        match self {
            Self::Sqlite(session) => session.query(sql, params, each),
            Self::Postgres(session) => session.query(sql, params, each),
        }
    }

    /// Begins a batch of writes that no other writer can run beside. The marker names it where a commit can be in doubt.
    pub(crate) fn begin(&mut self) -> Result<Option<Marker>, Failure> {
        match self {
            Self::Sqlite(session) => session.control("BEGIN IMMEDIATE").map(|()| None),
            Self::Postgres(session) => session.begin_batch().map(Some),
        }
    }

    /// Begins a reading of one unchanging state.
    pub(crate) fn begin_snapshot(&mut self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(session) => session.control("BEGIN DEFERRED"),
            // No time limit: such readings go through whole tables.
            Self::Postgres(session) => session.control("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0"),
        }
    }

    /// Begins a transaction in which at most one process migrates the database.
    pub(crate) fn begin_migration(&mut self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(session) => session.control("BEGIN IMMEDIATE"),
            Self::Postgres(session) => session.control(postgres::BEGIN_MIGRATION),
        }
    }

    pub(crate) fn commit(&mut self) -> Result<(), Failure> {
        self.control("COMMIT", "COMMIT")
    }

    /// Ends the transaction, if there is one, without its changes.
    pub(crate) fn rollback(&mut self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(session) => session.rollback(),
            Self::Postgres(session) => session.control("ROLLBACK"),
        }
    }

    pub(crate) fn savepoint(&mut self) -> Result<(), Failure> {
        self.control("SAVEPOINT s", "SAVEPOINT s")
    }

    pub(crate) fn release(&mut self) -> Result<(), Failure> {
        self.control("RELEASE s", "RELEASE s")
    }

    pub(crate) fn rollback_to_savepoint(&mut self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(session) => {
                session.control("ROLLBACK TO s")?;
                session.control("RELEASE s")
            }
            Self::Postgres(session) => session.control("ROLLBACK TO s; RELEASE s"),
        }
    }

    /// Whether a refused statement spoils what was written before it: `SQLite` undoes just the statement.
    pub(crate) fn refusal_spoils(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(_) => true,
        }
    }

    /// Whether the batch of `marker` was committed. Waits for the lost connection's transaction to end first.
    pub(crate) fn committed(&mut self, marker: &Marker) -> Result<bool, Failure> {
        match self {
            Self::Sqlite(_) => Ok(false),
            Self::Postgres(session) => session.committed(marker),
        }
    }

    /// Runs the statements of a migration file.
    pub(crate) fn script(&mut self, sql: &str) -> Result<(), Failure> {
        match self {
            Self::Sqlite(session) => session.script(sql),
            Self::Postgres(session) => session.control(sql),
        }
    }

    /// The text of a migration for this engine.
    pub(crate) fn text_of(&self, migration: &Migration) -> &'static str {
        match self {
            Self::Sqlite(_) => migration.sqlite,
            Self::Postgres(_) => migration.postgres,
        }
    }

    /// The statement that records a migration at the database's own time, which is all the time a store knows.
    pub(crate) fn record_migration(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => {
                "INSERT INTO migrations (number, name, checksum, applied_at)
                 VALUES ($1, $2, $3, CAST(unixepoch('subsec') * 1000000 AS INTEGER))"
            }
            Self::Postgres(_) => {
                "INSERT INTO migrations (number, name, checksum, applied_at)
                 VALUES ($1, $2, $3, CAST(extract(epoch FROM now()) * 1000000 AS BIGINT))"
            }
        }
    }

    /// What the engine finds wrong with its own files; `PostgreSQL` leaves that to its administrator's tools.
    pub(crate) fn integrity(&mut self) -> Result<Vec<String>, Failure> {
        match self {
            Self::Sqlite(session) => session.integrity(),
            Self::Postgres(_) => Ok(Vec::new()),
        }
    }

    fn control(&mut self, sqlite: &'static str, postgres: &str) -> Result<(), Failure> {
        match self {
            Self::Sqlite(session) => session.control(sqlite),
            Self::Postgres(session) => session.control(postgres),
        }
    }
}

/// The cells of a row, still in the engine's memory.
pub(crate) enum Cells<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r ::postgres::Row),
}

impl Cells<'_> {
    /// The value at `index`; `None` for a kind the house does not use.
    pub(crate) fn value(&self, index: usize) -> Option<Value<'_>> {
        match self {
            Self::Sqlite(row) => sqlite::value(row, index),
            Self::Postgres(row) => row.try_get(index).ok(),
        }
    }

    pub(crate) fn name(&self, index: usize) -> Option<String> {
        match self {
            Self::Sqlite(row) => row.as_ref().column_name(index).ok().map(str::to_owned),
            Self::Postgres(row) => row.columns().get(index).map(|column| column.name().to_owned()),
        }
    }
}

/// Whether `$1..$n` first appear in ascending order, as `SQLite` needs: it counts a parameter where it first sees it.
pub(crate) fn parameters_in_order(sql: &str) -> bool {
    let mut seen = 0;
    sql.split('$').skip(1).all(|rest| {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: usize = rest[..digits].parse().unwrap_or(0);
        seen = seen.max(if number == seen + 1 { number } else { 0 });
        (1..=seen).contains(&number)
    })
}

/// Refuses text that only one of the engines could keep.
pub(crate) fn keepable(params: &[Value<'_>]) -> Result<(), StoreError> {
    let holds_nul = |value: &Value<'_>| matches!(value, Value::Text(text) if text.as_bytes().contains(&0));
    if params.iter().any(holds_nul) {
        return Err(StoreError::Internal("a text to store holds a NUL character".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_out_of_order_are_seen() {
        assert!(parameters_in_order("SELECT 1"));
        assert!(parameters_in_order("SELECT $1, $2 WHERE a = $1 AND b = $3"));
        assert!(!parameters_in_order("SELECT $2, $1"));
        assert!(!parameters_in_order("SELECT $1, $3"));
        assert!(!parameters_in_order("SELECT $x"));
    }
}
