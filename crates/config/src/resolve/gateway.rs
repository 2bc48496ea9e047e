//! What a gateway of this config, environment and command line listens on and asks for.

use std::path::PathBuf;

use super::tls::{TlsFlags, TlsPlan, resolve_tls};
use super::{Resolved, Source, default_bind, resolve_bind, resolve_port, resolve_secret};
use crate::env::{self, Env};
use crate::paths::Profile;
use crate::schema::{AuthMode, BindHost, BindMode, Settings, TailscaleMode};
use crate::secret::Secret;
use crate::validate::Issue;

/// Flags of `gateway run`, as typed.
#[derive(Debug, Clone, Default)]
pub struct GatewayFlags {
    /// `--port`.
    pub port: Option<String>,
    /// `--bind`.
    pub bind: Option<String>,
    /// `--auth`.
    pub auth: Option<String>,
    /// `--token`.
    pub token: Option<String>,
    /// `--password`.
    pub password: Option<String>,
    /// `--tailscale`.
    pub tailscale: Option<String>,
    /// `--tailscale-reset-on-exit`.
    pub tailscale_reset_on_exit: bool,
    /// `--tls`, `--domain`, `--acme-agree-terms`.
    pub tls: TlsFlags,
    /// `--tailscale-port`.
    pub tailscale_port: Option<String>,
    /// No flag: a token that the start made because nothing gave one, and that is not stored. Any other beats it, also one that comes later.
    pub generated_token: Option<Secret>,
}

/// Everything decided before the first socket is opened.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayPlan {
    /// TCP port.
    pub port: Resolved<u16>,
    /// Bind mode.
    pub bind: Resolved<BindMode>,
    /// What mode `custom` listens on.
    pub custom_host: Option<Resolved<BindHost>>,
    /// Credentials.
    pub auth: AuthPlan,
    /// Tailscale exposure.
    pub tailscale: TailscalePlan,
    /// Certificate.
    pub tls: TlsPlan,
}

/// Credentials of a gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthPlan {
    /// What clients must prove.
    pub mode: Resolved<AuthMode>,
    /// Shared token, also when the mode does not use it.
    pub token: Option<Resolved<Secret>>,
    /// Shared password, also when the mode does not use it.
    pub password: Option<Resolved<Secret>>,
    /// Whether Tailscale identity counts.
    pub allow_tailscale: Resolved<bool>,
    /// Whether device-less clients get scopes from anywhere.
    pub allow_deviceless: bool,
}

impl AuthPlan {
    /// The shared credential of the mode in use.
    pub fn secret(&self) -> Option<&Resolved<Secret>> {
        match self.mode.value {
            AuthMode::Token => self.token.as_ref(),
            AuthMode::Password => self.password.as_ref(),
            AuthMode::None | AuthMode::TrustedProxy => None,
        }
    }
}

/// Tailscale exposure of a gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct TailscalePlan {
    /// What is asked of the daemon.
    pub mode: Resolved<TailscaleMode>,
    /// Whether our route goes when we go.
    pub reset_on_exit: bool,
    /// HTTPS port of the route.
    pub port: Resolved<u16>,
    /// `LocalAPI` socket of the daemon, when it is not where the system keeps it.
    pub socket: Option<PathBuf>,
}

