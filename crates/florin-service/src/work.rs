//! Background work: the jobs that fall due, and the loop that does them and delivers webhooks beside the requests.
//!
//! Invariants: a job is removed or rescheduled in the transaction that records its effect; doing a job twice does no harm,
//! because its effect is refused by the rules or its call carries the same key.

use std::sync::Arc;
use std::time::Duration;

use florin_domain::retry::outage_wait;
use florin_domain::time::minutes;
use florin_store::{Job, StoreError, Tx};
use florin_vault::Environment;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::{
    Cx, ServiceError, agreements, applications, banking, clock, expiry, gifting, idempotency, in_doubt, lending, mailbox, orders, payouts,
    relay, sessions, settlements, signing,
};

/// Asks the underwriter; the subject is the order.
pub(crate) const UNDERWRITE: &str = "underwrite";
/// Carries a bank payment on; the subject is the payment.
pub(crate) const BANK: &str = "bank";
/// Collects an instalment; the subject is `loan/number`.
pub(crate) const COLLECT: &str = "collect";
/// Pays a seller; the subject is the payout.
pub(crate) const PAY_OUT: &str = "pay_out";
/// Bills a seller's fees of a month; the subject is `seller/month end in microseconds`.
pub(crate) const BILL_FEES: &str = "bill_fees";
/// Sends a mail; the subject is the mail.
pub(crate) const SEND_MAIL: &str = "send_mail";
/// Ends forgotten orders.
pub(crate) const EXPIRE_ORDERS: &str = "expire_orders";
/// Forgets old idempotency records.
pub(crate) const FORGET_ANSWERS: &str = "forget_answers";
/// Frees a hold that nobody took in time; the subject is the movement.
pub(crate) const EXPIRE_HOLD: &str = "expire_hold";
/// Settles every merchant's sales of the day.
pub(crate) const CLOSE_DAY: &str = "close_day";
/// Sends a settlement; the subject is the settlement.
pub(crate) const SETTLE_OUT: &str = "settle_out";
/// Issues the gift cards of an order that was paid for; the subject is the order.
pub(crate) const ISSUE_GIFTS: &str = "issue_gifts";
/// Mails the buyer of gift cards where they are; the subject is the order.
pub(crate) const MAIL_GIFTS: &str = "mail_gifts";
/// Forgets what has expired and nobody can use any more.
pub(crate) const FORGET_EXPIRED: &str = "forget_expired";
/// Pays what a shopper approved before it was known what is to be paid; the subject is the till session.
pub(crate) const PAY_PREAPPROVED: &str = "pay_preapproved";
/// Takes an agreement back whose first charge was rejected, or never begun; the subject is the agreement.
pub(crate) const FIRST_CHARGE: &str = "first_charge";
/// The subject of a job that is about everything.
pub(crate) const ALL: &str = "all";

/// How long a worker has a job to itself.
pub(crate) const CLAIM: Duration = minutes(1);
/// How many jobs are claimed at once.
const BATCH: i64 = 32;
/// How often other processes' work is looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long news is gathered before it is looked at, so that a busy hour is not one look after the other.
const GATHER: Duration = Duration::from_millis(10);

/// Writes the jobs that recur for ever, and frees what a process left behind that had this store to itself.
///
/// # Errors
/// [`ServiceError::Internal`] if the master key is not the one that these books were sealed with, or if they belong to
/// another environment.
pub async fn prepare(cx: &Cx, alone: bool) -> Result<(), ServiceError> {
    clock::follow(cx).await?;
    let (now, cx2) = (cx.clock.now(), cx.clone());
    if alone {
        cx.tills.set_alone(now);
    }
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            cx2.keeper.prove(tx)?;
            must_be_ours(tx, cx2.policy.environment)?;
            tx.put_job(EXPIRE_ORDERS, ALL, now, None)?;
            tx.put_job(FORGET_ANSWERS, ALL, now, None)?;
            tx.put_job(FORGET_EXPIRED, ALL, now, None)?;
            tx.put_job(CLOSE_DAY, ALL, now.sydney_day_end(), None)?;
            if alone {
                tx.free_job_claims()?;
                tx.free_announcement_claims()?;
            }
            Ok::<_, ServiceError>(())
        })
        .await?;
    signing::prepare(cx).await
}

/// Books belong to one environment for ever: simulated money never meets real money.
fn must_be_ours(tx: &mut Tx<'_>, environment: Environment) -> Result<(), ServiceError> {
    let theirs = tx.keep_setting("environment", environment.name())?;
    if theirs == environment.name() {
        return Ok(());
    }
    Err(ServiceError::Internal(format!("these are the books of a {theirs} server, and this is a {} server", environment.name())))
}

