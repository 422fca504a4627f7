//! SQL for jobs: everything that must happen later, or must be finished if the process dies meanwhile.
//!
//! Invariant: one job a kind and subject. A worker claims a job for a while; whoever records the job's effect removes or
//! reschedules it in the same transaction, so an effect is neither lost nor booked twice.

use florin_domain::Timestamp;

use crate::columns::{count, time};
use crate::{Row, StoreError, Tx, Value};

const PUT: &str = "
    INSERT INTO jobs (kind, subject, due_at, attempts, claimed_until) VALUES ($1, $2, $3, 0, $4)
        ON CONFLICT (kind, subject) DO NOTHING";
const DUE: &str = "
    SELECT kind, subject, due_at, attempts FROM jobs
     WHERE due_at <= $1 AND claimed_until <= $2 ORDER BY due_at, kind, subject LIMIT $3";
const CLAIM: &str = "UPDATE jobs SET claimed_until = $1 WHERE kind = $2 AND subject = $3";
const FIND: &str = "SELECT kind, subject, due_at, attempts FROM jobs WHERE kind = $1 AND subject = $2";
const LATER: &str = "UPDATE jobs SET due_at = $1, attempts = $2, claimed_until = 0 WHERE kind = $3 AND subject = $4";
const LATER_IF_STILL: &str = "
    UPDATE jobs SET due_at = $1, attempts = $2, claimed_until = 0 WHERE kind = $3 AND subject = $4 AND due_at = $5";
const REMOVE: &str = "DELETE FROM jobs WHERE kind = $1 AND subject = $2";
const NEXT_DUE: &str = "SELECT MIN(due_at) FROM jobs";
const FREE_CLAIMS: &str = "UPDATE jobs SET claimed_until = 0 WHERE claimed_until > 0";

/// Something to be done at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What is to be done.
    pub kind: String,
    /// What it is to be done to.
    pub subject: String,
    /// When.
    pub due_at: Timestamp,
    /// How often it failed to reach whom it needs.
    pub attempts: u32,
}

impl Tx<'_> {
    /// Writes a job; one that exists already stays as it is. With `claimed_until`, the caller does it at once and others
    /// take it over only if the caller has not finished by then.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn put_job(
        &mut self,
        kind: &'static str,
        subject: &str,
        due_at: Timestamp,
        claimed_until: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.announced = true;
        let claimed_until = claimed_until.map_or(0, Timestamp::micros);
        self.execute(PUT, &[kind.into(), subject.into(), due_at.micros().into(), claimed_until.into()]).map(drop)
    }

    /// Takes jobs that are due, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn claim_jobs(&mut self, now: Timestamp, until: Timestamp, limit: i64) -> Result<Vec<Job>, StoreError> {
        let jobs = self.query(DUE, &[now.micros().into(), now.micros().into(), limit.into()], job_of)?;
        for job in &jobs {
            self.execute_one(CLAIM, &[Value::from(until.micros()), (&job.kind).into(), (&job.subject).into()])?;
        }
        Ok(jobs)
    }

    /// Finds a job.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_job(&mut self, kind: &str, subject: &str) -> Result<Option<Job>, StoreError> {
        self.query_one(FIND, &[kind.into(), subject.into()], job_of)
    }

    /// Does a job again at `due_at`, and frees it until then.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn delay_job(&mut self, kind: &str, subject: &str, due_at: Timestamp, attempts: u32) -> Result<(), StoreError> {
        self.execute(LATER, &[due_at.micros().into(), attempts.into(), kind.into(), subject.into()]).map(drop)
    }

    /// Does a job again at `due_at` because it failed, unless somebody else has rescheduled it since it was read.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn delay_failed_job(&mut self, job: &Job, due_at: Timestamp) -> Result<(), StoreError> {
        let (attempts, was_due_at) = (job.attempts + 1, job.due_at.micros());
        let values = [Value::from(due_at.micros()), attempts.into(), (&job.kind).into(), (&job.subject).into(), was_due_at.into()];
        self.execute(LATER_IF_STILL, &values).map(drop)
    }

    /// Removes a job that is done, or no longer to be done. Nothing happens if it is gone.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn remove_job(&mut self, kind: &str, subject: &str) -> Result<(), StoreError> {
        self.execute(REMOVE, &[kind.into(), subject.into()]).map(drop)
    }

    /// When the next job is due.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn next_job_due(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.query_one(NEXT_DUE, &[], |row| row.opt_int(0))?.flatten().map(Timestamp::from_micros))
    }

    /// Frees what a process claimed that is no more. Only for a store that one process has to itself.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn free_job_claims(&mut self) -> Result<u64, StoreError> {
        self.execute(FREE_CLAIMS, &[])
    }
}

fn job_of(row: &Row<'_>) -> Result<Job, StoreError> {
    Ok(Job { kind: row.text(0)?.to_owned(), subject: row.text(1)?.to_owned(), due_at: time(row, 2)?, attempts: count(row, 3)? })
}
