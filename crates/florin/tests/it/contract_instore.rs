//! The published contract, in store: every operation of the family is called over HTTPS, with success and with every failure
//! that can be provoked, and the contract is asked whether it knows the answer.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::cast::{
    Answer, Call, Engine, Florin, Hearing, Instrument, NOBODY, Published, Spared, Stage, enveloped, immediate, in_store_agreement, text,
};

/// The operations of the family: number, method and path.
pub const OPERATIONS: &[Published] = &[
    (1, "GET", "/wow/v1/pay/instore/customer/transactions"),
    (2, "GET", "/wow/v1/pay/instore/customer/transactions/{transactionId}"),
    (3, "GET", "/wow/v1/pay/instore/customer/qr/{qrId}"),
    (4, "POST", "/wow/v1/pay/instore/customer/payments"),
    (5, "GET", "/wow/v1/pay/instore/customer/payments/{paymentRequestId}"),
    (6, "PUT", "/wow/v1/pay/instore/customer/payments/{paymentRequestId}"),
    (7, "GET", "/wow/v1/pay/instore/customer/instruments"),
    (8, "POST", "/wow/v1/pay/instore/customer/instruments"),
    (9, "GET", "/wow/v1/pay/instore/customer/instruments/{paymentInstrumentId}"),
    (10, "DELETE", "/wow/v1/pay/instore/customer/instruments/{paymentInstrumentId}"),
    (11, "GET", "/wow/v1/pay/instore/customer/preferences"),
    (12, "POST", "/wow/v1/pay/instore/customer/preferences"),
    (13, "GET", "/wow/v1/pay/instore/customer/payment/session/qr/{qrId}"),
    (14, "PUT", "/wow/v1/pay/instore/customer/payment/session/{paymentSessionId}"),
    (15, "DELETE", "/wow/v1/pay/instore/customer/payment/session/{paymentSessionId}"),
    (16, "GET", "/wow/v1/pay/instore/customer/payment/session/{paymentSessionId}"),
    (17, "POST", "/wow/v1/pay/instore/customer/payment/session/{paymentSessionId}"),
    (18, "GET", "/wow/v1/pay/instore/customer/termsandconditions/acceptance"),
    (19, "POST", "/wow/v1/pay/instore/customer/termsandconditions/acceptance"),
    (20, "GET", "/wow/v1/pay/instore/customer/payments/agreements"),
    (21, "POST", "/wow/v1/pay/instore/customer/payments/agreements"),
    (22, "GET", "/wow/v1/pay/instore/customer/payments/agreements/{paymentToken}"),
    (23, "POST", "/wow/v1/pay/instore/customer/payments/agreements/{paymentToken}"),
    (24, "GET", "/wow/v1/pay/instore/merchant/transactions"),
    (25, "GET", "/wow/v1/pay/instore/merchant/transactions/{transactionId}"),
    (26, "POST", "/wow/v1/pay/instore/merchant/qr"),
    (27, "GET", "/wow/v1/pay/instore/merchant/qr/{qrId}"),
    (28, "DELETE", "/wow/v1/pay/instore/merchant/qr/{qrId}"),
    (29, "GET", "/wow/v1/pay/instore/merchant/payments"),
    (30, "POST", "/wow/v1/pay/instore/merchant/payments"),
    (31, "GET", "/wow/v1/pay/instore/merchant/payments/{paymentRequestId}"),
    (32, "DELETE", "/wow/v1/pay/instore/merchant/payments/{paymentRequestId}"),
    (33, "POST", "/wow/v1/pay/instore/merchant/payment/session"),
    (34, "GET", "/wow/v1/pay/instore/merchant/payment/session/{paymentSessionId}"),
    (35, "POST", "/wow/v1/pay/instore/merchant/payment/session/{paymentSessionId}"),
    (36, "DELETE", "/wow/v1/pay/instore/merchant/payment/session/{paymentSessionId}"),
    (37, "POST", "/wow/v1/pay/instore/merchant/transactions/{transactionId}/refund"),
    (38, "POST", "/wow/v1/pay/instore/merchant/transactions/{transactionId}/completion"),
    (39, "POST", "/wow/v1/pay/instore/merchant/transactions/{transactionId}/void"),
    (40, "GET", "/wow/v1/pay/instore/merchant/preferences"),
    (41, "POST", "/wow/v1/pay/instore/merchant/preferences"),
    (42, "GET", "/wow/v1/pay/instore/merchant/schema"),
    (43, "POST", "/wow/v1/pay/instore/merchant/schema"),
    (44, "GET", "/wow/v1/pay/instore/merchant/schema/{schemaId}"),
    (45, "PUT", "/wow/v1/pay/instore/merchant/payments/agreements/{paymentToken}"),
    (46, "DELETE", "/wow/v1/pay/instore/merchant/payments/agreements/{paymentToken}"),
];

