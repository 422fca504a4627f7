//! The page that asks for the card from which repayments are collected.
//!
//! Invariant: nothing that was typed here is ever shown again.

use askama::Template;
use axum::response::Response;
use florin_domain::card::Card;
use florin_service::checkout::{self, GiveCard, Step};

use crate::answer::show;
use crate::detour::Detour;
use crate::field::{CARD_CVC, CARD_EXPIRY, CARD_NUMBER, Field, Problem};
use crate::frame::Frame;
use crate::place::Place;
use crate::progress::Progress;
use crate::visit::{Posted, Visit};
use crate::wording;

/// Cards to try in the sandbox, with what becomes of each.
pub(crate) const EXAMPLES: [(&str, &str); 4] = [
    ("4242 4242 4242 4242", "good"),
    ("4000 0000 0000 0002", "declined now"),
    ("4000 0000 0000 9995", "no money on it"),
    ("4000 0000 0000 0341", "accepted now, declined at each repayment"),
];

#[derive(Template)]
#[template(path = "checkout/card.html")]
struct CardPage {
    frame: Frame,
    action: String,
    term_url: String,
    /// The card given before, if the buyer came back to change it.
    kept: Option<String>,
    keep_url: String,
    number: Field,
    expiry: Field,
    cvc: Field,
}

pub(crate) async fn open(visit: Visit) -> Result<Response, Detour> {
    visit.at(Place::Card)?;
    Ok(page(&visit, None))
}

pub(crate) async fn submit(posted: Posted) -> Result<Response, Detour> {
    let field = |name| posted.form.text(name).to_owned();
    let card = GiveCard { card_number: field(CARD_NUMBER.name), card_expiry: field(CARD_EXPIRY.name), card_cvc: field(CARD_CVC.name) };
    let outcome = checkout::give_card(&posted.cx, &posted.link, card).await;
    let (visit, problem) = posted.stay(Place::Card, outcome).await?;
    Ok(page(&visit, Some(problem)))
}

pub(crate) fn page(visit: &Visit, problem: Option<Problem>) -> Response {
    // Only a buyer who could sign with it has a card to keep.
    let keepable = visit.checkout.card.as_ref().filter(|_| matches!(visit.checkout.step, Step::Agreement));
    let blank = |input| Field::new(input, "", problem.as_ref());
    let card = CardPage {
        action: visit.path(Place::Card),
        term_url: visit.path(Place::Term),
        kept: keepable.map(name_of),
        keep_url: visit.path(Place::Agreement),
        number: blank(&CARD_NUMBER),
        expiry: blank(&CARD_EXPIRY),
        cvc: blank(&CARD_CVC),
        frame: visit.frame("Card for repayments").at(Progress::CARD).with(problem),
    };
    show(card.frame.status(), &card)
}

/// `Visa ending 4242`.
pub(crate) fn name_of(card: &Card) -> String {
    wording::card(&card.brand, &card.last4)
}
