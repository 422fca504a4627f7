//! Paying in store: what merchants ask for, the codes that shoppers scan, what is paid, and what is given back.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::cast::{Answer, Florin, Instrument, Retailer, Shopper, Told, at_once, in_store_agreement, scanned, story, text};

const NOTHING: Value = Value::Null;

/// Expects that a proper call was about the wrong thing, or came at the wrong time.
#[track_caller]
fn unfit(answer: Answer) -> Value {
    answer.is(422).json()
}

/// Every name of money that moved: on which instrument, and under which reference.
#[track_caller]
fn names(told: &Told) -> Vec<(String, String)> {
    told.parts().into_iter().map(|part| (part.instrument, part.payment)).collect()
}

/// A gift card in the shopper's wallet.
#[track_caller]
fn gift(florin: &Florin, shopper: &Shopper, dollars: f64) -> Instrument {
    shopper.takes(&florin.gift_card("628000", dollars))
}

/// Pays a request with a gift card as far as `dollars`, and the rest with a card.
#[track_caller]
fn splits(shopper: &Shopper, request: &str, (gift, dollars): (&Instrument, f64), card: &Instrument) -> Told {
    let secondary = json!([{ "instrumentId": gift.id, "amount": dollars }]);
    let how = json!({ "primaryInstrumentId": card.id, "secondaryInstruments": secondary });
    shopper.settles(request, how).told_transaction()
}

/// What a merchant is owed, in cents.
fn owed(florin: &Florin) -> i64 {
    -florin.books().balance("merchant_payable", "")
}

story! {
    fn what_is_asked_for_at_a_till_is_scanned_and_paid_and_both_sides_see_it_alike(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let gift_card = gift(florin, &shopper, 30.0);
        let made = till.asks(45.5, &json!({ "generateQR": true, "basket": { "items": [{ "label": "Tea" }] } })).data();
        let (request, qr) = (text(&made, "paymentRequestId"), &made["qr"]);
        assert_eq!((&qr["referenceId"], &qr["referenceType"]), (&json!(request), &json!("PAYMENT_REQUEST")));

        let picture = till.picture(&text(qr, "qrId"));
        let content = scanned(&picture);
        assert_eq!(content, text(qr, "content"), "a camera reads what the JSON says");
        assert_eq!(BASE64_STANDARD.decode(text(qr, "image")).expect("base64"), picture, "it is the same picture");
        assert_eq!(till.looks_at(&format!("/qr/{}", text(qr, "qrId"))).data(), *qr);
        let seen = shopper.looks_at(&format!("/qr/{}", content.rsplit('/').next().expect("an id"))).data();
        let expected = json!({
            "paymentRequestId": request, "merchantReferenceId": "till 4", "grossAmount": 45.5, "merchantId": "10006",
            "basket": { "items": [{ "label": "Tea" }] },
        });
        assert_eq!(seen, expected);

        let paid = splits(&shopper, &request, (&gift_card, 20.25), &card);
        assert_eq!((paid.outcome(), &paid.0["rollback"]), (("PAYMENT", "APPROVED", 45.5), &json!("NOT_REQUIRED")));
        assert_eq!(paid.amounts(), [(gift_card.id.clone(), 20.25), (card.id.clone(), 25.25)]);
        assert_eq!(shopper.has_left(&[&gift_card]), [9.75]);
        let (mine, theirs) = (shopper.sees(&paid.id()), till.sees(&paid.id()));
        for view in [&mine, &theirs, &shopper.transactions("")[0], &till.transactions("")[0]] {
            assert_eq!((view.id(), &view.0["paymentRequestId"], view.outcome()), (paid.id(), &json!(request), paid.outcome()));
            assert_eq!((names(view), &view.0["executionTime"]), (names(&paid), &paid.0["executionTime"]));
        }
        assert_eq!((&mine.0["merchantId"], &mine.0["walletId"]), (&json!("10006"), &NOTHING), "a shopper sees at which merchant");
        assert_eq!(&theirs.0["merchantId"], &NOTHING);
        assert_eq!(text(&theirs.0, "walletId").len(), 36, "and a merchant from which wallet");
        assert_eq!((&mine.0["basket"], &theirs.0["basket"]), (&expected["basket"], &expected["basket"]));
        let history = shopper.history(&json!({}));
        for (_, reference) in names(&paid) {
            let entries = history["transactions"].as_array().expect("transactions");
            assert!(entries.iter().any(|entry| entry["transactionRef"] == reference.as_str()), "the other family knows {reference}");
        }
        assert_eq!(owed(florin), 4_550);
    }
}