/// What the contract asks for and Florin does without.
const SPARED: &[Spared] = &[
    (21, "/data/paymentAgreement/startDate", "the contract has the answer's shape there; it is now if nothing is said"),
    (21, "/data/paymentAgreement/endDate", "the contract has the answer's shape there; there is no end if nothing is said"),
    (23, "/data/paymentAgreement/chargeFrequency", "the contract has the answer's shape there; what is left out stays"),
    (23, "/data/paymentAgreement/chargeAmount", "the contract has the answer's shape there; what is left out stays"),
];

/// An instrument that nobody has.
const NO_CARD: &str = "999999999";

/// One party's part of the hearing.
struct Party<'h, 'f> {
    hearing: &'h Hearing<'f>,
    stage: Stage<'f>,
}

/// An answer that a party got. What it should not have got is noted, so that one hearing tells all that is wrong.
struct Got<'h, 'f> {
    hearing: &'h Hearing<'f>,
    number: u8,
    answer: Answer,
}

impl Got<'_, '_> {
    /// Expects success.
    #[track_caller]
    fn is(self, status: u16) -> Answer {
        self.answer.is(status)
    }

    /// Expects an error.
    #[track_caller]
    fn fails(self, status: u16, code: &str) -> Answer {
        let Self { hearing, number, answer } = self;
        let told = if answer.body.is_empty() { Value::Null } else { answer.json() };
        if (answer.status, told["errorCode"].as_str()) != (status, Some(code)) {
            let line = std::panic::Location::caller().line();
            hearing.objects(format!("line {line}: [{number}] {} should be {status} {code}, not {}: {told}", answer.asked, answer.status));
        }
        answer
    }
}

impl<'h, 'f> Party<'h, 'f> {
    /// A party with a shopper whom nobody else is.
    fn new(hearing: &'h Hearing<'f>) -> Self {
        Self { hearing, stage: Stage::new(hearing.florin) }
    }

    /// Another shopper of the same merchant's.
    fn another(&self) -> Self {
        Self::new(self.hearing)
    }

    /// Says `data` to an operation about what has these names.
    #[track_caller]
    fn says(&self, number: u8, names: &[&str], data: Value) -> Got<'h, 'f> {
        let body = if data.is_null() { data } else { enveloped(data) };
        let answer = self.hearing.sends(&self.stage, number, &self.hearing.call(number, names, body));
        Got { hearing: self.hearing, number, answer }
    }

    /// What an operation tells when it succeeds.
    #[track_caller]
    fn told(&self, number: u8, names: &[&str], data: Value) -> Value {
        self.says(number, names, data).is(200).json()["data"].clone()
    }

    /// Asks an operation with a query.
    #[track_caller]
    fn asks(&self, number: u8, query: &str) -> Got<'h, 'f> {
        let call = self.hearing.call(number, &[], Value::Null);
        let answer = self.hearing.sends(&self.stage, number, &Call { path: format!("{}?{query}", call.path), ..call });
        Got { hearing: self.hearing, number, answer }
    }

    /// What is not there cannot be used.
    #[track_caller]
    fn finds_nothing(&self, number: u8, data: &Value) {
        for name in [NOBODY, "paymentRequestId", "0"] {
            self.says(number, &[name], data.clone()).fails(422, "BI24");
        }
    }

    /// A request with a code: both ids.
    fn requests(&self, more: &Value) -> (String, String) {
        let made = self.stage.requested(&with(json!({ "generateQR": true }), more));
        (text(&made, "paymentRequestId"), text(&made["qr"], "qrId"))
    }

    /// A session with a code: both ids.
    fn opens(&self, more: &Value) -> (String, String) {
        let made = self.stage.opened(&with(json!({ "generateQR": true }), more));
        (text(&made, "paymentSessionId"), text(&made["qr"], "qrId"))
    }
}

fn with(mut data: Value, more: &Value) -> Value {
    for (field, value) in more.as_object().expect("an object") {
        data[field] = value.clone();
    }
    data
}

/// How a request is paid with one instrument.
fn primary(instrument: &Instrument) -> Value {
    json!({ "primaryInstrumentId": instrument.id })
}

