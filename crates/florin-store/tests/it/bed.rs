//! Where a case runs: an empty database of one engine, and the tricks to make writes meet in one batch.

use std::future::{Future, poll_fn};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::task::Poll;

use florin_domain::Timestamp;
use florin_store::{Database, Row, Store, StoreError, Tx, Violation};
use florin_testkit::Postgres;

/// Runs each case once for each engine.
macro_rules! on_both_engines {
    ($($case:ident)*) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $case() { super::$case(&crate::bed::Bed::sqlite().store().await).await; })*
        }
        mod on_postgres {
            $(#[tokio::test] async fn $case() { super::$case(&crate::bed::Bed::postgres().store().await).await; })*
        }
    };
}
pub(crate) use on_both_engines;

/// The present of the cases.
pub const NOW: Timestamp = Timestamp::from_micros(1_795_255_800_000_000);
/// One text for both engines: `SQLite` takes any name for a type.
pub const TABLE: &str = "CREATE TABLE things (id BIGINT PRIMARY KEY, words TEXT, bytes BYTEA, version BIGINT NOT NULL DEFAULT 0)";
pub const INSERT: &str = "INSERT INTO things (id, words) VALUES ($1, $2)";
pub const IDS: &str = "SELECT id FROM things ORDER BY id";
pub const BUMP: &str = "UPDATE things SET version = version + 1 WHERE id = $1";
pub const VERSION: &str = "SELECT version FROM things WHERE id = $1";

/// An empty database, gone with the value where it is a file.
pub struct Bed {
    pub database: Database,
    directory: Option<PathBuf>,
}

impl Bed {
    pub fn sqlite() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("florin-store-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        Self { database: Database::Sqlite { path: directory.join("florin.db") }, directory: Some(directory) }
    }

    pub fn postgres() -> Self {
        Self { database: Database::Postgres { url: Postgres::shared().fresh_database() }, directory: None }
    }

    /// A store on this database; several may be open.
    pub async fn store(&self) -> Store {
        Store::open(self.database.clone(), digest).await.unwrap()
    }

    /// A store with the table `things`.
    pub async fn things(&self) -> Store {
        let store = self.store().await;
        store.write(|tx| tx.execute(TABLE, &[])).await.unwrap();
        store
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        if let Some(directory) = &self.directory {
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

/// Not SHA-256, but as long and good enough to see a changed byte.
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    std::array::from_fn(|lane| {
        let start = u64::try_from(lane).unwrap() ^ 0xcbf2_9ce4_8422_2325;
        let hash = bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        hash.to_be_bytes()[0]
    })
}

pub fn insert(tx: &mut Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.execute_one(INSERT, &[id.into(), "a thing".into()])
}

pub async fn ids(store: &Store) -> Vec<i64> {
    store.read(|tx| tx.query(IDS, &[], |row: &Row<'_>| row.int(0))).await.unwrap()
}

pub async fn version(store: &Store, id: i64) -> i64 {
    store.read(move |tx| tx.query_one(VERSION, &[id.into()], |row| row.int(0))).await.unwrap().unwrap()
}

/// The writer, busy with an operation until this is dropped: what is asked meanwhile becomes one batch.
pub struct Held {
    release: Option<mpsc::Sender<()>>,
}

impl Held {
    pub async fn hold(store: &Store) -> Self {
        let (release, wait) = mpsc::channel::<()>();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let mut begun = Some(begun);
        let store = store.clone();
        tokio::spawn(async move {
            let held = store.write(move |_| {
                if let Some(begun) = begun.take() {
                    begun.send(()).unwrap();
                }
                let _ = wait.recv();
                Ok::<_, StoreError>(())
            });
            let _ = held.await;
        });
        begins.await.unwrap();
        Self { release: Some(release) }
    }

    pub fn release(mut self) {
        self.release = None;
    }
}

/// A future that has begun: the write is in the queue, in the order of the calls.
pub async fn begun<F: Future>(future: F) -> Pin<Box<F>> {
    let mut future = Box::pin(future);
    poll_fn(|cx| {
        assert!(future.as_mut().poll(cx).is_pending(), "the writer was to be busy");
        Poll::Ready(())
    })
    .await;
    future
}

/// Runs an operation that must succeed.
pub async fn write<T: Send + 'static>(store: &Store, operation: impl Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static) -> T {
    store.write(operation).await.unwrap()
}

/// Answers with what a fraud breaks, and takes it back.
pub async fn undone(store: &Store, fraud: &'static str) -> Result<(), Vec<Violation>> {
    struct Found(Vec<Violation>);
    impl From<StoreError> for Found {
        fn from(error: StoreError) -> Self {
            panic!("{error}")
        }
    }
    let outcome = store.write(move |tx| {
        tx.execute(fraud, &[])?;
        Err::<(), _>(Found(tx.list_violations()?))
    });
    outcome.await.map_err(|found| found.0)
}
