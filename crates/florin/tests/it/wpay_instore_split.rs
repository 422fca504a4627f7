//! Payments of several instruments, one of which is refused: everything is put back to the cent, unless the payer said otherwise.

use serde_json::{Value, json};

use crate::cast::{Florin, Instrument, Retailer, Shopper, Told, story};

const NOTHING: Value = Value::Null;

/// A shopper with two gift cards and a card that its issuer declines.
struct Scene<'f> {
    florin: &'f Florin,
    till: Retailer,
    shopper: Shopper,
    gifts: [Instrument; 2],
    declined: Instrument,
}

impl<'f> Scene<'f> {
    fn of(florin: &'f Florin) -> Self {
        let shopper = florin.shopper();
        let gifts = [33.33, 22.22].map(|dollars| shopper.takes(&florin.gift_card("628000", dollars)));
        let declined = shopper.captures(&florin.card("declined"));
        Self { florin, till: florin.retailer(0), shopper, gifts, declined }
    }

    /// Pays $100.01, of which the gift cards have all but the cents and more, with whatever else is said.
    #[track_caller]
    fn pays(&self, request: &str, more: &Value) -> Told {
        let parts: Vec<_> =
            self.gifts.iter().zip([33.33, 22.21]).map(|(gift, dollars)| json!({ "instrumentId": gift.id, "amount": dollars })).collect();
        let mut how = json!({ "primaryInstrumentId": self.declined.id, "secondaryInstruments": parts });
        for (field, value) in more.as_object().into_iter().flatten() {
            how[field] = value.clone();
        }
        self.shopper.settles(request, how).told_transaction()
    }

    fn asked(&self) -> String {
        self.till.asked(100.01, &NOTHING)
    }

    #[track_caller]
    fn left(&self) -> Vec<f64> {
        self.shopper.has_left(&[&self.gifts[0], &self.gifts[1]])
    }

    fn owed(&self) -> i64 {
        -self.florin.books().balance("merchant_payable", "")
    }

    /// What both sides see of a payment is what its payer was told.
    #[track_caller]
    fn both_see(&self, paid: &Told) {
        for seen in [self.shopper.sees(&paid.id()), self.till.sees(&paid.id())] {
            assert_eq!((seen.outcome(), &seen.0["rollback"], seen.parts()), (paid.outcome(), &paid.0["rollback"], paid.parts()));
        }
    }
}

/// What came of each instrument.
#[track_caller]
fn statuses(told: &Told) -> Vec<String> {
    told.parts().into_iter().map(|part| part.status).collect()
}

story! {
    fn a_declined_card_puts_both_gift_cards_back_to_the_cent(florin) {
        let scene = Scene::of(florin);
        let request = scene.asked();
        let refused = scene.pays(&request, &NOTHING);
        assert_eq!((refused.outcome(), &refused.0["rollback"]), (("PAYMENT", "REJECTED", 100.01), &json!("SUCCESSFUL")));
        assert_eq!(statuses(&refused), ["REJECTED", "REJECTED", "REJECTED"]);
        let why = &refused.0["subTransactions"][0];
        let of_card = why["paymentResponses"]
            .as_array()
            .expect("responses")
            .iter()
            .find(|response| response["paymentInstrumentId"] == scene.declined.id.as_str());
        assert_eq!((&why["errorCode"], &of_card.expect("the card's")["errorCode"]), (&json!("BI52"), &json!("ES52")), "{why}");
        assert_eq!((scene.left(), scene.owed(), scene.till.uses_left(&request)), (vec![33.33, 22.22], 0, Some(1)));
        scene.both_see(&refused);
        scene.florin.verify_is_clean();
        let back = scene.till.gives_back(&refused.id(), &[]).is(422);
        assert!(back.text().contains("errorCode"), "there is nothing to give back: {}", back.text());
        // The request still stands, and so do the gift cards.
        let good = scene.shopper.captures(&florin.card("approved"));
        let parts: Vec<_> =
            scene.gifts.iter().zip([33.33, 22.22]).map(|(gift, dollars)| json!({ "instrumentId": gift.id, "amount": dollars })).collect();
        let paid =
            scene.shopper.settles(&request, json!({ "primaryInstrumentId": good.id, "secondaryInstruments": parts })).told_transaction();
        assert_eq!((paid.outcome(), scene.left(), scene.owed()), (("PAYMENT", "APPROVED", 100.01), vec![0.0, 0.0], 10_001));
    }
}

