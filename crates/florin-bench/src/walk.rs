//! A whole purchase: an order created, and its buyer walked through the hosted checkout until it is paid.
//!
//! The buyer knows the names of the fields, which are published, and nothing else: where a form leads stands in the page.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::form::Form;
use crate::order::{get, post_json};
use crate::{BenchError, Connection, Operation};

/// The most pages that a purchase may take.
const PAGES_MAX: usize = 24;
/// Company numbers that begin with 1 are approved in the sandbox; this many follow it.
const COMPANIES: u32 = 10_000_000;
/// Fields by which the form to fill in is chosen, the later steps first: a page may offer to repeat an earlier one.
const STEPS: [&str; 10] =
    ["authorise", "agree", "card_number", "term", "director_name", "company_number", "company", "code", "email", "pay"];
const WHAT: &str = "walking an order to paid";

/// Numbers of companies that have not bought before, for all buyers of one run.
#[derive(Clone)]
pub struct Numbers(Arc<AtomicU32>);

impl Numbers {
    /// Begins at `seed`; runs with different seeds on one server meet different companies.
    pub fn from_seed(seed: u32) -> Self {
        Self(Arc::new(AtomicU32::new(seed % COMPANIES)))
    }

    fn next(&self) -> String {
        format!("1{:07}", self.0.fetch_add(1, Ordering::Relaxed) % COMPANIES)
    }
}

/// Buys with Pay Later, as a new company each time.
pub struct Walk {
    host: String,
    token: String,
    create: Vec<u8>,
    numbers: Numbers,
}

impl Walk {
    /// Buys from the seller that holds `token`, whose orders are created by posting to `path`.
    pub fn new(host: &str, path: &str, token: &str, numbers: &Numbers) -> Self {
        let body = r##"{"data":{"amount":420.00,"reference":"#walk"}}"##;
        Self { host: host.to_owned(), token: token.to_owned(), create: post_json(host, path, token, body), numbers: numbers.clone() }
    }

    /// The page at `path`, wherever that leads, with its address.
    async fn open(&self, connection: &mut Connection, path: &str) -> Result<Page, BenchError> {
        let mut request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host).into_bytes();
        let mut at = path.to_owned();
        for _ in 0..PAGES_MAX {
            let reply = connection.exchange(&request).await?;
            match reply.header("location") {
                Some(location) if matches!(reply.status, 302 | 303) => at = local_path(location, &at).ok_or_else(|| reply.wrong(WHAT))?,
                _ => return Ok(Page { path: at, text: reply.expect(200, WHAT)?.text().to_owned() }),
            }
            request = format!("GET {at} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host).into_bytes();
        }
        Err(lost(&at))
    }

    async fn submit(&self, connection: &mut Connection, page: &Page, form: &Form, answers: &Answers<'_>) -> Result<Page, BenchError> {
        let path = local_path(&form.action, &page.path).ok_or_else(|| lost(&form.action))?;
        let body = answers.fill(form);
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        let reply = connection.exchange(request.as_bytes()).await?;
        let Some(location) = reply.header("location").filter(|_| matches!(reply.status, 302 | 303)) else {
            return Ok(Page { path, text: reply.expect(200, WHAT)?.text().to_owned() });
        };
        let next = local_path(location, &path).ok_or_else(|| reply.wrong(WHAT))?;
        self.open(connection, &next).await
    }
}

impl Operation for Walk {
    async fn perform(&mut self, connection: &mut Connection) -> Result<(), BenchError> {
        let reply = connection.exchange(&self.create).await?.expect(201, WHAT)?;
        let id = reply.quoted_after("\"id\":\"").ok_or_else(|| reply.wrong(WHAT))?.to_owned();
        let landing = reply.quoted_after("\"order_url\":\"").and_then(|url| local_path(url, "/")).ok_or_else(|| reply.wrong(WHAT))?;
        let number = self.numbers.next();
        let mut page = self.open(connection, &landing).await?;
        for _ in 0..PAGES_MAX {
            let forms = Form::list(&page.text);
            let Some(form) = STEPS.iter().find_map(|step| forms.iter().find(|form| form.asks(step))) else { break };
            let answers = Answers { number: &number, code: page.code() };
            page = self.submit(connection, &page, form, &answers).await?;
        }
        let status = get(&self.host, &format!("/api/lending/edge/ecommerce/order/{id}/"), &self.token);
        let reply = connection.exchange(&status).await?.expect(200, WHAT)?;
        match reply.quoted_after("\"status\":\"") {
            Some("SUCCESSFUL") => Ok(()),
            _ => Err(BenchError::Wrong { what: WHAT, answer: format!("stopped at {} with {}", page.path, reply.text()) }),
        }
    }
}

/// A page and where it was found.
struct Page {
    path: String,
    text: String,
}

impl Page {
    /// The one-time code that the sandbox shows beside the form that asks for it.
    fn code(&self) -> &str {
        self.text.split_once("data-sandbox-code=\"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default()
    }
}

/// What this buyer answers.
struct Answers<'a> {
    number: &'a str,
    code: &'a str,
}

impl Answers<'_> {
    /// The form's body: the buyer's own answers where there are any, else what the form has on offer.
    fn fill(&self, form: &Form) -> String {
        let mut body = form_urlencoded::Serializer::new(String::new());
        for (name, offered) in &form.fields {
            let answer = match name.as_str() {
                "pay" => "PAY_LATER",
                "email" => &format!("buyer{}@example.com", self.number),
                "code" => self.code,
                "company" | "company_number" => self.number,
                "turnover" => "250000",
                "term" => "3_months",
                "card_number" => "4242424242424242",
                "card_expiry" => "12/39",
                "card_cvc" => "123",
                "agree" | "authorise" => "yes",
                _ => offered,
            };
            body.append_pair(name, answer);
        }
        body.finish()
    }
}

/// The path, with its query, of a link on the page at `base`; `None` for a link relative to a directory, which Florin has none of.
fn local_path(link: &str, base: &str) -> Option<String> {
    let path = match link.split_once("://") {
        Some((_, rest)) => &rest[rest.find('/')?..],
        None => link,
    };
    let path = path.split('#').next().unwrap_or_default();
    let page = base.split('?').next().unwrap_or_default();
    match path.as_bytes().first() {
        None => Some(base.to_owned()),
        Some(b'/') => Some(path.to_owned()),
        Some(b'?') => Some(format!("{page}{path}")),
        Some(_) => None,
    }
}

fn lost(at: &str) -> BenchError {
    BenchError::Wrong { what: WHAT, answer: format!("lost at {at}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_on_the_same_server() {
        let base = "/pay/order/x/code/?a=1";
        assert_eq!(local_path("https://localhost:1/pay/?b=2#top", base).as_deref(), Some("/pay/?b=2"));
        assert_eq!(local_path("", base).as_deref(), Some(base));
        assert_eq!(local_path("?c=3", base).as_deref(), Some("/pay/order/x/code/?c=3"));
        assert_eq!(local_path("next", base), None);
    }

    #[test]
    fn every_company_is_new() {
        let numbers = Numbers::from_seed(9_999_999);
        assert_eq!([numbers.next(), numbers.next()], ["19999999", "10000000"]);
    }

    #[test]
    fn a_form_is_filled_in_by_its_names() {
        let form = Form { action: String::new(), fields: vec![("code".into(), String::new()), ("kept".into(), "a b".into())] };
        assert_eq!(Answers { number: "1", code: "123456" }.fill(&form), "code=123456&kept=a+b");
    }
}
