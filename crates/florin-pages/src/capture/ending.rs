//! Endings: pages after which nothing is left to type, or for now; and how the service's refusals end a visit.
//!
//! Invariant: what went wrong inside is logged here, once, and never shown.

use askama::Template;
use axum::response::Response;
use florin_service::ServiceError;
use florin_web::Class;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};

use crate::capture::outcome::Outcome;
use crate::capture::scene::{Scene, Told};
use crate::field::{Problem, sentence};
use crate::form::Form;
use crate::frame::Frame;
use crate::news::Tone;

/// A page without a form.
pub(crate) struct Ending {
    pub(crate) status: StatusCode,
    pub(crate) tone: Tone,
    pub(crate) title: &'static str,
    pub(crate) happened: String,
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) advice: &'static str,
    pub(crate) outcome: Outcome,
    /// Seconds after which trying again makes sense.
    pub(crate) retry_after_s: Option<u32>,
}

/// The code of a refusal that no other card would change.
const ENDED: &str = "capture_ended";
/// How a message about a number begins that is right, but that its issuer does not want to be used.
const DECLINED: &str = "was declined";

/// What the service's refusal of what was typed leads to.
pub(crate) enum Refused {
    /// The form, once more.
    Again(Problem, Outcome),
    /// The end of the visit.
    Ends(Box<Ending>),
}

#[derive(Template)]
#[template(path = "capture/end.html")]
struct EndPage<'a> {
    frame: Frame,
    told: Told,
    ending: &'a Ending,
    again: Option<&'a str>,
}

impl Ending {
    fn bad(status: StatusCode, title: &'static str, happened: impl Into<String>, outcome: Outcome) -> Self {
        let happened = happened.into();
        Self { status, tone: Tone::Bad, title, happened, facts: Vec::new(), advice: "", outcome, retry_after_s: None }
    }

    /// The page was open once.
    pub(crate) fn expired() -> Self {
        let told = "Its time is over, or it was used already.";
        let ending = Self::bad(StatusCode::GONE, "This page is closed", told, Outcome::Expired);
        Self { advice: "Go back to the shop: it opens a new page when it needs one. A card that was taken before stays taken.", ..ending }
    }

    /// There is no such page, or no longer.
    pub(crate) fn unknown() -> Self {
        let told = "This address leads nowhere. It may have been copied without its end, or it is too old.";
        let ending = Self::bad(StatusCode::NOT_FOUND, "We do not know this page", told, Outcome::Unknown);
        Self { advice: "Go back to the shop and begin again. Nothing was taken from you here.", ..ending }
    }

    /// A form that cannot be read.
    pub(crate) fn unreadable(class: Class) -> Self {
        let told = match class {
            Class::TooLarge => "What was sent is far larger than our form.",
            Class::UnsupportedMediaType => "What was sent is not a form. This page takes application/x-www-form-urlencoded.",
            other => other.sentence(),
        };
        Self::bad(class.status(), "We could not read that", told, Outcome::Unavailable)
    }

    fn later(status: StatusCode, happened: String, retry_after_s: u32) -> Self {
        let ending = Self::bad(status, "Please try again in a moment", happened, Outcome::Unavailable);
        Self { tone: Tone::Waiting, retry_after_s: Some(retry_after_s.max(1)), ..ending }
    }

    fn broken() -> Self {
        let told = "It has been recorded and we look into it. Trying again is safe.";
        Self::bad(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side", told, Outcome::Unavailable)
    }

    /// The end of a visit to what could not be seen.
    pub(crate) fn of(error: &ServiceError) -> Self {
        match error {
            ServiceError::TooMany { message, retry_after_s } => {
                Self::later(StatusCode::TOO_MANY_REQUESTS, sentence(message), *retry_after_s)
            }
            ServiceError::Unavailable { what, retry_after_s } => {
                Self::later(StatusCode::SERVICE_UNAVAILABLE, sentence(what), *retry_after_s)
            }
            ServiceError::Internal(cause) => {
                tracing::error!(cause, "a capture page failed");
                Self::broken()
            }
            ServiceError::Refused { .. } => Self::expired(),
            ServiceError::NotFound(_)
            | ServiceError::Invalid { .. }
            | ServiceError::KeyReused
            | ServiceError::Unauthorised(_)
            | ServiceError::Forbidden(_) => Self::unknown(),
        }
    }

    /// The page of this ending.
    pub(crate) fn page(&self, scene: &Scene) -> Response {
        let again = self.retry_after_s.map(|_| scene.path.as_str());
        let page = EndPage { frame: scene.frame(self.title), told: scene.told(Some(&self.outcome)), ending: self, again };
        let mut response = scene.show(self.status, &page);
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl Refused {
    /// Sorts a refusal of what was `typed` into these `fields`; the first of them tells what is about none of its own.
    pub(crate) fn new(error: ServiceError, fields: &[&'static str], typed: &Form) -> Self {
        let first = fields.first().copied().unwrap_or_default();
        match error {
            ServiceError::Refused { code, .. } if code == ENDED => Self::Ends(Box::new(Ending::expired())),
            ServiceError::Refused { message, .. } => Self::declined(first, sentence(&message)),
            ServiceError::Invalid { field, message } => {
                let field = fields.iter().find(|known| **known == field).copied().unwrap_or(first);
                if message.starts_with(DECLINED) {
                    return Self::declined(field, sentence(&format!("The card {message}")));
                }
                let problem = Problem::new(field, &message, typed.text(field));
                let outcome = Outcome::Invalid { field, message: problem.sentence.clone() };
                Self::Again(problem, outcome)
            }
            other => Self::Ends(Box::new(Ending::of(&other))),
        }
    }

    fn declined(field: &'static str, sentence: String) -> Self {
        let outcome = Outcome::Declined { message: sentence.clone() };
        Self::Again(Problem { field, sentence }, outcome)
    }
}
