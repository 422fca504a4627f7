//! `florin keys`: the keys that sign shoppers' access tokens.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::remote::{Remote, ServerOptions, rows, text};
use crate::{screen, table};

/// Handles the keys that sign shoppers' tokens
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    server: ServerOptions,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Signs new tokens with a new key; tokens signed before stay good for their time
    Rotate {
        /// How the new key signs; as the server is set up if this is not given
        #[arg(long, value_parser = ["EdDSA", "ES256"])]
        algorithm: Option<String>,
    },
    /// Lists the keys, newest first
    List,
}

/// Runs the command.
///
/// # Errors
/// A [`Failure`] with the server's words.
pub async fn run(options: Options) -> Result<(), Failure> {
    let server = Remote::find(&options.server)?;
    match options.verb {
        Verb::Rotate { algorithm } => {
            let rotated = server.post("/admin/signing-keys/rotate", &json!({ "algorithm": algorithm })).await?;
            screen::show(format_args!("New tokens are signed with {}.", text(&rotated, "kid")));
        }
        Verb::List => {
            let keys = server.get("/admin/signing-keys").await?;
            let row = |key: &Value| ["kid", "algorithm", "created_at", "retires_at"].map(|field| text(key, field)).to_vec();
            table::show(&["kid", "algorithm", "since", "good until"], &rows(&keys, "signing_keys", row), "There are no keys.");
        }
    }
    Ok(())
}
