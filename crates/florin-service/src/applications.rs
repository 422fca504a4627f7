//! Applying for credit: address, code, company, decision.
//!
//! Invariant: the underwriter is asked between two transactions; whatever dies in between is asked again by a job, with
//! the order as the key, and an answer that comes twice changes nothing.

use std::time::Duration;

use florin_connect::{Assessment, ConnectError};
use florin_domain::application::{Applicant, Application, ApplicationState, Email};
use florin_domain::company::Company;
use florin_domain::credit::{Outcome, Verdict};
use florin_domain::order::{EndReason, Order, OrderState, PayMethod};
use florin_domain::time::minutes;
use florin_domain::{Currency, LinkToken, MailId, Money, OrderId, Timestamp};
use florin_store::Tx;
use florin_vault::constant_time_equal;

use crate::checkout::{Checkout, Step, find_company, load};
use crate::mailbox::{self, Letter};
use crate::{Cx, ServiceError, work};

/// How long after a code the same address is taken for the same form sent twice.
const RESEND_AFTER: Duration = Duration::from_secs(15);
/// The rule by which a limit that stands is used again.
const STANDING_LIMIT: &str = "standing-limit-1";
/// The shortest wait after a referral, whatever the underwriter says: an instant that has passed must not be asked for in a circle.
const REFERRED_AT_LEAST: Duration = minutes(1);
/// The longest name of a person that is kept, in characters.
const PERSON_MAX: usize = 120;

/// The buyer gives an e-mail address, or another one, or asks for another code: the order is pending from now on.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `email`, or `code` when too many were sent.
pub async fn give_email(cx: &Cx, link: &LinkToken, email: &str) -> Result<Step, ServiceError> {
    let email = Email::parse(email).map_err(|error| ServiceError::invalid("email", &error))?;
    let (link, mail, now, cx2) = (link.clone(), MailId::from_random(cx.random.bytes()), cx.clock.now(), cx.clone());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let checkout = load(&cx2, tx, &link)?;
            if !matches!(checkout.step, Step::Landing | Step::Code) {
                return Ok(checkout.step);
            }
            if !checkout.offers_method(PayMethod::Later) {
                return Err(ServiceError::invalid("pay", "is not a way to pay this order"));
            }
            let application = match checkout.application {
                None => Application::open(checkout.order.id(), email.clone(), now),
                // The same address again at once is the same form sent twice; later, the buyer wants another code.
                Some(open) if open.email == email && open.code_is_good(now) && now < open.code.sent_at.plus(RESEND_AFTER) => {
                    return Ok(Step::Code);
                }
                Some(open) => open.resend(email.clone(), now)?,
            };
            let application = tx.save_application(application)?;
            let code = cx2.keeper.code(application.order, application.code.number);
            mailbox::post(tx, &Letter::code(mail, &application, &code, &checkout.seller.name), now)?;
            if let Some(change) = checkout.order.begin(now)? {
                tx.save(change, true)?;
            }
            Ok(Step::Code)
        })
        .await
}

/// What came of a typed code.
enum Typed {
    Right(Step),
    Wrong,
}

/// The buyer types the code. Who came before and is known with limit left goes straight on to the terms.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `code`; the miss is counted all the same.
pub async fn confirm_code(cx: &Cx, link: &LinkToken, code: &str) -> Result<Step, ServiceError> {
    let (link2, now, cx2) = (link.clone(), cx.clock.now(), cx.clone());
    let typed: String = code.chars().filter(|digit| !digit.is_whitespace()).take(16).collect();
    let outcome = cx
        .store
        .write(move |tx: &mut Tx<'_>| {
            let checkout = load(&cx2, tx, &link2)?;
            let (Step::Code, Some(application)) = (&checkout.step, checkout.application.clone()) else {
                return Ok::<_, ServiceError>(Typed::Right(checkout.step));
            };
            let expected = cx2.keeper.code(application.order, application.code.number);
            let right = constant_time_equal(expected.as_bytes(), typed.as_bytes());
            let application = tx.save_application(application.confirm(right, now)?)?;
            if !right {
                return Ok(Typed::Wrong);
            }
            Ok(Typed::Right(recognise(tx, &checkout, application, now)?))
        })
        .await?;
    match outcome {
        Typed::Wrong => Err(ServiceError::invalid("code", "is not the code that was sent")),
        Typed::Right(step) => carry_on(cx, link, step).await,
    }
}

