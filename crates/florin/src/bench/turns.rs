//! Turns: each operation measured on one server, then on the other, round after round, so that both meet the same weather.

use std::collections::BTreeSet;
use std::time::Duration;

use florin_bench::{Load, Measured, Numbers, Operation, Purchase, Refund, Usage, Walk, run};

use super::measure::Measure;
use super::report::{Report, Turn};
use super::subject::Subject;
use crate::failure::Failure;

/// How much to measure.
pub struct Plan {
    /// What.
    pub measures: BTreeSet<Measure>,
    /// Length of a turn.
    pub seconds: Duration,
    /// Turns of each operation and server.
    pub rounds: u32,
    /// Connections, but for those that walk.
    pub connections: usize,
    /// Connections that walk through the checkout.
    pub buyers: usize,
    /// Tells this run from others on the same server.
    pub seed: u32,
    /// The buyers' companies.
    pub numbers: Numbers,
}

/// Takes all turns.
///
/// # Errors
/// A [`Failure`] when a server cannot be connected to, or gives no right answer at all.
pub async fn take(plan: &Plan, florin: &mut Subject, reference: Option<&Subject>) -> Result<Report, Failure> {
    if plan.measures.iter().any(|measure| measure.takes_shoppers()) {
        florin.enrol_shoppers(plan.seed).await.map_err(|error| Failure::new(error.to_string()))?;
    }
    let mut report = Report::new(plan);
    for round in 1..=plan.rounds {
        for measure in &plan.measures {
            if !measure.is_repeated() && round < plan.rounds {
                continue;
            }
            let series = report.series.entry(*measure).or_default();
            series.florin.push(one(plan, *measure, florin).await?);
            if let Some((counterpart, reference)) = measure.counterpart().zip(reference) {
                series.reference.push(one(plan, counterpart, reference).await?);
            }
        }
    }
    Ok(report)
}

/// Takes one turn of `measure`.
async fn one(plan: &Plan, measure: Measure, subject: &Subject) -> Result<Turn, Failure> {
    let Subject { target, shop, shoppers, purchases, .. } = subject;
    match measure {
        Measure::Create => turn(plan.connections, plan, subject, |_| subject.create()).await,
        Measure::Get => {
            let questions = subject.get();
            if questions.is_empty() {
                return Err(Failure::new("there is no order to get; no create was answered"));
            }
            turn(plan.connections, plan, subject, |number| questions.ask(number)).await
        }
        Measure::Mint => {
            let questions = shop.sign_in_all(subject.mint_path);
            turn(plan.connections, plan, subject, |number| questions.ask(number)).await
        }
        Measure::List => {
            let questions = shop.list_wallets(shoppers);
            turn(plan.connections, plan, subject, |number| questions.ask(number)).await
        }
        Measure::Purchase => {
            let purchase = |number: usize| Purchase::new(shop, &shoppers[number % shoppers.len()], purchases);
            turn(plan.connections, plan, subject, purchase).await
        }
        Measure::Refund => turn(plan.connections, plan, subject, |_| Refund::new(shop, purchases)).await,
        Measure::Walk => {
            let buyer = |_| Walk::new(target.host(), &subject.create_path, &subject.token, &plan.numbers);
            turn(plan.buyers, plan, subject, buyer).await
        }
    }
}

async fn turn<O: Operation>(connections: usize, plan: &Plan, subject: &Subject, operation: impl Fn(usize) -> O) -> Result<Turn, Failure> {
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
