//! What both engines promise alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use florin_store::{StoreError, Tx, Value};

use crate::bed::{BUMP, Bed, Held, INSERT, VERSION, begun, ids, insert, version};

/// Runs each case once for each engine.
macro_rules! on_both_engines {
    ($($case:ident)*) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$case(crate::bed::Bed::sqlite()).await; })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$case(crate::bed::Bed::postgres()).await; })*
        }
    };
}

on_both_engines! {
    a_group_of_writes_is_kept
    an_error_undoes_its_own_write_only
    a_write_that_fails_alone_leaves_nothing
    a_panic_is_answered_and_undone
    a_row_that_exists_is_a_conflict_by_name
    a_refused_statement_cannot_be_overlooked
    an_inner_savepoint_can_fail_alone
    a_panic_inside_a_savepoint_undoes_the_whole_write
    values_come_back_as_they_went
    text_with_nul_is_refused
    a_value_of_another_kind_is_corrupt
    a_row_that_moved_is_stale
    a_wrong_number_of_parameters_is_refused
    many_writers_lose_no_update
    two_stores_on_one_database_lose_no_update
    a_reading_cannot_write
    a_snapshot_does_not_move
    an_abandoned_write_never_runs
    closing_finishes_what_waits
    dropping_finishes_what_waits
    a_clean_database_has_no_complaints
}

async fn a_group_of_writes_is_kept(bed: Bed) {
    let store = bed.things().await;
    let held = Held::hold(&store).await;
    let mut writes = Vec::new();
    for id in 0..50 {
        writes.push(begun(store.write(move |tx| insert(tx, id))).await);
    }
    held.release();
    for write in writes {
        write.await.unwrap();
    }
    assert_eq!(ids(&store).await, (0..50).collect::<Vec<_>>());
}

async fn an_error_undoes_its_own_write_only(bed: Bed) {
    let store = bed.things().await;
    let held = Held::hold(&store).await;
    let good = begun(store.write(|tx| insert(tx, 1))).await;
    let bad = begun(store.write(|tx| insert(tx, 2).and(Err::<(), _>(StoreError::Stale)))).await;
    let good_too = begun(store.write(|tx| insert(tx, 3))).await;
    held.release();
    assert_eq!(good.await, Ok(()));
    assert_eq!(bad.await, Err(StoreError::Stale));
    assert_eq!(good_too.await, Ok(()));
    assert_eq!(ids(&store).await, [1, 3]);
    // The batches after it run with savepoints: they keep and undo alike.
    store.write(|tx| insert(tx, 4)).await.unwrap();
    store.write(|tx| insert(tx, 5).and(Err::<(), _>(StoreError::Stale))).await.unwrap_err();
    assert_eq!(ids(&store).await, [1, 3, 4]);
}

async fn a_write_that_fails_alone_leaves_nothing(bed: Bed) {
    let store = bed.things().await;
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let failed = store.write(move |tx| {
        counted.fetch_add(1, Ordering::Relaxed);
        insert(tx, 1).and(Err::<(), _>(StoreError::Stale))
    });
    assert_eq!(failed.await, Err(StoreError::Stale));
    assert_eq!(ids(&store).await, [0; 0]);
    assert_eq!(runs.load(Ordering::Relaxed), 1, "there was nobody to save by running it again");
}

async fn a_panic_is_answered_and_undone(bed: Bed) {
    let store = bed.things().await;
    let held = Held::hold(&store).await;
    let good = begun(store.write(|tx| insert(tx, 1))).await;
    let bad = begun(store.write(|tx| {
        insert(tx, 2)?;
        assert!(tx.digest(b"").is_empty(), "as arranged");
        Ok::<_, StoreError>(())
    }))
    .await;
    held.release();
    assert_eq!(bad.await, Err(StoreError::Panicked));
    assert_eq!(good.await, Ok(()));
    assert_eq!(ids(&store).await, [1]);
}

async fn a_row_that_exists_is_a_conflict_by_name(bed: Bed) {
    let store = bed.things().await;
    store.write(|tx| tx.execute("CREATE UNIQUE INDEX one_word ON things (words, version)", &[])).await.unwrap();
    store.write(|tx| insert(tx, 1)).await.unwrap();
    let held = Held::hold(&store).await;
    let other = begun(store.write(|tx| tx.execute("INSERT INTO things (id, words) VALUES (7, 'other')", &[]))).await;
    let same_id = begun(store.write(|tx| tx.execute(INSERT, &[1.into(), "another".into()]))).await;
    let same_words = begun(store.write(|tx| insert(tx, 2))).await;
    held.release();
    assert_eq!(other.await, Ok(1));
    assert_eq!(same_id.await, Err(StoreError::Conflict { on: "things.id".to_owned() }));
    assert_eq!(same_words.await, Err(StoreError::Conflict { on: "things.words, things.version".to_owned() }));
    assert_eq!(ids(&store).await, [1, 7]);
}

