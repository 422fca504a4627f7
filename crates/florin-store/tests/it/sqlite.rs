//! What only `SQLite` can do: run out of disk, and be a file.

use std::os::unix::fs::PermissionsExt;

use florin_store::{Database, Store, StoreError};

use crate::bed::{Bed, Held, INSERT, begun, digest, ids, insert};

#[tokio::test]
async fn a_full_disk_refuses_writes_and_only_writes_until_there_is_space() {
    let bed = Bed::sqlite();
    let store = bed.things().await;
    store.write(|tx| insert(tx, 1)).await.unwrap();
    let pages = store.write(|tx| tx.query_one("PRAGMA page_count", &[], |row| row.int(0))).await.unwrap().unwrap();
    limit_to(&store, pages + 2).await;
    let large = "x".repeat(100_000);
    for id in 2..5 {
        let large = large.clone();
        let outcome = store.write(move |tx| tx.execute(INSERT, &[id.into(), (&large).into()])).await;
        assert_eq!(outcome, Err(StoreError::Full));
        assert_eq!(StoreError::Full.retry_after().map(|wait| wait.as_secs()), Some(30));
        assert_eq!(ids(&store).await, [1], "reads go on");
    }
    limit_to(&store, pages + 1000).await;
    store.write(move |tx| tx.execute(INSERT, &[5.into(), (&large).into()])).await.unwrap();
    assert_eq!(ids(&store).await, [1, 5]);
    assert_eq!(store.integrity_check().await, Ok(Vec::new()));
}

async fn limit_to(store: &Store, pages: i64) {
    let limit: &'static str = format!("PRAGMA max_page_count = {pages}").leak();
    let set = store.write(move |tx| tx.query_one(limit, &[], |row| row.int(0))).await.unwrap();
    assert_eq!(set, Some(pages));
}

#[tokio::test]
async fn the_file_is_for_its_owner_only_and_whole_after_closing() {
    let bed = Bed::sqlite();
    let Database::Sqlite { path } = bed.database.clone() else { unreachable!() };
    drop(bed.things().await);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!path.with_extension("db-wal").exists(), "the log is folded into the file");
}

#[tokio::test]
async fn a_damaged_file_is_complained_about() {
    let bed = Bed::sqlite();
    let Database::Sqlite { path } = bed.database.clone() else { unreachable!() };
    let store = bed.things().await;
    for id in 0..50 {
        store.write(move |tx| tx.execute(INSERT, &[id.into(), (&"x".repeat(500)).into()])).await.unwrap();
    }
    drop(store);
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[end - 2 * 4096..end - 2 * 4096 + 64].fill(0xff); // The head of a page of rows.
    std::fs::write(&path, bytes).unwrap();
    let store = bed.store().await;
    let complaints = store.integrity_check().await;
    assert!(!matches!(&complaints, Ok(list) if list.is_empty()), "{complaints:?}");
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_unavailable() {
    let path = std::env::temp_dir().join("florin-store-nowhere/florin.db");
    let opened = Store::open(Database::Sqlite { path }, digest).await;
    assert!(matches!(opened, Err(StoreError::Unavailable(_))), "{opened:?}");
}

#[tokio::test]
async fn a_full_queue_refuses_what_it_cannot_hold_and_keeps_the_rest() {
    let bed = Bed::sqlite();
    let store = bed.things().await;
    let held = Held::hold(&store).await;
    let mut waiting = Vec::new();
    for id in 0..4096 {
        waiting.push(begun(store.write(move |tx| insert(tx, id))).await);
    }
    tokio::time::pause();
    let refused = store.write(|tx| insert(tx, 9999)).await;
    assert_eq!(refused, Err(StoreError::Unavailable("too many operations are waiting".to_owned())));
    tokio::time::resume();
    held.release();
    store.close().await;
    assert_eq!(ids(&store).await, (0..4096).collect::<Vec<_>>());
}
