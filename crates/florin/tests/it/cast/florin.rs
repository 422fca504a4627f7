//! A running Florin: the real binary as its operator starts it, on a data directory of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Answer, Books, Buyer, Database, Engine, Http, Shop, eventually};

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_florin");

/// What the sandbox writes when it is ready.
#[derive(Clone, Debug, Deserialize)]
pub struct Sandbox {
    /// Where it listens.
    pub base_url: String,
    /// The file of the authority to trust.
    pub ca_cert: PathBuf,
    /// The operator's key.
    pub admin_token: String,
    /// The seeded sellers.
    pub sellers: Vec<SeededSeller>,
    /// Companies with a published fate.
    pub companies: Vec<SeededCompany>,
    /// Banks with a published fate.
    pub banks: Vec<SeededBank>,
    /// The seeded merchants of the retail surface.
    pub wpay: Vec<SeededRetailer>,
    /// Cards with a published outcome.
    pub cards: Vec<SeededCard>,
    /// The seeded gift cards.
    pub gift_cards: Vec<SeededGiftCard>,
    /// Openpay's barcodes with a published outcome.
    pub barcodes: Vec<SeededBarcode>,
}

/// A seeded merchant of the retail surface.
#[derive(Clone, Debug, Deserialize)]
pub struct SeededRetailer {
    /// Its id.
    pub merchant_id: String,
    /// Its API key.
    pub api_key: String,
    /// What its calls begin with.
    pub base_url: String,
}

/// A card with a published outcome.
#[derive(Clone, Debug, Deserialize)]
pub struct SeededCard {
    /// Its number.
    pub number: String,
    /// Its scheme, in capitals.
    pub scheme: String,
    /// What becomes of payments with it.
    pub outcome: String,
}

/// A barcode with a published outcome.
#[derive(Clone, Debug, Deserialize)]
pub struct SeededBarcode {
    /// What is shown.
    pub barcode: String,
    /// What becomes of payments with it.
    pub outcome: String,
}

/// A seeded gift card.
#[derive(Clone, Debug, Deserialize)]
pub struct SeededGiftCard {
    /// Its number.
    pub number: String,
    /// Its PIN.
    pub pin: String,
    /// What is on it, in dollars.
    pub balance: f64,
}

/// A seeded seller.
#[derive(Clone, Debug, Deserialize)]
pub struct SeededSeller {
    /// Its name.
    pub name: String,
    /// Its id.
    pub seller_uuid: String,
    /// Its access token.
    pub access_token: String,
    /// Where its buyers go.
    pub redirect_url: Option<String>,
}

/// A company with a published fate.
#[derive(Clone, Debug, Deserialize)]
pub struct SeededCompany {
    /// Its number.
    pub number: String,
    /// Its name.
    pub name: String,
    /// What becomes of its applications.
    pub outcome: String,
}

/// A bank with a published fate.
#[derive(Clone, Debug, Deserialize)]
pub struct SeededBank {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What becomes of its payments.
    pub outcome: String,
}

/// What becomes of a company's application.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CompanyFate {
    /// Approved at once, pays.
    Approved,
    /// Approved after an hour.
    ReferredThenApproved,
    /// Declined after an hour.
    ReferredThenDeclined,
    /// Declined at once.
    Declined,
    /// Approved, misses the second instalment.
    ApprovedThenLate,
}

/// What becomes of a bank payment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    /// The bank pays at once.
    Pays,
    /// The bank refuses.
    Refuses,
    /// The bank pays an hour later.
    Pending,
    /// The bank cannot be reached.
    Unavailable,
}

impl CompanyFate {
    /// Every fate with the first digit of its companies and its published name.
    pub const ALL: [(Self, u32, &'static str); 5] = [
        (Self::Approved, 1, "approved"),
        (Self::ReferredThenApproved, 2, "referred_then_approved"),
        (Self::ReferredThenDeclined, 3, "referred_then_declined"),
        (Self::Declined, 4, "declined"),
        (Self::ApprovedThenLate, 5, "approved_then_late"),
    ];

    fn digit(self) -> u32 {
        Self::ALL.iter().find(|(fate, ..)| *fate == self).map_or(1, |(_, digit, _)| *digit)
    }
}

impl Fate {
    /// Every fate with its published name.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::Pays, "pays"), (Self::Refuses, "refuses"), (Self::Pending, "pending"), (Self::Unavailable, "unavailable")];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(fate, _)| *fate == self).map_or("", |(_, name)| name)
    }
}

/// How to start a server.
#[derive(Clone)]
pub struct Launch {
    /// Where it keeps its files.
    pub data_dir: PathBuf,
    /// Where what it prints is kept.
    pub log: PathBuf,
    /// The port, 0 for any.
    pub port: u16,
    /// The database, if it is not the embedded one.
    pub database: Option<String>,
    /// A shell line to run before the program, in its process: limits and the like.
    pub prelude: Option<String>,
}

