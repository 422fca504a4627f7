//! Sound calls of pay-later providers, and how a shopper goes through a checkout there.

use serde_json::{Value, json};

use super::super::{Instrument, Page, Shopper};
use super::{Call, Stage, google};

/// Where checkouts are opened.
pub const APM_ORDERS: &str = "/v1/apm/orders";
/// Where everything else is taken.
pub const APM_TOKENIZE: &str = "/v1/apm/tokenize";

/// A checkout at a pay-later provider.
#[derive(Clone, Debug)]
pub struct Checkout {
    /// What is paid with once it is approved.
    pub instrument: Instrument,
    /// The provider's page.
    pub page: String,
}

/// An order of `dollars` at a provider.
pub fn pay_later_order(provider: &str, number: &str, dollars: &str) -> Value {
    let place = json!({
        "firstName": "Jo", "lastName": "Ash", "streetAddress": "1 Main Street", "suburb": "Bondi", "stateOrTerritory": "NSW",
        "postalCode": "2026", "countryCode": "AU",
    });
    let thing = json!({ "itemType": "SKU", "itemId": "7", "description": "a lamp", "quantity": 1, "price": 50.0 });
    json!({
        "data": {
            "paymentInstrumentType": provider, "orderNumber": number, "amount": dollars, "billingAddress": place,
            "isDeliveryOrder": true, "useBillingForShipping": true, "basketData": [thing], "save": false,
        },
        "meta": { "serviceProviderURL": "https://shop.example/back?cart=7" },
    })
}

/// What is to be taken behind the one path for everything.
pub fn tokenized(kind: &str, payload: &Value) -> Value {
    json!({ "data": { "paymentInstrumentType": kind, "payload": payload }, "meta": {} })
}

impl Shopper {
    /// Opens a checkout.
    #[track_caller]
    pub fn checks_out(&self, provider: &str, number: &str, dollars: &str) -> Checkout {
        let opened = self.posts(APM_ORDERS, &pay_later_order(provider, number, dollars)).is(200).json();
        let page = opened["meta"]["serviceProviderURL"].as_str().expect("a page").to_owned();
        Checkout { instrument: Instrument::read(&opened["data"]), page }
    }

    /// Says yes or no on the provider's page, and follows where that leads.
    #[track_caller]
    pub fn decides(&self, checkout: &Checkout, yes: bool) -> Page {
        let page = Page::read(self.at.http().get(&checkout.page).is(200));
        let form = page.form_with("approve").unwrap_or_else(|| panic!("nothing to decide on {}: {}", page.url, page.text));
        let answers = form.filled(&[("approve", if yes { "yes" } else { "no" })]);
        let sent = self.at.http().ask("POST", form.action.as_str()).form(&answers).send().is(303);
        Page::read(self.at.http().get(sent.header("location")).is(200))
    }
}

impl Stage<'_> {
    pub(super) fn of_apm(&self, method: &str, path: &str) -> Option<Call> {
        match (method, path) {
            ("POST", APM_ORDERS) => Some(Call::post(path, pay_later_order("ZIPPAY", &self.florin.fresh_name("order"), "50.00"))),
            ("POST", APM_TOKENIZE) => Some(Call::post(path, tokenized("GOOGLEPAY", &google()))),
            _ => None,
        }
    }
}
