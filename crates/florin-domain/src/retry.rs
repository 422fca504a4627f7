//! Retries: how long to wait before trying again.

use std::time::Duration;

use crate::time::{days, hours, minutes};

/// Waits between the attempts to deliver a webhook; after the last the delivery is given up.
///
/// Source: `docs/wire/iwocapay.md`, "Webhooks".
const WEBHOOK_WAITS: [Duration; 6] = [minutes(1), minutes(5), minutes(30), hours(2), hours(6), hours(24)];

/// Waits between the attempts to collect an instalment whose card said no.
const COLLECTION_WAITS: [Duration; 3] = [days(1), days(3), days(7)];

/// The longest wait between attempts to reach a connector that is away.
const OUTAGE_WAIT_MAX: Duration = hours(1);

/// The wait after the `attempts`-th failed delivery of a webhook, or nothing if that was the last.
///
/// `jitter` of 0 to 255 lengthens the wait by up to a tenth, so that a receiver that was down is not met by all at once.
pub fn webhook_wait(attempts: u32, jitter: u8) -> Option<Duration> {
    let wait = WEBHOOK_WAITS.get(usize::try_from(attempts).ok()?.checked_sub(1)?)?;
    Some(*wait + *wait * u32::from(jitter) / 2_550)
}

/// The wait after the `attempts`-th refused collection, or nothing if that was the last.
pub fn collection_wait(attempts: u32) -> Option<Duration> {
    COLLECTION_WAITS.get(usize::try_from(attempts).ok()?.checked_sub(1)?).copied()
}

/// The wait after the `attempts`-th failure to reach a connector: 30 seconds, doubled each time, an hour at most. Never gives up.
pub fn outage_wait(attempts: u32) -> Duration {
    Duration::from_secs(30).saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(OUTAGE_WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_tried_seven_times_over_a_day_and_a_half() {
        let waits: Vec<u64> = (1..10).map_while(|attempts| webhook_wait(attempts, 0)).map(|wait| wait.as_secs() / 60).collect();
        assert_eq!(waits, [1, 5, 30, 120, 360, 1_440]);
        assert_eq!(webhook_wait(1, 255), Some(Duration::from_secs(66)), "a tenth more at the most");
        assert_eq!(webhook_wait(0, 0), None);
    }

    #[test]
    fn an_outage_is_waited_out_patiently() {
        let waits: Vec<u64> = (1..=9).map(|attempts| outage_wait(attempts).as_secs()).collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
        assert_eq!(outage_wait(u32::MAX).as_secs(), 3_600);
    }
}
