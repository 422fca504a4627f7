//! The `SQLite` driver: how connections are opened, statements kept prepared, and its errors told apart.
//!
//! Only `engine.rs` speaks to this file. Invariant: every writing connection runs with `synchronous = FULL`, because with
//! NORMAL a power cut loses commits that were already answered.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement, ToSql};

use crate::StoreError;
use crate::engine::{Cells, EachRow, keepable, parameters_in_order};
use crate::error::{Failure, Reach};
use crate::value::{Row, Value};

/// How long a writer waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// More statements than the crate has, so that none is ever prepared twice.
const STATEMENTS: usize = 512;

/// The page cache is small on purpose: after any split of a page `SQLite` scans the whole table of its cache at the commit, and
/// what falls out of it is still in the system's. WAL files are folded into the database every 16 MiB: often enough for quick starts, seldom enough not to be felt.
const WRITER_SETTINGS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA foreign_keys = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
    PRAGMA cache_size = -8192;
    PRAGMA wal_autocheckpoint = 4096;
    PRAGMA journal_size_limit = 67108864;";
/// The file is not mapped into memory: that read no faster, and a failing disk would end the process instead of a reading.
const READER_SETTINGS: &str = "
    PRAGMA query_only = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
    PRAGMA cache_size = -4096;";

/// Opens the one writing connection, making the database file (readable by its owner only) if there is none.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| StoreError::Unavailable(format!("cannot open {}: {error}", path.display())))?;
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, WRITER_SETTINGS)
}

/// Opens a connection that cannot write.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY, READER_SETTINGS)
}

fn open(path: &Path, flags: OpenFlags, settings: &str) -> Result<Connection, StoreError> {
    let explain = |error: rusqlite::Error| Failure::from(error).error;
    // Each connection is used by one thread at a time, so SQLite's own mutex would only cost.
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(explain)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(explain)?;
    connection.execute_batch(settings).map_err(explain)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without it SQLite plans a statement anew whenever it is bound to another value, which costs more than running it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(explain)?;
    Ok(connection)
}

/// A connection at work.
pub(crate) struct Session<'c> {
    connection: &'c Connection,
    /// The writer's statements, found by the address of their text; `None` on readers, which use the connection's cache.
    statements: Option<HashMap<(usize, usize), Statement<'c>>>,
}

impl<'c> Session<'c> {
    /// A session for as long as the connection lives.
    pub(crate) fn lasting(connection: &'c Connection) -> Self {
        Self { connection, statements: Some(HashMap::new()) }
    }

    /// A session for one reading.
    pub(crate) fn brief(connection: &'c Connection) -> Self {
        Self { connection, statements: None }
    }