/// Does what falls due and delivers webhooks until `stop` turns true; then finishes what is under way.
pub async fn run(cx: Cx, mut stop: watch::Receiver<bool>) {
    let news = cx.store.on_announce();
    let mut tasks = JoinSet::new();
    while !*stop.borrow() {
        if let Err(error) = begin_due(&cx, &mut tasks).await {
            tracing::warn!(%error, "background work has to wait");
        }
        tokio::select! {
            () = news.notified() => tokio::time::sleep(GATHER).await,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
    while tasks.join_next().await.is_some() {}
}

/// Starts everything that is due, each piece in a task of its own, so that none waits for another.
async fn begin_due(cx: &Cx, tasks: &mut JoinSet<()>) -> Result<(), ServiceError> {
    // While somebody moves the clock, the work is his.
    let Ok(working) = cx.wake.work.clone().try_read_owned() else {
        return Ok(());
    };
    let working = Arc::new(working);
    clock::follow(cx).await?;
    cx.codes.sweep(cx.clock.now());
    for job in claim(cx).await? {
        let (cx, working) = (cx.clone(), Arc::clone(&working));
        tasks.spawn(async move {
            attempt(&cx, &job).await;
            drop(working);
        });
    }
    for receipt in in_doubt::left_behind(cx).await? {
        let (cx, working) = (cx.clone(), Arc::clone(&working));
        tasks.spawn(async move {
            in_doubt::attempt(&cx, receipt).await;
            drop(working);
        });
    }
    for announcement in relay::claim(cx).await? {
        let (cx, working) = (cx.clone(), Arc::clone(&working));
        tasks.spawn(async move {
            relay::deliver(&cx, announcement).await;
            drop(working);
        });
    }
    Ok(())
}

/// Does every job that is due, in order, and says how many.
pub(crate) async fn run_due(cx: &Cx) -> Result<u32, ServiceError> {
    let mut done = 0;
    in_doubt::sweep(cx).await?;
    loop {
        let jobs = claim(cx).await?;
        if jobs.is_empty() {
            return Ok(done);
        }
        for job in jobs {
            attempt(cx, &job).await;
            done += 1;
        }
    }
}

async fn claim(cx: &Cx) -> Result<Vec<Job>, ServiceError> {
    let now = cx.clock.now();
    // Asked without a lock first: most of the time nothing is due, and a write would cost a commit.
    let next = cx.store.read(|tx: &mut Tx<'_>| tx.next_job_due().map_err(ServiceError::from)).await?;
    if next.is_none_or(|next| next > now) {
        return Ok(Vec::new());
    }
    cx.store.write(move |tx: &mut Tx<'_>| Ok(tx.claim_jobs(now, now.plus(CLAIM), BATCH)?)).await
}

/// Does a job; if that fails, it is done again later, with growing patience.
async fn attempt(cx: &Cx, job: &Job) {
    let Err(error) = perform(cx, job).await else {
        return;
    };
    tracing::warn!(kind = %job.kind, subject = %job.subject, attempts = job.attempts + 1, %error, "a job has to wait");
    let (job, due_at) = (job.clone(), cx.clock.now().plus(outage_wait(job.attempts + 1)));
    let delayed = cx.store.write(move |tx: &mut Tx<'_>| tx.delay_failed_job(&job, due_at));
    // If even this fails, the claim runs out and the job is taken up again.
    if let Err(error) = delayed.await {
        tracing::warn!(%error, "a job could not be rescheduled");
    }
}

/// Does a job at once, on the way of a request. What cannot be done now is done later by the worker.
pub(crate) async fn perform_now(cx: &Cx, kind: &'static str, subject: &str) -> Result<(), ServiceError> {
    let (key, now) = (subject.to_owned(), cx.clock.now());
    let found = cx.store.read(move |tx: &mut Tx<'_>| tx.find_job(kind, &key)).await;
    let Some(job) = found.map_err(ServiceError::from)?.filter(|job| job.due_at <= now) else {
        return Ok(());
    };
    let done = perform(cx, &job).await;
    if let Err(error) = &done {
        tracing::info!(kind, %error, "left to the worker");
        let due_at = cx.clock.now().plus(outage_wait(1));
        let freed: Result<(), StoreError> = cx.store.write(move |tx: &mut Tx<'_>| tx.delay_failed_job(&job, due_at)).await;
        freed?;
    }
    done
}

async fn perform(cx: &Cx, job: &Job) -> Result<(), ServiceError> {
    let (subject, now) = (job.subject.as_str(), cx.clock.now());
    match job.kind.as_str() {
        UNDERWRITE => applications::underwrite(cx, subject).await,
        BANK => banking::carry_on(cx, subject).await,
        COLLECT => lending::collect(cx, subject).await,
        PAY_OUT => payouts::send(cx, subject).await,
        BILL_FEES => payouts::bill(cx, subject).await,
        SEND_MAIL => mailbox::send(cx, subject).await,
        EXPIRE_ORDERS => cx.store.write(move |tx: &mut Tx<'_>| orders::expire(tx, now)).await,
        EXPIRE_HOLD => in_doubt::expire_hold(cx, subject).await,
        CLOSE_DAY => settlements::close_day(cx).await,
        SETTLE_OUT => settlements::send(cx, subject).await,
        ISSUE_GIFTS => gifting::carry_on(cx, subject).await,
        MAIL_GIFTS => gifting::mail(cx, subject).await,
        FIRST_CHARGE => agreements::look_at_first_charge(cx, subject).await,
        PAY_PREAPPROVED => sessions::pay_preapproved(cx, subject).await,
        FORGET_EXPIRED => cx.store.write(move |tx: &mut Tx<'_>| expiry::tidy_up(tx, now)).await,
        FORGET_ANSWERS => cx.store.write(move |tx: &mut Tx<'_>| idempotency::forget(tx, now)).await,
        unknown => Err(ServiceError::Internal(format!("no such kind of job: {unknown}"))),
    }
}
