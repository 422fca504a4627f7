//! Agreements of this family: made, changed and looked at by the shopper, charged and ended by the merchant's server.

use florin_domain::AgreementId;
use florin_domain::agreement::{Agreement, Frequency};
use florin_domain::fault::Fault;
use florin_domain::instrument::{Instrument, InstrumentId};
use florin_domain::movement::Movement;
use florin_domain::payment::TransactionState;
use florin_service::agreements::{self, AgreementAnswer, AgreementChanges, ChargeAgreement, NewAgreement};
use florin_service::caller::ShopperCaller;
use florin_service::instore::{self, Challenge, ChallengeKind};
use florin_service::occasions::InStoreTransaction;
use florin_service::{Context, Cx, ServiceError, Tx, instruments};
use florin_web::Surface;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::beside::Beside;
use super::envelope::{Meta, Sent, instrument, tell};
use super::kinds::ChargeKinds;
use super::refusal::{Outcome, Unfit};
use super::transaction::{TransactionBody, View};
use crate::agreements::{Charged, CreateRequest, End, refuse};
use crate::call::Call;
use crate::error::Refusal;
use crate::fields::{DESCRIPTION_MAX, Hidden, Text};
use crate::fraud::{self, FraudPayload};
use crate::maybe::Maybe;
use crate::money::Amount;
use crate::particulars::{Place, WellFormed};
use crate::payments::{REFERENCE_MAX, step_up};
use crate::reply::Reply;
use crate::spoken::Word;
use crate::wallet_list::AgreementBody;

/// What this family wants beside the body of the other one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Billed {
    #[serde(rename = "billingAddress")]
    _billing_address: WellFormed<Place>,
    #[serde(default)]
    description: Maybe<Text<DESCRIPTION_MAX>>,
    payment_agreement: Described,
}

#[derive(Debug, Deserialize)]
struct Described {
    #[serde(default)]
    description: Maybe<Text<DESCRIPTION_MAX>>,
}

/// Changes as they are sent; what is left out stays as it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateSent {
    client_reference: Text<REFERENCE_MAX>,
    payment_agreement: Option<NewTerms>,
    #[serde(default)]
    description: Maybe<Text<DESCRIPTION_MAX>>,
    #[serde(rename = "billingAddress")]
    _billing_address: Option<WellFormed<Place>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewTerms {
    #[serde(default)]
    payment_instrument_id: Maybe<Text<REFERENCE_MAX>>,
    #[serde(default)]
    end_date: Maybe<End>,
    charge_frequency: Option<Word<Frequency>>,
    charge_amount: Option<Amount>,
    #[serde(default)]
    description: Maybe<Text<DESCRIPTION_MAX>>,
    #[serde(default)]
    step_up_token: Maybe<Hidden>,
}

/// A charge as it is sent. The agreement is the one in the address, whatever `paymentToken` says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChargeSent {
    #[serde(rename = "paymentToken")]
    _payment_token: Text<REFERENCE_MAX>,
    amount: Amount,
    client_reference: Text<REFERENCE_MAX>,
    order_number: Text<REFERENCE_MAX>,
    transaction_type: ChargeKinds,
    #[serde(rename = "customerRef", default)]
    _customer_ref: Maybe<Text<REFERENCE_MAX>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListBody<'t> {
    payment_agreements: Vec<AgreementBody<'t>>,
}

/// A new agreement, with the charge that came with it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MadeBody<'t> {
    #[serde(flatten)]
    agreement: AgreementBody<'t>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<TransactionBody<'t>>,
    immediate_charge: bool,
}

impl NewTerms {
    /// What changes, if anything does; the description may stand beside it.
    fn of(sent: Option<Self>, described: Option<Text<DESCRIPTION_MAX>>) -> Option<Self> {
        let terms = sent.or_else(|| described.is_some().then(Self::default))?;
        let description = Maybe(terms.description.0.or(described));
        Some(Self { description, ..terms })
    }

    fn read(self, standing: Frequency, client_reference: String, mut meta: Meta) -> Result<AgreementChanges, ServiceError> {
        let instrument = self.payment_instrument_id.0.map(|id| instrument(id.as_str())).transpose()?;
        let token = self.step_up_token.0.map(|token| token.expose().to_owned());
        let challenges = meta.challenges()?;
        Ok(AgreementChanges {
            step_up: token.or_else(|| code(&challenges, instrument.as_ref())),
            instrument,
            ends_at: self.end_date.0.and_then(End::changed),
            frequency: self.charge_frequency.map_or(standing, |Word(frequency)| frequency),
            amount: self.charge_amount.map(Amount::money),
            description: self.description.0.map(Text::into_string),
            client_reference,
            fraud: meta.fraud.map(FraudPayload::into_payload),
        })
    }
}

