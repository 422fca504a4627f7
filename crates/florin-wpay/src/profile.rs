//! The merchant's profile: what it takes, and what a page needs to offer that.

use florin_domain::gift_card::PROGRAMMES;
use florin_domain::merchant::Merchant;
use florin_web::Surface;
use serde::Serialize;

use crate::call::Call;
use crate::error::Refusal;
use crate::hex::hex;
use crate::reply::Reply;

/// The schemes that are taken.
pub const NETWORKS: [&str; 5] = ["VISA", "MASTERCARD", "AMEX", "JCB", "DINERS"];
/// The schemes that are taken in phones' wallets.
const DEVICE_NETWORKS: [&str; 3] = ["VISA", "MASTERCARD", "AMEX"];
const BOTH: &[&str] = &["PREAUTH", "PURCHASE"];
const PURCHASE: &[&str] = &["PURCHASE"];
const ENABLED: &str = "ENABLED";
/// The first instant of 2100, in milliseconds: the sandbox's key does not run out.
const KEY_EXPIRES_MS: i64 = 4_102_444_800_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProfileBody<'m> {
    allowed_payment_methods: MethodsBody<'m>,
}

/// A method that is not there is not taken.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MethodsBody<'m> {
    gift_card: GiftCardBody,
    credit_card: CreditCardBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_pal: Option<PayPalBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    google_pay: Option<GooglePayBody<'m>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    apple_pay: Option<ApplePayBody>,
    payment_agreement: AgreementBody,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GiftCardBody {
    allowed_bins: Vec<&'static str>,
    service_status: &'static str,
    pin_always_required: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreditCardBody {
    #[serde(flatten)]
    taken: TakenBody,
    service_status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TakenBody {
    allowed_networks: &'static [&'static str],
    allowed_transaction_types: &'static [&'static str],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PayPalBody {
    client_token: String,
    service_status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GooglePayBody<'m> {
    public_key: String,
    public_key_hash: String,
    public_key_expiry: i64,
    merchant_id: &'m str,
    merchant_name: &'m str,
    #[serde(flatten)]
    cards: DeviceCardsBody,
    service_status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApplePayBody {
    #[serde(flatten)]
    cards: DeviceCardsBody,
    service_status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeviceCardsBody {
    credit_card: TakenBody,
    debit_card: TakenBody,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AgreementBody {
    allowed_instrument_types: &'static [&'static str],
    service_status: &'static str,
}

/// `GET /wow/v1/pay/merchants/profile`
pub async fn show(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let merchant = &call.merchant.merchant;
    Ok(Reply::ok(&ProfileBody { allowed_payment_methods: methods(merchant, surface.cx.policy.is_sandbox()) }))
}

/// What `merchant` takes. Only the sandbox has wallet providers, who are simulated.
fn methods(merchant: &Merchant, has_providers: bool) -> MethodsBody<'_> {
    let instruments: &[&str] = if has_providers { &["CREDIT_CARD", "PAYPAL"] } else { &["CREDIT_CARD"] };
    MethodsBody {
        gift_card: GiftCardBody {
            allowed_bins: PROGRAMMES.iter().map(|programme| programme.prefix).collect(),
            service_status: ENABLED,
            pin_always_required: false,
        },
        credit_card: CreditCardBody {
            taken: TakenBody { allowed_networks: &NETWORKS, allowed_transaction_types: BOTH },
            service_status: ENABLED,
        },
        pay_pal: has_providers.then(|| PayPalBody { client_token: derived(merchant, "paypal"), service_status: ENABLED }),
        google_pay: has_providers.then(|| google_pay(merchant)),
        apple_pay: has_providers.then(|| ApplePayBody { cards: device_cards(), service_status: ENABLED }),
        payment_agreement: AgreementBody { allowed_instrument_types: instruments, service_status: ENABLED },
    }
}

fn google_pay(merchant: &Merchant) -> GooglePayBody<'_> {
    let public_key = derived(merchant, "googlepay");
    GooglePayBody {
        public_key_hash: hex(&florin_service::digest(public_key.as_bytes())),
        public_key,
        public_key_expiry: KEY_EXPIRES_MS,
        merchant_id: merchant.id.as_str(),
        merchant_name: &merchant.name,
        cards: device_cards(),
        service_status: ENABLED,
    }
}

const fn device_cards() -> DeviceCardsBody {
    DeviceCardsBody {
        credit_card: TakenBody { allowed_networks: &DEVICE_NETWORKS, allowed_transaction_types: BOTH },
        debit_card: TakenBody { allowed_networks: &DEVICE_NETWORKS, allowed_transaction_types: PURCHASE },
    }
}

/// A value that stays the same for a merchant and opens nothing anywhere.
fn derived(merchant: &Merchant, what: &str) -> String {
    format!("sandbox_{}", hex(&florin_service::digest(format!("{what}\n{}", merchant.id).as_bytes())))
}

#[cfg(test)]
mod tests {
    use florin_domain::merchant::{DuplicateReferences, MerchantId};
    use florin_domain::{SellerId, Timestamp};

    use super::*;

    #[test]
    fn without_providers_only_cards_are_offered() {
        let merchant = Merchant {
            id: MerchantId::parse("10006").unwrap(),
            seller: SellerId::from_random([1; 16]),
            name: "Shop".to_owned(),
            origins: Vec::new(),
            allowed: Vec::new(),
            fee_bps: 0,
            duplicate_references: DuplicateReferences::Accept,
            created_at: Timestamp::from_micros(0),
        };
        let names = |has_providers| {
            let body = serde_json::to_value(methods(&merchant, has_providers)).unwrap();
            body.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(names(false), ["creditCard", "giftCard", "paymentAgreement"]);
        assert_eq!(names(true), ["applePay", "creditCard", "giftCard", "googlePay", "payPal", "paymentAgreement"]);
        assert_eq!(derived(&merchant, "paypal"), derived(&merchant, "paypal"));
    }
}
