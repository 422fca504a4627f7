//! The `PostgreSQL` driver: a connection at work, its statements kept prepared, and its errors told apart.
//!
//! Only `engine.rs` and the threads that own a connection speak to this file: its calls block, so they never run on a task.
//! Invariant: after an error the session says truthfully whether the transaction, or the connection, is lost with it.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ::postgres::error::{DbError, SqlState};
use ::postgres::types::{FromSql, IsNull, ToSql, Type, WrongType};
use ::postgres::{Client, SimpleQueryMessage, Statement};
use bytes::BytesMut;

use crate::StoreError;
use crate::engine::{Cells, EachRow, Marker, keepable, parameters_in_order};
use crate::error::{Failure, Reach};
use crate::value::{Row, Value};

/// The number is only ours: processes that start together migrate one after the other.
pub(crate) const BEGIN_MIGRATION: &str =
    "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock(7164780265)";

/// A connection at work.
pub(crate) struct Session {
    client: Client,
    /// Found by the address of their text, which is a constant of the program.
    statements: HashMap<(usize, usize), Statement>,
    /// Names this process's row in `batches`.
    writer: String,
    batch: Arc<AtomicI64>,
}

impl Session {
    /// `writer` is the name under which commits are marked, `batch` counts them.
    pub(crate) fn new(client: Client, writer: String, batch: Arc<AtomicI64>) -> Self {
        Self { client, statements: HashMap::new(), writer, batch }
    }

    pub(crate) fn execute(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, Failure> {
        let (client, statement) = self.prepared(sql, params)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        client.execute(statement, &params).map_err(Failure::from)
    }

    pub(crate) fn query(&mut self, sql: &'static str, params: &[Value<'_>], each: EachRow<'_>) -> Result<(), Failure> {
        let (client, statement) = self.prepared(sql, params)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        for row in &client.query(statement, &params)? {
            if !each(&Row::new(Cells::Postgres(row), sql)) {
                break;
            }
        }
        Ok(())
    }

    /// Runs statements without parameters, in one message.
    pub(crate) fn control(&mut self, sql: &str) -> Result<(), Failure> {
        self.client.batch_execute(sql).map_err(Failure::from)
    }

    /// Begins a batch: queues behind the batches of other processes instead of colliding with them, and leaves a mark by
    /// which a commit with a lost answer is recognised.
    pub(crate) fn begin_batch(&mut self) -> Result<Marker, Failure> {
        let batch = self.batch.fetch_add(1, Ordering::Relaxed) + 1;
        // The lock comes before the first snapshot, so the batch sees what the one before it committed. The words put into
        // the text are a number and a name that the server itself made.
        let begin = format!(
            "BEGIN ISOLATION LEVEL SERIALIZABLE; LOCK TABLE turn IN EXCLUSIVE MODE;
             INSERT INTO batches (writer, batch, begun_at) VALUES ('{}', {batch}, CAST(extract(epoch FROM now()) * 1000000 AS BIGINT))
             ON CONFLICT (writer) DO UPDATE SET batch = excluded.batch, begun_at = excluded.begun_at",
            self.writer
        );
        self.control(&begin)?;
        Ok(Marker { writer: self.writer.clone(), batch })
    }

    pub(crate) fn committed(&mut self, marker: &Marker) -> Result<bool, Failure> {
        // The lost connection's transaction holds the lock until it has ended one way or the other.
        let look = format!(
            "BEGIN; LOCK TABLE turn IN EXCLUSIVE MODE;
             SELECT 1 FROM batches WHERE writer = '{}' AND batch = {}; ROLLBACK",
            marker.writer, marker.batch
        );
        let answers = self.client.simple_query(&look)?;
        Ok(answers.iter().any(|answer| matches!(answer, SimpleQueryMessage::Row(_))))
    }

