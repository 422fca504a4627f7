//! Payments for the tests of answers.

use florin_domain::card::CardExpiry;
use florin_domain::instrument::{InstrumentId, InstrumentKind};
use florin_domain::merchant::MerchantId;
use florin_domain::movement::{Movement, MovementKind, MovementState, PaidWith, Reference, Service};
use florin_domain::payment::{Atomicity, Rollback, Transaction, TransactionKind, TransactionState};
use florin_domain::{Currency, InstrumentToken, Money, SellerId, Timestamp, WalletId};

/// The outcome of what happened.
pub fn done() -> MovementState {
    MovementState::Done { reference: "acquirer-1".to_owned() }
}

/// What the network says.
pub fn said(code: &str, message: &str) -> Service {
    Service { code: code.to_owned(), message: message.to_owned() }
}

/// The `number`-th movement after the first receipt: a card purchase that has just been asked for.
pub fn movement(number: i64, minor: i64) -> Movement {
    let number_byte = u8::try_from(number).unwrap();
    let paid_with = PaidWith {
        instrument: InstrumentId::kept(90_730 + number),
        token: InstrumentToken::from_random([number_byte; 16]),
        kind: InstrumentKind::Card,
        network: Some("VISA".to_owned()),
        bin: Some("401200".to_owned()),
        suffix: Some("1881".to_owned()),
        expiry: Some(CardExpiry { year: 2030, month: 4 }),
        fingerprint: [0; 32],
    };
    Movement::asked((Reference::FIRST, number), MovementKind::Purchase, Money::new(minor, Currency::Aud), paid_with)
}

/// The same movement with another kind of instrument, which has neither a number nor an expiry.
pub fn with(kind: InstrumentKind, movement: Movement) -> Movement {
    let paid_with = PaidWith { kind, network: None, bin: None, suffix: None, expiry: None, ..movement.paid_with };
    Movement { paid_with, ..movement }
}

/// A payment of these movements.
pub fn payment(state: TransactionState, atomicity: Atomicity, movements: Vec<Movement>) -> Transaction {
    Transaction {
        receipt: Reference::FIRST,
        merchant: MerchantId::parse("10006").unwrap(),
        seller: SellerId::from_random([1; 16]),
        wallet: WalletId::from_random([2; 16]),
        kind: TransactionKind::Payment,
        client_reference: "c-1".to_owned(),
        order_number: "o-1".to_owned(),
        atomicity,
        agreement: None,
        occasion: None,
        fee_bps: 0,
        state,
        rollback: Rollback::NotRequired,
        created_at: Timestamp::from_micros(0),
        version: 1,
        movements,
    }
}
