//! Wallets: cards given to Florin's own page, gift cards, accounts elsewhere; who sees them, and how they go away again.

use serde_json::{Value, json};

use crate::cast::{Answer, Bill, Instrument, Page, Shopper, apple, eventually, google, result, sends, story};

const LIST: &str = "/wow/v1/pay/instruments";
const NUMBER: &str = "4556737586899855";

/// How many instruments a list holds.
#[track_caller]
fn count(shopper: &Shopper, list: &str) -> usize {
    let listed = shopper.lists();
    listed[list].as_array().unwrap_or_else(|| panic!("no {list}: {listed}")).len()
}

#[track_caller]
fn removes(shopper: &Shopper, id: &str) -> Answer {
    sends(shopper.ask("DELETE", &format!("{LIST}/{id}")))
}

/// Opens a page, sends what is typed into its form, and sees what comes of it.
#[track_caller]
fn types(shopper: &Shopper, url: &str, number: &str, expiry: &str, code: &str) -> (Page, Value) {
    let page = shopper.fills(url, &[("card_number", number), ("card_expiry", expiry), ("card_cvc", code)]);
    let told = result(&page);
    (page, told)
}

story! {
    fn a_card_is_given_to_florins_own_page_and_kept_for_the_shopper(florin) {
        let shopper = florin.shopper();
        let begun = shopper.begins_capture().is(200).json();
        let url = begun["cardCaptureURL"].as_str().expect("a URL");
        assert!(url.starts_with(&format!("{}/container-ws/getCaptureFrame/", florin.sandbox.base_url)), "{url}");
        assert_eq!(begun["transactionRef"].as_str().map(|reference| url.ends_with(reference)), Some(true));
        let (page, told) = types(&shopper, url, "4556 7375 8689 9855", "12/31", "123");
        assert_eq!((&told["status"], &told["instrument"]["scheme"], &told["instrument"]["suffix"]), (&json!("captured"), &json!("VISA"), &json!("9855")));
        assert!(!page.html.contains(NUMBER) && !page.html.contains("7375 8689"), "the page shows no number");
        let entry = shopper.lists()["creditCards"][0].clone();
        for (field, value) in [
            ("paymentInstrumentId", told["instrument"]["id"].clone()),
            ("paymentToken", told["instrument"]["token"].clone()),
            ("status", json!("VERIFIED")),
            ("scheme", json!("VISA")),
            ("cardSuffix", json!("9855")),
            ("expiryMonth", json!("12")),
            ("expiryYear", json!("31")),
            ("cvvValidated", json!(true)),
            ("expired", json!(false)),
            ("requiresCVV", json!(false)),
            ("primary", json!(true)),
            ("allowed", json!(true)),
            ("lastUsed", json!(null)),
        ] {
            assert_eq!(entry[field], value, "{field}: {entry}");
        }
        for url in [&entry["updateURL"], &entry["stepUp"]["url"]] {
            assert!(url.as_str().is_some_and(|url| url.starts_with("https://")), "clients need whole addresses: {entry}");
        }
        assert!(entry["paymentInstrumentId"].as_str().is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_digit())));
        let listed = shopper.lists();
        for (list, expected) in [("giftCards", json!([])), ("payPal", json!([])), ("paymentAgreements", json!([])), ("androidPay", json!(null))] {
            assert_eq!(listed[list], expected, "{list}");
        }
        assert_eq!((&listed["googlePay"], &listed["applePay"]), (&json!(null), &json!(null)));
    }
}

