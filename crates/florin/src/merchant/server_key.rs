//! `florin merchant server-key`: public keys with which a merchant's servers may sign their calls.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::remote::{Remote, query, rows, text};
use crate::{screen, table};

/// What to do.
#[derive(Subcommand)]
pub enum Verb {
    /// Adds a public key
    Add {
        /// The merchant's id
        merchant_id: String,
        /// The name that signatures give, their `kid`
        #[arg(long)]
        kid: String,
        /// The public key, as a PEM file
        #[arg(long, value_name = "FILE")]
        public_key: PathBuf,
    },
    /// Lists a merchant's public keys
    List {
        /// The merchant's id
        merchant_id: String,
    },
    /// Removes a public key: what it signs opens nothing any more
    Remove {
        /// The merchant's id
        merchant_id: String,
        /// The key's name
        #[arg(long)]
        kid: String,
    },
}

/// Runs the command.
///
/// # Errors
/// A [`Failure`] with the server's words.
pub async fn run(server: &Remote, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Add { merchant_id, kid, public_key } => {
            let pem = std::fs::read_to_string(&public_key).map_err(|error| Failure::because(public_key.display(), error))?;
            server.post(&path(&merchant_id, None), &json!({ "kid": kid, "public_key": pem })).await?;
            screen::show(format_args!("Servers of {merchant_id} may sign with {kid}."));
        }
        Verb::List { merchant_id } => {
            let keys = server.get(&path(&merchant_id, None)).await?;
            let row = |key: &Value| ["kid", "created_at"].map(|field| text(key, field)).to_vec();
            table::show(&["kid", "since"], &rows(&keys, "server_keys", row), "There are no public keys.");
        }
        Verb::Remove { merchant_id, kid } => {
            server.delete(&path(&merchant_id, Some(&kid))).await?;
            screen::show(format_args!("What {kid} signs for {merchant_id} opens nothing any more."));
        }
    }
    Ok(())
}

fn path(merchant_id: &str, kid: Option<&str>) -> String {
    format!("/admin/retail/{merchant_id}/server-keys{}", query(&[("kid", kid)]))
}
