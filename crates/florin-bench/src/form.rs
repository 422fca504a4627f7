//! Forms in a page: just enough HTML to fill one in by its fields' names, as a person's browser would.
//!
//! It reads pages that Florin's own templates made, not any page of the world.

/// A form with what it would send if nobody touched it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// Where it is sent; empty for the page's own address.
    pub(crate) action: String,
    /// Names of all fields, in order, with the first value on offer.
    pub(crate) fields: Vec<(String, String)>,
}

impl Form {
    /// All forms of a page.
    pub(crate) fn list(page: &str) -> Vec<Self> {
        page.split("<form").skip(1).filter_map(Self::read).collect()
    }

    /// Whether it has a field of this name.
    pub(crate) fn asks(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    /// Its body: the answer to each field, or what it has on offer where there is none.
    pub(crate) fn fill(&self, answer: impl Fn(&str) -> Option<String>) -> String {
        let mut body = form_urlencoded::Serializer::new(String::new());
        for (name, offered) in &self.fields {
            body.append_pair(name, &answer(name).unwrap_or_else(|| offered.clone()));
        }
        body.finish()
    }

    fn read(rest: &str) -> Option<Self> {
        let (form, _) = rest.split_once("</form>")?;
        let (head, inside) = form.split_once('>')?;
        let mut fields: Vec<(String, String)> = Vec::new();
        for piece in inside.split('<').skip(1) {
            let tag = piece.split('>').next().unwrap_or_default();
            let kind = tag.split_ascii_whitespace().next().unwrap_or_default();
            let value = attribute(tag, "value").unwrap_or_default();
            match kind {
                "input" | "button" | "select" | "textarea" => {
                    if let Some(name) = attribute(tag, "name").filter(|name| fields.iter().all(|(field, _)| field != name)) {
                        fields.push((name, value));
                    }
                }
                // An option belongs to the select before it; the first one that says something is taken.
                "option" => {
                    if let Some((_, chosen)) = fields.last_mut().filter(|(_, chosen)| chosen.is_empty()) {
                        *chosen = value;
                    }
                }
                _ => {}
            }
        }
        Some(Self { action: attribute(head, "action").unwrap_or_default(), fields })
    }
}

/// What is typed into the fields of a card.
pub(crate) struct Card<'a> {
    number: &'a str,
}

impl<'a> Card<'a> {
    /// The sandbox's card that is always approved.
    pub(crate) const GOOD: Self = Self { number: "4242424242424242" };

    /// The test card of this number.
    pub(crate) const fn of(number: &'a str) -> Self {
        Self { number }
    }

    /// What goes into the field `name`; `None` if the card has no such field.
    pub(crate) fn field(&self, name: &str) -> Option<&'a str> {
        match name {
            "card_number" => Some(self.number),
            "card_expiry" => Some("12/39"),
            "card_cvc" => Some("123"),
            _ => None,
        }
    }
}

/// The value of a tag's attribute, its entities read.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split_once(&format!(" {name}=\""))?.1.split('"').next()?;
    Some(unescape(value))
}

fn unescape(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&#38;", "&"), ("&amp;", "&")]
        .into_iter()
        .fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_tells_its_fields_and_the_first_choice_of_each() {
        let page = r#"<p><form method="post" action="/a/?x=1&amp;y=2"><input type="hidden" name="t" value="O&#39;Hara">
            <select id="d" name="director_name"><option value="">Choose</option><option value="Ann Lee">Ann</option><option value="B">B</option></select>
            <button name="pay" value="PAY_LATER">Later</button><button name="pay" value="PAY_NOW">Now</button></form><form></form>"#;
        let forms = Form::list(page);
        assert_eq!(forms.len(), 2);
        assert_eq!(forms[0].action, "/a/?x=1&y=2");
        let fields: Vec<_> = forms[0].fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(fields, [("t", "O'Hara"), ("director_name", "Ann Lee"), ("pay", "PAY_LATER")]);
        assert!(forms[0].asks("pay") && !forms[1].asks("pay"));
    }

    #[test]
    fn a_form_is_filled_in_by_its_names() {
        let form = Form { action: String::new(), fields: vec![("card_expiry".into(), String::new()), ("kept".into(), "a b".into())] };
        assert_eq!(form.fill(|name| Card::GOOD.field(name).map(str::to_owned)), "card_expiry=12%2F39&kept=a+b");
    }
}
