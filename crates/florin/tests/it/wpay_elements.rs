//! Cards typed into elements, and cardholders who are asked; and what else a shopper's app does beside paying: keys under which
//! nothing happens twice, the minute's limits, and what may be paid with at a till.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use florin_wpay::Access;
use serde_json::{Value, json};

use crate::cast::{Answer, Ask, Bill, Instrument, Page, Shopper, Stage, Told, immediate, sends, story, text};

const CUSTOMER: &str = "/wow/v1/pay/instore/customer";
/// The client for frames sends this with everybody's calls.
const SOMEBODYS_WALLET: &str = "4fa9e893-2fb9-4516-bfc5-6fa8cd903528";
/// The data with which a merchant asks that the cardholder be authenticated.
const REQUIRES_3DS: &str = "0a221353-b26c-4848-9a77-4a8bcbacf228";

/// An action that has begun.
struct Begun {
    kind: &'static str,
    url: String,
    action: String,
    session: String,
}

/// A call as the client for frames makes it: with headers of which it does not know what to say.
fn frames(shopper: &Shopper, rest: &str) -> Ask {
    let ask = shopper.ask("POST", &format!("{CUSTOMER}{rest}"));
    ask.header("x-wallet-id", SOMEBODYS_WALLET).header("x-merchant-id", "undefined").header("x-everyday-pay-wallet", "undefined")
}

#[track_caller]
fn asks_to_begin(shopper: &Shopper, kind: &str, data: &Value) -> Answer {
    sends(frames(shopper, &format!("/elements/{kind}/init")).json(&json!({ "data": data })))
}

#[track_caller]
fn begins(shopper: &Shopper, kind: &'static str, data: &Value) -> Begun {
    let told = asks_to_begin(shopper, kind, data).data();
    Begun { kind, url: text(&told, "URL"), action: text(&told, "actionId"), session: text(&told, "sessionId") }
}

/// The page of one element, read and filled in.
#[track_caller]
fn types(shopper: &Shopper, begun: &Begun, element: &str, pieces: &[(&str, &str)]) -> Answer {
    let page = Page::read(shopper.at.http().get(&format!("{}?actionId={}&type={element}", begun.url, begun.action)).is(200));
    for (field, _) in pieces {
        assert!(page.html.contains(&format!("name=\"{field}\"")), "no {field} in {element}: {}", page.html);
    }
    let place = format!("/container-ws/elements/{}", begun.action);
    shopper.at.http().ask("POST", &place).form(pieces).send()
}

/// A whole card, typed into one element a piece.
#[track_caller]
fn types_card(shopper: &Shopper, begun: &Begun, number: &str) {
    for (element, field, piece) in [("CardNo", "cardNo", number), ("CardExpiry", "cardExpiry", "12/34"), ("CardCVV", "cardCVV", "123")] {
        types(shopper, begun, element, &[(field, piece)]).is(204);
    }
}

#[track_caller]
fn asks_to_complete(shopper: &Shopper, begun: &Begun, responses: &Value) -> Answer {
    let ask = frames(shopper, &format!("/elements/{}/{}/complete", begun.kind, begun.action)).header("x-session-id", &begun.session);
    sends(ask.json(&json!({ "data": { "save": true }, "meta": { "challengeResponses": responses } })))
}

#[track_caller]
fn completes(shopper: &Shopper, begun: &Begun, responses: &Value) -> Value {
    asks_to_complete(shopper, begun, responses).data()
}

/// The instrument that a capture ended in.
#[track_caller]
fn captured(told: &Value) -> Instrument {
    let card = &told["paymentInstrument"];
    assert_eq!(told["status"]["responseText"], "ACCEPTED", "{told}");
    Instrument { id: text(card, "itemId"), token: text(card, "paymentToken") }
}

/// A card that is good, typed and kept.
#[track_caller]
fn captures(shopper: &Shopper, number: &str) -> Instrument {
    let begun = begins(shopper, "capture-card", &json!({ "save": true, "verify": true }));
    types_card(shopper, &begun, number);
    captured(&completes(shopper, &begun, &json!([])))
}

