//! A wallet as the contract lists it: every key there, whether or not there is anything.

use florin_domain::Timestamp;
use florin_domain::agreement::Agreement;
use florin_domain::gift_card::Programme;
use florin_domain::instrument::{Instrument, InstrumentKind, InstrumentStatus};
use florin_service::Context;
use florin_service::instruments::Wallet;
use serde::Serialize;

use crate::money::Amount;
use crate::profile::NETWORKS;
use crate::step_up::{self, StepUp};
use crate::words;

/// What a wallet holds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WalletBody<'w> {
    credit_cards: Vec<CardBody<'w>>,
    gift_cards: Vec<GiftCardBody<'w>>,
    pay_pal: Vec<PayPalBody<'w>>,
    payment_agreements: Vec<AgreementBody<'w>>,
    /// Nothing ever: the contract knows no field of it.
    android_pay: Option<()>,
    google_pay: Option<GooglePayBody<'w>>,
    apple_pay: Option<ApplePayBody<'w>>,
}

/// What every instrument has. The answer that one was kept is without the two fields that only the list has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CommonBody<'w> {
    payment_instrument_id: &'w str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_token: Option<String>,
    status: &'static str,
    last_updated: String,
    #[serde(skip_serializing_if = "LastUsed::is_left_out")]
    last_used: LastUsed,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_on: Option<String>,
    primary: bool,
    allowed: bool,
}

/// When something was last used. What never was is null in this family, and left out in store.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum LastUsed {
    At(String),
    Never,
    LeftOut,
}

impl LastUsed {
    fn of(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Never, |at| Self::At(at.to_millis_text()))
    }

    fn in_store(at: Option<Timestamp>) -> Self {
        at.map_or(Self::LeftOut, |at| Self::At(at.to_millis_text()))
    }

    const fn is_left_out(&self) -> bool {
        matches!(self, Self::LeftOut)
    }
}

/// A card.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CardBody<'w> {
    #[serde(flatten)]
    common: CommonBody<'w>,
    expiry_year: String,
    expiry_month: String,
    scheme: &'w str,
    card_suffix: &'w str,
    cvv_validated: bool,
    card_name: &'w str,
    expired: bool,
    #[serde(rename = "requiresCVV")]
    requires_cvv: bool,
    #[serde(rename = "updateURL")]
    update_url: String,
    step_up: Option<StepUp>,
}

/// A gift card.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GiftCardBody<'w> {
    #[serde(flatten)]
    common: CommonBody<'w>,
    program_name: &'w str,
    card_suffix: &'w str,
}

/// An account at `PayPal`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PayPalBody<'w> {
    #[serde(flatten)]
    common: CommonBody<'w>,
    pay_pal_id: &'w str,
    customer_id: &'w str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GooglePayBody<'w> {
    #[serde(flatten)]
    common: CommonBody<'w>,
    expired: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    step_up: Option<StepUp>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ApplePayBody<'w> {
    #[serde(flatten)]
    common: CommonBody<'w>,
    step_up: Option<StepUp>,
}

/// An agreement.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgreementBody<'w> {
    payment_token: String,
    status: &'static str,
    last_updated: String,
    #[serde(skip_serializing_if = "LastUsed::is_left_out")]
    last_used: LastUsed,
    created_on: String,
    primary: bool,
    allowed: bool,
    #[serde(rename = "type")]
    kind: &'static str,
    payment_instrument_id: &'w str,
    #[serde(flatten)]
    card: Option<AgreedCardBody<'w>>,
    start_date: String,
    end_date: String,
    charge_frequency: &'static str,
    charge_amount: Amount,
    charge_cycle: u32,
    expired: bool,
    #[serde(rename = "updateURL")]
    update_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    step_up: Option<StepUp>,
    /// Told in store alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'w str>,
}

/// What an agreement tells of the card that it charges.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AgreedCardBody<'w> {
    scheme: &'w str,
    card_suffix: &'w str,
    expiry_month: String,
    expiry_year: String,
}

impl<'w> WalletBody<'w> {
    /// Lists `wallet` as it stands at `now`.
    pub fn of(cx: &Context, wallet: &'w Wallet, now: Timestamp) -> Self {
        let of_kind = |kind| wallet.instruments.iter().filter(move |instrument| instrument.kind == kind);
        Self {
            credit_cards: of_kind(InstrumentKind::Card).map(|card| CardBody::of(cx, card, now)).collect(),
            gift_cards: of_kind(InstrumentKind::GiftCard).map(GiftCardBody::listed).collect(),
            pay_pal: of_kind(InstrumentKind::PayPal).map(PayPalBody::listed).collect(),
            payment_agreements: wallet
                .agreements
                .iter()
                .map(|(agreement, paid)| AgreementBody::of(cx, agreement, paid.as_ref(), now))
                .collect(),
            android_pay: None,
            google_pay: of_kind(InstrumentKind::GooglePay).next_back().map(|found| GooglePayBody {
                common: CommonBody::listed(found),
                expired: found.has_expired(now),
                step_up: StepUp::of(cx, found, now),
            }),
            apple_pay: of_kind(InstrumentKind::ApplePay)
                .next_back()
                .map(|found| ApplePayBody { common: CommonBody::listed(found), step_up: StepUp::of(cx, found, now) }),
        }
    }
}

impl<'w> CommonBody<'w> {
    fn listed(instrument: &'w Instrument) -> Self {
        let (token, created_on) = (instrument.token.to_string(), instrument.created_at.to_millis_text());
        Self { payment_token: Some(token), created_on: Some(created_on), ..Self::kept(instrument) }
    }

    fn in_store(instrument: &'w Instrument) -> Self {
        Self { last_used: LastUsed::in_store(instrument.used_at), ..Self::listed(instrument) }
    }

