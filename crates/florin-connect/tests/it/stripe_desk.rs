//! A Stripe account for tests: the independent localstripe server, behind a door that keeps idempotency keys.
//!
//! localstripe ignores the `Idempotency-Key`; the door does with it what Stripe's reference says: the first answer stands, and
//! another request under the same key is refused. It can also lose an answer on its way back.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use florin_connect::http::Client;
use florin_connect::{STRIPE_TIMEOUT, StripeAcquirer, StripeSettings};
use florin_vault::Secret;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::peer::read_request;

/// The variable that names localstripe's program, where it is not installed by `./test`.
const GIVEN: &str = "FLORIN_LOCALSTRIPE";
const SECRET_KEY: &str = "sk_test_florin";

/// A running account; ends with the story.
pub struct Account {
    pub acquirer: StripeAcquirer,
    pub door: Door,
    books: Client,
    _server: Child,
}

impl Account {
    /// An empty account, or nothing, with a loud word, where localstripe is not installed.
    pub async fn open(story: &str) -> Option<Self> {
        let Some(python) = python() else {
            // Written past the test harness, which would keep it to itself.
            let word = format!("SKIPPED {story}: localstripe is not installed; ./test installs it, {GIVEN} names another\n");
            let _ = std::io::stderr().write_all(word.as_bytes());
            return None;
        };
        let mut command = Command::new(python);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/stripe_desk.py"));
        let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let port: u16 = lines.next_line().await.unwrap().expect("localstripe says its port").parse().unwrap();
        let door = Door::before(port).await;
        let books = Client::new(&format!("http://127.0.0.1:{port}"), None, Some(Secret::new(SECRET_KEY.to_owned()))).unwrap();
        let acquirer = StripeAcquirer::new(settings(door.port)).unwrap();
        Some(Self { acquirer, door, books, _server: server })
    }

    /// What the account itself says under `path`.
    pub async fn says(&self, path: &str) -> Value {
        let answer = self.books.get(path).await.unwrap();
        assert!(answer.is_success(), "{path}: {answer:?}");
        answer.body
    }

    /// The charges that succeeded, in minor units.
    pub async fn charges(&self) -> Vec<i64> {
        let charges = self.says("/v1/charges?limit=100").await;
        let paid = charges["data"].as_array().unwrap().iter().filter(|charge| charge["status"] == "succeeded");
        paid.map(|charge| charge["amount"].as_i64().unwrap()).collect()
    }
}

/// Settings of an account at `port` of this machine.
pub fn settings(port: u16) -> StripeSettings {
    StripeSettings {
        base_url: format!("http://127.0.0.1:{port}"),
        secret_key: Secret::new(SECRET_KEY.to_owned()),
        extra_root_pem: None,
        timeout: STRIPE_TIMEOUT,
    }
}

/// The Python that localstripe was installed for, which its program names in the first line.
fn python() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "where a test's tools are is told by the environment")]
    let given = std::env::var(GIVEN).map(PathBuf::from);
    let installed = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/python/bin/localstripe"));
    let mut text = String::new();
    std::fs::File::open(given.unwrap_or_else(|_| installed())).ok()?.read_to_string(&mut text).ok()?;
    let interpreter = text.lines().next()?.strip_prefix("#!")?.trim();
    Some(PathBuf::from(interpreter)).filter(|path| path.exists())
}

/// What the door remembers of a key: the request, and the answer to it.
type Remembered = Arc<Mutex<BTreeMap<String, (String, Vec<u8>)>>>;

/// The door before localstripe.
pub struct Door {
    pub port: u16,
    loses_next: Arc<AtomicBool>,
    _open: JoinHandle<()>,
}

impl Door {
    async fn before(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let door = listener.local_addr().unwrap().port();
        let (remembered, loses_next) = (Remembered::default(), Arc::new(AtomicBool::new(false)));
        let loses = Arc::clone(&loses_next);
        let open = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, port, Arc::clone(&remembered), Arc::clone(&loses)));
            }
        });
        Self { port: door, loses_next, _open: open }
    }

    /// The answer to the next POST about an intent or a refund happens, and does not come back.
    pub fn loses_the_next_answer(&self) {
        self.loses_next.store(true, Ordering::SeqCst);
    }
}

async fn pass(mut stream: TcpStream, port: u16, remembered: Remembered, loses: Arc<AtomicBool>) {
    let request = read_request(&mut stream).await;
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return };
    let line = head.lines().next().unwrap_or_default().to_owned();
    let key = head.lines().find_map(|line| line.to_ascii_lowercase().starts_with("idempotency-key:").then(|| line[16..].trim().to_owned()));
    assert_eq!(line.starts_with("POST"), key.is_some(), "every POST bears a key: {line}");
    let known = key.as_ref().and_then(|key| remembered.lock().unwrap().get(key).cloned());
    let answer = match known {
        Some((asked, answer)) if asked == format!("{line}{body}") => answer,
        Some(_) => reused(),
        None => forward(port, head, body).await,
    };
    if let Some(key) = key {
        remembered.lock().unwrap().entry(key).or_insert_with(|| (format!("{line}{body}"), answer.clone()));
    }
    let may_be_lost = line.starts_with("POST") && !line.contains("payment_methods");
    if !(may_be_lost && loses.swap(false, Ordering::SeqCst)) {
        let _ = stream.write_all(&answer).await;
    }
}

/// What Stripe answers when a key is used for another request.
fn reused() -> Vec<u8> {
    let body = r#"{"error":{"type":"idempotency_error","message":"Keys are for one request."}}"#;
    format!("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

async fn forward(port: u16, head: &str, body: &str) -> Vec<u8> {
    let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    server.write_all(format!("{head}\r\nConnection: close\r\n\r\n{body}").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await.unwrap();
    answer
}
