//! Taking instruments over into a shopper's wallet: cards that were paid with before, and an account at `PayPal`.
//!
//! Invariant: a card is taken over only by the merchant at which it was paid with, who has to know the payment in every detail.

use std::fmt;

use florin_connect::{ConnectError, WalletAccount, WalletProvider};
use florin_domain::card::CardExpiry;
use florin_domain::instrument::{Instrument, InstrumentKind};
use florin_domain::movement::{Movement, MovementKind, Reference, Service};
use florin_domain::shopper::{ShopperId, WalletKind};
use florin_domain::{Money, Timestamp};
use florin_store::Tx;

use super::{Entrant, Home, Unsealed, admit, unseal};
use crate::caller::{MerchantCaller, wallet_of};
use crate::{Cx, ServiceError, wallets};

/// How many cards are taken over by one call.
const CARDS_MAX: usize = 20;

/// Instruments to be taken over into a shopper's wallet.
#[derive(Debug, Clone)]
pub struct ImportOrder {
    /// Whose wallet.
    pub shopper: ShopperId,
    /// Cards that were paid with before.
    pub cards: Vec<ImportCard>,
    /// An account at `PayPal`.
    pub paypal: Option<ImportPayPal>,
}

/// A card, named by a payment that was made with it.
#[derive(Debug, Clone)]
pub struct ImportCard {
    /// The payment's number, as sent.
    pub reference: String,
    /// Its order.
    pub order_number: String,
    /// The first six digits of the card.
    pub bin: String,
    /// The last four.
    pub suffix: String,
    /// How much was paid.
    pub amount: Money,
}

/// An account at `PayPal`.
#[derive(Clone)]
pub struct ImportPayPal {
    /// The customer's name there.
    pub customer: String,
    /// The account's.
    pub account: String,
    /// What the provider gave for it.
    pub token: String,
}

impl fmt::Debug for ImportPayPal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ImportPayPal(..)")
    }
}

/// What became of the takeover of one instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportResult {
    /// It is in the wallet now.
    Ok,
    /// It was there already.
    Duplicate,
    /// It has run out.
    Expired,
    /// It could not be taken over, with the reason as a sentence.
    Error(&'static str),
}

/// A card after its takeover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedCard {
    /// What became of it.
    pub result: ImportResult,
    /// What the payment did.
    pub kind: Option<MovementKind>,
    /// What the network had said to it.
    pub service: Option<Service>,
    /// When the card runs out.
    pub expiry: Option<CardExpiry>,
}

/// What became of a takeover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// One for each card, in their order.
    pub cards: Vec<ImportedCard>,
    /// The account's, if one was named.
    pub paypal: Option<ImportResult>,
}

const NO_PAYMENT: ImportResult = ImportResult::Error("There is no such payment by card.");
const CARD_GONE: ImportResult = ImportResult::Error("The card is not held any more.");
const ACCOUNT_UNKNOWN: ImportResult = ImportResult::Error("The provider does not know the account.");

/// Takes instruments over into the merchant wallet of one of the merchant's shoppers.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `creditCards` for too many; [`ServiceError::Unavailable`] if the provider is away.
pub async fn import(cx: &Cx, caller: &MerchantCaller, order: ImportOrder) -> Result<Imported, ServiceError> {
    if order.cards.len() > CARDS_MAX {
        return Err(ServiceError::invalid("creditCards", "must be 20 or fewer"));
    }
    let account = match &order.paypal {
        Some(paypal) => Some(exchange(cx, paypal).await?),
        None => None,
    };
    let merchant = &caller.merchant;
    let wallet = wallet_of(&merchant.id, &order.shopper, WalletKind::Merchant);
    let home = Home { wallet, merchant: merchant.id.clone(), seller: merchant.seller, guest: false, gone_at: None };
    let (now, cx2) = (cx.clock.now(), cx.clone());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            let mut cards = Vec::with_capacity(order.cards.len());
            for card in &order.cards {
                cards.push(take_card(&cx2, tx, &home, card, now)?);
            }
            let paypal = match &account {
                None => None,
                Some(None) => Some(ACCOUNT_UNKNOWN),
                Some(Some(account)) => Some(take_account(&cx2, tx, &home, account, now)?),
            };
            Ok(Imported { cards, paypal })
        })
        .await
}

