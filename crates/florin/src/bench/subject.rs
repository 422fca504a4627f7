//! A server under measurement: how to ask it for the same work, whichever server it is.

use florin_bench::{BenchError, Create, OrderIds, Purchases, Questions, Shop, Shopper, Target, get_orders};
use florin_sim::named_cards;

/// The order that every measurement creates.
const ORDER: &str = r##"{"data":{"amount":4200.5,"reference":"#order1"}}"##;
/// The token that the reference server knows.
const REFERENCE_TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";
/// How many of the reference server's orders are got in turns.
const REFERENCE_ORDERS: usize = 1024;
/// How many shoppers pay and look into their wallets in turns.
const SHOPPERS: usize = 64;
/// How many cards each of them has.
const CARDS: usize = 3;

/// A server and its ways.
pub struct Subject {
    /// Where it is.
    pub target: Target,
    /// Its process, if it runs here.
    pub pid: Option<u32>,
    /// Where orders are created.
    pub create_path: String,
    /// On whose behalf.
    pub token: String,
    /// The merchant that signs shoppers in and refunds them; without a key at the reference server, which asks for none.
    pub shop: Shop,
    /// Where it signs them in.
    pub mint_path: &'static str,
    /// Shoppers with cards, once they are enrolled.
    pub shoppers: Vec<Shopper>,
    /// What they bought and did not give back.
    pub purchases: Purchases,
    ids: OrderIds,
    numbered: bool,
}

/// Who asks Florin.
pub struct Credentials<'a> {
    /// The seller's id.
    pub seller: &'a str,
    /// The seller's access token.
    pub token: &'a str,
    /// The merchant's API key; empty if none is needed.
    pub api_key: &'a str,
}

impl Subject {
    /// Florin, and a seller and a merchant there.
    pub fn florin(target: Target, credentials: &Credentials<'_>, pid: Option<u32>) -> Self {
        let Credentials { seller, token, api_key } = credentials;
        Self {
            shop: Shop::new(target.host(), api_key),
            target,
            pid,
            create_path: format!("/api/lending/edge/ecommerce/seller/{seller}/order/"),
            token: (*token).to_owned(),
            mint_path: "/wow/v1/idm/servers/token",
            shoppers: Vec::new(),
            purchases: Purchases::default(),
            ids: OrderIds::default(),
            numbered: false,
        }
    }

    /// The reference server.
    pub fn reference(target: Target, pid: Option<u32>) -> Self {
        let credentials = Credentials { seller: "", token: REFERENCE_TOKEN, api_key: "" };
        let florin = Self::florin(target, &credentials, pid);
        Self { create_path: "/order".to_owned(), mint_path: "/token", numbered: true, ..florin }
    }

    /// Signs in shoppers that the server has not met, told by `seed` from those of other runs, and has them give their cards.
    ///
    /// # Errors
    /// [`BenchError`] when the server refuses.
    pub async fn enrol_shoppers(&mut self, seed: u32) -> Result<(), BenchError> {
        let mut connection = self.target.connect().await?;
        let approved = named_cards().into_iter().filter(|card| card.outcome == "approved");
        let cards: Vec<String> = approved.map(|card| card.number).take(CARDS).collect();
        for number in 0..SHOPPERS {
            self.shoppers.push(self.shop.enrol(&mut connection, &format!("bench-{seed}-{number}"), &cards).await?);
        }
        Ok(())
    }

    /// What a client does to create orders.
    pub fn create(&self) -> Create {
        Create::new(self.target.host(), &self.create_path, &self.token, ORDER, &self.ids)
    }

    /// What clients ask to get the orders that were created; nothing if there are none.
    pub fn get(&self) -> Questions {
        let created = self.ids.list();
        let paths: Vec<String> = if self.numbered {
            (1..=created.len().min(REFERENCE_ORDERS)).map(|number| format!("/order/{number}")).collect()
        } else {
            created.iter().map(|id| format!("/api/lending/edge/ecommerce/order/{id}/")).collect()
        };
        get_orders(self.target.host(), &paths, &self.token)
    }
}
