//! The pages that ask for the code of a card that is kept, and for its new month of expiry.
//!
//! Invariant: the code leaves the page only inside a sealed token; the page has no memory of it.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use florin_domain::instrument::InstrumentId;
use florin_service::Cx;
use florin_service::step_up::{self, StepUpKind, StepUpView, Typed};
use http::{StatusCode, Uri};

use crate::capture::ending::{Ending, Refused};
use crate::capture::outcome::Outcome;
use crate::capture::scene::{Ask, Scene, Told};
use crate::field::{CARD_CVC, CARD_EXPIRY, Field, Problem};
use crate::frame::Frame;
use crate::news::Tone;
use crate::wording;

#[derive(Template)]
#[template(path = "capture/step-up.html")]
struct StepUpPage {
    frame: Frame,
    told: Told,
    action: String,
    merchant: String,
    card: String,
    expiry: Option<Field>,
    cvc: Field,
}

/// What the page of a kept card is about.
pub(crate) struct Visit {
    pub(crate) scene: Scene,
    pub(crate) kind: StepUpKind,
    /// The card by what may be shown of it.
    pub(crate) card: String,
    capability: String,
    pub(crate) instrument: InstrumentId,
}

pub(super) async fn open(State(cx): State<Cx>, uri: Uri) -> Response {
    match Visit::load(&cx, &uri).await {
        Ok(visit) => visit.page(None),
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
    let expiry = visit.asks_expiry().then(|| form.text(CARD_EXPIRY.name).to_owned());
    let typed = Typed { code: form.text(CARD_CVC.name).to_owned(), expiry };
    Ok(match step_up::take(cx, visit.kind, &visit.capability, &visit.instrument, typed).await {
        Ok(step_up_token) => visit.confirmed(step_up_token).page(&visit.scene),
        Err(error) => match Refused::new(error, visit.fields(), &form) {
            Refused::Again(problem, outcome) => visit.page(Some((problem, outcome))),
            Refused::Ends(ending) => ending.page(&visit.scene),
        },
    })
}

impl Visit {
    async fn load(cx: &Cx, uri: &Uri) -> Result<Self, Response> {
        let nowhere = || Scene::new(cx, Ask::StepUp, uri.path().to_owned());
        let mut parts = uri.path().split('/').skip(2);
        let kind = if parts.next() == Some("cvvExpiry") { StepUpKind::CodeAndExpiry } else { StepUpKind::Code };
        let capability = parts.next().unwrap_or_default().to_owned();
        let instrument = InstrumentId::parse(parts.next().unwrap_or_default());
        let instrument = instrument.map_err(|_| Ending::unknown().page(&nowhere()))?;
        let view = step_up::view(cx, kind, &capability, &instrument).await.map_err(|error| Ending::of(&error).page(&nowhere()))?;
        Ok(Self::of(nowhere(), (kind, capability, instrument), view))
    }

    /// The visit that `view` describes, at an address that named the kind, the capability and the instrument.
    pub(crate) fn of(scene: Scene, (kind, capability, instrument): (StepUpKind, String, InstrumentId), view: StepUpView) -> Self {
        let card = wording::card(view.network.as_deref().unwrap_or_default(), view.suffix.as_deref().unwrap_or_default());
        Self { scene: scene.of(view.merchant_name, &view.origins), kind, card, capability, instrument }
    }

    fn asks_expiry(&self) -> bool {
        matches!(self.kind, StepUpKind::CodeAndExpiry)
    }

    fn fields(&self) -> &'static [&'static str] {
        const BOTH: [&str; 2] = [CARD_CVC.name, CARD_EXPIRY.name];
        if self.asks_expiry() { &BOTH } else { &BOTH[..1] }
    }

    /// The form, with what was wrong with what it sent before.
    pub(crate) fn page(&self, mistake: Option<(Problem, Outcome)>) -> Response {
        let (problem, outcome) = mistake.unzip();
        let page = StepUpPage {
            told: self.scene.told(outcome.as_ref()),
            action: self.scene.path.clone(),
            merchant: self.scene.merchant.clone().unwrap_or_default(),
            card: self.card.clone(),
            expiry: self.asks_expiry().then(|| Field::new(&CARD_EXPIRY, "", problem.as_ref())),
            cvc: Field::new(&CARD_CVC, "", problem.as_ref()),
            frame: self.scene.frame(if self.asks_expiry() { "Update your card" } else { "Confirm your card" }).with(problem),
        };
        self.scene.show(page.frame.status(), &page)
    }

    /// The end of a visit that left a code.
    pub(crate) fn confirmed(&self, step_up_token: String) -> Ending {
        Ending {
            status: StatusCode::OK,
            tone: Tone::Good,
            title: if self.asks_expiry() { "Your card is updated" } else { "Your card is confirmed" },
            happened: "The shop can go on with your payment.".to_owned(),
            facts: vec![("Card", self.card.clone())],
            advice: "Go on in the shop. If nothing happens by itself, close this page.",
            outcome: Outcome::Confirmed { instrument: self.instrument.clone(), step_up_token },
            retry_after_s: None,
        }
    }
}
