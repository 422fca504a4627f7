//! 3-D Secure: a cardholder authenticated by the card's issuer, unseen or by answering a challenge.
//!
//! Invariants: a session is about one card; its proof is good once, and for no more money than it was made for.

use std::fmt;

use crate::instrument::InstrumentId;
use crate::merchant::MerchantId;
use crate::movement::Reference;
use crate::{FramesActionId, Money, ThreeDsSessionId, ThreeDsTransactionId, Timestamp, WalletId};

/// How many wrong answers end a challenge.
const TRIES_MAX: u32 = 3;

/// What a cardholder is authenticated for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ThreeDsSubject {
    /// A card that is being captured.
    Capture(FramesActionId),
    /// A payment: the movement that its issuer did not want without.
    Payment {
        /// The movement.
        movement: Reference,
        /// The card.
        instrument: InstrumentId,
        /// How much.
        amount: Money,
    },
}

/// What the card's directory said first.
#[derive(Clone, PartialEq, Eq)]
pub enum ThreeDsEnrolment {
    /// The issuer knows its cardholder; this is the proof.
    Frictionless(String),
    /// The issuer wants to ask.
    Challenge,
    /// The issuer does not authenticate this card.
    Refused,
}

/// Prints nothing of the proof.
impl fmt::Debug for ThreeDsEnrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frictionless(_) => "Frictionless(..)",
            Self::Challenge => "Challenge",
            Self::Refused => "Refused",
        })
    }
}

/// What came of a challenge.
#[derive(Clone, PartialEq, Eq)]
pub enum ThreeDsAnswer {
    /// It was the right one; this is the issuer's proof.
    Right(String),
    /// It was not.
    Wrong,
    /// The cardholder does not want to go on.
    Cancel,
}

/// Prints nothing of the proof.
impl fmt::Debug for ThreeDsAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Right(_) => "Right(..)",
            Self::Wrong => "Wrong",
            Self::Cancel => "Cancel",
        })
    }
}

/// Where a session stands.
#[derive(Clone, PartialEq, Eq)]
pub enum ThreeDsState {
    /// Nobody was asked.
    Begun,
    /// The issuer waits for its cardholder.
    Challenged {
        /// How many wrong answers there were.
        tries: u32,
    },
    /// The cardholder is who they say.
    Authenticated {
        /// Whether they were not even asked.
        frictionless: bool,
        /// The issuer's proof.
        proof: String,
    },
    /// They are not, or did not want to.
    Failed,
    /// The proof was used.
    Used,
}

impl ThreeDsState {
    /// The name kept in the books.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Challenged { .. } => "challenged",
            Self::Authenticated { .. } => "authenticated",
            Self::Failed => "failed",
            Self::Used => "used",
        }
    }
}

/// Prints nothing of the proof.
impl fmt::Debug for ThreeDsState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An authentication of a cardholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreeDsSession {
    /// Its id.
    pub id: ThreeDsSessionId,
    /// The directory's name for it.
    pub transaction: ThreeDsTransactionId,
    /// At which merchant.
    pub merchant: MerchantId,
    /// Whose.
    pub wallet: WalletId,
    /// What it is for.
    pub subject: ThreeDsSubject,
    /// By which the card is known again.
    pub fingerprint: [u8; 32],
    /// Where it stands.
    pub state: ThreeDsState,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Why a step was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ThreeDsError {
    /// It is not where this step begins.
    #[error("this authentication is in no state for that")]
    NotHere,
    /// The cardholder was not authenticated.
    #[error("the cardholder was not authenticated")]
    Failed,
    /// Its time is over.
    #[error("the time for this authentication is over")]
    Over,
}

impl ThreeDsSession {
    /// Takes what the directory said.
    ///
    /// # Errors
    /// [`ThreeDsError::NotHere`] if it was asked before; [`ThreeDsError::Over`].
    pub fn enrol(self, said: ThreeDsEnrolment, now: Timestamp) -> Result<Self, ThreeDsError> {
        let ThreeDsState::Begun = self.state else { return Err(ThreeDsError::NotHere) };
        self.must_be_in_time(now)?;
        let state = match said {
            ThreeDsEnrolment::Frictionless(proof) => ThreeDsState::Authenticated { frictionless: true, proof },
            ThreeDsEnrolment::Challenge => ThreeDsState::Challenged { tries: 0 },
            ThreeDsEnrolment::Refused => ThreeDsState::Failed,
        };
        Ok(Self { state, ..self })
    }

    /// Takes an answer to the issuer's challenge. The third wrong one ends it.
    ///
    /// # Errors
    /// [`ThreeDsError::NotHere`] unless there is a challenge; [`ThreeDsError::Over`].
    pub fn answer(self, answer: ThreeDsAnswer, now: Timestamp) -> Result<Self, ThreeDsError> {
        let ThreeDsState::Challenged { tries } = self.state else { return Err(ThreeDsError::NotHere) };
        self.must_be_in_time(now)?;
        let state = match answer {
            ThreeDsAnswer::Right(proof) => ThreeDsState::Authenticated { frictionless: false, proof },
            ThreeDsAnswer::Wrong if tries + 1 < TRIES_MAX => ThreeDsState::Challenged { tries: tries + 1 },
            ThreeDsAnswer::Wrong | ThreeDsAnswer::Cancel => ThreeDsState::Failed,
        };
        Ok(Self { state, ..self })
    }

