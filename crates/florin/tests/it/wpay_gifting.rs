//! Gift cards bought in a merchant's shop: listed, quoted, paid for from a wallet, kept or given away, and spent.

use serde_json::{Value, json};

use crate::cast::{
    Answer, Bill, Florin, Instrument, ORIGIN, Page, Shopper, Slip, TOKEN, at_once, eventually, for_screen, gift, gift_for_jim, gift_order,
    sends, story,
};

const REVIEW: &str = "/v1/gifting/order/review";
const SUBMIT: &str = "/v1/gifting/order/submit";
/// Where the public clients go instead.
const CLIENTS: &str = "/wow/v1/pay/gifting/products";
const ENROL: &str = "/wow/v1/pay/instore/customer/3ds/session/enrolment";

/// A shopper with a good card.
fn customer(florin: &Florin) -> (Shopper, Instrument) {
    let shopper = florin.shopper();
    let card = shopper.captures(&florin.card("approved"));
    (shopper, card)
}

/// Quotes gift cards and gives what is told of them.
#[track_caller]
fn quoted(shopper: &Shopper, items: &[Value]) -> Value {
    shopper.at.posts(REVIEW, &json!({ "orderItems": items })).is(200).json()["data"].clone()
}

/// The order of what was quoted.
fn of_quote(quote: &Value, paid_with: &Instrument) -> Value {
    let data = json!({
        "paymentInstrumentId": paid_with.id, "clientId": "florist", "referenceId": quote["quoteId"],
        "subTotalAmount": quote["subTotalAmount"], "discountAmount": quote["discountAmount"], "totalOrderAmount": quote["totalOrderAmount"],
        "deliveryEmail": "jo@example.com",
    });
    json!({ "data": data, "meta": {} })
}

/// What is told of an order that was taken up.
#[track_caller]
fn told(answer: Answer, status: &str) -> Value {
    let told = answer.is(200).json()["data"].clone();
    assert_eq!(told["status"], status, "{told}");
    assert_eq!(told["orderId"].is_string(), status != "REJECTED", "{told}");
    told
}

#[track_caller]
fn refused_with(answer: Answer, code: &str) -> Value {
    let told = told(answer, "REJECTED");
    assert_eq!(told["subTransactions"][0]["errorCode"], code, "{told}");
    told["subTransactions"][0].clone()
}

/// The gift cards in a wallet.
#[track_caller]
fn kept(shopper: &Shopper) -> Vec<Instrument> {
    let listed = shopper.lists();
    listed["giftCards"].as_array().expect("gift cards").iter().map(Instrument::read).collect()
}

/// What a kept gift card has left to spend, in dollars.
#[track_caller]
fn balance(shopper: &Shopper, card: &Instrument) -> Value {
    let body = json!({ "giftCardInstruments": [{ "paymentInstrumentId": card.id }] });
    shopper.posts("/wow/v1/pay/giftcards/balance", &body).is(200).part("giftCardBalances")["balance"].clone()
}

/// The addresses of gift cards in the newest mail, for whom it is as well.
#[track_caller]
fn mailed(florin: &Florin) -> (String, Vec<String>) {
    let mail = eventually("a mail", || {
        let list = Page::read(florin.http.get("/sandbox/mailbox/"));
        list.links.iter().find(|link| link.path().len() > "/sandbox/mailbox/".len()).cloned()
    });
    let mail = Page::read(florin.http.get(mail.as_str()));
    let words = mail.text.split_whitespace().map(str::to_owned);
    (mail.text.clone(), words.filter(|word| word.contains("/gift/")).collect())
}

/// How many mails there are.
fn mails(florin: &Florin) -> i64 {
    florin.books().count("mails")
}

/// What an opened gift says.
#[track_caller]
fn opened(florin: &Florin, url: &str) -> (Page, Slip) {
    let answer = florin.http.get(url).is(200);
    assert_eq!((answer.header("cache-control"), answer.header("referrer-policy")), ("no-store", "no-referrer"));
    assert!(!answer.text().contains("<script"), "{}", answer.text());
    let after = |id: &str| answer.text().split(&format!("id=\"{id}\">")).nth(1).expect(id).split('<').next().expect(id).to_owned();
    let slip = Slip { number: after("number"), pin: after("pin") };
    (Page::read(answer), slip)
}

