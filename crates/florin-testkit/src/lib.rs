//! Real servers for tests, started on demand and gone with the test process, however it ends.
//!
//! Only tests depend on it, and it depends on nothing. Invariant: nothing it starts outlives the process that asked for it.

mod postgres;

pub use postgres::Postgres;
