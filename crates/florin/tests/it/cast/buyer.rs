//! A buyer at the hosted checkout: reads each page, fills in the form that is on it, presses its button.

use reqwest::Url;

use super::{Answer, Fate, Florin, Form, Http, Order, Page};

/// The most pages that any honest way through the checkout takes.
const STEPS_MAX: usize = 40;

/// Somebody who buys for a company.
#[derive(Clone)]
pub struct Buyer {
    http: Http,
    /// The buyer's address.
    pub email: String,
    /// The company's number.
    pub company: String,
    /// What the company turns over in a year.
    pub turnover: String,
    /// How long the buyer wants to take.
    pub term: String,
    /// The card for repayments.
    pub card: String,
}

/// A browser tab on an order.
pub struct Tab {
    buyer: Buyer,
    /// The page that is shown.
    pub page: Page,
    /// Where the buyer was sent, once that is not Florin any more.
    pub left_to: Option<Url>,
    /// The headings of the pages seen, in order.
    pub seen: Vec<String>,
    bank: Option<String>,
    authorises: bool,
}

impl Buyer {
    /// A buyer with a good card.
    pub fn new(http: Http, email: &str, company: &str) -> Self {
        Self {
            http,
            email: email.to_owned(),
            company: company.to_owned(),
            turnover: "250000.00".to_owned(),
            term: "3_months".to_owned(),
            card: "4242 4242 4242 4242".to_owned(),
        }
    }

    /// Who wants this term.
    pub fn over(mut self, term: &str) -> Self {
        term.clone_into(&mut self.term);
        self
    }

    /// Who pays back with this card.
    pub fn with_card(mut self, card: &str) -> Self {
        card.clone_into(&mut self.card);
        self
    }

    /// Whose company turns this over.
    pub fn with_turnover(mut self, turnover: &str) -> Self {
        turnover.clone_into(&mut self.turnover);
        self
    }

    /// Opens an order in a tab.
    #[track_caller]
    pub fn opens(&self, order: &Order) -> Tab {
        self.opens_url(&order.order_url)
    }

    /// Opens an address in a tab.
    #[track_caller]
    pub fn opens_url(&self, url: &str) -> Tab {
        let answer = self.http.get(url);
        let mut tab = Tab { buyer: self.clone(), page: blank(&answer), left_to: None, seen: Vec::new(), bank: None, authorises: true };
        tab.shows(answer);
        tab
    }

    /// Pays on credit, from the landing page to the shop.
    #[track_caller]
    pub fn pays_later(&self, order: &Order) -> Tab {
        let mut tab = self.opens(order);
        tab.chooses_credit();
        tab.goes_on_until(Tab::is_at_an_end);
        tab
    }

    /// Pays by bank, from the landing page to the shop.
    #[track_caller]
    pub fn pays_now(&self, florin: &Florin, order: &Order, fate: Fate) -> Tab {
        let mut tab = self.opens(order);
        tab.chooses_bank_payment(&florin.bank(fate));
        tab.goes_on_until(Tab::is_at_an_end);
        tab
    }
}

fn blank(answer: &Answer) -> Page {
    Page {
        url: answer.url.clone(),
        status: 0,
        html: String::new(),
        text: String::new(),
        heading: String::new(),
        forms: Vec::new(),
        links: Vec::new(),
        answer: answer.clone(),
    }
}

impl Tab {
    /// Says that the buyer wants credit.
    #[track_caller]
    pub fn chooses_credit(&mut self) {
        self.seen.clear();
        self.bank = None;
        if self.page.form_with("email").is_none() {
            self.fills("pay", &[("pay", "PAY_LATER")]);
        }
    }

    /// Says that the buyer wants to pay from this bank.
    #[track_caller]
    pub fn chooses_bank_payment(&mut self, bank: &str) {
        self.seen.clear();
        self.bank = Some(bank.to_owned());
        if self.page.form_with("bank").is_none() {
            self.fills("pay", &[("pay", "PAY_NOW")]);
        }
    }

    /// Will say no at the bank.
    pub fn will_refuse(&mut self) {
        self.authorises = false;
    }

    /// Whether nothing is left to fill in.
    pub fn is_at_an_end(&self) -> bool {
        self.left_to.is_some() || self.answers().is_none()
    }

    /// Whether the page asks for this field.
    pub fn is_asked_for(&self, field: &str) -> bool {
        self.left_to.is_none() && self.page.form_with(field).is_some()
    }

    /// Fills in what the page asks for and sends it.
    #[track_caller]
    pub fn goes_on(&mut self) {
        let (form, fields) =
            self.next_form().unwrap_or_else(|| panic!("nothing to fill in on \"{}\": {}", self.page.heading, self.page.text));
        self.sends(&form, &fields);
    }

    /// Goes on until `arrived`.
    #[track_caller]
    pub fn goes_on_until(&mut self, arrived: impl Fn(&Self) -> bool) {
        for _ in 0..STEPS_MAX {
            if arrived(self) {
                return;
            }
            self.goes_on();
        }
        panic!("no end after {STEPS_MAX} pages: {:?}", self.seen);
    }

    /// What would be sent next: the form's address and its fields.
    pub fn next_form(&self) -> Option<(Form, Vec<(String, String)>)> {
        let (form, answers) = self.answers()?;
        let borrowed: Vec<_> = answers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let fields = form.filled(&borrowed);
        Some((form, fields))
    }

