//! Every page of the checkout with sample data: what a person, or a script, would notice.

use axum::response::Response;
use florin_domain::application::{Applicant, Application, ApplicationState, Code, Email};
use florin_domain::bank::{BankPayment, BankPaymentState};
use florin_domain::card::{Card, CardExpiry};
use florin_domain::company::{Company, CompanyNumber};
use florin_domain::credit::{Outcome, Verdict};
use florin_domain::loan::{Loan, LoanIds, Offer, Term};
use florin_domain::order::{EndReason, NewOrder, Order, OrderState, PayMethods, Settlement};
use florin_domain::seller::{Pricing, Seller};
use florin_domain::{BankPaymentId, CardId, LinkToken, LoanId, Money, OrderId, SellerId, Timestamp, TokenId};
use florin_service::Bank;
use florin_service::checkout::{Checkout, Step};
use http::StatusCode;
use http::header::CONTENT_SECURITY_POLICY;
use http_body_util::BodyExt;

use crate::answer::show;
use crate::checkout::bank::{BankPage, processing};
use crate::checkout::{agreement, card, code, company, decision, email, end, landing, term};
use crate::field::Problem;
use crate::form::Form;
use crate::visit::Visit;

const NOW: Timestamp = Timestamp::from_micros(1_795_255_800_000_000);
const LINK: &str = "AbCdEfGhIjKlMnOpQrStUvWxYz012345";
/// What somebody might try to smuggle into a page.
const HOSTILE: &str = "\"><script>alert('x')</script>";

fn seller(pricing: Pricing) -> Seller {
    let name = "Northgate Timber & Tools".to_owned();
    Seller { id: SellerId::from_random([1; 16]), name, pricing, payout_hold_days: 0, created_at: NOW }
}

fn visit(step: Step) -> Visit {
    let terms = NewOrder {
        id: OrderId::from_random([2; 16]),
        link: LinkToken::parse(LINK).unwrap(),
        pay_link_id: OrderId::from_random([3; 16]),
        seller: SellerId::from_random([1; 16]),
        token: TokenId::from_random([4; 16]),
        amount: Money::pence(124_950),
        reference: "#order-10482".to_owned(),
        methods: PayMethods::both(),
        source: None,
        redirect_url: None,
        webhook_url: None,
        meta_data: None,
    };
    let checkout = Checkout {
        order: Order { terms, created_at: NOW, state: OrderState::Pending { since: NOW }, version: 2 },
        seller: seller(Pricing::BuyerPays),
        application: None,
        card: None,
        payment: None,
        loan: None,
        step,
        sandbox_code: None,
        return_url: Some("https://shop.example/done?a=1&orderId=02".to_owned()),
    };
    Visit { link: LinkToken::parse(LINK).unwrap(), checkout, now: NOW, sandbox: true }
}

fn applicant() -> Applicant {
    let company = CompanyNumber::parse("10000001").unwrap();
    Applicant {
        company,
        company_name: "Alder & Daughters Joinery Ltd".to_owned(),
        director: "Rowan Alder".to_owned(),
        turnover: Money::pounds(250_000),
    }
}

fn verdict(outcome: Outcome) -> Verdict {
    Verdict { outcome, reasons: vec!["The turnover is too small for the amount.".to_owned()], rule_version: "sandbox-1".to_owned() }
}

fn approved(step: Step) -> Visit {
    let verdict = verdict(Outcome::Approved { limit: Money::pounds(30_000) });
    let card = CardId::from_random([5; 16]);
    let mut visit =
        with_application(step, ApplicationState::Approved { applicant: applicant(), verdict, term: Some(Term::Months3), card: Some(card) });
    let expiry = CardExpiry { year: 2029, month: 9 };
    let kept = Card { id: card, brand: "visa".to_owned(), last4: "4242".to_owned(), expiry, sealed: Vec::new(), created_at: NOW };
    visit.checkout.card = Some(kept);
    visit
}

