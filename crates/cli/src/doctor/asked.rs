//! What this side wants and was told, and how to tell it something else.

use openclaw_client::Fingerprint;
use openclaw_client::target::{GatewayUrl, Host, Scheme};
use openclaw_config::Profile;
use openclaw_config::resolve::{ClientTarget, UrlSource};

use super::Fix;

/// The wish, as far as verdicts need it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Where to.
    pub(crate) url: GatewayUrl,
    /// What chose it.
    pub(crate) source: UrlSource,
    /// Where the shared token at hand comes from.
    pub(crate) token: Option<String>,
    /// Where the shared password at hand comes from.
    pub(crate) password: Option<String>,
    /// The pinned certificate.
    pub(crate) pin: Option<Fingerprint>,
    /// Whose commands are printed.
    pub(crate) profile: Profile,
    /// Time on this side, milliseconds since the epoch.
    pub(crate) now_ms: i64,
    /// The six words of this device.
    pub(crate) device_words: Option<String>,
    /// Whether this device has a token of its own for that gateway.
    pub(crate) device_token: bool,
    /// Port that a gateway of this profile has by itself.
    pub(crate) default_port: u16,
    /// The command that starts the gateway of this machine.
    pub(crate) start: String,
}

impl Asked {
    /// From a resolved target; `url` is its URL, parsed.
    pub(crate) fn new(
        target: &ClientTarget,
        url: GatewayUrl,
        pin: Option<Fingerprint>,
        profile: &Profile,
        now_ms: i64,
    ) -> Self {
        Self {
            url,
            source: target.url_source,
            token: target.token.as_ref().map(|token| token.source.to_string()),
            password: target
                .password
                .as_ref()
                .map(|password| password.source.to_string()),
            pin,
            profile: profile.clone(),
            now_ms,
            device_words: None,
            device_token: false,
            default_port: openclaw_config::paths::default_port(profile),
            start: profile.command("openclaw up"),
        }
    }

    /// Whether the gateway is this machine's own.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.source, UrlSource::Local | UrlSource::MissingRemote)
    }

    /// Whether a gateway elsewhere is meant and a port of this machine is named: the near end of a tunnel.
    pub(crate) fn looks_like_tunnel(&self) -> bool {
        let loopback = match &self.url.host {
            Host::Name(name) => name == "localhost",
            Host::V4(address) => address.is_loopback(),
            Host::V6(address, _) => address.is_loopback(),
        };
        loopback && !self.is_local()
    }

    /// A command with the profile in it.
    pub(crate) fn command(&self, command: &str) -> String {
        self.profile.command(command)
    }

    /// The command that walks once more.
    pub(crate) fn again(&self) -> String {
        match self.source {
            UrlSource::Flag => self.command(&format!("openclaw doctor --url {}", self.url)),
            UrlSource::Local => self.command("openclaw doctor"),
            _ => self.command("openclaw doctor --remote"),
        }
    }

    /// The host as it would stand in a browser.
    pub(crate) fn host(&self) -> String {
        self.url.host.to_string()
    }

    /// `host:port`
    pub(crate) fn host_port(&self) -> String {
        format!("{}:{}", self.url.host, self.url.port)
    }

    /// The same URL with another scheme.
    pub(crate) fn with_scheme(&self, scheme: Scheme) -> String {
        // The port stays: a URL that names none was meant for the default port of its own scheme.
        let port = match (self.url.scheme, self.url.port) {
            (Scheme::Ws, 80) | (Scheme::Wss, 443) => String::new(),
            (_, port) => format!(":{port}"),
        };
        let path = if self.url.path == "/" {
            ""
        } else {
            &self.url.path
        };
        format!("{}://{}{port}{path}", scheme.name(), self.url.host)
    }

    /// The same URL with another host, which may be a blank to be filled in.
    pub(crate) fn with_host(&self, host: &str) -> String {
        let whole = self.url.to_string();
        let start = format!("{}://{}", self.url.scheme.name(), self.url.host);
        let rest = whole.strip_prefix(&start).unwrap_or_default();
        format!("{}://{host}{rest}", self.url.scheme.name())
    }

    /// The same URL with another path, or the path of another URL.
    pub(crate) fn with_path(&self, place: &str) -> String {
        let path = match place.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
            None => place,
        };
        let mut url = self.url.clone();
        path.split('?')
            .next()
            .unwrap_or("/")
            .clone_into(&mut url.path);
        url.to_string()
    }

    /// The same URL with another port.
    pub(crate) fn with_port(&self, port: u16) -> String {
        let mut url = self.url.clone();
        url.port = port;
        url.to_string()
    }

    /// How to go to another URL.
    pub(crate) fn use_url(&self, text: &str, url: &str) -> Fix {
        match self.source {
            UrlSource::Flag => Fix::see(format!("{text}: pass --url {url}")),
            UrlSource::Env => Fix::run(text, format!("export OPENCLAW_GATEWAY_URL={url}")),
            _ => Fix::run(
                text,
                self.command(&format!("openclaw config set gateway.remote.url {url}")),
            ),
        }
    }

    /// How to trust a certificate.
    pub(crate) fn use_pin(&self, text: &str, fingerprint: &Fingerprint) -> Fix {
        let hex = fingerprint.to_hex();
        match self.source {
            UrlSource::Remote | UrlSource::SshTarget => Fix::run(
                text,
                self.command(&format!(
                    "openclaw config set gateway.remote.tlsFingerprint {hex}"
                )),
            ),
            _ => Fix::see(format!("{text}: pass --tls-fingerprint {hex}")),
        }
    }

    /// How to give a credential of this kind, `token` or `password`.
    pub(crate) fn give(&self, text: &str, kind: &str) -> Fix {
        match self.source {
            UrlSource::Flag => Fix::see(format!("{text}: pass --{kind} <{kind}>")),
            UrlSource::Env => Fix::run(
                text,
                format!("export OPENCLAW_GATEWAY_{}=<{kind}>", kind.to_uppercase()),
            ),
            UrlSource::Remote | UrlSource::SshTarget => Fix::run(
                text,
                self.command(&format!(
                    "openclaw config set gateway.remote.{kind} <{kind}>"
                )),
            ),
            UrlSource::MissingRemote | UrlSource::Local => Fix::run(
                text,
                self.command(&format!("openclaw config set gateway.auth.{kind} <{kind}>")),
            ),
        }
    }

    /// A command for the machine of the gateway.
    pub(crate) fn on_host(&self, text: &str, command: &str) -> Fix {
        if self.is_local() {
            Fix::run(text, self.command(command))
        } else {
            Fix::run(format!("on the gateway host, {text}"), command)
        }
    }

    /// How to start the gateway.
    pub(crate) fn start_it(&self) -> Fix {
        if self.is_local() {
            Fix::run("start it", self.start.clone())
        } else {
            self.on_host("start it", "openclaw up")
        }
    }

    /// Where the credential of this kind at hand comes from.
    pub(crate) fn sent(&self, kind: &str) -> Option<&str> {
        match kind {
            "password" => self.password.as_deref(),
            _ => self.token.as_deref(),
        }
    }

    /// How to come in by SSH instead.
    pub(crate) fn by_ssh(&self) -> Fix {
        let (host, port) = (self.host(), self.default_port);
        Fix::run(
            "or leave the port closed and come in by SSH",
            format!("ssh -N -L {port}:127.0.0.1:{port} <user>@{host}"),
        )
    }
}
