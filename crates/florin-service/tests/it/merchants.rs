//! Merchants' accounts, and the master key under which everything lies.

use florin_domain::instrument::InstrumentStatus;
use florin_domain::merchant::MerchantId;
use florin_service::{MasterKey, ServiceError, Tx, merchants, vault};

use crate::shop::{GOOD_CARD, Shop, code, master, process};

#[tokio::test]
async fn networks_are_listed_once_and_taken_off_again() {
    let shop = Shop::open().await;
    let id = shop.merchant("10006").await.merchant.id.clone();
    let id2 = id.clone();
    shop.cx
        .store
        .write(move |tx: &mut Tx<'_>| {
            merchants::allow(tx, &id2, "203.0.113.9/24")?;
            merchants::allow(tx, &id2, "203.0.113.0/24")?;
            merchants::allow(tx, &id2, "::1")?;
            assert_eq!(merchants::find(tx, &id2)?.allowed.len(), 2);
            merchants::disallow(tx, &id2, "::1/128")?;
            assert_eq!(code(merchants::disallow(tx, &id2, "::1")), "network");
            assert_eq!(code(merchants::allow(tx, &id2, "everywhere")), "network");
            Ok::<_, ServiceError>(())
        })
        .await
        .unwrap();
    assert_eq!(
        merchants::issue_key(&shop.cx, &MerchantId::parse("nobody").unwrap()).await.map_err(|error| code::<()>(Err(error))).unwrap_err(),
        "merchant"
    );
}

#[tokio::test]
async fn an_api_key_that_is_imported_is_nobody_elses() {
    let shop = Shop::open().await;
    let (one, other) = (shop.merchant("10006").await, shop.merchant("petculture").await);
    merchants::import_key(&shop.cx, &one.merchant.id, "haTdoUWVhnXm5n75u6d0VG67vCCvKjQC").await.unwrap();
    assert_eq!(code(merchants::import_key(&shop.cx, &other.merchant.id, "haTdoUWVhnXm5n75u6d0VG67vCCvKjQC").await), "key_exists");
    let foreign = format!("fk_production_{}", "a".repeat(43));
    assert_eq!(code(merchants::import_key(&shop.cx, &other.merchant.id, &foreign).await), "api_key");
}

#[tokio::test]
async fn the_master_key_is_changed_under_a_server_that_knows_both() {
    let mut shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let jo = shop.shopper(&merchant, "jo").await;
    let card = shop.card(&jo, GOOD_CARD).await.unwrap();

    let (old, new) = (master(), MasterKey::new([8; 32]));
    let both = process(&shop.database, &new, Some(&old)).await.unwrap();
    assert!(vault::rekey(&both.store, &old, &new).await.unwrap() >= 2, "the platform's data key and the merchant's");
    assert_eq!(vault::rekey(&both.store, &old, &new).await.unwrap(), 0, "twice does no harm");
    assert!(process(&shop.database, &old, None).await.is_err(), "the old key opens nothing any more");

    shop.cx = process(&shop.database, &new, None).await.unwrap();
    let same = shop.card(&jo, GOOD_CARD).await.unwrap();
    assert_eq!((same.id, same.status), (card.id, InstrumentStatus::Verified), "the same card is found by its fingerprint");
    assert!(vault::rekey(&both.store, &MasterKey::new([9; 32]), &MasterKey::new([10; 32])).await.is_err());
}
