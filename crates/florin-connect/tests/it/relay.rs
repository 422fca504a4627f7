//! Stories of mail over SMTP, against a real relay: aiosmtpd (Debian: python3-aiosmtpd).

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command as Probe, Stdio};
use std::time::Duration;

use florin_connect::{ConnectError, Connector, Mail, Mailer, SMTP_TIMEOUT, SmtpLogin, SmtpMailer, SmtpSettings, SmtpTls};
use florin_domain::MailId;
use florin_vault::Secret;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::peer::{Bystander, local_certificate};

/// A running relay; ends with the story.
struct Relay {
    settings: SmtpSettings,
    lines: Lines<BufReader<ChildStdout>>,
    folder: PathBuf,
    _process: Child,
}

impl Relay {
    /// A relay that speaks as `tls` says, or nothing, with a loud word, where aiosmtpd is not installed.
    async fn start(tls: SmtpTls, story: &str) -> Option<Self> {
        let Some(python) = python() else {
            // Written past the test harness, which would keep it to itself.
            let _ = std::io::stderr().write_all(format!("SKIPPED {story}: aiosmtpd is not installed (python3-aiosmtpd)\n").as_bytes());
            return None;
        };
        let (authority, certificate) = local_certificate();
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(story);
        std::fs::create_dir_all(&folder).unwrap();
        let (cert_file, key_file) = (folder.join("cert.pem"), folder.join("key.pem"));
        std::fs::write(&cert_file, &certificate.cert_pem).unwrap();
        std::fs::write(&key_file, certificate.key_pem.expose()).unwrap();

        let mut command = Command::new(python);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/relay.py"));
        match tls {
            SmtpTls::None => command.arg("clear"),
            SmtpTls::StartTls => command.arg("starttls").args([cert_file, key_file]),
            SmtpTls::Tls => command.arg("tls").args([cert_file, key_file]),
        };
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.next_line().await.unwrap().expect("the relay says its port").parse().unwrap();
        let settings = settings("localhost", port, tls, authority.cert_pem.into_bytes());
        Some(Self { settings, lines, folder, _process: process })
    }

