//! The rules of card sales: an honest database breaks none, and every fraud is found out by its rule.

#![expect(clippy::redundant_closure_for_method_calls, reason = "the path of a method does not fit every lifetime of a transaction")]

use florin_domain::SettlementId;
use florin_domain::fault::Fault;
use florin_domain::movement::MovementKind;
use florin_domain::payment::{Atomicity, GiftCardMove, Outcome, Transaction, TransactionKind};
use florin_domain::settlement::Settlement;
use florin_store::{Store, StoreError, Tx};

use crate::bed::{NOW, on_both_engines, undone, write};
use crate::shoppers::seller;
use crate::transactions::{Part, ask, conclude, dollars, follow_up, gift_card, on_gift_card, part, pay};

on_both_engines! {
    honest_sales_break_no_rule
    changed_sales_are_found_out
}

/// The rule of a transaction and its parts.
const STANDS: &str = "stands where its parts do";
/// The rule of a movement by itself.
const DID: &str = "what a movement did";

/// A day at the till: something of everything, finished and not.
fn trade(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    use MovementKind::{Completion, Preauth, Purchase, Refund, Void};
    let bought = pay(tx, vec![part(Purchase, 10_000)])?;
    let bought = conclude(tx, &bought, &[Ok("A1")])?.movements[0].reference;
    let refund = follow_up(tx, Refund, bought, 400)?;
    conclude(tx, &refund, &[Ok("R1")])?;
    follow_up(tx, Refund, bought, 100)?; // Asked, and no answer.

    let held = pay(tx, vec![part(Preauth, 1_000), part(Preauth, 700), part(Preauth, 500), part(Preauth, 300)])?;
    let held = conclude(tx, &held, &[Ok("A2"), Ok("A3"), Ok("A4"), Ok("A5")])?;
    let number = |index: usize| held.movements[index].reference;
    let taken = follow_up(tx, Completion, number(0), 400)?;
    conclude(tx, &taken, &[Ok("C1")])?;
    let freed = follow_up(tx, Void, number(1), 700)?;
    conclude(tx, &freed, &[Ok("V1")])?;
    follow_up(tx, Completion, number(3), 300)?; // Asked, and no answer.

    turn_back(tx)?;
    spend_gift_card(tx)?;
    settle(tx)
}

/// Says what came of putting back each part of a payment.
fn put_back(tx: &mut Tx<'_>, refused: &Transaction, results: &[Result<&str, Fault>]) -> Result<Transaction, StoreError> {
    let said = refused.movements.iter().zip(results);
    let outcomes = said.map(|(movement, result)| Outcome {
        movement: movement.reference,
        service: None,
        result: result.map(str::to_owned),
        plan: None,
    });
    tx.save_transaction(refused.clone().put_back(outcomes.collect(), NOW))
}

/// Payments of which a part was refused, in every way in which they can end, and one that has not ended.
fn turn_back(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    use MovementKind::{Preauth, Purchase};
    let answers = [Ok("A6"), Ok("A7"), Err(Fault::NotSent)];
    let refused = |tx: &mut Tx<'_>, atomicity| {
        let parts = vec![part(Purchase, 333), part(Preauth, 700), part(Purchase, 1)];
        let asked = ask(tx, TransactionKind::Payment, atomicity, parts)?;
        conclude(tx, &asked, &answers)
    };
    refused(tx, Atomicity::AllOrNothing)?; // Being put back.
    refused(tx, Atomicity::SkipRollback)?;
    refused(tx, Atomicity::KeepSuccesses)?;
    let none = pay(tx, vec![part(Purchase, 50)])?;
    conclude(tx, &none, &[Err(Fault::Declined)])?;

    let back = refused(tx, Atomicity::AllOrNothing)?;
    put_back(tx, &back, &[Ok("B1"), Ok("B2")])?;
    let late = refused(tx, Atomicity::AllOrNothing)?;
    let late = put_back(tx, &late, &[Ok("B1"), Ok("B2")])?;
    // What was taken for never sent turns up when the others are back.
    let late = conclude(tx, &late, &[Ok("A6"), Ok("A7"), Ok("A8")])?;
    put_back(tx, &late, &[Ok("B1"), Ok("B2"), Ok("B3")])?;

    let stuck = refused(tx, Atomicity::AllOrNothing)?;
    let stuck = put_back(tx, &stuck, &[Err(Fault::Declined), Ok("B2")])?;
    let given = follow_up(tx, MovementKind::Refund, stuck.movements[0].reference, 333)?;
    conclude(tx, &given, &[Ok("R2")])?;
    Ok(())
}

