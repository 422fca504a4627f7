//! The rules of idempotency keys: an honest database breaks none, and every fraud is found out by its rule.

#![expect(clippy::redundant_closure_for_method_calls, reason = "the path of a method does not fit every lifetime of a transaction")]

use florin_domain::merchant::MerchantId;
use florin_domain::movement::MovementKind;
use florin_domain::qr::{Qr, QrReference};
use florin_domain::{PaymentRequestId, PaymentSessionId, QrId};
use florin_store::{IdempotencyRecord, Store, StoreError, Tx};

use crate::bed::{NOW, on_both_engines, undone, write};
use crate::instore::{request, session};
use crate::shoppers::{merchant, wallet};
use crate::transactions::{conclude, part, pay};

on_both_engines! {
    honest_keys_break_no_rule
    changed_keys_are_found_out
}

fn made(tx: &mut Tx<'_>, scope: &str, key: &str, body: &[u8]) -> Result<(), StoreError> {
    tx.insert_answer(scope, key, &IdempotencyRecord { fingerprint: [3; 32], status: 0, body: body.to_vec() }, NOW)
}

fn code(tx: &mut Tx<'_>, number: u8, reference: QrReference) -> Result<QrId, StoreError> {
    let id = QrId::from_random([number; 16]);
    let merchant: MerchantId = merchant("10006").id;
    tx.insert_qr(&Qr { id, merchant, reference, content: String::new(), created_at: NOW, expires_at: None, cancelled_at: None })?;
    Ok(id)
}

/// A key of everything that keys make.
fn trade(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let shop = format!("wpay:{}", merchant("10006").id);
    let shopper = format!("{shop}:{}", wallet(1));
    for (scope, key) in [(&shop, "refund"), (&shopper, "pay"), (&format!("{shopper}:charge"), "agree")] {
        let bought = pay(tx, vec![part(MovementKind::Purchase, 100)])?;
        conclude(tx, &bought, &[Ok("A1")])?;
        made(tx, scope, key, bought.receipt.to_string().as_bytes())?;
    }
    tx.execute("UPDATE transactions SET agreement_id = 'an agreement' WHERE receipt = 1000000000000005", &[])?;
    let (asked, at_till): (PaymentRequestId, PaymentSessionId) = (request(1).id, session(3).id);
    tx.insert_payment_request(&request(1))?;
    tx.insert_payment_request(&request(2))?;
    tx.insert_session(&session(3))?;
    let drawn = code(tx, 1, QrReference::Session(at_till))?;
    let later = code(tx, 2, QrReference::Request(asked))?;
    made(tx, &format!("payment request:{}", merchant("10006").id), "ask", format!("{asked} ").as_bytes())?;
    made(tx, &shop, "open", format!("{at_till} {drawn}").as_bytes())?;
    made(tx, &shop, "draw", format!(" {later}").as_bytes())?;
    made(tx, &shop, "forgotten", asked.to_string().as_bytes())?;
    made(tx, &shopper, "screened", format!("{asked} {{\"ä\":1}}").as_bytes())?;
    made(tx, &shop, "close", b"")?;
    made(tx, &shop, "\u{fc}", b"")
}

async fn honest_keys_break_no_rule(store: &Store) {
    write(store, trade).await;
    assert_eq!(write(store, |tx| tx.list_violations()).await, []);
}

async fn changed_keys_are_found_out(store: &Store) {
    write(store, trade).await;
    let (receipt, id) = ("made a transaction", "made a request");
    let frauds: [(&'static str, &str); 16] = [
        ("DELETE FROM transactions WHERE receipt = 1000000000000001", receipt),
        ("UPDATE transactions SET merchant_id = 'petculture' WHERE receipt = 1000000000000001", receipt),
        ("UPDATE transactions SET wallet_id = merchant_id WHERE receipt = 1000000000000003", receipt),
        ("UPDATE idempotency SET scope = 'wpay:petculture' WHERE idem_key = 'refund'", receipt),
        ("UPDATE idempotency SET scope = 'wpay:10006:charge' WHERE idem_key = 'agree'", receipt),
        ("UPDATE transactions SET agreement_id = NULL", receipt),
        ("UPDATE idempotency SET body = (SELECT body FROM idempotency WHERE idem_key = 'refund') WHERE idem_key = 'pay'", receipt),
        ("UPDATE idempotency SET body = SUBSTR(body, 1, 15) WHERE idem_key = 'pay'", receipt),
        ("UPDATE idempotency SET body = SUBSTR(body, 1, 16) WHERE idem_key = 'open'", receipt),
        ("DELETE FROM payment_requests WHERE uses = 0", id),
        ("UPDATE payment_requests SET merchant_id = 'petculture'", id),
        ("DELETE FROM payment_sessions", id),
        ("DELETE FROM qr_codes WHERE session_id IS NOT NULL", id),
        ("DELETE FROM qr_codes WHERE request_id IS NOT NULL", id),
        ("UPDATE qr_codes SET session_id = qr_id WHERE session_id IS NOT NULL", id),
        ("UPDATE idempotency SET body = (SELECT body FROM idempotency WHERE idem_key = 'draw') WHERE idem_key = 'ask'", id),
    ];
    for (fraud, rule) in frauds {
        let found = undone(store, fraud).await.unwrap_err();
        assert!(found.iter().any(|violation| violation.rule.contains(rule)), "{fraud}: {found:?}");
    }
    assert_eq!(write(store, |tx| tx.list_violations()).await, []);
}
