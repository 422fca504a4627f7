//! The body of a payment, read into what the house is asked to do.
//!
//! Invariant: an instrument that is named in two ways is named by both, and one that is named badly is named by neither, so
//! that a mistake is never read as somebody else's card.

use std::collections::HashSet;

use florin_domain::InstrumentToken;
use florin_domain::instrument::InstrumentId;
use florin_domain::payment::Atomicity;
use florin_service::payments::{PayItem, PayOrder};
use florin_service::three_ds::ThreeDsResponse;
use florin_service::{Authentication, ServiceError};
use serde::Deserialize;

use super::kinds::{HoldOrTake, TransactionType};
use super::{PARTS_MAX, REFERENCE_MAX};
use crate::fields::{Hidden, Text};
use crate::fraud::FraudPayload;
use crate::maybe::Maybe;
use crate::money::Amount;
use crate::particulars::{BasketItem, ControlData, Destination, Line, MerchantField, StoreData, WellFormed};
use crate::three_ds::ChallengeResponse;

/// A payment as it is sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentsRequest {
    transaction_type: TransactionType<HoldOrTake>,
    client_reference: Text<REFERENCE_MAX>,
    order_number: Text<REFERENCE_MAX>,
    payments: Vec<Part>,
    store_data: Option<StoreData>,
    /// Our extension: whether what was charged stays charged when another instrument is refused. It does if nothing is said.
    allow_partial_success: Option<bool>,
    /// Our extension: with the other one false, leaves it to the merchant to put the charged instruments back.
    skip_rollback: Option<bool>,
    /// Our extension: answers to demands for authentication.
    #[serde(default)]
    challenge_responses: Vec<ChallengeResponse>,
    shipping_address: Option<Destination>,
    fraud_payload: Option<FraudPayload>,
    #[serde(rename = "extendedMerchantData")]
    _extended_merchant_data: Option<Vec<WellFormed<MerchantField>>>,
    #[serde(rename = "basketData")]
    _basket_data: Option<Vec<WellFormed<BasketItem>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    #[serde(default)]
    payment_instrument_id: Maybe<Text<REFERENCE_MAX>>,
    #[serde(default)]
    payment_token: Maybe<Text<REFERENCE_MAX>>,
    amount: Amount,
    #[serde(default)]
    step_up_token: Maybe<Hidden>,
    #[serde(default)]
    passcode: Maybe<Hidden>,
    #[serde(rename = "threeDS")]
    three_ds: Option<ThreeDs>,
    #[serde(rename = "controlData")]
    _control_data: Option<WellFormed<ControlData>>,
}

/// The merchant's own authentication of the cardholder.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThreeDs {
    message_version: Line,
    #[serde(rename = "xid")]
    _xid: Line,
    authentication_value: Line,
    #[serde(rename = "dsTransID")]
    ds_trans_id: Line,
    eci: Line,
    #[serde(rename = "aresStatus")]
    _ares_status: AresStatus,
    #[serde(rename = "veresEnrolled")]
    _veres_enrolled: VeresEnrolled,
    trans_status: TransStatus,
    #[serde(rename = "sli")]
    _sli: Option<Line>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum AresStatus {
    Y,
    N,
    C,
    R,
    A,
    U,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum VeresEnrolled {
    Y,
    N,
    U,
    B,
}

/// How the authentication ended, after a challenge if there was one.
#[derive(Debug, Clone, Copy, Deserialize)]
enum TransStatus {
    Y,
    N,
    U,
    A,
    C,
    D,
    R,
    I,
}

impl TransStatus {
    const fn letter(self) -> char {
        match self {
            Self::Y => 'Y',
            Self::N => 'N',
            Self::U => 'U',
            Self::A => 'A',
            Self::C => 'C',
            Self::D => 'D',
            Self::R => 'R',
            Self::I => 'I',
        }
    }
}

/// How a part names its instrument, as it was sent; empty where it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// By its id.
    pub id: String,
    /// By its token.
    pub token: String,
}

/// A payment that may be asked for.
#[derive(Debug)]
pub struct Asked {
    /// What the house is asked.
    pub order: PayOrder,
    /// How each part names its instrument.
    pub names: Vec<Name>,
    /// The terminal it was made at.
    pub store: Option<StoreData>,
}

