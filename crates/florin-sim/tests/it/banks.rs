//! Stories of the banks: each keeps to its outcome, and nothing is forgotten.

use std::sync::Arc;

use florin_connect::{BankPayments, BankStatus, ConnectError, StartPayment};
use florin_domain::{BankPaymentId, Money};
use florin_sim::{MemoryNotebook, Notebook, SimBank};

use crate::{NOON, later};

fn id() -> BankPaymentId {
    BankPaymentId::from_random([0xAB; 16])
}

fn payment(bank: &str) -> StartPayment {
    StartPayment {
        id: id(),
        bank: bank.to_owned(),
        amount: Money::pounds(4_200),
        reference: "order1".to_owned(),
        payee: "Acme Tools".to_owned(),
        return_url: "https://localhost:8443/pay/order/abc/".to_owned(),
        now: NOON,
    }
}

fn banks(notebook: &MemoryNotebook) -> SimBank {
    SimBank::new(Arc::new(notebook.clone()), "https://localhost:8443/")
}

/// Banks with a started payment from the one whose outcome is `outcome`.
async fn with_payment(outcome: &str) -> SimBank {
    let sim = banks(&MemoryNotebook::default());
    let bank = sim.banks().into_iter().find(|bank| bank.outcome.as_deref() == Some(outcome)).unwrap();
    sim.start(payment(&bank.id)).await.unwrap();
    sim
}

