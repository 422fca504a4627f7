//! Splits: which instruments pay how much of a payment.
//!
//! Pure rules. Invariants: the parts add up to the whole; every part is more than nothing; an instrument has one part.

use jiff::civil::Date;

use crate::Timestamp;
use crate::instrument::InstrumentId;
use crate::money::Money;

/// In which order secondary instruments are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondaryOrder {
    /// The smallest balance first.
    BalanceAscending,
    /// The largest balance first.
    BalanceDescending,
    /// What runs out soonest first.
    ExpiryAscending,
    /// What runs out latest first.
    ExpiryDescending,
    /// The oldest in the wallet first.
    OldestFirst,
    /// The newest in the wallet first.
    NewestFirst,
    /// As they are listed.
    AsListed,
}

/// Whether and how gift cards help to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondaryPreference {
    /// Whether they do.
    pub enabled: bool,
    /// In which order; as listed if there is a list, else what runs out soonest first.
    pub order: Option<SecondaryOrder>,
    /// Only these, if any are listed.
    pub include: Vec<InstrumentId>,
    /// None of these.
    pub exclude: Vec<InstrumentId>,
}

/// How a shopper likes to pay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaymentPreferences {
    /// What pays what nothing else does.
    pub primary: Option<InstrumentId>,
    /// Whether and how gift cards help; they do not if nothing is said.
    pub secondary: Option<SecondaryPreference>,
}

/// What a payer says about the instruments of a payment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// What pays what the others leave.
    pub primary: Option<InstrumentId>,
    /// What else pays, and how much; an empty list is a word too.
    pub secondary: Option<Vec<(InstrumentId, Money)>>,
    /// Preferences for this payment, instead of those that are kept.
    pub preferences: Option<PaymentPreferences>,
}

/// A gift card that could help to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// What can be spent.
    pub available: Money,
    /// Its last day.
    pub expires_on: Date,
    /// Since when it is in the wallet.
    pub created_at: Timestamp,
}

/// What a wallet has to offer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offer {
    /// The instrument that the wallet pays with first.
    pub primary: Option<InstrumentId>,
    /// The shopper's kept preferences.
    pub preferences: Option<PaymentPreferences>,
    /// Its gift cards that can be spent.
    pub gift_cards: Vec<Candidate>,
}

/// Why a payment cannot be split as it was wished.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitFault {
    /// The secondary instruments take more than there is to pay.
    #[error("the secondary instruments add up to more than the payment")]
    TooMuch,
    /// Something is left that no instrument pays.
    #[error("no instrument pays all that the others leave")]
    NoPrimary,
    /// An instrument is to pay nothing.
    #[error("an instrument must pay more than 0")]
    NotPositive,
    /// An instrument is named twice.
    #[error("instrument {0} is named twice")]
    Twice(InstrumentId),
}

impl SplitFault {
    /// The stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TooMuch => "split_too_much",
            Self::NoPrimary => "split_no_primary",
            Self::NotPositive => "split_not_positive",
            Self::Twice(_) => "split_twice",
        }
    }
}

/// Splits `gross` as the payer wishes. Who names a primary instrument alone is charged on that one, unless preferences come
/// with it; who names nothing pays as the preferences say, and failing these with the wallet's own primary instrument.
///
/// # Errors
/// [`SplitFault`] with the reason.
pub fn split(gross: Money, wish: &Wish, offer: &Offer) -> Result<Vec<(InstrumentId, Money)>, SplitFault> {
    let preferences = wish.preferences.as_ref().or(offer.preferences.as_ref());
    let names_nothing = wish.primary.is_none() && wish.secondary.is_none();
    let preferred = preferences.and_then(|preferences| preferences.primary.as_ref());
    let first = if names_nothing { offer.primary.as_ref() } else { None };
    let primary = wish.primary.as_ref().or(preferred).or(first);
    let mut parts = match &wish.secondary {
        Some(secondary) => secondary.clone(),
        None if names_nothing || wish.preferences.is_some() => {
            let secondary = preferences.and_then(|preferences| preferences.secondary.as_ref());
            secondary.map(|preference| taken(gross, preference, primary, &offer.gift_cards)).unwrap_or_default()
        }
        None => Vec::new(),
    };
    if parts.iter().any(|(_, amount)| !amount.is_positive()) {
        return Err(SplitFault::NotPositive);
    }
    let mut left = gross;
    for (_, amount) in &parts {
        left = left.minus(*amount).map_err(|_| SplitFault::TooMuch)?;
    }
    if left.minor() < 0 {
        return Err(SplitFault::TooMuch);
    }
    if left.is_positive() {
        parts.push((primary.cloned().ok_or(SplitFault::NoPrimary)?, left));
    }
    each_once(&parts)?;
    Ok(parts)
}

/// What gift cards take by preference, each as much as it has.
fn taken(
    gross: Money,
    preference: &SecondaryPreference,
    primary: Option<&InstrumentId>,
    cards: &[Candidate],
) -> Vec<(InstrumentId, Money)> {
    if !preference.enabled {
        return Vec::new();
    }
    let (include, exclude) = (&preference.include, &preference.exclude);
    let is_wanted = |card: &&Candidate| {
        let id = &card.instrument;
        (include.is_empty() || include.contains(id)) && !exclude.contains(id) && primary != Some(id) && card.available.is_positive()
    };
    let mut cards: Vec<_> = cards.iter().filter(is_wanted).collect();
    let unsaid = if include.is_empty() { SecondaryOrder::ExpiryAscending } else { SecondaryOrder::AsListed };
    let place = |card: &Candidate| include.iter().position(|id| *id == card.instrument);
    match preference.order.unwrap_or(unsaid) {
        SecondaryOrder::BalanceAscending => cards.sort_by_key(|card| card.available.minor()),
        SecondaryOrder::BalanceDescending => cards.sort_by_key(|card| std::cmp::Reverse(card.available.minor())),
        SecondaryOrder::ExpiryAscending => cards.sort_by_key(|card| card.expires_on),
        SecondaryOrder::ExpiryDescending => cards.sort_by_key(|card| std::cmp::Reverse(card.expires_on)),
        SecondaryOrder::OldestFirst => cards.sort_by_key(|card| card.created_at),
        SecondaryOrder::NewestFirst => cards.sort_by_key(|card| std::cmp::Reverse(card.created_at)),
        SecondaryOrder::AsListed => cards.sort_by_key(|card| place(card)),
    }
    let (mut left, mut parts) = (gross.minor(), Vec::new());
    for card in cards {
        let minor = card.available.minor().min(left);
        if minor > 0 {
            parts.push((card.instrument.clone(), Money::new(minor, gross.currency())));
            left -= minor;
        }
    }
    parts
}

fn each_once(parts: &[(InstrumentId, Money)]) -> Result<(), SplitFault> {
    for (place, (id, _)) in parts.iter().enumerate() {
        if parts[..place].iter().any(|(earlier, _)| earlier == id) {
            return Err(SplitFault::Twice(id.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
