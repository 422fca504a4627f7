//! `florin.toml`: what an operator may say, in the operator's words.
//!
//! Shape only; whether it is safe is decided in [`checks`](super::checks).
//! Invariant: a key that is not known here is refused, so a misspelt safeguard is never silently off.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::Failure;
use crate::private_file;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The address that merchants and buyers use: `https://pay.example.com`.
    pub base_url: String,
    /// Where the embedded database lives, if there is no `database`.
    pub data_dir: Option<PathBuf>,
    /// A `PostgreSQL` URL.
    pub database: Option<String>,
    /// The file with the operator's key.
    pub operator_key_file: Option<PathBuf>,
    /// The file with the key that seals everything secret in the database.
    pub master_key_file: Option<PathBuf>,
    /// The file with the key that sealed it before, while one takes the other's place.
    pub previous_master_key_file: Option<PathBuf>,
    /// How shoppers' tokens are signed.
    #[serde(default)]
    pub token_algorithm: TokenAlgorithm,
    /// Own certificate files.
    pub tls: Option<Tls>,
    /// Addresses and networks of our own proxies.
    #[serde(default)]
    pub trusted_proxies: Vec<String>,
    /// Speak plain HTTP, because a trusted proxy speaks TLS for us.
    #[serde(default)]
    pub plain_behind_proxy: bool,
    /// The connectors to the outside world.
    pub connectors: Connectors,
    /// Connectors that may be simulated, in as many words.
    #[serde(default)]
    pub allow_simulated: Vec<String>,
    /// The mail relay, for `connectors.mail = "smtp"`.
    pub smtp: Option<Smtp>,
    /// The account that takes card payments, for `connectors.cards = "stripe"`.
    pub stripe: Option<Stripe>,
    /// Send a webhook when an order is created, too.
    #[serde(default)]
    pub announce_creation: bool,
    /// The oldest version of a shop plugin that is served.
    pub minimum_integration_version: Option<String>,
}

/// Certificate files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate chain, the server's own first, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// The adapter behind each connector.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connectors {
    /// The company register.
    pub register: Adapter,
    /// The credit decision.
    pub underwriter: Adapter,
    /// Card payments.
    pub cards: CardAdapter,
    /// Shoppers' wallets at other providers.
    pub wallets: Adapter,
    /// Bank payments.
    pub bank: Adapter,
    /// Payouts to sellers.
    pub payouts: Adapter,
    /// Mail.
    pub mail: MailAdapter,
}

/// What can stand behind a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Adapter {
    /// Nothing real.
    Simulated,
}

/// What can stand behind card payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CardAdapter {
    /// Nothing real.
    Simulated,
    /// Stripe, or whoever speaks its `PaymentIntents` API.
    Stripe,
}

/// What can stand behind the mailer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailAdapter {
    /// Nothing real: mails are kept and not sent.
    Simulated,
    /// A mail relay.
    Smtp,
}

/// How shoppers' tokens are signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum TokenAlgorithm {
    /// Ed25519.
    #[default]
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// ECDSA over P-256, for verifiers that know no Ed25519.
    #[serde(rename = "ES256")]
    Es256,
}

/// The account that takes card payments.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stripe {
    /// The API's address.
    #[serde(default = "Stripe::public")]
    pub base_url: String,
    /// The file with the account's secret or restricted key.
    pub secret_key_file: Option<PathBuf>,
    /// Authorities to trust beside the public ones, in PEM.
    pub ca: Option<PathBuf>,
}

impl Stripe {
    fn public() -> String {
        "https://api.stripe.com".to_owned()
    }
}

/// The mail relay.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Its host name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the conversation is kept private.
    pub tls: SmtpTls,
    /// Who to log in as.
    pub user: Option<String>,
    /// The file with the password.
    pub password_file: Option<PathBuf>,
    /// The sender.
    pub from: String,
    /// Authorities to trust beside the public ones, in PEM.
    pub ca: Option<PathBuf>,
}

/// How the conversation with the mail relay is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// Begun in clear, then TLS.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// None; to this machine only.
    None,
}

impl Config {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// A [`Failure`] with the line and what is wrong in it, or when the file holds a password and others may read it.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|error| Failure::because(path.display(), error))?;
        let config = Self::parse(&text).map_err(|error| Failure::because(path.display(), error))?;
        if config.database.as_deref().is_some_and(holds_password) {
            private_file::refuse_shared(path)?;
        }
        Ok(config)
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

/// Whether a database URL carries a password, between the user and the host or as a parameter.
fn holds_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let user = rest.split_once('@').map_or("", |(user, _)| user);
    user.contains(':') || rest.contains("password=")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sample that ships with the program.
    const SAMPLE: &str = include_str!("../../../../florin.example.toml");

    #[test]
    fn the_sample_is_a_whole_configuration() {
        let config = Config::parse(SAMPLE).unwrap();
        assert_eq!(config.connectors.mail, MailAdapter::Smtp);
        assert_eq!(config.smtp.map(|smtp| smtp.tls), Some(SmtpTls::StartTls));
    }

    #[test]
    fn cards_are_taken_by_stripe_when_it_says_so() {
        let text = SAMPLE.replace("cards = \"simulated\"", "cards = \"stripe\"").replace("# [stripe]", "[stripe]\nca = \"x.pem\"");
        let config = Config::parse(&text).unwrap();
        assert_eq!((config.connectors.cards, config.token_algorithm), (CardAdapter::Stripe, TokenAlgorithm::EdDsa));
        assert_eq!(config.stripe.map(|stripe| stripe.base_url), Some(Stripe::public()));
        let text = SAMPLE.replace("\"EdDSA\"", "\"RS256\"");
        assert!(Config::parse(&text).unwrap_err().to_string().contains("RS256"));
    }

    #[test]
    fn a_misspelt_key_is_named_with_its_line() {
        let error = Config::parse(&SAMPLE.replace("\nbase_url", "\nbase_ulr")).unwrap_err().to_string();
        assert!(error.contains("base_ulr") && error.contains("line"), "{error}");
        let error = Config::parse(&SAMPLE.replace("bank = \"simulated\"", "bank = \"magic\"")).unwrap_err().to_string();
        assert!(error.contains("magic"), "{error}");
    }

    #[test]
    fn a_password_in_a_database_url_is_seen() {
        assert!(holds_password("postgres://florin:secret@db/florin"));
        assert!(holds_password("host=db password=secret"));
        assert!(!holds_password("postgres://florin@db:5432/florin"));
    }
}
