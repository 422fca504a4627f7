//! The bodies about agreements, read into what the house is asked to do.

use florin_domain::agreement::{AgreementKind, Frequency};
use florin_domain::instrument::InstrumentId;
use florin_domain::{AgreementId, Timestamp};
use florin_service::ServiceError;
use florin_service::agreements::{AgreementChanges, ChargeAgreement, NewAgreement};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::fields::{Hidden, Instant, Text};
use crate::fraud::FraudPayload;
use crate::maybe::Maybe;
use crate::money::Amount;
use crate::particulars::{Destination, Place, WellFormed};
use crate::payments::REFERENCE_MAX;
use crate::payments::kinds::{Take, TransactionType};
use crate::spoken::Word;

/// A new agreement as it is sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateRequest {
    client_reference: Text<REFERENCE_MAX>,
    #[serde(default)]
    order_number: Maybe<Text<REFERENCE_MAX>>,
    payment_agreement: Terms,
    #[serde(rename = "customerRef", default)]
    _customer_ref: Maybe<Text<REFERENCE_MAX>>,
    #[serde(rename = "billingAddress")]
    _billing_address: Option<WellFormed<Place>>,
    shipping_address: Option<Destination>,
    fraud_payload: Option<FraudPayload>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Terms {
    #[serde(rename = "type")]
    kind: Word<AgreementKind>,
    payment_instrument_id: Text<REFERENCE_MAX>,
    #[serde(default)]
    start_date: Maybe<Instant>,
    #[serde(default)]
    end_date: Maybe<End>,
    charge_frequency: Word<Frequency>,
    charge_amount: Amount,
    immediate_charge: Option<bool>,
    #[serde(default)]
    step_up_token: Maybe<Hidden>,
}

/// Changes of an agreement as they are sent; what is left out or null stays as it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateRequest {
    client_reference: Text<REFERENCE_MAX>,
    payment_agreement: NewTerms,
    #[serde(rename = "customerRef", default)]
    _customer_ref: Maybe<Text<REFERENCE_MAX>>,
    #[serde(rename = "billingAddress")]
    _billing_address: Option<WellFormed<Place>>,
    shipping_address: Option<Destination>,
    fraud_payload: Option<FraudPayload>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewTerms {
    #[serde(default)]
    payment_instrument_id: Maybe<Text<REFERENCE_MAX>>,
    #[serde(default)]
    end_date: Maybe<End>,
    charge_frequency: Word<Frequency>,
    charge_amount: Option<Amount>,
    #[serde(default)]
    step_up_token: Maybe<Hidden>,
}

/// A charge as it is sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChargeRequest {
    transaction_type: TransactionType<Take>,
    client_reference: Text<REFERENCE_MAX>,
    order_number: Text<REFERENCE_MAX>,
    payment_token: Text<REFERENCE_MAX>,
    amount: Amount,
    #[serde(rename = "customerRef", default)]
    _customer_ref: Maybe<Text<REFERENCE_MAX>>,
    fraud_payload: Option<FraudPayload>,
}

/// The last instant of an agreement. Any in the calendar's last year is how one without an end is told, and is read back so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It has no end.
    Never,
    /// It ends then.
    At(Timestamp),
}

/// What an instant without an end begins with.
const LAST_YEAR: &str = "9999-";
/// An instant that nobody lives to see, for an agreement whose end is taken away.
const FAR_AWAY: &str = "9999-12-30T00:00:00Z";

impl<'de> Deserialize<'de> for End {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.starts_with(LAST_YEAR) {
            return Ok(Self::Never);
        }
        Timestamp::parse(&text).map(Self::At).ok_or_else(|| D::Error::custom("must be a time such as 2026-11-21T10:00:00.000Z"))
    }
}

impl End {
    /// As the end of an agreement that had another one.
    pub fn changed(self) -> Option<Timestamp> {
        match self {
            Self::Never => Timestamp::parse(FAR_AWAY),
            Self::At(at) => Some(at),
        }
    }
}

