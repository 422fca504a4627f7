//! Who may call what on the retail surface: every operation with every kind of credential.
//!
//! The table is complete: an operation that is routed and not in it fails the first test.

use std::collections::HashMap;

use florin_wpay::Access;

use crate::cast::{Answer, Ask, Call, Engine, Florin, REFRESH, Retailer, Shopper, Stage, TOKEN, eventually, sends};

/// Whom an operation is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Class {
    Anybody,
    Shopper,
    Guest,
    AnyShopper,
    Server,
    ShopperOrServer,
    ServerOrShopper,
    Key,
}

/// What becomes of a call about one caller's things that is made by another of the same kind: another shopper or guest of the
/// merchant, or another merchant's server.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stranger {
    /// It is about the stranger's own things, or about nothing.
    Own,
    /// It is about something that is for whoever comes first.
    First,
    /// There is no such thing, as far as the stranger can tell.
    Fails(u16, &'static str),
}

use Class::{AnyShopper, Anybody, Guest, Key, Server, ServerOrShopper, ShopperOrServer};
use Stranger::{Fails, First, Own};

const UNKNOWN: Stranger = Fails(400, "BI24");
const NOTHING_PAID: Stranger = Fails(400, "BI52");
/// A guest of the merchant is no shopper and a shopper is no guest.
const WRONG_KIND: (u16, &str) = (403, "AP99");

/// In store, what somebody else's is unknown, or is not to be used.
const NOT_THERE: Stranger = Fails(422, "BI24");
const NOT_YOURS: Stranger = Fails(422, "BI08");

/// An operation's method and path, whom it is for, and what becomes of strangers.
type Row = (&'static str, &'static str, Class, Stranger);

