//! What was answered, and the change of the config that follows. Nothing here asks, reads or writes.

use std::net::IpAddr;

use openclaw_config::resolve::GatewayPlan;
use openclaw_config::schema::{AuthMode, BindMode, GatewayMode, TailscaleMode};
use openclaw_config::{Secret, Settings};
use openclaw_gateway::listen::password::{
    MIN_PASSWORD_CHARS, WeakPassword, WeakToken, is_weak_token, token_weakness, weakness,
};
use serde_json::{Map, Value, json};

use crate::error::CommandError;

const WEAK_TOKEN: &str = "Warning: the token is a common word or only a few characters; others could guess it. Leave it out, and a long random one is made.";

/// All that was answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answers {
    /// The gateway runs on this machine.
    Local(Local),
    /// The gateway runs elsewhere; this machine only talks to it.
    Remote(Remote),
}

/// A gateway on this machine. What was not answered stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Local {
    /// TCP port.
    pub(crate) port: Option<u16>,
    /// How others get in.
    pub(crate) way: Option<Way>,
    /// Whether the Tailscale route goes when the gateway ends.
    pub(crate) tailscale_reset_on_exit: Option<bool>,
    /// What whoever comes in must prove.
    pub(crate) auth: Option<Auth>,
    /// `agents.defaults.workspace`, for the agents of other programs.
    pub(crate) workspace: Option<String>,
}

/// How other machines reach the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// Only by an SSH tunnel.
    Loopback,
    /// `https://<machine>.<tailnet>.ts.net`, inside the tailnet.
    Serve,
    /// The same name from the whole internet.
    Funnel,
    /// The address in the tailnet.
    Tailnet,
    /// Every network of this machine.
    Lan,
    /// What there is: loopback, else tailnet, else LAN.
    Auto,
    /// An address, interface or range.
    Custom(String),
}

/// What whoever comes in must prove.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Auth {
    /// A token; `None` keeps the one there is, or makes one.
    Token(Option<Secret>),
    /// A new token, whatever there was.
    NewToken,
    /// A password; `None` keeps the one there is.
    Password(Option<Secret>),
}

/// A gateway elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Remote {
    /// `ws://` or `wss://`.
    pub(crate) url: String,
    /// Shared token.
    pub(crate) token: Option<Secret>,
    /// Fingerprint of its certificate.
    pub(crate) tls_fingerprint: Option<String>,
    /// Reach it through this SSH host.
    pub(crate) ssh: Option<String>,
}

/// Why answers cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// Funnel, or mode password, and no password anywhere.
    NoPassword,
    /// A gateway that the whole internet reaches, and no password anywhere.
    NoPasswordForFunnel,
    /// A gateway that others reach, behind a password that guessing finds.
    WeakPassword(WeakPassword),
    /// A gateway that others reach, behind a token that is tried out in no time: it would not start.
    TinyToken,
    /// An empty credential.
    Empty(&'static str),
    /// Remote mode needs an address.
    NoWebSocketUrl,
    /// A token must not cross the internet in the open.
    Plaintext(String),
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoPassword | Self::NoPasswordForFunnel => {
                f.write_str("Missing --gateway-password for password auth.")
            }
            Self::WeakPassword(weak) => write!(f, "the password is {weak}; others could guess it"),
            Self::TinyToken => write!(f, "the token is {}; others could guess it", WeakToken::Tiny),
            Self::Empty(what) => write!(f, "the {what} is empty"),
            Self::NoWebSocketUrl => f.write_str("URL must start with ws:// or wss://"),
            Self::Plaintext(url) => write!(
                f,
                "{url} is a public address, and ws:// would send the token there in the open"
            ),
        }
    }
}

impl Unusable {
    /// As an error of the command line; that of a flag in its known form.
    pub(crate) fn into_error(self) -> CommandError {
        let error = match self {
            Self::NoPassword | Self::NoPasswordForFunnel => CommandError::plain(self.to_string()),
            _ => CommandError::new(&self),
        };
        error.hint(self.fix())
    }

