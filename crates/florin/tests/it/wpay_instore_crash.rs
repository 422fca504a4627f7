//! Power cuts while shoppers crowd around one request: it is never paid more often than it may be, and what was paid is known.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::cast::{Engine, Florin, Instrument, Retailer, Shopper, eventually};

/// How often the request may be paid.
const USES: usize = 5;
/// How many shoppers want to pay it, and how often each tries.
const SHOPPERS: usize = 10;
const TRIES: usize = 5;

/// Who pays, and with what: every other one has a card whose issuer takes its time.
type Crowd = Vec<(Shopper, Instrument)>;

fn crowd(florin: &Florin) -> Crowd {
    let member = |place: usize| {
        let shopper = florin.shopper();
        let card = shopper.captures(&florin.card(if place.is_multiple_of(2) { "slow" } else { "approved" }));
        (shopper, card)
    };
    (0..SHOPPERS).map(member).collect()
}

/// Everybody tries to pay until the power goes, which it does once `answers` were given and something has begun.
fn crowds_around(florin: &Florin, crowd: &Crowd, request: &str, answers: usize) {
    let heard = AtomicUsize::new(0);
    let before = florin.books().count("occasions");
    std::thread::scope(|scope| {
        for (shopper, card) in crowd {
            let heard = &heard;
            scope.spawn(move || {
                for _ in 0..TRIES {
                    let path = format!("/wow/v1/pay/instore/customer/payments/{request}");
                    let how = json!({ "data": { "primaryInstrumentId": card.id }, "meta": {} });
                    let Ok(answer) = shopper.ask("PUT", &path).json(&how).try_send() else { return };
                    assert!(matches!(answer.status, 200 | 422 | 503), "{}: {}", answer.status, answer.text());
                    heard.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let books = florin.books();
        eventually("the crowd to be at it", || {
            (books.count("occasions") > before && heard.load(Ordering::Relaxed) >= answers).then_some(())
        });
        florin.dies();
    });
}

/// How many payments of a request were approved, and how many are not known.
fn standing(till: &Retailer, request: &str) -> (usize, usize) {
    let paid = till.transactions(&format!("?paymentRequestId={request}&page-size=500"));
    let count = |status: &str| paid.iter().filter(|told| told.outcome().1 == status).count();
    (count("APPROVED"), count("PROCESSING"))
}

fn survives(engine: Engine, cuts: usize) {
    let florin = Florin::start(engine);
    let (till, crowd) = (florin.retailer(0), crowd(&florin));
    for round in 0..cuts {
        let request = till.asked(10.0, &json!({ "maxUses": USES }));
        crowds_around(&florin, &crowd, &request, round * 4);
        florin.verify_is_clean();
        florin.comes_back();
        eventually("every outcome to be known", || {
            florin.time_passes("61s");
            (standing(&till, &request).1 == 0).then_some(())
        });
        let approved = standing(&till, &request).0;
        assert!(approved <= USES, "round {round}: {approved} payments of {USES}");
        assert_eq!(till.uses_left(&request), Some((USES - approved) as u64), "round {round}: a use for each that was paid");
        // Who is still there pays what is left, and no more.
        for (shopper, card) in &crowd {
            assert!(matches!(shopper.settles_with(&request, card).status, 200 | 422));
        }
        assert_eq!((standing(&till, &request), till.uses_left(&request)), ((USES, 0), Some(0)), "round {round}");
    }
    let paid = i64::try_from(cuts * USES).expect("a count");
    assert_eq!(-florin.books().balance("merchant_payable", ""), paid * 1_000);
    let seen: usize = crowd.iter().map(|(shopper, _)| shopper.transactions("?pageSize=500").len()).sum();
    assert_eq!(till.looks_at("/transactions").is(200).json()["meta"]["totalRecords"], Value::from(seen), "both sides know the same");
    florin.books_are_right();
}

#[test]
fn six_power_cuts_among_fifty_payments_of_one_request_never_pay_it_too_often() {
    survives(Engine::Sqlite, 6);
}

#[test]
fn three_power_cuts_among_fifty_payments_of_one_request_on_postgres_never_pay_it_too_often() {
    survives(Engine::Postgres, 3);
}