impl CreateRequest {
    /// The same with what came for the fraud screen beside the body.
    #[must_use]
    pub fn screened_by(self, payload: Option<FraudPayload>) -> Self {
        Self { fraud_payload: payload, ..self }
    }

    /// Reads the body.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] naming `orderNumber` where an immediate charge lacks it; [`ServiceError::NotFound`] for what is
    /// no instrument's id.
    pub fn read(self) -> Result<NewAgreement, ServiceError> {
        let terms = self.payment_agreement;
        let immediate = match (terms.immediate_charge, self.order_number.0) {
            (Some(true), None) => return Err(ServiceError::invalid("orderNumber", "is required with immediateCharge")),
            (Some(true), Some(order_number)) => Some(order_number.into_string()),
            (Some(false) | None, _) => None,
        };
        Ok(NewAgreement {
            client_reference: self.client_reference.into_string(),
            kind: terms.kind.0,
            instrument: instrument(&terms.payment_instrument_id)?,
            frequency: terms.charge_frequency.0,
            amount: terms.charge_amount.0,
            // Only the calls in store have a place for it.
            description: None,
            starts_at: terms.start_date.0.map(|Instant(at)| at),
            ends_at: terms.end_date.0.and_then(|end| match end {
                End::Never => None,
                End::At(at) => Some(at),
            }),
            immediate,
            step_up: terms.step_up_token.0.map(|token| token.expose().to_owned()),
            fraud: self.fraud_payload.map(|payload| payload.with_goods(self.shipping_address)),
        })
    }
}

impl UpdateRequest {
    /// Reads the body.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for what is no instrument's id.
    pub fn read(self) -> Result<AgreementChanges, ServiceError> {
        let terms = self.payment_agreement;
        Ok(AgreementChanges {
            instrument: terms.payment_instrument_id.0.as_ref().map(instrument).transpose()?,
            ends_at: terms.end_date.0.and_then(End::changed),
            frequency: terms.charge_frequency.0,
            amount: terms.charge_amount.map(|amount| amount.0),
            description: None,
            step_up: terms.step_up_token.0.map(|token| token.expose().to_owned()),
            client_reference: self.client_reference.into_string(),
            fraud: self.fraud_payload.map(|payload| payload.with_goods(self.shipping_address)),
        })
    }
}

impl ChargeRequest {
    /// The agreement as it is named.
    pub fn payment_token(&self) -> &str {
        self.payment_token.as_str()
    }

    /// Reads the body about `agreement`.
    pub fn read(self, agreement: AgreementId) -> ChargeAgreement {
        ChargeAgreement {
            agreement,
            kinds: self.transaction_type.kinds(),
            client_reference: self.client_reference.into_string(),
            order_number: self.order_number.into_string(),
            amount: self.amount.0,
            fraud: self.fraud_payload.map(FraudPayload::into_payload),
        }
    }
}

fn instrument(id: &Text<REFERENCE_MAX>) -> Result<InstrumentId, ServiceError> {
    InstrumentId::parse(id.as_str()).map_err(|_| ServiceError::NotFound("payment instrument"))
}

#[cfg(test)]
mod tests {
    use florin_domain::movement::MovementKind;

    use super::*;

