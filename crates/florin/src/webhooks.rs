//! `florin webhooks`: what was announced to merchants' servers, and sending it again.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::remote::{Remote, ServerOptions, query, rows, text};
use crate::{screen, table};

/// Shows what was announced to merchants' servers
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    server: ServerOptions,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Lists webhooks, newest first
    List {
        /// To this seller
        #[arg(long, value_name = "UUID")]
        seller: Option<String>,
        /// About this order
        #[arg(long, value_name = "UUID")]
        order: Option<String>,
        /// In this state
        #[arg(long, value_parser = ["pending", "delivered", "given_up"])]
        state: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Shows a webhook with every attempt to deliver it
    Show {
        /// Its number in the list
        number: i64,
    },
    /// Delivers a webhook again, with the same bytes
    Redeliver {
        /// Its number in the list
        number: i64,
    },
}

/// Runs the command.
///
/// # Errors
/// A [`Failure`] with the server's words.
pub async fn run(options: Options) -> Result<(), Failure> {
    let server = Remote::find(&options.server)?;
    match options.verb {
        Verb::List { seller, order, state, limit } => {
            let limit = limit.to_string();
            let which = [("seller", seller.as_deref()), ("order", order.as_deref()), ("state", state.as_deref()), ("limit", Some(&*limit))];
            let webhooks = server.get(&format!("/admin/webhooks{}", query(&which))).await?;
            let row = |webhook: &Value| {
                ["seq", "order", "status", "state", "attempts", "due_at", "target"].map(|field| text(webhook, field)).to_vec()
            };
            let heading = ["number", "order", "status", "state", "attempts", "due", "to"];
            table::show(&heading, &rows(&webhooks, "webhooks", row), "There are no webhooks.");
        }
        Verb::Show { number } => show(&server.get(&format!("/admin/webhooks/{number}")).await?),
        Verb::Redeliver { number } => {
            let webhook = server.post(&format!("/admin/webhooks/{number}/redeliver"), &json!({})).await?;
            screen::show(format_args!("Webhook {number} goes to {} again.", text(&webhook, "target")));
        }
    }
    Ok(())
}

fn show(webhook: &Value) {
    for (name, field) in [
        ("number", "seq"),
        ("id", "webhook_id"),
        ("order", "order"),
        ("status", "status"),
        ("to", "target"),
        ("state", "state"),
        ("announced", "created_at"),
        ("next attempt", "due_at"),
        ("body", "body"),
    ] {
        screen::show(format_args!("{name:<13} {}", text(webhook, field)));
    }
    screen::show("");
    let row = |attempt: &Value| ["number", "at", "status", "duration_ms", "error", "answer"].map(|field| text(attempt, field)).to_vec();
    table::show(&["attempt", "at", "status", "ms", "error", "answer"], &rows(webhook, "history", row), "No attempt has been made yet.");
}
