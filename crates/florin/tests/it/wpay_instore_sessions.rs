//! Meetings at a till: opened by a merchant, taken up by a shopper, linked to what is to be paid, and paid once.

use serde_json::{Value, json};

use crate::cast::{Answer, Florin, Retailer, Shopper, at_once, scanned, story, text};

const NOTHING: Value = Value::Null;

/// Opens a session at the till, with whatever else is said.
#[track_caller]
fn opens(till: &Retailer, more: &Value) -> Value {
    let mut data = json!({ "location": "lane 4", "merchantInfo": { "payload": { "till": 4 } } });
    for (field, value) in more.as_object().into_iter().flatten() {
        data[field] = value.clone();
    }
    till.in_store("POST", "/payment/session", data).data()
}

fn session(rest: &str) -> String {
    format!("/payment/session/{rest}")
}

/// The shopper takes a session up.
#[track_caller]
fn takes_up(shopper: &Shopper, id: &str) -> Answer {
    shopper.in_store("POST", &session(id), json!({ "customerInfo": { "payload": { "name": "Jo" } } }))
}

/// The merchant says what is to be paid.
#[track_caller]
fn links(till: &Retailer, id: &str, request: &str) -> Answer {
    till.in_store("POST", &session(id), json!({ "merchantInfo": {}, "paymentRequestId": request }))
}

fn owed(florin: &Florin) -> i64 {
    -florin.books().balance("merchant_payable", "")
}

story! {
    fn a_till_and_a_shopper_meet_over_a_code_and_what_was_approved_beforehand_is_paid_once(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let opened = opens(&till, &json!({ "generateQR": true, "timeToLivePaymentSession": 600 }));
        let id = text(&opened, "paymentSessionId");
        assert_eq!(opened["paymentSession"]["paymentSessionId"], id);
        let content = scanned(&till.picture(&text(&opened["qr"], "qrId")));
        assert_eq!(
            (content.as_str(), &opened["qr"]["referenceType"]),
            (text(&opened["qr"], "content").as_str(), &json!("PAYMENT_SESSION"))
        );
        let qr = content.rsplit('/').next().expect("an id");
        let seen = shopper.looks_at(&session(&format!("qr/{qr}"))).data();
        assert_eq!((text(&seen, "paymentSessionId"), &seen["walletId"]), (id.clone(), &NOTHING));
        shopper.looks_at(&format!("/qr/{qr}")).is(422);

        takes_up(&shopper, &id).is(204);
        let taken = till.looks_at(&session(&id)).data();
        assert_eq!((text(&taken, "walletId").len(), &taken["customerInfo"]["payload"]), (36, &json!({ "name": "Jo" })));
        shopper.in_store("PUT", &session(&id), json!({ "primaryInstrumentId": card.id, "clientReference": "beforehand" })).is(204);
        assert_eq!((owed(florin), till.transactions("").len()), (0, 0), "nothing is paid before it is known what");
        let request = till.asked(45.5, &NOTHING);
        let linked = links(&till, &id, &request).data();
        assert_eq!(linked["paymentRequestId"], request);

        let query = format!("?paymentSessionId={id}");
        let (mine, theirs) = (shopper.transactions(&query), till.transactions(&query));
        assert_eq!((mine.len(), theirs.len(), mine[0].id()), (1, 1, theirs[0].id()));
        assert_eq!((mine[0].outcome(), mine[0].0["clientReference"].as_str()), (("PAYMENT", "APPROVED", 45.5), Some("beforehand")));
        assert_eq!(text(&theirs[0].0, "walletId"), text(&taken, "walletId"));
        florin.time_passes("5m");
        assert_eq!((owed(florin), till.uses_left(&request), shopper.transactions("").len()), (4_550, Some(0), 1));
        links(&till, &id, &till.asked(1.0, &NOTHING)).is(422);
        shopper.settles_with(&request, &card).is(422);
        shopper.in_store("PUT", &session(&id), json!({ "primaryInstrumentId": card.id })).is(422);
        assert_eq!(florin.shopper().transactions(&query), []);
    }
}