/// The answer to the demand for a card's code, about `instrument` if that is named.
fn code(challenges: &[Challenge], instrument: Option<&InstrumentId>) -> Option<String> {
    let is_meant = |challenge: &&Challenge| instrument.is_none_or(|instrument| *instrument == challenge.instrument);
    let found = challenges.iter().filter(|challenge| challenge.kind == ChallengeKind::StepUp).find(is_meant);
    found.map(|challenge| challenge.token.expose().clone())
}

/// `POST …/customer/payments/agreements`
pub async fn create(surface: Surface, call: Call) -> Outcome {
    let (cx, shopper) = (&surface.cx, call.shopper()?);
    let beside = call.json::<Sent<Billed>>()?.data;
    let Sent { data, mut meta } = call.json::<Sent<CreateRequest>>()?;
    let challenges = meta.challenges()?;
    let new = data.screened_by(meta.fraud).read()?;
    let new = NewAgreement {
        step_up: new.step_up.clone().or_else(|| code(&challenges, Some(&new.instrument))),
        description: beside.payment_agreement.description.0.or(beside.description.0).map(Text::into_string),
        ..new
    };
    let charged = Charged::Instrument(new.instrument.clone());
    match instore::create_agreement(cx, shopper, new, call.key()).await {
        Ok((answer, made)) => told_new(cx, &answer, made.as_ref()).await,
        Err(error) => Err(refused(cx, shopper, charged, error).await),
    }
}

/// Tells a new agreement. One whose first charge was refused does not exist, so that the refusal is all there is to tell.
async fn told_new(cx: &Cx, answer: &AgreementAnswer, made: Option<&InStoreTransaction>) -> Outcome {
    if answer.is_rejected() {
        return Err(rejected(answer));
    }
    if let Some(made) = made.filter(|made| made.transaction.state == TransactionState::Rejected) {
        let fault = made.transaction.movements.first().and_then(Movement::fault).unwrap_or(Fault::Technical);
        let refusal = fraud::beside(Refusal::of_fault(fault).at(StatusCode::UNPROCESSABLE_ENTITY), answer.fraud.as_ref());
        return Err(match step_up(cx, fault, &answer.instrument) {
            Some(step_up) => refusal.with("stepUp", &step_up).into(),
            None => refusal.into(),
        });
    }
    let beside = match made {
        Some(made) => Beside::of(cx, &made.transaction).await,
        None => Beside::default(),
    };
    Ok(tell(&MadeBody {
        agreement: body(cx, &answer.agreement, Some(&answer.instrument)),
        transaction: made.map(|made| TransactionBody::of(made, View::Shopper, &beside)),
        immediate_charge: made.is_some(),
    }))
}

/// The refusal of an agreement that the fraud screen rejected.
fn rejected(answer: &AgreementAnswer) -> Unfit {
    fraud::beside(Refusal::of_fault(Fault::FraudRejected).at(StatusCode::UNPROCESSABLE_ENTITY), answer.fraud.as_ref()).into()
}

/// An operation's refusal, with the page on which a missing code is typed.
async fn refused(cx: &Cx, shopper: &ShopperCaller, charged: Charged, error: ServiceError) -> Unfit {
    Unfit::of(&error, refuse(cx, shopper, charged, error.clone()).await)
}

/// `GET …/customer/payments/agreements`
pub async fn list(surface: Surface, call: Call) -> Outcome {
    let held = held(&surface.cx, call.shopper()?).await?;
    let payment_agreements = held.iter().map(|(agreement, paid)| body(&surface.cx, agreement, paid.as_ref())).collect();
    Ok(tell(&ListBody { payment_agreements }))
}

/// `GET …/customer/payments/agreements/{paymentToken}`
pub async fn show(surface: Surface, call: Call) -> Outcome {
    let (agreement, paid) = find(&surface.cx, call.shopper()?, id(&call)?).await?;
    Ok(tell(&body(&surface.cx, &agreement, paid.as_ref())))
}

/// `POST …/customer/payments/agreements/{paymentToken}`
pub async fn update(surface: Surface, call: Call) -> Outcome {
    let (cx, shopper) = (&surface.cx, call.shopper()?);
    let Sent { data, meta } = call.json::<Sent<UpdateSent>>()?;
    let (standing, paid) = find(cx, shopper, id(&call)?).await?;
    let Some(terms) = NewTerms::of(data.payment_agreement, data.description.0) else {
        return Ok(tell(&body(cx, &standing, paid.as_ref())));
    };
    let changes = terms.read(standing.frequency, data.client_reference.into_string(), meta)?;
    let charged = changes.instrument.clone().map_or(Charged::Agreement(standing.id), Charged::Instrument);
    match agreements::update(cx, shopper, standing.id, changes, call.key()).await {
        Ok(answer) if answer.is_rejected() => Err(rejected(&answer)),
        Ok(answer) => Ok(tell(&body(cx, &answer.agreement, Some(&answer.instrument)))),
        Err(error) => Err(refused(cx, shopper, charged, error).await),
    }
}