fn spend_gift_card(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let card = gift_card();
    let step = |balance, held| GiftCardMove { fingerprint: card.fingerprint, balance, held };
    let with_card = |kind, minor| vec![Part { paid_with: on_gift_card(), ..part(kind, minor) }];
    tx.insert_gift_card(&card, &card.issued(NOW))?;
    assert!(tx.move_gift_card(&step(-1_500, 0))? && tx.move_gift_card(&step(0, 800))? && tx.move_gift_card(&step(0, 600))?);
    let bought = pay(tx, with_card(MovementKind::Purchase, 1_500))?;
    let bought = conclude(tx, &bought, &[Ok("G1")])?.movements[0].reference;
    let refund = follow_up(tx, MovementKind::Refund, bought, 200)?;
    conclude(tx, &refund, &[Ok("G2")])?;
    let open = pay(tx, with_card(MovementKind::Preauth, 800))?;
    conclude(tx, &open, &[Ok("G3")])?;
    let held = pay(tx, with_card(MovementKind::Preauth, 600))?;
    let held = conclude(tx, &held, &[Ok("G4")])?.movements[0].reference;
    let taken = follow_up(tx, MovementKind::Completion, held, 450)?;
    conclude(tx, &taken, &[Ok("G5")])?;
    let left = tx.find_gift_card(&card.fingerprint)?.unwrap();
    assert_eq!((left.balance, left.held), (dollars(5_000 - 1_500 + 200 - 450), dollars(800)));
    Ok(())
}

fn settle(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    for (number, minor, is_sent) in [(1, 1_000, true), (2, 3_000, false)] {
        let settlement = Settlement {
            id: SettlementId::from_random([number; 16]),
            seller: seller().id,
            amount: dollars(minor),
            created_at: NOW,
            sent: None,
        };
        tx.insert_settlement(&settlement)?;
        if is_sent {
            let (sent, entry) = settlement.send("bank".to_owned(), NOW).unwrap();
            tx.save_settlement(&sent, &entry)?;
        } else {
            tx.put_job("settle_out", &settlement.id.to_string(), NOW, None)?;
        }
    }
    Ok(())
}

async fn honest_sales_break_no_rule(store: &Store) {
    assert_eq!(write(store, |tx| tx.list_violations()).await, [], "an empty database breaks no rule");
    write(store, trade).await;
    assert_eq!(write(store, |tx| tx.list_violations()).await, []);
    let counts = write(store, |tx| tx.list_counts()).await;
    for expected in [("transactions", 20), ("movements", 35), ("gift cards", 1), ("instruments", 0), ("merchants", 0), ("agreements", 0)] {
        assert!(counts.contains(&expected), "{expected:?} in {counts:?}");
    }
    assert!(Tx::count_rules() > 30);
}

