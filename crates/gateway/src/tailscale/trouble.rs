//! Everything that can be wrong with Tailscale, each with its reason and with what to do.

use std::path::PathBuf;

/// Why there is no route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Neither program nor daemon.
    #[error("Tailscale is not installed: no tailscale program in PATH, and no daemon at {}", socket.display())]
    NotInstalled {
        /// Where the daemon was looked for.
        socket: PathBuf,
    },
    /// The daemon does not answer at all.
    #[error("the Tailscale daemon is not running")]
    DaemonDown,
    /// `tailscale down`.
    #[error("Tailscale is stopped on this machine")]
    Stopped,
    /// Nobody is logged in.
    #[error("Tailscale is not logged in")]
    NeedsLogin {
        /// Where to log in, if the daemon says.
        link: Option<String>,
    },
    /// The tailnet has not approved this machine.
    #[error("this machine waits for approval in the tailnet")]
    NeedsApproval,
    /// The daemon is on its way.
    #[error("Tailscale is starting")]
    Starting,
    /// Another state of the daemon.
    #[error("Tailscale is not ready (state {0})")]
    OtherState(String),
    /// Without a name there is no certificate.
    #[error("this machine has no MagicDNS name in the tailnet")]
    NoName,
    /// HTTPS certificates, which Serve needs, are switched off in the tailnet.
    #[error("Serve is not enabled in the tailnet")]
    ServeOff {
        /// Where to enable it.
        link: Option<String>,
    },
    /// Funnel is not allowed for this machine.
    #[error("Funnel is not enabled for this machine in the tailnet")]
    FunnelOff {
        /// Where to enable it.
        link: Option<String>,
    },
    /// Funnel is allowed on other ports.
    #[error("port {port} is not allowed for Funnel (allowed: {allowed})")]
    FunnelPort {
        /// The port asked for.
        port: u16,
        /// The ports that are.
        allowed: String,
    },
    /// The daemon does not let us change routes.
    #[error("Tailscale lets this user change nothing ({0})")]
    Denied(String),
    /// Somebody else's route has our place.
    #[error("port {port} is taken by another route of Tailscale: {what}")]
    Conflict {
        /// The port.
        port: u16,
        /// What is there.
        what: String,
        /// A port that is free.
        free: Option<u16>,
    },
    /// Others keep changing the routes at the same time.
    #[error("another program keeps changing the routes of Tailscale")]
    Contended,
    /// No answer in time.
    #[error("no answer from Tailscale within {seconds} s ({what})")]
    Slow {
        /// What was asked.
        what: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// An answer that cannot be read.
    #[error("an answer of Tailscale could not be read ({what})")]
    Garbled {
        /// What was asked.
        what: String,
    },
    /// The daemon or the program says no in words of its own.
    #[error("{what} failed: {text}")]
    Failed {
        /// What was tried.
        what: String,
        /// What was said.
        text: String,
    },
    /// It was done, and it is not there.
    #[error("Tailscale accepted the route and does not have it")]
    NotApplied {
        /// A link that was shown instead.
        link: Option<String>,
    },
    /// The ingress port cannot be remembered.
    #[error("the Tailscale route could not be written down: {0}")]
    Record(String),
    /// No listener on loopback.
    #[error("no listener for Tailscale could be opened on 127.0.0.1: {0}")]
    Ingress(String),
}

impl Trouble {
    /// What to do about it.
    pub fn fix(&self) -> String {
        let visit = |link: &Option<String>, fallback: &str| {
            format!("open {}", link.as_deref().unwrap_or(fallback))
        };
        match self {
            Self::NotInstalled { .. } => {
                "install it from https://tailscale.com/download, then: sudo tailscale up".to_owned()
            }
            Self::DaemonDown => "sudo systemctl start tailscaled".to_owned(),
            Self::Stopped | Self::NeedsLogin { link: None } => "sudo tailscale up".to_owned(),
            Self::NeedsLogin { link: Some(link) } => format!("open {link}, or run: sudo tailscale up"),
            Self::NeedsApproval => {
                "approve it at https://login.tailscale.com/admin/machines".to_owned()
            }
            Self::Starting => "nothing: it is tried again; see: tailscale status".to_owned(),
            Self::OtherState(_) | Self::Garbled { .. } | Self::Failed { .. } => {
                "see: tailscale status; tailscale serve status".to_owned()
            }
            Self::NoName => {
                "enable MagicDNS at https://login.tailscale.com/admin/dns".to_owned()
            }
            Self::ServeOff { link } => visit(link, "https://login.tailscale.com/admin/dns"),
            Self::FunnelOff { link } => visit(link, "https://tailscale.com/s/no-funnel"),
            Self::FunnelPort { allowed, .. } => {
                let first = allowed.split([',', '-']).next().unwrap_or("443");
                format!("openclaw config set gateway.tailscale.port {first}")
            }
            Self::Denied(_) => "sudo tailscale set --operator=$USER".to_owned(),
            Self::Conflict { free: Some(free), .. } => {
                format!("openclaw config set gateway.tailscale.port {free}")
            }
            Self::Conflict { free: None, .. } => {
                "remove one of the routes that this shows: tailscale serve status".to_owned()
            }
            Self::Contended => "see who does: tailscale serve status".to_owned(),
            Self::Slow { .. } => {
                "see whether it answers: tailscale status; if not: sudo systemctl restart tailscaled"
                    .to_owned()
            }
            Self::NotApplied { link: Some(link) } => format!("open {link}"),
            Self::NotApplied { link: None } => "see: tailscale serve status".to_owned(),
            Self::Record(_) => "make it writable, or free some space: ls -ld ~/.openclaw; df -h ~/.openclaw".to_owned(),
            Self::Ingress(_) => "see: ss -ltn; openclaw logs".to_owned(),
        }
    }
}

