//! The form of the key table: one row per key, read by validation, the JSON schema, redaction and
//! the reference page.

/// What a key may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number from `min` to `max`.
    Int {
        /// Smallest allowed value.
        min: i64,
        /// Largest allowed value.
        max: i64,
    },
    /// Any text.
    Text,
    /// A text of at most this many characters.
    ShortText(usize),
    /// One of the words.
    Word(&'static [&'static str]),
    /// A bind mode, or what [`Kind::BindHost`] is.
    Bind,
    /// An IP address, an interface or a CIDR range.
    BindHost,
    /// A list of IP addresses and CIDR ranges; entries that are neither are ignored with a warning.
    IpRanges,
    /// A web origin, such as `https://claw.example.org`.
    Origin,
    /// A list of web origins; entries that are none are ignored with a warning, and not written.
    Origins,
    /// Where the listener for proxies is: an address, or the path of a Unix socket.
    ProxyListen,
    /// Name of an HTTP header.
    HeaderName,
    /// SHA-256 of a certificate.
    Fingerprint,
    /// A WebSocket or HTTP URL.
    Url,
    /// A domain of unicast DNS.
    DnsDomain,
    /// Path prefix of the Control UI.
    BasePath,
    /// A list of texts.
    Texts,
    /// Lists of texts by name.
    ListsByName,
    /// Texts by name.
    TextMap,
    /// Values of HTTP headers by name: texts, or `{ "source": "env", "id": "NAME" }`.
    Headers,
    /// The `env` block: texts by name, besides the keys listed below it.
    EnvBlock,
    /// An object whose unlisted keys belong to other programs.
    OpenObject,
    /// Anything; kept, not read.
    Kept,
}

/// What has to happen before a changed value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Applies {
    /// Nothing reads it here.
    Nowhere,
    /// Commands read it each time they run.
    NextCommand,
    /// A running gateway takes it over by itself.
    Live,
    /// The node host reads it when it starts.
    NodeRestart,
    /// The gateway reads it when it starts.
    GatewayRestart,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Dotted path.
    pub path: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// Default as shown to people; empty when there is none.
    pub default: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// The value is a credential.
    pub secret: bool,
    /// Rarely needed.
    pub advanced: bool,
    /// When a change counts.
    pub applies: Applies,
}

impl Field {
    pub(super) const fn new(
        path: &'static str,
        kind: Kind,
        default: &'static str,
        help: &'static str,
    ) -> Self {
        Self {
            path,
            kind,
            default,
            help,
            secret: false,
            advanced: false,
            applies: Applies::Live,
        }
    }

    /// A key of another program or release: accepted and written back unchanged.
    pub(super) const fn kept(path: &'static str) -> Self {
        Self::new(path, Kind::Kept, "", "").applies(Applies::Nowhere)
    }

    pub(super) const fn applies(self, applies: Applies) -> Self {
        Self { applies, ..self }
    }

    pub(super) const fn secret(self) -> Self {
        Self {
            secret: true,
            ..self
        }
    }

    pub(super) const fn advanced(self) -> Self {
        Self {
            advanced: true,
            ..self
        }
    }

    /// Last component of the path.
    pub fn key(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// The key as words: `trustedProxies` → `Trusted proxies`.
    pub fn label(&self) -> String {
        let mut label = String::new();
        for (index, letter) in self.key().char_indices() {
            if index == 0 {
                label.extend(letter.to_uppercase());
            } else if letter.is_uppercase() {
                label.push(' ');
                label.extend(letter.to_lowercase());
            } else {
                label.push(letter);
            }
        }
        label
    }
}

/// A heading of the reference page and a group of the Control UI.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// Path that its keys start with.
    pub prefix: &'static str,
    /// Heading.
    pub title: &'static str,
}