/// Is authenticated by the issuer; gives the answer to its demand.
#[track_caller]
fn authenticated(shopper: &Shopper, demand: &Value) -> Value {
    let enrolled = shopper.posts(ENROL, &json!({ "data": { "sessionId": demand["sessionId"] } })).is(200).json()["data"].clone();
    let told = &enrolled["enrollmentResponse"]["consumerAuthenticationInformation"];
    let page = told["acsUrl"].as_str().expect("a page of the issuer's");
    shopper.at.http().ask("POST", page).form(&[("code", "123456"), ("decision", "confirm")]).send().is(200);
    json!([{ "instrumentId": demand["paymentInstrumentId"], "type": "3DS", "token": told["authenticationTransactionId"] }])
}

/// What all merchants are owed, in cents.
fn owed(florin: &Florin) -> i64 {
    -florin.books().balance("merchant_payable", "")
}

story! {
    fn gift_cards_are_bought_kept_and_spent(florin) {
        let (shopper, card) = customer(florin);
        let quote = quoted(&shopper, &[gift("everyday-birthday", 10.3, 2), gift("celebration-stars", 20.0, 1)]);
        assert_eq!((&quote["subTotalAmount"], &quote["discountAmount"], &quote["totalOrderAmount"]), (&json!(40.6), &json!(1.04), &json!(39.56)));
        let first = json!({
            "designId": "everyday-birthday", "amount": 10.3, "unitPrice": 9.78, "totalPrice": 19.56, "quantity": 2, "isGifting": false,
        });
        assert_eq!((&quote["orderItems"], &quote["quotedItems"][0]), (&first, &first), "{quote}");
        assert_eq!(quote["quotedItems"].as_array().map(Vec::len), Some(2));
        let bought = told(shopper.posts(SUBMIT, &of_quote(&quote, &card)), "APPROVED");
        assert_eq!((&bought["quoteNo"], bought.get("subTransactions")), (&quote["quoteId"], None));
        assert_eq!((kept(&shopper).len(), owed(florin), mails(florin)), (3, 0, 0), "the shop hands the price on; nothing is left to deliver");
        let history = shopper.history(&json!({}));
        assert_eq!(history["transactions"][0]["amount"], 39.56);

        let mine = kept(&shopper).into_iter().find(|kept| balance(&shopper, kept) == 20).expect("the dearer one");
        shopper.pays(&Bill::of(&mine, 15.0)).is(200);
        assert_eq!((balance(&shopper, &mine), owed(florin)), (json!(5), 1_500));
        assert_eq!(shopper.pays(&Bill::of(&mine, 5.01)).fails(400, "BI52").told("giftCards", "errorCode"), "ES611");
    }
}

story! {
    fn a_gift_is_mailed_opened_kept_and_spent_by_somebody_else(florin) {
        let (shopper, card) = customer(florin);
        let quote = quoted(&shopper, &[gift("everyday-thanks", 20.0, 1), gift_for_jim("store-classic", 20.05)]);
        told(shopper.posts(SUBMIT, &of_quote(&quote, &card)), "APPROVED");
        assert_eq!(kept(&shopper).len(), 1, "the gift is not the giver's");
        let (mail, urls) = mailed(florin);
        assert!(mail.contains("jo@example.com") && mail.contains("Store Gift Card, $20.05, for Jim"), "{mail}");
        assert_eq!((urls.len(), mails(florin)), (1, 1));
        let listed = Page::read(florin.http.get("/sandbox/gifts/"));
        assert!(listed.links.iter().any(|link| link.as_str() == urls[0]), "{:?}", listed.links);

        let (page, slip) = opened(florin, &urls[0]);
        page.says("A gift for Jim").says("Jo gives you this card").says("Happy birthday").says("$20.05");
        let jim = florin.shopper();
        let given = jim.takes(&slip);
        assert_eq!(balance(&jim, &given), 20.05);
        jim.pays(&Bill::of(&given, 20.0)).is(200);
        opened(florin, &urls[0]).0.says("Left to spend $0.05");
        jim.pays(&Bill::of(&given, 0.05)).is(200);
        opened(florin, &urls[0]).0.says("Nothing is left on this card");
        assert_eq!(owed(florin), 2_005);
    }
}

