//! The sandbox's own pages: its start, its bank, its mailbox, and a shop that shows what a seller sees.
//!
//! Invariant: no production server has these routes.

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use florin_service::Cx;

use crate::checkout::both;
use crate::desk::BankDesk;

mod bank;
mod mailbox;
mod shop;
mod start;

/// What the sandbox's pages work with.
#[derive(Clone)]
struct Sandbox {
    cx: Cx,
    desk: Arc<dyn BankDesk>,
}

impl FromRef<Sandbox> for Cx {
    fn from_ref(sandbox: &Sandbox) -> Self {
        sandbox.cx.clone()
    }
}

impl FromRef<Sandbox> for Arc<dyn BankDesk> {
    fn from_ref(sandbox: &Sandbox) -> Self {
        sandbox.desk.clone()
    }
}

/// The routes of the sandbox's pages; `desk` is the bank behind its bank page.
pub fn sandbox(cx: Cx, desk: Arc<dyn BankDesk>) -> Router {
    let router = Router::new().route("/", get(start::open));
    let router = both(router, "/sandbox/bank/{payment}", get(bank::open).post(bank::submit));
    let router = both(router, "/sandbox/mailbox", get(mailbox::list));
    let router = both(router, "/sandbox/mailbox/{mail}", get(mailbox::open));
    let router = both(router, "/sandbox/shop", get(shop::open));
    both(router, "/sandbox/shop/webhook", post(shop::receive)).with_state(Sandbox { cx, desk })
}