impl PaymentsRequest {
    /// Reads the body into an order.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] naming `payments` for too few or too many, for one without an instrument, and for an
    /// instrument that is named twice.
    pub fn read(self) -> Result<Asked, ServiceError> {
        let invalid = |message: &str| Err(ServiceError::invalid("payments", message));
        if self.payments.is_empty() || self.payments.len() > PARTS_MAX {
            return invalid(&format!("must hold 1 to {PARTS_MAX} payments"));
        }
        let names: Vec<_> = self.payments.iter().map(Part::name).collect();
        if names.iter().any(|name| name.id.is_empty() && name.token.is_empty()) {
            return invalid("must each have a paymentInstrumentId or a paymentToken");
        }
        let mut seen = HashSet::new();
        let is_new = |(field, name): (&'static str, &str)| name.is_empty() || seen.insert((field, name.to_ascii_lowercase()));
        if !names.iter().flat_map(|name| [("id", name.id.as_str()), ("token", name.token.as_str())]).all(is_new) {
            return invalid("must not name a payment instrument twice");
        }
        let atomicity = match (self.allow_partial_success, self.skip_rollback) {
            (None | Some(true), _) => Atomicity::KeepSuccesses,
            (Some(false), Some(true)) => Atomicity::SkipRollback,
            (Some(false), None | Some(false)) => Atomicity::AllOrNothing,
        };
        let order = PayOrder {
            client_reference: self.client_reference.into_string(),
            order_number: self.order_number.into_string(),
            kinds: self.transaction_type.kinds(),
            items: self.payments.into_iter().zip(&names).map(|(part, name)| part.item(answer(&self.challenge_responses, name))).collect(),
            atomicity,
            fraud: self.fraud_payload.map(|payload| payload.with_goods(self.shipping_address)),
        };
        Ok(Asked { order, names, store: self.store_data })
    }
}

/// The answer about the instrument of this name.
fn answer(responses: &[ChallengeResponse], name: &Name) -> Option<ThreeDsResponse> {
    let is_about = |response: &&ChallengeResponse| response.is_about(&name.id) || response.is_about(&name.token);
    responses.iter().filter(is_about).find_map(ChallengeResponse::three_ds)
}

impl Part {
    fn name(&self) -> Name {
        let text = |name: &Maybe<Text<REFERENCE_MAX>>| name.0.as_ref().map(Text::as_str).unwrap_or_default().to_owned();
        Name { id: text(&self.payment_instrument_id), token: text(&self.payment_token) }
    }

    fn item(self, three_ds: Option<ThreeDsResponse>) -> PayItem {
        let id = self.payment_instrument_id.0.map(|id| InstrumentId::parse(id.as_str())).transpose();
        let token = self.payment_token.0.map(|token| InstrumentToken::parse(token.as_str())).transpose();
        let (instrument, token) = match (id, token) {
            (Ok(id), Ok(token)) => (id, token),
            _ => (None, None),
        };
        PayItem {
            instrument,
            token,
            amount: self.amount.money(),
            step_up: self.step_up_token.0.map(|token| token.expose().to_owned()),
            passcode: self.passcode.0.map(Hidden::into_secret),
            authentication: self.three_ds.map(ThreeDs::authentication),
            three_ds,
        }
    }
}

impl ThreeDs {
    fn authentication(self) -> Authentication {
        Authentication {
            version: self.message_version.0,
            value: self.authentication_value.0,
            eci: self.eci.0,
            transaction: self.ds_trans_id.0,
            status: self.trans_status.letter(),
        }
    }
}

#[cfg(test)]
mod tests {
    use florin_domain::movement::MovementKind;

    use super::*;

    const TOKEN: &str = "a9f8b2c1-0000-4000-8000-000000000001";

    /// A request whose last field is `more`, with `payments` as its parts.
    fn body(payments: &str, more: &str) -> String {
        format!(
            r#"{{"transactionType":{{"creditCard":"PURCHASE"}},"clientReference":"c-1","orderNumber":"o-1","payments":[{payments}]{more}}}"#
        )
    }

    fn read(payments: &str, more: &str) -> Result<Asked, String> {
        let request: PaymentsRequest = serde_json::from_str(&body(payments, more)).map_err(|error| error.to_string())?;
        request.read().map_err(|error| error.to_string())
    }

