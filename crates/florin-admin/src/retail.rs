//! `/admin/…/retail`: sellers' retail accounts, by which shoppers pay them with cards, gift cards and wallets.

use axum::extract::State;
use axum::response::Response;
use florin_domain::SellerId;
use florin_domain::merchant::{DuplicateReferences, Merchant, MerchantId};
use florin_service::{Cx, ServiceError, Tx, merchants, sellers};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::body::{Sent, json};
use crate::percentage::{basis_points, percentage};
use crate::problem::Problem;
use crate::query::{Named, id};

/// What the operator says of a new account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    merchant_id: String,
    name: Option<String>,
    #[serde(default)]
    origins: Vec<String>,
    fee_percent: Option<String>,
    duplicate_client_reference: Option<DuplicatesWord>,
}

/// What is to be changed; what is not named stays as it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    name: Option<String>,
    origins: Option<Vec<String>>,
    fee_percent: Option<String>,
    duplicate_client_reference: Option<DuplicatesWord>,
}

/// What becomes of a client reference that was used before.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum DuplicatesWord {
    Accept,
    Reject,
}

impl From<DuplicatesWord> for DuplicateReferences {
    fn from(word: DuplicatesWord) -> Self {
        match word {
            DuplicatesWord::Accept => Self::Accept,
            DuplicatesWord::Reject => Self::Reject,
        }
    }
}

impl From<DuplicateReferences> for DuplicatesWord {
    fn from(duplicates: DuplicateReferences) -> Self {
        match duplicates {
            DuplicateReferences::Accept => Self::Accept,
            DuplicateReferences::Reject => Self::Reject,
        }
    }
}

#[derive(Serialize)]
struct AccountBody {
    merchant_id: String,
    seller: String,
    name: String,
    origins: Vec<String>,
    allowed_ips: Vec<String>,
    fee_percent: String,
    duplicate_client_reference: DuplicatesWord,
    created_at: String,
}

/// A new account with its first API key, whose text is shown this once.
#[derive(Serialize)]
struct OpenedBody {
    #[serde(flatten)]
    account: AccountBody,
    api_key_id: String,
    api_key: String,
}

#[derive(Serialize)]
struct AccountsBody {
    retail: Vec<AccountBody>,
}

impl From<Merchant> for AccountBody {
    fn from(merchant: Merchant) -> Self {
        Self {
            merchant_id: merchant.id.to_string(),
            seller: merchant.seller.to_string(),
            name: merchant.name,
            origins: merchant.origins,
            allowed_ips: merchant.allowed.iter().map(ToString::to_string).collect(),
            fee_percent: percentage(merchant.fee_bps),
            duplicate_client_reference: merchant.duplicate_references.into(),
            created_at: merchant.created_at.to_string(),
        }
    }
}

/// A path that names no possible merchant is a path to nothing.
pub fn merchant_id(text: &str) -> Result<MerchantId, Problem> {
    MerchantId::parse(text).map_err(|_| ServiceError::NotFound("merchant").into())
}

/// `POST /admin/merchants/{seller}/retail`
pub async fn open(State(cx): State<Cx>, Named(seller): Named, Sent(new): Sent<NewAccount>) -> Result<Response, Problem> {
    let seller = SellerId::parse(&seller).map_err(|_| ServiceError::NotFound("seller"))?;
    let id = id("merchant_id", &new.merchant_id, MerchantId::parse)?;
    let fee_bps = new.fee_percent.as_deref().map_or(Ok(0), |text| basis_points("fee_percent", text))?;
    let asked = Merchant {
        id: id.clone(),
        seller,
        name: new.name.unwrap_or_default(),
        origins: new.origins,
        allowed: Vec::new(),
        fee_bps,
        duplicate_references: new.duplicate_client_reference.unwrap_or(DuplicatesWord::Accept).into(),
        created_at: cx.clock.now(),
    };
    let opened = cx
        .store
        .write(move |tx: &mut Tx<'_>| {
            let mut merchant = asked.clone();
            let seller = sellers::find(tx, seller)?;
            if merchant.name.is_empty() {
                merchant.name = seller.name;
            }
            merchants::open(tx, &merchant)?;
            merchants::find(tx, &merchant.id)
        })
        .await?;
    cx.callers.forget();
    let (record, key) = merchants::issue_key(&cx, &id).await?;
    let body = OpenedBody { account: opened.into(), api_key_id: record.id.to_string(), api_key: key.expose().to_owned() };
    Ok(json(StatusCode::CREATED, &body))
}

/// `GET /admin/retail`
pub async fn list(State(cx): State<Cx>) -> Result<Response, Problem> {
    let merchants = cx.store.read(merchants::list).await?;
    let retail = merchants.into_iter().map(AccountBody::from).collect();
    Ok(json(StatusCode::OK, &AccountsBody { retail }))
}

/// `GET /admin/retail/{merchant_id}`
pub async fn show(State(cx): State<Cx>, Named(merchant): Named) -> Result<Response, Problem> {
    let id = merchant_id(&merchant)?;
    let merchant = cx.store.read(move |tx: &mut Tx<'_>| merchants::find(tx, &id)).await?;
    Ok(json(StatusCode::OK, &AccountBody::from(merchant)))
}

/// `PATCH /admin/retail/{merchant_id}`
pub async fn change(State(cx): State<Cx>, Named(merchant): Named, Sent(changes): Sent<Changes>) -> Result<Response, Problem> {
    let id = merchant_id(&merchant)?;
    let fee_bps = changes.fee_percent.as_deref().map(|text| basis_points("fee_percent", text)).transpose()?;
    let account = cx
        .store
        .write(move |tx: &mut Tx<'_>| {
            let found = merchants::find(tx, &id)?;
            let merchant = Merchant {
                name: changes.name.clone().unwrap_or_else(|| found.name.clone()),
                origins: changes.origins.clone().unwrap_or_else(|| found.origins.clone()),
                fee_bps: fee_bps.unwrap_or(found.fee_bps),
                duplicate_references: changes.duplicate_client_reference.map_or(found.duplicate_references, Into::into),
                ..found
            };
            merchants::change(tx, &merchant)?;
            // Read again, because origins are kept in the form that browsers send.
            merchants::find(tx, &merchant.id)
        })
        .await?;
    cx.callers.forget();
    Ok(json(StatusCode::OK, &AccountBody::from(account)))
}
