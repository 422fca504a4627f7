//! Every page of card capture with sample data: what a person, a script, or a merchant's page would notice.

use axum::response::Response;
use florin_domain::card::CardExpiry;
use florin_domain::instrument::{Instrument, InstrumentId, InstrumentKind, InstrumentStatus};
use florin_domain::merchant::MerchantId;
use florin_domain::{InstrumentToken, Timestamp, WalletId};
use florin_service::ServiceError;
use florin_service::step_up::{StepUpKind, StepUpView};
use florin_web::Class;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, X_FRAME_OPTIONS};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::asset;
use crate::capture::audience::Audience;
use crate::capture::card;
use crate::capture::ending::{Ending, Refused};
use crate::capture::scene::{Ask, Scene};
use crate::capture::step_up;
use crate::form::Form;

const PATH: &str = "/container-ws/getCaptureFrame/07070707-0707-4707-8707-070707070707";
const NUMBER: &str = "4000 0000 0000 0002";
const HOSTILE: &str = "\"'><script>alert('x')</script>";
const FIELDS: [&str; 3] = ["card_number", "card_expiry", "card_cvc"];

fn scene() -> Scene {
    Scene {
        ask: Ask::Card,
        merchant: Some("Pets & Culture".to_owned()),
        audience: Audience::of(&["https://shop.example".to_owned(), "http://127.0.0.1:3000".to_owned()]),
        path: PATH.to_owned(),
        month: "2026-11".to_owned(),
        sandbox: true,
    }
}

fn nowhere() -> Scene {
    Scene { merchant: None, audience: Audience::default(), ..scene() }
}

fn step_up(kind: StepUpKind) -> step_up::Visit {
    let view = StepUpView {
        merchant_name: "Pets & Culture".to_owned(),
        origins: vec!["https://shop.example".to_owned()],
        network: Some("AMEX".to_owned()),
        suffix: Some("0005".to_owned()),
    };
    let scene = Scene { ask: Ask::StepUp, path: "/container-ws/cvv/x/90731".to_owned(), ..nowhere() };
    step_up::Visit::of(scene, (kind, "x".to_owned(), InstrumentId::kept(90_731)), view)
}

fn instrument(status: InstrumentStatus) -> Instrument {
    let at = Timestamp::from_micros(1_795_255_800_000_000);
    Instrument {
        id: InstrumentId::kept(90_731),
        token: InstrumentToken::from_random([9; 16]),
        wallet: WalletId::from_random([2; 16]),
        merchant: MerchantId::parse("petculture").unwrap(),
        kind: InstrumentKind::Card,
        status,
        primary: false,
        network: Some("VISA".to_owned()),
        bin: Some("424242".to_owned()),
        suffix: Some("4242".to_owned()),
        expiry: Some(CardExpiry { year: 2034, month: 9 }),
        code_checked: true,
        account: None,
        customer: None,
        fingerprint: [7; 32],
        sealed: b"sealed".to_vec(),
        created_at: at,
        updated_at: at,
        used_at: None,
        gone_at: None,
    }
}

/// The form as it comes back after `error`.
fn again(error: ServiceError, typed: &str) -> Response {
    let form = Form::parse(typed.as_bytes());
    match Refused::new(error, &FIELDS, &form) {
        Refused::Again(problem, outcome) => card::page(&scene(), Some((problem, outcome))),
        Refused::Ends(ending) => ending.page(&scene()),
    }
}