story! {
    fn a_session_that_eight_link_at_once_is_linked_once_and_paid_once(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        for round in 1..=4 {
            let id = text(&opens(&till, &NOTHING), "paymentSessionId");
            let requests: Vec<_> = (0..8).map(|_| till.asked(10.0, &NOTHING)).collect();
            let is_approved = round % 2 == 0;
            if is_approved {
                shopper.in_store("PUT", &session(&id), json!({ "primaryInstrumentId": card.id })).is(204);
            }
            let answers = at_once(8, |place| links(&till, &id, &requests[place]));
            let (linked, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
            assert_eq!((linked.len(), refused.iter().filter(|answer| answer.status == 422).count()), (1, 7));
            let request = text(&linked[0].json()["data"], "paymentRequestId");
            if !is_approved {
                shopper.settles_with(&request, &card).is(200);
            }
            assert_eq!(till.uses_left(&request), Some(0));
            let others = requests.iter().filter(|other| **other != request);
            assert!(others.into_iter().all(|other| till.uses_left(other) == Some(1)), "the others were not touched");
        }
        assert_eq!((owed(florin), shopper.transactions("").len()), (4_000, 4));
    }
}

story! {
    fn one_request_that_eight_sessions_are_linked_to_at_once_is_paid_as_often_as_it_may_be(florin) {
        let till = florin.retailer(0);
        let crowd: Vec<_> = (0..8).map(|_| florin.card_holder()).collect();
        let request = till.asked(10.0, &json!({ "maxUses": 3 }));
        let sessions: Vec<_> = crowd
            .iter()
            .map(|(shopper, card)| {
                let id = text(&opens(&till, &NOTHING), "paymentSessionId");
                shopper.in_store("PUT", &session(&id), json!({ "primaryInstrumentId": card.id })).is(204);
                id
            })
            .collect();
        let answers = at_once(8, |place| links(&till, &sessions[place], &request));
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 422)));
        florin.time_passes("2m");
        assert_eq!((owed(florin), till.uses_left(&request), till.transactions("").len()), (3_000, Some(0), 3));
    }
}

story! {
    fn of_two_wallets_that_take_a_session_up_at_once_one_has_it(florin) {
        let (till, crowd) = (florin.retailer(0), [florin.card_holder(), florin.card_holder()]);
        for round in 0..5 {
            let id = text(&opens(&till, &NOTHING), "paymentSessionId");
            let mut statuses = at_once(2, |place| {
                let (shopper, card) = &crowd[place];
                // To approve beforehand is to take it up as well.
                let approves = || shopper.in_store("PUT", &session(&id), json!({ "primaryInstrumentId": card.id }));
                if round % 2 == 0 { takes_up(shopper, &id).status } else { approves().status }
            });
            let winner = statuses.iter().position(|status| *status == 204).expect("one of them");
            statuses.sort_unstable();
            assert_eq!(statuses, [204, 422]);
            let (loser, card) = &crowd[1 - winner];
            for answer in [
                takes_up(loser, &id),
                loser.looks_at(&session(&id)),
                loser.in_store("PUT", &session(&id), json!({ "primaryInstrumentId": card.id })),
                loser.in_store("DELETE", &session(&id), NOTHING),
            ] {
                answer.is(422);
            }
            crowd[winner].0.looks_at(&session(&id)).is(200);
            let request = till.asked(1.0, &NOTHING);
            links(&till, &id, &request).is(200);
            crowd[winner].0.settles_with(&request, &crowd[winner].1);
            assert_eq!((till.uses_left(&request), loser.transactions(&format!("?paymentSessionId={id}")).len()), (Some(0), 0));
        }
        assert_eq!(owed(florin), 500);
    }
}

