//! Everything at once: the same refund, the same completion, the same gift card from twenty places. It happens once.

use serde_json::json;

use crate::cast::{Answer, Bill, Florin, Instrument, Shopper, at_once, follow_up, story};

/// From how many places.
const PLACES: usize = 20;

/// How many went through; the others were refused, and said so.
#[track_caller]
fn done(answers: &[Answer]) -> usize {
    for answer in answers {
        assert!(matches!(answer.status, 200 | 400), "{}: {}", answer.status, answer.text());
    }
    answers.iter().filter(|answer| answer.status == 200).count()
}

fn customer(florin: &Florin) -> (Shopper, Instrument) {
    let shopper = florin.shopper();
    let card = shopper.captures(&florin.card("approved"));
    (shopper, card)
}

fn movements(florin: &Florin, kind: &str) -> i64 {
    florin.books().count(&format!("movements WHERE kind = '{kind}' AND state = 'done'"))
}

story! {
    fn twenty_full_refunds_at_once_are_one(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), customer(florin));
        for round in 1..=3 {
            let bought = shopper.bought(&card, 50.0);
            assert_eq!(done(&at_once(PLACES, |_| retailer.refunds(&[(&bought, 50.0)]))), 1);
            assert_eq!(movements(florin, "refund"), round);
        }
        // Parts of it: as many as fit.
        let bought = shopper.bought(&card, 50.0);
        assert_eq!(done(&at_once(PLACES, |_| retailer.refunds(&[(&bought, 7.0)]))), 7);
        assert_eq!(florin.books().balance("merchant_payable", ""), -100);
    }
}

story! {
    fn twenty_completions_at_once_are_one_and_no_void_comes_between(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), customer(florin));
        let held = shopper.reserved(&card, 50.0);
        assert_eq!(done(&at_once(PLACES, |_| retailer.completes(&[(&held, 30.0)]))), 1);
        assert_eq!(movements(florin, "completion"), 1);
        let held = shopper.reserved(&card, 50.0);
        let answers = at_once(PLACES, |place| if place % 2 == 0 { retailer.completes(&[(&held, 30.0)]) } else { retailer.voids(&[&held]) });
        assert_eq!(done(&answers), 1, "taken or freed, and not both");
        assert_eq!(florin.books().balance("authorisation_holds", ""), 0);
    }
}

story! {
    fn a_gift_card_spent_from_twenty_places_at_once_is_spent_as_far_as_it_goes(florin) {
        let shopper = florin.shopper();
        let slip = florin.gift_card("628000", 25.0);
        let gift = shopper.takes(&slip);
        assert_eq!(done(&at_once(PLACES, |_| shopper.pays(&Bill::of(&gift, 10.0)))), 2);
        // From wallets of different shoppers: it is one card.
        let holders: Vec<_> = (0..PLACES).map(|_| florin.shopper()).map(|shopper| (shopper.takes(&slip), shopper)).collect();
        let answers = at_once(PLACES, |place| {
            let (gift, shopper) = &holders[place];
            let bill = Bill::of(gift, 2.0);
            shopper.pays(&if place % 2 == 0 { bill } else { bill.held() })
        });
        assert_eq!(done(&answers), 2);
        let left = florin.books().number(&format!("SELECT balance_minor - held_minor FROM gift_cards WHERE suffix = '{}'", &slip.number[slip.number.len() - 4..]));
        assert_eq!(left, 100);
    }
}

story! {
    fn the_same_key_from_twenty_places_at_once_moves_money_once(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), customer(florin));
        let is_heard = |answer: &Answer| matches!(answer.status, 200 | 409 | 503);
        for round in 0..3 {
            let (bill, key) = (Bill::of(&card, 10.0), format!("pay-{round}"));
            let answers = at_once(PLACES, |_| shopper.pays_keyed(&bill, &key));
            assert!(answers.iter().all(is_heard), "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
            let first = shopper.pays_keyed(&bill, &key).is(200).json();
            assert!(answers.iter().filter(|answer| answer.status == 200).all(|answer| answer.json() == first), "one answer");
            let reference = first["creditCards"][0]["paymentTransactionRef"].as_str().expect("a reference").to_owned();
            let body = follow_up("refunds", &[(&reference, 4.0)]);
            let answers = at_once(PLACES, |_| retailer.posts_keyed("/wow/v1/pay/refunds", &body, &key));
            assert!(answers.iter().all(is_heard));
            retailer.posts_keyed("/wow/v1/pay/refunds", &body, &key).is(200);
        }
        assert_eq!((movements(florin, "purchase"), movements(florin, "refund")), (3, 3));
        assert_eq!(shopper.history(&json!({}))["total"], 6);
    }
}

story! {
    fn a_step_up_token_from_twenty_places_at_once_opens_once(florin) {
        let shopper = florin.shopper();
        let card = shopper.captures(&florin.card("step_up"));
        let token = shopper.steps_up(shopper.entry(&card)["stepUp"]["url"].as_str().expect("a URL"));
        let answers = at_once(PLACES, |_| shopper.pays(&Bill::of(&card, 10.0).part_with("stepUpToken", token.as_str())));
        assert_eq!(done(&answers), 1);
        assert_eq!(movements(florin, "purchase"), 1);
    }
}
