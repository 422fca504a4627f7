//! An operator's desk: certificates, keys and a configuration from which production starts, or is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Http, Shop, eventually};

const PROGRAM: &str = env!("CARGO_BIN_EXE_florin");
/// The operator's key of every production server here.
pub const OPERATOR_KEY: &str = "5f0c2b7a9d6e41f38a7cb2d9e4f60718293a4b5c6d7e8f90a1b2c3d4e5f60718";
const MASTER_KEY: &str = "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d1f2e3d4c5b6a79880716253443526170";

/// An operator's desk: certificates borrowed from a sandbox, keys, a configuration.
pub struct Desk {
    dir: TempDir,
    ca: Vec<u8>,
}

/// What the operator may change before starting.
pub struct Plan {
    /// `florin.toml`.
    pub config: toml::Table,
    /// What is in the operator's key file.
    pub operator_key: String,
    /// What is in the master key file.
    pub master_key: String,
}

/// A production server.
pub struct Server {
    process: Child,
    /// A client of it.
    pub http: Http,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn write_closed(path: &Path, text: &[u8]) {
    fs::write(path, text).expect("a file can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("a file can be closed");
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

impl Desk {
    /// A desk with an authority of its own.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("florin-desk-").tempdir().expect("a directory");
        // An authority and a certificate for localhost, as the operator's own would be.
        let run = |args: &[&str]| {
            let output = Command::new("openssl").args(args).current_dir(dir.path()).output().expect("openssl runs");
            assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        };
        let new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        run(&[&["req", "-x509"], new_key.as_slice(), &["-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=Story CA"]]
            .concat());
        run(&[&["req"], new_key.as_slice(), &["-keyout", "tls.key", "-out", "tls.csr", "-subj", "/CN=localhost"]].concat());
        fs::write(dir.path().join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n").expect("a file");
        run(&[
            "x509",
            "-req",
            "-in",
            "tls.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "30",
            "-extfile",
            "names",
            "-out",
            "tls.pem",
        ]);
        let key = fs::read(dir.path().join("tls.key")).expect("the key");
        write_closed(&dir.path().join("tls.key"), &key);
        let ca = fs::read(dir.path().join("ca.pem")).expect("the authority");
        Self { dir, ca }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A configuration that may start: everything simulated, in as many words.
    pub fn plan(&self, port: u16) -> Plan {
        let text = |name: &str| toml::Value::String(self.path(name).display().to_string());
        let config = format!(
            r#"
            listen = "127.0.0.1:{port}"
            base_url = "https://localhost:{port}"
            allow_simulated = ["register", "underwriter", "cards", "wallets", "bank", "payouts", "mail"]
            [tls]
            [connectors]
            register = "simulated"
            underwriter = "simulated"
            cards = "simulated"
            wallets = "simulated"
            bank = "simulated"
            payouts = "simulated"
            mail = "simulated"
            "#
        );
        let mut config: toml::Table = config.parse().expect("a configuration");
        config.insert("data_dir".into(), text("data"));
        config.insert("operator_key_file".into(), text("operator.key"));
        config.insert("master_key_file".into(), text("master.key"));
        let tls = config["tls"].as_table_mut().expect("tls");
        tls.insert("certificate".into(), text("tls.pem"));
        tls.insert("key".into(), text("tls.key"));
        Plan { config, operator_key: OPERATOR_KEY.to_owned(), master_key: MASTER_KEY.to_owned() }
    }

    fn command(&self, plan: &Plan, arguments: &[&str]) -> Command {
        write_closed(&self.path("operator.key"), plan.operator_key.as_bytes());
        write_closed(&self.path("master.key"), plan.master_key.as_bytes());
        write_closed(&self.path("florin.toml"), plan.config.to_string().as_bytes());
        let mut command = Command::new(PROGRAM);
        command.arg("serve").arg("--config").arg(self.path("florin.toml")).args(arguments).stdin(Stdio::null());
        command
    }

    /// Starts the server and waits until it is ready.
    #[track_caller]
    pub fn starts(&self, plan: &Plan, arguments: &[&str]) -> Server {
        self.starts_at(plan, plan.config["base_url"].as_str().expect("an address"), arguments)
    }

    /// Starts the server and waits until it is ready at `address`, which need not be what buyers see.
    #[track_caller]
    pub fn starts_at(&self, plan: &Plan, address: &str, arguments: &[&str]) -> Server {
        let log = self.path("serve.log");
        let sink = fs::OpenOptions::new().create(true).append(true).open(&log).expect("a log");
        let mut process =
            self.command(plan, arguments).stdout(sink.try_clone().expect("a handle")).stderr(sink).spawn().expect("florin starts");
        let http = Http::new(address, &self.ca);
        eventually("production to be ready", || {
            if let Some(status) = process.try_wait().expect("a child") {
                panic!("florin serve ended ({status}): {}", fs::read_to_string(self.path("serve.log")).unwrap_or_default());
            }
            http.ask("GET", "/readyz").try_send().ok().filter(|answer| answer.status == 200)
        });
        Server { process, http }
    }

    /// Expects that the server does not start, and says why in words that contain `words`.
    #[track_caller]
    pub fn is_refused(&self, plan: &Plan, words: &str) {
        let mut child = self.command(plan, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("florin starts");
        eventually("the refusal", || child.try_wait().expect("a child"));
        let output = child.wait_with_output().expect("what it said");
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!output.status.success(), "it started");
        assert!(said.to_lowercase().contains(&words.to_lowercase()), "no \"{words}\" in: {said}");
        assert!(!said.contains(OPERATOR_KEY) && !said.contains(MASTER_KEY), "a refusal shows no key: {said}");
    }
}

impl Server {
    /// Ends the process as a power cut would.
    pub fn dies(&mut self) {
        self.process.kill().expect("the process can be killed");
        self.process.wait().expect("the process is reaped");
    }

    /// The operator makes something through the admin API.
    #[track_caller]
    pub fn makes(&self, path: &str, body: &Value) -> Value {
        self.http.ask("POST", path).bearer(OPERATOR_KEY).json(body).send().is(201).json()
    }

    /// The operator takes a seller on and gives its server a token.
    #[track_caller]
    pub fn takes_on(&self) -> Shop {
        let seller = self.makes("/admin/merchants", &json!({"name": "Real", "pricing": "buyer_pays"}));
        let uuid = seller["id"].as_str().expect("an id").to_owned();
        let home = "https://shop.example/thanks";
        let token = self.makes("/admin/tokens", &json!({"seller": uuid, "redirect_url": home}));
        Shop::new(self.http.clone(), "Real", &uuid, token["access_token"].as_str().expect("a token"), Some(home.to_owned()))
    }
}