    fn create(order_number: &str, more: &str) -> Result<NewAgreement, String> {
        let json = format!(
            r#"{{"clientReference":"c","orderNumber":{order_number},"billingAddress":null,"paymentAgreement":{{"type":"RECURRING",
            "paymentInstrumentId":"90731","chargeFrequency":"MONTHLY","chargeAmount":2.99{more}}}}}"#
        );
        let request: CreateRequest = serde_json::from_str(&json).map_err(|error| error.to_string())?;
        request.read().map_err(|error| error.to_string())
    }

    #[test]
    fn an_agreement_is_read_with_and_without_its_dates() {
        let plain = create("null", r#","startDate":null,"endDate":null,"stepUpToken":null"#).unwrap();
        assert_eq!((plain.kind, plain.frequency, plain.amount.minor()), (AgreementKind::Recurring, Frequency::Monthly, 299));
        assert_eq!((plain.starts_at, plain.ends_at, plain.immediate, plain.step_up), (None, None, None, None));
        let dated =
            create("\"o\"", r#","startDate":"2027-01-01T00:00:00+1100","endDate":"2028-01-01T00:00:00Z","stepUpToken":"t""#).unwrap();
        assert_eq!(dated.starts_at, Timestamp::parse("2026-12-31T13:00:00Z"));
        assert_eq!((dated.ends_at, dated.step_up.as_deref()), (Timestamp::parse("2028-01-01T00:00:00Z"), Some("t")));
        assert_eq!(create("null", r#","endDate":"9999-12-31T23:59:59.000Z""#).unwrap().ends_at, None, "as it is told");
    }

    #[test]
    fn an_immediate_charge_has_an_order() {
        assert_eq!(create("\"o\"", r#","immediateCharge":true"#).unwrap().immediate.as_deref(), Some("o"));
        assert_eq!(create("\"o\"", r#","immediateCharge":false"#).unwrap().immediate, None);
        for none in ["null", "\"\""] {
            let error = create(none, r#","immediateCharge":true"#).unwrap_err();
            assert!(error.starts_with("orderNumber "), "{error}");
        }
    }

    #[test]
    fn bad_terms_are_refused() {
        for more in [r#","startDate":"soon""#, r#","endDate":7"#, r#","immediateCharge":"true""#, r#","type":"ADHOC""#] {
            assert!(create("null", more).is_err(), "{more}");
        }
        for (good, bad) in [("RECURRING", "INSTALMENT"), ("MONTHLY", "DAILY"), ("2.99", "0"), ("2.99", "\"2.99\""), ("90731", "x")] {
            let json = r#"{"clientReference":"c","paymentAgreement":{"type":"RECURRING","paymentInstrumentId":"90731",
                "chargeFrequency":"MONTHLY","chargeAmount":2.99}}"#;
            let request = |json: &str| serde_json::from_str::<CreateRequest>(json).ok().and_then(|request| request.read().ok());
            assert!(request(json).is_some() && request(&json.replace(good, bad)).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_a_change_leaves_out_stays() {
        let update = |terms: &str| {
            let json = format!(r#"{{"clientReference":"c","paymentAgreement":{{"chargeFrequency":"WEEKLY"{terms}}}}}"#);
            serde_json::from_str::<UpdateRequest>(&json).unwrap().read().unwrap()
        };
        let plain = update(r#","paymentInstrumentId":null,"endDate":null,"chargeAmount":null,"stepUpToken":null"#);
        assert_eq!((plain.instrument, plain.ends_at, plain.frequency, plain.amount), (None, None, Frequency::Weekly, None));
        let whole = update(r#","paymentInstrumentId":"7","endDate":"9999-12-31T23:59:59.000Z","chargeAmount":5"#);
        assert_eq!((whole.instrument, whole.amount.map(florin_domain::Money::minor)), (Some(InstrumentId::kept(7)), Some(500)));
        assert!(whole.ends_at.is_some_and(|end| end.to_millis_text().starts_with(LAST_YEAR)));
    }

    #[test]
    fn a_charge_says_what_happens_to_each_kind() {
        let charge = |kinds: &str| {
            let json = format!(r#"{{"transactionType":{kinds},"clientReference":"c","orderNumber":"o","paymentToken":"t","amount":2.99}}"#);
            serde_json::from_str::<ChargeRequest>(&json)
        };
        let request = charge(r#"{"creditCard":"PREAUTH","payPal":"PURCHASE"}"#).unwrap();
        assert_eq!(request.payment_token(), "t");
        let order = request.read(AgreementId::from_random([1; 16]));
        assert_eq!(
            (order.kinds.card, order.kinds.paypal, order.amount.minor()),
            (Some(MovementKind::Preauth), Some(MovementKind::Purchase), 299)
        );
        assert!(charge(r#"{"giftCard":"PREAUTH"}"#).is_err());
        assert!(charge(r#""PURCHASE""#).is_err());
    }
}
