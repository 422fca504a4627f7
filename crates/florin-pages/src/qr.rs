//! The page behind a QR code, for whoever reads it with a phone's camera instead of the merchant's app.
//!
//! Nothing can be paid here, and nothing changes. Invariant: it tells no more than who asks and for how much, because whoever passes
//! a till can read the code.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use florin_domain::QrId;
use florin_service::qr_codes::{self, Notice};
use florin_service::{Cx, ServiceError};
use http::{StatusCode, Uri};

use crate::answer::show;
use crate::checkout::both;
use crate::detour::Detour;
use crate::frame::Frame;
use crate::news::{News, Tone};

/// The routes of the pages behind codes.
pub fn qr_codes(cx: Cx) -> Router {
    both(Router::new(), "/qr/{code}", get(open)).with_state(cx)
}

async fn open(State(cx): State<Cx>, uri: Uri) -> Result<Response, Detour> {
    let sandbox = cx.policy.is_sandbox();
    let Ok(code) = QrId::parse(uri.path().split('/').nth(2).unwrap_or_default()) else { return Ok(unknown(sandbox)) };
    match qr_codes::notice(&cx, code).await {
        Ok(notice) => Ok(page(notice, sandbox)),
        Err(ServiceError::NotFound(_)) => Ok(unknown(sandbox)),
        Err(ServiceError::Refused { .. }) => Ok(over(sandbox)),
        Err(error) => Err(Detour::Failed { error, again: uri.path().to_owned() }),
    }
}

fn page(notice: Notice, sandbox: bool) -> Response {
    let Notice { merchant_name: shop, amount } = notice;
    let title = match amount {
        Some(amount) => format!("{shop} asks for {amount}"),
        None => format!("{shop} asks to be paid"),
    };
    let told = format!("This is paid in the app of {shop}, not on this page. Nothing was taken from you.");
    let mut news = News::new(Frame::plain(title, sandbox), Tone::Waiting, told)
        .advising(format!("Open the app of {shop} and scan the same code there. The app shows what you pay before you pay it."));
    news.facts.push(("To", shop));
    news.facts.extend(amount.map(|amount| ("Amount", amount.to_string())));
    show(StatusCode::OK, &news)
}

/// The page of a code that led somewhere.
fn over(sandbox: bool) -> Response {
    let told = "It was paid, it was taken back, or its time is over. Nothing was taken from you here.";
    let news = News::new(Frame::plain("This code is no longer good", sandbox), Tone::Bad, told)
        .advising("If you still have something to pay, ask at the till for a new code.");
    show(StatusCode::GONE, &news)
}

/// The page of a code that was never drawn.
fn unknown(sandbox: bool) -> Response {
    let told = "This code leads to no payment. It may have been read without its end, or it was never ours.";
    let news = News::new(Frame::plain("We do not know this code", sandbox), Tone::Bad, told)
        .advising("Ask at the till for a new code. Nothing was taken from you here.");
    show(StatusCode::NOT_FOUND, &news)
}

#[cfg(test)]
mod tests {
    use florin_domain::{Currency, Money};
    use http::header::CACHE_CONTROL;
    use http_body_util::BodyExt;

    use super::*;

    const HOSTILE: &str = "\"><script>alert('x')</script>";

    async fn told(response: Response) -> (u16, String) {
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        let status = response.status().as_u16();
        let html = String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
        assert!(!html.contains("<script") && !html.contains("<form") && !html.contains("http://") && !html.contains("https://"), "{html}");
        (status, html)
    }

    #[tokio::test]
    async fn a_code_says_who_asks_and_for_how_much_and_where_it_is_paid() {
        let notice = Notice { merchant_name: format!("Pets & Culture{HOSTILE}"), amount: Some(Money::new(1_250, Currency::Aud)) };
        let (status, html) = told(page(notice, true)).await;
        assert_eq!(status, 200);
        for expected in ["Pets &#38; Culture", "asks for $12.50", "scan the same code there", "Sandbox: no real money"] {
            assert!(html.contains(expected), "{expected}: {html}");
        }
        let (status, html) = told(page(Notice { merchant_name: "Pets".to_owned(), amount: None }, false)).await;
        assert!(status == 200 && html.contains("Pets asks to be paid") && !html.contains("Amount"), "{html}");
    }

    #[tokio::test]
    async fn a_code_that_leads_nowhere_says_so() {
        let (status, html) = told(over(false)).await;
        assert!(status == 410 && html.contains("no longer good"), "{html}");
        let (status, html) = told(unknown(false)).await;
        assert!(status == 404 && html.contains("do not know this code"), "{html}");
    }
}
