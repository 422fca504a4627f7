//! A seller's endpoint for news: hears what Florin sends and answers as it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::{eventually, signature};

/// A delivery as it came in.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The path and query it was sent to.
    pub path: String,
    /// The method.
    pub method: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The exact bytes.
    pub body: Vec<u8>,
    /// What was answered.
    pub answered: u16,
}

impl Heard {
    /// The object under `data`.
    #[track_caller]
    pub fn data(&self) -> Value {
        let body: Value = serde_json::from_slice(&self.body).expect("a webhook is JSON");
        body["data"].clone()
    }

    /// A field of the object under `data`, as text.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        self.data()[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.data())).to_owned()
    }

    /// A header; empty if it did not come.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Expects the signature of a holder of `token`.
    #[track_caller]
    pub fn is_signed_with(&self, token: &str) {
        assert_eq!(
            self.header("x-iwocapay-hmac-sha256"),
            signature(token, &self.body),
            "signature of {}",
            String::from_utf8_lossy(&self.body)
        );
    }
}

struct State {
    heard: Mutex<Vec<Heard>>,
    answer: AtomicU16,
    is_mute: AtomicBool,
    is_closed: AtomicBool,
}

/// An endpoint on this machine.
pub struct Receiver {
    state: Arc<State>,
    port: u16,
}

impl Receiver {
    /// An endpoint that takes everything.
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(State {
            heard: Mutex::default(),
            answer: AtomicU16::new(200),
            is_mute: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.is_closed.load(Ordering::SeqCst) {
                    return;
                }
                let state = Arc::clone(&shared);
                std::thread::spawn(move || listen(&stream, &state));
            }
        });
        Self { state, port }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/florin/news?shop=1", self.port)
    }

    /// From now on it answers with `status`.
    pub fn answers(&self, status: u16) {
        self.state.answer.store(status, Ordering::SeqCst);
    }

    /// From now on it takes calls and says nothing.
    pub fn falls_silent(&self) {
        self.state.is_mute.store(true, Ordering::SeqCst);
    }

    /// Everything so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.state.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until `count` deliveries came, and gives them all.
    #[track_caller]
    pub fn hears(&self, count: usize) -> Vec<Heard> {
        let mut seen = Vec::new();
        eventually(&format!("{count} webhooks"), || {
            seen = self.heard();
            (seen.len() >= count).then_some(())
        });
        seen
    }

    /// Waits until a delivery came that `wanted` likes.
    #[track_caller]
    pub fn hears_of(&self, what: &str, wanted: impl Fn(&Heard) -> bool) -> Heard {
        eventually(what, || self.heard().into_iter().find(|heard| wanted(heard)))
    }

    /// The statuses it heard of one order, in the order in which they came, each delivery that it took.
    pub fn statuses(&self, order: &str) -> Vec<String> {
        let taken = self.heard().into_iter().filter(|heard| heard.answered < 300 && heard.field("order_id") == order);
        taken.map(|heard| heard.field("status")).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.state.is_closed.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// Serves one connection until the other side leaves it.
fn listen(stream: &TcpStream, state: &State) {
    let mut reader = BufReader::new(stream);
    while let Some(mut heard) = read_request(&mut reader) {
        if state.is_mute.load(Ordering::SeqCst) {
            heard.answered = 999;
            state.heard.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
            // Says nothing until the caller has had enough of it.
            let _ = stream.set_read_timeout(Some(Duration::from_mins(1)));
            let _ = reader.read(&mut [0_u8; 1]);
            return;
        }
        let status = state.answer.load(Ordering::SeqCst);
        heard.answered = status;
        state.heard.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
        let answer = format!("HTTP/1.1 {status} Told\r\ncontent-length: 4\r\n\r\nnote");
        let mut writer = stream;
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<Heard> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        headers.push((name.trim().to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Heard { path, method, headers, body, answered: 0 })
}
