//! `florin serve`: production.
//!
//! Invariant: it starts with what the operator said, or not at all.

mod adapters;
mod certificate;
pub mod checks;
pub mod config;
pub mod weakness;

use std::path::PathBuf;

use clap::Args;
use florin_service::{Algorithm, Environment, Policy, Random};
use florin_store::Database;
use florin_web::{Listener, Settings, Transport};

use crate::data_directory::{DataDirectory, Hold};
use crate::failure::Failure;
use crate::gateway::{self, Books, Gateway, Parts};
use crate::signals;
use checks::Checked;
use config::{Config, TokenAlgorithm};

/// Runs a production server
#[derive(Args)]
pub struct Options {
    /// The configuration; florin.example.toml shows all of it
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    #[arg(help = "PostgreSQL database, in place of the configuration's")]
    #[arg(long, value_name = "URL", env = "FLORIN_DATABASE", hide_env_values = true)]
    database: Option<String>,
}

/// Serves until it is told to stop.
///
/// # Errors
/// A [`Failure`] with the first thing to put right.
pub async fn run(options: Options) -> Result<(), Failure> {
    let mut config = Config::read(&options.config)?;
    if options.database.is_some() {
        config.database = options.database;
    }
    let checked = checks::check(&config)?;
    let stop = signals::stop()?;
    let (database, _hold) = database(&config)?;
    let listener = listen(&config, &checked).await?;
    let parts = Parts {
        policy: Policy {
            environment: Environment::Production,
            base_url: checked.base_url.clone(),
            announce_creation: config.announce_creation,
            minimum_integration_version: config.minimum_integration_version,
            operator_key_hash: gateway::key_hash(&checked.operator_key),
            token_algorithm: match config.token_algorithm {
                TokenAlgorithm::EdDsa => Algorithm::EdDsa,
                TokenAlgorithm::Es256 => Algorithm::Es256,
            },
        },
        books: Books::open(database).await?,
        master_key: checked.master_keys.current,
        previous_master_key: checked.master_keys.previous,
        relay: checked.relay,
        cards: checked.cards,
        webhook_root_pem: None,
    };
    let gateway = Gateway::open(parts).await?;
    let simulated = gateway.cx().world.simulated();
    if !simulated.is_empty() {
        tracing::warn!(connectors = simulated.join(", "), "simulated, as allow_simulated says: nothing real happens behind these");
    }
    tracing::info!(listen = %config.listen, base_url = checked.base_url, "serving");
    gateway.serve(listener, stop).await;
    Ok(())
}

async fn listen(config: &Config, checked: &Checked) -> Result<Listener, Failure> {
    let transport = match &checked.tls {
        Some(files) => Transport::Tls(certificate::renewable(files.clone())?),
        None => Transport::PlainBehindProxy,
    };
    let seed = u64::from_be_bytes(Random::system().bytes());
    let settings =
        Settings { proxies: checked.proxies.clone(), fallback: gateway::fallback, seed, strict_transport: true, ..Settings::default() };
    let bound = Listener::bind(&[config.listen], transport, settings).await;
    bound.map_err(|error| Failure::because(format_args!("listening on {}", config.listen), error))
}

/// The database; a file is held, so that no second server opens it.
fn database(config: &Config) -> Result<(Database, Option<Hold>), Failure> {
    match (&config.database, &config.data_dir) {
        (Some(url), _) => Ok((Database::Postgres { url: url.clone() }, None)),
        (None, Some(path)) => {
            let directory = DataDirectory::at(path)?;
            let hold = directory.hold()?;
            Ok((Database::Sqlite { path: directory.database() }, Some(hold)))
        }
        (None, None) => Err(Failure::new("there is neither database nor data_dir; say where the books are kept")),
    }
}
