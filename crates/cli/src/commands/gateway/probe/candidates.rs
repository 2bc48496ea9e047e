//! Which gateways to look at.

use std::time::Duration;

use openclaw_config::resolve::{
    ClientFlags, ClientTarget, MissingRemote, Resolved, Source, SshRoute, UrlSource, normalize_url,
    resolve_client_target, resolve_port, resolve_ssh,
};
use openclaw_config::schema::{GatewayMode, SshHostKeyPolicy, Transport};
use openclaw_config::{Secret, Settings};

use super::Args;
use crate::args::CallArgs;
use crate::connect::CallFailure;
use crate::context::Context;
use crate::error::CommandError;
use crate::tunnel::{Place, Wanted};

/// Most time for the gateway of this machine.
const LOCAL_BUDGET: Duration = Duration::from_millis(800);
/// Most time for one behind a tunnel that is open.
const TUNNEL_BUDGET: Duration = Duration::from_secs(2);
/// Most time for any other.
const REMOTE_BUDGET: Duration = Duration::from_millis(1500);

/// One gateway to look at.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Name for machines.
    pub(super) id: &'static str,
    /// Name for people.
    pub(super) label: &'static str,
    /// Whether commands use it.
    pub(super) active: bool,
    /// Whether a URL or credential was typed for it.
    pub(super) explicit: bool,
    /// Most time.
    pub(super) budget: Duration,
    /// Whether its tunnel is for this look alone.
    pub(super) temporary: bool,
    /// Where.
    pub(super) target: ClientTarget,
}

impl Candidate {
    /// Whether it is the control socket of this machine.
    pub(super) fn is_socket(&self) -> bool {
        self.id == "controlSocket"
    }
}

impl Args {
    /// Every gateway that flags and config name, and the one of this machine.
    pub(super) fn candidates(
        &self,
        context: &Context,
        host: Option<(String, u16)>,
    ) -> Result<Vec<Candidate>, CommandError> {
        let settings = context.settings()?;
        let mut found: Vec<Candidate> = Vec::new();
        let explicit = self.url.is_some() || self.token.is_some() || self.password.is_some();
        if self.url.is_some() {
            let args = CallArgs {
                url: self.url.clone(),
                token: self.token.clone(),
                password: self.password.clone(),
                tls_fingerprint: self.tls_fingerprint.clone(),
                timeout: None,
            };
            let target = context
                .target(&args, MissingRemote::FallBackToLocal)
                .map_err(CallFailure::into_error)?;
            found.push(Candidate {
                id: "explicit",
                label: "URL (explicit)",
                active: true,
                explicit: true,
                budget: REMOTE_BUDGET,
                temporary: false,
                target,
            });
        }
        let typed = ClientFlags {
            token: self.token.clone(),
            password: self.password.clone(),
            // A typed pin belongs to the typed URL.
            tls_fingerprint: self.tls_fingerprint.clone().filter(|_| self.url.is_none()),
            ..ClientFlags::default()
        };
        let active = settings.gateway.mode == Some(GatewayMode::Remote);
        let configured = remote(context, settings, &typed)?;
        let through_ssh = configured
            .as_ref()
            .is_some_and(|target| target.ssh.is_some());
        if let Some(target) = self.by_ssh(context, settings, &typed, configured.as_ref(), host)? {
            found.push(Candidate {
                id: "sshTunnel",
                label: "Remote over SSH",
                active: active && through_ssh,
                explicit,
                budget: TUNNEL_BUDGET,
                temporary: self.ssh.is_some() || self.ssh_auto,
                target,
            });
        }
        // Through ssh it is the candidate above; ssh is never started for a transport that is not in use.
        if let Some(target) = configured.filter(|target| target.ssh.is_none()) {
            found.push(Candidate {
                id: "configRemote",
                label: if active {
                    "Remote (configured)"
                } else {
                    "Remote (configured, inactive)"
                },
                active,
                explicit,
                budget: REMOTE_BUDGET,
                temporary: false,
                target,
            });
        }
        let target = local(context, settings, &typed)?;
        let socket = &context.paths().control_socket;
        let by_socket = socket.exists().then(|| Candidate {
            id: "controlSocket",
            label: "Control socket",
            active: !active,
            explicit: false,
            budget: LOCAL_BUDGET,
            temporary: false,
            target: ClientTarget {
                url: format!("unix:{}", socket.display()),
                ..target.clone()
            },
        });
        found.push(Candidate {
            id: "localLoopback",
            label: "Local loopback",
            active: !active,
            explicit,
            budget: LOCAL_BUDGET,
            temporary: false,
            target,
        });
        found.extend(by_socket);
        let mut seen = std::collections::HashSet::new();
        found.retain(|candidate| {
            let ssh = candidate
                .target
                .ssh
                .as_ref()
                .map(|ssh| ssh.target.value.clone());
            seen.insert((candidate.target.url.clone(), ssh))
        });
        Ok(found)
    }

