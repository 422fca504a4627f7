//! The page that shows what each term costs, and asks for one.

use askama::Template;
use axum::response::Response;
use florin_domain::application::{Application, ApplicationState};
use florin_domain::loan::Term;
use florin_service::checkout;

use crate::answer::show;
use crate::detour::Detour;
use crate::field::{Problem, error_of};
use crate::frame::Frame;
use crate::place::Place;
use crate::progress::Progress;
use crate::visit::{Posted, Visit};
use crate::wording::{OfferView, terms_note};

#[derive(Template)]
#[template(path = "checkout/term.html")]
struct TermPage {
    frame: Frame,
    action: String,
    company: String,
    amount: String,
    offers: Vec<OfferView>,
    error: Option<String>,
    terms_note: String,
}

pub(crate) async fn open(visit: Visit) -> Result<Response, Detour> {
    visit.at(Place::Term)?;
    Ok(page(&visit, None))
}

pub(crate) async fn submit(posted: Posted) -> Result<Response, Detour> {
    let outcome = checkout::choose_term(&posted.cx, &posted.link, posted.form.text("term")).await;
    let (visit, problem) = posted.stay(Place::Term, outcome).await?;
    Ok(page(&visit, Some(problem)))
}

pub(crate) fn page(visit: &Visit, problem: Option<Problem>) -> Response {
    let application = visit.checkout.application.as_ref();
    let chosen = application.and_then(term_of);
    let offers: Vec<OfferView> = checkout::offers(&visit.checkout, visit.now).iter().map(|offer| OfferView::new(offer, chosen)).collect();
    let term = TermPage {
        action: visit.path(Place::Term),
        company: application.and_then(|application| application.applicant()).map_or(String::new(), |who| who.company_name.clone()),
        amount: visit.amount(),
        error: error_of("term", problem.as_ref()),
        terms_note: terms_note(&offers, visit.checkout.seller.pricing, visit.seller()),
        offers,
        frame: visit.frame("Choose how to pay back").at(Progress::TERM).with(problem),
    };
    show(term.frame.status(), &term)
}

/// The term that the buyer chose before, if any.
fn term_of(application: &Application) -> Option<Term> {
    match &application.state {
        ApplicationState::Approved { term, .. } => *term,
        ApplicationState::Agreed { term, .. } => Some(*term),
        ApplicationState::Confirming
        | ApplicationState::Confirmed
        | ApplicationState::Submitted { .. }
        | ApplicationState::Referred { .. }
        | ApplicationState::Declined { .. } => None,
    }
}
