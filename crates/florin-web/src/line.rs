//! One open connection as the listener sees it: what it is doing, since when, and whether it was asked to leave.
//!
//! Deadlines cost a request nothing but two stores: the roster looks at every line once a tick and wakes those that are overdue;
//! the connection's own task then decides, so that a request which has just arrived is never cut off by a late look.
//! Invariant: only the connection's own task ends it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32};
use std::sync::{Arc, OnceLock};
use std::task::{Poll, Waker};

use crate::request_id::RequestId;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Agreeing on keys.
    Handshake,
    /// A request's head is awaited or has begun to arrive.
    Head,
    /// At least one request is being answered.
    Busy,
    /// Kept open between requests.
    Idle,
    /// Answered for good, and reading what the client still sends, so that the answer is not lost in a reset.
    Lingering,
}

/// How many ticks each phase may last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub handshake: u32,
    pub head: u32,
    pub idle: u32,
    pub linger: u32,
}

impl Patience {
    const fn with(self, phase: Phase) -> Option<u32> {
        match phase {
            Phase::Handshake => Some(self.handshake),
            Phase::Head => Some(self.head),
            Phase::Idle => Some(self.idle),
            Phase::Lingering => Some(self.linger),
            // Work that was begun is finished; its own limits (body, store, connectors) are elsewhere.
            Phase::Busy => None,
        }
    }
}

/// The roster's coarse clock, and how long it waits.
#[derive(Debug)]
pub(crate) struct Ticks {
    pub now: AtomicU32,
    pub patience: Patience,
    /// Makes request ids differ between processes.
    pub seed: u64,
}

const STAY: u8 = 0;
const LEAVE: u8 = 1;
const CUT: u8 = 2;

/// One open connection.
#[derive(Debug)]
pub(crate) struct Line {
    number: u64,
    ticks: Arc<Ticks>,
    phase: AtomicU8,
    since: AtomicU32,
    /// Requests being answered; more than one on HTTP/2.
    open: AtomicU32,
    requests: AtomicU32,
    wish: AtomicU8,
    nudged: AtomicBool,
    two_lengths: AtomicBool,
    lingers: AtomicBool,
    waker: OnceLock<Waker>,
}

impl Line {
    pub fn new(number: u64, ticks: Arc<Ticks>) -> Self {
        let since = AtomicU32::new(ticks.now.load(Relaxed));
        Self {
            number,
            ticks,
            phase: AtomicU8::new(Phase::Handshake as u8),
            since,
            open: AtomicU32::new(0),
            requests: AtomicU32::new(0),
            wish: AtomicU8::new(STAY),
            nudged: AtomicBool::new(false),
            two_lengths: AtomicBool::new(false),
            lingers: AtomicBool::new(false),
            waker: OnceLock::new(),
        }
    }

    pub const fn number(&self) -> u64 {
        self.number
    }

    pub fn phase(&self) -> Phase {
        [Phase::Handshake, Phase::Head, Phase::Busy, Phase::Idle, Phase::Lingering][usize::from(self.phase.load(Relaxed))]
    }

    pub fn enter(&self, phase: Phase) {
        self.since.store(self.ticks.now.load(Relaxed), Relaxed);
        self.phase.store(phase as u8, Relaxed);
    }

