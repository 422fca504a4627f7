//! Faults below the server: a full disk, a database that goes away. It says so, keeps what it has, and recovers by itself.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use florin_testkit::Postgres;
use serde_json::json;

use crate::cast::{CompanyFate, Engine, Florin, Order, Page, Shop, Wish, eventually};

/// A small disk of its own, if this machine lets us have one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).expect("a directory");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "florin-story"]).arg(at).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(at.to_owned()))
    }

    /// Writes until nothing more fits.
    fn fill(&self) {
        let mut file = fs::File::create(self.0.join("filler")).expect("a file");
        for size in [65_536, 4_096, 1] {
            let block = vec![0; size];
            while file.write_all(&block).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.0.join("filler")).expect("the filler can go");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn tries(shop: &Shop, key: &str) -> u16 {
    let wish = Wish::of(200.0).keyed(key);
    let answer = shop.tries(&wish);
    if answer.status == 503 {
        assert!(!answer.detail().is_empty());
        assert!(
            answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0),
            "Retry-After: {}",
            answer.header("retry-after")
        );
    }
    answer.status
}

/// Creates until the disk has no room left.
fn fills_up(shop: &Shop) -> usize {
    for number in 0..20_000 {
        match tries(shop, &format!("k{number}")) {
            201 => {}
            503 => return number,
            other => panic!("a full disk answered {other}"),
        }
    }
    panic!("the disk never filled up");
}

/// With the disk full: writes are refused, reads go on, nothing is lost; with room again, all goes on.
fn lives_through_a_full_disk(florin: &Florin, open: &Order, make_full: impl Fn(), make_room: impl Fn()) {
    let shop = florin.shop(0);
    let spare: Vec<Order> = (0..60).map(|_| shop.creates(&Wish::of(200.0))).collect();
    make_full();
    let refused = fills_up(&shop);
    // Where a whole order has no room left, a smaller write may still have.
    let squeezed_in = spare.iter().take_while(|order| shop.cancels(&order.id).status != 503).count();
    assert!(squeezed_in < spare.len(), "in the end nothing fits");
    for _ in 0..5 {
        assert_eq!(shop.status(open), "CREATED", "reads go on");
        florin.http.get("/healthz").is(200);
        florin.http.get(&open.order_url).is(200);
        assert_eq!(tries(&shop, &format!("k{refused}")), 503);
        assert_eq!(shop.cancels(&spare[squeezed_in].id).status, 503);
    }
    make_room();
    eventually("writes to work again", || (tries(&shop, &format!("k{refused}")) == 201).then_some(()));
    let books = florin.books();
    assert_eq!(books.count("orders"), i64::try_from(refused + 2 + spare.len()).expect("a count"), "one for each key and the open one");
    florin.buyer(CompanyFate::Approved).pays_later(open);
    assert_eq!(shop.status(open), "SUCCESSFUL");
    florin.books_are_right();
}

#[test]
fn a_full_disk_refuses_writes_serves_reads_and_recovers() {
    let mut disk = None;
    let florin = Florin::start_with(Engine::Sqlite, |launch| disk = SmallDisk::mount(&launch.data_dir));
    let open = florin.shop(0).creates(&Wish::of(200.0));
    if let Some(disk) = &disk {
        lives_through_a_full_disk(&florin, &open, || disk.fill(), || disk.make_room());
    } else {
        // Without the right to mount, a limit on the size of files stands in for the disk.
        eprintln!("this machine mounts no disk for tests: files are limited instead");
        files_are_limited();
    }
    drop(florin);
}

/// The other way in which a write fails: the file may not grow any more.
#[test]
fn files_that_may_not_grow_refuse_writes_and_recover() {
    files_are_limited();
}

fn files_are_limited() {
    let florin = Florin::start_with(Engine::Sqlite, |launch| launch.prelude = Some("trap '' XFSZ".to_owned()));
    let open = florin.shop(0).creates(&Wish::of(200.0));
    let limit = |limit: &str| {
        let pid = florin.run.lock().expect("the process").pid().to_string();
        let done = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={limit}:")]).status().expect("prlimit runs");
        assert!(done.success());
    };
    lives_through_a_full_disk(&florin, &open, || limit("400000"), || limit("unlimited"));
}

#[test]
fn postgres_that_goes_away_is_waited_for_and_nothing_is_lost() {
    let server = Postgres::start();
    let url = server.fresh_database();
    let florin = Florin::start_with(Engine::Sqlite, |launch| launch.database = Some(url.clone()));
    let shop = florin.shop(0);
    let order = shop.creates(&Wish::of(200.0).keyed("before"));
    for (round, crash) in [(0, false), (1, true)] {
        if crash {
            server.crash();
        } else {
            server.stop();
        }
        let key = format!("round-{round}");
        assert_eq!(tries(&shop, &key), 503);
        let read = shop.send(shop.ask("GET", &shop.seller_path(&order.id)));
        assert_eq!(read.status, 503, "{}", read.text());
        assert_ne!(read.header("retry-after"), "");
        let page = Page::read(florin.http.get(&order.order_url).is(503));
        assert!(!page.text.is_empty());
        florin.http.get("/healthz").is(200);
        florin.http.get("/readyz").is(503);
        server.restart();
        eventually("writes to work again", || (tries(&shop, &key) == 201).then_some(()));
        florin.http.get("/readyz").is(200);
        assert_eq!(shop.status(&order), "CREATED");
    }
    assert_eq!(shop.creates(&Wish::of(200.0).keyed("before")).id, order.id);
    assert_eq!(florin.books().count("orders"), 3);
    florin.buyer(CompanyFate::Approved).pays_later(&order);
    assert_eq!(shop.status(&order), "SUCCESSFUL");
    florin.books_are_right();
    drop(florin);
}

/// The database crashes under load: every key ends with one order, whatever the callers were told on the way.
#[test]
fn postgres_that_crashes_under_load_doubles_nothing() {
    let server = Postgres::start();
    let url = server.fresh_database();
    let florin = Florin::start_with(Engine::Sqlite, |launch| launch.database = Some(url.clone()));
    let shop = florin.shop(0);
    let created = std::sync::atomic::AtomicUsize::new(0);
    let count = || created.load(std::sync::atomic::Ordering::Relaxed);
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let (shop, created) = (&shop, &created);
            scope.spawn(move || {
                for number in 0..60 {
                    let key = format!("{worker}-{number}");
                    eventually("an order in the end", || {
                        let answer = shop
                            .ask("POST", &shop.create_path())
                            .header("idempotency-key", &key)
                            .json(&json!({"data": {"amount": 5, "reference": key}}));
                        match answer.send().status {
                            201 => Some(()),
                            409 | 503 => None,
                            other => panic!("answered {other}"),
                        }
                    });
                    created.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
            });
        }
        for at in [60, 160, 260] {
            eventually("some load", || (count() >= at).then_some(()));
            server.crash();
            server.restart();
        }
    });
    assert_eq!(florin.books().count("orders"), 8 * 60);
    florin.books_are_right();
    drop(florin);
}
