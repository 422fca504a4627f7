//! The operations of the surface: one table, from which the router is built.
//!
//! Invariant: nothing is routed without its row, and a row says who may call.

use std::pin::Pin;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{MethodFilter, any, on};
use florin_service::Cx;
use florin_web::{Class, Surface};
use http::{HeaderMap, Method};

use crate::answer::{self, Head};
use crate::call::Call;
use crate::error::Refusal;
use crate::reply::Reply;
use crate::{
    agreements, apm, apple_pay, captures, follow_ups, frames, fraud, gift_cards, gifting, guests, health, history, idm, import, instore,
    instruments, openpay, payments, paypal, profile, three_ds, verify, wallets,
};

/// Whom an operation asks for. All but the open ones also ask for a merchant's API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nobody in particular.
    Open,
    /// A registered shopper: by the bearer, or by a signature of the merchant's server on the shopper's behalf.
    Shopper,
    /// A guest, by the bearer.
    Guest,
    /// Any shopper of the merchant, guests too.
    AnyShopper,
    /// The merchant's server, by the address it calls from.
    Server,
    /// Any shopper of the merchant, guests too, or its server, which shows no bearer.
    ShopperOrServer,
    /// The merchant's server, whatever bearer it shows, or any shopper of the merchant, guests too.
    ServerOrShopper,
    /// Whoever has the merchant's key, and nobody in particular.
    Key,
}

/// One operation.
pub struct Operation {
    /// Its number in the contract; 0 if it is not there.
    pub number: u8,
    /// What it does.
    pub name: &'static str,
    /// Its method.
    pub method: Method,
    /// Its path, with `{parameters}`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    filter: MethodFilter,
    handler: Handler,
}

/// What a handler will answer.
pub type Answering = Pin<Box<dyn Future<Output = Result<Reply, Refusal>> + Send>>;

/// What answers an operation.
#[derive(Clone, Copy)]
pub enum Handler {
    /// Somebody whom nobody asked who he is.
    Open(fn(Surface) -> Answering),
    /// A known caller.
    Known(fn(Surface, Call) -> Answering),
}

macro_rules! handler {
    (Open, $handler:path) => {
        Handler::Open(|surface| Box::pin($handler(surface)))
    };
    ($access:ident, $handler:path) => {
        Handler::Known(|surface, call| Box::pin(async move { $handler(surface, call).await.map_err(Refusal::from) }))
    };
}

macro_rules! operations {
    ($($number:literal $name:literal $access:ident $method:ident $path:literal $handler:path;)*) => {
        static OPERATIONS: &[Operation] = &[$(Operation {
            number: $number,
            name: $name,
            method: Method::$method,
            path: $path,
            access: Access::$access,
            filter: MethodFilter::$method,
            handler: handler!($access, $handler),
        }),*];
    };
}

