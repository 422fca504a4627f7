//! The published contract: every operation of the digital-pay family is called over HTTPS, with success and with every failure
//! that can be provoked, and the contract is asked whether it knows the answer.

use serde_json::{Value, json};

use crate::cast::{
    Bill, Call, Engine, Florin, Hearing, Instrument, NOBODY, Published, Spared, Stage, agreement, charge, follow_up, for_screen, google,
};

/// The operations of the family: number, method and path.
pub const OPERATIONS: &[Published] = &[
    (47, "POST", "/wow/v1/pay/cards/initcapture"),
    (48, "POST", "/wow/v1/pay/paypal/tokenize"),
    (49, "POST", "/wow/v1/pay/paypal/createtransactionriskcontext"),
    (50, "POST", "/wow/v1/pay/giftcards/tokenize"),
    (51, "POST", "/wow/v1/pay/giftcards/balance"),
    (52, "POST", "/wow/v1/pay/androidpay/tokenize"),
    (53, "POST", "/wow/v1/pay/androidpay/tokenize/{paymentInstrumentId}"),
    (54, "POST", "/wow/v1/pay/googlepay/tokenize"),
    (55, "POST", "/wow/v1/pay/googlepay/tokenize/{paymentToken}"),
    (56, "POST", "/wow/v1/pay/applepay/paymentsession"),
    (57, "POST", "/wow/v1/pay/applepay/tokenize"),
    (58, "POST", "/wow/v1/pay/applepay/tokenize/{paymentInstrumentId}"),
    (59, "POST", "/wow/v1/pay/instruments/import"),
    (60, "POST", "/wow/v1/pay/instruments/verify"),
    (61, "GET", "/wow/v1/pay/instruments"),
    (62, "POST", "/wow/v1/pay/instruments"),
    (63, "DELETE", "/wow/v1/pay/instruments/{paymentInstrumentId}"),
    (64, "POST", "/wow/v1/pay/transactions"),
    (65, "GET", "/wow/v1/pay/merchants/profile"),
    (66, "POST", "/wow/v1/pay/wallet/delete"),
    (69, "POST", "/wow/v1/pay/guest/cards/initcapture"),
    (70, "POST", "/wow/v1/pay/guest/paypal/tokenize"),
    (71, "POST", "/wow/v1/pay/guest/giftcards/tokenize"),
    (72, "POST", "/wow/v1/pay/guest/googlepay/tokenize"),
    (73, "POST", "/wow/v1/pay/guest/applepay/tokenize"),
    (74, "POST", "/wow/v1/pay/payments"),
    (75, "POST", "/wow/v1/pay/completions"),
    (76, "POST", "/wow/v1/pay/voids"),
    (77, "POST", "/wow/v1/pay/refunds"),
    (78, "POST", "/wow/v1/pay/guest/payments"),
    (79, "POST", "/wow/v1/pay/paymentagreements"),
    (80, "POST", "/wow/v1/pay/paymentagreements/{paymentToken}"),
    (81, "DELETE", "/wow/v1/pay/paymentagreements/{paymentToken}"),
    (82, "POST", "/wow/v1/pay/paymentagreements/charge"),
];

/// What the contract asks for and a payment does without.
const SPARED: &[Spared] = &[
    (74, "/payments/0/paymentInstrumentId", "either names the instrument"),
    (74, "/payments/0/paymentToken", "either names the instrument"),
    (78, "/payments/0/paymentInstrumentId", "either names the instrument"),
    (78, "/payments/0/paymentToken", "either names the instrument"),
];