/// Resolves the plan of a gateway. Every wrong flag and variable is reported, not only the first.
pub fn resolve_gateway(
    flags: &GatewayFlags,
    env: &Env,
    settings: &Settings,
    profile: &Profile,
) -> Result<GatewayPlan, Vec<Issue>> {
    let mut issues = Vec::new();
    let mut keep = |issue: Issue| issues.push(issue);
    let port = resolve_port(flags.port.as_deref(), env, settings, profile)
        .map_err(&mut keep)
        .ok();
    let auth_mode = flag_word(
        flags.auth.as_deref(),
        "--auth",
        AuthMode::WORDS,
        AuthMode::parse,
    )
    .map_err(&mut keep)
    .ok();
    let tailscale_mode = flag_word(
        flags.tailscale.as_deref(),
        "--tailscale",
        TailscaleMode::WORDS,
        TailscaleMode::parse,
    )
    .map_err(&mut keep)
    .ok();
    let tailscale_port = tailscale_port(flags.tailscale_port.as_deref(), settings)
        .map_err(&mut keep)
        .ok();
    let bind = resolve_bind(flags.bind.as_deref(), env, settings)
        .map_err(&mut keep)
        .ok()
        .map(|bind| match bind.source {
            // What decides about the default may be on the command line.
            Source::Default | Source::Container(_) => {
                let auth = auth_mode.iter().flatten().next();
                let exposed = tailscale_mode.iter().flatten().next();
                default_bind(
                    env,
                    auth.map(|mode| mode.value).or(settings.gateway.auth.mode),
                    exposed.map_or(settings.gateway.tailscale.mode, |mode| mode.value),
                )
            }
            _ => bind,
        });
    let custom_host = bind.as_ref().and_then(|bind| {
        if bind.value.mode != BindMode::Custom {
            return None;
        }
        let written = bind
            .value
            .host
            .clone()
            .map(|host| Resolved::new(host, bind.source.clone()));
        let configured = || {
            settings
                .gateway
                .custom_bind_host
                .clone()
                .map(|host| Resolved::config(host, "gateway.customBindHost"))
        };
        let host = written.or_else(configured);
        if host.is_none() {
            keep(
                Issue::new(
                    "gateway.customBindHost",
                    "gateway.bind=custom requires gateway.customBindHost",
                )
                .with_hint("set gateway.customBindHost, or give the address itself as bind"),
            );
        }
        host
    });
    let tls = resolve_tls(&flags.tls, env, settings).map_err(keep).ok();
    let (
        Some(port),
        Some(auth_mode),
        Some(tailscale_mode),
        Some(tailscale_port),
        Some(bind),
        Some(tls),
        true,
    ) = (
        port,
        auth_mode,
        tailscale_mode,
        tailscale_port,
        bind,
        tls,
        issues.is_empty(),
    )
    else {
        return Err(issues);
    };
    let tailscale = TailscalePlan {
        mode: tailscale_mode.unwrap_or_else(|| {
            from_config(
                settings.gateway.tailscale.mode,
                &TailscaleMode::Off,
                "gateway.tailscale.mode",
            )
        }),
        reset_on_exit: flags.tailscale_reset_on_exit || settings.gateway.tailscale.reset_on_exit,
        port: tailscale_port,
        socket: env
            .get(env::OPENCLAW_TAILSCALE_SOCKET)
            .or(settings.gateway.tailscale.socket.as_deref())
            .filter(|path| !path.trim().is_empty())
            .map(|path| env.absolute(path)),
    };
    let auth = resolve_auth(flags, auth_mode, env, settings, tailscale.mode.value);
    let bind = Resolved::new(bind.value.mode, bind.source);
    Ok(GatewayPlan {
        port,
        bind,
        custom_host,
        auth,
        tailscale,
        tls,
    })
}

fn tailscale_port(flag: Option<&str>, settings: &Settings) -> Result<Resolved<u16>, Issue> {
    let Some(text) = flag else {
        let port = settings.gateway.tailscale.port;
        return Ok(from_config(port, &443, "gateway.tailscale.port"));
    };
    match text.trim().parse() {
        Ok(port) if port > 0 => Ok(Resolved::new(port, Source::Flag("--tailscale-port"))),
        _ => Err(Issue::new(
            "--tailscale-port",
            "Invalid --tailscale-port (use 443, 8443, or 10000)",
        )),
    }
}

fn resolve_auth(
    flags: &GatewayFlags,
    mode: Option<Resolved<AuthMode>>,
    env: &Env,
    settings: &Settings,
    tailscale: TailscaleMode,
) -> AuthPlan {
    let auth = &settings.gateway.auth;
    let token = resolve_secret(
        (flags.token.as_deref(), "--token"),
        env.lookup(env::OPENCLAW_GATEWAY_TOKEN),
        (auth.token.as_ref(), "gateway.auth.token"),
    )
    .or_else(|| {
        let token = flags.generated_token.clone()?;
        Some(Resolved::new(token, Source::Generated))
    });
    let password = resolve_secret(
        (flags.password.as_deref(), "--password"),
        env.lookup(env::OPENCLAW_GATEWAY_PASSWORD),
        (auth.password.as_ref(), "gateway.auth.password"),
    );
    let mode = mode
        .or_else(|| {
            auth.mode
                .map(|mode| Resolved::config(mode, "gateway.auth.mode"))
        })
        .unwrap_or_else(|| {
            let mode = if password.is_some() {
                AuthMode::Password
            } else {
                AuthMode::Token
            };
            Resolved::new(mode, Source::Default)
        });
    let allow_tailscale = if let Some(allow) = auth.allow_tailscale {
        Resolved::config(allow, "gateway.auth.allowTailscale")
    } else {
        let allow = tailscale == TailscaleMode::Serve && mode.value != AuthMode::Password;
        Resolved::new(allow, Source::Default)
    };
    AuthPlan {
        mode,
        token,
        password,
        allow_tailscale,
        allow_deviceless: auth.allow_deviceless,
    }
}

/// A setting whose type already holds its default: equal to the default counts as not set.
fn from_config<T: PartialEq>(value: T, default: &T, key: &str) -> Resolved<T> {
    if value == *default {
        Resolved::new(value, Source::Default)
    } else {
        Resolved::config(value, key)
    }
}

fn flag_word<T>(
    text: Option<&str>,
    flag: &'static str,
    words: &[&str],
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<Resolved<T>>, Issue> {
    let Some(text) = text else { return Ok(None) };
    match parse(text.trim()) {
        Some(value) => Ok(Some(Resolved::new(value, Source::Flag(flag)))),
        None => Err(Issue::new(
            flag,
            format!("Invalid {flag} (use {})", quoted_list(words)),
        )),
    }
}

/// `"a", "b", or "c"`.
fn quoted_list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if rest.len() > 1 => format!("{}, or {last}", rest.join(", ")),
        Some((last, [first])) => format!("{first} or {last}"),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}