    fn one(part: &str) -> Result<PayItem, String> {
        read(part, "").map(|asked| asked.order.items.into_iter().next().unwrap())
    }

    #[test]
    fn a_whole_request_is_read() {
        let part = format!(
            r#"{{"paymentInstrumentId":"90731","paymentToken":"{TOKEN}","amount":45.5,"stepUpToken":"t","passcode":"1234","other":1,
            "controlData":{{"tokenType":"PAN"}},"threeDS":{{"messageVersion":"2.2.0","xid":"","authenticationValue":"AAA=","dsTransID":"d",
            "eci":"05","aresStatus":"C","veresEnrolled":"Y","transStatus":"Y","sli":"212"}}}}"#
        );
        let more = r#","shippingAddress":{"firstName":"A","lastName":"B","email":null,"streetAddress":"1","suburb":"S","stateOrTerritory":"NSW",
            "postalCode":"2000","countryCode":"AU"},"extendedMerchantData":[{"field":"correlationId","value":"v"}],
            "storeData":{"groupId":"g","terminalId":"12345678","stan":"123456","rrn":null,"transactionTimestamp":1613543506358},
            "basketData":[{"itemId":"1","category":"c","subcategory":"s","quantity":2,"price":1.999,"currency":"NZD"}],
            "fraudPayload":{"provider":"cybersource","version":"CyberSourceTransaction_1.101","format":"ZIP_BASE_64_ENCODED",
            "responseFormat":"XML","message":"<x/>"},"whatever":{}"#;
        let asked = read(&part, more).unwrap();
        let item = &asked.order.items[0];
        assert_eq!((asked.order.client_reference.as_str(), asked.order.order_number.as_str()), ("c-1", "o-1"));
        assert_eq!((asked.order.kinds.card, asked.order.kinds.gift_card), (Some(MovementKind::Purchase), None));
        assert_eq!((item.instrument.as_ref().map(InstrumentId::as_str), item.amount.minor()), (Some("90731"), 4_550));
        assert_eq!(item.token.unwrap().to_string(), TOKEN);
        assert_eq!((item.step_up.as_deref(), item.passcode.as_ref().map(|pin| pin.expose().as_str())), (Some("t"), Some("1234")));
        let authentication = item.authentication.as_ref().unwrap();
        assert_eq!((authentication.version.as_str(), authentication.eci.as_str(), authentication.status), ("2.2.0", "05", 'Y'));
        assert_eq!(asked.store.unwrap().told_again().collect::<Vec<_>>(), [("stan", "123456"), ("terminalId", "12345678")]);
    }

    #[test]
    fn an_instrument_has_either_name_or_both() {
        let by_id = one(r#"{"paymentInstrumentId":"90731","paymentToken":"","amount":1}"#).unwrap();
        assert!(by_id.instrument.is_some() && by_id.token.is_none());
        let by_token = one(&format!(r#"{{"paymentInstrumentId":null,"paymentToken":"{TOKEN}","amount":1}}"#)).unwrap();
        assert!(by_token.instrument.is_none() && by_token.token.is_some());
        let misnamed = one(&format!(r#"{{"paymentInstrumentId":"x","paymentToken":"{TOKEN}","amount":1}}"#)).unwrap();
        assert!(misnamed.instrument.is_none() && misnamed.token.is_none(), "half a right name is a wrong one");
    }

    #[test]
    fn what_happens_to_the_others_is_the_callers_choice() {
        let atomicity = |more: &str| read(r#"{"paymentInstrumentId":"1","amount":1}"#, more).unwrap().order.atomicity;
        let table = [
            ("", Atomicity::KeepSuccesses),
            (r#","skipRollback":true"#, Atomicity::KeepSuccesses),
            (r#","allowPartialSuccess":true"#, Atomicity::KeepSuccesses),
            (r#","allowPartialSuccess":false"#, Atomicity::AllOrNothing),
            (r#","allowPartialSuccess":false,"skipRollback":false"#, Atomicity::AllOrNothing),
            (r#","allowPartialSuccess":false,"skipRollback":true"#, Atomicity::SkipRollback),
        ];
        for (more, expected) in table {
            assert_eq!(atomicity(more), expected, "{more}");
        }
    }

    #[test]
    fn parts_are_counted_and_each_names_its_own_instrument() {
        let part = |id: usize| format!(r#"{{"paymentInstrumentId":"{id}","amount":1}}"#);
        let parts = |count: usize| (1..=count).map(part).collect::<Vec<_>>().join(",");
        assert!(read(&parts(20), "").is_ok());
        let twice_by_token = format!(r#"{{"paymentToken":"{TOKEN}","amount":1}},{{"paymentToken":"{}","amount":1}}"#, TOKEN.to_uppercase());
        let table = [
            (String::new(), "1 to 20"),
            (parts(21), "1 to 20"),
            (r#"{"amount":1}"#.to_owned(), "paymentInstrumentId or a paymentToken"),
            (format!("{},{}", part(7), part(7)), "twice"),
            (twice_by_token, "twice"),
        ];
        for (payments, reason) in table {
            let error = read(&payments, "").unwrap_err();
            assert!(error.starts_with("payments ") && error.contains(reason), "{payments}: {error}");
        }
    }

    #[test]
    fn what_is_out_of_shape_is_refused() {
        let part = r#"{"paymentInstrumentId":"1","amount":1}"#;
        for more in [
            r#","storeData":{"terminalId":"1234567"}"#,
            r#","storeData":{"stan":"1234567"}"#,
            r#","storeData":{"rrn":7}"#,
            r#","storeData":{"transactionTimestamp":"now"}"#,
            r#","basketData":[{"itemId":"1","category":"c"}]"#,
            r#","basketData":[{"itemId":"1","category":"c","subcategory":"s","currency":"USD"}]"#,
            r#","basketData":[{"itemId":"1","category":"c","subcategory":"s","price":"1"}]"#,
            r#","extendedMerchantData":[{"field":"other","value":"v"}]"#,
            r#","fraudPayload":{"provider":"p","version":"v","format":"JSON","responseFormat":"XML","message":"m"}"#,
            r#","shippingAddress":{"firstName":"A"}"#,
            r#","allowPartialSuccess":"false""#,
        ] {
            assert!(read(part, more).is_err(), "{more}");
        }
        for part in [
            r#"{"paymentInstrumentId":"1"}"#,
            r#"{"paymentInstrumentId":"1","amount":"1"}"#,
            r#"{"paymentInstrumentId":"1","amount":1.001}"#,
            r#"{"paymentInstrumentId":1,"amount":1}"#,
            r#"{"paymentInstrumentId":"1","amount":1,"controlData":{"tokenType":"TOKEN"}}"#,
            r#"{"paymentInstrumentId":"1","amount":1,"threeDS":{"messageVersion":"2.2.0"}}"#,
        ] {
            assert!(one(part).is_err(), "{part}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_by_its_place() {
        let detail = |payments: &str, more: &str| {
            let read = crate::body::read::<PaymentsRequest>(&http::HeaderMap::new(), body(payments, more).as_bytes());
            serde_json::to_value(read.unwrap_err()).unwrap()["errorDetail"].as_str().unwrap().to_owned()
        };
        let part = r#"{"paymentInstrumentId":"1","amount":1}"#;
        let long = format!(r#"{{"paymentInstrumentId":"{}","amount":1}}"#, "9".repeat(101));
        let table = [
            (format!(r#"{part},{{"paymentInstrumentId":"1","amount":1.999}}"#), "", "payments[1].amount has more than two decimals."),
            (r#"{"paymentInstrumentId":"1","amount":"1"}"#.to_owned(), "", "payments[0].amount must be a JSON number."),
            (r#"{"paymentInstrumentId":"1","amount":0}"#.to_owned(), "", "payments[0].amount must be more than 0."),
            (r#"{"paymentInstrumentId":"1"}"#.to_owned(), "", "payments[0].amount is required."),
            (long, "", "payments[0].paymentInstrumentId is longer than 100 characters."),
            (part.to_owned(), r#","storeData":{"stan":"1"}"#, "storeData.stan must have 6 characters."),
            (part.to_owned(), r#","clientReference":"d""#, "clientReference is given more than once."),
        ];
        for (payments, more, expected) in table {
            assert_eq!(detail(&payments, more), expected);
        }
    }

    #[test]
    fn secrets_of_a_request_do_not_print() {
        let asked = read(r#"{"paymentInstrumentId":"1","amount":1,"passcode":"73519"}"#, "").unwrap();
        assert!(!format!("{asked:?}").contains("73519"));
    }
}
