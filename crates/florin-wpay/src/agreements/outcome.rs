//! The answers about agreements.

use florin_domain::agreement::Agreement;
use florin_domain::fault::Fault;
use florin_domain::instrument::Instrument;
use florin_domain::movement::{Movement, MovementState};
use florin_service::Context;
use florin_service::agreements::AgreementAnswer;
use serde::Serialize;

use crate::error::Refusal;
use crate::fraud::{self, FraudResponse};
use crate::money::Amount;
use crate::payments::item::{Extended, External};
use crate::payments::outcome::unknown_outcome;
use crate::payments::step_up;
use crate::reply::Reply;
use crate::words;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AgreementBody<'t> {
    /// Empty where nothing was charged: the contract wants the field, and there is no receipt.
    transaction_receipt: String,
    payment_token: String,
    payment_agreement: Terms<'t>,
    fraud_response: FraudResponse,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extended_transaction_data: Vec<Extended<'t>>,
    #[serde(flatten)]
    external: Option<External<'t>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Terms<'t> {
    #[serde(rename = "type")]
    kind: &'static str,
    payment_instrument_id: &'t str,
    payment_instrument_type: &'static str,
    scheme: &'t str,
    card_suffix: &'t str,
    expiry_month: String,
    expiry_year: String,
    start_date: String,
    end_date: String,
    charge_frequency: &'static str,
    charge_amount: Amount,
}

impl<'t> Terms<'t> {
    fn of(agreement: &'t Agreement, instrument: &'t Instrument) -> Self {
        let text = |text: &'t Option<String>| text.as_deref().unwrap_or_default();
        Self {
            kind: words::agreement(agreement.kind),
            payment_instrument_id: agreement.instrument.as_str(),
            payment_instrument_type: words::instrument(instrument.kind),
            scheme: text(&instrument.network),
            card_suffix: text(&instrument.suffix),
            expiry_month: words::expiry_month(instrument.expiry),
            expiry_year: words::expiry_year(instrument.expiry),
            start_date: agreement.starts_at.to_millis_text(),
            end_date: words::end_date(agreement.ends_at),
            charge_frequency: words::frequency(agreement.frequency),
            charge_amount: Amount(agreement.amount),
        }
    }
}

/// Tells how an agreement stands, or why its charge was refused. There is one instrument and so no array: its own code stands
/// at the top.
pub fn tell(cx: &Context, answer: &AgreementAnswer) -> Result<Reply, Refusal> {
    told(cx, answer).map_err(|refusal| fraud::beside(refusal, answer.fraud.as_ref()))
}

fn told(cx: &Context, answer: &AgreementAnswer) -> Result<Reply, Refusal> {
    if answer.is_rejected() {
        return Err(Refusal::of_fault(Fault::FraudRejected));
    }
    let charge = answer.transaction.as_ref().and_then(|transaction| transaction.movements.first());
    match charge.map(|charge| &charge.state) {
        None | Some(MovementState::Done { .. }) => Ok(Reply::ok(&success(answer, charge))),
        Some(MovementState::Asked) => Err(unknown_outcome()),
        Some(MovementState::Refused { .. } | MovementState::Reversing { .. } | MovementState::Reversed { .. }) => {
            let fault = charge.and_then(Movement::fault).unwrap_or(Fault::Technical);
            let refusal = beside(Refusal::of_fault(fault), charge);
            Err(match step_up(cx, fault, &answer.instrument) {
                Some(step_up) => refusal.with("stepUp", &step_up),
                None => refusal,
            })
        }
    }
}

fn success<'t>(answer: &'t AgreementAnswer, charge: Option<&'t Movement>) -> AgreementBody<'t> {
    AgreementBody {
        transaction_receipt: answer.transaction.as_ref().map(|transaction| transaction.receipt.to_string()).unwrap_or_default(),
        payment_token: answer.agreement.id.to_string(),
        payment_agreement: Terms::of(&answer.agreement, &answer.instrument),
        fraud_response: FraudResponse::of_any(answer.fraud.as_ref()),
        extended_transaction_data: charge.and_then(bin).into_iter().collect(),
        external: charge.and_then(External::of),
    }
}

fn bin(charge: &Movement) -> Option<Extended<'_>> {
    charge.paid_with.bin.as_deref().map(|bin| Extended::new("bin", bin))
}

/// What the network told of a charge that it refused.
fn beside(refusal: Refusal, charge: Option<&Movement>) -> Refusal {
    let refusal = match charge.and_then(bin) {
        Some(bin) => refusal.with("extendedTransactionData", &[bin]),
        None => refusal,
    };
    match charge.and_then(|charge| charge.service.as_ref()) {
        Some(said) => refusal.with("externalServiceCode", &said.code).with("externalServiceMessage", &said.message),
        None => refusal,
    }
}