operations! {
    0 "check health" Open GET "/wow/v1/pay/" health::check;
    0 "check health" Open GET "/wow/v1/pay" health::check;
    0 "publish token keys" Open GET "/.well-known/jwks.json" health::jwks;
    0 "issue a shopper's token" Server POST "/wow/v1/idm/servers/token" idm::issue;
    0 "refresh a shopper's token" Server POST "/wow/v1/idm/servers/token/refresh" idm::refresh;
    0 "begin a card typed into elements" AnyShopper POST "/wow/v1/pay/instore/customer/elements/capture-card/init" frames::begin_capture;
    0 "complete a card typed into elements" AnyShopper POST "/wow/v1/pay/instore/customer/elements/capture-card/{actionId}/complete" frames::complete_capture;
    0 "begin a card's code typed into an element" AnyShopper POST "/wow/v1/pay/instore/customer/elements/step-up/init" frames::begin_step_up;
    0 "complete a card's code typed into an element" AnyShopper POST "/wow/v1/pay/instore/customer/elements/step-up/{actionId}/complete" frames::complete_step_up;
    0 "begin a card's renewal typed into elements" AnyShopper POST "/wow/v1/pay/instore/customer/elements/update-card/init" frames::begin_update;
    0 "complete a card's renewal typed into elements" AnyShopper POST "/wow/v1/pay/instore/customer/elements/update-card/{actionId}/complete" frames::complete_update;
    0 "ask who a cardholder is" AnyShopper POST "/wow/v1/pay/instore/customer/3ds/session/enrolment" three_ds::enrol;
    0 "ask the fraud screen about an instrument" Shopper POST "/wow/v1/pay/instruments/fraudcheck" fraud::check;
    1 "list transactions of a shopper" Shopper GET "/wow/v1/pay/instore/customer/transactions" instore::transactions::list_shoppers;
    2 "show a transaction to its shopper" Shopper GET "/wow/v1/pay/instore/customer/transactions/{transactionId}" instore::transactions::show_shoppers;
    3 "show the payment request behind a QR code" Shopper GET "/wow/v1/pay/instore/customer/qr/{qrId}" instore::requests::show_scanned;
    4 "pay without a payment request" AnyShopper POST "/wow/v1/pay/instore/customer/payments" instore::payments::pay_now;
    5 "show a payment request to a shopper" Shopper GET "/wow/v1/pay/instore/customer/payments/{paymentRequestId}" instore::requests::show_shoppers;
    6 "pay a payment request" AnyShopper PUT "/wow/v1/pay/instore/customer/payments/{paymentRequestId}" instore::payments::pay;
    7 "list instruments in store" Shopper GET "/wow/v1/pay/instore/customer/instruments" instore::instruments::list;
    8 "begin to add an instrument" Shopper POST "/wow/v1/pay/instore/customer/instruments" instore::instruments::begin;
    9 "show an instrument" Shopper GET "/wow/v1/pay/instore/customer/instruments/{paymentInstrumentId}" instore::instruments::show;
    10 "remove an instrument in store" Shopper DELETE "/wow/v1/pay/instore/customer/instruments/{paymentInstrumentId}" instore::instruments::remove;
    11 "show a shopper's preferences" Shopper GET "/wow/v1/pay/instore/customer/preferences" instore::preferences::of_shopper;
    12 "keep a shopper's preferences" Shopper POST "/wow/v1/pay/instore/customer/preferences" instore::preferences::keep_shoppers;
    13 "show the payment session behind a QR code" Shopper GET "/wow/v1/pay/instore/customer/payment/session/qr/{qrId}" instore::sessions::show_scanned;
    14 "approve a payment beforehand" AnyShopper PUT "/wow/v1/pay/instore/customer/payment/session/{paymentSessionId}" instore::sessions::preapprove;
    15 "end a payment session as its shopper" Shopper DELETE "/wow/v1/pay/instore/customer/payment/session/{paymentSessionId}" instore::sessions::close_shoppers;
    16 "show a payment session to a shopper" Shopper GET "/wow/v1/pay/instore/customer/payment/session/{paymentSessionId}" instore::sessions::show_shoppers;
    17 "take up a payment session" Shopper POST "/wow/v1/pay/instore/customer/payment/session/{paymentSessionId}" instore::sessions::associate;
    18 "list terms agreed to" Shopper GET "/wow/v1/pay/instore/customer/termsandconditions/acceptance" instore::terms::list;
    19 "agree to terms" Shopper POST "/wow/v1/pay/instore/customer/termsandconditions/acceptance" instore::terms::accept;
    20 "list agreements" Shopper GET "/wow/v1/pay/instore/customer/payments/agreements" instore::agreements::list;
    21 "make an agreement in store" Shopper POST "/wow/v1/pay/instore/customer/payments/agreements" instore::agreements::create;
    22 "show an agreement" Shopper GET "/wow/v1/pay/instore/customer/payments/agreements/{paymentToken}" instore::agreements::show;
    23 "change an agreement in store" Shopper POST "/wow/v1/pay/instore/customer/payments/agreements/{paymentToken}" instore::agreements::update;
    24 "list transactions of a merchant" Server GET "/wow/v1/pay/instore/merchant/transactions" instore::transactions::list_merchants;
    25 "show a transaction to its merchant" Server GET "/wow/v1/pay/instore/merchant/transactions/{transactionId}" instore::transactions::show_merchants;
    26 "make a QR code" Server POST "/wow/v1/pay/instore/merchant/qr" instore::qr::create;
    27 "show a QR code" Server GET "/wow/v1/pay/instore/merchant/qr/{qrId}" instore::qr::show;
    28 "take a QR code back" Server DELETE "/wow/v1/pay/instore/merchant/qr/{qrId}" instore::qr::cancel;
    29 "list payment requests" Server GET "/wow/v1/pay/instore/merchant/payments" instore::requests::list;
    30 "make a payment request" Server POST "/wow/v1/pay/instore/merchant/payments" instore::requests::create;
    31 "show a payment request to its merchant" Server GET "/wow/v1/pay/instore/merchant/payments/{paymentRequestId}" instore::requests::show_merchants;
    32 "take a payment request back" Server DELETE "/wow/v1/pay/instore/merchant/payments/{paymentRequestId}" instore::requests::close;
    33 "open a payment session" Server POST "/wow/v1/pay/instore/merchant/payment/session" instore::sessions::create;
    34 "show a payment session to its merchant" Server GET "/wow/v1/pay/instore/merchant/payment/session/{paymentSessionId}" instore::sessions::show_merchants;
    35 "link a payment session" Server POST "/wow/v1/pay/instore/merchant/payment/session/{paymentSessionId}" instore::sessions::update;
    36 "end a payment session as its merchant" Server DELETE "/wow/v1/pay/instore/merchant/payment/session/{paymentSessionId}" instore::sessions::close_merchants;
    37 "refund in store" Server POST "/wow/v1/pay/instore/merchant/transactions/{transactionId}/refund" instore::follow_ups::refund;
    38 "complete in store" Server POST "/wow/v1/pay/instore/merchant/transactions/{transactionId}/completion" instore::follow_ups::complete;
    39 "void in store" Server POST "/wow/v1/pay/instore/merchant/transactions/{transactionId}/void" instore::follow_ups::void;
    40 "show a merchant's preferences" Server GET "/wow/v1/pay/instore/merchant/preferences" instore::preferences::of_merchant;
    41 "keep a merchant's preferences" Server POST "/wow/v1/pay/instore/merchant/preferences" instore::preferences::keep_merchants;
    42 "list schemas" Server GET "/wow/v1/pay/instore/merchant/schema" instore::schemas::list;
    43 "register a schema" Server POST "/wow/v1/pay/instore/merchant/schema" instore::schemas::register;
    44 "show a schema" Server GET "/wow/v1/pay/instore/merchant/schema/{schemaId}" instore::schemas::show;
    45 "charge an agreement in store" Server PUT "/wow/v1/pay/instore/merchant/payments/agreements/{paymentToken}" instore::agreements::charge;
    46 "end an agreement in store" Server DELETE "/wow/v1/pay/instore/merchant/payments/agreements/{paymentToken}" instore::agreements::remove;
    47 "begin a card capture" Shopper POST "/wow/v1/pay/cards/initcapture" captures::begin;
    48 "keep a PayPal account" Shopper POST "/wow/v1/pay/paypal/tokenize" wallets::keep_paypal;
    49 "make a PayPal risk context" Shopper POST "/wow/v1/pay/paypal/createtransactionriskcontext" paypal::risk_context;
    50 "keep a gift card" Shopper POST "/wow/v1/pay/giftcards/tokenize" gift_cards::keep;
    51 "tell gift cards' balances" Shopper POST "/wow/v1/pay/giftcards/balance" gift_cards::balances;
    52 "keep an Android Pay card" Shopper POST "/wow/v1/pay/androidpay/tokenize" wallets::keep_android_pay;
    53 "renew an Android Pay card" Shopper POST "/wow/v1/pay/androidpay/tokenize/{paymentInstrumentId}" wallets::keep_android_pay;
    54 "keep a Google Pay card" Shopper POST "/wow/v1/pay/googlepay/tokenize" wallets::keep_google_pay;
    55 "renew a Google Pay card" Shopper POST "/wow/v1/pay/googlepay/tokenize/{paymentToken}" wallets::keep_google_pay;
    56 "open an Apple Pay session" Shopper POST "/wow/v1/pay/applepay/paymentsession" apple_pay::session;
    57 "keep an Apple Pay card" Shopper POST "/wow/v1/pay/applepay/tokenize" wallets::keep_apple_pay;
    58 "renew an Apple Pay card" Shopper POST "/wow/v1/pay/applepay/tokenize/{paymentInstrumentId}" wallets::keep_apple_pay;
    59 "import instruments" Server POST "/wow/v1/pay/instruments/import" import::import;
    60 "verify instruments" Shopper POST "/wow/v1/pay/instruments/verify" verify::verify;
    61 "list instruments" Shopper GET "/wow/v1/pay/instruments" instruments::list;
    62 "list a shopper's instruments" Server POST "/wow/v1/pay/instruments" instruments::list_of;
    63 "remove an instrument" Shopper DELETE "/wow/v1/pay/instruments/{paymentInstrumentId}" instruments::remove;
    64 "list transactions" Shopper POST "/wow/v1/pay/transactions" history::list;
    65 "show the merchant's profile" ServerOrShopper GET "/wow/v1/pay/merchants/profile" profile::show;
    66 "delete a wallet" Server POST "/wow/v1/pay/wallet/delete" instruments::delete_wallet;
    67 "open a checkout at a pay-later provider" AnyShopper POST "/v1/apm/orders" apm::order;
    68 "take something to pay with" AnyShopper POST "/v1/apm/tokenize" apm::tokenize;
    69 "begin a guest's card capture" Guest POST "/wow/v1/pay/guest/cards/initcapture" captures::begin;
    70 "take a guest's PayPal account" Guest POST "/wow/v1/pay/guest/paypal/tokenize" guests::take_paypal;
    71 "take a guest's gift card" Guest POST "/wow/v1/pay/guest/giftcards/tokenize" guests::take_gift_card;
    72 "take a guest's Google Pay card" Guest POST "/wow/v1/pay/guest/googlepay/tokenize" wallets::keep_google_pay;
    73 "take a guest's Apple Pay card" Guest POST "/wow/v1/pay/guest/applepay/tokenize" wallets::take_apple_pay;
    74 "pay" Shopper POST "/wow/v1/pay/payments" payments::pay;
    75 "complete" Server POST "/wow/v1/pay/completions" follow_ups::complete;
    76 "void" Server POST "/wow/v1/pay/voids" follow_ups::void;
    77 "refund" Server POST "/wow/v1/pay/refunds" follow_ups::refund;
    78 "pay as a guest" Guest POST "/wow/v1/pay/guest/payments" payments::pay;
    79 "make an agreement" Shopper POST "/wow/v1/pay/paymentagreements" agreements::create;
    80 "change an agreement" Shopper POST "/wow/v1/pay/paymentagreements/{paymentToken}" agreements::update;
    81 "end an agreement" Server DELETE "/wow/v1/pay/paymentagreements/{paymentToken}" agreements::remove;
    82 "charge an agreement" Server POST "/wow/v1/pay/paymentagreements/charge" agreements::charge;
    83 "pay with Openpay" AnyShopper POST "/wow/v1/pay/openpay/payments" openpay::pay;
    84 "complete with Openpay" Server POST "/wow/v1/pay/openpay/completions" openpay::complete;
    85 "void with Openpay" Server POST "/wow/v1/pay/openpay/voids" openpay::void;
    86 "refund with Openpay" Server POST "/wow/v1/pay/openpay/refunds" openpay::refund;
    87 "list gift cards for sale" Key GET "/v1/gifting/listProducts" gifting::catalogue::list;
    88 "show a gift card for sale" Key GET "/v1/gifting/product/{id}" gifting::catalogue::show;
    89 "quote gift cards" Key POST "/v1/gifting/order/review" gifting::quote::review;
    90 "order gift cards" ShopperOrServer POST "/v1/gifting/order/submit" gifting::order::submit;
    0 "list gift cards for sale" Key GET "/wow/v1/pay/gifting/products" gifting::catalogue::list;
    0 "show a gift card for sale" Key GET "/wow/v1/pay/gifting/products/{id}" gifting::catalogue::show;
    0 "quote gift cards" Key POST "/wow/v1/pay/gifting/products/quote" gifting::quote::make_for_clients;
    0 "order gift cards" ShopperOrServer POST "/wow/v1/pay/gifting/products/order" gifting::order::submit;
}