story! {
    fn a_stranger_opens_no_gift(florin) {
        let (shopper, card) = customer(florin);
        let quote = quoted(&shopper, &[gift("everyday-classic", 20.0, 1), gift_for_jim("store-classic", 20.0), gift_for_jim("store-classic", 30.0)]);
        let bought = told(shopper.posts(SUBMIT, &of_quote(&quote, &card)), "APPROVED");
        let order = bought["orderId"].as_str().expect("an order");
        let (_, urls) = mailed(florin);
        let capability = |url: &str| url.trim_end_matches('/').rsplit('/').next().expect("a part").to_owned();
        let (second, third) = (capability(&urls[0]), capability(&urls[1]));
        assert_ne!(second, third, "who was given one card has not the other");
        for path in [
            format!("/gift/{order}/3/{second}/"),
            format!("/gift/{order}/1/{second}/"),
            format!("/gift/{order}/4/{second}/"),
            format!("/gift/{order}/2/{}/", &second[..31]),
            format!("/gift/{order}/2/{order}/"),
            format!("/gift/{}/2/{second}/", quote["quoteId"].as_str().expect("a quote")),
            format!("/gift/{order}/two/{second}/"),
            format!("/gift/{order}/2/"),
        ] {
            let answer = florin.http.get(&path).is(404);
            assert!(!answer.text().contains("6003") && !answer.text().contains("PIN"), "{path}: {}", answer.text());
        }
        opened(florin, &format!("/gift/{order}/2/{second}"));
        // The log and the books know neither the number nor the PIN.
        let (_, slip) = opened(florin, &urls[0]);
        let bare: String = slip.number.chars().filter(char::is_ascii_digit).collect();
        let log = florin.run.lock().expect("a run").log();
        assert!(!log.contains(&bare) && !log.contains(&slip.number) && !log.contains(&second));
    }
}

story! {
    fn the_public_clients_buy_by_their_own_paths_and_names(florin) {
        let guest = florin.guest();
        let card = guest.captures(&florin.card("approved"));
        let listed = sends(guest.ask("GET", &format!("{CLIENTS}?page=1&page-size=10&last-updated-date-time=2026-05-01T00%3A00%3A00.000Z"))).is(200).json();
        assert_eq!((&listed["meta"]["totalRecords"], &listed["meta"]["recordCount"]), (&json!(3), &json!(3)));
        let product = &listed["data"]["products"][1];
        let design = product["defaultDesign"]["designId"].as_str().expect("a design");
        let shown = sends(guest.ask("GET", &format!("{CLIENTS}/{}", product["productId"].as_str().expect("an id")))).is(200).json();
        assert_eq!(shown["data"]["designs"][0]["designId"], design);

        let items = json!([gift(design, 20.0, 2)]);
        let quote = guest.posts(&format!("{CLIENTS}/quote"), &json!({ "data": { "orderItems": items }, "meta": {} })).is(200).json();
        let priced = &quote["data"]["orderItems"];
        assert_eq!((&priced["unitSalePrice"], &priced["totalSalePrice"], &priced["totalPrice"]), (&json!(18), &json!(36), &json!(36)));
        let body = json!({ "data": {
            "instrumentId": card.id, "deliveryEmail": "Guest@Example.com", "referenceId": "my own name", "subTotalAmount": 40,
            "discountAmount": 4, "totalOrderAmount": 36, "orderItems": items,
        }, "meta": { "challengeResponses": [] } });
        told(guest.posts(&format!("{CLIENTS}/order"), &body), "APPROVED");
        let (mail, urls) = mailed(florin);
        assert!(mail.contains("guest@example.com"), "{mail}");
        assert_eq!(urls.len(), 2, "a guest keeps nothing, so that all cards are told");
        let shopper = florin.shopper();
        let balances: Vec<_> = urls.iter().map(|url| balance(&shopper, &shopper.takes(&opened(florin, url).1))).collect();
        assert_eq!(balances, [20, 20]);
    }
}

