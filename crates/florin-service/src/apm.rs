//! Checkouts at pay-later providers: opened for a shopper, decided by them, spent by one payment.
//!
//! The provider opens the checkout before anything is written, and the card acquirer is asked for the money. Invariants: a
//! checkout is decided once and pays once, in the transaction that writes its payment down; its page is ours in the sandbox
//! alone.

use std::time::Duration;

use florin_connect::OpenCheckout;
use florin_domain::apm::{ApmOrder, ApmProvider, ApmState};
use florin_domain::fault::Fault;
use florin_domain::instrument::{Instrument, InstrumentId, InstrumentStatus};
use florin_domain::money::{Currency, Money};
use florin_domain::movement::Movement;
use florin_domain::time::minutes;
use florin_domain::{ApmOrderId, Timestamp};
use florin_store::Tx;
use url::Url;

use crate::caller::ShopperCaller;
use crate::idempotency::{self, IdempotencyKey};
use crate::instruments::{Entrant, Home, admit_once};
use crate::{Context, Cx, ServiceError, attempts, merchants};

/// How long a checkout can be decided and paid with.
const OPEN_FOR: Duration = minutes(60);
/// How many a shopper may open in a minute.
const OPENED_MAX: i64 = 10;
/// The longest order number, in characters.
const ORDER_NUMBER_MAX: usize = 100;
/// The longest address to return to, in bytes.
const RETURN_URL_MAX: usize = 2_000;
/// Among which values a checkout is found again.
const CHECKOUTS: &str = "pay-later checkouts";

/// A checkout as asked for.
#[derive(Debug, Clone)]
pub struct NewApmOrder {
    /// At which provider.
    pub provider: ApmProvider,
    /// The merchant's order.
    pub order_number: String,
    /// How much it is for.
    pub amount: Money,
    /// Where the shopper goes afterwards.
    pub return_url: Option<String>,
}

/// A checkout that was opened.
#[derive(Debug, Clone)]
pub struct ApmOpened {
    /// The checkout.
    pub order: ApmOrder,
    /// What is paid with once it is approved.
    pub instrument: Instrument,
    /// The page on which the shopper decides.
    pub page: String,
}

/// What the page of a simulated provider needs to know.
#[derive(Debug, Clone)]
pub struct ApmView {
    /// The checkout.
    pub order: ApmOrder,
    /// Whose shop it is for.
    pub merchant_name: String,
    /// Whether it can still be decided.
    pub open: bool,
    /// Where the shopper goes on, once it is decided and if the merchant said where.
    pub way_back: Option<String>,
}

/// Opens a checkout; once a key.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `orderNumber`, `amount` or `serviceProviderURL`; [`ServiceError::TooMany`] beyond ten a minute
/// and shopper; [`ServiceError::Refused`] `refused_outside` when the provider does not want it, `checkout_over` when the key's
/// checkout is forgotten; [`ServiceError::KeyReused`].
pub async fn open(cx: &Cx, caller: &ShopperCaller, new: NewApmOrder, key: Option<IdempotencyKey>) -> Result<ApmOpened, ServiceError> {
    check(&new)?;
    let (now, subject, key2) = (cx.clock.now(), caller.subject("apm"), key.clone());
    let before = cx.store.write(move |tx: &mut Tx<'_>| match earlier(tx, key2.as_ref())? {
        Some(found) => Ok(Some(found)),
        None => attempts::count(tx, &subject, OPENED_MAX, now).map(|()| None),
    });
    if let Some((order, instrument)) = before.await? {
        let page = opened(cx, &order).await?.page;
        return Ok(ApmOpened { order, instrument, page });
    }
    let order = written(cx, caller, new, now);
    let checkout = opened(cx, &order).await?;
    let (page, token, cx2, home) = (checkout.page, checkout.token, cx.clone(), Home::of(caller));
    let (order, instrument) = cx
        .store
        .write(move |tx: &mut Tx<'_>| {
            // Somebody may have sent the same key twice at once.
            if let Some(found) = earlier(tx, key.as_ref())? {
                return Ok(found);
            }
            tx.insert_apm_order(&order)?;
            let home = Home { gone_at: Some(order.expires_at), ..home.clone() };
            let instrument = admit_once(&cx2, tx, &home, &entrant(&cx2, &order, &token), (order.instrument.clone(), now))?;
            idempotency::remember(tx, key.as_ref(), &order.id.to_string(), now)?;
            Ok::<_, ServiceError>((order.clone(), instrument))
        })
        .await?;
    Ok(ApmOpened { order, instrument, page })
}

