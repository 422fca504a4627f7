//! One path for what has a path of its own each: an account at a wallet provider, or a gift card.
//!
//! The payload is the body of that other operation, a guest's for a guest; nothing is read or taken here that is not read and
//! taken there.

use florin_domain::instrument::{Instrument, InstrumentStatus};
use florin_service::step_up;
use florin_web::Surface;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::body;
use crate::call::Call;
use crate::error::Refusal;
use crate::instore::envelope::Sent;
use crate::wallet_list::{is_allowed, kept_status};
use crate::{gift_cards, guests, wallets};

/// Where the other operation's body stands.
const PAYLOAD: &str = "data.payload";

/// What is to be taken, as it is sent.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct TokenizeRequest(Sent<Brought, Nothing>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Brought {
    payment_instrument_type: Kind,
    payload: Box<RawValue>,
}

/// Prints nothing of the payload.
impl std::fmt::Debug for Brought {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Brought").field("payment_instrument_type", &self.payment_instrument_type).finish_non_exhaustive()
    }
}

/// The contract knows no field of this `meta`.
#[derive(Debug, Deserialize)]
struct Nothing {}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    PayPal,
    ApplePay,
    GooglePay,
    GiftCard,
}

/// What was taken.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TakenBody {
    payment_instrument_type: Kind,
    payment_instrument_id: String,
    payment_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    step_up_token: Option<String>,
    /// The contract has no word for what is kept nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    allowed: bool,
}

impl TokenizeRequest {
    /// Takes it.
    ///
    /// # Errors
    /// Those of the operation of its own kind; fields are named by where they stand here.
    pub async fn take(self, surface: &Surface, call: &Call) -> Result<TakenBody, Refusal> {
        let Sent { data: brought, .. } = self.0;
        let instrument = brought.take(surface, call).await?;
        let kind = brought.payment_instrument_type;
        // The device has just confirmed the card, which is what the token says.
        let step_up_token = (kind == Kind::ApplePay).then(|| step_up::confirmed(&surface.cx, &instrument));
        Ok(TakenBody {
            payment_instrument_type: kind,
            payment_instrument_id: instrument.id.to_string(),
            payment_token: instrument.token.to_string(),
            step_up_token,
            status: (instrument.status != InstrumentStatus::Transient).then(|| kept_status(instrument.status)),
            allowed: is_allowed(&instrument),
        })
    }
}

impl Brought {
    async fn take(&self, surface: &Surface, call: &Call) -> Result<Instrument, Refusal> {
        let is_guest = call.shopper()?.guest;
        match (self.payment_instrument_type, is_guest) {
            (Kind::PayPal, false) => self.payload::<wallets::AskPayPal>()?.keep(surface, call).await,
            (Kind::PayPal, true) => self.payload::<guests::AskPayPal>()?.take(surface, call).await,
            (Kind::ApplePay, false) => self.payload::<wallets::AskApplePay>()?.keep(surface, call).await,
            (Kind::ApplePay, true) => self.payload::<wallets::AskApplePay>()?.take(surface, call).await,
            (Kind::GooglePay, _) => self.payload::<wallets::AskGooglePay>()?.keep(surface, call).await,
            (Kind::GiftCard, false) => Ok(self.payload::<gift_cards::Ask>()?.keep(surface, call).await?.0),
            (Kind::GiftCard, true) => Ok(self.payload::<gift_cards::SlipBody>()?.take(surface, call).await?.0),
        }
    }

    fn payload<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        body::read_part(PAYLOAD, &self.payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<TokenizeRequest> {
        serde_json::from_str(json).ok()
    }

    #[test]
    fn the_payload_is_not_printed() {
        let request = read(r#"{"data":{"paymentInstrumentType":"GIFTCARD","payload":{"pinCode":"1945"}},"meta":{"x":1}}"#).unwrap();
        assert!(!format!("{request:?}").contains("1945"));
    }

    #[test]
    fn only_what_the_contract_lists_is_taken() {
        for kind in ["PAYPAL", "APPLEPAY", "GOOGLEPAY", "GIFTCARD"] {
            assert!(read(&format!(r#"{{"data":{{"paymentInstrumentType":"{kind}","payload":{{}}}},"meta":{{}}}}"#)).is_some(), "{kind}");
        }
        for json in [
            r#"{"data":{"paymentInstrumentType":"ZIPPAY","payload":{}},"meta":{}}"#,
            r#"{"data":{"paymentInstrumentType":"PAYPAL"},"meta":{}}"#,
            r#"{"data":{"paymentInstrumentType":"PAYPAL","payload":{}}}"#,
            r#"{"data":{"paymentInstrumentType":"PAYPAL","payload":{}},"meta":7}"#,
        ] {
            assert!(read(json).is_none(), "{json}");
        }
    }
}