fn with_application(step: Step, state: ApplicationState) -> Visit {
    let mut visit = visit(step);
    let code = Code { number: 1, sent_at: NOW, misses: 0 };
    let email = Email::parse("rowan@alder.example").unwrap();
    visit.checkout.application = Some(Application { order: visit.checkout.order.id(), email, code, state, version: 1 });
    visit.checkout.sandbox_code = Some("123456".to_owned());
    visit
}

fn paid_later() -> Visit {
    let mut visit = approved(Step::Done);
    let ids = LoanIds {
        loan: LoanId::from_random([6; 16]),
        order: visit.checkout.order.id(),
        seller: visit.checkout.seller.id,
        card: CardId::from_random([5; 16]),
    };
    let offer = Offer::new(visit.checkout.order.terms.amount, Term::Months3, Term::Months3.rate(), NOW).unwrap();
    visit.checkout.loan = Some(Loan::fund(ids, applicant().company, &offer, NOW));
    visit.checkout.order.state = OrderState::Successful { at: NOW, settlement: Settlement::Credit(ids.loan) };
    visit
}

fn at_bank(step: Step, state: BankPaymentState) -> Visit {
    let mut visit = visit(step);
    let (id, order) = (BankPaymentId::from_random([7; 16]), visit.checkout.order.id());
    visit.checkout.payment =
        Some(BankPayment { id, order, bank: "avon".to_owned(), amount: visit.checkout.order.terms.amount, created_at: NOW, state });
    visit
}

fn banks() -> Vec<Bank> {
    let bank = |id: &str, name: &str| Bank { id: id.to_owned(), name: name.to_owned(), outcome: None };
    vec![bank("avon", "Bank of Avon"), bank("mersey", "Mersey Mutual"), bank("tamar", "Tamar Savings Bank"), bank("wye", "Wye Direct")]
}

fn companies() -> Vec<Company> {
    let company = |number: &str, name: &str, directors: &[&str]| Company {
        number: CompanyNumber::parse(number).unwrap(),
        name: name.to_owned(),
        directors: directors.iter().map(|name| (*name).to_owned()).collect(),
    };
    vec![
        company("10000001", "Alder & Daughters Joinery Ltd", &["Rowan Alder", "Hazel Alder"]),
        company("10000417", "Alderbrook Fencing Ltd", &["Kit Marsh"]),
    ]
}

