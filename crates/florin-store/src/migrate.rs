//! Migrations: the tables as they grew, one numbered file a step and engine, forward only.
//!
//! A file that was released is never edited. Invariant: a database is used only when its applied migrations are exactly the
//! first ones this program carries, text for text.

use crate::engine::Session;
use crate::error::{Failure, Reach};
use crate::store::Digest;
use crate::{Row, StoreError, Tx};

/// One step of the tables, written once for each engine.
pub(crate) struct Migration {
    pub(crate) number: i64,
    pub(crate) name: &'static str,
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "spine",
        sqlite: include_str!("../migrations/sqlite/0001_spine.sql"),
        postgres: include_str!("../migrations/postgres/0001_spine.sql"),
    },
    Migration {
        number: 2,
        name: "shoppers",
        sqlite: include_str!("../migrations/sqlite/0002_shoppers.sql"),
        postgres: include_str!("../migrations/postgres/0002_shoppers.sql"),
    },
    Migration {
        number: 3,
        name: "instore",
        sqlite: include_str!("../migrations/sqlite/0003_instore.sql"),
        postgres: include_str!("../migrations/postgres/0003_instore.sql"),
    },
    Migration {
        number: 4,
        name: "more",
        sqlite: include_str!("../migrations/sqlite/0004_more.sql"),
        postgres: include_str!("../migrations/postgres/0004_more.sql"),
    },
    Migration {
        number: 5,
        name: "frames",
        sqlite: include_str!("../migrations/sqlite/0005_frames.sql"),
        postgres: include_str!("../migrations/postgres/0005_frames.sql"),
    },
    Migration {
        number: 6,
        name: "agreements",
        sqlite: include_str!("../migrations/sqlite/0006_agreements.sql"),
        postgres: include_str!("../migrations/postgres/0006_agreements.sql"),
    },
    Migration {
        number: 7,
        name: "gift_orders",
        sqlite: include_str!("../migrations/sqlite/0007_gift_orders.sql"),
        postgres: include_str!("../migrations/postgres/0007_gift_orders.sql"),
    },
];

/// Alike on both engines, because it is there before either is migrated.
const CREATE_TABLE: &str = "
    CREATE TABLE IF NOT EXISTS migrations (
        number BIGINT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        checksum TEXT NOT NULL,
        applied_at BIGINT NOT NULL
    )";
const APPLIED: &str = "SELECT number, name, checksum FROM migrations ORDER BY number";

struct Applied {
    number: i64,
    name: String,
    checksum: String,
}

impl Applied {
    fn of(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { number: row.int(0)?, name: row.text(1)?.to_owned(), checksum: row.text(2)?.to_owned() })
    }
}

/// Brings the database up to this program, one transaction a migration. Processes that start together do it in turn.
///
/// # Errors
/// [`StoreError::Drift`] when the database was migrated by a newer program or by a file that was changed since.
pub(crate) fn migrate(session: Session<'_>, digest: Digest) -> Result<(), StoreError> {
    let tx = &mut Tx::new(session, digest);
    loop {
        match step(tx) {
            Ok(Some(migration)) => tracing::info!(number = migration.number, name = migration.name, "migrated the database"),
            Ok(None) => return Ok(()),
            Err(failure) => {
                let _ = tx.rollback();
                return Err(failure.error);
            }
        }
    }
}

/// Checks that the database is exactly what this program expects, and changes nothing.
///
/// # Errors
/// [`StoreError::Drift`] when it is older or newer, or was migrated by a file that was changed since.
pub(crate) fn inspect(session: Session<'_>, digest: Digest) -> Result<(), StoreError> {
    let tx = &mut Tx::new(session, digest);
    let applied = tx.query(APPLIED, &[], Applied::of)?;
    compare(tx, &applied)?;
    if applied.len() < MIGRATIONS.len() {
        return Err(StoreError::Drift("it is older; start a server on it once to bring it up to date".to_owned()));
    }
    Ok(())
}

/// Applies the first missing migration, if there is one.
fn step(tx: &mut Tx<'_>) -> Result<Option<&'static Migration>, Failure> {
    tx.begin_migration()?;
    tx.script(CREATE_TABLE)?;
    let refused = |error| Failure::new(Reach::Transaction, error);
    let applied = tx.query(APPLIED, &[], Applied::of).map_err(refused)?;
    compare(tx, &applied).map_err(refused)?;
    let missing = MIGRATIONS.get(applied.len());
    if let Some(migration) = missing {
        tx.apply(migration)?;
    }
    tx.commit()?;
    Ok(missing)
}

fn compare(tx: &Tx<'_>, applied: &[Applied]) -> Result<(), StoreError> {
    for (index, row) in applied.iter().enumerate() {
        let Some(ours) = MIGRATIONS.get(index) else {
            let text = format!("it has migration {} ({}), which only a newer program knows", row.number, row.name);
            return Err(StoreError::Drift(text));
        };
        if (row.number, row.name.as_str()) != (ours.number, ours.name) {
            let text = format!("it has migration {} ({}) where {} ({}) belongs", row.number, row.name, ours.number, ours.name);
            return Err(StoreError::Drift(text));
        }
        if row.checksum != tx.checksum(ours) {
            let text = format!("migration {} ({}) was applied from another text than this program carries", row.number, row.name);
            return Err(StoreError::Drift(text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_without_gaps() {
        for (migration, number) in MIGRATIONS.iter().zip(1..) {
            assert_eq!(migration.number, number, "{}", migration.name);
        }
    }
}
