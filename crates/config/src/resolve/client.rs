//! Which gateway a client talks to and what it shows there.
//!
//! An explicit URL gets explicit credentials only: what this machine stores for one gateway is
//! never sent to another.

use std::path::PathBuf;

use super::ssh::{SshRoute, resolve_ssh};
use super::tls::{TlsFlags, resolve_tls};
use super::url::{InvalidUrl, normalize_url};
use super::{Resolved, resolve_bind, resolve_port, resolve_secret};
use crate::env::{self, Env};
use crate::paths::Paths;
use crate::schema::{BindChoice, EdgeHeader, GatewayMode, Remote, Settings, Transport};
use crate::secret::Secret;
use crate::validate::{Issue, is_header_value};

/// Connection flags that every client command shares, as typed.
#[derive(Debug, Clone, Default)]
pub struct ClientFlags {
    /// `--url`.
    pub url: Option<String>,
    /// `--token`.
    pub token: Option<String>,
    /// `--password`.
    pub password: Option<String>,
    /// `--tls-fingerprint`.
    pub tls_fingerprint: Option<String>,
}

/// What to do in remote mode without `gateway.remote.url`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingRemote {
    /// Calls: an error.
    Refuse,
    /// Probes and status: look at the local gateway and say so.
    FallBackToLocal,
}

/// What chose the URL. `Display` gives the text of the `Source:` line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlSource {
    /// `--url`.
    Flag,
    /// `OPENCLAW_GATEWAY_URL`.
    Env,
    /// `gateway.remote.url` in remote mode.
    Remote,
    /// `gateway.remote.sshTarget` in remote mode, without a URL.
    SshTarget,
    /// Remote mode without a URL.
    MissingRemote,
    /// The gateway that this machine is a node of.
    Node,
    /// The gateway of this machine.
    Local,
}

impl std::fmt::Display for UrlSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Flag => "cli --url",
            Self::Env => "env OPENCLAW_GATEWAY_URL",
            Self::Remote => "config gateway.remote.url",
            Self::SshTarget => "config gateway.remote.sshTarget",
            Self::MissingRemote => "missing gateway.remote.url (fallback local)",
            Self::Node => "node.json: this machine is a node of it",
            Self::Local => "local loopback",
        })
    }
}

/// A gateway to connect to.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientTarget {
    /// `ws://` or `wss://` URL.
    pub url: String,
    /// What chose it.
    pub url_source: UrlSource,
    /// Shared token to show there.
    pub token: Option<Resolved<Secret>>,
    /// Shared password to show there.
    pub password: Option<Resolved<Secret>>,
    /// Certificate pin for this URL.
    pub tls_fingerprint: Option<String>,
    /// Bind mode, when the target is the gateway of this machine.
    pub bind: Option<BindChoice>,
    /// The SSH host through which the gateway is reached; `None` when it is reached directly.
    pub ssh: Option<SshRoute>,
    /// Headers for a proxy in front of the gateway; empty unless the URL is `wss://` and comes from the config.
    pub edge_headers: Vec<(String, Secret)>,
    /// The config file that was consulted.
    pub config_path: PathBuf,
}

impl ClientTarget {
    /// True when the target is the gateway of this machine, so that its control socket may be used.
    pub fn is_local(&self) -> bool {
        matches!(self.url_source, UrlSource::Local | UrlSource::MissingRemote)
    }

    /// The block that is appended to connection errors.
    pub fn details(&self) -> String {
        let mut lines = vec![
            format!("Gateway target: {}", self.url),
            format!("Source: {}", self.url_source),
            format!("Config: {}", self.config_path.display()),
        ];
        lines.extend(self.bind.as_ref().map(|bind| format!("Bind: {bind}")));
        lines.extend(self.ssh.as_ref().map(|ssh| format!("Transport: {ssh}")));
        if self.url_source == UrlSource::MissingRemote {
            lines.push(
                "Warn: gateway.mode=remote but gateway.remote.url is missing; set gateway.remote.url or switch gateway.mode=local."
                    .to_owned(),
            );
        }
        lines.join("\n")
    }
}

