//! Connectors to what an installation does not have: they refuse whatever they are asked.
//!
//! Invariant: nothing is simulated here; a refusal is all that happens.

use florin_domain::card::CardNumber;
use florin_domain::three_ds::ThreeDsEnrolment;

use crate::apm::{ApmProviders, OpenCheckout, OpenedCheckout};
use crate::openpay::{OpenpayAnswer, OpenpayMove, OpenpayOrder, OpenpayProvider};
use crate::{Call, CardDirectory, ConnectError, Connector, Decline, DeclineReason, Enrol, MoveKind};

/// No pay-later providers, no Openpay, and nobody who authenticates cardholders.
#[derive(Debug, Clone, Copy)]
pub struct Absent;

impl Connector for Absent {
    fn name(&self) -> &'static str {
        "absent"
    }

    fn simulated(&self) -> bool {
        false
    }
}

const NOT_OFFERED: &str = "This way to pay is not offered here.";

fn declined() -> OpenpayAnswer {
    let message = NOT_OFFERED.to_owned();
    OpenpayAnswer::Declined(Decline { reason: DeclineReason::NotSupported, network_code: "57".to_owned(), message })
}

fn not_offered<'a, T: Send + 'a>() -> Call<'a, T> {
    Box::pin(async { Err(ConnectError::refused("not_offered", NOT_OFFERED)) })
}

impl ApmProviders for Absent {
    fn open<'a>(&'a self, _order: OpenCheckout<'a>) -> Call<'a, OpenedCheckout> {
        not_offered()
    }

    fn decided_here(&self) -> bool {
        false
    }
}

impl OpenpayProvider for Absent {
    fn pay<'a>(&'a self, _order: OpenpayOrder<'a>) -> Call<'a, OpenpayAnswer> {
        Box::pin(async { Ok(declined()) })
    }

    fn paid<'a>(&'a self, _order: OpenpayOrder<'a>) -> Call<'a, Option<OpenpayAnswer>> {
        Box::pin(async { Ok(None) })
    }

    fn move_money<'a>(&'a self, _kind: MoveKind, _order: OpenpayMove<'a>) -> Call<'a, OpenpayAnswer> {
        not_offered()
    }

    fn moved<'a>(&'a self, _kind: MoveKind, _order: OpenpayMove<'a>) -> Call<'a, Option<OpenpayAnswer>> {
        not_offered()
    }
}

impl CardDirectory for Absent {
    fn is_wanted<'a>(&'a self, _card: &'a CardNumber) -> Call<'a, bool> {
        Box::pin(async { Ok(false) })
    }

    fn enrol<'a>(&'a self, _ask: Enrol<'a>) -> Call<'a, ThreeDsEnrolment> {
        Box::pin(async { Ok(ThreeDsEnrolment::Refused) })
    }

    fn judge<'a>(&'a self, _transaction: &'a str, _answer: &'a str) -> Call<'a, Option<String>> {
        Box::pin(async { Ok(None) })
    }
}
