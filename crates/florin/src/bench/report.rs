//! The figures of a run: for people as a table, for programs as JSON.

use serde::Serialize;

use super::turns::Plan;
use crate::failure::Failure;
use crate::{screen, table};

/// Everything measured.
#[derive(Serialize)]
pub struct Report {
    /// Length of a turn, in seconds.
    pub turn_s: f64,
    /// Connections that create or get.
    pub connections: usize,
    /// Connections that walk.
    pub buyers: usize,
    /// How the sandbox started; none for a server that was there already.
    pub start: Option<Start>,
    /// Creating orders.
    pub create: Series,
    /// Getting orders.
    pub get: Series,
    /// Whole purchases with Pay Later.
    pub walk: Series,
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
            create: Series::default(),
            get: Series::default(),
            walk: Series::default(),
            loaded_rss_kib: None,
            books: None,
        }
    }

    /// Shows the figures.
    pub fn show(&self) {
        let series = [("create", &self.create), ("get", &self.get), ("walk to paid", &self.walk)];
        let rows: Vec<_> = series.iter().flat_map(|(name, series)| rows(name, series)).collect();
        screen::show(format_args!("{} connections ({} buyers), {} s a turn\n", self.connections, self.buyers, self.turn_s));
        table::show(&["operation", "server", "turn", "per second", "p50", "p99", "failures", "CPU s", "generator CPU s"], &rows, "-");
        screen::show("");
        for (name, series) in series {
            let Some(rate) = median(&series.florin) else { continue };
            let ratio = series.ratio().map(|ratio| format!(", {ratio:.2} of the reference server's")).unwrap_or_default();
            screen::show(format_args!("{name}: {rate:.0}/s in the median{ratio}"));
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
        let ratios = serde_json::json!({ "create": self.create.ratio(), "get": self.get.ratio() });
        let mut value = serde_json::to_value(self).map_err(|error| Failure::because("the report", error))?;
        value["ratio"] = ratios;
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
        let mut turns = [&self.create, &self.get, &self.walk].into_iter().flat_map(|series| series.florin.iter().chain(&series.reference));
        match turns.find_map(|turn| turn.first_failure.as_ref()) {
            Some(failure) => Err(Failure::new(format!("not every answer was right; the first wrong one: {failure}"))),
            None => Ok(()),
        }
    }
}

fn rows(name: &str, series: &Series) -> Vec<Vec<String>> {
    let of = |server: &str, turns: &[Turn]| -> Vec<Vec<String>> {
        turns.iter().enumerate().map(|(index, turn)| row(name, server, index + 1, turn)).collect()
    };
    [of("florin", &series.florin), of("reference", &series.reference)].concat()
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
