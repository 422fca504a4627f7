//! What an operation sees of the database: statements inside one transaction, and savepoints inside that.
//!
//! No table is named here; the nouns' files add their methods to [`Tx`]. Invariant: once a statement was refused nothing
//! written since the enclosing savepoint is kept, on either engine, even when the operation looks away from the error.

use std::fmt::Write;

use crate::StoreError;
use crate::engine::{Marker, Session};
use crate::error::{Failure, Reach};
use crate::migrate::Migration;
use crate::store::Digest;
use crate::value::{Row, Value};

/// A transaction in progress: a batch of the writer, or a reading.
///
/// Statements are `&'static str` constants, prepared once a connection. Parameters `$1..$n` must first appear in ascending
/// order. A refused statement (a [`StoreError::Conflict`] too) ends the enclosing savepoint: every later statement answers
/// the same error until the savepoint is rolled back. [`StoreError::Stale`] and [`StoreError::Corrupt`] refuse nothing.
pub struct Tx<'c> {
    session: Session<'c>,
    digest: Digest,
    /// Number and hash of the last ledger entry: read once a batch, forgotten with the savepoint that moved it.
    pub(crate) head: Option<(i64, [u8; 32])>,
    /// Whether something to announce was written; the relay is woken after the commit.
    pub(crate) announced: bool,
    /// The first refused statement since the enclosing savepoint began.
    refused: Option<StoreError>,
    /// What ended the whole transaction; nothing but a rollback can follow.
    lost: Option<Failure>,
    wrote: bool,
    depth: u32,
}

