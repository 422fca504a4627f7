//! Decisions that stand in no books of their own: about an agreement that charged nothing, told again to a key that comes again.

use florin_domain::fraud::{FraudDecision, FraudVerdict};
use florin_domain::{FraudDecisionId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ServiceError;

/// As text beside the name of what a key made, for what stands in no books of its own.
pub(crate) fn kept(decision: &FraudDecision) -> Result<String, ServiceError> {
    serde_json::to_string(&KeptDecision::of(decision)).map_err(|error| ServiceError::Internal(error.to_string()))
}

/// Reads what [`kept`] wrote.
pub(crate) fn of_kept(text: &str) -> Result<FraudDecision, ServiceError> {
    let kept = serde_json::from_str::<KeptDecision>(text).ok().and_then(KeptDecision::read);
    kept.ok_or_else(|| ServiceError::Internal("what a fraud screen said cannot be read".to_owned()))
}

/// A decision in words of our own.
#[derive(Serialize, Deserialize)]
struct KeptDecision {
    id: String,
    client: String,
    verdict: String,
    reason: String,
    rules: Vec<String>,
    at: i64,
}

impl KeptDecision {
    fn of(decision: &FraudDecision) -> Self {
        Self {
            id: decision.id.to_string(),
            client: decision.client_id.clone(),
            verdict: decision.verdict.name().to_owned(),
            reason: decision.reason_code.clone(),
            rules: decision.rules.clone(),
            at: decision.decided_at.micros(),
        }
    }

    fn read(self) -> Option<FraudDecision> {
        Some(FraudDecision {
            id: FraudDecisionId::parse(&self.id).ok()?,
            client_id: self.client,
            verdict: FraudVerdict::from_name(&self.verdict)?,
            reason_code: self.reason,
            rules: self.rules,
            decided_at: Timestamp::from_micros(self.at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_read_back() {
        let decision = FraudDecision {
            id: FraudDecisionId::from_random([7; 16]),
            client_id: "a client \"id\"".to_owned(),
            verdict: FraudVerdict::Review,
            reason_code: "480".to_owned(),
            rules: vec!["amount".to_owned(), "country".to_owned()],
            decided_at: Timestamp::from_micros(7),
        };
        assert_eq!(of_kept(&kept(&decision).unwrap()).unwrap(), decision);
        assert!(of_kept("{}").is_err());
    }
}
