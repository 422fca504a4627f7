//! Lending: term, agreement, funding, and the collection of instalments.
//!
//! Invariants: one transaction makes an order successful, its loan, its payout and its fee; an instalment is charged under
//! a key that stays the same until its outcome is in the books.

use florin_connect::{Charge, ChargeOutcome, ConnectError};
use florin_domain::application::{Application, ApplicationState, Buyer};
use florin_domain::loan::{Loan, LoanIds, Offer, Term};
use florin_domain::payout::{Payout, PayoutState};
use florin_domain::{LinkToken, LoanId, MailId, PayoutId, Timestamp};
use florin_store::Tx;

use crate::cards::unseal;
use crate::checkout::{Checkout, Step, load};
use crate::mailbox::{self, Letter};
use crate::{Cx, ServiceError, payouts, work};

/// The lender's name in agreements.
const LENDER: &str = "Florin Trade Credit";

/// The buyer chooses how long to take.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `term`.
pub async fn choose_term(cx: &Cx, link: &LinkToken, term: &str) -> Result<Step, ServiceError> {
    let term = Term::from_name(term).ok_or_else(|| ServiceError::invalid("term", "must be 30_days, 3_months or 12_months"))?;
    let (link, cx2) = (link.clone(), cx.clone());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let checkout = load(&cx2, tx, &link)?;
            if let (Step::Term | Step::Card | Step::Agreement, Some(application)) = (&checkout.step, checkout.application) {
                tx.save_application(application.choose_term(term)?)?;
            }
            Ok(load(&cx2, tx, &link)?.step)
        })
        .await
}

/// What the buyer signs.
#[derive(Debug, Clone)]
pub struct Agreement {
    /// Who lends.
    pub lender: String,
    /// Which company borrows.
    pub borrower: String,
    /// Who signs for it.
    pub director: String,
    /// What is borrowed, for how long and at which price.
    pub offer: Offer,
    /// Headings with their text.
    pub clauses: Vec<(String, String)>,
}

/// The agreement for what the buyer chose; nothing until everything is chosen.
pub fn agreement(checkout: &Checkout, now: Timestamp) -> Option<Agreement> {
    let (application, loan) = (checkout.application.as_ref()?, checkout.loan.as_ref());
    let (applicant, term) = match &application.state {
        ApplicationState::Approved { applicant, term: Some(term), card: Some(_), .. }
        | ApplicationState::Agreed { applicant, term, .. } => (applicant, *term),
        _ => return None,
    };
    let funded_at = loan.map_or(now, |loan| loan.funded_at);
    let offer = Offer::new(checkout.order.terms.amount, term, checkout.seller.rate(term), funded_at)?;
    let borrower = format!("{} ({})", applicant.company_name, applicant.company);
    let clauses = clauses(checkout, &offer);
    Some(Agreement { lender: LENDER.to_owned(), borrower, director: applicant.director.clone(), offer, clauses })
}

fn clauses(checkout: &Checkout, offer: &Offer) -> Vec<(String, String)> {
    let (seller, apr) = (&checkout.seller.name, offer.rate.apr_bps());
    let card = checkout.card.as_ref().map(|card| format!("the {} card ending in {}", card.brand, card.last4));
    let cost = if offer.interest().is_positive() {
        format!("The credit costs {} in all, a yearly rate (APR) of {}.{:02} %.", offer.interest(), apr / 100, apr % 100)
    } else {
        format!("The credit is free of interest for you; {seller} pays for it.")
    };
    let clause = |heading: &str, text: String| (heading.to_owned(), text);
    vec![
        clause("What we lend", format!("We pay {} to {seller} for your order {} today.", offer.principal, checkout.order.terms.reference)),
        clause("What you pay back", match offer.repayments.len() {
            1 => format!("You pay back {} in one repayment, on the day listed above.", offer.total()),
            count => format!("You pay back {} in {count} repayments, on the days listed above.", offer.total()),
        }),
        clause("What it costs", cost),
        clause("How we collect", format!("We collect each repayment from {} on its day.", card.as_deref().unwrap_or("your card"))),
        clause("If you pay early or late", "You may pay early at any time without a fee. There is no fee for paying late, but we will contact you, and it may affect your limit.".to_owned()),
        clause("Your order", format!("The goods are between you and {seller}. If you return them, {seller} refunds you, and this agreement goes on until it is paid.")),
    ]
}