    /// Bytes arrived from the client.
    pub fn received(&self) {
        if self.phase() == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// The id of the next request on this connection.
    pub fn next_request_id(&self) -> RequestId {
        RequestId::numbered(self.ticks.seed, self.number, self.requests.fetch_add(1, Relaxed))
    }

    /// Notes that the head being read gives its body two lengths. Never taken back: such a client is not to be trusted.
    pub fn saw_two_lengths(&self) {
        self.two_lengths.store(true, Relaxed);
    }

    pub fn has_two_lengths(&self) -> bool {
        self.two_lengths.load(Relaxed)
    }

    /// Whether the client may still be sending when the connection closes.
    pub fn set_lingers(&self, lingers: bool) {
        self.lingers.store(lingers, Relaxed);
    }

    pub fn lingers(&self) -> bool {
        self.lingers.load(Relaxed)
    }

    /// Asks the connection to finish what it is doing and close.
    pub fn ask_to_leave(&self) {
        // A cut outranks a request to leave.
        let _ = self.wish.compare_exchange(STAY, LEAVE, Relaxed, Relaxed);
        self.nudge();
    }

    pub fn is_leaving(&self) -> bool {
        self.wish.load(Relaxed) != STAY
    }

    /// Ends the connection, whatever it is doing.
    pub fn cut(&self) {
        self.wish.store(CUT, Relaxed);
        self.nudge();
    }

    /// How many ticks the connection has been in its phase.
    pub fn age(&self) -> u32 {
        self.ticks.now.load(Relaxed).wrapping_sub(self.since.load(Relaxed))
    }

    pub fn is_overdue(&self) -> bool {
        self.ticks.patience.with(self.phase()).is_some_and(|limit| self.age() > limit)
    }

    pub fn nudge(&self) {
        self.nudged.store(true, Release);
        if let Some(waker) = self.waker.get() {
            waker.wake_by_ref();
        }
    }

    fn must_end(&self) -> bool {
        if !self.nudged.load(Relaxed) {
            return false;
        }
        self.nudged.swap(false, Acquire);
        let unbegun = self.is_leaving() && self.phase() == Phase::Handshake;
        if unbegun || self.wish.load(Relaxed) == CUT {
            return true;
        }
        let overdue = self.is_overdue();
        if overdue && self.phase() == Phase::Idle && !self.is_leaving() {
            // Nothing is half-said on an idle line, so it can say goodbye; for as long as that takes it lingers.
            self.ask_to_leave();
            self.enter(Phase::Lingering);
            return false;
        }
        overdue
    }
}

/// Does a connection's `work` until it is done or the line must end. Must be the outermost future of its task.
pub(crate) async fn supervised(line: &Line, work: impl Future<Output = ()>) {
    let mut work = pin!(work);
    poll_fn(|cx| {
        // A task keeps one waker all its life, so the first is good for ever.
        line.waker.get_or_init(|| cx.waker().clone());
        if line.must_end() {
            return Poll::Ready(());
        }
        work.as_mut().poll(cx)
    })
    .await;
}

/// Holds a line busy while a request is being answered.
#[derive(Debug)]
pub(crate) struct Busy<'a>(&'a Line);

impl<'a> Busy<'a> {
    pub fn new(line: &'a Line) -> Self {
        line.open.fetch_add(1, Relaxed);
        line.enter(Phase::Busy);
        Self(line)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        if self.0.open.fetch_sub(1, Relaxed) == 1 {
            self.0.enter(Phase::Idle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> (Arc<Ticks>, Line) {
        let patience = Patience { handshake: 1, head: 2, idle: 3, linger: 4 };
        let ticks = Arc::new(Ticks { now: AtomicU32::new(u32::MAX), patience, seed: 0 });
        (ticks.clone(), Line::new(0, ticks))
    }

    #[test]
    fn every_phase_has_its_own_patience_and_work_has_none() {
        let phases = [Phase::Handshake, Phase::Head, Phase::Idle, Phase::Lingering];
        for (phase, limit) in phases.into_iter().zip(1..) {
            let (ticks, line) = line();
            line.enter(phase);
            assert_eq!(line.phase(), phase);
            ticks.now.fetch_add(limit, Relaxed);
            assert!(!line.is_overdue(), "{phase:?} at its limit, across the clock's wrap");
            ticks.now.fetch_add(1, Relaxed);
            assert!(line.is_overdue(), "{phase:?} past its limit");
        }
        let (ticks, line) = line();
        let _busy = Busy::new(&line);
        ticks.now.fetch_add(1_000, Relaxed);
        assert!(!line.is_overdue());
    }

    #[test]
    fn a_line_is_idle_when_its_last_request_is_answered_and_awaits_a_head_at_the_next_byte() {
        let (_, line) = line();
        let (one, two) = (Busy::new(&line), Busy::new(&line));
        drop(one);
        assert_eq!(line.phase(), Phase::Busy);
        drop(two);
        assert_eq!(line.phase(), Phase::Idle);
        line.received();
        assert_eq!(line.phase(), Phase::Head);
    }

    #[test]
    fn an_idle_line_is_first_asked_to_leave_and_ended_when_it_does_not() {
        let (ticks, line) = line();
        line.enter(Phase::Idle);
        ticks.now.fetch_add(9, Relaxed);
        line.nudge();
        assert!(!line.must_end() && line.is_leaving());
        ticks.now.fetch_add(9, Relaxed);
        line.nudge();
        assert!(line.must_end());
    }

    #[test]
    fn a_late_nudge_does_not_end_a_line_that_has_work_again() {
        let (ticks, line) = line();
        line.enter(Phase::Head);
        ticks.now.fetch_add(9, Relaxed);
        line.nudge();
        let busy = Busy::new(&line);
        assert!(!line.must_end());
        line.cut();
        assert!(line.must_end(), "a cut ends even work");
        drop(busy);
    }
}
