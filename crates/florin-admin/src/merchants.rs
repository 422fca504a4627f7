//! `/admin/merchants`: taking sellers on, and listing them.

use axum::extract::State;
use axum::response::Response;
use florin_domain::SellerId;
use florin_domain::seller::{Pricing, Seller};
use florin_service::{Cx, Tx, sellers};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::body::{Sent, json};
use crate::percentage::{basis_points, percentage};
use crate::problem::Problem;

/// What the operator says of a new merchant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMerchant {
    name: String,
    pricing: PricingWord,
    fee_percent: Option<String>,
    #[serde(default)]
    payout_hold_days: u32,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum PricingWord {
    BuyerPays,
    SellerPays,
}

impl NewMerchant {
    fn pricing(&self) -> Result<Pricing, Problem> {
        match (self.pricing, self.fee_percent.as_deref()) {
            (PricingWord::BuyerPays, None) => Ok(Pricing::BuyerPays),
            (PricingWord::BuyerPays, Some(_)) => Err(Problem::invalid("fee_percent", "is only for merchants that pay")),
            (PricingWord::SellerPays, None) => Err(Problem::invalid("fee_percent", "is required where the merchant pays")),
            (PricingWord::SellerPays, Some(text)) => Ok(Pricing::SellerPays { fee_bps: basis_points("fee_percent", text)? }),
        }
    }
}

#[derive(Serialize)]
struct MerchantBody {
    id: String,
    name: String,
    pricing: PricingWord,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee_percent: Option<String>,
    payout_hold_days: u32,
    created_at: String,
}

impl From<Seller> for MerchantBody {
    fn from(seller: Seller) -> Self {
        let (pricing, fee_percent) = match seller.pricing {
            Pricing::BuyerPays => (PricingWord::BuyerPays, None),
            Pricing::SellerPays { fee_bps } => (PricingWord::SellerPays, Some(percentage(fee_bps))),
        };
        Self {
            id: seller.id.to_string(),
            name: seller.name,
            pricing,
            fee_percent,
            payout_hold_days: seller.payout_hold_days,
            created_at: seller.created_at.to_string(),
        }
    }
}

#[derive(Serialize)]
struct MerchantsBody {
    merchants: Vec<MerchantBody>,
}

/// `POST /admin/merchants`
pub async fn create(State(cx): State<Cx>, Sent(new): Sent<NewMerchant>) -> Result<Response, Problem> {
    let (id, pricing, created_at) = (SellerId::from_random(cx.random.bytes()), new.pricing()?, cx.clock.now());
    let seller = Seller { id, name: new.name, pricing, payout_hold_days: new.payout_hold_days, created_at };
    let taken_on = seller.clone();
    cx.store.write(move |tx: &mut Tx<'_>| sellers::create(tx, &taken_on)).await?;
    Ok(json(StatusCode::CREATED, &MerchantBody::from(seller)))
}

/// `GET /admin/merchants`
pub async fn list(State(cx): State<Cx>) -> Result<Response, Problem> {
    let sellers = cx.store.read(sellers::list).await?;
    let merchants = sellers.into_iter().map(MerchantBody::from).collect();
    Ok(json(StatusCode::OK, &MerchantsBody { merchants }))
}
