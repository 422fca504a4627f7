//! What a request may tell beyond the money: addresses, baskets, terminals.
//!
//! Held to its shape, because a client that gets it wrong wants to know, and not used for any decision of our own; the fraud
//! screen is told where the goods go. Source: `docs/wire/wpay.md`, "Payments".

use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::value::RawValue;

use crate::fields::TEXT_MAX;

/// A string that may be empty, of at most [`TEXT_MAX`] characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line(pub String);

/// A string of exactly `LENGTH` characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exactly<const LENGTH: usize>(pub String);

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // Bytes first: counting characters is only worth it near the limit.
        let is_long = text.len() > TEXT_MAX && text.chars().count() > TEXT_MAX;
        if is_long { Err(D::Error::custom(format_args!("is longer than {TEXT_MAX} characters"))) } else { Ok(Self(text)) }
    }
}

impl<'de, const LENGTH: usize> Deserialize<'de> for Exactly<LENGTH> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Line(text) = Line::deserialize(deserializer)?;
        let fits = text.chars().count() == LENGTH;
        if fits { Ok(Self(text)) } else { Err(D::Error::custom(format_args!("must have {LENGTH} characters"))) }
    }
}

/// A part of a request that was found well-formed and then let go.
#[derive(Debug)]
pub struct WellFormed<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for WellFormed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(|_| Self(PhantomData))
    }
}

/// Any JSON number.
#[derive(Debug)]
pub struct Number;

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let is_number = json.get().starts_with(|first: char| first == '-' || first.is_ascii_digit());
        if is_number { Ok(Self) } else { Err(D::Error::custom("must be a JSON number")) }
    }
}

/// Where somebody lives, or where the goods go.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "held to its shape by being read")]
pub struct Place {
    first_name: Line,
    last_name: Line,
    email: Option<Line>,
    company: Option<Line>,
    extended_address: Option<Line>,
    street_address: Line,
    suburb: Line,
    state_or_territory: Line,
    postal_code: Line,
    country_code: Line,
}

/// Where the goods go: a place, of which the country is kept.
#[derive(Debug)]
pub struct Destination(Line);

impl<'de> Deserialize<'de> for Destination {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Place::deserialize(deserializer).map(|place| Self(place.country_code))
    }
}

impl Destination {
    /// The country in two letters, if it is told so.
    pub fn country(self) -> Option<String> {
        let Self(Line(code)) = self;
        (code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some(code)
    }
}

/// One thing that is bought.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "held to its shape by being read")]
pub struct BasketItem {
    item_id: Line,
    category: Line,
    subcategory: Line,
    description: Option<String>,
    quantity: Option<Number>,
    price: Option<Number>,
    currency: Option<BasketCurrency>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum BasketCurrency {
    Aud,
    Nzd,
}

/// A word from the merchant's own systems.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "held to its shape by being read")]
pub struct MerchantField {
    field: MerchantFieldName,
    value: Line,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum MerchantFieldName {
    CorrelationId,
}

/// How an instrument is named; the token that stands for it here needs no such word.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "held to its shape by being read")]
pub struct ControlData {
    token_type: Option<TokenType>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum TokenType {
    SchemeToken,
    Scdr,
    Pan,
}

/// The terminal in a shop that a payment was made at. Told again in the answer, and otherwise not used.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreData {
    #[serde(rename = "groupId")]
    _group_id: Option<Line>,
    terminal_id: Option<Exactly<8>>,
    #[serde(rename = "storeId")]
    _store_id: Option<Line>,
    #[serde(rename = "laneId")]
    _lane_id: Option<Line>,
    stan: Option<Exactly<6>>,
    rrn: Option<Exactly<12>>,
    #[serde(rename = "transactionTimestamp")]
    _transaction_timestamp: Option<Number>,
}

impl StoreData {
    /// What an answer tells of it again, by field: the trace number, the retrieval reference, the terminal.
    pub fn told_again(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let fields = [
            ("stan", self.stan.as_ref().map(|Exactly(text)| text.as_str())),
            ("rrn", self.rrn.as_ref().map(|Exactly(text)| text.as_str())),
            ("terminalId", self.terminal_id.as_ref().map(|Exactly(text)| text.as_str())),
        ];
        fields.into_iter().filter_map(|(field, value)| value.map(|value| (field, value)))
    }
}
