//! Issuing gift cards that were paid for, whoever is still there to see it.
//!
//! Invariants: cards are issued in one transaction with the end of their order, so that a crash issues none or all and never
//! twice; a card's number and PIN follow from the order and the platform's secret, and are kept nowhere.

use std::time::Duration;

use florin_domain::fault::Fault;
use florin_domain::gift_card::{GiftCard, GiftCardNumber, Programme};
use florin_domain::gift_order::{Gift, GiftOrder, GiftOrderState, GiftQuote, QuotedItem};
use florin_domain::gift_product::GiftProduct;
use florin_domain::instrument::InstrumentId;
use florin_domain::payment::{Transaction, TransactionState};
use florin_domain::time::hours;
use florin_domain::{GiftOrderId, GiftQuoteId, Timestamp};
use florin_store::Tx;
use florin_vault::Secret;

use super::{is_for_delivery, letter};
use crate::instruments::{Home, admit_bought};
use crate::{Context, Cx, ServiceError, gift_cards, in_doubt, work};

/// Among which values a card's number and PIN are found.
const CARDS: &str = "issued gift cards";
/// How many digits of a number are free, between the programme's and the check digit.
const FREE_DIGITS: u64 = 1_000_000_000_000;
/// How many PINs there are.
const PINS: u64 = 10_000;
/// When an order is looked at again whose payment was taken for never sent.
pub(super) const LAST_LOOK: Duration = hours(1);
/// How many numbers are tried for one card before something must be wrong.
const TRIES_MAX: u32 = 16;

/// Carries an order on that was left behind; comes back until it has ended.
pub(crate) async fn carry_on(cx: &Cx, subject: &str) -> Result<(), ServiceError> {
    let id = GiftOrderId::parse(subject).map_err(|_| ServiceError::Internal("a job without a gift order".to_owned()))?;
    if finish(cx, id).await? {
        return Ok(());
    }
    let what = "A payment for gift cards is still under way.".to_owned();
    Err(ServiceError::Unavailable { what, retry_after_s: 30 })
}

/// Ends an order whose payment is known: issues its cards, or rejects it. `false` while the payment is not known.
pub(super) async fn finish(cx: &Cx, id: GiftOrderId) -> Result<bool, ServiceError> {
    let (order, transaction) = cx.store.read(move |tx: &mut Tx<'_>| standing(tx, id)).await?;
    if order.state == GiftOrderState::Approved {
        return Ok(true);
    }
    if transaction.is_open() {
        if !in_doubt::is_left_behind(cx, &transaction) {
            return Ok(false);
        }
        in_doubt::settle(cx, order.receipt).await?;
    }
    let (now, cx2) = (cx.clock.now(), cx.clone());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let (order, transaction) = standing(tx, id)?;
            let job = id.to_string();
            match (order.state, transaction.state) {
                (GiftOrderState::Approved, _) => {}
                (GiftOrderState::Rejected, TransactionState::PartlyApproved | TransactionState::Rejected) => {
                    // Whoever sends the order again must not take away the look that is still to come.
                    if tx.find_job(work::ISSUE_GIFTS, &job)?.is_some_and(|job| now < job.due_at) {
                        return Ok(true);
                    }
                }
                (_, TransactionState::Processing) => return Ok(false),
                (GiftOrderState::Processing, TransactionState::Approved) => issue(&cx2, tx, order, now)?,
                (GiftOrderState::Rejected, TransactionState::Approved) => {
                    let order = revived(&cx2, tx, order)?;
                    letter::promise_again(tx, id, now)?;
                    issue(&cx2, tx, order, now)?;
                }
                (GiftOrderState::Processing, TransactionState::PartlyApproved | TransactionState::Rejected) => {
                    order.reject().map_or(Ok(()), |order| tx.end_gift_order(&order))?;
                    if transaction.movements.iter().any(|movement| movement.fault() == Some(Fault::NotSent)) {
                        // What was taken for never sent may turn up yet: it is looked at once more.
                        tx.delay_job(work::ISSUE_GIFTS, &job, now.plus(LAST_LOOK), 0)?;
                        return Ok(true);
                    }
                }
            }
            tx.remove_job(work::ISSUE_GIFTS, &job)?;
            Ok::<_, ServiceError>(true)
        })
        .await
}

/// A payment that was taken for never sent has happened all the same: its cards are issued, however late that is.
pub(crate) fn of_late(tx: &mut Tx<'_>, transaction: &Transaction, now: Timestamp) -> Result<(), ServiceError> {
    let order = tx.find_gift_order_with(transaction.receipt)?.filter(|order| order.state != GiftOrderState::Approved);
    order.map_or(Ok(()), |order| hasten(tx, work::ISSUE_GIFTS, &order.id.to_string(), now))
}

/// Has a job done at once, be it written down for later or not at all.
pub(super) fn hasten(tx: &mut Tx<'_>, kind: &'static str, subject: &str, now: Timestamp) -> Result<(), ServiceError> {
    tx.put_job(kind, subject, now, None)?;
    Ok(tx.delay_job(kind, subject, now, 0)?)
}

