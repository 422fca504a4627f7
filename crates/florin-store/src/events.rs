//! SQL for events: what happened to orders, and its way to the sellers' servers (the outbox).
//!
//! Invariants: one row a change of an order, in the change's transaction; the bytes of an announcement are fixed before
//! the first attempt; of one order only the oldest undelivered announcement is on its way.

use florin_domain::event::Event;
use florin_domain::order::Status;
use florin_domain::{OrderId, SellerId, Timestamp, WebhookId};

use crate::columns::{count, currency, id, money, opt_id, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO events (order_id, seller_id, number, status, amount_minor, currency, reference, at, target, endpoint, delivery,
                        attempts, due_at, claimed_until)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, 0)";
/// Candidates are the oldest pending event of each order; of each endpoint the first few, those already claimed counted in.
const CLAIMABLE: &str = "
    SELECT seq FROM (
        SELECT e.seq, e.due_at, e.claimed_until,
               ROW_NUMBER() OVER (PARTITION BY e.endpoint ORDER BY CASE WHEN e.claimed_until > $1 THEN 0 ELSE 1 END, e.due_at, e.seq) AS place
          FROM events e
         WHERE e.delivery = 'pending' AND (e.due_at <= $2 OR e.claimed_until > $3)
           AND NOT EXISTS (SELECT 1 FROM events p WHERE p.delivery = 'pending' AND p.order_id = e.order_id AND p.seq < e.seq)
    ) AS ranked
     WHERE place <= $4 AND claimed_until <= $5 ORDER BY due_at, seq LIMIT $6";
const CLAIM: &str = "
    UPDATE events SET claimed_until = $1 WHERE seq = $2 AND delivery = 'pending' AND claimed_until <= $3";
const RENDER: &str = "UPDATE events SET webhook_id = $1, body = $2 WHERE seq = $3 AND webhook_id IS NULL";
const SETTLE: &str = "
    UPDATE events SET delivery = $1, attempts = $2, due_at = $3, claimed_until = 0 WHERE seq = $4 AND delivery = 'pending'";
const REVIVE: &str = "
    UPDATE events SET delivery = 'pending', attempts = 0, due_at = $1, claimed_until = 0 WHERE seq = $2 AND target IS NOT NULL";
const NEXT_DUE: &str = "
    SELECT MIN(due_at) FROM events e
     WHERE e.delivery = 'pending'
       AND NOT EXISTS (SELECT 1 FROM events p WHERE p.delivery = 'pending' AND p.order_id = e.order_id AND p.seq < e.seq)";
const FREE_CLAIMS: &str = "UPDATE events SET claimed_until = 0 WHERE delivery = 'pending' AND claimed_until > 0";
const BY_SEQ: &str = "
    SELECT seq, order_id, seller_id, number, status, amount_minor, currency, reference, at, target, delivery, webhook_id, body,
           attempts, due_at
      FROM events WHERE seq = $1";
const OF_ORDER: &str = "
    SELECT seq, order_id, seller_id, number, status, amount_minor, currency, reference, at, target, delivery, webhook_id, body,
           attempts, due_at
      FROM events WHERE order_id = $1 ORDER BY seq";
const LIST: &str = "
    SELECT seq, order_id, seller_id, number, status, amount_minor, currency, reference, at, target, delivery, webhook_id, body,
           attempts, due_at
      FROM events
     WHERE target IS NOT NULL AND delivery <> 'none' AND ($1 = '' OR seller_id = $1) AND ($2 = '' OR order_id = $2)
       AND ($3 = '' OR delivery = $3)
     ORDER BY seq DESC LIMIT $4";
const LAST_ATTEMPT: &str = "SELECT COALESCE(MAX(number), 0) FROM webhook_attempts WHERE seq = $1";
const INSERT_ATTEMPT: &str = "
    INSERT INTO webhook_attempts (seq, number, at, status, error, duration_ms, answer) VALUES ($1, $2, $3, $4, $5, $6, $7)";
const ATTEMPTS: &str = "
    SELECT number, at, status, error, duration_ms, answer FROM webhook_attempts WHERE seq = $1 ORDER BY number";

/// Where an event stands on its way to the seller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Nobody asked to hear of it.
    None,
    /// To be delivered.
    Pending,
    /// The seller's server took it.
    Delivered,
    /// Every attempt failed.
    GivenUp,
}

