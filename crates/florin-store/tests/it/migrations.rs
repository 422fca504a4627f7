//! A database is used only when its migrations are the ones this program carries.

use std::path::Path;

use florin_store::{Store, StoreError};

use crate::bed::{Bed, digest};

async fn refused_after(bed: Bed, damage: &'static str) -> String {
    let store = bed.store().await;
    store.write(|tx| tx.execute_one(damage, &[])).await.unwrap();
    drop(store);
    match Store::open(bed.database.clone(), digest).await {
        Err(StoreError::Drift(text)) => text,
        other => panic!("the drift was not seen: {other:?}"),
    }
}

#[tokio::test]
async fn a_changed_migration_is_refused() {
    const CHANGED: &str = "UPDATE migrations SET checksum = 'other' WHERE number = 1";
    for bed in [Bed::sqlite(), Bed::postgres()] {
        let text = refused_after(bed, CHANGED).await;
        assert!(text.contains("migration 1 (spine) was applied from another text"), "{text}");
    }
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    const NEWER: &str = "INSERT INTO migrations (number, name, checksum, applied_at) VALUES (9999, 'future', '', 0)";
    for bed in [Bed::sqlite(), Bed::postgres()] {
        let text = refused_after(bed, NEWER).await;
        assert!(text.contains("9999 (future)"), "{text}");
    }
}

#[tokio::test]
async fn programs_that_start_together_migrate_once() {
    for bed in [Bed::sqlite(), Bed::postgres()] {
        let starts: Vec<_> = (0..6).map(|_| tokio::spawn(Store::open(bed.database.clone(), digest))).collect();
        for start in starts {
            let store = start.await.unwrap().unwrap();
            let applied = store.read(|tx| tx.query_one("SELECT count(*) FROM migrations WHERE number = 1", &[], |row| row.int(0)));
            assert_eq!(applied.await, Ok(Some(1)));
        }
    }
}

/// What takes every table away that came after the first migration, the newest first.
fn later_tables() -> Vec<&'static str> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let texts = files.iter().skip(1).map(|file| std::fs::read_to_string(file).unwrap());
    let mut tables: Vec<_> = texts
        .flat_map(|text| text.lines().filter_map(|line| line.strip_prefix("CREATE TABLE ").map(str::to_owned)).collect::<Vec<_>>())
        .map(|line| &*format!("DROP TABLE {}", line.trim_end_matches(" (")).leak())
        .collect();
    tables.reverse();
    tables
}

#[tokio::test]
async fn an_older_database_is_brought_up_to_date_with_its_rows() {
    for bed in [Bed::sqlite(), Bed::postgres()] {
        let store = bed.store().await;
        let older = store.write(|tx| {
            for drop in later_tables() {
                tx.execute(drop, &[])?;
            }
            tx.set_setting("kept", "yes")?;
            tx.execute("DELETE FROM migrations WHERE number > 1", &[]).map(drop)
        });
        assert_eq!(older.await, Ok(()));
        drop(store);
        let store = bed.store().await;
        let kept = store.read(|tx| Ok::<_, StoreError>((tx.setting("kept")?, tx.list_merchants()?)));
        assert_eq!(kept.await, Ok((Some("yes".to_owned()), Vec::new())));
    }
}
