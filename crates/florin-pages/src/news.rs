//! Pages without a form: that something ended, and how; or that it takes a while.

use askama::Template;

use crate::frame::{Frame, Link};

/// How the news sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Waiting,
}

impl Tone {
    /// The class that colours a sign or a tag.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Waiting => "wait",
        }
    }

    pub(crate) const fn is_good(self) -> bool {
        matches!(self, Self::Good)
    }
}

/// What happened, why, and what the reader can do.
#[derive(Template)]
#[template(path = "news.html")]
pub(crate) struct News {
    pub(crate) frame: Frame,
    pub(crate) tone: Tone,
    pub(crate) happened: Vec<String>,
    pub(crate) reasons: Vec<String>,
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) advice: String,
    /// Ways on; the first is the likely one.
    pub(crate) links: Vec<Link>,
}

impl News {
    /// News that are told in one sentence.
    pub(crate) fn new(frame: Frame, tone: Tone, happened: impl Into<String>) -> Self {
        Self {
            frame,
            tone,
            happened: vec![happened.into()],
            reasons: Vec::new(),
            facts: Vec::new(),
            advice: String::new(),
            links: Vec::new(),
        }
    }

    /// Adds what the reader can do.
    pub(crate) fn advising(self, advice: impl Into<String>) -> Self {
        Self { advice: advice.into(), ..self }
    }

    /// Adds a way on.
    pub(crate) fn with_link(mut self, text: impl Into<String>, url: impl Into<String>) -> Self {
        self.links.push(Link { text: text.into(), url: url.into() });
        self
    }
}
