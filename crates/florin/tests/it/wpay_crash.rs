//! Power cuts between the acquirer's answer and ours: nothing is charged twice, and nothing that was charged is forgotten.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::cast::{Answer, Bill, Engine, Florin, Instrument, Retailer, Shopper, eventually, follow_up};

/// A call that can be made again: its path, body and key, and whether the shopper makes it.
#[derive(Clone)]
struct Step {
    path: &'static str,
    body: Value,
    is_shoppers: bool,
}

/// What everybody remembers of the time before the cut.
#[derive(Default)]
struct Memory {
    /// Every key that was ever sent, with the call, and its answer if one came.
    steps: Mutex<BTreeMap<String, (Step, Option<Value>)>>,
    answered: AtomicUsize,
    is_over: AtomicBool,
}

/// Who acts.
struct Scene {
    retailer: Retailer,
    shopper: Shopper,
    cards: [Instrument; 2],
}

fn open<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Scene {
    fn asks(&self, key: &str, step: &Step) -> Result<Answer, String> {
        let ask = if step.is_shoppers { self.shopper.ask("POST", step.path) } else { self.retailer.ask("POST", step.path) };
        ask.header("idempotency-key", key).json(&step.body).try_send()
    }
}

/// The reference of what a payment moved, if it is known.
fn reference(answer: Option<&Value>) -> Option<String> {
    answer?["creditCards"][0]["paymentTransactionRef"].as_str().map(str::to_owned)
}

impl Memory {
    /// Makes a call and remembers its answer; nothing if the power went.
    fn goes(&self, scene: &Scene, key: &str, step: Step) -> Result<Option<Value>, ()> {
        open(&self.steps).insert(key.to_owned(), (step.clone(), None));
        let answer = scene.asks(key, &step).map_err(drop)?;
        // On its way out the server may say that it is.
        if answer.status == 503 {
            return Err(());
        }
        assert_eq!(answer.status, 200, "{}", answer.text());
        open(&self.steps).insert(key.to_owned(), (step, Some(answer.json())));
        self.answered.fetch_add(1, Ordering::Relaxed);
        Ok(Some(answer.json()))
    }

    /// Pays, completes and refunds until the power goes.
    fn trades_until_the_cut(&self, scene: &Scene, name: &str) {
        for number in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let key = |verb: &str| format!("{name}-{number}-{verb}");
            let bill = |amount: f64| Bill::of(&scene.cards[0], amount).and(&scene.cards[1], 1.0).with("clientReference", key("pay"));
            let pay = |bill: Bill| Step { path: "/wow/v1/pay/payments", body: bill.body, is_shoppers: true };
            let later = |path: &'static str, list: &str, reference: &str, amount: f64| Step {
                path,
                body: follow_up(list, &[(reference, amount)]),
                is_shoppers: false,
            };
            let is_held = number % 2 == 0;
            let paid = self.goes(scene, &key("pay"), pay(if is_held { bill(10.0).held() } else { bill(10.0) }));
            let Ok(paid) = paid else { return };
            let Some(paid) = reference(paid.as_ref()) else { continue };
            if is_held && self.goes(scene, &key("take"), later("/wow/v1/pay/completions", "completions", &paid, 8.0)).is_err() {
                return;
            }
            if self.goes(scene, &key("back"), later("/wow/v1/pay/refunds", "refunds", &paid, 3.0)).is_err() {
                return;
            }
        }
    }

    /// Loads the server until it has answered a number of times, another each round, and cuts its power.
    fn loads_until_the_cut(&self, florin: &Florin, scene: &Scene, round: usize) {
        self.is_over.store(false, Ordering::Relaxed);
        let goal = self.answered.load(Ordering::Relaxed) + 3 + (round * 17) % 41;
        std::thread::scope(|scope| {
            for worker in 0..6 {
                scope.spawn(move || self.trades_until_the_cut(scene, &format!("round-{round}-{worker}")));
            }
            eventually("enough load", || (self.answered.load(Ordering::Relaxed) >= goal).then_some(()));
            florin.dies();
            self.is_over.store(true, Ordering::Relaxed);
        });
    }

    /// Everybody asks again with the same keys: who had an answer gets the same one, and who had none gets one now.
    fn asks_again(&self, scene: &Scene, round: usize) {
        let name = format!("round-{round}-");
        let steps: Vec<_> =
            open(&self.steps).iter().filter(|(key, _)| key.starts_with(&name)).map(|(key, step)| (key.clone(), step.clone())).collect();
        for (key, (step, before)) in steps {
            let again = eventually("the call to be answered", || scene.asks(&key, &step).ok().filter(|answer| answer.status != 503));
            assert_eq!(again.status, 200, "{key}: {}", again.text());
            if let Some(before) = before {
                assert_eq!(again.json(), before, "{key}: the answer of before the cut");
            }
            open(&self.steps).insert(key, (step, Some(again.json())));
        }
    }

    fn count(&self, verb: &str) -> i64 {
        let steps = open(&self.steps);
        i64::try_from(steps.keys().filter(|key| key.ends_with(verb)).count()).expect("a count")
    }
}