/// What can go wrong with what is kept in wallets.
fn wallets(hearing: &Hearing<'_>, stage: &Stage<'_>) {
    let slip = hearing.florin.gift_card("628000", 20.0);
    let wrong = |save: bool| {
        let mut body = json!({ "cardNumber": slip.number, "pinCode": "0000" });
        if save {
            (body["primary"], body["save"]) = (json!(false), json!(true));
        }
        body
    };
    hearing.fails(stage, 50, wrong(true), (400, "ES120"));
    hearing.fails(stage, 71, wrong(false), (400, "ES120"));
    let unknown_card = json!({ "giftCards": [{ "cardNumber": "6280009999999999", "pinCode": "0000" }] });
    hearing.fails(stage, 51, unknown_card, (400, "ES120"));
    hearing.fails(stage, 51, json!({ "giftCardInstruments": [{ "paymentInstrumentId": "999999999" }] }), (400, "BI24"));
    hearing.fails(stage, 48, json!({ "nonce": "unheard-of", "primary": false }), (400, "BI08"));
    hearing.fails(stage, 70, json!({ "nonce": "unheard-of" }), (400, "BI08"));
    for number in [53, 55, 58] {
        let made = stage.sound("POST", hearing.place(number - 1).1).body.expect("a body");
        let made = if number == 55 { google() } else { made };
        hearing.fails(stage, number, made, (400, "BI24"));
    }
    for number in [54, 72] {
        let mut refused = google();
        refused["tokenData"] = json!("{\"note\":\"refuse\"}");
        hearing.fails(stage, number, refused, (400, "BI08"));
    }
    hearing.fails(stage, 63, json!(null), (400, "BI24"));
    for (field, value) in [("startDate", json!("yesterday")), ("endDate", json!("2026-13-01T00:00:00Z")), ("maxRecords", json!(-1))] {
        hearing.fails(stage, 64, json!({ "transactionTypes": ["PURCHASE"], field: value }), (400, "AP99"));
    }
    hearing.fails(stage, 64, json!({ "transactionTypes": ["GIFT"] }), (400, "AP99"));
    hearing.fails(stage, 56, json!({ "validationUrl": "https://evil.example/", "displayName": "Shop" }), (400, "AP99"));
}

