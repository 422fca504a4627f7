//! A hearing: calls of a family's operations, every answer to which is put to the published contract.
//!
//! Invariant: an answer that was heard was judged, and whoever closes the hearing is told all that the contract has against it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use florin_wpay::Access;
use serde_json::{Value, json};

use super::http::Ask;
use super::{Answer, Call, Contract, Florin, Stage};

/// An operation of the contract: its number, method and path.
pub type Published = (u8, &'static str, &'static str);

/// A field that the contract asks for and Florin does without: the operation's number, where it stands, and why.
pub type Spared = (u8, &'static str, &'static str);

/// An id that nothing has.
pub const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// Who sends a call.
#[derive(Clone, Copy, PartialEq)]
enum Who {
    Server,
    Shopper,
    Guest,
    /// A shopper of any kind.
    Anyone,
    /// Whoever has the merchant's key.
    Keyed,
}

/// Hears every answer, and asks the contract about it.
pub struct Hearing<'f> {
    /// The server that answers.
    pub florin: &'f Florin,
    contract: Contract,
    operations: &'static [Published],
    spared: &'static [Spared],
    heard: RefCell<BTreeMap<u8, Vec<u16>>>,
    /// What the contract had against what was heard.
    faults: RefCell<BTreeSet<String>>,
}

impl<'f> Hearing<'f> {
    /// Begins a hearing of `operations`, if there is a contract to judge by. What is `spared` may be left out of calls.
    pub fn of(florin: &'f Florin, operations: &'static [Published], spared: &'static [Spared]) -> Option<Self> {
        let contract = Contract::read()?;
        Some(Self { florin, contract, operations, spared, heard: RefCell::default(), faults: RefCell::default() })
    }

    /// Method and path of an operation.
    #[track_caller]
    pub fn place(&self, number: u8) -> (&'static str, &'static str) {
        let (_, method, path) = self.operations.iter().find(|(known, ..)| *known == number).expect("an operation");
        (method, path)
    }

    fn who(&self, number: u8) -> Who {
        let (method, path) = self.place(number);
        let mut routed = florin_wpay::operations().iter();
        let found = routed.find(|operation| operation.path == path && operation.method.as_str() == method);
        match found.unwrap_or_else(|| panic!("{method} {path} is routed nowhere")).access {
            Access::Server | Access::ShopperOrServer | Access::ServerOrShopper => Who::Server,
            Access::Shopper => Who::Shopper,
            Access::Guest => Who::Guest,
            Access::AnyShopper => Who::Anyone,
            Access::Key => Who::Keyed,
            Access::Open => panic!("nobody opened {method} {path}"),
        }
    }

    /// Puts an answer to the contract.
    #[track_caller]
    pub fn hears(&self, number: u8, answer: &Answer) {
        let (method, path) = self.place(number);
        self.faults.borrow_mut().extend(self.contract.faults(method, path, answer));
        self.heard.borrow_mut().entry(number).or_default().push(answer.status);
    }

    /// Notes what is wrong beside what the contract says; the end of the hearing tells it.
    pub fn objects(&self, fault: String) {
        self.faults.borrow_mut().insert(fault);
    }

    /// Sends a call with all that belongs to it.
    #[track_caller]
    pub fn sends(&self, stage: &Stage<'_>, number: u8, call: &Call) -> Answer {
        let token = match self.who(number) {
            Who::Server | Who::Keyed => None,
            Who::Shopper | Who::Anyone => Some(&stage.shopper.token),
            Who::Guest => Some(&stage.guest.token),
        };
        let answer = call.send(self.florin, |ask| {
            let ask = ask.header("x-api-key", &stage.retailer.key);
            match token {
                Some(token) => ask.bearer(token),
                None => ask,
            }
        });
        self.hears(number, &answer);
        answer
    }

