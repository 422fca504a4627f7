//! Webhooks, as an operator handles them: see what was sent, what came back, and send it again.

use florin_domain::Timestamp;
use florin_store::Tx;
pub use florin_store::{Announcement, AnnouncementFilter, Attempt, Delivery};
use florin_vault::AccessToken;

use crate::keeper::{token_place, token_text};
use crate::{Cx, ServiceError, sign};

/// Lists announcements, newest first.
///
/// # Errors
/// Only if the store fails.
pub fn list(tx: &mut Tx<'_>, filter: &AnnouncementFilter) -> Result<Vec<Announcement>, ServiceError> {
    Ok(tx.list_announcements(filter)?)
}

/// One announcement with every attempt to deliver it.
///
/// # Errors
/// [`ServiceError::NotFound`] if there is none with this number that has a target.
pub fn show(tx: &mut Tx<'_>, seq: i64) -> Result<(Announcement, Vec<Attempt>), ServiceError> {
    let found = tx.find_announcement(seq)?.filter(|found| found.delivery != Delivery::None);
    let announcement = found.ok_or(ServiceError::NotFound("webhook"))?;
    Ok((announcement, tx.list_attempts(seq)?))
}

/// The signature that goes with an announcement's bytes, once they are fixed.
///
/// # Errors
/// [`ServiceError::NotFound`] if the seller has no token left to sign with.
pub async fn signature(cx: &Cx, announcement: &Announcement) -> Result<Option<String>, ServiceError> {
    let Some((_, body)) = &announcement.rendered else {
        return Ok(None);
    };
    Ok(Some(sign(&signing_token(cx, announcement).await?, body)))
}

/// Sends an announcement again, with the same id and bytes, and the whole patience of a new one.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub fn redeliver(tx: &mut Tx<'_>, seq: i64, now: Timestamp) -> Result<Announcement, ServiceError> {
    show(tx, seq)?;
    tx.revive_announcement(seq, now)?;
    Ok(show(tx, seq)?.0)
}

/// The token that created the order; if it is no longer good, the merchant's newest that is.
async fn signing_token(cx: &Cx, announcement: &Announcement) -> Result<AccessToken, ServiceError> {
    let (order, seller, now, cx2) = (announcement.event.order, announcement.event.seller, cx.clock.now(), cx.clone());
    cx.store
        .read(move |tx: &mut Tx<'_>| {
            let order = tx.find_order(order)?.ok_or(ServiceError::NotFound("order"))?;
            let mut tokens = tx.list_tokens(Some(seller))?;
            let place = tokens
                .iter()
                .position(|token| token.id == order.terms.token && token.is_good(now))
                .or_else(|| tokens.iter().rposition(|token| token.is_good(now)))
                .or_else(|| tokens.iter().position(|token| token.id == order.terms.token));
            let token = place.map(|place| tokens.swap_remove(place)).ok_or(ServiceError::NotFound("token"))?;
            let (id, owner) = (token.id.to_string(), seller.to_string());
            token_text(&cx2.keeper.open(tx, token_place(&id, &owner), &token.sealed)?)
        })
        .await
}
