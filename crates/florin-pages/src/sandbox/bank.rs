//! The sandbox bank's own page: it looks like another company's, because to a buyer it is.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use florin_domain::BankPaymentId;
use florin_service::{Cx, ServiceError};
use http::{StatusCode, Uri};

use crate::answer::{see_other, show};
use crate::desk::{BankDesk, BankSlip};
use crate::detour::Detour;
use crate::form::Form;
use crate::frame::{Frame, web_address};
use crate::visit::local;

#[derive(Template)]
#[template(path = "sandbox/bank.html")]
struct BankPage {
    frame: Frame,
    action: String,
    slip: SlipView,
    asked_again: bool,
}

struct SlipView {
    bank: String,
    payee: String,
    amount: String,
    reference: String,
    /// Where to go on, once the customer has answered.
    decided: Option<String>,
}

pub(super) async fn open(State(cx): State<Cx>, State(desk): State<Arc<dyn BankDesk>>, uri: Uri) -> Result<Response, Detour> {
    let payment = payment_in(&uri)?;
    let slip = desk.page(&payment).await.map_err(|error| failed(error, &payment))?.ok_or(Detour::Nothing)?;
    Ok(page(&cx, &payment, slip, false))
}

pub(super) async fn submit(State(cx): State<Cx>, State(desk): State<Arc<dyn BankDesk>>, request: Request) -> Result<Response, Detour> {
    let (parts, body) = request.into_parts();
    let payment = payment_in(&parts.uri)?;
    let form = Form::receive(&parts.headers, body).await.map_err(Detour::Unreadable)?;
    let yes = match form.text("authorise") {
        "yes" => true,
        "no" => false,
        _ => {
            let slip = desk.page(&payment).await.map_err(|error| failed(error, &payment))?.ok_or(Detour::Nothing)?;
            return Ok(page(&cx, &payment, slip, true));
        }
    };
    let decided = desk.decide(&payment, yes, cx.clock.now()).await.map_err(|error| failed(error, &payment))?;
    let return_url = decided.ok_or(Detour::Nothing)?;
    Ok(see_other(&way_back(&cx, &return_url).ok_or(Detour::Nothing)?))
}

fn page(cx: &Cx, payment: &BankPaymentId, slip: BankSlip, asked_again: bool) -> Response {
    let status = if asked_again { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = BankPage {
        frame: Frame::of_company("Authorise a payment", slip.bank.as_str(), "look-bank"),
        action: path(payment),
        slip: SlipView {
            decided: slip.decided.and_then(|_| way_back(cx, &slip.return_url)),
            bank: slip.bank,
            payee: slip.payee,
            amount: slip.amount.to_string(),
            reference: slip.reference,
        },
        asked_again,
    };
    show(status, &page)
}

fn way_back(cx: &Cx, return_url: &str) -> Option<String> {
    local(cx, return_url).or_else(|| web_address(return_url))
}

fn path(payment: &BankPaymentId) -> String {
    format!("/sandbox/bank/{payment}/")
}

fn payment_in(uri: &Uri) -> Result<BankPaymentId, Detour> {
    let text = uri.path().split('/').nth(3).unwrap_or_default();
    BankPaymentId::parse(text).map_err(|_| Detour::Nothing)
}

fn failed(error: ServiceError, payment: &BankPaymentId) -> Detour {
    Detour::Failed { error, again: path(payment) }
}