    /// What to do about it.
    fn fix(&self) -> String {
        match self {
            Self::NoPassword => {
                "Fix: give --gateway-password, or choose --gateway-auth token".to_owned()
            }
            Self::NoPasswordForFunnel => {
                "Fix: give --gateway-password, which Tailscale Funnel asks for, or choose --tailscale serve, which opens the gateway to your tailnet only".to_owned()
            }
            Self::Plaintext(_) => {
                "Fix: use wss://, or an SSH tunnel: --remote-ssh user@host; on your own risk: OPENCLAW_ALLOW_INSECURE_PRIVATE_WS=1".to_owned()
            }
            Self::WeakPassword(_) => format!(
                "Fix: take at least {MIN_PASSWORD_CHARS} characters that are on no list, or a token"
            ),
            Self::TinyToken => "Fix: leave it out, and a long random one is made".to_owned(),
            Self::Empty(what) => format!("Fix: give a {what}, or leave it out"),
            Self::NoWebSocketUrl => {
                "Fix: give an address such as wss://gateway.example or ws://127.0.0.1:18789"
                    .to_owned()
            }
        }
    }
}

/// The change of the config, and what follows that nobody asked for.
#[derive(Debug, PartialEq)]
pub(crate) struct Change {
    /// A merge patch.
    pub(crate) patch: Value,
    /// Said to whoever answered.
    pub(crate) notes: Vec<&'static str>,
    /// A token was made.
    pub(crate) token_created: bool,
}

impl Way {
    /// The way that a gateway with this plan is reached.
    pub(crate) fn of_plan(plan: &GatewayPlan) -> Self {
        let host = plan.custom_host.as_ref().map(|host| host.value.to_string());
        Self::new(plan.tailscale.mode.value, plan.bind.value, host)
    }

    /// The way that settings describe.
    pub(crate) fn of(settings: &Settings) -> Self {
        let gateway = &settings.gateway;
        let (bind, host) = match &gateway.bind {
            None => (BindMode::Loopback, None),
            Some(bind) => (bind.mode, bind.host.as_ref()),
        };
        let host = host.or(gateway.custom_bind_host.as_ref());
        Self::new(gateway.tailscale.mode, bind, host.map(ToString::to_string))
    }

    fn new(tailscale: TailscaleMode, bind: BindMode, host: Option<String>) -> Self {
        match (tailscale, bind) {
            (TailscaleMode::Serve, _) => Self::Serve,
            (TailscaleMode::Funnel, _) => Self::Funnel,
            (TailscaleMode::Off, BindMode::Loopback) => Self::Loopback,
            (TailscaleMode::Off, BindMode::Lan) => Self::Lan,
            (TailscaleMode::Off, BindMode::Tailnet) => Self::Tailnet,
            (TailscaleMode::Off, BindMode::Auto) => Self::Auto,
            (TailscaleMode::Off, BindMode::Custom) => Self::Custom(host.unwrap_or_default()),
        }
    }

    /// `gateway.bind`.
    pub(crate) const fn bind(&self) -> &'static str {
        match self {
            Self::Loopback | Self::Serve | Self::Funnel => "loopback",
            Self::Tailnet => "tailnet",
            Self::Lan => "lan",
            Self::Auto => "auto",
            Self::Custom(_) => "custom",
        }
    }

    /// `gateway.tailscale.mode`.
    pub(crate) const fn tailscale(&self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Funnel => "funnel",
            _ => "off",
        }
    }

    /// Whether anybody but this machine can knock.
    pub(crate) const fn is_open(&self) -> bool {
        !matches!(self, Self::Loopback)
    }

    /// What choosing it means, in one line.
    pub(crate) const fn consequence(&self) -> &'static str {
        match self {
            Self::Loopback => {
                "nothing is open to any network; other machines come through an SSH tunnel"
            }
            Self::Serve => "HTTPS inside your tailnet only; Tailscale knows who is there",
            Self::Funnel => "public: the whole internet can knock over HTTPS; needs a password",
            Self::Tailnet => {
                "every machine of your tailnet can knock at this machine's tailnet address"
            }
            Self::Lan => {
                "every device on the networks of this machine can knock; use TLS where others could listen in"
            }
            Self::Auto => "this machine alone where loopback works, else the tailnet, else the LAN",
            Self::Custom(_) => "whoever reaches that address can knock",
        }
    }
}

/// What there is already.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    /// The config in effect.
    pub(crate) settings: &'a Settings,
    /// The token in effect, from wherever.
    pub(crate) token: Option<Secret>,
    /// The password in effect, from wherever.
    pub(crate) password: Option<Secret>,
}

