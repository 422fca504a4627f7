//! Sellers, as an operator handles them.

use florin_domain::SellerId;
use florin_domain::seller::{PAYOUT_HOLD_MAX_DAYS, Pricing, Seller};
use florin_store::Tx;

use crate::ServiceError;

/// The longest name a seller may have, in characters.
const NAME_MAX: usize = 100;
/// The highest fee a seller may pay, in hundredths of a percent.
const FEE_BPS_MAX: u32 = 2_000;

/// Takes a seller on.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `name`, `fee_percent` or `payout_hold_days`.
pub fn create(tx: &mut Tx<'_>, seller: &Seller) -> Result<(), ServiceError> {
    let name = seller.name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(ServiceError::invalid("name", "must be 1 to 100 characters"));
    }
    if matches!(seller.pricing, Pricing::SellerPays { fee_bps } if fee_bps > FEE_BPS_MAX) {
        return Err(ServiceError::invalid("fee_percent", "must be 0 to 20"));
    }
    if seller.payout_hold_days > PAYOUT_HOLD_MAX_DAYS {
        return Err(ServiceError::invalid("payout_hold_days", "must be 0 to 14"));
    }
    Ok(tx.insert_seller(seller)?)
}

/// Every seller, oldest first.
///
/// # Errors
/// Only if the store fails.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Seller>, ServiceError> {
    Ok(tx.list_sellers()?)
}

/// Finds a seller.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub fn find(tx: &mut Tx<'_>, seller: SellerId) -> Result<Seller, ServiceError> {
    tx.find_seller(seller)?.ok_or(ServiceError::NotFound("seller"))
}
