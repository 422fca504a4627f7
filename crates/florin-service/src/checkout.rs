//! The checkout: where a buyer stands, and everything a buyer can do about it.
//!
//! State lives in the books and is found by the order's link, so a buyer may change the device or open two tabs.
//! Invariant: every verb is safe to repeat; one that comes too late changes nothing and tells where the buyer now stands.

use florin_connect::Bank;
use florin_domain::application::{Application, ApplicationState};
use florin_domain::bank::{BankPayment, BankPaymentState};
use florin_domain::card::Card;
use florin_domain::company::{Company, CompanyNumber};
use florin_domain::credit::{is_pay_later_amount, is_pay_now_amount};
use florin_domain::loan::{Loan, Offer, Term};
use florin_domain::order::{EndReason, Order, OrderState, PayMethod};
use florin_domain::seller::Seller;
use florin_domain::{LinkToken, Timestamp};
use florin_store::Tx;

pub use crate::applications::{Apply, apply, confirm_code, give_email};
pub use crate::banking::{bank_returned, choose_bank};
pub use crate::cards::{GiveCard, give_card};
pub use crate::lending::{Agreement, agree, agreement, choose_term};
use crate::{Context, Cx, ServiceError, orders};

/// The fewest letters that a search for a company needs.
const SEARCH_MIN: usize = 2;
/// The most that it may have.
const SEARCH_MAX: usize = 100;

/// The page that a buyer should see next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Choose how to pay.
    Landing,
    /// Give an e-mail address.
    Email,
    /// Type the code that was sent.
    Code,
    /// Say for which company.
    Company,
    /// Wait for the underwriter.
    Deciding,
    /// Choose a term.
    Term,
    /// Name a card.
    Card,
    /// Read and sign.
    Agreement,
    /// Choose a bank.
    Bank,
    /// Authorise at the bank.
    AtBank {
        /// The bank's page.
        authorise_url: String,
    },
    /// Wait for the bank.
    BankProcessing,
    /// It is paid.
    Done,
    /// It will not be paid.
    Ended(EndReason),
}

/// Everything that a page of the checkout may need.
#[derive(Debug, Clone)]
pub struct Checkout {
    /// The order.
    pub order: Order,
    /// Its seller.
    pub seller: Seller,
    /// The buyer's application, if there is one.
    pub application: Option<Application>,
    /// The repayment card, if one was named.
    pub card: Option<Card>,
    /// The last attempt to pay by bank.
    pub payment: Option<BankPayment>,
    /// The loan, once signed.
    pub loan: Option<Loan>,
    /// Where the buyer stands.
    pub step: Step,
    /// The code that was sent, in the sandbox while one is awaited.
    pub sandbox_code: Option<String>,
    /// Where the buyer goes afterwards.
    pub return_url: Option<String>,
}

impl Checkout {
    /// Whether the buyer can pay this way: the seller allows it and the amount fits.
    pub fn offers_method(&self, method: PayMethod) -> bool {
        let amount = self.order.terms.amount;
        let fits = match method {
            PayMethod::Now => is_pay_now_amount(amount),
            PayMethod::Later => is_pay_later_amount(amount),
        };
        fits && self.order.terms.methods.allow(method)
    }
}

