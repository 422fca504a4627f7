//! The server that a command talks to, and how: its admin API, over HTTPS, with the operator's key.
//!
//! Invariant: the key is presented and never printed.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use florin_connect::http::{Answer, Client};
use florin_vault::Secret;
use serde_json::Value;

use crate::announcement::Announcement;
use crate::data_directory::{self, DataDirectory};
use crate::failure::Failure;

/// Which server.
#[derive(Args)]
pub struct ServerOptions {
    /// Data directory of a running sandbox, which tells its address and key
    #[arg(long, global = true, value_name = "DIR", default_value = data_directory::DEFAULT)]
    data_dir: PathBuf,
    /// Address of another server
    #[arg(long, value_name = "https://HOST", global = true, env = "FLORIN_URL")]
    url: Option<String>,
    /// Authority to trust beside the public ones, as a PEM file
    #[arg(long, global = true, value_name = "FILE", env = "FLORIN_CA")]
    ca: Option<PathBuf>,
    /// The operator's key; the environment variable keeps it out of the list of processes
    #[arg(long, global = true, env = "FLORIN_KEY", hide_env_values = true)]
    key: Option<String>,
}

/// A server's admin API.
pub struct Remote {
    client: Client,
    url: String,
}

impl Remote {
    /// The server that `options` mean: the one at `--url`, else the sandbox of the data directory.
    ///
    /// # Errors
    /// A [`Failure`] when there is none, or its key is not known.
    pub fn find(options: &ServerOptions) -> Result<Self, Failure> {
        let read = |path: &PathBuf| fs::read(path).map_err(|error| Failure::because(path.display(), error));
        let given_ca = options.ca.as_ref().map(read).transpose()?;
        let given_key = options.key.clone().map(Secret::new);
        let (url, ca, key) = if let Some(url) = &options.url {
            let key = given_key.ok_or_else(|| Failure::new("the operator's key is missing; set FLORIN_KEY"))?;
            (url.clone(), given_ca, key)
        } else {
            let directory = DataDirectory::at(&options.data_dir)?;
            let sandbox = Announcement::find(&directory)?.ok_or_else(|| not_running(&directory))?;
            let ca = given_ca.map_or_else(|| read(&sandbox.ca_cert), Ok)?;
            (sandbox.base_url, Some(ca), given_key.unwrap_or_else(|| Secret::new(sandbox.admin_token)))
        };
        let client = Client::new(&url, ca.as_deref(), Some(key)).map_err(|error| Failure::because("the connection", error))?;
        Ok(Self { client, url })
    }

    /// `GET`s `path`.
    ///
    /// # Errors
    /// A [`Failure`] with the server's own words when it refuses.
    pub async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.accepted(self.client.get(path).await)
    }

    /// `POST`s `body` to `path`.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.accepted(self.client.post(path, body).await)
    }

    /// `PATCH`es what is at `path` with `body`.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.accepted(self.client.patch(path, body).await)
    }

    /// `DELETE`s what is at `path`.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.accepted(self.client.delete(path).await)
    }

    fn accepted(&self, answer: Result<Answer, florin_connect::ConnectError>) -> Result<Value, Failure> {
        let answer = answer.map_err(|error| Failure::new(format!("the server at {} {error}", self.url)))?;
        if answer.is_success() {
            return Ok(answer.body);
        }
        let error = &answer.body["error"];
        let words = match (error["message"].as_str(), error["field"].as_str()) {
            (Some(message), Some(field)) => format!("{field} {message}"),
            (Some(message), None) => message.to_owned(),
            (None, _) => answer.body.to_string(),
        };
        Err(Failure::new(format!("the server at {} refuses ({}): {words}", self.url, answer.status)))
    }
}

fn not_running(directory: &DataDirectory) -> Failure {
    Failure::new(format!(
        "no sandbox is running on {}; start one with: florin sandbox, or name a server with --url",
        directory.path().display()
    ))
}

/// The text of a field of an answer; a dash where there is none.
pub fn text(value: &Value, field: &str) -> String {
    match &value[field] {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The texts in the list `field` of an answer, with commas; a dash where there are none.
pub fn list(value: &Value, field: &str) -> String {
    let texts: Vec<&str> = value[field].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if texts.is_empty() { "-".to_owned() } else { texts.join(", ") }
}

/// A row for each value in the list `field` of an answer.
pub fn rows(value: &Value, field: &str, row: impl Fn(&Value) -> Vec<String>) -> Vec<Vec<String>> {
    value[field].as_array().into_iter().flatten().map(row).collect()
}

/// A query string of the pairs that have a value.
pub fn query(pairs: &[(&str, Option<&str>)]) -> String {
    let given = pairs.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
    if text.is_empty() { text } else { format!("?{text}") }
}
