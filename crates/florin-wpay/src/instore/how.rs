//! How a shopper wants to pay a request: read for a payment, and for one that is approved beforehand.

use florin_domain::instrument::InstrumentId;
use florin_domain::money::Money;
use florin_domain::payment::Atomicity;
use florin_domain::split::Wish;
use florin_service::ServiceError;
use florin_service::instore::PayRequest;
use serde::Deserialize;

use super::envelope::{Sent, instrument};
use super::kinds::KindsSent;
use super::preferences::PaymentsSent;
use crate::fields::Text;
use crate::fraud::FraudPayload;
use crate::maybe::Maybe;
use crate::money::Amount;
use crate::payments::REFERENCE_MAX;

/// How a request is to be paid, as it is sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HowSent {
    #[serde(default)]
    primary_instrument_id: Maybe<Text<REFERENCE_MAX>>,
    secondary_instruments: Option<Vec<Part>>,
    skip_rollback: Option<bool>,
    allow_partial_success: Option<bool>,
    #[serde(default)]
    client_reference: Maybe<Text<REFERENCE_MAX>>,
    preferences: Option<PaymentsSent>,
    transaction_type: Option<KindsSent>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    instrument_id: Text<REFERENCE_MAX>,
    amount: Amount,
}

impl Part {
    fn read(self) -> Result<(InstrumentId, Money), ServiceError> {
        Ok((instrument(self.instrument_id.as_str())?, self.amount.money()))
    }
}

/// What happens to the instruments that were charged when another one is refused. A partial success is only ever told to those
/// who ask for it, because older clients have no word for it.
pub fn atomicity(allow_partial_success: Option<bool>, skip_rollback: Option<bool>) -> Atomicity {
    match (allow_partial_success, skip_rollback) {
        (Some(true), _) => Atomicity::KeepSuccesses,
        (Some(false) | None, Some(true)) => Atomicity::SkipRollback,
        (Some(false) | None, Some(false) | None) => Atomicity::AllOrNothing,
    }
}

/// Reads the body.
///
/// # Errors
/// [`ServiceError::NotFound`] for what is no instrument's id.
pub fn read(sent: Sent<HowSent>) -> Result<PayRequest, ServiceError> {
    let Sent { data, mut meta } = sent;
    let secondary = data.secondary_instruments.map(|parts| parts.into_iter().map(Part::read).collect()).transpose()?;
    let primary = data.primary_instrument_id.0.map(|id| instrument(id.as_str())).transpose()?;
    let preferences = data.preferences.map(PaymentsSent::read).transpose()?;
    Ok(PayRequest {
        wish: Wish { primary, secondary, preferences },
        atomicity: atomicity(data.allow_partial_success, data.skip_rollback),
        client_reference: data.client_reference.0.map(Text::into_string),
        kinds: data.transaction_type.unwrap_or_default().kinds(),
        challenges: meta.challenges()?,
        fraud: meta.fraud.map(FraudPayload::into_payload),
    })
}

#[cfg(test)]
mod tests {
    use florin_domain::movement::MovementKind;

    use super::*;

    fn how(data: &str, meta: &str) -> Option<PayRequest> {
        read(serde_json::from_str(&format!(r#"{{"data":{data},"meta":{meta}}}"#)).ok()?).ok()
    }

    #[test]
    fn the_least_that_clients_send_is_enough() {
        let how = how("{}", r#"{"challengeResponses":[]}"#).unwrap();
        assert_eq!((how.wish, how.atomicity, how.client_reference), (Wish::default(), Atomicity::AllOrNothing, None));
        assert_eq!((how.kinds.card, how.kinds.gift_card), (Some(MovementKind::Purchase), Some(MovementKind::Purchase)));
    }

    #[test]
    fn a_whole_body_is_read() {
        let data = r#"{"primaryInstrumentId":"90731","secondaryInstruments":[{"instrumentId":"81054","amount":10}],"skipRollback":true,
            "allowPartialSuccess":true,"clientReference":"c","preferences":{"primaryInstrumentId":"90731"},
            "transactionType":{"creditCard":"PREAUTH"}}"#;
        let how = how(data, r#"{"challengeResponses":[{"instrumentId":"90731","type":"STEP_UP","token":"t"}]}"#).unwrap();
        let card = InstrumentId::kept(90_731);
        assert_eq!((how.wish.primary.as_ref(), how.atomicity), (Some(&card), Atomicity::KeepSuccesses));
        assert_eq!(how.wish.secondary.unwrap()[0].1.minor(), 1_000);
        assert_eq!(how.wish.preferences.unwrap().primary, Some(card));
        assert_eq!((how.client_reference.as_deref(), how.challenges.len()), (Some("c"), 1));
        assert_eq!(how.kinds.card, Some(MovementKind::Preauth));
    }

    #[test]
    fn an_empty_list_is_a_word_too() {
        assert_eq!(how(r#"{"secondaryInstruments":[]}"#, "{}").unwrap().wish.secondary, Some(Vec::new()));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for data in [
            r#"{"secondaryInstruments":[{"instrumentId":"1","amount":0}]}"#,
            r#"{"secondaryInstruments":[{"instrumentId":"1","amount":"10"}]}"#,
            r#"{"secondaryInstruments":[{"instrumentId":"1"}]}"#,
            r#"{"secondaryInstruments":[{"instrumentId":"x","amount":1}]}"#,
            r#"{"primaryInstrumentId":"x"}"#,
            r#"{"skipRollback":"true"}"#,
            r#"{"transactionType":{"creditCard":"VOID"}}"#,
            "null",
        ] {
            assert!(how(data, "{}").is_none(), "{data}");
        }
    }
}
