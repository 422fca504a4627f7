//! `florin merchant`: taking sellers on, and what their retail accounts and servers need.

mod allow_ip;
mod api_key;
mod retail;
mod server_key;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::remote::{Remote, ServerOptions, rows, text};
use crate::{screen, table};

/// Takes sellers on, and handles their retail accounts
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    server: ServerOptions,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Takes a seller on
    Create {
        /// The name that buyers see
        #[arg(long)]
        name: String,
        /// Who pays for credit
        #[arg(long, value_enum, default_value_t = Pricing::BuyerPays)]
        pricing: Pricing,
        /// What a seller pays of each Pay Later order, in percent, such as 3.5
        #[arg(long, value_name = "PERCENT", required_if_eq("pricing", "seller-pays"))]
        fee: Option<String>,
        /// Days between a paid order and its payout, 0 to 14
        #[arg(long, value_name = "DAYS", default_value_t = 0)]
        payout_hold: u32,
    },
    /// Lists the sellers
    List,
    /// Handles retail accounts: cards, gift cards and wallets
    #[command(subcommand)]
    Retail(retail::Verb),
    /// Handles the API keys of merchants' servers
    #[command(subcommand)]
    ApiKey(api_key::Verb),
    /// Handles the networks that merchants' servers may call from
    #[command(subcommand)]
    AllowIp(allow_ip::Verb),
    /// Handles the public keys that merchants' servers sign with
    #[command(subcommand)]
    ServerKey(server_key::Verb),
}

/// Who pays for credit.
#[derive(Clone, Copy, ValueEnum)]
enum Pricing {
    /// The buyer pays interest
    BuyerPays,
    /// The seller pays a fee
    SellerPays,
}

/// Runs the command.
///
/// # Errors
/// A [`Failure`] with the server's words.
pub async fn run(options: Options) -> Result<(), Failure> {
    let server = Remote::find(&options.server)?;
    match options.verb {
        Verb::Retail(verb) => retail::run(&server, verb).await?,
        Verb::ApiKey(verb) => api_key::run(&server, verb).await?,
        Verb::AllowIp(verb) => allow_ip::run(&server, verb).await?,
        Verb::ServerKey(verb) => server_key::run(&server, verb).await?,
        Verb::Create { name, pricing, fee, payout_hold } => {
            let pricing = match pricing {
                Pricing::BuyerPays => "buyer_pays",
                Pricing::SellerPays => "seller_pays",
            };
            let body = json!({ "name": name, "pricing": pricing, "fee_percent": fee, "payout_hold_days": payout_hold });
            let merchant = server.post("/admin/merchants", &body).await?;
            let id = text(&merchant, "id");
            screen::show(format_args!("{} is taken on. Its id: {id}", text(&merchant, "name")));
            screen::show(format_args!("Give its server a token: florin token issue --seller {id} --redirect-url https://…"));
        }
        Verb::List => {
            let merchants = server.get("/admin/merchants").await?;
            let row = |merchant: &Value| {
                ["id", "name", "pricing", "fee_percent", "payout_hold_days", "created_at"].map(|field| text(merchant, field)).to_vec()
            };
            let heading = ["id", "name", "pricing", "fee %", "payout hold", "since"];
            table::show(&heading, &rows(&merchants, "merchants", row), "There are no sellers yet.");
        }
    }
    Ok(())
}