/// `PUT …/merchant/payments/agreements/{paymentToken}`
pub async fn charge(surface: Surface, call: Call) -> Outcome {
    let Sent { data, meta } = call.json::<Sent<ChargeSent>>()?;
    let charge = ChargeAgreement {
        agreement: id(&call)?,
        kinds: data.transaction_type.kinds(),
        client_reference: data.client_reference.into_string(),
        order_number: data.order_number.into_string(),
        amount: data.amount.money(),
        fraud: meta.fraud.map(FraudPayload::into_payload),
    };
    let made = instore::charge_agreement(&surface.cx, &call.merchant, charge, call.key()).await?;
    let beside = Beside::for_merchant(&surface.cx, &made.transaction).await;
    Ok(tell(&TransactionBody::of(&made, View::Merchant, &beside)))
}

/// `DELETE …/merchant/payments/agreements/{paymentToken}`
pub async fn remove(surface: Surface, call: Call) -> Outcome {
    agreements::remove(&surface.cx, &call.merchant, id(&call)?, call.key()).await?;
    Ok(Reply::nothing())
}

fn id(call: &Call) -> Result<AgreementId, Unfit> {
    AgreementId::parse(call.param("paymentToken")).map_err(|_| Unfit::unknown("payment agreement"))
}

/// An agreement, and its instrument if that is still there.
type Held = (Agreement, Option<Instrument>);

async fn held(cx: &Cx, shopper: &ShopperCaller) -> Result<Vec<Held>, ServiceError> {
    let (wallet, now) = (shopper.wallet, cx.clock.now());
    cx.store.read(move |tx: &mut Tx<'_>| instruments::list(tx, wallet, now).map(|held| held.agreements)).await
}

async fn find(cx: &Cx, shopper: &ShopperCaller, id: AgreementId) -> Result<Held, Unfit> {
    let found = held(cx, shopper).await?.into_iter().find(|(agreement, _)| agreement.id == id);
    found.ok_or_else(|| Unfit::unknown("payment agreement"))
}

fn body<'t>(cx: &Context, agreement: &'t Agreement, paid: Option<&'t Instrument>) -> AgreementBody<'t> {
    AgreementBody::in_store(cx, agreement, paid, cx.clock.now())
}

#[cfg(test)]
mod tests {
    use florin_domain::movement::MovementKind;

    use super::*;

    #[test]
    fn a_change_may_say_nothing_at_all() {
        let read = |json: &str| serde_json::from_str::<UpdateSent>(json);
        assert!(read(r#"{"clientReference":"x"}"#).unwrap().payment_agreement.is_none());
        assert!(read("{}").is_err());
        let terms = |json: &str| {
            let sent = read(&format!(r#"{{"clientReference":"x","paymentAgreement":{json}}}"#)).unwrap();
            sent.payment_agreement.unwrap().read(Frequency::Monthly, "c".to_owned(), Meta::default()).unwrap()
        };
        let plain = terms("{}");
        assert_eq!((plain.frequency, plain.amount, plain.ends_at, plain.instrument), (Frequency::Monthly, None, None, None));
        let said = terms(r#"{"chargeFrequency":"weekly","chargeAmount":5,"paymentInstrumentId":"7","stepUpToken":"t"}"#);
        assert_eq!((said.frequency, said.step_up.as_deref()), (Frequency::Weekly, Some("t")));
    }

    #[test]
    fn a_description_counts_wherever_it_stands() {
        let described = |more: &str| {
            let sent = serde_json::from_str::<UpdateSent>(&format!(r#"{{"clientReference":"x"{more}}}"#)).unwrap();
            NewTerms::of(sent.payment_agreement, sent.description.0).map(|terms| terms.description.0.map(Text::into_string))
        };
        assert_eq!(described(""), None);
        assert_eq!(described(r#","paymentAgreement":{}"#), Some(None));
        assert_eq!(described(r#","description":"beside""#), Some(Some("beside".to_owned())));
        assert_eq!(described(r#","description":"b","paymentAgreement":{"description":"in it"}"#), Some(Some("in it".to_owned())));
    }

    #[test]
    fn a_charge_takes_a_word_or_an_object() {
        let read = |kind: &str| {
            let json =
                format!(r#"{{"paymentToken":"pa1","amount":2.99,"clientReference":"c","orderNumber":"o","transactionType":{kind}}}"#);
            serde_json::from_str::<ChargeSent>(&json).ok().map(|sent| sent.transaction_type.kinds().card)
        };
        assert_eq!(read("\"PURCHASE\""), Some(Some(MovementKind::Purchase)));
        assert_eq!(read(r#"{"creditCard":"PREAUTH"}"#), Some(Some(MovementKind::Preauth)));
        assert_eq!(read("\"COMPLETION\""), None);
    }
}