impl Delivery {
    const ALL: [Self; 4] = [Self::None, Self::Pending, Self::Delivered, Self::GivenUp];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }
}

/// An event with the state of its announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Its number among all events.
    pub seq: i64,
    /// What happened.
    pub event: Event,
    /// Where it stands.
    pub delivery: Delivery,
    /// The id and bytes that every attempt carries, fixed before the first.
    pub rendered: Option<(WebhookId, Vec<u8>)>,
    /// How many attempts were made since it was last sent afresh.
    pub attempts: u32,
    /// When the next attempt is due.
    pub due_at: Timestamp,
}

/// One attempt to deliver an announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its number, from 1.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// The HTTP status of the answer, if one came.
    pub status: Option<u32>,
    /// What went wrong, if no answer came.
    pub error: Option<String>,
    /// How long it took.
    pub duration_ms: u32,
    /// The beginning of the answer.
    pub answer: Vec<u8>,
}

/// What follows from an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// Delivered, given up, or still pending.
    pub delivery: Delivery,
    /// How many attempts were made, this one counted in.
    pub attempts: u32,
    /// When to try again.
    pub due_at: Timestamp,
}

/// Which announcements to list; an empty text means all.
#[derive(Debug, Clone, Default)]
pub struct AnnouncementFilter {
    /// Of this seller.
    pub seller: String,
    /// Of this order.
    pub order: String,
    /// In this state.
    pub delivery: String,
    /// How many at the most, newest first.
    pub limit: i64,
}

impl Tx<'_> {
    /// Writes an event; with `announce` and a target it is delivered from now on.
    pub(crate) fn announce(&mut self, event: &Event, announce: bool) -> Result<(), StoreError> {
        let target = event.webhook_url.as_deref();
        let delivery = if announce && target.is_some() { Delivery::Pending } else { Delivery::None };
        if delivery == Delivery::Pending {
            self.announced = true;
        }
        self.execute_one(
            INSERT,
            &[
                Value::from(&event.order.to_string()),
                (&event.seller.to_string()).into(),
                event.number.into(),
                event.status.name().into(),
                event.amount.minor().into(),
                event.amount.currency().code().into(),
                (&event.reference).into(),
                event.at.micros().into(),
                target.into(),
                target.map(endpoint).into(),
                delivery.name().into(),
                event.at.micros().into(),
            ],
        )
    }

    /// The announcements that are due and free: of each order the oldest, of each endpoint `per_endpoint` at once at the most,
    /// those on their way counted in. A reading: with many waiting it is too much work to hold up every write.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_due_announcements(&mut self, now: Timestamp, per_endpoint: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
        let at = now.micros();
        self.query(CLAIMABLE, &[at.into(), at.into(), at.into(), per_endpoint.into(), at.into(), limit.into()], |row| row.int(0))
    }

    /// Takes announcements that were found due; what somebody else took or delivered meanwhile is left out.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn claim_announcements(&mut self, due: &[i64], now: Timestamp, until: Timestamp) -> Result<Vec<Announcement>, StoreError> {
        let mut claimed = Vec::with_capacity(due.len());
        for seq in due {
            if self.execute(CLAIM, &[until.micros().into(), (*seq).into(), now.micros().into()])? == 1 {
                claimed.extend(self.find_announcement(*seq)?);
            }
        }
        Ok(claimed)
    }

    /// Fixes the id and the bytes of an announcement before its first attempt.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if they are fixed already.
    pub fn render_announcement(&mut self, seq: i64, webhook: WebhookId, body: &[u8]) -> Result<(), StoreError> {
        self.execute_one(RENDER, &[(&webhook.to_string()).into(), body.into(), seq.into()])
    }

    /// Records an attempt and what follows from it. The attempt's number is given by the books.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn settle_announcement(&mut self, seq: i64, attempt: &Attempt, outcome: Settled) -> Result<(), StoreError> {
        let (delivery, attempts, due_at) = (outcome.delivery.name(), outcome.attempts, outcome.due_at.micros());
        self.execute(SETTLE, &[delivery.into(), attempts.into(), due_at.into(), seq.into()])?;
        let last = self.query_one(LAST_ATTEMPT, &[seq.into()], |row| row.int(0))?.unwrap_or(0);
        let status = attempt.status.map(i64::from);
        self.execute_one(
            INSERT_ATTEMPT,
            &[
                seq.into(),
                (last + 1).into(),
                attempt.at.micros().into(),
                status.into(),
                (&attempt.error).into(),
                attempt.duration_ms.into(),
                (&attempt.answer).into(),
            ],
        )
    }

    /// Sends an announcement again from the first attempt on, with the same id and bytes.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if there is none with this number.
    pub fn revive_announcement(&mut self, seq: i64, now: Timestamp) -> Result<(), StoreError> {
        self.announced = true;
        self.execute_one(REVIVE, &[now.micros().into(), seq.into()])
    }

    /// When the next announcement is due.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn next_announcement_due(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.query_one(NEXT_DUE, &[], |row| row.opt_int(0))?.flatten().map(Timestamp::from_micros))
    }

    /// Frees what a process claimed that is no more. Only for a store that one process has to itself.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn free_announcement_claims(&mut self) -> Result<u64, StoreError> {
        self.execute(FREE_CLAIMS, &[])
    }

    /// Finds an event by its number.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_announcement(&mut self, seq: i64) -> Result<Option<Announcement>, StoreError> {
        self.query_one(BY_SEQ, &[seq.into()], announcement_of)
    }

    /// Lists what is or was to be announced, newest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_announcements(&mut self, filter: &AnnouncementFilter) -> Result<Vec<Announcement>, StoreError> {
        let values = [Value::from(&filter.seller), (&filter.order).into(), (&filter.delivery).into(), filter.limit.into()];
        self.query(LIST, &values, announcement_of)
    }

    /// Everything that happened to an order, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_events_of_order(&mut self, order: OrderId) -> Result<Vec<Announcement>, StoreError> {
        self.query(OF_ORDER, &[(&order.to_string()).into()], announcement_of)
    }

    /// The attempts to deliver an announcement, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_attempts(&mut self, seq: i64) -> Result<Vec<Attempt>, StoreError> {
        self.query(ATTEMPTS, &[seq.into()], |row| {
            Ok(Attempt {
                number: count(row, 0)?,
                at: time(row, 1)?,
                status: row.opt_int(2)?.map(u32::try_from).transpose().map_err(|_| row.corrupt(2))?,
                error: row.opt_text(3)?.map(str::to_owned),
                duration_ms: count(row, 4)?,
                answer: row.blob(5)?.to_vec(),
            })
        })
    }
}

