//! A scene: whose page it is, what it asks for, and who watches.

use askama::Template;
use axum::body::Body;
use axum::response::Response;
use florin_service::Context;
use http::{HeaderMap, StatusCode};

use crate::answer::show;
use crate::capture::audience::Audience;
use crate::capture::ending::Ending;
use crate::capture::outcome::Outcome;
use crate::form::Form;
use crate::frame::Frame;

/// What a page asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A whole card.
    Card,
    /// What no vault may keep of a card that is kept.
    StepUp,
    /// That the cardholder is who they say.
    Cardholder,
}

impl Ask {
    /// The word by which a merchant's page tells the messages of these pages apart.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Card => "card-capture",
            Self::StepUp => "step-up",
            Self::Cardholder => "3ds",
        }
    }
}

/// A page of these before it is known what stands on it.
pub(crate) struct Scene {
    pub(crate) ask: Ask,
    /// The merchant, if the address led to one.
    pub(crate) merchant: Option<String>,
    pub(crate) audience: Audience,
    /// The page's own path.
    pub(crate) path: String,
    /// `2026-11`, on the clock by which cards expire here.
    pub(crate) month: String,
    /// Whether the page says that no money is real here.
    pub(crate) sandbox: bool,
}

/// What a page tells the script on it, as attributes of one element.
pub(crate) struct Told {
    pub(crate) ask: &'static str,
    pub(crate) origins: String,
    pub(crate) month: String,
    pub(crate) result: Option<String>,
}

impl Scene {
    /// The scene at `path`, of no merchant as yet.
    pub(crate) fn new(cx: &Context, ask: Ask, path: String) -> Self {
        let month = cx.clock.now().london_date().strftime("%Y-%m").to_string();
        Self { ask, merchant: None, audience: Audience::default(), path, month, sandbox: cx.policy.is_sandbox() }
    }

    /// The same scene at a merchant with these registered `origins`.
    pub(crate) fn of(self, merchant: String, origins: &[String]) -> Self {
        Self { merchant: Some(merchant), audience: Audience::of(origins), ..self }
    }

    /// What is around the page.
    pub(crate) fn frame(&self, title: &str) -> Frame {
        Frame::embedded(title, self.sandbox)
    }

    /// What the page's script is told, with the `outcome` if there is one.
    pub(crate) fn told(&self, outcome: Option<&Outcome>) -> Told {
        Told {
            ask: self.ask.word(),
            origins: self.audience.to_text(),
            month: self.month.clone(),
            result: outcome.map(Outcome::to_attribute),
        }
    }

    /// Reads the form that was sent to the page; if that cannot be done, there is a page that says so.
    pub(crate) async fn receive(&self, headers: &HeaderMap, body: Body) -> Result<Form, Response> {
        Form::receive(headers, body).await.map_err(|class| Ending::unreadable(class).page(self))
    }

    /// Shows `template` to the audience.
    pub(crate) fn show(&self, status: StatusCode, template: &impl Template) -> Response {
        let mut response = show(status, template);
        self.audience.admit(response.headers_mut());
        response
    }
}