/// What happened is what was asked for, once each.
fn is_once_each(florin: &Florin, scene: &Scene, memory: &Memory) {
    let books = florin.books();
    let pays = memory.count("-pay");
    assert_eq!(books.count("transactions WHERE state = 'processing'"), 0, "every outcome is known");
    assert_eq!(books.count("transactions WHERE kind = 'payment'"), pays, "one payment for each key");
    assert_eq!(
        books.count("transactions WHERE kind = 'payment' AND state <> 'approved'"),
        0,
        "all of them approved, as the network has it"
    );
    assert_eq!(books.count("movements WHERE kind IN ('preauth', 'purchase')"), 2 * pays);
    assert_eq!(books.count("movements WHERE kind = 'completion'"), memory.count("-take"));
    assert_eq!(books.count("movements WHERE kind = 'refund'"), memory.count("-back"));
    assert_eq!(books.count("movements WHERE state <> 'done'"), 0);
    let history = scene.shopper.history(&json!({ "maxRecords": 1_000 }));
    assert_eq!(history["total"].as_i64(), Some(books.count("movements")), "the history agrees with the books");
    let listed: Vec<_> =
        history["transactions"].as_array().expect("transactions").iter().map(|entry| entry["transactionRef"].clone()).collect();
    for (key, (_, answer)) in open(&memory.steps).iter().filter(|_| listed.len() < 1_000) {
        let answer = answer.as_ref().expect("an answer by now");
        for (list, field) in [
            ("creditCards", "paymentTransactionRef"),
            ("completionResponses", "completionTransactionRef"),
            ("refundResponses", "refundTransactionRef"),
        ] {
            for part in answer[list].as_array().into_iter().flatten() {
                assert!(listed.contains(&part[field]), "{key}: {part} is not in the history");
            }
        }
    }
}

fn survives(engine: Engine, cuts: usize) {
    let florin = Florin::start(engine);
    let shopper = florin.shopper();
    let cards = [florin.card("approved"), "5555555555554444".to_owned()].map(|number| shopper.captures(&number));
    let scene = Scene { retailer: florin.retailer(0), shopper, cards };
    let memory = Memory::default();
    for round in 0..cuts {
        memory.loads_until_the_cut(&florin, &scene, round);
        florin.verify_is_clean();
        florin.comes_back();
        if engine == Engine::Postgres {
            // Another server may be at work on what this one finds begun: it waits a minute before it looks after it.
            florin.time_passes("61s");
        }
        memory.asks_again(&scene, round);
    }
    is_once_each(&florin, &scene, &memory);
    florin.books_are_right();
}

#[test]
fn twelve_power_cuts_among_payments_charge_nothing_twice_and_forget_nothing() {
    survives(Engine::Sqlite, 12);
}

#[test]
fn four_power_cuts_among_payments_on_postgres_charge_nothing_twice_and_forget_nothing() {
    survives(Engine::Postgres, 4);
}

/// Nobody asks again: what was begun is found out by Florin itself.
#[test]
fn payments_that_a_power_cut_left_in_doubt_are_settled_without_being_asked_for() {
    let florin = Florin::start(Engine::Sqlite);
    let shopper = florin.shopper();
    let slow = shopper.captures(&florin.card("slow"));
    let good = shopper.captures(&florin.card("approved"));
    let bill = Bill::of(&slow, 20.0).and(&good, 5.0).with("allowPartialSuccess", false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| shopper.ask("POST", "/wow/v1/pay/payments").json(&bill.body).try_send().map(drop));
        }
        let books = florin.books();
        eventually("the payments to be in doubt", || (books.count("transactions WHERE state = 'processing'") == 4).then_some(()));
        florin.dies();
    });
    florin.verify_is_clean();
    florin.comes_back();
    let books = florin.books();
    eventually("the payments to be settled", || {
        florin.time_passes("11s");
        (books.count("transactions WHERE state = 'processing'") == 0).then_some(())
    });
    assert_eq!((books.count("transactions WHERE state = 'approved'"), books.balance("merchant_payable", "")), (4, -10_000));
    assert_eq!(shopper.history(&json!({}))["total"], 8);
    florin.books_are_right();
}
