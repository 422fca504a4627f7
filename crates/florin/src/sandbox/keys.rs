//! The sandbox's own keys, made once and kept.

use florin_service::{Random, Secret};
use florin_vault::{MasterKey, hex};

use crate::data_directory::DataDirectory;
use crate::failure::Failure;
use crate::private_file;
use crate::serve::weakness::SANDBOX_PREFIX;

/// Keys of one data directory.
pub struct Keys {
    /// Seals what is secret in the books.
    pub master: MasterKey,
    /// The operator's.
    pub operator: Secret<String>,
}

impl Keys {
    /// The keys of `directory`; new ones if it has none.
    ///
    /// # Errors
    /// A [`Failure`] when they cannot be kept, or are open to others.
    pub fn of(directory: &DataDirectory, random: &Random) -> Result<Self, Failure> {
        let master = private_file::read_or_make(&directory.file("master.key"), || Ok(MasterKey::generate(random).to_text()))?;
        let operator = private_file::read_or_make(&directory.file("operator.key"), || {
            Ok(Secret::new(format!("{SANDBOX_PREFIX}{}", hex::encode(&random.bytes::<32>()))))
        })?;
        let master = MasterKey::parse(master.expose()).map_err(|error| Failure::because("master.key", error))?;
        Ok(Self { master, operator })
    }
}
