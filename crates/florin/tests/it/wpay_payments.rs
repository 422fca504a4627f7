//! Retail payments: what a shopper pays with one instrument or several, and what the merchant does with it afterwards.

use serde_json::{Value, json};

use crate::cast::{Answer, Bill, Florin, Instrument, Retailer, Shopper, agreement, charge, eventually, story};

/// Every published outcome, with the status and code of a payment of ten dollars.
const OUTCOMES: [(&str, u16, Option<&str>); 15] = [
    ("approved", 200, None),
    ("declined", 400, Some("ES52")),
    ("insufficient_funds", 400, Some("ES151")),
    ("expired", 400, Some("ES105")),
    ("account_closed", 400, Some("ES470")),
    ("issuer_unavailable", 400, Some("ES91")),
    ("duplicate", 400, Some("ES94")),
    ("invalid_transaction", 400, Some("ES112")),
    ("technical", 400, Some("ES53")),
    ("unknown_outcome", 502, Some("ES36")),
    ("step_up", 400, Some("BV59")),
    ("threeds_frictionless", 200, None),
    ("threeds_challenge", 400, Some("3DS_001")),
    ("threeds_fail", 400, Some("3DS_006")),
    ("slow", 200, None),
];

/// A shopper with a good card.
fn customer(florin: &Florin) -> (Shopper, Instrument) {
    let shopper = florin.shopper();
    let card = shopper.captures(&florin.card("approved"));
    (shopper, card)
}

/// What a kept gift card has left to spend, in dollars.
#[track_caller]
fn balance(shopper: &Shopper, card: &Instrument) -> f64 {
    shopper.has_left(&[card])[0]
}

/// What the merchants are owed, in cents.
fn owed(florin: &Florin, index: usize) -> i64 {
    let account = florin.admin("GET", &format!("/admin/retail/{}", florin.retailer(index).id), None).is(200).json();
    -florin.books().balance("merchant_payable", account["seller"].as_str().expect("a seller"))
}

#[track_caller]
fn refused(answer: Answer, list: &str, code: &str) -> Value {
    let answer = answer.fails(400, "BI52");
    assert_eq!(answer.told(list, "errorCode"), code, "{}", answer.text());
    answer.part(list)
}

/// The references of a shopper's movements of one type, newest first.
#[track_caller]
fn movements(shopper: &Shopper, kind: &str) -> Vec<String> {
    let told = shopper.history(&json!({ "transactionTypes": [kind] }));
    let list = told["transactions"].as_array().expect("transactions");
    list.iter().map(|entry| entry["transactionRef"].as_str().expect("a reference").to_owned()).collect()
}

story! {
    fn a_purchase_takes_the_money_at_once(florin) {
        let (shopper, card) = customer(florin);
        let answer = shopper.pays(&Bill::of(&card, 45.5)).is(200);
        let (body, part) = (answer.json(), answer.part("creditCards"));
        let receipt: u64 = body["transactionReceipt"].as_str().expect("a receipt").parse().expect("a number");
        assert_eq!(part["paymentTransactionRef"], (receipt + 1).to_string(), "the parts are numbered on from the receipt");
        assert_eq!((receipt.to_string().len(), &body["partialSuccess"]), (16, &json!(false)));
        assert_eq!((&part["paymentInstrumentId"], &part["paymentToken"]), (&json!(card.id), &json!(card.token)));
        for array in ["giftCards", "payPal", "androidPay", "googlePay", "applePay", "unknown"] {
            assert_eq!(body[array], json!([]), "{array}");
        }
        let history = shopper.history(&json!({}));
        let entry = &history["transactions"][0];
        assert_eq!((&history["total"], &history["returned"]), (&json!(1), &json!(1)));
        assert_eq!((&entry["transactionType"], &entry["amount"], &entry["transactionRef"]), (&json!("PURCHASE"), &json!(45.5), &part["paymentTransactionRef"]));
        assert_eq!((&entry["bin"], &entry["cardSuffix"]), (&json!("424242"), &json!("4242")));
        assert_eq!(owed(florin, 0), 4_550);
        let listed = shopper.entry(&card);
        assert!(listed["lastUsed"].is_string() && listed["status"] == "VERIFIED", "{listed}");
    }
}

story! {
    fn an_instrument_is_named_by_its_id_or_its_token_or_by_both_alike(florin) {
        let (shopper, card) = customer(florin);
        let other = shopper.captures("5555555555554444");
        let named = |fields: Value| {
            let mut bill = Bill::of(&card, 5.0);
            bill.body["payments"][0] = fields;
            shopper.pays(&bill)
        };
        named(json!({ "paymentInstrumentId": card.id, "amount": 5 })).is(200);
        named(json!({ "paymentToken": card.token, "amount": 5 })).is(200);
        named(json!({ "paymentInstrumentId": card.id, "paymentToken": null, "amount": 5 })).is(200);
        for fields in [
            json!({ "paymentInstrumentId": card.id, "paymentToken": other.token, "amount": 5 }),
            json!({ "paymentInstrumentId": card.token, "amount": 5 }),
            json!({ "paymentToken": card.id, "amount": 5 }),
            json!({ "paymentInstrumentId": "999999999", "amount": 5 }),
        ] {
            let unknown = refused(named(fields.clone()), "unknown", "BI24");
            assert_eq!(unknown["paymentInstrumentId"], fields.get("paymentInstrumentId").cloned().unwrap_or(json!("")));
        }
        named(json!({ "amount": 5 })).fails(400, "AP99");
        let stranger = florin.shopper();
        refused(stranger.pays(&Bill::of(&card, 5.0)), "unknown", "BI24");
        assert_eq!(movements(&shopper, "PURCHASE").len(), 3);
    }
}

