//! The sandbox's mailbox: every mail that was sent, for whoever plays the buyer.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use florin_domain::MailId;
use florin_service::mailbox::{self, MailRecord};
use florin_service::{Cx, ServiceError, Tx};
use http::{StatusCode, Uri};

use crate::answer::show;
use crate::detour::Detour;
use crate::frame::Frame;
use crate::wording::instant;

/// How many mails the list shows.
const MAILS_MAX: u32 = 200;

#[derive(Template)]
#[template(path = "sandbox/mailbox.html")]
struct MailboxPage {
    frame: Frame,
    mails: Vec<MailView>,
}

#[derive(Template)]
#[template(path = "sandbox/mail.html")]
struct MailPage {
    frame: Frame,
    mail: MailView,
    text: String,
}

struct MailView {
    id: String,
    to: String,
    subject: String,
    at: String,
}

pub(super) async fn list(State(cx): State<Cx>) -> Result<Response, Detour> {
    let mails = cx.store.read(|tx: &mut Tx<'_>| mailbox::list(tx, MAILS_MAX)).await.map_err(failed)?;
    let page = MailboxPage { frame: Frame::plain("Mailbox", true), mails: mails.iter().map(MailView::new).collect() };
    Ok(show(StatusCode::OK, &page))
}

pub(super) async fn open(State(cx): State<Cx>, uri: Uri) -> Result<Response, Detour> {
    let text = uri.path().split('/').nth(3).unwrap_or_default();
    let id = MailId::parse(text).map_err(|_| Detour::Nothing)?;
    let mail = cx.store.read(move |tx: &mut Tx<'_>| mailbox::find(tx, id)).await.map_err(failed)?;
    let page = MailPage { frame: Frame::plain(mail.subject.as_str(), true), mail: MailView::new(&mail), text: mail.body };
    Ok(show(StatusCode::OK, &page))
}

fn failed(error: ServiceError) -> Detour {
    Detour::Failed { error, again: "/sandbox/mailbox/".to_owned() }
}

impl MailView {
    fn new(mail: &MailRecord) -> Self {
        Self { id: mail.id.to_string(), to: mail.recipient.clone(), subject: mail.subject.clone(), at: instant(mail.created_at) }
    }
}