story! {
    fn who_allows_a_part_to_succeed_keeps_that_part(florin) {
        let scene = Scene::of(florin);
        let request = scene.asked();
        let partly = scene.pays(&request, &json!({ "allowPartialSuccess": true }));
        assert_eq!((partly.outcome(), &partly.0["rollback"]), (("PAYMENT", "PARTIAL_SUCCESS", 100.01), &json!("NOT_REQUIRED")));
        assert_eq!(statuses(&partly), ["APPROVED", "APPROVED", "REJECTED"]);
        let results = &partly.0["subTransactions"][0];
        assert_eq!((&results["partialSuccess"], results["payments"].as_array().map(Vec::len)), (&json!(true), Some(2)), "{results}");
        assert_eq!((scene.left(), scene.owed(), scene.till.uses_left(&request)), (vec![0.0, 0.01], 5_554, Some(0)));
        scene.both_see(&partly);
        let back = scene.till.gives_back(&partly.id(), &[]).told_transaction();
        assert_eq!(
            (back.outcome(), scene.left(), scene.owed()),
            (("REFUND", "APPROVED", -55.54), vec![33.33, 22.22], 0),
            "what was taken, and no more"
        );
    }
}

story! {
    fn who_skips_the_rollback_is_told_what_stays_charged(florin) {
        let scene = Scene::of(florin);
        let request = scene.asked();
        let refused = scene.pays(&request, &json!({ "skipRollback": true }));
        assert_eq!((refused.outcome(), &refused.0["rollback"]), (("PAYMENT", "REJECTED", 100.01), &json!("REQUIRED")));
        assert_eq!(statuses(&refused), ["APPROVED", "APPROVED", "REJECTED"]);
        assert_eq!((scene.left(), scene.owed(), scene.till.uses_left(&request)), (vec![0.0, 0.01], 5_554, Some(1)));
        scene.both_see(&refused);
        let stays = refused.0["subTransactions"][0]["payments"].as_array().expect("what stays").clone();
        assert_eq!(
            stays.iter().map(|part| part["paymentTransactionRef"].clone()).collect::<Vec<_>>(),
            [refused.reference(&scene.gifts[0]), refused.reference(&scene.gifts[1])]
        );
        scene.till.gives_back(&refused.id(), &[]).is(200);
        assert_eq!((scene.left(), scene.owed()), (vec![33.33, 22.22], 0), "it is the merchant's to put back");
    }
}

story! {
    fn held_gift_cards_are_freed_when_the_card_is_declined(florin) {
        let scene = Scene::of(florin);
        let request = scene.asked();
        let refused = scene.pays(&request, &json!({ "transactionType": { "creditCard": "PREAUTH", "giftCard": "PREAUTH" } }));
        assert_eq!((refused.outcome().1, &refused.0["rollback"]), ("REJECTED", &json!("SUCCESSFUL")));
        assert_eq!((scene.left(), florin.books().balance("authorisation_holds", "")), (vec![33.33, 22.22], 0));
        // Refused by the first that was asked: nothing had moved that would have to be put back.
        let alone = scene.shopper.settles_with(&request, &scene.declined).told_transaction();
        assert_eq!((alone.outcome().1, &alone.0["rollback"]), ("REJECTED", &json!("NOT_REQUIRED")));
        assert_eq!(scene.till.uses_left(&request), Some(1));
    }
}

story! {
    fn an_outcome_that_is_not_known_is_found_out_and_then_put_back_or_kept(florin) {
        let scene = Scene::of(florin);
        let lost = scene.shopper.captures(&florin.card("unknown_outcome"));
        let request = scene.asked();
        let pays = |request: &str| {
            let parts = json!([{ "instrumentId": scene.gifts[0].id, "amount": 33.33 }]);
            scene.shopper.settles(request, json!({ "primaryInstrumentId": lost.id, "secondaryInstruments": parts })).told_transaction()
        };
        let begun = pays(&request);
        assert_eq!(begun.outcome().1, "PROCESSING");
        scene.shopper.settles_with(&request, &lost).is(422);
        crate::cast::eventually("the outcome to be found out", || {
            florin.time_passes("11s");
            (scene.till.sees(&begun.id()).outcome().1 != "PROCESSING").then_some(())
        });
        let known = scene.shopper.sees(&begun.id());
        assert_eq!((known.outcome(), scene.left(), scene.owed()), (("PAYMENT", "APPROVED", 100.01), vec![0.0, 22.22], 10_001));
        assert_eq!(scene.till.uses_left(&request), Some(0));
    }
}
