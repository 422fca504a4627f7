//! Settlements: at the end of each trading day, what merchants are owed for their sales is sent to them.

use florin_connect::PayoutOrder;
use florin_domain::bank::bank_reference;
use florin_domain::settlement::Settlement;
use florin_domain::{PayoutId, SettlementId};
use florin_store::Tx;

use crate::{Cx, ServiceError, work};

/// Makes a settlement for each merchant that is owed something, and comes back at the end of the next day.
pub(crate) async fn close_day(cx: &Cx) -> Result<(), ServiceError> {
    let (now, random) = (cx.clock.now(), cx.random.clone());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            for (seller, amount) in tx.list_unsettled()? {
                let settlement = Settlement { id: SettlementId::from_random(random.bytes()), seller, amount, created_at: now, sent: None };
                tx.insert_settlement(&settlement)?;
                tx.put_job(work::SETTLE_OUT, &settlement.id.to_string(), now, None)?;
            }
            Ok(tx.delay_job(work::CLOSE_DAY, work::ALL, now.sydney_day_end(), 0)?)
        })
        .await
}

/// Sends a settlement to the merchant's bank. Its id is the key: sent again after a crash, it is the same settlement.
pub(crate) async fn send(cx: &Cx, subject: &str) -> Result<(), ServiceError> {
    let id = SettlementId::parse(subject).map_err(|_| ServiceError::Internal("a settlement job without a settlement".to_owned()))?;
    let found = cx.store.read(move |tx: &mut Tx<'_>| tx.find_settlement(id)?.ok_or(ServiceError::NotFound("settlement"))).await?;
    let reference = if found.sent.is_some() {
        None
    } else {
        let reference = bank_reference(&format!("SALES {}", found.created_at.sydney_date()));
        let order = PayoutOrder { id: PayoutId::from_random(*id.as_bytes()), seller: found.seller, amount: found.amount, reference };
        Some(cx.world.payouts.send(order).await?)
    };
    let now = cx.clock.now();
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let settlement = tx.find_settlement(id)?.ok_or(ServiceError::NotFound("settlement"))?;
            if let Some((settlement, entry)) = reference.clone().and_then(|reference| settlement.send(reference, now)) {
                tx.save_settlement(&settlement, &entry)?;
            }
            Ok(tx.remove_job(work::SETTLE_OUT, &id.to_string())?)
        })
        .await
}
