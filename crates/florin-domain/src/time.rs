//! Time: instants in UTC microseconds, and the civil dates on which money falls due.
//!
//! Nothing here reads a clock: `now` is always an argument.

use std::fmt;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

/// An instant, in microseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// The zone in which UK instalments and billing months are counted.
const ZONE: &str = "Europe/London";
/// The zone in which Australian trading days and card expiries are counted.
const SYDNEY: &str = "Australia/Sydney";
/// The hour of the day, London time, at which instalments are collected.
const COLLECTION_HOUR: i8 = 6;

/// A span of `days` of 24 hours.
pub const fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

/// A span of `hours`.
pub const fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3_600)
}

/// A span of `minutes`.
pub const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

impl Timestamp {
    /// An instant from its microseconds since 1970 UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970 UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The instant `span` later; stays at the end of time rather than wrap.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The instant `span` earlier; stays at the beginning of time rather than wrap.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; nothing if it is before.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The civil date in London at this instant.
    pub fn london_date(self) -> Date {
        jiff::Timestamp::from(self).to_zoned(london()).date()
    }

    /// When an instalment due on `date` is collected: six in the morning, London time.
    pub fn collection(date: Date) -> Self {
        date.at(COLLECTION_HOUR, 0, 0, 0).to_zoned(london()).map_or(Self(i64::MAX), |zoned| Self(zoned.timestamp().as_microsecond()))
    }

    /// The end of the London month that this instant lies in, which is the first instant of the next.
    #[must_use]
    pub fn month_end(self) -> Self {
        let date = self.london_date();
        let next = date.last_of_month().tomorrow().unwrap_or(date);
        next.to_zoned(london()).map_or(Self(i64::MAX), |zoned| Self(zoned.timestamp().as_microsecond()))
    }

    /// The civil date in Sydney at this instant.
    pub fn sydney_date(self) -> Date {
        jiff::Timestamp::from(self).to_zoned(sydney()).date()
    }

    /// The end of the Sydney day that this instant lies in, which is the first instant of the next.
    #[must_use]
    pub fn sydney_day_end(self) -> Self {
        let date = self.sydney_date();
        let next = date.tomorrow().unwrap_or(date);
        next.to_zoned(sydney()).map_or(Self(i64::MAX), |zoned| Self(zoned.timestamp().as_microsecond()))
    }

    /// Reads RFC 3339 with `Z`, `+11:00` or `+1100`, or a bare date, which is its first instant in UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let instant = text.parse::<jiff::Timestamp>().ok();
        let instant = instant.or_else(|| jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok());
        let instant = instant.or_else(|| Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp()));
        instant.map(|instant| Self(instant.as_microsecond()))
    }

    /// The last instant that is told as this one is. Whoever looks up to a time that they were told means all of that millisecond.
    #[must_use]
    pub const fn millisecond_end(self) -> Self {
        Self(self.0.saturating_sub(self.0.rem_euclid(1_000)).saturating_add(999))
    }

    /// RFC 3339 in UTC with milliseconds, always three: `2026-11-21T10:00:00.000Z`.
    pub fn to_millis_text(self) -> String {
        format!("{:.3}", jiff::Timestamp::from(self))
    }
}

/// RFC 3339 in UTC: `2026-11-21T10:00:00Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        jiff::Timestamp::from(*self).fmt(f)
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(at: Timestamp) -> Self {
        Self::from_microsecond(at.0).unwrap_or(if at.0 < 0 { Self::MIN } else { Self::MAX })
    }
}

fn london() -> TimeZone {
    TimeZone::get(ZONE).unwrap_or(TimeZone::UTC)
}

fn sydney() -> TimeZone {
    TimeZone::get(SYDNEY).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn collection_follows_london_summer_time() {
        assert_eq!(Timestamp::collection(date(2026, 1, 5)).to_string(), "2026-01-05T06:00:00Z");
        assert_eq!(Timestamp::collection(date(2026, 7, 5)).to_string(), "2026-07-05T05:00:00Z");
    }

    #[test]
    fn a_trading_day_ends_at_midnight_in_sydney() {
        let noon = Timestamp::parse("2026-11-21T12:00:00Z").unwrap();
        assert_eq!(noon.sydney_day_end().to_millis_text(), "2026-11-21T13:00:00.000Z");
    }

    #[test]
    fn a_millisecond_holds_all_that_is_told_as_it_is() {
        for micros in [1_795_255_800_123_000, 1_795_255_800_123_456, 1_795_255_800_123_999, 0, -1, -1_000] {
            let (instant, end) = (Timestamp(micros), Timestamp(micros).millisecond_end());
            assert!(end >= instant && end.0 - micros < 1_000);
            assert_eq!((end.to_millis_text(), end.millisecond_end()), (Timestamp(end.0 - 999).to_millis_text(), end));
        }
    }

    #[test]
    fn instants_are_read_in_every_form_that_clients_send() {
        let expected = Timestamp::parse("2021-02-17T06:31:46.358Z");
        assert!(expected.is_some());
        for text in ["2021-02-17T17:31:46.358+11:00", "2021-02-17T17:31:46.358+1100"] {
            assert_eq!(Timestamp::parse(text), expected, "{text}");
        }
        assert_eq!(Timestamp::parse("2021-02-17"), Timestamp::parse("2021-02-17T00:00:00Z"));
        assert_eq!(Timestamp::parse("yesterday"), None);
    }

    #[test]
    fn a_month_ends_at_midnight_in_london() {
        let late_june_utc = Timestamp::collection(date(2026, 6, 30)).plus(hours(17)); // 22:00 UTC, 23:00 in London.
        assert_eq!(late_june_utc.month_end().to_string(), "2026-06-30T23:00:00Z");
    }
}
