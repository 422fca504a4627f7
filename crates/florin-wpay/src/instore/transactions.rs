//! Transactions looked back on, by their shopper and by their merchant.

use florin_domain::{PaymentRequestId, PaymentSessionId, TransactionId};
use florin_service::occasions::{self, InStoreTransaction, Sought};
use florin_web::Surface;
use serde::Serialize;

use super::beside::Beside;
use super::envelope::{tell, tell_page};
use super::pages::Query;
use super::refusal::{Outcome, Unfit};
use super::transaction::{TransactionBody, View, details};
use crate::call::Call;
use crate::error::Refusal;
use crate::reply::Reply;

#[derive(Serialize)]
struct ListBody<'t> {
    transactions: Vec<TransactionBody<'t>>,
}

/// `GET …/customer/transactions`
pub async fn list_shoppers(surface: Surface, call: Call) -> Outcome {
    let query = Query::of(call.query());
    let (page, Some(sought)) = (query.page()?, sought(&query)?) else { return Ok(told(0, &[], View::Shopper)) };
    let (total, found) = occasions::list_for_shopper(&surface.cx, call.shopper()?, sought, page).await?;
    Ok(told(total, &found, View::Shopper))
}

/// `GET …/merchant/transactions`
pub async fn list_merchants(surface: Surface, call: Call) -> Outcome {
    let query = Query::of(call.query());
    let (page, Some(sought)) = (query.page()?, sought(&query)?) else { return Ok(told(0, &[], View::Merchant)) };
    let (total, found) = occasions::list(&surface.cx, &call.merchant, sought, page).await?;
    Ok(told(total, &found, View::Merchant))
}

/// What is looked for; nothing if it is something that cannot be there, because its name is no id.
fn sought(query: &Query<'_>) -> Result<Option<Sought>, Refusal> {
    let (from, to) = query.times()?;
    let request = query.get("paymentRequestId")?.map(PaymentRequestId::parse).transpose();
    let session = query.get("paymentSessionId")?.map(PaymentSessionId::parse).transpose();
    let (Ok(request), Ok(session)) = (request, session) else { return Ok(None) };
    Ok(Some(Sought { request, session, from, to }))
}

fn told(total: u64, found: &[InStoreTransaction], view: View) -> Reply {
    // Nobody is asked about each of a whole page: what is told beside one stands in its details.
    let beside = Beside::default();
    let transactions = found.iter().map(|found| TransactionBody::of(found, view, &beside)).collect();
    tell_page(&ListBody { transactions }, found.len(), total)
}

/// `GET …/customer/transactions/{transactionId}`
pub async fn show_shoppers(surface: Surface, call: Call) -> Outcome {
    let found = occasions::find_for_shopper(&surface.cx, call.shopper()?, id(&call)?).await?;
    let beside = Beside::of(&surface.cx, &found.0.transaction).await;
    Ok(tell(&details(&found, View::Shopper, &beside)))
}

/// `GET …/merchant/transactions/{transactionId}`
pub async fn show_merchants(surface: Surface, call: Call) -> Outcome {
    let found = occasions::find(&surface.cx, &call.merchant, id(&call)?).await?;
    let beside = Beside::for_merchant(&surface.cx, &found.0.transaction).await;
    Ok(tell(&details(&found, View::Merchant, &beside)))
}

/// The transaction that a call names.
///
/// # Errors
/// A 422 for what is no id.
pub fn id(call: &Call) -> Result<TransactionId, Unfit> {
    TransactionId::parse(call.param("transactionId")).map_err(|_| Unfit::unknown("transaction"))
}
