//! What is kept of fraud screens, pay-later checkouts and Openpay, and the rules that hold it together.

#![expect(clippy::redundant_closure_for_method_calls, reason = "the path of a method does not fit every lifetime of a transaction")]

use florin_domain::apm::{ApmOrder, ApmProvider, ApmState};
use florin_domain::fault::Fault;
use florin_domain::fraud::{FraudDecision, FraudVerdict};
use florin_domain::instrument::{InstrumentId, InstrumentKind};
use florin_domain::movement::{MovementKind, PaidWith, Reference};
use florin_domain::openpay::{OpenpayAccount, OpenpayPart, OpenpayPlan};
use florin_domain::payment::Outcome;
use florin_domain::time::minutes;
use florin_domain::{ApmOrderId, FraudDecisionId};
use florin_store::{Store, StoreError, Tx};

use crate::bed::{NOW, on_both_engines, undone, write};
use crate::shoppers::{merchant, wallet};
use crate::transactions::{Part, card, conclude, dollars, follow_up, part, pay};

on_both_engines! {
    a_decision_is_read_back_by_receipt_and_written_once
    a_checkout_is_decided_and_used_once
    checkouts_are_forgotten_unless_they_were_used
    what_openpay_says_is_written_with_the_outcome
    honest_payments_break_no_rule
    changed_payments_are_found_out
}

fn decision(verdict: FraudVerdict) -> FraudDecision {
    FraudDecision {
        id: FraudDecisionId::from_random([1; 16]),
        client_id: "client-1".to_owned(),
        verdict,
        reason_code: verdict.reason_code().to_owned(),
        rules: vec!["amount".to_owned(), "velocity".to_owned()],
        decided_at: NOW,
    }
}

fn checkout(number: u8, state: ApmState) -> ApmOrder {
    let id = ApmOrderId::from_random([number; 16]);
    ApmOrder {
        id,
        provider: ApmProvider::Afterpay,
        merchant: merchant("10006").id,
        wallet: wallet(1),
        instrument: InstrumentId::ordered(ApmProvider::Afterpay, id),
        order_number: "ö-1".to_owned(),
        amount: dollars(5_000),
        return_url: Some("https://shop.example/back?a=b".to_owned()),
        state,
        created_at: NOW,
        expires_at: NOW.plus(minutes(60)),
    }
}

fn plan(transaction: &str, account: bool) -> OpenpayPlan {
    let account = account.then(|| OpenpayAccount { id: "BA1".to_owned(), name: "Amber Pty Ltd".to_owned(), abn: "51000000000".to_owned() });
    OpenpayPlan {
        transaction: transaction.to_owned(),
        order: "OPO-1".to_owned(),
        method: "INSTALMENTS".to_owned(),
        created_at: NOW,
        account,
    }
}

fn with(kind: InstrumentKind, instrument: InstrumentId) -> PaidWith {
    PaidWith { kind, instrument, network: None, bin: None, expiry: None, ..card() }
}

fn openpay(kind: MovementKind, minor: i64) -> Part {
    Part {
        paid_with: with(InstrumentKind::Openpay, InstrumentId::parse("a9f8b2c1-0000-4000-8000-000000000001").unwrap()),
        ..part(kind, minor)
    }
}

fn openpay_part(reference: Reference) -> OpenpayPart {
    let (store, channel) = (Some("4952110".to_owned()), Some("POS".to_owned()));
    OpenpayPart { reference, store, channel, gst: Some(dollars(91)), reason: None, plan: None }
}

async fn a_decision_is_read_back_by_receipt_and_written_once(store: &Store) {
    for (number, verdict) in (1..).zip(FraudVerdict::ALL) {
        let decision = FraudDecision { rules: if number == 1 { Vec::new() } else { decision(verdict).rules }, ..decision(verdict) };
        let (receipt, kept) = (Reference::FIRST.plus(number), decision.clone());
        let found = write(store, move |tx| {
            tx.insert_fraud_decision(receipt, &kept)?;
            tx.find_fraud_decision(receipt)
        });
        assert_eq!(found.await, Some(decision));
    }
    assert_eq!(write(store, |tx| tx.find_fraud_decision(Reference::FIRST)).await, None);
    let twice = store.write(|tx| tx.insert_fraud_decision(Reference::FIRST.plus(1), &decision(FraudVerdict::Accept))).await;
    assert!(matches!(twice, Err(StoreError::Conflict { .. })), "{twice:?}");
}

