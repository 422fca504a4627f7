//! The sandbox's companies: which numbers exist and what becomes of each.
//!
//! Any eight digits whose first is 1 to 5 are a company, so that tests never run out of fresh ones; a few have names to remember.

use florin_domain::company::{Company, CompanyNumber};

use crate::name;

/// What becomes of a company's credit; its number's first digit says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompanyOutcome {
    /// 1…: approved at once, pays every instalment.
    Approved,
    /// 2…: referred, approved an hour later, pays.
    ReferredThenApproved,
    /// 3…: referred, declined an hour later.
    ReferredThenDeclined,
    /// 4…: declined at once.
    Declined,
    /// 5…: approved at once; the second instalment can never be collected.
    ApprovedThenLate,
}

impl CompanyOutcome {
    /// The outcome of `number`; `None` if it is not on the sandbox's register.
    pub fn of(number: &CompanyNumber) -> Option<Self> {
        match number.as_str().as_bytes() {
            [b'1', ..] => Some(Self::Approved),
            [b'2', ..] => Some(Self::ReferredThenApproved),
            [b'3', ..] => Some(Self::ReferredThenDeclined),
            [b'4', ..] => Some(Self::Declined),
            [b'5', ..] => Some(Self::ApprovedThenLate),
            _ => None,
        }
    }

    /// The published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::ReferredThenApproved => "referred_then_approved",
            Self::ReferredThenDeclined => "referred_then_declined",
            Self::Declined => "declined",
            Self::ApprovedThenLate => "approved_then_late",
        }
    }
}

/// Companies with names of their own: two or more an outcome.
const SEEDED: [(&str, &str); 12] = [
    ("10000001", "Alder & Daughters Joinery Ltd"),
    ("10000002", "Brightwell Bakery Supplies Ltd"),
    ("10000003", "Copperfield Electrical Ltd"),
    ("20000001", "Dunmore Scaffolding Ltd"),
    ("20000002", "Eastgate Catering Equipment Ltd"),
    ("30000001", "Fernhill Landscaping Ltd"),
    ("30000002", "Granary Wharf Interiors Ltd"),
    ("40000001", "Harrowgate Motor Factors Ltd"),
    ("40000002", "Ironbridge Plant Hire Ltd"),
    ("50000001", "Juniper Lane Florists Ltd"),
    ("50000002", "Kestrel Office Furniture Ltd"),
    ("50000003", "Lowfield Roofing Ltd"),
];

/// The company of `number`, made from the number alone; `None` if it is not on the sandbox's register.
pub(crate) fn company(number: &CompanyNumber) -> Option<Company> {
    CompanyOutcome::of(number)?;
    let digits = number.as_str();
    let given = SEEDED.iter().find(|(seeded, _)| *seeded == digits).map(|(_, name)| (*name).to_owned());
    Some(Company { number: number.clone(), name: given.unwrap_or_else(|| name::company(digits)), directors: name::directors(digits) })
}

/// The companies with names of their own, in the order of their numbers.
pub(crate) fn seeded() -> impl Iterator<Item = Company> {
    SEEDED.iter().filter_map(|(digits, _)| company(&CompanyNumber::parse(digits).ok()?))
}
