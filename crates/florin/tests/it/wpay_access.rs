//! Who may call what on the retail surface: every operation with every kind of credential.
//!
//! The table is complete: an operation that is routed and not in it fails the first test.

use florin_wpay::Access;

use crate::cast::{Answer, Ask, Call, Engine, Florin, REFRESH, Retailer, Shopper, Stage, TOKEN, eventually, sends};

/// Whom an operation is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Class {
    Anybody,
    Shopper,
    Guest,
    Server,
    ShopperOrServer,
}

/// What becomes of a call about one caller's things that is made by another of the same kind: another shopper or guest of the
/// merchant, or another merchant's server.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stranger {
    /// It is about the stranger's own things, or about nothing.
    Own,
    /// There is no such thing, as far as the stranger can tell.
    Fails(u16, &'static str),
}

use Class::{Anybody, Guest, Server, ShopperOrServer};
use Stranger::{Fails, Own};

const UNKNOWN: Stranger = Fails(400, "BI24");
const NOTHING_PAID: Stranger = Fails(400, "BI52");
/// A guest of the merchant is no shopper and a shopper is no guest.
const WRONG_KIND: (u16, &str) = (403, "AP99");

const TABLE: [(&str, &str, Class, Stranger); 39] = [
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
    ("GET", "/wow/v1/pay/instruments", Class::Shopper, Own),
    ("POST", "/wow/v1/pay/instruments", Server, Own),
    ("DELETE", "/wow/v1/pay/instruments/{paymentInstrumentId}", Class::Shopper, UNKNOWN),
    ("POST", "/wow/v1/pay/transactions", Class::Shopper, Own),
    ("GET", "/wow/v1/pay/merchants/profile", ShopperOrServer, Own),
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
];

#[test]
fn every_operation_is_in_the_table_as_what_it_is() {
    // Those in store are tried by what they are routed as; see below.
    let routed = || florin_wpay::operations().iter().filter(|operation| !is_in_store(operation.path));
    let operations = routed();
    let routed: Vec<_> = routed().map(|operation| (operation.method.as_str(), operation.path)).collect();
    let listed: Vec<_> = TABLE.iter().map(|(method, path, ..)| (*method, *path)).collect();
    assert!(routed.iter().all(|operation| listed.contains(operation)), "routed and in no table");
    assert!(listed.iter().all(|operation| routed.contains(operation)), "in the table and routed nowhere");
    for operation in operations {
        let (.., class, _) =
            TABLE.iter().find(|(method, path, ..)| *path == operation.path && *method == operation.method.as_str()).expect("a row");
        let expected = match operation.access {
            Access::Open => Class::Anybody,
            Access::Shopper | Access::AnyShopper => Class::Shopper,
            Access::Guest => Class::Guest,
            Access::Server => Class::Server,
            Access::ShopperOrServer => Class::ShopperOrServer,
        };
        assert_eq!(*class, expected, "{} {}", operation.method, operation.path);
    }
}

fn is_in_store(path: &str) -> bool {
    path.contains("/instore/")
}

/// Everybody who may turn up.
struct Crowd {
    /// Another merchant, whose servers may call.
    other: Retailer,
    /// A merchant whose servers may not, with a shopper and a guest of before.
    locked_out: (Shopper, Shopper),
    expired: (Shopper, Shopper),
    strangers: (Shopper, Shopper),
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
        florin.locks_out(&closed);
        eventually("the closed merchant to be locked out", || (token(&closed).status == 403).then_some(()));
        Self { other: florin.retailer(1), locked_out, expired, strangers: (florin.shopper(), florin.guest()) }
    }
}

fn token(retailer: &Retailer) -> Answer {
    sends(retailer.ask("POST", TOKEN).json(&serde_json::json!({ "shopperId": "probe" })))
}

