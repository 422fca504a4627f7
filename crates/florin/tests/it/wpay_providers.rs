//! Paying through pay-later providers and Openpay: approved on the provider's own page, or by a barcode at a till.

use serde_json::{Value, json};

use crate::cast::{
    Answer, Bill, Checkout, Florin, Instrument, Page, Shopper, apple, at_once, eventually, google, pay_later_order, sends, shown, story,
    till_follow_up, tokenized,
};

/// From how many places.
const PLACES: usize = 8;

/// What the first merchant is owed, in cents.
fn owed(florin: &Florin) -> i64 {
    let account = florin.admin("GET", &format!("/admin/retail/{}", florin.retailer(0).id), None).is(200).json();
    -florin.books().balance("merchant_payable", account["seller"].as_str().expect("a seller"))
}

/// Why a payment's only part was refused.
#[track_caller]
fn why(answer: &Answer) -> String {
    assert_eq!(answer.status, 400, "{}", answer.text());
    answer.told("unknown", "errorCode")
}

/// Where the page sends the browser, with what is said there.
#[track_caller]
fn way_back(page: &Page) -> Vec<(String, String)> {
    let url = page.refresh().unwrap_or_else(|| panic!("{} leads nowhere: {}", page.url, page.text));
    assert!(page.links.contains(&url), "who waits for nothing finds a link: {:?}", page.links);
    assert_eq!((url.host_str(), url.path()), (Some("shop.example"), "/back"));
    url.query_pairs().into_owned().collect()
}