/// The account behind what the merchant brought; nothing if the provider does not know it.
async fn exchange(cx: &Cx, paypal: &ImportPayPal) -> Result<Option<WalletAccount>, ServiceError> {
    match cx.world.wallets.exchange(WalletProvider::PayPal, &paypal.token).await {
        Ok(account) => Ok(Some(WalletAccount { account: paypal.account.clone(), customer: paypal.customer.clone(), ..account })),
        Err(ConnectError::Refused { code, .. }) => {
            tracing::info!(code, "an account could not be taken over");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn take_card(cx: &Cx, tx: &mut Tx<'_>, home: &Home, card: &ImportCard, now: Timestamp) -> Result<ImportedCard, ServiceError> {
    let Some(movement) = payment(tx, home, card)? else {
        return Ok(ImportedCard { result: NO_PAYMENT, kind: None, service: None, expiry: None });
    };
    let held = tx.find_instrument(&movement.paid_with.instrument)?.filter(|held| held.is_there(now));
    let result = match &held {
        None => CARD_GONE,
        Some(held) if held.has_expired(now) => ImportResult::Expired,
        Some(held) if holds(tx, home, held)? => ImportResult::Duplicate,
        Some(held) => copy(cx, tx, home, held, now)?,
    };
    let expiry = held.map_or(movement.paid_with.expiry, |held| held.expiry);
    Ok(ImportedCard { result, kind: Some(movement.kind), service: movement.service, expiry })
}

/// The payment that the merchant names, if it knows it.
fn payment(tx: &mut Tx<'_>, home: &Home, card: &ImportCard) -> Result<Option<Movement>, ServiceError> {
    let Ok(reference) = Reference::parse(&card.reference) else {
        return Ok(None);
    };
    let Some(transaction) = tx.find_transaction_with(reference)? else {
        return Ok(None);
    };
    if transaction.merchant != home.merchant || transaction.order_number != card.order_number {
        return Ok(None);
    }
    let movement = transaction.movements.into_iter().find(|movement| movement.reference == reference);
    Ok(movement.filter(|movement| {
        let paid_with = &movement.paid_with;
        matches!(movement.kind, MovementKind::Preauth | MovementKind::Purchase)
            && movement.done_reference().is_some()
            && paid_with.kind == InstrumentKind::Card
            && paid_with.bin.as_deref() == Some(card.bin.as_str())
            && paid_with.suffix.as_deref() == Some(card.suffix.as_str())
            && movement.amount == card.amount
    }))
}

/// Whether the wallet has this number already, and to stay.
fn holds(tx: &mut Tx<'_>, home: &Home, instrument: &Instrument) -> Result<bool, ServiceError> {
    let found = tx.find_instrument_by_fingerprint(home.wallet, instrument.kind, &instrument.fingerprint)?;
    Ok(found.is_some_and(|found| super::is_kept(&found)))
}

fn copy(cx: &Cx, tx: &mut Tx<'_>, home: &Home, held: &Instrument, now: Timestamp) -> Result<ImportResult, ServiceError> {
    let Unsealed::Card(card) = unseal(cx, tx, held)? else {
        return Ok(CARD_GONE);
    };
    let entrant = Entrant {
        kind: InstrumentKind::Card,
        network: held.network.clone(),
        bin: held.bin.clone(),
        suffix: held.suffix.clone(),
        expiry: held.expiry,
        code_checked: held.code_checked,
        account: None,
        customer: None,
        fingerprint: held.fingerprint,
        secret: card.number.expose().as_bytes(),
        primary: false,
        renews: None,
    };
    admitted(admit(cx, tx, home, &entrant, now))
}

fn take_account(cx: &Cx, tx: &mut Tx<'_>, home: &Home, account: &WalletAccount, now: Timestamp) -> Result<ImportResult, ServiceError> {
    let entrant = wallets::entrant(cx, WalletProvider::PayPal, account);
    let found = tx.find_instrument_by_fingerprint(home.wallet, entrant.kind, &entrant.fingerprint)?;
    if found.is_some() {
        return Ok(ImportResult::Duplicate);
    }
    admitted(admit(cx, tx, home, &entrant, now))
}

/// A full wallet refuses one instrument, and not the whole takeover.
fn admitted(outcome: Result<Instrument, ServiceError>) -> Result<ImportResult, ServiceError> {
    match outcome {
        Ok(_) => Ok(ImportResult::Ok),
        Err(ServiceError::Refused { code: "wallet_full", .. }) => Ok(ImportResult::Error("The wallet is full.")),
        Err(error) => Err(error),
    }
}