/// Every operation of the surface.
const TABLE: &[Row] = &[
    ("GET", "/wow/v1/pay/", Anybody, Own),
    ("GET", "/wow/v1/pay", Anybody, Own),
    ("GET", "/.well-known/jwks.json", Anybody, Own),
    ("POST", TOKEN, Server, Own),
    ("POST", REFRESH, Server, Fails(401, "AP02")),
    ("POST", "/wow/v1/pay/cards/initcapture", Class::Shopper, Own),
    ("POST", "/wow/v1/pay/paypal/tokenize", Class::Shopper, Own),
    ("POST", "/wow/v1/pay/paypal/createtransactionriskcontext", Class::Shopper, Own),
    ("POST", "/wow/v1/pay/giftcards/tokenize", Class::Shopper, Own),
    ("POST", "/wow/v1/pay/giftcards/balance", Class::Shopper, UNKNOWN),
    ("POST", "/wow/v1/pay/androidpay/tokenize", Class::Shopper, Own),
    ("POST", "/wow/v1/pay/androidpay/tokenize/{paymentInstrumentId}", Class::Shopper, UNKNOWN),
    ("POST", "/wow/v1/pay/googlepay/tokenize", Class::Shopper, Own),
    ("POST", "/wow/v1/pay/googlepay/tokenize/{paymentToken}", Class::Shopper, UNKNOWN),
    ("POST", "/wow/v1/pay/applepay/paymentsession", Class::Shopper, Own),
    ("POST", "/wow/v1/pay/applepay/tokenize", Class::Shopper, Own),
    ("POST", "/wow/v1/pay/applepay/tokenize/{paymentInstrumentId}", Class::Shopper, UNKNOWN),
    ("POST", "/wow/v1/pay/instruments/import", Server, Own),
    ("POST", "/wow/v1/pay/instruments/verify", Class::Shopper, NOTHING_PAID),
    ("POST", "/wow/v1/pay/instruments/fraudcheck", Class::Shopper, UNKNOWN),
    ("GET", "/wow/v1/pay/instruments", Class::Shopper, Own),
    ("POST", "/wow/v1/pay/instruments", Server, Own),
    ("DELETE", "/wow/v1/pay/instruments/{paymentInstrumentId}", Class::Shopper, UNKNOWN),
    ("POST", "/wow/v1/pay/transactions", Class::Shopper, Own),
    ("GET", "/wow/v1/pay/merchants/profile", ServerOrShopper, Own),
    ("POST", "/wow/v1/pay/wallet/delete", Server, Own),
    ("POST", "/wow/v1/pay/guest/cards/initcapture", Guest, Own),
    ("POST", "/wow/v1/pay/guest/paypal/tokenize", Guest, Own),
    ("POST", "/wow/v1/pay/guest/giftcards/tokenize", Guest, Own),
    ("POST", "/wow/v1/pay/guest/googlepay/tokenize", Guest, Own),
    ("POST", "/wow/v1/pay/guest/applepay/tokenize", Guest, Own),
    ("POST", "/wow/v1/pay/payments", Class::Shopper, NOTHING_PAID),
    ("POST", "/wow/v1/pay/completions", Server, NOTHING_PAID),
    ("POST", "/wow/v1/pay/voids", Server, NOTHING_PAID),
    ("POST", "/wow/v1/pay/refunds", Server, NOTHING_PAID),
    ("POST", "/wow/v1/pay/guest/payments", Guest, NOTHING_PAID),
    ("POST", "/wow/v1/pay/paymentagreements", Class::Shopper, UNKNOWN),
    ("POST", "/wow/v1/pay/paymentagreements/{paymentToken}", Class::Shopper, UNKNOWN),
    ("DELETE", "/wow/v1/pay/paymentagreements/{paymentToken}", Server, UNKNOWN),
    ("POST", "/wow/v1/pay/paymentagreements/charge", Server, UNKNOWN),
    ("POST", "/wow/v1/pay/instore/customer/elements/capture-card/init", AnyShopper, Own),
    ("POST", "/wow/v1/pay/instore/customer/elements/capture-card/{actionId}/complete", AnyShopper, NOT_THERE),
    ("POST", "/wow/v1/pay/instore/customer/elements/step-up/init", AnyShopper, NOT_THERE),
    ("POST", "/wow/v1/pay/instore/customer/elements/step-up/{actionId}/complete", AnyShopper, NOT_THERE),
    ("POST", "/wow/v1/pay/instore/customer/elements/update-card/init", AnyShopper, NOT_THERE),
    ("POST", "/wow/v1/pay/instore/customer/elements/update-card/{actionId}/complete", AnyShopper, NOT_THERE),
    ("POST", "/wow/v1/pay/instore/customer/3ds/session/enrolment", AnyShopper, Fails(422, "3DS_002")),
    ("GET", "/wow/v1/pay/instore/customer/transactions", Class::Shopper, Own),
    ("GET", "/wow/v1/pay/instore/customer/transactions/{transactionId}", Class::Shopper, NOT_THERE),
    ("GET", "/wow/v1/pay/instore/customer/qr/{qrId}", Class::Shopper, NOT_YOURS),
    ("POST", "/wow/v1/pay/instore/customer/payments", AnyShopper, NOT_THERE),
    ("GET", "/wow/v1/pay/instore/customer/payments/{paymentRequestId}", Class::Shopper, NOT_YOURS),
    ("PUT", "/wow/v1/pay/instore/customer/payments/{paymentRequestId}", AnyShopper, NOT_THERE),
    ("GET", "/wow/v1/pay/instore/customer/instruments", Class::Shopper, Own),
    ("POST", "/wow/v1/pay/instore/customer/instruments", Class::Shopper, Own),
    ("GET", "/wow/v1/pay/instore/customer/instruments/{paymentInstrumentId}", Class::Shopper, NOT_THERE),
    ("DELETE", "/wow/v1/pay/instore/customer/instruments/{paymentInstrumentId}", Class::Shopper, NOT_THERE),
    ("GET", "/wow/v1/pay/instore/customer/preferences", Class::Shopper, Own),
    ("POST", "/wow/v1/pay/instore/customer/preferences", Class::Shopper, Own),
    ("GET", "/wow/v1/pay/instore/customer/payment/session/qr/{qrId}", Class::Shopper, NOT_THERE),
    ("PUT", "/wow/v1/pay/instore/customer/payment/session/{paymentSessionId}", AnyShopper, NOT_YOURS),
    ("DELETE", "/wow/v1/pay/instore/customer/payment/session/{paymentSessionId}", Class::Shopper, NOT_THERE),
    ("GET", "/wow/v1/pay/instore/customer/payment/session/{paymentSessionId}", Class::Shopper, NOT_THERE),
    ("POST", "/wow/v1/pay/instore/customer/payment/session/{paymentSessionId}", Class::Shopper, First),
    ("GET", "/wow/v1/pay/instore/customer/termsandconditions/acceptance", Class::Shopper, Own),
    ("POST", "/wow/v1/pay/instore/customer/termsandconditions/acceptance", Class::Shopper, Own),
    ("GET", "/wow/v1/pay/instore/customer/payments/agreements", Class::Shopper, Own),
    ("POST", "/wow/v1/pay/instore/customer/payments/agreements", Class::Shopper, NOT_THERE),
    ("GET", "/wow/v1/pay/instore/customer/payments/agreements/{paymentToken}", Class::Shopper, NOT_THERE),
    ("POST", "/wow/v1/pay/instore/customer/payments/agreements/{paymentToken}", Class::Shopper, NOT_THERE),
    ("GET", "/wow/v1/pay/instore/merchant/transactions", Server, Own),
    ("GET", "/wow/v1/pay/instore/merchant/transactions/{transactionId}", Server, NOT_THERE),
    ("POST", "/wow/v1/pay/instore/merchant/qr", Server, NOT_THERE),
    ("GET", "/wow/v1/pay/instore/merchant/qr/{qrId}", Server, NOT_THERE),
    ("DELETE", "/wow/v1/pay/instore/merchant/qr/{qrId}", Server, NOT_THERE),
    ("GET", "/wow/v1/pay/instore/merchant/payments", Server, Own),
    ("POST", "/wow/v1/pay/instore/merchant/payments", Server, Own),
    ("GET", "/wow/v1/pay/instore/merchant/payments/{paymentRequestId}", Server, NOT_THERE),
    ("DELETE", "/wow/v1/pay/instore/merchant/payments/{paymentRequestId}", Server, NOT_THERE),
    ("POST", "/wow/v1/pay/instore/merchant/payment/session", Server, Own),
    ("GET", "/wow/v1/pay/instore/merchant/payment/session/{paymentSessionId}", Server, NOT_THERE),
    ("POST", "/wow/v1/pay/instore/merchant/payment/session/{paymentSessionId}", Server, NOT_THERE),
    ("DELETE", "/wow/v1/pay/instore/merchant/payment/session/{paymentSessionId}", Server, NOT_THERE),
    ("POST", "/wow/v1/pay/instore/merchant/transactions/{transactionId}/refund", Server, NOT_THERE),
    ("POST", "/wow/v1/pay/instore/merchant/transactions/{transactionId}/completion", Server, NOT_THERE),
    ("POST", "/wow/v1/pay/instore/merchant/transactions/{transactionId}/void", Server, NOT_THERE),
    ("GET", "/wow/v1/pay/instore/merchant/preferences", Server, Own),
    ("POST", "/wow/v1/pay/instore/merchant/preferences", Server, Own),
    ("GET", "/wow/v1/pay/instore/merchant/schema", Server, Own),
    ("POST", "/wow/v1/pay/instore/merchant/schema", Server, Own),
    ("GET", "/wow/v1/pay/instore/merchant/schema/{schemaId}", Server, NOT_THERE),
    ("PUT", "/wow/v1/pay/instore/merchant/payments/agreements/{paymentToken}", Server, NOT_THERE),
    ("DELETE", "/wow/v1/pay/instore/merchant/payments/agreements/{paymentToken}", Server, NOT_THERE),
    ("GET", "/v1/gifting/listProducts", Key, Own),
    ("GET", "/v1/gifting/product/{id}", Key, Own),
    ("POST", "/v1/gifting/order/review", Key, Own),
    ("POST", "/v1/gifting/order/submit", ShopperOrServer, UNKNOWN),
    ("GET", "/wow/v1/pay/gifting/products", Key, Own),
    ("GET", "/wow/v1/pay/gifting/products/{id}", Key, Own),
    ("POST", "/wow/v1/pay/gifting/products/quote", Key, Own),
    ("POST", "/wow/v1/pay/gifting/products/order", ShopperOrServer, UNKNOWN),
    ("POST", "/v1/apm/orders", AnyShopper, Own),
    ("POST", "/v1/apm/tokenize", AnyShopper, Own),
    // A barcode is whoever's shows it.
    ("POST", "/wow/v1/pay/openpay/payments", AnyShopper, Own),
    ("POST", "/wow/v1/pay/openpay/completions", Server, NOTHING_PAID),
    ("POST", "/wow/v1/pay/openpay/voids", Server, NOTHING_PAID),
    ("POST", "/wow/v1/pay/openpay/refunds", Server, NOTHING_PAID),
];

