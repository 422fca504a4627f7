//! Turns: each operation measured on one server, then on the other, round after round, so that both meet the same weather.

use std::time::Duration;

use florin_bench::{Load, Measured, Numbers, Operation, Usage, Walk, run};

use super::report::{Report, Series, Turn};
use super::subject::Subject;
use crate::failure::Failure;

/// How much to measure.
pub struct Plan {
    /// Length of a turn.
    pub seconds: Duration,
    /// Turns of each operation and server.
    pub rounds: u32,
    /// Connections that create or get orders.
    pub connections: usize,
    /// Connections that walk through the checkout.
    pub buyers: usize,
    /// The buyers' companies.
    pub numbers: Numbers,
}

/// Takes all turns.
///
/// # Errors
/// A [`Failure`] when a server cannot be connected to, or gives no right answer at all.
pub async fn take(plan: &Plan, florin: &Subject, reference: Option<&Subject>) -> Result<Report, Failure> {
    let mut report = Report::new(plan);
    for _ in 0..plan.rounds {
        report.create.florin.push(create(plan, florin).await?);
        if let Some(reference) = reference {
            report.create.reference.push(create(plan, reference).await?);
        }
        report.get.florin.push(get(plan, florin).await?);
        if let Some(reference) = reference {
            report.get.reference.push(get(plan, reference).await?);
        }
    }
    report.walk = Series { florin: vec![walk(plan, florin).await?], reference: Vec::new() };
    Ok(report)
}

async fn create(plan: &Plan, subject: &Subject) -> Result<Turn, Failure> {
    turn(plan, subject, plan.connections, |_| subject.create()).await
}

async fn get(plan: &Plan, subject: &Subject) -> Result<Turn, Failure> {
    let get = subject.get().ok_or_else(|| Failure::new("there is no order to get; no create was answered"))?;
    turn(plan, subject, plan.connections, get).await
}

async fn walk(plan: &Plan, subject: &Subject) -> Result<Turn, Failure> {
    let buyer = |_| Walk::new(subject.target.host(), &subject.create_path, &subject.token, &plan.numbers);
    turn(plan, subject, plan.buyers, buyer).await
}

async fn turn<O: Operation>(plan: &Plan, subject: &Subject, connections: usize, operation: impl Fn(usize) -> O) -> Result<Turn, Failure> {
    let usage = || (subject.pid.and_then(Usage::of), Usage::of(std::process::id()));
    let load = Load { connections, duration: plan.seconds };
    let before = usage();
    let measured = run(&subject.target, load, operation).await.map_err(|error| Failure::new(error.to_string()))?;
    let after = usage();
    if let (0, Some(reason)) = (measured.latency.total(), &measured.first_failure) {
        return Err(Failure::new(format!("the server gave no right answer: {reason}")));
    }
    let spent = |before: Option<Usage>, after: Option<Usage>| Some(after?.since(before?).as_secs_f64());
    Ok(figures(&measured, spent(before.0, after.0), spent(before.1, after.1)))
}

fn figures(measured: &Measured, server_cpu_s: Option<f64>, generator_cpu_s: Option<f64>) -> Turn {
    let micros = |permille| u64::try_from(measured.latency.quantile(permille).as_micros()).unwrap_or(u64::MAX);
    Turn {
        operations: measured.latency.total(),
        rate: measured.rate(),
        p50_us: micros(500),
        p99_us: micros(990),
        failures: measured.failures,
        first_failure: measured.first_failure.clone(),
        server_cpu_s,
        generator_cpu_s,
    }
}
