//! `sandbox.json`: what scripts, and the other commands, need to know about a running sandbox.
//!
//! Invariant: the file is there only once the sandbox answers, and whole whenever it is there.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use florin_sim::{OutcomeNames, outcome_names};
use serde::{Deserialize, Serialize};

use crate::data_directory::DataDirectory;
use crate::failure::Failure;
use crate::private_file;

/// A running sandbox. Holds its keys in clear, so its file is closed to others.
#[derive(Serialize, Deserialize)]
pub struct Announcement {
    /// Where it listens: `https://localhost:PORT`.
    pub base_url: String,
    /// Absolute path of its authority's certificate.
    pub ca_cert: PathBuf,
    /// The operator's key.
    pub admin_token: String,
    /// The sellers it began with.
    pub sellers: Vec<SeededSeller>,
    /// Their retail accounts.
    pub wpay: Vec<SeededMerchant>,
    /// Names the master key that takes the present one's place, if this sandbox knows both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_master_key: Option<String>,
}

/// A seller that every sandbox has.
#[derive(Clone, Serialize, Deserialize)]
pub struct SeededSeller {
    /// The name buyers see.
    pub name: String,
    /// Its id.
    pub seller_uuid: String,
    /// Its server's access token.
    pub access_token: String,
    /// Where its buyers are sent back to.
    pub redirect_url: String,
}

/// A retail account that every sandbox has.
#[derive(Clone, Serialize, Deserialize)]
pub struct SeededMerchant {
    /// Its short name on the wire.
    pub merchant_id: String,
    /// Its server's API key.
    pub api_key: String,
    /// The address that its clients begin with.
    pub base_url: String,
}

/// A gift card that every sandbox has.
#[derive(Clone, Copy, Serialize)]
pub struct SeededGiftCard {
    /// Its number.
    pub number: &'static str,
    /// Its PIN.
    pub pin: &'static str,
    /// What was on it when it was issued, in whole dollars.
    pub balance: u32,
    /// The last day on which it can be used.
    pub expires_on: &'static str,
}

/// The file's contents: with the outcomes to try, which are the same in every sandbox.
#[derive(Serialize)]
struct Published<'a> {
    #[serde(flatten)]
    announcement: &'a Announcement,
    #[serde(flatten)]
    outcomes: OutcomeNames,
    gift_cards: &'a [SeededGiftCard],
}

impl Announcement {
    /// Tells the world that the sandbox answers, and what gift cards there are.
    ///
    /// # Errors
    /// A [`Failure`] when the file cannot be written.
    pub fn publish(&self, directory: &DataDirectory, gift_cards: &[SeededGiftCard]) -> Result<(), Failure> {
        let published = Published { announcement: self, outcomes: outcome_names(), gift_cards };
        let text = serde_json::to_vec_pretty(&published).map_err(|error| Failure::because("sandbox.json", error))?;
        private_file::write(&directory.announcement(), &text)
    }

    /// The sandbox that runs on `directory`; `None` if there is no announcement.
    ///
    /// # Errors
    /// A [`Failure`] when the file cannot be read or is not one of ours.
    pub fn find(directory: &DataDirectory) -> Result<Option<Self>, Failure> {
        let path = directory.announcement();
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::because(path.display(), error)),
        };
        serde_json::from_slice(&text).map(Some).map_err(|error| Failure::because(path.display(), error))
    }
}