async fn changed_sales_are_found_out(store: &Store) {
    write(store, trade).await;
    let frauds: [(&'static str, &str); 44] = [
        ("UPDATE movements SET captured_minor = amount_minor + 1 WHERE reference = 1000000000000002", "no more is captured"),
        ("UPDATE movements SET captured_minor = -1 WHERE kind = 'void'", "no more is captured"),
        ("UPDATE movements SET refunded_minor = captured_minor + 1 WHERE reference = 1000000000000002", "no more is given back"),
        ("UPDATE movements SET refunded_minor = 400 WHERE reference = 1000000000000002", "the sum of its refunds"),
        ("UPDATE movements SET original = NULL WHERE kind = 'refund'", "the sum of its refunds"),
        ("UPDATE movements SET hold = 'expired' WHERE hold = 'completed'", "was taken by one completion"),
        ("UPDATE movements SET captured_minor = captured_minor - 1 WHERE hold = 'completed'", "was taken by one completion"),
        ("UPDATE movements SET state = 'done', state_detail = 'x' WHERE kind = 'completion'", "was taken by one completion"),
        ("UPDATE movements SET hold = 'expired' WHERE hold = 'voided'", "was freed by one void"),
        ("UPDATE movements SET hold = 'expired' WHERE hold = 'open'", "what issuers hold"),
        ("DELETE FROM legs WHERE account = 'authorisation_holds' AND amount_minor = 500", "add up to zero"),
        ("UPDATE gift_cards SET balance_minor = balance_minor + 1", "what is on gift cards"),
        ("UPDATE gift_cards SET held_minor = held_minor - 1", "held of a gift card"),
        ("UPDATE movements SET hold = 'expired' WHERE hold = 'open' AND instrument_kind = 'gift_card'", "held of a gift card"),
        ("UPDATE movements SET captured_minor = 9999 WHERE reference = 1000000000000002", "card collections"),
        ("UPDATE balances SET unsettled_minor = unsettled_minor + 1", "every seller is owed"),
        ("UPDATE settlements SET sent_at = 1, bank_reference = 'x' WHERE sent_at IS NULL", "every seller is owed"),
        ("UPDATE balances SET currency = 'GBP'", "every seller is owed"),
        ("DELETE FROM movements WHERE reference = 1000000000000002", "every transaction has its parts"),
        ("DELETE FROM transactions WHERE receipt = 1000000000000001", "every transaction has its parts"),
        ("UPDATE transactions SET state = 'processing' WHERE receipt = 1000000000000001", "is processing while"),
        ("UPDATE transactions SET state = 'approved' WHERE state = 'processing'", "is processing while"),
        ("UPDATE transactions SET state = 'rejected' WHERE receipt = 1000000000000001", STANDS),
        ("UPDATE transactions SET state = 'partly_approved' WHERE receipt = 1000000000000001", STANDS),
        ("UPDATE transactions SET state = 'approved' WHERE state = 'partly_approved'", STANDS),
        ("UPDATE transactions SET state = 'rejected' WHERE state = 'partly_approved'", STANDS),
        ("UPDATE transactions SET state = 'approved' WHERE put_back = 'failed'", STANDS),
        ("UPDATE transactions SET put_back = 'not_required' WHERE put_back = 'failed'", STANDS),
        ("UPDATE transactions SET put_back = 'successful' WHERE put_back = 'failed'", STANDS),
        ("UPDATE transactions SET put_back = 'failed' WHERE put_back = 'successful'", STANDS),
        ("UPDATE transactions SET put_back = 'not_required' WHERE put_back = 'required' AND state = 'processing'", STANDS),
        ("UPDATE transactions SET atomicity = 'all_or_nothing' WHERE atomicity = 'skip_rollback'", STANDS),
        ("UPDATE movements SET state = 'done', state_detail = 'x' WHERE state_detail = 'declined'", STANDS),
        ("UPDATE movements SET captured_minor = amount_minor - 1 WHERE reference = 1000000000000002", DID),
        ("UPDATE movements SET captured_minor = amount_minor WHERE state = 'refused'", DID),
        ("UPDATE movements SET captured_minor = amount_minor WHERE state = 'reversed' AND kind = 'purchase'", DID),
        ("UPDATE movements SET captured_minor = amount_minor WHERE hold = 'open'", DID),
        ("UPDATE movements SET hold = NULL WHERE hold = 'open'", DID),
        ("UPDATE movements SET hold = 'open' WHERE hold = 'voided' AND state = 'reversed'", DID),
        ("UPDATE movements SET expires_at = NULL WHERE hold = 'open'", DID),
        ("UPDATE movements SET original = NULL WHERE kind = 'void'", DID),
        ("UPDATE movements SET original = reference WHERE kind = 'purchase'", DID),
        ("DELETE FROM jobs WHERE kind = 'expire_hold'", "have their jobs"),
        ("DELETE FROM jobs WHERE kind = 'settle_out'", "have their jobs"),
    ];
    for (fraud, rule) in frauds {
        let found = undone(store, fraud).await.unwrap_err();
        assert!(found.iter().any(|violation| violation.rule.contains(rule)), "{fraud}: {found:?}");
    }
}
