//! The first page: what is to be paid, to whom, and the ways to do it.

use askama::Template;
use axum::response::Response;
use florin_domain::credit::{PAY_LATER_MAX, PAY_LATER_MIN, PAY_NOW_MAX};
use florin_domain::order::PayMethod;
use florin_domain::seller::Pricing;
use florin_service::ServiceError;
use florin_service::checkout;

use crate::answer::show;
use crate::detour::Detour;
use crate::field::{Problem, error_of};
use crate::frame::Frame;
use crate::place::Place;
use crate::visit::{Posted, Visit};
use crate::wording::{OfferView, terms_note};

#[derive(Template)]
#[template(path = "checkout/landing.html")]
struct LandingPage {
    frame: Frame,
    action: String,
    seller: String,
    amount: String,
    back: Option<String>,
    ways: Vec<Way>,
    error: Option<String>,
    /// Why a way is missing that the seller allows.
    note: String,
    /// Why none is left.
    why_none: String,
    offers: Vec<OfferView>,
    terms_note: String,
}

struct Way {
    value: &'static str,
    title: &'static str,
    text: String,
    is_later: bool,
}

pub(crate) async fn open(visit: Visit) -> Result<Response, Detour> {
    visit.at(Place::Landing)?;
    Ok(page(&visit, None))
}

pub(crate) async fn submit(posted: Posted) -> Result<Response, Detour> {
    let outcome = match posted.form.text("pay") {
        "PAY_LATER" => checkout::choose(&posted.cx, &posted.link, PayMethod::Later).await,
        "PAY_NOW" => checkout::choose(&posted.cx, &posted.link, PayMethod::Now).await,
        _ => Err(ServiceError::invalid("pay", "Choose how you would like to pay")),
    };
    let (visit, problem) = posted.stay(Place::Landing, outcome).await?;
    Ok(page(&visit, Some(problem)))
}

pub(crate) fn page(visit: &Visit, problem: Option<Problem>) -> Response {
    let seller = visit.seller().to_owned();
    let pricing = visit.checkout.seller.pricing;
    let offers: Vec<OfferView> = if visit.checkout.offers_method(PayMethod::Later) {
        checkout::offers(&visit.checkout, visit.now).iter().map(|offer| OfferView::new(offer, None)).collect()
    } else {
        Vec::new()
    };
    let landing = LandingPage {
        action: visit.path(Place::Landing),
        amount: visit.amount(),
        back: visit.back(),
        ways: visit
            .checkout
            .order
            .terms
            .methods
            .as_slice()
            .iter()
            .filter(|way| visit.checkout.offers_method(**way))
            .map(|way| Way::new(*way, pricing))
            .collect(),
        error: error_of("pay", problem.as_ref()),
        note: note(visit),
        why_none: format!("{} {} asks for {}.", limits(), visit.seller(), visit.amount()),
        terms_note: terms_note(&offers, pricing, &seller),
        offers,
        seller,
        frame: visit.frame("Choose how to pay").with(problem),
    };
    show(landing.frame.status(), &landing)
}

impl Way {
    fn new(method: PayMethod, pricing: Pricing) -> Self {
        match method {
            PayMethod::Later => {
                let price = match pricing {
                    Pricing::BuyerPays => "",
                    Pricing::SellerPays { .. } => ", interest-free",
                };
                let text = format!("Over 30 days, 3 months or 12 months{price}. For UK limited companies.");
                Self { value: "PAY_LATER", title: "Pay later", text, is_later: true }
            }
            PayMethod::Now => {
                let text = "Straight from your bank account, at no charge. No card needed.".to_owned();
                Self { value: "PAY_NOW", title: "Pay now by bank", text, is_later: false }
            }
        }
    }
}

/// Why a way that the seller allows is not offered, if one is missing and one is left.
fn note(visit: &Visit) -> String {
    let methods = &visit.checkout.order.terms.methods;
    let missing = |method| methods.allow(method) && !visit.checkout.offers_method(method);
    if missing(PayMethod::Later) { format!("Pay later is for orders from {PAY_LATER_MIN} to {PAY_LATER_MAX}.") } else { String::new() }
}

fn limits() -> String {
    format!("Orders up to {PAY_NOW_MAX} can be paid by bank, and orders from {PAY_LATER_MIN} to {PAY_LATER_MAX} later.")
}
