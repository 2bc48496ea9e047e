//! What a node host is told: the gateway it serves, and how this machine is called there.

use crate::error::CommandError;

/// The same for a node host in the foreground and for its service.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Endpoint {
    /// Host of the gateway [default: the last one, else this machine's]
    #[arg(long, value_name = "host")]
    pub(super) host: Option<String>,
    /// Port of the gateway [default: the last one, else 18789]
    #[arg(long, value_name = "port")]
    pub(super) port: Option<String>,
    /// Connect with TLS
    #[arg(long)]
    pub(super) tls: bool,
    /// SHA-256 fingerprint of the gateway's certificate; implies --tls
    #[arg(long, value_name = "sha256")]
    pub(super) tls_fingerprint: Option<String>,
    /// Instance id to keep in node.json; gateways know this node by its device id
    #[arg(long, value_name = "id")]
    pub(super) node_id: Option<String>,
    /// Name for people [default: the last one, else the host name]
    #[arg(long, value_name = "name")]
    pub(super) display_name: Option<String>,
}

impl Endpoint {
    /// The port, if the line names one.
    pub(super) fn port(&self) -> Result<Option<u16>, CommandError> {
        let Some(text) = &self.port else {
            return Ok(None);
        };
        match text.trim().parse::<u16>() {
            Ok(port) if port > 0 => Ok(Some(port)),
            _ => Err(CommandError::plain(format!(
                "Invalid port: {text} (use a number from 1 to 65535)"
            ))),
        }
    }

    /// The same as words of a command line.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        for (flag, value) in [
            ("--host", &self.host),
            ("--port", &self.port),
            ("--tls-fingerprint", &self.tls_fingerprint),
            ("--node-id", &self.node_id),
            ("--display-name", &self.display_name),
        ] {
            if let Some(value) = non_blank(value.as_ref()) {
                words.extend([flag.to_owned(), value]);
            }
        }
        if self.tls {
            words.push("--tls".to_owned());
        }
        words
    }
}

/// What is typed as nothing counts as not typed.
pub(super) fn non_blank(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}
