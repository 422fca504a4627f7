//! Orders: how a shopper wants to pay, turned into a payment of one or several instruments.

use florin_domain::gift_card::GiftCard;
use florin_domain::instrument::{Instrument, InstrumentId, InstrumentKind};
use florin_domain::merchant::Merchant;
use florin_domain::money::{Currency, Money};
use florin_domain::payment::{Atomicity, Transaction};
use florin_domain::payment_request::PaymentRequest;
use florin_domain::split::{Candidate, Offer, Wish, split};
use florin_domain::{PaymentRequestId, Timestamp, TransactionId, WalletId};
use florin_store::Tx;
use florin_vault::Secret;

use super::goods;
use crate::caller::ShopperCaller;
use crate::fraud::FraudPayload;
use crate::idempotency::IdempotencyKey;
use crate::occasions::{self, About, Draft, InStoreTransaction, Preapproved};
use crate::payments::{self, Conditions, Kinds, PayAnswer, PayItem, PayOrder, Payer};
use crate::schemas::{self, Given};
use crate::three_ds::ThreeDsResponse;
use crate::{Cx, ServiceError, instruments, payment_requests, preferences};

/// On how many instruments a payment may be split.
const ITEMS_MAX: usize = 20;
/// The longest name that a caller may give to a payment or to its order, in bytes.
const NAME_MAX: usize = 128;

/// What a challenge asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeKind {
    /// The code on the card.
    StepUp,
    /// The gift card's PIN.
    Passcode,
    /// The cardholder's authentication, with their doing.
    ThreeDs,
    /// The cardholder's authentication, without it.
    ThreeDsFrictionless,
    /// What the device says of itself.
    DeviceData,
}

/// The answer to a challenge about an instrument.
#[derive(Debug, Clone)]
pub struct Challenge {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// What was asked for.
    pub kind: ChallengeKind,
    /// The answer.
    pub token: Secret<String>,
    /// What the answer refers to.
    pub reference: Option<String>,
}

/// How a shopper wants to pay a request.
#[derive(Debug, Clone)]
pub struct PayRequest {
    /// Which instruments pay.
    pub wish: Wish,
    /// What happens if one of them is refused.
    pub atomicity: Atomicity,
    /// The caller's own name for the payment; the transaction's id if nothing.
    pub client_reference: Option<String>,
    /// What is to happen with each kind of instrument.
    pub kinds: Kinds,
    /// Answers to challenges.
    pub challenges: Vec<Challenge>,
    /// What the merchant's app sends for the fraud screen.
    pub fraud: Option<FraudPayload>,
}

/// A payment that nobody asked for beforehand.
#[derive(Debug, Clone)]
pub struct ImmediatePayment {
    /// The caller's own name for it.
    pub client_reference: String,
    /// The order it is for.
    pub order_number: String,
    /// Which instruments pay how much.
    pub items: Vec<(InstrumentId, Money)>,
    /// What happens if one of them is refused.
    pub atomicity: Atomicity,
    /// What is to happen with each kind of instrument.
    pub kinds: Kinds,
    /// What the till adds.
    pub pos_payload: Option<Given>,
    /// What the merchant adds.
    pub merchant_payload: Option<Given>,
    /// Answers to challenges.
    pub challenges: Vec<Challenge>,
    /// What the merchant's app sends for the fraud screen.
    pub fraud: Option<FraudPayload>,
}

/// Pays a request; with a key, once a key.
///
/// # Errors
/// [`ServiceError::NotFound`] for a request or an instrument that is not there; [`ServiceError::Refused`] with the name of a
/// [`RequestFault`](florin_domain::payment_request::RequestFault) or a [`SplitFault`](florin_domain::split::SplitFault);
/// [`ServiceError::Invalid`] naming the field; [`ServiceError::KeyReused`].
pub async fn pay(
    cx: &Cx,
    shopper: &ShopperCaller,
    request: PaymentRequestId,
    how: PayRequest,
    key: Option<IdempotencyKey>,
) -> Result<InStoreTransaction, ServiceError> {
    pay_at(cx, shopper, (request, None), how, key).await
}

/// What is to be paid, and with which instruments.
enum Found {
    /// It was, with this key.
    Paid(Transaction),
    /// This, under these conditions.
    Open(Box<PaymentRequest>, Vec<(InstrumentId, Money)>, Conditions),
}