fn enrolment(shopper: &Shopper, session: &str) -> Answer {
    sends(frames(shopper, "/3ds/session/enrolment").header("x-session-id", session).json(&json!({ "data": { "sessionId": session } })))
}

/// Asks the directory, and has the cardholder do what is asked.
#[track_caller]
fn authenticates(shopper: &Shopper, session: &str, answers: &[&str]) -> Value {
    let told = enrolment(shopper, session).data();
    let asked = &told["enrollmentResponse"];
    if asked["status"] == "AUTHENTICATION_SUCCESSFUL" {
        return json!({ "type": "3DS-frictionless", "token": told["challengeResponseToken"], "reference": session });
    }
    assert_eq!(asked["status"], "PENDING_AUTHENTICATION", "{told}");
    let asked = &asked["consumerAuthenticationInformation"];
    let mut page = Page::read(shopper.at.http().get(&text(asked, "acsUrl")).is(200));
    for answer in answers {
        let form = page.form_with("code").unwrap_or_else(|| panic!("no form: {}", page.text)).clone();
        let decision = if answer.is_empty() { "cancel" } else { "confirm" };
        let filled = [("code", *answer), ("decision", decision)];
        page = Page::read(shopper.at.http().ask("POST", form.action.as_str()).form(&filled).send());
    }
    json!({ "type": "3DS", "token": text(asked, "authenticationTransactionId") })
}

/// Pays a request with an instrument, and answers what was asked about it.
#[track_caller]
fn settles(shopper: &Shopper, request: &str, card: &Instrument, mut response: Value) -> Told {
    response["instrumentId"] = json!(card.id);
    let body = json!({ "data": { "primaryInstrumentId": card.id }, "meta": { "challengeResponses": [response] } });
    let ask = shopper.ask("PUT", &format!("{CUSTOMER}/payments/{request}"));
    sends(ask.json(&body)).told_transaction()
}

/// The session in which a refused payment wants its cardholder authenticated.
#[track_caller]
fn demanded(told: &Told, card: &Instrument) -> String {
    let demand = &told.0["subTransactions"][0];
    assert_eq!(
        (told.outcome().1, &demand["errorCode"], &demand["errorMessage"]),
        ("REJECTED", &json!("3DS_001"), &json!("3DS TOKEN REQUIRED"))
    );
    assert_eq!((&demand["threeDS"]["paymentInstrumentId"], &told.0["rollback"]), (&json!(card.id), &json!("NOT_REQUIRED")));
    assert!(told.parts().is_empty(), "no money was asked of it: {}", told.0);
    text(&demand["threeDS"], "sessionId")
}

story! {
    fn a_guest_types_a_card_and_pays_with_it_wherever_guests_pay(florin) {
        let (till, mut guest) = (florin.retailer(0), florin.guest());
        let begun = begins(&guest, "capture-card", &json!({ "save": true, "useEverydayPay": true }));
        types_card(&guest, &begun, &florin.card("approved"));
        let told = completes(&guest, &begun, &json!([]));
        assert_eq!(told["paymentInstrument"]["status"], "UNVERIFIED_TRANSIENT");
        let card = captured(&told);
        assert_eq!((card.id.len(), captured(&completes(&guest, &begun, &json!([])))), (36, card.clone()));

        let paid = guest.in_store("POST", "/payments", immediate(&card)).told_transaction();
        assert_eq!(paid.outcome(), ("PAYMENT", "APPROVED", 12.5));
        let request = till.asked(20.0, &json!({}));
        assert_eq!(guest.settles_with(&request, &card).told_transaction().outcome().1, "APPROVED");
        guest.pays(&Bill::of(&card, 7.5)).is(200);
        assert_eq!(till.sees(&paid.id()).outcome(), paid.outcome());

        // Another visit is another guest, and so is everybody else.
        let other = florin.shopper();
        other.in_store("POST", "/payments", immediate(&card)).fails(422, "BI24");
        asks_to_complete(&other, &begun, &json!([])).fails(422, "BI24");
        guest.comes_again();
        guest.in_store("POST", "/payments", immediate(&card)).fails(422, "BI24");
        asks_to_complete(&guest, &begun, &json!([])).fails(422, "BI24");
        let over = begins(&guest, "capture-card", &json!({}));
        florin.time_passes("2h");
        guest.comes_again();
        assert_eq!(asks_to_complete(&guest, &over, &json!([])).status, 422);
        assert_eq!(florin.books().count("instruments WHERE gone_at IS NULL"), 0, "nothing of a guest's stays");
    }
}

