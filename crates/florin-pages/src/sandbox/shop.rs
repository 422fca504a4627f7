//! The sandbox's demo shop: where buyers come back to, and where webhooks can be sent.
//!
//! It shows what a seller's server would see of an order, and takes any webhook with a 200.

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use florin_domain::OrderId;
use florin_domain::order::Status;
use florin_service::orders::{self, History};
use florin_service::webhooks::{self, Announcement, Attempt, Delivery};
use florin_service::{Cx, ServiceError, Tx, sellers};
use florin_web::BodyError;
use florin_web::body::{BodyLimits, read};
use http::{HeaderMap, StatusCode, Uri};

use crate::answer::show;
use crate::detour::Detour;
use crate::form::Form;
use crate::frame::Frame;
use crate::news::Tone;
use crate::wording::instant;

/// The shop's name where no seller gives it one.
const SHOP: &str = "Demo shop";

#[derive(Template)]
#[template(path = "sandbox/shop.html")]
struct ShopPage {
    frame: Frame,
    shop: String,
    order: Option<OrderView>,
    /// Whether an order was asked for that is not there.
    unknown: bool,
}

struct OrderView {
    id: String,
    heading: &'static str,
    status: String,
    tone: Tone,
    amount: String,
    reference: String,
    webhooks: Vec<WebhookView>,
}

struct WebhookView {
    status: String,
    state: &'static str,
    tone: Tone,
    target: String,
    /// When it is sent next, if it is.
    due: String,
    attempts: Vec<AttemptView>,
    body: Option<String>,
    signature: Option<String>,
}

struct AttemptView {
    number: u32,
    at: String,
    answer: String,
    took: String,
}

/// An order as its seller could know it.
struct Known {
    history: History,
    seller: String,
    webhooks: Vec<Told>,
}

/// A webhook with its attempts and its signature.
struct Told {
    announcement: Announcement,
    attempts: Vec<Attempt>,
    signature: Option<String>,
}

pub(super) async fn open(State(cx): State<Cx>, uri: Uri) -> Result<Response, Detour> {
    let query = Form::parse(uri.query().unwrap_or_default().as_bytes());
    let asked = query.text("orderId");
    let known = match OrderId::parse(asked) {
        Ok(order) => find(&cx, order).await?,
        Err(_) => None,
    };
    let shop = known.as_ref().map_or_else(|| SHOP.to_owned(), |known| known.seller.clone());
    let header = cx.dialect.signature_header();
    let page = ShopPage {
        frame: Frame { wide: true, ..Frame::of_company("Your order", shop.as_str(), "look-shop") },
        unknown: known.is_none() && !asked.is_empty(),
        order: known.map(|known| OrderView::new(&known, header)),
        shop,
    };
    Ok(show(StatusCode::OK, &page))
}

/// Takes a webhook: reads it to its end, and says in the answer whether a signature came with it.
pub(super) async fn receive(State(cx): State<Cx>, headers: HeaderMap, body: Body) -> Result<Response, Detour> {
    let bytes = read(body, &BodyLimits::default()).await.map_err(BodyError::class).map_err(Detour::Unreadable)?;
    let header = cx.dialect.signature_header();
    let signed = if headers.contains_key(header) { "signed" } else { "not signed" };
    Ok(format!("The demo shop has it: {} bytes, {signed}.\n", bytes.len()).into_response())
}

async fn find(cx: &Cx, order: OrderId) -> Result<Option<Known>, Detour> {
    match gather(cx, order).await {
        Ok(known) => Ok(Some(known)),
        Err(ServiceError::NotFound(_)) => Ok(None),
        Err(error) => Err(Detour::Failed { error, again: format!("/sandbox/shop/?orderId={order}") }),
    }
}

async fn gather(cx: &Cx, order: OrderId) -> Result<Known, ServiceError> {
    let read = cx.store.read(move |tx: &mut Tx<'_>| {
        let history = orders::history(tx, order)?;
        let seller = sellers::find(tx, history.order.terms.seller)?.name;
        let told = history.events.iter().filter(|event| event.delivery != Delivery::None);
        let shown = told.map(|event| webhooks::show(tx, event.seq)).collect::<Result<Vec<_>, ServiceError>>()?;
        Ok::<_, ServiceError>((history, seller, shown))
    });
    let (history, seller, shown) = read.await?;
    let mut webhooks = Vec::with_capacity(shown.len());
    for (announcement, attempts) in shown {
        let signature = webhooks::signature(cx, &announcement).await?;
        webhooks.push(Told { announcement, attempts, signature });
    }
    Ok(Known { history, seller, webhooks })
}

impl OrderView {
    fn new(known: &Known, header: &str) -> Self {
        let order = &known.history.order;
        let (heading, tone) = match order.status() {
            Status::Created => ("We are waiting for your payment", Tone::Waiting),
            Status::Pending => ("Your payment is under way", Tone::Waiting),
            Status::Approved => ("Almost there: your credit is approved", Tone::Waiting),
            Status::Successful => ("Thank you, your order is paid", Tone::Good),
            Status::Unsuccessful => ("Your order was not paid", Tone::Bad),
        };
        Self {
            id: order.id().to_string(),
            heading,
            status: order.status().name().to_uppercase(),
            tone,
            amount: order.terms.amount.to_string(),
            reference: order.terms.reference.clone(),
            webhooks: known.webhooks.iter().map(|told| WebhookView::new(told, header)).collect(),
        }
    }
}

impl WebhookView {
    fn new(Told { announcement, attempts, signature }: &Told, header: &str) -> Self {
        let (state, tone) = match announcement.delivery {
            Delivery::None => ("not wanted", Tone::Waiting),
            Delivery::Pending => ("on its way", Tone::Waiting),
            Delivery::Delivered => ("delivered", Tone::Good),
            Delivery::GivenUp => ("given up", Tone::Bad),
        };
        let body = announcement.rendered.as_ref().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned());
        Self {
            status: announcement.event.status.name().to_uppercase(),
            state,
            tone,
            target: announcement.event.webhook_url.clone().unwrap_or_default(),
            due: if announcement.delivery == Delivery::Pending { instant(announcement.due_at) } else { String::new() },
            attempts: attempts.iter().map(AttemptView::new).collect(),
            signature: signature.as_ref().map(|signature| format!("{header}: {signature}")),
            body,
        }
    }
}

impl AttemptView {
    fn new(attempt: &Attempt) -> Self {
        let said = String::from_utf8_lossy(&attempt.answer);
        let outcome = match (attempt.status, &attempt.error) {
            (Some(status), _) => status.to_string(),
            (None, Some(error)) => error.clone(),
            (None, None) => "no answer".to_owned(),
        };
        let answer = if said.trim().is_empty() { outcome } else { format!("{outcome} – {}", said.trim()) };
        Self { number: attempt.number, at: instant(attempt.at), answer, took: format!("{} ms", attempt.duration_ms) }
    }
}
