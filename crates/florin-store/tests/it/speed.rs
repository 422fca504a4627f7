//! Measurements, not claims: run them alone with `--ignored --nocapture` and compare the printed rates.
//!
//! An operation is five inserts, as a created order is. The bare driver shows what there is to reach.

use std::time::{Duration, Instant};

use florin_store::{Database, Store, StoreError, Tx};
use florin_testkit::Postgres;

use crate::bed::{Bed, digest};

const TABLES: [&str; 6] = [
    "CREATE TABLE speed_orders (order_id TEXT PRIMARY KEY, merchant TEXT NOT NULL, state TEXT NOT NULL, amount BIGINT NOT NULL, at BIGINT NOT NULL)",
    "CREATE UNIQUE INDEX speed_orders_by_merchant ON speed_orders (merchant, order_id)",
    "CREATE TABLE speed_events (seq BIGINT PRIMARY KEY, order_id TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL)",
    "CREATE TABLE speed_entries (seq BIGINT PRIMARY KEY, order_id TEXT NOT NULL, amount BIGINT NOT NULL, hash BYTEA NOT NULL)",
    "CREATE TABLE speed_keys (key TEXT PRIMARY KEY, answer TEXT NOT NULL)",
    "CREATE TABLE speed_due (seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, kind TEXT NOT NULL)",
];
const ORDER: &str = "INSERT INTO speed_orders (order_id, merchant, state, amount, at) VALUES ($1, $2, $3, $4, $5)";
const EVENT: &str = "INSERT INTO speed_events (seq, order_id, kind, body) VALUES ($1, $2, $3, $4)";
const ENTRY: &str = "INSERT INTO speed_entries (seq, order_id, amount, hash) VALUES ($1, $2, $3, $4)";
const KEY: &str = "INSERT INTO speed_keys (key, answer) VALUES ($1, $2)";
const DUE: &str = "INSERT INTO speed_due (seq, at, kind) VALUES ($1, $2, $3)";
const BODY: &str = "{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"state\":\"pending\",\"amount\":\"120.00\",\"currency\":\"GBP\",\
    \"reference\":\"ABC-123456\",\"created\":\"2026-11-21T11:00:00Z\",\"redirect\":\"https://shop.example/checkout/return\"}";

const TIME: Duration = Duration::from_secs(4);
const AT_ONCE: usize = 256;

fn order_id(number: i64) -> String {
    format!("01890a5d-{:04x}-774b-bcce-{number:012x}", number & 0xffff)
}

fn create(tx: &mut Tx<'_>, number: i64) -> Result<(), StoreError> {
    let id = order_id(number);
    let id = id.as_str();
    tx.execute_one(ORDER, &[id.into(), "merchant-1".into(), "pending".into(), 12_000.into(), number.into()])?;
    tx.execute_one(EVENT, &[number.into(), id.into(), "order.created".into(), BODY.into()])?;
    tx.execute_one(ENTRY, &[number.into(), id.into(), 12_000.into(), (&[7; 32]).into()])?;
    tx.execute_one(KEY, &[id.into(), BODY.into()])?;
    tx.execute_one(DUE, &[number.into(), number.into(), "expire".into()])
}

async fn measured(store: Store, what: &str) {
    for table in TABLES {
        store.write(move |tx| tx.execute(table, &[])).await.unwrap();
    }
    let begun = Begun::now();
    let at = begun.at;
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut count = 0;
                while at.elapsed() < TIME {
                    let number = i64::try_from(count * AT_ONCE + task).unwrap();
                    store.write(move |tx| create(tx, number)).await.unwrap();
                    count += 1;
                }
                count
            })
        })
        .collect();
    let mut count = 0;
    for task in tasks {
        count += task.await.unwrap();
    }
    report(what, count, &begun);
}

/// Prints the rate and the processor time, which says more on a machine that is not alone.
fn report(what: &str, count: usize, begun: &Begun) {
    let count = u128::try_from(count).unwrap();
    let each = begun.at.elapsed().as_nanos() / count;
    let busy = processor_time().saturating_sub(begun.busy).as_nanos() / count;
    println!("{what:<28} {:>8} operations/s, {each:>6} ns each, {busy:>6} ns of processor", 1_000_000_000 / each);
}

struct Begun {
    at: Instant,
    busy: Duration,
}

impl Begun {
    fn now() -> Self {
        Self { at: Instant::now(), busy: processor_time() }
    }
}

/// What this process has used, in the kernel's steps of 10 ms.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |field: usize| fields[field].parse::<u64>().unwrap();
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn sqlite_by_the_store() {
    let bed = Bed::sqlite();
    measured(bed.store().await, "SQLite, store").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn sqlite_by_the_store_in_one_closure() {
    let bed = Bed::sqlite();
    let store = bed.store().await;
    for table in TABLES {
        store.write(move |tx| tx.execute(table, &[])).await.unwrap();
    }
    let (begun, mut count) = (Begun::now(), 0);
    let at = begun.at;
    while at.elapsed() < TIME {
        store.write(move |tx| (0..AT_ONCE).try_for_each(|step| create(tx, i64::try_from(count + step).unwrap()))).await.unwrap();
        count += AT_ONCE;
    }
    report("SQLite, store, one closure", count, &begun);
}

#[test]
#[ignore = "a measurement"]
fn sqlite_by_the_bare_driver() {
    let bed = Bed::sqlite();
    let Database::Sqlite { path } = &bed.database else { unreachable!() };
    let connection = rusqlite::Connection::open(path).unwrap();
    let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4096;";
    connection.execute_batch(settings).unwrap();
    connection.execute_batch(&TABLES.join(";")).unwrap();
    let mut statements = [ORDER, EVENT, ENTRY, KEY, DUE].map(|sql| connection.prepare(sql).unwrap());
    let (begun, mut count) = (Begun::now(), 0);
    let at = begun.at;
    while at.elapsed() < TIME {
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        for step in 0..AT_ONCE {
            let number = i64::try_from(count + step).unwrap();
            let id = order_id(number);
            let [order, event, entry, key, due] = &mut statements;
            order.execute(rusqlite::params![id, "merchant-1", "pending", 12_000, number]).unwrap();
            event.execute(rusqlite::params![number, id, "order.created", BODY]).unwrap();
            entry.execute(rusqlite::params![number, id, 12_000, [7u8; 32]]).unwrap();
            key.execute(rusqlite::params![id, BODY]).unwrap();
            due.execute(rusqlite::params![number, number, "expire"]).unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
        count += AT_ONCE;
    }
    report("SQLite, bare driver", count, &begun);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn postgres_by_the_store() {
    let server = Postgres::durable();
    let store = Store::open(Database::Postgres { url: server.fresh_database() }, digest).await.unwrap();
    measured(store, "PostgreSQL, store").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn readings() {
    for (what, bed) in [("SQLite, reading", Bed::sqlite()), ("PostgreSQL, reading", Bed::postgres())] {
        let store = bed.things().await;
        store.write(|tx| crate::bed::insert(tx, 1)).await.unwrap();
        let begun = Begun::now();
        let at = begun.at;
        let tasks: Vec<_> = (0..32)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    let mut count = 0;
                    while at.elapsed() < TIME {
                        let read = store.read(|tx| tx.query_one(crate::bed::VERSION, &[1.into()], |row| row.int(0))).await;
                        assert_eq!(read, Ok(Some(0)));
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        let mut count = 0;
        for task in tasks {
            count += task.await.unwrap();
        }
        report(what, count, &begun);
    }
}