/// What a failure's text means, if it is one of those that have a fix of their own.
pub(super) fn classify(text: &str) -> Option<Trouble> {
    let lower = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&[
        "permission denied",
        "access denied",
        "config denied",
        "operation not permitted",
        "not permitted",
        "requires root",
        "must be run as root",
        "must be run with sudo",
        "requires sudo",
        "need sudo",
    ]) {
        return Some(Trouble::Denied(first_line(text)));
    }
    if has(&[
        "failed to connect to local tailscaled",
        "failed to connect to local tailscale",
        "is tailscaled running",
        "doesn't appear to be running",
        "is not running",
    ]) {
        return Some(Trouble::DaemonDown);
    }
    if has(&[
        "serve is not enabled on your tailnet",
        "https must be enabled",
    ]) {
        return Some(Trouble::ServeOff { link: link(text) });
    }
    if has(&["funnel is not enabled", "funnel not available"]) {
        return Some(Trouble::FunnelOff { link: link(text) });
    }
    if has(&[
        "another client is changing the serve config",
        "etag mismatch",
    ]) {
        return Some(Trouble::Contended);
    }
    if has(&["needs login", "logged out", "not logged in"]) {
        return Some(Trouble::NeedsLogin { link: link(text) });
    }
    if has(&["tailscale is stopped"]) {
        return Some(Trouble::Stopped);
    }
    None
}

/// The first link in a text.
pub(super) fn link(text: &str) -> Option<String> {
    let start = text.find("https://")?;
    let rest = &text[start..];
    let end = rest
        .find(|letter: char| {
            letter.is_whitespace() || matches!(letter, '"' | '\'' | '<' | '>' | ')')
        })
        .unwrap_or(rest.len());
    Some(rest[..end].trim_end_matches(['.', ',']).to_owned())
}

/// The first line that says something, at most this long.
pub(super) fn first_line(text: &str) -> String {
    const MAX: usize = 200;
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or("no message");
    line.chars()
        .filter(|letter| !letter.is_control())
        .take(MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u06_e_every_known_text_has_its_own_reason_and_fix() {
        let cases = [
            (
                "Access denied: serve config denied\n\nUse 'sudo tailscale serve --bg 18789'.",
                "lets this user change nothing (Access denied: serve config denied)",
                "sudo tailscale set --operator=$USER",
            ),
            (
                "failed to connect to local tailscaled; it doesn't appear to be running (sudo systemctl start tailscaled ?)",
                "the Tailscale daemon is not running",
                "sudo systemctl start tailscaled",
            ),
            (
                "\nServe is not enabled on your tailnet.\nTo enable, visit:\n\n         https://login.tailscale.com/f/serve?node=n1\n",
                "Serve is not enabled in the tailnet",
                "open https://login.tailscale.com/f/serve?node=n1",
            ),
            (
                "Funnel not available; \"funnel\" node attribute not set. See https://tailscale.com/s/no-funnel.",
                "Funnel is not enabled for this machine",
                "open https://tailscale.com/s/no-funnel",
            ),
            (
                "Another client is changing the serve config; please try again.",
                "keeps changing the routes",
                "tailscale serve status",
            ),
        ];
        for (text, reason, fix) in cases {
            let trouble = classify(text).unwrap();
            assert!(trouble.to_string().contains(reason), "{trouble}");
            assert!(trouble.fix().contains(fix), "{}", trouble.fix());
        }
        assert_eq!(classify("something new"), None);
        assert_eq!(first_line("\n  \u{1b}[31mred\u{1b}[0m\n"), "[31mred[0m");
    }
}
