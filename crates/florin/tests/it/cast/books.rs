//! An auditor: reads the database beside the running server and changes nothing.
//!
//! The stories prove what can be seen from outside; where money moved inside the house, the auditor reads it here.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::Database;

/// The open books.
pub struct Books(Mutex<Reader>);

enum Reader {
    File(rusqlite::Connection),
    Server(Box<postgres::Client>),
}

impl Books {
    /// Opens the books to read.
    pub fn open(database: &Database) -> Self {
        let reader = match database {
            Database::File(directory) => {
                let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX;
                Reader::File(rusqlite::Connection::open_with_flags(file_in(directory), flags).expect("the file opens"))
            }
            Database::Server(url) => {
                Reader::Server(Box::new(postgres::Client::connect(url, postgres::NoTls).expect("the server is there")))
            }
        };
        Self(Mutex::new(reader))
    }

    /// The only number that a statement without parameters gives; 0 if there is none.
    #[track_caller]
    pub fn number(&self, sql: &str) -> i64 {
        let mut reader = self.0.lock().expect("the auditor reads alone");
        match &mut *reader {
            Reader::File(connection) => {
                let found = connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
                found.unwrap_or_else(|error| panic!("{sql}: {error}")).unwrap_or(0)
            }
            Reader::Server(client) => {
                let row = client.query_one(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error}"));
                row.get::<_, Option<i64>>(0).unwrap_or(0)
            }
        }
    }

    /// The first column of every row, as text.
    #[track_caller]
    pub fn words(&self, sql: &str) -> Vec<String> {
        let mut reader = self.0.lock().expect("the auditor reads alone");
        match &mut *reader {
            Reader::File(connection) => {
                let mut statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
                let rows = statement.query_map([], |row| row.get(0)).expect("the statement runs");
                rows.map(|row| row.expect("a row of text")).collect()
            }
            Reader::Server(client) => {
                let rows = client.query(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error}"));
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// What an account of the ledger holds, in pence: debits less credits over all owners whose name begins so.
    #[track_caller]
    pub fn balance(&self, account: &str, owner: &str) -> i64 {
        self.number(&format!(
            "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM legs WHERE account = '{account}' AND owner LIKE '{owner}%'"
        ))
    }

    /// Counts rows.
    #[track_caller]
    pub fn count(&self, rows: &str) -> i64 {
        self.number(&format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {rows}"))
    }
}

/// The one database file in a data directory.
fn file_in(directory: &Path) -> PathBuf {
    let entries = fs::read_dir(directory).expect("the data directory can be listed");
    let mut files = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3\0")));
    files.next().expect("a database in the data directory")
}