story! {
    fn each_published_card_ends_as_published(florin) {
        for (outcome, status, code) in OUTCOMES {
            let shopper = florin.shopper();
            let card = shopper.captures(&florin.card(outcome));
            let before = owed(florin, 0);
            let answer = shopper.pays(&Bill::of(&card, 10.0)).is(status);
            let part = answer.part("creditCards");
            assert_eq!(part["errorCode"].as_str(), code, "{outcome}: {}", answer.text());
            let is_paid = status == 200;
            assert_eq!(owed(florin, 0) - before, if is_paid { 1_000 } else { 0 }, "{outcome}");
            if outcome != "unknown_outcome" {
                assert_eq!(movements(&shopper, "PURCHASE").len(), usize::from(is_paid), "{outcome}: the history tells what moved");
            }
        }
        let named: std::collections::BTreeSet<_> = florin.sandbox.cards.iter().map(|card| card.outcome.as_str()).collect();
        let known: std::collections::BTreeSet<_> = OUTCOMES.iter().map(|(outcome, ..)| *outcome).chain(["refused_at_capture"]).collect();
        assert_eq!(named, known, "every published card has its row");
    }
}

story! {
    fn amounts_decide_as_published(florin) {
        let (shopper, card) = customer(florin);
        for (amount, code) in [
            (9_990.05, "ES52"), (9_990.51, "ES151"), (9_990.54, "ES105"), (9_990.91, "ES91"), (9_990.94, "ES94"), (9_990.12, "ES112"),
        ] {
            refused(shopper.pays(&Bill::of(&card, amount)), "creditCards", code);
        }
        shopper.pays(&Bill::of(&card, 9_990.01)).is(200);
    }
}

story! {
    fn an_amount_is_dollars_with_at_most_two_decimals(florin) {
        let (shopper, card) = customer(florin);
        for (amount, cents) in [(json!(0.01), 1), (json!(0.1), 10), (json!(19.99), 1_999), (json!(100), 10_000), (json!(1.10), 110)] {
            let before = owed(florin, 0);
            shopper.pays(&Bill::of(&card, 1.0).part_with("amount", amount.clone())).is(200);
            assert_eq!(owed(florin, 0) - before, cents, "{amount}");
        }
        for amount in [
            json!(0.001), json!(12.345), json!(0), json!(-1), json!("12"), json!(null), json!(1e12), json!(1e-9), json!([1]), json!({}), json!(true),
        ] {
            let refused = shopper.pays(&Bill::of(&card, 1.0).part_with("amount", amount.clone())).fails(400, "AP99");
            assert!(refused.text().contains("amount"), "{amount}: {}", refused.text());
        }
        assert_eq!(movements(&shopper, "PURCHASE").len(), 5);
    }
}

story! {
    fn held_money_is_taken_once_and_never_more_than_was_held(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), customer(florin));
        let held = shopper.reserved(&card, 100.0);
        assert_eq!((owed(florin, 0), florin.books().balance("authorisation_holds", "")), (0, 10_000));
        refused(retailer.completes(&[(&held, 100.01)]), "completionResponses", "ES122");
        refused(retailer.refunds(&[(&held, 1.0)]), "refundResponses", "BI55");
        let done = retailer.completes(&[(&held, 60.0)]).is(200).part("completionResponses");
        assert_eq!((&done["amount"], &done["paymentTransactionRef"], &done["errorCode"]), (&json!(60), &json!(held), &json!(null)));
        assert_eq!((owed(florin, 0), florin.books().balance("authorisation_holds", "")), (6_000, 0), "the rest is freed");
        refused(retailer.completes(&[(&held, 1.0)]), "completionResponses", "BI55");
        refused(retailer.voids(&[&held]), "voidResponses", "BI55");
        refused(retailer.refunds(&[(&held, 60.01)]), "refundResponses", "ES112");
        retailer.refunds(&[(&held, 20.0)]).is(200);
        let completion = done["completionTransactionRef"].as_str().expect("a reference");
        retailer.refunds(&[(completion, 40.0)]).is(200);
        refused(retailer.refunds(&[(&held, 0.01)]), "refundResponses", "ES112");
        assert_eq!(owed(florin, 0), 0);
        let other = florin.retailer(1);
        refused(other.completes(&[(&shopper.reserved(&card, 5.0), 5.0)]), "completionResponses", "BI55");
    }
}