story! {
    fn a_session_that_was_linked_first_is_paid_as_soon_as_the_shopper_approves(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let declined = shopper.captures(&florin.card("declined"));
        let request = till.asked(10.0, &NOTHING);
        let id = text(&opens(&till, &json!({ "paymentRequestId": request })), "paymentSessionId");
        takes_up(&shopper, &id).is(204);
        shopper.in_store("PUT", &session(&id), json!({ "primaryInstrumentId": declined.id })).is(204);
        let query = format!("?paymentSessionId={id}");
        assert_eq!((till.transactions(&query)[0].outcome().1, till.uses_left(&request)), ("REJECTED", Some(1)));
        shopper.in_store("PUT", &session(&id), json!({ "primaryInstrumentId": card.id })).is(204);
        let statuses: Vec<_> = shopper.transactions(&query).iter().map(|told| told.outcome().1.to_owned()).collect();
        assert_eq!(
            (statuses, till.uses_left(&request), owed(florin)),
            (vec!["APPROVED".to_owned(), "REJECTED".to_owned()], Some(0), 1_000)
        );
    }
}

story! {
    fn sessions_end_by_the_clock_or_by_either_side(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let opened = opens(&till, &json!({ "timeToLivePaymentSession": 60, "generateQR": true }));
        let by_time = text(&opened, "paymentSessionId");
        let (by_merchant, by_shopper) =
            (text(&opens(&till, &NOTHING), "paymentSessionId"), text(&opens(&till, &NOTHING), "paymentSessionId"));
        for id in [&by_time, &by_merchant, &by_shopper] {
            shopper.in_store("PUT", &session(id), json!({ "primaryInstrumentId": card.id })).is(204);
        }
        till.in_store("DELETE", &session(&format!("{by_merchant}?reason=closed%20early")), NOTHING).is(204);
        shopper.in_store("DELETE", &session(&by_shopper), NOTHING).is(204);
        florin.time_passes("61s");
        let request = till.asked(10.0, &NOTHING);
        for id in [&by_time, &by_merchant, &by_shopper] {
            links(&till, id, &request).is(400);
            for answer in [
                till.looks_at(&session(id)),
                till.in_store("DELETE", &session(id), NOTHING),
                till.in_store("POST", "/qr", json!({ "referenceId": id, "referenceType": "PAYMENT_SESSION" })),
                shopper.looks_at(&session(id)),
                takes_up(&shopper, id),
                shopper.in_store("PUT", &session(id), json!({ "primaryInstrumentId": card.id })),
                shopper.in_store("DELETE", &session(id), NOTHING),
            ] {
                answer.is(422);
            }
        }
        shopper.looks_at(&session(&format!("qr/{}", text(&opened["qr"], "qrId")))).is(422);
        florin.time_passes("1h");
        assert_eq!((till.uses_left(&request), till.transactions("").len(), owed(florin)), (Some(1), 0, 0));
    }
}

story! {
    fn what_a_session_is_about_belongs_to_its_merchant(florin) {
        let (till, shopper) = (florin.retailer(0), florin.shopper());
        let id = text(&opens(&till, &NOTHING), "paymentSessionId");
        let (theirs, elsewhere) = (florin.retailer(1).asked(10.0, &NOTHING), florin.retailer(1).signs_in("elsewhere"));
        links(&till, &id, &theirs).is(422);
        for answer in [
            florin.retailer(1).looks_at(&session(&id)),
            links(&florin.retailer(1), &id, &theirs),
            elsewhere.looks_at(&session(&id)),
            takes_up(&elsewhere, &id),
        ] {
            answer.is(422);
        }
        takes_up(&shopper, &id).is(204);
        let gift = shopper.takes(&florin.gift_card("628000", 5.0));
        let listed = shopper.looks_at(&format!("/instruments?paymentSessionId={id}")).data();
        assert_eq!((&listed["giftCards"][0]["paymentInstrumentId"], &listed["giftCards"][0]["allowed"]), (&json!(gift.id), &json!(true)));
        florin.shopper().looks_at(&format!("/instruments?paymentSessionId={id}")).is(422);
    }
}
