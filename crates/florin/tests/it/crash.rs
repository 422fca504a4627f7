//! Power cuts: the server is killed under load, again and again. What it had said stays true, and nothing happens twice.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use crate::cast::{Answer, CompanyFate, Desk, Engine, Fate, Florin, Order, Receiver, Server, Shop, Tab, Wish, eventually, free_port};

/// What sellers and buyers remember of the time before the cut.
#[derive(Default)]
struct Memory {
    /// Every key that was ever sent, with the answer if one came.
    creates: Mutex<HashMap<String, Option<Vec<u8>>>>,
    /// Orders whose buyer was on the way.
    walks: Mutex<Vec<Order>>,
    /// Orders whose cancel was acknowledged.
    cancelled: Mutex<Vec<String>>,
    acknowledged: AtomicUsize,
    is_over: AtomicBool,
}

fn open<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The order that goes with a key.
fn keyed_wish(key: &str, news: Option<&str>) -> Wish {
    let wish = Wish::of(10.0).with("reference", key).keyed(key);
    match news {
        Some(url) => wish.told_to(url),
        None => wish,
    }
}

/// Asks for an order; the server may go away meanwhile.
fn tries(shop: &Shop, wish: &Wish) -> Result<Answer, String> {
    let key = wish.key.as_deref().expect("a key");
    shop.ask("POST", &shop.create_path()).header("idempotency-key", key).json(&json!({ "data": wish.data })).try_send()
}

impl Memory {
    fn creates_until_the_cut(&self, shop: &Shop, name: &str, news: Option<&str>) {
        for number in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let key = format!("{name}-{number}");
            open(&self.creates).insert(key.clone(), None);
            let wish = keyed_wish(&key, news);
            match tries(shop, &wish) {
                Ok(answer) if answer.status == 201 => {
                    let id = Order::read(&answer).id;
                    open(&self.creates).insert(key, Some(answer.body));
                    self.acknowledged.fetch_add(1, Ordering::Relaxed);
                    if number % 5 == 0 {
                        let cancel = shop.ask("DELETE", &Shop::lending_path(&id)).try_send();
                        if cancel.is_ok_and(|answer| answer.status == 204) {
                            open(&self.cancelled).push(id);
                        }
                    }
                }
                // A cut between the request and its answer: the server may also say that it is on its way out.
                Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text()),
                Err(_) => return,
            }
        }
    }

    /// Sends buyers through the checkout until the server is gone; each stops wherever the cut finds it.
    fn buys_until_the_cut(&self, florin: &Florin, shop: &Shop, news: &str) {
        for number in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let created = shop
                .ask("POST", &shop.create_path())
                .json(&json!({"data": {"amount": 300, "reference": "walk", "webhook_url": news}}))
                .try_send();
            let Ok(answer) = created else { return };
            if answer.status != 201 {
                continue;
            }
            let order = Order::read(&answer);
            open(&self.walks).push(order.clone());
            let walk = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let buyer = florin.buyer(CompanyFate::Approved);
                if number % 2 == 0 { buyer.pays_later(&order) } else { buyer.pays_now(florin, &order, Fate::Pays) }
            }));
            // The walk ends in a panic of the story's own when the server vanishes under it; that is the point.
            if walk.is_err() {
                return;
            }
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Loads the server until it has acknowledged a number of steps, another each round, and cuts its power.
    fn loads_until_the_cut(&self, florin: &Florin, round: usize, news: &str) {
        let (shop, count) = (florin.shop(round % 2), 10 + (round * 37) % 120);
        self.is_over.store(false, Ordering::Relaxed);
        let goal = self.acknowledged.load(Ordering::Relaxed) + count;
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let (shop, name) = (&shop, format!("round-{round}-{worker}"));
                scope.spawn(move || self.creates_until_the_cut(shop, &name, Some(news)));
            }
            for _ in 0..2 {
                scope.spawn(|| self.buys_until_the_cut(florin, &shop, news));
            }
            eventually("enough load", || (self.acknowledged.load(Ordering::Relaxed) >= goal).then_some(()));
            florin.dies();
            self.is_over.store(true, Ordering::Relaxed);
        });
    }

    /// The sellers ask again with the same keys: who had an answer gets the same one, and every key has one order.
    fn retries_with_the_same_keys(&self, shop: &Shop, round: usize, news: Option<&str>) {
        let keys: Vec<(String, Option<Vec<u8>>)> = open(&self.creates)
            .iter()
            .filter(|(key, _)| key.starts_with(&format!("round-{round}-")))
            .map(|(key, body)| (key.clone(), body.clone()))
            .collect();
        for (key, before) in keys {
            let wish = keyed_wish(&key, news);
            let again = shop.tries(&wish).is(201);
            if let Some(before) = before {
                assert_eq!(String::from_utf8_lossy(&again.body), String::from_utf8_lossy(&before), "the answer of before the cut");
                assert_eq!(again.header("idempotent-replayed"), "true");
            }
            open(&self.creates).insert(key, Some(again.body));
        }
        for id in open(&self.cancelled).iter() {
            let status = shop_of(shop, id);
            assert!(status.is_none_or(|status| status == "UNSUCCESSFUL"), "an acknowledged cancel was lost");
        }
    }
}

/// The status of an order if it is this shop's.
fn shop_of(shop: &Shop, id: &str) -> Option<String> {
    let answer = shop.send(shop.ask("GET", &Shop::lending_path(id)));
    (answer.status == 200).then(|| answer.json()["data"]["status"].as_str().expect("a status").to_owned())
}

