//! A load: so many connections, each asking again as soon as it is answered, for so long.
//!
//! Closed loop: a slow server is asked less often, so percentiles are those at saturation, not those of a given rate.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::{BenchError, Connection, Histogram, Target};

/// How long a connection waits after a failure, so that a dead server is not hammered.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(50);

/// Something to do over and over on one connection.
pub trait Operation: Send + 'static {
    /// Makes ready to do it once more, which is not measured; whether there is anything left to do.
    fn prepare(&mut self) -> bool {
        true
    }

    /// Does it once.
    ///
    /// # Errors
    /// [`BenchError`] when it was not answered as it should be.
    fn perform(&mut self, connection: &mut Connection) -> impl Future<Output = Result<(), BenchError>> + Send;
}

/// How much to ask for.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Connections, each with one question under way.
    pub connections: usize,
    /// For how long, unless there is nothing left to do before.
    pub duration: Duration,
}

/// What a load brought.
#[derive(Default)]
pub struct Measured {
    /// How long each right answer took.
    pub latency: Histogram,
    /// Wrong answers and broken connections.
    pub failures: u64,
    /// What went wrong first, in words.
    pub first_failure: Option<String>,
    /// From the first question to the last answer.
    pub elapsed: Duration,
}

impl Measured {
    /// Right answers a second.
    #[expect(clippy::cast_precision_loss, reason = "a rate is shown with few digits; counts stay far below 2^52")]
    pub fn rate(&self) -> f64 {
        if self.elapsed.is_zero() { 0.0 } else { self.latency.total() as f64 / self.elapsed.as_secs_f64() }
    }

    fn merge(&mut self, other: Self) {
        self.latency.merge(&other.latency);
        self.failures += other.failures;
        self.first_failure = self.first_failure.take().or(other.first_failure);
        self.elapsed = self.elapsed.max(other.elapsed);
    }

    fn fail(&mut self, error: &BenchError) {
        self.failures += 1;
        self.first_failure.get_or_insert_with(|| error.to_string());
    }
}

/// Puts `load` on `target`; `operation` makes what the connection of a number does. Connecting is not measured.
///
/// # Errors
/// [`BenchError`] when a connection cannot be opened before the measurement begins.
pub async fn run<O: Operation>(target: &Target, load: Load, operation: impl Fn(usize) -> O) -> Result<Measured, BenchError> {
    let mut connections = Vec::with_capacity(load.connections);
    for _ in 0..load.connections {
        connections.push(target.connect().await?);
    }
    let started = Instant::now();
    let mut clients = JoinSet::new();
    for (number, connection) in connections.into_iter().enumerate() {
        clients.spawn(repeat(target.clone(), connection, operation(number), started, load.duration));
    }
    let mut measured = Measured::default();
    while let Some(client) = clients.join_next().await {
        measured.merge(client.map_err(|error| BenchError::Target(error.to_string()))?);
    }
    Ok(measured)
}

async fn repeat<O: Operation>(target: Target, connection: Connection, mut operation: O, started: Instant, duration: Duration) -> Measured {
    let mut measured = Measured::default();
    let mut open = Some(connection);
    while started.elapsed() < duration {
        let Some(connection) = &mut open else {
            match target.connect().await {
                Ok(connection) => open = Some(connection),
                Err(error) => {
                    measured.fail(&error);
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
            continue;
        };
        if !operation.prepare() {
            break;
        }
        let asked = Instant::now();
        match operation.perform(connection).await {
            Ok(()) => measured.latency.record(asked.elapsed()),
            Err(error) => {
                measured.fail(&error);
                open = None; // What is left on a connection after a failure is not known.
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            }
        }
    }
    measured.elapsed = started.elapsed();
    measured
}