fn check(new: &NewApmOrder) -> Result<(), ServiceError> {
    let number = new.order_number.trim();
    if number.is_empty() || number.chars().count() > ORDER_NUMBER_MAX || number.chars().any(char::is_control) {
        return Err(ServiceError::invalid("orderNumber", "must be 1 to 100 characters"));
    }
    if !new.amount.is_positive() || new.amount.currency() != Currency::Aud {
        return Err(ServiceError::invalid("amount", "must be more than 0 Australian dollars"));
    }
    let is_address = |text: &str| {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
        text.len() <= RETURN_URL_MAX && url.is_some_and(|url| url.username().is_empty() && url.password().is_none())
    };
    if new.return_url.as_deref().is_some_and(|text| !is_address(text)) {
        return Err(ServiceError::invalid("serviceProviderURL", "must be a web address"));
    }
    Ok(())
}

fn written(cx: &Context, caller: &ShopperCaller, new: NewApmOrder, now: Timestamp) -> ApmOrder {
    let (id, last) = (ApmOrderId::from_random(cx.random.bytes()), now.plus(OPEN_FOR));
    ApmOrder {
        id,
        provider: new.provider,
        merchant: caller.merchant.id.clone(),
        wallet: caller.wallet,
        instrument: InstrumentId::ordered(new.provider, id),
        order_number: new.order_number,
        amount: new.amount,
        return_url: new.return_url,
        state: ApmState::Open,
        created_at: now,
        expires_at: caller.gone_at().map_or(last, |end| end.min(last)),
    }
}

/// Asks the provider. To ask again for the same checkout opens no second one.
async fn opened(cx: &Cx, order: &ApmOrder) -> Result<florin_connect::OpenedCheckout, ServiceError> {
    let ask = OpenCheckout {
        key: order.id.to_string(),
        provider: order.provider,
        amount: order.amount,
        merchant: order.merchant.as_str(),
        reference: &order.order_number,
        return_url: order.return_url.as_deref(),
    };
    Ok(cx.world.apm.open(ask).await?)
}

fn entrant<'a>(cx: &Context, order: &ApmOrder, token: &'a str) -> Entrant<'a> {
    Entrant {
        kind: order.provider.kind(),
        network: Some(order.provider.title().to_owned()),
        bin: None,
        suffix: None,
        expiry: None,
        code_checked: false,
        account: None,
        customer: None,
        fingerprint: cx.keeper.fingerprint(CHECKOUTS, order.id.as_bytes()),
        secret: token.as_bytes(),
        primary: false,
        renews: None,
    }
}

/// What a key opened before, if it was used.
fn earlier(tx: &mut Tx<'_>, key: Option<&IdempotencyKey>) -> Result<Option<(ApmOrder, Instrument)>, ServiceError> {
    let Some(id) = idempotency::made(tx, key)? else { return Ok(None) };
    // Keys are kept for longer than checkouts and what is paid with.
    let over = || {
        let message = "The checkout of this Idempotency-Key is over; please open another one with a fresh key.".to_owned();
        ServiceError::Refused { code: "checkout_over", message }
    };
    let order = ApmOrderId::parse(&id).ok().map(|id| tx.find_apm_order(id)).transpose()?.flatten().ok_or_else(over)?;
    let instrument = tx.find_instrument(&order.instrument)?.ok_or_else(over)?;
    Ok(Some((order, instrument)))
}