/// The buyer comes back to an order that the cut interrupted and finishes it, whatever step it stands at.
fn is_finished(florin: &Florin, shop: &Shop, order: &Order) {
    let buyer = florin.buyer(CompanyFate::Approved);
    eventually("the interrupted order to be paid", || {
        let mut tab = buyer.opens(order);
        if tab.page.form_offering("pay", "PAY_NOW").is_some() || tab.page.form_with("bank").is_some() {
            tab.chooses_bank_payment(&florin.bank(Fate::Pays));
        }
        tab.goes_on_until(Tab::is_at_an_end);
        let status = shop.status(order);
        assert_ne!(status, "UNSUCCESSFUL", "{}", tab.page.text);
        if status == "SUCCESSFUL" {
            return Some(());
        }
        // A question that was under way when the cut came is asked again after a while.
        florin.time_passes("10m");
        None
    });
}

/// Each order heard its changes in order, once each, whatever was sent twice on the way.
fn news_is_in_order(news: &Receiver) {
    let mut by_order: HashMap<String, Vec<(String, String)>> = HashMap::new();
    for heard in news.heard() {
        let changes = by_order.entry(heard.field("order_id")).or_default();
        let change = (heard.field("webhook_id"), heard.field("status"));
        // A delivery that was cut off is sent again: the same id, the same bytes.
        if changes.last() != Some(&change) {
            changes.push(change);
        }
    }
    for (order, changes) in by_order {
        let statuses: Vec<&str> = changes.iter().map(|(_, status)| status.as_str()).filter(|status| *status != "CREATED").collect();
        let lawful: [&[&str]; 4] = [&["PENDING", "APPROVED", "SUCCESSFUL"], &["PENDING", "SUCCESSFUL"], &["UNSUCCESSFUL"], &[]];
        assert!(lawful.contains(&statuses.as_slice()), "{order} heard {statuses:?}");
    }
}

fn survives(engine: Engine, cuts: usize) {
    let florin = Florin::start(engine);
    let news = Receiver::new();
    let memory = Memory::default();
    for round in 0..cuts {
        memory.loads_until_the_cut(&florin, round, &news.url());
        florin.verify_is_clean();
        florin.comes_back();
        memory.retries_with_the_same_keys(&florin.shop(round % 2), round, Some(&news.url()));
        for order in open(&memory.walks).drain(..) {
            is_finished(&florin, &florin.shop(round % 2), &order);
        }
        florin.verify_is_clean();
    }
    let books = florin.books();
    let keyed = i64::try_from(open(&memory.creates).len()).expect("a count");
    assert_eq!(books.count("orders WHERE reference <> 'walk'"), keyed, "one order for each key");
    assert_eq!(
        books.count("orders WHERE reference = 'walk' AND state <> 'successful'"),
        books.count("orders WHERE reference = 'walk' AND state = 'created'")
    );
    assert_eq!(books.count("payouts"), books.count("orders WHERE state = 'successful'"), "one payout for each paid order");
    eventually("all news to be taken", || {
        florin.time_passes("10m");
        (books.count("events WHERE target IS NOT NULL AND delivery = 'pending'") == 0).then_some(())
    });
    news_is_in_order(&news);
    let told = news.heard().iter().map(|heard| heard.field("webhook_id")).collect::<std::collections::HashSet<_>>().len();
    assert_eq!(
        i64::try_from(told).expect("a count"),
        books.count("events WHERE target IS NOT NULL AND delivery = 'delivered'"),
        "every change was heard"
    );
    florin.books_are_right();
}

#[test]
fn twenty_five_power_cuts_under_load_lose_nothing_and_double_nothing() {
    survives(Engine::Sqlite, 25);
}

#[test]
fn five_power_cuts_on_postgres_lose_nothing_and_double_nothing() {
    survives(Engine::Postgres, 5);
}

/// Two servers work on one database; one of them dies under load. The other carries on, and answers for what the first had begun.
#[test]
fn a_server_that_dies_beside_another_on_one_database_takes_nothing_with_it() {
    let desk = Desk::new();
    let url = florin_testkit::Postgres::shared().fresh_database();
    let start = || -> Server {
        let mut plan = desk.plan(free_port());
        plan.config.remove("data_dir");
        desk.starts(&plan, &["--database", &url])
    };
    let (mut first, second) = (start(), start());
    let shop = first.takes_on();
    let at = |server: &Server| Shop::new(server.http.clone(), &shop.name, &shop.uuid, &shop.token, shop.redirect_url.clone());
    let memory = Memory::default();
    for round in 0..3 {
        memory.is_over.store(false, Ordering::Relaxed);
        let goal = memory.acknowledged.load(Ordering::Relaxed) + 150;
        let (doomed, steady) = (at(&first), at(&second));
        std::thread::scope(|scope| {
            for worker in 0..6 {
                let (shop, memory) = (if worker % 2 == 0 { &doomed } else { &steady }, &memory);
                scope.spawn(move || memory.creates_until_the_cut(shop, &format!("round-{round}-{worker}"), None));
            }
            eventually("enough load", || (memory.acknowledged.load(Ordering::Relaxed) >= goal).then_some(()));
            first.dies();
            let after = memory.acknowledged.load(Ordering::Relaxed) + 20;
            eventually("the other to carry on", || (memory.acknowledged.load(Ordering::Relaxed) >= after).then_some(()));
            memory.is_over.store(true, Ordering::Relaxed);
        });
        memory.retries_with_the_same_keys(&steady, round, None);
        first = start();
    }
    let report = Florin::program(&["verify", "--database", &url]);
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stdout));
    let books = crate::cast::Books::open(&crate::cast::Database::Server(url));
    assert_eq!(books.count("orders"), i64::try_from(open(&memory.creates).len()).expect("a count"), "one order for each key");
}