    /// The gateway behind an SSH host: asked for by a flag, or by the transport in use, or open already. Never otherwise.
    fn by_ssh(
        &self,
        context: &Context,
        settings: &Settings,
        typed: &ClientFlags,
        configured: Option<&ClientTarget>,
        found: Option<(String, u16)>,
    ) -> Result<Option<ClientTarget>, CommandError> {
        let found = found.map(|(host, port)| match port {
            22 => host,
            port => format!("{host}:{port}"),
        });
        let typed_host = self.ssh.as_ref().or(found.as_ref());
        let remote = &settings.gateway.remote;
        let url = remote
            .url
            .as_deref()
            .and_then(|url| normalize_url(url).ok());
        let profile = &context.paths().profile;
        let of_config = resolve_ssh(remote, url.as_deref(), profile);
        let identity = self
            .ssh_identity
            .as_ref()
            .map(|path| path.to_string_lossy().into_owned());
        let route = if let Some(text) = typed_host {
            let wanted = text.trim().strip_prefix("ssh ").unwrap_or(text).trim();
            let same = of_config
                .as_ref()
                .filter(|route| route.target.value == wanted);
            SshRoute {
                target: Resolved::new(wanted.to_owned(), Source::Flag("--ssh")),
                identity: same.and_then(|route| route.identity.clone()),
                host_keys: same.map_or(SshHostKeyPolicy::Strict, |route| route.host_keys),
                remote_port: same.map_or_else(
                    || {
                        remote
                            .remote_port
                            .unwrap_or_else(|| context.paths().default_port())
                    },
                    |route| route.remote_port,
                ),
            }
        } else {
            let Some(route) = of_config else {
                return self.nothing_for_ssh();
            };
            let in_use = configured.is_some_and(|target| target.ssh.is_some());
            if !self.ssh_auto && !in_use && !is_open(context, &route) {
                return Ok(None);
            }
            route
        };
        let stored = typed_host.is_none()
            || resolve_ssh(remote, url.as_deref(), profile)
                .is_some_and(|configured| configured.target.value == route.target.value);
        let route = SshRoute {
            identity: identity.or(route.identity),
            ..route
        };
        // Fails here, before anything is started, when the host cannot be one.
        Wanted::of_route(context, &route)?;
        let mut settings = settings.clone();
        settings.gateway.mode = Some(GatewayMode::Remote);
        let remote = &mut settings.gateway.remote;
        remote.transport = Some(Transport::Ssh);
        remote.ssh_target = Some(route.target.value.clone());
        remote.remote_port = Some(route.remote_port);
        if !stored {
            // What is stored belongs to another host.
            remote.url = None;
            remote.token = None;
            remote.password = None;
            remote.tls_fingerprint = None;
        }
        // The variable names another gateway, and its credentials belong to that one.
        let env = context.env();
        if env
            .get(openclaw_config::env::OPENCLAW_GATEWAY_URL)
            .is_some()
        {
            return Err(CommandError::new(
                "a tunnel and OPENCLAW_GATEWAY_URL cannot be looked at together",
            )
            .hint("Fix: unset OPENCLAW_GATEWAY_URL"));
        }
        let mut target = resolve_client_target(
            typed,
            env,
            &settings,
            context.paths(),
            MissingRemote::FallBackToLocal,
        )
        .map_err(CommandError::new)?;
        target.ssh = Some(route);
        Ok(Some(target))
    }