impl Answers {
    /// The change of the config that the answers ask for. `fresh_token` is used when a token is needed and there is none.
    pub(crate) fn change(&self, held: &Held<'_>, fresh_token: &Secret) -> Result<Change, Unusable> {
        match self {
            Self::Local(local) => local.change(held, fresh_token),
            Self::Remote(remote) => remote.change(),
        }
    }
}

impl Local {
    fn change(&self, held: &Held<'_>, fresh_token: &Secret) -> Result<Change, Unusable> {
        let way = self.way.clone().unwrap_or_else(|| Way::of(held.settings));
        let mut notes = Vec::new();
        let mut gateway = Map::new();
        gateway.insert("mode".to_owned(), json!("local"));
        if let Some(port) = self.port {
            gateway.insert("port".to_owned(), json!(port));
        }
        if let Some(chosen) = &self.way {
            gateway.insert("bind".to_owned(), json!(chosen.bind()));
            let host = match chosen {
                Way::Custom(host) => json!(host),
                _ => Value::Null,
            };
            gateway.insert("customBindHost".to_owned(), host);
        }
        let mut tailscale = Map::new();
        if self.way.is_some() {
            tailscale.insert("mode".to_owned(), json!(way.tailscale()));
        }
        if let Some(reset) = self.tailscale_reset_on_exit {
            tailscale.insert("resetOnExit".to_owned(), json!(reset));
        }
        if !tailscale.is_empty() {
            gateway.insert("tailscale".to_owned(), Value::Object(tailscale));
        }
        let (auth, token_created) = self.auth(held, &way, fresh_token, &mut notes)?;
        gateway.insert("auth".to_owned(), Value::Object(auth));
        if held.settings.gateway.mode == Some(GatewayMode::Remote) {
            notes.push("This machine talked to a gateway elsewhere; from now on it has its own. The address of the other one is kept in gateway.remote.");
        }
        let mut patch = json!({ "gateway": gateway });
        if let Some(workspace) = &self.workspace {
            patch["agents"] = json!({ "defaults": { "workspace": workspace } });
        }
        Ok(Change {
            patch,
            notes,
            token_created,
        })
    }

    /// The credentials: never a way in that others can use without one.
    fn auth(
        &self,
        held: &Held<'_>,
        way: &Way,
        fresh_token: &Secret,
        notes: &mut Vec<&'static str>,
    ) -> Result<(Map<String, Value>, bool), Unusable> {
        let mut wanted = self.auth.clone();
        if *way == Way::Funnel && !matches!(wanted, Some(Auth::Password(_))) {
            if matches!(wanted, Some(Auth::Token(_) | Auth::NewToken)) {
                notes.push("Auth is password: Tailscale Funnel asks for one.");
            }
            wanted = Some(Auth::Password(None));
        }
        let wanted = wanted.unwrap_or(match held.settings.gateway.auth.mode {
            Some(AuthMode::Password) => Auth::Password(None),
            None if held.password.is_some() => Auth::Password(None),
            // Who stands behind a proxy of theirs keeps it.
            Some(AuthMode::TrustedProxy) => return Ok((Map::new(), false)),
            None | Some(AuthMode::Token | AuthMode::None) => Auth::Token(None),
        });
        let mut auth = Map::new();
        let mut created = false;
        match wanted {
            Auth::Token(given) => {
                auth.insert("mode".to_owned(), json!("token"));
                match given {
                    Some(token) if token.expose().trim().is_empty() => {
                        return Err(Unusable::Empty("token"));
                    }
                    Some(token) => {
                        if way.is_open() && token_weakness(token.expose()) == Some(WeakToken::Tiny)
                        {
                            return Err(Unusable::TinyToken);
                        }
                        if way.is_open() && is_weak_token(token.expose()) {
                            notes.push(WEAK_TOKEN);
                        }
                        auth.insert("token".to_owned(), json!(token.expose()));
                    }
                    None if held.token.is_some() => {}
                    None => {
                        auth.insert("token".to_owned(), json!(fresh_token.expose()));
                        created = true;
                    }
                }
            }
            Auth::NewToken => {
                auth.insert("mode".to_owned(), json!("token"));
                auth.insert("token".to_owned(), json!(fresh_token.expose()));
                created = true;
            }
            Auth::Password(given) => {
                auth.insert("mode".to_owned(), json!("password"));
                let password =
                    given
                        .as_ref()
                        .or(held.password.as_ref())
                        .ok_or(if *way == Way::Funnel {
                            Unusable::NoPasswordForFunnel
                        } else {
                            Unusable::NoPassword
                        })?;
                if password.expose().trim().is_empty() {
                    return Err(Unusable::Empty("password"));
                }
                if way.is_open()
                    && let Some(weak) = weakness(password.expose())
                {
                    return Err(Unusable::WeakPassword(weak));
                }
                if let Some(password) = &given {
                    auth.insert("password".to_owned(), json!(password.expose()));
                }
            }
        }
        Ok((auth, created))
    }
}

