//! What a split promises: the parts add up, every part is something, and the payer's word goes before what is kept.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::money::Currency;

fn id(number: i64) -> InstrumentId {
    InstrumentId::kept(number)
}

fn dollars(minor: i64) -> Money {
    Money::new(minor, Currency::Aud)
}

/// A card, and three gift cards: 21 with 300 on it, 22 with 700, 23 with 500.
fn offer() -> Offer {
    let gift_card = |number: i64, minor, day| Candidate {
        instrument: id(number),
        available: dollars(minor),
        expires_on: date(2027, 1, day),
        created_at: Timestamp::from_micros(1_000 - number),
    };
    Offer { primary: Some(id(1)), preferences: None, gift_cards: vec![gift_card(21, 300, 3), gift_card(22, 700, 1), gift_card(23, 500, 2)] }
}

fn preferring(order: Option<SecondaryOrder>, include: &[i64], exclude: &[i64]) -> PaymentPreferences {
    let ids = |numbers: &[i64]| numbers.iter().copied().map(id).collect();
    let secondary = SecondaryPreference { enabled: true, order, include: ids(include), exclude: ids(exclude) };
    PaymentPreferences { primary: Some(id(2)), secondary: Some(secondary) }
}

/// The parts as pairs of numbers.
fn parts(result: Result<Vec<(InstrumentId, Money)>, SplitFault>) -> Vec<(i64, i64)> {
    result.unwrap().into_iter().map(|(id, amount)| (id.as_str().parse().unwrap(), amount.minor())).collect()
}

fn wish(primary: Option<i64>, secondary: Option<&[(i64, i64)]>) -> Wish {
    let secondary = secondary.map(|parts| parts.iter().map(|(number, minor)| (id(*number), dollars(*minor))).collect());
    Wish { primary: primary.map(id), secondary, preferences: None }
}

#[test]
fn the_primary_instrument_pays_what_the_others_leave() {
    let split = |wish: &Wish| split(dollars(1_000), wish, &offer());
    assert_eq!(parts(split(&wish(Some(1), Some(&[(21, 300), (22, 200)])))), [(21, 300), (22, 200), (1, 500)]);
    assert_eq!(parts(split(&wish(None, Some(&[(21, 300), (22, 700)])))), [(21, 300), (22, 700)]);
    assert_eq!(parts(split(&wish(Some(1), Some(&[(21, 300), (22, 700)])))), [(21, 300), (22, 700)], "nothing is left for it");
    assert_eq!(parts(split(&wish(Some(1), Some(&[])))), [(1, 1_000)]);
    assert_eq!(split(&wish(Some(1), Some(&[(21, 1_001)]))), Err(SplitFault::TooMuch));
    assert_eq!(split(&wish(Some(1), Some(&[(21, i64::MAX), (22, i64::MAX)]))), Err(SplitFault::TooMuch));
    assert_eq!(split(&wish(None, Some(&[(21, 999)]))), Err(SplitFault::NoPrimary));
    assert_eq!(split(&wish(Some(1), Some(&[(21, 0)]))), Err(SplitFault::NotPositive));
    assert_eq!(split(&wish(Some(1), Some(&[(21, 10), (21, 10)]))), Err(SplitFault::Twice(id(21))));
    assert_eq!(split(&wish(Some(1), Some(&[(1, 10)]))), Err(SplitFault::Twice(id(1))));
}

/// An order, what is included, what is excluded, and who then pays how much of ten dollars.
type Case = (Option<SecondaryOrder>, &'static [i64], &'static [i64], &'static [(i64, i64)]);

#[test]
fn who_names_nothing_pays_by_preference() {
    let nothing = Wish::default();
    let with = |preferences| Offer { preferences: Some(preferences), ..offer() };
    assert_eq!(parts(split(dollars(1_000), &nothing, &offer())), [(1, 1_000)], "gift cards help only where that is preferred");
    assert_eq!(split(dollars(1_000), &nothing, &Offer::default()), Err(SplitFault::NoPrimary));
    let table: [Case; 9] = [
        (None, &[], &[], &[(22, 700), (23, 300)]),
        (Some(SecondaryOrder::BalanceAscending), &[], &[], &[(21, 300), (23, 500), (22, 200)]),
        (Some(SecondaryOrder::BalanceDescending), &[], &[], &[(22, 700), (23, 300)]),
        (Some(SecondaryOrder::ExpiryDescending), &[], &[22], &[(21, 300), (23, 500), (2, 200)]),
        (Some(SecondaryOrder::ExpiryAscending), &[], &[21], &[(22, 700), (23, 300)]),
        (Some(SecondaryOrder::OldestFirst), &[], &[], &[(23, 500), (22, 500)]),
        (Some(SecondaryOrder::NewestFirst), &[], &[], &[(21, 300), (22, 700)]),
        (Some(SecondaryOrder::AsListed), &[23, 99, 21], &[], &[(23, 500), (21, 300), (2, 200)]),
        (None, &[21, 22], &[22], &[(21, 300), (2, 700)]),
    ];
    for (order, include, exclude, expected) in table {
        let kept = with(preferring(order, include, exclude));
        assert_eq!(parts(split(dollars(1_000), &nothing, &kept)), expected, "{order:?} {include:?} {exclude:?}");
    }
    let mut unwanted = preferring(None, &[], &[]);
    unwanted.secondary.as_mut().unwrap().enabled = false;
    assert_eq!(parts(split(dollars(1_000), &nothing, &with(unwanted))), [(2, 1_000)]);
}

#[test]
fn the_payers_word_goes_before_what_is_kept() {
    let kept = Offer { preferences: Some(preferring(None, &[], &[])), ..offer() };
    let none = Wish { secondary: Some(Vec::new()), ..Wish::default() };
    assert_eq!(parts(split(dollars(1_000), &none, &kept)), [(2, 1_000)], "an empty list is a word too");
    assert_eq!(parts(split(dollars(1_000), &wish(Some(1), None), &kept)), [(1, 1_000)], "the instrument that was named, alone");
    let instead = PaymentPreferences { primary: Some(id(3)), secondary: None };
    let wished = Wish { preferences: Some(instead), ..Wish::default() };
    assert_eq!(parts(split(dollars(1_000), &wished, &kept)), [(3, 1_000)]);
    let with_help = Wish { preferences: Some(preferring(None, &[21], &[])), ..wish(Some(1), None) };
    assert_eq!(parts(split(dollars(1_000), &with_help, &offer())), [(21, 300), (1, 700)]);
    assert_eq!(parts(split(dollars(1_000), &wish(None, Some(&[(21, 100)])), &kept)), [(21, 100), (2, 900)]);
}

proptest! {
    #[test]
    fn parts_add_up_and_are_something(
        gross in 1_i64..2_000,
        named in proptest::collection::vec((20_i64..26, -5_i64..900), 0..4),
        has_named in any::<bool>(),
        primary in proptest::option::of(1_i64..24),
        prefers in any::<bool>(),
    ) {
        let preferences = prefers.then(|| preferring(Some(SecondaryOrder::NewestFirst), &[], &[]));
        let wish = Wish { preferences, ..wish(primary, has_named.then_some(named.as_slice())) };
        if let Ok(parts) = split(dollars(gross), &wish, &offer()) {
            prop_assert_eq!(parts.iter().map(|(_, amount)| amount.minor()).sum::<i64>(), gross);
            prop_assert!(parts.iter().all(|(_, amount)| amount.is_positive()));
            let names: std::collections::HashSet<_> = parts.iter().map(|(id, _)| id).collect();
            prop_assert_eq!(names.len(), parts.len());
        }
    }
}
