//! Gift card products: what the house sells gift cards as. Designs, discounts, bounds.
//!
//! The catalogue is part of the program: the cards are the house's own, so that there is nobody outside to ask for it.
//! Invariant: a design belongs to one product, and a product to one programme.

use crate::money::{Currency, Money};
use crate::time::Timestamp;

/// What the till reads when a card is redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarCodeType {
    /// The card's own number.
    Pan,
    /// The product's number.
    Gtin,
}

/// Where a card is redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redemption {
    /// At a till.
    InStore,
    /// At a web shop.
    Online,
    /// At both.
    Both,
}

/// How a card comes to whoever gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// As a number and a PIN, at once.
    Digital,
    /// As a card of plastic, in the post. Sold in shops, and shown here for completeness.
    Physical,
    /// Either way.
    Both,
}

/// What a card looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GiftDesign {
    /// Its id, unique among all products.
    pub id: &'static str,
    /// What is written on it.
    pub title: &'static str,
    /// The colour behind it, as a web page has it.
    pub colour: &'static str,
    /// Whether it exists as a card of plastic alone, which cannot be ordered here.
    pub physical: bool,
}

/// What is taken off the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GiftDiscount {
    /// Its id.
    pub id: &'static str,
    /// What shoppers are told.
    pub description: &'static str,
    /// How much, in whole percent.
    pub percent: u32,
    /// From when it is offered.
    pub starts_at: Option<Timestamp>,
    /// Until when.
    pub ends_at: Option<Timestamp>,
}

/// A product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GiftProduct {
    /// Its id.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The first six digits of its cards, which name their programme.
    pub prefix: &'static str,
    /// What the till reads.
    pub bar_code: BarCodeType,
    /// When anything here was last changed.
    pub updated_at: Timestamp,
    /// What its cards look like; the first is shown where nobody chose.
    pub designs: &'static [GiftDesign],
    /// What is taken off the price.
    pub discount: Option<GiftDiscount>,
    /// Where its cards are redeemed.
    pub redemption: Redemption,
    /// How they come.
    pub delivery: Delivery,
    /// How they are redeemed, in words.
    pub instructions: &'static str,
    /// The small print.
    pub terms: &'static str,
    /// The shops that take them; all if none is named.
    pub stores: &'static [&'static str],
    /// The least that can be on a card, in whole dollars.
    pub min_dollars: i64,
    /// The most.
    pub max_dollars: i64,
    /// For how many days a card is good.
    pub expiry_days: u32,
    /// Whether it is sold.
    pub active: bool,
}

const fn digital(id: &'static str, title: &'static str, colour: &'static str) -> GiftDesign {
    GiftDesign { id, title, colour, physical: false }
}

const fn always(id: &'static str, description: &'static str, percent: u32) -> GiftDiscount {
    GiftDiscount { id, description, percent, starts_at: None, ends_at: None }
}

/// For how many days the cards are good: three years, as Australian law wants.
const THREE_YEARS: u32 = 1_096;
const IN_STORE: &str = "Give the number at the till, and the PIN if you are asked for it.";
const ONLINE: &str = "Enter the number and the PIN of the card when you pay.";
const TERMS: &str = "The card can be used several times until it is empty. It is not exchanged for money, and not reloaded.";

/// Midnight UTC of 1 February, 1 May, 1 August and 1 November 2026.
const CHANGES: [Timestamp; 4] = [
    Timestamp::from_micros(1_769_904_000_000_000),
    Timestamp::from_micros(1_777_593_600_000_000),
    Timestamp::from_micros(1_785_542_400_000_000),
    Timestamp::from_micros(1_793_491_200_000_000),
];

