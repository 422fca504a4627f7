//! The figures of a run: for people as a table, for programs as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::measure::Measure;
use super::turns::Plan;
use crate::failure::Failure;
use crate::{screen, table};

/// Everything measured.
#[derive(Serialize)]
pub struct Report {
    /// Length of a turn, in seconds.
    pub turn_s: f64,
    /// Connections, but for those that walk.
    pub connections: usize,
    /// Connections that walk.
    pub buyers: usize,
    /// How the sandbox started; none for a server that was there already.
    pub start: Option<Start>,
    /// The turns of what was measured, under its name.
    #[serde(flatten)]
    pub series: BTreeMap<Measure, Series>,
    /// The server's memory after all turns, in KiB.
    pub loaded_rss_kib: Option<u64>,
    /// What the check of the books found.
    pub books: Option<Verdict>,
}

/// How a sandbox started.
#[derive(Serialize)]
pub struct Start {
    /// From the process's start to its first answer, with everything still to make, in milliseconds.
    pub first_ms: f64,
    /// The same on the data of a process that was killed.
    pub again_ms: f64,
    /// Memory before the first order, in KiB.
    pub idle_rss_kib: Option<u64>,
}

/// The turns of one operation.
#[derive(Default, Serialize)]
pub struct Series {
    /// Florin's.
    pub florin: Vec<Turn>,
    /// The reference server's.
    pub reference: Vec<Turn>,
}

/// One measurement.
#[derive(Serialize)]
pub struct Turn {
    /// Right answers.
    pub operations: u64,
    /// Right answers a second.
    pub rate: f64,
    /// Half of them took at most this, in microseconds.
    pub p50_us: u64,
    /// 99 % of them took at most this, in microseconds.
    pub p99_us: u64,
    /// Wrong answers and broken connections.
    pub failures: u64,
    /// The first of them, in words.
    pub first_failure: Option<String>,
    /// Processor time that the server spent, in seconds.
    pub server_cpu_s: Option<f64>,
    /// Processor time that the load generator spent, in seconds.
    pub generator_cpu_s: Option<f64>,
}

/// What a check of the books found.
#[derive(Serialize)]
pub struct Verdict {
    /// How many rules are broken, each counted as often as it is.
    pub violations: usize,
}

impl Series {
    /// Florin's median rate as a share of the reference server's.
    fn ratio(&self) -> Option<f64> {
        Some(median(&self.florin)? / median(&self.reference)?)
    }
}

impl Report {
    /// A report without figures.
    pub fn new(plan: &Plan) -> Self {
        Self {
            turn_s: plan.seconds.as_secs_f64(),
            connections: plan.connections,
            buyers: plan.buyers,
            start: None,
            series: BTreeMap::new(),
            loaded_rss_kib: None,
            books: None,
        }
    }

    /// Shows the figures.
    pub fn show(&self) {
        let rows: Vec<_> = self.series.iter().flat_map(|(measure, series)| rows(*measure, series)).collect();
        screen::show(format_args!("{} connections ({} buyers), {} s a turn\n", self.connections, self.buyers, self.turn_s));
        table::show(&["operation", "server", "turn", "per second", "p50", "p99", "failures", "CPU s", "generator CPU s"], &rows, "-");
        screen::show("");
        for line in self.series.iter().filter_map(|(measure, series)| summary(*measure, series)) {
            screen::show(line);
        }
        if let Some(start) = &self.start {
            screen::show(format_args!(
                "first answer: {:.0} ms after the first start, {:.0} ms after a kill",
                start.first_ms, start.again_ms
            ));
            screen::show(format_args!("memory at rest: {}", mebibytes(start.idle_rss_kib)));
        }
        screen::show(format_args!("memory after the load: {}", mebibytes(self.loaded_rss_kib)));
    }

    /// Shows what the check of the books found.
    pub fn show_books(&self) {
        if let Some(books) = &self.books {
            screen::show(format_args!(
                "books: {}",
                if books.violations == 0 { "in order".to_owned() } else { format!("{} violations", books.violations) }
            ));
        }
    }

    /// The figures as JSON.
    ///
    /// # Errors
    /// A [`Failure`] if they cannot be written down, which is a bug.
    pub fn json(&self) -> Result<String, Failure> {
        let json = |value: Result<serde_json::Value, serde_json::Error>| value.map_err(|error| Failure::because("the report", error));
        let ratios: BTreeMap<Measure, f64> = self.series.iter().filter_map(|(measure, series)| Some((*measure, series.ratio()?))).collect();
        let goals: BTreeMap<Measure, f64> = self.series.keys().filter_map(|measure| Some((*measure, measure.goal()?))).collect();
        let mut value = json(serde_json::to_value(self))?;
        value["ratio"] = json(serde_json::to_value(ratios))?;
        value["goal"] = json(serde_json::to_value(goals))?;
        Ok(format!("{value:#}\n"))
    }