    pub(crate) fn execute(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, Failure> {
        self.with(sql, params, |statement| Ok(statement.raw_execute()? as u64))
    }

    pub(crate) fn query(&mut self, sql: &'static str, params: &[Value<'_>], each: EachRow<'_>) -> Result<(), Failure> {
        self.with(sql, params, |statement| {
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                if !each(&Row::new(Cells::Sqlite(row), sql)) {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Runs a transaction statement.
    pub(crate) fn control(&mut self, sql: &'static str) -> Result<(), Failure> {
        self.execute(sql, &[]).map(|_| ())
    }

    pub(crate) fn rollback(&mut self) -> Result<(), Failure> {
        // A full disk or a failed read may have rolled back already.
        if self.connection.is_autocommit() { Ok(()) } else { self.control("ROLLBACK") }
    }

    pub(crate) fn script(&mut self, sql: &str) -> Result<(), Failure> {
        self.connection.execute_batch(sql).map_err(Failure::from)
    }

    pub(crate) fn integrity(&mut self) -> Result<Vec<String>, Failure> {
        let mut complaints = Vec::new();
        self.query("PRAGMA integrity_check", &[], &mut |row| {
            complaints.extend(row.text(0).ok().filter(|text| *text != "ok").map(str::to_owned));
            true
        })?;
        self.query("PRAGMA foreign_key_check", &[], &mut |row| {
            complaints.push(format!("a row of {} misses its parent", row.text(0).unwrap_or("a table")));
            true
        })?;
        Ok(complaints)
    }

    fn with<T>(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        run: impl FnOnce(&mut Statement<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, Failure> {
        keepable(params).map_err(|error| Failure::new(Reach::Statement, error))?;
        let connection = self.connection;
        let in_transaction = !connection.is_autocommit();
        let outcome = match &mut self.statements {
            Some(statements) => match statements.entry((sql.as_ptr() as usize, sql.len())) {
                Entry::Occupied(entry) => bound(entry.into_mut(), params).and_then(run),
                Entry::Vacant(entry) => prepare(connection, sql).and_then(|statement| bound(entry.insert(statement), params).and_then(run)),
            },
            None => connection.prepare_cached(sql).and_then(|mut statement| bound(&mut statement, params).and_then(run)),
        };
        outcome.map_err(|error| {
            let failure = Failure::from(error);
            let lost = failure.reach == Reach::Statement && in_transaction && connection.is_autocommit();
            if lost { Failure::new(Reach::Transaction, failure.error) } else { failure }
        })
    }
}

fn prepare<'c>(connection: &'c Connection, sql: &'static str) -> rusqlite::Result<Statement<'c>> {
    debug_assert!(parameters_in_order(sql), "parameters must first appear in ascending order: {sql}");
    connection.prepare_with_flags(sql, rusqlite::PrepFlags::SQLITE_PREPARE_PERSISTENT)
}

fn bound<'s, 'c>(statement: &'s mut Statement<'c>, params: &[Value<'_>]) -> rusqlite::Result<&'s mut Statement<'c>> {
    let expected = statement.parameter_count();
    if expected != params.len() {
        return Err(rusqlite::Error::InvalidParameterCount(params.len(), expected));
    }
    for (index, value) in params.iter().enumerate() {
        statement.raw_bind_parameter(index + 1, value)?;
    }
    Ok(statement)
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Int(number) => ValueRef::Integer(number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
            Self::Null => ValueRef::Null,
        }))
    }
}

/// The value of a cell, unless it is a float, broken text or not there.
pub(crate) fn value<'r>(row: &'r rusqlite::Row<'r>, index: usize) -> Option<Value<'r>> {
    match row.get_ref(index).ok()? {
        ValueRef::Integer(number) => Some(Value::Int(number)),
        ValueRef::Text(text) => std::str::from_utf8(text).ok().map(Value::Text),
        ValueRef::Blob(bytes) => Some(Value::Blob(bytes)),
        ValueRef::Null => Some(Value::Null),
        ValueRef::Real(_) => None,
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(cause, message) = &error else {
            return Self::new(Reach::Statement, StoreError::Internal(error.to_string()));
        };
        let text = || message.clone().unwrap_or_else(|| cause.to_string());
        match cause.code {
            ErrorCode::ConstraintViolation => Self::new(Reach::Statement, violation(cause.extended_code, text())),
            ErrorCode::DiskFull => Self::new(Reach::Transaction, StoreError::Full),
            ErrorCode::SystemIoFailure
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory => Self::new(Reach::Transaction, StoreError::Unavailable(text())),
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::new(Reach::Transaction, StoreError::Internal(text())),
            _ => Self::new(Reach::Statement, StoreError::Internal(text())),
        }
    }
}

fn violation(extended_code: i32, message: String) -> StoreError {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_UNIQUE};
    if ![SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_UNIQUE].contains(&extended_code) {
        return StoreError::Internal(message);
    }
    // "UNIQUE constraint failed: orders.merchant_id, orders.reference"
    let on = message.split_once(": ").map_or(message.as_str(), |(_, columns)| columns).to_owned();
    StoreError::Conflict { on }
}
