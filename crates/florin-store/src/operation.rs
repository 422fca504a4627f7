//! An operation on its way to a thread that owns a connection, and its answer on the way back.
//!
//! It knows nothing of transactions. Invariant: every operation is answered exactly once, and a panic inside one is an answer
//! like any other.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use crate::{StoreError, Tx};

/// An operation whose types are forgotten, so that many kinds wait in one queue.
pub(crate) trait Operation: Send {
    /// Runs the operation and keeps its outcome; `true` if what it wrote may be kept. May be called again.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Replaces the outcome by an error.
    fn refuse(&mut self, error: StoreError);
    /// Sends the outcome.
    fn answer(self: Box<Self>);
    /// Whether nobody waits any more.
    fn abandoned(&self) -> bool;
    /// Whether it wants to read one unchanging state.
    fn wants_snapshot(&self) -> bool;
}

/// An operation with its types, and who asked for it.
pub(crate) struct Asked<F, T, E> {
    pub(crate) run: F,
    pub(crate) snapshot: bool,
    pub(crate) outcome: Option<Result<T, E>>,
    pub(crate) reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Operation for Asked<F, T, E>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        self.outcome.insert(guarded(&mut self.run, tx)).is_ok()
    }

    fn refuse(&mut self, error: StoreError) {
        self.outcome = Some(Err(error.into()));
    }

    fn answer(self: Box<Self>) {
        if let Some(outcome) = self.outcome {
            // Whoever asked may have gone; the rows stay.
            let _ = self.reply.send(outcome);
        }
    }

    fn abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn wants_snapshot(&self) -> bool {
        self.snapshot
    }
}

/// Runs an operation; a panic becomes [`StoreError::Panicked`].
pub(crate) fn guarded<T, E: From<StoreError>>(operation: &mut impl FnMut(&mut Tx<'_>) -> Result<T, E>, tx: &mut Tx<'_>) -> Result<T, E> {
    // What the closure and the transaction hold is rolled back or thrown away, so a broken state is never looked at.
    catch_unwind(AssertUnwindSafe(|| operation(tx))).unwrap_or_else(|_| {
        tracing::error!("an operation on the store panicked and was rolled back");
        Err(StoreError::Panicked.into())
    })
}
