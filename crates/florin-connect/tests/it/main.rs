//! Stories of calls that leave the process, against real peers on this machine.

#![expect(clippy::unwrap_used, reason = "a story whose ground gives way has nothing more to tell")]

mod admin;
mod peer;
mod relay;
mod stripe;
mod stripe_desk;
mod webhooks;
