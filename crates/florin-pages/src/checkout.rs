//! The hosted checkout: one page a step, one verb of the service a form.
//!
//! Invariant: no handler holds a rule; what a form leads to is the service's answer.

use axum::Router;
use axum::routing::{MethodRouter, get};
use florin_service::Cx;

use crate::asset;
use crate::detour::{Detour, wrong_verb};
use crate::place::Place;
use crate::visit::Visit;

pub(crate) mod agreement;
pub(crate) mod bank;
pub(crate) mod card;
pub(crate) mod code;
pub(crate) mod company;
pub(crate) mod decision;
pub(crate) mod email;
pub(crate) mod end;
pub(crate) mod landing;
pub(crate) mod term;

/// The routes of the hosted checkout and of the files that all pages use.
pub fn checkout(cx: Cx) -> Router {
    let pages: [(Place, MethodRouter<Cx>); 13] = [
        (Place::Landing, get(landing::open).post(landing::submit)),
        (Place::Email, get(email::open).post(email::submit)),
        (Place::Code, get(code::open).post(code::submit)),
        (Place::Company, get(company::open).post(company::submit)),
        (Place::Decision, get(decision::open)),
        (Place::Term, get(term::open).post(term::submit)),
        (Place::Card, get(card::open).post(card::submit)),
        (Place::Agreement, get(agreement::open).post(agreement::submit)),
        (Place::Bank, get(bank::open).post(bank::submit)),
        (Place::BankReturn, get(bank::come_back)),
        (Place::BankProcessing, get(bank::wait)),
        (Place::Done, get(end::done)),
        (Place::Ended, get(end::ended)),
    ];
    let mut router = both(Router::new(), "/pay/order/{link}", get(current));
    for (place, handlers) in pages {
        router = both(router, &format!("/pay/order/{{link}}/{}", place.name()), handlers);
    }
    router.route("/pay/order/{link}/{*rest}", get(nowhere)).merge(asset::routes()).with_state(cx)
}

/// Adds `handlers` at `path`, without and with a slash at its end.
pub(crate) fn both<S: Clone + Send + Sync + 'static>(router: Router<S>, path: &str, handlers: MethodRouter<S>) -> Router<S> {
    let handlers = handlers.fallback(async || wrong_verb());
    router.route(path, handlers.clone()).route(&format!("{path}/"), handlers)
}

/// An order without a page: to where its buyer stands.
async fn current(visit: Visit) -> Detour {
    Detour::Onward(visit.path(Place::of(&visit.checkout.step)))
}

async fn nowhere() -> Detour {
    Detour::Nothing
}