async fn html(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What `data-result` says, read as a shell script would.
fn result(page: &str) -> Value {
    let (_, rest) = page.split_once("data-result='").expect("a result");
    let (text, _) = rest.split_once('\'').expect("its end");
    serde_json::from_str(text).expect("JSON")
}

/// All the pages, by name.
fn pages() -> Vec<(&'static str, Response)> {
    let refused = |message: &str| again(ServiceError::invalid("card_number", message), "card_number=4");
    vec![
        ("card", card::page(&scene(), None)),
        ("card-again", refused("is not a valid card number")),
        ("card-taken", card::taken(instrument(InstrumentStatus::Verified)).page(&scene())),
        ("guest-taken", card::taken(instrument(InstrumentStatus::Transient)).page(&scene())),
        ("code", step_up(StepUpKind::Code).page(None)),
        ("code-and-expiry", step_up(StepUpKind::CodeAndExpiry).page(None)),
        ("confirmed", step_up(StepUpKind::Code).confirmed("ticket".to_owned()).page(&scene())),
        ("expired", Ending::expired().page(&scene())),
        ("unknown", Ending::unknown().page(&nowhere())),
        ("unreadable", Ending::unreadable(Class::UnsupportedMediaType).page(&scene())),
    ]
}

#[tokio::test]
async fn a_page_runs_one_script_of_ours_and_leads_nowhere_else() {
    for (name, response) in pages() {
        let page = html(response).await;
        let script = format!("<script src=\"{}\" defer></script>", asset::SCRIPT_PATH);
        assert_eq!((page.matches("<script").count(), page.matches(&script).count()), (1, 1), "{name}");
        assert!(!page.contains("style=") && !page.contains(" onclick") && !page.contains("autofocus"), "{name}");
        assert_eq!(page.matches("<h1>").count(), 1, "{name}");
        for link in page.split("<a ").skip(1).filter_map(|tag| tag.split_once("href=\"")).map(|(_, rest)| rest) {
            assert!(link.starts_with('#') || link.starts_with(PATH), "{name}: {}", &link[..30]);
        }
    }
}

#[tokio::test]
async fn only_registered_origins_frame_a_page_and_nobody_keeps_it() {
    for (name, response) in pages() {
        let headers = response.headers();
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{name}: {policy}");
        let is_ours_alone = policy.ends_with("frame-ancestors 'none'");
        assert_eq!(is_ours_alone, name == "unknown", "{name}: {policy}");
        assert_eq!(headers.contains_key(X_FRAME_OPTIONS), is_ours_alone, "{name}");
        assert_eq!((&headers[CACHE_CONTROL], &headers[REFERRER_POLICY]), (&"no-store".parse().unwrap(), &"no-referrer".parse().unwrap()));
        assert!(!headers.contains_key(SET_COOKIE));
    }
    let policy = card::page(&scene(), None).headers()[CONTENT_SECURITY_POLICY].clone();
    assert!(policy.to_str().unwrap().ends_with("frame-ancestors https://shop.example http://127.0.0.1:3000"));
}

#[tokio::test]
async fn the_form_is_plain_and_helps_a_browser_to_fill_it() {
    let page = html(card::page(&scene(), None)).await;
    assert!(page.contains(&format!("<form method=\"post\" action=\"{PATH}\" novalidate>")));
    for (name, autocomplete) in [("card_number", "cc-number"), ("card_expiry", "cc-exp"), ("card_cvc", "cc-csc")] {
        let (_, rest) = page.split_once(&format!("name=\"{name}\"")).unwrap();
        let input = rest.split('>').next().unwrap();
        assert!(input.contains(&format!("autocomplete=\"{autocomplete}\"")) && input.contains("inputmode=\"numeric\""), "{input}");
        assert!(page.contains(&format!("<label for=\"{name}\">")), "{name}");
    }
    assert!(page.contains("data-type=\"card-capture\" data-origins=\"https://shop.example http://127.0.0.1:3000\" data-month=\"2026-11\""));
    assert!(page.contains("Pets &#38; Culture") && !page.contains("data-result"));
}

#[tokio::test]
async fn a_taken_card_is_told_by_what_a_merchant_may_know_of_it() {
    let response = card::taken(instrument(InstrumentStatus::Verified)).page(&scene());
    assert_eq!(response.status(), 200);
    let page = html(response).await;
    let expected = json!({
        "status": "captured",
        "instrument": {
            "id": "90731",
            "token": "09090909-0909-4909-8909-090909090909",
            "scheme": "VISA",
            "suffix": "4242",
            "expiryMonth": "09",
            "expiryYear": "34",
        },
    });
    assert_eq!(result(&page), expected);
    assert!(page.contains("Your card is saved") && page.contains("Visa ending 4242") && !page.contains("<form"));
    let guest = html(card::taken(instrument(InstrumentStatus::Transient)).page(&scene())).await;
    assert!(guest.contains("Your card is ready") && !guest.contains("saved"));
}

#[tokio::test]
async fn a_mistake_is_told_beside_its_field_and_nothing_typed_comes_back() {
    let typed = format!("card_number={NUMBER}&card_expiry=01/21&card_cvc=987");
    for (error, field, said) in [
        (ServiceError::invalid("card_number", "is not a valid card number"), "card_number", "This is not a valid card number."),
        (ServiceError::invalid("card_expiry", "is in the past"), "card_expiry", "This is in the past."),
        (ServiceError::invalid("card_cvc", "is not three or four digits"), "card_cvc", "This is not three or four digits."),
        (ServiceError::invalid("clientReference", "is odd"), "card_number", "This is odd."),
    ] {
        let response = again(error, &typed);
        assert_eq!(response.status(), 422);
        let page = html(response).await;
        assert_eq!(result(&page), json!({ "status": "invalid", "fields": [field], "message": said }));
        assert!(page.contains(&format!("id=\"{field}-error\"")) && page.contains(&format!("<a href=\"#{field}\">{said}</a>")), "{said}");
        for secret in [NUMBER, "0002", "01/21", "987"] {
            assert!(!page.contains(secret), "{secret} comes back");
        }
    }
    let empty = html(again(ServiceError::invalid("card_number", "is not a valid card number"), "")).await;
    assert!(empty.contains("Enter the card number."));
}

#[tokio::test]
async fn a_declined_card_is_called_declined_and_another_may_be_given() {
    let no = || "The card was declined: there is no money on it.".to_owned();
    for error in [
        ServiceError::invalid("card_number", "was declined: there is no money on it"),
        ServiceError::Refused { code: "card_declined", message: no() },
    ] {
        let response = again(error, "card_number=4");
        assert_eq!(response.status(), 422);
        let page = html(response).await;
        assert_eq!(result(&page), json!({ "status": "declined", "message": no() }));
        assert!(page.contains("<form") && page.matches(&no()).count() >= 2);
    }
}

#[tokio::test]
async fn each_end_has_its_status_and_says_it_to_scripts() {
    let ended = ServiceError::Refused { code: "capture_ended", message: "over".to_owned() };
    let busy = ServiceError::TooMany { message: "Too many tries.".to_owned(), retry_after_s: 30 };
    let away = ServiceError::Unavailable { what: "The issuer does not answer.".to_owned(), retry_after_s: 0 };
    for (error, status, told, waits) in [
        (ended, 410, "expired", None),
        (ServiceError::NotFound("capture"), 404, "unknown", None),
        (busy, 429, "unavailable", Some("30")),
        (away, 503, "unavailable", Some("1")),
        (ServiceError::Internal("SELECT secret FROM vault".to_owned()), 500, "unavailable", None),
    ] {
        let response = again(error, "");
        assert_eq!(response.status(), status);
        assert_eq!(response.headers().get(RETRY_AFTER).map(|value| value.to_str().unwrap()), waits);
        let page = html(response).await;
        assert_eq!(result(&page), json!({ "status": told }));
        assert_eq!(page.contains(">Try again</a>"), waits.is_some());
        assert!(!page.contains("<form") && !page.contains("SELECT"));
    }
}

#[tokio::test]
async fn stepping_up_asks_for_what_is_missing_and_gives_a_token() {
    let code = html(step_up(StepUpKind::Code).page(None)).await;
    assert!(code.contains("American Express ending 0005") && code.contains("data-type=\"step-up\""));
    assert!(code.contains("name=\"card_cvc\"") && !code.contains("name=\"card_expiry\"") && !code.contains("name=\"card_number\""));
    let both = html(step_up(StepUpKind::CodeAndExpiry).page(None)).await;
    assert!(both.contains("name=\"card_cvc\"") && both.contains("name=\"card_expiry\""));

    let visit = step_up(StepUpKind::Code);
    let page = html(visit.confirmed("ticket".to_owned()).page(&visit.scene)).await;
    assert_eq!(result(&page), json!({ "status": "confirmed", "paymentInstrumentId": "90731", "stepUpToken": "ticket" }));
}

#[tokio::test]
async fn what_others_bring_stays_text() {
    let hostile = Scene { merchant: Some(HOSTILE.to_owned()), path: format!("/container-ws/{HOSTILE}"), ..scene() };
    let mut carded = instrument(InstrumentStatus::Verified);
    carded.network = Some(HOSTILE.to_owned());
    carded.suffix = Some(HOSTILE.to_owned());
    let refused = Refused::new(ServiceError::invalid("card_number", HOSTILE), &FIELDS, &Form::parse(b"card_number=1"));
    let Refused::Again(problem, outcome) = refused else { panic!("a mistake ends a visit") };
    for response in [
        card::page(&hostile, None),
        card::page(&hostile, Some((problem, outcome))),
        card::taken(carded).page(&hostile),
        Ending::of(&ServiceError::TooMany { message: HOSTILE.to_owned(), retry_after_s: 1 }).page(&hostile),
    ] {
        let page = html(response).await;
        assert_eq!(page.matches("<script").count(), 1, "{page}");
        assert!(!page.contains("alert('x')"));
    }
}
