//! `node.json`: what a node host remembers between starts.

use std::path::Path;

use openclaw_config::store::{StoreError, write_private};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const VERSION: u32 = 1;

/// The file, as older releases read and write it. Members they do not have are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeFile {
    /// Always 1.
    version: u32,
    /// Instance id; the gateway knows the node by its device id instead.
    pub node_id: String,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Gateway of the last start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<SavedGateway>,
    /// Everything else.
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// A gateway in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedGateway {
    /// Name or address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Whether to use TLS.
    #[serde(default)]
    pub tls: bool,
    /// SHA-256 of the one certificate to accept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_fingerprint: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl NodeFile {
    /// Reads the file; one that is missing or of no use starts afresh with a new id.
    pub fn load(path: &Path) -> Self {
        let known = std::fs::read(path)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok())
            .filter(|file| file.version == VERSION && !file.node_id.trim().is_empty());
        known.unwrap_or_else(|| Self {
            version: VERSION,
            node_id: uuid::Uuid::new_v4().to_string(),
            display_name: None,
            gateway: None,
            others: Map::new(),
        })
    }

    /// Writes the file, mode 0600; nothing is written when it says the same already.
    pub fn save(&self, path: &Path) -> Result<(), StoreError> {
        let mut text = serde_json::to_string_pretty(self).expect("texts and numbers always encode");
        text.push('\n');
        if std::fs::read(path).is_ok_and(|bytes| bytes == text.as_bytes()) {
            return Ok(());
        }
        write_private(path, text.as_bytes())
    }
}

impl SavedGateway {
    /// A gateway to remember.
    pub fn new(host: &str, port: u16, tls: bool, tls_fingerprint: Option<String>) -> Self {
        Self {
            host: Some(host.to_owned()),
            port: Some(port),
            tls,
            tls_fingerprint,
            others: Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_of_older_releases_are_kept_as_they_are() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("node.json");
        let recorded = json!({"version": 1, "nodeId": "10cac88b-67cb-4694-b9c6-1a9e6400c26c",
            "token": "legacy", "displayName": "Build Box",
            "gateway": {"host": "127.0.0.1", "port": 18789, "tls": false, "path": "/x"}});
        std::fs::write(&path, recorded.to_string()).expect("written");
        let mut file = NodeFile::load(&path);
        assert_eq!(file.node_id, "10cac88b-67cb-4694-b9c6-1a9e6400c26c");
        assert_eq!(file.display_name.as_deref(), Some("Build Box"));
        file.save(&path).expect("saved");
        let read = |path| -> Value {
            serde_json::from_slice(&std::fs::read(path).expect("read")).expect("JSON")
        };
        assert_eq!(read(&path), recorded);
        file.gateway = Some(SavedGateway::new("gw", 1, true, Some("aa".to_owned())));
        file.save(&path).expect("saved");
        assert_eq!(
            read(&path)["gateway"],
            json!({"host": "gw", "port": 1, "tls": true, "tlsFingerprint": "aa"})
        );
    }

    #[test]
    fn a_missing_or_broken_file_gets_a_new_id() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("node.json");
        for content in [
            None,
            Some("{"),
            Some("[]"),
            Some(r#"{"version":2,"nodeId":"x"}"#),
        ] {
            if let Some(content) = content {
                std::fs::write(&path, content).expect("written");
            }
            let file = NodeFile::load(&path);
            assert_eq!(file.node_id.len(), 36);
            file.save(&path).expect("saved");
            assert_eq!(NodeFile::load(&path), file);
            std::fs::remove_file(&path).expect("removed");
        }
    }
}
