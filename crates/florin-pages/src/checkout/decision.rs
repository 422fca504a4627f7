//! The page of a buyer who waits for a decision. It looks again by itself.

use askama::Template;
use axum::response::Response;
use florin_domain::application::ApplicationState;
use http::StatusCode;

use crate::answer::show;
use crate::detour::Detour;
use crate::frame::{Frame, Refresh};
use crate::place::Place;
use crate::progress::Progress;
use crate::visit::Visit;

/// Between one look and the next.
const LOOK_AGAIN_SECONDS: u32 = 15;

#[derive(Template)]
#[template(path = "checkout/decision.html")]
struct DecisionPage {
    frame: Frame,
    action: String,
    referred: bool,
    company: String,
}

pub(crate) async fn open(visit: Visit) -> Result<Response, Detour> {
    visit.at(Place::Decision)?;
    Ok(page(&visit))
}

pub(crate) fn page(visit: &Visit) -> Response {
    let application = visit.checkout.application.as_ref();
    let url = visit.path(Place::Decision);
    let frame = visit.frame("We are deciding").at(Progress::COMPANY);
    let decision = DecisionPage {
        frame: Frame { refresh: Some(Refresh { seconds: LOOK_AGAIN_SECONDS, url: url.clone() }), ..frame },
        action: url,
        referred: application.is_some_and(|application| matches!(application.state, ApplicationState::Referred { .. })),
        company: application.and_then(|application| application.applicant()).map_or(String::new(), |who| who.company_name.clone()),
    };
    show(StatusCode::OK, &decision)
}
