//! The roster: every open connection of a listener, so that it can be timed, asked to leave, and counted.
//!
//! Invariant: a connection is on the roster from before its task starts until after it ended, however it ended.

use std::collections::HashMap;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::line::{Line, Patience, Phase, Ticks};

/// Every open connection of one listener.
#[derive(Debug)]
pub(crate) struct Roster {
    ticks: Arc<Ticks>,
    lines: Mutex<Lines>,
    left: Notify,
}

#[derive(Debug, Default)]
struct Lines {
    last: u64,
    open: HashMap<u64, Arc<Line>>,
}

/// A connection's place on the roster; gives it up when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    pub line: Arc<Line>,
    roster: Arc<Roster>,
}

impl Roster {
    pub fn new(patience: Patience, seed: u64) -> Self {
        let ticks = Arc::new(Ticks { now: AtomicU32::new(0), patience, seed });
        Self { ticks, lines: Mutex::default(), left: Notify::new() }
    }

    pub fn enrol(self: &Arc<Self>) -> Place {
        let mut lines = self.lines();
        lines.last += 1;
        let line = Arc::new(Line::new(lines.last, self.ticks.clone()));
        lines.open.insert(line.number(), line.clone());
        Place { line, roster: self.clone() }
    }

    pub fn len(&self) -> usize {
        self.lines().open.len()
    }

    /// One tick later: wakes every connection that stayed too long in its phase.
    pub fn tick(&self) {
        self.ticks.now.fetch_add(1, Relaxed);
        for line in self.lines().open.values().filter(|line| line.is_overdue()) {
            line.nudge();
        }
    }

    /// Asks the connection that has been idle for longest to leave, to make room.
    pub fn shed_one(&self) {
        let lines = self.lines();
        let idle = lines.open.values().filter(|line| line.phase() == Phase::Idle && !line.is_leaving());
        if let Some(line) = idle.max_by_key(|line| line.age()) {
            line.ask_to_leave();
        }
    }

    pub fn ask_all_to_leave(&self) {
        self.lines().open.values().for_each(|line| line.ask_to_leave());
    }

    pub fn cut_all(&self) {
        self.lines().open.values().for_each(|line| line.cut());
    }

    /// Waits until a connection has left since the last call.
    pub async fn departure(&self) {
        self.left.notified().await;
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        // The map is whole between any two statements, so a panic elsewhere does it no harm.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.roster.lines().open.remove(&self.line.number());
        self.roster.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster() -> Arc<Roster> {
        Arc::new(Roster::new(Patience { handshake: 9, head: 9, idle: 9, linger: 9 }, 0))
    }

    #[test]
    fn a_place_is_held_until_it_is_dropped() {
        let roster = roster();
        let (one, two) = (roster.enrol(), roster.enrol());
        assert_ne!(one.line.number(), two.line.number());
        drop(one);
        assert_eq!(roster.len(), 1);
    }

    #[test]
    fn room_is_made_by_whoever_idled_longest_and_never_by_who_works() {
        let roster = roster();
        let (long, short, busy) = (roster.enrol(), roster.enrol(), roster.enrol());
        busy.line.enter(Phase::Busy);
        long.line.enter(Phase::Idle);
        roster.tick();
        short.line.enter(Phase::Idle);
        let leaving = || [&long, &short, &busy].map(|place| place.line.is_leaving());
        for expected in [[true, false, false], [true, true, false], [true, true, false]] {
            roster.shed_one();
            assert_eq!(leaving(), expected);
        }
    }
}
