//! Refusals of this family: what is unknown, used up, expired or in no state for a step is a 422.
//!
//! Invariant: an operation of this family cannot tell the house's errors with another family's statuses, because its outcome
//! takes no other road than this one.

use florin_service::ServiceError;
use http::StatusCode;

use crate::error::Refusal;
use crate::reply::Reply;

/// Why an operation of this family is answered with an error.
#[derive(Debug)]
pub struct Unfit(Refusal);

/// What an operation of this family comes to.
pub type Outcome = Result<Reply, Unfit>;

impl Unfit {
    /// Tells `error` with the words of `refusal`.
    pub fn of(error: &ServiceError, refusal: Refusal) -> Self {
        Self(if is_unfit(error) { refusal.at(StatusCode::UNPROCESSABLE_ENTITY) } else { refusal })
    }

    /// The refusal of what names nothing that the caller may use.
    pub fn unknown(noun: &'static str) -> Self {
        ServiceError::NotFound(noun).into()
    }
}

/// Whether a proper request came about the wrong thing, or at the wrong time. One that may succeed the next time keeps its own
/// status.
fn is_unfit(error: &ServiceError) -> bool {
    matches!(error, ServiceError::NotFound(_) | ServiceError::Refused { .. }) && error.is_refusal()
}

impl From<Refusal> for Unfit {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        unfit.0
    }
}

impl From<ServiceError> for Unfit {
    fn from(error: ServiceError) -> Self {
        Self::of(&error, Refusal::from(error.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_is_a_422_and_what_is_malformed_a_400() {
        let refused = |code| ServiceError::Refused { code, message: String::new() };
        let table = [
            (ServiceError::NotFound("payment request"), 422, "BI24"),
            (refused("request_used"), 422, "BI08"),
            (refused("session_expired"), 422, "BI08"),
            (refused("step_up_required"), 422, "BV59"),
            (refused("duplicate_client_reference"), 422, "ES94"),
            (refused("changed_meanwhile"), 503, "AP99"),
            (ServiceError::KeyReused, 422, "AP99"),
            (ServiceError::invalid("grossAmount", "must be more than 0"), 400, "AP99"),
            (ServiceError::TooMany { message: String::new(), retry_after_s: 1 }, 429, "AP99"),
            (ServiceError::Internal(String::new()), 500, "UN99"),
        ];
        for (error, status, code) in table {
            let told = Refusal::from(Unfit::from(error.clone()));
            assert_eq!((told.status().as_u16(), told.code().text()), (status, code), "{error:?}");
        }
    }
}
