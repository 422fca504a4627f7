//! The sandbox's own pages: its start, its mailbox, gift cards on their way, a shop that shows what a seller sees, and the pages of a simulated bank and of
//! simulated pay-later providers.
//!
//! Invariant: no production server has these routes, but for the bank's page if its operator allowed a simulated bank.

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use florin_service::Cx;

use crate::checkout::both;
use crate::desk::BankDesk;

mod bank;
mod gifts;
mod mailbox;
mod provider;
mod shop;
mod start;

/// What the bank's page works with.
#[derive(Clone)]
struct Counter {
    cx: Cx,
    desk: Arc<dyn BankDesk>,
}

impl FromRef<Counter> for Cx {
    fn from_ref(counter: &Counter) -> Self {
        counter.cx.clone()
    }
}

impl FromRef<Counter> for Arc<dyn BankDesk> {
    fn from_ref(counter: &Counter) -> Self {
        counter.desk.clone()
    }
}

/// The page of a simulated bank; `desk` is the bank behind it. Needed wherever the bank is simulated.
pub fn simulated_bank(cx: Cx, desk: Arc<dyn BankDesk>) -> Router {
    both(Router::new(), "/sandbox/bank/{payment}", get(bank::open).post(bank::submit)).with_state(Counter { cx, desk })
}

/// The routes of the sandbox's pages.
pub fn sandbox(cx: Cx) -> Router {
    let router = Router::new().route("/", get(start::open));
    let router = both(router, "/sandbox/mailbox", get(mailbox::list));
    let router = both(router, "/sandbox/mailbox/{mail}", get(mailbox::open));
    let router = both(router, "/sandbox/gifts", get(gifts::list));
    let router = both(router, "/sandbox/shop", get(shop::open));
    let router = both(router, "/sandbox/apm/{order}", get(provider::open).post(provider::submit));
    both(router, "/sandbox/shop/webhook", post(shop::receive)).with_state(cx)
}