/// The part of a target that shares one server: scheme, host and port.
fn endpoint(target: &str) -> &str {
    let after_scheme = target.find("://").map_or(0, |at| at + 3);
    let end = target[after_scheme..].find(['/', '?', '#']).map_or(target.len(), |at| after_scheme + at);
    &target[..end]
}

fn announcement_of(row: &Row<'_>) -> Result<Announcement, StoreError> {
    let named = |index: usize| row.text(index).map_err(|_| row.corrupt(index));
    let status = Status::ALL.into_iter().find(|status| named(4).is_ok_and(|name| name == status.name()));
    let delivery = Delivery::ALL.into_iter().find(|delivery| named(10).is_ok_and(|name| name == delivery.name()));
    let event = Event {
        order: id(row, 1, OrderId::parse)?,
        seller: id(row, 2, SellerId::parse)?,
        number: row.int(3)?,
        status: status.ok_or_else(|| row.corrupt(4))?,
        amount: money(row, 5, currency(row, 6)?)?,
        reference: row.text(7)?.to_owned(),
        at: time(row, 8)?,
        webhook_url: row.opt_text(9)?.map(str::to_owned),
    };
    let webhook = opt_id(row, 11, WebhookId::parse)?;
    Ok(Announcement {
        seq: row.int(0)?,
        event,
        delivery: delivery.ok_or_else(|| row.corrupt(10))?,
        rendered: webhook.zip(row.opt_blob(12)?.map(<[u8]>::to_vec)),
        attempts: count(row, 13)?,
        due_at: time(row, 14)?,
    })
}

#[cfg(test)]
mod tests {
    use super::endpoint;

    #[test]
    fn targets_on_one_server_share_an_endpoint() {
        assert_eq!(endpoint("https://shop.example:8443/a/b?c"), "https://shop.example:8443");
        assert_eq!(endpoint("https://shop.example"), "https://shop.example");
        assert_eq!(endpoint("https://shop.example?x=/"), "https://shop.example");
    }
}
