//! Servers started for a measurement: in processes of their own, on data of their own, ended with it.
//!
//! Invariant: no process and no file outlives the measurement, also when it fails.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use florin_bench::{BenchError, Target, Trust, rss_kib};
use tokio::process::{Child, Command};
use tokio::time::sleep;

use super::subject::{Credentials, Subject};
use crate::announcement::Announcement;
use crate::data_directory::DataDirectory;
use crate::failure::Failure;

/// How long a server may take to give its first answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often to look whether it does; short, because the time to the first answer is measured.
const GLANCE: Duration = Duration::from_millis(1);

/// A directory for the servers' data, removed when dropped.
pub struct Workspace(PathBuf);

impl Workspace {
    /// A new one among the system's temporary files.
    ///
    /// # Errors
    /// A [`Failure`] when it cannot be made.
    pub fn new() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("florin-bench-{}", std::process::id()));
        fs::create_dir(&path).map_err(|error| Failure::because(path.display(), error))?;
        Ok(Self(path))
    }

    /// A data directory in it.
    ///
    /// # Errors
    /// A [`Failure`] when its path cannot be used.
    pub fn directory(&self, name: &str) -> Result<DataDirectory, Failure> {
        DataDirectory::at(&self.0.join(name))
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // Nothing can be done about what the system refuses to remove.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A sandbox under measurement.
pub struct Sandbox {
    child: Child,
    announcement: Announcement,
    /// From the start of the process to its first answer, in milliseconds.
    pub first_answer_ms: f64,
}

impl Sandbox {
    /// Starts this very program as a sandbox and waits for its first answer.
    ///
    /// # Errors
    /// A [`Failure`] when it does not answer.
    pub async fn start(directory: &DataDirectory, database: Option<&str>) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(|error| Failure::because("this program", error))?;
        directory.withdraw()?;
        let mut command = Command::new(program);
        command.args(["sandbox", "--port", "0", "--data-dir"]).arg(directory.path()).env("FLORIN_LOG", "error");
        match database {
            // In the environment, because everybody may read the list of processes.
            Some(url) => command.env("FLORIN_DATABASE", url),
            None => command.env_remove("FLORIN_DATABASE"),
        };
        let started = Instant::now();
        let mut child = spawn(command)?;
        while !directory.announcement().exists() {
            still_running(&mut child, started)?;
            sleep(GLANCE).await;
        }
        let announcement = Announcement::find(directory)?.ok_or_else(|| Failure::new("the sandbox withdrew at once"))?;
        let target = target_of(&announcement).await?;
        wait_for(&target, "/healthz", &mut child, started).await?;
        Ok(Self { child, announcement, first_answer_ms: started.elapsed().as_secs_f64() * 1000.0 })
    }

    /// What to measure of it.
    ///
    /// # Errors
    /// A [`Failure`] when it has no seller or no merchant.
    pub async fn subject(&self) -> Result<Subject, Failure> {
        let seller = self.announcement.sellers.first().ok_or_else(|| Failure::new("the sandbox has no seller"))?;
        let merchant = self.announcement.wpay.first().ok_or_else(|| Failure::new("the sandbox has no merchant"))?;
        let credentials = Credentials { seller: &seller.seller_uuid, token: &seller.access_token, api_key: &merchant.api_key };
        Ok(Subject::florin(target_of(&self.announcement).await?, &credentials, self.child.id()))
    }

    /// Its memory, in KiB.
    pub fn rss_kib(&self) -> Option<u64> {
        self.child.id().and_then(rss_kib)
    }

    /// Ends it without warning, which loses nothing and is what a next start has to cope with.
    pub async fn kill(mut self) {
        // It fails only for a process that has ended already.
        let _ = self.child.kill().await;
    }
}

/// The reference server under measurement.
pub struct Reference {
    child: Child,
    target: Target,
}

impl Reference {
    /// Starts `program` on a free port, with data in `workspace`.
    ///
    /// # Errors
    /// A [`Failure`] when it does not answer.
    pub async fn start(program: &Path, workspace: &Workspace) -> Result<Self, Failure> {
        let data = workspace.0.join("reference");
        fs::create_dir(&data).map_err(|error| Failure::because(data.display(), error))?;
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let port = free.map_err(|error| Failure::because("a free port", error))?.port();
        let mut command = Command::new(program);
        command.arg(port.to_string()).arg(data);
        let started = Instant::now();
        let mut child = spawn(command).map_err(|failure| Failure::because(program.display(), failure))?;
        let target = Target::new(&format!("https://127.0.0.1:{port}"), Trust::Anyone).await.map_err(|error| measured(&error))?;
        wait_for(&target, "/hello", &mut child, started).await?;
        Ok(Self { child, target })
    }

    /// What to measure of it.
    pub fn subject(&self) -> Subject {
        Subject::reference(self.target.clone(), self.child.id())
    }
}

fn spawn(mut command: Command) -> Result<Child, Failure> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true).spawn();
    child.map_err(|error| Failure::because("the server to measure cannot be started", error))
}

async fn target_of(announcement: &Announcement) -> Result<Target, Failure> {
    let pem = fs::read(&announcement.ca_cert).map_err(|error| Failure::because(announcement.ca_cert.display(), error))?;
    Target::new(&announcement.base_url, Trust::Authority(pem)).await.map_err(|error| measured(&error))
}

/// Asks for `path` until the answer is 200.
async fn wait_for(target: &Target, path: &str, child: &mut Child, started: Instant) -> Result<(), Failure> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", target.host());
    loop {
        if let Ok(mut connection) = target.connect().await
            && connection.exchange(request.as_bytes()).await.is_ok_and(|reply| reply.status == 200)
        {
            return Ok(());
        }
        still_running(child, started)?;
        sleep(GLANCE).await;
    }
}

fn still_running(child: &mut Child, started: Instant) -> Result<(), Failure> {
    if let Ok(Some(status)) = child.try_wait() {
        return Err(Failure::new(format!("the server to measure ended at once with {status}")));
    }
    if started.elapsed() > PATIENCE {
        return Err(Failure::new(format!("the server to measure gave no answer within {} s", PATIENCE.as_secs())));
    }
    Ok(())
}

fn measured(error: &BenchError) -> Failure {
    Failure::new(error.to_string())
}
