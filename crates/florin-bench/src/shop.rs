//! A merchant's server that signs shoppers in, and shoppers who give their cards on the page that captures them.

use crate::ask::Questions;
use crate::form::{Card, Form};
use crate::page::{Visitor, local_path};
use crate::request::Request;
use crate::{BenchError, Connection};

/// How long a shopper's token is good, in seconds: the longest that is granted, so that it outlasts every measurement.
const TOKEN_S: u32 = 86_400;
/// How many shoppers take turns to be signed in.
const SHOPPERS: usize = 1024;

/// A merchant's server, which asks on its own behalf.
#[derive(Clone)]
pub struct Shop {
    host: String,
    api_key: String,
}

/// A shopper with cards in the wallet.
pub struct Shopper {
    /// The merchant's name for this shopper.
    pub(crate) id: String,
    pub(crate) bearer: String,
    /// A card in the wallet, by its id and by its token.
    pub(crate) instrument: String,
    pub(crate) payment_token: String,
}

impl Shop {
    /// The merchant that holds `api_key` at the server `host`.
    pub fn new(host: &str, api_key: &str) -> Self {
        Self { host: host.to_owned(), api_key: api_key.to_owned() }
    }

    /// Requests for the tokens of many shoppers, posted to `path`.
    pub fn sign_in_all(&self, path: &str) -> Questions {
        let requests = (0..SHOPPERS).map(|number| self.post(path).json(&sign_in(&format!("shopper-{number}")))).collect();
        Questions { requests, what: "minting a token", proof: "\"accessToken\":\"" }
    }

    /// Questions for what is in the wallets of `shoppers`.
    pub fn list_wallets(&self, shoppers: &[Shopper]) -> Questions {
        let requests = shoppers.iter().map(|shopper| self.wallet(&shopper.bearer)).collect();
        Questions { requests, what: "listing a wallet", proof: "\"paymentToken\":\"" }
    }

    /// Signs the shopper `id` in, who gives the cards of these numbers; no more than ten, as many as a shopper may give in a minute.
    ///
    /// # Errors
    /// [`BenchError`] when a request fails, or the cards are not in the wallet afterwards.
    pub async fn enrol(&self, connection: &mut Connection, id: &str, cards: &[String]) -> Result<Shopper, BenchError> {
        const WHAT: &str = "looking into a new wallet";
        let path = format!("/wow/v1/idm/servers/token?access_token_exp={TOKEN_S}");
        let reply = connection.exchange(&self.post(&path).json(&sign_in(id))).await?.expect(200, "signing a shopper in")?;
        let bearer = reply.quoted_after("\"accessToken\":\"").ok_or_else(|| reply.wrong("signing a shopper in"))?.to_owned();
        for number in cards {
            self.capture(connection, &bearer, &Card::of(number)).await?;
        }
        let reply = connection.exchange(&self.wallet(&bearer)).await?.expect(200, WHAT)?;
        let found = reply.quoted_after("\"paymentInstrumentId\":\"").zip(reply.quoted_after("\"paymentToken\":\""));
        let (instrument, token) =
            found.filter(|_| reply.text().matches("\"paymentInstrumentId\":\"").count() == cards.len()).ok_or_else(|| reply.wrong(WHAT))?;
        Ok(Shopper { id: id.to_owned(), instrument: instrument.to_owned(), payment_token: token.to_owned(), bearer })
    }

    /// A shopper gives a card, on the page that the merchant shows in a frame.
    async fn capture(&self, connection: &mut Connection, bearer: &str, card: &Card<'_>) -> Result<(), BenchError> {
        const WHAT: &str = "capturing a card";
        let begin = self.post("/wow/v1/pay/cards/initcapture").bearer(bearer).json(r#"{"clientReference":"bench"}"#);
        let reply = connection.exchange(&begin).await?.expect(200, WHAT)?;
        let url = reply.quoted_after("\"cardCaptureURL\":\"").and_then(|url| local_path(url, "/")).ok_or_else(|| reply.wrong(WHAT))?;
        let visitor = Visitor::new(&self.host, WHAT);
        let page = visitor.open(connection, &url).await?;
        let forms = Form::list(&page.text);
        let form = forms.iter().find(|form| form.asks("card_number")).ok_or_else(|| visitor.lost(&page.path))?;
        visitor.submit(connection, &page, form, &form.fill(|name| card.field(name).map(str::to_owned))).await?;
        Ok(())
    }

    fn wallet(&self, bearer: &str) -> Vec<u8> {
        Request::get(&self.host, "/wow/v1/pay/instruments").api_key(&self.api_key).bearer(bearer).bare()
    }

    /// A request of this merchant's to `path`, still without its body.
    pub(crate) fn post(&self, path: &str) -> Request {
        Request::post(&self.host, path).api_key(&self.api_key)
    }
}

fn sign_in(id: &str) -> String {
    format!(r#"{{"shopperId":"{id}","username":"{id}"}}"#)
}