/// A point to return to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    head: Option<(i64, [u8; 32])>,
    announced: bool,
    wrote: bool,
    depth: u32,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(session: Session<'c>, digest: Digest) -> Self {
        Self { session, digest, head: None, announced: false, refused: None, lost: None, wrote: false, depth: 0 }
    }

    /// Runs a statement and answers how many rows it changed.
    ///
    /// # Errors
    /// What the engine refuses: [`StoreError::Conflict`] for a row that exists, [`StoreError::Full`],
    /// [`StoreError::Unavailable`], or [`StoreError::Internal`] for a statement that is wrong.
    pub fn execute(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, StoreError> {
        self.ready()?;
        let outcome = self.session.execute(sql, params);
        let changed = self.noted(outcome)?;
        self.wrote |= changed > 0;
        Ok(changed)
    }

    /// Runs a statement that must change exactly one row.
    ///
    /// # Errors
    /// [`StoreError::Stale`] unless it did; else as [`Tx::execute`].
    pub fn execute_one(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<(), StoreError> {
        if self.execute(sql, params)? == 1 { Ok(()) } else { Err(StoreError::Stale) }
    }

    /// Reads the first row of the answer, if there is one.
    ///
    /// # Errors
    /// What the engine or `read` refuses.
    pub fn query_one<T>(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut read = Some(read);
        let mut found = None;
        self.each(sql, params, &mut |row| {
            found = read.take().map(|read| read(row));
            false
        })?;
        found.transpose()
    }

    /// Reads every row of the answer.
    ///
    /// # Errors
    /// What the engine refuses, or the first row that `read` refuses.
    pub fn query<T>(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = Vec::new();
        let mut unreadable = None;
        self.each(sql, params, &mut |row| match read(row) {
            Ok(value) => {
                rows.push(value);
                true
            }
            Err(error) => {
                unreadable = Some(error);
                false
            }
        })?;
        unreadable.map_or(Ok(rows), Err)
    }

    /// Runs `operation` so that all of it is kept, or, on `Err`, nothing. Savepoints nest.
    ///
    /// # Errors
    /// What `operation` answers, or what the engine refuses.
    pub fn savepoint<T, E: From<StoreError>>(&mut self, operation: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        self.ready()?;
        let mark = self.enter()?;
        let mut outcome = operation(self);
        if let (Ok(_), Some(error)) = (&outcome, &self.refused) {
            outcome = Err(E::from(error.clone()));
        }
        self.leave(mark, outcome.is_ok())?;
        outcome
    }

    /// The SHA-256 of `bytes`: the one hash function the store was opened with.
    pub fn digest(&self, bytes: &[u8]) -> [u8; 32] {
        (self.digest)(bytes)
    }

    fn each(&mut self, sql: &'static str, params: &[Value<'_>], each: &mut dyn FnMut(&Row<'_>) -> bool) -> Result<(), StoreError> {
        self.ready()?;
        let outcome = self.session.query(sql, params, each);
        self.noted(outcome)?;
        self.wrote |= !only_reads(sql);
        Ok(())
    }

    fn ready(&self) -> Result<(), StoreError> {
        let spent = self.lost.as_ref().map(|failure| &failure.error).or(self.refused.as_ref());
        spent.map_or(Ok(()), |error| Err(error.clone()))
    }

    /// Takes a savepoint's failure for the whole transaction's: nobody knows any more what a commit would keep.
    fn stepped(&mut self, outcome: Result<(), Failure>) -> Result<(), StoreError> {
        self.noted(outcome.map_err(|failure| match failure.reach {
            Reach::Statement => Failure { reach: Reach::Collision, ..failure },
            Reach::Transaction | Reach::Collision | Reach::Connection => failure,
        }))
    }

    fn noted<T>(&mut self, outcome: Result<T, Failure>) -> Result<T, StoreError> {
        outcome.map_err(|failure| {
            let error = failure.error.clone();
            if failure.reach == Reach::Statement {
                self.refused = Some(failure.error);
            } else {
                self.lost = Some(failure);
            }
            error
        })
    }
}

/// What the threads that own a connection do with it.
impl Tx<'_> {
    /// Begins a batch; the marker tells later whether it was committed.
    pub(crate) fn begin(&mut self) -> Result<Option<Marker>, Failure> {
        self.forget();
        self.session.begin()
    }

    /// Begins a reading of one unchanging state.
    pub(crate) fn begin_snapshot(&mut self) -> Result<(), Failure> {
        self.forget();
        self.session.begin_snapshot()
    }

    pub(crate) fn begin_migration(&mut self) -> Result<(), Failure> {
        self.forget();
        self.session.begin_migration()
    }

    pub(crate) fn commit(&mut self) -> Result<(), Failure> {
        self.session.commit()
    }

    pub(crate) fn rollback(&mut self) -> Result<(), Failure> {
        self.forget();
        self.session.rollback()
    }

    /// Forgets what the transaction before this one left behind.
    pub(crate) fn forget(&mut self) {
        self.start(Mark { head: None, announced: false, wrote: false, depth: 0 });
        self.lost = None;
    }

    /// Marks where an operation starts that runs without a savepoint.
    pub(crate) fn mark(&mut self) -> Mark {
        self.refused = None;
        self.wrote = false;
        Mark { head: self.head, announced: self.announced, wrote: false, depth: self.depth }
    }

    /// Returns to a mark after an operation that left nothing in the database.
    pub(crate) fn start(&mut self, mark: Mark) {
        Mark { head: self.head, announced: self.announced, wrote: self.wrote, depth: self.depth } = mark;
        self.refused = None;
    }

    /// Opens a savepoint.
    pub(crate) fn enter(&mut self) -> Result<Mark, StoreError> {
        let mark = Mark { head: self.head, announced: self.announced, wrote: self.wrote, depth: self.depth };
        let opened = self.session.savepoint();
        self.stepped(opened)?;
        self.depth += 1;
        Ok(mark)
    }

    /// Closes the savepoint of `mark`, and those a panic left open inside it.
    pub(crate) fn leave(&mut self, mark: Mark, keep: bool) -> Result<(), StoreError> {
        if let Some(failure) = &self.lost {
            return Err(failure.error.clone());
        }
        while self.depth > mark.depth {
            let closed = if keep { self.session.release() } else { self.session.rollback_to_savepoint() };
            self.stepped(closed)?;
            self.depth -= 1;
        }
        if !keep {
            self.start(mark);
        }
        Ok(())
    }

    /// The refused statement that the operation since the last mark ran into.
    pub(crate) fn refusal(&self) -> Option<&StoreError> {
        self.refused.as_ref()
    }

    /// Why the transaction cannot go on.
    pub(crate) fn loss(&self) -> Option<&Failure> {
        self.lost.as_ref()
    }

    /// Whether only a rollback can undo what happened since the last mark.
    pub(crate) fn spoilt(&self) -> bool {
        self.wrote || self.depth > 0 || (self.refused.is_some() && self.session.refusal_spoils())
    }

    pub(crate) fn committed(&mut self, marker: &Marker) -> Result<bool, Failure> {
        self.session.committed(marker)
    }

    pub(crate) fn integrity(&mut self) -> Result<Vec<String>, Failure> {
        self.session.integrity()
    }

    /// Runs a migration's statements and records it.
    pub(crate) fn apply(&mut self, migration: &Migration) -> Result<(), Failure> {
        let text = self.session.text_of(migration);
        let checksum = self.checksum(migration);
        self.session.script(text)?;
        let record = self.session.record_migration();
        self.session.execute(record, &[migration.number.into(), migration.name.into(), (&checksum).into()]).map(|_| ())
    }

    /// The hexadecimal SHA-256 of a migration's text, as `sha256sum` prints it.
    pub(crate) fn checksum(&self, migration: &Migration) -> String {
        self.digest(self.session.text_of(migration).as_bytes()).iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}"); // Writing to a string cannot fail.
            text
        })
    }

    pub(crate) fn script(&mut self, sql: &str) -> Result<(), Failure> {
        self.session.script(sql)
    }
}

/// Whether a query cannot have changed anything; one that begins with `WITH` is taken to have.
fn only_reads(sql: &str) -> bool {
    sql.trim_ascii_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("SELECT"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite;

    #[test]
    fn what_a_batch_carries_goes_back_with_its_savepoint() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let mut tx = Tx::new(Session::Sqlite(sqlite::Session::lasting(&connection)), |_| [0; 32]);
        tx.begin().unwrap();
        tx.head = Some((1, [1; 32]));
        let move_on = |tx: &mut Tx<'_>, outcome: Result<(), StoreError>| {
            tx.savepoint(|tx| {
                tx.head = Some((2, [2; 32]));
                tx.announced = true;
                outcome
            })
        };
        assert_eq!(move_on(&mut tx, Err(StoreError::Stale)), Err(StoreError::Stale));
        assert_eq!((tx.head, tx.announced), (Some((1, [1; 32])), false));
        assert_eq!(move_on(&mut tx, Ok(())), Ok(()));
        assert_eq!((tx.head, tx.announced), (Some((2, [2; 32])), true));
        tx.rollback().unwrap();
        assert_eq!((tx.head, tx.announced), (None, false));
    }

    #[test]
    fn reading_and_writing_queries_are_told_apart() {
        assert!(only_reads("\n  select 1"));
        assert!(!only_reads("INSERT INTO a (b) VALUES ($1) RETURNING b"));
        assert!(!only_reads("WITH c AS (SELECT 1) SELECT 1"));
    }
}
