//! The log: one line an event, on standard error.

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, registry};

use crate::environment;
use crate::failure::Failure;

/// Begins to log what `FLORIN_LOG` asks for: a level, or levels of parts, such as `info,florin_web=debug`.
///
/// # Errors
/// A [`Failure`] when it asks for something that is no level.
pub fn begin() -> Result<(), Failure> {
    let wanted = match environment::log_levels() {
        Some(text) => text.parse().map_err(|error| Failure::because("FLORIN_LOG", error))?,
        None => Targets::new().with_default(LevelFilter::INFO),
    };
    let lines = fmt::layer().with_writer(stderr).with_ansi(stderr().is_terminal());
    registry().with(lines).with(wanted).try_init().map_err(|error| Failure::because("the log", error))
}
