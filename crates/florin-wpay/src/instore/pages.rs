//! Queries: which page of a list is wanted, and of what.
//!
//! The contract and the public SDK spell some names differently; both are understood, and the contract's wins.

use std::borrow::Cow;

use florin_domain::Timestamp;
use florin_service::Page;

use crate::error::Refusal;
use crate::headers::says_something;

/// How many records a page has if nothing is said.
const SIZE: u32 = 25;
/// How many it has at the most.
const SIZE_MAX: u32 = 500;

const PAGE: &[&str] = &["page"];
const PAGE_SIZE: &[&str] = &["page-size", "pageSize"];
const START_TIME: &[&str] = &["start-time", "startTime"];
const END_TIME: &[&str] = &["end-time", "endTime"];
const CHANGED_SINCE: &[&str] = &["last-update-date-time", "last-updated-date-time"];

/// A call's query.
pub struct Query<'q>(Vec<(Cow<'q, str>, Cow<'q, str>)>);

impl<'q> Query<'q> {
    /// Reads a query; what says nothing is not there.
    pub fn of(query: &'q str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| says_something(value)).collect())
    }

    /// The value of `name`, if it is given.
    ///
    /// # Errors
    /// A 400 if it is given more than once.
    pub fn get(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_ref());
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Refusal::invalid(format!("{name} is given more than once."))),
            (value, None) => Ok(value),
        }
    }

    /// The value of the first of `names` that is given, with that name.
    fn first(&self, names: &'static [&'static str]) -> Result<Option<(&'static str, &str)>, Refusal> {
        for name in names {
            if let Some(value) = self.get(name)? {
                return Ok(Some((name, value)));
            }
        }
        Ok(None)
    }

    /// The page that is wanted.
    ///
    /// # Errors
    /// A 400 naming the parameter.
    pub fn page(&self) -> Result<Page, Refusal> {
        Ok(Page { number: self.number(PAGE, 1, u32::MAX)?, size: self.number(PAGE_SIZE, SIZE, SIZE_MAX)? })
    }

    fn number(&self, names: &'static [&'static str], unsaid: u32, max: u32) -> Result<u32, Refusal> {
        let Some((name, value)) = self.first(names)? else { return Ok(unsaid) };
        let number = value.parse().ok().filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()));
        let wrong = || Refusal::invalid(format!("{name} must be a whole number from 1 to {max}."));
        number.filter(|number| (1..=max).contains(number)).ok_or_else(wrong)
    }

    /// From when and until when, each as it is told.
    ///
    /// # Errors
    /// A 400 naming the parameter.
    pub fn times(&self) -> Result<(Option<Timestamp>, Option<Timestamp>), Refusal> {
        Ok((self.time(START_TIME)?, self.time(END_TIME)?.map(Timestamp::millisecond_end)))
    }

    /// Since when what is wanted was changed.
    ///
    /// # Errors
    /// A 400 naming the parameter.
    pub fn changed_since(&self) -> Result<Option<Timestamp>, Refusal> {
        self.time(CHANGED_SINCE)
    }

    fn time(&self, names: &'static [&'static str]) -> Result<Option<Timestamp>, Refusal> {
        let Some((name, value)) = self.first(names)? else { return Ok(None) };
        // A plus sign that nobody encoded arrives as a space.
        let wrong = || Refusal::invalid(format!("{name} must be a time such as 2026-11-21T10:00:00.000Z."));
        Timestamp::parse(&value.replace(' ', "+")).map(Some).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_understood_and_the_contracts_wins() {
        let page = |query: &str| Query::of(query).page().map(|page| (page.number, page.size)).ok();
        for (query, expected) in [
            ("", (1, 25)),
            ("page=2&pageSize=50", (2, 50)),
            ("page-size=10&pageSize=50", (1, 10)),
            ("page=&page-size=undefined", (1, 25)),
            ("page-size=500", (1, 500)),
        ] {
            assert_eq!(page(query), Some(expected), "{query}");
        }
        for bad in ["page=0", "page-size=0", "pageSize=501", "page=1.5", "page=-1", "page=%2B1", "page=4294967296", "page=1&page=2"] {
            assert_eq!(page(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_are_read_with_every_offset() {
        let at = Timestamp::parse("2021-02-17T06:31:46.358Z");
        for value in ["2021-02-17T06%3A31%3A46.358Z", "2021-02-17T17:31:46.358%2B11:00", "2021-02-17T17:31:46.358+1100"] {
            for name in ["start-time", "startTime"] {
                assert_eq!(Query::of(&format!("{name}={value}")).times().ok(), Some((at, None)), "{name}={value}");
            }
        }
        assert_eq!(Query::of("endTime=2021-02-17T06:31:46.358Z").times().ok(), Some((None, at.map(Timestamp::millisecond_end))));
        assert!(Query::of("end-time=yesterday").times().is_err());
    }
}
