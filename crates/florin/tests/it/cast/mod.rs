//! The cast: who acts in the stories, as values that do what such a person or server does and nothing more.

mod beyond;
mod books;
mod buyer;
mod contract;
mod crowd;
mod database;
mod desk;
mod florin;
mod hearing;
mod http;
mod page;
mod receiver;
mod retailer;
mod shop;
mod shopper;
mod smith;
mod stage;
mod till;
mod wait;

pub use books::Books;
pub use buyer::{Buyer, Tab};
pub use contract::Contract;
pub use crowd::at_once;
pub use database::{Database, Engine};
pub use desk::{Desk, OPERATOR_KEY, Server, free_port};
pub use florin::{CompanyFate, Fate, Florin, Launch, Run};
pub use hearing::{Hearing, NOBODY, Published, Spared};
pub use http::{Answer, Ask, Http, tls_that_trusts};
pub use page::{Form, Page};
pub use receiver::{Heard, Receiver};
pub use retailer::{REFRESH, Retailer, TOKEN, follow_up, sends};
pub use shop::{Order, Shop, Wish, signature};
pub use shopper::{Bill, Instrument, Shopper, Slip, result};
pub use smith::{Smith, decoded, encoded, hex, is_signed_by, opened, pem};
pub use stage::{
    Call, Checkout, ORIGIN, Stage, agreement, apple, charge, enveloped, for_screen, gift, gift_for_jim, gift_order, google, immediate,
    in_store_agreement, pay_later_order, shown, till_follow_up, tokenized,
};
pub use till::{Told, has_null, scanned, text};
pub use wait::eventually;

/// Tells a story on each database: a server of its own, and books that are right at the end.
macro_rules! story {
    ($(#[$meta:meta])* fn $name:ident($florin:ident) $body:block) => {
        $(#[$meta])*
        fn $name($florin: &$crate::cast::Florin) $body

        mod $name {
            #[test]
            fn on_sqlite() {
                $crate::cast::Florin::lives_through($crate::cast::Engine::Sqlite, super::$name);
            }

            #[test]
            fn on_postgres() {
                $crate::cast::Florin::lives_through($crate::cast::Engine::Postgres, super::$name);
            }
        }
    };
}
pub(crate) use story;
