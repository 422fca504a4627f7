//! What real adapters are set up with: the mail relay, and the account that takes card payments.
//!
//! Invariant: a key that moves no real money is never taken for one that does.

use std::path::PathBuf;

use florin_connect::smtp::SMTP_TIMEOUT;
use florin_connect::{STRIPE_TIMEOUT, SmtpLogin, SmtpSettings, SmtpTls, StripeSettings};

use super::checks::secret;
use super::config::{Config, Smtp, SmtpTls as TlsWord};
use crate::environment::STRIPE_KEY;
use crate::failure::Failure;
use crate::private_file;

/// How keys begin that charge nobody.
const TEST_KEYS: [&str; 2] = ["sk_test_", "rk_test_"];

/// The mail relay.
///
/// # Errors
/// A [`Failure`] with what is missing.
pub fn relay(smtp: Option<&Smtp>) -> Result<SmtpSettings, Failure> {
    let smtp = smtp.ok_or_else(|| Failure::new("connectors.mail is \"smtp\" but there is no [smtp]; say which relay takes the mail"))?;
    let login = match (&smtp.user, &smtp.password_file) {
        (Some(user), Some(file)) => Some(SmtpLogin { user: user.clone(), password: private_file::read(file)? }),
        (None, None) => None,
        _ => return Err(Failure::new("smtp.user and smtp.password_file belong together; give both or neither")),
    };
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
        extra_root_pem: authority("smtp.ca", smtp.ca.as_ref())?,
        timeout: SMTP_TIMEOUT,
    })
}

/// The account that takes card payments.
///
/// # Errors
/// A [`Failure`] with what is missing, or when nobody would be charged and the operator did not say so.
pub fn stripe(config: &Config) -> Result<StripeSettings, Failure> {
    let missing = || Failure::new("connectors.cards is \"stripe\" but there is no [stripe]; say which account takes the payments");
    let stripe = config.stripe.as_ref().ok_or_else(missing)?;
    let secret_key = secret("stripe.secret_key_file", STRIPE_KEY, stripe.secret_key_file.as_deref())?;
    let is_test = TEST_KEYS.iter().any(|prefix| secret_key.expose().starts_with(prefix));
    if is_test && config.allow_simulated.iter().all(|named| named != "cards") {
        return Err(Failure::new(
            "Stripe's key is one for tests, so no card would really be charged; if that is what you want, add \"cards\" to allow_simulated",
        ));
    }
    Ok(StripeSettings {
        base_url: stripe.base_url.clone(),
        secret_key,
        extra_root_pem: authority("stripe.ca", stripe.ca.as_ref())?,
        timeout: STRIPE_TIMEOUT,
    })
}

fn authority(name: &str, file: Option<&PathBuf>) -> Result<Option<Vec<u8>>, Failure> {
    let read = |path: &PathBuf| std::fs::read(path).map_err(|error| Failure::because(format_args!("{name} {}", path.display()), error));
    file.map(read).transpose()
}
