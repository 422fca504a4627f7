//! The page of a gift card that was bought: its number, its PIN, and what is left on it, for whoever was given its address.
//!
//! The address is all that opens it, so the page is kept nowhere, sends no referrer and loads nothing from elsewhere, not even
//! the picture that the giver chose. The pictures of the house's designs are public.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use florin_domain::{GiftOrderId, Timestamp};
use florin_service::gifting::{self, Parcel};
use florin_service::{Cx, ServiceError};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{StatusCode, Uri};

use crate::answer::show;
use crate::checkout::both;
use crate::detour::{Detour, not_found};
use crate::frame::Frame;
use crate::visit::local;
use crate::wording;

/// How many digits of a number stand together.
const GROUP: usize = 4;

#[derive(Template)]
#[template(path = "gift.html")]
struct GiftPage {
    frame: Frame,
    /// The design's picture, and what is on it in words.
    picture: (String, &'static str),
    told: String,
    message: Option<String>,
    /// Why it cannot be spent, if it cannot.
    spent: Option<&'static str>,
    number: String,
    pin: String,
    facts: Vec<(&'static str, String)>,
    instructions: &'static str,
    terms: &'static str,
}

/// The routes of bought gift cards and of the pictures of their designs.
pub fn gifts(cx: Cx) -> Router {
    let router = both(Router::new(), "/gift/{order}/{number}/{capability}", get(open));
    router.route("/gifting/designs/{picture}", get(picture)).with_state(cx)
}

async fn open(State(cx): State<Cx>, uri: Uri) -> Result<Response, Detour> {
    let mut parts = uri.path().split('/').skip(2);
    let mut next = || parts.next().unwrap_or_default();
    let (order, number, capability) = (GiftOrderId::parse(next()), next().parse(), next());
    let (Ok(order), Ok(number)) = (order, number) else { return Err(Detour::Nothing) };
    let opened = gifting::open_parcel(&cx, order, number, capability).await;
    let parcel = opened.map_err(|error| Detour::Failed { error, again: uri.path().to_owned() })?;
    let url = gifting::design_url(&cx, parcel.design);
    let picture = local(&cx, &url).unwrap_or(url);
    Ok(page(parcel, picture, (cx.clock.now(), cx.policy.is_sandbox())))
}

fn page(parcel: Parcel, picture: String, (now, sandbox): (Timestamp, bool)) -> Response {
    let (product, shop) = (parcel.product, parcel.merchant_name);
    let (title, told, message) = match parcel.recipient {
        Some(given) => {
            (format!("A gift for {}", given.to), format!("{} gives you this card. It was bought at {shop}.", given.from), given.message)
        }
        None => (format!("Your {}", product.name), format!("You bought this card at {shop}."), None),
    };
    let spent = if parcel.expires_on < now.sydney_date() {
        Some("This card has expired")
    } else {
        (!parcel.balance.is_positive()).then_some("Nothing is left on this card")
    };
    let facts = vec![
        ("Card", product.name.to_owned()),
        ("Left to spend", parcel.balance.to_string()),
        ("Put on it", parcel.face.to_string()),
        ("Good until", wording::date(parcel.expires_on)),
    ];
    let page = GiftPage {
        frame: Frame::plain(title, sandbox),
        picture: (picture, parcel.design.title),
        told,
        message,
        spent,
        number: grouped(parcel.number.expose()),
        pin: parcel.pin.expose().clone(),
        facts,
        instructions: product.instructions,
        terms: product.terms,
    };
    show(StatusCode::OK, &page)
}

/// `6280 0012 3456 7890 123`: as it can be read out, and typed with or without the spaces.
fn grouped(number: &str) -> String {
    let digits: Vec<char> = number.chars().collect();
    digits.chunks(GROUP).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// A picture may stand in anybody's page, and be drawn by anybody's app.
async fn picture(uri: Uri) -> Response {
    let name = uri.path().rsplit('/').next().and_then(|name| name.strip_suffix(".svg"));
    let drawn = gifting::design_picture(name.unwrap_or_default());
    let Ok(drawn) = drawn.map_err(|error: ServiceError| tracing::debug!(%error, "no such picture")) else { return not_found() };
    let headers = [
        (CONTENT_TYPE, "image/svg+xml"),
        (CACHE_CONTROL, "public, max-age=86400"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, drawn).into_response()
}

#[cfg(test)]
mod tests {
    use florin_domain::gift_order::Recipient;
    use florin_domain::gift_product::GiftProduct;
    use florin_domain::{Currency, Money};
    use florin_service::Secret;
    use http::header::REFERRER_POLICY;
    use http_body_util::BodyExt;
    use jiff::civil::date;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_255_800_000_000);
    const HOSTILE: &str = "\"><script>alert('x')</script>";

    fn parcel(recipient: Option<Recipient>) -> Parcel {
        let (product, design) = GiftProduct::of_design("everyday-birthday").unwrap();
        Parcel {
            product,
            design,
            face: Money::new(2_000, Currency::Aud),
            balance: Money::new(1_250, Currency::Aud),
            number: Secret::new("6280001234567890123".to_owned()),
            pin: Secret::new("0042".to_owned()),
            expires_on: date(2029, 11, 21),
            recipient,
            merchant_name: "Pets & Culture".to_owned(),
        }
    }

    async fn html(response: Response) -> String {
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_card_is_shown_with_what_is_needed_to_spend_it_and_kept_nowhere() {
        let response = page(parcel(None), "/gifting/designs/x.svg".to_owned(), (NOW, true));
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(response.headers()[REFERRER_POLICY], "no-referrer");
        let html = html(response).await;
        for told in
            ["6280 0012 3456 7890 123", "0042", "$12.50", "$20.00", "21 November 2029", "Pets &#38; Culture", "/gifting/designs/x.svg"]
        {
            assert!(html.contains(told), "{told}: {html}");
        }
        assert!(!html.contains("<script") && !html.contains("http://") && !html.contains("https://"), "{html}");
    }

    #[tokio::test]
    async fn a_gift_says_from_whom_it_is_and_nothing_of_it_is_markup() {
        let given = Recipient {
            to: format!("Jim{HOSTILE}"),
            from: format!("Jo{HOSTILE}"),
            message: Some(format!("Cheers{HOSTILE}")),
            image_url: Some("https://elsewhere.example/x.png".to_owned()),
            mobile: "0400 000 000".to_owned(),
        };
        let html = html(page(parcel(Some(given)), String::new(), (NOW, false))).await;
        assert!(html.contains("A gift for Jim") && html.contains("Cheers") && !html.contains("<script"), "{html}");
        assert!(!html.contains("elsewhere.example") && !html.contains("0400"), "{html}");
    }

    #[tokio::test]
    async fn a_card_that_cannot_be_spent_says_so() {
        let empty = Parcel { balance: Money::zero(Currency::Aud), ..parcel(None) };
        let expired = Parcel { expires_on: date(2020, 1, 1), ..parcel(None) };
        for (parcel, told) in [(empty, "Nothing is left"), (expired, "has expired")] {
            let html = html(page(parcel, String::new(), (NOW, true))).await;
            assert!(html.contains(told), "{told}: {html}");
        }
    }

    #[tokio::test]
    async fn a_design_has_a_picture_for_everybody() {
        let drawn = picture(Uri::from_static("/gifting/designs/everyday-birthday.svg")).await;
        assert_eq!(drawn.status(), StatusCode::OK);
        assert_eq!(drawn.headers()[CONTENT_TYPE], "image/svg+xml");
        assert!(html(drawn).await.contains("Happy birthday"));
        for nothing in ["/gifting/designs/everyday-birthday", "/gifting/designs/nothing.svg"] {
            assert_eq!(picture(Uri::from_static(nothing)).await.status(), 404, "{nothing}");
        }
    }
}
