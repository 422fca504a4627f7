//! The sandbox's fraud screen: the house's rules, and words that decide at once.
//!
//! It remembers nothing and guesses nothing. A payload or an order number with one of the published words has the verdict of
//! that word; whatever else is judged by the house's rules, with the countries of a few cards' first digits made up.

use florin_connect::{Call, Connector, FraudAnswer, FraudAsk, FraudScreen};
use florin_domain::fraud::{FraudRule, FraudRules, FraudVerdict, Judgement};
use serde::Serialize;

use crate::name;

/// The words that decide.
const MARKERS: [(&str, FraudVerdict); 3] =
    [("fraud-accept", FraudVerdict::Accept), ("fraud-review", FraudVerdict::Review), ("fraud-reject", FraudVerdict::Reject)];

/// The countries of cards by their first digits; of all others it is not known.
const COUNTRIES: [(&str, &str); 5] = [("424242", "AU"), ("555555", "AU"), ("378282", "US"), ("353011", "JP"), ("305693", "US")];

/// A word with its published verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedMarker {
    /// What the payload or the order number holds, in either case.
    pub marker: String,
    /// [`FraudVerdict::name`].
    pub verdict: String,
}

/// Every published word.
pub fn named_markers() -> Vec<NamedMarker> {
    let named = |(marker, verdict): (&str, FraudVerdict)| NamedMarker { marker: marker.to_owned(), verdict: verdict.name().to_owned() };
    MARKERS.into_iter().map(named).collect()
}

/// A fraud screen that remembers nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct SimFraudScreen;

impl Connector for SimFraudScreen {
    fn name(&self) -> &'static str {
        "sandbox-fraud"
    }

    fn simulated(&self) -> bool {
        true
    }
}

impl FraudScreen for SimFraudScreen {
    fn screen<'a>(&'a self, ask: FraudAsk<'a>) -> Call<'a, FraudAnswer> {
        let answer = FraudAnswer::of(name::uuid(&ask.key), &judged(&ask));
        Box::pin(async move { Ok(answer) })
    }
}

fn judged(ask: &FraudAsk<'_>) -> Judgement {
    let (message, reference) = (ask.message.to_ascii_lowercase(), ask.reference.to_ascii_lowercase());
    match MARKERS.iter().find(|(marker, _)| message.contains(marker) || reference.contains(marker)) {
        Some((_, verdict)) => Judgement::accepted().with(FraudRule::Marker, *verdict),
        None => FraudRules::HOUSE.judge(&florin_connect::fraud::facts(ask, country_of)),
    }
}

fn country_of(bin: &str) -> Option<&'static str> {
    COUNTRIES.iter().find(|(known, _)| *known == bin).map(|(_, country)| *country)
}
