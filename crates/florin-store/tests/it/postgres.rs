//! What only `PostgreSQL` can do: go away, come back, lose an answer, and serve others at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use florin_store::{Database, Store, StoreError};
use florin_testkit::Postgres;

use crate::bed::{BUMP, Bed, VERSION, digest, ids, insert, version};
use crate::cut::{At, Cut};

/// Runs statements on a connection of its own, outside the store's habits.
fn outside(url: String, run: impl FnOnce(&mut postgres::Client) + Send + 'static) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || run(&mut postgres::Client::connect(&url, postgres::NoTls).unwrap()))
}

fn url(database: &Database) -> String {
    match database {
        Database::Postgres { url } => url.clone(),
        Database::Sqlite { .. } => unreachable!("asked for a server"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collision_with_someone_else_is_run_again() {
    let bed = Bed::postgres();
    let store = bed.things().await;
    store.write(|tx| insert(tx, 1)).await.unwrap();
    let (read, waiting) = std::sync::mpsc::channel::<()>();
    let (changed, change) = tokio::sync::oneshot::channel();
    let other = outside(url(&bed.database), move |client| {
        waiting.recv().unwrap();
        client.batch_execute("UPDATE things SET version = 100 WHERE id = 1").unwrap();
        changed.send(()).unwrap();
    });
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let mut change = Some(change);
    let bumped = store.write(move |tx| {
        let before = tx.query_one(VERSION, &[1.into()], |row| row.int(0))?;
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            read.send(()).unwrap();
            change.take().unwrap().blocking_recv().unwrap();
        }
        tx.execute_one(BUMP, &[1.into()])?;
        Ok::<_, StoreError>(before)
    });
    assert_eq!(bumped.await.unwrap(), Some(100), "the second run saw the change");
    other.join().unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    assert_eq!(version(&store, 1).await, 101);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_said_at_once_and_found_again() {
    let server = Postgres::start();
    let store = Store::open(Database::Postgres { url: server.fresh_database() }, digest).await.unwrap();
    store.write(|tx| tx.execute(crate::bed::TABLE, &[])).await.unwrap();
    for (number, crash) in [(1, false), (2, true)] {
        store.write(move |tx| insert(tx, number)).await.unwrap();
        assert_eq!(ids(&store).await.len(), usize::try_from(number).unwrap());
        if crash {
            server.crash();
        } else {
            server.stop();
        }
        let begun = Instant::now();
        for _ in 0..20 {
            let written = store.write(|tx| insert(tx, 9)).await;
            assert!(matches!(written, Err(StoreError::Unavailable(_))), "{written:?}");
            let read = store.read(|tx| tx.query(crate::bed::IDS, &[], |row| row.int(0))).await;
            assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
        }
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        server.restart();
        until_it_works(&store).await;
        assert_eq!(ids(&store).await.len(), usize::try_from(number).unwrap());
    }
}

/// The server is known to be away for a moment longer than it is.
async fn until_it_works(store: &Store) {
    let begun = Instant::now();
    while let Err(error) = store.write(|tx| tx.execute(BUMP, &[1.into()])).await {
        assert!(begun.elapsed() < Duration::from_secs(5), "{error}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_between_two_calls_is_not_noticed() {
    let server = Postgres::start();
    let store = Store::open(Database::Postgres { url: server.fresh_database() }, digest).await.unwrap();
    store.write(|tx| tx.execute(crate::bed::TABLE, &[])).await.unwrap();
    assert_eq!(ids(&store).await, [0; 0]);
    server.stop();
    server.restart();
    assert_eq!(ids(&store).await, [0; 0]);
    store.write(|tx| insert(tx, 1)).await.unwrap();
    assert_eq!(ids(&store).await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_happens_once() {
    commits_once(At::Answer, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_never_arrived_is_run_again() {
    commits_once(At::Request, 2).await;
}

async fn commits_once(at: At, expected_runs: u32) {
    let server = Postgres::start();
    let (cut, url) = Cut::beside(&server.fresh_database(), at);
    let store = Store::open(Database::Postgres { url }, digest).await.unwrap();
    store.write(|tx| tx.execute(crate::bed::TABLE, &[])).await.unwrap();
    store.write(|tx| insert(tx, 1)).await.unwrap();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    cut.arm();
    let bumped = store.write(move |tx| {
        counted.fetch_add(1, Ordering::SeqCst);
        tx.execute_one(BUMP, &[1.into()])
    });
    assert_eq!(bumped.await, Ok(()));
    assert!(!cut.is_armed(), "the wire did break");
    assert_eq!(version(&store, 1).await, 1);
    assert_eq!(runs.load(Ordering::SeqCst), expected_runs);
}

#[tokio::test]
async fn a_write_that_cannot_get_its_turn_is_told_in_time() {
    let bed = Bed::postgres();
    let store = bed.things().await;
    let (locked, lock) = tokio::sync::oneshot::channel();
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let other = outside(url(&bed.database), move |client| {
        client.batch_execute("BEGIN; LOCK TABLE turn IN EXCLUSIVE MODE").unwrap();
        locked.send(()).unwrap();
        wait.recv().unwrap();
    });
    lock.await.unwrap();
    tokio::time::pause();
    let refused = store.write(|tx| insert(tx, 1)).await;
    assert_eq!(refused, Err(StoreError::Unavailable("no answer in time".to_owned())));
    tokio::time::resume();
    done.send(()).unwrap();
    other.join().unwrap();
    store.write(|tx| insert(tx, 2)).await.unwrap();
    let kept = ids(&store).await;
    assert!(kept == [1, 2] || kept == [2], "unknown until now, but one or the other: {kept:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_cannot_be_opened() {
    let opened = Store::open(Database::Postgres { url: "postgres://florin@127.0.0.1:1/none".to_owned() }, digest).await;
    assert!(matches!(opened, Err(StoreError::Unavailable(_))), "{opened:?}");
    let opened = Store::open(Database::Postgres { url: "postgres://florin@127.0.0.1:1/none?no=option".to_owned() }, digest).await;
    assert!(matches!(opened, Err(StoreError::Internal(_))), "{opened:?}");
}
