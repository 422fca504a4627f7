//! All that leaves the process: connectors to the outside world, the webhook sender, mail, and the guard against private addresses.
//!
//! The traits say what Florin asks of the world; adapters here and in `florin-sim` answer. This crate alone names an HTTP or an
//! SMTP client. It may not decide anything about money, and nothing in it is called inside a store transaction.
//! Invariant: a call is safe to repeat with the same key, because a crash between intent and outcome repeats it.

pub mod absent;
pub mod address;
pub mod apm;
pub mod authorise;
pub mod bank;
pub mod card;
pub mod connector;
pub mod fraud;
pub mod http;
pub mod mail;
pub mod openpay;
pub mod payout;
pub mod register;
pub mod smtp;
pub mod stripe;
pub mod three_ds;
mod tls;
pub mod underwriter;
mod wallet;
pub mod webhook;
pub mod world;

pub use absent::Absent;
pub use address::{AddressPolicy, ReservedAddress};
pub use apm::{ApmProviders, OpenCheckout, OpenedCheckout};
pub use authorise::{Authentication, Authorise, Authorised, Decline, DeclineReason, Means, Move, MoveKind, Moved};
pub use bank::{Bank, BankPayments, BankStatus, StartPayment, Started};
pub use card::{CardAcquirer, CardCheck, CardSecret, CardVerdict, Charge, ChargeOutcome};
pub use connector::{Call, ConnectError, Connector};
pub use fraud::{FraudAnswer, FraudAsk, FraudScreen, HouseScreen};
pub use mail::{Mail, Mailer};
pub use openpay::{OpenpayAnswer, OpenpayMove, OpenpayOrder, OpenpayProvider};
pub use payout::{PayoutOrder, Payouts};
pub use register::CompanyRegister;
pub use smtp::{SMTP_TIMEOUT, SmtpLogin, SmtpMailer, SmtpSettings, SmtpTls};
pub use stripe::{STRIPE_TIMEOUT, StripeAcquirer, StripeSettings};
pub use three_ds::{CardDirectory, Enrol};
pub use underwriter::{Assessment, Underwriter};
pub use wallet::{WalletAccount, WalletProvider, WalletProviders};
pub use webhook::{WebhookAnswer, WebhookCall, WebhookOutcome, WebhookSender};
pub use world::World;