story! {
    fn a_mistake_on_the_page_is_told_and_can_be_put_right(florin) {
        let shopper = florin.shopper();
        let url = shopper.capture_url();
        for (number, expiry, code, field) in [
            ("4556737586899856", "12/31", "123", "card_number"),
            ("1234", "12/31", "123", "card_number"),
            ("", "12/31", "123", "card_number"),
            ("6011111111111117", "12/31", "123", "card_number"),
            (NUMBER, "01/20", "123", "card_expiry"),
            (NUMBER, "13/31", "123", "card_expiry"),
            (NUMBER, "soon", "123", "card_expiry"),
            (NUMBER, "12/31", "12", "card_cvc"),
            (NUMBER, "12/31", "abc", "card_cvc"),
        ] {
            let (page, told) = types(&shopper, &url, number, expiry, code);
            assert_eq!((&told["status"], &told["fields"][0]), (&json!("invalid"), &json!(field)), "{number} {expiry} {code}: {told}");
            assert!(page.form_with("card_number").is_some(), "the form stands there again");
            assert!(!page.html.contains(NUMBER) && !told.to_string().contains(NUMBER), "nothing typed is told again");
        }
        assert_eq!(count(&shopper, "creditCards"), 0);
        let (_, told) = types(&shopper, &url, NUMBER, "12/31", "123");
        assert_eq!(told["status"], "captured");
        let again = florin.http.get(&url);
        assert_eq!(again.status, 410, "a page is used once");
    }
}

story! {
    fn a_card_that_its_issuer_refuses_is_not_kept(florin) {
        let shopper = florin.shopper();
        let url = shopper.capture_url();
        let (_, told) = types(&shopper, &url, &florin.card("refused_at_capture"), "12/31", "123");
        assert_eq!(told["status"], "declined", "{told}");
        assert_eq!(count(&shopper, "creditCards"), 0);
        let (_, told) = types(&shopper, &url, NUMBER, "12/31", "123");
        assert_eq!(told["status"], "captured", "another card will do");
    }
}

