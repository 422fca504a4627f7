//! Both halves of the JavaScript client in the families with bare bodies, and gift cards for sale.

use serde_json::{Value, json};

use super::{Reads, Row, Scene};
use crate::cast::{Bill, apple, charge, follow_up, google, text};

/// Every kind of instrument that an answer to a payment tells of.
const PAID: &[&str] =
    &["transactionReceipt", "partialSuccess", "fraudResponse", "creditCards", "giftCards", "payPal", "googlePay", "applePay", "unknown"];
const CAPTURE: &[&str] = &["cardCaptureURL", "transactionRef"];
const WALLET: &[&str] = &["creditCards", "giftCards", "payPal", "paymentAgreements", "androidPay", "googlePay", "applePay"];
const GIFT_CARD: &[&str] = &["giftCard", "balance", "expiryDay", "expiryMonth", "expiryYear", "expired"];

fn at(rest: &str) -> String {
    format!("/wow/v1/pay/{rest}")
}

impl Scene<'_> {
    pub(super) fn digital_pay_rows(&self) -> Vec<Row> {
        let mut rows = self.card_rows().to_vec();
        rows.extend(self.wallet_rows());
        rows.extend(self.device_rows());
        rows.extend(self.money_rows());
        rows.extend(self.gifting_rows());
        rows
    }

    fn card_rows(&self) -> [Row; 5] {
        let slip = |is_kept: bool| {
            let slip = self.florin.gift_card("628000", 20.0);
            let mut body = json!({ "cardNumber": slip.number, "pinCode": slip.pin });
            if is_kept {
                body["primary"] = json!(false);
                body["save"] = json!(true);
            }
            body
        };
        let kept = self.shopper.takes(&self.florin.gift_card("628000", 20.0));
        let balance = json!({ "giftCardInstruments": [{ "paymentInstrumentId": kept.id }] });
        let capture = json!({ "clientReference": "J" });
        [
            Row::post("c.dp.cards.initCapture", at("cards/initcapture"), capture.clone(), Reads::Body(CAPTURE)),
            Row::post("c.dp.cards.guestInitCapture", at("guest/cards/initcapture"), capture, Reads::Body(CAPTURE)),
            Row::post("c.dp.giftcards.tokenize", at("giftcards/tokenize"), slip(true), Reads::Body(GIFT_CARD)),
            Row::post("c.dp.giftcards.guestTokenize", at("guest/giftcards/tokenize"), slip(false), Reads::Body(GIFT_CARD)),
            Row::post("c.dp.giftcards.balance", at("giftcards/balance"), balance, Reads::Body(&["giftCardBalances"])),
        ]
    }

    fn wallet_rows(&self) -> [Row; 9] {
        let somebody = |name: &str| json!({ "uid": "u", "shopperId": name });
        let spare = self.shopper.captures("378282246310005").id;
        let verify = json!({ "clientReference": "c", "paymentInstruments": [{ "paymentToken": self.card.token }] });
        [
            Row::get("c.dp.instruments.getList", at("instruments"), Reads::Body(WALLET)),
            Row::post("m.dp.instruments.postList", at("instruments"), somebody(&self.shopper.id), Reads::Body(WALLET)),
            Row::post("m.dp.instruments.import", at("instruments/import"), self.imported(), Reads::Body(&["creditCards"])),
            Row::post("c.dp.instruments.verify", at("instruments/verify"), verify, Reads::Body(&["verifyResponses", "partialSuccess"])),
            Row::delete("c.dp.instruments.delete", at(&format!("instruments/{spare}")), Reads::Body(&[])),
            Row::get("c.dp.merchants.profile", at("merchants/profile"), Reads::Body(&["allowedPaymentMethods"])),
            Row::post(
                "c.dp.transactions.history",
                at("transactions"),
                json!({ "transactionTypes": ["PREAUTH"] }),
                Reads::Body(&["returned", "total", "transactions"]),
            ),
            Row::post("m.dp.wallet.delete", at("wallet/delete"), somebody("s"), Reads::Body(&[])),
            Row::post(
                "c.dp.paypal.tokenize",
                at("paypal/tokenize"),
                json!({ "nonce": "fake-n", "primary": false }),
                Reads::Body(&["payPal"]),
            ),
        ]
    }

    /// A card that is taken over by a payment with it.
    fn imported(&self) -> Value {
        let number = self.florin.card("approved");
        let card = json!({
            "transactionRef": self.bought(false), "transactionTimestamp": "2026-01-01T00:00:00.000Z", "orderNumber": "order",
            "bin": &number[..6], "cardSuffix": &number[12..], "amount": 12.5,
        });
        json!({ "uid": "u", "shopperId": self.florin.shopper().id, "creditCards": [card] })
    }

    fn device_rows(&self) -> [Row; 2] {
        let phone = text(&self.shopper.posts(&at("googlepay/tokenize"), &google()).is(200).json(), "paymentToken");
        let watch = text(&self.shopper.posts(&at("applepay/tokenize"), &apple(true)).is(200).json(), "paymentInstrumentId");
        [
            Row::post("c.dp.googlePay.update", at(&format!("googlepay/tokenize/{phone}")), google(), Reads::Body(&["paymentToken"])),
            Row::post(
                "c.dp.applePay.update",
                at(&format!("applepay/tokenize/{watch}")),
                apple(true),
                Reads::Body(&["paymentInstrumentId", "stepUpToken"]),
            ),
        ]
    }

    fn money_rows(&self) -> [Row; 8] {
        let guests = self.guest.captures(&self.florin.card("approved"));
        let voids = json!({
            "clientReference": "v", "orderNumber": "order", "voids": [{ "paymentTransactionRef": self.bought(true) }],
        });
        let openpay = json!({
            "transactionType": { "openPay": "PURCHASE" }, "clientReference": "c", "orderNumber": "o", "channel": "instore",
            "storeData": { "storeId": "4952110" }, "payments": [{ "paymentToken": "690000000017", "amount": 20 }],
        });
        let later = |list: &str, is_held: bool| follow_up(list, &[(&self.bought(is_held), 10.0)]);
        [
            Row::post("c.dp.payments.pay", at("payments"), Bill::of(&self.card, 10.0).body, Reads::Body(PAID)),
            Row::post("c.dp.payments.guestPayment", at("guest/payments"), Bill::of(&guests, 10.0).body, Reads::Body(PAID)),
            Row::post("m.dp.payments.complete", at("completions"), later("completions", true), Reads::Body(&["completionResponses"])),
            Row::post("m.dp.payments.voidPayment", at("voids"), voids, Reads::Body(&["voidResponses"])),
            Row::post("m.dp.payments.refund", at("refunds"), later("refunds", false), Reads::Body(&["refundResponses"])),
            Row::post(
                "m.dp.paymentAgreements.charge",
                at("paymentagreements/charge"),
                charge(&self.agreement(), 2.99),
                Reads::Body(&["transactionReceipt", "paymentToken", "paymentAgreement", "fraudResponse"]),
            ),
            Row::delete("m.dp.paymentAgreements.delete", at(&format!("paymentagreements/{}", self.agreement())), Reads::Body(&[])),
            Row::post("c.dp.openPay.pay", at("openpay/payments"), openpay, Reads::Body(&["transactionReceipt", "paymentResponses"])),
        ]
    }

    fn gifting_rows(&self) -> [Row; 4] {
        let list = "gifting/products?page=1&page-size=10&last-updated-date-time=2021-02-17T06%3A31%3A46.358Z";
        let items = json!([{ "designId": "everyday-classic", "amount": 20, "quantity": 1, "isGifting": false }]);
        // The client names the instrument in its own way, and where the cards are to go.
        let order = json!({
            "instrumentId": self.card.id, "clientId": "c", "referenceId": "r", "deliveryEmail": "jo@example.com", "orderItems": items,
            "subTotalAmount": 20, "discountAmount": 1, "totalOrderAmount": 19,
        });
        [
            Row::get("c.dp.gifting.listProducts", at(list), Reads::Data(&["products"])),
            Row::get("c.dp.gifting.getProductById", at("gifting/products/everyday"), Reads::Data(&[])),
            Row::post(
                "c.dp.gifting.getQuote",
                at("gifting/products/quote"),
                json!({ "data": { "orderItems": items }, "meta": {} }),
                Reads::Data(&["quoteId", "subTotalAmount", "discountAmount", "totalOrderAmount", "orderItems"]),
            ),
            Row::post(
                "c.dp.gifting.order",
                at("gifting/products/order"),
                json!({ "data": order, "meta": { "challengeResponses": [] } }),
                Reads::Data(&["status", "quoteNo"]),
            ),
        ]
    }
}
