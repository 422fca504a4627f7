//! The page that finds the buyer's company and asks who is buying.
//!
//! The search is part of the address, so that it can be reloaded and gone back to; the form goes to that address too,
//! so that an error shows the same companies again.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use florin_domain::company::Company;
use florin_service::checkout::{self, Apply};
use florin_service::{Cx, ServiceError};
use http::Uri;

use crate::answer::show;
use crate::detour::Detour;
use crate::field::{COMPANY, COMPANY_NUMBER, DIRECTOR_NAME, Field, Problem, TURNOVER, error_of};
use crate::form::Form;
use crate::frame::Frame;
use crate::place::Place;
use crate::progress::Progress;
use crate::visit::{Posted, Visit};

/// Numbers to try in the sandbox, with what becomes of each.
pub(crate) const EXAMPLES: [(&str, &str); 5] = [
    ("10000001", "approved"),
    ("20000001", "referred, approved after an hour"),
    ("30000001", "referred, declined after an hour"),
    ("40000001", "declined"),
    ("50000001", "approved, second repayment fails"),
];
/// The search that a scripted form is shown again with must not be endless.
const QUERY_MAX: usize = 200;

#[derive(Template)]
#[template(path = "checkout/company.html")]
struct CompanyPage {
    frame: Frame,
    action: String,
    search_url: String,
    ask: Ask,
}

/// What the page asks for.
enum Ask {
    /// Which company.
    Search { company: Field, none_found: Option<String> },
    /// Who is buying, for one of the companies found, or for a number typed when none was searched.
    Details {
        companies: Vec<CompanyRow>,
        number_error: Option<String>,
        number: Field,
        director: Field,
        directors: Vec<String>,
        turnover: Field,
    },
}

struct CompanyRow {
    number: String,
    name: String,
    directors: String,
    chosen: bool,
}

pub(crate) async fn open(State(cx): State<Cx>, visit: Visit, uri: Uri) -> Result<Response, Detour> {
    visit.at(Place::Company)?;
    let search = Form::parse(uri.query().unwrap_or_default().as_bytes());
    if !search.has(COMPANY.name) {
        return Ok(ask_company(&visit, "", None, None));
    }
    let query = search.text(COMPANY.name);
    if query.is_empty() {
        return Ok(ask_company(&visit, "", None, Some(Problem::new(COMPANY.name, "is empty", ""))));
    }
    match checkout::search_companies(&cx, query).await {
        Ok(companies) if companies.is_empty() => Ok(ask_company(&visit, query, Some(query.to_owned()), None)),
        Ok(companies) => Ok(ask_details(&visit, query, &companies, &search, None)),
        Err(ServiceError::Invalid { message, .. }) => {
            Ok(ask_company(&visit, query, None, Some(Problem::new(COMPANY.name, &message, query))))
        }
        Err(error) => Err(Detour::Failed { error, again: visit.path(Place::Company) }),
    }
}

pub(crate) async fn submit(posted: Posted) -> Result<Response, Detour> {
    let form = &posted.form;
    let is_search = form.has(COMPANY.name) && [COMPANY_NUMBER.name, DIRECTOR_NAME.name, TURNOVER.name].iter().all(|name| !form.has(name));
    if is_search {
        return Err(Detour::Onward(search_path(&Place::Company.path(&posted.link), form.text(COMPANY.name))));
    }
    let ask = Apply {
        company_number: form.text(COMPANY_NUMBER.name).to_owned(),
        director_name: form.text(DIRECTOR_NAME.name).to_owned(),
        turnover: form.text(TURNOVER.name).to_owned(),
    };
    let outcome = checkout::apply(&posted.cx, &posted.link, ask).await;
    let (visit, problem) = posted.stay(Place::Company, outcome).await?;
    let searched = Form::parse(posted.query.as_bytes());
    let query = if searched.text(COMPANY.name).is_empty() { form.text(COMPANY_NUMBER.name) } else { searched.text(COMPANY.name) };
    // The error is what matters here: without companies to choose from, their number can be typed.
    let companies = checkout::search_companies(&posted.cx, query).await.unwrap_or_default();
    Ok(ask_details(&visit, query, &companies, form, Some(problem)))
}

pub(crate) fn ask_company(visit: &Visit, typed: &str, none_found: Option<String>, problem: Option<Problem>) -> Response {
    let ask = Ask::Search { company: Field::new(&COMPANY, typed, problem.as_ref()), none_found };
    let action = visit.path(Place::Company);
    page(visit, action, ask, problem)
}

pub(crate) fn ask_details(visit: &Visit, query: &str, companies: &[Company], form: &Form, problem: Option<Problem>) -> Response {
    let typed = |name| form.text(name);
    let chosen = match companies {
        [only] => only.number.as_str(),
        _ => typed(COMPANY_NUMBER.name),
    };
    let rows: Vec<CompanyRow> = companies.iter().map(|company| CompanyRow::new(company, chosen)).collect();
    let directors: Vec<String> = companies.iter().flat_map(|company| company.directors.iter().cloned()).collect();
    // With one company in question its first director is a fair guess; with several none is.
    let guess = match companies {
        [only] if !form.has(DIRECTOR_NAME.name) => only.directors.first().map_or("", String::as_str),
        _ => typed(DIRECTOR_NAME.name),
    };
    let ask = Ask::Details {
        companies: rows,
        number_error: error_of(COMPANY_NUMBER.name, problem.as_ref()),
        number: Field::new(&COMPANY_NUMBER, typed(COMPANY_NUMBER.name), problem.as_ref()),
        director: Field::new(&DIRECTOR_NAME, guess, problem.as_ref()),
        directors,
        turnover: Field::new(&TURNOVER, typed(TURNOVER.name), problem.as_ref()),
    };
    let action = search_path(&visit.path(Place::Company), query);
    page(visit, action, ask, problem)
}

fn page(visit: &Visit, action: String, ask: Ask, problem: Option<Problem>) -> Response {
    let frame = visit.frame("Your company").at(Progress::COMPANY).with(problem);
    let company = CompanyPage { frame, action, search_url: visit.path(Place::Company), ask };
    show(company.frame.status(), &company)
}

fn search_path(path: &str, query: &str) -> String {
    let kept: String = query.chars().take(QUERY_MAX).collect();
    let query = form_urlencoded::Serializer::new(String::new()).append_pair(COMPANY.name, &kept).finish();
    format!("{path}?{query}")
}

impl CompanyRow {
    fn new(company: &Company, chosen: &str) -> Self {
        let number = company.number.to_string();
        let chosen = number == chosen;
        Self { number, name: company.name.clone(), directors: company.directors.join(", "), chosen }
    }
}