story! {
    fn the_catalogue_is_told_in_pages_with_pictures(florin) {
        let retailer = florin.retailer(0);
        let page = |query: &str| sends(retailer.ask("GET", &format!("/v1/gifting/listProducts{query}"))).is(200).json();
        let names = |page: &Value| -> Vec<String> {
            page["data"]["products"].as_array().expect("products").iter().map(|product| product["productId"].to_string()).collect()
        };
        let all = page("");
        assert_eq!((&all["meta"], names(&all).len()), (&json!({ "recordCount": 5, "totalRecords": 5 }), 5));
        let (one, two) = (page("?page=1&page-size=3"), page("?page=2&pageSize=3"));
        assert_eq!((&two["meta"], [names(&one), names(&two)].concat()), (&json!({ "recordCount": 2, "totalRecords": 5 }), names(&all)));
        assert_eq!(names(&page("?page=9")), Vec::<String>::new());
        for spelling in ["last-update-date-time", "last-updated-date-time"] {
            assert_eq!(names(&page(&format!("?{spelling}=2026-11-01T11:00:00%2B1100"))), ["\"store-online\""], "{spelling}");
        }
        for product in all["data"]["products"].as_array().expect("products") {
            let picture = florin.http.ask("GET", product["defaultDesign"]["imageUrl"].as_str().expect("a picture")).header("origin", ORIGIN).send().is(200);
            assert_eq!((picture.header("content-type"), picture.header("access-control-allow-origin")), ("image/svg+xml", "*"));
            assert!(picture.text().starts_with("<svg "));
        }
        assert_eq!(all["data"]["products"][0]["discountOffered"]["percentageDiscount"], 5);
        let gone = sends(retailer.ask("GET", "/v1/gifting/product/store-jubilee")).is(200).json();
        assert_eq!((&gone["data"]["isActive"], gone["data"].get("discountOffered")), (&json!(false), None));
        sends(retailer.ask("GET", "/v1/gifting/product/nothing")).fails(400, "BI24");
    }
}

story! {
    fn an_order_is_bought_once_however_often_it_is_sent(florin) {
        let (shopper, card) = customer(florin);
        let send = |body: &Value, key: &str| sends(shopper.ask("POST", SUBMIT).header("idempotency-key", key).json(body));
        let own_name = gift_order(&card, "order 1");
        let first = told(send(&own_name, "k1"), "APPROVED");
        assert_eq!(told(send(&own_name, "k1"), "APPROVED"), first);
        assert_eq!(kept(&shopper).len(), 2);
        send(&gift_order(&card, "order 2"), "k1").fails(422, "AP99");
        let another = told(send(&own_name, "k2"), "APPROVED");
        assert_ne!(another["orderId"], first["orderId"], "without a quote and with another key it is another order");
        assert_eq!(kept(&shopper).len(), 4);

        let quote = quoted(&shopper, &[gift("online-parcel", 20.0, 1)]);
        assert_eq!(quote["quoteId"].as_str().map(str::len), Some(36));
        let orders = at_once(10, |_| shopper.posts(SUBMIT, &of_quote(&quote, &card)));
        let numbers: Vec<_> = orders.into_iter().map(|answer| answer.is(200).json()["data"]["orderId"].clone()).collect();
        assert!(numbers.iter().all(|number| number == &numbers[0]), "{numbers:?}");
        assert_eq!(kept(&shopper).len(), 5, "a quote is bought once");
        let other = customer(florin);
        other.0.posts(SUBMIT, &of_quote(&quote, &other.1)).fails(400, "BI08");
        let keyed = |items: Value| sends(shopper.at.ask("POST", REVIEW).header("idempotency-key", "q").json(&json!({ "orderItems": items })));
        let items = json!([gift("online-parcel", 30.0, 1)]);
        assert_eq!(keyed(items.clone()).is(200).json(), keyed(items.clone()).is(200).json(), "and quoted once a key");
        keyed(json!([gift("online-parcel", 31.0, 1)])).fails(422, "AP99");
        florin.time_passes("2d");
        keyed(items).fails(400, "BI08");
    }
}

