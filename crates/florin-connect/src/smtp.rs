//! Mail over SMTP: the mailer of production.
//!
//! Invariant: neither mail nor password crosses a network in clear; without TLS only this machine is spoken to.

use std::time::Duration;

use florin_vault::Secret;
use lettre::address::Address;
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use crate::address::is_this_machine;
use crate::{Call, ConnectError, Connector, Mail, Mailer};

/// How long a mail may take, unless the settings say otherwise; relays that scan what they take are slow to answer.
pub const SMTP_TIMEOUT: Duration = Duration::from_mins(1);

/// How the conversation with the relay is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// Begun in clear and turned into TLS before anything is said; usually port 587.
    StartTls,
    /// TLS from the first byte; usually port 465.
    Tls,
    /// Not at all; accepted for a relay on this machine only.
    None,
}

/// Who Florin is to the relay.
#[derive(Debug, Clone)]
pub struct SmtpLogin {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret<String>,
}

/// Which relay takes the mail, and how.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// The relay's host name; its certificate must bear it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the conversation is kept private.
    pub tls: SmtpTls,
    /// Who to log in as, if the relay asks for it.
    pub login: Option<SmtpLogin>,
    /// The sender: `pay@example.com` or `Example Pay <pay@example.com>`.
    pub from: String,
    /// Authorities to trust beside the public ones, in PEM.
    pub extra_root_pem: Option<Vec<u8>>,
    /// How long handing over one mail may take in all; [`SMTP_TIMEOUT`] suits most.
    pub timeout: Duration,
}

/// Hands mail to one relay, a connection a mail.
#[derive(Debug, Clone)]
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
}

impl SmtpMailer {
    /// A mailer for the relay of `settings`; no connection is made yet.
    ///
    /// # Errors
    /// [`ConnectError::Misconfigured`] for a sender that is no address, unreadable roots, or a relay elsewhere without TLS.
    pub fn new(settings: &SmtpSettings) -> Result<Self, ConnectError> {
        let from: Mailbox = settings.from.parse().map_err(|error| misconfigured(&format!("the sender {}", settings.from), &error))?;
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls_of(settings)?)
            .timeout(Some(settings.timeout))
            .hello_name(ClientId::Domain(from.email.domain().to_owned()));
        if let Some(login) = &settings.login {
            builder = builder.credentials(Credentials::new(login.user.clone(), login.password.expose().clone()));
        }
        Ok(Self { transport: builder.build(), from, timeout: settings.timeout })
    }

    /// The mail in Internet form. lettre dates it by the system's clock, which in production is Florin's own.
    fn message(&self, mail: &Mail) -> Result<Message, ConnectError> {
        let to: Address = mail.to.parse().map_err(|error| ConnectError::refused("bad_address", format!("{error}")))?;
        let builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&mail.subject)
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())));
        let message = match &mail.html {
            Some(html) => builder.multipart(MultiPart::alternative_plain_html(mail.text.clone(), html.clone())),
            None => builder.singlepart(SinglePart::plain(mail.text.clone())),
        };
        message.map_err(|error| ConnectError::refused("bad_mail", error.to_string()))
    }
}

impl Connector for SmtpMailer {
    fn name(&self) -> &'static str {
        "smtp"
    }

    fn simulated(&self) -> bool {
        false
    }
}

impl Mailer for SmtpMailer {
    fn send<'a>(&'a self, mail: &'a Mail) -> Call<'a, ()> {
        Box::pin(async move {
            let message = self.message(mail)?;
            // lettre's own limit ends with connecting; a relay that falls silent later would hold the call for ever.
            let sent = tokio::time::timeout(self.timeout, self.transport.send(message)).await;
            let sent = sent.map_err(|_| ConnectError::Unavailable(format!("the mail relay took over {} ms", self.timeout.as_millis())))?;
            sent.map(|_| ()).map_err(|error| outcome_of(&error))
        })
    }
}

fn tls_of(settings: &SmtpSettings) -> Result<Tls, ConnectError> {
    if settings.tls == SmtpTls::None {
        return if is_this_machine(&settings.host) {
            Ok(Tls::None)
        } else {
            Err(ConnectError::Misconfigured(format!("mail to {} needs TLS: only this machine may be spoken to in clear", settings.host)))
        };
    }
    let mut parameters = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.extra_root_pem {
        let certificate = Certificate::from_pem(pem).map_err(|error| misconfigured("the mail relay's root certificates", &error))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    let parameters = parameters.build().map_err(|error| misconfigured("TLS to the mail relay", &error))?;
    Ok(if settings.tls == SmtpTls::Tls { Tls::Wrapper(parameters) } else { Tls::Required(parameters) })
}

fn misconfigured(what: &str, error: &dyn std::error::Error) -> ConnectError {
    ConnectError::Misconfigured(format!("{what}: {error}"))
}

/// What a failed conversation means for the mail.
fn outcome_of(error: &lettre::transport::smtp::Error) -> ConnectError {
    match error.status().map(u16::from) {
        // The relay does not accept Florin itself, which says nothing about the mail: giving it up would lose it.
        Some(530 | 534 | 535 | 538) => misconfigured("the mail relay's login", error),
        Some(code @ 500..=599) => ConnectError::refused(&code.to_string(), error.to_string()),
        _ => ConnectError::Unavailable(error.to_string()),
    }
}
