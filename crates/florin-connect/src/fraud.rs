//! Fraud screens: asked about a payment before it is made.
//!
//! [`HouseScreen`] judges by the house's own rules and needs nobody outside. Invariant: a screen is told no card number, and
//! nothing of the payload is printed.

use std::fmt;

use florin_domain::Money;
use florin_domain::fraud::{FraudFacts, FraudRule, FraudRules, FraudVerdict, Judgement};

use crate::{Call, Connector};

/// A payment to be judged.
#[derive(Clone)]
pub struct FraudAsk<'a> {
    /// The idempotency key.
    pub key: String,
    /// Who is paid.
    pub merchant: &'a str,
    /// The merchant's order number, or whatever it calls the payment.
    pub reference: &'a str,
    /// All of it.
    pub amount: Money,
    /// How many payments of this wallet were screened in the last hour, this one included.
    pub recent: u32,
    /// The country that it is sent to, in two letters.
    pub shipping_country: Option<&'a str>,
    /// The first six digits of the cards that pay it.
    pub bins: Vec<&'a str>,
    /// What the merchant sends for the screen, readable if it can be read.
    pub message: &'a str,
}

/// Prints nothing of the payload.
impl fmt::Debug for FraudAsk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FraudAsk").field("key", &self.key).field("amount", &self.amount).finish_non_exhaustive()
    }
}

/// What a screen says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FraudAnswer {
    /// Its own id for it.
    pub client_id: String,
    /// What to do.
    pub verdict: FraudVerdict,
    /// Its code for why.
    pub reason_code: String,
    /// The names of the rules that the payment ran into.
    pub rules: Vec<String>,
}

impl FraudAnswer {
    /// A judgement as an answer.
    pub fn of(client_id: String, judgement: &Judgement) -> Self {
        Self {
            client_id,
            verdict: judgement.verdict,
            reason_code: judgement.verdict.reason_code().to_owned(),
            rules: judgement.rules.iter().map(|rule| FraudRule::name(*rule).to_owned()).collect(),
        }
    }
}

/// Whoever judges payments.
pub trait FraudScreen: Connector {
    /// Judges a payment.
    fn screen<'a>(&'a self, ask: FraudAsk<'a>) -> Call<'a, FraudAnswer>;
}

/// The house's own rules, for an installation without a fraud service. It knows no cards' countries.
#[derive(Debug, Clone, Copy)]
pub struct HouseScreen;

impl Connector for HouseScreen {
    fn name(&self) -> &'static str {
        "house-rules"
    }

    fn simulated(&self) -> bool {
        false
    }
}

impl FraudScreen for HouseScreen {
    fn screen<'a>(&'a self, ask: FraudAsk<'a>) -> Call<'a, FraudAnswer> {
        let answer = FraudAnswer::of(ask.key.clone(), &FraudRules::HOUSE.judge(&facts(&ask, |_| None)));
        Box::pin(async move { Ok(answer) })
    }
}

/// The facts of a question; `country_of` knows the country of a card by its first digits.
pub fn facts(ask: &FraudAsk<'_>, country_of: fn(&str) -> Option<&'static str>) -> FraudFacts {
    FraudFacts {
        amount: ask.amount,
        recent: ask.recent,
        shipping_country: ask.shipping_country.or_else(|| shipping_country(ask.message)).map(str::to_owned),
        card_countries: ask.bins.iter().filter_map(|bin| country_of(bin)).map(str::to_owned).collect(),
    }
}

/// The country in the `shipTo` part of a merchant's XML. A plain look for the two names, and not a parse: what is not found is
/// not known, and the rule that wants it does not apply.
fn shipping_country(message: &str) -> Option<&str> {
    let ship_to = message.split_once("<shipTo")?.1.split_once("</shipTo>")?.0;
    let country = ship_to.split_once("<country>")?.1.split_once("</country>")?.0.trim();
    (country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some(country)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_country_is_that_of_the_shipment() {
        let table = [
            ("<r><billTo><country>AU</country></billTo><shipTo id=\"1\"><city>x</city><country> nz </country></shipTo></r>", Some("nz")),
            ("<r><billTo><country>AU</country></billTo></r>", None),
            ("<shipTo><country>AUS</country></shipTo>", None),
            ("<shipTo><country>", None),
            ("", None),
        ];
        for (message, expected) in table {
            assert_eq!(shipping_country(message), expected, "{message}");
        }
    }
}
