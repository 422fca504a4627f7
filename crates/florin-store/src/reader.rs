//! Readings: inline on pooled `SQLite` connections, on a few blocking threads for `PostgreSQL`.
//!
//! Nothing here can write: the connections are opened for reading. Invariant: a reading sees every write that was answered
//! before it began.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::mpsc;

use crate::engine::Session;
use crate::error::{Failure, Reach};
use crate::operation::{Operation, guarded};
use crate::server::{Purpose, Server};
use crate::store::Digest;
use crate::{StoreError, Tx, sqlite};

/// How many `PostgreSQL` connections read at once.
const WORKERS: usize = 8;

/// The connections of one database file.
pub(crate) struct Files {
    path: PathBuf,
    connections: Vec<Mutex<Connection>>,
    next: AtomicUsize,
}

impl Files {
    pub(crate) fn open(path: PathBuf) -> Result<Self, StoreError> {
        let many = std::thread::available_parallelism().map_or(4, |cores| cores.get().max(4));
        let connections = (0..many).map(|_| sqlite::open_reader(&path).map(Mutex::new)).collect::<Result<_, _>>()?;
        Ok(Self { path, connections, next: AtomicUsize::new(0) })
    }

    /// Runs a reading on the first free connection, here and now: a page in memory costs microseconds.
    pub(crate) fn read<T, E: From<StoreError>>(
        &self,
        digest: Digest,
        mut operation: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let turn = |step: usize| &self.connections[first.wrapping_add(step) % self.connections.len()];
        let free = (0..self.connections.len()).find_map(|step| match turn(step).try_lock() {
            Ok(connection) => Some(connection),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        });
        let connection = free.unwrap_or_else(|| turn(0).lock().unwrap_or_else(PoisonError::into_inner));
        guarded(&mut operation, &mut Tx::new(Session::Sqlite(sqlite::Session::brief(&connection)), digest))
    }

    /// Runs a long reading of one unchanging state on a connection of its own. Blocks.
    pub(crate) fn snapshot<T, E: From<StoreError>>(
        &self,
        digest: Digest,
        mut operation: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let connection = sqlite::open_reader(&self.path)?;
        let mut tx = Tx::new(Session::Sqlite(sqlite::Session::brief(&connection)), digest);
        tx.begin_snapshot().map_err(|failure| failure.error)?;
        guarded(&mut operation, &mut tx) // Closing the connection ends the transaction.
    }

    /// What the engine finds wrong with the file. Blocks, long.
    pub(crate) fn integrity(&self, digest: Digest) -> Result<Vec<String>, StoreError> {
        let connection = sqlite::open_reader(&self.path)?;
        let mut tx = Tx::new(Session::Sqlite(sqlite::Session::brief(&connection)), digest);
        tx.integrity().map_err(|failure| failure.error)
    }
}

/// Threads that read from a server, each with a connection it makes when it needs one.
pub(crate) struct Workers {
    queue: Option<mpsc::Sender<Box<dyn Operation>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    pub(crate) fn start(server: &Arc<Server>, digest: Digest, waiting: usize) -> Result<Self, StoreError> {
        let (queue, operations) = mpsc::channel(waiting);
        let operations = Arc::new(Mutex::new(operations));
        let threads = (0..WORKERS)
            .map(|number| {
                let (server, operations) = (Arc::clone(server), Arc::clone(&operations));
                std::thread::Builder::new().name(format!("florin-read-{number}")).spawn(move || work(&server, digest, &operations))
            })
            .collect::<Result<_, _>>()
            .map_err(|error| StoreError::Unavailable(format!("no thread for a reader: {error}")))?;
        Ok(Self { queue: Some(queue), threads })
    }

    pub(crate) fn queue(&self) -> Option<&mpsc::Sender<Box<dyn Operation>>> {
        self.queue.as_ref()
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.queue = None;
        // A reading that owned the last clone of the store drops it on a reader's own thread, which cannot wait for itself.
        let here = std::thread::current().id();
        for thread in self.threads.drain(..).filter(|thread| thread.thread().id() != here) {
            let _ = thread.join();
        }
    }
}

fn work(server: &Server, digest: Digest, operations: &Mutex<mpsc::Receiver<Box<dyn Operation>>>) {
    let mut tx = None;
    loop {
        let next = operations.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(mut operation) = next else { return };
        if operation.abandoned() {
            continue;
        }
        // A server that restarted has closed the connection: a reading may simply be run again on a new one.
        for last in [false, true] {
            let Err(failure) = attempt(&mut tx, server, digest, operation.as_mut()) else { break };
            let again = failure.reach == Reach::Connection && !last;
            if !again {
                operation.refuse(failure.error);
                break;
            }
        }
        operation.answer();
    }
}

fn attempt(kept: &mut Option<Tx<'static>>, server: &Server, digest: Digest, operation: &mut dyn Operation) -> Result<(), Failure> {
    let mut tx = if let Some(tx) = kept.take() {
        tx
    } else {
        let session = server.connect(Purpose::Read).map_err(|error| Failure::new(Reach::Transaction, error))?;
        Tx::new(Session::Postgres(Box::new(session)), digest)
    };
    tx.forget();
    if operation.wants_snapshot() {
        tx.begin_snapshot()?;
    }
    operation.run(&mut tx);
    if let Some(failure) = tx.loss() {
        return Err(failure.clone()); // The connection goes with it: it is not known what state it is in.
    }
    if operation.wants_snapshot() {
        tx.rollback()?;
    }
    *kept = Some(tx);
    Ok(())
}