/// As [`pay`]; if it was approved beforehand, at the till session where it was, which takes the approval with it.
pub(crate) async fn pay_at(
    cx: &Cx,
    shopper: &ShopperCaller,
    (request, preapproved): (PaymentRequestId, Option<Preapproved>),
    how: PayRequest,
    key: Option<IdempotencyKey>,
) -> Result<InStoreTransaction, ServiceError> {
    must_be_payable(&how)?;
    let (shopper2, wish, now, key2) = (shopper.clone(), how.wish, cx.clock.now(), key.clone());
    let found = cx.store.read(move |tx: &mut Tx<'_>| {
        // A request that this very key used up is not refused, but told again.
        if let Some(paid) = payments::earlier(tx, key2.as_ref())? {
            return Ok(Found::Paid(paid));
        }
        let request = payment_requests::of_shopper(tx, &shopper2, request, now)?;
        let authenticate = schemas::requires_authentication(request.merchant_payload.as_ref());
        let excluded = goods::excluded(tx, &request.merchant, request.basket.as_deref())?;
        let parts = split(request.amount, &wish, &offer(tx, &shopper2, &wish, &excluded, now)?)?;
        Ok::<_, ServiceError>(Found::Open(Box::new(request), parts, Conditions { authenticate, excluded }))
    });
    let (request, parts, conditions) = match found.await? {
        Found::Paid(paid) => return occasions::of(cx, payments::finished(cx, paid).await?).await,
        Found::Open(request, parts, conditions) => (request, parts, conditions),
    };
    let id = TransactionId::from_random(cx.random.bytes());
    let order = PayOrder {
        client_reference: how.client_reference.unwrap_or_else(|| id.to_string()),
        order_number: request.merchant_reference,
        kinds: how.kinds,
        items: items(parts, &how.challenges),
        atomicity: how.atomicity,
        fraud: how.fraud,
    };
    let about = About::Request { request: request.id, wallets: [shopper.home, shopper.wallet], preapproved };
    let payer = Payer { conditions, ..payer(shopper, Draft { id, about }) };
    carry(cx, payer, order, key).await
}

/// Refuses what cannot be meant.
pub(crate) fn must_be_payable(how: &PayRequest) -> Result<(), ServiceError> {
    if how.wish.secondary.as_ref().is_some_and(|secondary| secondary.len() >= ITEMS_MAX) {
        return Err(ServiceError::invalid("secondaryInstruments", "must be 19 at the most"));
    }
    if let Some(name) = &how.client_reference {
        must_be_named("clientReference", name)?;
    }
    if let Some(payload) = &how.fraud {
        payload.check()?;
    }
    how.wish.preferences.as_ref().map_or(Ok(()), preferences::must_be_short)
}

fn must_be_named(field: &'static str, name: &str) -> Result<(), ServiceError> {
    if name.is_empty() || name.len() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(ServiceError::invalid(field, "must have 1 to 128 characters"));
    }
    Ok(())
}

/// What the shopper's wallet has to offer, if the wish leaves anything open; without the gift cards of `excluded` programmes.
fn offer(tx: &mut Tx<'_>, shopper: &ShopperCaller, wish: &Wish, excluded: &[String], now: Timestamp) -> Result<Offer, ServiceError> {
    if wish.primary.is_some() && (wish.secondary.is_some() || wish.preferences.is_none()) {
        return Ok(Offer::default());
    }
    let held = instruments::list(tx, shopper.wallet, now)?.instruments;
    let primary = held.iter().find(|held| held.primary && !held.has_expired(now)).map(|held| held.id.clone());
    let preferences = preferences::of_wallet(tx, shopper.home)?.payments;
    let mut gift_cards = Vec::new();
    for instrument in held.iter().filter(|held| held.kind == InstrumentKind::GiftCard) {
        let card = tx.find_gift_card(&instrument.fingerprint)?;
        let card = card.filter(|card| !card.has_expired(now) && !excluded.contains(&card.programme));
        gift_cards.extend(card.map(|card| candidate(instrument, &card)));
    }
    Ok(Offer { primary, preferences, gift_cards })
}

fn candidate(instrument: &Instrument, card: &GiftCard) -> Candidate {
    Candidate {
        instrument: instrument.id.clone(),
        available: card.available(),
        expires_on: card.expires_on,
        created_at: instrument.created_at,
    }
}