/// The paths that are this surface's to answer, whether or not there is anything.
const PREFIXES: [&str; 3] = ["/wow/v1/", "/v1/apm/", "/v1/gifting/"];

/// Every operation there is.
pub fn operations() -> &'static [Operation] {
    OPERATIONS
}

/// The surface's routes.
pub fn router(cx: Cx) -> Router {
    let mut router = Router::new();
    for operation in OPERATIONS {
        let answer = on(operation.filter, async move |State(surface): State<Surface>, request: Request| {
            answer::give(surface, operation, request).await
        });
        router = router.route(operation.path, answer);
    }
    let mut paths: Vec<_> = OPERATIONS.iter().map(|operation| operation.path).collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        router = router.route(path, on(MethodFilter::OPTIONS, preflight));
    }
    for prefix in PREFIXES {
        router = router.route(prefix, any(nothing_here)).route(&format!("{prefix}{{*rest}}"), any(nothing_here));
    }
    router.method_not_allowed_fallback(wrong_verb).with_state(Surface::new(cx))
}

/// Whether `path` belongs to this surface, so that failures there are told in its dialect.
pub fn claims(path: &str) -> bool {
    PREFIXES.iter().any(|prefix| path.starts_with(prefix))
}

/// Tells a failure that no handler of this surface made. Nothing is known of the call but its path.
pub fn fallback(_path: &str, class: Class) -> Response {
    answer::to_nobody(Refusal::of_class(class))
}

