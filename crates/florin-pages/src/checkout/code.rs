//! The page that asks for the code that was mailed.

use askama::Template;
use axum::response::Response;
use florin_service::checkout;

use crate::answer::show;
use crate::detour::Detour;
use crate::field::{CODE, Field, Problem};
use crate::frame::Frame;
use crate::place::Place;
use crate::progress::Progress;
use crate::visit::{Posted, Visit};
use crate::wording::veiled;

#[derive(Template)]
#[template(path = "checkout/code.html")]
struct CodePage {
    frame: Frame,
    action: String,
    email_url: String,
    address: String,
    code: Field,
    sandbox_code: Option<String>,
}

pub(crate) async fn open(visit: Visit) -> Result<Response, Detour> {
    visit.at(Place::Code)?;
    Ok(page(&visit, "", None))
}

pub(crate) async fn submit(posted: Posted) -> Result<Response, Detour> {
    let typed = posted.form.text(CODE.name);
    let outcome = checkout::confirm_code(&posted.cx, &posted.link, typed).await;
    let (visit, problem) = posted.stay(Place::Code, outcome).await?;
    Ok(page(&visit, typed, Some(problem)))
}

pub(crate) fn page(visit: &Visit, typed: &str, problem: Option<Problem>) -> Response {
    let application = visit.checkout.application.as_ref();
    let code = CodePage {
        action: visit.path(Place::Code),
        email_url: visit.path(Place::Email),
        address: application.map_or(String::new(), |application| veiled(application.email.as_str())),
        code: Field::new(&CODE, typed, problem.as_ref()),
        // Only a sandbox has one; a production page must not show it even if it had.
        sandbox_code: visit.checkout.sandbox_code.clone().filter(|_| visit.sandbox),
        frame: visit.frame("Enter your code").at(Progress::EMAIL).with(problem),
    };
    show(code.frame.status(), &code)
}
