//! `transactionType`: what is to happen with each kind of instrument.

use florin_domain::movement::MovementKind;
use florin_service::payments::Kinds;
use serde::Deserialize;

/// What is to happen, where money may be held first.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HoldOrTake {
    /// Hold it, to be completed later.
    Preauth,
    /// Take it at once.
    Purchase,
}

/// What is to happen, where money can only be taken at once.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Take {
    /// Take it at once.
    Purchase,
}

/// What is to happen with a card in a device's wallet.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceKinds {
    credit_card: HoldOrTake,
    /// Which cards are debit cards is their network's secret: they are treated as credit cards are.
    #[serde(rename = "debitCard")]
    _debit_card: Take,
}

/// `transactionType`; `G` is what may happen with gift cards.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransactionType<G> {
    credit_card: Option<HoldOrTake>,
    gift_card: Option<G>,
    pay_pal: Option<Take>,
    google_pay: Option<DeviceKinds>,
    apple_pay: Option<DeviceKinds>,
}

impl<G: Into<MovementKind>> TransactionType<G> {
    /// The same in the house's words.
    pub fn kinds(self) -> Kinds {
        Kinds {
            card: self.credit_card.map(Into::into),
            gift_card: self.gift_card.map(Into::into),
            paypal: self.pay_pal.map(Into::into),
            google_pay: self.google_pay.map(|kinds| kinds.credit_card.into()),
            apple_pay: self.apple_pay.map(|kinds| kinds.credit_card.into()),
            openpay: None,
        }
    }
}

impl From<HoldOrTake> for MovementKind {
    fn from(what: HoldOrTake) -> Self {
        match what {
            HoldOrTake::Preauth => Self::Preauth,
            HoldOrTake::Purchase => Self::Purchase,
        }
    }
}

impl From<Take> for MovementKind {
    fn from(Take::Purchase: Take) -> Self {
        Self::Purchase
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(json: &str) -> Option<Kinds> {
        serde_json::from_str::<TransactionType<HoldOrTake>>(json).ok().map(TransactionType::kinds)
    }

    #[test]
    fn each_kind_has_its_own_word() {
        let read =
            kinds(r#"{"creditCard":"PREAUTH","giftCard":"PURCHASE","applePay":{"creditCard":"PREAUTH","debitCard":"PURCHASE"}}"#).unwrap();
        assert_eq!((read.card, read.gift_card), (Some(MovementKind::Preauth), Some(MovementKind::Purchase)));
        assert_eq!((read.paypal, read.google_pay, read.apple_pay), (None, None, Some(MovementKind::Preauth)));
    }

    #[test]
    fn holding_is_only_for_what_can_be_held() {
        for json in [
            r#"{"payPal":"PREAUTH"}"#,
            r#"{"creditCard":"REFUND"}"#,
            r#"{"creditCard":"preauth"}"#,
            r#"{"googlePay":{"creditCard":"PURCHASE"}}"#,
            r#"{"googlePay":{"creditCard":"PURCHASE","debitCard":"PREAUTH"}}"#,
            r#"{"googlePay":"PURCHASE"}"#,
            r#""PURCHASE""#,
            "null",
        ] {
            assert!(kinds(json).is_none(), "{json}");
        }
        assert!(serde_json::from_str::<TransactionType<Take>>(r#"{"giftCard":"PREAUTH"}"#).is_err());
    }
}
