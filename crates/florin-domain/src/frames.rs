//! Frames actions: a card typed into elements of ours that stand in a merchant's page, piece by piece.
//!
//! Invariants: an action ends in one instrument at the most; the code on the card is no part of it, because nothing keeps that.

use crate::card::CardExpiry;
use crate::instrument::InstrumentId;
use crate::merchant::MerchantId;
use crate::{FramesActionId, FramesSessionId, Timestamp, WalletId};

/// What an action is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FramesKind {
    /// To take a whole card.
    CaptureCard,
    /// To take the code of a card that is kept.
    StepUp,
    /// To take the code and the new month of expiry of a card that is kept.
    UpdateCard,
}

impl FramesKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::CaptureCard, Self::StepUp, Self::UpdateCard];

    /// The name in the books and in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CaptureCard => "capture-card",
            Self::StepUp => "step-up",
            Self::UpdateCard => "update-card",
        }
    }

    /// Finds a kind by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What whoever began an action wants of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FramesWish {
    /// Whether the card stays in the wallet.
    pub save: bool,
    /// Whether its issuer is to confirm it.
    pub verify: bool,
    /// Whether the cardholder is to be authenticated, whatever the issuer wants.
    pub authenticate: bool,
}

/// Where an action stands. That its time is over shows in [`FramesAction::expires_at`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FramesState {
    /// Nothing was typed.
    Init,
    /// Something was.
    Submitted,
    /// The cardholder has to be authenticated first.
    AuthenticationRequired,
    /// It ended in this instrument.
    Complete {
        /// The card.
        instrument: InstrumentId,
    },
}

impl FramesState {
    /// The name kept in the books.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Submitted => "submitted",
            Self::AuthenticationRequired => "authentication_required",
            Self::Complete { .. } => "complete",
        }
    }
}

/// A card being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FramesAction {
    /// Its id, by which its elements are found.
    pub id: FramesActionId,
    /// What its beginner shows to complete it.
    pub session: FramesSessionId,
    /// What it is for.
    pub kind: FramesKind,
    /// At which merchant.
    pub merchant: MerchantId,
    /// The wallet that the card goes into, or is in.
    pub wallet: WalletId,
    /// Whether the wallet is a guest's.
    pub guest: bool,
    /// When a card that does not stay is forgotten.
    pub gone_at: Timestamp,
    /// The card that is kept, where it is about one.
    pub instrument: Option<InstrumentId>,
    /// What is wanted of it.
    pub wish: FramesWish,
    /// The number, as the vault sealed it.
    pub sealed: Option<Vec<u8>>,
    /// The month in which the card runs out.
    pub expiry: Option<CardExpiry>,
    /// Where it stands.
    pub state: FramesState,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Until when it can be completed.
    pub expires_at: Timestamp,
}

/// Why a step was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FramesError {
    /// It has ended in a card already.
    #[error("this action is complete")]
    Complete,
    /// Its time is over.
    #[error("the time for this action is over")]
    Over,
}

impl FramesAction {
    /// Takes what was typed; the code on the card is taken elsewhere. Another number takes the place of the one before.
    ///
    /// # Errors
    /// [`FramesError`] unless the action is open.
    pub fn submit(self, sealed: Option<Vec<u8>>, expiry: Option<CardExpiry>, now: Timestamp) -> Result<Self, FramesError> {
        self.must_be_open(now)?;
        Ok(Self { sealed: sealed.or(self.sealed), expiry: expiry.or(self.expiry), state: FramesState::Submitted, ..self })
    }

    /// The cardholder has to be authenticated before it can be completed.
    ///
    /// # Errors
    /// [`FramesError`] unless the action is open.
    pub fn require_authentication(self, now: Timestamp) -> Result<Self, FramesError> {
        self.must_be_open(now)?;
        Ok(Self { state: FramesState::AuthenticationRequired, ..self })
    }

    /// Ends it in a card. What was typed is forgotten.
    ///
    /// # Errors
    /// [`FramesError`] unless the action is open.
    pub fn complete(self, instrument: InstrumentId, now: Timestamp) -> Result<Self, FramesError> {
        self.must_be_open(now)?;
        Ok(Self { sealed: None, expiry: None, state: FramesState::Complete { instrument }, ..self })
    }

    /// Whether something may still be typed.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.must_be_open(now).is_ok()
    }

    fn must_be_open(&self, now: Timestamp) -> Result<(), FramesError> {
        match self.state {
            FramesState::Complete { .. } => Err(FramesError::Complete),
            FramesState::Init | FramesState::Submitted | FramesState::AuthenticationRequired if now >= self.expires_at => {
                Err(FramesError::Over)
            }
            FramesState::Init | FramesState::Submitted | FramesState::AuthenticationRequired => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::minutes;

    const NOW: Timestamp = Timestamp::from_micros(1_795_255_800_000_000);

    fn action(state: FramesState) -> FramesAction {
        FramesAction {
            id: FramesActionId::from_random([1; 16]),
            session: FramesSessionId::from_random([2; 16]),
            kind: FramesKind::CaptureCard,
            merchant: MerchantId::parse("10006").unwrap(),
            wallet: WalletId::from_random([3; 16]),
            guest: false,
            gone_at: NOW.plus(minutes(60)),
            instrument: None,
            wish: FramesWish { save: true, verify: true, authenticate: false },
            sealed: Some(vec![1]),
            expiry: None,
            state,
            created_at: NOW,
            expires_at: NOW.plus(minutes(15)),
        }
    }

    #[test]
    fn every_step_in_every_state() {
        let card = InstrumentId::kept(7);
        let complete = FramesState::Complete { instrument: card.clone() };
        for state in [FramesState::Init, FramesState::Submitted, FramesState::AuthenticationRequired] {
            let submitted = action(state.clone()).submit(Some(vec![2]), None, NOW).unwrap();
            assert_eq!((submitted.state, submitted.sealed), (FramesState::Submitted, Some(vec![2])), "{state:?}");
            let required = action(state.clone()).require_authentication(NOW).unwrap();
            assert_eq!(required.state, FramesState::AuthenticationRequired, "{state:?}");
            let done = action(state.clone()).complete(card.clone(), NOW).unwrap();
            assert_eq!((done.state, done.sealed), (complete.clone(), None), "{state:?}");
            let later = NOW.plus(minutes(15));
            assert_eq!(action(state.clone()).submit(None, None, later), Err(FramesError::Over), "{state:?}");
            assert_eq!(action(state.clone()).complete(card.clone(), later), Err(FramesError::Over), "{state:?}");
        }
        assert_eq!(action(complete.clone()).submit(None, None, NOW), Err(FramesError::Complete));
        assert_eq!(action(complete.clone()).require_authentication(NOW), Err(FramesError::Complete));
        assert_eq!(action(complete).complete(card, NOW), Err(FramesError::Complete));
    }

    #[test]
    fn a_piece_that_does_not_come_leaves_the_one_that_came() {
        let expiry = CardExpiry { year: 2034, month: 9 };
        let typed = action(FramesState::Init).submit(None, Some(expiry), NOW).unwrap();
        assert_eq!((typed.sealed, typed.expiry), (Some(vec![1]), Some(expiry)));
    }

    #[test]
    fn kinds_are_found_by_their_names() {
        for kind in FramesKind::ALL {
            assert_eq!(FramesKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(FramesKind::from_name("other"), None);
    }
}
