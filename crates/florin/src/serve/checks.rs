//! What production refuses to start with. Each refusal is one sentence that says what to do.
//!
//! Invariant: nothing here mends a configuration in silence; what is unsafe is refused.

use std::path::Path;

use florin_connect::{SmtpSettings, StripeSettings};
use florin_vault::{MasterKey, Secret};
use florin_web::TrustedProxies;

use super::adapters;
use super::config::{Adapter, CardAdapter, Config, MailAdapter, Tls};
use super::weakness::{self, Weakness};
use crate::environment::{MASTER_KEY, OPERATOR_KEY, PREVIOUS_MASTER_KEY};
use crate::failure::Failure;
use crate::{environment, private_file};

/// A configuration that production may start with.
pub struct Checked {
    /// Without a slash at its end.
    pub base_url: String,
    /// The operator's key.
    pub operator_key: Secret<String>,
    /// The keys above all other keys.
    pub master_keys: MasterKeys,
    /// Certificate files, or none behind a proxy that speaks TLS for us.
    pub tls: Option<Tls>,
    /// Our own proxies.
    pub proxies: TrustedProxies,
    /// The mail relay; none when mail is simulated.
    pub relay: Option<SmtpSettings>,
    /// Who takes card payments; none when they are simulated.
    pub cards: Option<StripeSettings>,
}

/// The key above all other keys, and the one of before while it is being replaced.
pub struct MasterKeys {
    /// Seals from now on.
    pub current: MasterKey,
    /// Opens what has not been sealed anew yet.
    pub previous: Option<MasterKey>,
}

/// Refuses what is unsafe.
///
/// # Errors
/// A [`Failure`] with the first thing to put right.
pub fn check(config: &Config) -> Result<Checked, Failure> {
    simulations_are_named(config)?;
    let base_url = base_url(&config.base_url)?;
    let proxies = TrustedProxies::parse(&config.trusted_proxies).map_err(|error| Failure::because("trusted_proxies", error))?;
    if let Some(wide) = proxies.too_wide() {
        return Err(Failure::new(format!("trusted_proxies holds {wide}, which is half the internet; name your own proxies' networks")));
    }
    let operator_key = operator_key(config.operator_key_file.as_deref())?;
    let master_keys = master_keys(config)?;
    if master_keys.current.to_text().expose() == operator_key.expose() {
        return Err(Failure::new("the master key and the operator's key are the same; make two with: openssl rand -hex 32"));
    }
    let relay = match config.connectors.mail {
        MailAdapter::Simulated => None,
        MailAdapter::Smtp => Some(adapters::relay(config.smtp.as_ref())?),
    };
    let cards = match config.connectors.cards {
        CardAdapter::Simulated => None,
        CardAdapter::Stripe => Some(adapters::stripe(config)?),
    };
    let tls = transport(config)?;
    Ok(Checked { base_url, operator_key, master_keys, tls, proxies, relay, cards })
}

fn simulations_are_named(config: &Config) -> Result<(), Failure> {
    let simulated = |adapter: Adapter| adapter == Adapter::Simulated;
    let connectors = &config.connectors;
    let simulations = [
        ("register", simulated(connectors.register)),
        ("underwriter", simulated(connectors.underwriter)),
        ("cards", connectors.cards == CardAdapter::Simulated),
        ("wallets", simulated(connectors.wallets)),
        ("bank", simulated(connectors.bank)),
        ("payouts", simulated(connectors.payouts)),
        ("mail", connectors.mail == MailAdapter::Simulated),
    ];
    if let Some(unknown) = config.allow_simulated.iter().find(|named| simulations.iter().all(|(name, _)| name != named)) {
        let names = simulations.map(|(name, _)| name).join(", ");
        return Err(Failure::new(format!("allow_simulated names \"{unknown}\", which is no connector; the connectors are {names}")));
    }
    let unnamed = simulations.iter().find(|(name, simulated)| *simulated && config.allow_simulated.iter().all(|named| named != name));
    unnamed.map_or(Ok(()), |(name, _)| {
        Err(Failure::new(format!(
            "connectors.{name} is simulated, so nothing real would happen behind it; if that is what you want, add \"{name}\" to allow_simulated"
        )))
    })
}

fn base_url(text: &str) -> Result<String, Failure> {
    let url = text.trim_end_matches('/');
    let host = url.strip_prefix("https://").unwrap_or_default();
    if host.is_empty() || host.contains(['/', '?', '#', '@', ' ']) {
        return Err(Failure::new(format!("base_url is {text:?}; it must be https:// and a host name, without a path")));
    }
    if host == "example.com" || host.ends_with(".example.com") {
        return Err(Failure::new("base_url is still the sample's; put the address there that merchants and buyers use"));
    }
    Ok(url.to_owned())
}

fn operator_key(file: Option<&Path>) -> Result<Secret<String>, Failure> {
    let key = secret("operator_key_file", OPERATOR_KEY, file)?;
    weakness::of_operator_key(key.expose()).map_or(Ok(key), |weakness| Err(weak("the operator's key", weakness)))
}

