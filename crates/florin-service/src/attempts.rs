//! Attempts: how often somebody may try something in a minute, or in a day.
//!
//! Counted in the books, so that all processes count together. Invariant: what is counted holds nothing that may not be seen.

use std::time::Duration;

use florin_domain::Timestamp;
use florin_domain::time::{hours, minutes};
use florin_store::{StoreError, Tx};

use crate::ServiceError;

/// The span in which attempts are counted, if nothing else is said.
pub(crate) const MINUTE: Duration = minutes(1);
/// The longest span in which any are; a count is kept for as long.
pub(crate) const DAY: Duration = hours(24);

/// Counts one more attempt, and refuses it if it is one too many.
///
/// # Errors
/// [`ServiceError::TooMany`]; the attempt is not counted then, which changes nothing: the next one is too many as well.
pub(crate) fn count(tx: &mut Tx<'_>, subject: &str, max: i64, now: Timestamp) -> Result<(), ServiceError> {
    let tries = tx.count_attempt(subject, begin_of(MINUTE, now))?;
    if tries <= max { Ok(()) } else { Err(too_many(MINUTE, now)) }
}

/// Counts one more miss in the span of this length that `now` lies in, or, when it was a hit, only asks whether there were too
/// many misses before. The refusal comes as a value, because the misses have to be kept.
pub(crate) fn misses(
    tx: &mut Tx<'_>,
    subject: &str,
    (max, span): (i64, Duration),
    (missed, now): (bool, Timestamp),
) -> Result<Result<(), ServiceError>, StoreError> {
    let window = begin_of(span, now);
    let tries = if missed { tx.count_attempt(subject, window)? } else { peek(tx, subject, window)? };
    Ok(if tries <= max { Ok(()) } else { Err(too_many(span, now)) })
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

/// The beginning of the span of this length that `now` lies in.
fn begin_of(span: Duration, now: Timestamp) -> Timestamp {
    let length = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.micros().div_euclid(length).saturating_mul(length))
}

fn too_many(span: Duration, now: Timestamp) -> ServiceError {
    let left = begin_of(span, now).plus(span).since(now).as_secs() + 1;
    let message = if span > MINUTE {
        "There were too many of these today; please try again tomorrow."
    } else {
        "There were too many of these in the last minute; please try again shortly."
    };
    ServiceError::TooMany { message: message.to_owned(), retry_after_s: u32::try_from(left).unwrap_or(u32::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_by_the_minute_or_by_the_day() {
        let minute = Timestamp::from_micros(120_000_000);
        for (micros, expected) in [(120_000_000, minute), (179_999_999, minute), (180_000_000, minute.plus(MINUTE))] {
            assert_eq!(begin_of(MINUTE, Timestamp::from_micros(micros)), expected);
            assert_eq!(begin_of(DAY, Timestamp::from_micros(micros)), Timestamp::from_micros(0));
        }
        let refused = |span| too_many(span, Timestamp::from_micros(170_500_000));
        assert!(matches!(refused(MINUTE), ServiceError::TooMany { retry_after_s: 10, .. }));
        assert!(matches!(refused(DAY), ServiceError::TooMany { retry_after_s: 86_230, .. }), "{:?}", refused(DAY));
    }
}
