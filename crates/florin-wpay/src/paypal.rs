//! The `PayPal` risk context: what a merchant tells `PayPal` of a buyer ahead of a payment.
//!
//! Simulated: nothing is sent anywhere, and the id says which buyer and which facts it was made of.

use florin_domain::WalletId;
use florin_web::Surface;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::{Code, Refusal};
use crate::fields::{Instant, Text};
use crate::hex::hex;
use crate::maybe::Maybe;
use crate::reply::Reply;

/// As long as the provider's own.
const ID_BYTES: usize = 16;

/// What the contract wants to be told.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "held to its shape by being read")]
struct Facts {
    sender_account_id: Text,
    sender_first_name: Text,
    sender_last_name: Text,
    sender_email: Text,
    sender_phone: Text,
    sender_country_code: Text,
    sender_create_date: Instant,
    #[serde(default)]
    dg_delivery_method: Maybe<Text>,
    highrisk_txn_flag: bool,
    vertical: Text,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContextBody {
    client_metadata_id: String,
}

/// `POST /wow/v1/pay/paypal/createtransactionriskcontext`
pub async fn risk_context(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let _: Facts = call.json()?;
    if !surface.cx.policy.is_sandbox() {
        return Err(Refusal::new(Code::Un68, "No PayPal account is connected to this server."));
    }
    Ok(Reply::ok(&ContextBody { client_metadata_id: metadata_id(call.shopper()?.wallet, call.body()) }))
}

fn metadata_id(wallet: WalletId, facts: &[u8]) -> String {
    let digest = florin_service::digest(&[wallet.as_bytes(), facts].concat());
    hex(&digest[..ID_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_follows_from_the_buyer_and_the_facts() {
        let (one, other) = (WalletId::from_random([1; 16]), WalletId::from_random([2; 16]));
        let id = metadata_id(one, b"{}");
        assert_eq!((id.len(), id == metadata_id(one, b"{}")), (32, true));
        assert!(id != metadata_id(other, b"{}") && id != metadata_id(one, b"{ }"));
    }
}
