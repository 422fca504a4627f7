//! Retail payments in the sandbox's card network: authorised, captured, voided, refunded.
//!
//! This network remembers nothing, because a note for every payment would cost more than the payment: an outcome and its
//! reference are a pure function of card, amount and key. So a repeated key has the same outcome and takes nothing twice. Asked
//! afterwards, the network answers as it would have then: it holds every order that it is asked about for one that arrived, and
//! knows of a card's code only if it is told again. What may still be captured or refunded is for the books that ask to know.

use std::time::Duration;

use florin_connect::{
    Authorise, Authorised, CardSecret, ConnectError, Decline, DeclineReason, Means, Move, MoveKind, Moved, WalletProvider,
};

use crate::cards::{self, AmountOutcome, CardOutcome};
use crate::name;

/// How long the slow card takes: long enough to be seen in a browser, short of every time-out.
const SLOWNESS: Duration = Duration::from_secs(2);
/// What every reference of this network begins with.
const REFERENCE: &str = "SBX-";
/// Codes that no issuer gives out.
const WRONG_CODES: [&str; 2] = ["000", "0000"];

/// What became of an order, and whether its answer arrives.
struct Fate<T> {
    outcome: T,
    is_heard: bool,
}

/// Authorises `order` and answers as the order's card does: late, or not at all.
pub(crate) async fn authorise(order: Authorise<'_>) -> Result<Authorised, ConnectError> {
    let fate = fate_of(&order)?;
    if matches!(order.means, Means::Card(card) if CardOutcome::of(card.number.expose()) == CardOutcome::Slow) {
        // The world is slow by a real clock: what waits for it are time-outs and people, which no clock of ours moves on.
        tokio::time::sleep(SLOWNESS).await;
    }
    heard(fate)
}

/// What became of `order`.
pub(crate) fn authorised(order: &Authorise<'_>) -> Result<Authorised, ConnectError> {
    fate_of(order).map(|fate| fate.outcome)
}

/// Moves money.
pub(crate) fn move_money(kind: MoveKind, order: &Move<'_>) -> Result<Moved, ConnectError> {
    heard(movement_fate(kind, order)?)
}

/// What became of a movement.
pub(crate) fn moved(kind: MoveKind, order: &Move<'_>) -> Result<Moved, ConnectError> {
    movement_fate(kind, order).map(|fate| fate.outcome)
}

fn heard<T>(fate: Fate<T>) -> Result<T, ConnectError> {
    if fate.is_heard { Ok(fate.outcome) } else { Err(ConnectError::Unavailable("the sandbox lost its answer, as published".to_owned())) }
}

fn fate_of(order: &Authorise<'_>) -> Result<Fate<Authorised>, ConnectError> {
    if !order.amount.is_positive() {
        return Err(ConnectError::refused("bad_amount", "an authorisation is for more than nothing"));
    }
    let declined = |decline| Fate { outcome: Authorised::Declined(decline), is_heard: true };
    let refusal = match order.means {
        Means::Card(card) => card_refusal(card, order),
        Means::Wallet { provider, token } => token_refusal(provider_in_words(provider), token),
        Means::Apm { provider, token } => token_refusal(provider.title(), token),
    };
    if let Some(decline) = refusal {
        return Ok(declined(decline));
    }
    let answers = !matches!(order.means, Means::Card(card) if CardOutcome::of(card.number.expose()) == CardOutcome::UnknownOutcome);
    let approved = Authorised::Approved { reference: format!("{REFERENCE}{}", order.key), network_code: "00".to_owned() };
    Ok(match cards::of_authorisation(order.amount) {
        AmountOutcome::Ordinary => Fate { outcome: approved, is_heard: answers },
        AmountOutcome::Declined(code) => declined(decline(code)),
        AmountOutcome::Unknown => Fate { outcome: approved, is_heard: false },
    })
}

fn card_refusal(card: &CardSecret, order: &Authorise<'_>) -> Option<Decline> {
    let outcome = CardOutcome::of(card.number.expose());
    if let Some(code) = outcome.refusal() {
        return Some(decline(code));
    }
    if card.cvc.as_deref().is_some_and(|code| WRONG_CODES.contains(&code)) {
        return Some(decline("N7"));
    }
    let is_authenticated = order.authentication.as_ref().is_some_and(|proof| matches!(proof.status, 'Y' | 'A'));
    match outcome {
        CardOutcome::StepUp if card.cvc.is_none() => Some(decline("82")),
        CardOutcome::ThreedsChallenge if !is_authenticated => Some(challenge(&order.key)),
        CardOutcome::ThreedsFail => Some(decline("83")),
        _ => None,
    }
}

fn token_refusal(provider: &str, token: &str) -> Option<Decline> {
    let message = || format!("{provider} declined the payment.");
    token.contains("decline").then(|| Decline { message: message(), ..decline("05") })
}

/// The provider's own spelling, for people.
const fn provider_in_words(provider: WalletProvider) -> &'static str {
    match provider {
        WalletProvider::PayPal => "PayPal",
        WalletProvider::GooglePay => "Google Pay",
        WalletProvider::ApplePay => "Apple Pay",
        WalletProvider::AndroidPay => "Android Pay",
    }
}

fn challenge(key: &str) -> Decline {
    Decline {
        reason: DeclineReason::AuthenticationRequired { session: name::uuid(key) },
        network_code: "1A".to_owned(),
        message: "The issuer wants the cardholder authenticated.".to_owned(),
    }
}

fn decline(network_code: &str) -> Decline {
    let (reason, message) = cards::meaning(network_code);
    Decline { reason, network_code: network_code.to_owned(), message: message.to_owned() }
}

fn movement_fate(kind: MoveKind, order: &Move<'_>) -> Result<Fate<Moved>, ConnectError> {
    if !order.amount.is_positive() {
        return Err(ConnectError::refused("bad_amount", "a movement is of more than nothing"));
    }
    let declined = |code| Fate { outcome: Moved::Declined(decline(code)), is_heard: true };
    if !order.of.starts_with(REFERENCE) {
        return Ok(declined("25"));
    }
    let done = Moved::Done { reference: format!("{REFERENCE}{}-{}", kind.name(), order.key) };
    Ok(match cards::of_movement(order.amount) {
        AmountOutcome::Ordinary => Fate { outcome: done, is_heard: true },
        AmountOutcome::Declined(code) => declined(code),
        AmountOutcome::Unknown => Fate { outcome: done, is_heard: false },
    })
}
