//! The sandbox's mailer: takes every mail and sends none. What was taken is read in the mailbox that the server keeps.

use florin_connect::{Call, Connector, Mail, Mailer};

/// A mailer that says yes.
#[derive(Debug, Clone, Copy, Default)]
pub struct SimMailer;

impl Connector for SimMailer {
    fn name(&self) -> &'static str {
        "sandbox-mailbox"
    }

    fn simulated(&self) -> bool {
        true
    }
}

impl Mailer for SimMailer {
    fn send<'a>(&'a self, _mail: &'a Mail) -> Call<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}
