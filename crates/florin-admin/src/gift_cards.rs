//! `/admin/gift-cards`: putting gift cards into the world, with money on them.

use axum::extract::State;
use axum::response::Response;
use florin_domain::gift_card::GiftCardNumber;
use florin_domain::{Currency, Money};
use florin_service::{Cx, gift_cards};
use http::StatusCode;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::body::{Sent, json};
use crate::money::Decimal;
use crate::problem::Problem;
use crate::query::id;

/// A gift card to be issued. Prints nothing: whoever knows number and PIN has the money.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGiftCard {
    number: String,
    pin: String,
    /// In Australian dollars, as its digits stand in the body.
    balance: Box<RawValue>,
    expires_on: String,
}

#[derive(Serialize)]
struct GiftCardBody {
    suffix: String,
    balance: Decimal,
    expires_on: String,
}

/// `POST /admin/gift-cards`
pub async fn issue(State(cx): State<Cx>, Sent(new): Sent<NewGiftCard>) -> Result<Response, Problem> {
    let number = id("number", &new.number, GiftCardNumber::parse)?;
    let balance = id("balance", new.balance.get(), |text| Money::from_decimal(text, Currency::Aud))?;
    let expires_on: Date = new.expires_on.parse().map_err(|_| Problem::invalid("expires_on", "must be a day such as 2030-12-31"))?;
    if expires_on < cx.clock.now().sydney_date() {
        return Err(Problem::invalid("expires_on", "is in the past"));
    }
    gift_cards::issue(&cx, &new.number, &new.pin, balance, expires_on).await?;
    let body = GiftCardBody { suffix: number.suffix().to_owned(), balance: Decimal(balance), expires_on: expires_on.to_string() };
    Ok(json(StatusCode::CREATED, &body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::parse;

    #[test]
    fn a_balance_keeps_the_digits_that_were_sent() {
        let read = |balance: &str| {
            let body = format!(r#"{{"number":"1","pin":"2","expires_on":"2030-12-31","balance":{balance}}}"#);
            parse::<NewGiftCard>(body.as_bytes()).map(|new| new.balance.get().to_owned())
        };
        for digits in ["100", "75.50", "0.1", "1e2"] {
            assert_eq!(read(digits).unwrap(), digits);
        }
        assert!(read("").is_err(), "nothing is no number");
        assert!(Money::from_decimal(&read(r#""75.50""#).unwrap(), Currency::Aud).is_err(), "a text is no number");
    }
}
