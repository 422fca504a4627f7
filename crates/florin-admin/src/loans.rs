//! `/admin/loans`: the loan behind an order, and how it is being paid back.

use axum::extract::State;
use axum::response::Response;
use florin_domain::OrderId;
use florin_domain::loan::{Instalment, InstalmentState, Loan};
use florin_service::{Cx, ServiceError, Tx, loans};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::body::json;
use crate::money::Decimal;
use crate::problem::Problem;
use crate::query::{Asked, id};

/// Of which order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    order: String,
}

#[derive(Serialize)]
struct LoanBody {
    id: String,
    order: String,
    seller: String,
    company: String,
    principal: Decimal,
    term: &'static str,
    rate: String,
    funded_at: String,
    card: String,
    instalments: Vec<InstalmentBody>,
}

#[derive(Serialize)]
struct InstalmentBody {
    number: u32,
    due_on: String,
    principal: Decimal,
    interest: Decimal,
    total: Decimal,
    state: &'static str,
    refusals: u32,
    late_since: Option<String>,
    paid_at: Option<String>,
    reference: Option<String>,
}

impl From<&Instalment> for InstalmentBody {
    fn from(instalment: &Instalment) -> Self {
        let (late_since, paid_at, reference) = match &instalment.state {
            InstalmentState::Scheduled => (None, None, None),
            InstalmentState::Late { since } => (Some(since.to_string()), None, None),
            InstalmentState::Paid { at, reference } => (None, Some(at.to_string()), Some(reference.clone())),
        };
        Self {
            number: instalment.number,
            due_on: instalment.due_on.to_string(),
            principal: Decimal(instalment.principal),
            interest: Decimal(instalment.interest),
            total: Decimal(instalment.total()),
            state: instalment.state.name(),
            refusals: instalment.refusals,
            late_since,
            paid_at,
            reference,
        }
    }
}

impl From<&Loan> for LoanBody {
    fn from(loan: &Loan) -> Self {
        Self {
            id: loan.id.to_string(),
            order: loan.order.to_string(),
            seller: loan.seller.to_string(),
            company: loan.company.to_string(),
            principal: Decimal(loan.principal),
            term: loan.term.name(),
            rate: loan.rate.to_decimal(),
            funded_at: loan.funded_at.to_string(),
            card: loan.card.to_string(),
            instalments: loan.instalments.iter().map(InstalmentBody::from).collect(),
        }
    }
}

/// `GET /admin/loans?order=`
pub async fn show(State(cx): State<Cx>, Asked(which): Asked<Which>) -> Result<Response, Problem> {
    let order = id("order", &which.order, OrderId::parse)?;
    let loan = cx.store.read(move |tx: &mut Tx<'_>| loans::find_by_order(tx, order)).await?;
    let loan = loan.ok_or(ServiceError::NotFound("loan"))?;
    Ok(json(StatusCode::OK, &LoanBody::from(&loan)))
}