    /// A call of an operation about what has these names, in the order of its path, and else about nothing that is there.
    #[track_caller]
    pub fn call(&self, number: u8, names: &[&str], body: Value) -> Call {
        let (method, path) = self.place(number);
        let mut names = names.iter();
        let part = |part: &'static str| match part {
            "{paymentInstrumentId}" => names.next().map_or("999999999", |name| *name).to_owned(),
            _ if part.starts_with('{') => names.next().map_or(NOBODY, |name| *name).to_owned(),
            _ => part.to_owned(),
        };
        let path = path.split('/').map(part).collect::<Vec<_>>().join("/");
        Call { method, path, body: Some(body).filter(|body| !body.is_null()), session: None }
    }

    /// Sends `body` to an operation, about nothing that is there, and expects a failure.
    #[track_caller]
    pub fn fails(&self, stage: &Stage<'_>, number: u8, body: Value, expected: (u16, &str)) -> Answer {
        self.sends(stage, number, &self.call(number, &[], body)).fails(expected.0, expected.1)
    }

    /// What every operation answers: yes, and no to whoever lacks something. `outsider` is the key of a merchant whose servers
    /// may not call from here.
    pub fn common(&self, number: u8, outsider: &str) {
        let (stage, (method, path)) = (Stage::new(self.florin), self.place(number));
        let sound = stage.sound(method, path);
        let keyed = |ask: Ask| ask.header("x-api-key", &stage.retailer.key);
        let refused = |credentials: &dyn Fn(Ask) -> Ask, status, code| {
            self.hears(number, &sound.send(self.florin, credentials).fails(status, code));
        };
        refused(&|ask| ask, 401, "AP01");
        let who = self.who(number);
        match who {
            Who::Server => refused(&|ask| ask.header("x-api-key", outsider), 403, "AP99"),
            Who::Anyone => refused(&keyed, 401, "AP02"),
            Who::Keyed => {}
            Who::Shopper | Who::Guest => {
                refused(&keyed, 401, "AP02");
                let other = if who == Who::Guest { &stage.shopper } else { &stage.guest };
                refused(&|ask| keyed(ask).bearer(&other.token), 403, "AP99");
            }
        }
        if let Some(body) = &sound.body {
            self.bad_bodies(&stage, number, &sound, body);
        }
        let answer = self.sends(&stage, number, &sound);
        assert!([200, 204].contains(&answer.status), "[{number}] {}: {}", answer.asked, answer.text());
    }

    /// A body that is none, and one without each of the fields that must be there, and with each of the wrong kind.
    fn bad_bodies(&self, stage: &Stage<'_>, number: u8, sound: &Call, body: &Value) {
        let (method, path) = self.place(number);
        for broken in [json!([]), json!("text"), json!(5), json!(null)] {
            self.sends(stage, number, &Call { body: Some(broken), ..sound.clone() }).fails(400, "AP99");
        }
        for pointer in self.contract.required(method, path, body) {
            let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
            let is_spared = self.spared.iter().any(|(of, place, _)| *of == number && *place == pointer);
            let is_object = body.pointer(&pointer).is_some_and(Value::is_object);
            let wrong = Some(if is_object { json!("text") } else { json!({ "a": [] }) });
            for wrong in [None, wrong].into_iter().filter(|wrong| wrong.is_some() || !is_spared) {
                let mut changed = body.clone();
                let object = changed.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
                let what = format!("[{number}] {pointer} as {wrong:?}");
                match wrong {
                    None => object.remove(name),
                    Some(wrong) => object.insert(name.to_owned(), wrong),
                };
                let answer = self.sends(stage, number, &Call { body: Some(changed), ..sound.clone() });
                let body = answer.json();
                let is_named = body["errorDetail"].as_str().is_some_and(|detail| detail.contains(name));
                if !(is_named && answer.status == 400 && body["errorCode"] == "AP99") {
                    self.objects(format!("{what} got {}: {body}", answer.status));
                }
            }
        }
    }

    /// Ends the hearing: every operation was heard to say yes and no, and the contract has nothing against any answer.
    pub fn close(self) {
        let faults: Vec<_> = self.faults.take().into_iter().collect();
        assert!(faults.is_empty(), "{} answers against the contract:\n  {}", faults.len(), faults.join("\n  "));
        let heard = self.heard.take();
        for (number, ..) in self.operations {
            let heard = heard.get(number).map_or(&[][..], Vec::as_slice);
            assert!(heard.iter().any(|status| *status < 300), "[{number}] {heard:?}");
            assert!(heard.iter().any(|status| *status >= 400), "[{number}] {heard:?}");
        }
    }
}
