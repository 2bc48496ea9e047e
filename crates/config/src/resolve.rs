//! Flag, then environment, then config file, then default: the one place where they meet, for the
//! gateway and for its clients. Every value keeps where it came from.

mod client;
mod effective;
mod gateway;
mod ssh;
mod tls;
mod url;

use crate::container::Container;
use crate::env::{Env, Found, Layer};
use crate::paths::{Profile, default_port};
use crate::schema::{AuthMode, BindChoice, BindHost, BindMode, Settings, TailscaleMode};
use crate::secret::Secret;
use crate::suggest::nearest;
use crate::validate::Issue;

pub use client::{
    ClientFlags, ClientTarget, MissingRemote, TargetError, UrlSource, edge_headers,
    misplaced_credential_hints, resolve_client_target,
};
pub use effective::{default, effective};
pub use gateway::{AuthPlan, GatewayFlags, GatewayPlan, TailscalePlan, resolve_gateway};
pub use ssh::{SshRoute, resolve_ssh};
pub use tls::{TlsFlags, TlsPlan, domain_name, resolve_tls};
pub use url::{InvalidUrl, normalize_url};

/// Where a value came from. `Display` gives the text that `gateway status` prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A command-line flag.
    Flag(&'static str),
    /// A variable of the process environment.
    Env(&'static str),
    /// A variable of `<state>/.env`.
    EnvFile(&'static str),
    /// A key of the config file.
    Config(String),
    /// Built in.
    Default,
    /// Built in for the service of a container.
    Container(Container),
    /// Made by this run.
    Generated,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "cli {flag}"),
            Self::Env(name) => write!(f, "env {name}"),
            Self::EnvFile(name) => write!(f, ".env {name}"),
            Self::Config(key) => write!(f, "config {key}"),
            Self::Default => f.write_str("default"),
            Self::Container(Container::Other) => f.write_str("default in a container"),
            Self::Container(container) => write!(f, "default in a container: {container}"),
            Self::Generated => f.write_str("generated"),
        }
    }
}

impl From<Found<'_>> for Source {
    fn from(found: Found<'_>) -> Self {
        match found.layer {
            Layer::Process => Self::Env(found.name),
            Layer::DotEnv => Self::EnvFile(found.name),
            Layer::ConfigBlock => Self::Config(format!("env.{}", found.name)),
        }
    }
}

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved<T> {
    /// The value in effect.
    pub value: T,
    /// What set it.
    pub source: Source,
}

impl<T> Resolved<T> {
    /// Pairs a value with its source.
    pub fn new(value: T, source: Source) -> Self {
        Self { value, source }
    }

    fn config(value: T, key: &str) -> Self {
        Self::new(value, Source::Config(key.to_owned()))
    }
}

/// Resolves the gateway port. `flag` is the text given to `--port`.
pub fn resolve_port(
    flag: Option<&str>,
    env: &Env,
    settings: &Settings,
    profile: &Profile,
) -> Result<Resolved<u16>, Issue> {
    if let Some(text) = flag {
        return match parse_port(text) {
            Some(port) => Ok(Resolved::new(port, Source::Flag("--port"))),
            None => Err(Issue::new("--port", "Invalid port")
                .with_hint(format!("\"{text}\" is not a port; {PORT_RANGE}"))),
        };
    }
    if let Some(found) = env.lookup(crate::env::OPENCLAW_GATEWAY_PORT) {
        return match parse_port(found.value) {
            Some(port) => Ok(Resolved::new(port, found.into())),
            None => Err(
                Issue::new(found.name, format!("Invalid port \"{}\"", found.value))
                    .with_hint(format!("{PORT_RANGE}, or unset {}", found.name)),
            ),
        };
    }
    Ok(match settings.gateway.port {
        Some(port) => Resolved::config(port, "gateway.port"),
        None => Resolved::new(default_port(profile), Source::Default),
    })
}

const PORT_RANGE: &str = "use a number from 1 to 65535";

fn parse_port(text: &str) -> Option<u16> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}

/// Resolves the bind mode and the address that came with it. `flag` is the text given to `--bind`.
pub fn resolve_bind(
    flag: Option<&str>,
    env: &Env,
    settings: &Settings,
) -> Result<Resolved<BindChoice>, Issue> {
    if let Some(text) = flag {
        return match BindChoice::parse(text) {
            Some(bind) => Ok(Resolved::new(bind, Source::Flag("--bind"))),
            None => Err(invalid_bind("--bind", "--bind", text)),
        };
    }
    if let Some(found) = env.lookup(crate::env::OPENCLAW_GATEWAY_BIND) {
        return match BindChoice::parse(found.value) {
            Some(bind) => Ok(Resolved::new(bind, found.into())),
            None => Err(invalid_bind(found.name, found.name, found.value)),
        };
    }
    Ok(match &settings.gateway.bind {
        Some(bind) => Resolved::config(bind.clone(), "gateway.bind"),
        None => default_bind(
            env,
            settings.gateway.auth.mode,
            settings.gateway.tailscale.mode,
        ),
    })
}

/// Loopback. In a container that is where nobody comes in, so all interfaces there; unless the gateway asks for no credential,
/// or is exposed by Tailscale, which connects over loopback.
fn default_bind(
    env: &Env,
    auth: Option<AuthMode>,
    tailscale: TailscaleMode,
) -> Resolved<BindChoice> {
    match env.container() {
        Some(container) if auth != Some(AuthMode::None) && tailscale == TailscaleMode::Off => {
            Resolved::new(BindMode::Lan.into(), Source::Container(container))
        }
        _ => Resolved::new(BindMode::Loopback.into(), Source::Default),
    }
}

fn invalid_bind(path: &str, name: &str, text: &str) -> Issue {
    let message =
        format!("Invalid {name} (use \"loopback\", \"lan\", \"tailnet\", \"auto\", or \"custom\")");
    let mut hint = format!("\"{text}\" is neither a mode nor an IP address");
    if let Some(meant) = nearest(text, BindMode::WORDS.iter().copied()) {
        hint = format!("{hint}; did you mean \"{meant}\"?");
    } else if let Err(reason) = BindHost::parse(text) {
        hint = format!("{hint}: {reason}");
    } else {
        hint = format!(
            "{hint}; an interface without a digit in its name goes into gateway.customBindHost, with bind mode custom"
        );
    }
    Issue::new(path, message).with_hint(hint)
}

/// First of flag, environment and config that is not empty.
fn resolve_secret(
    (flag, flag_name): (Option<&str>, &'static str),
    env: Option<Found<'_>>,
    (config, key): (Option<&Secret>, &str),
) -> Option<Resolved<Secret>> {
    let flag = flag.map(str::trim).filter(|text| !text.is_empty());
    if let Some(text) = flag {
        return Some(Resolved::new(Secret::new(text), Source::Flag(flag_name)));
    }
    if let Some(found) = env {
        return Some(Resolved::new(Secret::new(found.value), found.into()));
    }
    config
        .filter(|secret| !secret.expose().trim().is_empty())
        .map(|secret| Resolved::config(Secret::new(secret.expose().trim()), key))
}

#[cfg(test)]
mod tests;
