//! What a process has used: processor time and memory, as Linux tells it in `/proc`.
//!
//! Elsewhere there is no such file and nothing is known, which is an answer too.

use std::fs;
use std::time::Duration;

/// Length of the kernel's clock tick in its interface, in milliseconds; the same on every architecture in use.
const TICK_MS: u64 = 10;

/// Processor time used by a process since it began, all its threads together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// User and system time.
    pub cpu: Duration,
}

impl Usage {
    /// What the process `pid` has used so far.
    pub fn of(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// How much more this is than `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.cpu.saturating_sub(earlier.cpu)
    }

    fn parse(stat: &str) -> Option<Self> {
        // The command's name may hold blanks and brackets, so count from its end: state is field 3, utime 14, stime 15.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_ascii_whitespace().skip(11);
        let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
        Some(Self { cpu: Duration::from_millis(ticks * TICK_MS) })
    }
}

/// Memory of the process `pid` that is in use, in KiB.
pub fn rss_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 4 0 100 0 0";
        assert_eq!(Usage::parse(stat), Some(Usage { cpu: Duration::from_secs(2) }));
        assert_eq!(Usage::parse("7"), None);
    }
}
