//! A database is used only when its migrations are the ones this program carries.

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

#[tokio::test]
async fn an_older_database_is_brought_up_to_date_with_its_rows() {
    const SECOND: [&str; 19] = [
        "DROP TABLE api_keys",
        "DROP TABLE server_keys",
        "DROP TABLE merchants",
        "DROP TABLE signing_keys",
        "DROP TABLE secrets",
        "DROP TABLE refresh_tokens",
        "DROP TABLE revoked_families",
        "DROP TABLE numbers",
        "DROP TABLE instruments",
        "DROP TABLE captures",
        "DROP TABLE attempts",
        "DROP TABLE spent_proofs",
        "DROP TABLE gift_cards",
        "DROP TABLE transactions",
        "DROP TABLE movements",
        "DROP TABLE client_references",
        "DROP TABLE balances",
        "DROP TABLE settlements",
        "DROP TABLE agreements",
    ];
    for bed in [Bed::sqlite(), Bed::postgres()] {
        let store = bed.store().await;
        let older = store.write(|tx| {
            for table in SECOND {
                tx.execute(table, &[])?;
            }
            tx.set_setting("kept", "yes")?;
            tx.execute_one("DELETE FROM migrations WHERE number = 2", &[])
        });
        assert_eq!(older.await, Ok(()));
        drop(store);
        let store = bed.store().await;
        let kept = store.read(|tx| Ok::<_, StoreError>((tx.setting("kept")?, tx.list_merchants()?)));
        assert_eq!(kept.await, Ok((Some("yes".to_owned()), Vec::new())));
    }
}
