//! The sandbox's directory of card issuers, and the one issuer that asks its cardholders.
//!
//! It remembers nothing: what becomes of an authentication follows from the card, and its proof from its transaction. The issuer
//! takes one published code.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use florin_connect::{Call, CardDirectory, Connector, Enrol};
use florin_domain::card::CardNumber;
use florin_domain::three_ds::ThreeDsEnrolment;

use crate::cards::CardOutcome;
use crate::name;

/// What every cardholder of the issuer types.
pub const ISSUER_CODE: &str = "123456";

/// A directory in which every card stands.
#[derive(Debug, Clone, Copy, Default)]
pub struct SimDirectory;

impl Connector for SimDirectory {
    fn name(&self) -> &'static str {
        "sandbox-directory"
    }

    fn simulated(&self) -> bool {
        true
    }
}

impl CardDirectory for SimDirectory {
    fn is_wanted<'a>(&'a self, card: &'a CardNumber) -> Call<'a, bool> {
        let is_wanted = CardOutcome::of(card.expose()) == CardOutcome::ThreedsChallenge;
        Box::pin(async move { Ok(is_wanted) })
    }

    fn enrol<'a>(&'a self, ask: Enrol<'a>) -> Call<'a, ThreeDsEnrolment> {
        let said = match CardOutcome::of(ask.card.expose()) {
            CardOutcome::ThreedsChallenge => ThreeDsEnrolment::Challenge,
            CardOutcome::ThreedsFail => ThreeDsEnrolment::Refused,
            _ => ThreeDsEnrolment::Frictionless(proof(&ask.transaction)),
        };
        Box::pin(async move { Ok(said) })
    }

    fn judge<'a>(&'a self, transaction: &'a str, answer: &'a str) -> Call<'a, Option<String>> {
        let proof = (answer == ISSUER_CODE).then(|| proof(transaction));
        Box::pin(async move { Ok(proof) })
    }
}

/// Twenty bytes, as a network's proof has them.
fn proof(transaction: &str) -> String {
    let [first, second, third] = ["", "/", "//"].map(|end| name::mix(&format!("{transaction}{end}")).to_be_bytes());
    STANDARD.encode([&first[..], &second[..], &third[..4]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn said(number: &str) -> ThreeDsEnrolment {
        let card = CardNumber::parse(number).unwrap();
        let ask = Enrol { transaction: "t".to_owned(), card: &card, amount: None, merchant: "10006" };
        SimDirectory.enrol(ask).await.unwrap()
    }

    #[tokio::test]
    async fn the_published_cards_decide() {
        assert!(matches!(said("4000000000003006").await, ThreeDsEnrolment::Frictionless(_)));
        assert!(matches!(said("4242424242424242").await, ThreeDsEnrolment::Frictionless(_)));
        assert_eq!(said("4000000000003105").await, ThreeDsEnrolment::Challenge);
        assert_eq!(said("4000000000003204").await, ThreeDsEnrolment::Refused);
    }

    #[tokio::test]
    async fn the_issuer_takes_its_code_and_no_other() {
        assert_eq!(SimDirectory.judge("t", "123457").await, Ok(None));
        let proof = SimDirectory.judge("t", ISSUER_CODE).await.unwrap().unwrap();
        assert_eq!(STANDARD.decode(&proof).unwrap().len(), 20);
        assert_ne!(SimDirectory.judge("u", ISSUER_CODE).await.unwrap(), Some(proof));
    }
}