async fn a_checkout_is_decided_and_used_once(store: &Store) {
    let open = checkout(1, ApmState::Open);
    let approved = ApmOrder { state: ApmState::Approved { at: NOW }, ..open.clone() };
    let used = ApmOrder { state: ApmState::Used { at: NOW, receipt: Reference::FIRST }, ..open.clone() };
    let bare = ApmOrder { return_url: None, provider: ApmProvider::ZipPay, ..checkout(2, ApmState::Refused { at: NOW }) };
    let orders = (open.clone(), approved.clone(), used.clone(), bare.clone());
    let found = write(store, move |tx| {
        let (open, approved, used, bare) = &orders;
        tx.insert_apm_order(open)?;
        tx.insert_apm_order(bare)?;
        let mut found = vec![tx.find_apm_order(open.id)?, tx.find_apm_order(bare.id)?];
        tx.save_apm_order(approved, open.state)?;
        found.push(tx.find_apm_order(open.id)?);
        tx.save_apm_order(used, approved.state)?;
        found.push(tx.find_apm_order(open.id)?);
        found.push(tx.find_apm_order(ApmOrderId::from_random([3; 16]))?);
        Ok(found)
    });
    assert_eq!(found.await, [Some(open.clone()), Some(bare), Some(approved.clone()), Some(used), None]);
    let again = store.write(move |tx| tx.save_apm_order(&approved, ApmState::Open)).await;
    assert_eq!(again, Err(StoreError::Stale));
    let twice = store.write(move |tx| tx.insert_apm_order(&open)).await;
    assert!(matches!(twice, Err(StoreError::Conflict { .. })), "{twice:?}");
}

async fn checkouts_are_forgotten_unless_they_were_used(store: &Store) {
    let states = [ApmState::Open, ApmState::Approved { at: NOW }, ApmState::Refused { at: NOW }];
    let forgotten = write(store, move |tx| {
        for (number, state) in (1..).zip(states) {
            tx.insert_apm_order(&checkout(number, state))?;
        }
        tx.insert_apm_order(&checkout(9, ApmState::Used { at: NOW, receipt: Reference::FIRST }))?;
        Ok((tx.forget_apm_orders(NOW.plus(minutes(60)))?, tx.forget_apm_orders(NOW.plus(minutes(61)))?))
    });
    assert_eq!(forgotten.await, (0, 3));
    assert!(write(store, |tx| tx.find_apm_order(ApmOrderId::from_random([9; 16]))).await.is_some());
}

/// Writes a payment with Openpay down, with what the till said.
fn buys(tx: &mut Tx<'_>, kind: MovementKind) -> Result<Reference, StoreError> {
    let bought = pay(tx, vec![openpay(kind, 1_000), openpay(kind, 500)])?;
    for movement in &bought.movements {
        tx.insert_openpay_part(&openpay_part(movement.reference))?;
    }
    let done = |index: usize, transaction: &str| Outcome {
        movement: bought.movements[index].reference,
        service: None,
        result: Ok(transaction.to_owned()),
        plan: Some(plan(transaction, index == 0)),
    };
    let change = bought.clone().conclude(vec![done(0, "OPY-1"), done(1, "OPY-2")], Vec::new(), NOW);
    let saved = tx.save_transaction(change)?;
    for movement in saved.movements.iter().filter(|movement| movement.is_open()) {
        tx.put_job("expire_hold", &movement.reference.to_string(), NOW, None)?;
    }
    Ok(bought.movements[0].reference)
}

async fn what_openpay_says_is_written_with_the_outcome(store: &Store) {
    let (first, parts) = write(store, |tx| {
        let first = buys(tx, MovementKind::Purchase)?;
        Ok((first, tx.list_openpay_parts(first, first.plus(1))?))
    })
    .await;
    let expected = [
        OpenpayPart { plan: Some(plan("OPY-1", true)), ..openpay_part(first) },
        OpenpayPart { plan: Some(plan("OPY-2", false)), ..openpay_part(first.plus(1)) },
    ];
    assert_eq!(parts, expected);
    let bare = OpenpayPart {
        reference: Reference::FIRST.plus(90),
        store: None,
        channel: None,
        gst: None,
        reason: Some("broken".to_owned()),
        plan: None,
    };
    let kept = bare.clone();
    let found = write(store, move |tx| {
        tx.insert_openpay_part(&kept)?;
        tx.find_openpay_part(kept.reference)
    });
    assert_eq!(found.await, Some(bare));
    assert_eq!(write(store, |tx| tx.find_openpay_part(Reference::FIRST.plus(91))).await, None);
}

