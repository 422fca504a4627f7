//! `/admin/orders`: how an order went: what was asked, what was decided and why, and every change.

use axum::extract::State;
use axum::response::Response;
use florin_domain::OrderId;
use florin_domain::credit::{Outcome, Verdict};
use florin_domain::event::Event;
use florin_domain::order::{Order, OrderState, PayMethod, Settlement};
use florin_service::orders::{self, History};
use florin_service::{Cx, ServiceError, Tx};
use http::StatusCode;
use serde::Serialize;

use crate::body::json;
use crate::money::Decimal;
use crate::problem::Problem;
use crate::query::Named;

#[derive(Serialize)]
struct HistoryBody {
    id: String,
    seller: String,
    pay_link_id: String,
    amount: Decimal,
    reference: String,
    methods: Vec<&'static str>,
    source: Option<String>,
    redirect_url: Option<String>,
    webhook_url: Option<String>,
    created_at: String,
    expires_at: String,
    state: StateBody,
    decision: Option<DecisionBody>,
    events: Vec<EventBody>,
}

/// Where an order stands; only the facts that its state has.
#[derive(Default, Serialize)]
struct StateBody {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loan: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bank_payment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

#[derive(Serialize)]
struct DecisionBody {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ask_again_at: Option<String>,
    reasons: Vec<String>,
    rule_version: String,
}

#[derive(Serialize)]
struct EventBody {
    seq: i64,
    number: i64,
    status: &'static str,
    at: String,
    webhook: &'static str,
}

impl From<History> for HistoryBody {
    fn from(history: History) -> Self {
        let events = history.events.iter().map(|told| EventBody::new(told.seq, &told.event, told.delivery.name())).collect();
        let (state, expires_at) = (StateBody::from(&history.order), history.order.expires_at().to_string());
        let (created_at, terms) = (history.order.created_at.to_string(), history.order.terms);
        Self {
            id: terms.id.to_string(),
            seller: terms.seller.to_string(),
            pay_link_id: terms.pay_link_id.to_string(),
            amount: Decimal(terms.amount),
            reference: terms.reference,
            methods: terms.methods.as_slice().iter().map(|method| method_name(*method)).collect(),
            source: terms.source,
            redirect_url: terms.redirect_url,
            webhook_url: terms.webhook_url,
            created_at,
            expires_at,
            state,
            decision: history.verdict.map(DecisionBody::from),
            events,
        }
    }
}

const fn method_name(method: PayMethod) -> &'static str {
    match method {
        PayMethod::Now => "pay_now",
        PayMethod::Later => "pay_later",
    }
}

impl From<&Order> for StateBody {
    fn from(order: &Order) -> Self {
        let state = Self { status: order.status().name(), ..Self::default() };
        match &order.state {
            OrderState::Created => state,
            OrderState::Pending { since } => Self { since: Some(since.to_string()), ..state },
            OrderState::Approved { since, company } => Self { since: Some(since.to_string()), company: Some(company.to_string()), ..state },
            OrderState::Successful { at, settlement } => {
                let (loan, bank_payment) = match settlement {
                    Settlement::Credit(loan) => (Some(loan.to_string()), None),
                    Settlement::Bank(payment) => (None, Some(payment.to_string())),
                };
                Self { since: Some(at.to_string()), loan, bank_payment, ..state }
            }
            OrderState::Unsuccessful { at, reason } => Self { since: Some(at.to_string()), reason: Some(reason.name()), ..state },
        }
    }
}

impl From<Verdict> for DecisionBody {
    fn from(verdict: Verdict) -> Self {
        let (limit, ask_again_at) = match &verdict.outcome {
            Outcome::Approved { limit } => (Some(Decimal(*limit)), None),
            Outcome::Declined => (None, None),
            Outcome::Referred { ask_again_at } => (None, Some(ask_again_at.to_string())),
        };
        let (outcome, reasons, rule_version) = (verdict.outcome.name(), verdict.reasons, verdict.rule_version);
        Self { outcome, limit, ask_again_at, reasons, rule_version }
    }
}

impl EventBody {
    fn new(seq: i64, event: &Event, webhook: &'static str) -> Self {
        Self { seq, number: event.number, status: event.status.name(), at: event.at.to_string(), webhook }
    }
}

/// `GET /admin/orders/{order}`
pub async fn show(State(cx): State<Cx>, Named(order): Named) -> Result<Response, Problem> {
    let order = OrderId::parse(&order).map_err(|_| ServiceError::NotFound("order"))?;
    let history = cx.store.read(move |tx: &mut Tx<'_>| orders::history(tx, order)).await?;
    Ok(json(StatusCode::OK, &HistoryBody::from(history)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use florin_domain::Money;

    #[test]
    fn a_decision_is_told_with_its_reasons_and_exact_limit() {
        let verdict = Verdict {
            outcome: Outcome::Approved { limit: Money::pence(3_000_050) },
            reasons: vec!["The turnover is enough.".to_owned()],
            rule_version: "sandbox-1".to_owned(),
        };
        let told = serde_json::to_string(&DecisionBody::from(verdict)).unwrap();
        let expected = r#"{"outcome":"approved","limit":30000.5,"reasons":["The turnover is enough."],"rule_version":"sandbox-1"}"#;
        assert_eq!(told, expected);
    }
}
