//! The elements: one field of a card, or all of them, in a frame of the merchant's page, which speaks with them by messages.
//!
//! They tell what is wrong in the words that the clients of this vendor know. Invariant: what is typed goes to this server alone.

use askama::Template;
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use florin_domain::FramesActionId;
use florin_domain::card::{CardError, CardExpiry, CardNumber, check_cvc};
use florin_domain::frames::FramesKind;
use florin_domain::time::Timestamp;
use florin_service::frames::{self, FramesView, Piece};
use florin_service::{Cx, ServiceError};
use http::{HeaderMap, StatusCode, Uri};
use serde_json::json;

use crate::answer::show;
use crate::capture::audience::Audience;
use crate::detour;
use crate::form::Form;

/// A field as the clients name it.
struct Control {
    name: &'static str,
    label: &'static str,
    autocomplete: &'static str,
    longest: u16,
}

const NUMBER: Control = Control { name: "cardNo", label: "Card number", autocomplete: "cc-number", longest: 23 };
const EXPIRY: Control = Control { name: "cardExpiry", label: "Expiry (MM/YY)", autocomplete: "cc-exp", longest: 9 };
const CODE: Control = Control { name: "cardCVV", label: "CVV", autocomplete: "cc-csc", longest: 4 };

#[derive(Template)]
#[template(path = "capture/element.html")]
struct ElementPage {
    action: String,
    element: &'static str,
    origins: String,
    month: String,
    controls: Vec<&'static Control>,
}

/// The controls of an element; nothing if there is no such element in an action of this kind.
fn controls(element: &str, kind: FramesKind) -> Option<(&'static str, Vec<&'static Control>)> {
    let all: &[&'static Control] = match kind {
        FramesKind::CaptureCard => &[&NUMBER, &EXPIRY, &CODE],
        FramesKind::StepUp => &[&CODE],
        FramesKind::UpdateCard => &[&EXPIRY, &CODE],
    };
    let one = |name, control: &'static Control| all.iter().any(|known| known.name == control.name).then(|| (name, vec![control]));
    match element {
        "CardGroup" => Some(("CardGroup", all.to_vec())),
        "CardNo" => one("CardNo", &NUMBER),
        "CardExpiry" => one("CardExpiry", &EXPIRY),
        "CardCVV" => one("CardCVV", &CODE),
        _ => None,
    }
}

pub(super) async fn open(State(cx): State<Cx>, uri: Uri) -> Response {
    let query = Form::parse(uri.query().unwrap_or_default().as_bytes());
    let Ok(action) = FramesActionId::parse(query.text("actionId")) else { return detour::not_found() };
    let view = match frames::view(&cx, action).await {
        Ok(view) if view.open => view,
        Ok(_) | Err(ServiceError::NotFound(_)) => return detour::not_found(),
        Err(error) => return failed(&error),
    };
    let Some(found) = controls(query.text("type"), view.kind) else { return detour::not_found() };
    page(action, found, &view, cx.clock.now())
}

/// The element for its merchant's pages.
fn page(action: FramesActionId, (element, controls): (&'static str, Vec<&'static Control>), view: &FramesView, now: Timestamp) -> Response {
    let audience = Audience::of(&view.origins);
    let month = now.london_date().strftime("%Y-%m").to_string();
    let action = format!("/container-ws/elements/{action}");
    let mut response = show(StatusCode::OK, &ElementPage { action, element, origins: audience.to_text(), month, controls });
    audience.admit_calling(response.headers_mut());
    response
}

/// Takes what was typed, as a form, and tells in JSON what is wrong with it.
pub(super) async fn submit(State(cx): State<Cx>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(action) = FramesActionId::parse(parts.uri.path().split('/').nth(3).unwrap_or_default()) else { return detour::not_found() };
    if !is_from_here(&parts.headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let form = match Form::receive(&parts.headers, body).await {
        Ok(form) => form,
        Err(class) => return class.status().into_response(),
    };
    if let Some((control, error)) = wrong(&form, cx.clock.now()) {
        return told(control, error);
    }
    let text = |control: &Control| form.has(control.name).then(|| form.text(control.name).to_owned());
    let piece = Piece { number: text(&NUMBER), expiry: text(&EXPIRY), code: text(&CODE) };
    match frames::submit(&cx, action, piece).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(ServiceError::Invalid { field: "cardExpiry", .. }) => told(EXPIRY.name, "Invalid Expiry"),
        Err(ServiceError::Invalid { field: "cardCVV", .. }) => told(CODE.name, "Invalid CVV"),
        Err(ServiceError::Invalid { .. }) => told(NUMBER.name, "Invalid Card No."),
        Err(error) => failed(&error),
    }
}