story! {
    fn a_guests_cardholder_is_asked_for_the_card_and_for_each_payment(florin) {
        let (till, guest, stranger) = (florin.retailer(0), florin.guest(), florin.guest());
        let begun = begins(&guest, "capture-card", &json!({ "threeDS": { "requires3DS": false, "env": "staging" } }));
        types_card(&guest, &begun, &florin.card("threeds_challenge"));
        let asked = completes(&guest, &begun, &json!([]));
        assert_eq!((&asked["errorCode"], &asked["message"]), (&json!("3DS_001"), &json!("3DS TOKEN REQUIRED")));
        let session = text(&asked, "token");
        enrolment(&stranger, &session).fails(422, "3DS_002");
        enrolment(&florin.shopper(), &session).fails(422, "3DS_002");
        let early = json!({ "type": "3DS", "token": "00000000-0000-4000-8000-000000000000" });
        assert_eq!(completes(&guest, &begun, &json!([early]))["errorCode"], "3DS_002");
        let proof = authenticates(&guest, &session, &["000000", "123456"]);
        let card = captured(&completes(&guest, &begun, &json!([proof])));

        let request = till.asked(45.5, &json!({}));
        let refused = guest.settles_with(&request, &card).told_transaction();
        let session = demanded(&refused, &card);
        let other = settles(&guest, &request, &card, proof);
        assert_eq!(other.0["subTransactions"][0]["paymentResponses"][0]["errorCode"], "3DS_006", "what was shown for the card is no proof of a payment");
        let proof = authenticates(&guest, &session, &["123456"]);
        assert_eq!(settles(&guest, &request, &card, proof.clone()).outcome().1, "APPROVED");
        let next = till.asked(1.0, &json!({}));
        assert_eq!(settles(&guest, &next, &card, proof).outcome().1, "REJECTED", "a proof is good once");
        assert_eq!((till.uses_left(&request), till.uses_left(&next)), (Some(0), Some(1)));
    }
}

story! {
    fn a_card_is_typed_piece_by_piece_and_kept_once_by_its_own_shopper(florin) {
        let (shopper, stranger) = (florin.shopper(), florin.shopper());
        let begun = begins(&shopper, "capture-card", &json!({ "save": true }));
        let number = florin.card("approved");
        asks_to_complete(&shopper, &begun, &json!([])).fails(400, "AP99");
        types(&shopper, &begun, "CardNo", &[("cardNo", "4000000000003104")]).is(422);
        types(&shopper, &begun, "CardNo", &[("cardNo", &number)]).is(204);
        let missing = asks_to_complete(&shopper, &begun, &json!([])).fails(400, "AP99").json();
        assert_eq!(missing["errorDetail"], "cardExpiry has not been submitted.");
        types(&shopper, &begun, "CardGroup", &[("cardNo", &number), ("cardExpiry", "1234"), ("cardCVV", "123")]).is(204);
        for strange in [
            asks_to_complete(&stranger, &begun, &json!([])),
            asks_to_complete(&shopper, &Begun { session: "undefined".to_owned(), ..begins(&shopper, "capture-card", &json!({})) }, &json!([])),
            asks_to_complete(&shopper, &Begun { kind: "step-up", url: begun.url.clone(), action: begun.action.clone(), session: begun.session.clone() }, &json!([])),
        ] {
            strange.fails(422, "BI24");
        }
        let card = captured(&completes(&shopper, &begun, &json!([])));
        assert_eq!(captured(&completes(&shopper, &begun, &json!([]))), card, "again it is the same");
        let place = format!("/container-ws/elements/{}", begun.action);
        florin.http.ask("POST", &place).form(&[("cardCVV", "123")]).send().is(410);
        assert_eq!(shopper.lists()["creditCards"].as_array().map(Vec::len), Some(1));
        let again = begins(&shopper, "capture-card", &json!({}));
        types_card(&shopper, &again, &number);
        let told = completes(&shopper, &again, &json!([]));
        assert_eq!(told["itemId"], json!(card.id), "a card that is there is confirmed");
        assert_eq!(stranger.lists()["creditCards"], json!([]));
    }
}