/// Why there is no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The URL cannot be used.
    #[error(transparent)]
    InvalidUrl(#[from] InvalidUrl),
    /// Remote mode without a URL.
    #[error(
        "gateway remote mode misconfigured: gateway.remote.url missing\nConfig: {}\nFix: set gateway.remote.url, or set gateway.mode=local.",
        .0.display()
    )]
    RemoteUrlMissing(PathBuf),
    /// Transport `ssh` without a host to go to.
    #[error(
        "gateway.remote.transport is ssh, and neither gateway.remote.sshTarget nor gateway.remote.url names the host\nConfig: {}\nFix: openclaw config set gateway.remote.sshTarget <user@host>",
        .0.display()
    )]
    SshTargetMissing(PathBuf),
    /// A variable or a key holds an unusable value.
    #[error("{0}")]
    Setting(Issue),
}

/// Resolves the gateway that a client command talks to.
pub fn resolve_client_target(
    flags: &ClientFlags,
    env: &Env,
    settings: &Settings,
    paths: &Paths,
    missing_remote: MissingRemote,
) -> Result<ClientTarget, TargetError> {
    let remote = &settings.gateway.remote;
    let config_path = paths.config_path.clone();
    let fingerprint =
        |configured: Option<&String>| non_blank(flags.tls_fingerprint.as_ref().or(configured));
    let flag_token = (flags.token.as_deref(), "--token");
    let flag_password = (flags.password.as_deref(), "--password");

    if let Some(url) = non_blank(flags.url.as_ref()) {
        return Ok(ClientTarget {
            url: normalize_url(&url)?,
            url_source: UrlSource::Flag,
            token: resolve_secret(flag_token, None, (None, "")),
            password: resolve_secret(flag_password, None, (None, "")),
            tls_fingerprint: fingerprint(None),
            bind: None,
            ssh: None,
            edge_headers: Vec::new(),
            config_path,
        });
    }
    let env_token = env.lookup(env::OPENCLAW_GATEWAY_TOKEN);
    let env_password = env.lookup(env::OPENCLAW_GATEWAY_PASSWORD);
    if let Some(url) = env.get(env::OPENCLAW_GATEWAY_URL) {
        return Ok(ClientTarget {
            url: normalize_url(url)?,
            url_source: UrlSource::Env,
            token: resolve_secret(flag_token, env_token, (None, "")),
            password: resolve_secret(flag_password, env_password, (None, "")),
            tls_fingerprint: fingerprint(None),
            bind: None,
            ssh: None,
            edge_headers: Vec::new(),
            config_path,
        });
    }
    let is_remote = settings.gateway.mode == Some(GatewayMode::Remote);
    let url = match non_blank(remote.url.as_ref()).filter(|_| is_remote) {
        Some(url) => Some(normalize_url(&url)?),
        None => None,
    };
    let ssh = if is_remote && remote.transport == Some(Transport::Ssh) {
        let route = resolve_ssh(remote, url.as_deref(), &paths.profile);
        Some(route.ok_or_else(|| TargetError::SshTargetMissing(config_path.clone()))?)
    } else {
        None
    };
    let far = ssh
        .as_ref()
        .map(|ssh| format!("ws://127.0.0.1:{}", ssh.remote_port));
    let url_source = if url.is_some() {
        UrlSource::Remote
    } else {
        UrlSource::SshTarget
    };
    if let Some(url) = url.or(far) {
        return Ok(ClientTarget {
            edge_headers: edge_headers(remote, &url, ssh.is_some(), env)?,
            url,
            ssh,
            url_source,
            token: resolve_secret(
                flag_token,
                env_token,
                (remote.token.as_ref(), "gateway.remote.token"),
            ),
            password: resolve_secret(
                flag_password,
                env_password,
                (remote.password.as_ref(), "gateway.remote.password"),
            ),
            tls_fingerprint: fingerprint(remote.tls_fingerprint.as_ref()),
            bind: None,
            config_path,
        });
    }
    if is_remote && missing_remote == MissingRemote::Refuse {
        return Err(TargetError::RemoteUrlMissing(config_path));
    }
    let auth = &settings.gateway.auth;
    let port = resolve_port(None, env, settings, &paths.profile).map_err(TargetError::Setting)?;
    let bind = resolve_bind(None, env, settings).map_err(TargetError::Setting)?;
    let tls = resolve_tls(&TlsFlags::default(), env, settings).map_err(TargetError::Setting)?;
    let scheme = if tls.is_on() { "wss" } else { "ws" };
    let mut token = resolve_secret(
        flag_token,
        env_token,
        (auth.token.as_ref(), "gateway.auth.token"),
    );
    let mut password = resolve_secret(
        flag_password,
        env_password,
        (auth.password.as_ref(), "gateway.auth.password"),
    );
    if token.is_none() && password.is_none() {
        // A machine whose own gateway has no credential has no gateway of its own: an SSH tunnel leads to the remote one.
        token = resolve_secret(
            (None, ""),
            None,
            (remote.token.as_ref(), "gateway.remote.token"),
        );
        password = resolve_secret(
            (None, ""),
            None,
            (remote.password.as_ref(), "gateway.remote.password"),
        );
    }
    Ok(ClientTarget {
        url: format!("{scheme}://127.0.0.1:{}", port.value),
        url_source: if is_remote {
            UrlSource::MissingRemote
        } else {
            UrlSource::Local
        },
        token,
        password,
        tls_fingerprint: fingerprint(None),
        bind: Some(bind.value),
        ssh: None,
        edge_headers: Vec::new(),
        config_path,
    })
}

