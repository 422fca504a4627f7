//! Webhooks, as an operator handles them: see what was sent, what came back, and send it again.

use florin_domain::Timestamp;
use florin_store::Tx;
pub use florin_store::{Announcement, AnnouncementFilter, Attempt, Delivery};

use crate::{Cx, ServiceError, relay, sign};

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
    Ok(Some(sign(&relay::signing_token(cx, announcement).await?, body)))
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
