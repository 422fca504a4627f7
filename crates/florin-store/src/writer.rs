//! Group commit: one thread a process runs every waiting operation in one transaction and commits once for all of them.
//!
//! It decides nothing about rows. Invariant: no operation is answered before the commit that holds its rows, and none of its
//! rows are kept when it answered an error.
//!
//! Operations run without savepoints at first, because nearly all of them succeed. When one fails after it wrote, the whole
//! batch is rolled back and run again with a savepoint each, as are the next few batches: failures come in swarms.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use crate::engine::{Marker, Session};
use crate::error::{Failure, Reach};
use crate::job::Job;
use crate::server::{Purpose, Server};
use crate::store::Digest;
use crate::{StoreError, Tx, sqlite};

/// The most operations one commit carries.
const BATCH: usize = 512;
/// How often a batch is run before its callers are told to come back later.
const ATTEMPTS: u32 = 5;
/// How many batches run with savepoints after one had to be repeated.
const CAUTION: u32 = 16;

/// What travels to the writer thread.
pub(crate) enum Message {
    Run(Box<dyn Job>),
    Close,
}

/// Where the writer's connection comes from.
pub(crate) enum Source {
    Sqlite(Box<rusqlite::Connection>),
    Postgres(Arc<Server>),
}

impl Source {
    fn connect(&self, digest: Digest) -> Result<Tx<'_>, StoreError> {
        let session = match self {
            Self::Sqlite(connection) => Session::Sqlite(sqlite::Session::lasting(connection)),
            Self::Postgres(server) => Session::Postgres(Box::new(server.connect(Purpose::Write)?)),
        };
        Ok(Tx::new(session, digest))
    }
}

/// Why a batch did not come to its commit.
enum Halt {
    /// An operation failed after it wrote, without a savepoint to return to.
    Spoilt,
    Lost(Failure),
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Lost(failure)
    }
}

pub(crate) struct Writer<'s> {
    source: &'s Source,
    digest: Digest,
    tx: Option<Tx<'s>>,
    /// How many more batches run with savepoints.
    caution: u32,
    /// A commit whose answer was lost, and whether the batch had something to announce.
    doubt: Option<(Marker, bool)>,
}

impl<'s> Writer<'s> {
    pub(crate) fn new(source: &'s Source, digest: Digest) -> Self {
        Self { source, digest, tx: None, caution: 0, doubt: None }
    }

    /// Serves the queue until it is closed and empty.
    pub(crate) fn serve(mut self, mut queue: mpsc::Receiver<Message>, announce: &Notify) {
        let mut messages = Vec::with_capacity(BATCH);
        let mut jobs: Vec<Box<dyn Job>> = Vec::with_capacity(BATCH);
        let (mut nb, mut nj) = (0u64, 0u64);
        let t0=std::time::Instant::now(); let mut busy=std::time::Duration::ZERO;
        while queue.blocking_recv_many(&mut messages, BATCH) > 0 {
            if let Ok(us)=std::env::var("LINGER") { if nj>0 { std::thread::sleep(std::time::Duration::from_micros(us.parse().unwrap())); let more = BATCH-messages.len(); while messages.len()<BATCH { match queue.try_recv() { Ok(m)=>messages.push(m), Err(_)=>break } } let _=more; } }
            for message in messages.drain(..) {
                match message {
                    Message::Run(job) if job.abandoned() => {}
                    Message::Run(job) => jobs.push(job),
                    Message::Close => queue.close(),
                }
            }
            if jobs.is_empty() {
                continue;
            }
            nb+=1; nj+=jobs.len() as u64; let t1=std::time::Instant::now();
            let r = self.settle(&mut jobs); busy+=t1.elapsed();
            match r {
                Ok(true) => announce.notify_one(),
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(%error, operations = jobs.len(), "a batch was refused");
                    jobs.iter_mut().for_each(|job| job.refuse(error.clone()));
                }
            }
            jobs.drain(..).for_each(Job::answer);
        }
        eprintln!("batches {nb} jobs {nj} = {} each; {:?} a batch, busy {:?} of {:?}", nj/nb.max(1), busy/(nb.max(1) as u32), busy, t0.elapsed());
    }

    /// Runs a batch until it is committed or hopeless; answers whether there is something to announce.
    fn settle(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<bool, StoreError> {
        let mut careful = self.caution > 0;
        self.caution = self.caution.saturating_sub(1);
        self.doubt = None;
        let mut reason = String::new();
        for _ in 0..ATTEMPTS {
            match self.round(jobs, careful) {
                Ok(announced) => return Ok(announced),
                Err(Halt::Spoilt) => {
                    self.undo();
                    if jobs.len() == 1 {
                        return Ok(false); // Its own error is its answer, and there was nobody beside it.
                    }
                    careful = true;
                    self.caution = CAUTION;
                }
                Err(Halt::Lost(Failure { reach, error })) => {
                    match reach {
                        Reach::Connection => self.tx = None,
                        Reach::Statement | Reach::Transaction | Reach::Collision => self.undo(),
                    }
                    if matches!(reach, Reach::Statement | Reach::Transaction) {
                        return Err(error);
                    }
                    reason = error.to_string();
                }
            }
        }
        Err(StoreError::Unavailable(format!("gave up after {ATTEMPTS} attempts: {reason}")))
    }

    /// Runs a batch once.
    fn round(&mut self, jobs: &mut [Box<dyn Job>], careful: bool) -> Result<bool, Halt> {
        let tx = match &mut self.tx {
            Some(tx) => tx,
            None => {
                let connected = self.source.connect(self.digest);
                self.tx.insert(connected.map_err(|error| Failure::new(Reach::Transaction, error))?)
            }
        };
        if let Some((marker, announced)) = &self.doubt {
            if tx.committed(marker)? {
                return Ok(*announced); // The operations hold the outcomes of that commit.
            }
            self.doubt = None;
        }
        let marker = tx.begin()?;
        for job in jobs {
            perform(tx, job.as_mut(), careful)?;
        }
        tx.commit().inspect_err(|failure| {
            if failure.reach == Reach::Connection {
                self.doubt = marker.map(|marker| (marker, tx.announced));
            }
        })?;
        Ok(tx.announced)
    }

    fn undo(&mut self) {
        if self.tx.as_mut().is_some_and(|tx| tx.rollback().is_err()) {
            self.tx = None;
        }
    }
}

/// Runs one operation of a batch, with a savepoint of its own or without.
fn perform(tx: &mut Tx<'_>, job: &mut dyn Job, careful: bool) -> Result<(), Halt> {
    let mark = tx.mark();
    if careful {
        // A refused statement cannot be behind this one, so an error here has reached further and `loss` says how far.
        let _ = tx.enter();
    }
    let mut kept = tx.loss().is_none() && job.run(tx);
    if let Some(failure) = tx.loss() {
        return Err(Halt::Lost(failure.clone()));
    }
    if let Some(error) = tx.refusal().filter(|_| kept) {
        // The operation looked away from the refusal, but its rows are not all there.
        job.refuse(error.clone());
        kept = false;
    }
    if careful {
        let _ = tx.leave(mark, kept);
        return tx.loss().map_or(Ok(()), |failure| Err(Halt::Lost(failure.clone())));
    }
    match (kept, tx.spoilt()) {
        (true, _) => Ok(()),
        (false, true) => Err(Halt::Spoilt),
        (false, false) => {
            tx.start(mark);
            Ok(())
        }
    }
}