story! {
    fn what_was_paid_is_nobodys_to_pay_or_to_see_any_more(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let made = till.asks(10.0, &json!({ "generateQR": true })).data();
        let (request, qr) = (text(&made, "paymentRequestId"), text(&made["qr"], "qrId"));
        let paid = shopper.settles_with(&request, &card).told_transaction();
        let other = florin.shopper();
        for answer in [
            shopper.settles_with(&request, &card),
            shopper.looks_at(&format!("/payments/{request}")),
            shopper.looks_at(&format!("/qr/{qr}")),
            till.in_store("POST", "/qr", json!({ "referenceId": request, "referenceType": "PAYMENT_REQUEST" })),
            till.in_store("DELETE", &format!("/payments/{request}"), NOTHING),
            other.looks_at(&format!("/transactions/{}", paid.id())),
            florin.retailer(1).looks_at(&format!("/transactions/{}", paid.id())),
            florin.retailer(1).looks_at(&format!("/payments/{request}")),
            florin.retailer(1).gives_back(&paid.id(), &[]),
        ] {
            unfit(answer);
        }
        assert_eq!((other.transactions("").len(), florin.retailer(1).transactions("").len()), (0, 0));
        assert_eq!((till.uses_left(&request), shopper.transactions(&format!("?paymentRequestId={request}")).len()), (Some(0), 1));
    }
}

story! {
    fn money_goes_back_to_each_instrument_and_no_refund_is_refunded(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let gift_card = gift(florin, &shopper, 20.25);
        let paid = splits(&shopper, &till.asked(45.5, &NOTHING), (&gift_card, 20.25), &card);
        let (by_card, by_gift_card) = (paid.reference(&card), paid.reference(&gift_card));

        let back = till.gives_back(&paid.id(), &[(&by_card, 10.25), (&by_gift_card, 0.25)]).told_transaction();
        assert_eq!((back.outcome(), &back.0["refundReason"]), (("REFUND", "APPROVED", -10.5), &json!("broken")));
        let mut amounts = back.amounts();
        amounts.sort_by(|one, other| one.1.total_cmp(&other.1));
        assert_eq!(amounts, [(card.id.clone(), -10.25), (gift_card.id.clone(), -0.25)]);
        assert_eq!(back.reference(&card), by_card, "a refund names the payment that it is of");
        let refunds: Vec<_> = back.parts().into_iter().map(|part| part.refund.expect("a reference of its own")).collect();
        assert!(!refunds.contains(&by_card) && !refunds.contains(&by_gift_card) && refunds[0] != refunds[1]);
        assert_eq!(shopper.has_left(&[&gift_card]), [0.25]);

        assert_eq!(unfit(till.gives_back(&paid.id(), &[(&by_card, 15.01)]))["refundResponses"][0]["errorCode"], "ES112");
        assert_eq!(unfit(till.gives_back(&paid.id(), &[("1999999999999999", 1.0)]))["refundResponses"][0]["errorCode"], "BI55");
        let rest = till.gives_back(&paid.id(), &[]).told_transaction();
        assert_eq!((rest.outcome(), rest.0["clientReference"].as_str()), (("REFUND", "APPROVED", -35.0), Some(rest.id().as_str())));
        assert_eq!((shopper.has_left(&[&gift_card]), owed(florin)), (vec![20.25], 0));
        for of in [&paid, &back, &rest] {
            unfit(till.gives_back(&of.id(), &[]));
        }
        unfit(till.gives_back(&back.id(), &[(&refunds[0], 0.25)]));
        unfit(till.gives_back("00000000-0000-4000-8000-000000000000", &[]));
        till.in_store("POST", &format!("/transactions/{}/refund", paid.id()), json!({ "reason": "r", "subTransactions": [] }))
            .fails(400, "AP99");
        assert_eq!(till.transactions("").iter().map(Told::id).collect::<Vec<_>>(), [rest.id(), back.id(), paid.id()], "newest first");
        assert_eq!(shopper.sees(&back.id()).outcome(), back.outcome());
    }
}

story! {
    fn of_twenty_shoppers_who_pay_a_request_for_one_at_once_one_pays(florin) {
        let till = florin.retailer(0);
        let crowd: Vec<_> = (0..20).map(|_| florin.card_holder()).collect();
        for round in 1..=3 {
            let request = till.asked(12.5, &NOTHING);
            let answers = at_once(20, |place| crowd[place].0.settles_with(&request, &crowd[place].1));
            let (paid, refused): (Vec<_>, Vec<_>) =
                answers.into_iter().partition(|answer| answer.status == 200 && answer.json()["data"]["status"] == "APPROVED");
            assert_eq!((paid.len(), refused.len()), (1, 19));
            for answer in refused {
                let body = answer.json();
                assert!(answer.status == 422 || body["data"]["status"] == "REJECTED", "{}: {body}", answer.status);
            }
            assert_eq!((till.uses_left(&request), owed(florin)), (Some(0), 1_250 * round));
            assert_eq!(till.transactions(&format!("?paymentRequestId={request}")).len(), 1, "who was too late is in no book");
        }
        let heard: usize = crowd.iter().map(|(shopper, _)| shopper.transactions("").len()).sum();
        assert_eq!(heard, 3);
    }
}

