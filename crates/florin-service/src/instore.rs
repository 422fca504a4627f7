//! In store: requests paid by shoppers, payments made without one, and what merchants do with them afterwards.
//!
//! Adds to payments and follow-ups the occasion they are made on, and decides which instruments pay how much. Invariant: the
//! money moves as in every other payment; what is refused here was never written down.

mod follow_up;
mod goods;
mod letter;
mod order;

pub use self::follow_up::{FollowedUp, InStoreFollowUp, charge_agreement, complete, create_agreement, refund, void};
pub(crate) use self::goods::{excluded, must_be_usable as exclusions_must_be_usable};
pub use self::letter::letter;
pub use self::order::{Challenge, ChallengeKind, ImmediatePayment, PayRequest, pay, pay_now};
pub(crate) use self::order::{must_be_payable, own_request, pay_at};