/// The buyer signs: the order is paid, the loan runs, the seller is owed the whole amount.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `agree` unless the buyer says yes.
pub async fn agree(cx: &Cx, link: &LinkToken, agreed: bool) -> Result<Step, ServiceError> {
    if !agreed {
        return Err(ServiceError::invalid("agree", "must be ticked to go on"));
    }
    let (link, cx2) = (link.clone(), cx.clone());
    let (loan, payout, mail) = (cx.random.bytes(), cx.random.bytes(), cx.random.bytes());
    let fresh = Fresh { loan: LoanId::from_random(loan), payout: PayoutId::from_random(payout), mail: MailId::from_random(mail) };
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let checkout = load(&cx2, tx, &link)?;
            match (&checkout.step, checkout.application.clone()) {
                (Step::Agreement, Some(application)) => fund(tx, &checkout, application, &fresh, cx2.clock.now()),
                _ => Ok(checkout.step),
            }
        })
        .await
}

/// Ids for what signing makes.
struct Fresh {
    loan: LoanId,
    payout: PayoutId,
    mail: MailId,
}

fn fund(tx: &mut Tx<'_>, checkout: &Checkout, application: Application, fresh: &Fresh, now: Timestamp) -> Result<Step, ServiceError> {
    let agreement = agreement(checkout, now).ok_or(ServiceError::NotFound("agreement"))?;
    let application = tx.save_application(application.agree(now)?)?;
    let ApplicationState::Agreed { applicant, card, .. } = &application.state else {
        return Err(ServiceError::Internal("a signed application is not agreed".to_owned()));
    };
    let (order, seller) = (&checkout.order, &checkout.seller);
    let ids = LoanIds { loan: fresh.loan, order: order.id(), seller: seller.id, card: *card };
    let loan = Loan::fund(ids, applicant.company.clone(), &agreement.offer, now);
    tx.save(order.clone().pay_with_credit(&loan, seller, now)?, true)?;
    tx.insert_loan(&loan)?;
    for instalment in &loan.instalments {
        tx.put_job(work::COLLECT, &format!("{}/{}", loan.id, instalment.number), instalment.collected_from(), None)?;
    }
    let fee = seller.fee(order.terms.amount);
    if fee.is_positive() {
        let month_end = now.month_end();
        tx.insert_fee(order.id(), seller.id, fee, month_end)?;
        tx.put_job(work::BILL_FEES, &format!("{}/{}", seller.id, month_end.micros()), month_end, None)?;
    }
    let due_at = now.plus(seller.payout_hold());
    let amount = order.terms.amount;
    let payout = Payout { id: fresh.payout, seller: seller.id, order: order.id(), amount, due_at, state: PayoutState::Scheduled };
    payouts::schedule(tx, &payout)?;
    tx.remember_buyer(&Buyer { email: application.email.clone(), applicant: applicant.clone(), card: *card })?;
    mailbox::post(tx, &signed_letter(fresh.mail, checkout, &application, &agreement), now)?;
    Ok(Step::Done)
}