story! {
    fn a_request_without_a_limit_is_paid_by_all_of_twenty(florin) {
        let till = florin.retailer(0);
        let crowd: Vec<_> = (0..20).map(|_| florin.card_holder()).collect();
        let request = till.asked(12.5, &json!({ "maxUses": 0 }));
        for answer in at_once(20, |place| crowd[place].0.settles_with(&request, &crowd[place].1)) {
            assert_eq!(answer.told_transaction().outcome(), ("PAYMENT", "APPROVED", 12.5));
        }
        assert_eq!((till.uses_left(&request), owed(florin)), (None, 25_000));
        assert_eq!(till.transactions("?page-size=500").len(), 20);
        let limited = till.asked(1.0, &json!({ "maxUses": 7 }));
        let paid = at_once(20, |place| crowd[place].0.settles_with(&limited, &crowd[place].1).status == 200);
        assert_eq!((paid.iter().filter(|paid| **paid).count(), till.uses_left(&limited)), (7, Some(0)));
    }
}

/// A card's money, held for the merchant.
#[track_caller]
fn held(till: &Retailer, (shopper, card): &(Shopper, Instrument), dollars: f64) -> Told {
    let how = json!({ "primaryInstrumentId": card.id, "transactionType": { "creditCard": "PREAUTH" } });
    let held = shopper.settles(&till.asked(dollars, &NOTHING), how).told_transaction();
    assert_eq!((held.outcome(), held.parts()[0].kind.as_str()), (("PREAUTH", "APPROVED", dollars), "PREAUTH"));
    held
}

story! {
    fn held_money_is_taken_in_part_and_what_was_taken_can_be_given_back(florin) {
        let (till, holder) = (florin.retailer(0), florin.card_holder());
        let held = held(&till, &holder, 50.0);
        let reference = held.reference(&holder.1);
        assert_eq!(owed(florin), 0);
        unfit(till.gives_back(&held.id(), &[]));
        let completions = |dollars: f64| json!({ "completions": [{ "paymentTransactionRef": reference, "amount": dollars }] });
        let above = till.follows_up("completion", &held.id(), completions(50.01)).fails(400, "BI52");
        assert_eq!(above.told("completionResponses", "errorCode"), "ES122");
        let taken = till.follows_up("completion", &held.id(), completions(30.0)).told_transaction();
        assert_eq!((taken.outcome(), taken.reference(&holder.1)), (("COMPLETION", "APPROVED", 30.0), reference.clone()));
        assert_eq!((owed(florin), florin.books().balance("authorisation_holds", "")), (3_000, 0), "the rest is free again");
        for verb in ["completion", "void"] {
            unfit(till.follows_up(verb, &held.id(), json!({})));
        }
        unfit(till.gives_back(&held.id(), &[(&reference, 30.01)]));
        let back = till.gives_back(&held.id(), &[(&reference, 12.0)]).told_transaction();
        assert_eq!(back.outcome(), ("REFUND", "APPROVED", -12.0));
        assert_eq!(till.gives_back(&taken.id(), &[]).told_transaction().outcome(), ("REFUND", "APPROVED", -18.0), "by its completion");
        assert_eq!((owed(florin), holder.0.transactions("").len()), (0, 4));
    }
}

story! {
    fn held_money_is_freed_once_and_not_taken_afterwards(florin) {
        let (till, holder) = (florin.retailer(0), florin.card_holder());
        let kept = held(&till, &holder, 50.0);
        let reference = kept.reference(&holder.1);
        let freed = till.follows_up("void", &kept.id(), json!({ "voids": [{ "paymentTransactionRef": reference }] })).told_transaction();
        assert_eq!((freed.outcome(), freed.parts()[0].kind.as_str()), (("VOID", "APPROVED", 50.0), "VOID"));
        for verb in ["completion", "void"] {
            unfit(till.follows_up(verb, &kept.id(), json!({})));
        }
        unfit(till.gives_back(&kept.id(), &[]));
        unfit(till.follows_up("void", &freed.id(), json!({})));
        // All of it, when nothing is named; and what was bought at once is in no state for either.
        let other = held(&till, &holder, 20.0);
        assert_eq!(till.follows_up("completion", &other.id(), json!({})).told_transaction().outcome(), ("COMPLETION", "APPROVED", 20.0));
        let bought = holder.0.settles_with(&till.asked(5.0, &NOTHING), &holder.1).told_transaction();
        for verb in ["completion", "void"] {
            unfit(till.follows_up(verb, &bought.id(), json!({})));
        }
        assert_eq!((owed(florin), florin.books().balance("authorisation_holds", "")), (2_500, 0));
    }
}

