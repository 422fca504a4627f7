//! Importing instruments: cards by a payment that was made with them, and an account at `PayPal`.

use florin_domain::Timestamp;
use florin_service::instruments::{self, ImportCard, ImportOrder, ImportPayPal, ImportResult, ImportedCard};
use florin_web::Surface;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::Refusal;
use crate::fields::{Hidden, Instant, Text};
use crate::instruments::shopper_id;
use crate::money::Amount;
use crate::particulars::Line;
use crate::reply::Reply;
use crate::words;

/// How many cards one call may bring.
const CARDS_MAX: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ask {
    uid: Line,
    shopper_id: Text,
    #[serde(default)]
    credit_cards: Option<Vec<AskCard>>,
    pay_pal: Option<AskPayPal>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AskCard {
    transaction_ref: Text,
    transaction_timestamp: Instant,
    order_number: Text,
    bin: Text,
    card_suffix: Text,
    amount: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AskPayPal {
    customer_id: Text,
    pay_pal_id: Text,
    payment_method_token: Hidden,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImportedBody<'a> {
    uid: &'a str,
    shopper_id: &'a str,
    credit_cards: Vec<CardBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_pal: Option<PayPalBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CardBody<'a> {
    transaction_ref: &'a str,
    transaction_timestamp: String,
    transaction_type: &'static str,
    transaction_response_code: String,
    transaction_response_text: String,
    order_number: &'a str,
    bin: &'a str,
    card_suffix: &'a str,
    expiry_month: String,
    expiry_year: String,
    amount: Amount,
    #[serde(flatten)]
    outcome: OutcomeBody,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PayPalBody<'a> {
    customer_id: &'a str,
    pay_pal_id: &'a str,
    #[serde(flatten)]
    outcome: OutcomeBody,
}

/// The word, and an object with the reason where there is one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutcomeBody {
    result: &'static str,
    error_message: Option<ReasonBody>,
}

#[derive(Serialize)]
struct ReasonBody {
    message: &'static str,
}

/// `POST /wow/v1/pay/instruments/import`
pub async fn import(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let ask: Ask = call.json()?;
    let cards = ask.credit_cards.as_deref().unwrap_or_default();
    if cards.len() > CARDS_MAX {
        return Err(Refusal::invalid(format!("creditCards must hold at most {CARDS_MAX}.")));
    }
    if cards.is_empty() && ask.pay_pal.is_none() {
        return Err(Refusal::invalid("creditCards or payPal is required."));
    }
    let order = ImportOrder {
        shopper: shopper_id(ask.shopper_id.as_str())?,
        cards: cards.iter().map(AskCard::order).collect(),
        paypal: ask.pay_pal.as_ref().map(AskPayPal::order),
    };
    let imported = instruments::import(&surface.cx, &call.merchant, order).await?;
    let pay_pal = ask.pay_pal.as_ref().zip(imported.paypal).map(|(ask, result)| PayPalBody {
        customer_id: ask.customer_id.as_str(),
        pay_pal_id: ask.pay_pal_id.as_str(),
        outcome: result.into(),
    });
    Ok(Reply::ok(&ImportedBody {
        uid: &ask.uid.0,
        shopper_id: ask.shopper_id.as_str(),
        credit_cards: cards.iter().zip(&imported.cards).map(|(ask, card)| CardBody::of(ask, card)).collect(),
        pay_pal,
    }))
}

impl AskCard {
    fn order(&self) -> ImportCard {
        ImportCard {
            reference: self.transaction_ref.as_str().to_owned(),
            order_number: self.order_number.as_str().to_owned(),
            bin: self.bin.as_str().to_owned(),
            suffix: self.card_suffix.as_str().to_owned(),
            amount: self.amount.0,
        }
    }
}

impl AskPayPal {
    fn order(&self) -> ImportPayPal {
        ImportPayPal {
            customer: self.customer_id.as_str().to_owned(),
            account: self.pay_pal_id.as_str().to_owned(),
            token: self.payment_method_token.expose().to_owned(),
        }
    }
}

impl<'a> CardBody<'a> {
    fn of(ask: &'a AskCard, card: &ImportedCard) -> Self {
        let service = card.service.clone();
        let (transaction_response_code, transaction_response_text) =
            service.map_or_else(Default::default, |service| (service.code, service.message));
        Self {
            transaction_ref: ask.transaction_ref.as_str(),
            transaction_timestamp: Timestamp::to_millis_text(ask.transaction_timestamp.0),
            transaction_type: card.kind.map_or("", words::movement),
            transaction_response_code,
            transaction_response_text,
            order_number: ask.order_number.as_str(),
            bin: ask.bin.as_str(),
            card_suffix: ask.card_suffix.as_str(),
            expiry_month: words::expiry_month(card.expiry),
            expiry_year: words::expiry_year(card.expiry),
            amount: ask.amount,
            outcome: card.result.into(),
        }
    }
}

impl From<ImportResult> for OutcomeBody {
    fn from(result: ImportResult) -> Self {
        match result {
            ImportResult::Ok => Self { result: "OK", error_message: None },
            ImportResult::Duplicate => Self { result: "DUP", error_message: None },
            ImportResult::Expired => Self { result: "EXP", error_message: None },
            ImportResult::Error(message) => Self { result: "ERROR", error_message: Some(ReasonBody { message }) },
        }
    }
}
