//! The listener over real sockets: what it refuses, whom it cuts off, and how it stops.
//!
//! Every case starts its own listener on a free port with a certificate of its own; none waits for a fixed time.

#![expect(clippy::unwrap_used, reason = "a case says by panicking what is broken")]

mod arrivals;
mod bodies;
mod floods;
mod house;
mod refusals;
mod slowness;
mod stopping;