fn pairs(told: &[(&str, &str)]) -> Vec<(String, String)> {
    told.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The value of one of Openpay's facts.
#[track_caller]
fn fact(part: &Value, field: &str) -> String {
    let facts = part["extendedTransactionData"].as_array().unwrap_or_else(|| panic!("no facts: {part}"));
    let found = facts.iter().find(|fact| fact["field"] == field).unwrap_or_else(|| panic!("no {field}: {part}"));
    found["value"].as_str().expect("a text").to_owned()
}

story! {
    fn a_checkout_is_approved_at_its_provider_paid_with_and_given_back(florin) {
        let (retailer, shopper) = (florin.retailer(0), florin.shopper());
        let opened = shopper.posts("/v1/apm/orders", &pay_later_order("ZIPPAY", "A-1", "50.00")).is(200).json();
        let data = &opened["data"];
        let id = data["paymentInstrumentId"].as_str().expect("an id");
        let page = opened["meta"]["serviceProviderURL"].as_str().expect("a page");
        assert!(id.starts_with("ZIP-") && page == format!("{}/sandbox/apm/{}/", florin.sandbox.base_url, &id[4..]), "{opened}");
        assert_eq!((&data["paymentInstrumentType"], &data["status"], &data["orderNumber"]), (&json!("ZIPPAY"), &json!("UNVERIFIED_PERSISTENT"), &json!("A-1")));

        let checkout = Checkout { instrument: Instrument::read(data), page: page.to_owned() };
        let bill = Bill::of(&checkout.instrument, 50.0);
        assert_eq!(why(&shopper.pays(&bill)), "ES112", "not approved yet");
        let offered = Page::read(retailer.http().get(page).is(200));
        offered.says("Approve a purchase").says("$50.00").says("A-1").says("Zip");

        let approved = shopper.decides(&checkout, true);
        approved.says("You have approved this purchase");
        let told = [("cart", "7"), ("status", "APPROVED"), ("paymentInstrumentId", id), ("orderNumber", "A-1")];
        assert_eq!(way_back(&approved), pairs(&told));

        let paid = shopper.pays(&bill).is(200);
        let reference = paid.told("unknown", "paymentTransactionRef");
        assert_eq!((owed(florin), paid.part("unknown")["externalServiceCode"].as_str()), (5_000, Some("00")));
        retailer.refunds(&[(&reference, 20.0)]).is(200);
        assert_eq!(owed(florin), 3_000);
        retailer.refunds(&[(&reference, 30.01)]).fails(400, "BI52");
        let over = Page::read(retailer.http().get(page).is(200));
        over.says("Paid");
        assert!(over.forms.is_empty() && over.refresh().is_none());
        assert!(!shopper.lists().to_string().contains(id), "what is for one payment is in no list");
        assert_eq!(shopper.history(&json!({}))["transactions"][1]["paymentInstrumentType"], "ZIPPAY");
    }
}

story! {
    fn a_refused_checkout_pays_nothing_and_stays_refused(florin) {
        let shopper = florin.shopper();
        let checkout = shopper.checks_out("AFTERPAY", "A-2", "20.00");
        let refused = shopper.decides(&checkout, false);
        refused.says("You have refused this purchase");
        assert!(way_back(&refused).contains(&("status".to_owned(), "REFUSED".to_owned())));
        let changed = Page::read(shopper.at.http().ask("POST", &checkout.page).form(&[("approve", "yes")]).send().is(409));
        changed.says("Refused");
        assert_eq!(why(&shopper.pays(&Bill::of(&checkout.instrument, 20.0))), "ES52");
        // One that the provider declines though its shopper approved it.
        let declined = shopper.checks_out("ZIPPAY", "A-decline-3", "20.00");
        shopper.decides(&declined, true);
        assert_eq!(why(&shopper.pays(&Bill::of(&declined.instrument, 20.0))), "ES52");
        assert_eq!(owed(florin), 0);
    }
}

story! {
    fn a_checkout_pays_once_for_no_more_than_it_is_for_and_for_nobody_else(florin) {
        let (shopper, stranger) = (florin.shopper(), florin.shopper());
        let checkout = shopper.checks_out("ZIPPAY", "A-4", "50.00");
        shopper.decides(&checkout, true);
        let bill = |amount: f64| Bill::of(&checkout.instrument, amount);
        assert_eq!(why(&shopper.pays(&bill(50.01))), "ES122");
        for nobody in [&stranger, &florin.guest()] {
            assert_eq!(why(&nobody.pays(&bill(50.0))), "BI24");
        }
        // Held it cannot be, and nothing is held by accident.
        shopper.pays(&bill(50.0).held()).is(200);
        assert_eq!((why(&shopper.pays(&bill(50.0))).as_str(), owed(florin)), ("ES94", 5_000));

        let another = shopper.checks_out("ZIPPAY", "A-5", "50.00");
        shopper.decides(&another, true);
        let answers = at_once(PLACES, |_| shopper.pays(&Bill::of(&another.instrument, 50.0)));
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert!(answers.iter().filter(|answer| answer.status != 200).all(|answer| why(answer) == "ES94"));
        assert_eq!(owed(florin), 10_000);
    }
}

story! {
    fn a_checkout_is_over_after_an_hour(florin) {
        let mut shopper = florin.shopper();
        let (open, approved) = (shopper.checks_out("ZIPPAY", "A-6", "50.00"), shopper.checks_out("ZIPPAY", "A-7", "50.00"));
        shopper.decides(&approved, true);
        florin.time_passes("61m");
        shopper.comes_again();
        let late = Page::read(shopper.at.http().get(&open.page).is(200));
        late.says("Too late");
        assert!(late.forms.is_empty());
        Page::read(shopper.at.http().ask("POST", &open.page).form(&[("approve", "yes")]).send().is(409)).says("Too late");
        for checkout in [open, approved] {
            assert_eq!(why(&shopper.pays(&Bill::of(&checkout.instrument, 50.0))), "BI24");
        }
    }
}

story! {
    fn the_same_key_opens_one_checkout(florin) {
        let shopper = florin.shopper();
        let opens = |number: &str| {
            let body = pay_later_order("ZIPPAY", number, "50.00");
            sends(shopper.ask("POST", "/v1/apm/orders").header("idempotency-key", "cart-7").json(&body))
        };
        let first = opens("A-8").is(200);
        assert_eq!(opens("A-8").is(200).json(), first.json());
        opens("A-9").fails(422, "AP99");
        let orders = at_once(PLACES, |_| opens("A-8"));
        assert!(orders.iter().all(|answer| answer.status == 409 || (answer.status == 200 && answer.json() == first.json())));
        assert_eq!(florin.books().count("apm_orders"), 1);
    }
}

story! {
    fn a_guest_checks_out_without_a_way_back(florin) {
        let guest = florin.guest();
        let mut body = pay_later_order("AFTERPAY", "A-10", "12.50");
        body["meta"] = json!({});
        let opened = guest.posts("/v1/apm/orders", &body).is(200).json();
        assert!(opened["data"]["paymentInstrumentId"].as_str().is_some_and(|id| id.starts_with("AFTERPAY-")), "{opened}");
        assert_eq!(opened["data"]["status"], "UNVERIFIED_TRANSIENT");
        let page = opened["meta"]["serviceProviderURL"].as_str().expect("a page").to_owned();
        let checkout = Checkout { instrument: Instrument::read(&opened["data"]), page };
        let undecided = Page::read(guest.at.http().ask("POST", &checkout.page).form(&[("approve", "perhaps")]).send().is(422));
        undecided.says("Say whether to approve or to refuse");
        let approved = guest.decides(&checkout, true);
        assert!(approved.refresh().is_none());
        approved.says("You may close this page");
        guest.pays(&Bill::of(&checkout.instrument, 12.5)).is(200);
        for nowhere in ["/sandbox/apm/00000000-0000-4000-8000-000000000000/", "/sandbox/apm/x/"] {
            Page::read(guest.at.http().get(nowhere).is(404));
        }
    }
}

story! {
    fn a_checkout_pays_in_store_beside_a_gift_card(florin) {
        let (retailer, shopper) = (florin.retailer(0), florin.shopper());
        let checkout = shopper.checks_out("AFTERPAY", "A-11", "30.00");
        let request = retailer.asked(50.0, &json!({}));
        let gift = shopper.takes(&florin.gift_card("628000", 20.0));
        let how = json!({
            "primaryInstrumentId": checkout.instrument.id, "secondaryInstruments": [{ "instrumentId": gift.id, "amount": 20.0 }],
        });
        let early = shopper.settles(&request, how.clone()).is(200).data();
        assert_eq!((&early["status"], owed(florin)), (&json!("REJECTED"), 0), "{early}");
        shopper.decides(&checkout, true);
        let request = retailer.asked(50.0, &json!({}));
        let paid = shopper.settles(&request, how).is(200).data();
        assert_eq!((&paid["status"], owed(florin)), (&json!("APPROVED"), 5_000), "{paid}");
        let again = shopper.settles_with(&retailer.asked(30.0, &json!({})), &checkout.instrument).is(200).data();
        assert_eq!((&again["status"], owed(florin)), (&json!("REJECTED"), 5_000), "{again}");
    }
}

/// Takes something behind the one path for everything.
#[track_caller]
fn takes(shopper: &Shopper, kind: &str, payload: &Value) -> Instrument {
    Instrument::read(&shopper.posts("/v1/apm/tokenize", &tokenized(kind, payload)).is(200).json()["data"])
}

story! {
    fn what_is_taken_behind_the_one_path_is_what_its_own_path_takes(florin) {
        let shopper = florin.shopper();
        let slip = florin.gift_card("628000", 50.0);
        let gift = json!({ "cardNumber": slip.number, "pinCode": slip.pin, "primary": false, "save": true });
        let paypal = json!({ "nonce": "fake-jo", "primary": false });
        for (kind, payload, list) in
            [("GIFTCARD", &gift, "giftCards"), ("PAYPAL", &paypal, "payPal"), ("GOOGLEPAY", &google(), "googlePay"), ("APPLEPAY", &apple(true), "applePay")]
        {
            let taken = takes(&shopper, kind, payload);
            shopper.pays(&Bill::of(&taken, 10.0)).is(200);
            assert_eq!(takes(&shopper, kind, payload), taken, "{kind}: taken twice it is one");
            assert!(shopper.lists()[list].to_string().contains(&taken.id), "{kind}");
        }
        assert_eq!(shopper.takes(&slip).id, takes(&shopper, "GIFTCARD", &gift).id);
        let guest = florin.guest();
        let other = florin.gift_card("628000", 50.0);
        let taken = takes(&guest, "GIFTCARD", &json!({ "cardNumber": other.number, "pinCode": other.pin }));
        guest.pays(&Bill::of(&taken, 10.0)).is(200);
        guest.posts("/v1/apm/tokenize", &tokenized("GIFTCARD", &json!({ "cardNumber": other.number }))).fails(400, "AP99");
        assert_eq!(owed(florin), 5_000);
    }
}

story! {
    fn a_barcode_is_paid_with_and_given_back_in_parts(florin) {
        let (retailer, shopper) = (florin.retailer(0), florin.shopper());
        let barcode = florin.barcode("business");
        let paid = shopper.shows("PURCHASE", &[(&barcode, 100.0)]).is(200);
        let part = paid.part("paymentResponses");
        assert_eq!((&part["paymentToken"], &part["externalServiceCode"]), (&json!(barcode), &json!("00")));
        assert_eq!((fact(&part, "openPayPaymentMethod").as_str(), fact(&part, "openPayBillingAccountABN").len()), ("INSTALMENTS", 11));
        let reference = paid.told("paymentResponses", "paymentTransactionRef");
        assert_eq!(owed(florin), 10_000);

        let refunded = retailer.at_till("refunds", &[(&reference, 40.0)]).is(200);
        let back = refunded.part("refundResponses");
        assert_eq!((&back["amount"], fact(&back, "openPayOrderId").is_empty()), (&json!(40), false));
        assert!(refunded.json().get("partialSuccess").is_none() && back.get("errorCode").is_none(), "{}", refunded.text());
        let kept = florin.books().words("SELECT reason FROM openpay_parts WHERE gst_minor = 25 AND plan_transaction IS NOT NULL");
        assert_eq!((owed(florin), kept), (6_000, vec!["broken".to_owned()]));

        let above = retailer.at_till("refunds", &[(&reference, 60.01)]).fails(400, "BI52");
        assert_eq!(above.told("refundResponses", "errorCode"), "ES112");
        // Of two, one can be done.
        let mixed = retailer.at_till("refunds", &[(&reference, 60.01), (&reference, 60.0)]).is(200).json();
        assert_eq!((&mixed["partialSuccess"], &mixed["refundResponses"][0]["errorCode"]), (&json!(true), &json!("ES112")));
        assert!(mixed["refundResponses"][1].get("errorCode").is_none(), "{mixed}");
        assert_eq!(owed(florin), 0);
        let again = retailer.at_till("refunds", &[(&reference, 1.0)]).fails(400, "BI52");
        assert_eq!(again.told("refundResponses", "errorCode"), "ES112");
        assert!(!shopper.lists().to_string().contains("OPENPAY"));
    }
}

story! {
    fn money_held_at_a_till_is_taken_once_in_part_or_freed(florin) {
        let (retailer, shopper) = (florin.retailer(0), florin.shopper());
        let taken = shopper.showed("PREAUTH", &florin.fresh_barcode(), 50.0);
        assert_eq!(owed(florin), 0);
        let body = till_follow_up("completions", &[(&taken, 30.0)]);
        let completed = sends(retailer.ask("POST", "/wow/v1/pay/openpay/completions").header("store-id", "2020").json(&body)).is(200);
        assert_eq!(completed.part("completionResponses")["amount"], 30);
        assert_eq!(florin.books().words("SELECT store FROM openpay_parts ORDER BY reference"), ["1010", "2020"]);
        for list in ["completions", "voids"] {
            let refused = retailer.at_till(list, &[(&taken, 10.0)]).fails(400, "BI52");
            assert_eq!(refused.told(&format!("{}Responses", list.trim_end_matches('s')), "errorCode"), "BI55");
        }
        let completion = completed.told("completionResponses", "completionTransactionRef");
        retailer.at_till("refunds", &[(&completion, 5.0)]).is(200);
        retailer.at_till("refunds", &[(&taken, 25.0)]).is(200);
        assert_eq!(owed(florin), 0);

        let freed = shopper.showed("PREAUTH", &florin.fresh_barcode(), 50.0);
        let voided = retailer.at_till("voids", &[(&freed, 0.0)]).is(200).part("voidResponses");
        assert_eq!((&voided["amount"], fact(&voided, "openPayTransactionId").is_empty()), (&json!(50), false));
        retailer.at_till("voids", &[(&freed, 0.0)]).fails(400, "BI52");
        retailer.at_till("completions", &[(&freed, 1.0)]).fails(400, "BI52");
        assert_eq!(florin.books().balance("authorisation_holds", ""), 0);
    }
}

story! {
    fn the_same_key_at_a_till_moves_money_once(florin) {
        let (retailer, shopper) = (florin.retailer(0), florin.shopper());
        let barcode = florin.fresh_barcode();
        let pays = |amount: f64| {
            let ask = shopper.ask("POST", "/wow/v1/pay/openpay/payments").header("idempotency-key", "till-1");
            sends(ask.json(&shown("PREAUTH", &[(&barcode, amount)])))
        };
        let first = pays(40.0).is(200);
        assert_eq!(pays(40.0).is(200).json(), first.json());
        pays(41.0).fails(422, "AP99");
        let reference = first.told("paymentResponses", "paymentTransactionRef");
        for (list, amount) in [("completions", 40.0), ("refunds", 40.0)] {
            let body = till_follow_up(list, &[(&reference, amount)]);
            let again = || retailer.posts_keyed(&format!("/wow/v1/pay/openpay/{list}"), &body, list);
            let first = again().is(200);
            assert_eq!(again().is(200).json(), first.json(), "{list}");
        }
        let held = shopper.showed("PREAUTH", &florin.fresh_barcode(), 40.0);
        let body = till_follow_up("voids", &[(&held, 0.0)]);
        let frees = || retailer.posts_keyed("/wow/v1/pay/openpay/voids", &body, "free").is(200).json();
        assert_eq!(frees(), frees());
        let bought = shopper.showed("PURCHASE", &florin.fresh_barcode(), 40.0);
        let answers = at_once(PLACES, |_| retailer.at_till("refunds", &[(&bought, 40.0)]));
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert_eq!(owed(florin), 0);
    }
}

story! {
    fn what_was_shown_at_a_till_is_its_merchants_and_followed_up_by_its_own_calls(florin) {
        let (retailer, stranger, shopper) = (florin.retailer(0), florin.retailer(1), florin.shopper());
        let (held, bought) = (shopper.showed("PREAUTH", &florin.fresh_barcode(), 50.0), shopper.showed("PURCHASE", &florin.fresh_barcode(), 50.0));
        for (list, reference) in [("completions", &held), ("voids", &held), ("refunds", &bought)] {
            let refused = stranger.at_till(list, &[(reference, 10.0)]).fails(400, "BI52");
            assert_eq!(refused.told(&format!("{}Responses", list.trim_end_matches('s')), "errorCode"), "BI55");
        }
        retailer.completes(&[(&held, 10.0)]).fails(400, "BI52");
        retailer.voids(&[&held]).fails(400, "BI52");
        retailer.refunds(&[(&bought, 10.0)]).fails(400, "BI52");
        let card = shopper.captures(&florin.card("approved"));
        let by_card = shopper.bought(&card, 20.0);
        retailer.at_till("refunds", &[(&by_card, 10.0)]).fails(400, "BI52");
        retailer.at_till("voids", &[(&held, 0.0)]).is(200);
        assert_eq!(owed(florin), 7_000);
    }
}

story! {
    fn each_published_barcode_ends_as_published_and_one_bad_one_puts_the_others_back(florin) {
        let shopper = florin.shopper();
        for (outcome, status, code) in [
            ("approved", 200, None),
            ("business", 200, None),
            ("pin_needed", 400, Some("BI02")),
            ("declined", 400, Some("ES52")),
            ("limit_reached", 400, Some("ES151")),
            ("expired", 400, Some("ES105")),
            ("account_closed", 400, Some("ES470")),
            ("used_before", 400, Some("ES94")),
            ("unavailable", 400, Some("ES91")),
            ("unknown_outcome", 502, Some("ES36")),
        ] {
            let answer = shopper.shows("PURCHASE", &[(&florin.barcode(outcome), 10.0)]).is(status);
            assert_eq!(answer.part("paymentResponses")["errorCode"].as_str(), code, "{outcome}: {}", answer.text());
        }
        let with_pin = |pin: &str| {
            let mut body = shown("PURCHASE", &[(&florin.barcode("pin_needed"), 10.0)]);
            body["storeData"]["pin"] = json!(pin);
            shopper.posts("/wow/v1/pay/openpay/payments", &body)
        };
        with_pin("1234").is(200);
        assert_eq!(with_pin("0000").fails(400, "BI52").told("paymentResponses", "errorCode"), "BI02");
        let two = shopper.shows("PURCHASE", &[(&florin.fresh_barcode(), 10.0), (&florin.barcode("declined"), 5.0)]).fails(400, "BI52");
        let codes: Vec<_> = two.json()["paymentResponses"].as_array().expect("parts").iter().map(|part| part["errorCode"].clone()).collect();
        assert_eq!((codes, owed(florin)), (vec![json!("BI52"), json!("ES52")], 3_000));
        // The lost answer is asked for again, and then the money is there.
        eventually("the outcome to be found out", || {
            florin.time_passes("11s");
            (owed(florin) == 4_000).then_some(())
        });
        let guest = florin.guest();
        guest.shows("PURCHASE", &[(&florin.fresh_barcode(), 10.0)]).is(200);
    }
}
