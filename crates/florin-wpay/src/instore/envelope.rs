//! The envelope around every body of this family: `data`, and `meta` beside it.
//!
//! Invariant: `meta` is there in every answer, if only as `{}`.

use florin_domain::instrument::InstrumentId;
use florin_service::ServiceError;
use florin_service::instore::{Challenge, ChallengeKind};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

use crate::fields::{Hidden, TOKEN_MAX, Text};
use crate::fraud::FraudPayload;
use crate::maybe::Maybe;
use crate::payments::REFERENCE_MAX;
use crate::reply::Reply;

/// A body as it is sent.
#[derive(Debug, Deserialize)]
pub struct Sent<D, M = Meta> {
    /// What it is about.
    pub data: D,
    /// What comes with it.
    pub meta: M,
}

/// What comes with a body. `callbacks` is read by nobody: the contract describes nothing that would happen with them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// What the caller sends for the fraud screen.
    pub fraud: Option<FraudPayload>,
    challenge_responses: Option<Vec<ChallengeResponse>>,
    #[serde(rename = "callbacks")]
    _callbacks: Option<Vec<Callback>>,
}

/// The answer to a challenge.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChallengeResponse {
    instrument_id: Text<REFERENCE_MAX>,
    #[serde(rename = "type")]
    kind: ChallengeWord,
    token: Hidden,
    #[serde(default)]
    reference: Maybe<Text<TOKEN_MAX>>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "held to its shape by being read")]
struct Callback {
    id: Text,
    url: Text,
}

/// What was asked for, by its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ChallengeWord(ChallengeKind);

/// The words for what is asked for.
const CHALLENGES: [(&str, ChallengeKind); 5] = [
    ("STEP_UP", ChallengeKind::StepUp),
    ("PASSCODE", ChallengeKind::Passcode),
    ("3DS", ChallengeKind::ThreeDs),
    ("3DS-frictionless", ChallengeKind::ThreeDsFrictionless),
    ("DEVICE_DATA", ChallengeKind::DeviceData),
];

impl<'de> Deserialize<'de> for ChallengeWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let known = CHALLENGES.iter().find(|(known, _)| known.eq_ignore_ascii_case(&word));
        let wrong = || D::Error::custom("must be one of STEP_UP, PASSCODE, 3DS, 3DS-frictionless, DEVICE_DATA");
        known.map(|(_, kind)| Self(*kind)).ok_or_else(wrong)
    }
}

impl Meta {
    /// The answers to challenges.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for what is no instrument's id.
    pub fn challenges(&mut self) -> Result<Vec<Challenge>, ServiceError> {
        self.challenge_responses.take().unwrap_or_default().into_iter().map(ChallengeResponse::read).collect()
    }
}

impl ChallengeResponse {
    fn read(self) -> Result<Challenge, ServiceError> {
        Ok(Challenge {
            instrument: instrument(self.instrument_id.as_str())?,
            kind: self.kind.0,
            token: self.token.into_secret(),
            reference: self.reference.0.map(Text::into_string),
        })
    }
}

/// Reads an instrument's id.
///
/// # Errors
/// [`ServiceError::NotFound`] for what is none.
pub fn instrument(text: &str) -> Result<InstrumentId, ServiceError> {
    InstrumentId::parse(text).map_err(|_| ServiceError::NotFound("payment instrument"))
}

#[derive(Serialize)]
struct Told<'t, D, M> {
    data: &'t D,
    meta: M,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Count {
    record_count: usize,
    total_records: u64,
}

/// A 200 that tells `data`.
pub fn tell(data: &impl Serialize) -> Reply {
    Reply::ok(&Told { data, meta: Nothing {} })
}

/// A 200 that tells `data`, with `meta` beside it.
pub fn tell_with(data: &impl Serialize, meta: impl Serialize) -> Reply {
    Reply::ok(&Told { data, meta })
}

/// A 200 that tells `count` of `total` in `data`.
pub fn tell_page(data: &impl Serialize, count: usize, total: u64) -> Reply {
    Reply::ok(&Told { data, meta: Count { record_count: count, total_records: total } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(json: &str) -> Option<Meta> {
        serde_json::from_str::<Sent<()>>(&format!(r#"{{"data":null,"meta":{json}}}"#)).ok().map(|sent| sent.meta)
    }

    #[test]
    fn challenges_are_read_by_their_words() {
        let mut read = meta(
            r#"{"challengeResponses":[{"instrumentId":"90731","type":"step_up","token":"73519"},
            {"instrumentId":"90731","type":"3DS-FRICTIONLESS","token":"t","reference":"s"}],"callbacks":[{"id":"i","url":"u"}],"x":1}"#,
        )
        .unwrap();
        assert!(!format!("{read:?}").contains("73519"));
        let challenges = read.challenges().unwrap();
        assert_eq!((challenges[0].kind, challenges[0].token.expose().as_str()), (ChallengeKind::StepUp, "73519"));
        assert_eq!((challenges[1].kind, challenges[1].reference.as_deref()), (ChallengeKind::ThreeDsFrictionless, Some("s")));
        assert!(meta("{}").unwrap().challenges().unwrap().is_empty());
    }

    #[test]
    fn a_meta_that_makes_no_sense_is_refused() {
        for json in [
            "null",
            "[]",
            r#"{"challengeResponses":{}}"#,
            r#"{"challengeResponses":[{"instrumentId":"1","type":"CAPTCHA","token":"t"}]}"#,
            r#"{"challengeResponses":[{"instrumentId":"1","type":"3DS"}]}"#,
            r#"{"fraud":{"provider":"p"}}"#,
            r#"{"callbacks":[{"id":"i"}]}"#,
        ] {
            assert!(meta(json).is_none(), "{json}");
        }
        let unknown = r#"{"challengeResponses":[{"instrumentId":"x","type":"3DS","token":"t"}]}"#;
        assert!(matches!(meta(unknown).unwrap().challenges(), Err(ServiceError::NotFound(_))));
    }

    #[test]
    fn an_answer_has_its_meta() {
        assert_eq!(tell(&7).body, br#"{"data":7,"meta":{}}"#);
        assert_eq!(tell_page(&[7], 1, 26).body, br#"{"data":[7],"meta":{"recordCount":1,"totalRecords":26}}"#);
    }
}
