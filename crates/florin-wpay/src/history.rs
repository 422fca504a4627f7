//! `POST …/transactions`: what moved in a shopper's wallet, newest first.

use florin_domain::instrument::InstrumentId;
use florin_domain::movement::MovementKind;
use florin_domain::{Timestamp, WalletId};
use florin_service::ServiceError;
use florin_service::history::{self, HistoryFilter, HistoryItem};
use florin_web::Surface;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::Refusal;
use crate::fields::{Instant, Text};
use crate::maybe::Maybe;
use crate::money::Amount;
use crate::payments::REFERENCE_MAX;
use crate::reply::Reply;
use crate::spoken::Word;
use crate::words;

/// How many are told where nothing is said.
const RECORDS: u32 = 100;
/// How many are told at the most.
const RECORDS_MAX: u32 = 1_000;
/// How many instruments can be looked for at once.
const INSTRUMENTS_MAX: usize = 100;

/// Tells what moved.
pub async fn list(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let filter = call.json::<HistoryRequest>()?.read(call.shopper()?.wallet)?;
    let (total, items) = history::list(&surface.cx, filter).await?;
    Ok(Reply::ok(&History { returned: items.len(), total, transactions: items.iter().map(Entry::of).collect() }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct HistoryRequest {
    transaction_types: Vec<Word<MovementKind>>,
    payment_instrument_ids: Option<Vec<Text<REFERENCE_MAX>>>,
    #[serde(default)]
    client_reference: Maybe<Text<REFERENCE_MAX>>,
    #[serde(default)]
    transaction_ref: Maybe<Text<REFERENCE_MAX>>,
    #[serde(default)]
    order_number: Maybe<Text<REFERENCE_MAX>>,
    #[serde(default)]
    start_date: Maybe<Instant>,
    #[serde(default)]
    end_date: Maybe<Instant>,
    max_records: Option<u32>,
}

impl HistoryRequest {
    fn read(self, wallet: WalletId) -> Result<HistoryFilter, ServiceError> {
        if self.transaction_types.is_empty() {
            return Err(ServiceError::invalid("transactionTypes", "must name at least one type"));
        }
        let max = self.max_records.unwrap_or(RECORDS);
        if max == 0 {
            return Err(ServiceError::invalid("maxRecords", "must be more than 0"));
        }
        // An empty list looks for nothing in particular, as a list that is left out does.
        let ids = self.payment_instrument_ids.filter(|ids| !ids.is_empty());
        if ids.as_ref().is_some_and(|ids| ids.len() > INSTRUMENTS_MAX) {
            return Err(ServiceError::invalid("paymentInstrumentIds", &format!("must hold at most {INSTRUMENTS_MAX} of them")));
        }
        let text = |text: Maybe<Text<REFERENCE_MAX>>| text.0.map(Text::into_string);
        let time = |time: Maybe<Instant>| time.0.map(|Instant(at)| at);
        Ok(HistoryFilter {
            wallet,
            kinds: self.transaction_types.into_iter().map(|Word(kind)| kind).collect(),
            // What is no id is nobody's, and so finds nothing.
            instruments: ids.map(|ids| ids.iter().filter_map(|id| InstrumentId::parse(id.as_str()).ok()).collect()),
            client_reference: text(self.client_reference),
            reference: text(self.transaction_ref),
            order_number: text(self.order_number),
            from: time(self.start_date),
            to: time(self.end_date).map(Timestamp::millisecond_end),
            max: usize::try_from(max.min(RECORDS_MAX)).unwrap_or(usize::MAX),
        })
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct History<'t> {
    returned: usize,
    total: u64,
    transactions: Vec<Entry<'t>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'t> {
    transaction_type: &'static str,
    transaction_ref: String,
    transaction_timestamp: String,
    application_ref: &'static str,
    application_name: &'static str,
    client_reference: &'t str,
    order_number: &'t str,
    bin: &'t str,
    network: &'t str,
    card_suffix: &'t str,
    amount: Amount,
    comment: &'static str,
    payment_instrument_type: &'static str,
}

/// The contract asks through which application money moved; there is one.
const APPLICATION_REF: &str = "florin";
const APPLICATION_NAME: &str = "Florin";

impl<'t> Entry<'t> {
    fn of(item: &'t HistoryItem) -> Self {
        let (movement, paid_with) = (&item.movement, &item.movement.paid_with);
        let text = |text: &'t Option<String>| text.as_deref().unwrap_or_default();
        Self {
            transaction_type: words::movement(movement.kind),
            transaction_ref: movement.reference.to_string(),
            transaction_timestamp: item.created_at.to_millis_text(),
            application_ref: APPLICATION_REF,
            application_name: APPLICATION_NAME,
            client_reference: &item.client_reference,
            order_number: &item.order_number,
            bin: text(&paid_with.bin),
            network: text(&paid_with.network),
            card_suffix: text(&paid_with.suffix),
            amount: Amount(movement.amount),
            comment: "",
            payment_instrument_type: words::instrument(paid_with.kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use florin_domain::instrument::InstrumentKind;
    use serde_json::json;

    use super::*;
    use crate::payments::sample_tests::{movement, with};

    fn read(json: &str) -> Option<HistoryFilter> {
        let request: HistoryRequest = serde_json::from_str(json).ok()?;
        request.read(WalletId::from_random([1; 16])).ok()
    }

    #[test]
    fn a_question_is_read_with_its_limits() {
        let plain = read(r#"{"transactionTypes":["PREAUTH"],"paymentInstrumentIds":[],"clientReference":null,"startDate":""}"#).unwrap();
        assert_eq!((plain.kinds.as_slice(), plain.max, plain.instruments), ([MovementKind::Preauth].as_slice(), 100, None));
        assert_eq!((plain.client_reference, plain.reference, plain.order_number, plain.from, plain.to), (None, None, None, None, None));
        let whole = r#"{"transactionTypes":["VOID","REFUND"],"paymentInstrumentIds":["90731","x"],"clientReference":"c","orderNumber":"o",
            "transactionRef":"1000000000000002","startDate":"2021-02-17T17:31:46.358+1100","endDate":"2021-02-17T06:31:46.358Z","maxRecords":5000}"#;
        let whole = read(whole).unwrap();
        assert_eq!(whole.instruments, Some(vec![InstrumentId::kept(90_731)]));
        assert_eq!((whole.from.map(Timestamp::millisecond_end), whole.max), (whole.to, 1_000), "to the end of that millisecond");
        assert_eq!((whole.client_reference.as_deref(), whole.reference.as_deref()), (Some("c"), Some("1000000000000002")));
    }

    #[test]
    fn questions_that_make_no_sense_are_refused() {
        for json in [
            "{}",
            r#"{"transactionTypes":[]}"#,
            r#"{"transactionTypes":["PAYMENT"]}"#,
            r#"{"transactionTypes":"PREAUTH"}"#,
            r#"{"transactionTypes":["VOID"],"maxRecords":0}"#,
            r#"{"transactionTypes":["VOID"],"maxRecords":-1}"#,
            r#"{"transactionTypes":["VOID"],"startDate":"yesterday"}"#,
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    #[test]
    fn an_entry_has_every_field() {
        let created_at = Timestamp::parse("2021-02-17T06:31:46.358Z").unwrap();
        let item = |movement| HistoryItem { movement, client_reference: "c".to_owned(), order_number: "o".to_owned(), created_at };
        let card = item(movement(1, 4_550));
        let expected = json!({
            "transactionType": "PURCHASE",
            "transactionRef": "1000000000000002",
            "transactionTimestamp": "2021-02-17T06:31:46.358Z",
            "applicationRef": "florin",
            "applicationName": "Florin",
            "clientReference": "c",
            "orderNumber": "o",
            "bin": "401200",
            "network": "VISA",
            "cardSuffix": "1881",
            "amount": 45.5,
            "comment": "",
            "paymentInstrumentType": "CREDIT_CARD",
        });
        assert_eq!(serde_json::to_value(Entry::of(&card)).unwrap(), expected);
        let account = item(with(InstrumentKind::PayPal, movement(1, 100)));
        let told = serde_json::to_value(Entry::of(&account)).unwrap();
        assert_eq!((&told["bin"], &told["network"], &told["cardSuffix"]), (&json!(""), &json!(""), &json!("")));
    }
}
