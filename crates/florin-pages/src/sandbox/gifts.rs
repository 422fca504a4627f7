//! The sandbox's gift cards on their way: the address of each, in the place of the message that would carry it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use florin_domain::gift_product::GiftProduct;
use florin_service::gifting::{self, ParcelLink};
use florin_service::{Context, Cx};
use http::StatusCode;

use crate::answer::show;
use crate::detour::Detour;
use crate::frame::{Frame, Link};
use crate::visit::local;
use crate::wording::instant;

#[derive(Template)]
#[template(path = "sandbox/gifts.html")]
struct GiftsPage {
    frame: Frame,
    gifts: Vec<GiftView>,
}

struct GiftView {
    link: Link,
    more: String,
}

pub(super) async fn list(State(cx): State<Cx>) -> Result<Response, Detour> {
    let parcels = gifting::parcels(&cx).await;
    let parcels = parcels.map_err(|error| Detour::Failed { error, again: "/sandbox/gifts/".to_owned() })?;
    let gifts = parcels.into_iter().map(|parcel| GiftView::new(&cx, parcel)).collect();
    Ok(show(StatusCode::OK, &GiftsPage { frame: Frame::plain("Gift cards", true), gifts }))
}

impl GiftView {
    fn new(cx: &Context, ParcelLink { gift, url }: ParcelLink) -> Self {
        let name = GiftProduct::of_design(&gift.design).map_or("Gift card", |(product, _)| product.name);
        let whose = gift
            .recipient
            .map_or("for a guest, or no place in the wallet".to_owned(), |given| format!("for {}, {}", given.to, given.mobile));
        Self {
            link: Link { text: format!("{name}, {}", gift.face), url: local(cx, &url).unwrap_or(url) },
            more: format!("{whose} · {}", instant(gift.issued_at)),
        }
    }
}
