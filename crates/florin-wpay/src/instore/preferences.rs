//! Preferences, of shoppers and of merchants.

use florin_domain::instrument::InstrumentId;
use florin_domain::split::{PaymentPreferences, SecondaryOrder, SecondaryPreference};
use florin_service::ServiceError;
use florin_service::preferences::{self, Groups, ShopperPreferences};
use florin_web::Surface;
use serde::{Deserialize, Serialize};

use super::any_case::AnyCase;
use super::envelope::{Sent, instrument, tell};
use super::refusal::Outcome;
use crate::call::Call;
use crate::fields::Text;
use crate::maybe::Maybe;
use crate::payments::REFERENCE_MAX;
use crate::reply::Reply;

/// How a shopper likes to pay, as it is sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentsSent {
    #[serde(default)]
    primary_instrument_id: Maybe<Text<REFERENCE_MAX>>,
    secondary_instruments: Option<SecondarySent>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecondarySent {
    enable_secondary_instruments: Option<bool>,
    order: Option<AnyCase<OrderWord>>,
    include: Option<Vec<Text<REFERENCE_MAX>>>,
    exclude: Option<Vec<Text<REFERENCE_MAX>>>,
}

/// In which order gift cards are taken.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum OrderWord {
    BalanceAsc,
    BalanceDesc,
    ExpiryAsc,
    ExpiryDesc,
    Fifo,
    Lifo,
    IncludeOrder,
}

/// What a shopper likes, as it is sent.
#[derive(Debug, Deserialize)]
struct ShopperSent {
    payments: Option<PaymentsSent>,
    general: Option<Groups>,
}

#[derive(Serialize)]
struct ShopperBody<'t> {
    #[serde(skip_serializing_if = "Option::is_none")]
    payments: Option<PaymentsBody<'t>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    general: Option<&'t Groups>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentsBody<'t> {
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_instrument_id: Option<&'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secondary_instruments: Option<SecondaryBody<'t>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SecondaryBody<'t> {
    enable_secondary_instruments: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<OrderWord>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    include: Vec<&'t str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exclude: Vec<&'t str>,
}

impl PaymentsSent {
    /// The same in the house's words.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for what is no instrument's id.
    pub fn read(self) -> Result<PaymentPreferences, ServiceError> {
        let primary = self.primary_instrument_id.0.map(|id| instrument(id.as_str())).transpose()?;
        Ok(PaymentPreferences { primary, secondary: self.secondary_instruments.map(SecondarySent::read).transpose()? })
    }
}

impl SecondarySent {
    fn read(self) -> Result<SecondaryPreference, ServiceError> {
        let ids = |ids: Option<Vec<Text<REFERENCE_MAX>>>| -> Result<Vec<_>, _> {
            ids.unwrap_or_default().iter().map(|id| instrument(id.as_str())).collect()
        };
        Ok(SecondaryPreference {
            enabled: self.enable_secondary_instruments.unwrap_or(true),
            order: self.order.map(|AnyCase(word)| word.order()),
            include: ids(self.include)?,
            exclude: ids(self.exclude)?,
        })
    }
}

impl OrderWord {
    const fn order(self) -> SecondaryOrder {
        match self {
            Self::BalanceAsc => SecondaryOrder::BalanceAscending,
            Self::BalanceDesc => SecondaryOrder::BalanceDescending,
            Self::ExpiryAsc => SecondaryOrder::ExpiryAscending,
            Self::ExpiryDesc => SecondaryOrder::ExpiryDescending,
            Self::Fifo => SecondaryOrder::OldestFirst,
            Self::Lifo => SecondaryOrder::NewestFirst,
            Self::IncludeOrder => SecondaryOrder::AsListed,
        }
    }

    const fn of(order: SecondaryOrder) -> Self {
        match order {
            SecondaryOrder::BalanceAscending => Self::BalanceAsc,
            SecondaryOrder::BalanceDescending => Self::BalanceDesc,
            SecondaryOrder::ExpiryAscending => Self::ExpiryAsc,
            SecondaryOrder::ExpiryDescending => Self::ExpiryDesc,
            SecondaryOrder::OldestFirst => Self::Fifo,
            SecondaryOrder::NewestFirst => Self::Lifo,
            SecondaryOrder::AsListed => Self::IncludeOrder,
        }
    }
}