/// A key of the caller's own, as it is sent.
fn own_key() -> String {
    let private = PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("a key can be made");
    let public: PublicKeyX509Der<'_> = private.public_key().as_der().expect("a public key can be written");
    BASE64_STANDARD.encode(public.as_ref())
}

fn part(transaction: &Value) -> String {
    text(&transaction["instruments"][0]["transactions"][0], "paymentTransactionRef")
}

/// Requests: made, looked at by both sides, paid, used up, taken back and over.
fn requests(party: &Party<'_, '_>) {
    for (number, data) in [(3, json!(null)), (5, json!(null)), (6, json!({})), (31, json!(null)), (32, json!(null))] {
        party.finds_nothing(number, &data);
    }
    let new = |more: Value| with(json!({ "merchantReferenceId": "till 4", "grossAmount": 10 }), &more);
    for amount in [json!(0), json!(-1), json!(12.345), json!("10"), json!(1e30)] {
        party.says(30, &[], new(json!({ "grossAmount": amount }))).fails(400, "AP99");
    }
    for (field, value) in [
        ("maxUses", json!(-1)),
        ("timeToLivePayment", json!(1.5)),
        ("timeToLiveQR", json!(-1)),
        ("generateQR", json!("true")),
        ("basket", json!({ "items": [{}] })),
        ("posPayload", json!([])),
        ("merchantReferenceId", json!("")),
    ] {
        party.says(30, &[], new(json!({ field: value }))).fails(400, "AP99");
    }
    party.says(30, &[], new(json!({ "specificWalletId": "nobody" }))).fails(422, "BI24");
    party.says(30, &[], new(json!({ "posPayload": { "schemaId": NOBODY, "payload": {} } }))).fails(422, "BI24");
    let keyed = |amount: u32| new(json!({ "idempotencyKey": "the same till", "grossAmount": amount }));
    let first = party.told(30, &[], keyed(10));
    assert_eq!(party.told(30, &[], keyed(10)), first, "the same again");
    party.says(30, &[], keyed(11)).fails(422, "AP99");

    let card = party.stage.card();
    let (used, its_code) = party.requests(&json!({}));
    let paid = party.told(6, &[&used], primary(&card));
    assert_eq!(paid["status"], "APPROVED");
    let theirs = party.another();
    let (reserved, its_qr) = party.requests(&json!({ "specificWalletId": theirs.stage.wallet() }));
    let (closed, closed_code) = party.requests(&json!({}));
    party.says(32, &[&closed], json!(null)).is(204);
    for (request, code) in [(&used, &its_code), (&reserved, &its_qr), (&closed, &closed_code)] {
        party.says(3, &[code], json!(null)).fails(422, "BI08");
        party.says(5, &[request], json!(null)).fails(422, "BI08");
        party.says(6, &[request], primary(&card)).fails(422, "BI08");
    }
    for request in [&used, &closed] {
        party.says(32, &[request], json!(null)).fails(422, "BI08");
        party.told(31, &[request], json!(null));
    }
    for kind in ["ACTIVE", "INACTIVE", "ALL", "all"] {
        party.asks(29, &format!("type={kind}&page-size=500")).is(200);
    }
    for query in ["type=BOTH", "page=0", "page-size=501", "pageSize=many", "page=1&page=2"] {
        party.asks(29, query).fails(400, "AP99");
    }
}