/// One running process.
pub struct Run {
    process: Child,
    /// What it wrote about itself.
    pub sandbox: Sandbox,
    /// A client of it.
    pub http: Http,
    log: PathBuf,
}

impl Launch {
    /// Starts the sandbox and waits until it says that it is ready.
    #[track_caller]
    pub fn start(&self) -> Run {
        let ready = self.data_dir.join("sandbox.json");
        if ready.exists() {
            fs::remove_file(&ready).expect("an old sandbox.json can go");
        }
        let log = self.log.clone();
        let sink = fs::OpenOptions::new().create(true).append(true).open(&log).expect("a log file");
        let mut process =
            self.command().stdin(Stdio::null()).stdout(sink.try_clone().expect("a handle")).stderr(sink).spawn().expect("florin starts");
        let sandbox = eventually("sandbox.json", || {
            if let Some(status) = process.try_wait().expect("a child can be asked") {
                panic!("florin ended at once ({status}): {}", fs::read_to_string(&log).unwrap_or_default());
            }
            serde_json::from_slice::<Sandbox>(&fs::read(&ready).ok()?).ok()
        });
        let ca = fs::read(&sandbox.ca_cert).expect("ca_cert names a file");
        let http = Http::new(&sandbox.base_url, &ca);
        Run { process, sandbox, http, log }
    }

    fn command(&self) -> Command {
        let mut line = vec![PROGRAM.to_owned(), "sandbox".to_owned(), "--data-dir".to_owned(), self.data_dir.display().to_string()];
        line.extend(["--port".to_owned(), self.port.to_string()]);
        if let Some(url) = &self.database {
            line.extend(["--database".to_owned(), url.clone()]);
        }
        match &self.prelude {
            None => {
                let mut command = Command::new(&line[0]);
                command.args(&line[1..]);
                command
            }
            Some(prelude) => {
                let mut command = Command::new("bash");
                command.arg("-c").arg(format!("{prelude}; exec \"$@\"")).arg("bash").args(line);
                command
            }
        }
    }
}

impl Run {
    /// Ends the process as a power cut would: it has no say.
    pub fn dies(&mut self) {
        self.process.kill().expect("the process can be killed");
        self.process.wait().expect("the process is reaped");
    }

    /// Asks the process to end and waits; fails if it does not end well.
    #[track_caller]
    pub fn stops(&mut self) {
        let asked = Command::new("bash").arg("-c").arg(format!("kill -TERM {}", self.process.id())).status().expect("bash runs");
        assert!(asked.success(), "the process is there to be asked");
        let status = eventually("florin to stop when asked", || self.process.try_wait().expect("a child can be asked"));
        assert!(status.success(), "florin stopped with {status}: {}", self.log());
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What it printed.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let log = self.log();
            let complaints: Vec<_> =
                log.lines().filter(|line| ["WARN", "ERROR", "panicked"].iter().any(|word| line.contains(word))).collect();
            eprintln!("-- what florin complained of --\n{}", complaints[complaints.len().saturating_sub(20)..].join("\n"));
        }
    }
}

/// A sandbox with its database, and everybody who is in it.
pub struct Florin {
    /// The running process.
    pub run: Mutex<Run>,
    /// How it was started.
    pub launch: Launch,
    /// Its database.
    pub database: Database,
    /// What it wrote when it was first ready.
    pub sandbox: Sandbox,
    /// A client of it.
    pub http: Http,
    fresh: AtomicU32,
    // Last, so that the files go after everything that uses them.
    _dir: TempDir,
}

impl Florin {
    /// Starts a fresh sandbox.
    #[track_caller]
    pub fn start(engine: Engine) -> Self {
        Self::start_with(engine, |_| {})
    }

    /// Starts a fresh sandbox in its own way.
    #[track_caller]
    pub fn start_with(engine: Engine, arrange: impl FnOnce(&mut Launch)) -> Self {
        let dir = tempfile::Builder::new().prefix("florin-story-").tempdir().expect("a directory");
        let data_dir = dir.path().join("data");
        fs::create_dir(&data_dir).expect("a directory");
        let log = dir.path().join("florin.log");
        let mut launch = Launch { database: Database::new(engine, &data_dir).url(), data_dir, log, port: 0, prelude: None };
        arrange(&mut launch);
        let database = launch.database.clone().map_or_else(|| Database::File(launch.data_dir.clone()), Database::Server);
        let run = launch.start();
        let port = run.http.base().port().expect("the sandbox has a port");
        // From now on the same address: order URLs must survive a restart.
        launch.port = port;
        let (sandbox, http) = (run.sandbox.clone(), run.http.clone());
        Self { run: Mutex::new(run), launch, database, sandbox, http, fresh: AtomicU32::new(0), _dir: dir }
    }

