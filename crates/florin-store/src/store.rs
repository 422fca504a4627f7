//! The door: a database, opened and migrated, to write to and read from.
//!
//! It holds no SQL and no rule. Invariant: every call is answered within its time limit, whatever the engine does.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::error::{SendTimeoutError, TrySendError};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::engine::Session;
use crate::operation::{Asked, Operation};
use crate::reader::{Files, Workers};
use crate::server::{Purpose, Server};
use crate::writer::{Message, Source, Writer};
use crate::{StoreError, Tx, migrate, sqlite};

/// SHA-256, handed in because cryptography is another crate's.
pub type Digest = fn(&[u8]) -> [u8; 32];

/// How many operations may wait; those beyond it wait at the door, up to [`PATIENCE`].
const WAITING: usize = 4096;
/// How long a caller waits, for a place in the queue and again for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which database to open. Its `Debug` does not show a URL, which may hold a password.
#[derive(Clone)]
pub enum Database {
    /// A file on this machine; its directory must exist.
    Sqlite {
        /// Where the file is, or will be made.
        path: PathBuf,
    },
    /// A server, for more than one machine.
    Postgres {
        /// `postgres://user:password@host/database`, with `sslmode=require` for verified TLS.
        url: String,
    },
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => f.debug_struct("Sqlite").field("path", path).finish(),
            Self::Postgres { .. } => f.debug_struct("Postgres").finish_non_exhaustive(),
        }
    }
}

/// A database, open. Cheap to clone; the last clone to go finishes the queue and closes the connections.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

struct Inner {
    digest: Digest,
    announce: Arc<Notify>,
    readers: Option<Readers>,
    queue: Option<mpsc::Sender<Message>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Clone)]
enum Readers {
    Files(Arc<Files>),
    Workers(Arc<Workers>),
}

impl Store {
    /// Opens and migrates a database, and starts its writer.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it cannot be reached, [`StoreError::Drift`] when it belongs to another version,
    /// [`StoreError::Internal`] when a setting is wrong.
    pub async fn open(database: Database, digest: Digest) -> Result<Self, StoreError> {
        Self::start(database, digest, migrate::migrate).await
    }

    /// Opens a database to look at it, and leaves its tables as they are.
    ///
    /// # Errors
    /// [`StoreError::Drift`] when its tables are not exactly those of this program; else as [`Store::open`].
    pub async fn inspect(database: Database, digest: Digest) -> Result<Self, StoreError> {
        Self::start(database, digest, migrate::inspect).await
    }

