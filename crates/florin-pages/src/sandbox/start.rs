//! The sandbox's first page: what this server is, and where to go from here.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use florin_service::Cx;
use http::StatusCode;

use crate::answer::show;
use crate::frame::Frame;
use crate::wording::instant;

#[derive(Template)]
#[template(path = "sandbox/start.html")]
struct StartPage {
    frame: Frame,
    now: String,
}

pub(super) async fn open(State(cx): State<Cx>) -> Response {
    show(StatusCode::OK, &StartPage { frame: Frame::plain("Sandbox", true), now: instant(cx.clock.now()) })
}