    fn nothing_for_ssh(&self) -> Result<Option<ClientTarget>, CommandError> {
        if self.ssh_auto {
            return Err(CommandError::new("--ssh-auto: no SSH host is configured, and none was found").hint(
                "Fix: name it with --ssh <user@host>, or store it: openclaw config set gateway.remote.sshTarget <user@host>",
            ));
        }
        Ok(None)
    }
}

/// Whether a tunnel of this route is open already; looks at files only.
fn is_open(context: &Context, route: &SshRoute) -> bool {
    Wanted::of_route(context, route).is_ok_and(|wanted| {
        Place::of(context.paths(), &wanted.target, wanted.remote_port)
            .running()
            .is_some()
    })
}

/// The configured remote gateway, whatever the mode.
fn remote(
    context: &Context,
    settings: &Settings,
    flags: &ClientFlags,
) -> Result<Option<ClientTarget>, CommandError> {
    let configured = &settings.gateway.remote;
    let has_url = configured
        .url
        .as_deref()
        .is_some_and(|url| !url.trim().is_empty());
    let active = settings.gateway.mode == Some(GatewayMode::Remote);
    let by_ssh = active && configured.transport == Some(Transport::Ssh);
    if !has_url && !by_ssh {
        return Ok(None);
    }
    let mut settings = settings.clone();
    settings.gateway.mode = Some(GatewayMode::Remote);
    if !active {
        settings.gateway.remote.transport = None;
    }
    let target = resolve_client_target(
        flags,
        context.env(),
        &settings,
        context.paths(),
        MissingRemote::FallBackToLocal,
    )
    .map_err(CommandError::new)?;
    let of_config = matches!(target.url_source, UrlSource::Remote | UrlSource::SshTarget);
    Ok(of_config.then_some(target))
}

/// The gateway of this machine, whatever the mode.
fn local(
    context: &Context,
    settings: &Settings,
    flags: &ClientFlags,
) -> Result<ClientTarget, CommandError> {
    let mut settings = settings.clone();
    settings.gateway.mode = Some(GatewayMode::Local);
    let mut target = resolve_client_target(
        flags,
        context.env(),
        &settings,
        context.paths(),
        MissingRemote::FallBackToLocal,
    )
    .map_err(CommandError::new)?;
    if target.url_source == UrlSource::Env {
        // The variable names another gateway, and its credentials belong to that one.
        let port = resolve_port(None, context.env(), &settings, &context.paths().profile)
            .map_err(CommandError::new)?;
        let auth = &settings.gateway.auth;
        let stored = |secret: &Option<Secret>, key: &str| {
            let secret = secret.clone()?;
            Some(Resolved::new(secret, Source::Config(key.to_owned())))
        };
        // The scheme is that of the running gateway, see below.
        target.url = format!("ws://127.0.0.1:{}", port.value);
        target.url_source = UrlSource::Local;
        target.token = stored(&auth.token, "gateway.auth.token");
        target.password = stored(&auth.password, "gateway.auth.password");
    }
    // A typed pin is for the gateway elsewhere; this machine knows its own certificate.
    target.tls_fingerprint = None;
    context.follow_running(&mut target);
    if target.url.starts_with("ws://") {
        target.tls_fingerprint = None;
    }
    Ok(target)
}
