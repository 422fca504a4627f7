//! `florin merchant api-key`: the API keys of a merchant's servers.
//!
//! Invariant: a key's text is printed once, when it is made, and alone on its line, so that a script can take it.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::remote::{Remote, rows, text};
use crate::{private_file, screen, table};

/// What to do.
#[derive(Subcommand)]
pub enum Verb {
    /// Issues a key; it is shown once
    Issue {
        /// The merchant's id
        merchant_id: String,
    },
    /// Takes over a key that the merchant's servers hold already
    Import {
        /// The merchant's id
        merchant_id: String,
        /// The file with the key, so that it stands in no list of processes
        #[arg(long, value_name = "FILE")]
        key_file: PathBuf,
    },
    /// Lists a merchant's keys, without their text
    List {
        /// The merchant's id
        merchant_id: String,
    },
    /// Ends a key now
    Revoke {
        /// The key's id, as the list shows it
        id: String,
    },
}

/// Runs the command.
///
/// # Errors
/// A [`Failure`] with the server's words.
pub async fn run(server: &Remote, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Issue { merchant_id } => {
            let key = server.post(&format!("/admin/retail/{merchant_id}/keys"), &json!({})).await?;
            eprintln!("API key {} of merchant {merchant_id}. It is shown this once:", text(&key, "id"));
            screen::show(text(&key, "api_key"));
        }
        Verb::Import { merchant_id, key_file } => {
            let secret = private_file::read(&key_file)?;
            let key = server.post(&format!("/admin/retail/{merchant_id}/keys"), &json!({ "key": secret.expose() })).await?;
            screen::show(format_args!("The key opens merchant {merchant_id} from now on. Its id: {}", text(&key, "id")));
        }
        Verb::List { merchant_id } => {
            let keys = server.get(&format!("/admin/retail/{merchant_id}/keys")).await?;
            let row = |key: &Value| ["id", "created_at", "revoked_at"].map(|field| text(key, field)).to_vec();
            table::show(&["id", "issued", "revoked"], &rows(&keys, "keys", row), "There are no keys.");
        }
        Verb::Revoke { id } => {
            server.delete(&format!("/admin/keys/{id}")).await?;
            screen::show(format_args!("API key {id} opens nothing any more."));
        }
    }
    Ok(())
}