/// A rejected order whose payment happened all the same.
fn revived(cx: &Context, tx: &mut Tx<'_>, order: GiftOrder) -> Result<GiftOrder, ServiceError> {
    let quote = tx.find_gift_quote(order.quote)?.ok_or_else(|| damaged("a gift order without its quote"))?;
    let quote = GiftQuote { id: GiftQuoteId::from_random(cx.random.bytes()), ..quote };
    let order = order.revive(quote.id).ok_or_else(|| damaged("a gift order ended twice"))?;
    tx.insert_gift_quote(&quote)?;
    tx.revive_gift_order(&order)?;
    Ok(order)
}

fn standing(tx: &mut Tx<'_>, id: GiftOrderId) -> Result<(GiftOrder, Transaction), ServiceError> {
    let order = tx.find_gift_order(id)?.ok_or(ServiceError::NotFound("gift card order"))?;
    let transaction = tx.find_transaction(order.receipt)?.ok_or(ServiceError::NotFound("transaction"))?;
    Ok((order, transaction))
}

fn issue(cx: &Context, tx: &mut Tx<'_>, order: GiftOrder, now: Timestamp) -> Result<(), ServiceError> {
    let quote = tx.find_gift_quote(order.quote)?.ok_or_else(|| damaged("a gift order without its quote"))?;
    let cards = cards(cx, tx, (&order, &quote), now)?;
    let issue = order.issue(cards, now).ok_or_else(|| damaged("a gift order ended twice"))?;
    Ok(tx.save_gift_issue(&issue)?)
}

fn cards(
    cx: &Context,
    tx: &mut Tx<'_>,
    (order, quote): (&GiftOrder, &GiftQuote),
    now: Timestamp,
) -> Result<Vec<(GiftCard, Gift)>, ServiceError> {
    let mut cards: Vec<(GiftCard, Gift)> = Vec::new();
    for (number, item) in quote.cards() {
        let (card, typed, attempt) = fresh(cx, tx, (order.id, number), (item, now), &cards)?;
        let instrument = if is_for_delivery(item, order.guest) { None } else { Some(into_wallet(cx, tx, order, (&card, &typed), now)?) };
        let gift = Gift {
            order: order.id,
            number,
            design: item.item.design.clone(),
            fingerprint: card.fingerprint,
            programme: card.programme.clone(),
            suffix: card.suffix.clone(),
            face: item.item.face,
            price: item.unit_price,
            instrument,
            recipient: item.item.recipient.clone(),
            attempt,
            issued_at: now,
        };
        cards.push((card, gift));
    }
    Ok(cards)
}

/// A card whose number nobody has.
fn fresh(
    cx: &Context,
    tx: &mut Tx<'_>,
    (order, number): (GiftOrderId, u32),
    (item, now): (&QuotedItem, Timestamp),
    others: &[(GiftCard, Gift)],
) -> Result<(GiftCard, GiftCardNumber, u32), ServiceError> {
    let product = GiftProduct::find(&item.product).ok_or_else(|| damaged("a gift card of no product"))?;
    let programme = Programme::of_number(product.prefix).ok_or_else(|| damaged("a gift card of no programme"))?;
    let today = now.sydney_date();
    let expires_on = today.checked_add(jiff::Span::new().days(i64::from(product.expiry_days))).unwrap_or(today);
    for attempt in 0..TRIES_MAX {
        let (typed, pin) = number_and_pin(cx, programme.prefix, (order, number, attempt))?;
        let card = gift_cards::made(cx, (programme, &typed), pin.expose(), (item.item.face, expires_on));
        let is_taken = others.iter().any(|(other, _)| other.fingerprint == card.fingerprint);
        if !is_taken && tx.find_gift_card(&card.fingerprint)?.is_none() {
            return Ok((card, typed, attempt));
        }
    }
    Err(damaged("no gift card number is free"))
}

/// The number and the PIN of an issued card: 19 digits with a check digit at the end, and four.
pub(super) fn number_and_pin(
    cx: &Context,
    prefix: &str,
    (order, number, attempt): (GiftOrderId, u32, u32),
) -> Result<(GiftCardNumber, Secret<String>), ServiceError> {
    let derived = cx.keeper.capability(CARDS, format!("{order}/{number}/{attempt}").as_bytes());
    let derived = u128::from_be_bytes(derived);
    let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0);
    let (free, pin) = (half(derived >> 64) % FREE_DIGITS, half(derived) % PINS);
    let digits = format!("{prefix}{free:012}");
    let text = format!("{digits}{}", florin_domain::card::check_digit(&digits));
    let number = GiftCardNumber::parse(&text).map_err(|_| damaged("an issued gift card's number is none"))?;
    Ok((number, Secret::new(format!("{pin:04}"))))
}

/// Takes a card into the buyer's wallet.
fn into_wallet(
    cx: &Context,
    tx: &mut Tx<'_>,
    order: &GiftOrder,
    (card, number): (&GiftCard, &GiftCardNumber),
    now: Timestamp,
) -> Result<InstrumentId, ServiceError> {
    let home = Home { wallet: order.wallet, merchant: order.merchant.clone(), seller: order.seller, guest: false, gone_at: None };
    admit_bought(cx, tx, &home, &gift_cards::entrant(card, number), now).map(|instrument| instrument.id)
}

pub(super) fn damaged(what: &str) -> ServiceError {
    ServiceError::Internal(what.to_owned())
}