/// Ways of paying: each published card, several instruments, and all that makes no sense.
fn payments(party: &Party<'_, '_>) {
    for (outcome, status) in [
        ("approved", "APPROVED"),
        ("declined", "REJECTED"),
        ("insufficient_funds", "REJECTED"),
        ("step_up", "REJECTED"),
        ("issuer_unavailable", "REJECTED"),
        ("threeds_challenge", "REJECTED"),
        ("threeds_fail", "REJECTED"),
        ("unknown_outcome", "PROCESSING"),
    ] {
        let payer = party.another();
        let card = payer.stage.shopper.captures(&party.hearing.florin.card(outcome));
        let told = payer.told(4, &[], immediate(&card));
        assert_eq!(told["status"], status, "{outcome}: {told}");
        payer.told(2, &[&text(&told, "transactionId")], json!(null));
        party.told(25, &[&text(&told, "transactionId")], json!(null));
        let told = payer.told(6, &[&payer.stage.request()], primary(&card));
        assert_eq!(told["status"], status, "{outcome}: {told}");
        payer.says(1, &[], json!(null)).is(200);
    }
    let payer = party.another();
    let (card, request) = (payer.stage.card(), payer.stage.request());
    let gift = payer.stage.shopper.takes(&party.hearing.florin.gift_card("628000", 50.0));
    let empty = payer.stage.shopper.takes(&party.hearing.florin.gift_card("628000", 1.0));
    for amount in [json!(12.345), json!(0), json!(-1), json!("12")] {
        let shares = json!([{ "paymentInstrumentId": card.id, "amount": amount }]);
        payer.says(4, &[], with(immediate(&card), &json!({ "payments": shares }))).fails(400, "AP99");
    }
    payer.says(4, &[], with(immediate(&card), &json!({ "payments": [] }))).fails(400, "AP99");
    payer.says(4, &[], with(immediate(&card), &json!({ "transactionType": { "creditCard": "REFUND" } }))).fails(400, "AP99");
    payer.says(4, &[], with(immediate(&card), &json!({ "posPayload": { "schemaId": NOBODY } }))).fails(422, "BI24");
    let nobody = Instrument { id: NO_CARD.to_owned(), token: NOBODY.to_owned() };
    payer.says(4, &[], immediate(&nobody)).fails(422, "BI24");
    payer.says(6, &[&request], primary(&nobody)).fails(422, "BI24");
    let split = |cards: &[(&Instrument, f64)], more: Value| {
        let shares: Vec<_> = cards.iter().map(|(card, amount)| json!({ "instrumentId": card.id, "amount": amount })).collect();
        with(json!({ "primaryInstrumentId": card.id, "secondaryInstruments": shares }), &more)
    };
    for cards in [&[(&gift, 12.51)][..], &[(&gift, 1.0), (&gift, 1.0)]] {
        payer.says(6, &[&request], split(cards, json!({}))).fails(422, "BI08");
    }
    payer.says(6, &[&request], json!({ "secondaryInstruments": [] })).fails(422, "BI08");
    let undone = payer.told(6, &[&payer.stage.request()], split(&[(&gift, 5.0), (&empty, 2.0)], json!({})));
    assert_eq!((undone["status"].as_str(), undone["rollback"].as_str()), (Some("REJECTED"), Some("SUCCESSFUL")), "{undone}");
    let kept = payer.told(6, &[&payer.stage.request()], split(&[(&gift, 5.0), (&empty, 2.0)], json!({ "allowPartialSuccess": true })));
    assert_eq!(kept["status"], "PARTIAL_SUCCESS", "{kept}");
    let stays = payer.told(6, &[&payer.stage.request()], split(&[(&gift, 5.0), (&empty, 2.0)], json!({ "skipRollback": true })));
    assert_eq!(stays["status"], "REJECTED", "{stays}");
    let whole = payer.told(6, &[&payer.stage.request()], split(&[(&gift, 5.0)], json!({})));
    assert_eq!(whole["status"], "APPROVED", "{whole}");
}

/// Codes: made for both, scanned, cancelled, over, and as pictures.
fn codes(party: &Party<'_, '_>) {
    let (session, _) = party.opens(&json!({}));
    let (request, code) = party.requests(&json!({}));
    for (kind, id) in [("PAYMENT_SESSION", &session), ("PAYMENT_REQUEST", &request), ("payment_request", &request)] {
        let made = party.told(26, &[], json!({ "referenceId": id, "referenceType": kind }));
        party.told(27, &[&text(&made, "qrId")], json!(null));
        party.says(26, &[], json!({ "referenceId": NOBODY, "referenceType": kind })).fails(422, "BI24");
    }
    party.says(26, &[], json!({ "referenceId": session, "referenceType": "PAYMENT_REQUEST" })).fails(422, "BI24");
    party.says(26, &[], json!({ "referenceId": request, "referenceType": "RECEIPT" })).fails(400, "AP99");
    party.says(26, &[], json!({ "referenceId": request, "referenceType": "PAYMENT_REQUEST", "timeToLive": -1 })).fails(400, "AP99");
    assert!(party.stage.retailer.picture(&code).starts_with(b"\x89PNG"));
    for number in [27, 28] {
        party.finds_nothing(number, &json!(null));
    }
    party.says(28, &[&code], json!(null)).is(204);
    for number in [3, 27, 28] {
        party.says(number, &[&code], json!(null)).fails(422, "BI08");
    }
    party.says(32, &[&request], json!(null)).is(204);
    party.says(26, &[], json!({ "referenceId": request, "referenceType": "PAYMENT_REQUEST" })).fails(422, "BI08");
}