story! {
    fn held_money_is_freed_by_a_void_and_by_time(florin) {
        let (retailer, (mut shopper, card)) = (florin.retailer(0), customer(florin));
        let held = shopper.reserved(&card, 30.0);
        let freed = retailer.voids(&[&held]).is(200).part("voidResponses");
        assert!(freed["voidTransactionRef"].as_str().is_some_and(|reference| reference.len() == 16));
        assert_eq!(florin.books().balance("authorisation_holds", ""), 0);
        refused(retailer.voids(&[&held]), "voidResponses", "BI55");
        refused(retailer.completes(&[(&held, 1.0)]), "completionResponses", "BI55");
        refused(retailer.voids(&[&shopper.bought(&card, 5.0)]), "voidResponses", "BI55");

        let gift = shopper.takes(&florin.gift_card("628000", 50.0));
        let on_gift = shopper.pays(&Bill::of(&gift, 20.0).held()).is(200).told("giftCards", "paymentTransactionRef");
        let (kept, late) = (shopper.reserved(&card, 40.0), shopper.reserved(&card, 7.0));
        assert!((balance(&shopper, &gift) - 30.0).abs() < 0.001);
        florin.time_passes("167h");
        retailer.completes(&[(&kept, 40.0)]).is(200);
        florin.time_passes("90m");
        refused(retailer.completes(&[(&late, 7.0)]), "completionResponses", "BI55");
        refused(retailer.voids(&[&on_gift]), "voidResponses", "BI55");
        assert_eq!(florin.books().balance("authorisation_holds", ""), 0);
        shopper.comes_again();
        assert!((balance(&shopper, &gift) - 50.0).abs() < 0.001, "what was held can be spent again");
    }
}

story! {
    fn a_refund_goes_back_in_parts_and_never_above_what_was_paid(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), customer(florin));
        let bought = shopper.bought(&card, 50.0);
        let first = retailer.refunds(&[(&bought, 19.99)]).is(200).part("refundResponses");
        assert_eq!(first["amount"], 19.99, "amounts are positive here");
        let refund = first["refundTransactionRef"].as_str().expect("a reference");
        refused(retailer.refunds(&[(refund, 1.0)]), "refundResponses", "BI55");
        refused(retailer.completes(&[(refund, 1.0)]), "completionResponses", "BI55");
        refused(retailer.refunds(&[(&bought, 30.02)]), "refundResponses", "ES112");
        retailer.refunds(&[(&bought, 0.01)]).is(200);
        retailer.refunds(&[(&bought, 10.0), (&bought, 20.0)]).is(200);
        refused(retailer.refunds(&[(&bought, 0.01)]), "refundResponses", "ES112");
        refused(florin.retailer(1).refunds(&[(&bought, 0.01)]), "refundResponses", "BI55");
        for strange in ["", "x", "1", "9999999999999999", "1000000000000000", " 1000000000000001"] {
            let status = retailer.refunds(&[(strange, 1.0)]).status;
            assert_eq!(status, 400, "{strange}");
        }
        assert_eq!(owed(florin, 0), 0);
        assert_eq!(movements(&shopper, "REFUND").len(), 4);
        let mixed = retailer.refunds(&[(&shopper.bought(&card, 5.0), 5.0), (&bought, 1.0)]).is(200).json();
        assert_eq!((&mixed["partialSuccess"], &mixed["refundResponses"][1]["errorCode"]), (&json!(true), &json!("ES112")));
    }
}

story! {
    fn a_fee_is_taken_of_sales_and_kept_on_refunds(florin) {
        let retailer = florin.retailer(1);
        let fee = florin.admin("GET", &format!("/admin/retail/{}", retailer.id), None).is(200).json()["fee_percent"].clone();
        assert_eq!(fee.as_str().map(str::parse::<f64>), Some(Ok(1.2)));
        let shopper = retailer.signs_in("s");
        let bought = shopper.bought(&shopper.captures(&florin.card("approved")), 100.0);
        assert_eq!(owed(florin, 1), 9_880);
        retailer.refunds(&[(&bought, 50.0)]).is(200);
        assert_eq!(owed(florin, 1), 4_880);
        assert_eq!(florin.books().balance("merchant_fees", ""), -120);
    }
}

story! {
    fn several_instruments_pay_together(florin) {
        let (shopper, card) = customer(florin);
        let gift = shopper.takes(&florin.gift_card("628000", 30.0));
        let paypal = shopper.brings_paypal("fake-account");
        let paid = shopper.pays(&Bill::of(&card, 40.0).and(&gift, 30.0).and(&paypal, 5.5)).is(200);
        assert_eq!(paid.json()["partialSuccess"], false);
        let references = ["creditCards", "giftCards", "payPal"].map(|list| paid.told(list, "paymentTransactionRef"));
        let numbers: Vec<u64> = references.iter().map(|reference| reference.parse().expect("a number")).collect();
        assert_eq!((numbers[1], numbers[2]), (numbers[0] + 1, numbers[0] + 2));
        assert!(balance(&shopper, &gift).abs() < 0.001);
        let back: Vec<_> = references.iter().zip([40.0, 30.0, 5.5]).map(|(reference, amount)| (reference.as_str(), amount)).collect();
        let refunded = florin.retailer(0).refunds(&back).is(200).json();
        assert_eq!(refunded["refundResponses"].as_array().map(Vec::len), Some(3));
        assert!((balance(&shopper, &gift) - 30.0).abs() < 0.001, "back to where it came from");
        assert_eq!(owed(florin, 0), 0);
        shopper.pays(&Bill::of(&card, 1.0).and(&card, 2.0)).fails(400, "AP99");
        let mut crowd = Bill::of(&card, 1.0);
        for number in 0..20 {
            crowd = crowd.and(&Instrument { id: format!("99{number}"), token: "00000000-0000-4000-8000-000000000000".to_owned() }, 1.0);
        }
        shopper.pays(&crowd).fails(400, "AP99");
    }
}

