//! What every page has around its own content: title, order, progress, problem, refresh.
//!
//! Invariant: an address that came from outside becomes a link only if it is `http` or `https`.

use http::StatusCode;
use url::Url;

use crate::field::Problem;
use crate::progress::Progress;

/// The data of the one layout.
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) site: String,
    /// The class that gives pages of other companies their own look; empty for Florin's.
    pub(crate) look: &'static str,
    pub(crate) sandbox: bool,
    pub(crate) wide: bool,
    /// Whether it may stand in another site's page, where no link leads away from it and nothing takes the focus by itself.
    pub(crate) embedded: bool,
    pub(crate) refresh: Option<Refresh>,
    pub(crate) order: Option<OrderHead>,
    pub(crate) progress: Option<Progress>,
    pub(crate) problem: Option<Problem>,
}

/// What is being paid, shown on every page of a checkout.
#[derive(Clone)]
pub(crate) struct OrderHead {
    pub(crate) seller: String,
    pub(crate) amount: String,
    pub(crate) reference: String,
    /// Where the buyer goes back to, if the seller named a place.
    pub(crate) back: Option<String>,
}

/// Where the browser goes by itself, and when.
pub(crate) struct Refresh {
    pub(crate) seconds: u32,
    pub(crate) url: String,
}

/// A link with its text.
pub(crate) struct Link {
    pub(crate) text: String,
    pub(crate) url: String,
}

impl Frame {
    /// A page of Florin's own, without an order.
    pub(crate) fn plain(title: impl Into<String>, sandbox: bool) -> Self {
        Self {
            title: title.into(),
            site: "Florin".to_owned(),
            look: "",
            sandbox,
            wide: false,
            embedded: false,
            refresh: None,
            order: None,
            progress: None,
            problem: None,
        }
    }

    /// The page of another company, with its own look. Only the sandbox has such pages.
    pub(crate) fn of_company(title: impl Into<String>, site: impl Into<String>, look: &'static str) -> Self {
        Self { site: site.into(), look, ..Self::plain(title, true) }
    }

    /// A page that may stand in a frame of a merchant's page.
    pub(crate) fn embedded(title: impl Into<String>, sandbox: bool) -> Self {
        Self { look: "look-frame", embedded: true, ..Self::plain(title, sandbox) }
    }

    /// The same page at a step of the way to credit.
    pub(crate) fn at(self, progress: Progress) -> Self {
        Self { progress: Some(progress), ..self }
    }

    /// The same page with what is wrong, if anything is.
    pub(crate) fn with(self, problem: Option<Problem>) -> Self {
        Self { problem, ..self }
    }

    /// The status of a form's page: 422 when something typed is wrong.
    pub(crate) fn status(&self) -> StatusCode {
        if self.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }
    }

    /// The page of a checkout.
    pub(crate) fn of_order(title: impl Into<String>, order: OrderHead, sandbox: bool) -> Self {
        Self { order: Some(order), ..Self::plain(title, sandbox) }
    }
}

/// `address` if a browser may be sent there: an absolute `http` or `https` address that names a host.
pub(crate) fn web_address(address: &str) -> Option<String> {
    let parsed = Url::parse(address).ok()?;
    let safe = matches!(parsed.scheme(), "http" | "https") && parsed.has_host();
    safe.then(|| parsed.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_become_links() {
        assert_eq!(web_address("https://shop.example/x?a=1&orderId=2#top").as_deref(), Some("https://shop.example/x?a=1&orderId=2#top"));
        for bad in ["javascript:alert(1)", "data:text/html,x", "//shop.example", "/local", "", "https://", "file:///etc/passwd"] {
            assert_eq!(web_address(bad), None, "{bad}");
        }
    }
}
