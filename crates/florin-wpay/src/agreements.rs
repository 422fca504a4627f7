//! `…/paymentagreements`: made and changed by the shopper, charged and ended by the merchant's server.
//!
//! Every refusal names the agreement, as the contract wants; of one that was not made, with an empty name.

mod order;
mod outcome;

use florin_domain::AgreementId;
use florin_domain::fault::Fault;
use florin_domain::instrument::{Instrument, InstrumentId};
use florin_service::caller::ShopperCaller;
use florin_service::{Cx, ServiceError, Tx, agreements, instruments};
use florin_web::Surface;

use self::order::{ChargeRequest, UpdateRequest};
pub use self::order::{CreateRequest, End};
use crate::call::Call;
use crate::error::Refusal;
use crate::payments::step_up;
use crate::reply::Reply;

/// Makes an agreement, and charges it at once where that is asked for.
pub async fn create(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    make(&surface.cx, &call).await.map_err(|refusal| naming(refusal, ""))
}

async fn make(cx: &Cx, call: &Call) -> Result<Reply, Refusal> {
    let shopper = call.shopper()?;
    let new = call.json::<CreateRequest>()?.read()?;
    let instrument = new.instrument.clone();
    match agreements::create(cx, shopper, new, call.key()).await {
        Ok(answer) => outcome::tell(cx, &answer),
        Err(error) => Err(refuse(cx, shopper, Charged::Instrument(instrument), error).await),
    }
}

/// Changes an agreement.
pub async fn update(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let token = call.param("paymentToken");
    change(&surface.cx, &call, token).await.map_err(|refusal| naming(refusal, token))
}

async fn change(cx: &Cx, call: &Call, token: &str) -> Result<Reply, Refusal> {
    let shopper = call.shopper()?;
    let changes = call.json::<UpdateRequest>()?.read()?;
    let id = agreement(token)?;
    let charged = changes.instrument.clone().map_or(Charged::Agreement(id), Charged::Instrument);
    match agreements::update(cx, shopper, id, changes, call.key()).await {
        Ok(answer) => outcome::tell(cx, &answer),
        Err(error) => Err(refuse(cx, shopper, charged, error).await),
    }
}

/// Ends an agreement.
pub async fn remove(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let token = call.param("paymentToken");
    let end = async || agreements::remove(&surface.cx, &call.merchant, agreement(token)?, call.key()).await;
    end().await.map_err(|error| naming(error.into(), token))?;
    Ok(Reply::empty())
}

/// Charges an agreement.
pub async fn charge(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let request = call.json::<ChargeRequest>().map_err(|refusal| naming(refusal, ""))?;
    let (token, cx) = (request.payment_token().to_owned(), &surface.cx);
    let take = async || {
        let order = request.read(agreement(&token)?);
        let answer = agreements::charge(cx, &call.merchant, order, call.key()).await?;
        outcome::tell(cx, &answer)
    };
    take().await.map_err(|refusal: Refusal| naming(refusal, &token))
}

fn agreement(token: &str) -> Result<AgreementId, ServiceError> {
    AgreementId::parse(token).map_err(|_| ServiceError::NotFound("payment agreement"))
}

fn naming(refusal: Refusal, token: &str) -> Refusal {
    refusal.with("paymentToken", &token)
}

/// Where the instrument of a refused request is found.
pub enum Charged {
    /// It is this one.
    Instrument(InstrumentId),
    /// It is the one of this agreement.
    Agreement(AgreementId),
}

/// An operation's refusal; where a code is missing, with the page on which the shopper types it.
pub async fn refuse(cx: &Cx, shopper: &ShopperCaller, charged: Charged, error: ServiceError) -> Refusal {
    let fault = match &error {
        ServiceError::Refused { code, .. } => Fault::from_name(code),
        _ => None,
    };
    let refusal = Refusal::from(error);
    let Some(fault) = fault else { return refusal };
    // Without the instrument there is no page; the refusal itself stands.
    let found = find(cx, shopper, charged).await.ok().flatten();
    match found.and_then(|instrument| step_up(cx, fault, &instrument)) {
        Some(step_up) => refusal.with("stepUp", &step_up),
        None => refusal,
    }
}

async fn find(cx: &Cx, shopper: &ShopperCaller, charged: Charged) -> Result<Option<Instrument>, ServiceError> {
    let (wallet, now) = (shopper.wallet, cx.clock.now());
    let find = move |tx: &mut Tx<'_>| match &charged {
        Charged::Instrument(id) => instruments::find_for(tx, wallet, Some(id), None, now),
        Charged::Agreement(id) => {
            let held = instruments::list(tx, wallet, now)?;
            Ok(held.agreements.into_iter().find(|(agreement, _)| agreement.id == *id).and_then(|(_, instrument)| instrument))
        }
    };
    cx.store.read(find).await
}
