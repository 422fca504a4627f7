//! The pages that take a card into a shopper's wallet, and those that ask again for what no vault may keep.
//!
//! They stand in a frame of the merchant's page, or by themselves on a phone. A frame can tell its parent only by a script, so these
//! pages alone run one: ours, from our own origin, and without it they still work as plain forms.
//! Invariants: what was typed is never shown again and never told; a result is told to the merchant's registered origins alone.

use axum::Router;
use axum::routing::{get, post};
use florin_service::Cx;

use crate::checkout::both;

pub(crate) mod audience;
pub(crate) mod card;
pub(crate) mod element;
pub(crate) mod ending;
pub(crate) mod issuer;
pub(crate) mod outcome;
pub(crate) mod scene;
pub(crate) mod step_up;

/// The routes of card capture and of stepping up; their files are served with the checkout's.
pub fn capture(cx: Cx) -> Router {
    let router = both(Router::new(), "/container-ws/getCaptureFrame/{capture}", get(card::open).post(card::submit));
    let router = both(router, "/container-ws/cvv/{capability}/{instrument}", get(step_up::open).post(step_up::submit));
    let router = both(router, "/container-ws/elements", get(element::open));
    let router = both(router, "/container-ws/elements/{action}", post(element::submit));
    both(router, "/container-ws/cvvExpiry/{capability}/{instrument}", get(step_up::open).post(step_up::submit)).with_state(cx)
}

/// The page of the simulated issuer. Needed wherever the card directory is simulated.
pub fn simulated_issuer(cx: Cx) -> Router {
    both(Router::new(), "/sandbox/issuer/{transaction}", get(issuer::open).post(issuer::submit)).with_state(cx)
}