    /// Whether the server did its work.
    ///
    /// # Errors
    /// A [`Failure`] when answers were wrong or the books do not balance.
    pub fn verdict(&self) -> Result<(), Failure> {
        if let Some(books) = self.books.as_ref().filter(|books| books.violations > 0) {
            return Err(Failure::new(format!("the books are not in order: {} violations", books.violations)));
        }
        let mut turns = self.series.values().flat_map(|series| series.florin.iter().chain(&series.reference));
        match turns.find_map(|turn| turn.first_failure.as_ref()) {
            Some(failure) => Err(Failure::new(format!("not every answer was right; the first wrong one: {failure}"))),
            None => Ok(()),
        }
    }
}

/// The line of one operation: its rate, the ratio, and what the ratio should be.
fn summary(measure: Measure, series: &Series) -> Option<String> {
    let rate = median(&series.florin)?;
    let goal = measure.goal().map(|goal| format!(" (goal: {goal:.2})")).unwrap_or_default();
    let beside = match measure.counterpart() {
        Some(other) if other != measure => format!(" {}", other.name()),
        _ => String::new(),
    };
    let ratio = series.ratio().map(|ratio| format!(", {ratio:.2} of the reference server's{beside}{goal}")).unwrap_or_default();
    Some(format!("{}: {rate:.0}/s in the median{ratio}", measure.name()))
}

fn rows(measure: Measure, series: &Series) -> Vec<Vec<String>> {
    let of = |server: &str, measure: Measure, turns: &[Turn]| -> Vec<Vec<String>> {
        turns.iter().enumerate().map(|(index, turn)| row(measure.name(), server, index + 1, turn)).collect()
    };
    [of("florin", measure, &series.florin), of("reference", measure.counterpart().unwrap_or(measure), &series.reference)].concat()
}

fn row(name: &str, server: &str, number: usize, turn: &Turn) -> Vec<String> {
    let seconds = |spent: Option<f64>| spent.map_or_else(|| "-".to_owned(), |spent| format!("{spent:.2}"));
    vec![
        name.to_owned(),
        server.to_owned(),
        number.to_string(),
        format!("{:.0}", turn.rate),
        milliseconds(turn.p50_us),
        milliseconds(turn.p99_us),
        turn.failures.to_string(),
        seconds(turn.server_cpu_s),
        seconds(turn.generator_cpu_s),
    ]
}

fn milliseconds(micros: u64) -> String {
    format!("{}.{:02} ms", micros / 1000, micros % 1000 / 10)
}

fn mebibytes(kib: Option<u64>) -> String {
    kib.map_or_else(|| "not known".to_owned(), |kib| format!("{}.{} MiB", kib / 1024, kib % 1024 * 10 / 1024))
}

fn median(turns: &[Turn]) -> Option<f64> {
    let mut rates: Vec<f64> = turns.iter().map(|turn| turn.rate).collect();
    rates.sort_by(f64::total_cmp);
    let upper = rates.get(rates.len() / 2)?;
    let lower = rates.get((rates.len() - 1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(rate: f64) -> Turn {
        let (server_cpu_s, generator_cpu_s, first_failure) = (None, None, None);
        Turn { operations: 1, rate, p50_us: 1, p99_us: 2, failures: 0, first_failure, server_cpu_s, generator_cpu_s }
    }

    fn report() -> Report {
        let purchase = Series { florin: [300.0, 100.0, 400.0].map(turn).into(), reference: [1000.0, 500.0].map(turn).into() };
        let list = Series { florin: vec![turn(7.0)], reference: Vec::new() };
        let series = BTreeMap::from([(Measure::Purchase, purchase), (Measure::List, list)]);
        Report { turn_s: 1.0, connections: 1, buyers: 1, start: None, series, loaded_rss_kib: None, books: None }
    }

    #[test]
    fn a_ratio_is_of_medians_and_stands_beside_its_goal() {
        let lines: Vec<_> = report().series.iter().filter_map(|(measure, series)| summary(*measure, series)).collect();
        assert_eq!(lines, ["list: 7/s in the median", "purchase: 300/s in the median, 0.40 of the reference server's create (goal: 0.35)"]);
    }

    #[test]
    fn the_json_has_each_measure_under_its_name() {
        let value: serde_json::Value = serde_json::from_str(&report().json().unwrap()).unwrap();
        assert_eq!(value["purchase"]["florin"][2]["rate"], 400.0);
        assert_eq!((&value["ratio"]["purchase"], &value["goal"]["purchase"]), (&0.4.into(), &0.35.into()));
        assert!(value["ratio"].get("list").is_none() && value.get("create").is_none());
    }
}