/// Sessions: opened, taken up, approved beforehand, linked, ended.
fn sessions(party: &Party<'_, '_>) {
    let info = || json!({ "merchantInfo": { "payload": { "till": 4 } } });
    let customer = || json!({ "customerInfo": { "payload": {} } });
    for (number, data) in [
        (13, json!(null)),
        (14, json!({})),
        (15, json!(null)),
        (16, json!(null)),
        (17, customer()),
        (34, json!(null)),
        (35, info()),
        (36, json!(null)),
    ] {
        party.finds_nothing(number, &data);
    }
    let linked = |request: &str| with(info(), &json!({ "location": "lane 4", "paymentRequestId": request }));
    party.says(33, &[], linked(NOBODY)).fails(422, "BI24");
    party.says(33, &[], with(linked(NOBODY), &json!({ "merchantInfo": { "schemaId": NOBODY } }))).fails(422, "BI24");
    party.says(33, &[], with(linked(NOBODY), &json!({ "timeToLivePaymentSession": -1 }))).fails(400, "AP99");
    party.told(33, &[], linked(&party.stage.request()));

    let (session, code) = party.opens(&json!({}));
    let (_, of_request) = party.requests(&json!({}));
    let theirs = party.another();
    party.told(13, &[&code], json!(null));
    party.says(13, &[&of_request], json!(null)).fails(422, "BI24");
    theirs.says(3, &[&code], json!(null)).fails(422, "BI24");
    party.says(17, &[&session], json!({ "customerInfo": { "schemaId": NOBODY } })).fails(422, "BI24");
    party.says(17, &[&session], customer()).is(204);
    for other in [party, &theirs] {
        other.says(17, &[&session], customer()).fails(422, "BI08");
    }
    theirs.says(14, &[&session], json!({})).fails(422, "BI08");
    for (number, name) in [(13, &code), (15, &session), (16, &session)] {
        theirs.says(number, &[name], json!(null)).fails(422, "BI24");
    }
    party.says(14, &[&session], primary(&party.stage.card())).is(204);
    let request = party.stage.request();
    party.says(35, &[&session], with(info(), &json!({ "paymentRequestId": NOBODY }))).fails(422, "BI24");
    party.says(35, &[&session], with(info(), &json!({ "paymentRequestId": request }))).is(200);
    party.says(35, &[&session], with(info(), &json!({ "paymentRequestId": request }))).fails(422, "BI08");
    for number in [1, 24] {
        let found = party.asks(number, &format!("paymentSessionId={session}")).is(200).json();
        assert_eq!(found["meta"]["totalRecords"], 1, "what was approved beforehand was paid: {found}");
    }
    party.says(33, &[], linked(&request)).fails(422, "BI08");
    party.says(34, &[&session], json!(null)).is(200);

    let (ended, its_code) = party.opens(&json!({}));
    party.says(36, &[&ended], json!(null)).is(204);
    over(party, (&ended, &its_code), &[36, 15]);
    let (left, its_code) = party.opens(&json!({}));
    party.says(15, &[&left], json!(null)).is(204);
    over(party, (&left, &its_code), &[36, 15]);
}

/// What cannot be done with a session that is over.
fn over(party: &Party<'_, '_>, (session, code): (&str, &str), more: &[u8]) {
    for number in [16, 34].iter().chain(more) {
        party.says(*number, &[session], json!(null)).fails(422, "BI08");
    }
    party.says(13, &[code], json!(null)).fails(422, "BI08");
    party.says(14, &[session], json!({})).fails(422, "BI08");
    party.says(17, &[session], json!({ "customerInfo": {} })).fails(422, "BI08");
    party.says(35, &[session], json!({ "merchantInfo": {} })).fails(400, "BI08");
}

/// What time ends: requests, codes and sessions.
fn time(party: &Party<'_, '_>) {
    let (request, code) = party.requests(&json!({ "timeToLivePayment": 60 }));
    let (standing, short) = party.requests(&json!({ "timeToLiveQR": 60 }));
    let (session, its_code) = party.opens(&json!({ "timeToLivePaymentSession": 60 }));
    party.told(31, &[&request], json!(null));
    party.told(34, &[&session], json!(null));
    party.hearing.florin.time_passes("2m");
    for (number, name) in [(3, &code), (3, &short), (5, &request), (27, &short), (28, &short), (32, &request)] {
        party.says(number, &[name], json!(null)).fails(422, "BI08");
    }
    party.says(6, &[&request], json!({})).fails(422, "BI08");
    party.says(26, &[], json!({ "referenceId": request, "referenceType": "PAYMENT_REQUEST" })).fails(422, "BI08");
    party.says(26, &[], json!({ "referenceId": session, "referenceType": "PAYMENT_SESSION" })).fails(422, "BI08");
    party.told(5, &[&standing], json!(null));
    over(party, (&session, &its_code), &[]);
}

