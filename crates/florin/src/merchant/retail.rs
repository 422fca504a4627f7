//! `florin merchant retail`: retail accounts, by which shoppers pay a seller with cards, gift cards and wallets.

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::remote::{Remote, list, rows, text};
use crate::{screen, table};

/// What to do.
#[derive(Subcommand)]
pub enum Verb {
    /// Opens an account for a seller; its first API key is shown once
    Open {
        /// The short name on the wire, such as 10006
        merchant_id: String,
        /// The seller's id
        #[arg(long, value_name = "UUID")]
        seller: String,
        /// The name that shoppers see; the seller's own if this is not given
        #[arg(long)]
        name: Option<String>,
        /// An origin of the merchant's pages, such as <https://shop.example>; may be given several times
        #[arg(long, value_name = "ORIGIN")]
        origin: Vec<String>,
        /// What the merchant pays of each sale, in percent, such as 1.2
        #[arg(long, value_name = "PERCENT")]
        fee: Option<String>,
        /// What becomes of a client reference that was used before
        #[arg(long, value_enum, default_value_t = Duplicates::Accept)]
        duplicates: Duplicates,
    },
    /// Changes an account; what is not given stays as it is
    Change {
        /// The merchant's id
        merchant_id: String,
        /// The name that shoppers see
        #[arg(long)]
        name: Option<String>,
        /// An origin of the merchant's pages, in place of all old ones; may be given several times
        #[arg(long, value_name = "ORIGIN")]
        origin: Vec<String>,
        /// What the merchant pays of each sale from now on, in percent
        #[arg(long, value_name = "PERCENT")]
        fee: Option<String>,
        /// What becomes of a client reference that was used before
        #[arg(long, value_enum)]
        duplicates: Option<Duplicates>,
    },
    /// Lists the accounts
    List,
    /// Shows an account
    Show {
        /// The merchant's id
        merchant_id: String,
    },
}

/// What becomes of a client reference that was used before.
#[derive(Clone, Copy, ValueEnum)]
pub enum Duplicates {
    /// It is taken
    Accept,
    /// It is refused
    Reject,
}

impl Duplicates {
    const fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
        }
    }
}

/// Runs the command.
///
/// # Errors
/// A [`Failure`] with the server's words.
pub async fn run(server: &Remote, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Open { merchant_id, seller, name, origin, fee, duplicates } => {
            let body = json!({
                "merchant_id": merchant_id, "name": name, "origins": origin, "fee_percent": fee,
                "duplicate_client_reference": duplicates.word(),
            });
            let account = server.post(&format!("/admin/merchants/{seller}/retail"), &body).await?;
            eprintln!("{} takes cards, gift cards and wallets as {merchant_id}.", text(&account, "name"));
            eprintln!("Say where its servers call from: florin merchant allow-ip add {merchant_id} CIDR");
            eprintln!("Its first API key {} is shown this once:", text(&account, "api_key_id"));
            screen::show(text(&account, "api_key"));
        }
        Verb::Change { merchant_id, name, origin, fee, duplicates } => {
            let origins = (!origin.is_empty()).then_some(origin);
            let body = json!({
                "name": name, "origins": origins, "fee_percent": fee,
                "duplicate_client_reference": duplicates.map(Duplicates::word),
            });
            show(&server.patch(&format!("/admin/retail/{merchant_id}"), &body).await?);
        }
        Verb::List => {
            let accounts = server.get("/admin/retail").await?;
            let fields = ["merchant_id", "name", "seller", "fee_percent", "created_at"];
            let row = |account: &Value| fields.map(|field| text(account, field)).to_vec();
            let heading = ["merchant", "name", "seller", "fee %", "since"];
            table::show(&heading, &rows(&accounts, "retail", row), "There are no retail accounts yet.");
        }
        Verb::Show { merchant_id } => show(&server.get(&format!("/admin/retail/{merchant_id}")).await?),
    }
    Ok(())
}

fn show(account: &Value) {
    for (name, field) in [
        ("merchant", "merchant_id"),
        ("name", "name"),
        ("seller", "seller"),
        ("fee %", "fee_percent"),
        ("duplicates", "duplicate_client_reference"),
        ("since", "created_at"),
    ] {
        screen::show(format_args!("{name:<13} {}", text(account, field)));
    }
    for (name, field) in [("origins", "origins"), ("allowed from", "allowed_ips")] {
        screen::show(format_args!("{name:<13} {}", list(account, field)));
    }
}