/// The master keys that the environment or the configuration's files hold.
///
/// # Errors
/// A [`Failure`] with what is wrong with one of them.
pub fn master_keys(config: &Config) -> Result<MasterKeys, Failure> {
    let text = secret("master_key_file", MASTER_KEY, config.master_key_file.as_deref())?;
    let current = MasterKey::parse(text.expose()).map_err(|error| Failure::because("the master key", error))?;
    if let Some(weakness) = weakness::of_master_key(text.expose()) {
        return Err(weak("the master key", weakness));
    }
    let previous = match &config.previous_master_key_file {
        None => environment::secret(PREVIOUS_MASTER_KEY),
        file => Some(secret("previous_master_key_file", PREVIOUS_MASTER_KEY, file.as_deref())?),
    };
    let read = |text: Secret<String>| MasterKey::parse(text.expose()).map_err(|error| Failure::because("the previous master key", error));
    let previous = previous.map(read).transpose()?;
    if previous.as_ref().is_some_and(|previous| is_same(previous, &current)) {
        return Err(Failure::new("the master key and the previous one are the same; leave previous_master_key_file out"));
    }
    Ok(MasterKeys { current, previous })
}

/// Whether two master keys are one.
pub fn is_same(one: &MasterKey, other: &MasterKey) -> bool {
    one.to_text().expose() == other.to_text().expose()
}

fn weak(what: &str, weakness: Weakness) -> Failure {
    Failure::new(format!("{what} {weakness}; make a new one with: openssl rand -hex 32"))
}

/// The secret in the environment variable `variable`, else in `file`.
///
/// # Errors
/// A [`Failure`] when there is neither, or the file is open to others.
pub fn secret(key: &str, variable: &str, file: Option<&Path>) -> Result<Secret<String>, Failure> {
    if let Some(secret) = environment::secret(variable) {
        return Ok(secret);
    }
    let file = file.ok_or_else(|| Failure::new(format!("{key} is missing; name the file there, or set {variable}")))?;
    private_file::read(file)
}

/// TLS by ourselves, or by a proxy that is named: never by nobody.
fn transport(config: &Config) -> Result<Option<Tls>, Failure> {
    match (&config.tls, config.plain_behind_proxy) {
        (Some(tls), false) => {
            private_file::refuse_shared(&tls.key)?;
            Ok(Some(tls.clone()))
        }
        (None, true) if config.trusted_proxies.is_empty() => {
            Err(Failure::new("plain_behind_proxy needs trusted_proxies; name the networks of the proxies that speak TLS for this server"))
        }
        (None, true) => Ok(None),
        (Some(_), true) => Err(Failure::new("there are both [tls] and plain_behind_proxy; keep the one that you mean")),
        (None, false) => {
            Err(Failure::new("there is no [tls]; name a certificate and its key, or set plain_behind_proxy behind a proxy of your own"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(edit: impl FnOnce(&mut Config)) -> String {
        let mut config: Config = toml::from_str(include_str!("../../../../florin.example.toml")).unwrap();
        config.base_url = "https://pay.test/".to_owned();
        edit(&mut config);
        match check(&config) {
            Ok(_) => "nothing refused".to_owned(),
            Err(failure) => failure.to_string(),
        }
    }

    #[test]
    fn a_simulation_must_be_named() {
        let text = refusal(|config| config.allow_simulated.retain(|name| name != "bank"));
        assert!(text.contains("add \"bank\" to allow_simulated"), "{text}");
        let text = refusal(|config| config.connectors.mail = MailAdapter::Simulated);
        assert!(text.contains("add \"mail\""), "{text}");
        let text = refusal(|config| config.allow_simulated.retain(|name| name != "wallets"));
        assert!(text.contains("add \"wallets\""), "{text}");
        let text = refusal(|config| config.allow_simulated.push("weather".to_owned()));
        assert!(text.contains("weather"), "{text}");
    }

    #[test]
    fn an_address_must_be_https_and_not_the_samples() {
        for address in ["http://pay.test", "https://", "https://pay.test/shop", "pay.test"] {
            let text = refusal(|config| address.clone_into(&mut config.base_url));
            assert!(text.contains("must be https://"), "{address}: {text}");
        }
        assert!(refusal(|config| "https://pay.example.com".clone_into(&mut config.base_url)).contains("sample"));
        assert_eq!(base_url("https://pay.test/").unwrap(), "https://pay.test");
    }

    #[test]
    fn tls_is_ours_or_a_named_proxys() {
        let mut config: Config = toml::from_str(include_str!("../../../../florin.example.toml")).unwrap();
        config.tls = None;
        let refused = |config: &Config| transport(config).err().map(|failure| failure.to_string()).unwrap_or_default();
        assert!(refused(&config).contains("no [tls]"));
        config.plain_behind_proxy = true;
        assert!(refused(&config).contains("trusted_proxies"));
        config.trusted_proxies.push("10.0.0.0/8".to_owned());
        assert!(transport(&config).unwrap().is_none());
    }
}
