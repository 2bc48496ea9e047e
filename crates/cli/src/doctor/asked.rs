//! What this side wants and was told, and how to tell it something else.

use openclaw_client::Fingerprint;
use openclaw_client::target::{GatewayUrl, Host, Scheme};
use openclaw_config::Profile;
use openclaw_config::resolve::{ClientTarget, Source, UrlSource};

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
    /// Whether the config names an SSH host for tunnels.
    pub(crate) ssh_host: bool,
    /// What was typed besides the URL, as it may be printed: secrets as blanks to be filled in.
    pub(crate) typed: String,
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
            ssh_host: target.ssh.is_some(),
            typed: typed(target, pin.as_ref()),
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
            UrlSource::Flag => {
                self.command(&format!("openclaw doctor --url {}{}", self.url, self.typed))
            }
            UrlSource::Local => self.command(&format!("openclaw doctor{}", self.typed)),
            _ => self.command(&format!("openclaw doctor --remote{}", self.typed)),
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
            UrlSource::Flag | UrlSource::Node => {
                Fix::see(format!("{text}: pass --{kind} <{kind}>"))
            }
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

    /// What to do about a program that is no gateway where one should be.
    pub(crate) fn other_program(&self) -> Vec<Fix> {
        if self.is_local() {
            return vec![
                Fix::run(
                    "see which program it is",
                    self.command("openclaw gateway status --deep"),
                ),
                Fix::run("end it, then start the gateway", self.start.clone()),
                Fix::run(
                    "or give the gateway another port, then start it",
                    self.command("openclaw config set gateway.port <port>"),
                ),
            ];
        }
        vec![
            self.on_host("see the gateway's port", "openclaw gateway status"),
            self.use_url("then use it", &self.with_port(self.default_port)),
        ]
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

/// The flags of a line that go with its URL.
fn typed(target: &ClientTarget, pin: Option<&Fingerprint>) -> String {
    let is_flag = |source: Option<&Source>| matches!(source, Some(Source::Flag(_)));
    let mut flags = String::new();
    if is_flag(target.token.as_ref().map(|token| &token.source)) {
        flags.push_str(" --token <token>");
    }
    if is_flag(target.password.as_ref().map(|password| &password.source)) {
        flags.push_str(" --password <password>");
    }
    // Without a URL of the config there is no pin of the config either. A pin is no secret.
    if let (UrlSource::Flag, Some(pin)) = (target.url_source, pin) {
        flags.extend([" --tls-fingerprint ", &pin.to_hex()]);
    }
    flags
}

#[cfg(test)]
mod tests {
    use openclaw_config::resolve::{ClientFlags, MissingRemote, resolve_client_target};
    use openclaw_config::{Env, Paths, ProfileChoice, Settings};

    use super::*;

    #[test]
    fn the_next_walk_repeats_what_was_typed_and_no_secret() {
        let env = Env::from_pairs([("HOME", "/nowhere")]);
        let paths = Paths::resolve(&env, &ProfileChoice::default()).unwrap();
        let again = |flags: ClientFlags| {
            let settings = Settings::default();
            let target =
                resolve_client_target(&flags, &env, &settings, &paths, MissingRemote::Refuse)
                    .unwrap();
            let pin = target
                .tls_fingerprint
                .as_deref()
                .map(|pin| pin.parse().unwrap());
            let url = target.url.parse().unwrap();
            Asked::new(&target, url, pin, &paths.profile, 0).again()
        };
        let some = |text: &str| Some(text.to_owned());
        let url = some("wss://gw.example.org:18789");
        let pin = "ab".repeat(32);
        for (flags, expected) in [
            (
                ClientFlags {
                    url: url.clone(),
                    token: some("secret"),
                    ..ClientFlags::default()
                },
                "openclaw doctor --url wss://gw.example.org:18789 --token <token>".to_owned(),
            ),
            (
                ClientFlags {
                    url,
                    password: some("secret"),
                    tls_fingerprint: some(&pin),
                    ..ClientFlags::default()
                },
                format!(
                    "openclaw doctor --url wss://gw.example.org:18789 --password <password> --tls-fingerprint {pin}"
                ),
            ),
            (
                ClientFlags {
                    token: some("secret"),
                    ..ClientFlags::default()
                },
                "openclaw doctor --token <token>".to_owned(),
            ),
            (ClientFlags::default(), "openclaw doctor".to_owned()),
        ] {
            assert_eq!(again(flags), expected);
        }
    }
}