story! {
    fn requests_and_codes_end_by_the_clock(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let made = till.asks(10.0, &json!({ "timeToLivePayment": 60, "generateQR": true, "timeToLiveQR": 30 })).data();
        let (request, qr) = (text(&made, "paymentRequestId"), text(&made["qr"], "qrId"));
        let endless = till.asks(10.0, &json!({ "timeToLivePayment": 0, "generateQR": true })).data();
        assert_eq!((&endless["qr"]["expiryTime"], made["qr"]["expiryTime"].is_string()), (&NOTHING, true));
        let shows = |qr: &str| [till.looks_at(&format!("/qr/{qr}")).status, shopper.looks_at(&format!("/qr/{qr}")).status];
        assert_eq!(shows(&qr), [200, 200]);
        florin.time_passes("31s");
        assert_eq!((shows(&qr), till.in_store("DELETE", &format!("/qr/{qr}"), NOTHING).status), ([422, 422], 422));
        let another =
            till.in_store("POST", "/qr", json!({ "referenceId": request, "referenceType": "PAYMENT_REQUEST", "timeToLive": 0 })).data();
        assert_eq!(shows(&text(&another, "qrId")), [200, 200], "the request itself still stands");
        florin.time_passes("30s");
        assert_eq!(shows(&text(&another, "qrId"))[1], 422, "its code leads nowhere any more");
        unfit(shopper.looks_at(&format!("/payments/{request}")));
        unfit(shopper.settles_with(&request, &card));
        unfit(till.in_store("POST", "/qr", json!({ "referenceId": request, "referenceType": "PAYMENT_REQUEST" })));
        unfit(till.in_store("DELETE", &format!("/payments/{request}"), NOTHING));
        assert_eq!(till.uses_left(&request), Some(0));
        florin.time_passes("30m");
        assert_eq!(shows(&text(&endless["qr"], "qrId")), [200, 200]);
        shopper.settles_with(&text(&endless, "paymentRequestId"), &card).is(200);
        assert_eq!(shopper.transactions("").len(), 1);
    }
}

story! {
    fn what_is_taken_back_is_nothing_to_pay_any_more(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let listed = |kind: &str| till.looks_at(&format!("/payments?type={kind}")).is(200).json()["meta"]["totalRecords"].clone();
        let request = till.asked(10.0, &json!({ "maxUses": 3 }));
        shopper.settles_with(&request, &card).is(200);
        assert_eq!((till.uses_left(&request), listed("ACTIVE"), listed("INACTIVE")), (Some(2), json!(1), json!(0)));
        let qr = text(&till.in_store("POST", "/qr", json!({ "referenceId": request, "referenceType": "PAYMENT_REQUEST" })).data(), "qrId");
        till.in_store("DELETE", &format!("/payments/{request}"), NOTHING).is(204);
        assert_eq!(
            (till.uses_left(&request), listed("ACTIVE"), listed("INACTIVE"), listed("ALL")),
            (Some(0), json!(0), json!(1), json!(1))
        );
        assert!(till.looks_at(&format!("/payments/{request}")).data()["expiryTime"].is_string());
        for answer in [
            shopper.settles_with(&request, &card),
            shopper.looks_at(&format!("/payments/{request}")),
            shopper.looks_at(&format!("/qr/{qr}")),
            till.in_store("DELETE", &format!("/payments/{request}"), NOTHING),
        ] {
            unfit(answer);
        }
        let other = till.asks(10.0, &json!({ "generateQR": true })).data();
        let qr = text(&other["qr"], "qrId");
        till.in_store("DELETE", &format!("/qr/{qr}"), NOTHING).is(204);
        unfit(shopper.looks_at(&format!("/qr/{qr}")));
        unfit(till.in_store("DELETE", &format!("/qr/{qr}"), NOTHING));
        shopper.settles_with(&text(&other, "paymentRequestId"), &card).is(200);
    }
}

story! {
    fn a_request_for_one_wallet_is_for_nobody_else(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let (other, others_card) = florin.card_holder();
        let paid = shopper.settles_with(&till.asked(1.0, &NOTHING), &card).told_transaction();
        let wallet = text(&till.sees(&paid.id()).0, "walletId");
        let made = till.asks(10.0, &json!({ "specificWalletId": wallet, "generateQR": true })).data();
        let (request, qr) = (text(&made, "paymentRequestId"), text(&made["qr"], "qrId"));
        unfit(other.settles_with(&request, &others_card));
        unfit(other.looks_at(&format!("/payments/{request}")));
        unfit(other.looks_at(&format!("/qr/{qr}")));
        assert_eq!(till.looks_at(&format!("/payments/{request}")).data()["specificWalletId"], wallet);
        shopper.looks_at(&format!("/qr/{qr}")).is(200);
        assert_eq!(shopper.settles_with(&request, &card).told_transaction().outcome(), ("PAYMENT", "APPROVED", 10.0));
    }
}