impl Operation {
    /// What answers it.
    pub(crate) fn handler(&self) -> Handler {
        self.handler
    }
}

async fn preflight(State(surface): State<Surface>, headers: HeaderMap) -> Response {
    answer::preflight(&Head::of(&headers, &surface.cx.random))
}

async fn nothing_here(State(surface): State<Surface>, method: Method, headers: HeaderMap) -> Response {
    let head = Head::of(&headers, &surface.cx.random);
    if method == Method::OPTIONS { answer::preflight(&head) } else { head.respond(Err(Refusal::of_class(Class::NotFound))) }
}

/// The `Allow` header is added by the router, which knows the methods.
async fn wrong_verb(State(surface): State<Surface>, headers: HeaderMap) -> Response {
    Head::of(&headers, &surface.cx.random).respond(Err(Refusal::of_class(Class::MethodNotAllowed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_operation_of_the_contract_once() {
        let mut numbers: Vec<_> = OPERATIONS.iter().map(|operation| operation.number).filter(|number| *number > 0).collect();
        numbers.sort_unstable();
        let expected: Vec<_> = (1..=90).collect();
        assert_eq!(numbers, expected);
    }

    #[test]
    fn what_moves_a_merchants_money_back_or_lists_by_name_is_for_servers() {
        for number in (24..=46).chain([59, 62, 66, 75, 76, 77, 81, 82, 84, 85, 86]) {
            let operation = OPERATIONS.iter().find(|operation| operation.number == number).unwrap();
            assert_eq!(operation.access, Access::Server, "[{number}]");
        }
    }

    #[test]
    fn the_surface_claims_its_prefixes_and_nothing_else() {
        for (path, expected) in
            [("/wow/v1/pay", true), ("/v1/apm/orders", true), ("/v1/gifting/x", true), ("/wow/v2/pay", false), ("/v1/", false)]
        {
            assert_eq!(claims(path), expected, "{path}");
        }
    }
}
