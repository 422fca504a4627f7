//! The database under a Florin: the embedded one, or a database of its own on a throw-away `PostgreSQL` server.

use std::path::{Path, PathBuf};

use florin_testkit::Postgres;

/// Which database a story runs on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Engine {
    /// The embedded one.
    Sqlite,
    /// A `PostgreSQL` server that the stories share.
    Postgres,
}

/// A database, so that a story's auditor finds it.
#[derive(Clone, Debug)]
pub enum Database {
    /// A directory with an `SQLite` file.
    File(PathBuf),
    /// A `PostgreSQL` database.
    Server(String),
}

impl Database {
    /// An empty database.
    pub fn new(engine: Engine, data_dir: &Path) -> Self {
        match engine {
            Engine::Sqlite => Self::File(data_dir.to_owned()),
            Engine::Postgres => Self::Server(Postgres::shared().fresh_database()),
        }
    }

    /// Its URL, if it is on a server.
    pub fn url(&self) -> Option<String> {
        match self {
            Self::File(_) => None,
            Self::Server(url) => Some(url.clone()),
        }
    }
}
