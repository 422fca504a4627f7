//! Mail to people: written with what causes it, sent by a job; in the sandbox readable afterwards.

use florin_connect::Mail;
use florin_domain::application::{Application, CODE_LIFE_MINUTES, Email};
use florin_domain::order::Order;
use florin_domain::{MailId, Timestamp};
pub use florin_store::MailRecord;
use florin_store::Tx;

use crate::{Cx, ServiceError, work};

/// A mail that an operation wants sent.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) id: MailId,
    pub(crate) to: Email,
    pub(crate) subject: String,
    pub(crate) text: String,
}

impl Letter {
    /// The mail that carries a one-time code.
    pub(crate) fn code(id: MailId, application: &Application, code: &str, seller: &str) -> Self {
        let text = format!(
            "Hello,\n\nyour code is {code}.\n\nEnter it on the checkout page to go on with your order from {seller}. It is good for \
             {CODE_LIFE_MINUTES} minutes.\n\nIf you did not ask for it, you need do nothing: without the code nobody can go on in your name.\n"
        );
        Self { id, to: application.email.clone(), subject: format!("Your code for {seller}"), text }
    }

    /// The mail that says that a referred application was decided.
    pub(crate) fn decided(id: MailId, to: Email, seller: &str, approved: bool, link: &str) -> Self {
        let (subject, text) = if approved {
            let text = format!("Hello,\n\nyour application to pay {seller} later is approved. Go on here:\n\n{link}\n");
            (format!("Approved: pay {seller} later"), text)
        } else {
            let text = format!(
                "Hello,\n\nwe looked at your application to pay {seller} later, and cannot offer you credit for this order. You can go back \
                 to {seller} and pay another way.\n\n{link}\n"
            );
            (format!("Your application to pay {seller} later"), text)
        };
        Self { id, to, subject, text }
    }
}

/// Writes a mail with the change that causes it; a job sends it.
pub(crate) fn post(tx: &mut Tx<'_>, letter: &Letter, now: Timestamp) -> Result<(), ServiceError> {
    let mail = MailRecord {
        id: letter.id,
        recipient: letter.to.as_str().to_owned(),
        subject: letter.subject.clone(),
        body: letter.text.clone(),
        created_at: now,
        sent_at: None,
    };
    tx.insert_mail(&mail)?;
    Ok(tx.put_job(work::SEND_MAIL, &letter.id.to_string(), now, None)?)
}

/// Sends a mail. Sent twice only if the process dies between the sending and its record.
pub(crate) async fn send(cx: &Cx, subject: &str) -> Result<(), ServiceError> {
    let id = MailId::parse(subject).map_err(|_| ServiceError::Internal("a mail job without a mail".to_owned()))?;
    let found = cx.store.read(move |tx: &mut Tx<'_>| tx.find_mail(id).map_err(ServiceError::from)).await?;
    if let Some(mail) = found.filter(|mail| mail.sent_at.is_none()) {
        let mail = Mail { id, to: mail.recipient, subject: mail.subject, text: mail.body, html: None };
        match cx.world.mailer.send(&mail).await {
            Ok(()) => {}
            // A final no: the address is wrong. Trying again would not make it right.
            Err(florin_connect::ConnectError::Refused { code, .. }) => tracing::warn!(%id, %code, "a mail was refused"),
            Err(error) => return Err(error.into()),
        }
    }
    let (now, forget) = (cx.clock.now(), !cx.policy.is_sandbox());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            tx.mark_mail_sent(id, now, forget)?;
            Ok(tx.remove_job(work::SEND_MAIL, &id.to_string())?)
        })
        .await
}

/// The last mails, newest first.
///
/// # Errors
/// Only if the store fails.
pub fn list(tx: &mut Tx<'_>, limit: u32) -> Result<Vec<MailRecord>, ServiceError> {
    Ok(tx.list_mails(limit.into())?)
}

/// Finds a mail.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub fn find(tx: &mut Tx<'_>, mail: MailId) -> Result<MailRecord, ServiceError> {
    tx.find_mail(mail)?.ok_or(ServiceError::NotFound("mail"))
}

/// What an order is called in a mail.
pub(crate) fn order_name(order: &Order) -> String {
    format!("{} for {}", order.terms.reference, order.terms.amount)
}
