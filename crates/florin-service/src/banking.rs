//! Paying by bank: start a payment, send the buyer to the bank, ask the bank what came of it.
//!
//! Invariants: the payment's id is the key at the bank; the buyer's return is never believed, the bank is asked; money that
//! comes for an order that has ended goes back.

use std::time::Duration;

use florin_connect::{BankStatus, ConnectError, StartPayment};
use florin_domain::bank::{BankPayment, BankPaymentState, bank_reference};
use florin_domain::order::{EndReason, Order, OrderState, PayMethod};
use florin_domain::payout::{Payout, PayoutState};
use florin_domain::time::{days, hours, minutes};
use florin_domain::{BankPaymentId, LinkToken, PayoutId, Timestamp};
use florin_store::{StoreError, Tx};

use crate::checkout::{Step, load, view};
use crate::{Cx, ServiceError, orders, payouts, work};

/// How often the bank is asked about a payment that is under way.
const ASK_EVERY: Duration = minutes(5);
/// For how long it is asked that often; an older payment is asked about ever less often.
const ASK_OFTEN_FOR: Duration = hours(2);
/// The longest wait between two questions.
const ASK_AT_LEAST_EVERY: Duration = days(1);

/// The buyer chooses a bank: the order is pending from now on, and the buyer goes to the bank's page.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `bank`; [`ServiceError::Unavailable`] if the bank is away: another may be chosen.
pub async fn choose_bank(cx: &Cx, link: &LinkToken, bank: &str) -> Result<Step, ServiceError> {
    if !cx.world.bank.banks().iter().any(|known| known.id == bank) {
        return Err(ServiceError::invalid("bank", "is not one of the banks offered"));
    }
    ask_open_payments(cx, link).await?;
    let (link2, bank, cx2) = (link.clone(), bank.to_owned(), cx.clone());
    let id = BankPaymentId::from_random(cx.random.bytes());
    let started = cx
        .store
        .write(move |tx: &mut Tx<'_>| {
            let checkout = load(&cx2, tx, &link2)?;
            if !matches!(checkout.step, Step::Landing | Step::Code | Step::Company | Step::AtBank { .. }) {
                return Ok(false);
            }
            if !checkout.offers_method(PayMethod::Now) {
                return Err(ServiceError::invalid("pay", "is not a way to pay this order"));
            }
            // The same bank again is the same form again.
            if checkout.payment.is_some_and(|payment| payment.state.is_open() && payment.bank == bank) {
                return Ok(false);
            }
            begin(tx, &checkout.order, id, &bank, cx2.clock.now())?;
            Ok(true)
        })
        .await?;
    if started {
        work::perform_now(cx, work::BANK, &id.to_string()).await?;
        let tried = cx.store.read(move |tx: &mut Tx<'_>| tx.find_bank_payment(id).map_err(ServiceError::from)).await?;
        if let Some(BankPaymentState::Failed { reason, .. }) = tried.map(|payment| payment.state) {
            return Err(ServiceError::Unavailable { what: reason, retry_after_s: 60 });
        }
        // The bank that the buyer turned away from is told, so that it cannot pay as well.
        ask_open_payments(cx, link).await?;
    }
    Ok(view(cx, link).await?.step)
}

fn begin(tx: &mut Tx<'_>, order: &Order, id: BankPaymentId, bank: &str, now: Timestamp) -> Result<(), ServiceError> {
    let (amount, bank) = (order.terms.amount, bank.to_owned());
    let payment = BankPayment { id, order: order.id(), bank, amount, created_at: now, state: BankPaymentState::Starting };
    tx.insert_bank_payment(&payment)?;
    Ok(tx.put_job(work::BANK, &id.to_string(), now, Some(now.plus(work::CLAIM)))?)
}