#[cfg(test)]
mod tests {
    use florin_domain::agreement::{AgreementKind, Frequency};
    use florin_domain::card::CardExpiry;
    use florin_domain::instrument::{InstrumentId, InstrumentKind, InstrumentStatus};
    use florin_domain::merchant::MerchantId;
    use florin_domain::payment::{Atomicity, TransactionState};
    use florin_domain::shopper::ShopperId;
    use florin_domain::{AgreementId, Currency, InstrumentToken, Money, Timestamp, WalletId};
    use serde_json::json;

    use super::*;
    use crate::payments::sample_tests::{done, movement, payment, said};

    const NOW: Timestamp = Timestamp::from_micros(1_795_255_800_000_000);

    fn instrument() -> Instrument {
        Instrument {
            id: InstrumentId::kept(90_731),
            token: InstrumentToken::from_random([1; 16]),
            wallet: WalletId::from_random([2; 16]),
            merchant: MerchantId::parse("10006").unwrap(),
            kind: InstrumentKind::Card,
            status: InstrumentStatus::Verified,
            primary: false,
            network: Some("VISA".to_owned()),
            bin: Some("401200".to_owned()),
            suffix: Some("1881".to_owned()),
            expiry: Some(CardExpiry { year: 2030, month: 4 }),
            code_checked: true,
            account: None,
            customer: None,
            fingerprint: [0; 32],
            sealed: Vec::new(),
            created_at: NOW,
            updated_at: NOW,
            used_at: None,
            gone_at: None,
        }
    }

    fn answer(charge: Option<Movement>) -> AgreementAnswer {
        let instrument = instrument();
        let agreement = Agreement {
            id: AgreementId::from_random([3; 16]),
            merchant: instrument.merchant.clone(),
            wallet: instrument.wallet,
            shopper: ShopperId::parse("jo").unwrap(),
            instrument: instrument.id.clone(),
            kind: AgreementKind::Instalment,
            frequency: Frequency::Annually,
            amount: Money::new(299, Currency::Aud),
            description: None,
            starts_at: NOW,
            ends_at: None,
            cycle: 0,
            created_at: NOW,
            updated_at: NOW,
            used_at: None,
        };
        let transaction = charge.map(|charge| payment(TransactionState::Approved, Atomicity::KeepSuccesses, vec![charge]));
        AgreementAnswer { agreement, instrument, transaction, fraud: None }
    }

    #[test]
    fn an_agreement_is_told_whole() {
        let answer = answer(None);
        let expected = json!({
            "transactionReceipt": "",
            "paymentToken": "03030303-0303-4303-8303-030303030303",
            "paymentAgreement": {
                "type": "INSTALLMENT",
                "paymentInstrumentId": "90731",
                "paymentInstrumentType": "CREDIT_CARD",
                "scheme": "VISA",
                "cardSuffix": "1881",
                "expiryMonth": "04",
                "expiryYear": "30",
                "startDate": "2026-11-21T10:10:00.000Z",
                "endDate": "9999-12-31T23:59:59.000Z",
                "chargeFrequency": "ANNUALLY",
                "chargeAmount": 2.99,
            },
            "fraudResponse": {"clientId": null, "reasonCode": null, "decision": null},
        });
        assert_eq!(serde_json::to_value(success(&answer, None)).unwrap(), expected);
    }

    #[test]
    fn a_charge_has_its_receipt() {
        let answer = answer(Some(Movement { state: done(), service: Some(said("00", "APPROVED")), ..movement(1, 299) }));
        let charge = answer.transaction.as_ref().and_then(|transaction| transaction.movements.first());
        let told = serde_json::to_value(success(&answer, charge)).unwrap();
        assert_eq!((&told["transactionReceipt"], &told["externalServiceCode"]), (&json!("1000000000000001"), &json!("00")));
        assert_eq!(told["extendedTransactionData"], json!([{"field": "bin", "value": "401200"}]));
    }

    #[test]
    fn a_refused_charge_tells_the_networks_words() {
        let state = MovementState::Refused { fault: Fault::Declined };
        let charge = Movement { state, service: Some(said("05", "DO NOT HONOUR")), ..movement(1, 299) };
        let told = serde_json::to_value(beside(Refusal::of_fault(Fault::Declined), Some(&charge))).unwrap();
        let expected = json!({
            "httpStatusCode": 400,
            "errorCode": "ES52",
            "errorMessage": "Transaction declined",
            "errorDetail": "The issuer declined.",
            "extendedTransactionData": [{"field": "bin", "value": "401200"}],
            "externalServiceCode": "05",
            "externalServiceMessage": "DO NOT HONOUR",
        });
        assert_eq!(told, expected);
    }
}