story! {
    fn the_same_key_asks_for_the_same_money_once(florin) {
        let till = florin.retailer(0);
        let keyed = json!({ "idempotencyKey": "basket-7", "generateQR": true });
        let made = at_once(8, |_| till.asks(10.0, &keyed));
        let first = made[0].json();
        for answer in made {
            assert_eq!(answer.is(200).json(), first, "the same request, and the same code");
        }
        unfit(till.asks(10.01, &keyed));
        assert_ne!(florin.retailer(1).asks(10.0, &keyed).data()["paymentRequestId"], first["data"]["paymentRequestId"]);
        assert_eq!(till.looks_at("/payments").is(200).json()["meta"]["totalRecords"], 1);
    }
}

story! {
    fn a_code_holds_what_the_merchants_template_says(florin) {
        let till = florin.retailer(0);
        let qr = || till.asks(10.0, &json!({ "generateQR": true })).data()["qr"].clone();
        let plain = qr();
        assert_eq!(text(&plain, "content"), format!("{}/qr/{}", florin.sandbox.base_url, text(&plain, "qrId")));
        let likes = |template: &str| json!({ "qr": { "content": template, "colour": "black" } });
        let template = likes("https://shop.example/app?pay={referenceId}&kind={referenceType}&code={qrId}");
        till.in_store("POST", "/preferences", template.clone()).is(204);
        assert_eq!(till.looks_at("/preferences").data(), template);
        let made = qr();
        let expected =
            format!("https://shop.example/app?pay={}&kind=PAYMENT_REQUEST&code={}", text(&made, "referenceId"), text(&made, "qrId"));
        assert_eq!((text(&made, "content"), scanned(&till.picture(&text(&made, "qrId")))), (expected.clone(), expected));
        assert_eq!(till.looks_at(&format!("/qr/{}", text(&plain, "qrId"))).data(), plain, "codes that are out stay as they are");
        till.in_store("POST", "/preferences", likes("https://shop.example/")).fails(400, "AP99");
        assert_eq!(till.looks_at("/preferences").data(), template);
        assert_eq!(florin.retailer(1).looks_at("/preferences").data(), json!({}));
    }
}

story! {
    fn a_code_read_by_a_camera_leads_to_a_page_that_tells_where_it_is_paid(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let page = |qr: &Value, status: u16| {
            let answer = florin.http.get(&text(qr, "content")).is(status);
            assert_eq!((answer.header("cache-control"), answer.header("referrer-policy")), ("no-store", "no-referrer"));
            assert!(!answer.text().contains("<script") && !answer.text().contains("<form"), "{}", answer.text());
            answer.text().clone()
        };
        let made = till.asks(12.5, &json!({ "generateQR": true, "merchantReferenceId": "table 4 of Jo" })).data();
        let told = page(&made["qr"], 200);
        assert!(told.contains("asks for $12.50") && !told.contains("table 4 of Jo"), "{told}");
        let session = json!({ "generateQR": true, "location": "lane 4", "merchantInfo": { "payload": {} } });
        let opened = till.in_store("POST", "/payment/session", session).data();
        let told = page(&opened["qr"], 200);
        assert!(told.contains("asks to be paid") && !told.contains("lane 4"), "{told}");

        shopper.settles_with(&text(&made, "paymentRequestId"), &card).is(200);
        till.in_store("DELETE", &format!("/qr/{}", text(&opened["qr"], "qrId")), NOTHING).is(204);
        for over in [&made["qr"], &opened["qr"]] {
            assert!(page(over, 410).contains("no longer good"));
        }
        for unknown in ["/qr/00000000-0000-4000-8000-000000000000", "/qr/none", "/qr/%3Cscript%3E/"] {
            assert!(page(&json!({ "content": unknown }), 404).contains("do not know this code"), "{unknown}");
        }
    }
}