    /// Uses the proof, and gives it.
    ///
    /// # Errors
    /// [`ThreeDsError::Failed`]; [`ThreeDsError::Over`]; [`ThreeDsError::NotHere`] before the cardholder was authenticated, and
    /// when the proof was used.
    pub fn use_up(self, now: Timestamp) -> Result<(Self, String), ThreeDsError> {
        match self.state.clone() {
            ThreeDsState::Authenticated { proof, .. } => {
                self.must_be_in_time(now)?;
                Ok((Self { state: ThreeDsState::Used, ..self }, proof))
            }
            ThreeDsState::Failed => Err(ThreeDsError::Failed),
            ThreeDsState::Begun | ThreeDsState::Challenged { .. } if now >= self.expires_at => Err(ThreeDsError::Over),
            ThreeDsState::Begun | ThreeDsState::Challenged { .. } | ThreeDsState::Used => Err(ThreeDsError::NotHere),
        }
    }

    fn must_be_in_time(&self, now: Timestamp) -> Result<(), ThreeDsError> {
        if now < self.expires_at { Ok(()) } else { Err(ThreeDsError::Over) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::minutes;

    const NOW: Timestamp = Timestamp::from_micros(1_795_255_800_000_000);

    fn later() -> Timestamp {
        NOW.plus(minutes(15))
    }

    fn session(state: ThreeDsState) -> ThreeDsSession {
        ThreeDsSession {
            id: ThreeDsSessionId::from_random([1; 16]),
            transaction: ThreeDsTransactionId::from_random([2; 16]),
            merchant: MerchantId::parse("10006").unwrap(),
            wallet: WalletId::from_random([3; 16]),
            subject: ThreeDsSubject::Capture(FramesActionId::from_random([4; 16])),
            fingerprint: [5; 32],
            state,
            created_at: NOW,
            expires_at: later(),
        }
    }

    fn states() -> [ThreeDsState; 5] {
        let authenticated = ThreeDsState::Authenticated { frictionless: false, proof: "p".to_owned() };
        [ThreeDsState::Begun, ThreeDsState::Challenged { tries: 2 }, authenticated, ThreeDsState::Failed, ThreeDsState::Used]
    }

    #[test]
    fn every_step_in_every_state() {
        let name = |result: Result<ThreeDsSession, ThreeDsError>| result.map(|session| session.state.name());
        let not_here = || Err(ThreeDsError::NotHere);
        for state in states() {
            let enrolled = name(session(state.clone()).enrol(ThreeDsEnrolment::Challenge, NOW));
            let answered = name(session(state.clone()).answer(ThreeDsAnswer::Right(String::new()), NOW));
            let wrong = name(session(state.clone()).answer(ThreeDsAnswer::Wrong, NOW));
            let used = name(session(state.clone()).use_up(NOW).map(|(session, _)| session));
            let expected = match state {
                ThreeDsState::Begun => (Ok("challenged"), not_here(), not_here(), not_here()),
                ThreeDsState::Challenged { .. } => (not_here(), Ok("authenticated"), Ok("failed"), not_here()),
                ThreeDsState::Authenticated { .. } => (not_here(), not_here(), not_here(), Ok("used")),
                ThreeDsState::Failed => (not_here(), not_here(), not_here(), Err(ThreeDsError::Failed)),
                ThreeDsState::Used => (not_here(), not_here(), not_here(), not_here()),
            };
            assert_eq!((enrolled, answered, wrong, used), expected, "{state:?}");
        }
    }

    #[test]
    fn two_wrong_answers_leave_a_third_and_a_cancelled_one_leaves_none() {
        let begun = session(ThreeDsState::Challenged { tries: 0 });
        let once = begun.clone().answer(ThreeDsAnswer::Wrong, NOW).unwrap();
        assert_eq!(once.state, ThreeDsState::Challenged { tries: 1 });
        assert_eq!(begun.answer(ThreeDsAnswer::Cancel, NOW).unwrap().state, ThreeDsState::Failed);
    }

    #[test]
    fn nothing_happens_after_its_time() {
        assert_eq!(session(ThreeDsState::Begun).enrol(ThreeDsEnrolment::Challenge, later()), Err(ThreeDsError::Over));
        assert_eq!(session(ThreeDsState::Challenged { tries: 0 }).answer(ThreeDsAnswer::Wrong, later()), Err(ThreeDsError::Over));
        let proof = String::new();
        let authenticated = session(ThreeDsState::Authenticated { frictionless: true, proof });
        assert_eq!(authenticated.use_up(later()), Err(ThreeDsError::Over));
    }

    #[test]
    fn no_proof_is_printed() {
        let state = ThreeDsState::Authenticated { frictionless: true, proof: "sesame".to_owned() };
        assert!(!format!("{:?}", session(state)).contains("sesame"));
    }
}