/// Whether the table has an operation.
pub fn lists(method: &str, path: &str) -> bool {
    TABLE.iter().any(|row| (row.0, row.1) == (method, path))
}

#[test]
fn every_operation_is_in_the_table_as_what_it_is() {
    let operations = florin_wpay::operations();
    let missing: Vec<_> = operations.iter().filter(|operation| !lists(operation.method.as_str(), operation.path)).collect();
    let missing: Vec<_> = missing.iter().map(|operation| format!("{} {}", operation.method, operation.path)).collect();
    assert!(missing.is_empty(), "routed and in no table: {missing:?}");
    for (method, path, class, _) in TABLE {
        let found = operations.iter().find(|operation| operation.path == *path && operation.method.as_str() == *method);
        let expected = match found.unwrap_or_else(|| panic!("{method} {path} is in the table and routed nowhere")).access {
            Access::Open => Class::Anybody,
            Access::Shopper => Class::Shopper,
            Access::AnyShopper => Class::AnyShopper,
            Access::Guest => Class::Guest,
            Access::Server => Class::Server,
            Access::ShopperOrServer => Class::ShopperOrServer,
            Access::ServerOrShopper => Class::ServerOrShopper,
            Access::Key => Class::Key,
        };
        assert_eq!(*class, expected, "{method} {path}");
    }
}

