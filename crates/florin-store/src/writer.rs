//! Group commit: one thread a process runs every waiting operation in one transaction and commits once for all of them.
//!
//! It decides nothing about rows. Invariant: no operation is answered before the commit that holds its rows, and none of its
//! rows are kept when it answered an error.
//!
//! Operations run without savepoints at first, because nearly all of them succeed. When one fails after it wrote, the whole
//! batch is rolled back and run again with a savepoint each, as are the next few batches: failures come in swarms.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use crate::engine::{Marker, Session};
use crate::error::{Failure, Reach};
use crate::operation::Operation;
use crate::server::{Purpose, Server};
use crate::store::Digest;
use crate::{StoreError, Tx, sqlite};

/// The most operations one commit carries.
const BATCH: usize = 512;
/// How often a batch is run before its callers are told to come back later.
const ATTEMPTS: u32 = 5;
/// How many batches run with savepoints after one had to be repeated.
const CAUTION: u32 = 16;

/// After a batch of this many, those who were answered are about to ask again.
const CROWD: usize = 8;
/// How long one look at the queue waits for them, and how many looks there are.
const LOOK: Duration = Duration::from_micros(100);
const LOOKS: u32 = 10;

/// What travels to the writer thread.
pub(crate) enum Message {
    Run(Box<dyn Operation>),
    Close,
}

/// Where the writer's connection comes from.
pub(crate) enum Source {
    Sqlite(Box<rusqlite::Connection>),
    Postgres(Arc<Server>),
}

impl Source {
    fn connect(&self, digest: Digest) -> Result<Tx<'_>, StoreError> {
        let session = match self {
            Self::Sqlite(connection) => Session::Sqlite(sqlite::Session::lasting(connection)),
            Self::Postgres(server) => Session::Postgres(Box::new(server.connect(Purpose::Write)?)),
        };
        Ok(Tx::new(session, digest))
    }
}

/// Why a batch did not come to its commit.
enum Halt {
    /// An operation failed after it wrote, without a savepoint to return to.
    Spoilt,
    Lost(Failure),
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Lost(failure)
    }
}

pub(crate) struct Writer<'s> {
    source: &'s Source,
    digest: Digest,
    tx: Option<Tx<'s>>,
    /// How many more batches run with savepoints.
    caution: u32,
    /// A commit whose answer was lost, and whether the batch had something to announce.
    doubt: Option<(Marker, bool)>,
}

impl<'s> Writer<'s> {
    pub(crate) fn new(source: &'s Source, digest: Digest) -> Self {
        Self { source, digest, tx: None, caution: 0, doubt: None }
    }

    /// Serves the queue until it is closed and empty.
    pub(crate) fn serve(mut self, mut queue: mpsc::Receiver<Message>, announce: &Notify) {
        let mut messages = Vec::with_capacity(BATCH);
        let mut operations: Vec<Box<dyn Operation>> = Vec::with_capacity(BATCH);
        let mut served = 0;
        loop {
            gather(&queue, served);
            if queue.blocking_recv_many(&mut messages, BATCH) == 0 {
                return;
            }
            for message in messages.drain(..) {
                match message {
                    Message::Run(operation) if operation.abandoned() => {}
                    Message::Run(operation) => operations.push(operation),
                    Message::Close => queue.close(),
                }
            }
            served = operations.len();
            if operations.is_empty() {
                continue;
            }
            match self.settle(&mut operations) {
                Ok(true) => announce.notify_one(),
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(%error, operations = operations.len(), "a batch was refused");
                    for operation in &mut operations {
                        operation.refuse(error.clone());
                    }
                }
            }
            operations.drain(..).for_each(Operation::answer);
        }
    }

    /// Runs a batch until it is committed or hopeless; answers whether there is something to announce.
    fn settle(&mut self, operations: &mut [Box<dyn Operation>]) -> Result<bool, StoreError> {
        let mut careful = self.caution > 0;
        self.caution = self.caution.saturating_sub(1);
        self.doubt = None;
        let mut reason = String::new();
        for _ in 0..ATTEMPTS {
            match self.round(operations, careful) {
                Ok(announced) => return Ok(announced),
                Err(Halt::Spoilt) => {
                    self.undo();
                    if operations.len() == 1 {
                        return Ok(false); // Its own error is its answer, and there was nobody beside it.
                    }
                    careful = true;
                    self.caution = CAUTION;
                }
                Err(Halt::Lost(Failure { reach, error })) => {
                    match reach {
                        Reach::Connection => self.tx = None,
                        Reach::Statement | Reach::Transaction | Reach::Collision => self.undo(),
                    }
                    if matches!(reach, Reach::Statement | Reach::Transaction) {
                        return Err(error);
                    }
                    reason = error.to_string();
                }
            }
        }
        Err(StoreError::Unavailable(format!("gave up after {ATTEMPTS} attempts: {reason}")))
    }

    /// Runs a batch once.
    fn round(&mut self, operations: &mut [Box<dyn Operation>], careful: bool) -> Result<bool, Halt> {
        let tx = if let Some(tx) = &mut self.tx {
            tx
        } else {
            let connected = self.source.connect(self.digest);
            self.tx.insert(connected.map_err(|error| Failure::new(Reach::Transaction, error))?)
        };
        if let Some((marker, announced)) = &self.doubt {
            if tx.committed(marker)? {
                return Ok(*announced); // The operations hold the outcomes of that commit.
            }
            self.doubt = None;
        }
        let marker = tx.begin()?;
        for operation in operations {
            perform(tx, operation.as_mut(), careful)?;
        }
        tx.commit().inspect_err(|failure| {
            if failure.reach == Reach::Connection {
                self.doubt = marker.map(|marker| (marker, tx.announced));
            }
        })?;
        Ok(tx.announced)
    }

    fn undo(&mut self) {
        if self.tx.as_mut().is_some_and(|tx| tx.rollback().is_err()) {
            self.tx = None;
        }
    }
}

