//! Mail to people: what is sent, and the trait of whoever sends it.

use florin_domain::MailId;

use crate::{Call, Connector};

/// A mail ready to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Its id; the `Message-ID` is made of it, so that a mail sent twice is recognised as one.
    pub id: MailId,
    /// The one address it goes to.
    pub to: String,
    /// The subject, one line.
    pub subject: String,
    /// The text for every reader.
    pub text: String,
    /// The same in HTML, if there is one.
    pub html: Option<String>,
}

/// Whoever delivers mail.
pub trait Mailer: Connector {
    /// Hands a mail over for delivery; `Ok` means accepted, not read.
    fn send<'a>(&'a self, mail: &'a Mail) -> Call<'a, ()>;
}