/// A day on which others had a say.
fn trade(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let held = buys(tx, MovementKind::Preauth)?;
    let freed = follow_up(tx, MovementKind::Void, held, 1_000)?;
    tx.insert_openpay_part(&OpenpayPart { plan: Some(plan("OPY-3", false)), ..openpay_part(freed.movements[0].reference) })?;
    conclude(tx, &freed, &[Ok("OPY-3")])?;

    let used = checkout(1, ApmState::Approved { at: NOW });
    tx.insert_apm_order(&used)?;
    tx.insert_apm_order(&checkout(2, ApmState::Open))?;
    let by = |instrument: &InstrumentId| with(InstrumentKind::Afterpay, instrument.clone());
    let bought = pay(tx, vec![Part { paid_with: by(&used.instrument), ..part(MovementKind::Purchase, 4_999) }])?;
    let spent = used.clone().pay(dollars(4_999), bought.receipt, (true, NOW)).unwrap();
    tx.save_apm_order(&spent, used.state)?;
    conclude(tx, &bought, &[Ok("A1")])?;
    let not_approved = checkout(2, ApmState::Open).instrument;
    let refused = pay(tx, vec![Part { paid_with: by(&not_approved), ..part(MovementKind::Purchase, 100) }])?;
    conclude(tx, &refused, &[Err(Fault::NotApproved)])?;

    for (verdict, result) in [(FraudVerdict::Review, Ok("A2")), (FraudVerdict::Reject, Err(Fault::FraudRejected))] {
        let judged = pay(tx, vec![part(MovementKind::Purchase, 700)])?;
        tx.insert_fraud_decision(judged.receipt, &decision(verdict))?;
        conclude(tx, &judged, &[result])?;
    }
    Ok(())
}

async fn honest_payments_break_no_rule(store: &Store) {
    write(store, trade).await;
    assert_eq!(write(store, |tx| tx.list_violations()).await, []);
    let counts = write(store, |tx| tx.list_counts()).await;
    assert!(counts.contains(&("pay-later checkouts", 2)) && counts.contains(&("fraud decisions", 2)), "{counts:?}");
}

async fn changed_payments_are_found_out(store: &Store) {
    write(store, trade).await;
    let frauds: [(&'static str, &str); 11] = [
        ("UPDATE apm_orders SET state = 'approved', receipt = NULL WHERE state = 'used'", "pay-later checkout"),
        ("UPDATE apm_orders SET receipt = receipt + 1 WHERE state = 'used'", "pay-later checkout"),
        ("UPDATE apm_orders SET amount_minor = 4998 WHERE state = 'used'", "pay-later checkout"),
        ("UPDATE apm_orders SET state = 'used', receipt = 7 WHERE state = 'open'", "pay-later checkout"),
        ("UPDATE movements SET instrument_kind = 'zip_pay' WHERE instrument_kind = 'afterpay'", "pay-later checkout"),
        ("DELETE FROM openpay_parts WHERE reason IS NULL AND plan_transaction = 'OPY-2'", "has its part"),
        ("UPDATE openpay_parts SET plan_transaction = NULL WHERE plan_transaction = 'OPY-1'", "has its particulars"),
        ("UPDATE movements SET state_detail = 'OPY-9' WHERE state_detail = 'OPY-3'", "has its particulars"),
        ("UPDATE openpay_parts SET gst_minor = 1001", "a tax is no more"),
        ("UPDATE fraud_decisions SET verdict = 'reject'", "what it rejects moves nothing"),
        ("DELETE FROM fraud_decisions WHERE verdict = 'reject'", "what it rejects moves nothing"),
    ];
    for (fraud, rule) in frauds {
        let found = undone(store, fraud).await.unwrap_err();
        assert!(found.iter().any(|violation| violation.rule.contains(rule)), "{fraud}: {found:?}");
    }
}