    /// The form that is to be filled in, and with what. The last step that the page offers goes first.
    fn answers(&self) -> Option<(Form, Vec<(String, String)>)> {
        const PAY_LATER: [&str; 7] = ["agree", "card_number", "term", "company_number", "company", "code", "email"];
        if self.left_to.is_some() {
            return None;
        }
        if let Some(form) = self.page.form_with("authorise").or_else(|| self.page.form_offering("authorise", "yes")) {
            let decision = if self.authorises { "yes" } else { "no" };
            let form = self.page.form_offering("authorise", decision).unwrap_or(form);
            return Some((form.clone(), vec![("authorise".to_owned(), decision.to_owned())]));
        }
        if let Some(bank) = &self.bank {
            let form = self.page.form_offering("bank", bank)?;
            return Some((form.clone(), vec![("bank".to_owned(), bank.clone())]));
        }
        PAY_LATER.iter().find_map(|field| {
            let form = match *field {
                "company_number" => self.page.form_offering(field, &self.buyer.company)?,
                _ => self.page.form_with(field)?,
            };
            Some((form.clone(), self.known(form)))
        })
    }

    /// What the buyer knows of what `form` asks for.
    fn known(&self, form: &Form) -> Vec<(String, String)> {
        let buyer = &self.buyer;
        let code = self.page.attribute("data-sandbox-code").unwrap_or_default();
        let director = form.offers("director_name").into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| "Ada Marsh".to_owned());
        let tick = form.offers("agree").first().cloned().unwrap_or_else(|| "yes".to_owned());
        let all = [
            ("pay", "PAY_LATER".to_owned()),
            ("email", buyer.email.clone()),
            ("code", code),
            ("company", buyer.company.clone()),
            ("company_number", buyer.company.clone()),
            ("director_name", director),
            ("turnover", buyer.turnover.clone()),
            ("term", buyer.term.clone()),
            ("card_number", buyer.card.clone()),
            ("card_expiry", "09/34".to_owned()),
            ("card_cvc", "123".to_owned()),
            ("agree", tick),
        ];
        all.into_iter().filter(|(name, _)| form.asks_for(name)).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Fills in the form that has `field` with these answers and sends it.
    #[track_caller]
    pub fn fills(&mut self, field: &str, answers: &[(&str, &str)]) {
        let wanted = answers.iter().find(|(name, _)| *name == field).map_or("", |(_, value)| value);
        let form = self.page.form_offering(field, wanted).or_else(|| self.page.form_with(field));
        let form = form.unwrap_or_else(|| panic!("no {field} is asked for on \"{}\": {}", self.page.heading, self.page.text)).clone();
        // What else the form asks for is filled in as the buyer knows it.
        let mut all = self.known(&form);
        all.retain(|(name, _)| !answers.iter().any(|(given, _)| given == name));
        all.extend(answers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let borrowed: Vec<_> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let fields = form.filled(&borrowed);
        self.sends(&form, &fields);
    }

    /// Sends a form as it is given and follows where it leads.
    #[track_caller]
    pub fn sends(&mut self, form: &Form, fields: &[(String, String)]) {
        let answer = self.posts(form, fields);
        self.shows(answer);
    }

    /// Sends a form and leaves the tab as it is.
    #[track_caller]
    pub fn posts(&self, form: &Form, fields: &[(String, String)]) -> Answer {
        if form.is_post {
            return self.buyer.http.ask("POST", form.action.as_str()).form(fields).send();
        }
        let mut url = form.action.clone();
        url.set_query(None);
        url.query_pairs_mut().extend_pairs(fields);
        self.buyer.http.get(url.as_str())
    }

    /// Asks for the page again.
    #[track_caller]
    pub fn reloads(&mut self) {
        let answer = self.buyer.http.get(self.page.url.as_str());
        self.shows(answer);
    }

    /// Shows an answer, following redirects as a browser does, and stops at the door of another house.
    #[track_caller]
    pub fn shows(&mut self, mut answer: Answer) {
        for _ in 0..10 {
            if !matches!(answer.status, 302 | 303) {
                let page = Page::read(answer);
                assert!(page.status < 500, "{} on {}: {}", page.status, page.url, page.text);
                self.seen.push(page.heading.clone());
                self.page = page;
                return;
            }
            let target = answer.url.join(answer.header("location")).expect("a redirect names a URL");
            if target.origin() != self.buyer.http.base().origin() {
                self.left_to = Some(target);
                return;
            }
            answer = self.buyer.http.get(target.as_str());
        }
        panic!("redirected in circles: {}", answer.url);
    }

    /// Where the buyer goes from here to the shop: by redirect, by itself after a while, or by the link on the page.
    #[track_caller]
    pub fn way_to_shop(&self, home: &str) -> Url {
        let home_url = Url::parse(home).expect("a URL");
        let is_home = |url: &Url| url.origin() == home_url.origin() && url.path() == home_url.path();
        let mut candidates = self.left_to.iter().cloned().chain(self.page.refresh()).chain(self.page.links.iter().cloned());
        let found = candidates.find(is_home);
        found.unwrap_or_else(|| panic!("no way to {home} from \"{}\": {:?}", self.page.heading, self.page.links))
    }
}
