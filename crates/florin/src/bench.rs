//! `florin bench`: how much a server takes, measured from outside, beside a reference server in the same minute if there is one.
//!
//! It measures a sandbox of its own, in a process of its own, unless it is given an address.
//! Invariant: every figure it prints was measured in this run.

mod child;
mod measure;
mod report;
mod subject;
mod turns;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use florin_bench::{Numbers, Target, Trust};
use florin_vault::Random;

use crate::data_directory::DataDirectory;
use crate::failure::Failure;
use crate::{signals, verify};
use child::{Reference, Sandbox, Workspace};
use measure::Measure;
use report::{Report, Start, Verdict};
use subject::{Credentials, Subject};
use turns::Plan;

/// How long a server is left alone before its memory at rest is read.
const REST: Duration = Duration::from_secs(2);

/// What to measure.
#[derive(Args)]
pub struct Options {
    /// Measure only these, with what they work on [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "MEASURES")]
    only: Vec<Measure>,
    /// Length of each measurement
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Measurements of each operation; their median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Connections at once, but for buyers
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Buyers that walk through the checkout at once
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    buyers: u16,
    /// A reference server's program, started as `PROGRAM PORT DIRECTORY`, to measure in turns with Florin
    #[arg(long, value_name = "PROGRAM")]
    limit: Option<PathBuf>,
    #[arg(help = "PostgreSQL database for the sandbox that is measured; it must be empty")]
    #[arg(long, value_name = "URL", env = "FLORIN_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// Measure the server at this address instead
    #[arg(long, requires_all = ["seller", "token"])]
    url: Option<String>,
    /// Authority that signed that server's certificate, as a PEM file
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Id of the seller there that orders are created for
    #[arg(long, value_name = "UUID")]
    seller: Option<String>,
    /// That seller's access token
    #[arg(long, env = "FLORIN_ACCESS_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// API key of a merchant there, a sandbox's, whose shoppers mint, list, purchase and refund
    #[arg(long, env = "FLORIN_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// Write the figures to this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Measures and prints.
///
/// # Errors
/// A [`Failure`] when a server cannot be started, answers wrongly, or has lost something.
pub async fn run(options: Options) -> Result<(), Failure> {
    let seed = u32::from_be_bytes(Random::system().bytes());
    let plan = Plan {
        measures: measures(&options)?,
        seconds: Duration::from_secs(options.seconds),
        rounds: options.rounds,
        connections: options.connections.into(),
        buyers: options.buyers.into(),
        seed,
        numbers: Numbers::from_seed(seed),
    };
    let mut stop = signals::stop()?;
    // When told to stop, the measurement is dropped, and with it the servers and files that it made.
    let report = tokio::select! {
        report = measure(&options, &plan) => report?,
        _ = stop.wait_for(|stop| *stop) => return Err(Failure::new("stopped before everything was measured")),
    };
    report.show_books();
    if let Some(path) = &options.json {
        std::fs::write(path, report.json()?).map_err(|error| Failure::because(path.display(), error))?;
    }
    report.verdict()
}

/// What to measure: on a server that was there already, a merchant's part only with a merchant's key.
fn measures(options: &Options) -> Result<BTreeSet<Measure>, Failure> {
    let mut measures = Measure::chosen(&options.only);
    if options.url.is_some() && options.api_key.is_none() {
        if options.only.iter().any(|measure| measure.is_retail()) {
            return Err(Failure::new("with --url, to mint, list, purchase and refund needs --api-key"));
        }
        measures.retain(|measure| !measure.is_retail());
    }
    Ok(measures)
}

async fn measure(options: &Options, plan: &Plan) -> Result<Report, Failure> {
    let workspace = Workspace::new()?;
    let reference = match &options.limit {
        Some(program) => Some(Reference::start(program, &workspace).await?),
        None => None,
    };
    let reference_subject = reference.as_ref().map(Reference::subject);
    if let Some(url) = &options.url {
        let mut subject = stranger(options, url).await?;
        let report = turns::take(plan, &mut subject, reference_subject.as_ref()).await?;
        report.show();
        return Ok(report);
    }
    let directory = workspace.directory("florin")?;
    let first = Sandbox::start(&directory, options.database.as_deref()).await?;
    let first_ms = first.first_answer_ms;
    first.kill().await;
    let sandbox = Sandbox::start(&directory, options.database.as_deref()).await?;
    tokio::time::sleep(REST).await;
    let start = Start { first_ms, again_ms: sandbox.first_answer_ms, idle_rss_kib: sandbox.rss_kib() };
    let mut report = turns::take(plan, &mut sandbox.subject().await?, reference_subject.as_ref()).await?;
    report.start = Some(start);
    report.loaded_rss_kib = sandbox.rss_kib();
    report.show();
    // Last, because it takes its time where much was sold.
    report.books = Some(books(&directory, options.database.as_deref()).await?);
    sandbox.kill().await;
    Ok(report)
}

/// The server that `--url` names.
async fn stranger(options: &Options, url: &str) -> Result<Subject, Failure> {
    let ca = options.ca.as_ref().ok_or_else(|| Failure::new("--url needs --ca, the authority that signed its certificate"))?;
    let pem = std::fs::read(ca).map_err(|error| Failure::because(ca.display(), error))?;
    let target = Target::new(url, Trust::Authority(pem)).await.map_err(|error| Failure::new(error.to_string()))?;
    let [seller, token, api_key] = [&options.seller, &options.token, &options.api_key].map(|given| given.as_deref().unwrap_or_default());
    Ok(Subject::florin(target, &Credentials { seller, token, api_key }, None))
}

/// What `florin verify` says about the books after all this.
async fn books(directory: &DataDirectory, database: Option<&str>) -> Result<Verdict, Failure> {
    let checked = verify::check(verify::database(directory, database)?).await?;
    Ok(Verdict { violations: checked.violations.len() })
}