/// All products, those that are not sold any more too.
pub const PRODUCTS: [GiftProduct; 6] = [
    GiftProduct {
        id: "everyday",
        name: "Everyday Gift Card",
        prefix: "628000",
        bar_code: BarCodeType::Pan,
        updated_at: CHANGES[0],
        designs: &[
            digital("everyday-classic", "For every day", "#1d6f42"),
            digital("everyday-birthday", "Happy birthday", "#b3396b"),
            digital("everyday-thanks", "Thank you", "#2f5d9b"),
            GiftDesign { id: "everyday-plastic", title: "For every day", colour: "#1d6f42", physical: true },
        ],
        discount: Some(always("everyday-5", "5% off the Everyday Gift Card", 5)),
        redemption: Redemption::Both,
        delivery: Delivery::Both,
        instructions: IN_STORE,
        terms: TERMS,
        stores: &[],
        min_dollars: 5,
        max_dollars: 500,
        expiry_days: THREE_YEARS,
        active: true,
    },
    GiftProduct {
        id: "everyday-celebration",
        name: "Everyday Celebration Card",
        prefix: "628000",
        bar_code: BarCodeType::Pan,
        updated_at: CHANGES[1],
        designs: &[
            digital("celebration-stars", "Congratulations", "#7a3fa0"),
            digital("celebration-wedding", "For the two of you", "#8c6d1f"),
        ],
        discount: None,
        redemption: Redemption::Both,
        delivery: Delivery::Digital,
        instructions: IN_STORE,
        terms: TERMS,
        stores: &[],
        min_dollars: 20,
        max_dollars: 1_000,
        expiry_days: THREE_YEARS,
        active: true,
    },
    GiftProduct {
        id: "store",
        name: "Store Gift Card",
        prefix: "600300",
        bar_code: BarCodeType::Gtin,
        updated_at: CHANGES[2],
        designs: &[digital("store-classic", "Come and choose", "#9b2f2f")],
        discount: Some(always("store-10", "10% off the Store Gift Card", 10)),
        redemption: Redemption::InStore,
        delivery: Delivery::Digital,
        instructions: IN_STORE,
        terms: TERMS,
        stores: &["4952110", "4952111"],
        min_dollars: 10,
        max_dollars: 250,
        expiry_days: THREE_YEARS,
        active: true,
    },
    GiftProduct {
        id: "store-online",
        name: "Store Online Card",
        prefix: "600300",
        bar_code: BarCodeType::Gtin,
        updated_at: CHANGES[3],
        designs: &[digital("online-parcel", "On its way to you", "#20616e"), digital("online-pets", "For your best friend", "#6b5b2e")],
        discount: Some(always("online-3", "3% off the Store Online Card", 3)),
        redemption: Redemption::Online,
        delivery: Delivery::Digital,
        instructions: ONLINE,
        terms: TERMS,
        stores: &[],
        min_dollars: 1,
        max_dollars: 300,
        expiry_days: THREE_YEARS,
        active: true,
    },
    GiftProduct {
        id: "everyday-plastic",
        name: "Everyday Gift Card in the post",
        prefix: "628000",
        bar_code: BarCodeType::Pan,
        updated_at: CHANGES[0],
        designs: &[GiftDesign { id: "plastic-classic", title: "For every day", colour: "#1d6f42", physical: true }],
        discount: None,
        redemption: Redemption::InStore,
        delivery: Delivery::Physical,
        instructions: IN_STORE,
        terms: TERMS,
        stores: &[],
        min_dollars: 10,
        max_dollars: 500,
        expiry_days: THREE_YEARS,
        active: true,
    },
    GiftProduct {
        id: "store-jubilee",
        name: "Store Jubilee Card",
        prefix: "600300",
        bar_code: BarCodeType::Gtin,
        updated_at: CHANGES[1],
        designs: &[digital("jubilee-classic", "Fifty years", "#555555")],
        discount: None,
        redemption: Redemption::InStore,
        delivery: Delivery::Digital,
        instructions: IN_STORE,
        terms: TERMS,
        stores: &[],
        min_dollars: 50,
        max_dollars: 50,
        expiry_days: THREE_YEARS,
        active: false,
    },
];

impl GiftProduct {
    /// The product of this id.
    pub fn find(id: &str) -> Option<&'static Self> {
        PRODUCTS.iter().find(|product| product.id == id)
    }

    /// The product that has a design, and the design.
    pub fn of_design(design: &str) -> Option<(&'static Self, &'static GiftDesign)> {
        PRODUCTS.iter().find_map(|product| product.designs.iter().find(|known| known.id == design).map(|found| (product, found)))
    }

    /// The design that is shown where nobody chose.
    pub const fn default_design(&self) -> &GiftDesign {
        &self.designs[0]
    }

    /// The discount that is offered at `now`.
    pub fn offered(&self, now: Timestamp) -> Option<&GiftDiscount> {
        let is_offered =
            |discount: &&GiftDiscount| discount.starts_at.is_none_or(|start| start <= now) && discount.ends_at.is_none_or(|end| now < end);
        self.discount.as_ref().filter(is_offered)
    }

    /// Whether a card may hold this much.
    pub const fn allows(&self, face: Money) -> bool {
        matches!(face.currency(), Currency::Aud) && face.minor() >= self.min_dollars * 100 && face.minor() <= self.max_dollars * 100
    }
}

impl GiftDiscount {
    /// What is taken off one card, rounded half up to the cent.
    pub fn of(&self, face: Money) -> Money {
        let exact = i128::from(face.minor()) * i128::from(self.percent);
        let rounded = (exact + 50).div_euclid(100);
        Money::new(i64::try_from(rounded).unwrap_or(i64::MAX), face.currency())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::gift_card::Programme;

    #[test]
    fn every_product_has_a_programme_and_designs_of_its_own() {
        let mut seen = HashSet::new();
        for product in &PRODUCTS {
            assert!(Programme::of_number(product.prefix).is_some(), "{}", product.id);
            assert!(product.min_dollars > 0 && product.min_dollars <= product.max_dollars, "{}", product.id);
            assert_eq!(GiftProduct::find(product.id).map(|found| found.name), Some(product.name));
            for design in product.designs {
                assert!(seen.insert(design.id), "{} twice", design.id);
                assert_eq!(GiftProduct::of_design(design.id).map(|(found, _)| found.id), Some(product.id));
            }
        }
        assert!(PRODUCTS.iter().filter(|product| product.active && product.delivery != Delivery::Physical).count() >= 4);
    }

    #[test]
    fn a_discount_is_rounded_half_up() {
        let five = GiftDiscount { id: "", description: "", percent: 5, starts_at: None, ends_at: None };
        for (minor, off) in [(10_000, 500), (1_010, 51), (1_009, 50), (1_030, 52), (1, 0), (10, 1)] {
            assert_eq!(five.of(Money::new(minor, Currency::Aud)).minor(), off, "{minor}");
        }
    }

    #[test]
    fn a_discount_is_offered_in_its_time() {
        let (start, end) = (CHANGES[0], CHANGES[1]);
        let bounded = GiftDiscount { starts_at: Some(start), ends_at: Some(end), ..PRODUCTS[0].discount.unwrap() };
        let product = GiftProduct { discount: Some(bounded), ..PRODUCTS[0] };
        let second = std::time::Duration::from_secs(1);
        for (now, offered) in [(start.minus(second), false), (start, true), (end.minus(second), true), (end, false)] {
            assert_eq!(product.offered(now).is_some(), offered, "{now}");
        }
    }
}
