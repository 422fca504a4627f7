//! The sandbox's card network: test cards with published fates, and companies whose second instalment never comes.
//!
//! Charges of instalments are written down before they are told. Retail payments are not: theirs follow from the order alone,
//! see [`retail`](crate::retail).
//! Invariant: a key has one outcome for good.

use std::sync::Arc;

use florin_connect::{
    Authorise, Authorised, Call, CardAcquirer, CardCheck, CardVerdict, Charge, ChargeOutcome, ConnectError, Connector, Move, MoveKind,
    Moved,
};
use florin_domain::card::CardNumber;
use florin_domain::company::CompanyNumber;
use serde::{Deserialize, Serialize};

use crate::cards::{self, CardOutcome};
use crate::company::CompanyOutcome;
use crate::notebook::{self, Notebook};
use crate::retail;

/// The instalment that an [`ApprovedThenLate`](CompanyOutcome::ApprovedThenLate) company misses.
const MISSED_INSTALMENT: u32 = 2;

/// A card network for the sandbox. Every card with a right check digit is good unless [`cards`](crate::cards) names it.
#[derive(Clone)]
pub struct SimAcquirer {
    notebook: Arc<dyn Notebook>,
}

/// A charge as the network remembers it: nothing of the card.
#[derive(Serialize, Deserialize)]
struct ChargeNote {
    amount_minor: i64,
    currency: String,
    /// The network's code and reason, if it was declined.
    declined: Option<(String, String)>,
}

/// A code of the network and its reason in words.
type Refusal = (&'static str, &'static str);

const CARD_DECLINED: Refusal = ("card_declined", "The card was declined by its issuer.");
const NO_FUNDS: Refusal = ("insufficient_funds", "There is not enough money on the card.");

impl SimAcquirer {
    /// A card network that remembers its charges in `notebook`.
    pub fn new(notebook: Arc<dyn Notebook>) -> Self {
        Self { notebook }
    }

    async fn take(&self, charge: Charge<'_>) -> Result<ChargeOutcome, ConnectError> {
        let page = page_of(&charge.key);
        if let Some(earlier) = notebook::read::<ChargeNote>(&*self.notebook, page.clone()).await? {
            let same = earlier.amount_minor == charge.amount.minor() && earlier.currency == charge.amount.currency().code();
            return if same {
                Ok(earlier.outcome(&charge.key))
            } else {
                Err(ConnectError::refused("key_reused", "this key charged another amount"))
            };
        }
        if !charge.amount.is_positive() {
            return Err(ConnectError::refused("bad_amount", "a charge takes more than nothing"));
        }
        let declined = refusal_at_charge(&charge).map(|(code, message)| (code.to_owned(), message.to_owned()));
        let note = ChargeNote { amount_minor: charge.amount.minor(), currency: charge.amount.currency().code().to_owned(), declined };
        notebook::write(&*self.notebook, page, &note).await?;
        Ok(note.outcome(&charge.key))
    }
}

impl Connector for SimAcquirer {
    fn name(&self) -> &'static str {
        "sandbox-cards"
    }

    fn simulated(&self) -> bool {
        true
    }
}

impl CardAcquirer for SimAcquirer {
    fn verify<'a>(&'a self, check: CardCheck<'a>) -> Call<'a, CardVerdict> {
        let verdict = match refusal_at_check(&check.card.number) {
            None => CardVerdict::Verified,
            Some((code, message)) => CardVerdict::Declined { code: code.to_owned(), message: message.to_owned() },
        };
        Box::pin(async move { Ok(verdict) })
    }

    fn charge<'a>(&'a self, charge: Charge<'a>) -> Call<'a, ChargeOutcome> {
        Box::pin(self.take(charge))
    }

    fn charge_status<'a>(&'a self, key: &'a str) -> Call<'a, Option<ChargeOutcome>> {
        Box::pin(async move {
            let note = notebook::read::<ChargeNote>(&*self.notebook, page_of(key)).await?;
            Ok(note.map(|note| note.outcome(key)))
        })
    }

    fn authorise<'a>(&'a self, order: Authorise<'a>) -> Call<'a, Authorised> {
        Box::pin(retail::authorise(order))
    }

    fn capture<'a>(&'a self, order: Move<'a>) -> Call<'a, Moved> {
        Box::pin(async move { retail::move_money(MoveKind::Capture, &order) })
    }

    fn void<'a>(&'a self, order: Move<'a>) -> Call<'a, Moved> {
        Box::pin(async move { retail::move_money(MoveKind::Void, &order) })
    }

    fn refund<'a>(&'a self, order: Move<'a>) -> Call<'a, Moved> {
        Box::pin(async move { retail::move_money(MoveKind::Refund, &order) })
    }

    fn authorised<'a>(&'a self, order: Authorise<'a>) -> Call<'a, Option<Authorised>> {
        Box::pin(async move { retail::authorised(&order).map(Some) })
    }

    fn moved<'a>(&'a self, kind: MoveKind, order: Move<'a>) -> Call<'a, Option<Moved>> {
        Box::pin(async move { retail::moved(kind, &order).map(Some) })
    }
}

impl ChargeNote {
    fn outcome(self, key: &str) -> ChargeOutcome {
        match self.declined {
            None => ChargeOutcome::Captured { reference: format!("SBX-{key}") },
            Some((code, message)) => ChargeOutcome::Declined { code, message },
        }
    }
}

fn page_of(key: &str) -> String {
    format!("charge/{key}")
}

/// Two cards cannot be kept at all; the others show what they are when they are paid with.
fn refusal_at_check(number: &CardNumber) -> Option<Refusal> {
    match (CardOutcome::of(number.expose()), number.expose()) {
        (CardOutcome::RefusedAtCapture, _) => Some(CARD_DECLINED),
        (_, cards::NO_FUNDS_AT_CHECK) => Some(NO_FUNDS),
        _ => None,
    }
}

fn refusal_at_charge(charge: &Charge<'_>) -> Option<Refusal> {
    let customer = CompanyNumber::parse(&charge.customer).ok().and_then(|number| CompanyOutcome::of(&number));
    if customer == Some(CompanyOutcome::ApprovedThenLate) && charge.instalment == MISSED_INSTALMENT {
        return Some(NO_FUNDS);
    }
    let outcome = CardOutcome::of(charge.card.number.expose());
    match outcome {
        CardOutcome::RefusedAtCapture | CardOutcome::Declined => Some(CARD_DECLINED),
        CardOutcome::InsufficientFunds => Some(NO_FUNDS),
        other => other.refusal().map(|code| (other.name(), cards::meaning(code).1)),
    }
}
