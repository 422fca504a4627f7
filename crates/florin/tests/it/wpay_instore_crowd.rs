//! Everything at once in store: what can happen once happens once, and what stands against it is refused.

use serde_json::{Value, json};

use crate::cast::{Answer, Florin, at_once, story, text};

const NOTHING: Value = Value::Null;
/// From how many places.
const PLACES: usize = 20;

/// How many went through; the others were refused for what they were about.
#[track_caller]
fn done(answers: &[Answer]) -> usize {
    for answer in answers {
        assert!(matches!(answer.status, 200 | 204 | 400 | 422), "{}: {}", answer.status, answer.text());
    }
    answers.iter().filter(|answer| answer.status < 300).count()
}

fn owed(florin: &Florin) -> i64 {
    -florin.books().balance("merchant_payable", "")
}

story! {
    fn twenty_refunds_at_once_give_back_what_was_paid_and_no_more(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let paid = |dollars: f64| shopper.settles_with(&till.asked(dollars, &NOTHING), &card).told_transaction();
        let whole = paid(50.0);
        assert_eq!(done(&at_once(PLACES, |_| till.gives_back(&whole.id(), &[]))), 1);
        assert_eq!(owed(florin), 0);
        let parted = paid(50.0);
        let reference = parted.reference(&card);
        assert_eq!(done(&at_once(PLACES, |_| till.gives_back(&parted.id(), &[(&reference, 7.0)]))), 7);
        assert_eq!((owed(florin), till.transactions("").len()), (100, 2 + 1 + 7));
        // The rest from both sides of the house: either family knows what the other has given back.
        let answers = at_once(PLACES, |place| match place % 2 {
            0 => till.gives_back(&parted.id(), &[]),
            _ => till.refunds(&[(&reference, 1.0)]),
        });
        assert_eq!((done(&answers), owed(florin)), (1, 0));
    }
}

story! {
    fn held_money_is_taken_or_freed_at_once_and_never_both(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        for _ in 0..3 {
            let how = json!({ "primaryInstrumentId": card.id, "transactionType": { "creditCard": "PREAUTH" } });
            let held = shopper.settles(&till.asked(50.0, &NOTHING), how).told_transaction();
            let before = owed(florin);
            let verbs = ["completion", "void"];
            assert_eq!(done(&at_once(PLACES, |place| till.follows_up(verbs[place % 2], &held.id(), json!({})))), 1);
            let moved = owed(florin) - before;
            assert!(moved == 5_000 || moved == 0, "{moved}");
            assert_eq!(florin.books().balance("authorisation_holds", ""), 0);
        }
    }
}

story! {
    fn a_request_that_is_taken_back_in_the_crowd_is_paid_by_those_who_came_before(florin) {
        let till = florin.retailer(0);
        let crowd: Vec<_> = (0..PLACES - 1).map(|_| florin.card_holder()).collect();
        for round in 0..3 {
            let before = owed(florin);
            let request = till.asked(10.0, &json!({ "maxUses": 0 }));
            let answers = at_once(PLACES, |place| match crowd.get(place) {
                Some((shopper, card)) => shopper.settles_with(&request, card),
                None => till.in_store("DELETE", &format!("/payments/{request}"), NOTHING),
            });
            let paid = done(&answers) - 1;
            assert_eq!(answers[PLACES - 1].status, 204, "round {round}");
            assert_eq!(owed(florin) - before, 1_000 * i64::try_from(paid).expect("a count"));
            assert_eq!(till.transactions(&format!("?paymentRequestId={request}&page-size=100")).len(), paid);
            let (shopper, card) = &crowd[0];
            shopper.settles_with(&request, card).is(422);
        }
    }
}

story! {
    fn a_gift_card_in_twenty_wallets_pays_its_part_as_often_as_it_can(florin) {
        let till = florin.retailer(0);
        let slip = florin.gift_card("628000", 25.0);
        let crowd: Vec<_> = (0..PLACES)
            .map(|_| {
                let (shopper, card) = florin.card_holder();
                (shopper.takes(&slip), card, shopper)
            })
            .collect();
        let requests: Vec<_> = crowd.iter().map(|_| till.asked(15.0, &NOTHING)).collect();
        let answers = at_once(PLACES, |place| {
            let (gift, card, shopper) = &crowd[place];
            let secondary = json!([{ "instrumentId": gift.id, "amount": 10 }]);
            shopper.settles(&requests[place], json!({ "primaryInstrumentId": card.id, "secondaryInstruments": secondary }))
        });
        let told: Vec<_> = answers.into_iter().map(Answer::told_transaction).collect();
        let approved = told.iter().filter(|told| told.outcome().1 == "APPROVED").count();
        assert_eq!((approved, owed(florin)), (2, 3_000), "the others paid nothing at all, not even with their own cards");
        for told in told.iter().filter(|told| told.outcome().1 != "APPROVED") {
            assert_eq!((told.outcome().1, &told.0["rollback"] == "FAILED"), ("REJECTED", false), "{}", told.0);
        }
        let (gift, _, shopper) = &crowd[0];
        assert_eq!(shopper.has_left(&[gift]), [5.0]);
        let left = requests.iter().filter(|request| till.uses_left(request) == Some(1)).count();
        assert_eq!(left, PLACES - 2);
    }
}

story! {
    fn a_session_that_is_linked_and_ended_at_once_is_paid_or_over(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let mut paid = 0;
        for round in 0..6 {
            let opened = till.in_store("POST", "/payment/session", json!({ "location": "lane 4", "merchantInfo": {} })).data();
            let path = format!("/payment/session/{}", text(&opened, "paymentSessionId"));
            shopper.in_store("PUT", &path, json!({ "primaryInstrumentId": card.id })).is(204);
            let request = till.asked(10.0, &NOTHING);
            let answers = at_once(2, |place| match place {
                0 => till.in_store("POST", &path, json!({ "merchantInfo": {}, "paymentRequestId": request })),
                _ => shopper.in_store("DELETE", &path, NOTHING),
            });
            done(&answers);
            florin.time_passes("61s");
            let is_paid = till.uses_left(&request) == Some(0);
            assert!(!is_paid || answers[0].status == 200, "round {round}: paid though it was not linked");
            paid += i64::from(is_paid);
        }
        assert_eq!((owed(florin), shopper.transactions("").len()), (paid * 1_000, usize::try_from(paid).expect("a count")));
    }
}
