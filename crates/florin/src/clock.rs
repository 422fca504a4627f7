//! `florin clock`: what time it is at a server, and, in a sandbox, moving it forward.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::failure::Failure;
use crate::remote::{Remote, ServerOptions, text};
use crate::screen;

/// Shows or moves a sandbox's clock
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    server: ServerOptions,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Moves the clock forward and does everything that falls due, in order
    Advance {
        /// How far: 35d, 90m, 1h30m, 45s
        by: String,
    },
    /// Shows the time
    Show,
}

/// Runs the command.
///
/// # Errors
/// A [`Failure`] with the server's words.
pub async fn run(options: Options) -> Result<(), Failure> {
    let server = Remote::find(&options.server)?;
    match options.verb {
        Verb::Advance { by } => {
            let advanced = server.post("/admin/clock/advance", &json!({ "by": by })).await?;
            let (now, jobs, webhooks) = (text(&advanced, "now"), text(&advanced, "jobs_run"), text(&advanced, "webhooks_sent"));
            screen::show(format_args!("It is {now} now. Jobs that fell due and ran: {jobs}. Webhooks sent: {webhooks}."));
        }
        Verb::Show => {
            let clock = server.get("/admin/clock").await?;
            screen::show(format_args!("{} ({})", text(&clock, "now"), text(&clock, "environment")));
        }
    }
    Ok(())
}