/// Everybody who may turn up.
struct Crowd {
    /// Another merchant, whose servers may call.
    other: Retailer,
    /// A merchant whose servers may not, with a shopper and a guest of before.
    locked_out: (Shopper, Shopper),
    expired: (Shopper, Shopper),
    strangers: (Shopper, Shopper),
    /// Calls of people of the merchant whose servers may not call, prepared while these still might.
    elsewhere: HashMap<(&'static str, &'static str), (Shopper, Call)>,
}

impl Crowd {
    fn gather(florin: &Florin) -> Self {
        let retailer = florin.retailer(0);
        let short = "?access_token_exp=60&refresh_token_exp=60";
        let expired = (retailer.issues(short, "late", false), retailer.issues(short, "late", true));
        florin.time_passes("2m");
        let closed = florin.new_retailer("closed");
        florin.lets_in(&closed);
        eventually("the closed merchant to be let in", || (token(&closed).status == 200).then_some(()));
        let locked_out = (closed.signs_in("inside"), closed.welcomes("inside"));
        let people = TABLE.iter().filter(|(_, _, class, _)| matches!(class, Class::Shopper | Guest | AnyShopper));
        let elsewhere = people.map(|(method, path, class, _)| {
            let (shopper, guest) = (closed.signs_in(&florin.fresh_name("inside")), closed.welcomes(&florin.fresh_name("inside")));
            let call = Stage::of(florin, &shopper, &guest).sound(method, path);
            ((*method, *path), (if *class == Guest { guest } else { shopper }, call))
        });
        let elsewhere = elsewhere.collect();
        florin.locks_out(&closed);
        eventually("the closed merchant to be locked out", || (token(&closed).status == 403).then_some(()));
        Self { other: florin.retailer(1), locked_out, expired, strangers: (florin.shopper(), florin.guest()), elsewhere }
    }
}

