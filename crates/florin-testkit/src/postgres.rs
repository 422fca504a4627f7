//! Throw-away `PostgreSQL` clusters: made by `initdb` in a temporary directory, reached over a Unix socket in it.
//!
//! It panics where it cannot go on, because a test has no use for the error. Invariant: a watchdog holds the other end of a
//! pipe to this process; when the pipe breaks, by `Drop` or by death, it stops the server and removes the directory.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Names a running server to use instead, such as a service of a CI machine: a superuser's URL.
const GIVEN: &str = "FLORIN_TEST_POSTGRES";

/// Speed over durability: these clusters never see a power cut.
const QUICK: &str = "fsync = off\nfull_page_writes = off\n";
const SETTINGS: &str = "
listen_addresses = ''
max_connections = 200
shared_buffers = 64MB
logging_collector = off
";

/// Stops the server in `$0` and removes it, as soon as standard input ends.
const WATCHDOG: &str = r#"
trap '' INT TERM HUP
read -r _
server=$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null)
if [ -n "$server" ]; then
    kill -QUIT "$server" 2>/dev/null
    while kill -0 "$server" 2>/dev/null; do sleep 0.05; done
fi
rm -rf "$0"
"#;

/// A `PostgreSQL` server that tests may fill, stop and start.
///
/// ```no_run
/// let server = florin_testkit::Postgres::start();
/// let url = server.fresh_database(); // postgres://florin@%2Ftmp%2F…/t1234_0
/// server.stop();                     // Connections break, new ones are refused.
/// server.restart();                  // The same databases are there again.
/// ```
#[derive(Debug)]
pub struct Postgres {
    place: Place,
}

#[derive(Debug)]
enum Place {
    Own(Cluster),
    /// Someone else's server: its URL.
    Given(String),
}

#[derive(Debug)]
struct Cluster {
    programs: PathBuf,
    directory: PathBuf,
    /// Who the server runs as when this process is root, which it refuses to be.
    runs_as: Option<(u32, u32)>,
    watchdog: Child,
}

impl Postgres {
    /// Starts a cluster of its own, for tests that stop it. Its disk is not synced; a crash of the machine would lose data.
    pub fn start() -> Self {
        Self { place: Place::Own(Cluster::start(QUICK)) }
    }

    /// Starts a cluster that syncs its disk as in production, for measurements and crash tests.
    pub fn durable() -> Self {
        Self { place: Place::Own(Cluster::start("")) }
    }

    /// The server that all tests of this process share; never stop it. `FLORIN_TEST_POSTGRES` names one to use instead.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| {
            #[expect(clippy::disallowed_methods, reason = "tests have no configuration file to name the server in")]
            let given = std::env::var(GIVEN);
            given.map_or_else(|_| Self::start(), |url| Self { place: Place::Given(url) })
        })
    }

    /// Makes an empty database and answers its URL.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn fresh_database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"));
        self.url(&name)
    }

    /// Runs statements as the superuser, in the database `postgres`.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn sql(&self, statements: &str) {
        let mut psql = match &self.place {
            Place::Own(cluster) => cluster.program("psql"),
            Place::Given(_) => Command::new(programs().join("psql")),
        };
        run(psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", statements, &self.url("postgres")]));
    }

    /// Stops the server as an administrator would: connections are told and closed.
    ///
    /// # Panics
    /// If it is not this process's own, or does not stop.
    pub fn stop(&self) {
        self.own().control(&["-m", "fast", "stop"]);
    }

    /// Ends the server at once, as a crash would: connections break without a word, and the next start recovers.
    ///
    /// # Panics
    /// If it is not this process's own, or does not stop.
    pub fn crash(&self) {
        self.own().control(&["-m", "immediate", "stop"]);
    }

    /// Starts the server again after [`Postgres::stop`] or [`Postgres::crash`].
    ///
    /// # Panics
    /// If it is not this process's own, or does not start.
    pub fn restart(&self) {
        self.own().control(&["start"]);
    }

    fn own(&self) -> &Cluster {
        match &self.place {
            Place::Own(cluster) => cluster,
            Place::Given(_) => panic!("a server named by {GIVEN} is not ours to stop"),
        }
    }

    fn url(&self, database: &str) -> String {
        match &self.place {
            Place::Own(cluster) => {
                let socket = cluster.directory.to_string_lossy().replace('/', "%2F");
                format!("postgres://florin@{socket}/{database}")
            }
            Place::Given(url) => {
                let (address, query) = url.split_once('?').map_or((url.as_str(), String::new()), |(a, q)| (a, format!("?{q}")));
                let host = address.find("://").map_or(0, |scheme| scheme + 3);
                let end = address[host..].find('/').map_or(address.len(), |slash| host + slash);
                format!("{}/{database}{query}", &address[..end])
            }
        }
    }
}

impl Cluster {
    fn start(durability: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("florin-postgres-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory).unwrap_or_else(|error| panic!("cannot make {}: {error}", directory.display()));
        let runs_as = is_root().then(unprivileged_user);
        if let Some((user, group)) = runs_as {
            chown(&directory, Some(user), Some(group)).expect("root may give directories away");
        }
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG])
            .arg(&directory)
            .current_dir("/")
            .process_group(0) // A Ctrl-C for the tests is not for the watchdog.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell is needed for the watchdog");
        let cluster = Self { programs: programs(), directory, runs_as, watchdog };
        run(cluster
            .program("initdb")
            .args(["--username=florin", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"])
            .args(["--pgdata=data"]));
        let settings = format!("{SETTINGS}{durability}unix_socket_directories = '{}'\n", cluster.directory.display());
        let file = cluster.directory.join("data/postgresql.auto.conf");
        fs::write(&file, settings).unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
        cluster.control(&["start"]);
        cluster
    }

    fn control(&self, words: &[&str]) {
        run(self.program("pg_ctl").args(["--pgdata=data", "--log=log", "--silent", "--wait"]).args(words));
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(&self.directory);
        if let Some((user, group)) = self.runs_as {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

/// Runs a program to its end. Its output goes to a file, not to a pipe: a server it leaves behind would keep a pipe open.
fn run(command: &mut Command) {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("{command:?} failed: {status}"),
        Err(error) => panic!("{command:?} cannot be run: {error}"),
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|this| this.uid() == 0)
}

/// User and group of the account that runs servers on this machine.
fn unprivileged_user() -> (u32, u32) {
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let mut fields = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name)?.into_iter();
        Some((fields.nth(2)?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody")).expect("PostgreSQL refuses to run as root, and there is no other account")
}

/// Where the server's programs are: the newest version that Debian installed, or the search path.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, path)| path.join("initdb").exists())
        .max();
    newest.map_or_else(|| Path::new("").to_owned(), |(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_serves_stops_restarts_and_goes_without_a_trace() {
        let server = Postgres::start();
        let directory = server.own().directory.clone();
        let url = server.fresh_database();
        assert!(url.starts_with("postgres://florin@%2F"), "{url}");
        server.stop();
        server.restart();
        server.crash();
        server.restart();
        server.sql("SELECT 1");
        drop(server);
        assert!(!directory.exists(), "{} is left behind", directory.display());
    }

    #[test]
    fn a_given_server_keeps_its_address_and_options() {
        let given = |url: &str| Postgres { place: Place::Given(url.to_owned()) }.url("t1");
        assert_eq!(given("postgres://a:b@c:1/d?sslmode=require"), "postgres://a:b@c:1/t1?sslmode=require");
        assert_eq!(given("postgres://a@c"), "postgres://a@c/t1");
    }
}
