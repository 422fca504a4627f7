//! Orders of gift cards: quoted for a while, paid for once, issued once.
//!
//! Pure rules. Invariants: a quote's total is to the cent what its parts cost; what is issued is what was paid for; the price
//! is the merchant's sale, and what is on the cards is the house's debt.

use std::time::Duration;

use crate::gift_card::{GiftCard, Programme};
use crate::gift_product::GiftProduct;
use crate::instrument::InstrumentId;
use crate::ledger::{Account, Entry, Transfers};
use crate::merchant::MerchantId;
use crate::money::{Currency, Money};
use crate::movement::Reference;
use crate::time::{Timestamp, minutes};
use crate::{GiftOrderId, GiftQuoteId, SellerId, WalletId};

/// How long a quote is kept.
pub const QUOTE_GOOD_FOR: Duration = minutes(30);
/// The most kinds of cards in one order.
pub const ITEMS_MAX: usize = 20;
/// The most cards in one order.
pub const CARDS_MAX: u32 = 50;
/// The longest name on a card, in characters.
const NAME_MAX: usize = 60;
/// The longest message with a card, in characters.
const MESSAGE_MAX: usize = 500;
/// The longest address of a picture, in characters.
const IMAGE_MAX: usize = 2_000;

/// Who is given a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Their name.
    pub to: String,
    /// The giver's.
    pub from: String,
    /// What the giver says.
    pub message: Option<String>,
    /// A picture that goes with it.
    pub image_url: Option<String>,
    /// The telephone that it is sent to.
    pub mobile: String,
}

/// Cards of one kind, as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiftItem {
    /// What they look like, which says what they are.
    pub design: String,
    /// What is to be on each.
    pub face: Money,
    /// How many.
    pub quantity: u32,
    /// Who is given them; nobody if the buyer keeps them.
    pub recipient: Option<Recipient>,
}

/// Cards of one kind, with their price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotedItem {
    /// What was asked for.
    pub item: GiftItem,
    /// The product's id.
    pub product: String,
    /// The price of each.
    pub unit_price: Money,
}

impl QuotedItem {
    /// The price of all of them.
    pub fn total_price(&self) -> Money {
        times(self.unit_price, self.item.quantity)
    }
}

/// What an order costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GiftTotals {
    /// What is on all cards.
    pub sub_total: Money,
    /// What is taken off.
    pub discount: Money,
    /// What is paid.
    pub total: Money,
}

/// A price that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiftQuote {
    /// Its id.
    pub id: GiftQuoteId,
    /// In whose shop.
    pub merchant: MerchantId,
    /// What it is for.
    pub items: Vec<QuotedItem>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is kept.
    pub expires_at: Timestamp,
}

/// Why cards were not quoted: the field, and what is wrong with it, to be read after the field's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} {message}")]
pub struct QuoteError {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub message: &'static str,
}

impl GiftQuote {
    /// Puts a price on cards.
    ///
    /// # Errors
    /// [`QuoteError`] with the first field that is wrong.
    pub fn of(id: GiftQuoteId, merchant: MerchantId, items: Vec<GiftItem>, now: Timestamp) -> Result<Self, QuoteError> {
        let count = items.iter().fold(0_u32, |count, item| count.saturating_add(item.quantity));
        if items.is_empty() || items.len() > ITEMS_MAX || count > CARDS_MAX {
            return Err(QuoteError { field: "orderItems", message: "must hold 1 to 20 items and no more than 50 cards" });
        }
        let items = items.into_iter().map(|item| quoted(item, now)).collect::<Result<_, _>>()?;
        Ok(Self { id, merchant, items, created_at: now, expires_at: now.plus(QUOTE_GOOD_FOR) })
    }