story! {
    fn one_refusal_among_several_keeps_the_others_or_takes_all_back_as_asked(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), customer(florin));
        let gift = shopper.takes(&florin.gift_card("628000", 30.0));
        let poor = shopper.captures(&florin.card("insufficient_funds"));
        let bill = || Bill::of(&card, 10.0).and(&gift, 10.0).and(&poor, 5.0);
        for bill in [bill(), bill().with("allowPartialSuccess", true)] {
            let kept = shopper.pays(&bill).is(200);
            let codes: Vec<_> = kept.json()["creditCards"].as_array().expect("cards").iter().map(|part| part["errorCode"].clone()).collect();
            assert_eq!((kept.json()["partialSuccess"].clone(), codes), (json!(true), vec![json!(null), json!("ES151")]));
        }
        assert_eq!(owed(florin, 0), 4_000);

        let taken_back = shopper.pays(&bill().with("allowPartialSuccess", false)).fails(400, "BI52").json();
        assert_eq!((&taken_back["creditCards"][0]["errorCode"], &taken_back["creditCards"][1]["errorCode"]), (&json!("BI52"), &json!("ES151")));
        assert_eq!(taken_back["giftCards"][0]["errorCode"], "BI52");
        assert_eq!((owed(florin, 0), balance(&shopper, &gift).round()), (4_000, 10.0), "nothing stays charged");

        let left = shopper.pays(&bill().with("allowPartialSuccess", false).with("skipRollback", true)).fails(400, "BI52").json();
        assert_eq!((&left["creditCards"][0]["errorCode"], owed(florin, 0)), (&json!(null), 6_000));
        let references = [&left["creditCards"][0], &left["giftCards"][0]].map(|part| part["paymentTransactionRef"].as_str().expect("a reference"));
        retailer.refunds(&[(references[0], 10.0), (references[1], 10.0)]).is(200);
        assert_eq!(owed(florin, 0), 4_000);
        let held = shopper.pays(&bill().held().with("allowPartialSuccess", false)).fails(400, "BI52");
        assert_eq!((held.status, florin.books().balance("authorisation_holds", "")), (400, 0), "what was held is freed");
    }
}

story! {
    fn a_gift_card_pays_what_is_on_it_with_its_pin_and_its_programmes_rules(florin) {
        let shopper = florin.shopper();
        let slip = florin.gift_card("628000", 25.0);
        let gift = shopper.takes(&slip);
        refused(shopper.pays(&Bill::of(&gift, 25.01)), "giftCards", "ES611");
        refused(shopper.pays(&Bill::of(&gift, 5.0).part_with("passcode", "0000")), "giftCards", "BI02");
        shopper.pays(&Bill::of(&gift, 5.0).part_with("passcode", slip.pin.as_str())).is(200);
        let held = shopper.pays(&Bill::of(&gift, 15.0).held()).is(200).told("giftCards", "paymentTransactionRef");
        refused(shopper.pays(&Bill::of(&gift, 5.01)), "giftCards", "ES611");
        florin.retailer(0).completes(&[(&held, 10.0)]).is(200);
        assert!((balance(&shopper, &gift) - 10.0).abs() < 0.001);
        let purchase_only = shopper.takes(&florin.gift_card("600300", 25.0));
        refused(shopper.pays(&Bill::of(&purchase_only, 5.0).held()), "giftCards", "ES130");
        shopper.pays(&Bill::of(&purchase_only, 5.0)).is(200);
        let mut silent = Bill::of(&gift, 5.0);
        silent.body["transactionType"].as_object_mut().expect("kinds").remove("giftCard");
        assert!(shopper.pays(&silent).fails(400, "AP99").text().contains("transactionType"), "what nobody asked for does not happen");
        let brief = Bill::of(&gift, 1.0).with("transactionType", json!({ "payPal": "PREAUTH" }));
        shopper.pays(&brief).fails(400, "AP99");
    }
}

story! {
    fn wallets_of_other_providers_pay_with_what_they_gave(florin) {
        let (retailer, shopper) = (florin.retailer(0), florin.shopper());
        let paypal = shopper.brings_paypal("fake-good");
        let bought = shopper.pays(&Bill::of(&paypal, 20.0)).is(200).told("payPal", "paymentTransactionRef");
        retailer.refunds(&[(&bought, 20.0)]).is(200);
        refused(shopper.pays(&Bill::of(&shopper.brings_paypal("fake-decline"), 20.0)), "payPal", "ES52");
        for (list, provider, body) in [
            ("googlePay", "googlepay", crate::cast::google()),
            ("applePay", "applepay", crate::cast::apple(true)),
        ] {
            shopper.posts(&format!("/wow/v1/pay/{provider}/tokenize"), &body).is(200);
            let phone = Instrument::read(&shopper.lists()[list]);
            let held = shopper.pays(&Bill::of(&phone, 20.0).held()).is(200).told(list, "paymentTransactionRef");
            retailer.completes(&[(&held, 15.0)]).is(200);
            retailer.refunds(&[(&held, 15.0)]).is(200);
        }
        assert_eq!(owed(florin, 0), 0);
    }
}