/// Finds a checkout by its link.
///
/// # Errors
/// [`ServiceError::NotFound`] for a link that leads nowhere.
pub async fn view(cx: &Cx, link: &LinkToken) -> Result<Checkout, ServiceError> {
    let (link, cx2) = (link.clone(), cx.clone());
    cx.store.read(move |tx: &mut Tx<'_>| load(&cx2, tx, &link)).await
}

/// Reads everything about a checkout inside a transaction.
pub(crate) fn load(cx: &Context, tx: &mut Tx<'_>, link: &LinkToken) -> Result<Checkout, ServiceError> {
    let id = orders::order_of_link(link);
    let application = tx.find_application(id)?;
    let payment = tx.find_last_bank_payment(id)?;
    // The order is read after what may settle it: outside a write each statement sees the newest state.
    let found = tx.find_order(id)?.filter(|order| order.terms.link == *link);
    let order = found.ok_or(ServiceError::NotFound("order"))?;
    let seller = tx.find_seller(order.terms.seller)?.ok_or(ServiceError::NotFound("seller"))?;
    let loan = tx.find_loan_by_order(id)?;
    let card = match application.as_ref().map(|application| &application.state) {
        Some(ApplicationState::Approved { card: Some(card), .. } | ApplicationState::Agreed { card, .. }) => tx.find_card(*card)?,
        _ => None,
    };
    let card_is_good = card.as_ref().is_some_and(|card: &Card| !card.expiry.has_passed(cx.clock.now()));
    let step = step_of(&order, application.as_ref(), payment.as_ref(), card_is_good);
    let sandbox_code = application
        .as_ref()
        .filter(|application| cx.policy.is_sandbox() && application.state == ApplicationState::Confirming)
        .map(|application| cx.keeper.code(order.id(), application.code.number));
    let return_url = orders::return_url(&order);
    Ok(Checkout { order, seller, application, card, payment, loan, step, sandbox_code, return_url })
}

/// Where a buyer stands, from what the books say.
fn step_of(order: &Order, application: Option<&Application>, payment: Option<&BankPayment>, card_is_good: bool) -> Step {
    match &order.state {
        OrderState::Successful { .. } => return Step::Done,
        OrderState::Unsuccessful { reason, .. } => return Step::Ended(*reason),
        OrderState::Created | OrderState::Pending { .. } | OrderState::Approved { .. } => {}
    }
    match payment.map(|payment| &payment.state) {
        Some(BankPaymentState::AwaitingAuthorisation { authorise_url }) => return Step::AtBank { authorise_url: authorise_url.clone() },
        Some(BankPaymentState::Starting | BankPaymentState::Processing) => return Step::BankProcessing,
        _ => {}
    }
    match application.map(|application| &application.state) {
        None => Step::Landing,
        Some(ApplicationState::Confirming) => Step::Code,
        Some(ApplicationState::Confirmed) => Step::Company,
        Some(ApplicationState::Submitted { .. } | ApplicationState::Referred { .. }) => Step::Deciding,
        Some(ApplicationState::Approved { term: None, .. }) => Step::Term,
        Some(ApplicationState::Approved { .. }) if !card_is_good => Step::Card,
        Some(ApplicationState::Approved { .. }) => Step::Agreement,
        Some(ApplicationState::Declined { .. }) => Step::Ended(EndReason::Declined),
        Some(ApplicationState::Agreed { .. }) => Step::Done,
    }
}

/// The buyer chooses a way to pay. Changes nothing yet: an e-mail address or a bank does.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `pay` if the order cannot be paid this way.
pub async fn choose(cx: &Cx, link: &LinkToken, method: PayMethod) -> Result<Step, ServiceError> {
    let checkout = view(cx, link).await?;
    let begins = matches!(checkout.step, Step::Landing | Step::Code | Step::Company);
    if !begins {
        return Ok(checkout.step);
    }
    if !checkout.offers_method(method) {
        return Err(ServiceError::invalid("pay", "is not a way to pay this order"));
    }
    Ok(match (method, checkout.step) {
        (PayMethod::Now, _) => Step::Bank,
        (PayMethod::Later, Step::Landing) => Step::Email,
        (PayMethod::Later, step) => step,
    })
}

/// Looks companies up by number or name.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `company` for too short or too long a text.
pub async fn search_companies(cx: &Cx, query: &str) -> Result<Vec<Company>, ServiceError> {
    let query = query.trim();
    if !(SEARCH_MIN..=SEARCH_MAX).contains(&query.chars().count()) {
        return Err(ServiceError::invalid("company", "must be 2 to 100 characters of a name, or a company number"));
    }
    Ok(cx.world.register.search(query).await?)
}

/// Looks a company up by its number.
pub(crate) async fn find_company(cx: &Cx, number: &str) -> Result<Company, ServiceError> {
    let number = CompanyNumber::parse(number).map_err(|error| ServiceError::invalid("company_number", &error))?;
    let found = cx.world.register.find(&number).await?;
    found.ok_or_else(|| ServiceError::invalid("company_number", "is not on the register"))
}

/// What each term would cost the buyer; shown before choosing.
pub fn offers(checkout: &Checkout, now: Timestamp) -> Vec<Offer> {
    Term::ALL.into_iter().filter_map(|term| Offer::new(checkout.order.terms.amount, term, checkout.seller.rate(term), now)).collect()
}

/// The banks to choose from.
pub fn banks(cx: &Context) -> Vec<Bank> {
    cx.world.bank.banks()
}
