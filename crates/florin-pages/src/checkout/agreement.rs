//! The page on which the buyer reads the agreement and signs it.

use askama::Template;
use axum::response::Response;
use florin_service::checkout::{self, Agreement};

use crate::answer::show;
use crate::checkout::card::name_of;
use crate::detour::Detour;
use crate::field::{Problem, error_of};
use crate::frame::Frame;
use crate::place::Place;
use crate::progress::Progress;
use crate::visit::{Posted, Visit};
use crate::wording::OfferView;

#[derive(Template)]
#[template(path = "checkout/agreement.html")]
struct AgreementPage {
    frame: Frame,
    action: String,
    term_url: String,
    card_url: String,
    seller: String,
    amount: String,
    agreement: Agreement,
    offer: OfferView,
    card: Option<String>,
    error: Option<String>,
}

pub(crate) async fn open(visit: Visit) -> Result<Response, Detour> {
    visit.at(Place::Agreement)?;
    page(&visit, None)
}

pub(crate) async fn submit(posted: Posted) -> Result<Response, Detour> {
    let said = posted.form.text("agree").trim().to_ascii_lowercase();
    let agreed = !matches!(said.as_str(), "" | "no" | "false" | "0" | "off");
    let outcome = checkout::agree(&posted.cx, &posted.link, agreed).await;
    let (visit, problem) = posted.stay(Place::Agreement, outcome).await?;
    page(&visit, Some(problem))
}

pub(crate) fn page(visit: &Visit, problem: Option<Problem>) -> Result<Response, Detour> {
    // Without a term there is nothing to sign: the buyer chooses one first.
    let Some(agreement) = checkout::agreement(&visit.checkout, visit.now) else {
        return Err(Detour::Onward(visit.path(Place::Term)));
    };
    let page = AgreementPage {
        action: visit.path(Place::Agreement),
        term_url: visit.path(Place::Term),
        card_url: visit.path(Place::Card),
        seller: visit.seller().to_owned(),
        amount: visit.amount(),
        offer: OfferView::new(&agreement.offer, Some(agreement.offer.term)),
        agreement,
        card: visit.checkout.card.as_ref().map(name_of),
        error: error_of("agree", problem.as_ref()),
        frame: visit.frame("Your agreement").at(Progress::AGREEMENT).with(problem),
    };
    Ok(show(page.frame.status(), &page))
}