async fn a_refused_statement_cannot_be_overlooked(bed: Bed) {
    let store = bed.things().await;
    store.write(|tx| insert(tx, 1)).await.unwrap();
    let outcome = store.write(|tx| {
        insert(tx, 2)?;
        let _ = insert(tx, 1); // Looks away.
        let after = insert(tx, 3);
        assert_eq!(after, Err(StoreError::Conflict { on: "things.id".to_owned() }), "nothing can follow");
        Ok::<_, StoreError>(())
    });
    assert_eq!(outcome.await, Err(StoreError::Conflict { on: "things.id".to_owned() }));
    assert_eq!(ids(&store).await, [1]);
}

async fn an_inner_savepoint_can_fail_alone(bed: Bed) {
    let store = bed.things().await;
    let outcome = store.write(|tx| {
        insert(tx, 1)?;
        let inner = tx.savepoint(|tx| {
            insert(tx, 2)?;
            tx.savepoint(|tx| insert(tx, 3))?;
            insert(tx, 1)
        });
        assert!(matches!(inner, Err(StoreError::Conflict { .. })));
        let overlooked = tx.savepoint(|tx| {
            let _ = insert(tx, 1);
            Ok::<_, StoreError>(())
        });
        assert!(matches!(overlooked, Err(StoreError::Conflict { .. })));
        tx.savepoint(|tx| insert(tx, 4))?;
        insert(tx, 5)
    });
    assert_eq!(outcome.await, Ok(()));
    assert_eq!(ids(&store).await, [1, 4, 5]);
}

async fn a_panic_inside_a_savepoint_undoes_the_whole_write(bed: Bed) {
    let store = bed.things().await;
    for careful in [false, true] {
        if careful {
            // Makes the next batches run with savepoints.
            let held = Held::hold(&store).await;
            let one = begun(store.write(|tx| insert(tx, 9).and(Err::<(), _>(StoreError::Stale)))).await;
            let other = begun(store.write(|tx| tx.execute(BUMP, &[1.into()]))).await;
            held.release();
            let _ = (one.await, other.await);
        }
        let outcome = store.write(|tx| {
            insert(tx, 1)?;
            tx.savepoint(|tx| {
                insert(tx, 2)?;
                assert!(tx.digest(b"").is_empty(), "as arranged");
                Ok::<_, StoreError>(())
            })
        });
        assert_eq!(outcome.await, Err(StoreError::Panicked));
        assert_eq!(ids(&store).await, [0; 0]);
    }
}

async fn values_come_back_as_they_went(bed: Bed) {
    const KEEP: &str = "INSERT INTO things (id, words, bytes, version) VALUES ($1, $2, $3, $4)";
    const FIND: &str = "SELECT id, words, bytes, version FROM things WHERE id = $1";
    type Kept = (i64, Option<String>, Option<Vec<u8>>, i64);
    let store = bed.things().await;
    let rows: Vec<Kept> = vec![
        (i64::MIN, Some(String::new()), Some(Vec::new()), i64::MAX),
        (i64::MAX, None, None, i64::MIN),
        (0, Some("£ Łódź 財布 🦀 'quoted' \\ $1".to_owned()), Some((0..=255).collect()), 0),
        (1, Some("0123".to_owned()), Some(b"0123".to_vec()), -1),
        (2, Some("x".repeat(100_000)), Some(vec![0; 100_000]), 1),
    ];
    for row in rows {
        let kept = row.clone();
        let found = store.write(move |tx| {
            let (id, words, bytes, version) = &row;
            tx.execute_one(KEEP, &[(*id).into(), words.into(), bytes.into(), (*version).into()])?;
            tx.query_one(FIND, &[(*id).into()], |row| {
                let bytes = row.opt_blob(2)?.map(<[u8]>::to_vec);
                Ok((row.int(0)?, row.opt_text(1)?.map(str::to_owned), bytes, row.int(3)?))
            })
        });
        assert_eq!(found.await.unwrap(), Some(kept));
    }
}

async fn text_with_nul_is_refused(bed: Bed) {
    let store = bed.things().await;
    let outcome = store.write(|tx| tx.execute(INSERT, &[1.into(), "a\0b".into()]));
    assert!(matches!(outcome.await, Err(StoreError::Internal(_))));
    assert_eq!(ids(&store).await, [0; 0]);
}

async fn a_value_of_another_kind_is_corrupt(bed: Bed) {
    let store = bed.things().await;
    let outcome = store.write(|tx| {
        insert(tx, 1)?;
        let read = tx.query_one("SELECT words, bytes FROM things", &[], |row| {
            assert_eq!(row.opt_blob(1), Ok(None));
            assert_eq!(row.blob(1), Err(StoreError::corrupt("things", "bytes")));
            assert_eq!(row.int(2).map_err(|error| error.code()), Err("corrupt"));
            row.int(0)
        });
        assert_eq!(read, Err(StoreError::corrupt("things", "words")));
        insert(tx, 2) // Reading it wrongly refuses nothing.
    });
    assert_eq!(outcome.await, Ok(()));
}

