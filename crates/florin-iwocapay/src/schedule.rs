//! `GET …/example_repayment_schedule/`: what a buyer would pay back, for banners in shops. Public: no token, no signature.

use std::borrow::Cow;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use florin_domain::loan::example_due_on;
use florin_domain::schedule::{REPAYMENTS_MAX, Rate, Repayment, Spread, repayments};
use florin_domain::{Currency, Money, Timestamp};
use florin_service::idempotency::Answer;
use florin_web::Surface;

use crate::answer;
use crate::fault::{Fault, Refusal, Source};
use crate::json::{Object, object, write_array, write_object};

/// Works out one row an instalment.
pub async fn example(State(surface): State<Surface>, RawQuery(query): RawQuery) -> Response {
    let outcome = Question::read(query.as_deref().unwrap_or_default())
        .and_then(|question| question.rows().ok_or_else(|| fault("initial_principal", "cannot be lent")))
        .map(|rows| Answer { status: 200, body: show(&rows, surface.cx.clock.now()), replayed: false })
        .map_err(|fault| Refusal::invalid(vec![fault]));
    answer::plain(outcome)
}

/// What a banner asks.
#[derive(Debug, PartialEq, Eq)]
struct Question {
    principal: Money,
    months: u32,
    rate: Rate,
    spread: Spread,
}

/// The longest loan at the shorter terms' rate, in months.
const SHORT_MONTHS_MAX: u32 = 3;

impl Question {
    fn read(query: &str) -> Result<Self, Fault> {
        let pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = form_urlencoded::parse(query.as_bytes()).take(100).collect();
        let find = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref());
        let principal = find("initial_principal").ok_or_else(|| fault("initial_principal", "is required"))?;
        let principal = Money::from_decimal(principal, Currency::Gbp).map_err(|error| fault("initial_principal", &error.to_string()))?;
        if !principal.is_positive() {
            return Err(fault("initial_principal", "must be more than 0"));
        }
        let months = find("loan_duration_months").ok_or_else(|| fault("loan_duration_months", "is required"))?;
        let months = months.parse().ok().filter(|months| (1..=REPAYMENTS_MAX).contains(months));
        let months = months.ok_or_else(|| fault("loan_duration_months", "must be a whole number from 1 to 60"))?;
        let rate = match find("30_day_rate") {
            Some(text) => Rate::from_decimal(text).ok_or_else(|| fault("30_day_rate", "must be a fraction from 0 to 1"))?,
            None => Rate::per_mille(if months <= SHORT_MONTHS_MAX { 25 } else { 20 }),
        };
        if find("product").is_some_and(|product| product != "iwocapay") {
            return Err(fault("product", "must be iwocapay"));
        }
        let is_equal = pairs
            .iter()
            .any(|(key, value)| (key == "promotions" || key == "promotions[]") && value.split(',').any(|name| name == "equal_repayments"));
        let spread = if is_equal { Spread::EqualRepayments } else { Spread::EqualPrincipal };
        Ok(Self { principal, months, rate, spread })
    }

    fn rows(&self) -> Option<Vec<Repayment>> {
        repayments(self.principal, self.rate, self.months, self.spread)
    }
}

fn fault(name: &'static str, complaint: &str) -> Fault {
    Fault { detail: format!("{name} {complaint}").into(), source: Source::Parameter(name) }
}

fn show(rows: &[Repayment], now: Timestamp) -> Vec<u8> {
    object(|body| {
        body.field("data", |bytes| {
            write_array(bytes, (1..).zip(rows), |bytes, (number, row)| write_object(bytes, |object| show_row(object, number, row, now)));
        });
    })
}

fn show_row(object: &mut Object<'_>, number: u32, row: &Repayment, now: Timestamp) {
    match example_due_on(now, number) {
        Some(date) => object.plain("date", date),
        None => object.raw("date", "null"), // Beyond the calendar: only a clock gone wrong comes here.
    };
    object.raw("principal", &row.principal.to_decimal()).raw("interest", &row.interest.to_decimal());
    object.raw("total", &row.total().to_decimal()).raw("remaining_principal", &row.remaining.to_decimal());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_question_gets_the_published_instalment() {
        let query = "30_day_rate=0.025&initial_principal=1000&loan_duration_months=3&product=iwocapay&promotions=equal_repayments";
        let rows = Question::read(query).unwrap().rows().unwrap();
        let body = String::from_utf8(show(&rows[..1], Timestamp::from_micros(0))).unwrap();
        let row = r#"{"date":"1970-01-31","principal":325.14,"interest":25.0,"total":350.14,"remaining_principal":674.86}"#;
        assert_eq!(body, format!("{{\"data\":[{row}]}}"));
    }

    #[test]
    fn questions_without_an_answer_name_their_fault() {
        let table = [
            ("", "initial_principal"),
            ("initial_principal=x&loan_duration_months=3", "initial_principal"),
            ("initial_principal=1e400&loan_duration_months=3", "initial_principal"),
            ("initial_principal=0&loan_duration_months=3", "initial_principal"),
            ("initial_principal=5", "loan_duration_months"),
            ("initial_principal=5&loan_duration_months=0", "loan_duration_months"),
            ("initial_principal=5&loan_duration_months=61", "loan_duration_months"),
            ("initial_principal=5&loan_duration_months=3&30_day_rate=NaN", "30_day_rate"),
            ("initial_principal=5&loan_duration_months=3&product=other", "product"),
        ];
        for (query, expected) in table {
            assert_eq!(Question::read(query).unwrap_err().source, Source::Parameter(expected), "{query}");
        }
    }

    #[test]
    fn a_question_may_leave_the_rate_to_us() {
        let rate = |query: &str| Question::read(query).unwrap().rate;
        assert_eq!(rate("initial_principal=199.99&loan_duration_months=3"), Rate::per_mille(25));
        assert_eq!(rate("initial_principal=199.99&loan_duration_months=12"), Rate::per_mille(20));
    }
}
