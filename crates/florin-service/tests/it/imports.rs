//! Taking a guest's card over into a wallet, by a payment that was made with it.

use florin_domain::instrument::InstrumentStatus;
use florin_domain::movement::{Movement, MovementKind};
use florin_domain::payment::Atomicity;
use florin_domain::shopper::ShopperId;
use florin_domain::time::hours;
use florin_domain::{Currency, Money};
use florin_service::caller::MerchantCaller;
use florin_service::instruments::{self, ImportCard, ImportOrder, ImportPayPal, ImportResult};
use florin_service::payments::{self, Kinds, PayAnswer, PayItem, PayOrder};

use crate::shop::{GOOD_CARD, Shop};

const AMOUNT: Money = Money::new(1_299, Currency::Aud);

async fn guest_pays(shop: &Shop, merchant: &MerchantCaller) -> Movement {
    let guest = shop.guest(merchant).await;
    let card = shop.card(&guest, GOOD_CARD).await.unwrap();
    let item = PayItem {
        instrument: Some(card.id),
        token: Some(card.token),
        amount: AMOUNT,
        step_up: None,
        passcode: None,
        authentication: None,
        three_ds: None,
    };
    let order = PayOrder {
        client_reference: "a sale".to_owned(),
        order_number: "A-1".to_owned(),
        kinds: Kinds { card: Some(MovementKind::Purchase), ..Kinds::default() },
        items: vec![item],
        atomicity: Atomicity::AllOrNothing,
        fraud: None,
    };
    match payments::pay(&shop.cx, &guest, order, None).await.unwrap() {
        PayAnswer::Concluded(mut transaction) => transaction.movements.remove(0),
        PayAnswer::Unknown(places) => panic!("{places:?}"),
    }
}

fn card(movement: &Movement) -> ImportCard {
    ImportCard {
        reference: movement.reference.to_string(),
        order_number: "A-1".to_owned(),
        bin: "424242".to_owned(),
        suffix: "4242".to_owned(),
        amount: AMOUNT,
    }
}

async fn import(shop: &Shop, merchant: &MerchantCaller, cards: Vec<ImportCard>) -> Vec<ImportResult> {
    let order = ImportOrder { shopper: ShopperId::parse("jo").unwrap(), cards, paypal: None };
    instruments::import(&shop.cx, merchant, order).await.unwrap().cards.into_iter().map(|card| card.result).collect()
}

#[tokio::test]
async fn a_card_is_taken_over_by_the_merchant_that_knows_its_payment() {
    let shop = Shop::open().await;
    let (merchant, other) = (shop.merchant("10006").await, shop.merchant("petculture").await);
    let movement = guest_pays(&shop, &merchant).await;
    assert!(movement.done_reference().is_some(), "{movement:?}");

    let good = card(&movement);
    let wrong = [
        ImportCard { reference: "1000000000009999".to_owned(), ..good.clone() },
        ImportCard { reference: "x".to_owned(), ..good.clone() },
        ImportCard { order_number: "A-2".to_owned(), ..good.clone() },
        ImportCard { bin: "424243".to_owned(), ..good.clone() },
        ImportCard { suffix: "4243".to_owned(), ..good.clone() },
        ImportCard { amount: Money::new(1_298, Currency::Aud), ..good.clone() },
    ];
    for (place, result) in import(&shop, &merchant, wrong.to_vec()).await.into_iter().enumerate() {
        assert!(matches!(result, ImportResult::Error(_)), "{place}: {result:?}");
    }
    assert!(matches!(import(&shop, &other, vec![good.clone()]).await[..], [ImportResult::Error(_)]));
    assert_eq!(import(&shop, &merchant, vec![good.clone(), good.clone()]).await, [ImportResult::Ok, ImportResult::Duplicate]);
    let jo = shop.shopper(&merchant, "jo").await;
    let kept = shop.wallet(&jo).await;
    assert_eq!((kept.len(), kept[0].status, kept[0].primary), (1, InstrumentStatus::Verified, true));

    shop.wait(hours(10)).await;
    instruments::delete_wallet(&shop.cx, &merchant, &jo.shopper, jo.kind).await.unwrap();
    assert!(matches!(import(&shop, &merchant, vec![good]).await[..], [ImportResult::Error(_)]), "the guest's card is gone");
}

#[tokio::test]
async fn an_account_is_taken_over_if_its_provider_knows_it() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let order = |token: &str| {
        let text = str::to_owned;
        let paypal = ImportPayPal { customer: text("c"), account: text("a"), token: text(token) };
        ImportOrder { shopper: ShopperId::parse("jo").unwrap(), cards: Vec::new(), paypal: Some(paypal) }
    };
    let mut results = Vec::new();
    for token in ["fake-1", "fake-1", "refuse"] {
        results.push(instruments::import(&shop.cx, &merchant, order(token)).await.unwrap().paypal.unwrap());
    }
    assert!(matches!(results[..], [ImportResult::Ok, ImportResult::Duplicate, ImportResult::Error(_)]), "{results:?}");
}