/// Instruments, preferences and terms of the shopper's.
fn things(party: &Party<'_, '_>) {
    for number in [9, 10] {
        for name in [NO_CARD, NOBODY, "paymentInstrumentId"] {
            party.says(number, &[name], json!(null)).fails(422, "BI24");
        }
    }
    let shopper = &party.stage.shopper;
    let florin = party.hearing.florin;
    let kept = [
        party.stage.card(),
        shopper.captures(&florin.card("step_up")),
        shopper.takes(&florin.gift_card("628000", 5.0)),
        shopper.brings_paypal("fake-hearing"),
    ];
    for instrument in &kept {
        party.told(9, &[&instrument.id], json!(null));
        party.told(9, &[&instrument.token], json!(null));
    }
    let call = party.hearing.call(9, &[&kept[0].token], Value::Null);
    for (key, status) in [(own_key(), 200), ("no key".to_owned(), 422)] {
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("publicKey", &key).finish();
        party.hearing.sends(&party.stage, 9, &Call::get(format!("{}?{query}", call.path))).is(status);
    }
    let theirs = party.another();
    theirs.says(9, &[&kept[0].id], json!(null)).fails(422, "BI24");
    theirs.says(10, &[&kept[0].id], json!(null)).fails(422, "BI24");
    party.told(7, &[], json!(null));
    let session = party.stage.session();
    party.asks(7, &format!("paymentSessionId={session}")).is(200);
    party.stage.takes_up(&session);
    theirs.asks(7, &format!("paymentSessionId={session}")).fails(422, "BI24");
    party.asks(7, &format!("paymentSessionId={NOBODY}")).fails(422, "BI24");
    party.says(10, &[&kept[0].token], json!(null)).is(204);
    party.says(10, &[&kept[0].id], json!(null)).fails(422, "BI24");

    party.told(11, &[], json!(null));
    party.says(12, &[], json!({ "payments": { "primaryInstrumentId": "a card" } })).fails(422, "BI24");
    party.says(12, &[], json!({ "payments": { "secondaryInstruments": { "order": "BY_COLOUR" } } })).fails(400, "AP99");
    party.says(12, &[], json!({ "general": { "app": { "theme": 7 } } })).fails(400, "AP99");
    party.says(12, &[], json!({})).is(204);
    party.told(11, &[], json!(null));
    for version in ["1.0.0", "2.0.0"] {
        party.says(19, &[], json!({ "type": "EVERYDAY_PAY", "version": version })).is(204);
    }
    let found = party.asks(18, "type=EVERYDAY_PAY&version=2.0.0").is(200).json();
    assert_eq!(found["data"]["termsAndConditionsAcceptances"].as_array().map(Vec::len), Some(1));
    party.asks(18, "type=A&type=B").fails(400, "AP99");
}

