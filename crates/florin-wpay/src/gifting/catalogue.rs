//! The catalogue: which gift cards are sold, and all there is to know of one.

use florin_domain::Timestamp;
use florin_domain::gift_product::{BarCodeType, Delivery, GiftDesign, GiftDiscount, GiftProduct, Redemption};
use florin_service::{Context, gifting};
use florin_web::Surface;
use serde::Serialize;

use crate::call::Call;
use crate::error::Refusal;
use crate::instore::envelope::{tell, tell_page};
use crate::instore::pages::Query;
use crate::reply::Reply;

#[derive(Serialize)]
struct ListBody {
    products: Vec<ProductBody>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductBody {
    product_id: &'static str,
    name: &'static str,
    bar_code_type: &'static str,
    last_update_date_time: String,
    default_design: DesignBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    discount_offered: Option<DiscountBody>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DetailBody {
    #[serde(flatten)]
    product: ProductBody,
    redemption_instructions: &'static str,
    redemption_type: &'static str,
    terms_and_conditions: &'static str,
    min_value: i64,
    max_value: i64,
    expiry_period_in_days: u32,
    expiry_period_text: String,
    is_active: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    redemption_stores: &'static [&'static str],
    availability: &'static str,
    designs: Vec<DesignBody>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DesignBody {
    design_id: &'static str,
    design_type: &'static str,
    image_url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DiscountBody {
    discount_id: &'static str,
    description: &'static str,
    percentage_discount: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date: Option<String>,
}

impl ProductBody {
    fn of(cx: &Context, product: &'static GiftProduct, now: Timestamp) -> Self {
        Self {
            product_id: product.id,
            name: product.name,
            bar_code_type: match product.bar_code {
                BarCodeType::Pan => "PAN",
                BarCodeType::Gtin => "GTIN",
            },
            last_update_date_time: product.updated_at.to_millis_text(),
            default_design: DesignBody::of(cx, product.default_design()),
            discount_offered: product.offered(now).map(DiscountBody::of),
        }
    }
}

impl DetailBody {
    fn of(cx: &Context, product: &'static GiftProduct, now: Timestamp) -> Self {
        Self {
            product: ProductBody::of(cx, product, now),
            redemption_instructions: product.instructions,
            redemption_type: match product.redemption {
                Redemption::InStore => "INSTORE",
                Redemption::Online => "ONLINE",
                Redemption::Both => "BOTH",
            },
            terms_and_conditions: product.terms,
            min_value: product.min_dollars,
            max_value: product.max_dollars,
            expiry_period_in_days: product.expiry_days,
            expiry_period_text: format!("{} days from the day on which the card is issued", product.expiry_days),
            is_active: product.active,
            redemption_stores: product.stores,
            availability: match product.delivery {
                Delivery::Digital => "DIGITAL",
                Delivery::Physical => "PHYSICAL",
                Delivery::Both => "BOTH",
            },
            designs: product.designs.iter().map(|design| DesignBody::of(cx, design)).collect(),
        }
    }
}

impl DesignBody {
    fn of(cx: &Context, design: &'static GiftDesign) -> Self {
        let design_type = if design.physical { "PHYSICAL" } else { "DIGITAL" };
        Self { design_id: design.id, design_type, image_url: gifting::design_url(cx, design) }
    }
}

impl DiscountBody {
    fn of(discount: &'static GiftDiscount) -> Self {
        Self {
            discount_id: discount.id,
            description: discount.description,
            percentage_discount: discount.percent,
            start_date: discount.starts_at.map(Timestamp::to_millis_text),
            end_date: discount.ends_at.map(Timestamp::to_millis_text),
        }
    }
}

/// `GET /v1/gifting/listProducts` and `GET /wow/v1/pay/gifting/products`
pub async fn list(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let query = Query::of(call.query());
    let (total, found) = gifting::products(query.changed_since()?, query.page()?);
    let now = surface.cx.clock.now();
    let products: Vec<_> = found.into_iter().map(|product| ProductBody::of(&surface.cx, product, now)).collect();
    let count = products.len();
    Ok(tell_page(&ListBody { products }, count, total))
}

/// `GET /v1/gifting/product/{id}` and `GET /wow/v1/pay/gifting/products/{id}`
pub async fn show(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let product = gifting::product(call.param("id"))?;
    Ok(tell(&DetailBody::of(&surface.cx, product, surface.cx.clock.now())))
}
