//! The page of the simulated issuer: it asks its cardholder for a code before a card is taken or charged.
//!
//! A plain form that works without scripts; in a frame of the merchant's page it tells that page how it ended, and no more.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use florin_domain::ThreeDsTransactionId;
use florin_domain::three_ds::{ThreeDsState, ThreeDsSubject};
use florin_service::Cx;
use florin_service::three_ds::{self, ChallengeView, Decision};
use http::{StatusCode, Uri};

use crate::capture::ending::Ending;
use crate::capture::outcome::Outcome;
use crate::capture::scene::{Ask, Scene, Told};
use crate::frame::Frame;
use crate::news::Tone;

#[derive(Template)]
#[template(path = "capture/issuer.html")]
struct IssuerPage {
    frame: Frame,
    told: Told,
    action: String,
    merchant: String,
    amount: Option<String>,
    wrong: bool,
}

pub(super) async fn open(State(cx): State<Cx>, uri: Uri) -> Response {
    let scene = scene(&cx, &uri);
    let Ok(transaction) = named(&uri) else { return Ending::unknown().page(&scene) };
    match three_ds::view(&cx, transaction).await {
        Ok(view) => page(scene, view, false),
        Err(error) => Ending::of(&error).page(&scene),
    }
}

/// The cardholder's decision; or the demand of the merchant's page to be shown the form, which comes as a form too.
pub(super) async fn submit(State(cx): State<Cx>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let scene = scene(&cx, &parts.uri);
    let Ok(transaction) = named(&parts.uri) else { return Ending::unknown().page(&scene) };
    let form = match scene.receive(&parts.headers, body).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let decision = match form.text("decision") {
        "confirm" => Decision::Code(form.text("code").to_owned()),
        "cancel" => Decision::Cancel,
        _ => return open(State(cx), parts.uri).await,
    };
    match three_ds::decide(&cx, transaction, decision).await {
        Ok(view) => page(scene, view, true),
        Err(error) => Ending::of(&error).page(&scene),
    }
}

fn scene(cx: &Cx, uri: &Uri) -> Scene {
    Scene::new(cx, Ask::Cardholder, uri.path().to_owned())
}

fn named(uri: &Uri) -> Result<ThreeDsTransactionId, florin_domain::BadId> {
    ThreeDsTransactionId::parse(uri.path().split('/').nth(3).unwrap_or_default())
}

/// The form, or how it ended.
fn page(scene: Scene, view: ChallengeView, answered: bool) -> Response {
    let ChallengeView { session, merchant_name, origins, open } = view;
    let scene = scene.of(merchant_name, &origins);
    if !open {
        return ending(&session.state).page(&scene);
    }
    let amount = match &session.subject {
        ThreeDsSubject::Capture(_) => None,
        ThreeDsSubject::Payment { amount, .. } => Some(amount.to_string()),
    };
    let page = IssuerPage {
        frame: scene.frame("Confirm that it is you"),
        told: scene.told(None),
        action: scene.path.clone(),
        merchant: scene.merchant.clone().unwrap_or_default(),
        amount,
        wrong: answered,
    };
    scene.show(if answered { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &page)
}

fn ending(state: &ThreeDsState) -> Ending {
    let (tone, title, happened, is_good) = match state {
        ThreeDsState::Authenticated { .. } | ThreeDsState::Used => {
            (Tone::Good, "Thank you, it is you", "Your bank has told the shop that the card is yours.", true)
        }
        ThreeDsState::Failed => (Tone::Bad, "Not confirmed", "Your bank has told the shop that this was not confirmed.", false),
        ThreeDsState::Begun | ThreeDsState::Challenged { .. } => return Ending::expired(),
    };
    Ending {
        status: StatusCode::OK,
        tone,
        title,
        happened: happened.to_owned(),
        facts: Vec::new(),
        advice: "Go on in the shop. If nothing happens by itself, close this page.",
        outcome: Outcome::Authenticated(is_good),
        retry_after_s: None,
    }
}
