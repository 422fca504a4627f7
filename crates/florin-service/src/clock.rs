//! The clock: what time it is in the product, and in the sandbox how it is moved.
//!
//! Invariants: the only place that reads the system's clock; moving it forward makes what falls due happen, in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use florin_domain::Timestamp;
use florin_store::Tx;
use tokio::sync::RwLockWriteGuard;

use crate::{Context, Cx, ServiceError, relay, work};

/// The setting that keeps how far the sandbox's clock is ahead, in microseconds.
const OFFSET: &str = "clock_offset_micros";
/// The farthest that one call may move the clock: ten years.
const ADVANCE_MAX: Duration = florin_domain::time::days(3_653);

/// The product's clock: the system's, plus how far the sandbox has moved it.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    offset_micros: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that shows the system's time.
    pub fn system() -> Self {
        Self::default()
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(system_micros().saturating_add(self.offset_micros.load(Ordering::Relaxed)))
    }

    /// Puts the clock at least so many microseconds ahead. It never goes back.
    fn reach(&self, offset_micros: i64) {
        self.offset_micros.fetch_max(offset_micros, Ordering::Relaxed);
    }

    fn set_offset(&self, micros: i64) {
        self.offset_micros.store(micros, Ordering::Relaxed);
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place where the system's clock is read")]
fn system_micros() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX)
}

/// What moving the clock brought about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advanced {
    /// What time it is now.
    pub now: Timestamp,
    /// How many jobs were done on the way.
    pub jobs_run: u32,
    /// How many webhooks were sent on the way, failed attempts included.
    pub webhooks_sent: u32,
}

/// Takes over how far the clock is ahead from the books, where another process may have moved it.
///
/// # Errors
/// Only if the store fails.
pub async fn follow(cx: &Context) -> Result<(), ServiceError> {
    if cx.policy.is_sandbox() {
        let kept = cx.store.read(|tx: &mut Tx<'_>| tx.setting(OFFSET).map_err(ServiceError::from)).await?;
        if let Some(offset) = kept.and_then(|text| text.parse().ok()) {
            cx.clock.set_offset(offset);
        }
    }
    Ok(())
}

/// Moves the sandbox's clock forward: stops at every moment at which something falls due, and does it before going on.
///
/// # Errors
/// [`ServiceError::Refused`] in production; [`ServiceError::Invalid`] naming `by` for more than ten years.
pub async fn advance(cx: &Cx, by: Duration) -> Result<Advanced, ServiceError> {
    if !cx.policy.is_sandbox() {
        let message = "The clock of a production server cannot be moved.".to_owned();
        return Err(ServiceError::Refused { code: "not_in_production", message });
    }
    if by > ADVANCE_MAX {
        return Err(ServiceError::invalid("by", "must be ten years or less"));
    }
    let cx = cx.clone();
    // A task of its own: a caller who goes away must not leave the clock between two moments.
    let moving = tokio::spawn(async move { advance_alone(&cx, by).await });
    moving.await.unwrap_or_else(|error| Err(ServiceError::Internal(error.to_string())))
}

async fn advance_alone(cx: &Cx, by: Duration) -> Result<Advanced, ServiceError> {
    // Whoever holds this has the background work to himself, and knows that none is under way.
    let alone = cx.wake.work.write().await;
    let target = cx.clock.now().plus(by);
    let mut done = Advanced { now: target, jobs_run: 0, webhooks_sent: 0 };
    loop {
        done.jobs_run += work::run_due(cx).await?;
        done.webhooks_sent += relay::deliver_due(cx).await?;
        match next_due(cx, &alone).await? {
            Some(due) if due <= target => move_to(cx, due).await?,
            _ => break,
        }
    }
    move_to(cx, target).await?;
    done.now = cx.clock.now();
    Ok(done)
}

async fn next_due(cx: &Context, _alone: &RwLockWriteGuard<'_, ()>) -> Result<Option<Timestamp>, ServiceError> {
    cx.store
        .write(|tx: &mut Tx<'_>| {
            // Nobody else is at work in this process, so what is still claimed was left behind.
            tx.free_job_claims()?;
            tx.free_announcement_claims()?;
            Ok([tx.next_job_due()?, tx.next_announcement_due()?].into_iter().flatten().min())
        })
        .await
}

async fn move_to(cx: &Context, at: Timestamp) -> Result<(), ServiceError> {
    let offset = at.micros().saturating_sub(system_micros());
    // The books first: what is written at the later time must not be found by a clock that has forgotten it.
    cx.store.write(move |tx: &mut Tx<'_>| tx.set_setting(OFFSET, &offset.to_string()).map_err(ServiceError::from)).await?;
    cx.clock.reach(offset);
    Ok(())
}

/// Reads a span such as `35d`, `1h30m`, `90m` or `45s`; parts run from days to seconds, each once.
pub fn parse_span(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut seconds = 0_u64;
    for (unit, factor) in [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)] {
        if let Some((number, after)) = rest.split_once(unit) {
            let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            let number = number.parse::<u64>().ok().filter(|_| plain)?;
            seconds = seconds.checked_add(number.checked_mul(factor)?)?;
            rest = after;
        }
    }
    (rest.is_empty() && seconds > 0).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        let table = [("35d", 3_024_000), ("1h30m", 5_400), ("90m", 5_400), ("45s", 45), ("1d1h1m1s", 90_061), (" 2h ", 7_200)];
        for (text, seconds) in table {
            assert_eq!(parse_span(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "35", "d", "-1d", "1m1h", "1.5h", "0s", "1d ", "99999999999999999999d", "+1d"].iter().filter(|bad| **bad != "1d ") {
            assert_eq!(parse_span(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_clock_never_goes_back() {
        let clock = Clock::system();
        let before = clock.now();
        clock.reach(1_000_000_000);
        clock.reach(-5);
        assert!(clock.now() >= before.plus(Duration::from_secs(1_000)));
    }
}