    fn prepared(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<(&mut Client, &Statement), Failure> {
        keepable(params).map_err(|error| Failure::new(Reach::Statement, error))?;
        let key = (sql.as_ptr() as usize, sql.len());
        if !self.statements.contains_key(&key) {
            debug_assert!(parameters_in_order(sql), "parameters must first appear in ascending order: {sql}");
            let statement = self.client.prepare(sql)?;
            self.statements.insert(key, statement);
        }
        let statement = &self.statements[&key];
        let expected = statement.params().len();
        if expected != params.len() {
            // The driver would refuse by panicking.
            let text = format!("{} parameters given, {expected} wanted", params.len());
            return Err(Failure::new(Reach::Statement, StoreError::Internal(text)));
        }
        Ok((&mut self.client, statement))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match *self {
            Self::Int(number) if *ty == Type::INT8 => number.to_sql(ty, out),
            Self::Int(number) if *ty == Type::INT4 => i32::try_from(number)?.to_sql(ty, out),
            Self::Text(text) if <&str as ToSql>::accepts(ty) => text.to_sql(ty, out),
            Self::Blob(bytes) if *ty == Type::BYTEA => bytes.to_sql(ty, out),
            Self::Null => Ok(IsNull::Yes),
            Self::Int(_) | Self::Text(_) | Self::Blob(_) => Err(Box::new(WrongType::new::<Self>(ty.clone()))),
        }
    }

    fn accepts(_: &Type) -> bool {
        true // Decided with the value in hand.
    }

    fn to_sql_checked(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.to_sql(ty, out)
    }
}

impl<'a> FromSql<'a> for Value<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        match *ty {
            Type::INT8 => i64::from_sql(ty, raw).map(Self::Int),
            Type::INT4 => i32::from_sql(ty, raw).map(Self::from),
            Type::BYTEA => <&[u8]>::from_sql(ty, raw).map(Self::Blob),
            _ => <&str>::from_sql(ty, raw).map(Self::Text),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT8, Type::INT4, Type::BYTEA].contains(ty) || <&str as FromSql>::accepts(ty)
    }
}

impl From<::postgres::Error> for Failure {
    fn from(error: ::postgres::Error) -> Self {
        let Some(cause) = error.as_db_error() else {
            let because = error.source().map(|source| format!(": {source}")).unwrap_or_default();
            let text = format!("{error}{because}");
            // A value that does not fit its column never left this process; everything else was said by the connection.
            let unsent = error.source().is_some_and(|source| source.is::<WrongType>() || source.is::<std::num::TryFromIntError>());
            return if unsent {
                Self::new(Reach::Statement, StoreError::Internal(text))
            } else {
                Self::new(Reach::Connection, StoreError::Unavailable(text))
            };
        };
        let text = format!("{} ({})", cause.message(), cause.code().code());
        match cause.code() {
            &SqlState::UNIQUE_VIOLATION => Self::new(Reach::Statement, StoreError::Conflict { on: columns_of(cause) }),
            &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => {
                Self::new(Reach::Collision, StoreError::Unavailable(text))
            }
            &SqlState::DISK_FULL => Self::new(Reach::Transaction, StoreError::Full),
            &SqlState::QUERY_CANCELED | &SqlState::LOCK_NOT_AVAILABLE => Self::new(Reach::Statement, StoreError::Unavailable(text)),
            // A server that became a standby answers so: the writable one must be found again.
            &SqlState::READ_ONLY_SQL_TRANSACTION => Self::new(Reach::Connection, StoreError::Unavailable(text)),
            // Classes: 08 the connection, 53 resources, 57P the administrator, 58 the server's system.
            code if ["08", "57P", "58"].iter().any(|class| code.code().starts_with(class)) => {
                Self::new(Reach::Connection, StoreError::Unavailable(text))
            }
            code if code.code().starts_with("53") => Self::new(Reach::Transaction, StoreError::Unavailable(text)),
            _ => Self::new(Reach::Statement, StoreError::Internal(text)),
        }
    }
}

/// `table.column, table.column` of a unique violation, as `SQLite` says it.
fn columns_of(cause: &DbError) -> String {
    let table = cause.table().unwrap_or("table");
    // The detail reads "Key (merchant_id, reference)=(…) already exists."; what follows "=" are stored values.
    let columns = cause.detail().and_then(|detail| detail.split_once('(')).and_then(|(_, rest)| rest.split_once(")="));
    match columns {
        Some((columns, _)) => columns.split(", ").map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", "),
        None => cause.constraint().unwrap_or(table).to_owned(),
    }
}
