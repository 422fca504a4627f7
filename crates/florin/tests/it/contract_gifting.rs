//! The published contract of gifting: its four operations, with success and with every failure that can be provoked.

use serde_json::{Value, json};

use crate::cast::{Engine, Florin, Hearing, Instrument, NOBODY, Published, Spared, Stage, gift, gift_for_jim, gift_order};

/// The operations of the family.
pub const OPERATIONS: &[Published] = &[
    (87, "GET", "/v1/gifting/listProducts"),
    (88, "GET", "/v1/gifting/product/{id}"),
    (89, "POST", "/v1/gifting/order/review"),
    (90, "POST", "/v1/gifting/order/submit"),
];

const SPARED: &[Spared] =
    &[(90, "/data/paymentInstrumentId", "public clients call it instrumentId"), (90, "/data/clientId", "public clients do not send it")];

/// What can go wrong with the catalogue.
fn catalogue(hearing: &Hearing<'_>, stage: &Stage<'_>) {
    let asks = |query: &str| {
        let mut call = hearing.call(87, &[], json!(null));
        call.path.push_str(query);
        hearing.sends(stage, 87, &call)
    };
    asks("?page=2&page-size=2&last-update-date-time=2026-01-01T00:00:00Z").is(200);
    for query in ["?page=0", "?page-size=501", "?page=one", "?last-update-date-time=yesterday", "?page=1&page=2"] {
        asks(query).fails(400, "AP99");
    }
    for product in ["everyday-celebration", "store", "store-online", "everyday-plastic", "store-jubilee"] {
        hearing.sends(stage, 88, &hearing.call(88, &[product], json!(null))).is(200);
    }
    hearing.fails(stage, 88, json!(null), (400, "BI24"));
}

/// What can go wrong with a quote.
fn quotes(hearing: &Hearing<'_>, stage: &Stage<'_>) {
    let changed = |field: &str, value: Value| {
        let mut item = gift_for_jim("store-classic", 20.0);
        *item.pointer_mut(field).expect("a field") = value;
        json!({ "orderItems": [item] })
    };
    for (field, value) in [
        ("/designId", json!("nothing")),
        ("/designId", json!("everyday-plastic")),
        ("/designId", json!("jubilee-classic")),
        ("/amount", json!(9.99)),
        ("/amount", json!(250.01)),
        ("/amount", json!(20.001)),
        ("/amount", json!(0)),
        ("/quantity", json!(0)),
        ("/quantity", json!(51)),
        ("/recipientDetails", json!(null)),
        ("/recipientDetails/toName", json!("")),
        ("/recipientDetails/mobileNumber", json!("none")),
    ] {
        let refused = hearing.fails(stage, 89, changed(field, value.clone()), (400, "AP99"));
        let name = if value == json!(51) { "orderItems" } else { field.rsplit('/').next().expect("a name") };
        assert!(refused.text().contains(name), "{field} as {value}: {}", refused.text());
    }
    hearing.fails(stage, 89, json!({ "orderItems": [] }), (400, "AP99"));
    let given = hearing.call(89, &[], json!({ "orderItems": [gift_for_jim("store-classic", 20.05)] }));
    assert_eq!(hearing.sends(stage, 89, &given).is(200).json()["data"]["orderItems"]["mobileNumber"], "0400 000 000");
}

/// What can go wrong with an order.
fn orders(hearing: &Hearing<'_>, stage: &Stage<'_>) {
    let florin = hearing.florin;
    let order = |body: Value| hearing.sends(stage, 90, &hearing.call(90, &[], body));
    let card = stage.card();
    let with = |field: &str, value: Value| {
        let mut body = gift_order(&card, "order");
        body["data"][field] = value;
        order(body)
    };
    for field in ["subTotalAmount", "discountAmount", "totalOrderAmount"] {
        for wrong in [json!(1), json!(-1), json!("38"), json!(38.001)] {
            assert!(with(field, wrong).fails(400, "AP99").text().contains(field));
        }
    }
    with("deliveryEmail", json!("nobody")).fails(400, "AP99");
    with("instrumentId", json!("999999999")).fails(400, "AP99");
    with("orderItems", json!([gift("everyday-plastic", 20.0, 2)])).fails(400, "AP99");
    for nothing in ["999999999", NOBODY, "x"] {
        with("paymentInstrumentId", json!(nothing)).fails(400, "BI24");
    }
    with("orderItems", json!([])).fails(400, "BI24");
    let gift_card = stage.shopper.takes(&florin.gift_card("628000", 50.0));
    order(gift_order(&gift_card, "order")).fails(400, "ES130");
    for (outcome, code) in [
        ("declined", "ES52"),
        ("insufficient_funds", "ES151"),
        ("step_up", "BV59"),
        ("threeds_challenge", "3DS_001"),
        ("threeds_fail", "3DS_006"),
    ] {
        let told = order(gift_order(&on(florin, outcome), outcome)).is(200).json();
        assert_eq!((&told["data"]["status"], &told["data"]["subTransactions"][0]["errorCode"]), (&json!("REJECTED"), &json!(code)));
    }
    let lost = order(gift_order(&on(florin, "unknown_outcome"), "lost")).is(200).json();
    assert_eq!(lost["data"]["status"], "PROCESSING");
    florin.time_passes("10m");
}

/// A card of somebody's; the merchant's server orders with whichever it names.
#[track_caller]
fn on(florin: &Florin, outcome: &str) -> Instrument {
    florin.shopper().captures(&florin.card(outcome))
}

#[test]
fn the_contract_knows_every_answer_of_gifting() {
    let florin = Florin::start(Engine::Sqlite);
    let Some(hearing) = Hearing::of(&florin, OPERATIONS, SPARED) else { return };
    let outsider = florin.new_retailer("outsider").key;
    for (number, ..) in OPERATIONS {
        hearing.common(*number, &outsider);
    }
    for more in [catalogue, quotes, orders] {
        more(&hearing, &Stage::new(&florin));
    }
    hearing.close();
    florin.books_are_right();
}
