//! `florin vault`: changing the master key, which seals everything secret in the books, beside a running server or a stopped one's.
//!
//! Invariant: a key that the servers' configuration does not name seals only books on which no server runs.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use florin_service::{Random, digest, vault};
use florin_store::{Database, Store};
use florin_vault::MasterKey;

use crate::announcement::Announcement;
use crate::data_directory::{self, DataDirectory, Hold};
use crate::failure::Failure;
use crate::sandbox::keys::Change;
use crate::serve::checks::{self, MasterKeys};
use crate::serve::config::Config;
use crate::serve::weakness;
use crate::{private_file, screen, verify};

/// Changes the key that seals what is secret in the books
#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Seals every data key with a new master key; may be broken off and repeated
    Rekey(Books),
}

/// Which books, and which key.
#[derive(Args)]
struct Books {
    /// The configuration of a production server
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The sandbox's data directory, if there is no configuration
    #[arg(long, value_name = "DIR", default_value = data_directory::DEFAULT)]
    data_dir: PathBuf,
    /// The new key; without it the configuration's master key takes the previous one's place, and a sandbox makes one
    #[arg(long, value_name = "FILE")]
    new_master_key_file: Option<PathBuf>,
    #[arg(help = "A PostgreSQL database, in place of the configuration's or the data directory's")]
    #[arg(long, value_name = "URL", env = "FLORIN_DATABASE", hide_env_values = true)]
    database: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// A [`Failure`] with what stands in the way; the books then open as before.
pub async fn run(options: Options) -> Result<(), Failure> {
    let Verb::Rekey(books) = options.verb;
    let wanted = books.new_master_key_file.as_deref().map(read).transpose()?;
    match &books.config {
        Some(config) => production(Config::read(config)?, books.database, wanted).await,
        None => sandbox(&DataDirectory::at(&books.data_dir)?, books.database.as_deref(), wanted).await,
    }
}

fn read(path: &Path) -> Result<MasterKey, Failure> {
    let text = private_file::read(path)?;
    if let Some(weakness) = weakness::of_master_key(text.expose()) {
        return Err(Failure::new(format!("the key in {} {weakness}; make a new one with: openssl rand -hex 32", path.display())));
    }
    MasterKey::parse(text.expose()).map_err(|error| Failure::because(path.display(), error))
}

async fn production(config: Config, database: Option<String>, wanted: Option<MasterKey>) -> Result<(), Failure> {
    let MasterKeys { current, previous } = checks::master_keys(&config)?;
    let wanted = wanted.filter(|wanted| !checks::is_same(wanted, &current));
    let (old, new, is_told) = match (wanted, previous) {
        (None, Some(previous)) => (previous, current, true),
        (Some(wanted), None) => (current, wanted, false),
        (None, None) => {
            return Err(Failure::new(
                "there is no key to change to; put the new one into master_key_file and the old one into previous_master_key_file",
            ));
        }
        (Some(_), Some(_)) => {
            return Err(Failure::new("the configuration is in the middle of another change; end it first, without --new-master-key-file"));
        }
    };
    let (database, _hold) = if is_told { (open_to_all(&config, database)?, None) } else { stopped(&config, database)? };
    let count = seal(database, &old, &new).await?;
    screen::show(format_args!("Data keys sealed with the new master key: {count}. None is sealed with the old one."));
    screen::show(if is_told {
        "Take previous_master_key_file out of the configuration and restart the server. Keep the old key as long as you keep backups of before."
    } else {
        "Put the new key into master_key_file before you start the server. Keep the old key as long as you keep backups of before."
    });
    Ok(())
}

/// The books of a server that knows both keys, or of none.
fn open_to_all(config: &Config, database: Option<String>) -> Result<Database, Failure> {
    match (database.or_else(|| config.database.clone()), &config.data_dir) {
        (None, Some(path)) => verify::database(&DataDirectory::at(path)?, None),
        (Some(url), _) => Ok(Database::Postgres { url }),
        (None, None) => Err(Failure::new("there is neither database nor data_dir; say where the books are kept")),
    }
}

/// The books of a server that does not know the new key, and therefore must not run.
fn stopped(config: &Config, database: Option<String>) -> Result<(Database, Option<Hold>), Failure> {
    let first = "put the new key into master_key_file and the old one into previous_master_key_file, restart the server, and run this again \
        without --new-master-key-file";
    let database = open_to_all(config, database)?;
    let Database::Sqlite { path } = &database else {
        return Err(Failure::new(format!("servers that run on this database would not know the new key; {first}")));
    };
    let directory = path.parent().map(DataDirectory::at).transpose()?;
    let hold = directory.map(|directory| directory.hold()).transpose();
    let hold = hold.map_err(|_| Failure::new(format!("a server runs on these books and does not know the new key; {first}")))?;
    Ok((database, hold))
}

async fn sandbox(directory: &DataDirectory, url: Option<&str>, wanted: Option<MasterKey>) -> Result<(), Failure> {
    let database = verify::database(directory, url)?;
    let change = Change::begin(directory, wanted, &Random::system())?;
    // Held, so that none starts meanwhile; or one runs that knows both keys.
    let _hold = match directory.hold() {
        Ok(hold) => Some(hold),
        Err(held) => {
            let running = Announcement::find(directory)?.ok_or(held)?;
            if running.next_master_key != Some(change.id()) {
                return Err(Failure::new(
                    "the running sandbox does not know the new key yet, which is made and kept beside the old one; \
                     stop the sandbox, start it again, and run this once more: it may run meanwhile",
                ));
            }
            None
        }
    };
    let count = seal(database, &change.old, &change.new).await?;
    Change::end(directory)?;
    screen::show(format_args!("Data keys sealed with the new master key, which is the sandbox's from now on: {count}."));
    Ok(())
}

async fn seal(database: Database, old: &MasterKey, new: &MasterKey) -> Result<u32, Failure> {
    let store = Store::open(database, digest).await.map_err(|error| Failure::because("the database", error))?;
    let sealed = vault::rekey(&store, old, new).await.map_err(|error| Failure::because("the database", error));
    store.close().await;
    sealed
}