    fn kept(instrument: &'w Instrument) -> Self {
        Self {
            payment_instrument_id: instrument.id.as_str(),
            payment_token: None,
            status: kept_status(instrument.status),
            last_updated: instrument.updated_at.to_millis_text(),
            last_used: LastUsed::of(instrument.used_at),
            created_on: None,
            primary: instrument.primary,
            allowed: is_allowed(instrument),
        }
    }
}

impl<'w> CardBody<'w> {
    /// A card as it is told in store.
    pub fn in_store(cx: &Context, card: &'w Instrument, now: Timestamp) -> Self {
        Self { common: CommonBody::in_store(card), ..Self::of(cx, card, now) }
    }

    fn of(cx: &Context, card: &'w Instrument, now: Timestamp) -> Self {
        let scheme = text(card.network.as_ref());
        Self {
            common: CommonBody::listed(card),
            expiry_year: words::expiry_year(card.expiry),
            expiry_month: words::expiry_month(card.expiry),
            scheme,
            card_suffix: text(card.suffix.as_ref()),
            cvv_validated: card.code_checked,
            card_name: words::scheme_name(scheme),
            expired: card.has_expired(now),
            requires_cvv: step_up::needs_code(card),
            update_url: step_up::update_url(cx, card),
            step_up: StepUp::of(cx, card, now),
        }
    }
}

impl<'w> GiftCardBody<'w> {
    /// A gift card as it is told in store, where it may be allowed or not.
    pub fn in_store(card: &'w Instrument, allowed: bool) -> Self {
        Self { common: CommonBody { allowed, ..CommonBody::in_store(card) }, ..Self::kept(card) }
    }

    fn listed(card: &'w Instrument) -> Self {
        Self { common: CommonBody::listed(card), ..Self::kept(card) }
    }

    /// A gift card that was kept just now.
    pub fn kept(card: &'w Instrument) -> Self {
        Self { common: CommonBody::kept(card), program_name: text(card.network.as_ref()), card_suffix: text(card.suffix.as_ref()) }
    }
}

impl<'w> PayPalBody<'w> {
    fn listed(account: &'w Instrument) -> Self {
        Self { common: CommonBody::listed(account), ..Self::kept(account) }
    }

    /// An account that was kept just now.
    pub fn kept(account: &'w Instrument) -> Self {
        Self { common: CommonBody::kept(account), pay_pal_id: text(account.account.as_ref()), customer_id: text(account.customer.as_ref()) }
    }
}

impl<'w> AgreementBody<'w> {
    /// An agreement as it is told in store.
    pub fn in_store(cx: &Context, agreement: &'w Agreement, paid: Option<&'w Instrument>, now: Timestamp) -> Self {
        let (last_used, description) = (LastUsed::in_store(agreement.used_at), agreement.description.as_deref());
        Self { last_used, description, ..Self::of(cx, agreement, paid, now) }
    }

    fn of(cx: &Context, agreement: &'w Agreement, paid: Option<&'w Instrument>, now: Timestamp) -> Self {
        let card = paid.filter(|paid| paid.kind == InstrumentKind::Card);
        let is_over = agreement.has_ended(now) || paid.is_none_or(|paid| paid.has_expired(now));
        let change = || format!("{}/wow/v1/pay/paymentagreements/{}", cx.policy.base_url, agreement.id);
        Self {
            payment_token: agreement.id.to_string(),
            status: kept_status(paid.map_or(InstrumentStatus::Unverified, |paid| paid.status)),
            last_updated: agreement.updated_at.to_millis_text(),
            last_used: LastUsed::of(agreement.used_at),
            created_on: agreement.created_at.to_millis_text(),
            primary: false,
            allowed: paid.is_some_and(is_allowed),
            kind: words::agreement(agreement.kind),
            payment_instrument_id: agreement.instrument.as_str(),
            card: card.map(|card| AgreedCardBody {
                scheme: text(card.network.as_ref()),
                card_suffix: text(card.suffix.as_ref()),
                expiry_month: words::expiry_month(card.expiry),
                expiry_year: words::expiry_year(card.expiry),
            }),
            start_date: agreement.starts_at.to_millis_text(),
            end_date: words::end_date(agreement.ends_at),
            charge_frequency: words::frequency(agreement.frequency),
            charge_amount: Amount(agreement.amount),
            charge_cycle: agreement.cycle,
            expired: is_over,
            update_url: card.map_or_else(change, |card| step_up::update_url(cx, card)),
            step_up: card.and_then(|card| StepUp::of(cx, card, now)),
            description: None,
        }
    }
}

/// The status where the contract knows only two; a guest's instrument comes here only by a defect.
pub const fn kept_status(status: InstrumentStatus) -> &'static str {
    match status {
        InstrumentStatus::Transient | InstrumentStatus::Unverified => words::status(InstrumentStatus::Unverified),
        InstrumentStatus::Verified => words::status(InstrumentStatus::Verified),
    }
}

/// Whether merchants here take such an instrument.
pub fn is_allowed(instrument: &Instrument) -> bool {
    let network = text(instrument.network.as_ref());
    match instrument.kind {
        InstrumentKind::Card => NETWORKS.contains(&network),
        InstrumentKind::GiftCard => Programme::named(network).is_some(),
        InstrumentKind::PayPal
        | InstrumentKind::GooglePay
        | InstrumentKind::ApplePay
        | InstrumentKind::AndroidPay
        | InstrumentKind::ZipPay
        | InstrumentKind::Afterpay
        | InstrumentKind::Openpay => true,
    }
}

/// A text that must be there, even if it says nothing.
pub fn text(text: Option<&String>) -> &str {
    text.map_or("", String::as_str)
}
