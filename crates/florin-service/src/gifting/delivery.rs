//! Parcels: issued gift cards on their way to whoever is given them.
//!
//! A parcel has an address that nobody can guess, and whoever opens it sees the card's number and PIN. The buyer is mailed the
//! addresses; in the sandbox they are listed, too.
//! Invariant: nothing of a card is printed, and no number or PIN comes from anywhere but an address that is right.

use std::fmt;

use florin_domain::gift_card::{GiftCard, Programme};
use florin_domain::gift_order::{Gift, Recipient};
use florin_domain::gift_product::{GiftDesign, GiftProduct};
use florin_domain::{GiftOrderId, Money};
use florin_store::Tx;
use florin_vault::{Secret, constant_time_equal};
use jiff::civil::Date;

use super::issue::{damaged, number_and_pin};
use crate::{Context, Cx, ServiceError, merchants};

/// Among which values the unguessable part of a parcel's address is found.
const PARCELS: &str = "gift card parcels";
/// How many parcels are listed.
const LISTED_MAX: i64 = 100;

/// A card for whoever is given it. Prints nothing of number and PIN.
#[derive(Clone)]
pub struct Parcel {
    /// What it is.
    pub product: &'static GiftProduct,
    /// What it looks like.
    pub design: &'static GiftDesign,
    /// What was put on it.
    pub face: Money,
    /// What is left to spend.
    pub balance: Money,
    /// Its number.
    pub number: Secret<String>,
    /// Its PIN.
    pub pin: Secret<String>,
    /// The last day on which it can be used.
    pub expires_on: Date,
    /// Whom it is for, if it is a gift.
    pub recipient: Option<Recipient>,
    /// In whose shop it was bought.
    pub merchant_name: String,
}

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parcel").field("product", &self.product.id).field("face", &self.face).finish_non_exhaustive()
    }
}

/// A parcel that is waiting to be opened.
#[derive(Debug, Clone)]
pub struct ParcelLink {
    /// The card, without its number.
    pub gift: Gift,
    /// Where it is opened.
    pub url: String,
}

/// Where a card's parcel is opened.
pub fn parcel_url(cx: &Context, gift: &Gift) -> String {
    let capability = capability(cx, gift.order, gift.number);
    format!("{}/gift/{}/{}/{capability}/", cx.policy.base_url, gift.order, gift.number)
}

fn capability(cx: &Context, order: GiftOrderId, number: u32) -> String {
    // Not written as ids are: an id in an address is logged, and this must not be.
    format!("{:032x}", u128::from_be_bytes(cx.keeper.capability(PARCELS, format!("{order}/{number}").as_bytes())))
}

/// Opens a parcel by the parts of its address.
///
/// # Errors
/// [`ServiceError::NotFound`] unless the address is one that [`parcel_url`] gave.
pub async fn open_parcel(cx: &Cx, order: GiftOrderId, number: u32, given: &str) -> Result<Parcel, ServiceError> {
    if !constant_time_equal(capability(cx, order, number).as_bytes(), given.as_bytes()) {
        return Err(ServiceError::NotFound("gift card"));
    }
    let cx2 = cx.clone();
    cx.store
        .read(move |tx: &mut Tx<'_>| {
            let gift = tx.find_gift(order, number)?.ok_or(ServiceError::NotFound("gift card"))?;
            let bought = tx.find_gift_order(order)?.ok_or_else(|| damaged("a gift card without its order"))?;
            let card = tx.find_gift_card(&gift.fingerprint)?.ok_or_else(|| damaged("a gift that is no card"))?;
            let merchant = merchants::find(tx, &bought.merchant)?;
            parcel(&cx2, gift, &card, merchant.name)
        })
        .await
}

fn parcel(cx: &Context, gift: Gift, card: &GiftCard, merchant_name: String) -> Result<Parcel, ServiceError> {
    let (product, design) = GiftProduct::of_design(&gift.design).ok_or_else(|| damaged("a gift of no design"))?;
    let programme = Programme::named(&gift.programme).ok_or_else(|| damaged("a gift of no programme"))?;
    let (number, pin) = number_and_pin(cx, programme.prefix, (gift.order, gift.number, gift.attempt))?;
    Ok(Parcel {
        product,
        design,
        face: gift.face,
        balance: card.available(),
        number: Secret::new(number.expose().to_owned()),
        pin,
        expires_on: card.expires_on,
        recipient: gift.recipient,
        merchant_name,
    })
}

/// The newest parcels, in the sandbox.
///
/// # Errors
/// [`ServiceError::NotFound`] where money is real: there the address goes to the recipient alone.
pub async fn parcels(cx: &Cx) -> Result<Vec<ParcelLink>, ServiceError> {
    if !cx.policy.is_sandbox() {
        return Err(ServiceError::NotFound("page"));
    }
    let gifts = cx.store.read(|tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.list_gifts_to_deliver(LISTED_MAX)?)).await?;
    Ok(gifts.into_iter().map(|gift| ParcelLink { url: parcel_url(cx, &gift), gift }).collect())
}
