//! Attempts: how often somebody may try something in a minute.
//!
//! Counted in the books, so that all processes count together. Invariant: what is counted holds nothing that may not be seen.

use std::time::Duration;

use florin_domain::Timestamp;
use florin_domain::time::minutes;
use florin_store::{StoreError, Tx};

use crate::ServiceError;

/// The span in which attempts are counted.
const WINDOW: Duration = minutes(1);

/// Counts one more attempt, and refuses it if it is one too many.
///
/// # Errors
/// [`ServiceError::TooMany`]; the attempt is not counted then, which changes nothing: the next one is too many as well.
pub(crate) fn count(tx: &mut Tx<'_>, subject: &str, max: i64, now: Timestamp) -> Result<(), ServiceError> {
    let window = window(now);
    let tries = tx.count_attempt(subject, window)?;
    if tries <= max { Ok(()) } else { Err(too_many(window, now)) }
}

/// Counts one more miss, or, when it was a hit, only asks whether there were too many misses before. The refusal comes as a
/// value, because the misses have to be kept.
pub(crate) fn misses(
    tx: &mut Tx<'_>,
    subject: &str,
    max: i64,
    (missed, now): (bool, Timestamp),
) -> Result<Result<(), ServiceError>, StoreError> {
    let window = window(now);
    let tries = if missed { tx.count_attempt(subject, window)? } else { peek(tx, subject, window)? };
    Ok(if tries <= max { Ok(()) } else { Err(too_many(window, now)) })
}

/// Why a savepoint is left: with the count that was wanted.
enum Peeked {
    Tries(i64),
    Failed(StoreError),
}

impl From<StoreError> for Peeked {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// What the count would be with one more.
fn peek(tx: &mut Tx<'_>, subject: &str, window: Timestamp) -> Result<i64, StoreError> {
    // Counted and taken back: the books know no way to look at a count that begins anew with its window.
    let counted: Result<(), Peeked> = tx.savepoint(|tx| Err(Peeked::Tries(tx.count_attempt(subject, window)?)));
    match counted {
        Ok(()) => Err(StoreError::Stale),
        Err(Peeked::Tries(tries)) => Ok(tries),
        Err(Peeked::Failed(error)) => Err(error),
    }
}

/// Counts one more of something that is never refused for being one too many, and answers how many there are in the span of
/// this length that `now` lies in.
pub(crate) fn tally(tx: &mut Tx<'_>, subject: &str, span: Duration, now: Timestamp) -> Result<i64, StoreError> {
    tx.count_attempt(subject, begin_of(span, now))
}

/// The beginning of the minute that `now` lies in.
fn window(now: Timestamp) -> Timestamp {
    begin_of(WINDOW, now)
}

fn begin_of(span: Duration, now: Timestamp) -> Timestamp {
    let length = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.micros().div_euclid(length).saturating_mul(length))
}

fn too_many(window: Timestamp, now: Timestamp) -> ServiceError {
    let left = window.plus(WINDOW).since(now).as_secs() + 1;
    let message = "There were too many of these in the last minute; please try again shortly.".to_owned();
    ServiceError::TooMany { message, retry_after_s: u32::try_from(left).unwrap_or(u32::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_by_the_minute() {
        let minute = Timestamp::from_micros(120_000_000);
        for (micros, expected) in [(120_000_000, minute), (179_999_999, minute), (180_000_000, minute.plus(WINDOW))] {
            assert_eq!(window(Timestamp::from_micros(micros)), expected);
        }
        let refused = too_many(minute, Timestamp::from_micros(170_500_000));
        assert!(matches!(refused, ServiceError::TooMany { retry_after_s: 10, .. }), "{refused:?}");
    }
}
