//! The closed sets of words that settings may hold, as written in the file.

macro_rules! words {
    ($($(#[$meta:meta])+ $name:ident { $($(#[$variant_meta:meta])+ $variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[$meta])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_meta])+ #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// Every allowed word.
            pub const WORDS: &[&str] = &[$($word),+];

            /// The word as written in the file.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads a word exactly as written in the file.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

words! {
    /// Where the gateway of this config runs.
    GatewayMode {
        /// On this machine.
        Local = "local",
        /// Elsewhere; this machine is a client.
        Remote = "remote",
    }

    /// Which addresses the gateway listens on.
    BindMode {
        /// First of loopback, tailnet, lan that can be bound.
        Auto = "auto",
        /// All interfaces.
        Lan = "lan",
        /// This machine only.
        Loopback = "loopback",
        /// One chosen address.
        Custom = "custom",
        /// The Tailscale address.
        Tailnet = "tailnet",
    }

    /// How clients prove themselves to the gateway.
    AuthMode {
        /// Shared token.
        Token = "token",
        /// Shared password.
        Password = "password",
        /// Nothing; loopback only.
        None = "none",
        /// A reverse proxy names the user.
        TrustedProxy = "trusted-proxy",
    }

    /// What the gateway asks the Tailscale daemon to do.
    TailscaleMode {
        /// Nothing.
        Off = "off",
        /// HTTPS inside the tailnet.
        Serve = "serve",
        /// HTTPS from the internet.
        Funnel = "funnel",
    }

    /// How a remote gateway is reached.
    Transport {
        /// Through an SSH tunnel.
        Ssh = "ssh",
        /// Directly by URL.
        Direct = "direct",
    }

    /// Which certificate the gateway serves.
    TlsMode {
        /// None: plain HTTP.
        Off = "off",
        /// Files if they are named, ACME if it has domains and the terms are agreed to, else a self-signed one.
        Auto = "auto",
        /// A self-signed one that the gateway makes and renews.
        SelfSigned = "self",
        /// The one in `certPath` and `keyPath`.
        Files = "files",
        /// One from a certificate authority, obtained by ACME.
        Acme = "acme",
    }

    /// How an ACME server is shown that a domain is ours.
    AcmeChallenge {
        /// One after the other.
        Auto = "auto",
        /// A file on port 80.
        Http01 = "http-01",
        /// A certificate on port 443.
        TlsAlpn01 = "tls-alpn-01",
    }

    /// Which host keys an SSH tunnel accepts.
    SshHostKeyPolicy {
        /// Only keys that are known already.
        Strict = "strict",
        /// What the user's own SSH configuration says.
        Openssh = "openssh",
    }

    /// What happens to plain HTTP on a port that speaks TLS.
    PlainHttp {
        /// It is served to everybody.
        Allow = "allow",
        /// It is served over loopback; others are sent to HTTPS.
        Redirect = "redirect",
        /// It is served to nobody.
        Refuse = "refuse",
    }

    /// What is made of a PROXY protocol header.
    ProxyProtocol {
        /// It is an error.
        Off = "off",
        /// It is read when there is one.
        Accept = "accept",
        /// There must be one.
        Require = "require",
    }

    /// What a config change does to a running gateway.
    ReloadMode {
        /// Nothing: the file is not watched.
        Off = "off",
        /// Restart on any change.
        Restart = "restart",
        /// Apply what can be applied, ignore the rest.
        Hot = "hot",
        /// Apply what can be applied, restart for the rest.
        Hybrid = "hybrid",
    }

    /// How browser work is routed to nodes.
    BrowserMode {
        /// The gateway picks a node.
        Auto = "auto",
        /// Only the named node.
        Manual = "manual",
        /// Never.
        Off = "off",
    }

    /// What mDNS announces.
    MdnsMode {
        /// Nothing, not one packet.
        Off = "off",
        /// Enough to connect.
        Minimal = "minimal",
        /// Also SSH port and CLI path.
        Full = "full",
    }

    /// Least severe line that is kept.
    LogLevel {
        /// Nothing at all.
        Silent = "silent",
        /// The process cannot go on.
        Fatal = "fatal",
        /// Something failed.
        Error = "error",
        /// Something is wrong but handled.
        Warn = "warn",
        /// What an operator wants to see.
        Info = "info",
        /// Details.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }

    /// Form of a console line.
    ConsoleStyle {
        /// Time, subsystem, message.
        Pretty = "pretty",
        /// Subsystem, message.
        Compact = "compact",
        /// One JSON object per line.
        Json = "json",
    }

    /// Where sensitive text is masked.
    RedactMode {
        /// Nowhere.
        Off = "off",
        /// In tool details.
        Tools = "tools",
    }

    /// Which commands a node runs.
    ExecSecurity {
        /// None.
        Deny = "deny",
        /// Those on the allowlist.
        Allowlist = "allowlist",
        /// All.
        Full = "full",
    }

    /// When a node asks before it runs a command.
    ExecAsk {
        /// Never.
        Off = "off",
        /// When the allowlist does not match.
        OnMiss = "on-miss",
        /// Always.
        Always = "always",
    }
}
