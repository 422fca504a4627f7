//! The retail accounts and gift cards that every sandbox has.
//!
//! Invariant: what was changed in the books since is left alone, but for the origins, which follow the sandbox's own address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use florin_domain::id::BadId;
use florin_domain::merchant::{DuplicateReferences, Merchant, MerchantId};
use florin_domain::{Currency, Money, SellerId};
use florin_service::{Cx, ServiceError, Tx, caller, gift_cards, merchants};

use crate::announcement::{SeededGiftCard, SeededMerchant, SeededSeller};
use crate::failure::Failure;

/// One account a seller: the merchant's id, and its fee in hundredths of a percent.
const MERCHANTS: [(&str, u32); 2] = [("10006", 0), ("petculture", 120)];
/// Where a newcomer's own page is served from, beside the sandbox's pages.
const ORIGINS: [&str; 6] = [
    "http://localhost:3000",
    "http://localhost:5173",
    "http://localhost:8080",
    "http://127.0.0.1:3000",
    "http://127.0.0.1:5173",
    "http://127.0.0.1:8080",
];

/// The gift cards.
pub const GIFT_CARDS: [SeededGiftCard; 5] = [
    SeededGiftCard { number: "6280003090791562689", pin: "1945", balance: 100, expires_on: "2036-12-31" },
    SeededGiftCard { number: "6280005040003059923", pin: "0649", balance: 50, expires_on: "2036-12-31" },
    SeededGiftCard { number: "6003001000000000014", pin: "1234", balance: 25, expires_on: "2036-12-31" },
    // Nothing is left on it.
    SeededGiftCard { number: "6280001000000000022", pin: "1111", balance: 0, expires_on: "2036-12-31" },
    // Its last day has passed.
    SeededGiftCard { number: "6280001000000000030", pin: "2222", balance: 30, expires_on: "2020-12-31" },
];

/// Sees to it that every seller has its retail account with a good API key, and that the gift cards are there.
///
/// # Errors
/// A [`Failure`] when the books cannot be written.
pub async fn open(cx: &Cx, sellers: &[SeededSeller], remembered: &[SeededMerchant]) -> Result<Vec<SeededMerchant>, Failure> {
    let mut present = Vec::new();
    for ((id, fee_bps), seller) in MERCHANTS.into_iter().zip(sellers) {
        let known = remembered.iter().find(|merchant| merchant.merchant_id == id);
        let merchant = ensure(cx, (id, fee_bps), seller, known).await;
        present.push(merchant.map_err(|error| Failure::because(format_args!("merchant {id}"), error))?);
    }
    // A key that still opens says that these are the books of the last time, in which the gift cards are, too.
    let is_known = |merchant: &SeededMerchant| remembered.iter().any(|known| known.api_key == merchant.api_key);
    if !present.iter().all(is_known) {
        issue_gift_cards(cx).await?;
    }
    Ok(present)
}

/// The merchant with a good key: the remembered one if these books know it.
async fn ensure(
    cx: &Cx,
    (id, fee_bps): (&str, u32),
    seller: &SeededSeller,
    known: Option<&SeededMerchant>,
) -> Result<SeededMerchant, ServiceError> {
    let base_url = cx.policy.base_url.clone();
    let remembered = match known {
        Some(known) if opens(cx, known).await? => Some(known),
        _ => None,
    };
    if let Some(same) = remembered.filter(|known| known.base_url == base_url) {
        return Ok(same.clone());
    }
    let account = account(cx, id, fee_bps, seller)?;
    let id = account.id.clone();
    cx.store.write(move |tx| keep(tx, &account)).await?;
    let api_key = match remembered {
        Some(known) => known.api_key.clone(),
        None => merchants::issue_key(cx, &id).await?.1.expose().to_owned(),
    };
    Ok(SeededMerchant { merchant_id: id.to_string(), api_key, base_url })
}

/// Whether the merchant's API key is good in these books.
async fn opens(cx: &Cx, merchant: &SeededMerchant) -> Result<bool, ServiceError> {
    match caller::merchant(cx, Some(&merchant.api_key)).await {
        Ok(caller) => Ok(caller.merchant.id.as_str() == merchant.merchant_id),
        Err(ServiceError::Unauthorised(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

fn account(cx: &Cx, id: &str, fee_bps: u32, seller: &SeededSeller) -> Result<Merchant, ServiceError> {
    let broken = |error: BadId| ServiceError::Internal(error.to_string());
    Ok(Merchant {
        id: MerchantId::parse(id).map_err(broken)?,
        seller: SellerId::parse(&seller.seller_uuid).map_err(broken)?,
        name: seller.name.clone(),
        origins: std::iter::once(cx.policy.base_url.as_str()).chain(ORIGINS).map(str::to_owned).collect(),
        allowed: [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)].map(Into::into).to_vec(),
        fee_bps,
        duplicate_references: DuplicateReferences::Accept,
        created_at: cx.clock.now(),
    })
}

/// Opens the account; if it is there, the sandbox's own pages are let in where it listens now.
fn keep(tx: &mut Tx<'_>, account: &Merchant) -> Result<(), ServiceError> {
    let Some(mut known) = merchants::list(tx)?.into_iter().find(|merchant| merchant.id == account.id) else {
        return merchants::open(tx, account);
    };
    for origin in &account.origins {
        if !known.origins.contains(origin) {
            known.origins.push(origin.clone());
        }
    }
    merchants::change(tx, &known)
}

/// All at once, so that they share a commit.
async fn issue_gift_cards(cx: &Cx) -> Result<(), Failure> {
    let issuing = GIFT_CARDS.map(|card| {
        let cx = Cx::clone(cx);
        tokio::spawn(async move { issue(&cx, card).await })
    });
    for issued in issuing {
        let issued = issued.await.map_err(|error| Failure::because("a gift card", error))?;
        issued.map_err(|error| Failure::because("a gift card", error))?;
    }
    Ok(())
}

async fn issue(cx: &Cx, card: SeededGiftCard) -> Result<(), ServiceError> {
    let balance = Money::new(i64::from(card.balance) * 100, Currency::Aud);
    let expires_on = card.expires_on.parse().map_err(|_| ServiceError::Internal("a seeded gift card has no date".to_owned()))?;
    gift_cards::issue(cx, card.number, card.pin, balance, expires_on).await
}
