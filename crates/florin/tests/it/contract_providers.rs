//! The published contract over pay-later providers and Openpay: success, and every failure that can be provoked.

use serde_json::{Value, json};

use crate::cast::{
    Bill, Call, Engine, Florin, Hearing, Published, Spared, Stage, apple, google, pay_later_order, shown, till_follow_up, tokenized,
};

/// The operations of the family: number, method and path.
pub const OPERATIONS: &[Published] = &[
    (67, "POST", "/v1/apm/orders"),
    (68, "POST", "/v1/apm/tokenize"),
    (83, "POST", "/wow/v1/pay/openpay/payments"),
    (84, "POST", "/wow/v1/pay/openpay/completions"),
    (85, "POST", "/wow/v1/pay/openpay/voids"),
    (86, "POST", "/wow/v1/pay/openpay/refunds"),
];

/// All that the contract asks for is wanted.
const SPARED: &[Spared] = &[];

/// A reference that nothing has.
const NOTHING: &str = "1999999999999999";

/// What can go wrong with checkouts.
fn checkouts(hearing: &Hearing<'_>, stage: &Stage<'_>) {
    let with = |field: &str, value: Value| {
        let mut body = pay_later_order("AFTERPAY", "A-1", "50.00");
        body["data"][field] = value;
        body
    };
    for (body, code) in [
        (with("orderNumber", json!("A-refuse")), "BI08"),
        (with("orderNumber", json!("A\n1")), "AP99"),
        (with("paymentInstrumentType", json!("PAYPAL")), "AP99"),
        (with("amount", json!("0.00")), "AP99"),
        (with("amount", json!("12.345")), "AP99"),
        (with("amount", json!(50)), "AP99"),
        (with("currency", json!("NZD")), "AP99"),
        (with("shippingAddress", json!({})), "AP99"),
        (with("basketData", json!([{ "itemType": "GIFT" }])), "AP99"),
    ] {
        hearing.fails(stage, 67, body, (400, code));
    }
    for address in ["javascript:alert(1)", "https://jo:pw@shop.example/", "nowhere"] {
        let mut body = with("currency", json!("AUD"));
        body["meta"]["serviceProviderURL"] = json!(address);
        hearing.fails(stage, 67, body, (400, "AP99"));
    }
    let mut bare = with("currency", json!("AUD"));
    bare["meta"] = json!({});
    hearing.sends(stage, 67, &hearing.call(67, &[], bare)).is(200);
    let busy = Stage::new(hearing.florin);
    for _ in 0..10 {
        hearing.sends(&busy, 67, &busy.sound("POST", "/v1/apm/orders")).is(200);
    }
    hearing.fails(&busy, 67, with("currency", json!("AUD")), (429, "AP99"));
}

/// Each kind that can be taken behind the one path, of a shopper and of a guest, and what can go wrong with it.
fn taken(hearing: &Hearing<'_>, stage: &Stage<'_>) {
    let florin = hearing.florin;
    for is_guest in [false, true] {
        let stage = Stage { shopper: if is_guest { florin.guest() } else { florin.shopper() }, ..Stage::new(florin) };
        let slip = florin.gift_card("628000", 50.0);
        let mut gift = json!({ "cardNumber": slip.number, "pinCode": slip.pin });
        let mut paypal = json!({ "nonce": format!("fake-{}", florin.fresh()) });
        if !is_guest {
            (gift["primary"], gift["save"], paypal["primary"]) = (json!(false), json!(true), json!(false));
        }
        for (kind, payload) in [("GIFTCARD", &gift), ("PAYPAL", &paypal), ("GOOGLEPAY", &google()), ("APPLEPAY", &apple(!is_guest))] {
            let answer = hearing.sends(&stage, 68, &hearing.call(68, &[], tokenized(kind, payload))).is(200);
            let data = &answer.json()["data"];
            assert_eq!((&data["paymentInstrumentType"], &data["allowed"]), (&json!(kind), &json!(true)));
            assert_eq!(
                (data.get("status").is_some(), data.get("stepUpToken").is_some()),
                (!is_guest, kind == "APPLEPAY"),
                "{kind}: {data}"
            );
        }
        gift["pinCode"] = json!("0000");
        paypal["nonce"] = json!("unheard-of");
        let refusing = json!({ "tokenData": "{\"note\":\"refuse\"}", "instrumentType": "GOOGLE_PAY", "comment": "" });
        for (kind, payload, code) in
            [("GIFTCARD", &gift, "ES120"), ("PAYPAL", &paypal, "BI08"), ("GOOGLEPAY", &refusing, "BI08"), ("PAYPAL", &json!({}), "AP99")]
        {
            hearing.fails(&stage, 68, tokenized(kind, payload), (400, code));
        }
    }
    let nameless = hearing.fails(stage, 68, tokenized("GIFTCARD", &json!({ "cardNumber": "1" })), (400, "AP99")).json();
    assert_eq!(nameless["errorDetail"], "data.payload.pinCode is required.");
    hearing.fails(stage, 68, tokenized("APPLEPAY", &apple(false)), (400, "AP99"));
    hearing.fails(stage, 68, tokenized("ZIPPAY", &json!({})), (400, "AP99"));
}

