//! The sandbox's wallet providers: what they know is told by what is brought to them.
//!
//! `PayPal` knows every nonce that begins with `fake-`. The others take any base64 or JSON. What says "refuse" is refused; what says
//! "decline" is accepted, and declined when it is paid with. The same token always brings the same account.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use florin_connect::{Call, ConnectError, Connector, WalletAccount, WalletProvider, WalletProviders};
use florin_domain::card::CardExpiry;
use serde_json::Value;

use crate::name;

/// The nonce that `PayPal`'s own sandbox calls good.
pub const PAYPAL_NONCE: &str = "fake-paypal-billing-agreement-nonce";
/// What every good nonce of `PayPal` begins with.
const GOOD_NONCE: &str = "fake-";
/// The schemes behind the cards in wallets.
const SCHEMES: [&str; 3] = ["VISA", "MASTERCARD", "AMEX"];
/// The first year in which cards in wallets run out.
const FIRST_YEAR: u16 = 2030;
/// Both alphabets, with or without padding, as phones send both.
const READER: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true);

/// Wallet providers that remember nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct SimWallets;

impl Connector for SimWallets {
    fn name(&self) -> &'static str {
        "sandbox-wallets"
    }

    fn simulated(&self) -> bool {
        true
    }
}

impl WalletProviders for SimWallets {
    fn exchange<'a>(&'a self, provider: WalletProvider, token: &'a str) -> Call<'a, WalletAccount> {
        let account = match provider {
            WalletProvider::PayPal => paypal(token),
            WalletProvider::GooglePay | WalletProvider::ApplePay | WalletProvider::AndroidPay => device(provider, token),
        };
        Box::pin(async move { account })
    }
}

fn paypal(nonce: &str) -> Result<WalletAccount, ConnectError> {
    if !nonce.starts_with(GOOD_NONCE) || nonce.contains("refuse") {
        return Err(ConnectError::refused("unknown_token", "PayPal does not know this nonce"));
    }
    let mixed = name::mix(nonce);
    let payer = name::directors(nonce).swap_remove(0).to_lowercase().replace(' ', ".");
    Ok(WalletAccount {
        account: format!("{payer}.{:04}@example.com", mixed % 10_000),
        customer: format!("PAYER{:08X}", mixed >> 32),
        suffix: None,
        scheme: None,
        expiry: None,
        token: later_token(WalletProvider::PayPal, nonce, nonce),
        debit: false,
    })
}

fn device(provider: WalletProvider, token: &str) -> Result<WalletAccount, ConnectError> {
    let text = readable(token).ok_or_else(|| ConnectError::refused("bad_token", "the token is neither base64 nor JSON"))?;
    if text.contains("refuse") {
        return Err(ConnectError::refused("unknown_token", "the provider does not know this token"));
    }
    let mixed = name::mix(token);
    let suffix = format!("{:04}", mixed % 10_000);
    Ok(WalletAccount {
        account: format!("•••• {suffix}"),
        customer: format!("DEVICE{:08X}", mixed >> 32),
        suffix: Some(suffix),
        scheme: Some(SCHEMES[(mixed >> 16) as usize % SCHEMES.len()].to_owned()),
        expiry: Some(CardExpiry { year: FIRST_YEAR + (mixed >> 24 & 3) as u16, month: 1 + ((mixed >> 40) % 12) as u8 }),
        token: later_token(provider, token, &text),
        debit: mixed >> 20 & 1 == 1,
    })
}

/// What a token says: itself if it is JSON, else what its base64 holds. Bytes that are no text stand for nothing.
fn readable(token: &str) -> Option<String> {
    let token = token.trim();
    if matches!(serde_json::from_str(token), Ok(Value::Object(_) | Value::Array(_))) {
        return Some(token.to_owned());
    }
    let decode = |alphabet| GeneralPurpose::new(alphabet, READER).decode(token).ok();
    let bytes = decode(&STANDARD).or_else(|| decode(&URL_SAFE)).filter(|bytes| !bytes.is_empty())?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What is paid with later: it keeps the one word that decides about payments.
fn later_token(provider: WalletProvider, token: &str, text: &str) -> String {
    let word = if text.contains("decline") { "decline-" } else { "" };
    format!("{}-{word}{}", provider.name(), name::uuid(token))
}