story! {
    fn a_merchants_own_data_follow_the_schema_that_they_name(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let form = json!({ "type": "object", "required": ["lane"], "properties": { "lane": { "type": "integer" } } });
        let schema = json!({ "schema": form, "type": "pos", "description": "What tills send" });
        let registered = till.in_store("POST", "/schema", schema).data();
        let id = text(&registered, "schemaId");
        assert_eq!(till.looks_at("/schema").data()["schemas"], json!([registered]));
        assert_eq!(till.looks_at(&format!("/schema/{id}")).data()["schema"], form);
        let sends = |schema: &str, payload: Value| json!({ "posPayload": { "schemaId": schema, "payload": payload } });
        let request = till.asked(10.0, &sends(&id, json!({ "lane": 4, "more": "of it" })));
        let expected = json!({ "schemaId": id, "payload": { "lane": 4, "more": "of it" } });
        assert_eq!(till.looks_at(&format!("/payments/{request}")).data()["posPayload"], expected);
        let paid = shopper.settles_with(&request, &card).told_transaction();
        assert_eq!(till.sees(&paid.id()).0["posPayload"], expected);
        assert_eq!(shopper.sees(&paid.id()).0["posPayload"], NOTHING, "it is between the merchant and its tills");

        for payload in [json!({ "lane": "4" }), json!({}), json!({ "lane": 4.5 })] {
            unfit(till.asks(10.0, &sends(&id, payload)));
        }
        unfit(till.asks(10.0, &sends("00000000-0000-4000-8000-000000000000", json!({ "lane": 4 }))));
        unfit(florin.retailer(1).asks(10.0, &sends(&id, json!({ "lane": 4 }))));
        unfit(florin.retailer(1).looks_at(&format!("/schema/{id}")));
        till.in_store("POST", "/schema", json!({ "schema": { "type": "none" }, "type": "pos" })).fails(400, "AP99");
        assert_eq!(till.looks_at("/payments?type=ALL").is(200).json()["meta"]["totalRecords"], 1);
    }
}

/// Gift cards of $30, $10 and $20, in the order in which they came into the wallet, that end in 2037, 2039 and 2038.
#[track_caller]
fn three_gift_cards(florin: &Florin, shopper: &Shopper) -> [Instrument; 3] {
    [(1, 30, "2037-12-31"), (2, 10, "2039-12-31"), (3, 20, "2038-12-31")].map(|(place, dollars, end)| {
        let number = format!("628000{:013}", 9_000_000_000_u64 + place);
        let body = json!({ "number": number, "pin": "1945", "balance": dollars, "expires_on": end });
        florin.admin("POST", "/admin/gift-cards", Some(&body)).is(201);
        florin.time_passes("1s");
        shopper.takes(&crate::cast::Slip { number, pin: "1945".to_owned() })
    })
}

story! {
    fn gift_cards_are_taken_in_the_order_that_the_shopper_likes(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let gifts = three_gift_cards(florin, &shopper);
        let [first, second, third] = [0, 1, 2].map(|place| gifts[place].id.as_str());
        let pays = |dollars: f64, how: Value| {
            let paid = shopper.settles(&till.asked(dollars, &NOTHING), how).told_transaction();
            assert_eq!(paid.outcome(), ("PAYMENT", "APPROVED", dollars));
            till.gives_back(&paid.id(), &[]).is(200);
            paid.amounts()
        };
        let likes = |secondary: Value| json!({ "payments": { "primaryInstrumentId": card.id, "secondaryInstruments": secondary } });
        let keeps = |preferences: &Value| shopper.in_store("POST", "/preferences", preferences.clone()).is(204);
        assert_eq!(pays(35.0, json!({})), [(card.id.clone(), 35.0)], "who likes nothing pays with the first card");
        for (order, expected) in [
            ("BALANCE_ASC", [(second, 10.0), (third, 20.0), (first, 5.0)]),
            ("BALANCE_DESC", [(first, 30.0), (third, 5.0), ("", 0.0)]),
            ("EXPIRY_ASC", [(first, 30.0), (third, 5.0), ("", 0.0)]),
            ("EXPIRY_DESC", [(second, 10.0), (third, 20.0), (first, 5.0)]),
            ("FIFO", [(first, 30.0), (second, 5.0), ("", 0.0)]),
            ("LIFO", [(third, 20.0), (second, 10.0), (first, 5.0)]),
        ] {
            let preferences = likes(json!({ "enableSecondaryInstruments": true, "order": order }));
            keeps(&preferences);
            assert_eq!(shopper.looks_at("/preferences").data(), preferences, "{order}");
            let expected: Vec<_> =
                expected.iter().filter(|(_, dollars)| *dollars > 0.0).map(|(id, dollars)| ((*id).to_owned(), *dollars)).collect();
            assert_eq!(pays(35.0, json!({})), expected, "{order}");
        }
        let listed = json!({ "order": "INCLUDE_ORDER", "include": [third, first] });
        keeps(&likes(listed));
        let rest = |dollars: f64| (card.id.clone(), dollars);
        assert_eq!(pays(55.0, json!({})), [(third.to_owned(), 20.0), (first.to_owned(), 30.0), rest(5.0)]);
        keeps(&likes(json!({ "order": "balance_desc", "exclude": [first] })));
        assert_eq!(pays(35.0, json!({})), [(third.to_owned(), 20.0), (second.to_owned(), 10.0), rest(5.0)]);
        assert_eq!(pays(35.0, json!({ "secondaryInstruments": [] })), [rest(35.0)], "an empty list is a word too");
        let instead = likes(json!({ "include": [second] }))["payments"].clone();
        assert_eq!(pays(35.0, json!({ "preferences": instead })), [(second.to_owned(), 10.0), rest(25.0)]);
        keeps(&likes(json!({ "enableSecondaryInstruments": false })));
        assert_eq!(pays(35.0, json!({})), [rest(35.0)]);
        assert_eq!((shopper.has_left(&[&gifts[0], &gifts[1], &gifts[2]]), owed(florin)), (vec![30.0, 10.0, 20.0], 0));
    }
}

