//! Fraud: what is known of a payment before it is made, and the rules by which the house judges it.
//!
//! Pure rules. Invariant: the same facts bring the same verdict, and every verdict names the rules that brought it.

use crate::money::{Currency, Money};
use crate::{FraudDecisionId, Timestamp};

/// What is done with a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FraudVerdict {
    /// It goes on.
    Accept,
    /// It goes on, and a person should look at it.
    Review,
    /// It is refused.
    Reject,
}

impl FraudVerdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::Accept, Self::Review, Self::Reject];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Review => "review",
            Self::Reject => "reject",
        }
    }

    /// Finds a verdict by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }

    /// The reason code that goes with it where the contract's own provider screens.
    pub const fn reason_code(self) -> &'static str {
        match self {
            Self::Accept => "100",
            Self::Review => "480",
            Self::Reject => "481",
        }
    }
}

/// A rule that a payment can run into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FraudRule {
    /// It is for a lot of money.
    Amount,
    /// The wallet has been busy.
    Velocity,
    /// It is sent to another country than the card's.
    Country,
    /// It carries a word that was published for trying this out.
    Marker,
    /// Nobody could be asked.
    NoAnswer,
}

impl FraudRule {
    /// Every rule.
    pub const ALL: [Self; 5] = [Self::Amount, Self::Velocity, Self::Country, Self::Marker, Self::NoAnswer];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Amount => "amount",
            Self::Velocity => "velocity",
            Self::Country => "country",
            Self::Marker => "marker",
            Self::NoAnswer => "no_answer",
        }
    }
}

/// What is known of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FraudFacts {
    /// All of it.
    pub amount: Money,
    /// How many payments of this wallet were screened in the last hour, this one included.
    pub recent: u32,
    /// The country that it is sent to, in two letters.
    pub shipping_country: Option<String>,
    /// The countries of the cards that pay it, where they are known.
    pub card_countries: Vec<String>,
}

/// By which payments are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FraudRules {
    /// From which amount a payment is looked at.
    pub review_from: Money,
    /// From which amount it is refused.
    pub reject_from: Money,
    /// From how many payments an hour they are looked at.
    pub review_recent: u32,
    /// From how many they are refused.
    pub reject_recent: u32,
}

/// A verdict and what brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The strictest of the rules.
    pub verdict: FraudVerdict,
    /// The rules that it ran into, strictest first.
    pub rules: Vec<FraudRule>,
}

impl FraudRules {
    /// The house's own.
    pub const HOUSE: Self = Self {
        review_from: Money::new(500_000, Currency::Aud),
        reject_from: Money::new(2_000_000, Currency::Aud),
        review_recent: 20,
        reject_recent: 60,
    };

    /// Judges a payment.
    pub fn judge(&self, facts: &FraudFacts) -> Judgement {
        let (minor, recent) = (facts.amount.minor(), facts.recent);
        let is_abroad = facts.shipping_country.as_deref().is_some_and(|shipping| {
            !facts.card_countries.is_empty() && facts.card_countries.iter().all(|country| !country.eq_ignore_ascii_case(shipping))
        });
        let hit = |reject: bool, review: bool| match (reject, review) {
            (true, _) => Some(FraudVerdict::Reject),
            (false, true) => Some(FraudVerdict::Review),
            (false, false) => None,
        };
        let hits = [
            (FraudRule::Amount, hit(minor >= self.reject_from.minor(), minor >= self.review_from.minor())),
            (FraudRule::Velocity, hit(recent >= self.reject_recent, recent >= self.review_recent)),
            (FraudRule::Country, hit(false, is_abroad)),
        ];
        hits.into_iter()
            .filter_map(|(rule, verdict)| Some((rule, verdict?)))
            .fold(Judgement::accepted(), |judgement, (rule, verdict)| judgement.with(rule, verdict))
    }
}

impl Judgement {
    /// Nothing was found.
    pub const fn accepted() -> Self {
        Self { verdict: FraudVerdict::Accept, rules: Vec::new() }
    }

    /// The judgement with one more finding.
    #[must_use]
    pub fn with(mut self, rule: FraudRule, verdict: FraudVerdict) -> Self {
        let place = if verdict > self.verdict { 0 } else { self.rules.len() };
        self.rules.insert(place, rule);
        self.verdict = self.verdict.max(verdict);
        self
    }
}

/// What a screen decided, as it is kept with the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FraudDecision {
    /// Its id.
    pub id: FraudDecisionId,
    /// The screen's own id for it.
    pub client_id: String,
    /// What was decided.
    pub verdict: FraudVerdict,
    /// The screen's code for why.
    pub reason_code: String,
    /// The names of the rules that it ran into.
    pub rules: Vec<String>,
    /// When.
    pub decided_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(minor: i64, recent: u32, shipping: Option<&str>, cards: &[&str]) -> FraudFacts {
        FraudFacts {
            amount: Money::new(minor, Currency::Aud),
            recent,
            shipping_country: shipping.map(str::to_owned),
            card_countries: cards.iter().map(|country| (*country).to_owned()).collect(),
        }
    }

    #[test]
    fn the_strictest_rule_decides_and_all_are_named() {
        use FraudRule::{Amount, Country, Velocity};
        use FraudVerdict::{Accept, Reject, Review};
        let table = [
            (facts(499_999, 19, Some("AU"), &["AU"]), Accept, vec![]),
            (facts(500_000, 1, None, &[]), Review, vec![Amount]),
            (facts(2_000_000, 1, None, &[]), Reject, vec![Amount]),
            (facts(100, 20, None, &[]), Review, vec![Velocity]),
            (facts(500_000, 60, None, &[]), Reject, vec![Velocity, Amount]),
            (facts(100, 1, Some("nz"), &["NZ"]), Accept, vec![]),
            (facts(100, 1, Some("NZ"), &["AU", "NZ"]), Accept, vec![]),
            (facts(100, 1, Some("NZ"), &["AU"]), Review, vec![Country]),
            (facts(100, 1, Some("NZ"), &[]), Accept, vec![]),
            (facts(100, 1, None, &["US"]), Accept, vec![]),
            (facts(2_000_000, 20, Some("NZ"), &["AU"]), Reject, vec![Amount, Velocity, Country]),
        ];
        for (facts, verdict, rules) in table {
            assert_eq!(FraudRules::HOUSE.judge(&facts), Judgement { verdict, rules }, "{facts:?}");
        }
    }

    #[test]
    fn names_are_read_back() {
        for verdict in FraudVerdict::ALL {
            assert_eq!(FraudVerdict::from_name(verdict.name()), Some(verdict));
        }
    }
}
