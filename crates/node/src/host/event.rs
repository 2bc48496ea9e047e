//! What a node host tells people: one line per change.

use std::fmt;
use std::time::Duration;

use openclaw_client::{ConnectError, Fingerprint, TransportError};
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
            Self::Disconnected { error, .. } => format!("disconnected {}", cause(error)),
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
                    "{what} {}; next try in {} s",
                    error.what_happened(),
                    retry_in.as_secs_f64().ceil()
                )?;
                match error {
                    ConnectError::Unreachable(TransportError::TlsExpected { pin, .. }) => {
                        f.write_str(&tls_advice(pin.as_ref()))
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}

/// Why there is no connection, without what may differ each time.
fn cause(error: &ConnectError) -> String {
    match error {
        // A name with several addresses fails at another one each time.
        ConnectError::Unreachable(TransportError::Connect { source, .. }) => {
            format!("connect {:?}", source.kind())
        }
        other => other.what_happened(),
    }
}

/// What to do about a gateway that takes TLS only.
fn tls_advice(pin: Option<&Fingerprint>) -> String {
    match pin {
        None => "\nFix: openclaw node run --tls (a service: openclaw node install --force --tls)"
            .to_owned(),
        Some(pin) => format!(
            "\nFix: compare this certificate with the line \"TLS:\" of openclaw gateway status on the gateway host: sha256 {hex}\
             \nIf it is the same there: openclaw node run --tls-fingerprint {hex} (a service: openclaw node install --force with the same)",
            hex = pin.to_hex()
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

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

    #[test]
    fn a_connection_that_never_was_is_told_by_what_happened() {
        let failed = |reason| HostEvent::Disconnected {
            error: ConnectError::Unreachable(reason),
            was_connected: false,
            retry_in: Duration::from_secs(2),
        };
        let refused = |address: &str| {
            failed(TransportError::Connect {
                address: address.to_owned(),
                source: Arc::new(std::io::ErrorKind::ConnectionRefused.into()),
            })
        };
        let pin = Fingerprint::of(b"certificate");
        let tls = |pin| {
            failed(TransportError::TlsExpected {
                address: "gw:18789".to_owned(),
                pin,
            })
        };
        for (event, starts, holds) in [
            (
                refused("127.0.0.1:1"),
                "node host gateway connect failed: cannot connect to 127.0.0.1:1: connection refused; next try in 2 s",
                "refused",
            ),
            (
                failed(TransportError::Status(404)),
                "node host gateway connect failed: server answered HTTP 404 instead of a WebSocket; next try in 2 s",
                "404",
            ),
            (
                tls(None),
                "node host gateway connect failed: gw:18789 takes TLS only, but the URL says ws://; next try in 2 s\nFix: ",
                "openclaw node run --tls ",
            ),
            (
                tls(Some(pin)),
                "node host gateway connect failed: gw:18789 takes TLS only, but the URL says ws://; next try in 2 s\nFix: ",
                &format!("openclaw node run --tls-fingerprint {}", pin.to_hex()),
            ),
        ] {
            let line = event.to_string();
            assert!(line.starts_with(starts) && line.contains(holds), "{line}");
        }
        // Once for all addresses of a name, and once more when something else goes wrong.
        assert_eq!(
            refused("127.0.0.1:1").subject(),
            refused("[::1]:1").subject()
        );
        assert_ne!(refused("127.0.0.1:1").subject(), tls(None).subject());
    }
}