    /// Tells a story and closes the books.
    pub fn lives_through(engine: Engine, story: fn(&Self)) {
        let florin = Self::start(engine);
        story(&florin);
        florin.books_are_right();
    }

    /// `florin verify` beside the running server finds nothing, and the server never panicked.
    #[track_caller]
    pub fn books_are_right(&self) {
        self.verify_is_clean();
        let log = self.run.lock().unwrap_or_else(PoisonError::into_inner).log();
        assert!(!log.contains("panicked at"), "florin panicked: {log}");
    }

    /// `florin verify` finds nothing.
    #[track_caller]
    pub fn verify_is_clean(&self) {
        let report = self.verify();
        let text = format!("{}{}", String::from_utf8_lossy(&report.stdout), String::from_utf8_lossy(&report.stderr));
        assert!(report.status.success(), "verify found: {text}");
        assert!(!text.trim().is_empty(), "verify gives a report");
    }

    /// Runs `florin verify` on the database.
    pub fn verify(&self) -> Output {
        match &self.launch.database {
            Some(url) => Self::program(&["verify", "--database", url]),
            None => Self::program(&["verify", "--data-dir", &self.launch.data_dir.display().to_string()]),
        }
    }

    /// Runs the program once.
    pub fn program(args: &[&str]) -> Output {
        Command::new(PROGRAM).args(args).stdin(Stdio::null()).output().expect("florin runs")
    }

    /// Runs an operator's command on this sandbox; gives what it printed.
    #[track_caller]
    pub fn operator(&self, args: &[&str]) -> String {
        let output = self.operator_tries(args);
        let (out, err) = (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned());
        assert!(output.status.success(), "florin {args:?}: {out}{err}");
        out
    }

    /// Runs an operator's command on this sandbox, whatever comes of it.
    pub fn operator_tries(&self, args: &[&str]) -> Output {
        let dir = self.launch.data_dir.display().to_string();
        Self::program(&[args, &["--data-dir", &dir]].concat())
    }

    /// Starts the process again on the same files and the same address.
    pub fn comes_back(&self) {
        let again = self.launch.start();
        *self.run.lock().unwrap_or_else(PoisonError::into_inner) = again;
    }

    /// The process dies without a word.
    pub fn dies(&self) {
        self.run.lock().unwrap_or_else(PoisonError::into_inner).dies();
    }

    /// The process is asked to stop and does.
    pub fn stops(&self) {
        self.run.lock().unwrap_or_else(PoisonError::into_inner).stops();
    }

    /// The operator calls the admin API.
    #[track_caller]
    pub fn admin(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let ask = self.http.ask(method, path).bearer(&self.sandbox.admin_token);
        match body {
            Some(body) => ask.json(body),
            None => ask,
        }
        .send()
    }

    /// Moves the clock on by a span such as `35d`; what falls due has happened when this returns.
    #[track_caller]
    pub fn time_passes(&self, span: &str) -> Value {
        self.admin("POST", "/admin/clock/advance", Some(&json!({ "by": span }))).is(200).json()
    }

    /// A seeded seller, 0 or 1.
    pub fn shop(&self, index: usize) -> Shop {
        let seller = &self.sandbox.sellers[index];
        Shop::new(self.http.clone(), &seller.name, &seller.seller_uuid, &seller.access_token, seller.redirect_url.clone())
    }

    /// A number that was not given before.
    pub fn fresh(&self) -> u32 {
        self.fresh.fetch_add(1, Ordering::Relaxed)
    }

    /// A name that was not given before.
    pub fn fresh_name(&self, of: &str) -> String {
        format!("{of}-{}", self.fresh())
    }

    /// A buyer for a company nobody else has, with that fate.
    pub fn buyer(&self, fate: CompanyFate) -> Buyer {
        let number = self.fresh();
        let company = format!("{}{:07}", fate.digit(), 4_000_000 + number);
        Buyer::new(self.http.clone(), &format!("buyer{number}@example.co.uk"), &company)
    }

    /// The id of a bank with that fate.
    pub fn bank(&self, fate: Fate) -> String {
        let bank = self.sandbox.banks.iter().find(|bank| bank.outcome == fate.name());
        bank.unwrap_or_else(|| panic!("no bank that {}", fate.name())).id.clone()
    }

    /// The books as an auditor reads them.
    pub fn books(&self) -> Books {
        Books::open(&self.database)
    }

    /// Where the server keeps its files.
    pub fn data_dir(&self) -> &Path {
        &self.launch.data_dir
    }
}
