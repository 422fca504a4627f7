//! Pages as a person's browser meets them: links followed on one server, forms filled in by their fields' names.
//!
//! It knows the names of fields, which are published, and nothing else: where a form leads stands in the page.

use crate::form::Form;
use crate::request::Request;
use crate::{BenchError, Connection};

/// The most pages that anything may take.
pub(crate) const PAGES_MAX: usize = 24;

/// A page and where it was found.
pub(crate) struct Page {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Somebody who looks at the pages of one server.
pub(crate) struct Visitor {
    host: String,
    /// What for, in words.
    what: &'static str,
}

impl Visitor {
    pub(crate) fn new(host: &str, what: &'static str) -> Self {
        Self { host: host.to_owned(), what }
    }

    /// The page at `path`, wherever that leads, with its address.
    pub(crate) async fn open(&self, connection: &mut Connection, path: &str) -> Result<Page, BenchError> {
        let mut at = path.to_owned();
        for _ in 0..PAGES_MAX {
            let reply = connection.exchange(&Request::get(&self.host, &at).bare()).await?;
            match reply.header("location") {
                Some(location) if matches!(reply.status, 302 | 303) => {
                    at = local_path(location, &at).ok_or_else(|| reply.wrong(self.what))?;
                }
                _ => return Ok(Page { path: at, text: reply.expect(200, self.what)?.text().to_owned() }),
            }
        }
        Err(self.lost(&at))
    }

    /// Sends `body`, which is `form` filled in, from `page`; the page that it leads to.
    pub(crate) async fn submit(&self, connection: &mut Connection, page: &Page, form: &Form, body: &str) -> Result<Page, BenchError> {
        let path = local_path(&form.action, &page.path).ok_or_else(|| self.lost(&form.action))?;
        let reply = connection.exchange(&Request::post(&self.host, &path).form(body)).await?;
        let Some(location) = reply.header("location").filter(|_| matches!(reply.status, 302 | 303)) else {
            return Ok(Page { path, text: reply.expect(200, self.what)?.text().to_owned() });
        };
        let next = local_path(location, &path).ok_or_else(|| reply.wrong(self.what))?;
        self.open(connection, &next).await
    }

    /// The error of not knowing how to go on.
    pub(crate) fn lost(&self, at: &str) -> BenchError {
        BenchError::Wrong { what: self.what, answer: format!("lost at {at}") }
    }
}

/// The path, with its query, of a link on the page at `base`; `None` for a link relative to a directory, which Florin has none of.
pub(crate) fn local_path(link: &str, base: &str) -> Option<String> {
    let path = match link.split_once("://") {
        Some((_, rest)) => &rest[rest.find('/')?..],
        None => link,
    };
    let path = path.split('#').next().unwrap_or_default();
    let page = base.split('?').next().unwrap_or_default();
    match path.as_bytes().first() {
        None => Some(base.to_owned()),
        Some(b'/') => Some(path.to_owned()),
        Some(b'?') => Some(format!("{page}{path}")),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_on_the_same_server() {
        let base = "/pay/order/x/code/?a=1";
        assert_eq!(local_path("https://localhost:1/pay/?b=2#top", base).as_deref(), Some("/pay/?b=2"));
        assert_eq!(local_path("", base).as_deref(), Some(base));
        assert_eq!(local_path("?c=3", base).as_deref(), Some("/pay/order/x/code/?c=3"));
        assert_eq!(local_path("next", base), None);
    }
}
