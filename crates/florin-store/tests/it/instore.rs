//! What the nouns of the in-store family promise, on both engines, and the rules that hold them together.

#![expect(clippy::redundant_closure_for_method_calls, reason = "the path of a method does not fit every lifetime of a transaction")]

use florin_domain::fault::Fault;
use florin_domain::merchant::MerchantId;
use florin_domain::movement::MovementKind;
use florin_domain::occasion::Occasion;
use florin_domain::payment::{Atomicity, Transaction, TransactionKind};
use florin_domain::payment_request::PaymentRequest;
use florin_domain::qr::{Qr, QrReference};
use florin_domain::schema::{Payload, Schema};
use florin_domain::session::PaymentSession;
use florin_domain::terms::Acceptance;
use florin_domain::time::minutes;
use florin_domain::{PaymentRequestId, PaymentSessionId, QrId, SchemaId, Timestamp, TransactionId};
use florin_store::{OccasionFilter, OccasionOwner, Page, RequestFilter, Store, StoreError, Tx};

use crate::bed::{NOW, on_both_engines, undone, write};
use crate::shoppers::{merchant, wallet};
use crate::transactions::{ask_on, conclude, dollars, follow_up_on, part};

on_both_engines! {
    a_request_is_read_back_as_it_was_saved
    requests_are_listed_by_whether_they_can_be_paid
    a_session_is_read_back_as_it_was_saved
    a_code_is_read_back_and_taken_back
    preferences_are_kept_whole_and_terms_once
    schemas_are_listed_by_merchant
    transactions_are_found_by_whom_they_belong_to
    honest_sales_in_store_break_no_rule
    changed_sales_in_store_are_found_out
}

fn id(number: u8) -> TransactionId {
    TransactionId::from_random([number; 16])
}

fn payload(text: &str) -> Payload {
    Payload { schema: Some(SchemaId::from_random([4; 16])), json: Some(text.to_owned()) }
}

pub fn request(number: u8) -> PaymentRequest {
    PaymentRequest {
        id: PaymentRequestId::from_random([number; 16]),
        merchant: merchant("10006").id,
        merchant_reference: format!("täll {number}"),
        amount: dollars(1_000),
        max_uses: Some(1),
        uses: 0,
        expires_at: None,
        wallet: None,
        basket: None,
        pos_payload: None,
        merchant_payload: None,
        created_at: NOW.plus(minutes(number.into())),
        closed_at: None,
    }
}

pub fn session(number: u8) -> PaymentSession {
    PaymentSession {
        id: PaymentSessionId::from_random([number; 16]),
        merchant: merchant("10006").id,
        location: "läne 4".to_owned(),
        merchant_info: Payload { schema: None, json: None },
        customer_info: None,
        wallet: None,
        request: None,
        preapproval: None,
        payment: None,
        paid_at: None,
        created_at: NOW,
        expires_at: None,
        closed_at: None,
        closed_reason: None,
    }
}

/// Pays `request` in part `number`, at a till session if one is named.
fn occasion(number: u8, request: &PaymentRequest, transaction: &Transaction) -> Occasion {
    let minor = transaction.movements.iter().map(|movement| movement.amount.minor()).sum();
    Occasion {
        id: id(number),
        receipt: transaction.receipt,
        merchant: transaction.merchant.clone(),
        wallet: wallet(1),
        request: request.id,
        merchant_reference: request.merchant_reference.clone(),
        session: None,
        original: None,
        reason: None,
        gross: dollars(minor),
        holds_use: transaction.kind == TransactionKind::Payment,
        created_at: NOW.plus(minutes(number.into())),
    }
}

