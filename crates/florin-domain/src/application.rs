//! Applications: a buyer's way to credit for one order, from an e-mail address to a signed agreement.
//!
//! Invariants: nothing is asked of a buyer whose address is not confirmed; a verdict is never changed once it is final.

use crate::company::CompanyNumber;
use crate::credit::{Outcome, Verdict};
use crate::loan::Term;
use crate::money::Money;
use crate::time::{Timestamp, minutes};
use crate::{CardId, OrderId};

/// How often a code may be typed wrongly before a new one is needed.
pub const CODE_TRIES_MAX: u32 = 5;
/// How many codes one order may send.
pub const CODES_MAX: u32 = 10;
/// Minutes for which a code is good.
pub const CODE_LIFE_MINUTES: u64 = 10;

/// A person's e-mail address, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// Text that is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an e-mail address")]
pub struct BadEmail;

impl Email {
    /// Reads an address. Only its form is checked: whether it is the buyer's is for the code to show.
    ///
    /// # Errors
    /// [`BadEmail`] unless it is one `@` between a name and a dotted domain, without spaces, 254 bytes at the most.
    pub fn parse(text: &str) -> Result<Self, BadEmail> {
        let text = text.trim().to_lowercase();
        let (name, domain) = text.split_once('@').ok_or(BadEmail)?;
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>()[],;:\\\"@".contains(&byte));
        let labels_ok = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
        let clean = !name.is_empty() && text.len() <= 254 && labels_ok && plain(name) && plain(domain);
        if clean { Ok(Self(text)) } else { Err(BadEmail) }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who asks for credit, for which company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applicant {
    /// The company's number.
    pub company: CompanyNumber,
    /// Its name on the register.
    pub company_name: String,
    /// The director who asks.
    pub director: String,
    /// What the company turns over in a year.
    pub turnover: Money,
}

/// A buyer's application for credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The order.
    pub order: OrderId,
    /// The buyer's address.
    pub email: Email,
    /// The last code sent.
    pub code: Code,
    /// How far the buyer has come.
    pub state: ApplicationState,
    /// How many changes it has seen.
    pub version: i64,
}

/// A one-time code. Its digits are derived from its number, so they are stored nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Which code of this order it is, from 1.
    pub number: u32,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// How often it was typed wrongly.
    pub misses: u32,
}

/// How far a buyer has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApplicationState {
    /// A code was sent; the address is not confirmed.
    Confirming,
    /// The address is the buyer's.
    Confirmed,
    /// Given to the underwriter; no answer yet.
    Submitted {
        /// Who asks.
        applicant: Applicant,
        /// When.
        at: Timestamp,
    },
    /// The underwriter will know later.
    Referred {
        /// Who asks.
        applicant: Applicant,
        /// When it was submitted.
        at: Timestamp,
        /// What was said so far.
        verdict: Verdict,
    },
    /// Granted; the buyer chooses how to pay back.
    Approved {
        /// Who asked.
        applicant: Applicant,
        /// What was said.
        verdict: Verdict,
        /// The chosen term.
        term: Option<Term>,
        /// The card for repayments.
        card: Option<CardId>,
    },
    /// Not granted. Final.
    Declined {
        /// Who asked.
        applicant: Applicant,
        /// What was said.
        verdict: Verdict,
    },
    /// Signed. Final.
    Agreed {
        /// Who asked.
        applicant: Applicant,
        /// What was said.
        verdict: Verdict,
        /// The term.
        term: Term,
        /// The card.
        card: CardId,
        /// When it was signed.
        at: Timestamp,
    },
}

/// Why a step of an application was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApplicationError {
    /// The step does not belong here; the checkout shows the one that does.
    #[error("this step is not open")]
    NotHere,
    /// The wrong digits.
    #[error("is not the code that was sent")]
    WrongCode,
    /// The code ran out, or was typed wrongly too often.
    #[error("is no longer valid: ask for a new one")]
    CodeSpent,
    /// Too many codes were sent for this order.
    #[error("cannot be sent again: too many codes were sent for this order")]
    TooManyCodes,
}

impl Application {
    /// Opens an application: the first code is to be sent.
    pub fn open(order: OrderId, email: Email, now: Timestamp) -> Self {
        let code = Code { number: 1, sent_at: now, misses: 0 };
        Self { order, email, code, state: ApplicationState::Confirming, version: 0 }
    }

    /// Sends a fresh code, perhaps to another address. The old code is void.
    ///
    /// # Errors
    /// [`ApplicationError::NotHere`] once an address is confirmed; [`ApplicationError::TooManyCodes`].
    pub fn resend(self, email: Email, now: Timestamp) -> Result<Self, ApplicationError> {
        let ApplicationState::Confirming = self.state else {
            return Err(ApplicationError::NotHere);
        };
        if self.code.number >= CODES_MAX {
            return Err(ApplicationError::TooManyCodes);
        }
        let code = Code { number: self.code.number + 1, sent_at: now, misses: 0 };
        Ok(Self { email, code, ..self })
    }