story! {
    fn who_is_not_authenticated_keeps_no_card(florin) {
        let shopper = florin.shopper();
        let wanted = json!({ "threeDS": { "requires3DS": true } });
        for (outcome, answers, expected) in [
            ("threeds_challenge", &["000000", "000000", "000000"][..], ("3DS_006", "3DS Validation Rejected")),
            ("threeds_challenge", &[""], ("3DS_006", "3DS Validation Rejected")),
            ("threeds_challenge", &[], ("3DS_003", "3DS Validation Failed")),
        ] {
            let begun = begins(&shopper, "capture-card", &wanted);
            types_card(&shopper, &begun, &florin.card(outcome));
            let proof = authenticates(&shopper, &text(&completes(&shopper, &begun, &json!([])), "token"), answers);
            let told = completes(&shopper, &begun, &json!([proof]));
            assert_eq!((told["errorCode"].as_str(), told["message"].as_str()), (Some(expected.0), Some(expected.1)), "{answers:?}");
        }
        let begun = begins(&shopper, "capture-card", &wanted);
        types_card(&shopper, &begun, &florin.card("threeds_fail"));
        let token = text(&completes(&shopper, &begun, &json!([])), "token");
        assert_eq!(enrolment(&shopper, &token).data()["enrollmentResponse"]["status"], "AUTHENTICATION_FAILED");
        assert_eq!(shopper.lists()["creditCards"], json!([]));

        let begun = begins(&shopper, "capture-card", &wanted);
        types_card(&shopper, &begun, &florin.card("threeds_frictionless"));
        let proof = authenticates(&shopper, &text(&completes(&shopper, &begun, &json!([])), "token"), &[]);
        assert_eq!(proof["type"], "3DS-frictionless");
        captured(&completes(&shopper, &begun, &json!([proof])));
    }
}

story! {
    fn the_code_and_the_new_month_of_a_kept_card_are_typed_into_elements(florin) {
        let (till, shopper) = (florin.retailer(0), florin.shopper());
        let card = captures(&shopper, &florin.card("step_up"));
        let request = till.asked(10.0, &json!({}));
        let refused = shopper.settles_with(&request, &card).told_transaction();
        let why = &refused.0["subTransactions"][0]["paymentResponses"][0];
        assert_eq!((refused.outcome().1, &why["errorCode"]), ("REJECTED", &json!("BV59")));
        assert!(text(&why["stepUp"], "url").starts_with("https://"), "{why}");

        asks_to_begin(&shopper, "step-up", &json!({})).fails(400, "AP99");
        asks_to_begin(&florin.shopper(), "step-up", &json!({ "paymentInstrumentId": card.id })).fails(422, "BI24");
        let begun = begins(&shopper, "step-up", &json!({ "paymentInstrumentId": card.id, "scheme": "VISA" }));
        types(&shopper, &begun, "CardCVV", &[("cardCVV", "123")]).is(204);
        let told = completes(&shopper, &begun, &json!([]));
        assert_eq!((&told["itemId"], &told["status"]["responseText"]), (&json!(card.id), &json!("ACCEPTED")));
        let proof = json!({ "type": "STEP_UP", "token": told["stepUpToken"] });
        assert_eq!(settles(&shopper, &request, &card, proof).outcome().1, "APPROVED");

        let begun = begins(&shopper, "update-card", &json!({ "paymentInstrumentId": card.id, "scheme": "VISA" }));
        types(&shopper, &begun, "CardGroup", &[("cardExpiry", "11/41"), ("cardCVV", "123")]).is(204);
        assert_eq!(completes(&shopper, &begun, &json!([]))["itemId"], json!(card.id));
        let entry = shopper.entry(&card);
        assert_eq!((&entry["expiryMonth"], &entry["expiryYear"]), (&json!("11"), &json!("41")));
        asks_to_complete(&shopper, &begun, &json!([])).fails(422, "BI08");
    }
}

