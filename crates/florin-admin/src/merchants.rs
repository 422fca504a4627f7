//! `/admin/merchants`: taking sellers on, and listing them.

use axum::extract::State;
use axum::response::Response;
use florin_domain::SellerId;
use florin_domain::seller::{Pricing, Seller};
use florin_service::{Cx, Tx, sellers};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::body::{Sent, json};
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
            (PricingWord::SellerPays, Some(text)) => {
                let fee_bps = basis_points(text);
                let message = "must be a percentage such as \"3.5\", with two decimals at the most";
                Ok(Pricing::SellerPays { fee_bps: fee_bps.ok_or_else(|| Problem::invalid("fee_percent", message))? })
            }
        }
    }
}

/// Hundredths of a percent, read from the digits of a percentage: `3.5` is 350.
fn basis_points(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_clean = (1..=3).contains(&whole.len())
        && (1..=2).contains(&fraction.len())
        && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    format!("{whole}{fraction:0<2}").parse().ok().filter(|_| is_clean)
}

/// A percentage without needless zeros: 350 is `3.5`.
fn percentage(basis_points: u32) -> String {
    let text = format!("{}.{:02}", basis_points / 100, basis_points % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_read_from_their_digits_and_written_back() {
        for (text, points, written) in
            [("3.5", 350, "3.5"), ("0", 0, "0"), ("12", 1_200, "12"), ("2.05", 205, "2.05"), ("999.99", 99_999, "999.99")]
        {
            assert_eq!(basis_points(text), Some(points), "{text}");
            assert_eq!(percentage(points), written);
        }
        for text in ["", "-1", "3.555", "1000", "3.", ".5", "x", "1e2", "٣"] {
            assert_eq!(basis_points(text), None, "{text}");
        }
    }
}