/// The mail that carries the signed agreement.
fn signed_letter(id: MailId, checkout: &Checkout, application: &Application, agreement: &Agreement) -> Letter {
    let order = mailbox::order_name(&checkout.order);
    let mut lines = vec![
        format!("Hello {},\n", agreement.director),
        format!("thank you: your order {order} is paid. This is the agreement that you signed.\n"),
        format!("Lender: {}\nBorrower: {}\n", agreement.lender, agreement.borrower),
    ];
    lines.extend((1..).zip(&agreement.offer.repayments).map(|(number, (due_on, row))| format!("{number}. {due_on}: {}", row.total())));
    lines.push(format!("In all: {}", agreement.offer.total()));
    lines.extend(agreement.clauses.iter().map(|(heading, clause)| format!("\n{heading}\n{clause}")));
    let text = lines.join("\n") + "\n";
    let subject = format!("Your agreement: {order} at {}", checkout.seller.name);
    Letter { id, to: application.email.clone(), subject, text }
}

/// Collects an instalment from its card, or notes that the card said no.
pub(crate) async fn collect(cx: &Cx, subject: &str) -> Result<(), ServiceError> {
    let bad = || ServiceError::Internal("a collection job without an instalment".to_owned());
    let (loan, number) = subject.split_once('/').ok_or_else(bad)?;
    let (loan, number) = (LoanId::parse(loan).map_err(|_| bad())?, number.parse::<u32>().map_err(|_| bad())?);
    let cx2 = cx.clone();
    let found = cx
        .store
        .read(move |tx: &mut Tx<'_>| {
            let loan = tx.find_loan(loan)?.ok_or(ServiceError::NotFound("loan"))?;
            let card = unseal(&cx2, tx, loan.card)?;
            Ok::<_, ServiceError>((loan, card))
        })
        .await?;
    let (owed, card) = found;
    let outcome = match owed.unpaid(number) {
        // Paid in the meantime: only the job is left to be removed.
        Err(_) => None,
        Ok(instalment) => {
            let charge = Charge {
                key: format!("{loan}/{number}/{}", instalment.refusals),
                card: &card,
                amount: instalment.total(),
                customer: owed.company.to_string(),
                instalment: number,
                description: format!("Repayment {number} of {}", owed.instalments.len()),
            };
            // Asked first: an earlier try may have been cut off between the acquirer's answer and our books.
            let outcome = match cx.world.acquirer.charge_status(&charge.key).await? {
                Some(outcome) => outcome,
                None => match cx.world.acquirer.charge(charge).await {
                    // A final no of the acquirer is a no of the card: asked again it would be the same.
                    Err(ConnectError::Refused { code, message }) => ChargeOutcome::Declined { code, message },
                    outcome => outcome?,
                },
            };
            Some((instalment.refusals, outcome))
        }
    };
    let now = cx.clock.now();
    cx.store.write(move |tx: &mut Tx<'_>| book(tx, loan, number, outcome.as_ref(), now)).await
}

/// Books what a charge came to. `refusals` is how often the card had said no when it was charged.
fn book(tx: &mut Tx<'_>, loan: LoanId, number: u32, outcome: Option<&(u32, ChargeOutcome)>, now: Timestamp) -> Result<(), ServiceError> {
    let subject = format!("{loan}/{number}");
    let loan = tx.find_loan(loan)?.ok_or(ServiceError::NotFound("loan"))?;
    let change = match (loan.unpaid(number), outcome) {
        (Ok(_), Some((_, ChargeOutcome::Captured { reference }))) => loan.collect(number, reference.clone(), now)?,
        // Another worker has noted this refusal already: what is to come is in the job.
        (Ok(instalment), Some((refusals, ChargeOutcome::Declined { .. }))) if instalment.refusals != *refusals => return Ok(()),
        (Ok(_), Some((_, ChargeOutcome::Declined { .. }))) => loan.miss(number, now)?,
        (Err(_), _) | (_, None) => return Ok(tx.remove_job(work::COLLECT, &subject)?),
    };
    tx.save_instalment(&change)?;
    match change.retry_at {
        Some(retry_at) => Ok(tx.delay_job(work::COLLECT, &subject, retry_at, 0)?),
        None => Ok(tx.remove_job(work::COLLECT, &subject)?),
    }
}