/// Asks the banks about every payment of the order that may still bring money. A bank that is away is asked again later.
async fn ask_open_payments(cx: &Cx, link: &LinkToken) -> Result<(), ServiceError> {
    let (order, now) = (orders::order_of_link(link), cx.clock.now());
    let open = cx.store.read(move |tx: &mut Tx<'_>| tx.list_open_bank_payments(order).map_err(ServiceError::from)).await?;
    for payment in open {
        let (subject, key) = (payment.to_string(), payment.to_string());
        let due: Result<(), StoreError> = cx.store.write(move |tx: &mut Tx<'_>| tx.delay_job(work::BANK, &key, now, 0)).await;
        due?;
        match work::perform_now(cx, work::BANK, &subject).await {
            Ok(()) | Err(ServiceError::Unavailable { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Sees to it that the bank is asked again: soon while a buyer may be waiting, later and later after that.
fn ask_again(tx: &mut Tx<'_>, payment: &BankPayment, now: Timestamp) -> Result<(), StoreError> {
    let age = now.since(payment.created_at);
    let wait = if age < ASK_OFTEN_FOR { ASK_EVERY } else { (age / 4).min(ASK_AT_LEAST_EVERY) };
    tx.delay_job(work::BANK, &payment.id.to_string(), now.plus(wait), 0)
}

/// The buyer comes back from the bank; what happened there is asked, not believed.
///
/// # Errors
/// [`ServiceError::NotFound`] for a link that leads nowhere.
pub async fn bank_returned(cx: &Cx, link: &LinkToken) -> Result<Step, ServiceError> {
    ask_open_payments(cx, link).await?;
    Ok(view(cx, link).await?.step)
}

/// What the bank said, to be recorded.
#[derive(Debug, Clone)]
enum Said {
    Started(String),
    Away(String),
    /// Called back by us: no word of the buyer's, so the order does not follow it.
    Withdrawn(String),
    Status(BankStatus),
    Returned(String),
    Nothing,
}

/// Carries a payment on from wherever it stands.
pub(crate) async fn carry_on(cx: &Cx, subject: &str) -> Result<(), ServiceError> {
    let id = BankPaymentId::parse(subject).map_err(|_| ServiceError::Internal("a bank job without a payment".to_owned()))?;
    let found = cx
        .store
        .read(move |tx: &mut Tx<'_>| {
            let payment = tx.find_bank_payment(id)?.ok_or(ServiceError::NotFound("payment"))?;
            let order = tx.find_order(payment.order)?.ok_or(ServiceError::NotFound("order"))?;
            let seller = tx.find_seller(order.terms.seller)?.ok_or(ServiceError::NotFound("seller"))?;
            // The newest that may still bring money; one that could not be started takes nobody's place.
            let newest = tx.list_open_bank_payments(order.id())?.last().is_none_or(|newest| *newest == id);
            let wanted = newest && !order.status().is_final();
            Ok::<_, ServiceError>((payment, order, seller.name, wanted))
        })
        .await?;
    let (payment, order, payee, wanted) = found;
    let said = match ask(cx, &payment, &order, payee).await? {
        // Nobody waits for this payment any more: it must not be left for the buyer to authorise by mistake.
        Said::Status(BankStatus::AwaitingAuthorisation) if !wanted => match cx.world.bank.withdraw(&id, cx.clock.now()).await? {
            BankStatus::Rejected { reason } => Said::Withdrawn(reason),
            status => Said::Status(status),
        },
        said => said,
    };
    let (now, payout) = (cx.clock.now(), PayoutId::from_random(cx.random.bytes()));
    cx.store.write(move |tx: &mut Tx<'_>| record(tx, id, said.clone(), payout, now)).await
}

async fn ask(cx: &Cx, payment: &BankPayment, order: &Order, payee: String) -> Result<Said, ServiceError> {
    let bank = &cx.world.bank;
    match &payment.state {
        BankPaymentState::Starting => {
            let return_url = cx.policy.checkout_url(&order.terms.link, "bank/return");
            let reference = bank_reference(&order.terms.reference);
            let (id, chosen, amount, now) = (payment.id, payment.bank.clone(), payment.amount, cx.clock.now());
            match bank.start(StartPayment { id, bank: chosen, amount, reference, payee, return_url, now }).await {
                Ok(started) => Ok(Said::Started(started.authorise_url)),
                // A buyer is waiting: better another bank now than this one later. Nothing was authorised yet.
                Err(ConnectError::Unavailable(_)) => {
                    Ok(Said::Away("This bank does not answer at the moment. Choose another one, or try again later.".to_owned()))
                }
                Err(ConnectError::Refused { message, .. }) => Ok(Said::Away(message)),
                Err(error) => Err(error.into()),
            }
        }
        BankPaymentState::AwaitingAuthorisation { .. } | BankPaymentState::Processing => {
            Ok(Said::Status(bank.status(&payment.id, cx.clock.now()).await?))
        }
        BankPaymentState::Returning { .. } => Ok(Said::Returned(bank.refund(&payment.id, payment.amount).await?)),
        BankPaymentState::Executed { .. } | BankPaymentState::Failed { .. } | BankPaymentState::Returned { .. } => Ok(Said::Nothing),
    }
}

/// Records what the bank said, with everything that follows from it.
fn record(tx: &mut Tx<'_>, id: BankPaymentId, said: Said, payout: PayoutId, now: Timestamp) -> Result<(), ServiceError> {
    let payment = tx.find_bank_payment(id)?.ok_or(ServiceError::NotFound("payment"))?;
    let subject = id.to_string();
    match (payment.state.clone(), said) {
        (BankPaymentState::Starting, Said::Started(authorise_url)) => {
            let payment = tx.save_bank_payment(payment.moves(BankPaymentState::AwaitingAuthorisation { authorise_url }, now))?;
            ask_again(tx, &payment, now)?;
            let order = tx.find_order(payment.order)?.filter(|order| !order.status().is_final());
            if let Some(change) = order.map(|order| order.begin(now)).transpose()?.flatten() {
                tx.save(change, true)?;
            }
        }
        (BankPaymentState::Starting, Said::Away(reason)) | (BankPaymentState::AwaitingAuthorisation { .. }, Said::Withdrawn(reason)) => {
            tx.save_bank_payment(payment.moves(BankPaymentState::Failed { at: now, reason }, now))?;
            tx.remove_job(work::BANK, &subject)?;
        }
        (state, Said::Status(status)) if state.is_open() => take_status(tx, payment, status, payout, now)?,
        (BankPaymentState::Returning { .. }, Said::Returned(reference)) => {
            tx.save_bank_payment(payment.goes_back(reference, now))?;
            tx.remove_job(work::BANK, &subject)?;
        }
        // Somebody else was quicker; what is final needs no job.
        (state, _) if !state.is_open() && !matches!(state, BankPaymentState::Returning { .. }) => tx.remove_job(work::BANK, &subject)?,
        _ => ask_again(tx, &payment, now)?,
    }
    Ok(())
}

fn take_status(tx: &mut Tx<'_>, payment: BankPayment, status: BankStatus, payout: PayoutId, now: Timestamp) -> Result<(), ServiceError> {
    let subject = payment.id.to_string();
    let order = tx.find_order(payment.order)?.ok_or(ServiceError::NotFound("order"))?;
    match status {
        BankStatus::AwaitingAuthorisation => ask_again(tx, &payment, now)?,
        BankStatus::Processing => {
            let payment = tx.save_bank_payment(payment.moves(BankPaymentState::Processing, now))?;
            ask_again(tx, &payment, now)?;
        }
        BankStatus::Rejected { reason } => {
            tx.save_bank_payment(payment.moves(BankPaymentState::Failed { at: now, reason }, now))?;
            tx.remove_job(work::BANK, &subject)?;
            // Another bank may still pay; only when none is left does a refusal end the order.
            let none_left = tx.list_open_bank_payments(order.id())?.is_empty();
            if none_left && matches!(order.state, OrderState::Pending { .. }) {
                tx.save(order.end(EndReason::Refused, now)?, true)?;
            }
        }
        BankStatus::Executed { reference } => execute(tx, payment, reference, payout, now)?,
    }
    Ok(())
}

/// The money came: it pays the order if that still waits, and else goes back.
fn execute(tx: &mut Tx<'_>, payment: BankPayment, reference: String, payout: PayoutId, now: Timestamp) -> Result<(), ServiceError> {
    let order = tx.find_order(payment.order)?.ok_or(ServiceError::NotFound("order"))?;
    let subject = payment.id.to_string();
    if !matches!(order.state, OrderState::Pending { .. }) {
        tx.save_bank_payment(payment.comes_too_late(reference, now))?;
        return Ok(tx.delay_job(work::BANK, &subject, now, 0)?);
    }
    let seller = tx.find_seller(order.terms.seller)?.ok_or(ServiceError::NotFound("seller"))?;
    let (id, amount) = (payment.id, order.terms.amount);
    tx.save_bank_payment(payment.moves(BankPaymentState::Executed { at: now, reference }, now))?;
    let due_at = now.plus(seller.payout_hold());
    payouts::schedule(tx, &Payout { id: payout, seller: seller.id, order: order.id(), amount, due_at, state: PayoutState::Scheduled })?;
    tx.save(order.pay_with_bank(id, now)?, true)?;
    Ok(tx.remove_job(work::BANK, &subject)?)
}
