//! A page as a browser without JavaScript sees it: text, links and plain forms.

use reqwest::Url;
use scraper::{ElementRef, Html, Selector};

use super::Answer;

/// A page of the checkout.
#[derive(Clone)]
pub struct Page {
    /// Where it is.
    pub url: Url,
    /// Its status.
    pub status: u16,
    /// Its source.
    pub html: String,
    /// All that can be read on it.
    pub text: String,
    /// Its main heading.
    pub heading: String,
    /// Its forms, in order.
    pub forms: Vec<Form>,
    /// Where its links go.
    pub links: Vec<Url>,
    /// The answer that brought it.
    pub answer: Answer,
}

/// A form on a page.
#[derive(Clone, Debug)]
pub struct Form {
    /// Where it goes.
    pub action: Url,
    /// Whether its fields travel in the body.
    pub is_post: bool,
    fields: Vec<Field>,
}

#[derive(Clone, Debug)]
struct Field {
    name: String,
    kind: Kind,
    value: String,
    is_chosen: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Text,
    Hidden,
    Choice,
    Tick,
    Button,
}

fn select(css: &str) -> Selector {
    Selector::parse(css).expect("a selector")
}

impl Page {
    /// Reads an answer as a page.
    #[track_caller]
    pub fn read(answer: Answer) -> Self {
        assert!(answer.header("content-type").starts_with("text/html"), "{} is no page: {}", answer.asked, answer.text());
        let html = answer.text();
        let document = Html::parse_document(&html);
        let words = |element: ElementRef<'_>| element.text().collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
        let first = |css: &str| document.select(&select(css)).next();
        let base = answer.url.clone();
        let links = document.select(&select("a[href]")).filter_map(|link| base.join(link.attr("href")?).ok()).collect();
        let forms = document.select(&select("form")).map(|form| Form::read(form, &base)).collect();
        Self {
            status: answer.status,
            text: first("body").map(words).unwrap_or_default(),
            heading: first("h1").map(words).unwrap_or_default(),
            forms,
            links,
            url: base,
            html,
            answer,
        }
    }

    /// The form that asks for `field`.
    pub fn form_with(&self, field: &str) -> Option<&Form> {
        self.forms.iter().find(|form| form.asks_for(field))
    }

    /// The form that offers `value` for `field`, or lets it be typed.
    pub fn form_offering(&self, field: &str, value: &str) -> Option<&Form> {
        self.forms.iter().find(|form| form.takes(field, value))
    }

    /// The value of the first attribute called `name`, wherever it stands.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let document = Html::parse_document(&self.html);
        document.select(&select(&format!("[{name}]"))).next().and_then(|element| element.attr(name).map(str::to_owned))
    }

    /// Where the page sends the browser by itself, if it does.
    pub fn refresh(&self) -> Option<Url> {
        let document = Html::parse_document(&self.html);
        let content = document.select(&select("meta[http-equiv=refresh]")).next()?.attr("content")?.to_owned();
        let (_, target) = content.split_once("url=").or_else(|| content.split_once("URL="))?;
        self.url.join(target.trim()).ok()
    }

    /// Expects to read `words`, in any case.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        assert!(self.text.to_lowercase().contains(&words.to_lowercase()), "no \"{words}\" on {}: {}", self.url, self.text);
        self
    }
}

impl Form {
    fn read(form: ElementRef<'_>, base: &Url) -> Self {
        let action = form
            .attr("action")
            .filter(|action| !action.is_empty())
            .map_or_else(|| base.clone(), |action| base.join(action).expect("a form goes to a URL"));
        let is_post = form.attr("method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
        let fields = form.select(&select("input, button, textarea, select")).flat_map(fields_of).collect();
        Self { action, is_post, fields }
    }

    /// Whether it has a field called `name`.
    pub fn asks_for(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name && field.kind != Kind::Hidden)
    }

    /// Whether `value` can be given for `name`: typed, or one of what is offered.
    pub fn takes(&self, name: &str, value: &str) -> bool {
        self.fields.iter().any(|field| field.name == name && (field.kind == Kind::Text || field.value == value))
    }

    /// What can be chosen for `name`.
    pub fn offers(&self, name: &str) -> Vec<String> {
        self.fields.iter().filter(|field| field.name == name && field.kind != Kind::Text).map(|field| field.value.clone()).collect()
    }

    /// What a browser would send after the buyer filled in `answers` and left the rest as it stands.
    #[track_caller]
    pub fn filled(&self, answers: &[(&str, &str)]) -> Vec<(String, String)> {
        for (name, value) in answers {
            assert!(self.takes(name, value), "the form to {} does not take {name}={value}: {:?}", self.action, self.fields);
        }
        let given = |name: &str| answers.iter().find(|(asked, _)| *asked == name);
        let pressed_one = self.fields.iter().any(|field| field.kind == Kind::Button && given(&field.name).is_some());
        let default_button = self.fields.iter().position(|field| field.kind == Kind::Button).filter(|_| !pressed_one);
        let mut sent = Vec::new();
        for (index, field) in self.fields.iter().enumerate().filter(|(_, field)| !field.name.is_empty()) {
            let value = match (given(&field.name), field.kind) {
                (Some((_, value)), Kind::Text) => Some((*value).to_owned()),
                (Some((_, value)), _) => (field.value == *value).then(|| field.value.clone()),
                (None, Kind::Text | Kind::Hidden) => Some(field.value.clone()),
                (None, Kind::Choice | Kind::Tick) => field.is_chosen.then(|| field.value.clone()),
                (None, Kind::Button) => (default_button == Some(index)).then(|| field.value.clone()),
            };
            sent.extend(value.map(|value| (field.name.clone(), value)));
        }
        sent
    }
}

fn fields_of(element: ElementRef<'_>) -> Vec<Field> {
    let name = element.attr("name").unwrap_or("").to_owned();
    let text = |name: &str| element.attr(name).unwrap_or("").to_owned();
    let field = |kind, value, is_chosen| Field { name: name.clone(), kind, value, is_chosen };
    if element.attr("disabled").is_some() {
        return Vec::new();
    }
    let kind = element.attr("type").unwrap_or("").to_lowercase();
    match (element.value().name(), kind.as_str()) {
        ("select", _) => {
            let options: Vec<_> = element.select(&select("option")).collect();
            let chosen = options.iter().position(|option| option.attr("selected").is_some()).unwrap_or(0);
            let value = |option: &ElementRef<'_>| option.attr("value").map_or_else(|| option.text().collect(), str::to_owned);
            options.iter().enumerate().map(|(index, option)| field(Kind::Choice, value(option), index == chosen)).collect()
        }
        ("textarea", _) => vec![field(Kind::Text, element.text().collect(), true)],
        ("button", "button" | "reset") | ("input", "button" | "reset" | "image" | "file") => Vec::new(),
        ("button", _) | ("input", "submit") => vec![field(Kind::Button, text("value"), false)],
        ("input", "hidden") => vec![field(Kind::Hidden, text("value"), true)],
        ("input", "radio") => vec![field(Kind::Choice, text("value"), element.attr("checked").is_some())],
        ("input", "checkbox") => {
            let value = element.attr("value").unwrap_or("on").to_owned();
            vec![field(Kind::Tick, value, element.attr("checked").is_some())]
        }
        _ => vec![field(Kind::Text, text("value"), true)],
    }
}
