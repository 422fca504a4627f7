//! The pages of a payment by bank: choosing one, coming back from it, waiting for its money.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use florin_domain::bank::bank_reference;
use florin_domain::order::PayMethod;
use florin_service::checkout::{self, Step};
use florin_service::{Bank, Cx, ServiceError};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};

use crate::answer::show;
use crate::detour::Detour;
use crate::field::{Problem, error_of};
use crate::frame::{Frame, Refresh, web_address};
use crate::news::{News, Tone};
use crate::place::Place;
use crate::visit::{Posted, Visit, local};

/// Between one question to the bank and the next.
const ASK_AGAIN_SECONDS: u32 = 15;

#[derive(Template)]
#[template(path = "checkout/bank.html")]
pub(crate) struct BankPage {
    frame: Frame,
    action: String,
    amount: String,
    bank_reference: String,
    /// Where a payment waits that was started before.
    waiting: Option<String>,
    waiting_at: String,
    banks: Vec<BankRow>,
    error: Option<String>,
    other_way: Option<String>,
}

struct BankRow {
    id: String,
    name: String,
    initial: String,
}

pub(crate) async fn open(State(cx): State<Cx>, visit: Visit) -> Result<Response, Detour> {
    visit.at(Place::Bank)?;
    Ok(page(&cx, &visit, None))
}

pub(crate) async fn submit(posted: Posted) -> Result<Response, Detour> {
    let outcome = checkout::choose_bank(&posted.cx, &posted.link, posted.form.text("bank")).await;
    // One bank that is away is no reason to leave the page: the others stand on it.
    let (outcome, retry_after) = match outcome {
        Err(ServiceError::Unavailable { what, retry_after_s }) => (Err(ServiceError::invalid("bank", &what)), Some(retry_after_s)),
        outcome => (outcome, None),
    };
    let (visit, problem) = posted.stay(Place::Bank, outcome).await?;
    // The page has one choice: whatever is wrong is said there.
    let mut response = page(&posted.cx, &visit, Some(Problem { field: "bank", ..problem }));
    if let Some(seconds) = retry_after {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// The buyer comes back from the bank, or wonders what became of the payment: the bank is asked.
pub(crate) async fn come_back(State(cx): State<Cx>, visit: Visit) -> Result<Response, Detour> {
    let step = checkout::bank_returned(&cx, &visit.link).await;
    let step = step.map_err(|error| Detour::Failed { error, again: visit.path(Place::BankReturn) })?;
    Err(Detour::Onward(visit.path(Place::of(&step))))
}

/// The bank has the buyer's word, but its money is not here yet.
pub(crate) async fn wait(State(cx): State<Cx>, visit: Visit) -> Result<Response, Detour> {
    visit.at(Place::BankProcessing)?;
    Ok(show(StatusCode::OK, &processing(&visit, &chosen_bank(&visit, &checkout::banks(&cx)))))
}

fn page(cx: &Cx, visit: &Visit, problem: Option<Problem>) -> Response {
    let waiting = match &visit.checkout.step {
        Step::AtBank { authorise_url } => local(cx, authorise_url).or_else(|| web_address(authorise_url)),
        _ => None,
    };
    let page = BankPage::new(visit, checkout::banks(cx), waiting, problem);
    show(page.frame.status(), &page)
}

/// The name of the bank that the buyer chose.
fn chosen_bank(visit: &Visit, banks: &[Bank]) -> String {
    let chosen = visit.checkout.payment.as_ref().map(|payment| payment.bank.as_str());
    let bank = banks.iter().find(|bank| Some(bank.id.as_str()) == chosen);
    bank.map_or_else(|| "Your bank".to_owned(), |bank| bank.name.clone())
}

pub(crate) fn processing(visit: &Visit, bank: &str) -> News {
    let url = visit.path(Place::BankReturn);
    let frame = visit.frame("Your bank is sending the money");
    let told = format!("{bank} has your authorisation. {} hears of it as soon as the money is here.", visit.seller());
    let news = News::new(Frame { refresh: Some(Refresh { seconds: ASK_AGAIN_SECONDS, url: url.clone() }), ..frame }, Tone::Waiting, told)
        .advising("Please do not pay a second time. You may close this page: the order goes on without it.")
        .with_link("Ask the bank again", url);
    match visit.back() {
        Some(url) => news.with_link(format!("Back to {}", visit.seller()), url),
        None => news,
    }
}

impl BankPage {
    pub(crate) fn new(visit: &Visit, banks: Vec<Bank>, waiting: Option<String>, problem: Option<Problem>) -> Self {
        Self {
            action: visit.path(Place::Bank),
            amount: visit.amount(),
            bank_reference: bank_reference(&visit.checkout.order.terms.reference),
            waiting,
            waiting_at: chosen_bank(visit, &banks),
            banks: banks.into_iter().map(|bank| BankRow::new(bank.id, bank.name)).collect(),
            error: error_of("bank", problem.as_ref()),
            other_way: visit.other_way(PayMethod::Later),
            frame: visit.frame("Choose your bank").with(problem),
        }
    }
}

impl BankRow {
    fn new(id: String, name: String) -> Self {
        let initial = name.chars().next().map_or(String::new(), String::from);
        Self { id, name, initial }
    }
}