/// Each instrument's part, with the answers to the challenges about it.
fn items(parts: Vec<(InstrumentId, Money)>, challenges: &[Challenge]) -> Vec<PayItem> {
    let answer = |id: &InstrumentId, kind| {
        let found = challenges.iter().find(|challenge| challenge.kind == kind && challenge.instrument == *id);
        found.map(|challenge| challenge.token.expose().clone())
    };
    let three_ds = |id: &InstrumentId| {
        let is_one = |kind| matches!(kind, ChallengeKind::ThreeDs | ChallengeKind::ThreeDsFrictionless);
        let found = challenges.iter().find(|challenge| is_one(challenge.kind) && challenge.instrument == *id)?;
        let frictionless = found.kind == ChallengeKind::ThreeDsFrictionless;
        Some(ThreeDsResponse { frictionless, token: found.token.clone(), reference: found.reference.clone() })
    };
    let item = |(id, amount): (InstrumentId, Money)| PayItem {
        token: None,
        amount,
        step_up: answer(&id, ChallengeKind::StepUp),
        passcode: answer(&id, ChallengeKind::Passcode).map(Secret::new),
        authentication: None,
        three_ds: three_ds(&id),
        instrument: Some(id),
    };
    parts.into_iter().map(item).collect()
}

fn payer(shopper: &ShopperCaller, draft: Draft) -> Payer {
    Payer { occasion: Some(draft.id), beside: Some(draft.beside()), ..Payer::of(shopper) }
}

async fn carry(cx: &Cx, payer: Payer, order: PayOrder, key: Option<IdempotencyKey>) -> Result<InStoreTransaction, ServiceError> {
    match payments::carry(cx, payer, order, key).await? {
        PayAnswer::Concluded(transaction) => occasions::of(cx, transaction).await,
        PayAnswer::Unknown(_) => Err(ServiceError::NotFound("payment instrument")),
    }
}

/// Pays without a request: one is made for this payment alone. With a key, once a key.
///
/// # Errors
/// As [`pay`].
pub async fn pay_now(
    cx: &Cx,
    shopper: &ShopperCaller,
    payment: ImmediatePayment,
    key: Option<IdempotencyKey>,
) -> Result<InStoreTransaction, ServiceError> {
    must_be_named("clientReference", &payment.client_reference)?;
    must_be_named("orderNumber", &payment.order_number)?;
    let gross = total(&payment.items)?;
    // The same rule that splits a request: every part more than nothing, every instrument once.
    let wish = Wish { secondary: Some(payment.items), ..Wish::default() };
    let parts = split(gross, &wish, &Offer::default())?;
    let request = own_request(cx, shopper.merchant.as_ref(), shopper.home, (&payment.client_reference, gross));
    let held = PaymentRequest {
        pos_payload: schemas::held_to_if_any(cx, &request.merchant, "posPayload", payment.pos_payload.as_ref()).await?,
        merchant_payload: schemas::held_to_if_any(cx, &request.merchant, "merchantPayload", payment.merchant_payload.as_ref()).await?,
        ..request
    };
    let authenticate = schemas::requires_authentication(held.merchant_payload.as_ref());
    let draft = Draft { id: TransactionId::from_random(cx.random.bytes()), about: About::Own(Box::new(held)) };
    let order = PayOrder {
        client_reference: payment.client_reference,
        order_number: payment.order_number,
        kinds: payment.kinds,
        items: items(parts, &payment.challenges),
        atomicity: payment.atomicity,
        fraud: payment.fraud,
    };
    let conditions = Conditions { authenticate, ..Conditions::default() };
    carry(cx, Payer { conditions, ..payer(shopper, draft) }, order, key).await
}

fn total(items: &[(InstrumentId, Money)]) -> Result<Money, ServiceError> {
    if items.is_empty() || items.len() > ITEMS_MAX {
        return Err(ServiceError::invalid("payments", "must be 1 to 20"));
    }
    let sum = items.iter().try_fold(Money::zero(Currency::Aud), |sum, (_, amount)| sum.plus(*amount));
    sum.map_err(|error| ServiceError::invalid("payments", &error))
}

/// A request that is made with its payment, and closed from the beginning: nobody else can pay it.
pub(crate) fn own_request(cx: &Cx, merchant: &Merchant, home: WalletId, (reference, amount): (&str, Money)) -> PaymentRequest {
    let now = cx.clock.now();
    PaymentRequest {
        id: PaymentRequestId::from_random(cx.random.bytes()),
        merchant: merchant.id.clone(),
        merchant_reference: reference.to_owned(),
        amount,
        max_uses: Some(1),
        uses: 0,
        expires_at: None,
        wallet: Some(home),
        basket: None,
        pos_payload: None,
        merchant_payload: None,
        created_at: now,
        closed_at: Some(now),
    }
}