story! {
    fn a_stranger_with_the_public_key_spoils_no_key_of_the_merchants_server(florin) {
        let retailer = florin.new_retailer("spoiled");
        let quotes = |key: &str, amount: f64| {
            let body = json!({ "orderItems": [gift("everyday-classic", amount, 1)] });
            retailer.posts_keyed(REVIEW, &body, key)
        };
        let quoted_to_stranger = quotes("order-1", 20.0).is(200).json();
        quotes("order-2", 20.0).is(200);
        assert_eq!(quotes("order-1", 20.0).is(200).json(), quoted_to_stranger, "who is a stranger has keys all the same");
        quotes("order-1", 30.0).fails(422, "AP99");
        florin.lets_in(&retailer);
        let signed_in = || {
            let answer = sends(retailer.ask("POST", TOKEN).json(&json!({ "shopperId": "s" })));
            (answer.status == 200).then_some(())
        };
        eventually("the merchant to be let in", signed_in);
        let own = quotes("order-1", 30.0).is(200).json();
        assert_eq!(quotes("order-1", 30.0).is(200).json(), own);
        let card = retailer.signs_in("s").captures(&florin.card("approved"));
        told(retailer.posts_keyed(SUBMIT, &gift_order(&card, "a"), "order-2"), "APPROVED");
    }
}

story! {
    fn what_is_not_paid_for_is_not_issued_and_can_be_tried_again(florin) {
        let shopper = florin.shopper();
        let quote = quoted(&shopper, &[gift("everyday-classic", 20.0, 1), gift_for_jim("store-classic", 20.0)]);
        for (outcome, code) in [("declined", "ES52"), ("insufficient_funds", "ES151"), ("step_up", "BV59"), ("threeds_fail", "3DS_006")] {
            let card = shopper.captures(&florin.card(outcome));
            refused_with(shopper.posts(SUBMIT, &of_quote(&quote, &card)), code);
        }
        let gift_card = shopper.takes(&florin.gift_card("628000", 500.0));
        shopper.posts(SUBMIT, &of_quote(&quote, &gift_card)).fails(400, "ES130");
        let card = shopper.captures(&florin.card("approved"));
        let mut screened = of_quote(&quote, &card);
        screened["meta"]["fraud"] = for_screen("<order>fraud-reject</order>");
        refused_with(shopper.posts(SUBMIT, &screened), "BI52");
        assert_eq!((kept(&shopper).len(), florin.books().count("gifts"), mails(florin), owed(florin)), (1, 0, 0, 0));
        told(shopper.posts(SUBMIT, &of_quote(&quote, &card)), "APPROVED");
        assert_eq!((kept(&shopper).len(), florin.books().count("gifts")), (2, 2));
    }
}

story! {
    fn a_cardholder_is_authenticated_or_types_the_code_before_the_cards_are_bought(florin) {
        let shopper = florin.shopper();
        let challenged = shopper.captures(&florin.card("threeds_challenge"));
        let mut order = gift_order(&challenged, "with 3DS");
        let refused = refused_with(shopper.posts(SUBMIT, &order), "3DS_001");
        assert_eq!((&refused["errorMessage"], &refused["threeDS"]["paymentInstrumentId"]), (&json!("3DS TOKEN REQUIRED"), &json!(challenged.id)));
        order["meta"]["challengeResponses"] = authenticated(&shopper, &refused["threeDS"]);
        told(shopper.posts(SUBMIT, &order), "APPROVED");
        refused_with(shopper.posts(SUBMIT, &order), "3DS_006");
        assert_eq!(kept(&shopper).len(), 2);

        let card = shopper.captures(&florin.card("step_up"));
        let mut order = gift_order(&card, "with a code");
        refused_with(shopper.posts(SUBMIT, &order), "BV59");
        let token = shopper.steps_up(shopper.entry(&card)["stepUp"]["url"].as_str().expect("a page"));
        order["meta"]["challengeResponses"] = json!([{ "instrumentId": card.id, "type": "STEP_UP", "token": token }]);
        told(shopper.posts(SUBMIT, &order), "APPROVED");
        assert_eq!(kept(&shopper).len(), 4);
    }
}