story! {
    fn a_step_up_token_carries_the_code_to_one_payment_with_one_card(florin) {
        let (mut shopper, other) = customer(florin);
        let card = shopper.captures(&florin.card("step_up"));
        let pays = |shopper: &Shopper, card: &Instrument, token: &str| shopper.pays(&Bill::of(card, 10.0).part_with("stepUpToken", token));
        let asked = refused(shopper.pays(&Bill::of(&card, 10.0)), "creditCards", "BV59");
        assert_eq!((&asked["stepUp"]["type"], &asked["stepUp"]["mandatory"]), (&json!("CAPTURE_CVV"), &json!(true)));
        let url = asked["stepUp"]["url"].as_str().expect("a URL");
        let token = shopper.steps_up(url);
        refused(pays(&shopper, &other, &token), "creditCards", "BV57");
        refused(pays(&florin.shopper(), &card, &token), "unknown", "BI24");
        pays(&shopper, &card, &token).is(200);
        refused(pays(&shopper, &card, &token), "creditCards", "BV57");
        refused(pays(&shopper, &card, &format!("{}x", shopper.steps_up(url))), "creditCards", "BV57");
        let late = shopper.steps_up(url);
        florin.time_passes("16m");
        refused(pays(&shopper, &card, &late), "creditCards", "BV58");
        pays(&shopper, &card, &shopper.steps_up(url)).is(200);
        florin.time_passes("3d");
        shopper.comes_again();
        assert_eq!(florin.http.get(url).status, 404, "an address of days ago leads nowhere");
        let fresh = shopper.entry(&card)["stepUp"]["url"].as_str().expect("a URL").to_owned();
        pays(&shopper, &card, &shopper.steps_up(&fresh)).is(200);
        assert_eq!(movements(&shopper, "PURCHASE").len(), 3);
    }
}

/// What a merchant's own 3-D Secure server says of a cardholder.
fn proof(status: &str) -> Value {
    json!({
        "messageVersion": "2.2.0", "xid": "", "authenticationValue": "AAABBJg0VhI0VniQEjRWAAAAAAA=", "dsTransID": "c0ffee00",
        "eci": "05", "aresStatus": status, "veresEnrolled": "Y", "transStatus": status, "sli": "212",
    })
}

story! {
    fn a_cardholder_whom_the_issuer_challenges_is_authenticated_by_the_merchant(florin) {
        let shopper = florin.shopper();
        let card = shopper.captures(&florin.card("threeds_challenge"));
        refused(shopper.pays(&Bill::of(&card, 10.0)), "creditCards", "3DS_001");
        refused(shopper.pays(&Bill::of(&card, 10.0).part_with("threeDS", proof("N"))), "creditCards", "3DS_001");
        shopper.pays(&Bill::of(&card, 10.0).part_with("threeDS", proof("Y"))).is(200);
        let failing = shopper.captures(&florin.card("threeds_fail"));
        refused(shopper.pays(&Bill::of(&failing, 10.0).part_with("threeDS", proof("Y"))), "creditCards", "3DS_006");
    }
}

story! {
    fn an_unknown_outcome_is_told_as_such_and_the_history_knows_it_later(florin) {
        let (retailer, shopper) = (florin.retailer(0), florin.shopper());
        let card = shopper.captures(&florin.card("unknown_outcome"));
        let bill = Bill::of(&card, 33.0).with("clientReference", "in-doubt");
        let unknown = shopper.pays_keyed(&bill, "k-1").fails(502, "ES36");
        let reference = unknown.told("creditCards", "paymentTransactionRef");
        let found = || shopper.history(&json!({ "clientReference": "in-doubt" }));
        eventually("the outcome to be found out", || {
            florin.time_passes("11s");
            (owed(florin, 0) == 3_300).then_some(())
        });
        let entry = found()["transactions"][0].clone();
        assert_eq!((&entry["transactionRef"], &entry["amount"]), (&json!(reference), &json!(33)));
        let again = shopper.pays_keyed(&bill, "k-1").is(200);
        assert_eq!(again.told("creditCards", "paymentTransactionRef"), reference, "the key's payment, by now known");
        assert_eq!(owed(florin, 0), 3_300);
        retailer.refunds(&[(&reference, 33.0)]).is(200);
        // The amounts by which the network loses the answers to captures, voids and refunds.
        let (shopper, card) = customer(florin);
        let (held, freed, bought) = (shopper.reserved(&card, 9_999.0), shopper.reserved(&card, 9_991.68), shopper.bought(&card, 9_999.0));
        retailer.completes(&[(&held, 9_991.68)]).fails(502, "ES36");
        retailer.voids(&[&freed]).fails(502, "ES36");
        retailer.refunds(&[(&bought, 9_991.68)]).fails(502, "ES36");
        refused(retailer.completes(&[(&held, 1.0)]), "completionResponses", "BI55");
        refused(retailer.refunds(&[(&bought, 7.33)]), "refundResponses", "ES112");
        eventually("the outcomes to be found out", || {
            florin.time_passes("11s");
            (florin.books().count("transactions WHERE state = 'processing'") == 0).then_some(())
        });
        assert_eq!(owed(florin, 0), 999_168 + 999_900 - 999_168);
        assert_eq!(florin.books().balance("authorisation_holds", ""), 0);
    }
}