/// One operation with one caller's sound calls.
struct Trial<'f> {
    florin: &'f Florin,
    row: (&'static str, &'static str, Class, Stranger),
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
            Own => assert_eq!(answer.status, 200, "{told}"),
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

    fn of_people(&self, crowd: &Crowd) {
        let (stage, call) = self.stage();
        let is_guests = self.row.2 == Guest;
        let pick = |pair: &(Shopper, Shopper)| if is_guests { pair.1.clone() } else { pair.0.clone() };
        let own = if is_guests { &stage.guest } else { &stage.shopper };
        let wrong_kind = if is_guests { &stage.shopper } else { &stage.guest };
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
        self.is("the other kind's bearer", &call, dressed(Some(key), Some(&wrong_kind.token)), Fails(WRONG_KIND.0, WRONG_KIND.1));
        self.is("a stranger's bearer", &call, dressed(Some(key), Some(&pick(&crowd.strangers).token)), self.row.3);
        self.is("the right bearer", &call, dressed(Some(key), Some(&own.token)), Own);
        // Shoppers are anywhere.
        let elsewhere = Stage::of(self.florin, &crowd.locked_out.0, &crowd.locked_out.1);
        let call = elsewhere.sound(self.row.0, self.row.1);
        self.is("a browser elsewhere", &call, dressed(Some(&elsewhere.retailer.key), Some(&pick(&crowd.locked_out).token)), Own);
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
        self.is("a bad bearer elsewhere", &call, dressed(Some(closed), Some(&stage.shopper.token)), Fails(403, "AP99"));
        for (what, key, bearer) in [
            ("no bearer", key, None),
            ("an expired bearer", key, Some(&crowd.expired.0)),
            ("a shopper's", key, Some(&stage.shopper)),
            ("a guest's", key, Some(&stage.guest)),
            ("another merchant's key", &*crowd.other.key, Some(&stage.shopper)),
            ("a browser elsewhere", closed, Some(&crowd.locked_out.0)),
        ] {
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

impl Trial<'_> {
    /// Everybody who must not get in, with a call that need not be sound, because nobody looks at it before that.
    fn of_uninvited(&self, crowd: &Crowd, takes_guests: bool) {
        let (stage, call) = (Stage::new(self.florin), Call::bare(self.row.0, self.row.1));
        let (key, closed) = (stage.retailer.key.as_str(), crowd.locked_out.0.at.key.as_str());
        self.keys(&call, key, Some(&stage.shopper.token));
        if self.row.2 == Server {
            for bearer in [None, Some(&*crowd.locked_out.0.token)] {
                self.is("a server elsewhere", &call, dressed(Some(closed), bearer), Fails(403, "AP99"));
            }
            let forged = |ask: Ask| dressed(Some(closed), None)(ask.header("x-forwarded-for", "127.0.0.1"));
            self.is("a forged address", &call, forged, Fails(403, "AP99"));
            return;
        }
        for (what, key, bearer) in [
            ("no bearer", key, None),
            ("a bearer that says nothing", key, Some("undefined")),
            ("the refresh token", key, Some(&*stage.shopper.refresh)),
            ("an expired bearer", key, Some(&*crowd.expired.0.token)),
            ("another merchant's key", &*crowd.other.key, Some(&*stage.shopper.token)),
            ("another merchant's shopper", key, Some(&*crowd.locked_out.0.token)),
        ] {
            self.is(what, &call, dressed(Some(key), bearer), Fails(401, "AP02"));
        }
        if !takes_guests {
            self.is("a guest's bearer", &call, dressed(Some(key), Some(&stage.guest.token)), Fails(WRONG_KIND.0, WRONG_KIND.1));
        }
    }
}

#[test]
fn no_operation_in_store_opens_to_anybody_without_its_credential() {
    let florin = Florin::start(Engine::Sqlite);
    let crowd = Crowd::gather(&florin);
    let in_store = florin_wpay::operations().iter().filter(|operation| is_in_store(operation.path));
    for operation in in_store {
        let class = match operation.access {
            Access::Server => Server,
            Access::Shopper | Access::AnyShopper => Class::Shopper,
            other => panic!("{} {} is open to {other:?}", operation.method, operation.path),
        };
        let trial = Trial { florin: &florin, row: (operation.method.as_str(), operation.path, class, Own) };
        trial.of_uninvited(&crowd, operation.access == Access::AnyShopper);
    }
    florin.books_are_right();
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
        let trial = Trial { florin: &florin, row };
        match row.2 {
            Anybody => trial.of_anybody(&crowd),
            Server => trial.of_servers(&crowd),
            ShopperOrServer => trial.of_either(&crowd),
            Class::Shopper | Guest => trial.of_people(&crowd),
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
