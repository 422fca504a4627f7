//! Stories of wallet providers: what they know, what they do not, and what is paid with later.

use florin_connect::{ConnectError, Connector, WalletAccount, WalletProvider, WalletProviders};
use florin_sim::SimWallets;

const DEVICES: [WalletProvider; 3] = [WalletProvider::GooglePay, WalletProvider::ApplePay, WalletProvider::AndroidPay];
/// `{"card":1}` in base64.
const GOOD: &str = "eyJjYXJkIjoxfQ==";
/// `please refuse me` in base64.
const REFUSED: &str = "cGxlYXNlIHJlZnVzZSBtZQ==";
/// `to be declined later: ???` in base64 for addresses, without padding.
const DECLINED: &str = "dG8gYmUgZGVjbGluZWQgbGF0ZXI6ID8_Pw";

async fn exchange(provider: WalletProvider, token: &str) -> Result<WalletAccount, ConnectError> {
    SimWallets.exchange(provider, token).await
}

#[tokio::test]
async fn paypal_knows_its_nonces() {
    assert_eq!((SimWallets.name(), SimWallets.simulated()), ("sandbox-wallets", true));
    let account = exchange(WalletProvider::PayPal, florin_sim::wallets::PAYPAL_NONCE).await.unwrap();
    assert!(account.account.ends_with("@example.com") && account.customer.starts_with("PAYER"));
    assert!(account.suffix.is_none() && account.scheme.is_none() && account.expiry.is_none());
    assert_eq!(exchange(WalletProvider::PayPal, florin_sim::wallets::PAYPAL_NONCE).await, Ok(account.clone()));
    let other = exchange(WalletProvider::PayPal, "fake-another-nonce").await.unwrap();
    assert!(other.account != account.account && other.token != account.token);

    for unknown in ["refused-nonce", "fake-refused-nonce", "", "nonce"] {
        let outcome = exchange(WalletProvider::PayPal, unknown).await;
        assert!(matches!(&outcome, Err(ConnectError::Refused { code, .. }) if code == "unknown_token"), "{unknown}: {outcome:?}");
    }
}

#[tokio::test]
async fn devices_bring_cards() {
    for provider in DEVICES {
        for token in [GOOD, r#"{"signature":"MEUCIQ","protocolVersion":"ECv2"}"#, "/+8=", "_-8"] {
            let account = exchange(provider, token).await.unwrap();
            assert!(account.suffix.as_ref().is_some_and(|suffix| suffix.len() == 4), "{token}");
            assert!(account.scheme.is_some() && account.expiry.is_some_and(|expiry| (1..=12).contains(&expiry.month)), "{token}");
            assert!(account.token.starts_with(provider.name()) && !account.token.contains("decline"), "{token}");
            assert_eq!(exchange(provider, token).await, Ok(account), "the same token, the same account");
        }
        for unreadable in ["", "   ", "not base64!", "é"] {
            let outcome = exchange(provider, unreadable).await;
            assert!(matches!(&outcome, Err(ConnectError::Refused { code, .. }) if code == "bad_token"), "{unreadable}: {outcome:?}");
        }
        assert!(matches!(exchange(provider, REFUSED).await, Err(ConnectError::Refused { code, .. }) if code == "unknown_token"));
    }
}

#[tokio::test]
async fn what_says_decline_is_declined_when_it_is_paid_with() {
    for (provider, token) in [(WalletProvider::PayPal, "fake-decline-nonce"), (WalletProvider::ApplePay, DECLINED)] {
        let account = exchange(provider, token).await.unwrap();
        assert!(account.token.contains("decline"), "{}", provider.name());
    }
}

#[tokio::test]
async fn an_account_prints_nothing_of_itself() {
    let account = exchange(WalletProvider::PayPal, florin_sim::wallets::PAYPAL_NONCE).await.unwrap();
    assert_eq!(format!("{account:?}"), "WalletAccount(..)");
}