/// Everything of the wallet's history, whatever it is.
fn told(shopper: &Shopper, filter: &Value) -> Vec<String> {
    let history = shopper.history(filter);
    let list = history["transactions"].as_array().expect("transactions").clone();
    list.iter().map(|entry| entry["transactionRef"].as_str().expect("a reference").to_owned()).collect()
}

story! {
    fn a_wallets_history_is_its_own_newest_first_and_can_be_searched(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), customer(florin));
        let gift = shopper.takes(&florin.gift_card("628000", 30.0));
        let first = shopper.bought(&card, 1.0);
        florin.time_passes("1m");
        let middle = florin.admin("GET", "/admin/clock", None).json()["now"].as_str().expect("a time").to_owned();
        florin.time_passes("1m");
        let second = shopper.pays(&Bill::of(&gift, 2.0).with("orderNumber", "o-2").with("clientReference", "c-2")).is(200).told("giftCards", "paymentTransactionRef");
        let refund = retailer.refunds(&[(&first, 0.5)]).is(200).told("refundResponses", "refundTransactionRef");
        refused(shopper.pays(&Bill::of(&gift, 99.0)), "giftCards", "ES611");
        assert_eq!(told(&shopper, &json!({})), [refund.clone(), second.clone(), first.clone()]);
        for (filter, expected) in [
            (json!({ "transactionTypes": ["REFUND"] }), vec![&refund]),
            (json!({ "transactionTypes": ["PREAUTH", "VOID"] }), vec![]),
            (json!({ "paymentInstrumentIds": [gift.id] }), vec![&second]),
            (json!({ "clientReference": "c-2" }), vec![&second]),
            (json!({ "orderNumber": "o-2" }), vec![&second]),
            (json!({ "transactionRef": first }), vec![&first]),
            (json!({ "startDate": middle }), vec![&refund, &second]),
            (json!({ "endDate": middle }), vec![&first]),
            (json!({ "maxRecords": 1 }), vec![&refund]),
        ] {
            assert_eq!(told(&shopper, &filter).iter().collect::<Vec<_>>(), expected, "{filter}");
        }
        assert_eq!(shopper.history(&json!({ "maxRecords": 1 }))["total"], 3);
        assert_eq!(told(&florin.shopper(), &json!({})), Vec::<String>::new());
        assert_eq!(told(&shopper.everyday(), &json!({})), Vec::<String>::new());
    }
}

/// Turns the merchant's handling of repeated references.
fn takes_each_reference_once(florin: &Florin, retailer: &Retailer, shopper: &Shopper, card: &Instrument) {
    let path = format!("/admin/retail/{}", retailer.id);
    florin.admin("PATCH", &path, Some(&json!({ "duplicate_client_reference": "reject" }))).is(200);
    // Merchants are remembered for a moment.
    eventually("the merchant to be strict", || {
        let bill = Bill::of(card, 1.0).with("clientReference", "probe");
        (shopper.pays(&bill).status == 400).then_some(())
    });
}

story! {
    fn a_client_reference_may_be_used_again_unless_the_merchant_forbids_it(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), customer(florin));
        let bill = |reference: &str| Bill::of(&card, 10.0).with("clientReference", reference);
        shopper.pays(&bill("basket-1")).is(200);
        let bought = shopper.pays(&bill("basket-1")).is(200).told("creditCards", "paymentTransactionRef");
        takes_each_reference_once(florin, &retailer, &shopper, &card);
        shopper.pays(&bill("basket-2")).is(200);
        shopper.pays(&bill("basket-2")).fails(400, "ES94");
        retailer.refunds(&[(&bought, 1.0)]).is(200);
        retailer.refunds(&[(&bought, 1.0)]).fails(400, "ES94");
        let other = florin.retailer(1).signs_in("s");
        let theirs = other.captures(&florin.card("approved"));
        for _ in 0..2 {
            other.pays(&Bill::of(&theirs, 1.0).with("clientReference", "basket-2")).is(200);
        }
        assert_eq!(movements(&shopper, "REFUND").len(), 1);
    }
}

story! {
    fn a_call_with_the_same_key_gets_the_first_answer_and_moves_nothing_again(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), customer(florin));
        let bill = Bill::of(&card, 20.0);
        let first = shopper.pays_keyed(&bill, "k-1").is(200);
        let again = shopper.pays_keyed(&bill, "k-1").is(200);
        assert_eq!(first.json(), again.json());
        shopper.pays_keyed(&Bill::of(&card, 21.0), "k-1").fails(422, "AP99");
        shopper.pays_keyed(&bill, "k-2").is(200);
        let stranger = florin.shopper();
        let theirs = stranger.captures(&florin.card("approved"));
        stranger.pays_keyed(&Bill::of(&theirs, 5.0), "k-1").is(200);
        assert_eq!(movements(&shopper, "PURCHASE").len(), 2);
        let declined = shopper.captures(&florin.card("declined"));
        let refusals = [(); 2].map(|()| shopper.pays_keyed(&Bill::of(&declined, 5.0), "k-3").fails(400, "BI52").json());
        assert_eq!(refusals[0], refusals[1]);
        let bought = first.told("creditCards", "paymentTransactionRef");
        for (path, list, body) in [
            ("/wow/v1/pay/refunds", "refundResponses", crate::cast::follow_up("refunds", &[(&bought, 5.0)])),
            ("/wow/v1/pay/completions", "completionResponses", crate::cast::follow_up("completions", &[(&shopper.reserved(&card, 9.0), 5.0)])),
        ] {
            let answers = [(); 2].map(|()| retailer.posts_keyed(path, &body, list).is(200).json());
            assert_eq!(answers[0], answers[1], "{path}");
        }
        assert_eq!(movements(&shopper, "REFUND").len(), 1);
        for bad in ["a b", "", &"k".repeat(256)] {
            shopper.pays_keyed(&bill, bad).fails(400, "AP99");
        }
    }
}