/// What the page of a simulated provider shows.
///
/// # Errors
/// [`ServiceError::NotFound`], also where providers have pages of their own.
pub async fn view(cx: &Cx, order: ApmOrderId) -> Result<ApmView, ServiceError> {
    let (now, is_ours) = (cx.clock.now(), cx.world.apm.decided_here());
    cx.store
        .read(move |tx: &mut Tx<'_>| {
            let order = find(tx, order, is_ours)?;
            let merchant = merchants::find(tx, &order.merchant)?;
            let open = order.state == ApmState::Open && now < order.expires_at;
            let way_back = way_back(&order);
            Ok(ApmView { order, merchant_name: merchant.name, open, way_back })
        })
        .await
}

/// The shopper approves or refuses a checkout on the page of a simulated provider. To decide the same again changes nothing.
/// Answers where the shopper goes, with what was decided, if the merchant said where.
///
/// # Errors
/// [`ServiceError::NotFound`]; [`ServiceError::Refused`] `checkout_over` when it was decided the other way or its time is over.
pub async fn decide(cx: &Cx, order: ApmOrderId, approves: bool) -> Result<Option<String>, ServiceError> {
    let (now, is_ours) = (cx.clock.now(), cx.world.apm.decided_here());
    let decided = cx.store.write(move |tx: &mut Tx<'_>| {
        let order = find(tx, order, is_ours)?;
        let was = order.state;
        let over = |error: florin_domain::apm::ApmError| ServiceError::Refused { code: "checkout_over", message: sentence(error) };
        let order = order.decide(approves, now).map_err(over)?;
        if order.state != was {
            tx.save_apm_order(&order, was)?;
            let instrument = tx.find_instrument(&order.instrument)?.filter(|found| found.status == InstrumentStatus::Unverified);
            if let (true, Some(instrument)) = (approves, instrument) {
                tx.save_instrument(&Instrument { status: InstrumentStatus::Verified, updated_at: now, ..instrument })?;
            }
        }
        Ok::<_, ServiceError>(order)
    });
    Ok(way_back(&decided.await?))
}

fn find(tx: &mut Tx<'_>, order: ApmOrderId, is_ours: bool) -> Result<ApmOrder, ServiceError> {
    let found = if is_ours { tx.find_apm_order(order)? } else { None };
    found.ok_or(ServiceError::NotFound("checkout"))
}

fn sentence(error: florin_domain::apm::ApmError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// The merchant's address, with what was decided.
fn way_back(order: &ApmOrder) -> Option<String> {
    let status = match order.state {
        ApmState::Open => return None,
        ApmState::Approved { .. } | ApmState::Used { .. } => "APPROVED",
        ApmState::Refused { .. } => "REFUSED",
    };
    let mut url = Url::parse(order.return_url.as_deref()?).ok()?;
    url.query_pairs_mut()
        .append_pair("status", status)
        .append_pair("paymentInstrumentId", order.instrument.as_str())
        .append_pair("orderNumber", &order.order_number);
    Some(url.into())
}

/// Spends a checkout for a payment that is being written down.
pub(crate) fn spend(
    cx: &Context,
    tx: &mut Tx<'_>,
    instrument: &InstrumentId,
    movement: &Movement,
) -> Result<Result<(), Fault>, ServiceError> {
    let told_and_now = (cx.world.apm.decided_here(), cx.clock.now());
    let Some(order) = instrument.order().map(|order| tx.find_apm_order(order)).transpose()?.flatten() else {
        return Ok(Err(Fault::UnknownInstrument));
    };
    let was = order.state;
    Ok(match order.pay(movement.amount, movement.receipt, told_and_now) {
        Ok(order) => Ok(tx.save_apm_order(&order, was)?),
        Err(fault) => Err(fault),
    })
}
