//! SQL for applications: a buyer's way to credit, and what is known of buyers who came before.
//!
//! Invariant: an application moves only if nobody moved it since it was read.

use florin_domain::application::{Applicant, Application, ApplicationState, Buyer, Code, Email};
use florin_domain::company::CompanyNumber;
use florin_domain::credit::{Outcome, Verdict};
use florin_domain::loan::Term;
use florin_domain::{CardId, Currency, Money, OrderId, Timestamp};

use crate::columns::{count, id, money, opt_id, opt_time, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO applications (email, code_number, code_sent_at, code_misses, state, state_at, company, company_name, director,
                              turnover_minor, outcome, outcome_detail, reasons, rule_version, term, card_id, version, order_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
const MOVE: &str = "
    UPDATE applications
       SET email = $1, code_number = $2, code_sent_at = $3, code_misses = $4, state = $5, state_at = $6, company = $7,
           company_name = $8, director = $9, turnover_minor = $10, outcome = $11, outcome_detail = $12, reasons = $13,
           rule_version = $14, term = $15, card_id = $16, version = $17
     WHERE order_id = $18 AND version = $19";
const BY_ORDER: &str = "
    SELECT email, code_number, code_sent_at, code_misses, state, state_at, company, company_name, director, turnover_minor,
           outcome, outcome_detail, reasons, rule_version, term, card_id, version, order_id
      FROM applications WHERE order_id = $1";
const REMEMBER: &str = "
    INSERT INTO buyers (email, company, company_name, director, turnover_minor, card_id) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (email) DO UPDATE
       SET company = excluded.company, company_name = excluded.company_name, director = excluded.director,
           turnover_minor = excluded.turnover_minor, card_id = excluded.card_id";
const BUYER: &str = "SELECT company, company_name, director, turnover_minor, card_id FROM buyers WHERE email = $1";

impl Tx<'_> {
    /// Saves an application after a step; the first save writes the row. Comes back with its new version.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if it moved since it was read, [`StoreError::Conflict`] if it was opened twice at once.
    pub fn save_application(&mut self, application: Application) -> Result<Application, StoreError> {
        let before = application.version;
        let application = Application { version: before + 1, ..application };
        let (columns, code, order) = (Columns::of(&application), application.code, application.order.to_string());
        let mut values = vec![
            Value::from(application.email.as_str()),
            code.number.into(),
            code.sent_at.micros().into(),
            code.misses.into(),
            columns.state.into(),
            columns.at.map(Timestamp::micros).into(),
            columns.applicant.map(|applicant| applicant.company.as_str()).into(),
            columns.applicant.map(|applicant| &applicant.company_name).into(),
            columns.applicant.map(|applicant| &applicant.director).into(),
            columns.applicant.map(|applicant| applicant.turnover.minor()).into(),
            columns.verdict.map(|verdict| verdict.outcome.name()).into(),
            columns.verdict.and_then(|verdict| outcome_detail(&verdict.outcome)).into(),
            (&columns.reasons).into(),
            columns.verdict.map(|verdict| &verdict.rule_version).into(),
            columns.term.map(Term::name).into(),
            (&columns.card).into(),
            application.version.into(),
            (&order).into(),
        ];
        if before == 0 {
            self.execute_one(INSERT, &values)?;
        } else {
            values.push(before.into());
            self.execute_one(MOVE, &values)?;
        }
        Ok(application)
    }

    /// Finds the application for an order.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_application(&mut self, order: OrderId) -> Result<Option<Application>, StoreError> {
        self.query_one(BY_ORDER, &[(&order.to_string()).into()], application_of)
    }

    /// Keeps what is known of a buyer for the next time.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn remember_buyer(&mut self, buyer: &Buyer) -> Result<(), StoreError> {
        let applicant = &buyer.applicant;
        self.execute_one(
            REMEMBER,
            &[
                buyer.email.as_str().into(),
                applicant.company.as_str().into(),
                (&applicant.company_name).into(),
                (&applicant.director).into(),
                applicant.turnover.minor().into(),
                (&buyer.card.to_string()).into(),
            ],
        )
    }

    /// What is known of the buyer with this address.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_buyer(&mut self, email: &Email) -> Result<Option<Buyer>, StoreError> {
        self.query_one(BUYER, &[email.as_str().into()], |row| {
            let applicant = Applicant {
                company: id(row, 0, CompanyNumber::parse)?,
                company_name: row.text(1)?.to_owned(),
                director: row.text(2)?.to_owned(),
                turnover: money(row, 3, Currency::Gbp)?,
            };
            Ok(Buyer { email: email.clone(), applicant, card: id(row, 4, CardId::parse)? })
        })
    }
}

