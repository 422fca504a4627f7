//! SQL for mails to people: written with the change that causes them, sent later by a job.

use florin_domain::{MailId, Timestamp};

use crate::columns::{id, opt_time, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "INSERT INTO mails (mail_id, recipient, subject, body, created_at) VALUES ($1, $2, $3, $4, $5)";
const SENT: &str = "UPDATE mails SET sent_at = $1 WHERE mail_id = $2 AND sent_at IS NULL";
const FORGET: &str = "UPDATE mails SET body = '' WHERE mail_id = $1";
const BY_ID: &str = "SELECT mail_id, recipient, subject, body, created_at, sent_at FROM mails WHERE mail_id = $1";
const LIST: &str = "SELECT mail_id, recipient, subject, body, created_at, sent_at FROM mails ORDER BY seq DESC LIMIT $1";

/// A mail as the books hold it.
#[derive(Clone, PartialEq, Eq)]
pub struct MailRecord {
    /// Its id.
    pub id: MailId,
    /// To whom.
    pub recipient: String,
    /// The subject line.
    pub subject: String,
    /// The text; empty once it is sent and not to be kept.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
}

impl Tx<'_> {
    /// Writes a mail.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id is taken.
    pub fn insert_mail(&mut self, mail: &MailRecord) -> Result<(), StoreError> {
        let (mail_id, at) = (mail.id.to_string(), mail.created_at.micros());
        let values = [Value::from(&mail_id), (&mail.recipient).into(), (&mail.subject).into(), (&mail.body).into(), at.into()];
        self.execute_one(INSERT, &values)
    }

    /// Marks a mail sent; with `forget` its text, which may hold a code, is not kept.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn mark_mail_sent(&mut self, mail: MailId, now: Timestamp, forget: bool) -> Result<(), StoreError> {
        let mail = mail.to_string();
        self.execute(SENT, &[now.micros().into(), (&mail).into()])?;
        if forget { self.execute(FORGET, &[(&mail).into()]).map(drop) } else { Ok(()) }
    }

    /// Finds a mail.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_mail(&mut self, mail: MailId) -> Result<Option<MailRecord>, StoreError> {
        self.query_one(BY_ID, &[(&mail.to_string()).into()], mail_of)
    }

    /// The last mails, newest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_mails(&mut self, limit: i64) -> Result<Vec<MailRecord>, StoreError> {
        self.query(LIST, &[limit.into()], mail_of)
    }
}

fn mail_of(row: &Row<'_>) -> Result<MailRecord, StoreError> {
    Ok(MailRecord {
        id: id(row, 0, MailId::parse)?,
        recipient: row.text(1)?.to_owned(),
        subject: row.text(2)?.to_owned(),
        body: row.text(3)?.to_owned(),
        created_at: time(row, 4)?,
        sent_at: opt_time(row, 5)?,
    })
}