story! {
    fn a_merchant_who_wants_its_cardholders_authenticated_is_not_paid_without(florin) {
        let (till, (shopper, card)) = (florin.retailer(0), florin.card_holder());
        let known = till.looks_at(&format!("/schema/{REQUIRES_3DS}")).data();
        assert_eq!((&known["type"], &known["schema"]["type"]), (&json!("3DS"), &json!("object")), "nobody has to register it");
        let wants = |wanted: bool| json!({ "merchantPayload": { "schemaId": REQUIRES_3DS, "payload": { "requires3DS": wanted } } });
        let request = till.asked(45.5, &wants(true));
        let refused = shopper.settles_with(&request, &card).told_transaction();
        let session = demanded(&refused, &card);
        assert_eq!((demanded(&shopper.sees(&refused.id()), &card), till.uses_left(&request)), (session.clone(), Some(1)));
        assert!(!till.sees(&refused.id()).0.to_string().contains(&session), "the session is the shopper's");
        let proof = authenticates(&shopper, &session, &[]);
        let paid = settles(&shopper, &request, &card, proof);
        assert_eq!((paid.outcome(), till.uses_left(&request)), (("PAYMENT", "APPROVED", 45.5), Some(0)));
        assert_eq!(shopper.settles_with(&till.asked(1.0, &wants(false)), &card).told_transaction().outcome().1, "APPROVED");
        let malformed = json!({ "merchantPayload": { "schemaId": REQUIRES_3DS, "payload": { "requires3DS": "true" } } });
        till.asks(1.0, &malformed).fails(422, "BI08");

        let mut at_once = immediate(&card);
        at_once["merchantPayload"] = wants(true)["merchantPayload"].clone();
        let refused = shopper.in_store("POST", "/payments", at_once.clone()).told_transaction();
        let mut proof = authenticates(&shopper, &demanded(&refused, &card), &[]);
        proof["instrumentId"] = json!(card.id);
        let body = json!({ "data": at_once, "meta": { "challengeResponses": [proof] } });
        let paid = sends(shopper.ask("POST", &format!("{CUSTOMER}/payments")).json(&body)).told_transaction();
        assert_eq!(paid.outcome().1, "APPROVED");
    }
}

story! {
    fn a_payment_token_comes_under_the_callers_own_key(florin) {
        let (shopper, card) = florin.card_holder();
        let private = PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("a key can be made");
        let public: PublicKeyX509Der<'_> = private.public_key().as_der().expect("a public key can be written");
        let asks = |name: &str, key: &str| {
            let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("publicKey", key).finish();
            shopper.looks_at(&format!("/instruments/{name}?{query}"))
        };
        let told = asks(&card.token, &BASE64_STANDARD.encode(public.as_ref())).is(200).json();
        assert_eq!(told["data"]["paymentInstrumentId"], json!(card.id));
        let letter = BASE64_STANDARD.decode(text(&told["meta"], "cipherText")).expect("base64");
        let reader = OaepPrivateDecryptingKey::new(private).expect("a key that reads");
        let mut read = vec![0; reader.min_output_size()];
        let read = reader.decrypt(&OAEP_SHA256_MGF1SHA256, &letter, &mut read, None).expect("a letter for this key");
        assert_eq!(read, card.token.as_bytes());
        asks(&card.id, "PUB KEY+/=").fails(422, "BI08");
        asks(&card.id, &BASE64_STANDARD.encode(b"no key at all")).fails(422, "BI08");
        assert_eq!(asks(&card.id, "undefined").is(200).json()["meta"], json!({}));
    }
}