    async fn hears(&mut self) -> Value {
        serde_json::from_str(&self.lines.next_line().await.unwrap().unwrap()).unwrap()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A Python that has aiosmtpd: the first on the path, or Debian's own.
fn python() -> Option<&'static str> {
    let has_it = |python: &&str| {
        Probe::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    ["python3", "/usr/bin/python3"].into_iter().find(has_it)
}

fn settings(host: &str, port: u16, tls: SmtpTls, roots: Vec<u8>) -> SmtpSettings {
    let login = SmtpLogin { user: "florin".to_owned(), password: Secret::new("open sesame".to_owned()) };
    SmtpSettings {
        host: host.to_owned(),
        port,
        tls,
        login: (tls != SmtpTls::None).then_some(login),
        from: "Florin Pay <pay@florin.example>".to_owned(),
        extra_root_pem: Some(roots),
        timeout: SMTP_TIMEOUT,
    }
}

fn mail(to: &str) -> Mail {
    Mail {
        id: MailId::from_random([7; 16]),
        to: to.to_owned(),
        subject: "Your code: £ 123456".to_owned(),
        text: "The code is 123456.".to_owned(),
        html: None,
    }
}

#[tokio::test]
async fn a_mail_arrives_over_starttls_with_a_login() {
    let Some(mut relay) = Relay::start(SmtpTls::StartTls, "mail-starttls").await else {
        return;
    };
    let mailer = SmtpMailer::new(&relay.settings).unwrap();
    assert_eq!((mailer.name(), mailer.simulated()), ("smtp", false));
    mailer.send(&mail("buyer@example.com")).await.unwrap();

    let heard = relay.hears().await;
    assert_eq!((&heard["from"], &heard["to"][0], &heard["tls"]), (&"pay@florin.example".into(), &"buyer@example.com".into(), &true.into()));
    let text = heard["text"].as_str().unwrap();
    assert!(text.contains("Message-ID: <07070707-0707-4707-8707-070707070707@florin.example>"), "{text}");
    assert!(text.contains("The code is 123456.") && text.contains("Date: ") && !text.contains('£'), "{text}");
}

#[tokio::test]
async fn a_mail_with_html_arrives_over_tls_in_both_forms() {
    let Some(mut relay) = Relay::start(SmtpTls::Tls, "mail-tls").await else {
        return;
    };
    let mailer = SmtpMailer::new(&relay.settings).unwrap();
    mailer.send(&Mail { html: Some("<p>The code is <b>123456</b>.</p>".to_owned()), ..mail("buyer@example.com") }).await.unwrap();

    let text = relay.hears().await["text"].as_str().unwrap().to_owned();
    assert!(text.contains("multipart/alternative") && text.contains("The code is 123456.") && text.contains("<b>123456</b>"), "{text}");
}

#[tokio::test]
async fn a_final_no_a_passing_no_and_a_wrong_login_are_told_apart() {
    let Some(relay) = Relay::start(SmtpTls::StartTls, "mail-refusals").await else {
        return;
    };
    let mailer = SmtpMailer::new(&relay.settings).unwrap();
    let sent = mailer.send(&mail("nobody@example.com")).await;
    assert!(matches!(&sent, Err(ConnectError::Refused { code, .. }) if code == "550"), "{sent:?}");
    let sent = mailer.send(&mail("busy@example.com")).await;
    assert!(matches!(sent, Err(ConnectError::Unavailable(_))), "{sent:?}");

    let mut wrong = relay.settings.clone();
    wrong.login = Some(SmtpLogin { user: "florin".to_owned(), password: Secret::new("guess".to_owned()) });
    let sent = SmtpMailer::new(&wrong).unwrap().send(&mail("buyer@example.com")).await;
    assert!(matches!(sent, Err(ConnectError::Misconfigured(_))), "{sent:?}");
}

#[tokio::test]
async fn a_relay_that_falls_silent_is_given_up_in_time() {
    let Some(relay) = Relay::start(SmtpTls::None, "mail-silence").await else {
        return;
    };
    let hasty = SmtpMailer::new(&SmtpSettings { timeout: Duration::from_millis(300), ..relay.settings.clone() }).unwrap();
    let sent = hasty.send(&mail("silence@example.com")).await;
    assert_eq!(sent, Err(ConnectError::Unavailable("the mail relay took over 300 ms".to_owned())));
}

#[tokio::test]
async fn a_relay_without_a_trusted_certificate_gets_no_mail() {
    let Some(relay) = Relay::start(SmtpTls::StartTls, "mail-untrusted").await else {
        return;
    };
    let suspicious = SmtpMailer::new(&SmtpSettings { extra_root_pem: None, ..relay.settings.clone() }).unwrap();
    let sent = suspicious.send(&mail("buyer@example.com")).await;
    assert!(matches!(sent, Err(ConnectError::Unavailable(_))), "{sent:?}");
}

#[tokio::test]
async fn a_relay_that_offers_no_tls_gets_no_mail_when_tls_is_asked_for() {
    let Some(mut relay) = Relay::start(SmtpTls::None, "mail-clear").await else {
        return;
    };
    let sent =
        SmtpMailer::new(&SmtpSettings { tls: SmtpTls::StartTls, ..relay.settings.clone() }).unwrap().send(&mail("a@example.com")).await;
    assert!(sent.is_err());

    SmtpMailer::new(&relay.settings).unwrap().send(&mail("b@example.com")).await.unwrap();
    assert_eq!(relay.hears().await["to"][0], "b@example.com", "the first mail never arrived");
}

#[tokio::test]
async fn what_is_wrong_before_the_relay_is_asked_is_told_apart_from_what_may_pass() {
    let port = Bystander::new().port;
    let mailer = SmtpMailer::new(&settings("127.0.0.1", port, SmtpTls::None, Vec::new())).unwrap();
    assert!(matches!(mailer.send(&mail("buyer@example.com")).await, Err(ConnectError::Unavailable(_))), "a relay that is down");
    for address in ["", "buyer", "a@b\r\nRCPT TO:<c@d>", "a@example.com, b@example.com"] {
        let sent = mailer.send(&mail(address)).await;
        assert!(matches!(sent, Err(ConnectError::Refused { .. })), "{address}: {sent:?}");
    }
}

#[test]
fn settings_that_would_show_mail_to_the_network_are_refused() {
    let elsewhere = settings("mail.example.com", 25, SmtpTls::None, Vec::new());
    assert!(matches!(SmtpMailer::new(&elsewhere), Err(ConnectError::Misconfigured(_))));
    let no_sender = SmtpSettings { from: "nobody".to_owned(), ..settings("localhost", 25, SmtpTls::None, Vec::new()) };
    assert!(matches!(SmtpMailer::new(&no_sender), Err(ConnectError::Misconfigured(_))));
    assert!(!format!("{:?}", settings("localhost", 25, SmtpTls::Tls, Vec::new())).contains("open sesame"));
}
