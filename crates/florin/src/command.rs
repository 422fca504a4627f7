//! The command line: one subcommand a file.

use clap::{Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

use crate::failure::Failure;
use crate::{bench, clock, keys, merchant, operations, sandbox, serve, token, vault, verify, webhooks};

/// More threads than this bring a gateway nothing: one writer commits for all of them.
const WORKERS_MAX: usize = 4;

/// A payments server: trade orders, paid now or later, in one program
#[derive(Parser)]
#[command(version)]
pub struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run a sandbox on this machine, with simulated money
    Sandbox(sandbox::Options),
    /// Run a production server
    Serve(serve::Options),
    /// Take sellers on, and handle their retail accounts
    Merchant(merchant::Options),
    /// Handle merchants' access tokens
    Token(token::Options),
    /// Handle the keys that sign shoppers' tokens
    Keys(keys::Options),
    /// Change the key that seals what is secret in the books
    Vault(vault::Options),
    /// Show what was announced to merchants' servers, and send it again
    Webhooks(webhooks::Options),
    /// Show or move a sandbox's clock
    Clock(clock::Options),
    /// Check the books
    Verify(verify::Options),
    /// Measure how much a server takes
    Bench(bench::Options),
    /// Print what a server answers, and to whom, as Markdown
    Operations,
}

impl Command {
    /// Runs the command to its end.
    ///
    /// # Errors
    /// A [`Failure`] that says why it did not do what it was asked.
    pub fn run(self) -> Result<(), Failure> {
        let runtime = self.runtime()?;
        runtime.block_on(async {
            match self.verb {
                Verb::Sandbox(options) => sandbox::run(options).await,
                Verb::Serve(options) => serve::run(options).await,
                Verb::Merchant(options) => merchant::run(options).await,
                Verb::Token(options) => token::run(options).await,
                Verb::Keys(options) => keys::run(options).await,
                Verb::Vault(options) => vault::run(options).await,
                Verb::Webhooks(options) => webhooks::run(options).await,
                Verb::Clock(options) => clock::run(options).await,
                Verb::Verify(options) => verify::run(options).await,
                Verb::Bench(options) => bench::run(options).await,
                Verb::Operations => {
                    operations::run();
                    Ok(())
                }
            }
        })
    }

    /// Servers get as many threads as there are processors; everything else is content with one.
    fn runtime(&self) -> Result<Runtime, Failure> {
        let mut builder = match self.verb {
            Verb::Sandbox(_) | Verb::Serve(_) => {
                let mut builder = Builder::new_multi_thread();
                builder.worker_threads(std::thread::available_parallelism().map_or(1, |count| count.get().min(WORKERS_MAX)));
                builder
            }
            _ => Builder::new_current_thread(),
        };
        builder.enable_all().build().map_err(|error| Failure::because("the runtime", error))
    }
}
