//! Goods: what merchants keep from being bought with gift cards.
//!
//! A merchant says it in its preferences, by the tags that items of a basket have. Invariant: what a list tells a shopper and what
//! a payment does follow from one rule.

use std::collections::BTreeMap;

use florin_domain::gift_card::Programme;
use florin_domain::merchant::MerchantId;
use florin_store::Tx;
use serde::Deserialize;

use crate::ServiceError;
use crate::preferences::{self, Groups};

/// The group of a merchant's preferences that says it: by the name of a programme, `tag=value` pairs with commas between them. An
/// item that has one of these tags with that value is not bought with the programme's gift cards.
pub const GROUP: &str = "giftCardExclusions";

/// What is bought, as far as it is looked at here.
#[derive(Deserialize)]
struct Basket {
    #[serde(default)]
    items: Option<Vec<Item>>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    tags: Option<BTreeMap<String, String>>,
}

/// The programmes whose gift cards do not pay for `basket`.
pub(crate) fn excluded(tx: &mut Tx<'_>, merchant: &MerchantId, basket: Option<&str>) -> Result<Vec<String>, ServiceError> {
    let Some(basket) = basket else { return Ok(Vec::new()) };
    let groups = preferences::groups_of(tx, merchant)?;
    let Some(rules) = groups.get(GROUP) else { return Ok(Vec::new()) };
    let basket: Basket = serde_json::from_str(basket).map_err(|_| ServiceError::Internal("a kept basket cannot be read".to_owned()))?;
    let items: Vec<_> = basket.items.into_iter().flatten().filter_map(|item| item.tags).collect();
    let is_hit = |rule: &str| pairs(rule).flatten().any(|pair| items.iter().any(|tags| has(tags, pair)));
    Ok(rules.iter().filter(|(_, rule)| is_hit(rule)).map(|(programme, _)| programme.clone()).collect())
}

fn has(tags: &BTreeMap<String, String>, (tag, value): (&str, &str)) -> bool {
    tags.get(tag).is_some_and(|known| known.trim().eq_ignore_ascii_case(value))
}

/// The pairs of a rule; nothing for what is no pair.
fn pairs(rule: &str) -> impl Iterator<Item = Option<(&str, &str)>> {
    rule.split(',').map(|text| {
        let (tag, value) = text.split_once('=')?;
        let (tag, value) = (tag.trim(), value.trim());
        (!tag.is_empty() && !value.is_empty()).then_some((tag, value))
    })
}

/// Refuses rules that would never do what they say.
pub(crate) fn must_be_usable(groups: &Groups) -> Result<(), ServiceError> {
    let is_rule = |(programme, rule): (&String, &String)| Programme::named(programme).is_some() && pairs(rule).all(|pair| pair.is_some());
    if groups.get(GROUP).is_none_or(|rules| rules.iter().all(is_rule)) {
        return Ok(());
    }
    let message =
        "of giftCardExclusions must say for a gift card programme, by its name, pairs such as category=tobacco, with commas between";
    Err(ServiceError::invalid("preferences", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_names_a_programme_and_pairs() {
        let kept = |programme: &str, rule: &str| {
            must_be_usable(&Groups::from([(GROUP.to_owned(), [(programme.to_owned(), rule.to_owned())].into())])).is_ok()
        };
        assert!(kept("Everyday Gift Card", "category=tobacco") && kept("Store Gift Card", "category = tobacco , age=18+"));
        for (programme, rule) in [
            ("Other Gift Card", "category=tobacco"),
            ("Store Gift Card", ""),
            ("Store Gift Card", "tobacco"),
            ("Store Gift Card", "category="),
            ("Store Gift Card", "category=tobacco,"),
        ] {
            assert!(!kept(programme, rule), "{programme}: {rule}");
        }
        assert!(must_be_usable(&Groups::new()).is_ok());
    }

    #[test]
    fn a_tag_is_hit_in_any_case() {
        let tags = BTreeMap::from([("category".to_owned(), " Tobacco".to_owned())]);
        assert!(has(&tags, ("category", "tobacco")) && !has(&tags, ("category", "milk")) && !has(&tags, ("kind", "tobacco")));
    }
}
