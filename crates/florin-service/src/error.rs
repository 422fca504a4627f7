//! What can go wrong with an operation, one variant per thing that a caller could do differently.
//!
//! Invariant: the text of every variant but `Internal` may be shown to the caller; `Internal` is for the log alone.

use florin_connect::ConnectError;
use florin_domain::application::ApplicationError;
use florin_domain::loan::LoanError;
use florin_domain::order::OrderError;
use florin_domain::payment_request::RequestFault;
use florin_domain::session::SessionFault;
use florin_domain::split::SplitFault;
use florin_store::StoreError;
use florin_vault::SealError;

/// The code of a refusal that is nobody's fault: the same request may well succeed the next time.
const CHANGED_MEANWHILE: &str = "changed_meanwhile";

/// Why an operation was not done. Nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ServiceError {
    /// There is no such thing, or it is somebody else's.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// A value of the request is not acceptable.
    #[error("{field} {message}")]
    Invalid {
        /// The field's name.
        field: &'static str,
        /// What is wrong with it, to be read after the name: "must be more than 0".
        message: String,
    },
    /// A proper request at the wrong time.
    #[error("{message}")]
    Refused {
        /// A stable name of the reason.
        code: &'static str,
        /// The reason, as a sentence.
        message: String,
    },
    /// An idempotency key came again with another request.
    #[error("this Idempotency-Key was used with another request")]
    KeyReused,
    /// No credential, or one that opens nothing.
    #[error("{0}")]
    Unauthorised(String),
    /// A credential that does not open this.
    #[error("{0}")]
    Forbidden(String),
    /// Something that is needed is away for now.
    #[error("{what}")]
    Unavailable {
        /// What is away, as a sentence.
        what: String,
        /// Seconds after which to try again.
        retry_after_s: u32,
    },
    /// Too many of these in too short a time.
    #[error("{message}")]
    TooMany {
        /// What there were too many of, as a sentence.
        message: String,
        /// Seconds after which to try again.
        retry_after_s: u32,
    },
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

impl ServiceError {
    /// An unacceptable value.
    pub fn invalid(field: &'static str, message: &(impl ToString + ?Sized)) -> Self {
        Self::Invalid { field, message: message.to_string() }
    }

    /// Whether the caller is at fault: the same request will be refused again.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Refused { code, .. } => *code != CHANGED_MEANWHILE,
            Self::NotFound(_) | Self::Invalid { .. } | Self::Forbidden(_) => true,
            Self::KeyReused | Self::Unauthorised(_) | Self::Unavailable { .. } | Self::TooMany { .. } | Self::Internal(_) => false,
        }
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error.retry_after() {
            Some(wait) => {
                tracing::warn!(code = error.code(), %error, "the store is away");
                let retry_after_s = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
                Self::Unavailable { what: "The store cannot be written to at the moment.".to_owned(), retry_after_s }
            }
            None if error == StoreError::Stale => {
                let message = "Something else changed this at the same moment; please try again.".to_owned();
                Self::Refused { code: CHANGED_MEANWHILE, message }
            }
            None => Self::Internal(error.to_string()),
        }
    }
}

impl From<ConnectError> for ServiceError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Unavailable(what) => {
                tracing::warn!(%what, "a connector is away");
                Self::Unavailable { what: "A service that this step needs does not answer at the moment.".to_owned(), retry_after_s: 30 }
            }
            ConnectError::Refused { code, message } => {
                tracing::info!(%code, "a connector refused");
                Self::Refused { code: "refused_outside", message }
            }
            ConnectError::Misconfigured(what) => Self::Internal(what),
        }
    }
}

impl From<OrderError> for ServiceError {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::AmountNotPositive => Self::invalid("amount", &error),
            OrderError::NotAllowed { state, .. } if state.is_final() => {
                Self::Refused { code: "terminal_state", message: error.to_string() }
            }
            OrderError::NotAllowed { .. } => Self::Refused { code: "not_allowed", message: error.to_string() },
        }
    }
}

impl From<ApplicationError> for ServiceError {
    fn from(error: ApplicationError) -> Self {
        match error {
            ApplicationError::NotHere => Self::Refused { code: "step_not_open", message: error.to_string() },
            ApplicationError::WrongCode | ApplicationError::CodeSpent | ApplicationError::TooManyCodes => Self::invalid("code", &error),
        }
    }
}

impl From<LoanError> for ServiceError {
    fn from(error: LoanError) -> Self {
        Self::Refused { code: "instalment_not_open", message: error.to_string() }
    }
}

impl From<RequestFault> for ServiceError {
    fn from(fault: RequestFault) -> Self {
        Self::Refused { code: fault.name(), message: sentence(&fault) }
    }
}

impl From<SessionFault> for ServiceError {
    fn from(fault: SessionFault) -> Self {
        Self::Refused { code: fault.name(), message: sentence(&fault) }
    }
}

impl From<SplitFault> for ServiceError {
    fn from(fault: SplitFault) -> Self {
        Self::Refused { code: fault.name(), message: sentence(&fault) }
    }
}

/// A fault's words as a sentence.
fn sentence(fault: &impl ToString) -> String {
    let text = fault.to_string();
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| format!("{}{}.", first.to_ascii_uppercase(), letters.as_str()))
}

impl From<SealError> for ServiceError {
    fn from(error: SealError) -> Self {
        Self::Internal(error.to_string())
    }
}