/// What is too much.
fn limits(hearing: &Hearing<'_>) {
    for (number, allowed) in [(47, 10), (69, 10), (51, 5)] {
        let stage = Stage::new(hearing.florin);
        let call = stage.sound("POST", hearing.place(number).1);
        for _ in 0..allowed {
            hearing.sends(&stage, number, &call).is(200);
        }
        let refused = hearing.sends(&stage, number, &call).fails(429, "AP99");
        assert!(refused.header("retry-after").parse::<u32>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
    }
}

/// What can go wrong with payments: each published card, and all that Florin itself refuses.
fn payments(hearing: &Hearing<'_>, stage: &Stage<'_>) {
    let florin = hearing.florin;
    let card = stage.card();
    let pays = |bill: Bill, expected| hearing.fails(stage, 74, bill.body, expected);
    for (outcome, code) in [
        ("declined", "ES52"),
        ("insufficient_funds", "ES151"),
        ("expired", "ES105"),
        ("step_up", "BV59"),
        ("issuer_unavailable", "ES91"),
        ("threeds_challenge", "3DS_001"),
        ("threeds_fail", "3DS_006"),
    ] {
        let shopper = florin.shopper();
        let stage = Stage::of(florin, &shopper, &stage.guest);
        let refused = hearing.fails(&stage, 74, Bill::of(&shopper.captures(&florin.card(outcome)), 10.0).body, (400, "BI52"));
        assert_eq!(refused.told("creditCards", "errorCode"), code, "{outcome}");
    }
    let nobody = Instrument { id: "999999999".to_owned(), token: NOBODY.to_owned() };
    let unknown = pays(Bill::of(&nobody, 10.0), (400, "BI52"));
    assert_eq!(unknown.told("unknown", "errorCode"), "BI24");
    for amount in [json!(12.345), json!(0), json!(-1), json!("12"), json!(1e30)] {
        pays(Bill::of(&card, 1.0).part_with("amount", amount), (400, "AP99"));
    }
    // What is to happen with cards was not said.
    pays(Bill::of(&card, 1.0).with("transactionType", json!({})), (400, "AP99"));
    let spurious = pays(Bill::of(&card, 10.0).part_with("stepUpToken", "spurious"), (400, "BI52"));
    assert_eq!(spurious.told("creditCards", "errorCode"), "BV57");
    let gift = stage.shopper.takes(&florin.gift_card("628000", 5.0));
    assert_eq!(pays(Bill::of(&gift, 10.0), (400, "BI52")).told("giftCards", "errorCode"), "ES611");
    let paypal = stage.shopper.brings_paypal("fake-decline");
    assert_eq!(pays(Bill::of(&paypal, 10.0), (400, "BI52")).told("payPal", "errorCode"), "ES52");
    pays(Bill::of(&stage.shopper.captures(&florin.card("unknown_outcome")), 10.0), (502, "ES36"));
    hearing.fails(stage, 78, Bill::of(&nobody, 10.0).body, (400, "BI52"));
    let half = Bill::of(&card, 10.0).and(&gift, 10.0).with("allowPartialSuccess", true);
    let answer = hearing.sends(stage, 74, &Call::post("/wow/v1/pay/payments", half.body)).is(200);
    assert_eq!((answer.json()["partialSuccess"].clone(), answer.told("giftCards", "errorCode").as_str()), (json!(true), "ES611"));
}

/// What can go wrong afterwards.
fn follow_ups(hearing: &Hearing<'_>, stage: &Stage<'_>) {
    let shopper = &stage.shopper;
    let card = stage.card();
    let nothing = "1999999999999999";
    let held = shopper.reserved(&card, 20.0);
    let bought = shopper.bought(&card, 20.0);
    let voids =
        |reference: &str| json!({ "clientReference": "void", "orderNumber": "order", "voids": [{ "paymentTransactionRef": reference }] });
    for (number, body, list, code) in [
        (75, follow_up("completions", &[(nothing, 1.0)]), "completionResponses", "BI55"),
        (75, follow_up("completions", &[(&held, 20.01)]), "completionResponses", "ES122"),
        (75, follow_up("completions", &[(&bought, 1.0)]), "completionResponses", "BI55"),
        (76, voids(nothing), "voidResponses", "BI55"),
        (76, voids(&bought), "voidResponses", "BI55"),
        (77, follow_up("refunds", &[(nothing, 1.0)]), "refundResponses", "BI55"),
        (77, follow_up("refunds", &[(&held, 1.0)]), "refundResponses", "BI55"),
        (77, follow_up("refunds", &[(&bought, 20.01)]), "refundResponses", "ES112"),
    ] {
        let refused = hearing.fails(stage, number, body, (400, "BI52"));
        assert_eq!(refused.told(list, "errorCode"), code);
    }
    for number in [75, 77] {
        let list = if number == 75 { "completions" } else { "refunds" };
        hearing.fails(stage, number, follow_up(list, &[(&bought, 0.001)]), (400, "AP99"));
    }
    let mixed = Call::post("/wow/v1/pay/refunds", follow_up("refunds", &[(&bought, 1.0), (nothing, 1.0)]));
    assert_eq!(hearing.sends(stage, 77, &mixed).is(200).json()["partialSuccess"], true);
    // Amounts by which the simulated network declines, and by which it loses its answer.
    let dear = shopper.bought(&card, 9_999.0);
    let declined = hearing.fails(stage, 77, follow_up("refunds", &[(&dear, 9_991.05)]), (400, "BI52"));
    assert_eq!(declined.told("refundResponses", "errorCode"), "ES52");
    let lost = shopper.bought(&card, 9_999.0);
    hearing.fails(stage, 77, follow_up("refunds", &[(&lost, 9_991.68)]), (502, "ES36"));
}

/// What can go wrong with agreements and with checks of kept cards.
fn agreements(hearing: &Hearing<'_>, stage: &Stage<'_>) {
    let shopper = &stage.shopper;
    let nobody = Instrument { id: "999999999".to_owned(), token: NOBODY.to_owned() };
    hearing.fails(stage, 79, agreement(&nobody), (400, "BI24"));
    let gift = shopper.takes(&hearing.florin.gift_card("628000", 5.0));
    hearing.fails(stage, 79, agreement(&gift), (400, "ES130"));
    let mut ended = agreement(&stage.card());
    ended["paymentAgreement"]["endDate"] = json!("2020-01-01T00:00:00.000Z");
    hearing.fails(stage, 79, ended, (400, "AP99"));
    let declining = shopper.captures(&hearing.florin.card("declined"));
    let mut immediate = agreement(&declining);
    immediate["paymentAgreement"]["immediateCharge"] = json!(true);
    hearing.fails(stage, 79, immediate.clone(), (400, "AP99"));
    immediate["orderNumber"] = json!("order");
    hearing.fails(stage, 79, immediate, (400, "ES52"));
    hearing.fails(stage, 80, json!({ "clientReference": "c", "paymentAgreement": { "chargeFrequency": "WEEKLY" } }), (400, "BI24"));
    hearing.fails(stage, 81, json!(null), (400, "BI24"));
    hearing.fails(stage, 82, charge(NOBODY, 1.0), (400, "BI24"));
    let made = shopper.posts("/wow/v1/pay/paymentagreements", &agreement(&declining)).is(200).json();
    let token = made["paymentToken"].as_str().expect("a token");
    hearing.fails(stage, 82, charge(token, 1.0), (400, "ES52"));
    hearing.fails(stage, 82, charge(token, 1.001), (400, "AP99"));
    let verify = |token: &str, step_up: Option<&str>| json!({ "clientReference": "verify", "paymentInstruments": [{ "paymentToken": token, "stepUpToken": step_up }] });
    let spurious = hearing.fails(stage, 60, verify(&stage.card().token, Some("spurious")), (400, "BI52"));
    assert_eq!(spurious.told("verifyResponses", "errorCode"), "BV57");
    let unknown = hearing.fails(stage, 60, verify(NOBODY, None), (400, "BI52"));
    assert_eq!(unknown.told("verifyResponses", "errorCode"), "BI24");
}

/// What is told of calls that come with something for the fraud screen.
fn screened(hearing: &Hearing<'_>, stage: &Stage<'_>) {
    let card = stage.card();
    let agreed = stage.shopper.posts("/wow/v1/pay/paymentagreements", &agreement(&card)).is(200).json();
    let token = agreed["paymentToken"].as_str().expect("a token");
    let verify = json!({ "clientReference": "verify", "paymentInstruments": [{ "paymentToken": card.token }] });
    let change = json!({ "clientReference": "change", "paymentAgreement": { "chargeFrequency": "WEEKLY" } });
    let calls = [
        (60, &[][..], verify),
        (74, &[], Bill::of(&card, 10.0).body),
        (79, &[], agreement(&card)),
        (80, &[token], change),
        (82, &[], charge(token, 2.99)),
    ];
    for (number, names, body) in calls {
        let with = |payload: Value| {
            let mut body = body.clone();
            body["fraudPayload"] = payload;
            hearing.sends(stage, number, &hearing.call(number, names, body))
        };
        for (message, status, decision) in
            [("fraud-accept", 200, "ACCEPT"), ("fraud-review", 200, "REVIEW"), ("fraud-reject", 400, "REJECT")]
        {
            let answer = with(for_screen(&format!("<order>{message}</order>"))).is(status).json();
            assert_eq!(answer["fraudResponse"]["decision"], decision, "[{number}] {answer}");
        }
        with(json!({ "provider": "cybersource" })).fails(400, "AP99");
        with(for_screen("no XML")).fails(400, "BI08");
    }
}

#[test]
fn the_contract_knows_every_answer_of_the_family() {
    let florin = Florin::start(Engine::Sqlite);
    let Some(hearing) = Hearing::of(&florin, OPERATIONS, SPARED) else { return };
    let outsider = florin.new_retailer("outsider").key;
    for (number, ..) in OPERATIONS {
        hearing.common(*number, &outsider);
    }
    for more in [wallets, payments, follow_ups, agreements, screened] {
        more(&hearing, &Stage::new(&florin));
    }
    limits(&hearing);
    hearing.close();
    florin.books_are_right();
}
