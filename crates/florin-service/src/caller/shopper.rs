//! Shoppers, known by the access token that the merchant's server got for them.

use std::sync::Arc;

use florin_domain::merchant::{Merchant, MerchantId};
use florin_domain::shopper::{ShopperId, WalletKind};
use florin_domain::{Timestamp, WalletId};
use florin_vault::{Claims, digest};

use super::unauthorised;
use crate::caller::MerchantCaller;
use crate::keeper::seconds;
use crate::{Cx, ServiceError, signing};

/// A shopper at a merchant, with the wallet that the call is about.
#[derive(Debug, Clone)]
pub struct ShopperCaller {
    /// At which merchant.
    pub merchant: Arc<Merchant>,
    /// Who.
    pub shopper: ShopperId,
    /// Whether nothing is kept for them.
    pub guest: bool,
    /// Their wallet.
    pub wallet: WalletId,
    /// The wallet that the merchant knows them by, whichever this call is about.
    pub home: WalletId,
    /// Which of their two.
    pub kind: WalletKind,
    /// When the token ends, and a guest's instruments with it.
    pub until: Timestamp,
}

impl ShopperCaller {
    /// By which the shopper's attempts are counted, whichever wallet they are about. It does not tell who that is.
    pub(crate) fn subject(&self, verb: &str) -> String {
        format!("{verb}/{}", derived(&["shopper", self.merchant.id.as_str(), self.shopper.as_str()]))
    }

    /// Whether a wallet is one of theirs, whichever this call is about.
    pub(crate) fn owns(&self, wallet: WalletId) -> bool {
        let is_everyday = || !self.guest && wallet == wallet_of(&self.merchant.id, &self.shopper, WalletKind::Everyday);
        wallet == self.wallet || wallet == self.home || is_everyday()
    }

    /// When what is brought now is forgotten again, if it is.
    pub(crate) fn gone_at(&self) -> Option<Timestamp> {
        self.guest.then_some(self.until)
    }
}

/// Finds the shopper behind an access token of the merchant.
///
/// # Errors
/// [`ServiceError::Unauthorised`] unless the token is ours, in time, and of this merchant.
pub async fn shopper(cx: &Cx, caller: &MerchantCaller, bearer: &str, kind: WalletKind) -> Result<ShopperCaller, ServiceError> {
    let (digest, now_s) = (digest(bearer.as_bytes()), seconds(cx.clock.now()));
    let claims = if let Some(claims) = cx.callers.shoppers.find(&digest, now_s) {
        claims
    } else {
        let claims = Arc::new(signing::verify(cx, bearer).await?);
        cx.callers.shoppers.remember(digest, &claims);
        claims
    };
    if claims.merchant != caller.merchant.id.as_str() {
        return Err(unauthorised("this token belongs to another merchant than the API key"));
    }
    let shopper = ShopperId::parse(&claims.subject).map_err(|_| unauthorised("this token names no shopper"))?;
    let wallet = |kind| wallet_of_claims(&claims, &caller.merchant.id, &shopper, kind);
    let (wallet, home) = (wallet(kind), wallet(WalletKind::Merchant));
    let until = Timestamp::from_micros(claims.expires_at_s.saturating_mul(1_000_000));
    Ok(ShopperCaller { merchant: Arc::clone(&caller.merchant), shopper, guest: claims.guest, wallet, home, kind, until })
}

fn wallet_of_claims(claims: &Claims, merchant: &MerchantId, shopper: &ShopperId, kind: WalletKind) -> WalletId {
    if claims.guest { guest_wallet(merchant, &claims.id, kind) } else { wallet_of(merchant, shopper, kind) }
}

/// A registered shopper in whose name the merchant's server acts.
pub fn on_behalf(caller: &MerchantCaller, shopper: ShopperId, kind: WalletKind, until: Timestamp) -> ShopperCaller {
    let wallet = |kind| wallet_of(&caller.merchant.id, &shopper, kind);
    let (wallet, home) = (wallet(kind), wallet(WalletKind::Merchant));
    ShopperCaller { merchant: Arc::clone(&caller.merchant), shopper, guest: false, wallet, home, kind, until }
}

/// The wallet of a registered shopper: it follows from the names, so that none need be made before it is used.
pub fn wallet_of(merchant: &MerchantId, shopper: &ShopperId, kind: WalletKind) -> WalletId {
    derived(&["wallet", merchant.as_str(), shopper.as_str(), kind.name()])
}

/// The wallet of a guest: it follows from the token, so that nothing of it is found by the next one.
pub(crate) fn guest_wallet(merchant: &MerchantId, token_id: &str, kind: WalletKind) -> WalletId {
    derived(&["guest", merchant.as_str(), token_id, kind.name()])
}

/// An id that follows from `names`, none of which can hold a line end.
fn derived(names: &[&str]) -> WalletId {
    let sum = digest(names.join("\n").as_bytes());
    let (half, _) = sum.split_first_chunk().expect("32 bytes are more than 16");
    WalletId::from_random(*half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wallets_are_told_apart_by_merchant_shopper_and_kind() {
        let merchant = |id| MerchantId::parse(id).unwrap();
        let shopper = |id| ShopperId::parse(id).unwrap();
        let wallet = wallet_of(&merchant("10006"), &shopper("jo"), WalletKind::Merchant);
        assert_eq!(wallet, wallet_of(&merchant("10006"), &shopper("jo"), WalletKind::Merchant));
        let others = [
            wallet_of(&merchant("10006"), &shopper("jo"), WalletKind::Everyday),
            wallet_of(&merchant("10007"), &shopper("jo"), WalletKind::Merchant),
            wallet_of(&merchant("10006"), &shopper("jim"), WalletKind::Merchant),
            guest_wallet(&merchant("10006"), "jo", WalletKind::Merchant),
        ];
        assert!(!others.contains(&wallet));
    }
}