/// Agreements: made, charged at once, changed, ended.
fn agreements(party: &Party<'_, '_>) {
    let news = || json!({ "clientReference": "change" });
    let charge = |token: &str, amount: Value| {
        json!({
            "paymentToken": token, "amount": amount, "clientReference": "charge", "orderNumber": "order", "transactionType": "PURCHASE",
        })
    };
    for (number, data) in [(22, json!(null)), (23, news()), (45, charge(NOBODY, json!(1.0))), (46, json!(null))] {
        party.finds_nothing(number, &data);
    }
    let nobody = Instrument { id: NO_CARD.to_owned(), token: NOBODY.to_owned() };
    party.says(21, &[], in_store_agreement(&nobody)).fails(422, "BI24");
    let shopper = &party.stage.shopper;
    let gift = shopper.takes(&party.hearing.florin.gift_card("628000", 5.0));
    party.says(21, &[], in_store_agreement(&gift)).fails(422, "ES130");
    let made_with = |card: &Instrument, field: &str, value: Value| {
        let mut agreement = in_store_agreement(card);
        agreement["paymentAgreement"][field] = value;
        agreement
    };
    let card = party.stage.card();
    for (field, value) in [
        ("endDate", json!("2020-01-01T00:00:00.000Z")),
        ("startDate", json!("soon")),
        ("type", json!("FOREVER")),
        ("chargeFrequency", json!("HOURLY")),
        ("chargeAmount", json!(0)),
    ] {
        party.says(21, &[], made_with(&card, field, value)).fails(400, "AP99");
    }
    let mut unnamed = made_with(&card, "immediateCharge", json!(true));
    unnamed.as_object_mut().expect("an object").remove("orderNumber");
    party.says(21, &[], unnamed).fails(400, "AP99");
    let declining = shopper.captures(&party.hearing.florin.card("declined"));
    party.says(21, &[], made_with(&declining, "immediateCharge", json!(true))).fails(422, "ES52");
    let made = party.told(21, &[], made_with(&card, "immediateCharge", json!(true)));
    assert_eq!(made["transaction"]["status"], "APPROVED", "{made}");
    let token = text(&made, "paymentToken");
    party.told(22, &[&token], json!(null));
    party.told(23, &[&token], news());
    party.told(23, &[&token], with(news(), &json!({ "paymentAgreement": { "chargeAmount": 5, "paymentInstrumentId": declining.id } })));
    party.says(23, &[&token], with(news(), &json!({ "paymentAgreement": { "paymentInstrumentId": NO_CARD } }))).fails(422, "BI24");
    party.says(23, &[&token], with(news(), &json!({ "paymentAgreement": { "chargeAmount": "5" } }))).fails(400, "AP99");
    assert_eq!(party.told(45, &[&token], charge(&token, json!(2.99)))["status"], "REJECTED");
    party.says(45, &[&token], charge(&token, json!(2.999))).fails(400, "AP99");
    party.told(20, &[], json!(null));
    let theirs = party.another();
    theirs.says(22, &[&token], json!(null)).fails(422, "BI24");
    theirs.says(23, &[&token], news()).fails(422, "BI24");
    party.says(46, &[&token], json!(null)).is(204);
    for (number, data) in [(22, json!(null)), (23, news()), (45, charge(&token, json!(1.0))), (46, json!(null))] {
        party.says(number, &[&token], data).fails(422, "BI24");
    }
}

/// What merchants do afterwards.
fn afterwards(party: &Party<'_, '_>) {
    let refund = |parts: Value| with(json!({ "reason": "broken" }), &parts);
    let complete = |parts: Value| with(json!({ "clientReference": "complete" }), &parts);
    for (number, data) in
        [(2, json!(null)), (25, json!(null)), (37, refund(json!({}))), (38, complete(json!({}))), (39, complete(json!({})))]
    {
        party.finds_nothing(number, &data);
    }
    for number in [1, 24] {
        for query in ["page=0", "page-size=501", "start-time=yesterday", "end-time=2026-13-01T00:00:00Z", "page=1&page=2"] {
            party.asks(number, query).fails(400, "AP99");
        }
        party.asks(number, "startTime=2020-01-01T00:00:00.000Z&pageSize=500&page=1&endTime=2039-01-01T00:00:00%2B11:00").is(200);
    }
    let (bought, held) = (party.stage.paid(false), party.stage.paid(true));
    let (bought_id, held_id) = (text(&bought, "transactionId"), text(&held, "transactionId"));
    let refunds =
        |reference: &str, amount: f64| refund(json!({ "subTransactions": [{ "subTransactionRef": reference, "amount": amount }] }));
    let completions =
        |reference: &str, amount: f64| complete(json!({ "completions": [{ "paymentTransactionRef": reference, "amount": amount }] }));
    let voids = |reference: &str| complete(json!({ "voids": [{ "paymentTransactionRef": reference }] }));
    for (number, about, data, list, code) in [
        (37, &bought_id, refunds(&part(&held), 1.0), "refundResponses", "BI55"),
        (37, &bought_id, refunds(&part(&bought), 99.0), "refundResponses", "ES112"),
        (38, &held_id, completions(&part(&bought), 1.0), "completionResponses", "BI55"),
        (38, &held_id, completions(&part(&held), 99.0), "completionResponses", "ES122"),
        (39, &held_id, voids(&part(&bought)), "voidResponses", "BI55"),
        (39, &bought_id, voids(&part(&bought)), "voidResponses", "BI55"),
    ] {
        let status = if number == 37 { 422 } else { 400 };
        let refused = party.says(number, &[about], data).fails(status, "BI52");
        assert_eq!(refused.told(list, "errorCode"), code, "[{number}]");
    }
    party.says(37, &[&bought_id], refund(json!({ "subTransactions": [] }))).fails(400, "AP99");
    party.says(37, &[&bought_id], refunds(&part(&bought), 0.001)).fails(400, "AP99");
    party.says(38, &[&held_id], complete(json!({ "completions": [] }))).fails(400, "AP99");
    party.says(39, &[&held_id], complete(json!({ "voids": {} }))).fails(400, "AP99");
    for (number, about) in [(37, &held_id), (38, &bought_id), (39, &bought_id)] {
        let data = if number == 37 { refund(json!({})) } else { complete(json!({})) };
        party.says(number, &[about], data).fails(422, "BI08");
    }

    let given_back = party.told(37, &[&bought_id], refund(json!({})));
    assert_eq!(given_back["type"], "REFUND");
    let completed = party.told(38, &[&held_id], complete(json!({})));
    let again = party.stage.paid(true);
    let voided = party.told(39, &[&text(&again, "transactionId")], complete(json!({})));
    for made in [&given_back, &completed, &voided] {
        let id = text(made, "transactionId");
        party.told(2, &[&id], json!(null));
        party.told(25, &[&id], json!(null));
        if made != &completed {
            party.says(37, &[&id], refund(json!({}))).fails(422, "BI08");
        }
    }
    party.says(37, &[&bought_id], refund(json!({}))).fails(422, "BI08");
    party.another().says(2, &[&bought_id], json!(null)).fails(422, "BI24");
    // An amount by which the simulated network declines.
    let card = party.stage.card();
    let whole = json!([{ "paymentInstrumentId": card.id, "amount": 9_999 }]);
    let dear = party.told(4, &[], with(immediate(&card), &json!({ "payments": whole })));
    let declined = party.told(37, &[&text(&dear, "transactionId")], refunds(&part(&dear), 9_991.05));
    assert_eq!(declined["status"], "REJECTED", "{declined}");
    for number in [1, 24] {
        party.asks(number, "page-size=500").is(200);
    }
}