story! {
    fn what_instruments_are_to_pay_adds_up_or_nothing_is_paid(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let gift_card = gift(florin, &shopper, 30.0);
        let request = till.asked(10.0, &NOTHING);
        let secondary = |dollars: f64| json!([{ "instrumentId": gift_card.id, "amount": dollars }]);
        unfit(shopper.settles(&request, json!({ "primaryInstrumentId": card.id, "secondaryInstruments": secondary(10.01) })));
        unfit(shopper.settles(&request, json!({ "secondaryInstruments": secondary(9.99), "preferences": {} })));
        unfit(shopper.settles(&request, json!({ "primaryInstrumentId": gift_card.id, "secondaryInstruments": secondary(5.0) })));
        unfit(shopper.settles(&request, json!({ "primaryInstrumentId": "999999999" })));
        unfit(florin.shopper().settles_with(&request, &card));
        for dollars in [json!(0), json!(-1), json!(0.001), json!("5")] {
            let how =
                json!({ "primaryInstrumentId": card.id, "secondaryInstruments": [{ "instrumentId": gift_card.id, "amount": dollars }] });
            shopper.settles(&request, how).fails(400, "AP99");
        }
        assert_eq!(till.uses_left(&request), Some(1));
        assert_eq!(
            shopper.settles(&request, json!({ "secondaryInstruments": secondary(10.0) })).told_transaction().amounts(),
            [(gift_card.id.clone(), 10.0)]
        );
        let part = |instrument: &Instrument, dollars: f64| json!({ "paymentInstrumentId": instrument.id, "amount": dollars });
        let parts = [part(&card, 1.5), part(&gift_card, 20.0)];
        let now = json!({ "clientReference": "c", "orderNumber": "o", "payments": parts });
        let paid = shopper.in_store("POST", "/payments", now).told_transaction();
        assert_eq!(
            (paid.outcome(), paid.0["clientReference"].as_str()),
            (("PAYMENT", "APPROVED", 21.5), Some("c")),
            "without having been asked"
        );
        assert_eq!(shopper.has_left(&[&gift_card]), [0.0]);
        unfit(shopper.settles_with(&text(&paid.0, "paymentRequestId"), &card));
    }
}

story! {
    fn a_guest_pays_in_store_and_sees_nothing_else(florin) {
        let (till, guest) = (florin.retailer(0), florin.guest());
        let card = guest.captures(&florin.card("approved"));
        let request = till.asked(10.0, &NOTHING);
        assert_eq!(guest.settles_with(&request, &card).told_transaction().outcome(), ("PAYMENT", "APPROVED", 10.0));
        for rest in ["/transactions", "/instruments", "/preferences", &format!("/payments/{request}")] {
            guest.looks_at(rest).fails(403, "AP99");
        }
        assert_eq!(owed(florin), 1_000);
    }
}

story! {
    fn long_lists_come_in_pages_however_the_query_is_spelt(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let request = till.asked(1.0, &json!({ "maxUses": 0 }));
        let mut paid = Vec::new();
        for _ in 0..7 {
            paid.insert(0, shopper.settles_with(&request, &card).told_transaction());
            florin.time_passes("1m");
        }
        let time = |place: usize| text(&paid[place].0, "executionTime");
        let ids = |told: &[Told]| told.iter().map(Told::id).collect::<Vec<_>>();
        let both = |query: &str| {
            let (mine, theirs) = (shopper.transactions(query), till.transactions(query));
            assert_eq!(ids(&mine), ids(&theirs), "{query}");
            ids(&mine)
        };
        assert_eq!(both(""), ids(&paid));
        for (query, expected) in [
            ("?page-size=3", &paid[..3]),
            ("?pageSize=3&page=2", &paid[3..6]),
            ("?page=3&pageSize=3", &paid[6..]),
            ("?page=4&page-size=3", &paid[7..]),
            ("?page-size=2&pageSize=5", &paid[..2]),
            ("?page=undefined&pageSize=&startTime=null", &paid[..]),
            (&format!("?start-time={}", time(2)), &paid[..3]),
            (&format!("?endTime={}", time(2)), &paid[2..]),
            (&format!("?startTime={}&end-time={}", time(5), time(4)), &paid[4..6]),
            (&format!("?startTime={}", time(2).replace(".000Z", ".000%2B00:00").replace('Z', "%2B0000")), &paid[..3]),
            (&format!("?paymentRequestId={request}&page-size=1"), &paid[..1]),
            ("?paymentRequestId=pr1", &paid[7..]),
        ] {
            assert_eq!(both(query), ids(expected), "{query}");
        }
        let page = shopper.looks_at("/transactions?pageSize=3&page=3").is(200).json();
        assert_eq!(page["meta"], json!({ "recordCount": 1, "totalRecords": 7 }));
        for wrong in ["page=0", "page-size=501", "pageSize=x", "page=1&page=2", "startTime=yesterday", "end-time=2026-13-01T00:00:00Z"] {
            shopper.looks_at(&format!("/transactions?{wrong}")).fails(400, "AP99");
            till.looks_at(&format!("/transactions?{wrong}")).fails(400, "AP99");
        }
        for _ in 0..3 {
            till.asked(2.0, &NOTHING);
        }
        let listed = till.looks_at("/payments?type=active&pageSize=3&page=2").is(200).json();
        assert_eq!((listed["data"]["payments"].as_array().map(Vec::len), &listed["meta"]["totalRecords"]), (Some(1), &json!(4)));
    }
}

