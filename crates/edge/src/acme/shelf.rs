//! What is kept on disk about one ACME server: the account, and per domain the certificate and what was tried.
//!
//! Every file is private and replaced as a whole. A certificate and its key share one file, so that no crash can leave one
//! without the other.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use openclaw_config::store::{private_dir, write_private};
use openclaw_gateway::tasks;
use openclaw_gateway::tls::Issued;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::failure::Failure;
use super::schedule::Record;

/// The folder of one server.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    folder: PathBuf,
}

/// What is known about a domain.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// What was tried.
    pub(crate) record: Record,
    /// Its certificate.
    pub(crate) issued: Option<Issued>,
}

impl Shelf {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Reads what is known about a domain. What cannot be read is as good as absent, and said.
    pub(crate) async fn known(&self, domain: &str) -> Known {
        let folder = self.folder.join(domain);
        let domain = domain.to_owned();
        let read = tasks::blocking("acme read", move || {
            let record = read_json(&folder.join("record.json")).unwrap_or_default();
            let path = folder.join("certificate.pem");
            let issued = fs::read(&path).ok().and_then(|pem| {
                Issued::from_pem(&pem)
                    .inspect_err(|problem| {
                        tracing::warn!(path = %path.display(), %problem, "acme: certificate not used; a new one is ordered");
                    })
                    .ok()
                    .filter(|issued| issued.covers(&domain))
            });
            Known { record, issued }
        });
        read.await.unwrap_or_default()
    }

    /// Writes what is remembered about a domain.
    pub(crate) async fn put_record(&self, domain: &str, record: &Record) -> Result<(), Failure> {
        self.write_json(&format!("{domain}/record.json"), record)
            .await
    }

    /// Writes a certificate with its key, and forgets the key that was kept for it.
    pub(crate) async fn put_certificate(&self, domain: &str, pem: String) -> Result<(), Failure> {
        self.write(&format!("{domain}/certificate.pem"), pem)
            .await?;
        self.remove(&format!("{domain}/next-key.pem")).await;
        Ok(())
    }

    /// Key of the order under way.
    pub(crate) async fn next_key(&self, domain: &str) -> Option<String> {
        self.read_text(&format!("{domain}/next-key.pem")).await
    }

    /// Keeps the key of the order under way.
    pub(crate) async fn put_next_key(&self, domain: &str, pem: String) -> Result<(), Failure> {
        self.write(&format!("{domain}/next-key.pem"), pem).await
    }

    /// A file of the account.
    pub(crate) async fn account_file(&self, name: &'static str) -> Option<String> {
        self.read_text(name).await
    }

    /// Writes a file of the account.
    pub(crate) async fn put_account_file(
        &self,
        name: &'static str,
        text: String,
    ) -> Result<(), Failure> {
        self.write(name, text).await
    }

    /// Removes a file of the account.
    pub(crate) async fn remove_account_file(&self, name: &'static str) {
        self.remove(name).await;
    }

    async fn read_text(&self, name: &str) -> Option<String> {
        let path = self.folder.join(name);
        tasks::blocking("acme read", move || fs::read_to_string(path).ok()).await?
    }

    async fn remove(&self, name: &str) {
        let path = self.folder.join(name);
        let removed = tasks::blocking("acme remove", move || fs::remove_file(path)).await;
        if let Some(Err(error)) = removed
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::debug!(%error, file = name, "acme: not removed");
        }
    }

    async fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Failure::Storage(error.to_string()))?;
        self.write(name, text).await
    }

    async fn write(&self, name: &str, text: String) -> Result<(), Failure> {
        let path = self.folder.join(name);
        let written = tasks::blocking("acme write", move || {
            let folder = path.parent().unwrap_or(Path::new("."));
            private_dir(folder).and_then(|()| write_private(&path, text.as_bytes()))
        });
        match written.await {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(Failure::Storage(error.to_string())),
            None => Err(Failure::Storage("the write ended unexpectedly".to_owned())),
        }
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let text = fs::read(path).ok()?;
    serde_json::from_slice(&text)
        .inspect_err(|error| {
            tracing::warn!(path = %path.display(), %error, "acme: not readable, taken as empty");
        })
        .ok()
}
