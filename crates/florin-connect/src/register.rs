//! The register of companies: who a buyer says it is, looked up where anyone may look.

use florin_domain::company::{Company, CompanyNumber};

use crate::{Call, Connector};

/// The most companies a search returns.
pub const SEARCH_LIMIT: usize = 20;

/// A register of limited companies, such as Companies House.
pub trait CompanyRegister: Connector {
    /// Finds companies by number or by words of their name, best first, [`SEARCH_LIMIT`] at most; nothing found is an empty list.
    fn search<'a>(&'a self, query: &'a str) -> Call<'a, Vec<Company>>;

    /// Finds the company of exactly this number.
    fn find<'a>(&'a self, number: &'a CompanyNumber) -> Call<'a, Option<Company>>;
}
