//! A whole purchase: an order created, and its buyer walked through the hosted checkout until it is paid.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::form::{Card, Form};
use crate::page::{PAGES_MAX, Page, Visitor, local_path};
use crate::request::Request;
use crate::{BenchError, Connection, Operation};

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
    visitor: Visitor,
}

impl Walk {
    /// Buys from the seller that holds `token`, whose orders are created by posting to `path`.
    pub fn new(host: &str, path: &str, token: &str, numbers: &Numbers) -> Self {
        let body = r##"{"data":{"amount":420.00,"reference":"#walk"}}"##;
        Self {
            host: host.to_owned(),
            token: token.to_owned(),
            create: Request::post(host, path).bearer(token).json(body),
            numbers: numbers.clone(),
            visitor: Visitor::new(host, WHAT),
        }
    }
}

impl Operation for Walk {
    async fn perform(&mut self, connection: &mut Connection) -> Result<(), BenchError> {
        let reply = connection.exchange(&self.create).await?.expect(201, WHAT)?;
        let id = reply.quoted_after("\"id\":\"").ok_or_else(|| reply.wrong(WHAT))?.to_owned();
        let landing = reply.quoted_after("\"order_url\":\"").and_then(|url| local_path(url, "/")).ok_or_else(|| reply.wrong(WHAT))?;
        let number = self.numbers.next();
        let mut page = self.visitor.open(connection, &landing).await?;
        for _ in 0..PAGES_MAX {
            let forms = Form::list(&page.text);
            let Some(form) = STEPS.iter().find_map(|step| forms.iter().find(|form| form.asks(step))) else { break };
            let answers = Answers { number: &number, code: code(&page) };
            page = self.visitor.submit(connection, &page, form, &form.fill(|name| answers.to(name))).await?;
        }
        let status = format!("/api/lending/edge/ecommerce/order/{id}/");
        let reply = connection.exchange(&Request::get(&self.host, &status).bearer(&self.token).bare()).await?.expect(200, WHAT)?;
        match reply.quoted_after("\"status\":\"") {
            Some("SUCCESSFUL") => Ok(()),
            _ => Err(BenchError::Wrong { what: WHAT, answer: format!("stopped at {} with {}", page.path, reply.text()) }),
        }
    }
}

/// The one-time code that the sandbox shows beside the form that asks for it.
fn code(page: &Page) -> &str {
    page.text.split_once("data-sandbox-code=\"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default()
}

/// What this buyer answers.
struct Answers<'a> {
    number: &'a str,
    code: &'a str,
}

impl Answers<'_> {
    /// The answer to the field `name`; `None` for one that is left as it is.
    fn to(&self, name: &str) -> Option<String> {
        let answer = match name {
            "pay" => "PAY_LATER",
            "email" => &format!("buyer{}@example.com", self.number),
            "code" => self.code,
            "company" | "company_number" => self.number,
            "turnover" => "250000",
            "term" => "3_months",
            "agree" | "authorise" => "yes",
            _ => Card::GOOD.field(name)?,
        };
        Some(answer.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_company_is_new() {
        let numbers = Numbers::from_seed(9_999_999);
        assert_eq!([numbers.next(), numbers.next()], ["19999999", "10000000"]);
    }

    #[test]
    fn a_buyer_answers_what_it_is_asked() {
        let answers = Answers { number: "1", code: "123456" };
        assert_eq!(answers.to("code").as_deref(), Some("123456"));
        assert_eq!(answers.to("card_cvc").as_deref(), Some("123"));
        assert_eq!(answers.to("kept"), None);
    }
}
