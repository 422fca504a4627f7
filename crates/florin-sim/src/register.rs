//! The sandbox's register of companies.

use florin_connect::register::SEARCH_LIMIT;
use florin_connect::{Call, CompanyRegister, Connector};
use florin_domain::company::{Company, CompanyNumber};

use crate::company;

/// The most of a query that is looked at, in characters.
const QUERY_MAX: usize = 160;
/// How many digits a company's number has.
const NUMBER_LENGTH: usize = 8;

/// A register that knows every company of the sandbox.
#[derive(Debug, Clone, Copy, Default)]
pub struct SimRegister;

impl Connector for SimRegister {
    fn name(&self) -> &'static str {
        "sandbox-register"
    }

    fn simulated(&self) -> bool {
        true
    }
}

impl CompanyRegister for SimRegister {
    fn search<'a>(&'a self, query: &'a str) -> Call<'a, Vec<Company>> {
        let found = search(query);
        Box::pin(async move { Ok(found) })
    }

    fn find<'a>(&'a self, number: &'a CompanyNumber) -> Call<'a, Option<Company>> {
        let found = company::company(number);
        Box::pin(async move { Ok(found) })
    }
}

/// Finds by a whole number, alone or within a name; else by a number's beginning; else by words of the seeded names.
fn search(query: &str) -> Vec<Company> {
    let query: String = query.chars().take(QUERY_MAX).flat_map(char::to_lowercase).collect();
    let words: Vec<&str> = query.split_whitespace().collect();
    let numbers = words.iter().filter_map(|word| CompanyNumber::parse(word).ok());
    if let Some(named) = numbers.filter_map(|number| company::company(&number)).find(|company| carries(company, &words)) {
        return vec![named];
    }
    match words.as_slice() {
        [] => Vec::new(),
        [digits] if digits.bytes().all(|byte| byte.is_ascii_digit()) => beginning_with(digits),
        _ => company::seeded().filter(|company| carries(company, &words)).collect(),
    }
}

/// Whether every word stands in the company's name or is its number.
fn carries(company: &Company, words: &[&str]) -> bool {
    let name = company.name.to_lowercase();
    words.iter().all(|word| name.contains(word) || *word == company.number.as_str())
}

/// The first companies whose numbers begin with `digits`: 1 means 10000000, 10000001 and so on.
fn beginning_with(digits: &str) -> Vec<Company> {
    let Some(missing) = NUMBER_LENGTH.checked_sub(digits.len()).filter(|missing| *missing > 0) else {
        return Vec::new();
    };
    let endings = (0..SEARCH_LIMIT).map(|ending| format!("{ending:0missing$}")).filter(|ending| ending.len() == missing);
    endings.filter_map(|ending| company::company(&CompanyNumber::parse(&format!("{digits}{ending}")).ok()?)).collect()
}