    /// Whether the last code can still be typed in at `now`.
    pub fn code_is_good(&self, now: Timestamp) -> bool {
        self.code.misses < CODE_TRIES_MAX && now <= self.code.sent_at.plus(minutes(CODE_LIFE_MINUTES))
    }

    /// The buyer typed a code; `right` says whether it was the one sent. Comes back with the miss counted when it was not.
    ///
    /// # Errors
    /// [`ApplicationError::NotHere`] if nothing is to be confirmed, [`ApplicationError::CodeSpent`].
    pub fn confirm(self, right: bool, now: Timestamp) -> Result<Self, ApplicationError> {
        let ApplicationState::Confirming = self.state else {
            return Err(ApplicationError::NotHere);
        };
        if !self.code_is_good(now) {
            return Err(ApplicationError::CodeSpent);
        }
        if right {
            return Ok(Self { state: ApplicationState::Confirmed, ..self });
        }
        let code = Code { misses: self.code.misses + 1, ..self.code };
        Ok(Self { code, ..self })
    }

    /// Gives the application to the underwriter.
    ///
    /// # Errors
    /// [`ApplicationError::NotHere`] unless the address is confirmed and nothing was submitted.
    pub fn submit(self, applicant: Applicant, now: Timestamp) -> Result<Self, ApplicationError> {
        let ApplicationState::Confirmed = self.state else {
            return Err(ApplicationError::NotHere);
        };
        Ok(Self { state: ApplicationState::Submitted { applicant, at: now }, ..self })
    }

    /// The underwriter answered.
    ///
    /// # Errors
    /// [`ApplicationError::NotHere`] unless an answer is awaited, so an answer that comes twice changes nothing.
    pub fn decide(self, verdict: Verdict) -> Result<Self, ApplicationError> {
        let (ApplicationState::Submitted { applicant, at } | ApplicationState::Referred { applicant, at, .. }) = self.state else {
            return Err(ApplicationError::NotHere);
        };
        let state = match verdict.outcome {
            Outcome::Approved { .. } => ApplicationState::Approved { applicant, verdict, term: None, card: None },
            Outcome::Declined => ApplicationState::Declined { applicant, verdict },
            Outcome::Referred { .. } => ApplicationState::Referred { applicant, at, verdict },
        };
        Ok(Self { state, ..self })
    }

    /// The buyer chooses a term, or another one.
    ///
    /// # Errors
    /// [`ApplicationError::NotHere`] unless credit is approved and not yet signed for.
    pub fn choose_term(self, term: Term) -> Result<Self, ApplicationError> {
        let ApplicationState::Approved { applicant, verdict, card, .. } = self.state else {
            return Err(ApplicationError::NotHere);
        };
        Ok(Self { state: ApplicationState::Approved { applicant, verdict, term: Some(term), card }, ..self })
    }

    /// The buyer names the card for repayments, or another one.
    ///
    /// # Errors
    /// [`ApplicationError::NotHere`] unless a term is chosen and nothing is signed.
    pub fn give_card(self, card: CardId) -> Result<Self, ApplicationError> {
        let ApplicationState::Approved { applicant, verdict, term: Some(term), .. } = self.state else {
            return Err(ApplicationError::NotHere);
        };
        Ok(Self { state: ApplicationState::Approved { applicant, verdict, term: Some(term), card: Some(card) }, ..self })
    }

    /// The buyer signs.
    ///
    /// # Errors
    /// [`ApplicationError::NotHere`] unless term and card are given and nothing is signed.
    pub fn agree(self, now: Timestamp) -> Result<Self, ApplicationError> {
        let ApplicationState::Approved { applicant, verdict, term: Some(term), card: Some(card) } = self.state else {
            return Err(ApplicationError::NotHere);
        };
        Ok(Self { state: ApplicationState::Agreed { applicant, verdict, term, card, at: now }, ..self })
    }

    /// What the underwriter said last, once it said something.
    pub fn verdict(&self) -> Option<&Verdict> {
        match &self.state {
            ApplicationState::Confirming | ApplicationState::Confirmed | ApplicationState::Submitted { .. } => None,
            ApplicationState::Referred { verdict, .. }
            | ApplicationState::Approved { verdict, .. }
            | ApplicationState::Declined { verdict, .. }
            | ApplicationState::Agreed { verdict, .. } => Some(verdict),
        }
    }

    /// Who asks, once that is known.
    pub fn applicant(&self) -> Option<&Applicant> {
        match &self.state {
            ApplicationState::Confirming | ApplicationState::Confirmed => None,
            ApplicationState::Submitted { applicant, .. }
            | ApplicationState::Referred { applicant, .. }
            | ApplicationState::Approved { applicant, .. }
            | ApplicationState::Declined { applicant, .. }
            | ApplicationState::Agreed { applicant, .. } => Some(applicant),
        }
    }
}

/// What is known of a buyer who came before, by confirmed address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buyer {
    /// The address.
    pub email: Email,
    /// Who the buyer was the last time.
    pub applicant: Applicant,
    /// The card of the last time.
    pub card: CardId,
}