    /// What all of it costs.
    pub fn totals(&self) -> GiftTotals {
        let sum = |of: fn(&QuotedItem) -> Money| {
            let minor = self.items.iter().fold(0_i64, |sum, item| sum.saturating_add(of(item).minor()));
            Money::new(minor, Currency::Aud)
        };
        let (sub_total, total) = (sum(|item| times(item.item.face, item.item.quantity)), sum(QuotedItem::total_price));
        let discount = Money::new(sub_total.minor() - total.minor(), Currency::Aud);
        GiftTotals { sub_total, discount, total }
    }

    /// How many cards it is for.
    pub fn count(&self) -> u32 {
        self.items.iter().fold(0, |count, item| count.saturating_add(item.item.quantity))
    }

    /// Whether it can be ordered.
    pub fn is_good(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// The cards one by one, numbered from 1.
    pub fn cards(&self) -> impl Iterator<Item = (u32, &QuotedItem)> {
        let each = self.items.iter().flat_map(|item| (0..item.item.quantity).map(move |_| item));
        (1..).zip(each)
    }
}

/// An amount, `quantity` times. Bounded by [`CARDS_MAX`] and a card's most, so that it cannot overflow.
fn times(amount: Money, quantity: u32) -> Money {
    Money::new(amount.minor().saturating_mul(i64::from(quantity)), amount.currency())
}

fn quoted(item: GiftItem, now: Timestamp) -> Result<QuotedItem, QuoteError> {
    let refused = |field, message| Err(QuoteError { field, message });
    let Some((product, design)) = GiftProduct::of_design(&item.design).filter(|(product, _)| product.active) else {
        return refused("designId", "names no gift card that is sold");
    };
    if design.physical {
        return refused("designId", "names a card of plastic, which cannot be ordered here");
    }
    if item.quantity == 0 {
        return refused("quantity", "must be 1 or more");
    }
    if !product.allows(item.face) {
        return refused("amount", "must lie between the product's minValue and maxValue");
    }
    if let Some(recipient) = &item.recipient {
        check(recipient)?;
    }
    let off = product.offered(now).map_or(Money::zero(Currency::Aud), |discount| discount.of(item.face));
    let unit_price = Money::new(item.face.minor() - off.minor(), Currency::Aud);
    Ok(QuotedItem { item, product: product.id.to_owned(), unit_price })
}

fn is_plain(text: &str, max: usize) -> bool {
    text.chars().count() <= max && !text.chars().any(char::is_control)
}

fn check(recipient: &Recipient) -> Result<(), QuoteError> {
    let is_name = |name: &str| !name.trim().is_empty() && is_plain(name, NAME_MAX);
    let digits = recipient.mobile.chars().filter(char::is_ascii_digit).count();
    let is_mobile = (8..=15).contains(&digits)
        && recipient.mobile.len() <= 24
        && recipient.mobile.chars().all(|character| character.is_ascii_digit() || matches!(character, '+' | ' ' | '-' | '(' | ')'));
    let wrong = [
        ("recipientDetails.toName", is_name(&recipient.to), "must be 1 to 60 characters"),
        ("recipientDetails.fromName", is_name(&recipient.from), "must be 1 to 60 characters"),
        ("recipientDetails.mobileNumber", is_mobile, "must be a telephone number of 8 to 15 digits"),
        (
            "recipientDetails.message",
            recipient.message.as_ref().is_none_or(|text| text.chars().count() <= MESSAGE_MAX && !text.contains('\0')),
            "must be 500 characters at the most",
        ),
        (
            "recipientDetails.imageUrl",
            recipient.image_url.as_ref().is_none_or(|text| text.starts_with("https://") && is_plain(text, IMAGE_MAX)),
            "must be an https address of 2,000 characters at the most",
        ),
    ];
    wrong.into_iter().find(|(_, is_right, _)| !is_right).map_or(Ok(()), |(field, _, message)| Err(QuoteError { field, message }))
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiftOrderState {
    /// It is being paid for, or its cards are being made.
    Processing,
    /// It is paid for, and its cards are there.
    Approved,
    /// It was not paid for.
    Rejected,
}

impl GiftOrderState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Processing, Self::Approved, Self::Rejected];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }

    /// Finds a state by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// An order of gift cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiftOrder {
    /// Its id.
    pub id: GiftOrderId,
    /// What was ordered, and at which price.
    pub quote: GiftQuoteId,
    /// In whose shop.
    pub merchant: MerchantId,
    /// Whose money the price is.
    pub seller: SellerId,
    /// From which wallet it is paid, and into which the buyer's cards go.
    pub wallet: WalletId,
    /// Whether that wallet is a guest's, in which nothing is kept.
    pub guest: bool,
    /// The payment.
    pub receipt: Reference,
    /// Where it stands.
    pub state: GiftOrderState,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// A card that was issued for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gift {
    /// For which order.
    pub order: GiftOrderId,
    /// Its place in the order, from 1.
    pub number: u32,
    /// What it looks like.
    pub design: String,
    /// By which the card is found.
    pub fingerprint: [u8; 32],
    /// Its programme's name.
    pub programme: String,
    /// The last four digits.
    pub suffix: String,
    /// What was put on it.
    pub face: Money,
    /// What was paid for it.
    pub price: Money,
    /// Where it went, if it went into the buyer's wallet. The others are for delivery.
    pub instrument: Option<InstrumentId>,
    /// Who is given it.
    pub recipient: Option<Recipient>,
    /// At which attempt its number was free: the number and the PIN follow from this and are kept nowhere.
    pub attempt: u32,
    /// When.
    pub issued_at: Timestamp,
}