/// A buyer who came before: nothing that is known is asked again. A limit that was granted once stands as long as nothing
/// is late; else the underwriter is asked anew.
fn recognise(tx: &mut Tx<'_>, checkout: &Checkout, application: Application, now: Timestamp) -> Result<Step, ServiceError> {
    let Some(buyer) = tx.find_buyer(&application.email)? else {
        return Ok(Step::Company);
    };
    let line = tx.find_credit_line(&buyer.applicant.company)?;
    if line.as_ref().is_none_or(|line| line.available().minor() < checkout.order.terms.amount.minor()) {
        return Ok(Step::Company);
    }
    let late = tx.has_late_instalment(&buyer.applicant.company)?;
    let Some(line) = line.filter(|_| !late) else {
        submit(tx, application, buyer.applicant, now)?;
        return Ok(Step::Deciding);
    };
    let reason = format!("The company's limit of {} has {} left, and nothing of it is late.", line.limit, line.available());
    let verdict =
        Verdict { outcome: Outcome::Approved { limit: line.limit }, reasons: vec![reason], rule_version: STANDING_LIMIT.to_owned() };
    let application = application.submit(buyer.applicant, now)?;
    settle(tx, &checkout.order, application, verdict, now)?;
    Ok(Step::Term)
}

/// What a buyer says of the company, as typed.
#[derive(Debug, Clone)]
pub struct Apply {
    /// The company's number.
    pub company_number: String,
    /// The director's name.
    pub director_name: String,
    /// The yearly turnover in pounds: `250000`, `£250,000.00`.
    pub turnover: String,
}

/// The buyer says for which company, and the underwriter is asked.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `company_number`, `director_name` or `turnover`.
pub async fn apply(cx: &Cx, link: &LinkToken, ask: Apply) -> Result<Step, ServiceError> {
    let applicant = read_applicant(cx, &ask).await?;
    let (link2, now, cx2) = (link.clone(), cx.clock.now(), cx.clone());
    let step = cx
        .store
        .write(move |tx: &mut Tx<'_>| {
            let checkout = load(&cx2, tx, &link2)?;
            match (checkout.step, checkout.application) {
                (Step::Company, Some(application)) => {
                    submit(tx, application, applicant.clone(), now)?;
                    Ok::<_, ServiceError>(Step::Deciding)
                }
                (step, _) => Ok(step),
            }
        })
        .await?;
    carry_on(cx, link, step).await
}

async fn read_applicant(cx: &Cx, ask: &Apply) -> Result<Applicant, ServiceError> {
    let director: String = ask.director_name.split_whitespace().collect::<Vec<_>>().join(" ");
    if director.is_empty() || director.chars().count() > PERSON_MAX || director.chars().any(char::is_control) {
        return Err(ServiceError::invalid("director_name", "must be the full name of a director"));
    }
    let digits: String = ask.turnover.chars().filter(|sign| !matches!(sign, '£' | ',' | ' ')).take(64).collect();
    let turnover = Money::from_decimal(&digits, Currency::Gbp).map_err(|error| ServiceError::invalid("turnover", &error))?;
    if turnover.minor() < 0 {
        return Err(ServiceError::invalid("turnover", "must not be negative"));
    }
    let company = find_company(cx, &ask.company_number).await?;
    Ok(Applicant { company: company.number, company_name: company.name, director, turnover })
}

fn submit(tx: &mut Tx<'_>, application: Application, applicant: Applicant, now: Timestamp) -> Result<(), ServiceError> {
    let application = tx.save_application(application.submit(applicant, now)?)?;
    Ok(tx.put_job(work::UNDERWRITE, &application.order.to_string(), now, Some(now.plus(work::CLAIM)))?)
}

/// Asks the underwriter on the way of the request, if it is to be asked; when it is away, the buyer waits on a page.
async fn carry_on(cx: &Cx, link: &LinkToken, step: Step) -> Result<Step, ServiceError> {
    if step != Step::Deciding {
        return Ok(step);
    }
    let checkout = crate::checkout::view(cx, link).await?;
    match work::perform_now(cx, work::UNDERWRITE, &checkout.order.id().to_string()).await {
        Ok(()) | Err(ServiceError::Unavailable { .. }) => Ok(crate::checkout::view(cx, link).await?.step),
        Err(error) => Err(error),
    }
}

/// Asks the underwriter about an order and records the answer.
pub(crate) async fn underwrite(cx: &Cx, subject: &str) -> Result<(), ServiceError> {
    let order = OrderId::parse(subject).map_err(|_| ServiceError::Internal("an underwriting job without an order".to_owned()))?;
    let now = cx.clock.now();
    let asked = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>((tx.find_order(order)?, tx.find_application(order)?))).await?;
    let waiting = asked.0.zip(asked.1).and_then(|(order, application)| assessment(&order, &application, now));
    let verdict = match waiting {
        None => None,
        Some(assessment) => {
            let register = cx.world.register.find(&assessment.company.number).await?;
            let company = register.unwrap_or(assessment.company);
            match cx.world.underwriter.assess(Assessment { company, ..assessment }).await {
                Err(ConnectError::Refused { code, message }) => {
                    Some(Verdict { outcome: Outcome::Declined, reasons: vec![message], rule_version: code })
                }
                verdict => Some(verdict?),
            }
        }
    };
    let (mail, cx2) = (MailId::from_random(cx.random.bytes()), cx.clone());
    cx.store
        .write(move |tx: &mut Tx<'_>| match &verdict {
            Some(verdict) => record(&cx2, tx, order, verdict, mail),
            None => Ok(tx.remove_job(work::UNDERWRITE, &order.to_string())?),
        })
        .await
}