/// Waits until the callers of the last batch are back, or most of them. Without it, the first of them would have a commit of
/// their own while the others wait for the next one: full and nearly empty batches in turn, at half the rate.
fn gather(queue: &mpsc::Receiver<Message>, served: usize) {
    for _ in 0..LOOKS {
        if served < CROWD || queue.len() >= served / 2 {
            return;
        }
        std::thread::sleep(LOOK);
    }
}

/// Runs one operation of a batch, with a savepoint of its own or without.
fn perform(tx: &mut Tx<'_>, operation: &mut dyn Operation, careful: bool) -> Result<(), Halt> {
    let mark = tx.mark();
    if careful {
        let _ = tx.enter(); // If it failed, `loss` says so.
    }
    let mut kept = tx.loss().is_none() && operation.run(tx);
    if let Some(failure) = tx.loss() {
        return Err(Halt::Lost(failure.clone()));
    }
    if let Some(error) = tx.refusal().filter(|_| kept) {
        // The operation looked away from the refusal, but its rows are not all there.
        operation.refuse(error.clone());
        kept = false;
    }
    if careful {
        let _ = tx.leave(mark, kept);
        return tx.loss().map_or(Ok(()), |failure| Err(Halt::Lost(failure.clone())));
    }
    match (kept, tx.spoilt()) {
        (true, _) => Ok(()),
        (false, true) => Err(Halt::Spoilt),
        (false, false) => {
            tx.start(mark);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Notify;

    use crate::{Database, Store, StoreError};

    /// Whether the bell has rung since it was last asked.
    async fn rang(bell: &Arc<Notify>) -> bool {
        tokio::select! {
            biased;
            () = bell.notified() => true,
            () = std::future::ready(()) => false,
        }
    }

    #[tokio::test]
    async fn the_bell_rings_after_a_commit_with_something_to_announce() {
        let path = std::env::temp_dir().join(format!("florin-store-bell-{}.db", std::process::id()));
        let store = Store::open(Database::Sqlite { path: path.clone() }, |_| [0; 32]).await.unwrap();
        let bell = store.on_announce();
        let announce = |outcome: Result<(), StoreError>| {
            store.write(move |tx| {
                tx.announced = true;
                outcome.clone()
            })
        };
        store.write(|_| Ok::<_, StoreError>(())).await.unwrap();
        assert!(!rang(&bell).await);
        announce(Err(StoreError::Stale)).await.unwrap_err();
        assert!(!rang(&bell).await);
        announce(Ok(())).await.unwrap();
        assert!(rang(&bell).await);
        drop(store);
        std::fs::remove_file(path).unwrap();
    }
}