/// Cards that are to be issued.
#[must_use = "an issue does nothing until a store transaction saves it"]
#[derive(Debug)]
pub struct GiftIssue {
    /// The order, approved.
    pub order: GiftOrder,
    /// The cards, each with how it came to be.
    pub cards: Vec<(GiftCard, Gift)>,
    /// What it means for the books.
    pub entry: Entry,
    /// What the merchant is owed more than before: less than nothing, because it pays for the cards.
    pub owed: Money,
}

impl GiftOrder {
    /// Issues the cards of an order that was paid for. The merchant has sold them for their price and owes that to the house,
    /// which owes what is on them to whoever holds them; the difference is the discount, which the house grants.
    ///
    /// Nothing unless the order is being processed.
    pub fn issue(self, cards: Vec<(GiftCard, Gift)>, now: Timestamp) -> Option<GiftIssue> {
        if self.state != GiftOrderState::Processing {
            return None;
        }
        let seller = self.seller.to_string();
        let mut owed = 0;
        let entry = cards.iter().fold(Transfers::new("gift_order", &self.id, now), |entry, (card, gift)| {
            let (programme, off) = (card.programme.as_str(), Money::new(gift.face.minor() - gift.price.minor(), Currency::Aud));
            owed -= gift.price.minor();
            entry.debit_credit(gift.price, (Account::MerchantPayable, &seller), (Account::GiftCardLiability, programme)).debit_credit(
                off,
                (Account::GiftCardDiscounts, programme),
                (Account::GiftCardLiability, programme),
            )
        });
        let order = Self { state: GiftOrderState::Approved, ..self };
        Some(GiftIssue { order, cards, entry: entry.done(), owed: Money::new(owed, Currency::Aud) })
    }

    /// Takes up again an order whose payment was thought to have failed and happened all the same, under a quote of its own: the
    /// first one may have been bought again meanwhile. Nothing unless it was rejected.
    pub fn revive(self, quote: GiftQuoteId) -> Option<Self> {
        (self.state == GiftOrderState::Rejected).then_some(Self { state: GiftOrderState::Processing, quote, ..self })
    }

    /// Ends an order that was not paid for. Nothing unless it is being processed.
    pub fn reject(self) -> Option<Self> {
        (self.state == GiftOrderState::Processing).then_some(Self { state: GiftOrderState::Rejected, ..self })
    }
}

/// The programme of a product's cards.
pub fn programme_of(product: &GiftProduct) -> Option<Programme> {
    Programme::of_number(product.prefix)
}

#[cfg(test)]
#[path = "gift_order_tests.rs"]
mod tests;
