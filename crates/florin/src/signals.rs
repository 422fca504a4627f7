//! Signals: how the process is told to stop, or to look at its certificate again.
//!
//! Invariant: the first signal to stop lets everything finish; the second one does not wait.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::failure::Failure;

/// Exit code of a process that was stopped by force, as shells have it for SIGINT.
const FORCED: i32 = 130;

/// Turns true at SIGINT or SIGTERM.
///
/// # Errors
/// A [`Failure`] when the system does not let us listen.
pub fn stop() -> Result<watch::Receiver<bool>, Failure> {
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let (told, stop) = watch::channel(false);
    tokio::spawn(async move {
        wait(&mut interrupt, &mut terminate).await;
        // Nobody listens any more when the server ended by itself.
        let _ = told.send(true);
        eprintln!("Stopping: what is under way is finished first. A second signal stops at once.");
        wait(&mut interrupt, &mut terminate).await;
        std::process::exit(FORCED);
    });
    Ok(stop)
}

/// Rings at SIGHUP.
///
/// # Errors
/// As [`stop`].
pub fn hangup() -> Result<Signal, Failure> {
    listen(SignalKind::hangup())
}

fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::because("listening for signals", error))
}

async fn wait(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