/// An agreement with other terms.
fn with_terms(card: &Instrument, terms: &[(&str, Value)]) -> Value {
    let mut body = agreement(card);
    for (field, value) in terms {
        body["paymentAgreement"][*field] = value.clone();
    }
    body
}

const AGREEMENTS: &str = "/wow/v1/pay/paymentagreements";
const CHARGES: &str = "/wow/v1/pay/paymentagreements/charge";

/// The only agreement of a wallet, as it is listed.
#[track_caller]
fn listed(shopper: &Shopper) -> Value {
    let agreements = shopper.lists()["paymentAgreements"].clone();
    assert_eq!(agreements.as_array().map(Vec::len), Some(1), "{agreements}");
    agreements[0].clone()
}

story! {
    fn the_merchant_charges_an_agreement_and_each_charge_counts(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), customer(florin));
        let made = shopper.posts(AGREEMENTS, &agreement(&card)).is(200).json();
        let token = made["paymentToken"].as_str().expect("a token").to_owned();
        let fresh = listed(&shopper);
        assert_eq!((&fresh["paymentToken"], &fresh["chargeCycle"], &fresh["expired"]), (&json!(token), &json!(0), &json!(false)));
        assert_eq!((&fresh["chargeAmount"], &fresh["type"], owed(florin, 0)), (&json!(2.99), &json!("RECURRING"), 0));
        florin.time_passes("40d");
        assert_eq!(owed(florin, 0), 0, "Florin charges nothing by itself");
        for cycle in 1..=3 {
            let charged = retailer.posts(CHARGES, &charge(&token, 2.99)).is(200).json();
            assert!(charged["transactionReceipt"].as_str().is_some_and(|receipt| receipt.len() == 16), "{charged}");
            let mut again = shopper.clone();
            again.comes_again();
            assert_eq!(listed(&again)["chargeCycle"], cycle);
        }
        assert_eq!(florin.books().count("movements WHERE kind = 'purchase' AND state = 'done'"), 3);
        let once = [(); 2].map(|()| retailer.posts_keyed(CHARGES, &charge(&token, 2.99), "k").is(200).json());
        assert_eq!(once[0], once[1]);
        let mut shopper = shopper;
        shopper.comes_again();
        assert_eq!(listed(&shopper)["chargeCycle"], 4, "a replay is no cycle");
        retailer.posts(CHARGES, &charge(&token, 9_990.51)).fails(400, "ES151");
        assert_eq!(listed(&shopper)["chargeCycle"], 4, "a refusal is no cycle");
        florin.retailer(1).posts(CHARGES, &charge(&token, 2.99)).fails(400, "BI24");
        let reference = movements(&shopper, "PURCHASE").remove(0);
        retailer.refunds(&[(&reference, 2.99)]).is(200);
    }
}

story! {
    fn an_agreement_is_charged_at_once_if_that_is_asked_for(florin) {
        let (shopper, card) = customer(florin);
        let at_once = |card: &Instrument| with_terms(card, &[("immediateCharge", json!(true))]);
        shopper.posts(AGREEMENTS, &at_once(&card)).fails(400, "AP99");
        let mut body = at_once(&card);
        body["orderNumber"] = json!("order-1");
        let made = shopper.posts(AGREEMENTS, &body).is(200).json();
        assert!(made["transactionReceipt"].as_str().is_some_and(|receipt| receipt.len() == 16), "{made}");
        assert_eq!((&listed(&shopper)["chargeCycle"], owed(florin, 0)), (&json!(1), 299));
        let poor = florin.shopper();
        let mut body = at_once(&poor.captures(&florin.card("insufficient_funds")));
        body["orderNumber"] = json!("order-2");
        poor.posts(AGREEMENTS, &body).fails(400, "ES151");
        assert_eq!(poor.lists()["paymentAgreements"], json!([]), "an agreement that could not be charged is none");
    }
}