story! {
    fn an_order_that_is_not_as_quoted_is_refused(florin) {
        let (shopper, card) = customer(florin);
        let quote = quoted(&shopper, &[gift("everyday-classic", 20.0, 2)]);
        let with = |field: &str, value: Value| {
            let mut body = of_quote(&quote, &card);
            body["data"][field] = value;
            shopper.posts(SUBMIT, &body)
        };
        for (field, is) in [("subTotalAmount", "40"), ("discountAmount", "2"), ("totalOrderAmount", "38")] {
            let refused = with(field, json!(37)).fails(400, "AP99");
            assert!(refused.text().contains(&format!("{field} must be {is}")), "{}", refused.text());
        }
        with("orderItems", json!([gift("everyday-classic", 20.0, 1)])).fails(400, "BI08");
        with("referenceId", json!("no quote of mine")).fails(400, "BI24");
        with("paymentInstrumentId", json!("999999999")).fails(400, "BI24");
        let mut unheard = of_quote(&quoted(&shopper, &[gift_for_jim("store-classic", 20.0)]), &card);
        unheard["data"]["deliveryEmail"] = json!(null);
        let refused = shopper.posts(SUBMIT, &unheard).fails(400, "AP99");
        assert!(refused.text().contains("deliveryEmail is required"), "{}", refused.text());
        florin.time_passes("31m");
        shopper.posts(SUBMIT, &of_quote(&quote, &card)).fails(400, "BI08");
        assert_eq!((kept(&shopper).len(), florin.books().count("gift_orders")), (0, 0));
    }
}

story! {
    fn another_merchants_quotes_orders_and_cards_are_unknown(florin) {
        let (shopper, card) = customer(florin);
        let elsewhere = florin.retailer(1);
        let other = elsewhere.signs_in(&florin.fresh_name("other"));
        let others_card = other.captures(&florin.card("approved"));
        let quote = quoted(&shopper, &[gift("everyday-classic", 20.0, 1)]);
        other.posts(SUBMIT, &of_quote(&quote, &others_card)).fails(400, "BI24");
        told(shopper.posts(SUBMIT, &of_quote(&quote, &card)), "APPROVED");
        other.posts(SUBMIT, &of_quote(&quote, &others_card)).fails(400, "BI24");
        elsewhere.posts(SUBMIT, &of_quote(&quote, &card)).fails(400, "BI24");
        // A shopper of the same merchant has no use of somebody else's card either; the merchant's own server has.
        let stranger = florin.shopper();
        stranger.posts(SUBMIT, &gift_order(&card, "not mine")).fails(400, "BI24");
        assert_eq!(kept(&shopper).len(), 1);
        told(shopper.at.posts(SUBMIT, &gift_order(&card, "by the shop")), "APPROVED");
        assert_eq!((kept(&shopper).len(), kept(&stranger).len()), (3, 0), "what the shop buys with a shopper's card is the shopper's");
    }
}

story! {
    fn an_order_in_doubt_is_finished_and_mailed_without_anybody_asking(florin) {
        let shopper = florin.shopper();
        let card = shopper.captures(&florin.card("unknown_outcome"));
        let quote = quoted(&shopper, &[gift("everyday-classic", 20.0, 1), gift_for_jim("store-classic", 20.0)]);
        let waiting = told(shopper.posts(SUBMIT, &of_quote(&quote, &card)), "PROCESSING");
        assert_eq!((kept(&shopper).len(), mails(florin)), (0, 0));
        florin.time_passes("10m");
        assert_eq!((kept(&shopper).len(), mails(florin)), (1, 1));
        let done = told(shopper.posts(SUBMIT, &of_quote(&quote, &card)), "APPROVED");
        assert_eq!((&done["orderId"], mails(florin)), (&waiting["orderId"], 1));
        assert_eq!(mailed(florin).1.len(), 1);
    }
}

story! {
    fn what_was_ordered_when_the_power_failed_is_bought_and_mailed_once(florin) {
        let shopper = florin.shopper();
        let card = shopper.captures(&florin.card("slow"));
        let quote = quoted(&shopper, &[gift("everyday-classic", 20.0, 1), gift_for_jim("store-classic", 20.0)]);
        std::thread::scope(|scope| {
            let order = scope.spawn(|| shopper.ask("POST", SUBMIT).json(&of_quote(&quote, &card)).try_send());
            eventually("the order to be written down", || (florin.books().count("gift_orders") == 1).then_some(()));
            florin.dies();
            assert!(order.join().expect("a caller").is_err(), "nobody heard what became of it");
        });
        florin.comes_back();
        florin.time_passes("10m");
        let done = told(shopper.posts(SUBMIT, &of_quote(&quote, &card)), "APPROVED");
        assert_eq!(done["quoteNo"], quote["quoteId"]);
        assert_eq!((kept(&shopper).len(), florin.books().count("gifts"), mails(florin)), (1, 2, 1));
        assert_eq!(shopper.history(&json!({}))["total"], 1);
    }
}
