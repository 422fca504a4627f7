//! Paying sellers, and billing what they owe.

use florin_connect::PayoutOrder;
use florin_domain::bank::bank_reference;
use florin_domain::payout::{Payout, PayoutState, bill_fees};
use florin_domain::{PayoutId, SellerId, Timestamp};
use florin_store::Tx;

use crate::{Cx, ServiceError, work};

/// Writes a payout with the job that sends it when it is due.
pub(crate) fn schedule(tx: &mut Tx<'_>, payout: &Payout) -> Result<(), ServiceError> {
    tx.insert_payout(payout)?;
    Ok(tx.put_job(work::PAY_OUT, &payout.id.to_string(), payout.due_at, None)?)
}

/// Sends a payout to the seller's bank. The payout's id is the key: sent again after a crash, it is the same payout.
pub(crate) async fn send(cx: &Cx, subject: &str) -> Result<(), ServiceError> {
    let id = PayoutId::parse(subject).map_err(|_| ServiceError::Internal("a payout job without a payout".to_owned()))?;
    let found = cx
        .store
        .read(move |tx: &mut Tx<'_>| {
            let payout = tx.find_payout(id)?.ok_or(ServiceError::NotFound("payout"))?;
            let order = tx.find_order(payout.order)?.ok_or(ServiceError::NotFound("order"))?;
            Ok::<_, ServiceError>((payout, order.terms.reference))
        })
        .await?;
    let (payout, reference) = found;
    let sent = match payout.state {
        PayoutState::Sent { .. } => None,
        PayoutState::Scheduled => {
            let order = PayoutOrder { id, seller: payout.seller, amount: payout.amount, reference: bank_reference(&reference) };
            Some(cx.world.payouts.send(order).await?)
        }
    };
    let now = cx.clock.now();
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let payout = tx.find_payout(id)?.ok_or(ServiceError::NotFound("payout"))?;
            if let Some((payout, entry)) = sent.clone().and_then(|reference| payout.send(reference, now)) {
                tx.save_payout(&payout, &entry)?;
            }
            Ok(tx.remove_job(work::PAY_OUT, &id.to_string())?)
        })
        .await
}

/// Bills a seller's fees of one month.
pub(crate) async fn bill(cx: &Cx, subject: &str) -> Result<(), ServiceError> {
    let bad = || ServiceError::Internal("a billing job without a month".to_owned());
    let (seller, month_end) = subject.split_once('/').ok_or_else(bad)?;
    let seller = SellerId::parse(seller).map_err(|_| bad())?;
    let month_end = Timestamp::from_micros(month_end.parse().map_err(|_| bad())?);
    let (now, subject) = (cx.clock.now(), subject.to_owned());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let total = tx.fees_to_bill(seller, month_end)?;
            if total.is_positive() {
                tx.save_fee_bill(seller, month_end, &bill_fees(seller, total, month_end, now))?;
            }
            Ok(tx.remove_job(work::BILL_FEES, &subject)?)
        })
        .await
}
