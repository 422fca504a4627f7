//! Schemas that merchants register for their own data.

use florin_domain::SchemaId;
use florin_domain::schema::Schema;
use florin_service::schemas::{self, NewSchema};
use florin_web::Surface;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::envelope::{Sent, tell, tell_page};
use super::kept::{Kept, Object, raw};
use super::refusal::{Outcome, Unfit};
use crate::call::Call;
use crate::fields::{DESCRIPTION_MAX, Text};
use crate::maybe::Maybe;

#[derive(Debug, Deserialize)]
struct NewSent {
    schema: Kept<Object>,
    #[serde(rename = "type")]
    kind: Text,
    #[serde(default)]
    description: Maybe<Text<DESCRIPTION_MAX>>,
}

/// What is told of a schema beside itself.
#[derive(Debug, Serialize)]
struct FactsBody<'t> {
    #[serde(rename = "type")]
    kind: &'t str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'t str>,
    /// Left out of the one that every merchant has, which nobody registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryBody<'t> {
    schema_id: String,
    #[serde(flatten)]
    facts: FactsBody<'t>,
}

#[derive(Serialize)]
struct DetailsBody<'t> {
    schema: Option<Box<RawValue>>,
    #[serde(flatten)]
    facts: FactsBody<'t>,
}

#[derive(Serialize)]
struct ListBody<'t> {
    schemas: Vec<SummaryBody<'t>>,
}

impl<'t> FactsBody<'t> {
    fn of(schema: &'t Schema) -> Self {
        let created = (schema.created_at.micros() > 0).then(|| schema.created_at.to_millis_text());
        Self { kind: &schema.kind, description: schema.description.as_deref(), created }
    }
}

impl<'t> SummaryBody<'t> {
    fn of(schema: &'t Schema) -> Self {
        Self { schema_id: schema.id.to_string(), facts: FactsBody::of(schema) }
    }
}

/// `GET …/merchant/schema`: all of them, since there are never many.
pub async fn list(surface: Surface, call: Call) -> Outcome {
    let found = schemas::list(&surface.cx, &call.merchant).await?;
    let total = u64::try_from(found.len()).unwrap_or(u64::MAX);
    Ok(tell_page(&ListBody { schemas: found.iter().map(SummaryBody::of).collect() }, found.len(), total))
}

/// `POST …/merchant/schema`
pub async fn register(surface: Surface, call: Call) -> Outcome {
    let sent = call.json::<Sent<NewSent>>()?.data;
    let description = sent.description.0.map(Text::into_string);
    let new = NewSchema { kind: sent.kind.into_string(), description, json: sent.schema.into_json() };
    let schema = schemas::register(&surface.cx, &call.merchant, new, call.key()).await?;
    Ok(tell(&SummaryBody::of(&schema)))
}

/// `GET …/merchant/schema/{schemaId}`
pub async fn show(surface: Surface, call: Call) -> Outcome {
    let id = SchemaId::parse(call.param("schemaId")).map_err(|_| Unfit::unknown("schema"))?;
    let schema = schemas::find(&surface.cx, &call.merchant, id).await?;
    Ok(tell(&DetailsBody { schema: raw(&schema.json), facts: FactsBody::of(&schema) }))
}

#[cfg(test)]
mod tests {
    use florin_domain::Timestamp;
    use florin_domain::merchant::MerchantId;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_is_told_without_what_it_lacks() {
        let schema = Schema {
            id: SchemaId::from_random([1; 16]),
            merchant: MerchantId::parse("10006").unwrap(),
            kind: "pos".to_owned(),
            description: None,
            json: "{}".to_owned(),
            created_at: Timestamp::from_micros(1_795_255_800_000_000),
        };
        let expected = json!({ "schemaId": "01010101-0101-4101-8101-010101010101", "type": "pos", "created": "2026-11-21T10:10:00.000Z" });
        assert_eq!(serde_json::to_value(SummaryBody::of(&schema)).unwrap(), expected);
        let own = Schema { created_at: Timestamp::from_micros(0), description: Some("d".to_owned()), ..schema };
        let details = DetailsBody { schema: raw(&own.json), facts: FactsBody::of(&own) };
        assert_eq!(serde_json::to_value(details).unwrap(), json!({ "schema": {}, "type": "pos", "description": "d" }));
    }

    #[test]
    fn a_schema_is_an_object() {
        let read = |json: &str| serde_json::from_str::<NewSent>(json).is_ok();
        assert!(read(r#"{"schema":{},"type":"pos"}"#));
        for bad in [r#"{"schema":[],"type":"pos"}"#, r#"{"schema":"{}","type":"pos"}"#, r#"{"schema":{}}"#, r#"{"type":"pos"}"#] {
            assert!(!read(bad), "{bad}");
        }
    }
}
