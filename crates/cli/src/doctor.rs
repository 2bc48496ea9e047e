//! Walks to a gateway hop by hop, stops at the first one that fails, and says what is wrong and which command mends it.
//!
//! `walk` sees, `verdict` judges what was seen (values in, values out), `report` shows it.

mod asked;
#[cfg(test)]
mod faults;
mod local;
mod report;
mod verdict;
mod walk;

pub(crate) use local::{Done, Local, Repair, mend, token_patch};
pub(crate) use report::{print, to_json};
pub(crate) use verdict::config::{bad_url, no_url, node_only};
pub(crate) use walk::{How, Walk, walk};

/// One part of the way, in the order in which it is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hop {
    /// What this side is told to do.
    Config,
    /// From a name to addresses.
    Dns,
    /// A connection to one of them.
    Tcp,
    /// Encryption and certificate.
    Tls,
    /// Whoever answers speaks HTTP and lets the request through.
    Http,
    /// It becomes a WebSocket with a gateway at its end.
    WebSocket,
    /// The gateway lets us in.
    Auth,
    /// We may do what we want to do.
    Scope,
}

impl Hop {
    /// All of them, in order.
    pub(crate) const ALL: [Self; 8] = [
        Self::Config,
        Self::Dns,
        Self::Tcp,
        Self::Tls,
        Self::Http,
        Self::WebSocket,
        Self::Auth,
        Self::Scope,
    ];

    /// As shown.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Config => "Config",
            Self::Dns => "DNS",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Http => "HTTP",
            Self::WebSocket => "WebSocket",
            Self::Auth => "Auth",
            Self::Scope => "Scope",
        }
    }

    /// In JSON.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::WebSocket => "websocket",
            Self::Auth => "auth",
            Self::Scope => "scope",
        }
    }
}

/// What is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Name of the fault; never changes once it is out.
    pub(crate) id: &'static str,
    /// Where the way ends.
    pub(crate) hop: Hop,
    /// What is wrong, in whole sentences.
    pub(crate) cause: String,
    /// What to do, the likeliest first.
    pub(crate) fixes: Vec<Fix>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fix {
    /// What it does and where, without a full stop.
    pub(crate) text: String,
    /// The command, if it is one.
    pub(crate) command: Option<String>,
}

impl Fix {
    /// A command to run.
    pub(crate) fn run(text: impl Into<String>, command: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            command: Some(command.into()),
        }
    }

    /// Something that no command does.
    pub(crate) fn see(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            command: None,
        }
    }
}

impl Verdict {
    pub(crate) fn new(id: &'static str, hop: Hop, cause: impl Into<String>) -> Self {
        Self {
            id,
            hop,
            cause: cause.into(),
            fixes: Vec::new(),
        }
    }

    /// Adds a thing to do.
    #[must_use]
    pub(crate) fn fix(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }

    /// Adds several.
    #[must_use]
    pub(crate) fn fixes(mut self, fixes: impl IntoIterator<Item = Fix>) -> Self {
        self.fixes.extend(fixes);
        self
    }
}
