//! Form fields: what each is called, how a browser helps to fill it, and how an error is put into words.
//!
//! Invariant: card details are never shown again, not even to the person who just typed them.

/// A field that people type into; the names are the published ones.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) hint: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) autocomplete: &'static str,
    pub(crate) inputmode: &'static str,
    pub(crate) longest: u16,
    /// Said when nothing was typed.
    missing: &'static str,
    /// Shown in front of the value.
    pub(crate) before: &'static str,
    /// Where suggestions stand.
    pub(crate) list: &'static str,
    /// Whether digits are set apart.
    pub(crate) spaced: bool,
    /// Whether what was typed must not be shown again.
    secret: bool,
}

const PLAIN: Input = Input {
    name: "",
    label: "",
    hint: "",
    kind: "text",
    autocomplete: "off",
    inputmode: "text",
    longest: 200,
    missing: "",
    before: "",
    list: "",
    spaced: false,
    secret: false,
};

pub(crate) const EMAIL: Input = Input {
    name: "email",
    label: "E-mail address",
    hint: "For example name@company.co.uk",
    kind: "email",
    autocomplete: "email",
    inputmode: "email",
    longest: 254,
    missing: "Enter your e-mail address.",
    ..PLAIN
};
pub(crate) const CODE: Input = Input {
    name: "code",
    label: "Six-digit code",
    autocomplete: "one-time-code",
    inputmode: "numeric",
    longest: 12,
    missing: "Enter the six-digit code.",
    spaced: true,
    ..PLAIN
};
pub(crate) const COMPANY: Input = Input {
    name: "company",
    label: "Company name or number",
    hint: "For example Alder Joinery, or 01234567",
    autocomplete: "organization",
    missing: "Enter your company’s name or number.",
    ..PLAIN
};
pub(crate) const COMPANY_NUMBER: Input = Input {
    name: "company_number",
    label: "Company number",
    hint: "Eight characters, as on the register",
    longest: 16,
    missing: "Choose your company.",
    spaced: true,
    ..PLAIN
};
pub(crate) const DIRECTOR_NAME: Input = Input {
    name: "director_name",
    label: "Your full name",
    hint: "You must be a director of the company",
    autocomplete: "name",
    missing: "Enter the name of a director.",
    list: "directors",
    ..PLAIN
};
pub(crate) const TURNOVER: Input = Input {
    name: "turnover",
    label: "Annual turnover",
    hint: "What the company sold in the last twelve months, before tax",
    inputmode: "decimal",
    longest: 20,
    missing: "Enter your company’s annual turnover.",
    before: "£",
    ..PLAIN
};
pub(crate) const CARD_NUMBER: Input = Input {
    name: "card_number",
    label: "Card number",
    autocomplete: "cc-number",
    inputmode: "numeric",
    longest: 30,
    missing: "Enter the card number.",
    spaced: true,
    secret: true,
    ..PLAIN
};
pub(crate) const CARD_EXPIRY: Input = Input {
    name: "card_expiry",
    label: "Expires end",
    hint: "Month / year",
    autocomplete: "cc-exp",
    inputmode: "numeric",
    longest: 9,
    missing: "Enter the month and year in which the card expires.",
    secret: true,
    ..PLAIN
};
pub(crate) const CARD_CVC: Input = Input {
    name: "card_cvc",
    label: "Security code",
    hint: "On the card’s back",
    autocomplete: "cc-csc",
    inputmode: "numeric",
    longest: 4,
    missing: "Enter the card’s security code.",
    secret: true,
    ..PLAIN
};

const INPUTS: [&Input; 9] = [&EMAIL, &CODE, &COMPANY, &COMPANY_NUMBER, &DIRECTOR_NAME, &TURNOVER, &CARD_NUMBER, &CARD_EXPIRY, &CARD_CVC];
/// What is said when nothing was chosen among choices.
const CHOICES: [(&str, &str); 4] = [
    ("pay", "Choose how you would like to pay."),
    ("term", "Choose how long you take to pay back."),
    ("agree", "Tick the box to accept the agreement."),
    ("bank", "Choose your bank."),
];

/// A field of a page: its description, what stands in it, and what is wrong with that.
pub(crate) struct Field {
    pub(crate) input: &'static Input,
    pub(crate) value: String,
    pub(crate) error: Option<String>,
}

impl Field {
    /// A field holding `typed`, with the error of `problem` if that is about this field.
    pub(crate) fn new(input: &'static Input, typed: &str, problem: Option<&Problem>) -> Self {
        let value = if input.secret { String::new() } else { typed.to_owned() };
        Self { input, value, error: error_of(input.name, problem) }
    }

    pub(crate) fn is_described(&self) -> bool {
        self.error.is_some() || !self.input.hint.is_empty()
    }

    /// The ids of the elements that explain the field.
    pub(crate) fn described_by(&self) -> String {
        let hint = if self.input.hint.is_empty() { String::new() } else { format!("{}-hint", self.input.name) };
        let error = self.error.as_ref().map_or(String::new(), |_| format!("{}-error", self.input.name));
        format!("{error} {hint}").trim().to_owned()
    }
}

/// What is wrong, and with which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) field: &'static str,
    pub(crate) sentence: String,
}

impl Problem {
    /// Puts `message`, which goes on from a field's name (“must be more than 0”), into a sentence; `typed` is what stood in the field.
    pub(crate) fn new(field: &'static str, message: &str, typed: &str) -> Self {
        let missing = missing(field).filter(|_| typed.trim().is_empty());
        let sentence = missing.map_or_else(|| sentence(message), ToOwned::to_owned);
        Self { field, sentence }
    }
}

/// The sentence of `problem` if it is about the field `name`.
pub(crate) fn error_of(name: &str, problem: Option<&Problem>) -> Option<String> {
    problem.filter(|problem| problem.field == name).map(|problem| problem.sentence.clone())
}

fn missing(field: &str) -> Option<&'static str> {
    let typed = INPUTS.iter().find(|input| input.name == field).map(|input| input.missing);
    typed.or_else(|| CHOICES.iter().find(|(name, _)| *name == field).map(|(_, missing)| *missing))
}

/// `message` as a sentence of its own: as it stands if it begins like one, else said of “this”.
pub(crate) fn sentence(message: &str) -> String {
    let message = message.trim().trim_end_matches('.');
    let whole = message.chars().next().is_some_and(char::is_uppercase);
    if whole { format!("{message}.") } else { format!("This {message}.") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_whole_sentences() {
        assert_eq!(Problem::new("email", "is not an e-mail address", "x").sentence, "This is not an e-mail address.");
        assert_eq!(Problem::new("email", "is not an e-mail address", " ").sentence, "Enter your e-mail address.");
        assert_eq!(Problem::new("bank", "Choose another bank.", "x").sentence, "Choose another bank.");
        assert_eq!(Problem::new("agree", "must be accepted", "").sentence, "Tick the box to accept the agreement.");
    }

    #[test]
    fn what_was_typed_stays_except_card_details() {
        assert_eq!(Field::new(&TURNOVER, "12x", None).value, "12x");
        for secret in [&CARD_NUMBER, &CARD_EXPIRY, &CARD_CVC] {
            assert_eq!(Field::new(secret, "4242", None).value, "");
        }
    }

    #[test]
    fn a_field_points_to_its_hint_and_to_its_error() {
        let problem = Problem::new("email", "is not an e-mail address", "x");
        assert_eq!(Field::new(&EMAIL, "x", Some(&problem)).described_by(), "email-error email-hint");
        assert_eq!(Field::new(&CODE, "", Some(&problem)).described_by(), "");
    }
}