struct Columns<'a> {
    state: &'static str,
    at: Option<Timestamp>,
    applicant: Option<&'a Applicant>,
    verdict: Option<&'a Verdict>,
    reasons: Option<String>,
    term: Option<Term>,
    card: Option<String>,
}

impl<'a> Columns<'a> {
    fn of(application: &'a Application) -> Self {
        let verdict = application.verdict();
        let (state, at, term, card) = match &application.state {
            ApplicationState::Confirming => ("confirming", None, None, None),
            ApplicationState::Confirmed => ("confirmed", None, None, None),
            ApplicationState::Submitted { at, .. } => ("submitted", Some(*at), None, None),
            ApplicationState::Referred { at, .. } => ("referred", Some(*at), None, None),
            ApplicationState::Approved { term, card, .. } => ("approved", None, *term, *card),
            ApplicationState::Declined { .. } => ("declined", None, None, None),
            ApplicationState::Agreed { term, card, at, .. } => ("agreed", Some(*at), Some(*term), Some(*card)),
        };
        Self {
            state,
            at,
            applicant: application.applicant(),
            verdict,
            reasons: verdict.map(|verdict| verdict.reasons.join("\n")),
            term,
            card: card.map(|card| card.to_string()),
        }
    }
}

/// The number that goes with an outcome: a limit in pence, or a time.
fn outcome_detail(outcome: &Outcome) -> Option<i64> {
    match outcome {
        Outcome::Approved { limit } => Some(limit.minor()),
        Outcome::Declined => None,
        Outcome::Referred { ask_again_at } => Some(ask_again_at.micros()),
    }
}

fn application_of(row: &Row<'_>) -> Result<Application, StoreError> {
    Ok(Application {
        email: id(row, 0, Email::parse)?,
        code: Code { number: count(row, 1)?, sent_at: time(row, 2)?, misses: count(row, 3)? },
        state: state_of(row)?,
        version: row.int(16)?,
        order: id(row, 17, OrderId::parse)?,
    })
}

fn state_of(row: &Row<'_>) -> Result<ApplicationState, StoreError> {
    let at = opt_time(row, 5)?.ok_or_else(|| row.corrupt(5));
    let term = row.opt_text(14)?.map(|name| Term::from_name(name).ok_or_else(|| row.corrupt(14))).transpose()?;
    let card = opt_id(row, 15, CardId::parse)?;
    Ok(match row.text(4)? {
        "confirming" => ApplicationState::Confirming,
        "confirmed" => ApplicationState::Confirmed,
        "submitted" => ApplicationState::Submitted { applicant: applicant_of(row)?, at: at? },
        "referred" => ApplicationState::Referred { applicant: applicant_of(row)?, at: at?, verdict: verdict_of(row)? },
        "approved" => ApplicationState::Approved { applicant: applicant_of(row)?, verdict: verdict_of(row)?, term, card },
        "declined" => ApplicationState::Declined { applicant: applicant_of(row)?, verdict: verdict_of(row)? },
        "agreed" => ApplicationState::Agreed {
            applicant: applicant_of(row)?,
            verdict: verdict_of(row)?,
            term: term.ok_or_else(|| row.corrupt(14))?,
            card: card.ok_or_else(|| row.corrupt(15))?,
            at: at?,
        },
        _ => return Err(row.corrupt(4)),
    })
}

fn applicant_of(row: &Row<'_>) -> Result<Applicant, StoreError> {
    Ok(Applicant {
        company: id(row, 6, CompanyNumber::parse)?,
        company_name: row.text(7)?.to_owned(),
        director: row.text(8)?.to_owned(),
        turnover: money(row, 9, Currency::Gbp)?,
    })
}

fn verdict_of(row: &Row<'_>) -> Result<Verdict, StoreError> {
    let outcome = match row.text(10)? {
        "approved" => Outcome::Approved { limit: Money::pence(row.int(11)?) },
        "declined" => Outcome::Declined,
        "referred" => Outcome::Referred { ask_again_at: time(row, 11)? },
        _ => return Err(row.corrupt(10)),
    };
    Ok(Verdict { outcome, reasons: row.text(12)?.lines().map(str::to_owned).collect(), rule_version: row.text(13)?.to_owned() })
}