story! {
    fn a_form_sent_twice_keeps_one_card_and_a_card_given_twice_is_one_card(florin) {
        let shopper = florin.shopper();
        let url = shopper.capture_url();
        let page = Page::read(florin.http.get(&url).is(200));
        let form = page.form_with("card_number").expect("a form").clone();
        let fields = form.filled(&[("card_number", NUMBER), ("card_expiry", "12/31"), ("card_cvc", "123")]);
        let posts = || {
            let page = Page::read(florin.http.ask("POST", form.action.as_str()).form(&fields).send());
            result(&page)["instrument"]["id"].as_str().expect("an id").to_owned()
        };
        let ids: Vec<_> = std::thread::scope(|scope| {
            let calls: Vec<_> = (0..4).map(|_| scope.spawn(posts)).collect();
            calls.into_iter().map(|call| call.join().expect("a call")).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        let again = shopper.captures_with(NUMBER, "11/33", "321");
        assert_eq!((again.id.as_str(), count(&shopper, "creditCards")), (ids[0].as_str(), 1));
        assert_eq!(shopper.entry(&again)["expiryYear"], "33", "with its new date");
        let other = florin.shopper();
        assert_ne!(other.captures(NUMBER).id, again.id, "another shopper's is another instrument");
    }
}

story! {
    fn the_page_is_for_the_merchants_frames_and_for_half_an_hour(florin) {
        let shopper = florin.shopper();
        let path = format!("/admin/retail/{}", shopper.at.id);
        florin.admin("PATCH", &path, Some(&json!({ "origins": ["https://shop.example"] }))).is(200);
        let url = shopper.capture_url();
        eventually("the page to know its frames", || {
            let page = florin.http.get(&url).is(200);
            let policy = page.header("content-security-policy").to_owned();
            let frames = policy.split(';').find(|rule| rule.trim().starts_with("frame-ancestors")).unwrap_or_default().to_owned();
            (frames.trim() == "frame-ancestors https://shop.example" && page.header("x-frame-options").is_empty()).then_some(())
        });
        florin.time_passes("31m");
        assert_eq!(florin.http.get(&url).status, 410);
        let unknown = url.rsplit_once('/').expect("a path").0;
        for strange in [format!("{unknown}/00000000-0000-4000-8000-000000000000"), format!("{unknown}/x"), format!("{unknown}/")] {
            assert_eq!(florin.http.get(&strange).status, 404, "{strange}");
        }
    }
}

story! {
    fn a_kept_card_gets_its_new_date_from_its_own_page(florin) {
        let shopper = florin.shopper();
        let card = shopper.captures_with(NUMBER, "12/31", "123");
        let url = shopper.entry(&card)["updateURL"].as_str().expect("a URL").to_owned();
        let page = shopper.fills(&url, &[("card_expiry", "10/34"), ("card_cvc", "123")]);
        let told = result(&page);
        assert_eq!((&told["status"], &told["paymentInstrumentId"]), (&json!("confirmed"), &json!(card.id)));
        let entry = shopper.entry(&card);
        assert_eq!((&entry["expiryMonth"], &entry["expiryYear"]), (&json!("10"), &json!("34")));
        let token = told["stepUpToken"].as_str().expect("a token");
        shopper.pays(&Bill::of(&card, 5.0).part_with("stepUpToken", token)).is(200);
        for (expiry, code) in [("01/20", "123"), ("10/34", "1")] {
            assert_eq!(result(&shopper.fills(&url, &[("card_expiry", expiry), ("card_cvc", code)]))["status"], "invalid");
        }
        let other = shopper.captures(&florin.card("approved"));
        let stolen = url.replace(&card.id, &other.id);
        assert_eq!(florin.http.get(&stolen).status, 404, "an address is good for its own card");
        let code_only = url.replace("/cvvExpiry/", "/cvv/");
        assert_eq!(florin.http.get(&code_only).status, 404, "and for its own question");
        let now: jiff::Timestamp = florin.admin("GET", "/admin/clock", None).json()["now"].as_str().expect("a time").parse().expect("a time");
        let soon = (now + jiff::SignedDuration::from_hours(24 * 20)).strftime("%m/%y").to_string();
        assert_eq!(result(&shopper.fills(&url, &[("card_expiry", &soon), ("card_cvc", "123")]))["status"], "confirmed");
        florin.time_passes("70d");
        let mut shopper = shopper;
        shopper.comes_again();
        assert_eq!(shopper.entry(&card)["expired"], true);
        let late = shopper.pays(&Bill::of(&card, 5.0)).fails(400, "BI52");
        assert_eq!(late.told("creditCards", "errorCode"), "ES105");
    }
}

story! {
    fn every_scheme_is_told_by_its_name_and_the_first_card_stays_the_primary_one(florin) {
        let shopper = florin.shopper();
        let good: Vec<_> = florin.sandbox.cards.iter().filter(|card| card.outcome == "approved").collect();
        let ids: Vec<_> = good.iter().map(|card| shopper.captures(&card.number).id).collect();
        let listed = shopper.lists()["creditCards"].as_array().expect("cards").clone();
        for ((card, id), entry) in good.iter().zip(&ids).zip(&listed) {
            assert_eq!((&entry["scheme"], &entry["paymentInstrumentId"]), (&json!(card.scheme), &json!(id)), "oldest first");
        }
        let primaries = || shopper.lists()["creditCards"].as_array().expect("cards").iter().map(|card| card["primary"] == true).collect::<Vec<_>>();
        assert_eq!(primaries(), [true, false, false, false, false]);
        shopper.posts("/wow/v1/pay/paypal/tokenize", &json!({ "nonce": "fake-first", "primary": true })).is(200);
        assert!(!primaries().contains(&true), "one primary in a wallet");
    }
}

story! {
    fn a_gift_card_is_opened_by_its_pin_and_no_pin_can_be_tried_out(florin) {
        let shopper = florin.shopper();
        let slip = florin.gift_card("628000", 50.25);
        let keeps = |shopper: &Shopper, number: &str, pin: &str| {
            let body = json!({ "cardNumber": number, "pinCode": pin, "primary": false, "save": true });
            shopper.posts("/wow/v1/pay/giftcards/tokenize", &body)
        };
        let kept = keeps(&shopper, &slip.number, &slip.pin).is(200).json();
        assert_eq!((&kept["balance"], &kept["expired"]), (&json!(50.25), &json!(false)));
        assert_eq!((&kept["expiryYear"], &kept["expiryMonth"], &kept["expiryDay"]), (&json!("2039"), &json!("12"), &json!("31")));
        assert_eq!(kept["giftCard"]["cardSuffix"], slip.number[slip.number.len() - 4..]);
        let (no_card, no_pin) = (keeps(&shopper, "6280009999999999", "1945").fails(400, "ES120"), keeps(&shopper, &slip.number, "0000").fails(400, "ES120"));
        assert_eq!(no_card.json(), no_pin.json(), "nobody learns which numbers there are");
        for _ in 0..4 {
            keeps(&shopper, &slip.number, "0001").fails(400, "ES120");
        }
        keeps(&florin.shopper(), &slip.number, &slip.pin).fails(429, "AP99");
        florin.time_passes("61s");
        keeps(&florin.shopper(), &slip.number, &slip.pin).is(200);
        for (number, pin) in [("4242424242424242", "1945"), ("6280", "1945"), ("x", "1945")] {
            keeps(&shopper, number, pin).fails(400, "ES120");
        }
    }
}

story! {
    fn a_gift_card_that_is_not_saved_pays_once_and_is_listed_nowhere(florin) {
        let mut shopper = florin.shopper();
        let slip = florin.gift_card("628000", 20.0);
        let body = json!({ "cardNumber": slip.number, "pinCode": slip.pin, "primary": false, "save": false });
        let taken = shopper.posts("/wow/v1/pay/giftcards/tokenize", &body).is(200).json()["giftCard"].clone();
        let gift = Instrument { id: taken["paymentInstrumentId"].as_str().expect("an id").to_owned(), token: String::new() };
        assert_eq!(count(&shopper, "giftCards"), 0);
        shopper.pays(&Bill::of(&gift, 5.0)).is(200);
        florin.time_passes("61m");
        shopper.comes_again();
        shopper.pays(&Bill::of(&gift, 5.0)).fails(400, "BI52");
        let expired = florin.sandbox.gift_cards.iter().find(|card| card.number.ends_with("0030")).expect("the one of long ago");
        let body = json!({ "cardNumber": expired.number, "pinCode": expired.pin, "primary": false, "save": true });
        let kept = shopper.posts("/wow/v1/pay/giftcards/tokenize", &body).is(200).json();
        assert_eq!((&kept["expired"], &kept["balance"]), (&json!(true), &json!(30)));
        let gift = Instrument { id: kept["giftCard"]["paymentInstrumentId"].as_str().expect("an id").to_owned(), token: String::new() };
        assert_eq!(shopper.pays(&Bill::of(&gift, 5.0)).fails(400, "BI52").told("giftCards", "errorCode"), "ES105");
    }
}

story! {
    fn balances_are_told_five_times_a_minute(florin) {
        let shopper = florin.shopper();
        let slip = florin.gift_card("600300", 12.34);
        let kept = [shopper.takes(&slip), shopper.takes(&florin.gift_card("628000", 5.0))];
        let asks = |body: Value| shopper.posts("/wow/v1/pay/giftcards/balance", &body);
        let instruments: Vec<_> = kept.iter().map(|card| json!({ "paymentInstrumentId": card.id })).collect();
        let both = asks(json!({ "giftCardInstruments": instruments })).is(200).json();
        let told: Vec<_> = both["giftCardBalances"].as_array().expect("balances").iter().map(|one| one["balance"].clone()).collect();
        assert_eq!(told, [json!(12.34), json!(5)]);
        let raw = asks(json!({ "giftCards": [{ "cardNumber": slip.number, "pinCode": slip.pin }] })).is(200).part("giftCardBalances");
        assert_eq!(raw["balance"], 12.34);
        assert!(!raw.to_string().contains(&slip.number), "a number is told masked, even to who sent it: {raw}");
        asks(json!({})).fails(400, "AP99");
        asks(json!({ "giftCards": [{ "cardNumber": slip.number, "pinCode": slip.pin }, { "cardNumber": slip.number, "pinCode": slip.pin }] })).fails(400, "AP99");
        for _ in 0..3 {
            asks(json!({ "giftCardInstruments": instruments })).is(200);
        }
        asks(json!({ "giftCardInstruments": instruments })).fails(429, "AP99");
        florin.time_passes("61s");
        asks(json!({ "giftCardInstruments": instruments })).is(200);
    }
}

story! {
    fn accounts_elsewhere_are_kept_and_a_phone_has_one_place_in_a_wallet(florin) {
        let shopper = florin.shopper();
        let account = shopper.brings_paypal("fake-one");
        assert_eq!(shopper.brings_paypal("fake-one"), account, "the same account again");
        assert_ne!(shopper.brings_paypal("fake-two"), account);
        assert_eq!(count(&shopper, "payPal"), 2);
        let told = shopper.lists()["payPal"][0].clone();
        assert!(told["payPalId"].as_str().is_some_and(|id| id.contains('@')) && told["customerId"].is_string(), "{told}");
        let phone = |number: u32| {
            let mut body = google();
            body["tokenData"] = json!(format!("{{\"device\":{number}}}"));
            body
        };
        let first = shopper.posts("/wow/v1/pay/googlepay/tokenize", &phone(1)).is(200).json()["paymentToken"].clone();
        assert_eq!(shopper.lists()["googlePay"]["paymentToken"], first);
        let second = shopper.posts("/wow/v1/pay/googlepay/tokenize", &phone(2)).is(200).json()["paymentToken"].clone();
        assert_eq!(shopper.lists()["googlePay"]["paymentToken"], second);
        let path = format!("/wow/v1/pay/googlepay/tokenize/{}", second.as_str().expect("a token"));
        assert_eq!(shopper.posts(&path, &phone(3)).is(200).json()["paymentToken"], second, "renewed under its own name");
        let watch = shopper.posts("/wow/v1/pay/applepay/tokenize", &apple(true)).is(200).json();
        let entry = shopper.lists()["applePay"].clone();
        assert_eq!((&entry["paymentInstrumentId"], &entry["stepUp"]["type"]), (&watch["paymentInstrumentId"], &json!("REFRESH_TOKEN")));
        for refused in ["", "no base64!", "{\"a\":\"refuse\"}"] {
            let mut body = google();
            body["tokenData"] = json!(refused);
            assert_eq!(shopper.posts("/wow/v1/pay/googlepay/tokenize", &body).status, 400, "{refused}");
        }
        shopper.posts(&path, &phone(4)).is(200);
        florin.shopper().posts(&path, &phone(5)).fails(400, "BI24");
    }
}

story! {
    fn the_everyday_wallet_is_another_one(florin) {
        let shopper = florin.shopper();
        let (shops, everyday) = (shopper.in_the_shops_wallet(), shopper.everyday());
        let card = shopper.captures(NUMBER);
        let other = everyday.captures(NUMBER);
        assert_ne!(card.id, other.id);
        assert_eq!([&shopper, &shops, &everyday].map(|shopper| count(shopper, "creditCards")), [1, 1, 1]);
        assert_eq!(shops.lists(), shopper.lists());
        everyday.pays(&Bill::of(&card, 5.0)).fails(400, "BI52");
        shopper.pays(&Bill::of(&other, 5.0)).fails(400, "BI52");
        everyday.pays(&Bill::of(&other, 5.0)).is(200);
        removes(&shopper, &other.id).fails(400, "BI24");
        removes(&everyday, &other.id).is(200);
        assert_eq!([&shopper, &everyday].map(|shopper| count(shopper, "creditCards")), [1, 0]);
        let strange = shopper.ask("GET", LIST).header("x-wallet-id", &card.token).header("x-merchant-id", "petculture");
        assert_eq!(sends(strange).is(200).json(), shopper.lists(), "a wallet that a client names is nothing to go by");
    }
}

story! {
    fn a_guests_things_are_listed_nowhere_and_gone_with_the_token(florin) {
        let retailer = florin.retailer(0);
        let mut guest = florin.guest();
        let card = guest.captures(NUMBER);
        let gift = guest.takes(&florin.gift_card("628000", 20.0));
        let paypal = guest.brings_paypal("fake-guest");
        assert!(card.id.len() == 36 && gift.id.len() == 36 && paypal.id.len() == 36, "ids tell nothing of how many there are");
        let paid = guest.pays(&Bill::of(&card, 10.0).and(&gift, 5.0).and(&paypal, 2.0)).is(200);
        sends(guest.ask("GET", LIST)).fails(403, "AP99");
        for shopper in [guest.id.clone(), "guest".to_owned()] {
            let listed = retailer.posts(LIST, &json!({ "uid": "u", "shopperId": shopper })).is(200).json();
            assert_eq!((&listed["creditCards"], &listed["giftCards"], &listed["payPal"]), (&json!([]), &json!([]), &json!([])));
        }
        let same_name = retailer.welcomes(&guest.id);
        same_name.pays(&Bill::of(&card, 1.0)).fails(400, "BI52");
        retailer.signs_in(&guest.id).pays(&Bill::of(&card, 1.0)).fails(400, "BI52");
        florin.time_passes("61m");
        guest.pays(&Bill::of(&card, 1.0)).fails(401, "AP02");
        guest.comes_again();
        guest.pays(&Bill::of(&card, 1.0)).fails(400, "BI52");
        retailer.refunds(&[(&paid.told("creditCards", "paymentTransactionRef"), 10.0)]).is(200);
        florin.time_passes("8h");
        assert_eq!(florin.books().count("instruments"), 0, "forgotten, not only hidden");
    }
}

story! {
    fn what_is_removed_is_gone(florin) {
        let retailer = florin.retailer(0);
        let shopper = florin.shopper();
        let (card, kept) = (shopper.captures(NUMBER), shopper.captures(&florin.card("approved")));
        let bought = shopper.bought(&card, 10.0);
        assert_eq!(removes(&shopper, &card.id).is(200).text(), "{}");
        removes(&shopper, &card.id).fails(400, "BI24");
        for strange in ["x", "0", "00000000-0000-4000-8000-000000000000"] {
            removes(&shopper, strange).fails(400, "BI24");
        }
        assert_eq!(count(&shopper, "creditCards"), 1);
        shopper.pays(&Bill::of(&card, 1.0)).fails(400, "BI52");
        retailer.refunds(&[(&bought, 10.0)]).is(200);
        let books = florin.books();
        assert_eq!(books.count("instruments"), 1, "the row itself is gone");
        let everyday = shopper.everyday();
        everyday.captures(NUMBER);
        shopper.posts("/wow/v1/pay/paymentagreements", &crate::cast::agreement(&kept)).is(200);
        let deletes = |shopper: &str| retailer.posts("/wow/v1/pay/wallet/delete", &json!({ "uid": "u", "shopperId": shopper }));
        deletes("somebody-else").is(200);
        assert_eq!(books.count("instruments"), 2);
        assert_eq!(deletes(&shopper.id).is(200).text(), "{}");
        assert_eq!((count(&shopper, "creditCards"), count(&everyday, "creditCards")), (0, 1), "each wallet by itself");
        assert_eq!((books.count("instruments"), books.count("agreements")), (1, 0));
        let body = json!({ "uid": "u", "shopperId": shopper.id });
        sends(retailer.ask("POST", "/wow/v1/pay/wallet/delete").header("x-everyday-pay-wallet", "true").json(&body)).is(200);
        assert_eq!(books.count("instruments"), 0);
        deletes(&shopper.id).is(200);
        assert_eq!(shopper.history(&json!({}))["total"], 2, "what was paid stays in the books");
    }
}

story! {
    fn a_server_sees_a_shoppers_wallet_by_name(florin) {
        let retailer = florin.retailer(0);
        let shopper = florin.shopper();
        shopper.captures(NUMBER);
        let listed = retailer.posts(LIST, &json!({ "uid": "u", "shopperId": shopper.id })).is(200).json();
        assert_eq!(listed, shopper.lists());
        let elsewhere = florin.retailer(1).posts(LIST, &json!({ "uid": "u", "shopperId": shopper.id })).is(200).json();
        assert_eq!(elsewhere["creditCards"], json!([]));
        let profile = sends(retailer.ask("GET", "/wow/v1/pay/merchants/profile")).is(200).json();
        let methods = &profile["allowedPaymentMethods"];
        assert_eq!(methods["creditCard"]["serviceStatus"], "ENABLED");
        for bin in ["628000", "600300"] {
            assert!(methods["giftCard"]["allowedBins"].as_array().expect("bins").contains(&json!(bin)));
        }
    }
}

story! {
    fn a_card_is_taken_over_by_a_payment_that_was_made_with_it(florin) {
        let retailer = florin.retailer(0);
        let giver = florin.guest();
        let reference = giver.bought(&giver.captures(NUMBER), 12.5);
        let taker = florin.shopper();
        let card = |changes: Value| {
            let mut card = json!({
                "transactionRef": reference, "transactionTimestamp": "2026-01-01T00:00:00.000Z", "orderNumber": "order",
                "bin": &NUMBER[..6], "cardSuffix": &NUMBER[12..], "amount": 12.5,
            });
            for (field, value) in changes.as_object().expect("changes") {
                card[field] = value.clone();
            }
            card
        };
        let imports = |card: Value| {
            let body = json!({ "uid": "u", "shopperId": taker.id, "creditCards": [card] });
            retailer.posts("/wow/v1/pay/instruments/import", &body).is(200).told("creditCards", "result")
        };
        for wrong in [
            json!({ "cardSuffix": "0000" }), json!({ "bin": "400000" }), json!({ "amount": 12.51 }), json!({ "orderNumber": "other" }),
            json!({ "transactionRef": "1999999999999999" }),
        ] {
            assert_eq!(imports(card(wrong.clone())), "ERROR", "{wrong}");
        }
        assert_eq!(count(&taker, "creditCards"), 0);
        assert_eq!(imports(card(json!({}))), "OK");
        assert_eq!(imports(card(json!({}))), "DUP");
        let imported = Instrument::read(&taker.lists()["creditCards"][0]);
        taker.pays(&Bill::of(&imported, 3.0)).is(200);
        let body = json!({ "uid": "u", "shopperId": "x", "creditCards": [card(json!({}))] });
        let stranger = florin.retailer(1).posts("/wow/v1/pay/instruments/import", &body).is(200);
        assert_eq!(stranger.told("creditCards", "result"), "ERROR", "another merchant knows of no payment");
        let paypal = json!({ "customerId": "C1", "payPalId": "jo@example.com", "paymentMethodToken": "fake-kept" });
        let body = json!({ "uid": "u", "shopperId": taker.id, "payPal": paypal });
        let answer = retailer.posts("/wow/v1/pay/instruments/import", &body).is(200).json();
        assert_eq!((&answer["payPal"]["result"], count(&taker, "payPal")), (&json!("OK"), 1));
    }
}

story! {
    fn a_kept_card_is_verified_with_its_issuer(florin) {
        let shopper = florin.shopper();
        let card = shopper.captures(NUMBER);
        let verifies = |items: Value| {
            shopper.posts("/wow/v1/pay/instruments/verify", &json!({ "clientReference": "verify", "paymentInstruments": items }))
        };
        let token = shopper.steps_up(shopper.entry(&card)["stepUp"]["url"].as_str().expect("a URL"));
        let done = verifies(json!([{ "paymentToken": card.token, "stepUpToken": token }])).is(200);
        let one = done.part("verifyResponses");
        assert_eq!((&one["externalServiceCode"], &one["externalServiceMessage"]), (&json!("00"), &json!("ACCEPTED")));
        let again = verifies(json!([{ "paymentToken": card.token, "stepUpToken": token }])).fails(400, "BI52");
        assert_eq!(again.told("verifyResponses", "errorCode"), "BV57");
        let nobody = "00000000-0000-4000-8000-000000000000";
        let half = verifies(json!([{ "paymentToken": card.token }, { "paymentToken": nobody }])).is(200).json();
        assert_eq!((&half["partialSuccess"], &half["verifyResponses"][1]["errorCode"]), (&json!(true), &json!("BI24")));
        verifies(json!([])).fails(400, "AP99");
        verifies(json!([{ "paymentToken": "x" }])).fails(400, "AP99");
        assert_eq!(shopper.history(&json!({}))["total"], 0, "no money moves");
    }
}