/// What merchants set up: preferences, schemas, and data that follow them.
fn setting_up(party: &Party<'_, '_>) {
    for data in [json!({ "qr": { "content": "nothing that leads on" } }), json!({ "qr": "x" }), json!({ "qr": { "content": 7 } })] {
        party.says(41, &[], data).fails(400, "AP99");
    }
    party.told(40, &[], json!(null));
    party.finds_nothing(44, &json!(null));
    for schema in [json!({ "type": "nothing" }), json!([]), json!("{}")] {
        party.says(43, &[], json!({ "schema": schema, "type": "pos" })).fails(400, "AP99");
    }
    let form = json!({ "type": "object", "required": ["till"], "properties": { "till": { "type": "integer" } } });
    let made = party.told(43, &[], json!({ "schema": form, "type": "pos" }));
    let id = text(&made, "schemaId");
    assert_eq!(party.told(44, &[&id], json!(null))["schema"], form);
    // The one that every merchant has.
    party.told(44, &["0a221353-b26c-4848-9a77-4a8bcbacf228"], json!(null));
    party.told(42, &[], json!(null));
    for (payload, status) in [(json!({ "till": 4 }), 200), (json!({ "till": "four" }), 422), (json!({}), 422)] {
        let data = json!({ "schemaId": id, "payload": payload });
        let request = json!({ "merchantReferenceId": "till 4", "grossAmount": 10, "posPayload": data, "merchantPayload": data });
        let answer = party.says(30, &[], request).is(status);
        if status == 200 {
            party.told(31, &[&text(&answer.json()["data"], "paymentRequestId")], json!(null));
        }
        party.says(33, &[], json!({ "location": "lane 4", "merchantInfo": data })).is(status);
        party.says(35, &[&party.stage.session()], json!({ "merchantInfo": data })).is(status);
        let expected = if status == 200 { 204 } else { status };
        party.says(17, &[&party.stage.session()], json!({ "customerInfo": data })).is(expected);
        party.says(4, &[], with(immediate(&party.stage.card()), &json!({ "posPayload": data }))).is(status);
    }
}

/// What is too much.
fn limits(party: &Party<'_, '_>) {
    for _ in 0..10 {
        party.told(8, &[], json!({ "clientReference": "capture" }));
    }
    let refused = party.says(8, &[], json!({ "clientReference": "capture" })).fails(429, "AP99");
    assert!(refused.header("retry-after").parse::<u32>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
}

#[test]
fn the_contract_knows_every_answer_in_store() {
    let florin = Florin::start(Engine::Sqlite);
    let Some(hearing) = Hearing::of(&florin, OPERATIONS, SPARED) else { return };
    let outsider = florin.new_retailer("outsider").key;
    for (number, ..) in OPERATIONS {
        hearing.common(*number, &outsider);
    }
    for part in [requests, payments, codes, sessions, time, things, agreements, afterwards, setting_up, limits] {
        part(&Party::new(&hearing));
    }
    hearing.close();
    florin.books_are_right();
}