async fn a_request_is_read_back_as_it_was_saved(store: &Store) {
    let full = PaymentRequest {
        max_uses: None,
        uses: 3,
        expires_at: Some(NOW.plus(minutes(9))),
        wallet: Some(wallet(2)),
        basket: Some(r#"{"items":[]}"#.to_owned()),
        pos_payload: Some(payload("{}")),
        merchant_payload: Some(Payload { schema: None, json: Some("[1]".to_owned()) }),
        closed_at: Some(NOW),
        ..request(2)
    };
    let asked = [request(1), full];
    let expected = asked.clone();
    let found = write(store, move |tx| {
        for request in &asked {
            tx.insert_payment_request(request)?;
        }
        let unknown = tx.find_payment_request(request(9).id)?;
        assert_eq!((unknown, tx.save_payment_request(&request(9))), (None, Err(StoreError::Stale)));
        asked.iter().map(|request| tx.find_payment_request(request.id)).collect::<Result<Vec<_>, _>>()
    });
    assert_eq!(found.await, expected.map(Some));
    let saved = write(store, |tx| {
        tx.save_payment_request(&PaymentRequest { uses: 1, closed_at: Some(NOW), merchant_reference: String::new(), ..request(1) })?;
        tx.find_payment_request(request(1).id)
    });
    assert_eq!(saved.await, Some(PaymentRequest { uses: 1, closed_at: Some(NOW), ..request(1) }), "what is asked never changes");
    let twice = store.write(|tx| tx.insert_payment_request(&request(1))).await;
    assert!(matches!(twice, Err(StoreError::Conflict { .. })), "{twice:?}");
}

async fn requests_are_listed_by_whether_they_can_be_paid(store: &Store) {
    let now = NOW.plus(minutes(60));
    let asked = [
        request(1),
        PaymentRequest { uses: 1, ..request(2) },
        PaymentRequest { max_uses: None, uses: 7, ..request(3) },
        PaymentRequest { expires_at: Some(now), ..request(4) },
        PaymentRequest { expires_at: Some(now.plus(minutes(1))), ..request(5) },
        PaymentRequest { closed_at: Some(NOW), ..request(6) },
        PaymentRequest { merchant: merchant("petculture").id, ..request(7) },
    ];
    write(store, move |tx| asked.iter().try_for_each(|request| tx.insert_payment_request(request))).await;
    let list = async |filter, page| {
        let of = merchant("10006").id;
        let (total, listed) = write(store, move |tx| tx.list_payment_requests(&of, filter, page, now)).await;
        (total, listed.iter().map(|request| request.id.as_bytes()[0]).collect::<Vec<_>>())
    };
    assert_eq!(list(RequestFilter::Active, Page::FIRST).await, (3, vec![5, 3, 1]));
    assert_eq!(list(RequestFilter::Inactive, Page::FIRST).await, (3, vec![6, 4, 2]));
    assert_eq!(list(RequestFilter::All, Page { number: 2, size: 4 }).await, (6, vec![2, 1]));
    assert_eq!(list(RequestFilter::All, Page { number: u32::MAX, size: u32::MAX }).await, (6, vec![]));
}

async fn a_session_is_read_back_as_it_was_saved(store: &Store) {
    let full = PaymentSession {
        merchant_info: payload("{\"a\":1}"),
        customer_info: Some(Payload { schema: None, json: Some("{}".to_owned()) }),
        wallet: Some(wallet(1)),
        request: Some(request(1).id),
        preapproval: Some(vec![0, 255]),
        payment: Some(id(1)),
        paid_at: Some(NOW),
        expires_at: Some(NOW.plus(minutes(1))),
        closed_at: Some(NOW),
        closed_reason: Some("gone".to_owned()),
        ..session(1)
    };
    let expected = full.clone();
    let found = write(store, move |tx| {
        tx.insert_session(&PaymentSession { expires_at: full.expires_at, ..session(1) })?;
        tx.insert_session(&full_elsewhere(&full))?;
        tx.save_session(&full)?;
        assert_eq!(tx.save_session(&session(9)), Err(StoreError::Stale));
        Ok((tx.find_session(session(1).id)?, tx.find_session(session(2).id)?, tx.find_session(session(9).id)?))
    });
    assert_eq!(found.await, (Some(expected.clone()), Some(full_elsewhere(&expected)), None));

    let listed = write(store, |tx| {
        for (number, request_id, is_over) in [(3, 1, false), (4, 1, false), (5, 2, false), (6, 1, true)] {
            let paid_by = is_over.then(|| id(number));
            let created_at = NOW.plus(minutes(number.into()));
            tx.insert_session(&PaymentSession { request: Some(request(request_id).id), payment: paid_by, created_at, ..session(number) })?;
        }
        tx.list_sessions_of(request(1).id)
    });
    assert_eq!(listed.await.iter().map(|session| session.id.as_bytes()[0]).collect::<Vec<_>>(), [4, 3]);
}

fn full_elsewhere(full: &PaymentSession) -> PaymentSession {
    PaymentSession { id: session(2).id, ..full.clone() }
}

async fn a_code_is_read_back_and_taken_back(store: &Store) {
    let code = |number: u8, reference| Qr {
        id: QrId::from_random([number; 16]),
        merchant: merchant("10006").id,
        reference,
        content: "https://shöp.example/qr".to_owned(),
        created_at: NOW,
        expires_at: (number == 1).then(|| NOW.plus(minutes(1))),
        cancelled_at: None,
    };
    let first = code(1, QrReference::Request(request(1).id));
    let second = code(2, QrReference::Session(session(1).id));
    let expected = (Some(Qr { cancelled_at: Some(NOW), ..first.clone() }), Some(second.clone()), None);
    let found = write(store, move |tx| {
        tx.insert_qr(&first)?;
        tx.insert_qr(&second)?;
        tx.save_qr(&first.clone().cancel(NOW).unwrap())?;
        Ok((tx.find_qr(first.id)?, tx.find_qr(second.id)?, tx.find_qr(QrId::from_random([9; 16]))?))
    });
    assert_eq!(found.await, expected);
}

async fn preferences_are_kept_whole_and_terms_once(store: &Store) {
    let found = write(store, |tx| {
        tx.keep_preferences("wallet/1", "{\"a\":1}", NOW)?;
        tx.keep_preferences("wallet/1", "{}", NOW)?;
        tx.keep_preferences("merchant/1", "{\"ü\":1}", NOW)?;
        let found = (tx.find_preferences("wallet/1")?, tx.find_preferences("merchant/1")?);
        assert!(tx.remove_preferences("wallet/1")? && !tx.remove_preferences("wallet/1")?);
        Ok((found, tx.find_preferences("wallet/1")?))
    });
    assert_eq!(found.await, ((Some("{}".to_owned()), Some("{\"ü\":1}".to_owned())), None));

    let word = |version: &str, at: Timestamp| Acceptance {
        wallet: wallet(1),
        kind: "EVERYDAY_PAY".to_owned(),
        version: version.to_owned(),
        accepted_at: at,
    };
    let later = NOW.plus(minutes(1));
    let expected = [word("2", NOW), word("1", later)];
    let listed = write(store, move |tx| {
        for word in [word("2", NOW), word("1", later), word("2", later), Acceptance { wallet: wallet(2), ..word("3", NOW) }] {
            tx.accept_terms(&word)?;
        }
        let listed = tx.list_acceptances(wallet(1))?;
        assert_eq!((tx.remove_acceptances(wallet(1))?, tx.list_acceptances(wallet(1))?), (2, Vec::new()));
        Ok(listed)
    });
    assert_eq!(listed.await, expected);
}

async fn schemas_are_listed_by_merchant(store: &Store) {
    let schema = |number: u8, of: &str| Schema {
        id: SchemaId::from_random([number; 16]),
        merchant: MerchantId::parse(of).unwrap(),
        kind: "pos".to_owned(),
        description: (number == 1).then(|| "Ä".to_owned()),
        json: "{\"type\":\"object\"}".to_owned(),
        created_at: NOW.plus(minutes(number.into())),
    };
    let all = [schema(2, "10006"), schema(1, "10006"), schema(3, "petculture")];
    let expected = (vec![schema(1, "10006"), schema(2, "10006")], 2, Some(schema(3, "petculture")), None);
    let found = write(store, move |tx| {
        all.iter().try_for_each(|schema| tx.insert_schema(schema))?;
        let of = merchant("10006").id;
        let (third, none) = (SchemaId::from_random([3; 16]), SchemaId::from_random([9; 16]));
        Ok((tx.list_schemas(&of)?, tx.count_schemas(&of)?, tx.find_schema(third)?, tx.find_schema(none)?))
    });
    assert_eq!(found.await, expected);
}

/// Pays a request on an occasion of its own number, and answers the movements.
fn sell(tx: &mut Tx<'_>, number: u8, kind: MovementKind, results: &[Result<&str, Fault>]) -> Result<Transaction, StoreError> {
    let is_done = results.iter().all(Result::is_ok);
    let asked = PaymentRequest { uses: u32::from(is_done), ..request(number) };
    let minor = asked.amount.minor() / i64::try_from(results.len()).unwrap();
    let parts = results.iter().map(|_| part(kind, minor)).collect();
    let transaction = ask_on(tx, TransactionKind::Payment, Atomicity::AllOrNothing, parts, Some(id(number)))?;
    tx.insert_payment_request(&asked)?;
    tx.insert_occasion(&Occasion { holds_use: is_done, ..occasion(number, &asked, &transaction) })?;
    conclude(tx, &transaction, results)
}

/// A day in the shop: payments that went well and not, one at a till session, a refund, and a session in every state.
fn trade(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let sold = sell(tx, 1, MovementKind::Purchase, &[Ok("A1"), Ok("A2")])?;
    sell(tx, 2, MovementKind::Purchase, &[Err(Fault::Declined)])?;
    let refund = follow_up_on(tx, MovementKind::Refund, sold.movements[0].reference, 200, Some(id(3)))?;
    tx.insert_occasion(&Occasion { original: Some(id(1)), reason: Some("bröken".to_owned()), ..occasion(3, &request(1), &refund) })?;
    conclude(tx, &refund, &[Ok("R1")])?;

    let asked = PaymentRequest { uses: 1, ..request(4) };
    tx.insert_payment_request(&asked)?;
    let paying = ask_on(tx, TransactionKind::Payment, Atomicity::AllOrNothing, vec![part(MovementKind::Purchase, 1_000)], Some(id(4)))?;
    let linked = PaymentSession { request: Some(asked.id), wallet: Some(wallet(1)), ..session(1) };
    tx.insert_occasion(&Occasion { session: Some(linked.id), ..occasion(4, &asked, &paying) })?;
    tx.insert_session(&linked.begin_payment(id(4), wallet(1)))?;

    let approved = PaymentSession { preapproval: Some(vec![1]), wallet: Some(wallet(1)), ..session(2) };
    tx.insert_session(&approved)?;
    tx.insert_session(&PaymentSession { request: Some(request(2).id), id: session(3).id, ..approved })?;
    tx.put_job("pay_preapproved", &session(3).id.to_string(), NOW, None)?;
    tx.insert_session(&PaymentSession { wallet: Some(wallet(1)), ..session(4) })?;
    tx.insert_session(&PaymentSession { closed_at: Some(NOW), ..session(5) })?;
    tx.insert_session(&session(6))
}

async fn transactions_are_found_by_whom_they_belong_to(store: &Store) {
    write(store, trade).await;
    let seek = async |filter: OccasionFilter, page| {
        let (total, listed) = write(store, move |tx| tx.list_occasions(&filter, page)).await;
        assert!(listed.iter().all(|(occasion, transaction)| transaction.occasion == Some(occasion.id)));
        (total, listed.iter().map(|(occasion, _)| occasion.id.as_bytes()[0]).collect::<Vec<_>>())
    };
    let of = |owner| OccasionFilter { owner, request: None, session: None, from: None, to: None };
    let shop = || of(OccasionOwner::Merchant(merchant("10006").id));
    let shopper = || of(OccasionOwner::Wallet(wallet(1)));
    for all in [shop(), shopper()] {
        assert_eq!(seek(all.clone(), Page::FIRST).await, (4, vec![4, 3, 2, 1]));
        assert_eq!(seek(all.clone(), Page { number: 2, size: 3 }).await, (4, vec![1]));
        let about = OccasionFilter { request: Some(request(1).id), ..all.clone() };
        assert_eq!(seek(about, Page::FIRST).await, (2, vec![3, 1]));
        let here = OccasionFilter { session: Some(session(1).id), ..all.clone() };
        assert_eq!(seek(here.clone(), Page::FIRST).await, (1, vec![4]));
        assert_eq!(seek(OccasionFilter { request: Some(request(1).id), ..here }, Page::FIRST).await, (0, vec![]));
        let between = OccasionFilter { from: Some(NOW.plus(minutes(2))), to: Some(NOW.plus(minutes(3))), ..all };
        assert_eq!(seek(between, Page::FIRST).await, (2, vec![3, 2]));
    }
    for owner in [OccasionOwner::Merchant(merchant("petculture").id), OccasionOwner::Wallet(wallet(2))] {
        let none = OccasionFilter { session: Some(session(1).id), ..of(owner.clone()) };
        assert_eq!((seek(of(owner), Page::FIRST).await, seek(none, Page::FIRST).await), ((0, vec![]), (0, vec![])));
    }
    let (refund, sale, none) = write(store, |tx| Ok((tx.find_occasion(id(3))?, tx.find_occasion(id(1))?, tx.find_occasion(id(9))?))).await;
    let (refund, sale) = (refund.unwrap(), sale.unwrap());
    assert_eq!((refund.original, refund.reason.as_deref(), refund.holds_use), (Some(sale.id), Some("bröken"), false));
    assert_eq!((sale.holds_use, sale.gross, none), (true, dollars(1_000), None));
    let let_go = write(store, |tx| tx.hold_use(id(1), false).and_then(|()| tx.find_occasion(id(1)))).await;
    assert_eq!(let_go, Some(Occasion { holds_use: false, ..sale }));
}

async fn honest_sales_in_store_break_no_rule(store: &Store) {
    write(store, trade).await;
    assert_eq!(write(store, |tx| tx.list_violations()).await, []);
    let counts = write(store, |tx| tx.list_counts()).await;
    for expected in [("payment requests", 3), ("payment sessions", 6), ("transactions in store", 4)] {
        assert!(counts.contains(&expected), "{expected:?} in {counts:?}");
    }
}

async fn changed_sales_in_store_are_found_out(store: &Store) {
    write(store, trade).await;
    let frauds: [(&'static str, &str); 22] = [
        ("UPDATE payment_requests SET uses = 2 WHERE uses = 1", "the uses of a payment request"),
        ("UPDATE payment_requests SET uses = 0", "the uses of a payment request"),
        ("UPDATE payment_requests SET max_uses = 0 WHERE uses = 1", "no more often than it may be"),
        ("UPDATE occasions SET holds_use = 1 - holds_use", "holds a use of its request"),
        ("UPDATE transactions SET state = 'rejected' WHERE state = 'approved' AND kind = 'payment'", "holds a use of its request"),
        ("UPDATE transactions SET occasion_id = NULL WHERE kind = 'refund'", "every transaction in store"),
        ("UPDATE occasions SET merchant_id = 'petculture'", "every transaction in store"),
        ("DELETE FROM occasions WHERE original_id IS NOT NULL", "every transaction in store"),
        ("DELETE FROM payment_requests WHERE uses = 0", "every transaction in store"),
        ("UPDATE occasions SET original_id = session_id WHERE session_id IS NOT NULL", "every transaction in store"),
        ("UPDATE occasions SET gross_minor = gross_minor + 1", "adds up from its parts"),
        ("UPDATE payment_requests SET amount_minor = 999 WHERE uses = 1", "is of what its request asks"),
        ("UPDATE payment_requests SET currency = 'GBP' WHERE uses = 1", "is of what its request asks"),
        ("UPDATE occasions SET original_id = NULL", "only what follows one has an original"),
        ("UPDATE payment_sessions SET state = 'created'", "stands where its facts say"),
        ("UPDATE payment_sessions SET wallet_id = NULL WHERE state = 'associated'", "stands where its facts say"),
        ("UPDATE payment_sessions SET paid_at = 1, state = 'paid' WHERE state = 'paying'", "is paid when its payment is"),
        ("UPDATE payment_sessions SET payment_id = session_id WHERE state = 'paying'", "is paid when its payment is"),
        ("UPDATE payment_sessions SET payment_id = NULL, state = 'linked' WHERE state = 'paying'", "is paid when its payment is"),
        ("UPDATE occasions SET session_id = NULL", "is paid when its payment is"),
        ("DELETE FROM payment_sessions WHERE state = 'paying'", "is paid when its payment is"),
        ("DELETE FROM jobs WHERE kind = 'pay_preapproved'", "approved beforehand has its job"),
    ];
    for (fraud, rule) in frauds {
        let found = undone(store, fraud).await.unwrap_err();
        assert!(found.iter().any(|violation| violation.rule.contains(rule)), "{fraud}: {found:?}");
    }
    assert_eq!(write(store, |tx| tx.list_violations()).await, []);
}
