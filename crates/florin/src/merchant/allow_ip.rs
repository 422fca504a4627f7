//! `florin merchant allow-ip`: where a merchant's servers may call from to complete, void and refund.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::remote::{Remote, query, text};
use crate::screen;

/// What to do.
#[derive(Subcommand)]
pub enum Verb {
    /// Allows a network
    Add {
        /// The merchant's id
        merchant_id: String,
        /// A network such as 203.0.113.0/24, or one address; of either family
        #[arg(value_name = "CIDR")]
        network: String,
    },
    /// Lists what is allowed
    List {
        /// The merchant's id
        merchant_id: String,
    },
    /// Allows a network no more
    Remove {
        /// The merchant's id
        merchant_id: String,
        /// The network, as the list shows it
        #[arg(value_name = "CIDR")]
        network: String,
    },
}

/// Runs the command.
///
/// # Errors
/// A [`Failure`] with the server's words.
pub async fn run(server: &Remote, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Add { merchant_id, network } => {
            let allowed = server.post(&path(&merchant_id, None), &json!({ "network": network })).await?;
            screen::show(format_args!("Servers of {merchant_id} may call from {}.", text(&allowed, "network")));
        }
        Verb::List { merchant_id } => {
            let networks = server.get(&path(&merchant_id, None)).await?;
            let networks: Vec<&str> = networks["networks"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            if networks.is_empty() {
                screen::show("No address is allowed: nobody can complete, void or refund.");
            }
            networks.into_iter().for_each(screen::show);
        }
        Verb::Remove { merchant_id, network } => {
            let removed = server.delete(&path(&merchant_id, Some(&network))).await?;
            screen::show(format_args!("Servers of {merchant_id} may not call from {} any more.", text(&removed, "network")));
        }
    }
    Ok(())
}

fn path(merchant_id: &str, network: Option<&str>) -> String {
    format!("/admin/retail/{merchant_id}/allowed-ips{}", query(&[("network", network)]))
}
