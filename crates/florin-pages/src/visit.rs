//! A buyer's request: whose order it is about, where the buyer stands, and what was posted.
//!
//! Invariant: the link in the address is all that a request needs; nothing else is asked of a browser.

use axum::extract::{FromRequest, FromRequestParts, Request};
use florin_domain::order::PayMethod;
use florin_domain::{LinkToken, Timestamp};
use florin_service::checkout::{self, Checkout, Step};
use florin_service::{Context, Cx, ServiceError};
use http::request::Parts;

use crate::detour::Detour;
use crate::field::Problem;
use crate::form::Form;
use crate::frame::{Frame, OrderHead, web_address};
use crate::place::Place;

/// A buyer who looks at a page.
pub(crate) struct Visit {
    pub(crate) link: LinkToken,
    pub(crate) checkout: Checkout,
    pub(crate) now: Timestamp,
    /// Whether the page says that no money is real here.
    pub(crate) sandbox: bool,
}

/// A buyer who sends a form.
pub(crate) struct Posted {
    pub(crate) cx: Cx,
    pub(crate) link: LinkToken,
    pub(crate) form: Form,
    /// The address's query, if any.
    pub(crate) query: String,
}

impl FromRequestParts<Cx> for Visit {
    type Rejection = Detour;

    async fn from_request_parts(parts: &mut Parts, cx: &Cx) -> Result<Self, Detour> {
        Self::load(cx, link_in(parts.uri.path())?).await
    }
}

impl FromRequest<Cx> for Posted {
    type Rejection = Detour;

    async fn from_request(request: Request, cx: &Cx) -> Result<Self, Detour> {
        let (parts, body) = request.into_parts();
        let link = link_in(parts.uri.path())?;
        let form = Form::receive(&parts.headers, body).await.map_err(Detour::Unreadable)?;
        Ok(Self { cx: cx.clone(), link, form, query: parts.uri.query().unwrap_or_default().to_owned() })
    }
}

/// The link in `/pay/order/{link}/…`. Its letters need no decoding: what would need it is no link.
fn link_in(path: &str) -> Result<LinkToken, Detour> {
    let text = path.split('/').nth(3).unwrap_or_default();
    LinkToken::parse(text).map_err(|_| Detour::UnknownOrder)
}

impl Visit {
    async fn load(cx: &Cx, link: LinkToken) -> Result<Self, Detour> {
        match checkout::view(cx, &link).await {
            Ok(checkout) => Ok(Self { now: cx.clock.now(), sandbox: cx.policy.is_sandbox(), link, checkout }),
            Err(error) => Err(Detour::Failed { error, again: Place::Landing.path(&link) }),
        }
    }

    /// Nothing if the buyer may see `place`, else the way to where the buyer stands.
    pub(crate) fn at(&self, place: Place) -> Result<(), Detour> {
        if place.is_open(&self.checkout.step) { Ok(()) } else { Err(Detour::Onward(self.path(Place::of(&self.checkout.step)))) }
    }

    pub(crate) fn path(&self, place: Place) -> String {
        place.path(&self.link)
    }

    /// A page of this checkout, with the order at its head.
    pub(crate) fn frame(&self, title: &str) -> Frame {
        let order = OrderHead {
            seller: self.seller().to_owned(),
            amount: self.amount(),
            reference: self.checkout.order.terms.reference.clone(),
            back: self.back(),
        };
        Frame::of_order(title, order, self.sandbox)
    }

    pub(crate) fn seller(&self) -> &str {
        &self.checkout.seller.name
    }

    pub(crate) fn amount(&self) -> String {
        self.checkout.order.terms.amount.to_string()
    }

    /// Where the shop waits, if it named a place that a browser may be sent to.
    pub(crate) fn back(&self) -> Option<String> {
        self.checkout.return_url.as_deref().and_then(web_address)
    }

    /// The page on which the order can be paid `method`'s way instead, if it can and the buyer may still change.
    pub(crate) fn other_way(&self, method: PayMethod) -> Option<String> {
        let place = match method {
            PayMethod::Now => Place::Bank,
            PayMethod::Later => Place::Email,
        };
        (self.checkout.offers_method(method) && place.is_open(&self.checkout.step)).then(|| self.path(place))
    }
}

impl Posted {
    /// Goes on to where `outcome` leads. The buyer stays on `place` only for an error in one of its fields, and that comes out.
    pub(crate) async fn stay(&self, place: Place, outcome: Result<Step, ServiceError>) -> Result<(Visit, Problem), Detour> {
        match outcome {
            Ok(step) => Err(Detour::Onward(self.way_to(&step))),
            Err(ServiceError::Invalid { field, message }) => {
                let visit = Visit::load(&self.cx, self.link.clone()).await?;
                visit.at(place)?;
                Ok((visit, Problem::new(field, &message, self.form.text(field))))
            }
            Err(error) => Err(Detour::Failed { error, again: place.path(&self.link) }),
        }
    }

    /// The address of `step`. A bank elsewhere is reached over our own page: browsers hold a form's redirects to the policy of the
    /// page that holds the form, and that allows this server alone.
    fn way_to(&self, step: &Step) -> String {
        let at_bank = match step {
            Step::AtBank { authorise_url } => local(&self.cx, authorise_url),
            _ => None,
        };
        at_bank.unwrap_or_else(|| Place::of(step).path(&self.link))
    }
}

/// `address` as a path, if it lies on this server: right under whichever of its names the browser knows it.
pub(crate) fn local(cx: &Context, address: &str) -> Option<String> {
    let path = address.strip_prefix(&cx.policy.base_url).unwrap_or(address);
    (path.starts_with('/') && !path.starts_with("//")).then(|| path.to_owned())
}