fn token(retailer: &Retailer) -> Answer {
    sends(retailer.ask("POST", TOKEN).json(&serde_json::json!({ "shopperId": "probe" })))
}

/// One operation with one caller's sound calls.
struct Trial<'f> {
    florin: &'f Florin,
    row: Row,
}

impl Trial<'_> {
    fn stage(&self) -> (Stage<'_>, Call) {
        let stage = Stage::new(self.florin);
        let call = stage.sound(self.row.0, self.row.1);
        (stage, call)
    }

    #[track_caller]
    fn is(&self, what: &str, call: &Call, credentials: impl FnOnce(Ask) -> Ask, expected: Stranger) {
        let answer = call.send(self.florin, credentials);
        let told = format!("{} with {what} got {}: {}", answer.asked, answer.status, answer.text());
        match expected {
            Own | First => assert!([200, 204].contains(&answer.status), "{told}"),
            Fails(status, code) => {
                assert_eq!((answer.status, answer.json()["errorCode"].as_str()), (status, Some(code)), "{told}");
            }
        }
        assert_eq!(answer.header("access-control-allow-origin"), crate::cast::ORIGIN, "{told}");
    }

    /// Without the merchant's key nothing else counts.
    fn keys(&self, call: &Call, key: &str, bearer: Option<&str>) {
        for (what, key) in [
            ("no key", None),
            ("a wrong key", Some("fk_sandbox_0000000000000000000000000000000000000000000")),
            ("a key that says nothing", Some("undefined")),
            ("half a key", Some(&key[..20])),
        ] {
            self.is(what, call, dressed(key, bearer), Fails(401, "AP01"));
        }
    }

    fn of_servers(&self, crowd: &Crowd) {
        let (stage, call) = self.stage();
        let (key, other) = (stage.retailer.key.as_str(), crowd.other.key.as_str());
        let (own, closed) = (stage.shopper.token.as_str(), crowd.locked_out.0.at.key.as_str());
        self.keys(&call, key, Some(own));
        for (what, bearer) in
            [("no bearer", None), ("the shopper's bearer", Some(own)), ("an own shopper", Some(&*crowd.locked_out.0.token))]
        {
            self.is(&format!("{what}, not allow-listed"), &call, dressed(Some(closed), bearer), Fails(403, "AP99"));
        }
        for forged in ["127.0.0.1", "::1", "127.0.0.1, 127.0.0.1"] {
            let forged = |ask: Ask| {
                let ask = ask.header("x-forwarded-for", forged).header("forwarded", "for=127.0.0.1").header("x-real-ip", forged);
                dressed(Some(closed), None)(ask)
            };
            self.is("a forged address", &call, forged, Fails(403, "AP99"));
        }
        if self.row.1 != "/wow/v1/pay/wallet/delete" {
            self.is("another merchant's key", &call, dressed(Some(other), None), self.row.3);
        }
        self.is("the right key", &call, dressed(Some(key), None), Own);
        // Whose bearer comes along does not matter: the address alone decides.
        for (what, bearer) in
            [("an expired bearer", &crowd.expired.0), ("another shopper's", &crowd.strangers.0), ("a guest's", &crowd.strangers.1)]
        {
            let (_, call) = self.stage();
            self.is(what, &call, dressed(Some(key), Some(&bearer.token)), Own);
        }
        let (_, call) = self.stage();
        self.is("a forged address", &call, |ask| dressed(Some(key), None)(ask.header("x-forwarded-for", "203.0.113.9")), Own);
    }

    /// Everybody about a call that is a shopper's, or a guest's.
    fn of_people(&self, crowd: &Crowd, is_guests: bool) {
        let stage = self.among(is_guests);
        let call = stage.sound(self.row.0, self.row.1);
        let pick = |pair: &(Shopper, Shopper)| if is_guests { pair.1.clone() } else { pair.0.clone() };
        let own = if is_guests { &stage.guest } else { &stage.shopper };
        let key = stage.retailer.key.as_str();
        self.keys(&call, key, Some(&own.token));
        self.is("another merchant's key", &call, dressed(Some(&crowd.other.key), Some(&own.token)), Fails(401, "AP02"));
        self.is("another merchant's shopper", &call, dressed(Some(key), Some(&pick(&crowd.locked_out).token)), Fails(401, "AP02"));
        for (what, bearer) in
            [("no bearer", None), ("a bearer that says nothing", Some("undefined")), ("the refresh token", Some(&*own.refresh))]
        {
            self.is(what, &call, dressed(Some(key), bearer), Fails(401, "AP02"));
        }
        self.is("an expired bearer", &call, dressed(Some(key), Some(&pick(&crowd.expired).token)), Fails(401, "AP02"));
        if self.row.2 != AnyShopper {
            let other_kind = if is_guests { &crowd.strangers.0 } else { &crowd.strangers.1 };
            self.is("the other kind's bearer", &call, dressed(Some(key), Some(&other_kind.token)), Fails(WRONG_KIND.0, WRONG_KIND.1));
        }
        self.is("a stranger's bearer", &call, dressed(Some(key), Some(&pick(&crowd.strangers).token)), self.row.3);
        let call = if self.row.3 == First { stage.sound(self.row.0, self.row.1) } else { call };
        self.is("the right bearer", &call, dressed(Some(key), Some(&own.token)), Own);
    }

    /// A stage whose calls are a guest's where guests take shoppers' parts.
    fn among(&self, is_guests: bool) -> Stage<'_> {
        let stage = Stage::new(self.florin);
        if is_guests && self.row.2 == AnyShopper { Stage::of(self.florin, &stage.guest, &stage.guest) } else { stage }
    }

    /// Shoppers are anywhere, wherever the merchant's servers are.
    fn of_travellers(&self, crowd: &Crowd) {
        let (shopper, call) = &crowd.elsewhere[&(self.row.0, self.row.1)];
        self.is("a browser elsewhere", call, dressed(Some(&shopper.at.key), Some(&shopper.token)), Own);
    }

    fn of_either(&self, crowd: &Crowd) {
        let (stage, call) = self.stage();
        let (key, closed) = (stage.retailer.key.as_str(), crowd.locked_out.0.at.key.as_str());
        self.keys(&call, key, Some(&stage.shopper.token));
        self.is("a server elsewhere", &call, dressed(Some(closed), None), Fails(403, "AP99"));
        self.is(
            "a forged address",
            &call,
            |ask| dressed(Some(closed), None)(ask.header("x-forwarded-for", "127.0.0.1")),
            Fails(403, "AP99"),
        );
        self.is("a bearer that says nothing elsewhere", &call, dressed(Some(closed), Some("undefined")), Fails(403, "AP99"));
        self.is("a bad bearer elsewhere", &call, dressed(Some(closed), Some(&stage.shopper.token)), Fails(401, "AP02"));
        // A bad bearer is a shopper's who is to renew it; only what is no shopper's is told all the same where servers are.
        let renew = if self.row.2 == ServerOrShopper { Own } else { Fails(401, "AP02") };
        for (what, key, bearer, expected) in [
            ("an expired bearer", key, Some(&*crowd.expired.0.token), renew),
            ("half a bearer", key, Some(&stage.shopper.token[..40]), renew),
            ("another merchant's shopper", key, Some(&*crowd.locked_out.0.token), renew),
            ("another merchant's key", &*crowd.other.key, Some(&*stage.shopper.token), renew),
            ("no bearer", key, None, Own),
            ("a bearer that says nothing", key, Some("undefined"), Own),
            ("a shopper's", key, Some(&*stage.shopper.token), Own),
            ("a guest's", key, Some(&*stage.guest.token), self.row.3),
            ("a stranger elsewhere", closed, Some(&*crowd.locked_out.0.token), self.row.3),
        ] {
            self.is(what, &call, dressed(Some(key), bearer), expected);
        }
        let elsewhere = Stage::of(self.florin, &crowd.locked_out.0, &crowd.locked_out.1);
        let (call, token) = (elsewhere.sound(self.row.0, self.row.1), &*elsewhere.shopper.token);
        self.is("a browser elsewhere", &call, dressed(Some(closed), Some(token)), Own);
    }

    /// The merchant's key is enough, from wherever, and whatever else comes along counts for nothing.
    fn of_key_holders(&self, crowd: &Crowd) {
        let (stage, call) = self.stage();
        let (key, closed) = (stage.retailer.key.as_str(), crowd.locked_out.0.at.key.as_str());
        self.keys(&call, key, Some(&stage.shopper.token));
        self.is("another merchant's key", &call, dressed(Some(&crowd.other.key), None), self.row.3);
        self.is("a key from elsewhere", &call, dressed(Some(closed), None), self.row.3);
        for (what, bearer) in [
            ("no bearer", None),
            ("an expired bearer", Some(&crowd.expired.0)),
            ("a shopper's", Some(&stage.shopper)),
            ("a guest's", Some(&stage.guest)),
        ] {
            let (_, call) = self.stage();
            self.is(what, &call, dressed(Some(key), bearer.map(|shopper| &*shopper.token)), Own);
        }
    }

    fn of_anybody(&self, crowd: &Crowd) {
        let (stage, call) = self.stage();
        let (key, token) = (stage.retailer.key.as_str(), crowd.expired.0.token.as_str());
        for (key, bearer) in [(None, None), (Some("wrong"), None), (Some(key), None), (None, Some(token)), (Some(key), Some(token))] {
            self.is("whatever", &call, dressed(key, bearer), Own);
        }
    }
}