impl Remote {
    /// Whether a text can be the address of a gateway.
    pub(crate) fn check_url(url: &str) -> Result<(), Unusable> {
        let lower = url.trim().to_ascii_lowercase();
        let rest = lower
            .strip_prefix("ws://")
            .or_else(|| lower.strip_prefix("wss://"))
            .ok_or(Unusable::NoWebSocketUrl)?;
        if rest.is_empty() || rest.starts_with(['/', ':']) {
            return Err(Unusable::NoWebSocketUrl);
        }
        Ok(())
    }

    /// The client would refuse it later, when nobody looks at the settings any more. Names are looked up only then.
    pub(crate) fn check_plaintext(&self) -> Result<(), Unusable> {
        let url = self.url.trim();
        let Ok(address) = url.parse::<http::Uri>() else {
            return Ok(());
        };
        let host = address.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_public = host
            .parse::<IpAddr>()
            .is_ok_and(|ip| !openclaw_client::plaintext::is_private(ip));
        if self.ssh.is_none() && is_public && address.scheme_str() == Some("ws") {
            return Err(Unusable::Plaintext(url.to_owned()));
        }
        Ok(())
    }

    /// What was kept for another gateway goes: its token is nothing for this one.
    fn change(&self) -> Result<Change, Unusable> {
        Self::check_url(&self.url)?;
        if self
            .token
            .as_ref()
            .is_some_and(|token| token.expose().trim().is_empty())
        {
            return Err(Unusable::Empty("token"));
        }
        let patch = json!({ "gateway": {
            "mode": "remote",
            "remote": {
                "url": self.url.trim(),
                "token": self.token.as_ref().map(Secret::expose),
                "password": null,
                "tlsFingerprint": self.tls_fingerprint,
                "transport": self.ssh.as_ref().map(|_| "ssh"),
                "sshTarget": self.ssh,
            },
        } });
        Ok(Change {
            patch,
            notes: Vec::new(),
            token_created: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(gateway: &Value) -> Settings {
        serde_json::from_value(json!({ "gateway": gateway })).unwrap()
    }

    fn held(settings: &Settings) -> Held<'_> {
        Held {
            settings,
            token: settings.gateway.auth.token.clone(),
            password: settings.gateway.auth.password.clone(),
        }
    }

    fn change(gateway: &Value, local: &Local) -> Result<Value, Unusable> {
        local
            .change(&held(&settings(gateway)), &Secret::new("fresh".to_owned()))
            .map(|change| change.patch["gateway"].clone())
    }

    #[test]
    fn u11_no_answer_leaves_a_gateway_open_without_a_credential() {
        let with = |way: Option<Way>, auth: Option<Auth>| Local {
            way,
            auth,
            ..Local::default()
        };
        let secret = |text: &str| Some(Secret::new(text.to_owned()));
        let cases: Vec<(Value, Local, Result<Value, Unusable>)> = vec![
            (
                json!({}),
                with(None, None),
                Ok(json!({ "mode": "token", "token": "fresh" })),
            ),
            (
                json!({ "auth": { "mode": "none" } }),
                with(Some(Way::Lan), None),
                Ok(json!({ "mode": "token", "token": "fresh" })),
            ),
            (
                json!({ "auth": { "token": "kept" } }),
                with(Some(Way::Lan), None),
                Ok(json!({ "mode": "token" })),
            ),
            (
                json!({ "auth": { "token": "kept" } }),
                with(None, Some(Auth::NewToken)),
                Ok(json!({ "mode": "token", "token": "fresh" })),
            ),
            (
                json!({}),
                with(Some(Way::Lan), Some(Auth::Token(secret("own-token")))),
                Ok(json!({ "mode": "token", "token": "own-token" })),
            ),
            (
                json!({}),
                with(None, Some(Auth::Token(secret(" ")))),
                Err(Unusable::Empty("token")),
            ),
            (
                json!({}),
                with(Some(Way::Funnel), None),
                Err(Unusable::NoPasswordForFunnel),
            ),
            (
                json!({}),
                with(Some(Way::Funnel), Some(Auth::Password(secret("short")))),
                Err(Unusable::WeakPassword(WeakPassword::Short)),
            ),
            (
                json!({}),
                with(
                    Some(Way::Lan),
                    Some(Auth::Password(secret("passwordpassword"))),
                ),
                Err(Unusable::WeakPassword(WeakPassword::Common)),
            ),
            (
                json!({}),
                with(Some(Way::Loopback), Some(Auth::Password(secret("short")))),
                Ok(json!({ "mode": "password", "password": "short" })),
            ),
            (
                json!({ "auth": { "mode": "password", "password": "short" } }),
                with(Some(Way::Lan), None),
                Err(Unusable::WeakPassword(WeakPassword::Short)),
            ),
            (
                json!({ "auth": { "mode": "password", "password": "9f-tall-heron-17" } }),
                with(Some(Way::Funnel), None),
                Ok(json!({ "mode": "password" })),
            ),
            (
                json!({ "auth": { "mode": "trusted-proxy" } }),
                with(None, None),
                Ok(json!({})),
            ),
        ];
        for (held, local, expected) in cases {
            let found = change(&held, &local).map(|gateway| gateway["auth"].clone());
            assert_eq!(found, expected, "{held} {local:?}");
        }
    }

    #[test]
    fn ways_in_exclude_each_other() {
        let way = |way: Way| Local {
            way: Some(way),
            ..Local::default()
        };
        let held =
            json!({ "bind": "custom", "customBindHost": "10.0.0.7", "auth": { "token": "t" } });
        for (chosen, bind, host, tailscale) in [
            (Way::Loopback, "loopback", Value::Null, "off"),
            (Way::Serve, "loopback", Value::Null, "serve"),
            (Way::Lan, "lan", Value::Null, "off"),
            (Way::Tailnet, "tailnet", Value::Null, "off"),
            (Way::Auto, "auto", Value::Null, "off"),
            (Way::Custom("eth0".into()), "custom", json!("eth0"), "off"),
        ] {
            let gateway = change(&held, &way(chosen)).unwrap();
            assert_eq!(gateway["bind"], bind);
            assert_eq!(gateway["customBindHost"], host);
            assert_eq!(gateway["tailscale"]["mode"], tailscale);
        }
    }

    #[test]
    fn what_was_not_answered_stays() {
        let held = json!({ "port": 4000, "bind": "lan", "tailscale": { "mode": "off" }, "auth": { "token": "t" } });
        let gateway = change(&held, &Local::default()).unwrap();
        assert_eq!(
            gateway,
            json!({ "mode": "local", "auth": { "mode": "token" } })
        );
        for (gateway, expected) in [
            (json!({}), Way::Loopback),
            (json!({ "bind": "lan" }), Way::Lan),
            (
                json!({ "bind": "192.0.2.4" }),
                Way::Custom("192.0.2.4".into()),
            ),
            (
                json!({ "bind": "custom", "customBindHost": "192.0.2.4" }),
                Way::Custom("192.0.2.4".into()),
            ),
            (json!({ "tailscale": { "mode": "serve" } }), Way::Serve),
        ] {
            assert_eq!(Way::of(&settings(&gateway)), expected, "{gateway}");
        }
    }

    #[test]
    fn u29_a_gateway_elsewhere_replaces_what_was_kept_of_another() {
        let remote = |url: &str, token: Option<&str>| Remote {
            url: url.to_owned(),
            token: token.map(|token| Secret::new(token.to_owned())),
            tls_fingerprint: None,
            ssh: None,
        };
        let patch = remote(" wss://gw.example ", Some("t"))
            .change()
            .unwrap()
            .patch;
        assert_eq!(patch["gateway"]["mode"], "remote");
        assert_eq!(patch["gateway"]["remote"]["url"], "wss://gw.example");
        assert_eq!(patch["gateway"]["remote"]["token"], "t");
        assert_eq!(patch["gateway"]["remote"]["password"], Value::Null);
        for bad in [
            "",
            "gw.example",
            "http://gw.example",
            "ws://",
            "ws://:1",
            "wss:///x",
        ] {
            assert_eq!(
                remote(bad, None).change(),
                Err(Unusable::NoWebSocketUrl),
                "{bad}"
            );
        }
        assert_eq!(
            remote("ws://gw", Some("")).change(),
            Err(Unusable::Empty("token"))
        );
    }
}
