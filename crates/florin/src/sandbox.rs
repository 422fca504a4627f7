//! `florin sandbox`: a whole Florin on this machine, with simulated money and nothing to set up.
//!
//! Invariant: `sandbox.json` is written once the sandbox answers, and is gone before the next one begins.

mod authority;
mod greeting;
pub mod keys;
mod retail;
mod sellers;

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use clap::Args;
use florin_connect::{STRIPE_TIMEOUT, StripeSettings};
use florin_service::{Algorithm, Environment, Policy, Random};
use florin_store::Database;
use florin_vault::ca::Certified;
use florin_web::{Limits, Listener, Settings, Transport, tls};

use crate::announcement::Announcement;
use crate::data_directory::{self, DataDirectory};
use crate::failure::Failure;
use crate::gateway::{self, Books, Gateway, Parts};
use crate::{private_file, screen, signals};
use keys::Keys;
use sellers::{Present, Roll};

/// How often a port that was picked for one address family may turn out to be taken in the other.
const PICKS: usize = 8;
/// Connections at a time: plenty for a developer's machine, and no more than its usual limit of open files.
const CONNECTIONS: usize = 900;

/// Runs a sandbox
#[derive(Args)]
pub struct Options {
    /// Where the sandbox keeps its files
    #[arg(long, value_name = "DIR", default_value = data_directory::DEFAULT)]
    data_dir: PathBuf,
    /// Where to listen; 0 picks a port, the one of the last time if it is free
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// Begin again: forget all orders, sellers and keys
    #[arg(long, conflicts_with = "database")]
    fresh: bool,
    /// Take card payments at this server, which speaks Stripe's `PaymentIntents` API, not at the simulated acquirer
    #[arg(long, value_name = "URL", requires = "stripe_key_file")]
    stripe_url: Option<String>,
    /// The file with that server's secret key
    #[arg(long, value_name = "FILE", requires = "stripe_url")]
    stripe_key_file: Option<PathBuf>,
    #[arg(help = "Keep the books in this PostgreSQL database, not in a file")]
    #[arg(long, value_name = "URL", env = "FLORIN_DATABASE", hide_env_values = true)]
    database: Option<String>,
}

/// Runs until it is told to stop.
///
/// # Errors
/// A [`Failure`] when the data directory is in use, the port is taken, or the books cannot be opened.
pub async fn run(options: Options) -> Result<(), Failure> {
    let directory = DataDirectory::at(&options.data_dir)?;
    let hold = directory.hold()?;
    directory.withdraw()?;
    if options.fresh {
        directory.empty(&hold)?;
    }
    let stop = signals::stop()?;
    let database = options.database.map_or_else(|| Database::Sqlite { path: directory.database() }, |url| Database::Postgres { url });
    // Opened beside the rest: the first random number of a process takes the cipher library as long as all else together.
    let books = tokio::spawn(Books::open(database));
    let random = Random::system();
    let keys = Keys::of(&directory, &random)?;
    let cards = acquirer(options.stripe_url, options.stripe_key_file.as_deref())?;
    let authority = authority::of(&directory)?;
    let roll = Roll::read(&directory)?;
    let listener = listen(options.port, roll.port, &authority.server, &random).await?;
    let port = listener.addresses().first().map_or(options.port, SocketAddr::port);
    let base_url = format!("https://localhost:{port}");
    let next_master_key = keys.next_key_id();
    let parts = Parts {
        policy: Policy {
            environment: Environment::Sandbox,
            base_url: base_url.clone(),
            announce_creation: false,
            minimum_integration_version: None,
            operator_key_hash: gateway::key_hash(&keys.operator),
            token_algorithm: Algorithm::EdDsa,
        },
        books: books.await.map_err(|error| Failure::because("the database", error))??,
        master_key: keys.master,
        previous_master_key: keys.previous,
        relay: None,
        cards,
        webhook_root_pem: Some(authority.cert_pem.into_bytes()),
    };
    let gateway = Gateway::open(parts).await?;
    let Present { sellers, wpay } = roll.call(gateway.cx(), port, &directory).await?;
    let (ca_cert, admin_token) = (authority.cert_path, keys.operator.expose().clone());
    let announcement = Announcement { base_url, ca_cert, admin_token, sellers, wpay, next_master_key };
    // The sockets are open, so from here on whoever calls is answered. The announcement comes last: scripts wait for it.
    screen::show(greeting::text(&announcement, &directory));
    announcement.publish(&directory, &retail::GIFT_CARDS)?;
    gateway.serve(listener, stop).await;
    directory.withdraw()
}

/// Who takes card payments, if it is not the simulated acquirer.
fn acquirer(url: Option<String>, key_file: Option<&Path>) -> Result<Option<StripeSettings>, Failure> {
    let (Some(base_url), Some(key_file)) = (url, key_file) else { return Ok(None) };
    let secret_key = private_file::read(key_file)?;
    Ok(Some(StripeSettings { base_url, secret_key, extra_root_pem: None, timeout: STRIPE_TIMEOUT }))
}

/// Listens on this machine only, in both address families if it has both.
async fn listen(wanted: u16, last: Option<u16>, server: &Certified, random: &Random) -> Result<Listener, Failure> {
    let config = tls::server_config(server.cert_pem.as_bytes(), server.key_pem.expose().as_bytes());
    let transport = Transport::Tls(config.map_err(|error| Failure::because("tls", error))?);
    let bind = async |port: u16| {
        let limits = Limits { connections: CONNECTIONS, ..Limits::default() };
        let settings = Settings { limits, fallback: gateway::fallback, seed: u64::from_be_bytes(random.bytes()), ..Settings::default() };
        Listener::bind(&local_addresses(port), transport.clone(), settings).await
    };
    let ports = if wanted == 0 { last.into_iter().chain([0; PICKS]).collect() } else { vec![wanted] };
    let mut refusal = None;
    for port in ports {
        match bind(port).await {
            Ok(listener) => return Ok(listener),
            Err(error) => refusal = Some(error),
        }
    }
    Err(match refusal {
        Some(error) if error.kind() == ErrorKind::AddrInUse => {
            Failure::new(format!("port {wanted} is taken; stop what listens there, or choose another with --port (0 picks a free one)"))
        }
        Some(error) => Failure::because(format_args!("listening on port {wanted}"), error),
        None => Failure::new("there is no port to listen on"),
    })
}

fn local_addresses(port: u16) -> Vec<SocketAddr> {
    let mut addresses = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))];
    // Many containers have no IPv6; the only sure way to know is to try.
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        addresses.push(SocketAddr::from((Ipv6Addr::LOCALHOST, port)));
    }
    addresses
}