/// What can go wrong at a till.
fn tills(hearing: &Hearing<'_>, stage: &Stage<'_>) {
    let florin = hearing.florin;
    for (outcome, code) in [
        ("pin_needed", "BI02"),
        ("declined", "ES52"),
        ("limit_reached", "ES151"),
        ("expired", "ES105"),
        ("account_closed", "ES470"),
        ("used_before", "ES94"),
        ("unavailable", "ES91"),
    ] {
        let refused = hearing.fails(stage, 83, shown("PURCHASE", &[(&florin.barcode(outcome), 10.0)]), (400, "BI52"));
        assert_eq!(refused.told("paymentResponses", "errorCode"), code, "{outcome}");
    }
    hearing.fails(stage, 83, shown("PURCHASE", &[(&florin.barcode("unknown_outcome"), 10.0)]), (502, "ES36"));
    let (good, declined) = (florin.fresh_barcode(), florin.barcode("declined"));
    let both = hearing.fails(stage, 83, shown("PREAUTH", &[(&good, 10.0), (&declined, 5.0)]), (400, "BI52"));
    assert_eq!(both.json()["paymentResponses"][1]["errorCode"], "ES52");
    let business = hearing.call(83, &[], shown("PURCHASE", &[(&good, 10.0), (&florin.barcode("business"), 5.0)]));
    let answer = hearing.sends(stage, 83, &business).is(200).json();
    let facts = |place: usize| answer["paymentResponses"][place]["extendedTransactionData"].as_array().expect("facts").len();
    assert_eq!((facts(0), facts(1)), (4, 7), "{answer}");
    for (pointer, wrong) in [
        ("/payments", json!([])),
        ("/payments/0/paymentToken", json!("69!")),
        ("/payments/0/amount", json!(12.345)),
        ("/payments/0/gstAmount", json!(10.01)),
        ("/payments/0/gstAmount", json!(-1)),
        ("/transactionType", json!({})),
        ("/transactionType/openPay", json!("REFUND")),
        ("/storeData/storeId", json!("")),
    ] {
        let mut body = shown("PURCHASE", &[(&good, 10.0)]);
        *body.pointer_mut(pointer).expect("a place") = wrong;
        hearing.fails(stage, 83, body, (400, "AP99"));
    }
    hearing.fails(stage, 83, shown("PURCHASE", &[(&good, 10.0), (&good, 5.0)]), (400, "AP99"));
}

