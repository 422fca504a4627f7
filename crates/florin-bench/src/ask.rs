//! The same questions asked again and again, as a busy server's would differ in little.

use std::sync::Arc;

use crate::{BenchError, Connection, Operation};

/// How far apart connections begin among the questions, so that they do not walk through them in step.
const STRIDE: usize = 17;

/// Questions of one kind, shared by those who ask them.
#[derive(Clone)]
pub struct Questions {
    /// The questions, written down once.
    pub(crate) requests: Arc<[Vec<u8>]>,
    /// What they are, in words.
    pub(crate) what: &'static str,
    /// What every right answer has in it.
    pub(crate) proof: &'static str,
}

impl Questions {
    /// Whether there is anything to ask.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// What the connection of this number does: it asks one question after the other and round again, beginning with one of its own.
    pub fn ask(&self, number: usize) -> Ask {
        Ask { questions: self.clone(), next: number * STRIDE }
    }
}

/// Asks questions. There must be at least one.
pub struct Ask {
    questions: Questions,
    next: usize,
}

impl Operation for Ask {
    async fn perform(&mut self, connection: &mut Connection) -> Result<(), BenchError> {
        let Questions { requests, what, proof } = &self.questions;
        self.next = (self.next + 1) % requests.len();
        let reply = connection.exchange(&requests[self.next]).await?.expect(200, what)?;
        if reply.text().contains(proof) { Ok(()) } else { Err(reply.wrong(what)) }
    }
}