story! {
    fn gift_cards_are_allowed_as_the_basket_of_the_session_says(florin) {
        let (till, shopper) = (florin.retailer(0), florin.shopper());
        let cards = ["628000", "600300"].map(|prefix| shopper.takes(&florin.gift_card(prefix, 20.0)));
        till.in_store("POST", "/preferences", json!({ "giftCardExclusions": { "Other": "category=tobacco" } })).fails(400, "AP99");
        till.in_store("POST", "/preferences", json!({ "giftCardExclusions": { "Store Gift Card": "category=tobacco" } })).is(204);
        let bought = |category: &str| json!({ "basket": { "items": [{ "label": "x", "tags": { "category": category } }] } });
        let opened = |request: &str| {
            let session = json!({ "location": "lane 4", "merchantInfo": {}, "paymentRequestId": request });
            text(&till.in_store("POST", "/payment/session", session).data(), "paymentSessionId")
        };
        let allowed = |query: &str| {
            let told = shopper.looks_at(&format!("/instruments{query}")).data();
            let listed = told["giftCards"].as_array().expect("gift cards").clone();
            cards.clone().map(|card| listed.iter().find(|listed| listed["paymentInstrumentId"] == card.id.as_str()).map(|listed| listed["allowed"] == true))
        };
        let (smokes, milk) = (till.asked(5.0, &bought("Tobacco")), till.asked(5.0, &bought("dairy")));
        let (session, other) = (opened(&smokes), opened(&milk));
        assert_eq!(allowed(""), [Some(true), Some(true)]);
        assert_eq!(allowed(&format!("?paymentSessionId={session}")), [Some(true), Some(false)]);
        assert_eq!(allowed(&format!("?paymentSessionId={other}")), [Some(true), Some(true)]);
        for unknown in ["00000000-0000-4000-8000-000000000000", "ps1"] {
            shopper.looks_at(&format!("/instruments?paymentSessionId={unknown}")).fails(422, "BI24");
        }
        let secondary = |card: &Instrument| json!({ "secondaryInstruments": [{ "instrumentId": card.id, "amount": 5 }] });
        let refused = shopper.settles(&smokes, secondary(&cards[1])).told_transaction();
        assert_eq!((refused.outcome().1, &refused.0["subTransactions"][0]["paymentResponses"][0]["errorCode"]), ("REJECTED", &json!("RP-001")));
        assert_eq!(shopper.settles(&smokes, secondary(&cards[0])).told_transaction().outcome().1, "APPROVED");
        assert_eq!(shopper.settles(&milk, secondary(&cards[1])).told_transaction().outcome().1, "APPROVED");
    }
}

story! {
    fn ten_captures_a_minute_are_begun_by_one_shopper_in_whatever_way(florin) {
        let (shopper, other) = (florin.shopper(), florin.shopper());
        let card = shopper.captures(&florin.card("approved"));
        let begin = |place: usize| match place % 4 {
            0 => shopper.begins_capture(),
            1 => shopper.in_store("POST", "/instruments", json!({ "clientReference": "capture" })),
            2 => asks_to_begin(&shopper, "capture-card", &json!({})),
            _ => asks_to_begin(&shopper, "step-up", &json!({ "paymentInstrumentId": card.id })),
        };
        // A minute may end in between, and another one begin.
        let taken = (0..40).filter(|place| begin(*place).status == 200).count();
        assert!((9..=21).contains(&taken), "{taken}");
        florin.time_passes("1m");
        let answers: Vec<_> = (0..24).map(begin).collect();
        let refused: Vec<_> = answers.into_iter().filter(|answer| answer.status != 200).collect();
        assert!(!refused.is_empty());
        for answer in refused {
            assert_ne!(answer.header("retry-after"), "", "{}", answer.asked);
            answer.fails(429, "AP99");
        }
        other.begins_capture().is(200);
        florin.time_passes("1m");
        begin(2).is(200);
    }
}

