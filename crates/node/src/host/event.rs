//! What a node host tells people: one line per change.

use std::fmt;
use std::time::Duration;

use openclaw_client::ConnectError;
use openclaw_protocol::pairing_code::pairing_code;

/// A change that people should know of. `Display` is the line to print.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum HostEvent {
    /// Connected.
    Connected {
        /// URL of the gateway.
        target: String,
        /// Version it names.
        gateway_version: String,
        /// Protocol in use.
        protocol: u32,
    },
    /// The gateway wants this device approved first. The host keeps asking.
    WaitingForApproval {
        /// Id of the pairing request.
        request_id: Option<String>,
        /// Its short code.
        code: Option<String>,
        /// Six words that the approving side shows too.
        fingerprint: Option<String>,
        /// What the gateway said.
        reason: String,
    },
    /// Connected, but the commands of this node wait for approval.
    CommandsWaitForApproval {
        /// Id of the request.
        request_id: Option<String>,
        /// What the gateway said.
        message: String,
    },
    /// The commands of this node are approved.
    CommandsApproved,
    /// Not connected; the next attempt comes by itself.
    Disconnected {
        /// Why.
        error: ConnectError,
        /// Whether there was a connection that ended.
        was_connected: bool,
        /// When the next attempt comes.
        retry_in: Duration,
    },
}

/// Is told what happens to a node host. Called from its loop: must not block.
pub trait HostEvents: Send + Sync + fmt::Debug {
    /// Something changed.
    fn event(&self, event: &HostEvent);
}

impl HostEvent {
    /// What the event is about without what differs each time; equal subjects are told once.
    pub(super) fn subject(&self) -> String {
        match self {
            Self::Disconnected { error, .. } => format!("disconnected {error}"),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for HostEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected {
                target,
                gateway_version,
                ..
            } => {
                write!(f, "node host connected to {target}")?;
                match gateway_version.as_str() {
                    "" => Ok(()),
                    version => write!(f, " (gateway {version})"),
                }
            }
            Self::WaitingForApproval {
                code: Some(code),
                fingerprint,
                ..
            } => {
                write!(
                    f,
                    "pairing required: approve on the gateway host with: openclaw pairing approve {code}"
                )?;
                match fingerprint {
                    Some(words) => write!(f, " (fingerprint: {words})"),
                    None => Ok(()),
                }
            }
            Self::WaitingForApproval { reason, .. } => write!(
                f,
                "{reason}: approve this node on the gateway host; openclaw devices list shows it"
            ),
            Self::CommandsWaitForApproval {
                request_id: Some(id),
                ..
            } => write!(
                f,
                "the commands of this node wait for approval: approve on the gateway host with: openclaw pairing approve {}",
                pairing_code(id)
            ),
            Self::CommandsWaitForApproval { message, .. } => f.write_str(message),
            Self::CommandsApproved => f.write_str("the commands of this node are approved"),
            Self::Disconnected {
                error,
                was_connected,
                retry_in,
            } => {
                let what = if *was_connected {
                    "node host"
                } else {
                    "node host gateway connect failed:"
                };
                write!(
                    f,
                    "{what} {error}; next try in {} s",
                    retry_in.as_secs_f64().ceil()
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use openclaw_client::CloseInfo;

    use super::*;

    #[test]
    fn lines() {
        let waiting = |code: Option<&str>| HostEvent::WaitingForApproval {
            request_id: None,
            code: code.map(str::to_owned),
            fingerprint: Some("a b c d e f".to_owned()),
            reason: "pairing required".to_owned(),
        };
        let lost = |was_connected| HostEvent::Disconnected {
            error: ConnectError::Closed(CloseInfo {
                code: 1012,
                reason: "service restart".to_owned(),
            }),
            was_connected,
            retry_in: Duration::from_millis(900),
        };
        for (event, line) in [
            (
                waiting(Some("ABCD2345")),
                "pairing required: approve on the gateway host with: openclaw pairing approve ABCD2345 (fingerprint: a b c d e f)",
            ),
            (
                waiting(None),
                "pairing required: approve this node on the gateway host; openclaw devices list shows it",
            ),
            (
                lost(true),
                "node host gateway closed (1012): service restart; next try in 1 s",
            ),
            (
                lost(false),
                "node host gateway connect failed: gateway closed (1012): service restart; next try in 1 s",
            ),
        ] {
            assert_eq!(event.to_string(), line);
        }
    }
}