/// The headers of `gateway.remote.edgeAuth`, for the host of `gateway.remote.url` and encrypted only. A reference that
/// leads nowhere is an error: without its header the proxy would refuse, and nobody would know why.
pub fn edge_headers(
    remote: &Remote,
    url: &str,
    through_ssh: bool,
    env: &Env,
) -> Result<Vec<(String, Secret)>, TargetError> {
    if through_ssh || !url.starts_with("wss://") {
        return Ok(Vec::new());
    }
    let mut headers = Vec::new();
    for (name, header) in &remote.edge_auth {
        let path = format!("gateway.remote.edgeAuth.{name}");
        let value = match header {
            EdgeHeader::Value(value) => value.clone(),
            EdgeHeader::Reference(reference) if reference.source == "env" => {
                let found = env.get(reference.id.trim()).ok_or_else(|| {
                    TargetError::Setting(
                        Issue::new(&path, format!("the variable {} is not set", reference.id))
                            .with_hint("set it, or write the value into the config"),
                    )
                })?;
                Secret::new(found)
            }
            EdgeHeader::Reference(_) => {
                return Err(TargetError::Setting(
                    Issue::new(&path, "this secret reference is not supported")
                        .with_hint(r#"use { "source": "env", "id": "NAME" }"#),
                ));
            }
        };
        if !is_header_value(value.expose()) {
            return Err(TargetError::Setting(
                Issue::new(&path, "not the value of a header")
                    .with_hint("one line of visible ASCII characters"),
            ));
        }
        headers.push((name.clone(), value));
    }
    Ok(headers)
}

fn non_blank(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// The hints that explain a missing credential: keys that look right and are not.
pub fn misplaced_credential_hints(parsed: &serde_json::Value) -> Vec<&'static str> {
    let set = |pointer: &str| {
        parsed
            .pointer(pointer)
            .and_then(serde_json::Value::as_str)
            .is_some_and(|text| !text.is_empty())
    };
    let mut hints = Vec::new();
    if set("/gateway/token") {
        hints.push("Found \"gateway.token\" in config. Use \"gateway.auth.token\" instead.");
    }
    if set("/gateway/remote/token") {
        hints.push("\"gateway.remote.token\" is for remote CLI calls; it does not enable local gateway auth.");
    }
    hints
}
