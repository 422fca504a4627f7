//! How far a buyer has come on the way to credit, as the bar above each page shows it.

/// The steps of Pay Later, as people see them.
const LABELS: [&str; 5] = ["Your e-mail address", "Your company", "Paying back", "Your card", "Your agreement"];

/// A step among the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// From 1.
    pub(crate) step: usize,
}

impl Progress {
    /// How many steps there are.
    pub(crate) const STEPS: usize = LABELS.len();

    pub(crate) const EMAIL: Self = Self { step: 1 };
    pub(crate) const COMPANY: Self = Self { step: 2 };
    pub(crate) const TERM: Self = Self { step: 3 };
    pub(crate) const CARD: Self = Self { step: 4 };
    pub(crate) const AGREEMENT: Self = Self { step: 5 };

    pub(crate) fn label(self) -> &'static str {
        LABELS.get(self.step - 1).copied().unwrap_or_default()
    }

    /// One bar a step; those passed, and this one, are filled.
    pub(crate) fn bars(self) -> Vec<bool> {
        (1..=Self::STEPS).map(|step| step <= self.step).collect()
    }
}
