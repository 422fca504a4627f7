//! `florin verify`: recomputes everything that must be true of the books, beside a running server or on its files.
//!
//! Invariant: it changes nothing. Exit code 0 for books in order, 1 if a rule is broken, 2 if it could not look.

use std::path::PathBuf;

use clap::Args;
use florin_service::digest;
use florin_service::verify::{self, Report};
use florin_store::{Database, Store, Violation};

use crate::data_directory::{self, DataDirectory};
use crate::failure::Failure;
use crate::{screen, table};

/// Exit code if it could not look.
const COULD_NOT_LOOK: u8 = 2;

/// Checks the books
#[derive(Args)]
pub struct Options {
    /// The sandbox's data directory
    #[arg(long, value_name = "DIR", default_value = data_directory::DEFAULT)]
    data_dir: PathBuf,
    #[arg(help = "A PostgreSQL database, not a data directory")]
    #[arg(long, value_name = "URL", env = "FLORIN_DATABASE", hide_env_values = true)]
    database: Option<String>,
}

/// Checks the books and says what it found.
///
/// # Errors
/// A [`Failure`] when the books are not in order, or when it could not look.
pub async fn run(options: Options) -> Result<(), Failure> {
    let report = look(&options).await.map_err(|failure| failure.with_exit(COULD_NOT_LOOK))?;
    let counts: Vec<_> = report.counts.iter().map(|(what, count)| vec![(*what).to_owned(), count.to_string()]).collect();
    table::show(&["rows", "count"], &counts, "The books are empty.");
    screen::show(format_args!("\n{} rules checked.", report.rules));
    if report.is_clean() {
        screen::show("The books are in order.");
        return Ok(());
    }
    let rows: Vec<_> = report.violations.iter().map(row).collect();
    table::show(&["rule that is broken", "by", "how"], &rows, "");
    Err(Failure::new(format!("the books are not in order: {} violations", rows.len())))
}

async fn look(options: &Options) -> Result<Report, Failure> {
    let directory = DataDirectory::at(&options.data_dir)?;
    check(database(&directory, options.database.as_deref())?).await
}

/// The database at `url`, else the file in `directory`, which must exist.
///
/// # Errors
/// A [`Failure`] if it does not: looking must not make one.
pub fn database(directory: &DataDirectory, url: Option<&str>) -> Result<Database, Failure> {
    if let Some(url) = url {
        return Ok(Database::Postgres { url: url.to_owned() });
    }
    let path = directory.database();
    if path.exists() { Ok(Database::Sqlite { path }) } else { Err(Failure::new(format!("there are no books at {}", path.display()))) }
}

/// Checks the books in `database`.
///
/// # Errors
/// A [`Failure`] when they cannot be read.
pub async fn check(database: Database) -> Result<Report, Failure> {
    let store = Store::inspect(database, digest).await.map_err(|error| Failure::because("the database", error))?;
    verify::check(&store).await.map_err(|error| Failure::because("the books", error))
}

fn row(violation: &Violation) -> Vec<String> {
    vec![violation.rule.to_owned(), violation.subject.clone(), violation.detail.clone()]
}
