//! The mail to a buyer of gift cards: where those are that did not come into the wallet.
//!
//! It is promised with the order and written once its cards are issued. Invariants: an order has at most one such mail, to the
//! address that it was first promised to; it tells addresses, and no number or PIN.

use std::fmt::Write as _;

use florin_domain::application::Email;
use florin_domain::gift_order::{Gift, GiftOrder, GiftOrderState};
use florin_domain::gift_product::GiftProduct;
use florin_domain::{GiftOrderId, MailId, Timestamp};
use florin_store::Tx;

use super::delivery::parcel_url;
use super::issue::{LAST_LOOK, damaged, hasten};
use crate::mailbox::{self, Letter};
use crate::{Context, Cx, ServiceError, merchants, work};

/// Promises the mail, unless that was done before: in the transaction that writes the order down, or when the order is sent again
/// with an address that was missing.
pub(super) fn promise(tx: &mut Tx<'_>, order: GiftOrderId, address: &Email, now: Timestamp) -> Result<(), ServiceError> {
    if tx.promise_gift_mail(order, address)? {
        tx.put_job(work::MAIL_GIFTS, &order.to_string(), now.plus(work::CLAIM), None)?;
    }
    Ok(())
}

/// Takes up again the mail of an order that was given up meanwhile, if it was promised.
pub(super) fn promise_again(tx: &mut Tx<'_>, order: GiftOrderId, now: Timestamp) -> Result<(), ServiceError> {
    let promised = tx.find_gift_mail(order)?;
    promised.map_or(Ok(()), |_| hasten(tx, work::MAIL_GIFTS, &order.to_string(), now))
}

/// Keeps the promise at once, if it can be kept now. The worker does what this leaves.
pub(super) async fn keep(cx: &Cx, order: GiftOrderId) {
    if let Err(error) = mail(cx, &order.to_string()).await {
        tracing::info!(%order, %error, "a mail about gift cards is left to the worker");
    }
}

/// Mails the buyer, unless that is done, or there is nothing to tell, or not yet.
pub(crate) async fn mail(cx: &Cx, subject: &str) -> Result<(), ServiceError> {
    let id = GiftOrderId::parse(subject).map_err(|_| damaged("a mail about no gift order"))?;
    let (now, cx2, subject) = (cx.clock.now(), cx.clone(), subject.to_owned());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            if tx.find_job(work::MAIL_GIFTS, &subject)?.is_none() {
                return Ok(());
            }
            let order = tx.find_gift_order(id)?.ok_or_else(|| damaged("a mail about no gift order"))?;
            let address = tx.find_gift_mail(id)?.ok_or_else(|| damaged("a mail to nobody"))?;
            let is_carried_on = tx.find_job(work::ISSUE_GIFTS, &id.to_string())?.is_some();
            let wait = match order.state {
                GiftOrderState::Approved => {
                    write(&cx2, tx, &order, &address, now)?;
                    None
                }
                GiftOrderState::Processing => Some(work::CLAIM),
                GiftOrderState::Rejected => is_carried_on.then_some(LAST_LOOK),
            };
            match wait {
                Some(wait) => Ok(tx.delay_job(work::MAIL_GIFTS, &subject, now.plus(wait), 0)?),
                None => Ok(tx.remove_job(work::MAIL_GIFTS, &subject)?),
            }
        })
        .await
}

fn write(cx: &Context, tx: &mut Tx<'_>, order: &GiftOrder, address: &Email, now: Timestamp) -> Result<(), ServiceError> {
    let gifts: Vec<_> = tx.list_gifts(order.id)?.into_iter().filter(|gift| gift.instrument.is_none()).collect();
    if gifts.is_empty() {
        return Ok(());
    }
    let shop = merchants::find(tx, &order.merchant)?.name;
    let mut text = format!("Hello,\n\nhere are the gift cards that you bought at {shop}.\n");
    for gift in &gifts {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{}\n{}\n", title(gift)?, parcel_url(cx, gift));
    }
    text.push_str("\nWhoever opens an address sees the card's number and PIN: give it to nobody but whom the card is for.\n");
    let subject = format!("Your gift cards from {shop}");
    mailbox::post(tx, &Letter { id: MailId::from_random(cx.random.bytes()), to: address.clone(), subject, text }, now)
}

/// What a card is called in a line.
fn title(gift: &Gift) -> Result<String, ServiceError> {
    let (product, _) = GiftProduct::of_design(&gift.design).ok_or_else(|| damaged("a gift of no design"))?;
    let whose = gift.recipient.as_ref().map_or(String::new(), |recipient| format!(", for {}", recipient.to));
    Ok(format!("{}, {}{whose}:", product.name, gift.face))
}