story! {
    fn terms_are_agreed_to_version_by_version(florin) {
        let shopper = florin.shopper();
        let accepts = |version: &str| {
            shopper.in_store("POST", "/termsandconditions/acceptance", json!({ "type": "EVERYDAY_PAY", "version": version }))
        };
        let listed = |query: &str| {
            let told = shopper.looks_at(&format!("/termsandconditions/acceptance{query}")).data();
            told["termsAndConditionsAcceptances"].as_array().expect("a list").clone()
        };
        assert_eq!(listed(""), [NOTHING; 0]);
        accepts("1.0.0").is(204);
        florin.time_passes("10m");
        accepts("2.0.0").is(204);
        assert_eq!((listed("").len(), listed("?type=EVERYDAY_PAY&version=2.0.0").len(), listed("?type=OTHER").len()), (2, 1, 0));
        let times: Vec<_> = listed("").iter().map(|told| told["timestamp"].as_i64().expect("milliseconds")).collect();
        assert!((times[0] - times[1]).abs() >= 600_000, "{times:?}");
        assert_eq!(florin.shopper().looks_at("/termsandconditions/acceptance").data()["termsAndConditionsAcceptances"], json!([]));
    }
}

story! {
    fn an_agreement_is_made_charged_in_either_wording_and_ended(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let mut order = in_store_agreement(&card);
        order["paymentAgreement"]["immediateCharge"] = json!(true);
        order["orderNumber"].take();
        shopper.in_store("POST", "/payments/agreements", order.clone()).fails(400, "AP99");
        order["orderNumber"] = json!("o-1");
        let made = shopper.in_store("POST", "/payments/agreements", order).data();
        let token = text(&made, "paymentToken");
        assert_eq!(Told(made["transaction"].clone()).outcome(), ("PAYMENT", "APPROVED", 2.99));
        let path = format!("/payments/agreements/{token}");
        assert_eq!(shopper.looks_at(&path).data()["chargeCycle"], 1);
        let changed = shopper
            .in_store(
                "POST",
                &path,
                json!({ "clientReference": "c", "paymentAgreement": { "chargeFrequency": "WEEKLY", "chargeAmount": 3.99 } }),
            )
            .data();
        assert_eq!((&changed["chargeFrequency"], &changed["chargeAmount"]), (&json!("WEEKLY"), &json!(3.99)));

        for (kind, expected) in [
            (json!("PURCHASE"), "PAYMENT"),
            (json!({ "creditCard": "PREAUTH" }), "PREAUTH"),
            (json!({ "creditCard": "PURCHASE" }), "PAYMENT"),
        ] {
            let charge =
                json!({ "paymentToken": "another", "amount": 3.99, "clientReference": "c", "orderNumber": "o-2", "transactionType": kind });
            assert_eq!(till.in_store("PUT", &path, charge).told_transaction().outcome(), (expected, "APPROVED", 3.99), "{kind}");
        }
        assert_eq!(shopper.looks_at(&path).data()["chargeCycle"], 4);
        assert_eq!((shopper.transactions("").len(), till.transactions("").len(), owed(florin)), (4, 4, 299 + 2 * 399));
        unfit(florin.retailer(1).in_store("DELETE", &path, NOTHING));
        unfit(florin.shopper().looks_at(&path));
        till.in_store("DELETE", &path, NOTHING).is(204);
        unfit(till.in_store("DELETE", &path, NOTHING));
        unfit(shopper.looks_at(&path));
        let charge =
            json!({ "paymentToken": token, "amount": 3.99, "clientReference": "c", "orderNumber": "o-2", "transactionType": "PURCHASE" });
        unfit(till.in_store("PUT", &path, charge));
        assert_eq!(shopper.looks_at("/payments/agreements").data()["paymentAgreements"], json!([]));
        shopper.settles_with(&till.asked(1.0, &NOTHING), &card).is(200);
    }
}
