//! Tests of gift orders: prices to the cent, and what an issue leaves in the books.

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_795_255_800_000_000);

fn dollars(minor: i64) -> Money {
    Money::new(minor, Currency::Aud)
}

fn item(design: &str, minor: i64, quantity: u32) -> GiftItem {
    GiftItem { design: design.to_owned(), face: dollars(minor), quantity, recipient: None }
}

fn quote(items: Vec<GiftItem>) -> Result<GiftQuote, QuoteError> {
    GiftQuote::of(GiftQuoteId::from_random([1; 16]), MerchantId::parse("10006").unwrap(), items, NOW)
}

fn recipient(mobile: &str) -> Recipient {
    Recipient { to: "Jo".to_owned(), from: "Ann".to_owned(), message: None, image_url: None, mobile: mobile.to_owned() }
}

#[test]
fn a_quote_adds_up_to_the_cent() {
    let quote =
        quote(vec![item("everyday-birthday", 1_030, 3), item("celebration-stars", 2_000, 1), item("store-classic", 1_005, 2)]).unwrap();
    let units: Vec<_> = quote.items.iter().map(|item| (item.unit_price.minor(), item.total_price().minor())).collect();
    assert_eq!(units, [(978, 2_934), (2_000, 2_000), (904, 1_808)]);
    let expected = GiftTotals { sub_total: dollars(7_100), discount: dollars(358), total: dollars(6_742) };
    assert_eq!((quote.totals(), quote.count(), quote.cards().count()), (expected, 6, 6));
    assert!(quote.is_good(NOW.plus(minutes(30)).minus(Duration::from_secs(1))) && !quote.is_good(NOW.plus(minutes(30))));
}

#[test]
fn what_is_not_sold_is_not_quoted() {
    let gift = |mobile| GiftItem { recipient: Some(recipient(mobile)), ..item("everyday-classic", 1_000, 1) };
    let table = [
        (vec![], "orderItems"),
        (vec![item("everyday-classic", 1_000, 51)], "orderItems"),
        (vec![item("everyday-classic", 1_000, u32::MAX), item("everyday-classic", 1_000, u32::MAX)], "orderItems"),
        (vec![item("everyday-classic", 1_000, 1); 21], "orderItems"),
        (vec![item("nothing", 1_000, 1)], "designId"),
        (vec![item("jubilee-classic", 5_000, 1)], "designId"),
        (vec![item("everyday-plastic", 1_000, 1)], "designId"),
        (vec![item("everyday-classic", 1_000, 0)], "quantity"),
        (vec![item("everyday-classic", 499, 1)], "amount"),
        (vec![item("everyday-classic", 50_001, 1)], "amount"),
        (vec![gift("12345")], "recipientDetails.mobileNumber"),
        (vec![gift("0400 000 00x")], "recipientDetails.mobileNumber"),
    ];
    for (items, field) in table {
        assert_eq!(quote(items).map_err(|error| error.field).unwrap_err(), field);
    }
    assert!(quote(vec![gift("+61 400 000 000")]).is_ok());
}

fn card(number: u8, face: i64, price: i64) -> (GiftCard, Gift) {
    let (programme, suffix) = ("Everyday Gift Card".to_owned(), "0001".to_owned());
    let card = GiftCard {
        fingerprint: [number; 32],
        programme: programme.clone(),
        suffix: suffix.clone(),
        pin_hash: [0; 32],
        balance: dollars(face),
        held: dollars(0),
        expires_on: "2029-11-30".parse().unwrap(),
    };
    let gift = Gift {
        order: order(GiftOrderState::Processing).id,
        number: number.into(),
        design: "everyday-classic".to_owned(),
        fingerprint: card.fingerprint,
        programme,
        suffix,
        face: dollars(face),
        price: dollars(price),
        instrument: None,
        recipient: None,
        attempt: 0,
        issued_at: NOW,
    };
    (card, gift)
}

fn order(state: GiftOrderState) -> GiftOrder {
    GiftOrder {
        id: GiftOrderId::from_random([3; 16]),
        quote: GiftQuoteId::from_random([1; 16]),
        merchant: MerchantId::parse("10006").unwrap(),
        seller: SellerId::from_random([4; 16]),
        wallet: WalletId::from_random([5; 16]),
        guest: false,
        receipt: Reference::FIRST,
        state,
        created_at: NOW,
    }
}

#[test]
fn the_merchant_pays_the_price_and_the_house_the_discount() {
    let issue = order(GiftOrderState::Processing).issue(vec![card(1, 1_000, 950), card(2, 2_000, 2_000)], NOW).unwrap();
    let sum = |account| issue.entry.legs().iter().filter(|leg| leg.account == account).map(|leg| leg.amount.minor()).sum::<i64>();
    assert_eq!(sum(Account::MerchantPayable), 2_950);
    assert_eq!(sum(Account::GiftCardDiscounts), 50);
    assert_eq!(sum(Account::GiftCardLiability), -3_000);
    assert_eq!((issue.owed, issue.order.state), (dollars(-2_950), GiftOrderState::Approved));
}

#[test]
fn an_order_ends_once() {
    for state in [GiftOrderState::Approved, GiftOrderState::Rejected] {
        assert!(order(state).issue(Vec::new(), NOW).is_none() && order(state).reject().is_none(), "{state:?}");
    }
    assert_eq!(order(GiftOrderState::Processing).reject().map(|order| order.state), Some(GiftOrderState::Rejected));
    let quote = GiftQuoteId::from_random([6; 16]);
    let revived = order(GiftOrderState::Rejected).revive(quote).map(|order| (order.state, order.quote));
    assert_eq!(revived, Some((GiftOrderState::Processing, quote)));
    assert!(order(GiftOrderState::Approved).revive(quote).is_none() && order(GiftOrderState::Processing).revive(quote).is_none());
}

proptest! {
    #[test]
    fn no_price_passes_what_is_on_the_card_and_all_adds_up(minors in prop::collection::vec((500_i64..=50_000, 1_u32..=10), 1..5)) {
        let items: Vec<_> = minors.iter().map(|(minor, quantity)| item("everyday-classic", *minor, *quantity)).collect();
        let quote = quote(items).unwrap();
        let totals = quote.totals();
        prop_assert_eq!(totals.sub_total.minor(), totals.discount.minor() + totals.total.minor());
        prop_assert_eq!(totals.total.minor(), quote.cards().map(|(_, item)| item.unit_price.minor()).sum::<i64>());
        for item in &quote.items {
            let (face, price) = (item.item.face.minor(), item.unit_price.minor());
            prop_assert!(price > 0 && price <= face);
            // Within half a cent of 95 %.
            prop_assert!((price * 100 - face * 95).abs() <= 50);
        }
    }
}