/// Puts credentials on a call.
fn dressed(key: Option<&str>, bearer: Option<&str>) -> impl FnOnce(Ask) -> Ask {
    move |ask| {
        let ask = key.into_iter().fold(ask, |ask, key| ask.header("x-api-key", key));
        bearer.into_iter().fold(ask, Ask::bearer)
    }
}

#[test]
fn nobody_gets_in_who_is_not_in_the_table() {
    let florin = Florin::start(Engine::Sqlite);
    let crowd = Crowd::gather(&florin);
    for row in TABLE {
        let trial = Trial { florin: &florin, row: *row };
        match row.2 {
            Anybody => trial.of_anybody(&crowd),
            Server => trial.of_servers(&crowd),
            ShopperOrServer | ServerOrShopper => trial.of_either(&crowd),
            Key => trial.of_key_holders(&crowd),
            Class::Shopper => trial.of_people(&crowd, false),
            Guest => trial.of_people(&crowd, true),
            AnyShopper => {
                trial.of_people(&crowd, false);
                trial.of_people(&crowd, true);
            }
        }
        if matches!(row.2, Class::Shopper | Guest | AnyShopper) {
            trial.of_travellers(&crowd);
        }
    }
    florin.books_are_right();
}

/// The address list is the operator's, and takes effect while the server runs.
#[test]
fn an_emptied_allow_list_shuts_a_merchants_servers_out_and_lets_its_shoppers_go_on() {
    let florin = Florin::start(Engine::Sqlite);
    let (retailer, shopper) = (florin.retailer(0), florin.shopper());
    let card = shopper.captures(&florin.card("approved"));
    let bought = shopper.bought(&card, 20.0);
    florin.locks_out(&retailer);
    eventually("the merchant to be locked out", || (token(&retailer).status == 403).then_some(()));
    retailer.refunds(&[(&bought, 5.0)]).fails(403, "AP99");
    let with_bearer = shopper.posts("/wow/v1/pay/refunds", &crate::cast::follow_up("refunds", &[(&bought, 5.0)]));
    with_bearer.fails(403, "AP99");
    shopper.bought(&card, 10.0);
    florin.lets_in(&retailer);
    eventually("the merchant to be let in", || (token(&retailer).status == 200).then_some(()));
    retailer.refunds(&[(&bought, 5.0)]).is(200);
    florin.books_are_right();
}
