//! The page of a simulated pay-later provider, on which a shopper approves or refuses a checkout.
//!
//! Invariant: a decision is told on a page of ours, which sends the browser on by itself: browsers hold a form's redirects to the
//! policy of the page that holds the form, and that allows this server alone.

use std::time::Duration;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use florin_domain::apm::ApmState;
use florin_domain::time::minutes;
use florin_domain::{ApmOrderId, Timestamp};
use florin_service::apm::{self, ApmView};
use florin_service::{Context, Cx, ServiceError};
use http::{StatusCode, Uri};

use crate::answer::{see_other, show};
use crate::detour::Detour;
use crate::form::Form;
use crate::frame::{Frame, Refresh, web_address};
use crate::visit::local;

/// How long a decision stands before the browser goes back to the shop.
const BACK_AFTER_SECONDS: u32 = 2;
/// For how long a decision is news. Later, nobody is sent anywhere by themselves.
const NEWS_FOR: Duration = minutes(5);

#[derive(Template)]
#[template(path = "sandbox/provider.html")]
struct ProviderPage {
    frame: Frame,
    action: String,
    provider: &'static str,
    merchant: String,
    amount: String,
    reference: String,
    /// How it stands, where there is nothing to decide any more.
    told: Option<Told>,
    asked_again: bool,
}

struct Told {
    title: &'static str,
    sentence: &'static str,
    /// Where the shop waits.
    way_back: Option<String>,
}

pub(super) async fn open(State(cx): State<Cx>, uri: Uri) -> Result<Response, Detour> {
    let order = order_in(&uri)?;
    let view = apm::view(&cx, order).await.map_err(|error| failed(error, order))?;
    Ok(show(StatusCode::OK, &page(&cx, order, view, false)))
}

pub(super) async fn submit(State(cx): State<Cx>, request: Request) -> Result<Response, Detour> {
    let (parts, body) = request.into_parts();
    let order = order_in(&parts.uri)?;
    let form = Form::receive(&parts.headers, body).await.map_err(Detour::Unreadable)?;
    let approves = match form.text("approve") {
        "yes" => true,
        "no" => false,
        _ => {
            let view = apm::view(&cx, order).await.map_err(|error| failed(error, order))?;
            return Ok(show(StatusCode::UNPROCESSABLE_ENTITY, &page(&cx, order, view, true)));
        }
    };
    match apm::decide(&cx, order, approves).await {
        Ok(_) => Ok(see_other(&path(order))),
        // It was decided the other way, or too late: the page says which.
        Err(ServiceError::Refused { .. }) => {
            let view = apm::view(&cx, order).await.map_err(|error| failed(error, order))?;
            Ok(show(StatusCode::CONFLICT, &page(&cx, order, view, false)))
        }
        Err(error) => Err(failed(error, order)),
    }
}

fn page(cx: &Context, id: ApmOrderId, view: ApmView, asked_again: bool) -> ProviderPage {
    let ApmView { order, merchant_name, open, way_back } = view;
    let way_back = way_back.and_then(|url| local(cx, &url).or_else(|| web_address(&url)));
    let told = (!open).then(|| told(&order.state, way_back));
    let refresh = told
        .as_ref()
        .filter(|_| is_news(&order.state, cx.clock.now()))
        .and_then(|told| Some(Refresh { seconds: BACK_AFTER_SECONDS, url: told.way_back.clone()? }));
    let provider = order.provider.title();
    let title = told.as_ref().map_or("Approve a purchase", |told| told.title);
    ProviderPage {
        frame: Frame { refresh, ..Frame::of_company(title, provider, "look-provider") },
        action: path(id),
        provider,
        merchant: merchant_name,
        amount: order.amount.to_string(),
        reference: order.order_number,
        told,
        asked_again,
    }
}

fn told(state: &ApmState, way_back: Option<String>) -> Told {
    let (title, sentence) = match state {
        ApmState::Open => ("Too late", "The time to approve this purchase is over. Nothing was taken."),
        ApmState::Approved { .. } => ("Approved", "You have approved this purchase. The shop takes it from here."),
        ApmState::Refused { .. } => ("Refused", "You have refused this purchase. Nothing was taken."),
        ApmState::Used { .. } => ("Paid", "This purchase was approved and paid for."),
    };
    Told { title, sentence, way_back }
}

fn is_news(state: &ApmState, now: Timestamp) -> bool {
    match state {
        ApmState::Approved { at } | ApmState::Refused { at } => now.since(*at) <= NEWS_FOR,
        ApmState::Open | ApmState::Used { .. } => false,
    }
}

fn path(order: ApmOrderId) -> String {
    format!("/sandbox/apm/{order}/")
}

fn order_in(uri: &Uri) -> Result<ApmOrderId, Detour> {
    let text = uri.path().split('/').nth(3).unwrap_or_default();
    ApmOrderId::parse(text).map_err(|_| Detour::Nothing)
}

fn failed(error: ServiceError, order: ApmOrderId) -> Detour {
    Detour::Failed { error, again: path(order) }
}