    async fn start(database: Database, digest: Digest, check: Check) -> Result<Self, StoreError> {
        let (queue, messages) = mpsc::channel(WAITING);
        let announce = Arc::new(Notify::new());
        let (ready, opened) = oneshot::channel();
        let bell = Arc::clone(&announce);
        let writer = std::thread::Builder::new()
            .name("florin-write".to_owned())
            .spawn(move || match open(database, digest, check) {
                Ok((source, readers)) => {
                    // If nobody waits for the store any more, the queue is closed and the writer ends at once.
                    let _ = ready.send(Ok(readers));
                    Writer::new(&source, digest).serve(messages, &bell);
                }
                Err(error) => {
                    let _ = ready.send(Err(error));
                }
            })
            .map_err(|error| StoreError::Unavailable(format!("no thread for the writer: {error}")))?;
        let readers = opened.await.unwrap_or_else(|_| Err(StoreError::Panicked))?;
        let inner = Inner { digest, announce, readers: Some(readers), queue: Some(queue), writer: Mutex::new(Some(writer)) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Runs an operation and answers once its rows are durable. On `Err` none of them are kept.
    ///
    /// The closure may run more than once, so its only effects are rows and its answer. It runs on the writer's thread and
    /// must not wait for anything. If the caller goes away before the operation began, it never runs.
    ///
    /// # Errors
    /// What the closure answers; [`StoreError::Full`]; [`StoreError::Panicked`]; or [`StoreError::Unavailable`] when the queue
    /// stayed full, the engine is away, or no answer came in time. Only then the rows may have been kept all the same, so
    /// whoever repeats the operation brings its idempotency key.
    pub async fn write<T, E, F>(&self, operation: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let Some(queue) = &self.inner.queue else { return Err(closed().into()) };
        let (asked, answer) = asked(operation, false);
        enqueue(queue, Message::Run(asked)).await?;
        answered(answer, Some(PATIENCE)).await
    }

    /// Runs a short reading: some rows by key, a page of a list. Each statement sees the newest state.
    ///
    /// # Errors
    /// What the closure answers; [`StoreError::Unavailable`] when the engine is away, or [`StoreError::Panicked`].
    pub async fn read<T, E, F>(&self, operation: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match self.readers()? {
            Readers::Files(files) => files.read(self.inner.digest, operation),
            Readers::Workers(workers) => {
                let Some(queue) = workers.queue() else { return Err(closed().into()) };
                let (asked, answer) = asked(operation, false);
                enqueue(queue, asked).await?;
                answered(answer, Some(PATIENCE)).await
            }
        }
    }

    /// Runs a long reading of one unchanging state, such as a check of the whole ledger. Writes go on beside it.
    ///
    /// # Errors
    /// As [`Store::read`], but with no time limit once it has begun.
    pub async fn snapshot<T, E, F>(&self, operation: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match self.readers()?.clone() {
            Readers::Files(files) => {
                let digest = self.inner.digest;
                let reading = tokio::task::spawn_blocking(move || files.snapshot(digest, operation));
                reading.await.unwrap_or_else(|_| Err(StoreError::Panicked.into()))
            }
            Readers::Workers(workers) => {
                let Some(queue) = workers.queue() else { return Err(closed().into()) };
                let (asked, answer) = asked(operation, true);
                enqueue(queue, asked).await?;
                answered(answer, None).await
            }
        }
    }

    /// Asks the engine to check its own files; an empty list is a clean bill. On `PostgreSQL`, which has tools of its own for
    /// this, the list is always empty.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the check could not be made.
    pub async fn integrity_check(&self) -> Result<Vec<String>, StoreError> {
        let Readers::Files(files) = self.readers()?.clone() else { return Ok(Vec::new()) };
        let digest = self.inner.digest;
        let check = tokio::task::spawn_blocking(move || files.integrity(digest));
        check.await.unwrap_or(Err(StoreError::Panicked))
    }

    /// Rings after each commit that announced something. A ring that nobody waits for is kept until someone does.
    pub fn on_announce(&self) -> Arc<Notify> {
        Arc::clone(&self.inner.announce)
    }

    /// Finishes every waiting write, then stops the writer. Later writes answer [`StoreError::Unavailable`]; reads go on.
    pub async fn close(&self) {
        if let Some(queue) = &self.inner.queue {
            // It fails only when the writer has stopped already.
            let _ = queue.send(Message::Close).await;
        }
        let writer = self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = tokio::task::spawn_blocking(move || writer.join()).await;
        }
    }

    fn readers(&self) -> Result<&Readers, StoreError> {
        self.inner.readers.as_ref().ok_or_else(closed)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The readers first: whoever closes an SQLite file last folds the log into it, and only the writer may.
        self.readers = None;
        self.queue = None;
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // An operation that owned the last clone drops it on the writer's own thread, which cannot wait for itself.
        if let Some(writer) = writer.filter(|writer| writer.thread().id() != std::thread::current().id()) {
            let _ = writer.join();
        }
    }
}

fn open(database: Database, digest: Digest, check: Check) -> Result<(Source, Readers), StoreError> {
    match database {
        Database::Sqlite { path } => {
            let connection = sqlite::open_writer(&path)?;
            check(Session::Sqlite(sqlite::Session::brief(&connection)), digest)?;
            let readers = Readers::Files(Arc::new(Files::open(path)?));
            Ok((Source::Sqlite(Box::new(connection)), readers))
        }
        Database::Postgres { url } => {
            let server = Arc::new(Server::new(&url)?);
            check(Session::Postgres(Box::new(server.connect(Purpose::Migrate)?)), digest)?;
            let readers = Readers::Workers(Arc::new(Workers::start(&server, digest, WAITING)?));
            Ok((Source::Postgres(server), readers))
        }
    }
}

/// What is done with the tables before a database is used.
type Check = fn(Session<'_>, Digest) -> Result<(), StoreError>;

type Answer<T, E> = oneshot::Receiver<Result<T, E>>;

fn asked<T, E, F>(run: F, snapshot: bool) -> (Box<dyn Operation>, Answer<T, E>)
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Asked { run, snapshot, outcome: None, reply }), answer)
}

async fn enqueue<M>(queue: &mpsc::Sender<M>, message: M) -> Result<(), StoreError> {
    let message = match queue.try_send(message) {
        Ok(()) => return Ok(()),
        Err(TrySendError::Closed(_)) => return Err(closed()),
        Err(TrySendError::Full(message)) => message,
    };
    queue.send_timeout(message, PATIENCE).await.map_err(|error| match error {
        SendTimeoutError::Timeout(_) => StoreError::Unavailable("too many operations are waiting".to_owned()),
        SendTimeoutError::Closed(_) => closed(),
    })
}

async fn answered<T, E: From<StoreError>>(answer: Answer<T, E>, patience: Option<Duration>) -> Result<T, E> {
    let answer = match patience {
        Some(patience) => tokio::time::timeout(patience, answer).await,
        None => Ok(answer.await),
    };
    match answer {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(closed().into()),
        Err(_) => Err(StoreError::Unavailable("no answer in time".to_owned()).into()),
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}