story! {
    fn an_agreement_is_changed_by_the_shopper_and_ended_by_the_merchant_or_by_its_date(florin) {
        let (retailer, (mut shopper, card)) = (florin.retailer(0), customer(florin));
        let other = shopper.captures("5555555555554444");
        let made = shopper.posts(AGREEMENTS, &agreement(&card)).is(200).json();
        let token = made["paymentToken"].as_str().expect("a token").to_owned();
        let path = format!("{AGREEMENTS}/{token}");
        let change = |terms: Value| json!({ "clientReference": "change", "paymentAgreement": terms });
        let terms = json!({ "chargeFrequency": "FORTNIGHTLY", "chargeAmount": 5.5, "paymentInstrumentId": other.id, "endDate": null });
        shopper.posts(&path, &change(terms)).is(200);
        let changed = listed(&shopper);
        assert_eq!((&changed["chargeFrequency"], &changed["chargeAmount"]), (&json!("FORTNIGHTLY"), &json!(5.5)));
        assert_eq!((&changed["paymentInstrumentId"], &changed["scheme"]), (&json!(other.id), &json!("MASTERCARD")));
        florin.shopper().posts(&path, &change(json!({ "chargeFrequency": "WEEKLY" }))).fails(400, "BI24");
        shopper.posts(&path, &change(json!({ "chargeFrequency": "DAILY" }))).fails(400, "AP99");
        let past = change(json!({ "chargeFrequency": "WEEKLY", "endDate": "2020-01-01T00:00:00Z" }));
        shopper.posts(&path, &past).fails(400, "AP99");
        let now: jiff::Timestamp = florin.admin("GET", "/admin/clock", None).json()["now"].as_str().expect("a time").parse().expect("a time");
        let end = now + jiff::SignedDuration::from_hours(48);
        shopper.posts(&path, &change(json!({ "chargeFrequency": "WEEKLY", "endDate": end.to_string() }))).is(200);
        retailer.posts(CHARGES, &charge(&token, 1.0)).is(200);
        florin.time_passes("49h");
        let ended = retailer.posts(CHARGES, &charge(&token, 1.0));
        assert_eq!(ended.status, 400, "{}", ended.text());
        shopper.comes_again();
        assert_eq!(listed(&shopper)["expired"], true);
        let ends = |retailer: &Retailer| crate::cast::sends(retailer.ask("DELETE", &path));
        ends(&florin.retailer(1)).fails(400, "BI24");
        assert_eq!(ends(&retailer).is(200).text(), "{}");
        ends(&retailer).fails(400, "BI24");
        retailer.posts(CHARGES, &charge(&token, 1.0)).fails(400, "BI24");
        assert_eq!(shopper.lists()["creditCards"].as_array().map(Vec::len), Some(2), "the card stays");
        assert_eq!(movements(&shopper, "PURCHASE").len(), 1);
    }
}

story! {
    fn an_agreement_is_not_open_before_its_start_nor_without_its_card(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), customer(florin));
        let now: jiff::Timestamp = florin.admin("GET", "/admin/clock", None).json()["now"].as_str().expect("a time").parse().expect("a time");
        let start = now + jiff::SignedDuration::from_hours(1);
        let made = shopper.posts(AGREEMENTS, &with_terms(&card, &[("startDate", json!(start.to_string()))])).is(200).json();
        let token = made["paymentToken"].as_str().expect("a token").to_owned();
        assert_eq!(retailer.posts(CHARGES, &charge(&token, 1.0)).status, 400);
        florin.time_passes("61m");
        retailer.posts(CHARGES, &charge(&token, 1.0)).is(200);
        let mut shopper = shopper;
        shopper.comes_again();
        crate::cast::sends(shopper.ask("DELETE", &format!("/wow/v1/pay/instruments/{}", card.id))).is(200);
        assert_eq!(retailer.posts(CHARGES, &charge(&token, 1.0)).status, 400);
        assert_eq!(owed(florin, 0), 100);
    }
}

/// Seconds until the trading day ends in Sydney.
fn seconds_to_midnight(florin: &Florin) -> i64 {
    let now: jiff::Timestamp = florin.admin("GET", "/admin/clock", None).json()["now"].as_str().expect("a time").parse().expect("a time");
    let here = now.in_tz("Australia/Sydney").expect("a time zone");
    let midnight = here.tomorrow().and_then(|tomorrow| tomorrow.start_of_day()).expect("a day");
    midnight.timestamp().as_second() - now.as_second()
}

story! {
    fn what_a_merchant_is_owed_is_settled_when_the_day_ends_in_sydney(florin) {
        let (retailer, (shopper, card)) = (florin.retailer(0), customer(florin));
        let bought = shopper.bought(&card, 100.0);
        retailer.refunds(&[(&bought, 30.0)]).is(200);
        let other = florin.retailer(1).signs_in("s");
        let theirs = other.bought(&other.captures(&florin.card("approved")), 10.0);
        florin.retailer(1).refunds(&[(&theirs, 10.0)]).is(200);
        florin.time_passes(&format!("{}s", seconds_to_midnight(florin) - 60));
        let books = florin.books();
        assert_eq!((books.count("settlements"), owed(florin, 0)), (0, 7_000));
        florin.time_passes("2m");
        assert_eq!((books.count("settlements WHERE sent_at IS NOT NULL"), owed(florin, 0)), (1, 0));
        assert_eq!(books.number("SELECT amount_minor FROM settlements"), 7_000);
        assert_eq!(owed(florin, 1), -12, "who owes for a fee is paid when sales have made up for it");
        // A refund after the settlement is taken off the next one.
        retailer.refunds(&[(&bought, 20.0)]).is(200);
        let (shopper, card) = customer(florin);
        shopper.bought(&card, 50.0);
        florin.time_passes("25h");
        assert_eq!((books.count("settlements"), books.number("SELECT CAST(SUM(amount_minor) AS BIGINT) FROM settlements")), (2, 10_000));
        assert_eq!(owed(florin, 0), 0);
        florin.time_passes("25h");
        assert_eq!(books.count("settlements"), 2, "a day without sales settles nothing");
    }
}
