//! A gate in the middle of an operation: a fraud screen that answers when the case lets it, and not before.

use std::sync::Arc;

use florin_connect::{Call, Connector, FraudAnswer, FraudAsk, FraudScreen};
use florin_domain::fraud::FraudVerdict;
use florin_service::fraud::{FraudFormat, FraudPayload};
use tokio::sync::Notify;

use crate::shop::Shop;

/// Two doors, each for whoever sends its name; who sends neither is let through.
#[derive(Default)]
pub struct Gate {
    pub first: Door,
    pub second: Door,
}

/// Where one operation waits.
#[derive(Default)]
pub struct Door {
    reached: Notify,
    opened: Notify,
}

impl Door {
    /// Waits until somebody stands there.
    pub async fn reached(&self) {
        self.reached.notified().await;
    }

    /// Lets one pass, who may come later.
    pub fn open(&self) {
        self.opened.notify_one();
    }

    async fn pass(&self) {
        self.reached.notify_one();
        self.opened.notified().await;
    }
}

/// A shop behind a gate.
pub async fn shop() -> (Shop, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let screen = Arc::clone(&gate);
    let shop = Shop::open_in(|world| world.fraud = Arc::new(Screen(screen))).await;
    (shop, gate)
}

/// What is sent to come to the door of that name.
pub fn through(door: &str) -> FraudPayload {
    FraudPayload {
        provider: "cybersource".to_owned(),
        version: "CyberSourceTransaction_1.101".to_owned(),
        format: FraudFormat::Xml,
        message: format!("<{door}/>"),
        shipping_country: None,
    }
}

struct Screen(Arc<Gate>);

impl Connector for Screen {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn simulated(&self) -> bool {
        true
    }
}

impl FraudScreen for Screen {
    fn screen<'a>(&'a self, ask: FraudAsk<'a>) -> Call<'a, FraudAnswer> {
        Box::pin(async move {
            match ask.message {
                "<first/>" => self.0.first.pass().await,
                "<second/>" => self.0.second.pass().await,
                _ => {}
            }
            let reason_code = FraudVerdict::Accept.reason_code().to_owned();
            Ok(FraudAnswer { client_id: ask.key, verdict: FraudVerdict::Accept, reason_code, rules: Vec::new() })
        })
    }
}
