//! Cards for repayments: checked by the acquirer, then sealed. The code on the card is never kept.

use florin_connect::{CardCheck, CardSecret, CardVerdict};
use florin_domain::card::{Card, CardExpiry, CardNumber, check_cvc};
use florin_domain::{CardId, LinkToken};
use florin_store::Tx;

use crate::checkout::{Step, load, view};
use crate::keeper::card_place;
use crate::{Cx, ServiceError};

/// A card as the buyer typed it. Prints nothing.
pub struct GiveCard {
    /// The number.
    pub card_number: String,
    /// Month and year.
    pub card_expiry: String,
    /// The code on the card.
    pub card_cvc: String,
}

impl std::fmt::Debug for GiveCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GiveCard(..)")
    }
}

/// The buyer names the card that repayments are collected from.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `card_number`, `card_expiry` or `card_cvc`.
pub async fn give_card(cx: &Cx, link: &LinkToken, card: GiveCard) -> Result<Step, ServiceError> {
    let now = cx.clock.now();
    let number = CardNumber::parse(&card.card_number).map_err(|error| ServiceError::invalid("card_number", &error))?;
    let expiry = CardExpiry::parse(&card.card_expiry, now).map_err(|error| ServiceError::invalid("card_expiry", &error))?;
    check_cvc(&card.card_cvc).map_err(|error| ServiceError::invalid("card_cvc", &error))?;
    let standing = view(cx, link).await?.step;
    if !matches!(standing, Step::Card | Step::Agreement) {
        return Ok(standing);
    }
    let (id, secret) = (CardId::from_random(cx.random.bytes()), CardSecret { number, expiry, cvc: Some(card.card_cvc) });
    if let CardVerdict::Declined { message, .. } = cx.world.acquirer.verify(CardCheck { key: id.to_string(), card: &secret }).await? {
        return Err(ServiceError::invalid("card_number", &format!("was declined: {message}")));
    }
    let (link, cx2, number) = (link.clone(), cx.clone(), secret.number);
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let checkout = load(&cx2, tx, &link)?;
            let (Step::Card | Step::Agreement, Some(application)) = (&checkout.step, checkout.application) else {
                return Ok(checkout.step);
            };
            let sealed = cx2.keeper.seal(tx, card_place(&id.to_string()), number.expose().as_bytes())?;
            let (brand, last4) = (number.brand().to_owned(), number.last4().to_owned());
            tx.insert_card(&Card { id, brand, last4, expiry, sealed, created_at: now })?;
            tx.save_application(application.give_card(id)?)?;
            Ok(Step::Agreement)
        })
        .await
}

/// Opens a kept card for a charge.
pub(crate) fn unseal(cx: &Cx, tx: &mut Tx<'_>, card: CardId) -> Result<CardSecret, ServiceError> {
    let card = tx.find_card(card)?.ok_or(ServiceError::NotFound("card"))?;
    let opened = cx.keeper.open(tx, card_place(&card.id.to_string()), &card.sealed)?;
    let number = std::str::from_utf8(opened.expose()).ok().and_then(|digits| CardNumber::parse(digits).ok());
    let number = number.ok_or_else(|| ServiceError::Internal("a sealed card is not a card".to_owned()))?;
    Ok(CardSecret { number, expiry: card.expiry, cvc: None })
}
