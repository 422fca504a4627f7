//! What production refuses to start with. Each refusal is one sentence that says what to do.
//!
//! Invariant: nothing here mends a configuration in silence; what is unsafe is refused.

use std::path::{Path, PathBuf};

use florin_connect::smtp::SMTP_TIMEOUT;
use florin_connect::{SmtpLogin, SmtpSettings, SmtpTls};
use florin_vault::{MasterKey, Secret};
use florin_web::TrustedProxies;

use super::config::{Adapter, Config, MailAdapter, Smtp, SmtpTls as TlsWord, Tls};
use super::weakness::{self, Weakness};
use crate::environment::{MASTER_KEY, OPERATOR_KEY};
use crate::failure::Failure;
use crate::{environment, private_file};

/// A configuration that production may start with.
pub struct Checked {
    /// Without a slash at its end.
    pub base_url: String,
    /// The operator's key.
    pub operator_key: Secret<String>,
    /// The key above all other keys.
    pub master_key: MasterKey,
    /// Certificate files, or none behind a proxy that speaks TLS for us.
    pub tls: Option<Tls>,
    /// Our own proxies.
    pub proxies: TrustedProxies,
    /// The mail relay; none when mail is simulated.
    pub relay: Option<SmtpSettings>,
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
    let master_key = master_key(config.master_key_file.as_deref(), &operator_key)?;
    let relay = match config.connectors.mail {
        MailAdapter::Simulated => None,
        MailAdapter::Smtp => Some(relay(config.smtp.as_ref())?),
    };
    let tls = transport(config)?;
    Ok(Checked { base_url, operator_key, master_key, tls, proxies, relay })
}

fn simulations_are_named(config: &Config) -> Result<(), Failure> {
    let simulated = |adapter: Adapter| adapter == Adapter::Simulated;
    let connectors = &config.connectors;
    let simulations = [
        ("register", simulated(connectors.register)),
        ("underwriter", simulated(connectors.underwriter)),
        ("cards", simulated(connectors.cards)),
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

fn master_key(file: Option<&Path>, operator_key: &Secret<String>) -> Result<MasterKey, Failure> {
    let text = secret("master_key_file", MASTER_KEY, file)?;
    if text.expose() == operator_key.expose() {
        return Err(Failure::new("the master key and the operator's key are the same; make two with: openssl rand -hex 32"));
    }
    let key = MasterKey::parse(text.expose()).map_err(|error| Failure::because("the master key", error))?;
    weakness::of_master_key(text.expose()).map_or(Ok(key), |weakness| Err(weak("the master key", weakness)))
}

fn weak(what: &str, weakness: Weakness) -> Failure {
    Failure::new(format!("{what} {weakness}; make a new one with: openssl rand -hex 32"))
}

/// The secret in the environment variable `variable`, else in `file`.
fn secret(key: &str, variable: &str, file: Option<&Path>) -> Result<Secret<String>, Failure> {
    if let Some(secret) = environment::secret(variable) {
        return Ok(secret);
    }
    let file = file.ok_or_else(|| Failure::new(format!("{key} is missing; name the file there, or set {variable}")))?;
    private_file::read(file)
}

fn relay(smtp: Option<&Smtp>) -> Result<SmtpSettings, Failure> {
    let smtp = smtp.ok_or_else(|| Failure::new("connectors.mail is \"smtp\" but there is no [smtp]; say which relay takes the mail"))?;
    let login = match (&smtp.user, &smtp.password_file) {
        (Some(user), Some(file)) => Some(SmtpLogin { user: user.clone(), password: private_file::read(file)? }),
        (None, None) => None,
        _ => return Err(Failure::new("smtp.user and smtp.password_file belong together; give both or neither")),
    };
    let read = |path: &PathBuf| std::fs::read(path).map_err(|error| Failure::because(format_args!("smtp.ca {}", path.display()), error));
    Ok(SmtpSettings {
        host: smtp.host.clone(),
        port: smtp.port,
        tls: match smtp.tls {
            TlsWord::StartTls => SmtpTls::StartTls,
            TlsWord::Tls => SmtpTls::Tls,
            TlsWord::None => SmtpTls::None,
        },
        login,
        from: smtp.from.clone(),
        extra_root_pem: smtp.ca.as_ref().map(read).transpose()?,
        timeout: SMTP_TIMEOUT,
    })
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
