//! The page that takes a whole card.
//!
//! Invariant: the number and the code go to the vault and nowhere else; the page has no memory of them.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use florin_domain::CaptureId;
use florin_domain::instrument::{Instrument, InstrumentStatus};
use florin_service::Cx;
use florin_service::captures::{self, GiveCard};
use http::{StatusCode, Uri};

use crate::capture::ending::{Ending, Refused};
use crate::capture::outcome::Outcome;
use crate::capture::scene::{Ask, Scene, Told};
use crate::field::{CARD_CVC, CARD_EXPIRY, CARD_NUMBER, Field, Problem};
use crate::frame::Frame;
use crate::news::Tone;
use crate::wording;

const FIELDS: [&str; 3] = [CARD_NUMBER.name, CARD_EXPIRY.name, CARD_CVC.name];

#[derive(Template)]
#[template(path = "capture/card.html")]
struct CardPage {
    frame: Frame,
    told: Told,
    action: String,
    merchant: String,
    number: Field,
    expiry: Field,
    cvc: Field,
}

/// A capture's page, as the address found it.
struct Visit {
    scene: Scene,
    capture: CaptureId,
    open: bool,
}

pub(super) async fn open(State(cx): State<Cx>, uri: Uri) -> Response {
    match Visit::load(&cx, &uri).await {
        Ok(visit) if visit.open => page(&visit.scene, None),
        Ok(visit) => Ending::expired().page(&visit.scene),
        Err(response) => response,
    }
}

pub(super) async fn submit(State(cx): State<Cx>, request: Request) -> Response {
    take(&cx, request).await.unwrap_or_else(|response| response)
}

async fn take(cx: &Cx, request: Request) -> Result<Response, Response> {
    let (parts, body) = request.into_parts();
    let visit = Visit::load(cx, &parts.uri).await?;
    let form = visit.scene.receive(&parts.headers, body).await?;
    let field = |name| form.text(name).to_owned();
    let card = GiveCard { card_number: field(CARD_NUMBER.name), card_expiry: field(CARD_EXPIRY.name), card_cvc: field(CARD_CVC.name) };
    // Also when it is closed: whoever sends a form twice is shown the same card again.
    Ok(match captures::finish(cx, visit.capture, card).await {
        Ok(instrument) => taken(instrument).page(&visit.scene),
        Err(error) => match Refused::new(error, &FIELDS, &form) {
            Refused::Again(problem, outcome) if visit.open => page(&visit.scene, Some((problem, outcome))),
            Refused::Again(..) => Ending::expired().page(&visit.scene),
            Refused::Ends(ending) => ending.page(&visit.scene),
        },
    })
}

impl Visit {
    async fn load(cx: &Cx, uri: &Uri) -> Result<Self, Response> {
        let text = uri.path().split('/').nth(3).unwrap_or_default();
        let nowhere = || Scene::new(cx, Ask::Card, uri.path().to_owned());
        let Ok(capture) = CaptureId::parse(text) else { return Err(Ending::unknown().page(&nowhere())) };
        let view = captures::view(cx, capture).await.map_err(|error| Ending::of(&error).page(&nowhere()))?;
        let scene = Scene::new(cx, Ask::Card, format!("/container-ws/getCaptureFrame/{capture}"));
        Ok(Self { scene: scene.of(view.merchant_name, &view.origins), capture, open: view.open })
    }
}

/// The form, with what was wrong with what it sent before.
pub(crate) fn page(scene: &Scene, mistake: Option<(Problem, Outcome)>) -> Response {
    let (problem, outcome) = mistake.unzip();
    let blank = |input| Field::new(input, "", problem.as_ref());
    let page = CardPage {
        told: scene.told(outcome.as_ref()),
        action: scene.path.clone(),
        merchant: scene.merchant.clone().unwrap_or_default(),
        number: blank(&CARD_NUMBER),
        expiry: blank(&CARD_EXPIRY),
        cvc: blank(&CARD_CVC),
        frame: scene.frame("Card details").with(problem),
    };
    scene.show(page.frame.status(), &page)
}

/// The end of a visit that left a card.
pub(crate) fn taken(instrument: Instrument) -> Ending {
    let named = wording::card(instrument.network.as_deref().unwrap_or_default(), instrument.suffix.as_deref().unwrap_or_default());
    let (title, happened) = match instrument.status {
        InstrumentStatus::Transient => ("Your card is ready", "The shop can charge it for this purchase, and it is forgotten afterwards."),
        InstrumentStatus::Unverified | InstrumentStatus::Verified => {
            ("Your card is saved", "You can pay with it at the shop. The shop never sees its number.")
        }
    };
    let expires = instrument.expiry.map(|expiry| ("Expires end", format!("{:02}/{}", expiry.month, expiry.year)));
    Ending {
        status: StatusCode::OK,
        tone: Tone::Good,
        title,
        happened: happened.to_owned(),
        facts: [("Card", named)].into_iter().chain(expires).collect(),
        advice: "Go on in the shop. If nothing happens by itself, close this page.",
        outcome: Outcome::Captured(Box::new(instrument)),
        retry_after_s: None,
    }
}