impl<'t> ShopperBody<'t> {
    fn of(preferences: &'t ShopperPreferences) -> Self {
        Self { payments: preferences.payments.as_ref().map(PaymentsBody::of), general: preferences.general.as_ref() }
    }
}

impl<'t> PaymentsBody<'t> {
    fn of(preferences: &'t PaymentPreferences) -> Self {
        Self {
            primary_instrument_id: preferences.primary.as_ref().map(InstrumentId::as_str),
            secondary_instruments: preferences.secondary.as_ref().map(|secondary| SecondaryBody {
                enable_secondary_instruments: secondary.enabled,
                order: secondary.order.map(OrderWord::of),
                include: secondary.include.iter().map(InstrumentId::as_str).collect(),
                exclude: secondary.exclude.iter().map(InstrumentId::as_str).collect(),
            }),
        }
    }
}

/// `GET …/customer/preferences`
pub async fn of_shopper(surface: Surface, call: Call) -> Outcome {
    let preferences = preferences::of_shopper(&surface.cx, call.shopper()?).await?;
    Ok(tell(&ShopperBody::of(&preferences)))
}

/// `POST …/customer/preferences`
pub async fn keep_shoppers(surface: Surface, call: Call) -> Outcome {
    let sent = call.json::<Sent<ShopperSent>>()?.data;
    let payments = sent.payments.map(PaymentsSent::read).transpose()?;
    preferences::keep_shopper(&surface.cx, call.shopper()?, ShopperPreferences { payments, general: sent.general }).await?;
    Ok(Reply::nothing())
}

/// `GET …/merchant/preferences`
pub async fn of_merchant(surface: Surface, call: Call) -> Outcome {
    Ok(tell(&preferences::of_merchant(&surface.cx, &call.merchant).await?))
}

/// `POST …/merchant/preferences`
pub async fn keep_merchants(surface: Surface, call: Call) -> Outcome {
    let groups = call.json::<Sent<Groups>>()?.data;
    preferences::keep_merchant(&surface.cx, &call.merchant, groups).await?;
    Ok(Reply::nothing())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(sent: Value) -> Option<PaymentPreferences> {
        serde_json::from_value::<PaymentsSent>(sent).ok().and_then(|sent| sent.read().ok())
    }

    #[test]
    fn what_is_kept_is_told_again() {
        for order in ["BALANCE_ASC", "BALANCE_DESC", "EXPIRY_ASC", "EXPIRY_DESC", "FIFO", "LIFO", "INCLUDE_ORDER"] {
            let sent = json!({
                "primaryInstrumentId": "90731",
                "secondaryInstruments": { "enableSecondaryInstruments": false, "order": order, "include": ["1"], "exclude": ["2"] },
            });
            let preferences = ShopperPreferences { payments: read(sent.clone()), general: None };
            assert_eq!(serde_json::to_value(ShopperBody::of(&preferences)).unwrap(), json!({ "payments": sent }));
        }
    }

    #[test]
    fn nothing_is_told_of_what_is_not_said() {
        assert_eq!(serde_json::to_value(ShopperBody::of(&ShopperPreferences::default())).unwrap(), json!({}));
        let preferences =
            read(json!({ "primaryInstrumentId": null, "secondaryInstruments": { "order": "lifo", "include": null } })).unwrap();
        let secondary = preferences.secondary.unwrap();
        assert!(preferences.primary.is_none() && secondary.enabled && secondary.include.is_empty());
        assert_eq!(secondary.order, Some(SecondaryOrder::NewestFirst));
        for bad in [json!({ "primaryInstrumentId": "x" }), json!({ "secondaryInstruments": { "order": "RANDOM" } })] {
            assert_eq!(read(bad.clone()), None, "{bad}");
        }
    }
}
