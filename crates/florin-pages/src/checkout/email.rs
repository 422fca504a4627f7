//! The page that asks for the buyer's address, and for a new code.

use askama::Template;
use axum::response::Response;
use florin_domain::order::PayMethod;
use florin_service::checkout;

use crate::answer::show;
use crate::detour::Detour;
use crate::field::{EMAIL, Field, Problem};
use crate::frame::Frame;
use crate::place::Place;
use crate::progress::Progress;
use crate::visit::{Posted, Visit};

#[derive(Template)]
#[template(path = "checkout/email.html")]
struct EmailPage {
    frame: Frame,
    action: String,
    email: Field,
    other_way: Option<String>,
}

pub(crate) async fn open(visit: Visit) -> Result<Response, Detour> {
    visit.at(Place::Email)?;
    Ok(page(&visit, "", None))
}

pub(crate) async fn submit(posted: Posted) -> Result<Response, Detour> {
    let typed = posted.form.text(EMAIL.name);
    let outcome = checkout::give_email(&posted.cx, &posted.link, typed).await;
    let (visit, problem) = posted.stay(Place::Email, outcome).await?;
    // The page has one field: whatever is wrong, too many codes included, is said there.
    Ok(page(&visit, typed, Some(Problem { field: EMAIL.name, ..problem })))
}

pub(crate) fn page(visit: &Visit, typed: &str, problem: Option<Problem>) -> Response {
    let email = EmailPage {
        action: visit.path(Place::Email),
        email: Field::new(&EMAIL, typed, problem.as_ref()),
        other_way: visit.other_way(PayMethod::Now),
        frame: visit.frame("Your e-mail address").at(Progress::EMAIL).with(problem),
    };
    show(email.frame.status(), &email)
}
