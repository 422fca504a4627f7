//! The sellers that every sandbox has, and the roll that remembers their tokens and API keys over a restart.
//!
//! The roll holds credentials in clear, which only a sandbox may do: its money is not real.

use std::fs;
use std::io::ErrorKind;

use florin_domain::SellerId;
use florin_domain::seller::{Pricing, Seller};
use florin_service::{Cx, ServiceError, caller, sellers, tokens};
use serde::{Deserialize, Serialize};

use super::retail;
use crate::announcement::{SeededMerchant, SeededSeller};
use crate::data_directory::DataDirectory;
use crate::failure::Failure;
use crate::private_file;

const FILE: &str = "sellers.json";
/// One of each way to pay for credit.
const SELLERS: [(&str, Pricing); 2] =
    [("Harbour Trade Supplies", Pricing::BuyerPays), ("Northgate Tools", Pricing::SellerPays { fee_bps: 350 })];

/// Who was there the last time, and where.
#[derive(Default, Serialize, Deserialize)]
pub struct Roll {
    /// The port of the last time.
    pub port: Option<u16>,
    sellers: Vec<SeededSeller>,
    #[serde(default)]
    wpay: Vec<SeededMerchant>,
}

/// Who is there.
pub struct Present {
    /// The sellers.
    pub sellers: Vec<SeededSeller>,
    /// Their retail accounts.
    pub wpay: Vec<SeededMerchant>,
}

impl Roll {
    /// The roll of `directory`; an empty one if there is none.
    ///
    /// # Errors
    /// A [`Failure`] when it cannot be read.
    pub fn read(directory: &DataDirectory) -> Result<Self, Failure> {
        let path = directory.file(FILE);
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| Failure::because(path.display(), error)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::because(path.display(), error)),
        }
    }

    /// Sees to it that every seller is in the books with a retail account, and has a token that sends buyers to the shop at `port`.
    ///
    /// # Errors
    /// A [`Failure`] when the books or the roll cannot be written.
    pub async fn call(self, cx: &Cx, port: u16, directory: &DataDirectory) -> Result<Present, Failure> {
        let redirect_url = format!("{}/sandbox/shop/", cx.policy.base_url);
        let mut present = Vec::new();
        for (name, pricing) in SELLERS {
            let remembered = self.sellers.iter().find(|seller| seller.name == name && seller.redirect_url == redirect_url);
            let seller = match remembered {
                Some(seller) if opens(cx, seller).await? => seller.clone(),
                _ => enlist(cx, name, pricing, &redirect_url).await.map_err(|error| Failure::because(name, error))?,
            };
            present.push(seller);
        }
        let wpay = retail::open(cx, &present, &self.wpay).await?;
        let roll = Self { port: Some(port), sellers: present, wpay };
        let text = serde_json::to_vec_pretty(&roll).map_err(|error| Failure::because(FILE, error))?;
        private_file::write(&directory.file(FILE), &text)?;
        Ok(Present { sellers: roll.sellers, wpay: roll.wpay })
    }
}

/// Whether the seller's token is good in these books.
async fn opens(cx: &Cx, seller: &SeededSeller) -> Result<bool, Failure> {
    match caller::seller(cx, Some(&seller.access_token)).await {
        Ok(caller) => Ok(caller.seller.id.to_string() == seller.seller_uuid),
        Err(ServiceError::Unauthorised(_)) => Ok(false),
        Err(error) => Err(Failure::because(&seller.name, error)),
    }
}

/// Issues a token to the seller of this name, who is taken on if the books do not have him.
async fn enlist(cx: &Cx, name: &'static str, pricing: Pricing, redirect_url: &str) -> Result<SeededSeller, ServiceError> {
    let (fresh, now) = (SellerId::from_random(cx.random.bytes()), cx.clock.now());
    let id = cx
        .store
        .write(move |tx| {
            if let Some(known) = sellers::list(tx)?.into_iter().find(|seller| seller.name == name) {
                return Ok(known.id);
            }
            sellers::create(tx, &Seller { id: fresh, name: name.to_owned(), pricing, payout_hold_days: 0, created_at: now })?;
            Ok::<_, ServiceError>(fresh)
        })
        .await?;
    let (_, token) = tokens::issue(cx, id, Some(redirect_url.to_owned())).await?;
    Ok(SeededSeller {
        name: name.to_owned(),
        seller_uuid: id.to_string(),
        access_token: token.expose().to_owned(),
        redirect_url: redirect_url.to_owned(),
    })
}