async fn html(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn wrong(field: &'static str) -> Problem {
    Problem::new(field, "is not right", "typed")
}

/// The pages that hold a form, as they are first shown, and the names that their form must send.
fn form_pages() -> Vec<(&'static str, Response, &'static [&'static str])> {
    let choose_bank = BankPage::new(&visit(Step::Landing), banks(), None, None);
    vec![
        ("landing", landing::page(&visit(Step::Landing), None), &["pay"]),
        ("email", email::page(&visit(Step::Landing), "", None), &["email"]),
        ("code", code::page(&with_application(Step::Code, ApplicationState::Confirming), "", None), &["code"]),
        ("company", company::ask_company(&visit(Step::Company), "", None, None), &["company"]),
        (
            "company-one",
            company::ask_details(&visit(Step::Company), "10000001", &companies()[..1], &Form::parse(b""), None),
            &["company_number", "director_name", "turnover"],
        ),
        (
            "company-two",
            company::ask_details(&visit(Step::Company), "alder", &companies(), &Form::parse(b""), None),
            &["company_number", "director_name", "turnover"],
        ),
        ("term", term::page(&approved(Step::Agreement), None), &["term"]),
        ("card", card::page(&visit(Step::Card), None), &["card_number", "card_expiry", "card_cvc"]),
        ("agreement", agreement::page(&approved(Step::Agreement), None).unwrap(), &["agree"]),
        ("bank", show(StatusCode::OK, &choose_bank), &["bank"]),
    ]
}

#[tokio::test]
async fn each_form_page_has_one_form_with_the_published_names() {
    for (page, response, names) in form_pages() {
        assert_eq!(response.status(), 200, "{page}");
        let html = html(response).await;
        assert_eq!(html.matches("<form ").count(), 1, "{page}");
        assert!(html.contains(&format!("<form method=\"post\" action=\"/pay/order/{LINK}/")), "{page}");
        for name in names {
            assert!(html.contains(&format!("name=\"{name}\"")), "{page}: {name}");
        }
    }
}

#[tokio::test]
async fn each_page_says_what_is_paid_to_whom_and_how_to_leave() {
    for (page, response, _) in form_pages() {
        let html = html(response).await;
        for text in ["£1,249.50", "Northgate Timber &#38; Tools", "#order-10482", "lang=\"en-GB\"", "Skip to the main part", "Sandbox"] {
            assert!(html.contains(text), "{page}: {text}");
        }
        assert!(html.contains("href=\"https://shop.example/done?a=1&#38;orderId=02\""), "{page}");
        assert_eq!(html.matches("<h1>").count(), 1, "{page}");
        assert!(!html.contains("<script") && !html.contains("style=") && !html.contains(" onclick"), "{page}");
    }
}

#[tokio::test]
async fn every_input_has_a_label() {
    for (page, response, _) in form_pages() {
        let html = html(response).await;
        for input in html.split("<input ").skip(1).map(|rest| rest.split('>').next().unwrap()) {
            let id = input.split("id=\"").nth(1).and_then(|rest| rest.split('"').next());
            let labelled = id.is_some_and(|id| html.contains(&format!("<label for=\"{id}\"")) || html.contains(&format!("for=\"{id}\"")));
            assert!(labelled || html.contains(&format!("<label class=\"choice\"><input {input}")), "{page}: {input}");
        }
    }
}

#[tokio::test]
async fn an_error_is_told_at_the_top_and_at_its_field_and_keeps_what_was_typed() {
    let response = email::page(&visit(Step::Landing), HOSTILE, Some(wrong("email")));
    assert_eq!(response.status(), 422);
    let page = html(response).await;
    for text in
        ["role=\"alert\"", "href=\"#email\"", "aria-invalid=\"true\"", "aria-describedby=\"email-error email-hint\"", "<title>Error: "]
    {
        assert!(page.contains(text), "{text}");
    }
    assert!(page.contains("value=\"&#34;&#62;&#60;script&#62;") && !page.contains("<script"));

    let typed = Form::parse(b"company_number=10000417&director_name=Kit&turnover=lots");
    let page = html(company::ask_details(&visit(Step::Company), "alder", &companies(), &typed, Some(wrong("turnover")))).await;
    for text in ["value=\"Kit\"", "value=\"lots\"", "value=\"10000417\" checked", "id=\"turnover-error\""] {
        assert!(page.contains(text), "{text}");
    }
}

#[tokio::test]
async fn card_details_are_asked_for_again_but_never_shown_again() {
    let page = html(card::page(&visit(Step::Card), Some(wrong("card_number")))).await;
    for text in ["autocomplete=\"cc-number\"", "autocomplete=\"cc-exp\"", "autocomplete=\"cc-csc\"", "inputmode=\"numeric\""] {
        assert!(page.contains(text), "{text}");
    }
    assert_eq!(page.matches("value=\"\"").count(), 3);
}

#[tokio::test]
async fn each_term_shows_its_whole_cost_before_it_is_chosen() {
    let page = html(term::page(&visit(Step::Term), None)).await;
    for text in ["value=\"30_days\"", "value=\"3_months\"", "value=\"12_months\"", "1 × £1,280.74", "35.04%", "27.24%", "21 Dec 2026"] {
        assert!(page.contains(text), "{text}");
    }
    assert_eq!(page.matches("<tbody>").count(), 3);
    assert!(!page.contains(" checked"), "nothing is chosen for the buyer");

    let mut free = visit(Step::Term);
    free.checkout.seller = seller(Pricing::SellerPays { fee_bps: 350 });
    let page = html(term::page(&free, None)).await;
    assert!(page.contains("3 × £416.50") && page.contains("interest-free") && page.contains("0.00%"));
}

#[tokio::test]
async fn the_code_is_for_the_sandbox_only() {
    let mut visit = with_application(Step::Code, ApplicationState::Confirming);
    let page = html(code::page(&visit, "", None)).await;
    assert!(page.contains("data-sandbox-code=\"123456\"") && page.contains("r…@alder.example"));
    visit.sandbox = false;
    let page = html(code::page(&visit, "", None)).await;
    assert!(!page.contains("123456") && !page.contains("Sandbox") && !page.contains("sandbox"));
}

#[tokio::test]
async fn only_ways_that_fit_are_offered_and_none_is_explained() {
    let mut small = visit(Step::Landing);
    small.checkout.order.terms.amount = Money::pounds(20);
    let page = html(landing::page(&small, None)).await;
    assert!(page.contains("value=\"PAY_NOW\"") && !page.contains("value=\"PAY_LATER\""));
    assert!(page.contains("Pay later is for orders from £150.00 to £30,000.00."));

    let mut large = visit(Step::Landing);
    large.checkout.order.terms.amount = Money::pounds(40_000);
    let page = html(landing::page(&large, None)).await;
    assert!(page.contains("This order cannot be paid here") && !page.contains("<form"));
}

#[tokio::test]
async fn a_confirmation_leads_back_by_itself_and_by_a_link() {
    let paid = paid_later();
    let page = html(show(StatusCode::OK, &end::with_way_back(end::paid(&paid), &paid))).await;
    for text in
        ["http-equiv=\"refresh\" content=\"5; url=https://shop.example/done?a=1&#38;orderId=02\"", "Paid. Thank you", "Visa ending 4242"]
    {
        assert!(page.contains(text), "{text}");
    }
    let mut later = paid_later();
    later.now = NOW.plus(florin_domain::time::days(1));
    let page = html(show(StatusCode::OK, &end::with_way_back(end::paid(&later), &later))).await;
    assert!(page.contains("This order is already paid") && !page.contains("http-equiv=\"refresh\""));
}

#[tokio::test]
async fn each_end_says_what_happened_what_to_do_and_the_way_back() {
    for reason in EndReason::ALL {
        let visit = with_application(
            Step::Ended(reason),
            ApplicationState::Declined { applicant: applicant(), verdict: verdict(Outcome::Declined) },
        );
        let page = html(show(StatusCode::OK, &end::with_way_back(end::unpaid(&visit, reason), &visit))).await;
        assert!(page.contains("What you can do.") && page.contains("Back to Northgate"), "{reason:?}");
        assert_eq!(page.contains("The turnover is too small"), reason == EndReason::Declined, "{reason:?}");
    }
}

#[tokio::test]
async fn waiting_pages_look_again_by_themselves() {
    let waiting = with_application(Step::Deciding, ApplicationState::Submitted { applicant: applicant(), at: NOW });
    assert!(html(decision::page(&waiting)).await.contains(&format!("content=\"15; url=/pay/order/{LINK}/decision/\"")));
    let bank = at_bank(Step::BankProcessing, BankPaymentState::Processing);
    let page = html(show(StatusCode::OK, &processing(&bank, "Bank of Avon"))).await;
    assert!(
        page.contains(&format!("content=\"15; url=/pay/order/{LINK}/bank/return/\""))
            && page.contains("Bank of Avon has your authorisation")
    );
}

#[tokio::test]
async fn nothing_runs_or_is_loaded_from_elsewhere() {
    let policy = landing::page(&visit(Step::Landing), None).headers()[CONTENT_SECURITY_POLICY].clone();
    assert_eq!(policy, "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
}
