//! Sound calls of the elements that take a card, and of cardholders' authentication.

use serde_json::{Value, json};

use super::{Call, Stage};

/// Where elements are begun and completed.
const ELEMENTS: &str = "/wow/v1/pay/instore/customer/elements";

/// An action that has begun.
struct Action {
    /// Its id.
    id: String,
    /// What completes it.
    session: String,
}

impl Stage<'_> {
    pub(super) fn of_elements(&self, method: &str, path: &str) -> Option<Call> {
        if (method, path) == ("POST", "/wow/v1/pay/instore/customer/3ds/session/enrolment") {
            return Some(Call::post(path, json!({ "data": { "sessionId": self.demanded() } })));
        }
        let mut parts = path.strip_prefix(ELEMENTS)?.split('/').skip(1);
        let (kind, step) = (parts.next()?, parts.last()?);
        Some(match (method, step) {
            ("POST", "init") => Call::post(path, self.beginning(kind, false)),
            ("POST", "complete") => {
                let action = self.begins(kind, false);
                self.types(&action, kind, "approved");
                action.completing(kind)
            }
            _ => return None,
        })
    }

    fn beginning(&self, kind: &str, requires_3ds: bool) -> Value {
        let mut data = json!({ "verify": true, "save": true, "useEverydayPay": false, "threeDS": { "requires3DS": requires_3ds } });
        if kind != "capture-card" {
            data["paymentInstrumentId"] = json!(self.card().id);
        }
        json!({ "data": data })
    }

    /// Begins an action.
    #[track_caller]
    fn begins(&self, kind: &str, requires_3ds: bool) -> Action {
        let told = self.shopper.posts(&format!("{ELEMENTS}/{kind}/init"), &self.beginning(kind, requires_3ds)).is(200).json();
        let text = |field: &str| told["data"][field].as_str().unwrap_or_else(|| panic!("no {field}: {told}")).to_owned();
        Action { id: text("actionId"), session: text("sessionId") }
    }

    /// Types into the elements what they take.
    #[track_caller]
    fn types(&self, action: &Action, kind: &str, outcome: &str) {
        let number = self.florin.card(outcome);
        let all = [("cardNo", number.as_str()), ("cardExpiry", "12/31"), ("cardCVV", "123")];
        let taken = match kind {
            "capture-card" => &all[..],
            "update-card" => &all[1..],
            _ => &all[2..],
        };
        for piece in taken {
            self.florin.http.ask("POST", &format!("/container-ws/elements/{}", action.id)).form(&[*piece]).send().is(204);
        }
    }

    /// The token by which a capture demands that its cardholder be authenticated.
    #[track_caller]
    fn demanded(&self) -> String {
        let action = self.begins("capture-card", true);
        self.types(&action, "capture-card", "threeds_challenge");
        let credentials = |ask: super::Ask| ask.header("x-api-key", &self.retailer.key).bearer(&self.shopper.token);
        let told = action.completing("capture-card").send(self.florin, credentials).is(200).json();
        told["data"]["token"].as_str().unwrap_or_else(|| panic!("no token: {told}")).to_owned()
    }
}

impl Action {
    /// The call that completes it.
    fn completing(&self, kind: &str) -> Call {
        let body = json!({ "data": { "save": true }, "meta": { "challengeResponses": [] } });
        Call { session: Some(self.session.clone()), ..Call::post(format!("{ELEMENTS}/{kind}/{}/complete", self.id), body) }
    }
}
