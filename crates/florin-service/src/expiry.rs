//! Forgetting: rows that have done their work, such as spent tokens, guests' instruments and counted attempts.
//!
//! Invariant: nothing is forgotten that could still be presented and would then be taken for new, even by a clock that is an hour
//! behind.

use std::time::Duration;

use florin_domain::Timestamp;
use florin_domain::time::hours;
use florin_store::Tx;

use crate::{ServiceError, attempts, work};

/// How long after its end something is kept.
const KEPT_FOR: Duration = hours(1);
/// How often there is something to forget.
const EVERY: Duration = hours(6);
/// How many of the 256 parts of the refresh tokens are looked through each time: all of them in two days.
const PARTS: usize = 32;

/// Forgets what has ended, and comes back in six hours.
pub(crate) fn tidy_up(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), ServiceError> {
    let ended = now.minus(KEPT_FOR);
    for _ in 0..PARTS {
        tx.forget_refresh_tokens(ended)?;
    }
    tx.forget_captures(ended)?;
    tx.forget_frames_actions(ended)?;
    tx.forget_three_ds_sessions(ended)?;
    // A count has to last until the longest span that one is for is over.
    tx.forget_attempts(ended.minus(attempts::DAY))?;
    tx.forget_proofs(ended)?;
    tx.forget_apm_orders(ended)?;
    tx.forget_gift_quotes(ended)?;
    tx.forget_signing_keys(ended)?;
    tx.forget_transients(ended)?;
    Ok(tx.delay_job(work::FORGET_EXPIRED, work::ALL, now.plus(EVERY), 0)?)
}
