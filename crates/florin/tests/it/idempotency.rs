//! Idempotency keys: the same call again gets the first answer, byte for byte, and has no second effect.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};

use serde_json::json;

use crate::cast::{CompanyFate, Florin, Shop, Wish, story};

const KEY: &str = "idempotency-key";

fn orders_in(florin: &Florin) -> i64 {
    florin.books().count("orders")
}

story! {
    fn the_same_key_and_body_get_the_first_answer_byte_for_byte(florin) {
        let shop = florin.shop(0);
        let wish = Wish::of(4200.0).keyed("basket-1");
        let first = shop.tries(&wish).is(201);
        assert_eq!(first.header("idempotent-replayed"), "");
        let order = crate::cast::Order::read(&first);
        florin.buyer(CompanyFate::Approved).pays_later(&order);
        for _ in 0..3 {
            let again = shop.tries(&wish).is(201);
            assert_eq!(again.header("idempotent-replayed"), "true");
            assert_eq!(again.body, first.body, "the answer of then, whatever happened since");
            assert_eq!(again.header("content-type"), first.header("content-type"));
        }
        assert_eq!(orders_in(florin), 1);
    }
}

story! {
    fn the_same_key_with_another_body_is_refused(florin) {
        let shop = florin.shop(0);
        shop.tries(&Wish::of(4200.0).keyed("basket-1")).is(201);
        let other = shop.tries(&Wish::of(4201.0).keyed("basket-1")).is(422);
        assert!(!other.detail().is_empty());
        let elsewhere = shop.ask("POST", &shop.events_path()).header(KEY, "basket-1").json(&json!({"events": []}));
        assert_eq!(shop.send(elsewhere).status, 422, "another call with the same key");
        shop.tries(&Wish::of(4200.0).keyed("basket-1")).is(201);
        assert_eq!(orders_in(florin), 1);
    }
}

story! {
    fn a_key_belongs_to_one_seller(florin) {
        let first = florin.shop(0).creates(&Wish::of(10.0).keyed("k"));
        let second = florin.shop(1).creates(&Wish::of(10.0).keyed("k"));
        assert_ne!(first.id, second.id);
    }
}

story! {
    fn a_refusal_is_remembered_as_well(florin) {
        let shop = florin.shop(0);
        let bad = Wish::of(-1.0).keyed("bad");
        let first = shop.tries(&bad).is(400);
        let again = shop.tries(&bad).is(400);
        assert_eq!(first.body, again.body);
        let order = shop.creates(&Wish::of(10.0));
        let cancel = || shop.send(shop.ask("DELETE", &Shop::lending_path(&order.id)).header(KEY, "c1"));
        cancel().is(204);
        assert_eq!(cancel().is(204).header("idempotent-replayed"), "true", "the cancel worked, and that is what the retry hears");
        shop.cancels(&order.id).is(400);
        let final_cancel = || shop.send(shop.ask("DELETE", &Shop::lending_path(&order.id)).header(KEY, "c2"));
        let refused = final_cancel().is(400);
        let replayed = final_cancel().is(400);
        assert_eq!((replayed.body.clone(), replayed.header("idempotent-replayed")), (refused.body, "true"));
    }
}

story! {
    fn a_key_is_one_to_255_visible_characters(florin) {
        let shop = florin.shop(0);
        let tries = |key: &str| shop.ask("POST", &shop.create_path()).header(KEY, key).json(&json!({"data": {"amount": 5, "reference": "r"}})).send().status;
        assert_eq!(tries(&"k".repeat(255)), 201);
        for bad in ["", " ", "a b", &"k".repeat(256), "k\u{e9}"] {
            assert_eq!(tries(bad), 400, "{bad:?}");
        }
    }
}

story! {
    fn events_with_a_key_are_kept_once(florin) {
        let shop = florin.shop(0);
        let body = json!({"events": [{"event_type": "SELLER_HEARTBEAT", "meta_data": {}}]});
        let report = || shop.send(shop.ask("POST", &shop.events_path()).header(KEY, "e1").json(&body));
        let first = report();
        let again = report();
        assert_eq!((first.status, first.body.clone()), (again.status, again.body.clone()));
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(florin.books().count("integration_events"), 1);
    }
}

story! {
    fn the_same_call_many_times_at_once_has_one_effect(florin) {
        let shop = florin.shop(0);
        for round in 0..10 {
            let wish = Wish::of(99.0).keyed(&format!("round-{round}"));
            let start = Barrier::new(8);
            let statuses: Vec<u16> = std::thread::scope(|scope| {
                let call = || {
                    start.wait();
                    shop.tries(&wish).status
                };
                let calls: Vec<_> = (0..8).map(|_| scope.spawn(call)).collect();
                calls.into_iter().map(|call| call.join().expect("a call")).collect()
            });
            assert!(statuses.iter().all(|status| matches!(status, 201 | 409)), "created, or in flight: {statuses:?}");
            assert!(statuses.contains(&201));
            shop.tries(&wish).is(201);
        }
        assert_eq!(orders_in(florin), 10);
    }
}

story! {
    fn two_thousand_retries_sixty_four_at_a_time_make_one_order_for_each_key(florin) {
        const CALLS: usize = 2_000;
        const AT_ONCE: usize = 64;
        const KEYS: usize = 100;
        let shop = florin.shop(0);
        let next = AtomicUsize::new(0);
        let answers: Mutex<HashMap<usize, Vec<u8>>> = Mutex::default();
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= CALLS {
                            return;
                        }
                        let key = number % KEYS;
                        let wish = Wish::of(10.0).with("reference", format!("basket {key}")).keyed(&format!("basket-{key}"));
                        // In flight elsewhere is no answer yet: the retry goes on until it has one.
                        let answer = loop {
                            let answer = shop.tries(&wish);
                            if answer.status != 409 {
                                break answer.is(201);
                            }
                        };
                        let mut answers = answers.lock().expect("the answers");
                        let first = answers.entry(key).or_insert_with(|| answer.body.clone());
                        assert_eq!(*first, answer.body, "one answer a key");
                    }
                });
            }
        });
        assert_eq!(answers.lock().expect("the answers").len(), KEYS);
        assert_eq!(orders_in(florin), i64::try_from(KEYS).expect("a small number"));
    }
}

story! {
    fn a_used_key_with_a_body_that_is_wrong_anyway_is_told_of_the_key(florin) {
        let shop = florin.shop(0);
        shop.tries(&Wish::of(4200.0).keyed("basket-1")).is(201);
        shop.tries(&Wish::of(-1.0).keyed("basket-1")).is(422);
        shop.tries(&Wish::of(-1.0).keyed("basket-2")).is(400);
        shop.tries(&Wish::of(4200.0).keyed("basket-2")).is(201);
        assert_eq!(orders_in(florin), 2);
    }
}
