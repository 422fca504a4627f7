//! `transactionType` of this family: what is not said is a purchase, and words may come in either case.

use florin_domain::movement::MovementKind;
use florin_service::payments::Kinds;
use serde::Deserialize;

use super::any_case::AnyCase;
use crate::payments::kinds::{HoldOrTake, Take};

/// What is to happen with each kind of instrument, as it is sent.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KindsSent {
    credit_card: Option<AnyCase<HoldOrTake>>,
    gift_card: Option<AnyCase<HoldOrTake>>,
    pay_pal: Option<AnyCase<Take>>,
    google_pay: Option<DeviceKinds>,
    apple_pay: Option<DeviceKinds>,
}

/// What is to happen with a card in a device's wallet.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeviceKinds {
    credit_card: AnyCase<HoldOrTake>,
    #[serde(rename = "debitCard")]
    _debit_card: AnyCase<Take>,
}

impl KindsSent {
    /// The same in the house's words.
    pub fn kinds(self) -> Kinds {
        let said = |word: AnyCase<HoldOrTake>| MovementKind::from(word.0);
        Kinds {
            card: self.credit_card.map(said).or(Kinds::PURCHASES.card),
            gift_card: self.gift_card.map(said).or(Kinds::PURCHASES.gift_card),
            paypal: self.pay_pal.map(|word| word.0.into()).or(Kinds::PURCHASES.paypal),
            google_pay: self.google_pay.map(|kinds| said(kinds.credit_card)).or(Kinds::PURCHASES.google_pay),
            apple_pay: self.apple_pay.map(|kinds| said(kinds.credit_card)).or(Kinds::PURCHASES.apple_pay),
            openpay: None,
        }
    }
}

/// `transactionType` of a charge: the contract has a word there, and the hub an object.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged, expecting = "must be PREAUTH or PURCHASE, or an object that says so of each kind of instrument")]
pub enum ChargeKinds {
    /// One word for whatever is charged.
    Word(AnyCase<HoldOrTake>),
    /// A word for each kind of instrument.
    Each(KindsSent),
}

impl ChargeKinds {
    /// The same in the house's words. An account is always charged at once.
    pub fn kinds(self) -> Kinds {
        match self {
            Self::Word(AnyCase(word)) => Kinds { card: Some(word.into()), ..Kinds::PURCHASES },
            Self::Each(kinds) => kinds.kinds(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_a_purchase() {
        let read = |json: &str| serde_json::from_str::<KindsSent>(json).map(KindsSent::kinds);
        let kinds = read(r#"{"creditCard":"preauth","applePay":{"creditCard":"PREAUTH","debitCard":"Purchase"}}"#).unwrap();
        assert_eq!((kinds.card, kinds.gift_card), (Some(MovementKind::Preauth), Some(MovementKind::Purchase)));
        assert_eq!((kinds.apple_pay, kinds.google_pay), (Some(MovementKind::Preauth), Some(MovementKind::Purchase)));
        for json in [r#"{"payPal":"PREAUTH"}"#, r#"{"creditCard":"REFUND"}"#, r#""PURCHASE""#, r#"{"googlePay":{"creditCard":"PURCHASE"}}"#]
        {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_charge_says_it_in_a_word_or_in_an_object() {
        let read = |json: &str| serde_json::from_str::<ChargeKinds>(json).map(|kinds| kinds.kinds().card);
        for json in ["\"PREAUTH\"", "\"preauth\"", r#"{"creditCard":"PREAUTH"}"#] {
            assert_eq!(read(json).unwrap(), Some(MovementKind::Preauth), "{json}");
        }
        assert_eq!(read("{}").unwrap(), Some(MovementKind::Purchase));
        for json in ["\"REFUND\"", "null", "[]", "7"] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
