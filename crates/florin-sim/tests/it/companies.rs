//! Stories of the register: every company of the published ranges is found, by number and by name.

use std::collections::HashSet;

use florin_connect::CompanyRegister;
use florin_domain::company::{Company, CompanyNumber};
use florin_sim::{CompanyOutcome, SimRegister, outcome_names};
use proptest::prelude::*;
use tokio::runtime::Builder;

fn number(text: &str) -> CompanyNumber {
    CompanyNumber::parse(text).unwrap()
}

/// Runs a register's call to its end; nothing in it waits.
fn answer<T>(call: impl Future<Output = T>) -> T {
    Builder::new_current_thread().build().unwrap().block_on(call)
}

fn find(text: &str) -> Option<Company> {
    answer(SimRegister.find(&number(text))).unwrap()
}

fn search(query: &str) -> Vec<Company> {
    answer(SimRegister.search(query)).unwrap()
}

proptest! {
    #[test]
    fn every_number_from_one_to_five_is_a_company_found_by_number_and_by_name(digits in "[1-5][0-9]{7}") {
        let company = find(&digits).unwrap();
        prop_assert_eq!(company.number.as_str(), &digits);
        prop_assert_eq!(search(&digits), vec![company.clone()]);
        prop_assert_eq!(search(&format!("  {}  ", company.name.to_uppercase())), vec![company.clone()]);

        let different: HashSet<_> = company.directors.iter().collect();
        prop_assert!((1..=3).contains(&company.directors.len()) && different.len() == company.directors.len(), "{:?}", company.directors);
        prop_assert_eq!(find(&digits), Some(company), "the same company every time");
    }

    #[test]
    fn every_other_number_is_no_company(text in "[06-9][0-9]{7}|[A-Z][0-9]{7}|[A-Z]{2}[0-9]{6}") {
        prop_assert_eq!(find(&text), None);
        prop_assert_eq!(search(&text), Vec::new());
        prop_assert_eq!(CompanyOutcome::of(&number(&text)), None);
    }

    #[test]
    fn no_query_makes_the_register_fail_or_answer_at_length(query in "\\PC{0,200}") {
        prop_assert!(search(&query).len() <= 20);
    }
}

#[test]
fn the_first_digit_says_what_becomes_of_a_company() {
    for (digits, outcome) in [
        ("10000000", "approved"),
        ("19999999", "approved"),
        ("20000000", "referred_then_approved"),
        ("29999999", "referred_then_approved"),
        ("30000000", "referred_then_declined"),
        ("39999999", "referred_then_declined"),
        ("40000000", "declined"),
        ("49999999", "declined"),
        ("50000000", "approved_then_late"),
        ("59999999", "approved_then_late"),
    ] {
        assert_eq!(CompanyOutcome::of(&number(digits)).map(CompanyOutcome::name), Some(outcome), "{digits}");
    }
}

#[test]
fn a_word_finds_the_companies_that_are_named_with_it() {
    let names = |query: &str| search(query).into_iter().map(|company| company.name).collect::<Vec<_>>();
    assert_eq!(names("alder"), ["Alder & Daughters Joinery Ltd"]);
    assert_eq!(names("  JOINERY  alder "), ["Alder & Daughters Joinery Ltd"]);
    assert_eq!(names("lane florists ltd"), ["Juniper Lane Florists Ltd"]);
    assert_eq!(names("alder florists"), [""; 0]);
    assert_eq!(names(""), [""; 0]);
    assert_eq!(names("ltd").len(), outcome_names().companies.len(), "all that have names of their own");
}

#[test]
fn the_beginning_of_a_number_finds_the_first_companies_with_it() {
    let numbers = |query: &str| search(query).into_iter().map(|company| company.number.to_string()).collect::<Vec<_>>();
    assert_eq!(numbers("1").len(), 20);
    assert_eq!(numbers("1")[..2], ["10000000", "10000001"]);
    assert_eq!(numbers("1234567"), (0..10).map(|last| format!("1234567{last}")).collect::<Vec<_>>());
    assert_eq!(numbers("9"), [""; 0]);
    assert_eq!(numbers("123456789"), [""; 0]);
}

#[test]
fn a_number_with_words_of_another_company_finds_nothing() {
    assert_eq!(search("Alder Joinery 40000001 Ltd"), Vec::new());
}
