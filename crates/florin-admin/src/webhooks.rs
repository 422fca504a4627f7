//! `/admin/webhooks`: what was or is to be announced to merchants' servers, every attempt, and sending it again.

use axum::extract::State;
use axum::response::Response;
use florin_domain::{OrderId, SellerId};
use florin_service::webhooks::{self, Announcement, AnnouncementFilter, Attempt, Delivery};
use florin_service::{Cx, ServiceError, Tx};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::body::json;
use crate::problem::Problem;
use crate::query::{Asked, Named, id};

const LIMIT_DEFAULT: i64 = 50;
const LIMIT_MAX: i64 = 500;

/// Which webhooks to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    seller: Option<String>,
    order: Option<String>,
    state: Option<String>,
    limit: Option<i64>,
}

impl Which {
    fn into_filter(self) -> Result<AnnouncementFilter, Problem> {
        let states = [Delivery::Pending, Delivery::Delivered, Delivery::GivenUp].map(Delivery::name);
        let delivery = self.state.unwrap_or_default();
        if !delivery.is_empty() && !states.contains(&delivery.as_str()) {
            return Err(Problem::invalid("state", "must be pending, delivered or given_up"));
        }
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::invalid("limit", format!("must be from 1 to {LIMIT_MAX}")));
        }
        // Read and written again, because the books know ids in lower case only.
        let seller = self.seller.map(|text| id("seller", &text, SellerId::parse)).transpose()?;
        let order = self.order.map(|text| id("order", &text, OrderId::parse)).transpose()?;
        Ok(AnnouncementFilter {
            seller: seller.map(|seller| seller.to_string()).unwrap_or_default(),
            order: order.map(|order| order.to_string()).unwrap_or_default(),
            delivery,
            limit,
        })
    }
}

#[derive(Serialize)]
struct WebhooksBody {
    webhooks: Vec<WebhookBody>,
}

#[derive(Serialize)]
struct WebhookBody {
    seq: i64,
    webhook_id: Option<String>,
    order: String,
    seller: String,
    status: &'static str,
    target: String,
    state: &'static str,
    attempts: u32,
    due_at: String,
    created_at: String,
}

/// A webhook with the bytes that are sent and every attempt to send them.
#[derive(Serialize)]
struct WholeWebhookBody {
    #[serde(flatten)]
    webhook: WebhookBody,
    body: Option<String>,
    history: Vec<AttemptBody>,
}

#[derive(Serialize)]
struct AttemptBody {
    number: u32,
    at: String,
    status: Option<u32>,
    error: Option<String>,
    duration_ms: u32,
    answer: String,
}

impl From<&Announcement> for WebhookBody {
    fn from(announcement: &Announcement) -> Self {
        let event = &announcement.event;
        Self {
            seq: announcement.seq,
            webhook_id: announcement.rendered.as_ref().map(|(webhook, _)| webhook.to_string()),
            order: event.order.to_string(),
            seller: event.seller.to_string(),
            status: event.status.name(),
            target: event.webhook_url.clone().unwrap_or_default(),
            state: announcement.delivery.name(),
            attempts: announcement.attempts,
            due_at: announcement.due_at.to_string(),
            created_at: event.at.to_string(),
        }
    }
}

impl From<Attempt> for AttemptBody {
    fn from(attempt: Attempt) -> Self {
        Self {
            number: attempt.number,
            at: attempt.at.to_string(),
            status: attempt.status,
            error: attempt.error,
            duration_ms: attempt.duration_ms,
            answer: String::from_utf8_lossy(&attempt.answer).into_owned(),
        }
    }
}

/// `GET /admin/webhooks?seller=&order=&state=&limit=`, newest first.
pub async fn list(State(cx): State<Cx>, Asked(which): Asked<Which>) -> Result<Response, Problem> {
    let filter = which.into_filter()?;
    let announcements = cx.store.read(move |tx: &mut Tx<'_>| webhooks::list(tx, &filter)).await?;
    let webhooks = announcements.iter().map(WebhookBody::from).collect();
    Ok(json(StatusCode::OK, &WebhooksBody { webhooks }))
}

/// `GET /admin/webhooks/{seq}`
pub async fn show(State(cx): State<Cx>, Named(seq): Named) -> Result<Response, Problem> {
    let seq = number(&seq)?;
    let (announcement, attempts) = cx.store.read(move |tx: &mut Tx<'_>| webhooks::show(tx, seq)).await?;
    let history = attempts.into_iter().map(AttemptBody::from).collect();
    let body = announcement.rendered.as_ref().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned());
    let body = WholeWebhookBody { webhook: WebhookBody::from(&announcement), body, history };
    Ok(json(StatusCode::OK, &body))
}

/// `POST /admin/webhooks/{seq}/redeliver`: the same bytes again, from the first attempt on.
pub async fn redeliver(State(cx): State<Cx>, Named(seq): Named) -> Result<Response, Problem> {
    let (seq, now) = (number(&seq)?, cx.clock.now());
    let announcement = cx.store.write(move |tx: &mut Tx<'_>| webhooks::redeliver(tx, seq, now)).await?;
    Ok(json(StatusCode::ACCEPTED, &WebhookBody::from(&announcement)))
}

/// A path that names no possible webhook is a path to nothing.
fn number(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| ServiceError::NotFound("webhook").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_ids_as_the_books_do_and_bounds_the_page() {
        let order = Some("ABABABAB-ABAB-4BAB-ABAB-ABABABABABAB".to_owned());
        let filter = Which { seller: None, order, state: Some("given_up".to_owned()), limit: None }.into_filter().unwrap();
        assert_eq!((filter.seller.as_str(), filter.order.as_str()), ("", "abababab-abab-4bab-abab-abababababab"));
        assert_eq!((filter.delivery.as_str(), filter.limit), ("given_up", LIMIT_DEFAULT));
        let bad = [
            Which { seller: Some("x".to_owned()), order: None, state: None, limit: None },
            Which { seller: None, order: None, state: Some("none".to_owned()), limit: None },
            Which { seller: None, order: None, state: None, limit: Some(0) },
            Which { seller: None, order: None, state: None, limit: Some(LIMIT_MAX + 1) },
        ];
        for which in bad {
            assert!(which.into_filter().is_err());
        }
    }
}
