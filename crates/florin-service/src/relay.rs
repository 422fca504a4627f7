//! The relay: takes announcements from the outbox to the merchants' servers.
//!
//! Invariants: of one order only the oldest undelivered announcement is on its way; every attempt carries the same id and
//! bytes; every attempt is recorded. A merchant's server that hangs holds up nobody else's.

use std::time::Duration;

use florin_connect::{WebhookAnswer, WebhookCall, WebhookOutcome};
use florin_domain::WebhookId;
use florin_domain::retry::webhook_wait;
use florin_domain::time::minutes;
use florin_store::{Announcement, Attempt, Delivery, Settled, Tx};
use tokio::task::JoinSet;

use crate::{Context, Cx, ServiceError, webhooks};

/// How long a merchant's server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long a worker has an announcement to itself; longer than any attempt.
const CLAIM: Duration = minutes(1);
/// How many announcements go to one server at once.
const PER_ENDPOINT: i64 = 4;
/// How many are claimed at once.
const BATCH: i64 = 64;

/// Delivers everything that is due and says how many attempts that took.
pub(crate) async fn deliver_due(cx: &Cx) -> Result<u32, ServiceError> {
    let mut sent = 0;
    loop {
        let mut tasks = JoinSet::new();
        for announcement in claim(cx).await? {
            let cx = cx.clone();
            tasks.spawn(async move { deliver(&cx, announcement).await });
        }
        if tasks.is_empty() {
            return Ok(sent);
        }
        while tasks.join_next().await.is_some() {
            sent += 1;
        }
    }
}

/// Takes announcements that are due, and fixes the bytes of those that go out for the first time.
pub(crate) async fn claim(cx: &Cx) -> Result<Vec<Announcement>, ServiceError> {
    let now = cx.clock.now();
    let find = move |tx: &mut Tx<'_>| tx.list_due_announcements(now, PER_ENDPOINT, BATCH).map_err(ServiceError::from);
    let due = cx.store.read(find).await?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let cx2 = cx.clone();
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let mut claimed = tx.claim_announcements(&due, now, now.plus(CLAIM))?;
            for announcement in claimed.iter_mut().filter(|announcement| announcement.rendered.is_none()) {
                let webhook = WebhookId::from_random(cx2.random.bytes());
                let body = cx2.dialect.announcement(webhook, &announcement.event);
                tx.render_announcement(announcement.seq, webhook, &body)?;
                announcement.rendered = Some((webhook, body));
            }
            Ok(claimed)
        })
        .await
}

/// Makes one attempt and records it.
pub(crate) async fn deliver(cx: &Cx, announcement: Announcement) {
    let (seq, at) = (announcement.seq, cx.clock.now());
    let answer = match call(cx, &announcement).await {
        Ok(call) => cx.sender.send(call).await,
        Err(error) => {
            tracing::error!(seq, %error, "a webhook cannot be made up");
            let outcome = WebhookOutcome::Failed { reason: "the signature could not be made".to_owned() };
            WebhookAnswer { outcome, duration_ms: 0, body: Vec::new() }
        }
    };
    let settled = settle(cx, &announcement, answer.accepted());
    let attempt = attempt_of(answer, at);
    let saved = cx.store.write(move |tx: &mut Tx<'_>| tx.settle_announcement(seq, &attempt, settled));
    // If the record is lost, the claim runs out and the same bytes go out again: a merchant sees the same webhook id.
    if let Err(error) = saved.await {
        tracing::warn!(seq, %error, "an attempt could not be recorded");
    }
}

fn settle(cx: &Context, announcement: &Announcement, accepted: bool) -> Settled {
    let now = cx.clock.now();
    let attempts = announcement.attempts + 1;
    if accepted {
        return Settled { delivery: Delivery::Delivered, attempts, due_at: now };
    }
    let [jitter] = cx.random.bytes();
    match webhook_wait(attempts, jitter) {
        Some(wait) => Settled { delivery: Delivery::Pending, attempts, due_at: now.plus(wait) },
        None => Settled { delivery: Delivery::GivenUp, attempts, due_at: now },
    }
}

fn attempt_of(answer: WebhookAnswer, at: florin_domain::Timestamp) -> Attempt {
    let (status, error) = match answer.outcome {
        WebhookOutcome::Answered { status } => (Some(u32::from(status)), None),
        WebhookOutcome::Failed { reason } => (None, Some(reason.replace('\0', " "))),
    };
    let duration_ms = u32::try_from(answer.duration_ms).unwrap_or(u32::MAX);
    Attempt { number: 0, at, status, error, duration_ms, answer: answer.body }
}

async fn call(cx: &Cx, announcement: &Announcement) -> Result<WebhookCall, ServiceError> {
    let missing = || ServiceError::Internal("an announcement without target or bytes was claimed".to_owned());
    let url = announcement.event.webhook_url.clone().ok_or_else(missing)?;
    let (_, body) = announcement.rendered.clone().ok_or_else(missing)?;
    let signature = webhooks::signature(cx, announcement).await?.ok_or_else(missing)?;
    let signature = (cx.dialect.signature_header().to_owned(), signature);
    let headers = vec![("Content-Type".to_owned(), "application/json".to_owned()), signature];
    Ok(WebhookCall { url, body, headers, timeout: TIMEOUT })
}