/// What can go wrong afterwards.
fn afterwards(hearing: &Hearing<'_>, stage: &Stage<'_>) {
    let shopper = &stage.shopper;
    let shows = |kind: &str, amount: f64| shopper.showed(kind, &hearing.florin.fresh_barcode(), amount);
    let (held, bought) = (shows("PREAUTH", 20.0), shows("PURCHASE", 20.0));
    let by_card = shopper.bought(&stage.card(), 20.0);
    for (number, list, parts, code) in [
        (84, "completions", (NOTHING, 1.0), "BI55"),
        (84, "completions", (&*held, 20.01), "ES122"),
        (84, "completions", (&bought, 1.0), "BI55"),
        (85, "voids", (NOTHING, 0.0), "BI55"),
        (85, "voids", (&bought, 0.0), "BI55"),
        (86, "refunds", (NOTHING, 1.0), "BI55"),
        (86, "refunds", (&held, 1.0), "BI55"),
        (86, "refunds", (&bought, 20.01), "ES112"),
        (86, "refunds", (&by_card, 1.0), "BI55"),
    ] {
        let array = format!("{}Responses", list.trim_end_matches('s'));
        let refused = hearing.fails(stage, number, till_follow_up(list, &[parts]), (400, "BI52"));
        assert_eq!(refused.told(&array, "errorCode"), code, "{list} {parts:?}");
        hearing.fails(stage, number, json!({ "clientReference": "none", list: [] }), (400, "AP99"));
    }
    for (number, list) in [(84, "completions"), (86, "refunds")] {
        let mut taxed = till_follow_up(list, &[(&held, 1.0)]);
        taxed[list][0]["gstAmount"] = json!(1.01);
        hearing.fails(stage, number, taxed, (400, "AP99"));
    }
    let mut wordy = till_follow_up("refunds", &[(&bought, 1.0)]);
    wordy["refunds"][0]["reason"] = json!("x".repeat(201));
    hearing.fails(stage, 86, wordy, (400, "AP99"));
    // Amounts by which the simulated Openpay declines, and by which it loses its answer.
    let dear = shows("PURCHASE", 9_999.0);
    let declined = hearing.fails(stage, 86, till_follow_up("refunds", &[(&dear, 9_991.05)]), (400, "BI52"));
    assert_eq!(declined.told("refundResponses", "errorCode"), "ES52");
    for (number, list, kind) in [(84, "completions", "PREAUTH"), (85, "voids", "PREAUTH"), (86, "refunds", "PURCHASE")] {
        let lost = shows(kind, 9_991.68);
        hearing.fails(stage, number, till_follow_up(list, &[(&lost, 9_991.68)]), (502, "ES36"));
    }
}

#[test]
fn the_contract_knows_every_answer_about_providers() {
    let florin = Florin::start(Engine::Sqlite);
    let Some(hearing) = Hearing::of(&florin, OPERATIONS, SPARED) else { return };
    let outsider = florin.new_retailer("outsider").key;
    for (number, ..) in OPERATIONS {
        hearing.common(*number, &outsider);
    }
    for more in [checkouts, taken, tills, afterwards] {
        more(&hearing, &Stage::new(&florin));
    }
    hearing.close();
    florin.books_are_right();
}

#[test]
fn the_contract_knows_what_is_told_of_a_checkout_that_is_paid_with() {
    const PAYMENT: &[Published] = &[(74, "POST", "/wow/v1/pay/payments")];
    let florin = Florin::start(Engine::Sqlite);
    let Some(hearing) = Hearing::of(&florin, PAYMENT, SPARED) else { return };
    let stage = Stage::new(&florin);
    for provider in ["ZIPPAY", "AFTERPAY"] {
        let checkout = stage.shopper.checks_out(provider, "A-1", "50.00");
        let bill = Bill::of(&checkout.instrument, 50.0);
        assert_eq!(hearing.fails(&stage, 74, bill.body.clone(), (400, "BI52")).told("unknown", "errorCode"), "ES112");
        stage.shopper.decides(&checkout, true);
        hearing.sends(&stage, 74, &Call::post("/wow/v1/pay/payments", bill.body.clone())).is(200);
        assert_eq!(hearing.fails(&stage, 74, bill.body, (400, "BI52")).told("unknown", "errorCode"), "ES94");
    }
    hearing.close();
    florin.books_are_right();
}