fn code<T: std::fmt::Debug>(result: Result<T, ConnectError>) -> String {
    match result {
        Err(ConnectError::Refused { code, .. }) => code,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_bank_that_pays_executes_what_is_authorised() {
    let sim = with_payment("pays").await;
    assert_eq!(sim.status(&id(), later(9)).await, Ok(BankStatus::AwaitingAuthorisation));
    assert_eq!(sim.decide(&id(), true, NOON).await.unwrap().as_deref(), Some("https://localhost:8443/pay/order/abc/"));
    assert_eq!(sim.status(&id(), NOON).await, Ok(BankStatus::Executed { reference: "FPABABABABABAB4BAB".to_owned() }));
}

#[tokio::test]
async fn a_bank_that_refuses_rejects_what_is_authorised() {
    let sim = with_payment("refuses").await;
    sim.decide(&id(), true, NOON).await.unwrap();
    assert_eq!(sim.status(&id(), NOON).await, Ok(BankStatus::Rejected { reason: "Mersey Mutual refused the payment.".to_owned() }));
}

#[tokio::test]
async fn a_pending_payment_is_executed_an_hour_after_it_was_authorised() {
    let sim = with_payment("pending").await;
    sim.decide(&id(), true, later(5)).await.unwrap();
    assert_eq!(sim.status(&id(), later(5)).await, Ok(BankStatus::Processing));
    let nearly = florin_domain::Timestamp::from_micros(later(6).micros() - 1);
    assert_eq!(sim.status(&id(), nearly).await, Ok(BankStatus::Processing));
    assert!(matches!(sim.status(&id(), later(6)).await, Ok(BankStatus::Executed { .. })));
}

#[tokio::test]
async fn an_unavailable_bank_starts_nothing() {
    let sim = banks(&MemoryNotebook::default());
    let bank = sim.banks().into_iter().find(|bank| bank.outcome.as_deref() == Some("unavailable")).unwrap();
    assert!(matches!(sim.start(payment(&bank.id)).await, Err(ConnectError::Unavailable(_))));
    assert_eq!(code(sim.status(&id(), NOON).await), "unknown_payment");
}

#[tokio::test]
async fn a_buyers_no_rejects_the_payment_at_every_bank() {
    for outcome in ["pays", "refuses", "pending"] {
        let sim = with_payment(outcome).await;
        assert!(sim.decide(&id(), false, NOON).await.unwrap().is_some());
        let status = sim.status(&id(), later(2)).await;
        assert_eq!(status, Ok(BankStatus::Rejected { reason: "The payment was not authorised.".to_owned() }), "{outcome}");
    }
}

#[tokio::test]
async fn the_first_decision_stands() {
    let sim = with_payment("pays").await;
    let id = id();
    let (yes, no) = tokio::join!(sim.decide(&id, true, NOON), sim.decide(&id, false, NOON));
    assert_eq!(yes, no, "both are sent back to the same place");
    assert!(matches!(sim.status(&id, NOON).await, Ok(BankStatus::Executed { .. })));
}

#[tokio::test]
async fn a_payment_survives_new_banks_on_the_same_notebook() {
    let notebook = MemoryNotebook::default();
    let started = banks(&notebook).start(payment("tamar")).await.unwrap();
    assert_eq!(started.authorise_url, "https://localhost:8443/sandbox/bank/abababab-abab-4bab-abab-abababababab/");

    let page = banks(&notebook).page(&id()).await.unwrap().unwrap();
    assert_eq!((page.bank.as_str(), page.payee.as_str(), page.reference.as_str()), ("Tamar Savings Bank", "Acme Tools", "order1"));
    assert_eq!((page.amount, page.decided), (Money::pounds(4_200), None));

    banks(&notebook).decide(&id(), true, NOON).await.unwrap();
    assert_eq!(banks(&notebook).page(&id()).await.unwrap().unwrap().decided, Some(true));
    assert_eq!(banks(&notebook).status(&id(), NOON).await, Ok(BankStatus::Processing));
    assert!(matches!(banks(&notebook).status(&id(), later(1)).await, Ok(BankStatus::Executed { .. })));
}

#[tokio::test]
async fn starting_twice_is_one_payment_and_other_terms_are_refused() {
    let sim = with_payment("pays").await;
    let first = sim.start(payment("avon")).await;
    sim.decide(&id(), true, NOON).await.unwrap();
    assert_eq!(sim.start(payment("avon")).await, first, "a repeated start does not undo a decision");
    assert!(matches!(sim.status(&id(), NOON).await, Ok(BankStatus::Executed { .. })));

    assert_eq!(code(sim.start(payment("severn")).await), "id_reused");
    assert_eq!(code(sim.start(StartPayment { amount: Money::pence(1), ..payment("avon") }).await), "id_reused");
}

#[tokio::test]
async fn what_no_bank_would_start_is_refused() {
    let sim = banks(&MemoryNotebook::default());
    assert_eq!(code(sim.start(payment("nowhere")).await), "unknown_bank");
    assert_eq!(code(sim.start(StartPayment { amount: Money::pence(0), ..payment("avon") }).await), "bad_amount");
    assert_eq!(sim.page(&id()).await, Ok(None));
    assert_eq!(sim.decide(&id(), true, NOON).await, Ok(None));
}

#[tokio::test]
async fn a_refund_is_whole_and_made_once() {
    let sim = with_payment("pays").await;
    assert_eq!(code(sim.refund(&id(), Money::pounds(4_200)).await), "not_executed");
    sim.decide(&id(), true, NOON).await.unwrap();
    assert_eq!(code(sim.refund(&id(), Money::pounds(1)).await), "wrong_amount");
    let reference = sim.refund(&id(), Money::pounds(4_200)).await;
    assert_eq!(reference.as_deref(), Ok("RFABABABABABAB4BAB"));
    assert_eq!(sim.refund(&id(), Money::pounds(4_200)).await, reference, "the same refund again");
}

#[tokio::test]
async fn a_page_of_the_notebook_that_cannot_be_read_is_said_so() {
    let notebook = MemoryNotebook::default();
    notebook.put(format!("bank/{}", id()), "scribbles".to_owned()).await.unwrap();
    assert!(matches!(banks(&notebook).status(&id(), NOON).await, Err(ConnectError::Misconfigured(_))));
}

#[test]
fn pages_lie_beside_the_server_when_no_address_is_given() {
    let sim = SimBank::new(Arc::new(MemoryNotebook::default()), "");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let started = runtime.block_on(sim.start(payment("avon"))).unwrap();
    assert_eq!(started.authorise_url, "/sandbox/bank/abababab-abab-4bab-abab-abababababab/");
}