/// Whether the browser says that a page of ours sent it, or is too old to say.
fn is_from_here(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin")
}

/// What is wrong with the first thing that is.
fn wrong(form: &Form, now: Timestamp) -> Option<(&'static str, &'static str)> {
    let number = form.has(NUMBER.name).then(|| form.text(NUMBER.name)).and_then(|text| match CardNumber::parse(text) {
        _ if text.is_empty() => Some("Card No. Required"),
        Ok(_) => None,
        Err(_) => Some("Invalid Card No."),
    });
    let expiry = form.has(EXPIRY.name).then(|| form.text(EXPIRY.name)).and_then(|text| match CardExpiry::parse(text, now) {
        Ok(_) => None,
        Err(CardError::Expired) => Some("Expired card"),
        Err(_) if text.bytes().filter(u8::is_ascii_digit).count() < 4 => Some("Incomplete Expiry"),
        Err(_) => Some("Invalid Expiry"),
    });
    let code = form.has(CODE.name).then(|| form.text(CODE.name)).and_then(|text| check_cvc(text).err()).map(|_| "Invalid CVV");
    let found = [(NUMBER.name, number), (EXPIRY.name, expiry), (CODE.name, code)];
    found.into_iter().find_map(|(control, error)| error.map(|error| (control, error)))
}

fn told(control: &str, error: &str) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "control": control, "error": error }))).into_response()
}

fn failed(error: &ServiceError) -> Response {
    let status = match error {
        ServiceError::NotFound(_) => StatusCode::NOT_FOUND,
        ServiceError::Refused { .. } => StatusCode::GONE,
        ServiceError::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        ServiceError::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        ServiceError::Internal(cause) => {
            tracing::error!(cause, "an element failed");
            StatusCode::INTERNAL_SERVER_ERROR
        }
        ServiceError::Invalid { .. } | ServiceError::KeyReused | ServiceError::Unauthorised(_) | ServiceError::Forbidden(_) => {
            StatusCode::BAD_REQUEST
        }
    };
    status.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_255_800_000_000); // November 2026.

    #[test]
    fn what_is_wrong_is_told_in_the_clients_words() {
        let table = [
            ("cardNo=4242424242424242&cardExpiry=12/29&cardCVV=123", None),
            ("cardCVV=1234", None),
            ("cardNo=", Some(("cardNo", "Card No. Required"))),
            ("cardNo=4242424242424241", Some(("cardNo", "Invalid Card No."))),
            ("cardExpiry=12", Some(("cardExpiry", "Incomplete Expiry"))),
            ("cardExpiry=13/29", Some(("cardExpiry", "Invalid Expiry"))),
            ("cardExpiry=10/26", Some(("cardExpiry", "Expired card"))),
            ("cardCVV=12", Some(("cardCVV", "Invalid CVV"))),
        ];
        for (body, expected) in table {
            assert_eq!(wrong(&Form::parse(body.as_bytes()), NOW), expected, "{body}");
        }
    }

    #[test]
    fn an_element_is_told_to_its_merchant_alone_and_may_call_us_alone() {
        let view = FramesView { kind: FramesKind::CaptureCard, origins: vec!["https://shop.example".to_owned()], open: true };
        let action = FramesActionId::from_random([1; 16]);
        let response = page(action, controls("CardNo", view.kind).unwrap(), &view, NOW);
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("connect-src 'self'") && policy.ends_with("frame-ancestors https://shop.example"), "{policy}");
    }

    #[test]
    fn each_kind_has_its_elements() {
        let names = |element, kind| controls(element, kind).map(|(_, found)| found.iter().map(|one| one.name).collect::<Vec<_>>());
        assert_eq!(names("CardGroup", FramesKind::CaptureCard), Some(vec!["cardNo", "cardExpiry", "cardCVV"]));
        assert_eq!(names("CardGroup", FramesKind::StepUp), Some(vec!["cardCVV"]));
        assert_eq!(names("CardNo", FramesKind::UpdateCard), None);
        assert_eq!(names("CardExpiry", FramesKind::UpdateCard), Some(vec!["cardExpiry"]));
        assert_eq!(names("Other", FramesKind::CaptureCard), None);
    }
}
