//! The last pages: paid, or over without payment, and the way back to the shop.

use std::time::Duration;

use axum::response::Response;
use florin_domain::Timestamp;
use florin_domain::application::ApplicationState;
use florin_domain::bank::BankPaymentState;
use florin_domain::order::{EndReason, ORDER_LIFE_DAYS, OrderState};
use florin_domain::time::minutes;
use florin_service::checkout::Step;
use http::StatusCode;

use crate::answer::show;
use crate::checkout::card::name_of;
use crate::detour::Detour;
use crate::frame::{Frame, Refresh};
use crate::news::{News, Tone};
use crate::place::Place;
use crate::visit::Visit;
use crate::wording::{date, instant};

/// How long a confirmation stands before the browser goes back to the shop.
const BACK_AFTER_SECONDS: u32 = 5;
/// For how long a payment is news. Later, nobody is sent anywhere by themselves.
const NEWS_FOR: Duration = minutes(15);

pub(crate) async fn done(visit: Visit) -> Result<Response, Detour> {
    visit.at(Place::Done)?;
    Ok(show(StatusCode::OK, &with_way_back(paid(&visit), &visit)))
}

pub(crate) async fn ended(visit: Visit) -> Result<Response, Detour> {
    visit.at(Place::Ended)?;
    let Step::Ended(reason) = &visit.checkout.step else {
        return Err(Detour::Nothing);
    };
    Ok(show(StatusCode::OK, &with_way_back(unpaid(&visit, *reason), &visit)))
}

/// The news of a paid order: fresh ones send the buyer back, old ones only tell.
pub(crate) fn paid(visit: &Visit) -> News {
    let paid_at = match &visit.checkout.order.state {
        OrderState::Successful { at, .. } => *at,
        OrderState::Created | OrderState::Pending { .. } | OrderState::Approved { .. } | OrderState::Unsuccessful { .. } => visit.now,
    };
    if visit.now.since(paid_at) <= NEWS_FOR { just_paid(visit) } else { paid_before(visit, paid_at) }
}

/// The news of an order that will not be paid.
pub(crate) fn unpaid(visit: &Visit, reason: EndReason) -> News {
    match reason {
        EndReason::Declined => declined(visit),
        EndReason::Refused => refused(visit),
        EndReason::Cancelled => cancelled(visit),
        EndReason::Expired => expired(visit),
    }
}

fn just_paid(visit: &Visit) -> News {
    let refresh = visit.back().map(|url| Refresh { seconds: BACK_AFTER_SECONDS, url });
    let frame = Frame { refresh, ..visit.frame("Paid. Thank you") };
    let told = format!("{} has the whole amount and knows that your order is paid.", visit.seller());
    News { facts: facts(visit), ..News::new(frame, Tone::Good, told) }
}

fn paid_before(visit: &Visit, paid_at: Timestamp) -> News {
    let told = format!("It was paid in full on {}. There is nothing more to do here, and nothing is taken again.", instant(paid_at));
    News { facts: facts(visit), ..News::new(visit.frame("This order is already paid"), Tone::Good, told) }
}

fn facts(visit: &Visit) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Paid to", visit.seller().to_owned()), ("Amount", visit.amount())];
    if let Some(loan) = &visit.checkout.loan {
        facts.push(("Paid back over", loan.term.label().to_owned()));
        if let Some(first) = loan.instalments.first() {
            facts.push(("First repayment", format!("{} on {}", first.total(), date(first.due_on))));
        }
        if let Some(card) = &visit.checkout.card {
            facts.push(("From", name_of(card)));
        }
        if let Some(application) = &visit.checkout.application {
            facts.push(("Agreement sent to", crate::wording::veiled(application.email.as_str())));
        }
    } else if let Some(BankPaymentState::Executed { reference, .. }) = visit.checkout.payment.as_ref().map(|payment| &payment.state) {
        facts.push(("Bank’s reference", reference.clone()));
    }
    facts
}

fn declined(visit: &Visit) -> News {
    let application = visit.checkout.application.as_ref();
    let reasons = match application.map(|application| &application.state) {
        Some(ApplicationState::Declined { verdict, .. }) => verdict.reasons.clone(),
        _ => Vec::new(),
    };
    let told = format!("We cannot lend {} for this order. Nothing was taken, and nothing is owed.", visit.amount());
    let news = News { reasons, ..News::new(visit.frame("We cannot offer credit this time"), Tone::Bad, told) };
    news.advising(format!("Go back to {} and choose another way to pay. You may ask again with a later order.", visit.seller()))
}

fn refused(visit: &Visit) -> News {
    let reasons = match visit.checkout.payment.as_ref().map(|payment| &payment.state) {
        Some(BankPaymentState::Failed { reason, .. }) if !reason.is_empty() => vec![reason.clone()],
        _ => Vec::new(),
    };
    let told = "The payment was refused at the bank. Nothing left your account.";
    let news = News { reasons, ..News::new(visit.frame("The payment was not made"), Tone::Bad, told) };
    news.advising(format!("Go back to {} and pay again, from another account or in another way.", visit.seller()))
}

fn cancelled(visit: &Visit) -> News {
    let told = format!("{} has cancelled it. Nothing was taken, and nothing is owed.", visit.seller());
    let news = News::new(visit.frame("This order was cancelled"), Tone::Bad, told);
    news.advising(format!("If you did not expect that, ask {}, or order there again.", visit.seller()))
}

fn expired(visit: &Visit) -> News {
    let told = format!("An order can be paid for {ORDER_LIFE_DAYS} days, and this one is older. Nothing was taken, and nothing is owed.");
    let news = News::new(visit.frame("This order has expired"), Tone::Bad, told);
    news.advising(format!("Go back to {} and order again: you get a new link.", visit.seller()))
}

pub(crate) fn with_way_back(news: News, visit: &Visit) -> News {
    match visit.back() {
        Some(url) => news.with_link(format!("Back to {}", visit.seller()), url),
        None if news.tone.is_good() => news.advising("You may close this page."),
        None => news,
    }
}