/// What the underwriter is asked, if it is still to be asked.
fn assessment(order: &Order, application: &Application, now: Timestamp) -> Option<Assessment> {
    let (ApplicationState::Submitted { applicant, at } | ApplicationState::Referred { applicant, at, .. }) = &application.state else {
        return None;
    };
    let OrderState::Pending { .. } = order.state else {
        return None;
    };
    Some(Assessment {
        application: order.id(),
        company: Company { number: applicant.company.clone(), name: applicant.company_name.clone(), directors: Vec::new() },
        director: applicant.director.clone(),
        turnover: applicant.turnover,
        amount: order.terms.amount,
        submitted_at: *at,
        now,
    })
}

/// Records what the underwriter said, with everything that follows from it.
fn record(cx: &Cx, tx: &mut Tx<'_>, order: OrderId, verdict: &Verdict, mail: MailId) -> Result<(), ServiceError> {
    let (now, subject) = (cx.clock.now(), order.to_string());
    let (Some(found), Some(application)) = (tx.find_order(order)?, tx.find_application(order)?) else {
        return Ok(tx.remove_job(work::UNDERWRITE, &subject)?);
    };
    if assessment(&found, &application, now).is_none() {
        return Ok(tx.remove_job(work::UNDERWRITE, &subject)?);
    }
    let was_referred = matches!(application.state, ApplicationState::Referred { .. });
    let application = settle(tx, &found, application, verdict.clone(), now)?;
    if let ApplicationState::Referred { verdict: Verdict { outcome: Outcome::Referred { ask_again_at }, .. }, .. } = &application.state {
        let earliest = now.plus(REFERRED_AT_LEAST);
        return Ok(tx.delay_job(work::UNDERWRITE, &subject, (*ask_again_at).max(earliest), 0)?);
    }
    if was_referred {
        let seller = tx.find_seller(found.terms.seller)?.ok_or(ServiceError::NotFound("seller"))?;
        let approved = matches!(application.state, ApplicationState::Approved { .. });
        let link = cx.policy.checkout_url(&found.terms.link, "landing");
        mailbox::post(tx, &Letter::decided(mail, application.email, &seller.name, approved, &link), now)?;
    }
    Ok(tx.remove_job(work::UNDERWRITE, &subject)?)
}

/// Saves a decision: the order follows it.
fn settle(tx: &mut Tx<'_>, order: &Order, application: Application, verdict: Verdict, now: Timestamp) -> Result<Application, ServiceError> {
    let verdict = within_limit(tx, order, &application, verdict)?;
    let application = application.decide(verdict)?;
    let application = match &application.state {
        ApplicationState::Approved { applicant, .. } => {
            tx.save(order.clone().approve(applicant.company.clone(), now)?, true)?;
            with_known_card(tx, application)?
        }
        ApplicationState::Declined { .. } => {
            tx.save(order.clone().end(EndReason::Declined, now)?, true)?;
            application
        }
        _ => application,
    };
    Ok(tx.save_application(application)?)
}

/// A yes is a yes only within what the company's limit has left.
fn within_limit(tx: &mut Tx<'_>, order: &Order, application: &Application, verdict: Verdict) -> Result<Verdict, ServiceError> {
    let (Outcome::Approved { limit }, Some(applicant)) = (&verdict.outcome, application.applicant()) else {
        return Ok(verdict);
    };
    tx.set_credit_limit(&applicant.company, *limit)?;
    let available = tx.find_credit_line(&applicant.company)?.map_or(Money::zero(Currency::Gbp), |line| line.available());
    if available.minor() >= order.terms.amount.minor() {
        return Ok(verdict);
    }
    let mut reasons = verdict.reasons;
    reasons.push(format!("The order of {} is more than the {available} that the company's limit of {limit} has left.", order.terms.amount));
    Ok(Verdict { outcome: Outcome::Declined, reasons, rule_version: verdict.rule_version })
}

/// Who came before need not type the card again; the term is still to be chosen.
fn with_known_card(tx: &mut Tx<'_>, application: Application) -> Result<Application, ServiceError> {
    let Some(buyer) = tx.find_buyer(&application.email)? else {
        return Ok(application);
    };
    let state = match application.state {
        ApplicationState::Approved { applicant, verdict, term, card: None } if applicant.company == buyer.applicant.company => {
            ApplicationState::Approved { applicant, verdict, term, card: Some(buyer.card) }
        }
        state => state,
    };
    Ok(Application { state, ..application })
}
