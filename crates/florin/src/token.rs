//! `florin token`: the credentials of merchants' servers.
//!
//! Invariant: a token's text is printed once, when it is made, and alone on its line, so that a script can take it.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::remote::{Remote, ServerOptions, query, rows, text};
use crate::{screen, table};

/// Handles merchants' access tokens
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    server: ServerOptions,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Issues a token; it is shown once
    Issue {
        /// The seller's id
        #[arg(long, value_name = "UUID")]
        seller: String,
        /// Where buyers go if an order does not say
        #[arg(long, value_name = "URL")]
        redirect_url: Option<String>,
    },
    /// Lists tokens, without their text
    List {
        /// Of this seller only
        #[arg(long, value_name = "UUID")]
        seller: Option<String>,
    },
    /// Ends a token now
    Revoke {
        /// The token's id
        id: String,
    },
    /// Issues a new token in place of an old one; it is shown once
    Rotate {
        /// The old token's id
        id: String,
        /// How long the old token stays good, such as 24h; it ends at once if this is not given
        #[arg(long, value_name = "SPAN")]
        overlap: Option<String>,
    },
}

/// Runs the command.
///
/// # Errors
/// A [`Failure`] with the server's words.
pub async fn run(options: Options) -> Result<(), Failure> {
    let server = Remote::find(&options.server)?;
    match options.verb {
        Verb::Issue { seller, redirect_url } => {
            let token = server.post("/admin/tokens", &json!({ "seller": seller, "redirect_url": redirect_url })).await?;
            show(&token);
        }
        Verb::List { seller } => {
            let tokens = server.get(&format!("/admin/tokens{}", query(&[("seller", seller.as_deref())]))).await?;
            let row = |token: &Value| {
                ["id", "seller", "redirect_url", "created_at", "expires_at", "revoked_at"].map(|field| text(token, field)).to_vec()
            };
            let heading = ["id", "seller", "redirect", "issued", "expires", "revoked"];
            table::show(&heading, &rows(&tokens, "tokens", row), "There are no tokens.");
        }
        Verb::Revoke { id } => {
            server.post(&format!("/admin/tokens/{id}/revoke"), &json!({})).await?;
            screen::show(format_args!("Token {id} opens nothing any more."));
        }
        Verb::Rotate { id, overlap } => {
            let token = server.post(&format!("/admin/tokens/{id}/rotate"), &json!({ "overlap": overlap })).await?;
            show(&token);
            let end = overlap.map_or_else(|| "opens nothing any more".to_owned(), |overlap| format!("stays good for {overlap}"));
            eprintln!("The old token {id} {end}.");
        }
    }
    Ok(())
}

fn show(token: &Value) {
    eprintln!("Token {} of seller {}. It is shown this once:", text(token, "id"), text(token, "seller"));
    screen::show(format_args!("{}", text(token, "access_token")));
}