story! {
    fn the_same_key_does_the_same_once_wherever_something_changes(florin) {
        let is_kept = |path: &str| path.contains("/instore/") && !path.contains("/elements/") && !path.contains("/3ds/");
        // To begin a capture twice is to have two pages, and no card.
        let is_free = |path: &str| path.ends_with("/customer/instruments");
        let mut told = 0;
        for (number, operation) in florin_wpay::operations().iter().enumerate() {
            if !is_kept(operation.path) || operation.method == "GET" || is_free(operation.path) {
                continue;
            }
            let stage = Stage::new(florin);
            let call = stage.sound(operation.method.as_str(), operation.path);
            let key = format!("key-{number}");
            let sends = || {
                call.send(florin, |ask| {
                    let ask = ask.header("x-api-key", &stage.retailer.key).header("idempotency-key", &key);
                    if operation.access == Access::Server { ask } else { ask.bearer(&stage.shopper.token) }
                })
            };
            let counted = || florin.books().count("movements") + florin.books().count("payment_requests") + florin.books().count("qr_codes");
            let first = sends();
            assert!(matches!(first.status, 200 | 204), "{}: {}", first.asked, first.text());
            let after = counted();
            let again = sends();
            assert_eq!((again.status, again.text(), counted()), (first.status, first.text(), after), "{} {}", operation.method, operation.path);
            told += 1;
        }
        assert_eq!(told, 24);
    }
}

story! {
    fn a_key_is_for_one_call_and_one_shopper(florin) {
        let (till, (shopper, card), (other, others)) = (florin.retailer(0), florin.card_holder(), florin.card_holder());
        let request = till.asked(5.0, &json!({ "maxUses": 3 }));
        let pays = |shopper: &Shopper, card: &Instrument, more: &str| {
            let body = json!({ "data": { "primaryInstrumentId": card.id, "clientReference": more }, "meta": {} });
            sends(shopper.ask("PUT", &format!("{CUSTOMER}/payments/{request}")).header("idempotency-key", "k").json(&body))
        };
        let first = pays(&shopper, &card, "a").told_transaction();
        assert_eq!(pays(&shopper, &card, "a").told_transaction(), first);
        pays(&shopper, &card, "b").fails(422, "AP99");
        assert_ne!(pays(&other, &others, "a").told_transaction().id(), first.id());
        assert_eq!(till.uses_left(&request), Some(1));
        let place = format!("/wow/v1/pay/instore/merchant/transactions/{}/refund", first.id());
        let refunds = |reason: &str| till.posts_keyed(&place, &json!({ "data": { "reason": reason }, "meta": {} }), "r");
        let back = refunds("broken").told_transaction();
        assert_eq!((refunds("broken").told_transaction(), back.outcome().2), (back, -5.0));
        refunds("late").fails(422, "AP99");
        assert_eq!(till.transactions("").len(), 3);
    }
}

story! {
    fn a_session_is_linked_once_and_not_after_its_end(florin) {
        let till = florin.retailer(0);
        let opened = |more: Value| {
            let mut session = json!({ "location": "lane 4", "merchantInfo": {} });
            session.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
            text(&till.in_store("POST", "/payment/session", session).data(), "paymentSessionId")
        };
        let links = |session: &str, request: &str| {
            till.in_store("POST", &format!("/payment/session/{session}"), json!({ "merchantInfo": {}, "paymentRequestId": request }))
        };
        let (session, first, second) = (opened(json!({})), till.asked(5.0, &json!({})), till.asked(6.0, &json!({})));
        assert_eq!(links(&session, &first).data()["paymentRequestId"], json!(first));
        let refused = links(&session, &second).fails(422, "BI08").json();
        let detail = text(&refused, "errorDetail");
        assert!(detail.contains(&session) && detail.contains(&first), "{detail}");
        let short = opened(json!({ "timeToLivePaymentSession": 60 }));
        florin.time_passes("2m");
        links(&short, &second).fails(400, "BI08");
        till.looks_at(&format!("/payment/session/{short}")).fails(422, "BI08");
        links("00000000-0000-4000-8000-000000000000", &second).fails(422, "BI24");
    }
}
