//! Gift cards: taken into a wallet, and asked for what is on them.
//!
//! Invariant: a number comes back masked, also to whoever sent it.

use florin_domain::instrument::{Instrument, InstrumentId};
use florin_service::ServiceError;
use florin_service::gift_cards::{self, Balance, Slip};
use florin_web::Surface;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::Refusal;
use crate::fields::{Hidden, Text};
use crate::money::Amount;
use crate::reply::Reply;
use crate::wallet_list::GiftCardBody;

/// How many kept gift cards one question may name.
const CARDS_MAX: usize = 50;

/// A gift card as typed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlipBody {
    card_number: Hidden,
    pin_code: Hidden,
}

impl SlipBody {
    /// The card for the house.
    pub fn slip(&self) -> Slip {
        Slip { number: self.card_number.expose().to_owned(), pin: self.pin_code.expose().to_owned() }
    }

    /// Takes the card of a guest.
    ///
    /// # Errors
    /// A card that cannot be taken.
    pub async fn take(&self, surface: &Surface, call: &Call) -> Result<(Instrument, Balance), Refusal> {
        Ok(gift_cards::tokenise(&surface.cx, call.shopper()?, self.slip(), false, false).await?)
    }
}

/// A gift card, as a registered shopper brings it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ask {
    card_number: Hidden,
    pin_code: Hidden,
    primary: bool,
    save: bool,
}

impl Ask {
    /// Keeps the card, or only takes it, as the shopper wants.
    ///
    /// # Errors
    /// A card that cannot be taken.
    pub async fn keep(self, surface: &Surface, call: &Call) -> Result<(Instrument, Balance), Refusal> {
        let slip = SlipBody { card_number: self.card_number, pin_code: self.pin_code }.slip();
        Ok(gift_cards::tokenise(&surface.cx, call.shopper()?, slip, self.primary, self.save).await?)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeptBody<'w> {
    gift_card: GiftCardBody<'w>,
    #[serde(flatten)]
    balance: BalanceBody,
}

/// What is on a gift card.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BalanceBody {
    balance: Amount,
    expiry_day: String,
    expiry_month: String,
    expiry_year: String,
    expired: bool,
}

impl From<&Balance> for BalanceBody {
    fn from(balance: &Balance) -> Self {
        let day = balance.expires_on;
        Self {
            balance: Amount(balance.amount),
            expiry_day: format!("{:02}", day.day()),
            expiry_month: format!("{:02}", day.month()),
            expiry_year: format!("{:04}", day.year()),
            expired: balance.expired,
        }
    }
}

/// `POST /wow/v1/pay/giftcards/tokenize`
pub async fn keep(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let (card, balance) = call.json::<Ask>()?.keep(&surface, &call).await?;
    Ok(Reply::ok(&KeptBody { gift_card: GiftCardBody::kept(&card), balance: (&balance).into() }))
}

/// Which cards a question is about: one by its number, or kept ones.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    #[serde(default)]
    gift_cards: Option<Vec<SlipBody>>,
    #[serde(default)]
    gift_card_instruments: Option<Vec<Kept>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    payment_instrument_id: Text,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerBody {
    gift_card_balances: Vec<OneBalanceBody>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneBalanceBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    card_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_instrument_id: Option<String>,
    #[serde(flatten)]
    balance: BalanceBody,
}

/// `POST /wow/v1/pay/giftcards/balance`
pub async fn balances(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let question: Question = call.json()?;
    let (slips, kept) = (question.gift_cards.unwrap_or_default(), question.gift_card_instruments.unwrap_or_default());
    let gift_card_balances = match (slips.as_slice(), kept.as_slice()) {
        ([slip], []) => {
            let balance = gift_cards::balance_of(&surface.cx, call.shopper()?, slip.slip()).await?;
            vec![OneBalanceBody {
                card_number: Some(masked(slip.card_number.expose())),
                payment_instrument_id: None,
                balance: (&balance).into(),
            }]
        }
        ([], [_, ..]) => of_kept(&surface, &call, &kept).await?,
        ([], []) => return Err(Refusal::invalid("giftCards or giftCardInstruments is required.")),
        ([_, _, ..], []) => return Err(Refusal::invalid("giftCards must name one card: ask for each by itself.")),
        ([_, ..], [_, ..]) => return Err(Refusal::invalid("giftCards and giftCardInstruments cannot both be given.")),
    };
    Ok(Reply::ok(&AnswerBody { gift_card_balances }))
}

async fn of_kept(surface: &Surface, call: &Call, kept: &[Kept]) -> Result<Vec<OneBalanceBody>, Refusal> {
    if kept.len() > CARDS_MAX {
        return Err(Refusal::invalid(format!("giftCardInstruments must name at most {CARDS_MAX}.")));
    }
    let ids: Result<Vec<_>, _> = kept.iter().map(|card| InstrumentId::parse(card.payment_instrument_id.as_str())).collect();
    let ids = ids.map_err(|_| ServiceError::NotFound("payment instrument"))?;
    let found = gift_cards::balances(&surface.cx, call.shopper()?, &ids).await?;
    let told = found.iter().map(|(id, balance)| OneBalanceBody {
        card_number: None,
        payment_instrument_id: Some(id.to_string()),
        balance: balance.into(),
    });
    Ok(told.collect())
}

/// A number of which only the last four digits are seen.
fn masked(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(|character| !matches!(character, ' ' | '-')).collect();
    let hidden = digits.len().saturating_sub(4);
    digits.iter().enumerate().map(|(place, digit)| if place < hidden { '*' } else { *digit }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_digits_of_a_number_are_seen() {
        assert_eq!(masked("6280 0030-9079 1562 689"), "***************2689");
        assert_eq!(masked("123"), "123");
    }
}