async fn a_row_that_moved_is_stale(bed: Bed) {
    const GUARDED: &str = "UPDATE things SET version = version + 1 WHERE id = $1 AND version = $2";
    let store = bed.things().await;
    store.write(|tx| insert(tx, 1)).await.unwrap();
    let bump = |tx: &mut Tx<'_>| tx.execute_one(GUARDED, &[1.into(), 0.into()]);
    assert_eq!(store.write(bump).await, Ok(()));
    assert_eq!(store.write(bump).await, Err(StoreError::Stale));
}

async fn a_wrong_number_of_parameters_is_refused(bed: Bed) {
    let store = bed.things().await;
    for params in [&[Value::Int(1)][..], &[Value::Int(1), Value::Null, Value::Null]] {
        let outcome = store.write(|tx| tx.execute(INSERT, params)).await;
        assert!(matches!(outcome, Err(StoreError::Internal(_))), "{outcome:?}");
    }
}

async fn many_writers_lose_no_update(bed: Bed) {
    let store = bed.things().await;
    store.write(|tx| insert(tx, 1)).await.unwrap();
    let writers: Vec<_> = (0..40).map(|_| tokio::spawn(bump_ten_times(store.clone()))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(version(&store, 1).await, 400);
}

async fn two_stores_on_one_database_lose_no_update(bed: Bed) {
    let (one, other) = (bed.things().await, bed.store().await);
    one.write(|tx| insert(tx, 1)).await.unwrap();
    let writers: Vec<_> =
        (0..20).map(|number| tokio::spawn(bump_ten_times(if number % 2 == 0 { one.clone() } else { other.clone() }))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(version(&other, 1).await, 200);
}

/// Reads, thinks and writes, so that an update would be lost if two of them ran at once.
async fn bump_ten_times(store: florin_store::Store) {
    const SET: &str = "UPDATE things SET version = $1 WHERE id = 1";
    for _ in 0..10 {
        let bump = |tx: &mut Tx<'_>| {
            let version = tx.query_one(VERSION, &[1.into()], |row| row.int(0))?.ok_or(StoreError::Stale)?;
            tx.execute_one(SET, &[(version + 1).into()])
        };
        store.write(bump).await.unwrap();
    }
}

async fn a_reading_cannot_write(bed: Bed) {
    let store = bed.things().await;
    store.read(|tx| insert(tx, 1)).await.unwrap_err();
    store.snapshot(|tx| insert(tx, 1)).await.unwrap_err();
    assert_eq!(ids(&store).await, [0; 0]);
}

async fn a_snapshot_does_not_move(bed: Bed) {
    let store = bed.things().await;
    store.write(|tx| insert(tx, 1)).await.unwrap();
    let (looked, look) = tokio::sync::oneshot::channel();
    let (written, wait) = std::sync::mpsc::channel::<()>();
    let mut looked = Some(looked);
    let reader = store.clone();
    let reading = tokio::spawn(async move {
        let count = |tx: &mut Tx<'_>| tx.query_one("SELECT count(*) FROM things", &[], |row| row.int(0));
        reader
            .snapshot(move |tx| {
                let before = count(tx)?;
                looked.take().unwrap().send(()).unwrap();
                wait.recv().unwrap();
                Ok::<_, StoreError>((before, count(tx)?))
            })
            .await
    });
    look.await.unwrap();
    store.write(|tx| insert(tx, 2)).await.unwrap();
    written.send(()).unwrap();
    assert_eq!(reading.await.unwrap().unwrap(), (Some(1), Some(1)));
    assert_eq!(ids(&store).await, [1, 2]);
}

async fn an_abandoned_write_never_runs(bed: Bed) {
    let store = bed.things().await;
    let held = Held::hold(&store).await;
    drop(begun(store.write(|tx| insert(tx, 1))).await);
    let kept = begun(store.write(|tx| insert(tx, 2))).await;
    held.release();
    kept.await.unwrap();
    assert_eq!(ids(&store).await, [2]);
}

async fn closing_finishes_what_waits(bed: Bed) {
    let store = bed.things().await;
    let held = Held::hold(&store).await;
    let waiting = begun(store.write(|tx| insert(tx, 1))).await;
    let closing = begun(store.close()).await;
    held.release();
    closing.await;
    assert_eq!(waiting.await, Ok(()));
    assert!(matches!(store.write(|tx| insert(tx, 2)).await, Err(StoreError::Unavailable(_))));
    store.close().await;
    assert_eq!(ids(&store).await, [1]);
}

async fn dropping_finishes_what_waits(bed: Bed) {
    let store = bed.things().await;
    let writer = store.clone();
    let waiting = begun(async move {
        let (one, other) = tokio::join!(writer.write(|tx| insert(tx, 1)), writer.write(|tx| insert(tx, 2)));
        one.and(other)
    });
    let held = Held::hold(&store).await;
    let waiting = waiting.await;
    drop(store);
    held.release();
    assert_eq!(waiting.await, Ok(()));
    assert_eq!(ids(&bed.store().await).await, [1, 2]);
}

async fn a_clean_database_has_no_complaints(bed: Bed) {
    let store = bed.things().await;
    store.write(|tx| insert(tx, 1)).await.unwrap();
    assert_eq!(store.integrity_check().await, Ok(Vec::new()));
}
